//! What is long, deep or twisted costs time and memory in proportion, and no more.
//!
//! The system holds the program to it: it may have so much processor time and so much memory, and is killed beyond.

use std::fs;
use std::path::Path;
use std::process::Command;

use runbook_grammar::source::Sources;

/// Seconds of processor time and bytes of memory that a text of [`MUCH`] may take. Code that is not optimised is
/// slow: it is given an eighth of a mebibyte. `just limits` gives a whole one to a release.
const SECONDS: u32 = if cfg!(debug_assertions) { 8 } else { 2 };
const MEMORY: u64 = if cfg!(debug_assertions) {
    192 << 20
} else {
    512 << 20
};
const MUCH: usize = if cfg!(debug_assertions) {
    1 << 17
} else {
    1 << 20
};
const HEAD: &str = "rbk 1\nrunbook \"Large\"\n\n";

/// Text of a mebibyte: a head, as many of one piece as fit, and an end.
fn filled(head: &str, piece: &str, end: &str) -> String {
    let room = MUCH - HEAD.len() - head.len() - end.len();
    format!("{HEAD}{head}{}{end}", piece.repeat(room / piece.len()))
}

fn lint(folder: &Path, name: &str) -> std::process::Output {
    Command::new("prlimit")
        .arg(format!("--cpu={SECONDS}"))
        .arg(format!("--as={MEMORY}"))
        .args([
            "--core=0",
            "--",
            env!("CARGO_BIN_EXE_runbook"),
            "lint",
            "--deny=error",
            name,
        ])
        .current_dir(folder)
        .output()
        .expect("prlimit starts")
}

