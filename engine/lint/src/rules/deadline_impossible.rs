use runbook_plan::show;
use runbook_plan::time::took;
use super::deadline_at_risk::clocks;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "deadline-impossible",
    severity: Severity::Warning,
    title: "an objective that even the quickest way misses",
    why: "Where every command took no time at all, the waits alone (`wait`, `watch for`, `stable`, and the least that `takes` says) would be longer than the `objective` or the `within` of a level allows. No run can meet it. Often the clock was meant to stop earlier, at the checkpoint before the watching.",
    way_out: "End the clock where it is meant to end, `objective 15m until restored`, shorten the waits, or allow more time.",
    bad: r#"objective 15m

step restart "Restart" {
  $ systemctl restart api
  repeatable
  timeout 1m
}

watch for 30m every 1m {
  http GET http://localhost:3001/health
}
"#,
    good: r#"objective 15m until restored

step restart "Restart" {
  $ systemctl restart api
  repeatable
  timeout 1m
}

checkpoint restored "The service is back" {
  http GET http://localhost:3001/health
}

watch for 30m every 1m {
  http GET http://localhost:3001/health
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for clock in clocks(subject) {
        let Some(took) = took(subject.plan, &clock.question) else {
            continue;
        };
        if took.best.ms > clock.within {
            found
                .add(
                    clock.span,
                    format!(
                        "{} is {}, and the quickest way takes {} already",
                        clock.name,
                        show::duration(clock.within),
                        show::duration(took.best.ms)
                    ),
                    "no run can meet it",
                )
                .help("end the clock earlier with `until`, shorten the waits, or allow more time");
        }
    }
}
