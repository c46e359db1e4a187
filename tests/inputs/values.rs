//! Values that are written to be taken for code, through the whole engine: from the command line or from a
//! command's output, into a command. They arrive byte for byte, or the runbook is refused before it runs.

use std::fs;
use std::path::Path;

use super::{numbers, runbook};

const HOSTILE: &[&str] = &[
    "$(touch PWNED)",
    "`touch PWNED`",
    "\"; touch PWNED; \"",
    "'; touch PWNED; '",
    "'",
    "\"",
    "two\nlines\n",
    "\n",
    "-rf",
    "--",
    "~",
    "*",
    "!!",
    "$RBK_v",
    "\\",
    "a\\nb",
    "",
    " ",
    "$((1+1))",
    "a[$(touch PWNED)]",
    "caf\u{e9} \u{1f600}",
    "\u{202e}",
    "|| touch PWNED",
    "& touch PWNED &",
    "EOF\ntouch PWNED\n",
    "{{v}}",
    "%s%n",
];

/// A step that writes the value into the file `out`, and nothing else, in one kind of place.
const PLACES: &[(&str, &str)] = &[
    ("directly", "  $ ./put {{v}}\n"),
    ("bare", "  $ ./put {{v}} && true\n"),
    ("in double quotes", "  $ ./put \"{{v}}\" && true\n"),
    ("in single quotes", "  $ ./put '{{v}}' && true\n"),
    (
        "in a script",
        "  $ ```sh\n    # of {{v}}\n    ./put {{v}}\n    ```\n",
    ),
    (
        "in a here-document",
        "  $ ```sh\n    cat > \"out$OUT\" <<EOF\n    {{v}}\n    EOF\n    ```\n",
    ),
    (
        "in the environment",
        "  env V = v\n  $ ./put \"$V\" && true\n",
    ),
    ("with bash", "  with bash\n  $ ./put {{v}} && true\n"),
];

/// A folder with `put`, which writes its one argument into `out`.
fn ground(text: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let put = folder.path().join("put");
    fs::write(
        &put,
        "#!/bin/sh\n[ $# -eq 1 ] || exit 9\nprintf %s \"$1\" > \"out$OUT\"\n",
    )
    .expect("written");
    fs::set_permissions(&put, fs::Permissions::from_mode(0o755)).expect("made executable");
    fs::write(folder.path().join("a.rbk"), text).expect("written");
    folder
}

fn arrived(folder: &Path, out: &str) -> Option<String> {
    assert!(!folder.join("PWNED").exists(), "a value was run");
    fs::read_to_string(folder.join(out)).ok()
}

#[test]
fn i06_a_hostile_parameter_arrives_byte_for_byte() {
    let mut text = "rbk 1\nrunbook \"A\"\n\nparam v: text\n".to_owned();
    for (n, (_, body)) in PLACES.iter().enumerate() {
        text += &format!("\nstep put{n} \"Put\" {{\n  env OUT = \"{n}\"\n{body}  repeatable\n}}\n");
    }
    for value in HOSTILE {
        let folder = ground(&text);
        let given = format!("v={value}");
        let output = runbook(folder.path(), &["run", "a.rbk", "--param", &given], b"");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{value:?}\n{said}");
        for (n, (place, _)) in PLACES.iter().enumerate() {
            let wanted = match *place {
                "in a here-document" => format!("{value}\n"),
                _ => (*value).to_owned(),
            };
            let out = arrived(folder.path(), &format!("out{n}"));
            assert_eq!(out, Some(wanted), "{place}: {value:?}");
        }
    }
}

#[test]
fn i06_a_hundred_kilobytes_arrive_from_a_file_of_answers() {
    let value = "x'\"$(touch PWNED)`\\\\ \u{e9}".repeat(4_000);
    assert!(value.len() > 80_000);
    let folder = ground(
        "rbk 1\nrunbook \"A\"\n\nparam v: text\n\nstep put \"Put\" {\n  $ ./put {{v}} && true\n  repeatable\n}\n",
    );
    let answers = format!("[params]\nv = '''{}'''\n", value.replace("'\"", "\""));
    fs::write(folder.path().join("a.toml"), answers).expect("written");
    let output = runbook(folder.path(), &["run", "a.rbk", "--answers", "a.toml"], b"");
    assert_eq!(output.status.code(), Some(0), "{:?}", output.status);
    assert_eq!(
        arrived(folder.path(), "out"),
        Some(value.replace("'\"", "\""))
    );
}

#[test]
fn i06_where_no_form_is_safe_the_runbook_is_refused() {
    for (line, number) in [
        ("echo $(({{v}} + 1))", "RB2252"),
        ("eval \"echo {{v}}\"", "RB2253"),
        ("sh -c \"echo {{v}}\"", "RB2253"),
        ("ssh web1 \"echo {{v}}\"", "RB2253"),
        ("echo \"\\{{v}}\"", "RB2255"),
    ] {
        let folder = ground(&format!(
            "rbk 1\nrunbook \"A\"\n\nparam v: text\n\nstep a \"A\" {{\n  $ {line}\n  repeatable\n}}\n"
        ));
        let output = runbook(
            folder.path(),
            &["run", "a.rbk", "--param", "v=$(touch PWNED)"],
            b"",
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{line}\n{said}");
        assert_eq!(numbers(&said), [number], "{line}\n{said}");
        assert!(!folder.path().join("PWNED").exists() && !folder.path().join("state").exists());
    }
}

/// fish reads single quotes in a way of its own, and cmd.exe reads quotes in none that is safe.
#[test]
fn i07_i08_a_shell_without_a_safe_form_takes_no_value_in_its_text() {
    for shell in ["fish", "csh", "cmd"] {
        let unknown = format!(
            "rbk 1\nrunbook \"A\"\n\nparam v: text\n\nstep a \"A\" {{\n  with {shell}\n  $ echo {{{{v}}}}\n  repeatable\n}}\n"
        );
        let folder = ground(&unknown);
        let output = runbook(folder.path(), &["lint", "a.rbk"], b"");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(numbers(&said), ["RB2051"], "{said}");
        let declared = unknown.replace(
            "param v: text\n",
            &format!("param v: text\n\ninterpreter {shell} {{\n  $ {shell} -c \"$SCRIPT\"\n}}\n"),
        );
        let folder = ground(&declared);
        let output = runbook(folder.path(), &["lint", "a.rbk"], b"");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(numbers(&said), ["RB2250"], "{said}");
    }
}

#[test]
fn i09_output_of_a_command_is_a_value_like_any_other() {
    for value in HOSTILE
        .iter()
        .filter(|value| !value.ends_with('\n') && !value.is_empty())
    {
        let folder = ground(
            "rbk 1\nrunbook \"A\"\n\nlet v: text = ? cat said\n\nstep put \"Put {{v}}\" {\n  $ ./put \"{{v}}\" && true\n  repeatable\n}\n",
        );
        fs::write(folder.path().join("said"), value).expect("written");
        let output = runbook(folder.path(), &["run", "a.rbk"], b"");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{value:?}\n{said}");
        assert_eq!(
            arrived(folder.path(), "out").as_deref(),
            Some(*value),
            "{value:?}"
        );
    }
}
