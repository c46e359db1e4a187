//! Trees that do not want to end, and worlds that are not as they should be.

use std::os::unix::process::CommandExt;
use std::time::Duration;

use runbook_core::effect::Urgency;
use runbook_core::event::{Event, Exit};

use rustix::process::{Signal, kill_process};

use crate::world::{World, direct, in_a_process_of_its_own, lives, sh};

/// The standard signals a process ignores, as a set of bits from the lowest number on.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    u64::from_str_radix(line.unwrap().trim(), 16).unwrap() & 0x7fff_ffff
}

fn stopped(signal: &str) -> Exit {
    Exit::Stopped {
        signal: signal.into(),
    }
}

#[test]
fn p01_a_shell_that_waits_for_its_child_is_stopped_with_it() {
    let mut world = World::new("p01");
    let (id, _) = world.started("sleep 600 & echo $! > child; wait; echo survived");
    let child = world.number("child");
    world.stop(id, Urgency::Grace);
    let ended = world.ended();
    assert_eq!(ended.exit, stopped("SIGTERM"));
    assert!(!lives(child));
    assert_eq!(ended.output.text, "");
}

#[test]
fn p02_a_grandchild_that_holds_the_pipe_hides_no_exit() {
    let mut world = World::new("p02");
    let ended = world.sh("sleep 600 & echo $! > child; exit 7");
    let child = world.number("child");
    assert_eq!(ended.exit, Exit::Code(7));
    assert_eq!(ended.leaked.len(), 1, "{:?}", ended.leaked);
    assert_eq!(
        ended.leaked[0],
        format!("`sleep` (pid {child}) held its output open and was stopped")
    );
    assert!(!lives(child));
    // Its exit was seen at once, not when the pipe was given up on.
    assert!(ended.elapsed_ms < 200, "{}", ended.elapsed_ms);
}

