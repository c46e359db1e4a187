//! Small runbooks whose numbers can be added up by hand.

use super::people::AskedKind;
use super::touches::Declared;
use super::ways::{Fits, ForkKind, LegKind, Times, Way};
use super::*;
use runbook_grammar::source::Sources;

fn analysis(text: &str) -> Analysis {
    let mut sources = Sources::default();
    let id = sources.add("a.rbk", format!("rbk 1\nrunbook \"A\"\n\n{text}"));
    let (root, told) = runbook_grammar::parse(sources.get(id));
    assert!(told.is_empty(), "{told:?}");
    let (plan, told) = crate::resolve(&crate::gather(root, |_| Err(String::new())));
    analyze(&plan.unwrap_or_else(|| panic!("{told:?}")))
}

/// Best, expected and worst, in seconds.
fn seconds(times: &Times) -> (u64, u64, u64) {
    (
        times.best_ms / 1000,
        times.expected_ms / 1000,
        times.worst_ms / 1000,
    )
}

fn all(analysis: &Analysis) -> &Way {
    analysis.time.all.as_ref().expect("a way")
}

/// What nothing ends: questions, commands, lists.
fn endless(times: &Times) -> (u32, u32, u32) {
    let endless = &times.endless;
    (endless.questions, endless.commands, endless.lists)
}

#[test]
fn a_step_that_is_tried_again_takes_every_try_and_every_pause() {
    // Three tries of 1m, and pauses of 10s and 20s.
    let found = analysis(
        "step a \"A\" {\n  $ make\n  repeatable\n  timeout 1m\n  retry 2 every 10s backoff 2x\n  takes 20s..40s\n}\nwait 5s\n",
    );
    let way = all(&found);
    assert_eq!(seconds(&way.times), (20 + 5, 40 + 5, 180 + 30 + 5));
    assert_eq!((way.times.steps, way.times.steps_that_say), (1, 1));
    assert_eq!(endless(&way.times), (0, 0, 0));
    let legs: Vec<_> = way
        .longest
        .iter()
        .map(|leg| (leg.path.as_str(), leg.ms / 1000))
        .collect();
    assert_eq!(legs, [("a", 210), ("", 5)]);
    let step = &way.longest[0];
    assert_eq!(
        (step.tries, step.each_ms, step.pauses_ms),
        (3, 60_000, 30_000)
    );
}

#[test]
fn what_nothing_ends_is_counted_and_not_guessed() {
    let found = analysis(
        "param names: list of text = [\"x\"]\n\
         confirm \"Go on?\"\nconfirm \"Really?\" within 3m else yes\nconfirm \"Sure?\" within 1m\n\
         step a \"A\" {\n  ? curl http://localhost\n}\n\
         step b \"B\" {\n  ? curl http://localhost\n  confirm \"Well?\"\n  timeout 1m\n}\n\
         for name in names {\n  step c \"C\" {\n    ? echo {{name}}\n    timeout 10s\n  }\n}\n\
         step d \"By hand\" {\n  > Do it.\n}\n",
    );
    let way = all(&found);
    // 3m, 1m, 1m of b, one round of 10s.
    assert_eq!(seconds(&way.times), (0, 0, 180 + 60 + 60 + 10));
    // "Go on?", "Sure?" (its deadline answers nothing), "Well?", and the step by hand; the command of a; the list.
    assert_eq!(endless(&way.times), (4, 1, 1));
}

#[test]
fn a_failed_attempt_takes_back_what_it_did() {
    let found = analysis(
        "attempt quick \"Quick\" within 5m {\n  step a \"A\" {\n    $ x\n    undo $ y\n    timeout 1m\n  }\n  \
         step b \"B\" {\n    $ x\n    undo {\n      $ y\n      timeout 30s\n    }\n    timeout 1m\n  }\n} otherwise {\n  wait 10m\n}\n",
    );
    let way = all(&found);
    // Up to its deadline; the two undos, one of them with the five minutes that each has; and the other way.
    assert_eq!(seconds(&way.times), (0, 0, 300 + (300 + 30) + 600));
    let kinds: Vec<_> = way
        .longest
        .iter()
        .map(|leg| (leg.kind, leg.ms / 1000))
        .collect();
    assert_eq!(
        kinds,
        [
            (LegKind::Failed, 300),
            (LegKind::TakenBack, 330),
            (LegKind::Wait, 600)
        ]
    );
    let [fork] = found.time.forks.as_slice() else {
        panic!("{:?}", found.time.forks)
    };
    assert_eq!(fork.kind, ForkKind::Attempt);
    let ways: Vec<_> = fork
        .arms
        .iter()
        .map(|arm| seconds(&arm.way.as_ref().expect("a way").times))
        .collect();
    assert_eq!(ways, [(0, 0, 120), (600, 600, 300 + 330 + 600)]);
}

