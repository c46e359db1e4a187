//! Rows C: several engines, one run or one lock.

use super::*;

/// Engines that are all told to go on with one run at once, and what they exited with.
fn race(ground: &Ground, engines: usize) -> Vec<i32> {
    // They wait for one another as near to the lock as a shell can bring them.
    let line = format!("sh -c 'while test ! -e go; do :; done; exec {RESUME}'");
    let mut started: Vec<Child> = (0..engines).map(|_| ground.start(&line)).collect();
    fs::write(ground.path("go"), "").expect("written");
    started
        .iter_mut()
        .map(|engine| engine.wait().expect("waited").code().expect("a code"))
        .collect()
}

fn races(rounds: usize) {
    let mut met = 0;
    for round in 0..rounds {
        let ground = Ground::with("none.toml", "[answers]\n");
        let out = ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
        assert_eq!(out.status.code(), Some(75), "{}", text(&out));
        let codes = race(&ground, 4);
        // Whoever comes late finds the run held, or over, or none that is waiting.
        let won = codes.iter().filter(|code| **code == 0).count();
        assert_eq!(won, 1, "round {round}: {codes:?}");
        assert!(
            codes.iter().all(|code| matches!(code, 0 | 2 | 75)),
            "round {round}: {codes:?}"
        );
        assert_eq!(ground.ledger(), DONE, "round {round}");
        let journal = ground.journal();
        let taken_up = lines(&journal)
            .iter()
            .filter(|line| holds(line, "\"taken_up\""))
            .count();
        assert_eq!(taken_up, 1, "round {round}: one went on");
        met += codes.len() - won;
    }
    assert_eq!(met, 3 * rounds);
}

#[test]
fn c01_of_many_that_resume_at_once_one_goes_on() {
    races(8);
}

#[test]
#[ignore = "a thousand races: minutes"]
fn c01_of_many_that_resume_at_once_one_goes_on_a_thousand_times() {
    races(1000);
}

#[test]
fn c02_a_run_whose_engine_hangs_is_not_taken_from_it() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nstep one \"One\" {\n  $ sh -c 'echo one >> ledger; while test ! -e go; do sleep 0.01; done'\n}\nstep two \"Two\" {\n  $ sh -c 'echo two >> ledger'\n}\n",
    );
    let mut engine = ground.start("\"$RUNBOOK\" run a.rbk");
    ground.wait_for("the step", || ground.ledger() == ["one"]);
    let signal = |name: &str| {
        let out = ground.sh(&format!("kill -{name} {}", engine.id()));
        assert!(out.status.success(), "{}", text(&out));
    };
    signal("STOP");
    let stopped = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", engine.id())).expect("a process");
        stat.rsplit(')')
            .next()
            .expect("a state")
            .trim_start()
            .starts_with('T')
    };
    ground.wait_for("the stop", stopped);
    fs::write(ground.path("go"), "").expect("written");
    let run = ground.run_dir();
    let id = run
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    for line in [
        format!("\"$RUNBOOK\" resume {id}"),
        format!("\"$RUNBOOK\" undo {id} --to start --reason test"),
    ] {
        let out = ground.sh(&line);
        assert_eq!(out.status.code(), Some(75), "{}", text(&out));
        for part in [
            "RB3024",
            &format!("held by process {}", engine.id()),
            "help: ",
        ] {
            assert!(text(&out).contains(part), "{}", text(&out));
        }
    }
    let pruned = ground.sh("\"$RUNBOOK\" runs prune --older-than 0s");
    assert!(run.is_dir(), "{}", text(&pruned));
    assert_eq!(ground.ledger(), ["one"], "nothing was done beside it");
    signal("CONT");
    assert!(engine.wait().expect("waited").success());
    assert_eq!(ground.ledger(), ["one", "two"]);
}

#[test]
fn c06_a_lock_keeps_runs_of_other_runbooks_out_until_it_is_free() {
    let step = |name: &str| {
        format!(
            "rbk 1\nrunbook \"{name}\"\nlock \"db/orders\"\nstep one \"One\" {{\n  $ sh -c 'echo {name} >> ledger; while test ! -e go; do sleep 0.01; done'\n}}\n"
        )
    };
    let ground = Ground::with("a.rbk", &step("a"));
    fs::write(ground.path("b.rbk"), step("b")).expect("written");
    fs::write(
        ground.path("c.rbk"),
        step("c").replace("db/orders", "db/other"),
    )
    .expect("written");
    let mut first = ground.start("\"$RUNBOOK\" run a.rbk");
    ground.wait_for("the step", || ground.ledger() == ["a"]);
    let out = ground.sh("\"$RUNBOOK\" run b.rbk");
    assert_ne!(out.status.code(), Some(0), "{}", text(&out));
    for part in ["db/orders", &format!("process {}", first.id())] {
        assert!(text(&out).contains(part), "{}", text(&out));
    }
    assert_eq!(ground.ledger(), ["a"]);
    let mut other = ground.start("\"$RUNBOOK\" run c.rbk");
    ground.wait_for("another lock's step", || ground.ledger() == ["a", "c"]);
    // What its holder's death leaves behind is a free lock, and nothing that lies about it.
    first.kill().expect("killed");
    first.wait().expect("waited");
    fs::write(ground.path("go"), "").expect("written");
    let out = ground.sh("\"$RUNBOOK\" run b.rbk");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert!(other.wait().expect("waited").success());
    assert_eq!(ground.ledger(), ["a", "c", "b"]);
}

