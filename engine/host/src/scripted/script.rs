//! What a made-up world does.
//!
//! ```text
//! given stable = "v1"                                 a param or a secret
//! env HOME = "/root"                                  what `env("HOME")` reads
//! when "kubectl get *" exits 1 says "boom" stderr "why" takes 5s
//! when "http GET */health" answers 503 says "{}"
//! when step quick_fix.restart times out               also: dies by SIGKILL, does not start
//! when "ssh *" is lost                                nobody sees its end; is silent: the same, once it is stopped
//! answer "Proceed?" yes                               no, "text", skip "why", done "why", fail "why", pause "why",
//!                                                     retry, edit "command" "why", undo ready "why", run again "why"
//! answer "Proceed?" yes after 5m                      five minutes after it was asked
//! after 90s                                           the `when`s below hold from then on
//! at 90s interrupt                                    also: park "why", stop "why", note "text", undo ready "why"
//! lacks command kubectl                               also: env NAME, lock "name" "holder", secret name "why"
//! cuts differ                                         its end hangs on when it was watched
//! mode probe                                          or dry-run; from step.path; confirms; operator name
//! ```

use std::collections::BTreeMap;

use runbook_core::event::{Confirms, Event, MissingNeed, Mode, Running};
use runbook_core::prompt::Answer;
use runbook_plan::read;
use runbook_plan::value::{Type, Value};

#[derive(Clone, Debug, Default)]
pub struct Script {
    /// As written; read as the type of their param when the run starts.
    pub given: BTreeMap<String, String>,
    pub env: BTreeMap<String, String>,
    pub whens: Vec<When>,
    pub answers: Vec<Reply>,
    /// Milliseconds after the start, and what happens then.
    pub happens: Vec<(i64, Event)>,
    /// After the end: `runbook undo`.
    pub undo: Option<(String, String)>,
    pub missing: Vec<MissingNeed>,
    pub busy: Option<(String, String)>,
    pub secret_fails: Option<(String, String)>,
    pub mode: Mode,
    pub from: Option<String>,
    pub confirms: Confirms,
    pub operator: Option<String>,
    pub cuts: Cuts,
}

/// Whether a run of this script that is cut and resumed comes to the same end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cuts {
    #[default]
    Same,
    /// Its end hangs on the clock, and a window that nobody watched starts again.
    Differ,
}

/// Holds from a moment on: a later `after` outdoes what stood before it.
#[derive(Clone, Debug)]
pub struct When {
    /// Milliseconds after the start.
    pub from: i64,
    pub what: What,
    pub does: Does,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// By the command as it is shown, or `http GET …`.
    Glob(String),
    /// By a path of names, its end is enough.
    Step(String),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Does {
    pub end: DoesEnd,
    pub says: String,
    pub stderr: String,
    pub takes_ms: i64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum DoesEnd {
    /// Exits 0, answers 200.
    #[default]
    Well,
    Exits(i32),
    Answers(u16),
    TimesOut,
    Dies(String),
    NotStarted,
    /// Nobody sees its end.
    Lost,
    /// It does not end, and where it is stopped nobody sees its end.
    Silent,
}

/// What is said to a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// One of the question's keys.
    pub prompt: String,
    pub saying: Saying,
    /// Milliseconds after it was asked.
    pub after_ms: i64,
}

/// An answer as written; what it means depends on the question.
#[derive(Clone, Debug, PartialEq)]
pub enum Saying {
    Text(String),
    Exactly(Answer),
}

impl Script {
    /// The lines behind `#~` of a case file.
    pub fn of_case(text: &str) -> Result<Script, String> {
        let mut script = Script::default();
        let mut now = 0;
        for (number, line) in text.lines().enumerate() {
            if let Some(directive) = line.trim_start().strip_prefix("#~") {
                script
                    .add(directive.trim(), &mut now)
                    .map_err(|why| format!("line {}: {why}: {directive}", number + 1))?;
            }
        }
        Ok(script)
    }