#[test]
fn a_way_that_only_a_failed_attempt_leads_to_says_so() {
    let found = analysis(
        "objective 5m until done\nattempt quick \"Quick\" {\n  step a \"A\" {\n    ? x\n    timeout 1m\n  }\n  finish resolved\n} \
         otherwise {\n  wait 2m\n}\ncheckpoint done \"Done\" {\n  ? x\n}\n",
    );
    let way = all(&found);
    assert_eq!(
        (seconds(&way.times), way.times.failed_attempts),
        ((0, 0, 180), 0)
    );
    let objective = way.deadlines[0].times.as_ref().expect("times");
    assert_eq!(
        (seconds(objective), objective.failed_attempts),
        ((120, 120, 180), 1)
    );
}

#[test]
fn an_attempt_that_ends_the_run_is_stopped_at_its_deadline_as_well() {
    let found = analysis(
        "attempt quick \"Quick\" within 5m {\n  wait up to 1h every 5s {\n    ? x\n  }\n  finish resolved\n} otherwise {\n  wait 1m\n}\n",
    );
    assert_eq!(seconds(&all(&found).times), (0, 0, 300 + 60));
}

const LEVELS: &str = "objective 10m until done\n\
    severity P0 \"Down\" within 5m\nseverity P1 \"Slow\" within 1h\n\
    matrix triage(symptom: choice, load: percent) -> (severity: severity, response: choice) {\n  \
    | symptom | load  | severity | response |\n  |---------|-------|----------|----------|\n  \
    | down    | any   | P0       | restart  |\n  | gone    | any   | P0       | rebuild  |\n  \
    | slow    | > 50% | P1       | restart  |\n  | slow    | <= 50% | P1      | look     |\n}\n\
    wait 1m\ndecide triage {\n  restart {\n    wait 2m\n  }\n  rebuild {\n    wait 20m\n  }\n  look {\n    finish no_action\n  }\n}\n\
    checkpoint done \"Done\" {\n  - [ ] Done\n}\nwait 30m\n";

