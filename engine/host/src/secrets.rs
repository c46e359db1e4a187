//! Secrets: fetched before the first step, kept in this process's memory alone, handed out at the door of a
//! process or a request.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use runbook_core::effect::EnvValue;
use runbook_plan::Plan;
use runbook_plan::plan::SecretFrom;
use runbook_plan::value::SecretId;
use sha2::{Digest, Sha256};

use crate::error::plainly;
use crate::journal::record::hex;
use crate::process::{Door, Launch};
use crate::redact::{Forms, Redactor, SHORTEST};

/// How long a command that gives a secret may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest secret, in bytes.
const LONGEST: u64 = 1 << 20;

/// The secrets of one run. It has no `Debug`, and is wiped when it goes.
#[derive(Default)]
pub struct Vault {
    names: Vec<String>,
    texts: Vec<Option<String>>,
    /// Texts that a secret had before it was fetched anew.
    former: Vec<(String, String)>,
    forms: Arc<Forms>,
}

/// Why a secret is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub name: String,
    /// A plain sentence without the secret.
    pub why: String,
}

impl Vault {
    pub fn of(plan: &Plan) -> Vault {
        Vault {
            names: plan.secrets.iter().map(|s| s.name.clone()).collect(),
            texts: plan.secrets.iter().map(|_| None).collect(),
            former: Vec::new(),
            forms: Arc::default(),
        }
    }

    /// Takes a secret in. Its trailing newlines do not belong to it.
    pub fn put(&mut self, id: SecretId, text: String) -> Result<(), Failed> {
        let Some(name) = self.names.get(id.0 as usize).cloned() else {
            return Ok(());
        };
        let failed = |why: String| Failed {
            name: name.clone(),
            why,
        };
        let mut text = text;
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
        if text.is_empty() {
            return Err(failed("it is empty".into()));
        }
        if text.len() < SHORTEST {
            return Err(failed(format!(
                "it is shorter than {SHORTEST} bytes, so it could not be hidden in what is printed"
            )));
        }
        if text.contains('\0') {
            return Err(failed("it holds a NUL byte".into()));
        }
        let slot = &mut self.texts[id.0 as usize];
        if slot.as_ref() == Some(&text) {
            return Ok(());
        }
        if let Some(old) = slot.replace(text) {
            self.former.push((name, old));
        }
        let now = self.names.iter().zip(&self.texts);
        let now = now.filter_map(|(name, text)| Some((name.as_str(), text.as_deref()?)));
        let before = self
            .former
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        self.forms = Arc::new(Forms::of(now.chain(before)));
        Ok(())
    }

    /// All forms of all secrets, to look for in texts.
    pub fn forms(&self) -> &Arc<Forms> {
        &self.forms
    }

    /// Names and texts of all that must not be shown, for a process that looks for them itself.
    pub fn texts(&self) -> Vec<(String, String)> {
        let now = self.names.iter().zip(&self.texts);
        let now = now.filter_map(|(name, text)| Some((name.clone(), text.clone()?)));
        now.chain(self.former.iter().cloned()).collect()
    }

    /// A redactor for one stream; nothing where there are no secrets.
    pub fn redactor(&self) -> Option<Box<Redactor>> {
        if self.forms.is_empty() {
            return None;
        }
        Some(Box::new(Redactor::new(self.forms.clone())))
    }

    /// The text of a secret, as it stands or percent-encoded.
    pub fn resolve(&self, value: &EnvValue) -> Result<String, String> {
        let text = |id: &SecretId| {
            let name = self.names.get(id.0 as usize).map_or("", String::as_str);
            self.texts
                .get(id.0 as usize)
                .and_then(Option::as_ref)
                .ok_or_else(|| format!("the secret `{name}` was not fetched"))
        };
        match value {
            EnvValue::Text(text) => Ok(text.clone()),
            EnvValue::Secret(id) => text(id).cloned(),
            EnvValue::SecretEncoded(id) => Ok(percent(text(id)?)),
            EnvValue::Mixed(parts) => parts.iter().map(|part| self.resolve(part)).collect(),
        }
    }

