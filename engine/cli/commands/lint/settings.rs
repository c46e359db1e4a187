//! What `runbook.toml` says of lints, for each file from the nearest one above it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use runbook_host::codes;
use runbook_host::config::{Config, Waiver};
use runbook_host::error::HostError;
use runbook_lint::rules::RULES;
use runbook_lint::subject::Day;
use runbook_lint::{Finding, Level, Levels};

/// Fixes today's date, for tests.
const TODAY: &str = "RUNBOOK_TODAY";

pub struct Settings {
    pub today: Day,
    /// By the folder of a file.
    configs: BTreeMap<PathBuf, Option<Arc<Config>>>,
}

impl Settings {
    /// Reads each `runbook.toml` that holds for one of the files, once.
    pub fn of(files: &[PathBuf]) -> Result<Settings, HostError> {
        let mut read: BTreeMap<PathBuf, Arc<Config>> = BTreeMap::new();
        let mut configs = BTreeMap::new();
        for file in files {
            let folder = absolute(file);
            let folder = folder.parent().unwrap_or(Path::new("/")).to_owned();
            if configs.contains_key(&folder) {
                continue;
            }
            let config = match Config::locate(file) {
                None => None,
                Some(path) => Some(match read.get(&path) {
                    Some(config) => Arc::clone(config),
                    None => {
                        let config = Arc::new(checked(Config::read(&path)?)?);
                        read.insert(path, Arc::clone(&config));
                        config
                    }
                }),
            };
            configs.insert(folder, config);
        }
        let fixed = std::env::var(TODAY).ok().and_then(|day| day.parse().ok());
        Ok(Settings {
            today: fixed.unwrap_or_else(|| jiff::Zoned::now().date()),
            configs,
        })
    }

    fn config(&self, file: &Path) -> Option<(&Config, String)> {
        let file = absolute(file);
        let config = self.configs.get(file.parent()?)?.as_deref()?;
        let home = config.path.as_deref()?.parent()?;
        let below = file.strip_prefix(home).ok()?;
        Some((config, below.to_string_lossy().into_owned()))
    }

    /// How serious each lint is taken in a file.
    pub fn levels(&self, file: &Path) -> Levels {
        let mut levels = Levels::default();
        if let Some((config, path)) = self.config(file) {
            let folders = config.lint.folders.iter();
            let folders = folders.filter(|(folder, _)| covers(folder, &path));
            let said = folders.flat_map(|(_, said)| said);
            for (rule, level) in config.lint.rules.iter().chain(said) {
                if let Some(level) = Level::parse(level) {
                    levels.set(rule, level);
                }
            }
        }
        levels
    }

    /// Takes out what is waived, and says how much that was. What was waived until a day that is past is found again.
    pub fn waive(&self, file: &Path, findings: &mut Vec<Finding>) -> usize {
        let Some((config, path)) = self.config(file) else {
            return 0;
        };
        let before = findings.len();
        let of = |finding: &Finding| -> Option<&Waiver> {
            let waivers = config.lint.waivers.iter();
            waivers
                .filter(|waiver| waiver.rule == finding.rule && covers(&waiver.path, &path))
                .max_by_key(|waiver| waiver.until)
        };
        findings.retain(|finding| of(finding).is_none_or(|waiver| waiver.until < self.today));
        for finding in findings.iter_mut() {
            if let Some(waiver) = of(finding) {
                finding.message +=
                    &format!(" (was waived by {} until {})", waiver.owner, waiver.until);
            }
        }
        before - findings.len()
    }
}

/// Whether a path is a file or a folder, or stands below it.
fn covers(folder: &str, path: &str) -> bool {
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    folder.is_empty()
        || folder == "."
        || path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// Names and levels that there are.
fn checked(config: Config) -> Result<Config, HostError> {
    let place = config.path.as_deref().unwrap_or(Path::new("runbook.toml"));
    let wrong =
        |what: String| HostError::new(codes::CONFIG_WRONG, format!("{}: {what}", place.display()));
    let named = |name: &str| match runbook_lint::rule(name) {
        Some(_) => Ok(()),
        None => {
            let error = wrong(format!("no lint is called `{name}`"));
            let near = runbook_grammar::nearest(name, RULES.iter().map(|rule| rule.name));
            Err(match near {
                Some(near) => error.help(format!("Write `{near}`.")),
                None => error.help("See the list of lints in the book."),
            })
        }
    };
    let said = config.lint.folders.iter().flat_map(|(_, said)| said);
    for (rule, level) in config.lint.rules.iter().chain(said) {
        named(rule)?;
        if Level::parse(level).is_none() {
            let error = wrong(format!(
                "`{rule}` has the level `{level}`, and there is none"
            ));
            return Err(error.help("Write `off`, `advice` or `warning`."));
        }
    }
    for waiver in &config.lint.waivers {
        named(&waiver.rule)?;
    }
    Ok(config)
}