#[test]
fn i03_no_mebibyte_takes_two_seconds_or_512_mebibytes() {
    let shapes: &[(&str, String)] = &[
        ("letters", filled("", "x", "\n")),
        ("words", filled("", "x ", "\n")),
        ("lines", filled("", "wrong\n", "")),
        ("short lines", filled("", "x\n", "")),
        ("blank lines", filled("", "\n", "")),
        ("opened blocks", filled("", "if a {\n", "")),
        ("closed blocks", filled("", "}\n", "")),
        ("empty blocks", filled("", "if a {\n}\n", "")),
        ("parentheses", filled("let a = ", "(", "1\n")),
        ("closed parentheses", filled("let a = ", "()", "\n")),
        ("brackets", filled("let a = ", "[", "\n")),
        ("mixed brackets", filled("let a = ", "([", "\n")),
        ("calls", filled("let a = ", "f(", "\n")),
        ("indexes", filled("let a = a", "[a", "\n")),
        ("nots", filled("let a = ", "not ", "1\n")),
        ("signs", filled("let a = ", "-", "1\n")),
        ("a long sum", filled("let a = ", "1 + ", "1\n")),
        ("a long comparison", filled("let a = ", "1 < ", "1\n")),
        ("a long and-or", filled("let a = ", "a and b or ", "a\n")),
        ("elses", filled("let a = ", "a else ", "a\n")),
        ("a long list", filled("let a = [", "1, ", "1]\n")),
        ("a list of lists", filled("let a = [", "[1], ", "1]\n")),
        ("a path", filled("let a = a", ".a", "\n")),
        ("quotes", filled("let a = ", "\"", "\n")),
        ("escapes", filled("let a = \"", "\\", "\"\n")),
        ("bad escapes", filled("let a = \"", "\\q", "\"\n")),
        ("holes", filled("let a = \"", "{{a}}", "\"\n")),
        ("opened holes", filled("let a = \"", "{{", "\"\n")),
        (
            "holes in a command",
            filled("step a \"A\" {\n  $ echo ", "{{a}}", "\n}\n"),
        ),
        (
            "dollars",
            filled("step a \"A\" {\n  $ echo \"{{a}}\" ", "$(", "\n}\n"),
        ),
        (
            "quotes in a command",
            filled("step a \"A\" {\n  $ echo {{a}} ", "\"'", "\n}\n"),
        ),
        (
            "here-documents",
            filled(
                "step a \"A\" {\n  $ ```\n",
                "  cat <<E {{a}}\n",
                "  ```\n}\n",
            ),
        ),
        ("ticks", filled("step a \"A\" {\n  $ ", "`", "\n}\n")),
        ("fences", filled("step a \"A\" {\n", "  $ ```\n", "}\n")),
        ("steps without a name", filled("", "step\n", "")),
        ("steps of one name", filled("", "step a \"A\"\n", "")),
        (
            "attempts",
            filled("", "attempt a \"A\" {\n} otherwise {\n}\n", ""),
        ),
        ("otherwises", filled("", "} otherwise {\n", "")),
        (
            "rows",
            filled("matrix m(a: number) -> (b: text) {\n", "| 1 | 2 |\n", "}\n"),
        ),
        (
            "cells",
            filled("matrix m(a: number) -> (b: text) {\n", "|", "\n}\n"),
        ),
        (
            "clauses",
            filled("step a \"A\" {\n  retry 3 ", "every 5s ", "\n}\n"),
        ),
        ("comments", filled("", "# x\n", "")),
        ("comments on a line", filled("let a = 1 ", "# ", "\n")),
        (
            "items",
            filled("checkpoint a \"A\" {\n", "  - [ ] x\n", "}\n"),
        ),
        (
            "one item",
            filled("checkpoint a \"A\" {\n  - [ ] x\n", "      y\n", "}\n"),
        ),
        ("prose", filled("", "> x\n", "")),
        (
            "goes on",
            filled("step a \"A\" {\n  $ a \\\n", "b \\\n", "c\n}\n"),
        ),
        ("carriage returns", filled("", "\r", "\n")),
        ("NULs", filled("", "\0", "\n")),
        ("byte order marks", filled("", "\u{feff}", "\n")),
        ("of many bytes", filled("", "\u{1f600}", "\n")),
        ("turned", filled("", "\u{202e}", "\n")),
        ("unknown names", filled("let a = [", "b, ", "1]\n")),
        ("params", filled("", "param a: text\n", "")),
        ("uses", filled("", "use \"./a.rbk\" as a\n", "")),
        ("unknown uses", filled("", "use std.x\n", "")),
        ("procedures", filled("", "procedure p() {\n}\n", "")),
        ("calls of nothing", filled("", "do p()\n", "")),
        ("digits", filled("let a = ", "9", "\n")),
        ("units", filled("let a = ", "9s", "\n")),
        ("dots", filled("let a = 1", ".", "\n")),
        ("ranges", filled("let a = 1", "..1", "\n")),
        (
            "commands",
            filled("step a \"A\" {\n", "  $ rm -r x\n", "}\n"),
        ),
        (
            "looks",
            filled("step a \"A\" {\n", "  ? rm -rf x | cat\n", "}\n"),
        ),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = Vec::new();
    for (shape, text) in shapes {
        fs::write(folder.path().join("a.rbk"), text).expect("written");
        let output = lint(folder.path(), "a.rbk");
        if !matches!(output.status.code(), Some(0 | 3)) {
            let said = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!(
                "{shape}: {}\n{}",
                output.status,
                said.lines().take(3).collect::<String>()
            ));
        }
        if String::from_utf8_lossy(&output.stderr).contains("RB1038") {
            wrong.push(format!("{shape}: too complex"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The limits do hold: what takes longer and more is stopped.
    let spent = Command::new("prlimit")
        .args([
            "--cpu=1",
            "--core=0",
            "--",
            "sh",
            "-c",
            "while :; do :; done",
        ])
        .status()
        .expect("prlimit starts");
    assert!(!spent.success(), "a limit of processor time limits nothing");
}

/// Texts that make a grammar which tries everything try it again and again: a few bytes are enough for minutes.
#[test]
fn i03_what_is_twisted_is_read_in_one_go() {
    let twist =
        |open: &str, close: &str, n: usize| format!("{}a{}", open.repeat(n), close.repeat(n));
    for n in [8, 16, 24, 40, 60] {
        for text in [
            twist("(", ")", n),
            twist("(", "", n),
            twist("[", "]", n),
            twist("[(", ")]", n / 2),
            twist("(a + ", ")", n),
            twist("(a < ", ")", n),
            twist("f(", ")", n),
            twist("(not ", ")", n),
            twist("a[", "]", n),
            twist("(\"{{a}}\" + ", ")", n),
            twist("(a else ", ")", n),
            twist("(1..", ")", n),
            twist("[a, ", "]", n),
            twist("(- ", ")", n),
        ] {
            for head in ["let x = ", "expect ", "if ", "let x: text = ", "do f("] {
                let mut sources = Sources::default();
                let id = sources.add("a.rbk", format!("{HEAD}{head}{text}\n"));
                let (_, told) = runbook_grammar::parse(sources.get(id));
                assert!(
                    told.iter().all(|mistake| mistake.code.0 != 1038),
                    "{head}{text}"
                );
            }
        }
    }
}

/// A tree is dropped without going down into it: what is long is no deep tree, and what is deep is refused.
#[test]
fn i02_the_longest_and_deepest_tree_is_made_and_dropped_on_a_small_stack() {
    let mut texts = Vec::new();
    let deep = runbook_grammar::ast::MAX_DEPTH - 2;
    for n in [deep, 40_000] {
        texts.push(format!(
            "{HEAD}let a = {}1{}\n",
            "(".repeat(n),
            ")".repeat(n)
        ));
        texts.push(format!(
            "{HEAD}{}{}",
            "section \"S\" {\n".repeat(n),
            "}\n".repeat(n)
        ));
        texts.push(format!("{HEAD}let a = {}1\n", "not ".repeat(n)));
        texts.push(format!("{HEAD}let a = 1{}\n", " + 1".repeat(n)));
        texts.push(format!("{HEAD}let a = a{}\n", " else a".repeat(n)));
        texts.push(format!("{HEAD}let a = a{}\n", ".b".repeat(n)));
        texts.push(format!(
            "{HEAD}if a {{\n}}{}\n",
            " else if a {\n}".repeat(n)
        ));
    }
    for text in texts {
        let head: String = text.chars().skip(HEAD.len()).take(30).collect();
        let thread = std::thread::Builder::new().stack_size(if cfg!(debug_assertions) {
            2 << 20
        } else {
            512 << 10
        });
        let dropped = thread
            .spawn(move || {
                let mut sources = Sources::default();
                let id = sources.add("a.rbk", text);
                let (file, told) = runbook_grammar::parse(sources.get(id));
                let stmts = file.body.len();
                drop(file);
                (stmts, told.len())
            })
            .expect("a thread")
            .join();
        assert!(dropped.is_ok(), "{head}");
    }
}
