//! How a command ends, and what is kept of what it said.

use runbook_core::effect::{EnvValue, Program, RunInterpreter};
use runbook_core::event::Exit;
use runbook_plan::command::Strictness;
use runbook_plan::ids::InterpreterId;

use crate::world::{World, direct, in_a_process_of_its_own, run, sh};

#[test]
fn a_command_runs_and_says_what_it_says() {
    let mut world = World::new("says");
    let ended = world.sh("echo out; echo err >&2; exit 3");
    assert_eq!(ended.exit, Exit::Code(3));
    assert_eq!(ended.output.text, "out\n");
    assert_eq!(ended.stderr.text, "err\n");
    assert_eq!(String::from_utf8_lossy(&world.seen), "out\nerr\n");
    assert_eq!(ended.leaked, Vec::<String>::new());
}

#[test]
fn a_gate_that_waits_is_used_and_its_identity_is_the_commands() {
    let mut world = World::new("ahead");
    world.processes.prepare(1);
    let (_, identity) = world.started("echo $$; cut -d' ' -f22 /proc/$$/stat");
    let ended = world.ended();
    assert_eq!(
        ended.output.text,
        format!("{}\n{}\n", identity.pid, identity.start_time)
    );
}

#[test]
fn s07_the_environment_is_what_was_given() {
    let mut world = World::new("env");
    let id = world.effect();
    let mut run = direct(id, &["env"]);
    run.env = vec![("GIVEN".into(), EnvValue::Text("a 'b' $(c)\nd".into()))];
    world.start(run);
    let text = world.ended().output.text;
    assert!(text.contains("GIVEN=a 'b' $(c)\nd\n"), "{text}");
    // Cargo sets this for every test.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!text.contains("CARGO"), "{text}");
    assert!(text.contains("PATH="), "{text}");
}

#[test]
fn p16_every_byte_is_kept_and_flagged() {
    let mut world = World::new("bytes");
    let ended = world.sh("for i in 0 1 2 3; do printf '\\000\\377\\200\\001'; done");
    assert_eq!(ended.output.bytes, 16);
    assert_eq!(ended.output.flaw.as_deref(), Some("not UTF-8"));
    assert_eq!(world.seen, b"\x00\xff\x80\x01".repeat(4));
}

#[test]
fn p17_a_character_written_in_two_pieces_is_whole() {
    let mut world = World::new("pieces");
    let ended = world.sh("printf '\\303'; sleep 0.1; printf '\\274'");
    assert_eq!(ended.output.text, "ü");
    assert_eq!(ended.output.flaw, None);
}

#[test]
fn p18_every_kind_of_end_has_its_own_name() {
    let mut world = World::new("kinds");
    assert_eq!(world.sh("no-such-program-here").exit, Exit::Code(127));
    assert_eq!(world.sh("/etc").exit, Exit::Code(126));
    // The number by which a gate says that nothing ran is a number like any other for a command.
    assert_eq!(world.sh("exit 111").exit, Exit::Code(111));
    assert_eq!(
        world.sh("kill -TERM $$").exit,
        Exit::Signal("SIGTERM".into())
    );
    assert_eq!(
        world.sh("kill -SEGV $$").exit,
        Exit::Signal("SIGSEGV".into())
    );
    assert_eq!(
        world.sh("kill -KILL $$").exit,
        Exit::Signal("SIGKILL".into())
    );
}