#[test]
fn p03_what_escapes_its_session_and_its_parents_is_found() {
    let mut world = World::new("p03");
    let (id, _) = world.started(
        "(setsid sh -c 'echo $$ > away; exec sleep 600 >/dev/null 2>&1' &) ; exec sleep 600",
    );
    let away = world.number("away");
    world.stop(id, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGTERM"));
    assert!(!lives(away), "it was left behind");
}

#[test]
fn p03_what_escapes_without_its_mark_is_found_too() {
    if !in_a_process_of_its_own("faults::p03_what_escapes_without_its_mark_is_found_too") {
        return;
    }
    // Not even a cgroup knows it, and the next gate waits already.
    let mut world = World::with("p03-bare", |settings| {
        settings.cgroups = Some("/nowhere".into());
    });
    world.processes.prepare(1);
    let (id, _) = world.started(
        "(setsid env -i sh -c 'echo $$ > away; exec sleep 600 >/dev/null 2>&1' &) ; exec sleep 600",
    );
    let away = world.number("away");
    world.processes.prepare(1);
    world.stop(id, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGTERM"));
    assert!(!lives(away), "it was left behind");
}

#[test]
fn p03_what_escapes_without_its_mark_is_no_others() {
    if !in_a_process_of_its_own("faults::p03_what_escapes_without_its_mark_is_no_others") {
        return;
    }
    let mut world = World::with("p03-others", |settings| {
        settings.cgroups = Some("/nowhere".into());
    });
    world.processes.prepare(1);
    let (first, _) = world.started("exec sleep 600");
    let (second, _) = world.started(
        "(setsid env -i sh -c 'echo $$ > away; exec sleep 600 >/dev/null 2>&1' &) ; exec sleep 600",
    );
    let away = world.number("away");
    // The gate that is wanted next does not come to be: who is known are these two commands.
    let keeper = world.keeper();
    kill_process(keeper, Signal::STOP).unwrap();
    world.processes.prepare(1);
    world.stop(first, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGTERM"));
    assert!(lives(away), "it may be the other's");
    kill_process(keeper, Signal::CONT).unwrap();
    world.stop(second, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGTERM"));
    assert!(!lives(away), "it was left behind");
}

#[test]
fn p02_who_holds_the_pipe_for_a_moment_may_say_the_rest() {
    let mut world = World::with("p02-late", |settings| {
        settings.leak_grace = Duration::from_secs(60)
    });
    let ended = world.sh("(sleep 0.1; echo late) & echo early");
    assert_eq!(ended.output.text, "early\nlate\n");
    assert_eq!(ended.leaked, Vec::<String>::new());
}

#[test]
fn who_cannot_wait_for_a_held_pipe_kills_at_once() {
    let mut world = World::with("held", |settings| {
        settings.leak_grace = Duration::from_secs(3600)
    });
    let (id, identity) = world.started("sleep 600 & echo $! > child; exit 0");
    let child = world.number("child");
    // Its end is seen, and its pipe is still waited for.
    let stat = format!("/proc/{}/stat", identity.pid);
    world.turn_until(|| std::fs::read_to_string(&stat).unwrap().contains(") Z "));
    // A gentle stop has nobody to tell: the command itself is over.
    world.stop(id, Urgency::Grace);
    world.turn_until(|| true);
    assert!(lives(child));
    world.stop(id, Urgency::Kill);
    let ended = world.ended();
    assert_eq!(ended.exit, Exit::Code(0));
    assert_eq!(
        ended.leaked,
        [format!(
            "`sleep` (pid {child}) held its output open and was stopped"
        )]
    );
    assert!(!lives(child));
}

#[test]
fn what_is_left_behind_has_a_moment_to_end_in_order() {
    let mut world = World::with("tidy", |settings| {
        settings.leak_grace = Duration::from_secs(60)
    });
    let ended = world.sh(
        "sh -c 'trap \"sleep 0.2; echo 1 > told; exit\" TERM; echo $$ > child; while :; do sleep 0.01; done' >/dev/null 2>&1 & until test -s child; do sleep 0.01; done; exit 1",
    );
    assert_eq!(ended.exit, Exit::Code(1));
    let child = format!(
        "`sh` (pid {}) was left behind and stopped",
        world.number("child")
    );
    assert!(ended.leaked.contains(&child), "{:?}", ended.leaked);
    assert_eq!(world.number("told"), 1, "it was not killed in the middle");
}

#[test]
fn however_many_are_left_behind_all_are_found() {
    let mut world = World::new("hundreds");
    let ended = world
        .sh("i=0; while [ $i -lt 900 ]; do sleep 600 >/dev/null 2>&1 & i=$((i + 1)); done; exit 1");
    assert_eq!(ended.leaked.len(), 900);
}

#[test]
fn what_a_failed_command_leaves_in_its_group_is_stopped() {
    let mut world = World::new("left");
    let ended = world.sh("sleep 600 >/dev/null 2>&1 & echo $! > child; exit 1");
    let child = world.number("child");
    assert_eq!(ended.exit, Exit::Code(1));
    assert_eq!(
        ended.leaked,
        [format!("`sleep` (pid {child}) was left behind and stopped")]
    );
    assert!(!lives(child));
}

#[test]
fn a_service_that_a_good_command_leaves_is_let_be_and_named() {
    let mut world = World::new("service");
    let ended = world.sh(
        "setsid sh -c 'echo $$ > away; exec sleep 600' >/dev/null 2>&1 & while ! test -s away; do sleep 0.01; done",
    );
    let away = world.number("away");
    assert_eq!(ended.exit, Exit::Code(0));
    assert_eq!(ended.leaked.len(), 1, "{:?}", ended.leaked);
    assert!(ended.leaked[0].ends_with("goes on running"));
    assert!(lives(away));
    // It is nobody's leftover any more.
    assert_eq!(world.sh("exit 1").leaked, Vec::<String>::new());
    assert!(lives(away));
    world.sh(&format!("kill {away}"));
}

#[test]
fn what_a_command_leaves_is_let_be_where_it_did_well_or_where_it_stands_apart() {
    let mut world = World::new("apart");
    for script in [
        "sleep 600 >/dev/null 2>&1 & echo $! > left; exit 0",
        "setsid sh -c 'echo $$ > left; exec sleep 600' >/dev/null 2>&1 & while ! test -s left; do sleep 0.01; done; exit 1",
    ] {
        let _ = std::fs::remove_file(world.folder.join("left"));
        let ended = world.sh(script);
        let left = world.number("left");
        assert_eq!(
            ended.leaked,
            [format!("`sleep` (pid {left}) goes on running")]
        );
        assert!(lives(left));
        world.sh(&format!("kill {left}"));
    }
}

#[test]
fn p04_a_child_that_ignores_term_is_killed_after_its_grace() {
    let mut world = World::with("p04", |settings| {
        settings.grace = Duration::from_millis(300)
    });
    let (id, identity) =
        world.started("trap 'echo $$ > told' TERM; echo $$ > ready; while :; do sleep 0.05; done");
    world.number("ready");
    world.stop(id, Urgency::Grace);
    assert_eq!(world.number("told"), identity.pid, "TERM came first");
    let ended = world.ended();
    assert_eq!(ended.exit, stopped("SIGKILL"));
    assert!(ended.elapsed_ms >= 300);
    assert!(!lives(identity.pid));
}

#[test]
fn p05_a_member_that_ignores_term_outlives_its_leader_but_not_its_grace() {
    let mut world = World::with("p05", |settings| {
        settings.grace = Duration::from_millis(300)
    });
    let (id, identity) = world.started(
        "sh -c 'trap \"\" TERM; echo $$ > member; while :; do sleep 0.05; done' & exec sleep 600",
    );
    let member = world.number("member");
    world.stop(id, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGKILL"));
    assert!(!lives(member) && !lives(identity.pid));
}

#[test]
fn p06_a_stopped_child_is_told_to_go_on() {
    let mut world = World::new("p06");
    let (id, identity) = world.started("echo $$ > ready; kill -STOP $$; sleep 600");
    world.number("ready");
    let stat = format!("/proc/{}/stat", identity.pid);
    while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
        std::thread::sleep(Duration::from_millis(5));
    }
    world.stop(id, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGTERM"));
}

#[test]
fn p06_who_is_stopped_outside_of_the_group_is_told_to_go_on_too() {
    let mut world = World::with("p06-away", |settings| {
        settings.grace = Duration::from_secs(3600)
    });
    let (id, _) = world.started(
        "setsid sh -c 'echo $$ > away; kill -STOP $$; exec sleep 600' >/dev/null 2>&1 & exec sleep 600",
    );
    let stat = format!("/proc/{}/stat", world.number("away"));
    while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
        std::thread::yield_now();
    }
    world.stop(id, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGTERM"));
    assert!(!lives(world.number("away")));
}

#[test]
fn p07_zombies_do_not_count_as_living() {
    let mut world = World::with("p07", |settings| settings.grace = Duration::from_secs(600));
    // A parent that never waits: its children stay zombies for as long as it lives.
    let script = "python3 -c 'import os,time\nfor _ in range(3):\n  os.fork() or os._exit(0)\nopen(\"ready\",\"w\").write(\"1\\n\")\ntime.sleep(600)'";
    let (id, _) = world.started(script);
    world.number("ready");
    world.stop(id, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGTERM"));
}

#[test]
fn p08_a_tree_that_grows_while_it_is_killed_ends() {
    let mut world = World::with("p08", |settings| {
        settings.grace = Duration::from_millis(200)
    });
    let (id, _) = world.started(
        "echo $$ > ready; trap '' TERM; i=0; while [ $i -lt 400 ]; do (trap '' TERM; sleep 600) & i=$((i+1)); done; wait",
    );
    world.number("ready");
    world.stop(id, Urgency::Grace);
    assert_eq!(world.ended().exit, stopped("SIGKILL"));
}

#[test]
fn p10_a_command_that_reads_the_terminal_fails_at_once() {
    let mut world = World::new("p10");
    let ended = world.sh("read x </dev/tty || exit 9");
    assert!(matches!(ended.exit, Exit::Code(2 | 9)), "{:?}", ended.exit);
    assert!(
        ended.stderr.text.contains("/dev/tty"),
        "{}",
        ended.stderr.text
    );
}

#[test]
fn p11_a_command_that_reads_its_input_finds_it_empty() {
    let mut world = World::new("p11");
    let ended = world.sh("cat; echo over");
    assert_eq!(
        (ended.exit, ended.output.text.as_str()),
        (Exit::Code(0), "over\n")
    );
}

#[test]
fn p24_what_the_engine_ignores_its_commands_do_not() {
    if !in_a_process_of_its_own("faults::p24_what_the_engine_ignores_its_commands_do_not") {
        return;
    }
    let mut world = World::new("p24");
    for signal in [rustix::process::Signal::HUP, rustix::process::Signal::INT] {
        runbook_host::os::dispose(signal, runbook_host::os::Disposition::Ignore).unwrap();
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    assert_eq!(ignored(&status) & 0b11, 0b11, "the fault did not fire");
    let ended = world.sh("cat /proc/self/status");
    assert_eq!(ignored(&ended.output.text), 0);
    assert!(ended.output.text.contains("SigBlk:\t0000000000000000\n"));
    assert_eq!(world.sh("kill -HUP $$").exit, Exit::Signal("SIGHUP".into()));
}

#[test]
fn p23_a_parent_that_ignored_sigchld_is_no_matter() {
    if !in_a_process_of_its_own("faults::p23_a_parent_that_ignored_sigchld_is_no_matter") {
        return;
    }
    let mut world = World::new("p23");
    runbook_host::os::dispose(
        rustix::process::Signal::CHILD,
        runbook_host::os::Disposition::Ignore,
    )
    .unwrap();
    let lost = world.started("exit 4").0;
    match world.fact() {
        Event::Lost { effect, .. } => assert_eq!(effect, lost),
        other => panic!("the fault did not fire: {other:?}"),
    }
    runbook_host::os::begin_engine().unwrap();
    assert_eq!(world.sh("exit 4").exit, Exit::Code(4));
}

#[test]
fn p29_no_descriptor_of_the_engine_reaches_a_command() {
    if !in_a_process_of_its_own("faults::p29_no_descriptor_of_the_engine_reaches_a_command") {
        return;
    }
    let mut world = World::new("p29");
    let leak = std::fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap();
    let seen = std::process::Command::new("ls")
        .arg("/proc/self/fd")
        .output();
    let seen = String::from_utf8(seen.unwrap().stdout).unwrap();
    assert!(seen.lines().count() > 4, "the fault did not fire: {seen}");
    let id = world.effect();
    world.start(direct(id, &["ls", "/proc/self/fd"]));
    // The last is the folder that `ls` reads.
    assert_eq!(world.ended().output.text, "0\n1\n2\n3\n");
}

#[test]
fn p30_an_exit_that_came_before_the_stop_wins() {
    let mut world = World::new("p30");
    let (id, identity) = world.started("exit 5");
    let stat = format!("/proc/{}/stat", identity.pid);
    while !std::fs::read_to_string(&stat).unwrap().contains(") Z ") {
        std::thread::sleep(Duration::from_millis(2));
    }
    world.stop(id, Urgency::Grace);
    assert_eq!(world.ended().exit, Exit::Code(5));
}

#[test]
fn p33_a_command_is_over_only_when_its_tree_is() {
    let mut world = World::with("p33", |settings| {
        settings.grace = Duration::from_millis(300)
    });
    let (id, _) = world.started(
        "(setsid sh -c 'trap \"\" TERM; echo $$ > away; while :; do sleep 0.05; done' >/dev/null 2>&1 &); sleep 600",
    );
    let away = world.number("away");
    world.stop(id, Urgency::Grace);
    let ended = world.ended();
    assert_eq!(ended.exit, stopped("SIGKILL"));
    assert!(!lives(away), "the next attempt would run beside it");
}

#[test]
fn many_commands_at_once_are_told_apart() {
    let mut world = World::new("many");
    world.processes.prepare(8);
    let ids: Vec<_> = (0..40)
        .map(|n| {
            world
                .started(&format!("echo {n}; sleep 0.0{}; exit {n}", n % 10))
                .0
        })
        .collect();
    assert_eq!(world.processes.running(), 40);
    for _ in 0..40 {
        match world.fact() {
            Event::Exited {
                effect,
                exit,
                output,
                ..
            } => {
                let n = ids.iter().position(|id| *id == effect).unwrap();
                assert_eq!(
                    (exit, output.text),
                    (Exit::Code(n as i32), format!("{n}\n"))
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.processes.running(), 0);
}

#[test]
fn a_background_command_is_left_running_and_can_be_stopped() {
    let mut world = World::new("background");
    let id = world.effect();
    let mut run = sh(id, "echo up; echo $$ > ready; exec sleep 600");
    run.manner = runbook_core::effect::Manner::Background;
    world.start(run);
    assert!(matches!(world.fact(), Event::LeftRunning { effect } if effect == id));
    assert_eq!(world.processes.running(), 0);
    let pid = world.number("ready");
    assert_eq!(world.sh("true").leaked, Vec::<String>::new());
    assert!(lives(pid));
    world.stop(id, Urgency::Grace);
    let ended = world.ended();
    assert_eq!(
        (ended.exit, ended.output.text.as_str()),
        (stopped("SIGTERM"), "up\n")
    );

    let id = world.effect();
    let mut run = direct(id, &["no-such-program-here"]);
    run.manner = runbook_core::effect::Manner::Background;
    assert_eq!(
        world.not_started(run),
        "`no-such-program-here` is not found on the PATH"
    );
}

#[test]
fn p12_a_command_without_a_terminal_has_none_to_ask_on() {
    let mut world = World::new("p12");
    let ended = world.sh("printf 'Password: ' >/dev/tty && read password </dev/tty");
    assert_ne!(ended.exit, Exit::Code(0));
    assert!(ended.stderr.text.contains("/dev/tty"));
}

#[test]
fn an_engine_that_may_not_be_dumped_still_sees_its_commands() {
    if !in_a_process_of_its_own("faults::an_engine_that_may_not_be_dumped_still_sees_its_commands")
    {
        return;
    }
    let mut world = World::new("dumpable");
    runbook_host::os::begin_engine().unwrap();
    let ended = world.sh("sleep 600 & exit 7");
    assert_eq!(ended.exit, Exit::Code(7));
    assert_eq!(ended.leaked.len(), 1);
}

/// A gate whose engine goes away before it is opened.
#[test]
fn j04_a_gate_that_is_never_opened_runs_nothing() {
    let (mine, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let theirs = std::os::fd::OwnedFd::from(theirs);
    let mut gate = std::process::Command::new(crate::world::gate())
        .arg("__gate")
        .arg0("runbook")
        .stdin(theirs)
        .spawn()
        .unwrap();
    drop(mine);
    assert_eq!(gate.wait().unwrap().code(), Some(111));
}

#[test]
fn commands_run_even_where_the_keeper_of_gates_was_killed() {
    if !in_a_process_of_its_own("faults::commands_run_even_where_the_keeper_of_gates_was_killed") {
        return;
    }
    let mut world = World::new("keeper");
    world.processes.prepare(2);
    assert_eq!(world.sh("exit 1").exit, Exit::Code(1));
    let mine = std::process::id().to_string();
    let keepers = || -> Vec<u32> {
        let everybody = std::fs::read_dir("/proc").unwrap();
        everybody
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
            .filter(|pid: &u32| {
                let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                // The keeper, not one of its copies: it leads the session that it began.
                let keeper = b"__gate\0keeper\0";
                words.windows(keeper.len()).any(|part| part == keeper)
                    && stat.rsplit_once(") ").is_some_and(|(_, rest)| {
                        rest.split(' ').nth(1) == Some(mine.as_str())
                            && std::fs::read_link(format!("/proc/{pid}/fd/1"))
                                .is_ok_and(|link| link == std::path::Path::new("/dev/null"))
                    })
            })
            .collect()
    };
    // A copy that has not got its own output yet looks the same.
    let mut found = keepers();
    for _ in 0..1000 {
        if found.len() == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
        found = keepers();
    }
    let keepers = found;
    assert_eq!(keepers.len(), 1, "the fault did not fire");
    let signal = |name: &str| {
        let keeper = keepers[0].to_string();
        let status = std::process::Command::new("kill")
            .args([name, &keeper])
            .status();
        assert!(status.unwrap().success());
    };
    // Stopped first, so that it dies with more wishes unheard than an engine has patience for.
    signal("-STOP");
    world.processes.prepare(9);
    signal("-KILL");
    for code in [2, 3, 4] {
        assert_eq!(world.sh(&format!("exit {code}")).exit, Exit::Code(code));
    }
}
