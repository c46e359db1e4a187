//! Whole runs in a made-up world: the cases of `run/`. A snapshot is the conversation. Then the journal is cut after
//! every record, and the run resumed must come to the same end without acting twice unasked.

use std::collections::BTreeMap;
use std::path::Path;

use runbook_core::can_start_at;
use runbook_core::effect::{Effect, EffectId, Notice, Role};
use runbook_core::event::{Event, Fact, Found};
use runbook_core::prompt::{Answer, PromptKind};
use runbook_core::state::{InFlight, InFlightKind, Over};
use runbook_core::view::view;
use runbook_grammar::report::{Colour, render};
use runbook_grammar::source::Sources;
use runbook_host::scripted::scenario;
use runbook_host::scripted::script::Cuts;
use runbook_host::scripted::world::BOOT;
use runbook_host::scripted::{Play, Played, Script, World, fold, play};
use runbook_plan::Plan;
use runbook_plan::command::Mark;

use crate::plan::plan_of;

fn plan(path: &Path) -> Plan {
    let name = path.file_name().expect("a name").to_string_lossy();
    let (sources, plan, told) = plan_of(path, &name);
    plan.unwrap_or_else(|| panic!("{}", render(&told, &sources, 110, Colour::Never)))
}

fn script(path: &Path) -> Script {
    let text = std::fs::read_to_string(path).expect("a case");
    Script::of_case(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn every_case_has_a_plan_and_a_script() {
    let mut faults = String::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run");
    for entry in std::fs::read_dir(folder).expect("the cases") {
        let path = entry.expect("a case").path();
        if path.extension().is_none_or(|extension| extension != "rbk") {
            continue;
        }
        let name = path.file_name().expect("a name").to_string_lossy();
        let (sources, plan, told) = plan_of(&path, &name);
        if plan.is_none() {
            faults.push_str(&render(&told, &sources, 110, Colour::Never));
        }
        let text = std::fs::read_to_string(&path).expect("a case");
        if let Err(why) = Script::of_case(&text) {
            faults.push_str(&format!("{name}: {why}\n"));
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn conversations() {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "run",
    }, {
        insta::glob!("run/*.rbk", |path| {
            let plan = plan(path);
            let (played, end) = play(&plan, World::new(script(path)));
            let mut text = played.transcript.text();
            if let Played::Stuck(why) = end {
                text.push_str(&format!("STUCK {why}\n"));
            }
            insta::assert_snapshot!(text);
        });
    });
}

#[test]
fn a_crash_after_any_record_reaches_the_same_end() {
    insta::glob!("run/*.rbk", |path| {
        let plan = plan(path);
        let script = script(path);
        // A case that is about the operator's interrupts has its own times; an undo after the end is its own end.
        if script.undo.is_some() {
            return;
        }
        for lost in [Lost::Before, Lost::After] {
            cut_everywhere(path, &plan, &script, lost);
        }
    });
}

fn plan_of_body(body: &str) -> Plan {
    let text = format!("rbk 1\nrunbook \"A case\"\n\n{body}\n");
    let (_, plan, told) = crate::plan::plan_of_text(Path::new("."), "case.rbk", &text);
    plan.unwrap_or_else(|| panic!("{told:?}"))
}

#[test]
fn a_document_that_cannot_be_written_fails_its_step() {
    let plan = plan_of_body(
        "message record to file \"record.md\" {\n  > It was done.\n}\nstep one \"One\" {\n  notify record\n  $ ./one\n}",
    );
    let (whole, _) = play(&plan, World::new(Script::default()));
    let written = |fact: &Fact| match fact.event {
        Event::DocumentWritten { effect, .. } => Some(effect),
        _ => None,
    };
    let at = whole.facts.iter().position(|fact| written(fact).is_some());
    let at = at.expect("a document");
    let effect = written(&whole.facts[at]).expect("a document");
    let mut run = fold(&plan, World::new(Script::default()), &whole.facts[..at]);
    run.happens(Event::DocumentFailed {
        effect,
        why: "the disk is full".into(),
    });
    let ended = run.run();
    let told = run.transcript.text();
    assert!(matches!(ended, Played::Over(Over::Ended { .. })), "{told}");
    assert!(
        told.contains("FAILED one: the document was not written: the disk is full"),
        "{told}"
    );
    assert!(!told.contains("./one"), "{told}");
}

#[test]
fn of_what_is_read_all_is_kept_and_of_what_is_run_the_end() {
    let plan = plan_of_body(
        r#"param a: text {
  suggest from ? ./suggestions
}
channel chat "Chat" {
  ? ./channel
}
message said to chat {
  > It is done.
}
guard "Right" {
  ? ./guard
}
procedure size() -> text "Size" {
  let s: text = ? ./called
  return s
}
step one "One" {
  done if ? ./done-if
  ? ./statement
  let v: text = ? ./value
  let w = do size()
  check "Well" {
    ? ./check
  }
  snapshot now {
    x: ? ./snapshot
  }
  wait up to 1m {
    ? ./wait
  }
  notify said
  $ ./act
  repeatable
}"#,
    );
    let script = "#~ answer \"a\" \"x\"\n#~ when \"./done-if\" exits 1";
    let script = Script::of_case(script).expect("a script");
    let (run, _) = play(&plan, World::new(script));
    let role = |wanted: &str| {
        run.wished.iter().find_map(|effect| match effect {
            Effect::Run(run) if run.shown == wanted => Some(run.role),
            _ => None,
        })
    };
    for look in [
        "suggestions",
        "guard",
        "value",
        "called",
        "check",
        "snapshot",
        "wait",
    ] {
        assert_eq!(role(&format!("./{look}")), Some(Role::Look), "{look}");
    }
    assert_eq!(role("./done-if"), Some(Role::DoneIf));
    assert_eq!(role("./statement"), Some(Role::Statement));
    assert_eq!(role("./act"), Some(Role::Statement));
    assert_eq!(role("./channel"), Some(Role::Channel));
}

#[test]
fn a_step_takes_as_long_as_it_took() {
    let plan = plan_of_body(
        "step one \"One\" {\n  ? ./one\n}\nstep two \"Two\" {\n  ? ./two\n}\nwait up to 1h every 1m {\n  ? ./up\n}",
    );
    let script = "#~ when \"./one\" takes 3s\n#~ when \"./two\" takes 5s\n#~ when \"./up\" exits 1\n#~ when \"./up\" exits 0";
    let (run, _) = play(
        &plan,
        World::new(Script::of_case(script).expect("a script")),
    );
    let took: Vec<u64> = run
        .wished
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tell(Notice::StepDone { elapsed_ms, .. })
            | Effect::Tell(Notice::WaitEnded { elapsed_ms, .. }) => Some(*elapsed_ms),
            _ => None,
        })
        .collect();
    assert_eq!(took, [3_000, 5_000, 60_000]);
}

