//! Files that are no runbook, and what each command says of them: one kind of bad input, one number, one exit
//! code, whichever command it is given to.

mod limits;
mod meaning;
mod values;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const GOOD: &str =
    "rbk 1\nrunbook \"Good\"\n\nstep say \"Say\" {\n  $ echo said > said\n  repeatable\n}\n";

/// What stands under the name.
enum What {
    Nothing,
    Folder,
    Pipe,
    Device,
    Bytes(Vec<u8>),
    /// So many bytes that are not even written.
    Sparse(u64),
}

/// A kind of bad input: its name, what it is, and the number of what is said of it.
fn bad() -> Vec<(&'static str, What, &'static str)> {
    let text = |text: String| What::Bytes(text.into_bytes());
    let good = |from: &str, to: &str| text(GOOD.replace(from, to));
    let deep = format!(
        "rbk 1\nrunbook \"Deep\"\n{}{}",
        "section \"S\" {\n".repeat(10_000),
        "}\n".repeat(10_000)
    );
    let brackets = format!(
        "rbk 1\nrunbook \"Deep\"\nlet a = {}1{}\n",
        "(".repeat(10_000),
        ")".repeat(10_000)
    );
    vec![
        ("missing", What::Nothing, "RB3001"),
        ("folder", What::Folder, "RB3002"),
        ("pipe", What::Pipe, "RB3002"),
        ("device", What::Device, "RB3002"),
        (
            "latin1",
            What::Bytes(b"rbk 1\nrunbook \"caf\xe9\"\n".to_vec()),
            "RB3003",
        ),
        (
            "image",
            What::Bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
            "RB3003",
        ),
        (
            "utf16",
            What::Bytes(b"\xff\xfer\0b\0k\0 \x001\0\n\0".to_vec()),
            "RB3003",
        ),
        ("too large", What::Sparse((256 << 20) + 1), "RB3005"),
        ("empty", text(String::new()), "RB1012"),
        ("blank", text(" \n\t\n".into()), "RB1012"),
        ("mark alone", text("\u{feff}".into()), "RB1012"),
        ("comment alone", text("# later\n".into()), "RB1012"),
        ("half", text(GOOD[..GOOD.len() - 16].to_owned()), "RB1030"),
        ("deep blocks", text(deep), "RB1037"),
        ("deep brackets", text(brackets), "RB1037"),
        ("NUL", good("Say", "S\0y"), "RB1011"),
        ("lone CR", good("Say", "S\ry"), "RB1011"),
        ("escape", good("Say", "S\u{1b}[2Jy"), "RB1011"),
        (
            "turned text",
            good("echo said", "echo \u{202e}dias"),
            "RB1011",
        ),
        ("isolated text", good("Say", "S\u{2066}y"), "RB1011"),
    ]
}

const COMMANDS: &[&[&str]] = &[
    &["run"],
    &["run", "--dry-run"],
    &["run", "--probe"],
    &["run", "--json"],
    &["lint"],
    &["lint", "--json"],
    &["fmt"],
    &["fmt", "--check"],
    &["render"],
];

fn runbook(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    // Whatever waits for ever is a failure here, not a test that hangs.
    let mut child = Command::new("timeout")
        .arg("60")
        .arg(env!("CARGO_BIN_EXE_runbook"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("HOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`timeout` starts");
    // Whoever refuses the input does not read it to its end.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("it ends")
}

/// Every number that is said, in order.
fn numbers(said: &str) -> Vec<String> {
    let pattern = regex_lite::Regex::new(r"\bRB\d{4}\b").expect("a sound pattern");
    let mut found: Vec<String> = pattern
        .find_iter(said)
        .map(|number| number.as_str().to_owned())
        .collect();
    found.dedup();
    found
}

fn place(folder: &Path, what: &What) {
    let path = folder.join("a.rbk");
    match what {
        What::Nothing => {}
        What::Folder => fs::create_dir(path).expect("a folder"),
        What::Pipe => {
            let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
            assert!(made.success());
            let kind = fs::metadata(&path).expect("it is there").file_type();
            assert!(kind.is_fifo());
        }
        What::Device => std::os::unix::fs::symlink("/dev/zero", path).expect("a link"),
        What::Bytes(bytes) => fs::write(path, bytes).expect("a file"),
        What::Sparse(length) => fs::File::create(path)
            .and_then(|file| file.set_len(*length))
            .expect("a file"),
    }
}

#[test]
fn i04_every_command_says_the_same_of_a_bad_file() {
    let mut wrong = Vec::new();
    for (kind, what, number) in bad() {
        for command in COMMANDS {
            let folder = tempfile::tempdir().expect("a folder");
            place(folder.path(), &what);
            let mut arguments = command.to_vec();
            arguments.push("a.rbk");
            let output = runbook(folder.path(), &arguments, b"");
            let said = [output.stdout.as_slice(), b"\n", &output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            if output.status.code() != Some(3) || numbers(&said) != [number] {
                wrong.push(format!("{kind}: {arguments:?}: {}\n{said}", output.status));
            }
            if folder.path().join("state").exists() || folder.path().join("said").exists() {
                wrong.push(format!("{kind}: {arguments:?} began a run"));
            }
            if let What::Bytes(bytes) = &what
                && fs::read(folder.path().join("a.rbk")).ok().as_ref() != Some(bytes)
            {
                wrong.push(format!("{kind}: {arguments:?} changed the file"));
            }
        }
        if let What::Bytes(bytes) = &what {
            let folder = tempfile::tempdir().expect("a folder");
            let output = runbook(folder.path(), &["fmt", "-"], bytes);
            let said = String::from_utf8_lossy(&output.stderr);
            let silent = output.stdout.is_empty();
            if output.status.code() != Some(3) || numbers(&said) != [number] || !silent {
                wrong.push(format!("{kind}: fmt -: {}\n{said}", output.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn i04_other_line_ends_a_byte_order_mark_and_no_final_newline_are_no_mistake() {
    let crlf = GOOD.replace('\n', "\r\n");
    let mark = format!("\u{feff}{GOOD}");
    let cases = [
        &crlf,
        &mark,
        GOOD.trim_end(),
        &format!("\u{feff}{}", crlf.trim_end()),
    ];
    for text in cases {
        let folder = tempfile::tempdir().expect("a folder");
        place(folder.path(), &What::Bytes(text.as_bytes().to_vec()));
        let code = |arguments: &[&str]| runbook(folder.path(), arguments, b"").status.code();
        assert_eq!(
            code(&["lint", "--deny", "error", "a.rbk"]),
            Some(0),
            "{text:?}"
        );
        assert_eq!(code(&["run", "a.rbk"]), Some(0), "{text:?}");
        let said = fs::read_to_string(folder.path().join("said")).expect("the step ran");
        assert_eq!(said, "said\n", "{text:?}");
        assert_eq!(code(&["fmt", "--check", "a.rbk"]), Some(1), "{text:?}");
        assert_eq!(code(&["fmt", "a.rbk"]), Some(0), "{text:?}");
        let formatted = fs::read_to_string(folder.path().join("a.rbk")).expect("a file");
        assert_eq!(formatted, GOOD, "{text:?}");
    }
}
