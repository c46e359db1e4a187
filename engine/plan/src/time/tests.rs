use super::*;
use crate::ids::NodeId;
use crate::plan::NodeKind;
use runbook_grammar::source::Sources;

fn plan(text: &str) -> Plan {
    let mut sources = Sources::default();
    let id = sources.add("a.rbk", format!("rbk 1\nrunbook \"A\"\n\n{text}"));
    let (root, told) = runbook_grammar::parse(sources.get(id));
    assert!(told.is_empty(), "{told:?}");
    let (plan, told) = crate::resolve(&crate::gather(root, |_| Err(String::new())));
    plan.unwrap_or_else(|| panic!("{told:?}"))
}

/// Best, slow and worst in seconds, to the objective.
fn times(text: &str, severity: Option<&str>) -> Option<(u64, u64, u64)> {
    let plan = plan(text);
    let until = match plan.objective.as_ref().and_then(|o| o.until) {
        Some(node) => Until::Node(node),
        None => Until::End,
    };
    let decide = plan
        .nodes
        .iter()
        .position(|node| matches!(node.kind, NodeKind::Decide { .. }));
    let since = severity.and(decide).map(|at| NodeId(at as u32));
    let question = Question {
        through: since,
        arm: None,
        from: From::There,
        until,
        severity,
        keep: Keep::Worst,
    };
    let took = took(&plan, &question)?;
    Some((
        took.best.ms / 1000,
        took.slow.ms / 1000,
        took.worst.ms / 1000,
    ))
}

#[test]
fn waits_timeouts_and_retries_add_up() {
    let text = "wait 10s\nstep a \"A\" {\n  $ x\n  $ y\n  repeatable\n  timeout 1m\n  retry 2 every 5s backoff 2x\n}\n\
                wait up to 30s every 1s {\n  ? z\n}\n";
    assert_eq!(times(text, None), Some((10, 10 + 195 + 30, 10 + 195 + 30)));
}

#[test]
fn what_takes_says_counts_before_timeouts() {
    let text = "step a \"A\" {\n  $ x\n  repeatable\n  timeout 1h\n  takes 5m..10m\n}\n";
    assert_eq!(times(text, None), Some((300, 600, 3600)));
}

#[test]
fn an_attempt_may_fail_at_its_deadline() {
    let text = "attempt a \"A\" within 5m {\n  wait up to 10m every 5s {\n    ? x\n  }\n} otherwise {\n  wait 1m\n}\n";
    assert_eq!(times(text, None), Some((0, 360, 360)));
}

#[test]
fn only_ways_that_come_there_count() {
    let text = "objective 1h until done\nchoose \"Which?\" {\n  \"Long\" {\n    wait 2h\n    finish failed\n  }\n  \"Short\" {\n    do p(1m)\n  }\n}\n\
                checkpoint done \"Done\" {\n  - [ ] Done\n}\nwait 3h\n\nprocedure p(d: duration) {\n  wait d\n}\n";
    assert_eq!(times(text, None), Some((60, 60, 60)));
}

#[test]
fn a_severity_begins_at_its_decision_and_takes_its_rows() {
    let text = "severity P0 \"A\" within 1h\nseverity P1 \"B\" within 2h\n\
                matrix m(x: choice) -> (severity: severity, response: choice) {\n  | x | severity | response |\n  |---|----------|----------|\n  | a | P0       | quick    |\n  | b | P1       | slow     |\n}\n\
                ask x: m.x \"Which?\"\nwait 5h\ndecide m {\n  quick {\n    wait 1m\n  }\n  slow {\n    wait 90m\n  }\n}\nwait 1s\n";
    assert_eq!(times(text, Some("P0")), Some((61, 61, 61)));
    assert_eq!(times(text, Some("P1")), Some((5401, 5401, 5401)));
}

#[test]
fn a_chain_of_doubled_calls_is_timed_once_each() {
    let mut text = String::from("do p0()\n");
    for n in 0..60 {
        let m = n + 1;
        text += &format!("procedure p{n}() {{\n  do p{m}() as a\n  do p{m}() as b\n}}\n");
    }
    text += "procedure p60() {\n  wait 1s\n}\n";
    let took = times(&text, None).expect("a way");
    assert!(took.0 > 1 << 50);
}
