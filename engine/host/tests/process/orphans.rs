//! What an engine finds of one that died.

use std::process::{Command, Stdio};
use std::time::Duration;

use runbook_core::effect::Urgency;
use runbook_core::event::{Event, Found, Identity};
use runbook_host::process::Processes;

use crate::world::{World, lives};

/// A command whose engine was killed: a session of its own, whose pipes nobody reads any more.
fn orphan(world: &World, script: &str) -> Identity {
    let started = Command::new("setsid")
        .args(["-f", "sh", "-c"])
        .arg(format!("echo $$ > orphan; {script}"))
        .current_dir(&world.folder)
        // Of a command that no test here started.
        .env("RUNBOOK_COMMAND", "1.1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .and_then(|mut setsid| setsid.wait());
    assert!(started.unwrap().success());
    let pid = world.number("orphan");
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    Identity {
        pid,
        start_time: fields[19].parse().unwrap(),
        boot_id: runbook_host::clock::boot_id().to_owned(),
        cgroup: None,
    }
}

fn gone(world: &mut World) {
    match world.fact() {
        Event::Found { found, .. } => assert_eq!(found, Found::Gone),
        other => panic!("{other:?}"),
    }
}

#[test]
fn p27_an_orphan_is_found_waited_for_and_stopped() {
    let mut world = World::new("p27");
    let identity = orphan(&world, "sleep 600");
    match Processes::inspect(&identity) {
        Found::Alive { processes } => assert!(
            processes
                .iter()
                .any(|one| one.contains("`sh`") || one.contains("`sleep`"))
        ),
        other => panic!("{other:?}"),
    }
    let id = world.effect();
    world.processes.adopt(id, &identity);
    assert_eq!(world.processes.running(), 1);
    world.stop(id, Urgency::Grace);
    gone(&mut world);
    assert!(!lives(identity.pid));
    assert_eq!(Processes::inspect(&identity), Found::Gone);
}

#[test]
fn p27_an_orphan_that_ends_by_itself_is_seen_to() {
    let mut world = World::new("p27-ends");
    let identity = orphan(&world, "while ! test -e end; do sleep 0.01; done");
    let id = world.effect();
    world.processes.adopt(id, &identity);
    assert!(matches!(Processes::inspect(&identity), Found::Alive { .. }));
    std::fs::write(world.folder.join("end"), "").unwrap();
    gone(&mut world);
}

#[test]
fn p27_what_is_left_of_an_orphan_counts() {
    let world = World::new("p27-left");
    let identity = orphan(
        &world,
        "sleep 600 & echo $! > child; while ! test -e end; do sleep 0.01; done",
    );
    let child = world.number("child");
    std::fs::write(world.folder.join("end"), "").unwrap();
    while lives(identity.pid) {
        std::thread::sleep(Duration::from_millis(2));
    }
    match Processes::inspect(&identity) {
        Found::Alive { processes } => assert!(
            processes.len() == 1 && processes[0].ends_with(&format!("(pid {child})")),
            "{processes:?}"
        ),
        other => panic!("{other:?}"),
    }
    Command::new("kill")
        .arg(child.to_string())
        .status()
        .unwrap();
}

#[test]
fn p27_a_service_that_an_orphan_left_running_is_nobody_to_wait_for() {
    let mut world = World::new("p27-service");
    let identity = orphan(
        &world,
        "sleep 600 > log 2>&1 & echo $! > child; while ! test -e end; do sleep 0.01; done",
    );
    let child = world.number("child");
    std::fs::write(world.folder.join("end"), "").unwrap();
    while lives(identity.pid) {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(Processes::inspect(&identity), Found::Gone);
    let id = world.effect();
    world.processes.adopt(id, &identity);
    gone(&mut world);
    assert!(lives(child), "the service was stopped");
    Command::new("kill")
        .arg(child.to_string())
        .status()
        .unwrap();
}

#[test]
fn p28_a_number_that_went_to_another_is_never_signalled() {
    let mut world = World::new("p28");
    let mut identity = orphan(&world, "exec sleep 600");
    let another = identity.pid;
    identity.start_time -= 1;
    assert_eq!(Processes::inspect(&identity), Found::Gone);
    let id = world.effect();
    world.processes.adopt(id, &identity);
    world.stop(id, Urgency::Kill);
    gone(&mut world);
    assert!(lives(another), "somebody else was killed");
    Command::new("kill")
        .arg(another.to_string())
        .status()
        .unwrap();
}

#[test]
fn j24_after_a_reboot_no_number_is_believed() {
    let world = World::new("j24");
    let mut identity = orphan(&world, "exec sleep 600");
    let another = identity.pid;
    identity.boot_id = "another boot".into();
    assert_eq!(Processes::inspect(&identity), Found::Gone);
    assert!(lives(another));
    Command::new("kill")
        .arg(another.to_string())
        .status()
        .unwrap();
}

/// What an orphan does about TERM takes a while, and longer than any look at it. Nobody reads what its shell would
/// say of the child that ends with it.
const SLOW_TO_END: &str = "exec 2> /dev/null; trap 'sleep 0.2; echo 1 > told; exit' TERM; echo 1 > ready; while :; do sleep 0.01; done";

#[test]
fn p27_an_orphan_has_its_grace() {
    let mut world = World::with("p27-grace", |settings| {
        settings.grace = Duration::from_secs(60);
        settings.kill_grace = Duration::from_secs(3600);
    });
    let identity = orphan(&world, SLOW_TO_END);
    world.number("ready");
    let id = world.effect();
    world.processes.adopt(id, &identity);
    assert_eq!(world.processes.running(), 1);
    world.stop(id, Urgency::Grace);
    gone(&mut world);
    assert_eq!(world.number("told"), 1, "it was not killed in the middle");
    assert_eq!(world.processes.running(), 0);
}

/// A gate of an engine that died, as it waits; stopped, it sees nothing of that.
fn waiting_gate(world: &mut World) -> Identity {
    let id = world.effect();
    let manner = runbook_core::effect::Manner::Plain;
    let identity = world.processes.admit(id, &manner).unwrap();
    signal(&identity, "STOP");
    identity
}

fn signal(identity: &Identity, name: &str) {
    let pid = identity.pid.to_string();
    let sent = Command::new("kill").args(["-s", name, &pid]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_gate_that_is_about_to_end_is_waited_for_and_one_that_hangs_is_named() {
    let mut world = World::new("gate");
    let identity = waiting_gate(&mut world);
    match Processes::inspect(&identity) {
        Found::Alive { processes } => assert!(
            processes.len() == 1 && processes[0].ends_with(&format!("(pid {})", identity.pid)),
            "{processes:?}"
        ),
        other => panic!("{other:?}"),
    }
    let ends = std::thread::spawn({
        let identity = identity.clone();
        move || {
            std::thread::sleep(Duration::from_millis(50));
            signal(&identity, "KILL");
        }
    });
    assert_eq!(Processes::inspect(&identity), Found::Gone);
    ends.join().unwrap();
}
