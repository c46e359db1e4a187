//! What a command is started with, once every value is in its place.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runbook_core::effect::{EnvValue, Manner, Program, Remote, Role, Run, RunInterpreter};
use runbook_plan::command::{Mark, Strictness};

use super::far::{self, Far};

/// Everything the gate needs to become the command. It goes over a socket, never over a command line.
#[derive(Clone, PartialEq)]
pub struct Launch {
    pub line: Line,
    /// Absolute.
    pub dir: PathBuf,
    /// The whole environment, in order; of one name the last counts.
    pub env: Vec<(OsString, OsString)>,
    pub manner: Manner,
    pub keep: Keep,
    /// Where it runs on another machine; `line`, `dir` and `env` are those of `ssh` then.
    pub far: Option<Far>,
}

/// What is executed.
#[derive(Clone, PartialEq)]
pub struct Line {
    /// The program and its arguments.
    pub words: Vec<OsString>,
    pub script: Option<Script>,
}

/// A script's text and how it reaches its interpreter.
#[derive(Clone, PartialEq)]
pub struct Script {
    pub text: String,
    pub by: Door,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// As the last argument; through a file in memory where it is too long for one.
    Argument,
    /// On standard input.
    Input,
}

/// How much of the output the fact of its end carries in `Captured::text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of it up to 4 KiB, else the last lines of it.
    Tail,
    /// All of it up to 1 MiB, because it becomes a value; longer is a flaw.
    Whole,
}

/// What the environment of every command begins with, where the engine's own has it, and every `LC_*`.
pub const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "TZ",
    "TERM",
    "TMPDIR",
    "SSH_AUTH_SOCK",
];

impl Launch {
    /// A launch of `run` on another machine, where it is known by `key`. Of the engine's environment nothing goes there.
    /// `beat` is the time between two signs of life; the rest is as for [`Launch::of`].
    pub fn over_there(
        run: &Run,
        on: &Remote,
        key: &str,
        beat: Duration,
        directory: &Path,
        resolve: &mut dyn FnMut(&EnvValue) -> Result<String, String>,
    ) -> Result<Launch, String> {
        let line = line(chosen(run)?)?;
        let env = run
            .env
            .iter()
            .map(|(name, value)| Ok((name.clone(), value_of(name, value, resolve)?)))
            .collect::<Result<Vec<_>, String>>()?;
        let far = far::far(&far::Wanted {
            name: &on.name,
            address: &on.address,
            key,
            record: match run.mark {
                Mark::Act => far::Record::Kept,
                Mark::Look => far::Record::None,
            },
            dir: run.dir.as_deref().unwrap_or_default(),
            line: &line,
            env: &env,
            manner: &run.manner,
            beat: beat.as_secs().max(1),
        })?;
        Ok(Launch {
            // Its words hang on where the gate puts the words of `ssh`.
            line: Line {
                words: Vec::new(),
                script: None,
            },
            dir: directory.to_owned(),
            env: std::env::vars_os()
                .filter(|(name, _)| passes(name, &[]))
                .collect(),
            manner: run.manner.clone(),
            keep: keep(run.role),
            far: Some(far),
        })
    }

    /// A launch of `run`. `directory` is where the run was started; `inherited` names variables of the
    /// engine's own environment that pass besides [`INHERITED`] (`needs env`); `resolve` turns `Secret` or `SecretEncoded`
    /// into its text. An error is a plain sentence for `Event::NotStarted`.
    pub fn of(
        run: &Run,
        directory: &Path,
        inherited: &[String],
        resolve: &mut dyn FnMut(&EnvValue) -> Result<String, String>,
    ) -> Result<Launch, String> {
        let program = chosen(run)?;
        let mut env: Vec<(OsString, OsString)> = std::env::vars_os()
            .filter(|(name, _)| passes(name, inherited))
            .collect();
        for (name, value) in &run.env {
            let value = value_of(name, value, resolve)?;
            env.push((name.into(), value.into()));
        }
        Ok(Launch {
            line: line(program)?,
            dir: match &run.dir {
                Some(dir) => directory.join(dir),
                None => directory.to_owned(),
            },
            env,
            manner: run.manner.clone(),
            keep: keep(run.role),
            far: None,
        })
    }
}

fn keep(role: Role) -> Keep {
    match role {
        Role::Look | Role::DoneIf => Keep::Whole,
        Role::Statement | Role::Undo | Role::Channel => Keep::Tail,
    }
}

fn chosen(run: &Run) -> Result<&Program, String> {
    choose(&run.programs)
        .ok_or_else(|| "no variant of this command is for this platform".to_owned())
}

