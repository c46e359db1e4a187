use super::*;
use crate::event::Segment;

#[test]
fn output_that_was_not_kept_whole_is_told() {
    let captured = |bytes: u64, segment: Option<u64>, flaw: Option<&str>| Captured {
        text: "abcd".into(),
        bytes,
        segment: segment.map(|length| Segment { offset: 9, length }),
        flaw: flaw.map(str::to_owned),
    };
    let full = Some("the disk is full");
    for (output, told) in [
        (captured(4, None, full), None),
        (
            captured(9, None, full),
            Some("of its output 4 bytes of 9 are kept: the disk is full"),
        ),
        (captured(9, Some(9), full), None),
        (
            captured(9, Some(7), full),
            Some("of its output 7 bytes of 9 are kept: the disk is full"),
        ),
        (captured(9, Some(7), None), None),
    ] {
        assert_eq!(lost(&output).as_deref(), told, "{output:?}");
    }
}

#[test]
fn a_server_that_is_asked_to_end_and_does_is_no_cause_for_alarm() {
    let exits = |code| Ran {
        last: Last {
            exit: Some(code),
            ..Last::default()
        },
        end: RanEnd::Itself,
    };
    let dies = |name: &str| verdict::end(RanEnd::Signal(name.into()));
    let lost = verdict::end(RanEnd::Lost("nobody saw it".into()));
    for (ran, calm) in [
        (exits(0), true),
        (exits(143), true),
        (exits(1), false),
        (dies("SIGTERM"), true),
        (dies("SIGKILL"), false),
        (lost, false),
    ] {
        let told = left_running("./serve", &ran);
        assert_eq!(matches!(told, Notice::Prose { .. }), calm, "{told:?}");
    }
}
