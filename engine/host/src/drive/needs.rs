//! What a runbook needs of the machine.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use runbook_core::event::MissingNeed;
use runbook_grammar::source::Sources;

/// Which of these are not there.
pub(super) fn missing(commands: &[String], env: &[String]) -> Vec<MissingNeed> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |command: &str| {
        if command.contains('/') {
            return executable(Path::new(command));
        }
        std::env::split_paths(&path).any(|folder| executable(&folder.join(command)))
    };
    let commands = commands
        .iter()
        .filter(|command| !there(command))
        .map(|command| MissingNeed::Command(command.clone()));
    let env = env
        .iter()
        .filter(|name| std::env::var_os(name).is_none())
        .map(|name| MissingNeed::Env(name.clone()));
    commands.chain(env).collect()
}

fn executable(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

/// The variables that a runbook asks for by `env("NAME")`, found in its text; one that stands in a comment
/// alone is taken along, and harms nobody.
pub(crate) fn environment(sources: &Sources) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for source in sources.iter() {
        for after in source.text.split("env(").skip(1) {
            let Some(quoted) = after.trim_start().strip_prefix('"') else {
                continue;
            };
            let Some((name, _)) = quoted.split_once('"') else {
                continue;
            };
            if let Ok(value) = std::env::var(name) {
                found.insert(name.to_owned(), value);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let plain = tempfile::NamedTempFile::new().unwrap();
        let plain = plain.path().to_str().unwrap();
        let names = |list: &[&str]| {
            list.iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let missing = missing(
            &names(&["sh", "no-such-command", "/bin/sh", plain]),
            &names(&["PATH", "NO_SUCH_VARIABLE"]),
        );
        assert_eq!(
            missing,
            [
                MissingNeed::Command("no-such-command".into()),
                MissingNeed::Command(plain.into()),
                MissingNeed::Env("NO_SUCH_VARIABLE".into())
            ]
        );
    }

    #[test]
    fn the_environment_is_what_the_text_asks_for() {
        let mut sources = Sources::default();
        sources.add(
            "a",
            "let x = env( \"PATH\") else env(\"NO_SUCH_VARIABLE\")\nenv NAME = e\n",
        );
        let found = environment(&sources);
        assert_eq!(
            found.keys().map(String::as_str).collect::<Vec<_>>(),
            ["PATH"]
        );
    }
}