    /// Salted hashes, by name: they tell a rotated secret and nothing of what it is.
    pub fn fingerprints(&self, salt: &str) -> Vec<(String, String)> {
        let all = self.names.iter().zip(&self.texts);
        all.filter_map(|(name, text)| {
            let text = text.as_ref()?;
            let mut hash = Sha256::new();
            hash.update(salt.as_bytes());
            hash.update([0]);
            hash.update(name.as_bytes());
            hash.update([0]);
            hash.update(text.as_bytes());
            Some((name.clone(), hex(&hash.finalize()[..8])))
        })
        .collect()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let former = self.former.drain(..).map(|(_, text)| text);
        for text in self.texts.drain(..).flatten().chain(former) {
            let mut bytes = text.into_bytes();
            bytes.fill(0);
            // Keeps the filling from being left out as useless.
            std::hint::black_box(&bytes);
        }
    }
}

/// Everything but the letters that an address may hold as they are.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

/// A secret that needs nobody and no process: of the environment or a file. `directory` is where the run was
/// started.
pub fn fetch_still(from: &SecretFrom, directory: &Path) -> Option<Result<String, String>> {
    match from {
        SecretFrom::Env(name) => Some(match std::env::var(name) {
            Ok(text) => Ok(text),
            Err(std::env::VarError::NotPresent) => {
                Err(format!("the environment variable `{name}` is not set"))
            }
            Err(_) => Err(format!("the environment variable `{name}` is not UTF-8")),
        }),
        SecretFrom::File(path) => Some(from_file(&directory.join(path))),
        SecretFrom::Command(_) | SecretFrom::Prompt => None,
    }
}

fn from_file(path: &Path) -> Result<String, String> {
    let said =
        |error: &std::io::Error| format!("{} cannot be read: {}", path.display(), plainly(error));
    let about = std::fs::metadata(path).map_err(|error| said(&error))?;
    if !about.is_file() {
        return Err(format!("{} is not a file", path.display()));
    }
    if about.len() > LONGEST {
        return Err(format!("{} is longer than a secret is", path.display()));
    }
    let bytes = std::fs::read(path).map_err(|error| said(&error))?;
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", path.display()))
}

