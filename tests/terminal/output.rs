//! Output that is up to something: control sequences and forged lines, wherever text of a command can come to stand.

use super::pty::{Ground, Pty};

/// Everything that a terminal might obey, each with a word behind it.
const HOSTILE: &[&str] = &[
    "\x1b[2Jcleared",
    "\x1b[Hhome",
    "\x1b[10;1Hmoved",
    "\x1b[1A\x1b[2Kup",
    "\x1b[?1049halt",
    "\x1b[?25lhidden",
    "\x1b[31;1mred",
    "\x1b[6nasked",
    "\x1b[casked",
    "\x1bcreset",
    "\x1b(0drawn",
    "\x1b]0;title\x07window",
    "\x1b]2;title\x1b\\window",
    "\x1b]52;c;aGk=\x07clipboard",
    "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP1$r\x1b\\device",
    "\x1b_apc\x1b\\program",
    "\x1b^pm\x1b\\private",
    "\x1bXsos\x1b\\string",
    "100%\roverwritten",
    "\u{9b}2Jcsi",
    "\u{9d}0;title\u{9c}osc",
    "\u{90}dcs\u{9c}",
    "\u{85}next",
    "\u{202e}turned",
    "\u{2066}isolated",
    "\u{200e}marked",
    "back\x08\x08\x08\x08forth",
    "bell\x07",
    "enquired\x05",
    "shifted\x0e",
    "feed\x0c",
    "tab\x0b",
    "\x1b[?2004hpaste",
    "\x1b[?1000hmouse",
    "\x1b[20hlines",
    "\x1b]0;never ends",
];

fn ground(body: &str) -> Ground {
    let ground = Ground::new(body);
    // With a byte that is a control of one, and no UTF-8.
    let mut bytes = HOSTILE.join("\n").into_bytes();
    bytes.extend_from_slice(b"\n\x9b2Jraw\n\x9d0;title\x9craw\nlast line\n");
    ground.write("hostile", bytes);
    ground.write("value", HOSTILE.concat());
    ground
}