    /// Adds one directive; `now` is the moment of the last `after`.
    pub fn add(&mut self, line: &str, now: &mut i64) -> Result<(), String> {
        let mut words = Words::new(line);
        match words.word()?.as_str() {
            "given" => {
                let (name, value) = words.assignment()?;
                self.given.insert(name, value);
            }
            "env" => {
                let (name, value) = words.assignment()?;
                self.env.insert(name, value);
            }
            "when" => {
                let when = words.when(*now)?;
                self.whens.push(when);
            }
            "answer" => {
                let prompt = words.word()?;
                let saying = words.saying()?;
                let after_ms = match words.peek() {
                    "after" => {
                        words.word()?;
                        words.duration()?
                    }
                    _ => 0,
                };
                self.answers.push(Reply {
                    prompt,
                    saying,
                    after_ms,
                });
            }
            "after" => *now = words.duration()?,
            "at" => {
                let at = words.duration()?;
                let event = match words.word()?.as_str() {
                    "interrupt" => {
                        let times = self
                            .happens
                            .iter()
                            .filter(|(_, event)| matches!(event, Event::Interrupted { .. }))
                            .count();
                        Event::Interrupted {
                            times: u32::try_from(times).unwrap_or(0) + 1,
                        }
                    }
                    "park" => Event::ParkRequested {
                        why: words.word()?,
                        running: Running::LetEnd,
                    },
                    "stop" => Event::ParkRequested {
                        why: words.word()?,
                        running: Running::Stop,
                    },
                    "note" => Event::Noted {
                        text: words.word()?,
                        by: "ada".into(),
                    },
                    "undo" => Event::UndoRequested {
                        to: words.word()?,
                        by: "ada".into(),
                        reason: words.word()?,
                    },
                    other => return Err(format!("`{other}` cannot happen at a time")),
                };
                self.happens.push((at, event));
            }
            "undo" => self.undo = Some((words.word()?, words.word()?)),
            "lacks" => match words.word()?.as_str() {
                "command" => self.missing.push(MissingNeed::Command(words.word()?)),
                "env" => self.missing.push(MissingNeed::Env(words.word()?)),
                "lock" => self.busy = Some((words.word()?, words.word()?)),
                "secret" => self.secret_fails = Some((words.word()?, words.word()?)),
                other => return Err(format!("`{other}` cannot be lacking")),
            },
            "mode" => {
                self.mode = match words.word()?.as_str() {
                    "probe" => Mode::Probe,
                    "dry-run" => Mode::DryRun,
                    other => return Err(format!("`{other}` is no mode")),
                }
            }
            "from" => self.from = Some(words.word()?),
            "cuts" => match words.word()?.as_str() {
                "differ" => self.cuts = Cuts::Differ,
                other => return Err(format!("cuts cannot `{other}`")),
            },
            "confirms" => self.confirms = Confirms::Yes,
            "operator" => self.operator = Some(words.word()?),
            other => return Err(format!("`{other}` is no directive")),
        }
        words.end()
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn new(line: &'a str) -> Words<'a> {
        Words { rest: line.trim() }
    }

    fn end(&self) -> Result<(), String> {
        match self.rest.trim() {
            "" => Ok(()),
            rest if rest.starts_with('#') => Ok(()),
            rest => Err(format!("nothing is expected at `{rest}`")),
        }
    }

    fn peek(&self) -> &'a str {
        self.rest.split_whitespace().next().unwrap_or_default()
    }

    /// A bare word, or a string in quotes.
    fn word(&mut self) -> Result<String, String> {
        self.rest = self.rest.trim_start();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let mut text = String::new();
            let mut chars = quoted.char_indices();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        self.rest = &quoted[at + 1..];
                        return Ok(text);
                    }
                    '\\' => match chars.next() {
                        Some((_, 'n')) => text.push('\n'),
                        Some((_, 't')) => text.push('\t'),
                        Some((_, 'u')) => {
                            let code: String = chars
                                .by_ref()
                                .map(|(_, c)| c)
                                .skip_while(|c| *c == '{')
                                .take_while(|c| *c != '}')
                                .collect();
                            let c = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                            text.push(c.ok_or_else(|| format!("`{code}` is no character"))?);
                        }
                        Some((_, c)) => text.push(c),
                        None => {}
                    },
                    c => text.push(c),
                }
            }
            return Err("a string that does not end".into());
        }
        let end = self
            .rest
            .find(char::is_whitespace)
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err("something is missing at the end".into());
        }
        self.rest = rest;
        Ok(word.to_owned())
    }

    fn optional(&mut self) -> Result<String, String> {
        match self.peek() {
            "" | "after" | "#" => Ok("because".into()),
            _ => self.word(),
        }
    }

    fn assignment(&mut self) -> Result<(String, String), String> {
        let name = self.word()?;
        match self.word()?.as_str() {
            "=" => Ok((name, self.word()?)),
            other => Err(format!("`=` is expected, not `{other}`")),
        }
    }

    fn duration(&mut self) -> Result<i64, String> {
        let word = self.word()?;
        match read::read(&word, &Type::Duration, &[])? {
            Value::Duration(ms) => i64::try_from(ms).map_err(|error| error.to_string()),
            _ => Err(format!("`{word}` is no duration")),
        }
    }

    fn when(&mut self, from: i64) -> Result<When, String> {
        let what = if self.peek() == "step" {
            self.word()?;
            What::Step(self.word()?)
        } else {
            What::Glob(self.word()?)
        };
        let mut does = Does::default();
        while !self.rest.trim().is_empty() && !self.rest.trim().starts_with('#') {
            match self.word()?.as_str() {
                "exits" => {
                    let code = self.word()?;
                    let code = code
                        .parse()
                        .map_err(|_| format!("`{code}` is no exit code"))?;
                    does.end = DoesEnd::Exits(code);
                }
                "answers" => {
                    let status = self.word()?;
                    let status = status
                        .parse()
                        .map_err(|_| format!("`{status}` is no status"))?;
                    does.end = DoesEnd::Answers(status);
                }
                "times" => {
                    self.word()?;
                    does.end = DoesEnd::TimesOut;
                }
                "dies" => {
                    self.word()?;
                    does.end = DoesEnd::Dies(self.word()?);
                }
                "does" => {
                    self.word()?;
                    self.word()?;
                    does.end = DoesEnd::NotStarted;
                }
                "is" => {
                    does.end = match self.word()?.as_str() {
                        "lost" => DoesEnd::Lost,
                        "silent" => DoesEnd::Silent,
                        other => return Err(format!("a command cannot be `{other}`")),
                    };
                }
                "says" => does.says = self.word()?,
                "stderr" => does.stderr = self.word()?,
                "takes" => does.takes_ms = self.duration()?,
                other => return Err(format!("a command cannot `{other}`")),
            }
        }
        Ok(When { from, what, does })
    }

    fn saying(&mut self) -> Result<Saying, String> {
        if self.rest.trim_start().starts_with('"') {
            return Ok(Saying::Text(self.word()?));
        }
        let word = self.word()?;
        Ok(Saying::Exactly(match word.as_str() {
            "yes" => Answer::Yes,
            "no" => Answer::No,
            "retry" => Answer::Retry,
            "on" => Answer::GoOn,
            "wait" => Answer::WaitForIt,
            "stop" => Answer::StopIt,
            "leave" => Answer::LeaveIt,
            "skip" => Answer::Skip {
                reason: self.optional()?,
            },
            "done" => Answer::Done {
                reason: self.optional()?,
            },
            "failed" => Answer::Failed {
                reason: self.optional()?,
            },
            "fail" => Answer::Fail {
                reason: self.optional()?,
            },
            "pause" => Answer::Pause {
                reason: self.optional()?,
            },
            "run" => {
                self.word()?;
                Answer::RunAgain {
                    reason: self.optional()?,
                }
            }
            "undo" => Answer::Undo {
                checkpoint: self.word()?,
                reason: self.optional()?,
            },
            "edit" => Answer::RetryEdited {
                command: self.word()?,
                reason: self.optional()?,
            },
            _ => return Ok(Saying::Text(word)),
        }))
    }
}