#[test]
fn p19_what_cannot_be_executed_never_ran() {
    let mut world = World::new("cannot");
    let id = world.effect();
    let why = world.not_started(direct(id, &["no-such-program-here", "x"]));
    assert_eq!(why, "`no-such-program-here` is not found on the PATH");

    let file = world.folder.join("text");
    std::fs::write(&file, "no program").unwrap();
    let id = world.effect();
    let why = world.not_started(direct(id, &[file.to_str().unwrap()]));
    assert!(
        why.ends_with("may not be executed: permission denied"),
        "{why}"
    );

    let id = world.effect();
    let why = world.not_started(direct(id, &["true", &"x".repeat(200_000)]));
    assert_eq!(
        why,
        "its arguments and environment are larger than the system takes"
    );

    let id = world.effect();
    let mut run = sh(id, "true");
    run.dir = Some("nowhere".into());
    let why = world.not_started(run);
    assert!(why.ends_with("nowhere` does not exist"), "{why}");

    let id = world.effect();
    let why = world.not_started(direct(id, &["echo", "a\0b"]));
    assert_eq!(why, "one of its arguments holds a NUL byte");
}

#[test]
fn p21_a_left_side_that_is_cut_off_is_no_failure() {
    let mut world = World::new("cut");
    let ended = world.sh("yes | head -n 1");
    assert_eq!(
        (ended.exit, ended.output.text.as_str()),
        (Exit::Code(0), "y\n")
    );
}

#[test]
fn a_fence_stops_at_its_first_failure() {
    let mut world = World::new("strict");
    for (interpreter, script) in [
        (RunInterpreter::Sh, "false\necho on"),
        (RunInterpreter::Sh, "echo $unset\necho on"),
        (RunInterpreter::Bash, "false | true\necho on"),
    ] {
        let id = world.effect();
        world.start(run(
            id,
            Program::Script {
                interpreter,
                text: script.into(),
                strict: Strictness::StopAtFirstFailure,
            },
        ));
        let ended = world.ended();
        assert_ne!(ended.exit, Exit::Code(0), "{script}");
        assert_eq!(ended.output.text, "", "{script}");
    }
}

#[test]
fn a_script_of_any_length_arrives() {
    let mut world = World::new("long-script");
    let long = format!("# {}\necho arrived", "x".repeat(300_000));
    assert_eq!(world.sh(&long).output.text, "arrived\n");

    let id = world.effect();
    let cat = Program::Direct(vec!["cat".into()]);
    world.start(run(
        id,
        Program::Script {
            interpreter: RunInterpreter::Declared(InterpreterId(0), Box::new(cat)),
            text: "select 1;\n".into(),
            strict: Strictness::StopAtFirstFailure,
        },
    ));
    assert_eq!(world.ended().output.text, "select 1;\n");
}

#[test]
fn an_interpreter_that_needs_a_shell_gets_one() {
    let mut world = World::new("shell-interpreter");
    let id = world.effect();
    let program = Program::Script {
        interpreter: RunInterpreter::Sh,
        text: "tr a-z A-Z | sed \"s/^/$0: /\"".into(),
        strict: Strictness::AsTyped,
    };
    world.start(run(
        id,
        Program::Script {
            interpreter: RunInterpreter::Declared(InterpreterId(0), Box::new(program)),
            text: "select 1;\n".into(),
            strict: Strictness::StopAtFirstFailure,
        },
    ));
    assert_eq!(world.ended().output.text, "sh: SELECT 1;\n");
}

#[test]
fn p14_memory_is_flat_whatever_the_size() {
    if !in_a_process_of_its_own("ends::p14_memory_is_flat_whatever_the_size") {
        return;
    }
    let mut world = World::with("flat", |settings| settings.cap = 64 << 20);
    let ended = world.sh("head -c 1073741824 /dev/zero");
    assert_eq!(ended.output.bytes, 1 << 30);
    assert_eq!(ended.output.flaw.as_deref(), Some("cut after 64 MiB"));
    assert_eq!(ended.output.segment.unwrap().length, 64 << 20);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(peak < 64 * 1024, "peak {peak} KiB");
}

#[test]
fn p15_a_line_without_end_is_kept_whole_on_disk() {
    let mut world = World::new("line");
    let ended = world.sh("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last");
    let segment = ended.output.segment.unwrap();
    assert_eq!(segment.length, 3_000_006);
    assert_eq!(ended.output.text, "last\n");
    assert_eq!(ended.output.flaw, None);
}