#[test]
fn a_run_says_that_it_undoes_for_as_long_as_it_does() {
    let ways = [
        "",
        "step gone \"Gone\" {\n    $ ./gone\n    irreversible \"It is gone.\"\n  }",
    ];
    for irreversible in ways {
        let plan = plan_of_body(&format!(
            "attempt quick \"Quick\" {{\n  {irreversible}\n  step one \"One\" {{\n    $ ./one\n    undo $ ./undo-one\n  }}\n  step two \"Two\" {{\n    ? ./two\n  }}\n}} otherwise {{\n  step other \"Another\" {{\n    ? ./other\n  }}\n}}"
        ));
        let script = "#~ when \"./two\" exits 1\n#~ answer \"It is gone.\" \"gone\"";
        let world = World::new(Script::of_case(script).expect("a script"));
        let mut play = Play::new(&plan, world);
        let started = play.started();
        let mut phases: Vec<String> = Vec::new();
        play.run_from(started, &mut |play| {
            let phase = format!("{:?}", view(play.plan, &play.state).phase);
            let phase = phase.split(' ').next().unwrap_or_default().to_owned();
            if phases.last() != Some(&phase) {
                phases.push(phase);
            }
        });
        assert_eq!(
            phases,
            ["Running", "Undoing", "Running", "Ended"],
            "{irreversible}"
        );
    }
}

#[test]
fn a_place_where_no_run_can_start_says_the_way_out() {
    let plan = plan_of_body(
        r#"section deploy "Deploy" {
  step restart "Restart" {
    ? ./restart
  }
  attempt quick "Quick" {
    for x in ["a"] {
      step inner "Inner" {
        ? ./inner
      }
    }
  } otherwise {
    finish failed
  }
}
attempt bare "Bare" {
  parallel {
    step branch "A branch" {
      ? ./branch
    }
    step other "Another" {
      ? ./other
    }
  }
} otherwise {
  finish failed
}"#,
    );
    let help = |wanted: &str| {
        let why = can_start_at(&plan, wanted).expect_err("no place to start at");
        why.help()
    };
    assert_eq!(help("restrat"), "Write `--from restart`.");
    assert_eq!(help("deploy.restrat"), "Write `--from deploy.restart`.");
    assert_eq!(help("inner"), "Start at `deploy`, which holds the `for`.");
    assert!(help("branch").starts_with("Put a `section` around the `parallel`"));
    assert_eq!(can_start_at(&plan, "deploy"), Ok(()));
}

#[test]
fn the_tour_s_scenarios_hold_and_survive_every_crash() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tour");
    let plan = plan(&folder.join("tour.rbk"));
    let text = std::fs::read_to_string(folder.join("tour.test.rbk")).expect("the scenarios");
    let mut sources = Sources::default();
    let id = sources.add("tour.test.rbk", text);
    let (file, told) = runbook_grammar::parse(sources.get(id));
    assert!(told.is_empty(), "{told:?}");
    let scenarios = scenario::scenarios(sources.get(id), &file).expect("scenarios");
    assert_eq!(scenarios.len(), 4);
    for scenario in scenarios {
        let (played, end) = play(&plan, World::new(scenario.script.clone()));
        let faults = scenario::faults(&scenario, &played, &end);
        assert!(
            faults.is_empty(),
            "{}: {faults:?}\n{}",
            scenario.title,
            played.transcript.text()
        );
        insta::with_settings!({
            omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "tour",
        }, {
            insta::assert_snapshot!(scenario.title.replace([' ', ','], "-"), played.transcript.text());
        });
        for lost in [Lost::Before, Lost::After] {
            cut_everywhere(Path::new(&scenario.title), &plan, &scenario.script, lost);
        }
    }
}

