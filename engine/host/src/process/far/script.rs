//! What goes to the other machine over standard input: the values of one command, then the same text for all.
//!
//! Its `/bin/sh` is told to read from standard input, and is sent one line. Only once the answer to that is there it is
//! sent the rest, as the body of one function: what is cut off on the way is no function, and does nothing.
//!
//! A value is written between single quotes, which no shell of this family reads anything in, and goes into the
//! environment of the command. It comes into no list of arguments, here or there, unless the runbook put it there.

use std::fmt::Write;

use crate::process::{Door, Line, Script};

const OVER_THERE: &str = include_str!("over_there.sh");

/// The longest script that is given as an argument; a longer one is read from a descriptor.
const LONG_SCRIPT: usize = 100 * 1024;

/// What a command is known by on the other machine: the same for a run's command on every machine and at every
/// resume.
pub fn key(run: &str, effect: u64) -> String {
    format!("{run}.{effect}")
}

/// Whether the other machine keeps a record of a command, for an engine that loses sight of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    Kept,
    None,
}

/// A command for the other machine.
pub(super) struct Order<'a> {
    pub nonce: &'a str,
    pub key: &'a str,
    pub record: Record,
    /// Seconds between two ticks.
    pub tick: u64,
    pub dir: &'a str,
    pub line: &'a Line,
    pub env: &'a [(String, String)],
}

/// The first line, whose answer shows that the shell is there and reads.
pub(super) fn hello(nonce: &str) -> String {
    format!("printf '\\036%s hello\\036' {}\n", quoted(nonce))
}

/// Everything after it.
pub(super) fn order(order: &Order<'_>) -> String {
    let mut text = String::from("rb_all() {\n");
    values(&mut text, order);
    whole(text, "rb_main")
}

/// Asks what became of a command.
pub(super) fn inquiry(nonce: &str, key: &str) -> String {
    let mut text = String::from("rb_all() {\n");
    let _ = writeln!(text, "rb_n={} rb_k={}", quoted(nonce), quoted(key));
    whole(text, "rb_inquire")
}

/// Lays a command down that a second connection, with the terminal, runs by its name.
pub(super) fn deposit(order: &Order<'_>) -> String {
    let mut there = String::from("rm -f -- \"$0\"\nunset CDPATH\n");
    values(&mut there, order);
    there += "cd -- \"$HOME\" || exit 1\n";
    if !order.dir.is_empty() {
        there += "cd -- \"$rb_dir\" || exit 1\n";
    }
    there += "rb_s=\nrb_env\nexec 4>/dev/null\nrb_begin\n";
    let mut text = String::from("rb_all() {\n");
    let _ = writeln!(
        text,
        "rb_n={} rb_k={}\nrb_there={}",
        quoted(order.nonce),
        quoted(order.key),
        quoted(&there)
    );
    whole(text, "rb_deposit \"$rb_there\"")
}

/// Where a second connection finds what was laid down, below the home there.
pub(super) fn deposited(key: &str) -> String {
    format!(".local/state/runbook/remote/{key}.sh")
}

fn whole(mut text: String, does: &str) -> String {
    for line in OVER_THERE.lines() {
        let line = line.trim_start();
        if !line.is_empty() && !line.starts_with('#') {
            text += line;
            text.push('\n');
        }
    }
    let _ = write!(text, "{does}\n}}\nrb_all\n");
    text
}

fn values(text: &mut String, order: &Order<'_>) {
    let record = match order.record {
        Record::Kept => "yes",
        Record::None => "no",
    };
    let program = order
        .line
        .words
        .first()
        .map(|word| word.to_string_lossy())
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "rb_n={} rb_k={} rb_keep={record} rb_t={} rb_dir={} rb_prog={}\nrb_env() {{\n:",
        quoted(order.nonce),
        quoted(order.key),
        order.tick.max(1),
        quoted(order.dir),
        quoted(&program),
    );
    for (name, value) in order.env {
        let _ = writeln!(text, "export {name}={}", quoted(value));
    }
    // The shell in between tells its number, which is the command's own from then on.
    text.push_str("}\nrb_begin() {\nexec /bin/sh -c 'printf \"pid %s\\n\" \"$$\" >&4; exec 4>&-; exec \"$@\"' sh $rb_s");
    let mut words: Vec<String> = order
        .line
        .words
        .iter()
        .map(|word| quoted(&word.to_string_lossy()))
        .collect();
    let mut here = None;
    match &order.line.script {
        None => {}
        Some(Script {
            text: script,
            by: Door::Argument,
        }) if script.len() <= LONG_SCRIPT => words.push(quoted(script)),
        Some(Script {
            text: script,
            by: Door::Argument,
        }) => {
            // In the place of `-c TEXT`.
            words.pop();
            words.push("/dev/fd/9".into());
            here = Some((9, script));
        }
        Some(Script {
            text: script,
            by: Door::Input,
        }) => here = Some((0, script)),
    }
    for word in words {
        text.push(' ');
        text.push_str(&word);
    }
    match here {
        None => text.push('\n'),
        Some((descriptor, script)) => {
            // No line of a script is the nonce.
            let end = format!("rb_{}", order.nonce);
            let _ = write!(text, " {descriptor}<<'{end}'\n{script}");
            if !script.ends_with('\n') {
                text.push('\n');
            }
            let _ = writeln!(text, "{end}");
        }
    }
    text.push_str("}\n");
}

/// One word of a shell, whatever it holds.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
