//! Trees that leave nothing to know them by but the cgroup they were begun in; and the same engine without one.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use runbook_core::effect::Urgency;
use runbook_core::event::{Event, Exit, Found, Identity};
use runbook_host::process::Processes;

use crate::world::{World, in_a_process_of_its_own, lives};

/// Says that this machine lets nobody make a cgroup, and that the test says nothing here.
fn none_here(identity: &Identity) -> bool {
    let none = identity.cgroup.is_none();
    if none {
        assert!(!can_be_made(), "one can be made here, and none was");
        let _ = writeln!(std::io::stderr(), "passed over: no cgroup can be made here");
    }
    none
}

/// Whether this machine lets a cgroup be made where this process is, found out by making one.
fn can_be_made() -> bool {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let mounts = read("/proc/self/mountinfo");
    let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "));
    let names = read("/proc/self/cgroup");
    let name = names.lines().find_map(|line| line.strip_prefix("0::/"));
    let (Some(mount), Some(name)) = (mount.and_then(|line| line.split(' ').nth(4)), name) else {
        return false;
    };
    let probe = Path::new(mount)
        .join(name)
        .join(format!("probe-{}", std::process::id()));
    let made = std::fs::create_dir(&probe).is_ok();
    let _ = std::fs::remove_dir(&probe);
    made
}

/// A process with a session, an environment and parents of its own: nothing of the command is left on it.
fn escapee(name: &str) -> String {
    format!(
        "(setsid env -i sh -c 'trap \"\" TERM; echo $$ > {name}; while :; do sleep 0.05; done' >/dev/null 2>&1 &)"
    )
}

#[test]
fn p03_of_two_commands_only_the_escapees_of_the_stopped_one_end() {
    if !in_a_process_of_its_own(
        "cgroups::p03_of_two_commands_only_the_escapees_of_the_stopped_one_end",
    ) {
        return;
    }
    let mut world = World::with("cgroup-two", |settings| {
        settings.grace = Duration::from_millis(200)
    });
    let (first, identity) = world.started(&format!("{}; exec sleep 600", escapee("one")));
    let (second, _) = world.started(&format!("{}; exec sleep 600", escapee("two")));
    let (one, two) = (world.number("one"), world.number("two"));
    if none_here(&identity) {
        return;
    }
    world.stop(first, Urgency::Grace);
    let killed = Exit::Stopped {
        signal: "SIGKILL".into(),
    };
    assert_eq!(world.ended().exit, killed);
    assert!(!lives(one) && lives(two));
    world.stop(second, Urgency::Grace);
    assert_eq!(world.ended().exit, killed);
    assert!(!lives(two));
}

#[test]
fn p08_those_who_multiply_and_hide_end_at_once() {
    if !in_a_process_of_its_own("cgroups::p08_those_who_multiply_and_hide_end_at_once") {
        return;
    }
    let mut world = World::with("cgroup-bomb", |settings| {
        settings.grace = Duration::from_millis(200)
    });
    // Each starts the next, in a session of its own, without environment, and ends; 400 at most wait.
    let script = "cat > bomb <<'END'\ntrap '' TERM\ni=0\nwhile [ $i -lt 400 ]; do setsid env -i sh -c 'trap \"\" TERM; sleep 600' >/dev/null 2>&1 & i=$((i+1)); done\nwait\nEND\necho $$ > ready; exec sh bomb";
    let (id, identity) = world.started(script);
    world.number("ready");
    if none_here(&identity) {
        world.stop(id, Urgency::Kill);
        world.ended();
        return;
    }
    let cgroup = Path::new(identity.cgroup.as_deref().unwrap()).join("cgroup.procs");
    let count = || {
        std::fs::read_to_string(&cgroup)
            .unwrap_or_default()
            .lines()
            .count()
    };
    while count() < 100 {
        std::thread::sleep(Duration::from_millis(5));
    }
    world.stop(id, Urgency::Grace);
    assert_eq!(
        world.ended().exit,
        Exit::Stopped {
            signal: "SIGKILL".into()
        }
    );
    assert_eq!(count(), 0);
}

#[test]
fn p27_an_orphan_that_only_its_cgroup_knows_is_found_and_stopped() {
    if !in_a_process_of_its_own(
        "cgroups::p27_an_orphan_that_only_its_cgroup_knows_is_found_and_stopped",
    ) {
        return;
    }
    let mut world = World::new("cgroup-orphan");
    // It writes to a pipe of its own, as one does that still works; its leader is gone.
    let (_, identity) = world.started(
        "setsid env -i sh -c '(echo $$ > away; while :; do sleep 0.05; done) | cat' >/dev/null 2>&1 & while ! test -s away; do sleep 0.01; done; exec sleep 600",
    );
    let away = world.number("away");
    if none_here(&identity) {
        return;
    }
    let leader = rustix::process::Pid::from_raw(i32::try_from(identity.pid).unwrap()).unwrap();
    let World {
        processes,
        runtime,
        folder,
        ..
    } = &mut world;
    let inside = runtime.enter();
    let mut settings = runbook_host::process::Settings::of_this_program(folder.join("other"));
    settings.gate = vec![crate::world::gate().into(), "__gate".into()];
    settings.grace = Duration::from_millis(200);
    // The engine that started it is gone, and then its leader.
    drop(std::mem::replace(
        processes,
        Processes::begin(settings).unwrap(),
    ));
    drop(inside);
    rustix::process::kill_process(leader, rustix::process::Signal::KILL).unwrap();
    let Found::Alive { processes } = Processes::inspect(&identity) else {
        panic!("it was not found");
    };
    assert!(
        processes
            .iter()
            .any(|shown| shown.contains(&away.to_string())),
        "{processes:?}"
    );
    let id = world.effect();
    world.processes.adopt(id, &identity);
    world.stop(id, Urgency::Grace);
    assert_eq!(
        world.fact(),
        Event::Found {
            effect: id,
            found: Found::Gone,
            printed: String::new(),
        }
    );
    assert!(!lives(away));
}

#[test]
fn cgroups_that_are_empty_go_with_their_engine() {
    let mut world = World::new("cgroup-tidy");
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let (_, identity) = world.started("true");
        if none_here(&identity) {
            return;
        }
        assert_eq!(world.ended().exit, Exit::Code(0));
        seen.insert(identity.cgroup.unwrap());
    }
    assert_eq!(seen.len(), 5, "one each");
    let first = seen.iter().next().unwrap();
    drop(world);
    let (home, name) = first.rsplit_once('/').unwrap();
    let ours = name.rsplit_once('.').unwrap().0;
    let left = || {
        let entries = std::fs::read_dir(home).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(ours)).count()
    };
    for _ in 0..1000 {
        if left() == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{} are left", left());
}

/// A folder that is no cgroup: the kernel refuses to begin a process there.
#[test]
fn without_cgroups_session_group_and_mark_say_who_belongs_to_a_command() {
    for missing in ["", "missing"] {
        let mut world = World::with("cgroup-none", |settings| {
            let folder = settings.output.parent().unwrap().join("mocked");
            std::fs::create_dir_all(&folder).unwrap();
            settings.cgroups = Some(folder.join(missing));
        });
        let (id, identity) = world.started(
            "(setsid sh -c 'echo $$ > away; exec sleep 600 >/dev/null 2>&1' &) ; exec sleep 600",
        );
        assert_eq!(identity.cgroup, None);
        let away = world.number("away");
        world.stop(id, Urgency::Grace);
        assert_eq!(
            world.ended().exit,
            Exit::Stopped {
                signal: "SIGTERM".into()
            }
        );
        assert!(!lives(away));
    }
}