fn prune(ground: &Ground, more: &str) -> serde_json::Value {
    let out = ground.sh(&format!("\"$RUNBOOK\" runs prune --json {more}"));
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

#[test]
fn only_old_runs_that_are_over_are_removed_and_each_is_named() {
    let ground = Ground::with("none.toml", "[answers]\n");
    ground.sh(RUN);
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let runs = || {
        fs::read_dir(ground.path("state/runbook/runs"))
            .expect("runs")
            .count()
    };
    assert_eq!(runs(), 2);
    let count = |said: &serde_json::Value, key: &str| said[key].as_array().expect("a list").len();
    let said = prune(&ground, "--older-than 1d");
    assert_eq!((count(&said, "removed"), count(&said, "kept")), (0, 0));
    let said = prune(&ground, "--older-than 0s --dry-run");
    assert_eq!((count(&said, "removed"), count(&said, "kept")), (1, 1));
    assert_eq!(runs(), 2, "nothing was removed");
    let said = prune(&ground, "--older-than 0s");
    assert_eq!((count(&said, "removed"), count(&said, "kept")), (1, 1));
    assert_eq!(said["kept"][0]["state"], "parked");
    assert!(said["bytes"].as_u64() > Some(1000));
    assert_eq!(runs(), 1);
    let out = ground.sh("\"$RUNBOOK\" runs prune --older-than 0s");
    assert!(
        text(&out).contains("1 that is not over is kept"),
        "{}",
        text(&out)
    );
    let out = ground.sh("\"$RUNBOOK\" runs prune --older-than never");
    assert_eq!(out.status.code(), Some(2), "{}", text(&out));
    // The kept one goes on as if nothing had been.
    assert!(ground.sh(RESUME).status.success());
    assert_eq!(count(&prune(&ground, "--older-than 0s"), "removed"), 1);
    assert_eq!(runs(), 0);
}

#[test]
fn c09_a_run_that_is_taken_up_while_old_runs_are_removed_is_kept_or_is_gone() {
    let (mut kept, mut gone) = (0, 0);
    for round in 0..12 {
        let ground = Ground::with(
            "a.rbk",
            "rbk 1\nrunbook \"A\"\nstep one \"One\" {\n  $ sh -c 'echo one >> ledger'\n  undo $ sh -c 'echo not-one >> ledger'\n}\n",
        );
        assert!(ground.sh("\"$RUNBOOK\" run a.rbk").status.success());
        let run = ground.run_dir();
        let id = run
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        // The run is over, and its undo takes it up again in the very moment it is to be removed. The first two
        // rounds are no races, so that both orders are met.
        let undo = format!("\"$RUNBOOK\" undo {id} --to start --reason test");
        let prune = "\"$RUNBOOK\" runs prune --older-than 0s".to_owned();
        let code = |mut engine: Child| engine.wait().expect("waited").code().expect("a code");
        let codes = match round {
            0 => {
                let undone = code(ground.start(&undo));
                [undone, code(ground.start(&prune))]
            }
            1 => {
                let pruned = code(ground.start(&prune));
                [code(ground.start(&undo)), pruned]
            }
            _ => {
                let at_once = |line: &str, after: usize| {
                    ground.start(&format!(
                        "sh -c 'while test ! -e go; do :; done; sleep 0.{after:03}; exec {line}'"
                    ))
                };
                let both = [
                    at_once(&undo, round % 4 * 4),
                    at_once(&prune, round % 3 * 4),
                ];
                fs::write(ground.path("go"), "").expect("written");
                both.map(code)
            }
        };
        assert_eq!(codes[1], 0, "round {round}: {codes:?}");
        match ground.ledger().len() {
            // Undone: whole, whether or not the run was removed afterwards.
            2 => {
                kept += 1;
                assert_eq!(codes[0], 0, "round {round}");
            }
            // Removed first: nothing was undone, and that was said.
            1 => {
                gone += 1;
                assert!(matches!(codes[0], 2 | 74 | 75), "round {round}: {codes:?}");
                assert!(!run.exists(), "round {round}");
            }
            _ => panic!("round {round}: {:?}", ground.ledger()),
        }
    }
    assert!(kept > 0 && gone > 0, "both orders were met: {kept} {gone}");
}

#[test]
fn a_run_whose_journal_says_nothing_is_never_pruned_nor_taken_for_one_that_did_nothing() {
    let ground = Ground::with("none.toml", "[answers]\n");
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let journal = ground.run_dir().join("journal");
    let length = fs::metadata(&journal).expect("a journal").len();
    let garbage: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8 | 1).collect();
    fs::write(&journal, garbage).expect("written");
    for command in ["resume", "show $(ls state/runbook/runs)", "runs"] {
        let out = ground.sh(&format!("\"$RUNBOOK\" {command}"));
        assert!(text(&out).contains("RB3100"), "{command}: {}", text(&out));
    }
    ground.sh("\"$RUNBOOK\" runs prune --older-than 0s");
    assert!(journal.exists(), "it was pruned");
}
