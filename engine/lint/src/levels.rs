//! How serious each rule is taken: as the rule says, unless `runbook.toml` says otherwise.

use std::collections::BTreeMap;

use crate::finding::Severity;
use crate::rule::Rule;

/// What may be said of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Off,
    Advice,
    Warning,
}

impl Level {
    pub const WORDS: [&'static str; 3] = ["off", "advice", "warning"];

    pub fn parse(word: &str) -> Option<Level> {
        match word {
            "off" => Some(Level::Off),
            "advice" => Some(Level::Advice),
            "warning" => Some(Level::Warning),
            _ => None,
        }
    }
}

/// Levels of one file, by the names of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    said: BTreeMap<String, Level>,
}

impl Levels {
    /// What is said later wins.
    pub fn set(&mut self, rule: &str, level: Level) {
        self.said.insert(rule.to_owned(), level);
    }

    /// Nothing where the rule is off.
    pub fn of(&self, rule: &Rule) -> Option<Severity> {
        match self.said.get(rule.name) {
            Some(Level::Off) => None,
            Some(Level::Advice) => Some(Severity::Advice),
            Some(Level::Warning) => Some(Severity::Warning),
            None => Some(rule.severity),
        }
    }
}