#[test]
fn each_row_is_held_against_the_deadlines_of_its_level() {
    let found = analysis(LEVELS);
    let [fork] = found.time.forks.as_slice() else {
        panic!("{:?}", found.time.forks)
    };
    let told: Vec<String> = fork
        .arms
        .iter()
        .map(|arm| {
            let way = arm.way.as_ref().expect("a way");
            let rows: Vec<String> = arm
                .rows
                .iter()
                .map(|row| format!("{} {}", row.number, row.when.join(" and ")))
                .collect();
            let clocks: Vec<String> = way
                .deadlines
                .iter()
                .map(|clock| {
                    let times = clock.times.as_ref().map(seconds);
                    format!("{} {:?} {times:?}", clock.name, clock.fits)
                })
                .collect();
            format!(
                "{} {} [{}] {:?} [{}]",
                arm.title,
                arm.severity.as_deref().unwrap_or("-"),
                rows.join(", "),
                seconds(&way.times),
                clocks.join(", ")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            // 1m + 2m to the checkpoint, 2m from the decision; 30m after it. The checkpoint asks without a deadline.
            "restart P0 [1 symptom: down] (1980, 1980, 1980) \
             [objective AsExpected Some((180, 180, 180)), P0 AsExpected Some((120, 120, 120))]",
            "rebuild P0 [2 symptom: gone] (3060, 3060, 3060) \
             [objective Never Some((1260, 1260, 1260)), P0 Never Some((1200, 1200, 1200))]",
            "restart P1 [3 symptom: slow and load: > 50%] (1980, 1980, 1980) \
             [objective AsExpected Some((180, 180, 180)), P1 AsExpected Some((120, 120, 120))]",
            "look P1 [4 symptom: slow and load: <= 50%] (60, 60, 60) \
             [objective DoesNotCount None, P1 DoesNotCount None]",
        ]
    );
}

#[test]
fn a_deadline_is_always_kept_where_all_has_an_end() {
    let text = "objective 1h\nstep a \"A\" {\n  $ x\n  repeatable\n  timeout 1m\n}\n";
    let found = analysis(text);
    assert_eq!(all(&found).deadlines[0].fits, Fits::Always);
    let late =
        "objective 1h\nstep a \"A\" {\n  $ x\n  repeatable\n  timeout 3h\n  takes 1m..2h\n}\n";
    assert_eq!(all(&analysis(late)).deadlines[0].fits, Fits::Late);
}

#[test]
fn a_checkpoint_waits_for_what_is_left_since_another() {
    let found = analysis(
        "checkpoint up \"Up\" {\n  ? x\n}\nwait 10m\ncheckpoint settled \"Settled\" after 30m since up {\n  ? x\n}\n",
    );
    assert_eq!(seconds(&all(&found).times), (1800, 1800, 1800));
}

#[test]
fn undo_is_counted_from_gate_to_gate_and_stops_at_what_is_final() {
    let found = analysis(
        "step look \"Look\" {\n  ? x\n}\nstep a \"A\" {\n  $ x\n  undo $ y\n}\ncheckpoint ready \"Ready\" {\n  - [ ] Ready\n}\n\
         do work() as once\ndo work() as again\n\
         procedure work() \"Work\" {\n  step b \"B\" {\n    $ x\n    repeatable\n  }\n  step c \"C\" {\n    $ x\n  }\n  \
         step d \"D\" {\n    irreversible \"It is gone.\"\n    $ x\n  }\n}\n",
    );
    let [start, ready] = found.undo.gates.as_slice() else {
        panic!("{:?}", found.undo.gates)
    };
    assert_eq!(
        (start.acts(), start.undone.as_slice()),
        (1, &["a".to_owned()][..])
    );
    assert_eq!(ready.acts(), 6);
    assert_eq!(ready.repeatable, ["once.b", "again.b"]);
    assert_eq!(ready.unsaid, ["once.c", "again.c"]);
    assert_eq!(ready.irreversible, ["once.d", "again.d"]);
    let points: Vec<_> = found
        .undo
        .no_return
        .iter()
        .map(|p| (p.path.as_str(), p.after.as_deref()))
        .collect();
    assert_eq!(
        points,
        [("once.d", Some("ready")), ("again.d", Some("ready"))]
    );
}

#[test]
fn who_is_asked_what_and_who_can_approve() {
    let found = analysis(
        "param tag: text \"Which release?\"\nparam note: optional text \"Anything else?\"\nneeds \"A second pair of eyes\"\n\
         contact boss \"The boss\" {\n  chat \"#boss\"\n}\n\
         contact lead \"The lead\" {\n  chat \"#lead\"\n  escalate after 5m to boss\n}\n\
         section prepare \"Prepare\" {\n  step go \"Go\" {\n    approve \"It may be done\" by lead\n    ? echo {{tag}}\n  }\n}\n\
         approve \"And this\" by boss\n\
         choose \"Which way?\" within 2m else \"Left\" {\n  \"Left\" {\n    wait 1s\n  }\n  \"Right\" {\n    wait 1s\n  }\n}\n",
    );
    let asked: Vec<_> = found
        .asked
        .iter()
        .map(|one| {
            (
                one.kind,
                one.text.as_str(),
                one.path.as_str(),
                one.who.as_deref(),
                one.otherwise.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        asked,
        [
            (AskedKind::Need, "A second pair of eyes", "", None, None),
            (AskedKind::Param, "Which release?", "", None, None),
            (
                AskedKind::Approve,
                "It may be done",
                "prepare.go",
                Some("The lead"),
                None
            ),
            (AskedKind::Approve, "And this", "", Some("The boss"), None),
            (AskedKind::Choose, "Which way?", "", None, Some("Left")),
        ]
    );
    let by: Vec<_> = found
        .approvals
        .all
        .iter()
        .map(|one| one.by.join(", "))
        .collect();
    assert_eq!(by, ["The lead, The boss", "The boss"]);
    assert_eq!(found.approvals.bus_factor, Some(1));
}

#[test]
fn programs_machines_and_secrets_are_named() {
    let found = analysis(
        "needs command git\nsecret token from env TOKEN\nparam api: url = \"http://localhost:3001\"\n\
         host db \"deploy@db.example.com\"\n\
         step a \"A\" {\n  ? git status | grep -q clean && cd /tmp\n  $ sudo -n systemctl restart web\n  \
         http GET {{api}}/health {\n    header Authorization: Bearer {{token}}\n  }\n  \
         ? curl -f https://status.example.com/api\n  repeatable\n}\n\
         step b \"B\" {\n  on db\n  ? uptime\n}\n",
    );
    let touches = &found.touches;
    let commands: Vec<_> = touches
        .commands
        .iter()
        .map(|one| (one.name.as_str(), one.looks, one.acts))
        .collect();
    assert_eq!(
        commands,
        [
            ("curl", 1, 0),
            ("git", 1, 0),
            ("grep", 1, 0),
            ("sudo", 0, 1),
            ("systemctl", 0, 1),
            ("uptime", 1, 0)
        ]
    );
    let needed = touches
        .commands
        .iter()
        .filter(|one| one.declared == Declared::Needed);
    assert_eq!(
        needed.map(|one| one.name.as_str()).collect::<Vec<_>>(),
        ["git"]
    );
    let hosts: Vec<_> = touches
        .hosts
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.address.as_deref(),
                one.commands,
                one.requests,
            )
        })
        .collect();
    assert_eq!(
        hosts,
        [
            ("db", Some("deploy@db.example.com"), 1, 0),
            ("status.example.com", None, 0, 1),
            ("{{api}}", Some("http://localhost:3001"), 0, 1),
        ]
    );
    assert_eq!(touches.secrets[0].by, ["a"]);
    assert_eq!(touches.secrets[0].from, "env TOKEN");
}