/// Whether a command that was let go when the engine died came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// The engine died before it let the command go.
    Before,
    /// The command ran, and nobody saw its end.
    After,
}

fn cut_everywhere(path: &Path, plan: &Plan, script: &Script, lost: Lost) {
    let (whole, end) = play(plan, World::new(script.clone()));
    for at in 1..whole.facts.len() {
        let journal: Vec<String> = whole.facts[..at]
            .iter()
            .map(|fact| serde_json::to_string(fact).expect("a fact is a record"))
            .collect();
        let facts: Vec<Fact> = journal
            .iter()
            .map(|line| serde_json::from_str(line).expect("a record is a fact"))
            .collect();
        let mut resumed = fold(plan, World::new(script.clone()), &facts);
        if resumed.state.is_over() != Over::No {
            continue;
        }
        let before = resumed.wished.len();
        let mut gone: Vec<InFlight> = Vec::new();
        resumed.resume(BOOT, &mut |flight| {
            let found = found(flight, lost);
            if found == Found::Gone {
                gone.push(flight.clone());
            }
            found
        });
        let mut came = resumed.run();
        while let Played::Over(Over::Parked { .. }) = &came {
            // Only a person can say what became of it: it is run again, on purpose.
            let Some(doubt) = resumed.state.prompts().find_map(|(id, prompt)| {
                matches!(prompt.kind, PromptKind::InDoubt { .. }).then_some(id)
            }) else {
                break;
            };
            resumed.happens(Event::Resumed {
                operator: "ada".into(),
                boot_id: BOOT.into(),
            });
            resumed.happens(Event::Answered {
                effect: doubt,
                answer: Answer::RunAgain {
                    reason: "it was not done".into(),
                },
                by: "ada".into(),
            });
            came = resumed.run();
        }
        if script.cuts == Cuts::Differ {
            assert!(
                matches!(came, Played::Over(_)),
                "{} cut after record {at}: {came:?}\n{}",
                path.display(),
                resumed.transcript.text()
            );
            continue;
        }
        assert_eq!(
            came,
            end,
            "{} cut after record {at} ({lost:?}): {}\n{}",
            path.display(),
            journal[at - 1],
            resumed.transcript.text()
        );
        unasked_repeats(path, at, &gone, &resumed.wished[before..]);
    }
}

fn found(flight: &InFlight, lost: Lost) -> Found {
    match (flight.what, &flight.identity, lost) {
        (InFlightKind::Background, Some(_), _) => Found::Alive {
            processes: vec![flight.shown.clone()],
        },
        // A gate that did not open, a request that was not sent.
        (InFlightKind::Command | InFlightKind::Background, None, _) => Found::NeverStarted,
        (InFlightKind::Request, _, Lost::Before) => Found::NeverStarted,
        _ => Found::Gone,
    }
}

/// What acts and may have run is run again only where somebody or something said so.
fn unasked_repeats(path: &Path, at: usize, gone: &[InFlight], wished: &[Effect]) {
    let mut open: BTreeMap<(String, String), EffectId> = gone
        .iter()
        .map(|flight| ((flight.path.clone(), flight.shown.clone()), flight.effect))
        .collect();
    for effect in wished {
        match effect {
            Effect::Tell(Notice::Settled { path, command, .. }) => {
                open.retain(|(at, what), _| at != path || (!command.is_empty() && what != command));
            }
            // Its attempt was over before the crash: it is tried again as its `retry` says.
            Effect::Tell(Notice::Retrying { path, .. }) => open.retain(|(at, _), _| at != path),
            // The operator went back, and on from there.
            Effect::Tell(Notice::Deviation { what, .. }) if what.starts_with("undone back to") => {
                open.clear();
            }
            Effect::Tell(Notice::Deviation { path, what, .. }) => {
                // A script is named by its first line.
                let named = |shown: &str| {
                    let first = shown.lines().find(|line| !line.trim().is_empty());
                    what.contains(first.unwrap_or_default().trim())
                };
                open.retain(|(at, shown), _| at != path || !named(shown));
            }
            Effect::Run(run) if run.mark == Mark::Act => {
                let again = open.get(&(run.path.clone(), run.shown.clone()));
                assert!(
                    again.is_none(),
                    "{} cut after record {at}: `{}` was run again unasked",
                    path.display(),
                    run.shown
                );
            }
            Effect::Request(request) if request.mark == Mark::Act => {
                let again = open.get(&(request.path.clone(), request.shown.clone()));
                assert!(
                    again.is_none(),
                    "{} cut after record {at}: `{}` was sent again unasked",
                    path.display(),
                    request.shown
                );
            }
            _ => {}
        }
    }
}
