//! Commands that get the terminal, and those that must not: each test runs again in a terminal of its own.

use runbook_core::effect::Manner;
use runbook_core::event::Exit;
use runbook_host::os::begin_engine;

use crate::world::{World, in_a_terminal, sh};

#[test]
fn an_interactive_command_has_the_terminal_and_gives_it_back_as_it_was() {
    if !in_a_terminal(
        "terminal::an_interactive_command_has_the_terminal_and_gives_it_back_as_it_was",
    ) {
        return;
    }
    begin_engine().unwrap();
    let tty = std::fs::File::open("/dev/tty").unwrap();
    let before = rustix::termios::tcgetattr(&tty).unwrap();
    let mut world = World::new("interactive");
    let id = world.effect();
    // Its group is the terminal's, it may change the terminal, and being suspended does not end the run.
    let mut run = sh(
        id,
        "test -t 0 && test -t 1 && test -t 2 || exit 2
        printf . >&0 || exit 6
        test $(ps -o tpgid= -p $$) -eq $$ || exit 3
        stty -echo raw || exit 4
        kill -TSTP $$
        stty -a | grep -q -- -echo || exit 5",
    );
    run.manner = Manner::Interactive;
    world.start(run);
    assert_eq!(world.ended().exit, Exit::Code(0));
    let after = rustix::termios::tcgetattr(&tty).unwrap();
    assert_eq!(after.local_modes, before.local_modes);
    assert_eq!(after.input_modes, before.input_modes);
    let front = rustix::termios::tcgetpgrp(&tty).unwrap();
    assert_eq!(front, rustix::process::getpgrp());
}

#[test]
fn p13_an_interactive_shell_in_a_plain_command_steals_nothing() {
    if !in_a_terminal("terminal::p13_an_interactive_shell_in_a_plain_command_steals_nothing") {
        return;
    }
    begin_engine().unwrap();
    let tty = std::fs::File::open("/dev/tty").unwrap();
    let mut world = World::new("p13");
    let ended = world.sh("bash -ic 'echo fine; exit 6'");
    assert_eq!(
        (ended.exit, ended.output.text.as_str()),
        (Exit::Code(6), "fine\n")
    );
    let front = rustix::termios::tcgetpgrp(&tty).unwrap();
    assert_eq!(front, rustix::process::getpgrp());
    // And the engine may still write to its terminal from where it is.
    rustix::io::write(
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/tty")
            .unwrap(),
        b"here\n",
    )
    .unwrap();
}

#[test]
fn p10_even_where_the_engine_has_a_terminal_a_command_has_none() {
    if !in_a_terminal("terminal::p10_even_where_the_engine_has_a_terminal_a_command_has_none") {
        return;
    }
    let mut world = World::new("p10-terminal");
    let ended = world.sh("read x </dev/tty");
    assert_ne!(ended.exit, Exit::Code(0));
    assert!(
        ended.stderr.text.contains("/dev/tty"),
        "{}",
        ended.stderr.text
    );
}
