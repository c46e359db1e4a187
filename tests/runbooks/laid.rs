//! A ground that `practice lay` has laid, as somebody who tries a runbook by hand has it.

use crate::practice::{practice_program, text};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

pub struct Laid {
    folder: tempfile::TempDir,
}

impl Laid {
    /// Lays the ground of a runbook in a folder of its own.
    pub fn lay(name: &str) -> Laid {
        Laid::lay_if_installed(name, &[]).expect("installed")
    }

    /// The same, with these variables, where what it needs is installed; in CI that is so.
    pub fn lay_if_installed(name: &str, env: &[(&str, &str)]) -> Option<Laid> {
        let folder = tempfile::tempdir().expect("a folder");
        let laid = Laid { folder };
        let out = Command::new(practice_program())
            .arg("--ground")
            .arg(laid.path())
            .args(["lay", name])
            .env("RUNBOOK", env!("CARGO_BIN_EXE_runbook"))
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("practice starts");
        if out.status.code() == Some(77) && std::env::var_os("CI").is_none() {
            let _ = writeln!(std::io::stderr(), "passed over: {}", text(&out));
            return None;
        }
        assert!(out.status.success(), "{}", text(&out));
        Some(laid)
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("ground")
    }

    /// What a file of the ground holds; empty where there is none.
    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// One of the ground's own programs, with nobody at the terminal.
    pub fn program(&self, name: &str, args: &[&str]) -> Output {
        Command::new(self.path().join(name))
            .args(args)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// One of the ground's own programs, which has to go well; what it prints.
    pub fn does(&self, name: &str, args: &[&str]) -> String {
        let out = self.program(name, args);
        assert!(out.status.success(), "{name} {args:?}: {}", text(&out));
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// A line of shell with the ground's tools, which has to go well; what it prints.
    pub fn sh(&self, line: &str) -> String {
        let out = Command::new("sh")
            .args(["-euc", line])
            .current_dir(self.path())
            .env("HOME", self.path().join("home"))
            .env(
                "PATH",
                format!(
                    "{}:{}",
                    self.path().join("bin").display(),
                    std::env::var("PATH").unwrap_or_default()
                ),
            )
            .stdin(Stdio::null())
            .output()
            .expect("sh starts");
        assert!(out.status.success(), "{line}: {}", text(&out));
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// `./rollback` with these answers, as TOML, and these params.
    pub fn rolls_back(&self, answers: &str, params: &[&str]) -> Output {
        let file = self.path().join("answers.toml");
        fs::write(&file, answers).expect("written");
        let file = file.display().to_string();
        let mut args = vec!["--answers", &file];
        for param in params {
            args.extend(["--param", param]);
        }
        self.program("rollback", &args)
    }

    /// `./rollback` with the answers that the ground keeps in this file.
    pub fn answers_itself(&self, answers: &str, args: &[&str]) -> Output {
        let file = self.path().join(answers).display().to_string();
        let mut all = vec!["--answers", &file];
        all.extend(args);
        self.program("rollback", &all)
    }

    /// What every tool of the ground was asked, a call a line.
    pub fn calls(&self) -> String {
        self.file("home/.stand-ins/calls")
    }
}

impl Drop for Laid {
    fn drop(&mut self) {
        if self.path().join("stop").exists() {
            self.program("stop", &[]);
        }
    }
}

/// The run ended with this exit code, and every answer of the list was asked for.
pub fn ends(out: &Output, code: i32) -> String {
    let said = text(out);
    assert_eq!(out.status.code(), Some(code), "{said}");
    said
}