/// Whether a text is one that a pattern with `*` means.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else {
        return text.is_empty();
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// Whether a path of names is the one meant: its end is enough, and turns of loops do not count.
pub fn is_path(wanted: &str, path: &str) -> bool {
    let plain: String = {
        let mut plain = String::new();
        let mut depth = 0usize;
        for c in path.chars() {
            match c {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                c if depth == 0 => plain.push(c),
                _ => {}
            }
        }
        plain
    };
    [path, &plain].iter().any(|path| {
        path == &wanted
            || path
                .strip_suffix(wanted)
                .is_some_and(|before| before.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(glob("curl * /health", "curl -fsS x /health"));
        assert!(glob("http GET */health", "http GET http://x:1/health"));
        assert!(glob("*", ""));
        assert!(!glob("git log", "git log -1"));
        assert!(!glob("a*ba", "aba"[..2].as_ref()));
    }

    #[test]
    fn the_end_of_a_path_is_enough() {
        assert!(is_path("roll.checkout", "again.roll.checkout"));
        assert!(is_path("nodes.drain", "nodes.drain[a.b]"));
        assert!(!is_path("heckout", "roll.checkout"));
    }

    #[test]
    fn a_directive_that_is_none_is_named() {
        let error = Script::of_case("#~ whenever x").unwrap_err();
        assert!(error.contains("`whenever` is no directive"), "{error}");
    }
}
