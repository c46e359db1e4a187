//! Every signal and event at every kind of question: what happens, what the exit code is, that the terminal is as
//! it was found, that nothing was answered, and that `runbook resume` asks again and goes on.

use rustix::process::Signal;

use super::kinds::{Kind, of_every_kind};
use super::pty::{Ground, Pty};

/// An event at a place to type, and the exit code it leads to.
fn parks(event: impl Fn(&mut Pty) + Sync, code: i32) {
    of_every_kind(|kind| {
        let (ground, mut pty) = kind.asked();
        event(&mut pty);
        pty.ends(code);
        is_parked(kind, &ground);
        kind.resume(&ground);
    });
}

/// The run waits to be resumed, and its question is open.
fn is_parked(kind: &Kind, ground: &Ground) {
    let (list, code) = ground.plainly(&["runs"]);
    assert_eq!(code, 0);
    assert!(list.contains("parked"), "{}: {list}", kind.name);
}

#[test]
fn o04_sigterm_at_a_question_parks_and_exits_143() {
    parks(|pty| pty.signal(Signal::TERM), 143);
}

#[test]
fn o04_sighup_at_a_question_parks_and_exits_129() {
    parks(|pty| pty.signal(Signal::HUP), 129);
}

#[test]
fn o04_sigquit_at_a_question_parks_and_exits_131() {
    parks(|pty| pty.signal(Signal::QUIT), 131);
}

#[test]
fn o04_the_key_of_sigquit_at_a_question_parks() {
    parks(|pty| pty.keys(b"\x1c"), 131);
}

#[test]
fn o03_two_interrupts_at_a_question_park() {
    of_every_kind(|kind| {
        let (ground, mut pty) = kind.asked();
        if kind.name != "interrupted" {
            pty.keys(b"\x03");
            pty.until("go on with the run");
            pty.until_asked();
        }
        pty.keys(b"\x03");
        pty.ends(75);
        is_parked(kind, &ground);
        kind.resume(&ground);
    });
}
