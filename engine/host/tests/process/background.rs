//! What a background command prints: taken down by a recorder that outlives the engine and knows the secrets.

use std::path::Path;
use std::time::Duration;

use runbook_core::effect::{EffectId, Manner, Run, Urgency};
use runbook_core::event::{Event, Exit};
use runbook_host::process::{Launch, Redactors};

use crate::world::{World, in_a_process_of_its_own, lives, sh};

const CANARY: &str = "hunter2-CANARY/+x";

fn background(world: &mut World, script: &str) -> (EffectId, u32) {
    let id = world.effect();
    let run = Run {
        manner: Manner::Background,
        ..sh(id, script)
    };
    let launch = Launch::of(&run, &world.folder, &[], &mut |_| Err("no secrets".into()));
    let identity = world.processes.admit(id, &run.manner).unwrap();
    let redactors = Redactors {
        secrets: vec![("token".into(), CANARY.into())],
        ..Redactors::default()
    };
    world.processes.open(id, launch.unwrap(), redactors);
    assert_eq!(world.fact(), Event::LeftRunning { effect: id });
    (id, identity.pid)
}

fn wait_for(file: &Path, what: &str) -> String {
    for _ in 0..4000 {
        let text = std::fs::read(file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        if text.contains(what) {
            return text;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{} never held `{what}`", file.display());
}

/// Prints the canary whole, split, and encoded.
fn tells() -> String {
    let (a, b) = CANARY.split_at(5);
    format!(
        "echo '{CANARY}'; printf '{a}'; sleep 0.05; echo '{b}'; printf '%s' '{CANARY}' | base64; printf '%s' '{CANARY}' | od -An -tx1 | tr -d ' \\n'; echo"
    )
}

#[test]
fn what_a_background_command_prints_holds_no_secret_even_after_its_engine_is_gone() {
    let mut world = World::new("recorded");
    let log = world.folder.join("output.1");
    let (_, pid) = background(
        &mut world,
        &format!(
            "{0}; echo first; while ! test -e go; do sleep 0.01; done; {0} >&2; echo last",
            tells()
        ),
    );
    wait_for(&log, "first\n");
    assert!(lives(pid));
    let folder = world.folder.clone();
    // The engine is gone; the folder stays.
    let World {
        processes, runtime, ..
    } = &mut world;
    let _inside = runtime.enter();
    let mut settings = runbook_host::process::Settings::of_this_program(folder.join("other"));
    settings.gate = vec![crate::world::gate().into(), "__gate".into()];
    drop(std::mem::replace(
        processes,
        runbook_host::process::Processes::begin(settings).unwrap(),
    ));
    std::fs::write(folder.join("go"), "").unwrap();
    let text = wait_for(&log, "last\n");
    assert_eq!(text.matches("\u{2039}token\u{203a}").count(), 8, "{text}");
    assert!(
        !text.contains("hunter2") && !text.contains("CANARY"),
        "{text}"
    );
}

#[test]
fn the_end_of_a_background_command_is_in_its_file_when_it_is_reported() {
    let mut world = World::new("recorded-end");
    for round in 0..10 {
        let (id, _) = background(
            &mut world,
            "trap 'echo the end; exit 3' TERM; echo ready; while :; do sleep 0.02; done",
        );
        let log = world.folder.join(format!("output.{}", id.0));
        wait_for(&log, "ready\n");
        world.stop(id, Urgency::Grace);
        let ended = world.ended();
        // The shell may have a word about its own child first.
        let text = ended.output.text;
        assert!(text.ends_with("the end\n"), "round {round}: {text}");
        assert_eq!(
            ended.exit,
            Exit::Stopped {
                signal: "SIGTERM".into()
            }
        );
    }
}

#[test]
fn a_background_command_that_prints_without_end_fills_no_disk() {
    let mut world = World::with("recorded-cap", |settings| settings.cap = 100_000);
    let (id, _) = background(
        &mut world,
        "yes | head -c 5000000; echo done > done; sleep 600",
    );
    let done = world.folder.join("done");
    wait_for(&done, "done");
    world.stop(id, Urgency::Grace);
    let ended = world.ended();
    let log = world.folder.join(format!("output.{}", id.0));
    let length = std::fs::metadata(&log).unwrap().len();
    assert!((100_000..100_100).contains(&length), "{length}");
    assert!(
        ended
            .output
            .text
            .ends_with("it was cut after 100000 bytes]\n")
    );
    assert_eq!(ended.output.flaw.as_deref(), Some("cut after 100000 bytes"));
}

#[test]
fn what_a_background_command_leaves_writes_on() {
    if !in_a_process_of_its_own("background::what_a_background_command_leaves_writes_on") {
        return;
    }
    let mut world = World::new("recorded-left");
    let (id, _) = background(
        &mut world,
        "setsid sh -c 'echo $$ > away; while ! test -e go; do sleep 0.01; done; echo late' & while ! test -s away; do sleep 0.01; done; echo mine",
    );
    let away = world.number("away");
    let ended = world.ended();
    assert_eq!(ended.exit, Exit::Code(0));
    assert!(
        ended.leaked[0].ends_with("goes on running"),
        "{:?}",
        ended.leaked
    );
    assert!(lives(away), "its recorder is there, so it may write");
    std::fs::write(world.folder.join("go"), "").unwrap();
    let log = world.folder.join(format!("output.{}", id.0));
    assert_eq!(wait_for(&log, "late\n"), "mine\nlate\n");
}