/// A secret from a command: its standard output. Blocks until the command ends or its time is over; its
/// standard error is dropped, since nobody knows yet what is to be hidden in it.
pub fn fetch_from_command(launch: &Launch) -> Result<String, String> {
    let (program, words) = launch
        .line
        .words
        .split_first()
        .ok_or_else(|| "the command is empty".to_owned())?;
    let mut command = Command::new(program);
    command
        .args(words)
        .current_dir(&launch.dir)
        .env_clear()
        .envs(launch.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut input = None;
    if let Some(script) = &launch.line.script {
        match script.by {
            Door::Argument => {
                command.arg(&script.text);
            }
            Door::Input => {
                command.stdin(Stdio::piped());
                input = Some(script.text.clone());
            }
        }
    }
    let mut child = command.spawn().map_err(|error| {
        format!(
            "{} cannot be started: {}",
            program.to_string_lossy(),
            plainly(&error)
        )
    })?;
    crate::process::spare(child.id());
    let (mut to, mut from) = (child.stdin.take(), child.stdout.take());
    let (send, read) = std::sync::mpsc::channel();
    let talk = move || {
        if let (Some(text), Some(to)) = (input, to.as_mut()) {
            // A command that reads nothing of its input has its own reasons.
            let _ = to.write_all(text.as_bytes());
        }
        drop(to);
        let mut bytes = Vec::new();
        let result = match from.as_mut() {
            Some(from) => from
                .take(LONGEST + 1)
                .read_to_end(&mut bytes)
                .map(|_| bytes),
            None => Ok(bytes),
        };
        // Whoever waited may have given up.
        let _ = send.send(result);
    };
    if let Err(error) = std::thread::Builder::new().spawn(talk) {
        let _ = child.kill();
        let _ = child.wait();
        crate::process::forget(child.id());
        return Err(format!("no thread can be started: {}", plainly(&error)));
    }
    let read = read.recv_timeout(PATIENCE);
    if read.is_err() {
        // It may have ended by itself just now.
        let _ = child.kill();
    }
    let ended = child.wait();
    crate::process::forget(child.id());
    let bytes = match read {
        Err(_) => {
            return Err(format!(
                "the command took longer than {} s",
                PATIENCE.as_secs()
            ));
        }
        Ok(Err(error)) => return Err(format!("its output cannot be read: {}", plainly(&error))),
        Ok(Ok(bytes)) => bytes,
    };
    let ended = ended.map_err(|error| format!("the command was lost: {}", plainly(&error)))?;
    if !ended.success() {
        return Err(match ended.code() {
            Some(code) => format!("the command exited with {code}"),
            None => "the command was killed".to_owned(),
        });
    }
    if bytes.len() as u64 > LONGEST {
        return Err("the command printed more than a secret is long".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "what the command printed is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_core::effect::Manner;
    use runbook_plan::plan::Secret;

    fn vault() -> Vault {
        let plan = Plan {
            secrets: ["token", "password"]
                .map(|name| Secret {
                    name: name.into(),
                    from: SecretFrom::Prompt,
                    span: Default::default(),
                })
                .into(),
            ..Plan::default()
        };
        Vault::of(&plan)
    }

    #[test]
    fn a_secret_is_hidden_from_when_it_is_known() {
        let mut vault = vault();
        assert!(vault.redactor().is_none());
        vault.put(SecretId(0), "open sesame\n".into()).unwrap();
        assert_eq!(vault.forms().clean("say open sesame!"), "say ‹token›!");
        assert_eq!(
            vault.resolve(&EnvValue::Secret(SecretId(0))).unwrap(),
            "open sesame"
        );
        let mixed = EnvValue::Mixed(vec![
            EnvValue::Text("t=".into()),
            EnvValue::SecretEncoded(SecretId(0)),
        ]);
        assert_eq!(vault.resolve(&mixed).unwrap(), "t=open%20sesame");
        assert!(vault.resolve(&EnvValue::Secret(SecretId(1))).is_err());
    }

    #[test]
    fn s04_a_secret_too_short_to_hide_is_refused() {
        for text in ["", "\n", "abc", "abc\n"] {
            let error = vault().put(SecretId(1), text.into()).unwrap_err();
            assert_eq!(error.name, "password");
            assert!(text.trim().is_empty() || !error.why.contains(text.trim()));
        }
    }

    #[test]
    fn s11_a_rotated_secret_shows_and_both_texts_are_hidden() {
        let mut vault = vault();
        vault.put(SecretId(0), "first-one".into()).unwrap();
        let before = vault.fingerprints("salt");
        vault.put(SecretId(0), "second-one".into()).unwrap();
        assert_ne!(vault.fingerprints("salt"), before);
        assert_eq!(
            vault.forms().clean("first-one second-one"),
            "‹token› ‹token›"
        );
        assert!(!format!("{before:?}").contains("first"));
        assert_ne!(vault.fingerprints("other"), vault.fingerprints("salt"));
    }

    fn launch(script: &str, by: Door) -> Launch {
        Launch {
            line: crate::process::Line {
                words: vec![
                    "sh".into(),
                    if by == Door::Argument { "-c" } else { "-s" }.into(),
                ],
                script: Some(crate::process::Script {
                    text: script.into(),
                    by,
                }),
            },
            dir: "/".into(),
            env: vec![
                ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
                ("X".into(), "y z".into()),
            ],
            manner: Manner::Plain,
            keep: crate::process::Keep::Whole,
            far: None,
        }
    }

    #[test]
    fn s13_a_command_gives_a_secret_or_a_reason() {
        for by in [Door::Argument, Door::Input] {
            assert_eq!(
                fetch_from_command(&launch("echo \"$X\"", by)).unwrap(),
                "y z\n"
            );
        }
        let why = |script: &str| fetch_from_command(&launch(script, Door::Argument)).unwrap_err();
        assert_eq!(why("echo secret; exit 3"), "the command exited with 3");
        assert_eq!(why("kill -9 $$"), "the command was killed");
        assert_eq!(
            why("printf '\\377'"),
            "what the command printed is not UTF-8"
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        let missing = SecretFrom::File("absent-key".into());
        let why = fetch_still(&missing, Path::new("/")).unwrap().unwrap_err();
        assert_eq!(why, "/absent-key cannot be read: no such file or directory");
        assert_eq!(fetch_still(&SecretFrom::Prompt, Path::new("/")), None);
    }
}
