//! What the system refuses, and what concerns the whole program: signals that do nothing, no room for another
//! process, children of others, threads that end.

use std::process::Command;
use std::time::Duration;

use runbook_core::effect::{Manner, Urgency};
use runbook_core::event::{Event, Exit};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::world::{World, in_a_process_of_its_own, lives, sh};

/// Runs the rest of a test under strace, which makes system calls fail as told. True there. Where there is no
/// strace, and no CI that promises one, the test is passed over.
fn with_failing_calls(test: &str, inject: &str) -> bool {
    const INSIDE: &str = "RUNBOOK_TEST_INJECTED";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI injects with strace");
        return false;
    }
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", inject])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    false
}

#[test]
fn p09_what_cannot_be_killed_is_lost_and_named() {
    if !with_failing_calls(
        "limits::p09_what_cannot_be_killed_is_lost_and_named",
        "inject=kill,pidfd_send_signal:error=EPERM",
    ) {
        return;
    }
    let mut world = World::with("p09", |settings| {
        settings.grace = Duration::from_millis(100);
        settings.kill_grace = Duration::from_millis(300);
        // A cgroup would be killed without a signal.
        settings.cgroups = Some("/nowhere".into());
    });
    let (id, identity) = world.started("echo $$ > ready; exec sleep 3");
    world.number("ready");
    world.stop(id, Urgency::Grace);
    let fact = world.fact();
    assert!(lives(identity.pid), "no signal reached it");
    let Event::Lost { effect, why } = fact else {
        panic!("neither done nor failed is true: {fact:?}");
    };
    assert_eq!(effect, id);
    assert_eq!(
        why,
        format!("`sleep` (pid {}) cannot be killed", identity.pid)
    );
    // It is nobody's leftover now: the next command ends as its own.
    assert_eq!(world.sh("exit 4").exit, Exit::Code(4));
}

#[test]
fn p19_without_room_for_a_process_nothing_ran_and_it_may_be_tried_again() {
    if !with_failing_calls(
        "limits::p19_without_room_for_a_process_nothing_ran_and_it_may_be_tried_again",
        "inject=clone,clone3:error=EAGAIN:when=1..2",
    ) {
        return;
    }
    let mut world = World::new("p19-room");
    let mut refused = 0;
    let id = world.effect();
    while let Err(why) = world.processes.admit(id, &Manner::Plain) {
        assert_eq!(why, "the system has no room for another process");
        refused += 1;
        assert!(refused < 20, "it never gets better");
    }
    assert!(refused >= 2, "the fault did not fire: {refused}");
    world.opened(sh(id, "echo once >> ledger"));
    assert_eq!(world.ended().exit, Exit::Code(0));
    let ledger = std::fs::read_to_string(world.folder.join("ledger")).unwrap();
    assert_eq!(ledger, "once\n");
}

#[test]
fn p19_without_descriptors_nothing_ran_and_it_may_be_tried_again() {
    if !in_a_process_of_its_own(
        "limits::p19_without_descriptors_nothing_ran_and_it_may_be_tried_again",
    ) {
        return;
    }
    let mut world = World::new("p19-files");
    assert_eq!(world.sh("true").exit, Exit::Code(0));
    let before = getrlimit(Resource::Nofile);
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    // One of those counted is the look itself.
    let none_left = Rlimit {
        current: Some(open - 1),
        maximum: before.maximum,
    };
    setrlimit(Resource::Nofile, none_left).unwrap();
    let id = world.effect();
    let refused = world.processes.admit(id, &Manner::Plain);
    setrlimit(Resource::Nofile, before).unwrap();
    assert_eq!(
        refused.unwrap_err(),
        "there are too many open files to start another process"
    );
    world.started("echo once >> ledger");
    assert_eq!(world.ended().exit, Exit::Code(0));
    let ledger = std::fs::read_to_string(world.folder.join("ledger")).unwrap();
    assert_eq!(ledger, "once\n");
}

#[test]
fn p22_a_right_side_that_does_not_start_leaves_no_left_side() {
    let mut world = World::new("p22");
    let ended = world.sh("sh -c 'echo $$ > left; exec yes' | no-such-program-here");
    assert_eq!(ended.exit, Exit::Code(127));
    assert!(
        ended.stderr.text.contains("no-such-program-here"),
        "{}",
        ended.stderr.text
    );
    assert!(!lives(world.number("left")));
    // One that writes nothing does not notice: the shell waits for it, and a stop takes it.
    let (id, _) = world.started("sh -c 'echo $$ > still; exec sleep 600' | no-such-program-here");
    let left = world.number("still");
    world.stop(id, Urgency::Grace);
    world.ended();
    assert!(!lives(left));
}

#[test]
fn p25_the_status_of_a_child_of_somebody_else_is_not_taken() {
    if !in_a_process_of_its_own("limits::p25_the_status_of_a_child_of_somebody_else_is_not_taken") {
        return;
    }
    let mut world = World::new("p25");
    let mut others: Vec<_> = (0..20)
        .map(|code| {
            Command::new("sh")
                .args(["-c", &format!("exit {code}")])
                .spawn()
                .unwrap()
        })
        .collect();
    let mut sleeper = Command::new("sleep").arg("600").spawn().unwrap();
    // Each of these looks at all children, and leaves something that has to be looked for.
    for _ in 0..5 {
        let ended = world.sh("sleep 600 >/dev/null 2>&1 & echo $! > child; exit 3");
        assert_eq!(ended.exit, Exit::Code(3));
        assert_eq!(ended.leaked.len(), 1, "{:?}", ended.leaked);
    }
    for (code, other) in others.iter_mut().enumerate() {
        let status = other.wait().expect("its status is there to be taken");
        assert_eq!(status.code(), i32::try_from(code).ok());
    }
    assert!(lives(sleeper.id()), "it was nobody's leftover");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn p26_a_command_outlives_the_thread_that_started_it() {
    if !in_a_process_of_its_own("limits::p26_a_command_outlives_the_thread_that_started_it") {
        return;
    }
    let (told, tells) = std::sync::mpsc::channel();
    let starter = std::thread::spawn(move || {
        let mut world = World::new("p26");
        world.processes.prepare(2);
        let (_, identity) =
            world.started("while ! test -e go; do sleep 0.01; done; echo $$ > after");
        told.send((identity.pid, world.folder.clone())).unwrap();
        // The thread ends; what it made does not.
        std::mem::forget(world);
    });
    starter.join().unwrap();
    let (pid, folder) = tells.recv().unwrap();
    assert!(lives(pid), "it ended with the thread");
    std::fs::write(folder.join("go"), "\n").unwrap();
    let after = folder.join("after");
    for _ in 0..2000 {
        if after.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(after.exists(), "it did not go on");
    let _ = std::fs::remove_dir_all(&folder);
}
