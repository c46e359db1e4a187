//! The program from outside: what is typed, what comes back on both streams, and the exit code.
//!
//! A case is a file `tests/cli/NAME.sh`, a line a command, run by `sh` in an empty folder of its own with `runbook`
//! on the path and the state home inside it. The snapshot holds the whole exchange.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder of its own for one case, with what its commands see of the world.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        World {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Runs a line and writes what came of it.
    fn run(&self, line: &str, story: &mut String) {
        let program = Path::new(env!("CARGO_BIN_EXE_runbook"));
        let programs = program.parent().expect("the binary lies in a folder");
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()),
            )
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("USER", "ada")
            .envs(crate::counted())
            .env("CASES", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"))
            .output()
            .expect("sh starts");
        let _ = writeln!(story, "$ {line}");
        for (stream, bytes) in [("", &output.stdout), ("! ", &output.stderr)] {
            for text in self.steady(&String::from_utf8_lossy(bytes)).lines() {
                let _ = writeln!(story, "{}", format!("{stream}{text}").trim_end());
            }
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => drop(writeln!(story, "[exit {code}]")),
            None => drop(writeln!(story, "[{}]", output.status)),
        }
        story.push('\n');
    }

    /// The text without what differs from run to run: folders, identifiers, times.
    fn steady(&self, text: &str) -> String {
        let text = text.replace(&self.folder.path().display().to_string(), "~");
        let text = text.replace(env!("CARGO_MANIFEST_DIR"), "<repository>");
        let me = Command::new("id").arg("-un").output().expect("id starts");
        let me = String::from_utf8_lossy(&me.stdout).trim().to_owned();
        let mut steady = regex_lite::Regex::new(&format!(
            r#"(· |\bby +|"by":"){}\b"#,
            regex_lite::escape(&me)
        ))
        .expect("a sound pattern")
        .replace_all(&text, "${1}<me>")
        .into_owned();
        for (pattern, stand_in) in [
            (
                r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
                "<run>",
            ),
            (r"\b[0-9a-f]{8}-[0-9a-f]{4}\b", "<run>"),
            (
                r"in a (cgroup|session) of its own",
                "in a <place> of its own",
            ),
            (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?", "<time>"),
            (r"\b1[5-9]\d{11}\b", "<time>"),
            (r"\b\d+\.\ds\b", "<span>"),
            (r#""elapsed_ms":\d+"#, "\"elapsed_ms\":<span>"),
        ] {
            steady = regex_lite::Regex::new(pattern)
                .expect("a sound pattern")
                .replace_all(&steady, stand_in)
                .into_owned();
        }
        steady
    }
}

#[test]
fn the_program_says_what_the_cases_say() {
    insta::glob!("cli/*.sh", |path: &Path| {
        let path: PathBuf = path.to_owned();
        let world = World::new();
        let mut story = String::new();
        let case = std::fs::read_to_string(&path).expect("a case is readable");
        for line in case
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            world.run(line, &mut story);
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "cli" }, {
            insta::assert_snapshot!("case", story);
        });
    });
}
