//! What must not depend on order, and what must: branches that end in any order, and undo against a simple model.

use std::path::Path;

use proptest::prelude::*;
use runbook_core::effect::{Effect, Role};
use runbook_core::event::{Event, Found};
use runbook_core::prompt::{Answer, PromptKind};
use runbook_core::state::Over;
use runbook_host::scripted::world::BOOT;
use runbook_host::scripted::{Play, Played, Script, World, fold, play};
use runbook_plan::Plan;
use runbook_plan::plan::Outcome;

use crate::plan::plan_of_text;

fn plan(body: &str) -> Plan {
    let text = format!("rbk 1\nrunbook \"A case\"\n\n{body}\n");
    let (_, plan, told) = plan_of_text(Path::new("."), "case.rbk", &text);
    plan.unwrap_or_else(|| panic!("{told:?}\n{text}"))
}

fn world(directives: &[String]) -> World {
    let lines: Vec<String> = directives.iter().map(|line| format!("#~ {line}")).collect();
    World::new(Script::of_case(&lines.join("\n")).expect("a script"))
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in permutations(n - 1) {
        for at in 0..n {
            let mut longer = shorter.clone();
            longer.insert(at, n - 1);
            all.push(longer);
        }
    }
    all
}

/// The commands that were wished for with this role, in order, each once.
fn wished(run: &Play<'_>, role: Role) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for effect in &run.wished {
        if let Effect::Run(run) = effect
            && run.role == role
            && !found.contains(&run.shown)
        {
            found.push(run.shown.clone());
        }
    }
    found
}

#[test]
fn c08_branches_that_end_in_any_order_come_to_the_same() {
    for count in 1..=5 {
        let branches: String = (0..count)
            .map(|n| {
                format!(
                    "    step b{n} \"B{n}\" {{\n      $ ./b{n}\n      undo $ ./undo-b{n}\n    }}\n"
                )
            })
            .collect();
        let plan = plan(&format!(
            "attempt all \"All\" {{\n  parallel {{\n{branches}  }}\n  step bad \"Bad\" {{\n    ? ./bad\n  }}\n}} otherwise {{\n  finish rolled_back\n}}"
        ));
        for order in permutations(count) {
            let mut lines: Vec<String> = order
                .iter()
                .enumerate()
                .map(|(place, n)| format!("when \"./b{n}\" takes {}s", 2 * place + 1))
                .collect();
            lines.push("when ./bad exits 1".into());
            let (run, came) = play(&plan, world(&lines));
            let ids: Vec<_> = run
                .wished
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Run(run) if run.role == Role::Statement => {
                        Some((run.id, run.shown.clone()))
                    }
                    _ => None,
                })
                .collect();
            let ended: Vec<String> = run
                .facts
                .iter()
                .filter_map(|fact| match &fact.event {
                    Event::Exited { effect, .. } => {
                        let (_, shown) = ids.iter().find(|(id, _)| id == effect)?;
                        shown.starts_with("./b").then(|| shown.clone())
                    }
                    _ => None,
                })
                .filter(|shown| shown != "./bad")
                .collect();
            let wanted: Vec<String> = order.iter().map(|n| format!("./b{n}")).collect();
            assert_eq!(ended, wanted, "they did not end in the order of the case");
            assert!(
                matches!(
                    came,
                    Played::Over(Over::Ended {
                        outcome: Outcome::RolledBack,
                        ..
                    })
                ),
                "{came:?}"
            );
            let undone: Vec<String> = (0..count).rev().map(|n| format!("./undo-b{n}")).collect();
            assert_eq!(wished(&run, Role::Undo), undone, "{order:?}");
        }
    }
}

/// Steps in a row: whether each has an undo, and the place of the one that fails.
fn rows() -> impl Strategy<Value = (Vec<bool>, usize)> {
    prop::collection::vec(any::<bool>(), 1..7).prop_flat_map(|steps| {
        let count = steps.len();
        (Just(steps), 0..=count)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// The model: a stack. What began is undone, newest first, once; whatever the engine dies at, and whatever
    /// of the undo under way a person has to be asked about.
    #[test]
    fn j25_an_undo_that_is_cut_at_every_point_keeps_its_order((steps, fails) in rows()) {
        let mut body = String::new();
        let mut stack = Vec::new();
        for (n, undo) in steps.iter().enumerate() {
            let policy = if *undo { format!("undo $ ./undo-{n}") } else { "repeatable".into() };
            body.push_str(&format!("  step s{n} \"S{n}\" {{\n    $ ./do-{n}\n    {policy}\n  }}\n"));
            if n <= fails && *undo {
                stack.push(format!("./undo-{n}"));
            }
        }
        stack.reverse();
        let plan = plan(&format!(
            "attempt all \"All\" {{\n{body}  step last \"Last\" {{\n    ? ./last\n  }}\n}} otherwise {{\n  finish rolled_back\n}}"
        ));
        let failing = if fails < steps.len() { format!("./do-{fails}") } else { "./last".into() };
        let lines = vec![format!("when {failing} exits 1")];
        let (whole, _) = play(&plan, world(&lines));
        prop_assert_eq!(&wished(&whole, Role::Undo), &stack);
        for at in 1..whole.facts.len() {
            let mut run = fold(&plan, world(&lines), &whole.facts[..at]);
            if run.state.is_over() != Over::No {
                continue;
            }
            run.resume(BOOT, &mut |flight| match flight.identity {
                Some(_) => Found::Gone,
                None => Found::NeverStarted,
            });
            let mut came = run.run();
            // Who is asked what became of it says that it was done.
            while let Played::Over(Over::Parked { .. }) = &came {
                let doubt = run.state.prompts().find_map(|(id, prompt)| {
                    matches!(prompt.kind, PromptKind::InDoubt { .. }).then_some(id)
                });
                let Some(effect) = doubt else { break };
                run.happens(Event::Resumed { operator: "ada".into(), boot_id: BOOT.into() });
                run.happens(Event::Answered {
                    effect,
                    answer: Answer::Done { reason: "it was".into() },
                    by: "ada".into(),
                });
                came = run.run();
            }
            let ended = matches!(came, Played::Over(Over::Ended { .. }));
            prop_assert!(ended, "cut at {}: {:?}", at, came);
            let undone: Vec<String> = run.wished.iter().filter_map(|effect| match effect {
                Effect::Run(run) if run.role == Role::Undo => Some(run.shown.clone()),
                _ => None,
            }).collect();
            // An undo whose gate was not open yet is let go after all: it stands there twice in a row.
            let mut once = undone.clone();
            once.dedup();
            // A failing step whose end nobody saw was said to be done: then its successors are tried as well.
            if whole.facts[..at].iter().any(|fact| matches!(&fact.event, Event::Exited { exit: runbook_core::event::Exit::Code(1), .. })) {
                prop_assert_eq!(&once, &stack, "cut at {}", at);
            }
            let mut sorted: Vec<&String> = once.iter().collect();
            sorted.sort();
            sorted.dedup();
            prop_assert_eq!(sorted.len(), once.len(), "undone twice, cut at {}", at);
        }
    }
}
