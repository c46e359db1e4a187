//! What a command costs the engine, counted and not timed.

use std::collections::BTreeMap;
use std::process::Command;

use runbook_core::event::Exit;

use crate::world::{World, direct};

const STEPS: usize = 100;

/// System calls of the engine's one thread, without those of the gates.
#[test]
fn q4_a_command_costs_one_clone_and_few_system_calls() {
    const TEST: &str = "counts::q4_a_command_costs_one_clone_and_few_system_calls";
    const COUNTED: &str = "RUNBOOK_TEST_COUNTED";
    if std::env::var_os(COUNTED).is_some() {
        let mut world = World::new("q4");
        world.processes.prepare(1);
        for _ in 0..STEPS {
            let id = world.effect();
            world.start(direct(id, &["true"]));
            world.processes.prepare(1);
            assert_eq!(world.ended().exit, Exit::Code(0));
        }
        return;
    }
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI counts with strace");
        return;
    }
    let folder = std::env::temp_dir().join(format!("runbook-q4-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // One file for each thread of each process; the engine is the one that makes sockets.
    let output = Command::new("strace")
        .args(["-ff", "-qq", "-o"])
        .arg(folder.join("calls"))
        .arg(std::env::current_exe().unwrap())
        .args([TEST, "--exact", "--nocapture"])
        .env(COUNTED, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut copies = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let calls = std::fs::read(file.unwrap().path()).unwrap();
        let calls = String::from_utf8_lossy(&calls);
        // A call that a signal came into stands there once more, when it is begun anew.
        let calls: Vec<&str> = calls
            .lines()
            .filter(|call| !call.contains(" = ? "))
            .collect();
        copies += calls
            .iter()
            .filter(|call| call.contains("CLONE_PARENT|"))
            .count();
        if calls.iter().any(|call| call.starts_with("socketpair(")) {
            for call in calls.iter().filter_map(|line| line.split_once('(')) {
                *counts.entry(call.0.to_owned()).or_default() += 1;
            }
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    let text = format!("{counts:#?}");
    let count = |wanted: &[&str]| -> usize {
        let rows = counts
            .iter()
            .filter(|(name, _)| wanted.contains(&name.as_str()));
        rows.map(|(_, calls)| calls).sum()
    };
    let clones = count(&["clone", "clone3", "vfork", "fork"]);
    assert_eq!(clones, 1, "the keeper alone\n{text}");
    assert_eq!(copies, STEPS + 1, "one a command, and the gate that waits");
    // Unoptimised, the standard library checks every descriptor with fcntl before it closes it.
    let all = counts.values().sum::<usize>() - count(&["fcntl"]);
    assert!(all > 10 * STEPS, "nothing was counted\n{text}");
    assert!(all <= 22 * STEPS + 500, "{all} of {STEPS} commands\n{text}");
}