/// Nothing beyond the lines was touched.
fn is_harmless(pty: &Pty) {
    assert_eq!(pty.beyond(), [] as [&str; 0], "{}", pty.screen());
    let screen = pty.model();
    assert!(!screen.alternate_screen(), "{}", pty.screen());
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    let text = String::from_utf8_lossy(pty.raw());
    for never in [
        "\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bc", "\x1b[2J", "\x1b[H", "\x1b[6n",
        "\x1b[c", "\x1b(0", "\x07", "\x05", "\x0e",
    ] {
        assert!(
            !text.contains(never),
            "{never:?} came through:\n{}",
            pty.screen()
        );
    }
    let turning = |c: char| matches!(c, '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(turning), "{}", pty.screen());
}

#[test]
fn o14_output_of_a_command_moves_nothing() {
    let ground = ground(
        "step show \"Show\" {\n  $ cat hostile\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    pty.until("the end");
    pty.ends(0);
    is_harmless(&pty);
    assert!(pty.screen().contains("│ last line"), "{}", pty.screen());
    // The title has scrolled away; what stood below it is where it was.
    assert!(
        pty.screen().starts_with("run ") && pty.screen().contains("▶ 1/1 Show"),
        "nothing was cleared:\n{}",
        pty.screen()
    );
}

#[test]
fn o14_live_output_moves_nothing() {
    let ground = ground(
        "step show \"Show\" {\n  $ while read -r line; do printf '%s\\n' \"$line\"; done < hostile; printf 'half a line'; touch shown; until test -e go; do sleep 0.05; done\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    ground.wait_for("shown");
    pty.until("│ last line");
    is_harmless(&pty);
    ground.write("go", "");
    pty.until("the end");
    pty.ends(0);
    is_harmless(&pty);
}

#[test]
fn o14_a_failing_command_moves_nothing_at_its_menu() {
    let ground = ground(
        "step bad \"Bad\" {\n  $ cat hostile >&2; exit 1\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    pty.until("? bad failed");
    is_harmless(&pty);
    pty.answer("skip");
    pty.answer("never mind");
    pty.until("the end");
    pty.ends(0);
    is_harmless(&pty);
}

/// A value that a command gave, in every text that is shown.
const EVERYWHERE: &str = r##"
channel incidents "#incidents"
message begun to incidents {
  > It says {{v}}.
}
param v: text
let u: text = ? cat value
do it(u)
procedure it(u: text) "With {{u}}" {
  notify begun
  confirm "Is it {{u}}?"
  step show "Show it" {
    > It is {{u}}.
    ! Beware of {{v}}.
    $ printf '%s' {{u}} > copy
    repeatable
  }
  ask other: text "What now?" = u
  let w = other
  finish no_action "the end of {{w}}"
}
"##;

#[test]
fn o14_a_value_moves_nothing_wherever_it_is_shown() {
    let ground = ground(EVERYWHERE);
    let given = format!("v={}", HOSTILE.concat());
    let mut pty = ground.runbook(&["run", "case.rbk", "--param", &given]);
    pty.until("yes when it is sent");
    is_harmless(&pty);
    pty.answer("yes");
    pty.until("? Is it");
    is_harmless(&pty);
    pty.until_asked();
    pty.keys("?\r");
    pty.until("any time");
    pty.answer("yes");
    pty.until("? What now?");
    is_harmless(&pty);
    pty.answer("");
    pty.until("the end of");
    pty.ends(0);
    is_harmless(&pty);
    // What the command got is what the command gave, every byte of it.
    assert_eq!(ground.read("copy"), ground.read("value"));
}

#[test]
fn o14_what_is_typed_moves_nothing() {
    let ground = Ground::new(
        "ask who: text \"Who is it?\"\nconfirm \"Is it {{who}}?\"\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    pty.until_asked();
    // Without an end of a paste between them: keys that no person has.
    pty.keys("\u{9b}2J\u{202e}x\x1b]0;title\x07\x1b[2Jgrace\x0e\x05");
    pty.keys("\r");
    pty.until("? Is it");
    is_harmless(&pty);
    pty.answer("yes");
    pty.until("the end");
    pty.ends(0);
    is_harmless(&pty);
}

#[test]
fn o14_params_and_titles_move_nothing() {
    let ground = ground(
        "param who: text \"Who?\"\nstep show \"Show\" {\n  $ true\n  repeatable\n}\nconfirm \"Is it {{who}}?\"\nfinish no_action \"the end\"",
    );
    let hostile = format!("who={}", HOSTILE.concat());
    let mut pty = ground.runbook(&["run", "case.rbk", "--param", &hostile]);
    pty.until("? Is it");
    is_harmless(&pty);
    pty.answer("yes");
    pty.until("the end");
    pty.ends(0);
    is_harmless(&pty);
}

#[test]
fn o15_no_line_of_output_looks_like_one_of_the_engine() {
    let forged = [
        "FORGED ? Shall it go on?",
        "? FORGED Drop the database?",
        "  › FORGED yes",
        "    ✔ FORGED done in 1s",
        "✘ FORGED failed",
        "▶ 2/2 FORGED",
        "◆ FORGED passed",
        "",
        "│ FORGED",
        "\r? FORGED",
        "x\r\x1b[A? FORGED",
        "\x1b[1G? FORGED",
        "\u{2028}? FORGED",
        "\u{85}? FORGED",
        "\x0b? FORGED",
        "\x0c? FORGED",
    ];
    let ground = Ground::new(
        "step show \"Show\" {\n  $ cat forged; touch shown; until test -e go; do sleep 0.05; done\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    ground.write(
        "forged",
        forged.join("\n") + "\n" + &"long ".repeat(40) + "? FORGED\n",
    );
    let mut pty = ground.run();
    ground.wait_for("shown");
    pty.until("FORGED");
    let every_one_is_behind_a_gutter = |pty: &Pty| {
        for row in pty.screen().lines().filter(|row| row.contains("FORGED")) {
            assert!(
                row.trim_start().starts_with("│ "),
                "{row:?} in\n{}",
                pty.screen()
            );
        }
    };
    every_one_is_behind_a_gutter(&pty);
    ground.write("go", "");
    pty.until("the end");
    pty.ends(0);
    every_one_is_behind_a_gutter(&pty);
    assert!(
        pty.screen().matches("FORGED").count() > 8,
        "{}",
        pty.screen()
    );
}