fn value_of(
    name: &str,
    value: &EnvValue,
    resolve: &mut dyn FnMut(&EnvValue) -> Result<String, String>,
) -> Result<String, String> {
    let value = text_of(value, resolve)?;
    if value.contains('\0') {
        return Err(format!("the value of `{name}` holds a NUL byte"));
    }
    Ok(value)
}

fn passes(name: &OsString, inherited: &[String]) -> bool {
    name.to_str().is_some_and(|name| {
        INHERITED.contains(&name)
            || name.starts_with("LC_")
            || inherited.iter().any(|other| other == name)
    })
}

/// The text of a value at the door of a process: `resolve` is asked for each secret in it.
fn text_of(
    value: &EnvValue,
    resolve: &mut dyn FnMut(&EnvValue) -> Result<String, String>,
) -> Result<String, String> {
    match value {
        EnvValue::Text(text) => Ok(text.clone()),
        EnvValue::Secret(_) | EnvValue::SecretEncoded(_) => resolve(value),
        EnvValue::Mixed(parts) => parts.iter().map(|part| text_of(part, resolve)).collect(),
    }
}

/// The first variant that is of this platform. PowerShell is taken on Unix only where nothing else is offered.
fn choose(programs: &[Program]) -> Option<&Program> {
    let elsewhere = |program: &&Program| {
        matches!(
            program,
            Program::Script {
                interpreter: RunInterpreter::PowerShell,
                ..
            }
        )
    };
    programs
        .iter()
        .find(|program| !elsewhere(program))
        .or_else(|| programs.first())
}

fn line(program: &Program) -> Result<Line, String> {
    let words = |words: &[&str]| words.iter().map(OsString::from).collect();
    match program {
        Program::Direct(direct) if direct.is_empty() => Err("the command is empty".to_owned()),
        Program::Direct(direct) => Ok(Line {
            words: direct.iter().map(OsString::from).collect(),
            script: None,
        }),
        Program::Script {
            interpreter,
            text,
            strict,
        } => {
            let strict = *strict == Strictness::StopAtFirstFailure;
            let by = |start: Vec<OsString>, text: String, by| {
                Ok(Line {
                    words: start,
                    script: Some(Script { text, by }),
                })
            };
            match interpreter {
                RunInterpreter::Sh if strict => {
                    by(words(&["sh", "-eu", "-c"]), text.clone(), Door::Argument)
                }
                RunInterpreter::Sh => by(words(&["sh", "-c"]), text.clone(), Door::Argument),
                RunInterpreter::Bash | RunInterpreter::Zsh => {
                    let name = match interpreter {
                        RunInterpreter::Bash => "bash",
                        _ => "zsh",
                    };
                    let start = match strict {
                        true => words(&[name, "-euo", "pipefail", "-c"]),
                        false => words(&[name, "-c"]),
                    };
                    by(start, text.clone(), Door::Argument)
                }
                RunInterpreter::PowerShell => {
                    let start = words(&["pwsh", "-NoProfile", "-NonInteractive", "-Command"]);
                    let text = match strict {
                        true => format!(
                            "$ErrorActionPreference = 'Stop'; $PSNativeCommandUseErrorActionPreference = $true\n{text}"
                        ),
                        false => text.clone(),
                    };
                    by(start, text, Door::Argument)
                }
                RunInterpreter::Python => {
                    by(words(&["python3", "-c"]), text.clone(), Door::Argument)
                }
                RunInterpreter::Declared(_, program) => {
                    let Line { mut words, script } = line(program)?;
                    // One that needs a shell (`psql "$DATABASE_URL" -f -`) is that shell's argument, so that
                    // its standard input is free for the script.
                    match script {
                        None => {}
                        Some(Script {
                            text,
                            by: Door::Argument,
                        }) => words.push(text.into()),
                        Some(_) => {
                            return Err("an interpreter takes its script on standard input, \
                                        so it cannot be one that needs it itself"
                                .to_owned());
                        }
                    }
                    by(words, text.clone(), Door::Input)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_plan::command::Strictness;

    #[test]
    fn of_a_command_for_two_systems_the_one_of_this_is_taken() {
        let direct = || Program::Direct(vec!["true".into()]);
        let script = || Program::Script {
            interpreter: RunInterpreter::PowerShell,
            text: "Get-Date".into(),
            strict: Strictness::AsTyped,
        };
        for programs in [vec![direct(), script()], vec![script(), direct()]] {
            assert_eq!(choose(&programs), Some(&direct()));
        }
        assert_eq!(choose(&[script()]), Some(&script()));
        assert_eq!(choose(&[]), None);
    }
}
