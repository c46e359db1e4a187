//! A plan as a tree of units: what has a heading, facts about it, and what is in it, in order.

use std::collections::{BTreeSet, VecDeque};

use runbook_grammar::span::Span;
use runbook_plan::ids::{MatrixId, ProcedureId};
use runbook_plan::value::Type;
use runbook_plan::{Plan, show};

/// What a unit is, in the word that the language has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Runbook,
    Section,
    Step,
    Checkpoint,
    /// All branches of one; each has its condition.
    If,
    Branch,
    Else,
    Arm,
    Choose,
    Decide,
    Attempt,
    Otherwise,
    Parallel,
    For,
    Wait,
    Watch,
    Check,
    Ask,
    Undo,
    OnFailure,
    Always,
    Until,
    Procedure,
    Param,
    Secret,
    Severity,
    Contact,
    Channel,
    Message,
    Needs,
    Guard,
    Lock,
    Host,
    Trigger,
    FollowUp,
    Matrix,
    Interpreter,
}

impl What {
    pub fn word(self) -> &'static str {
        match self {
            What::Runbook => "runbook",
            What::Section => "section",
            What::Step => "step",
            What::Checkpoint => "checkpoint",
            What::If | What::Branch => "if",
            What::Else => "else",
            What::Arm => "arm",
            What::Choose => "choose",
            What::Decide => "decide",
            What::Attempt => "attempt",
            What::Otherwise => "otherwise",
            What::Parallel => "parallel",
            What::For => "for",
            What::Wait => "wait",
            What::Watch => "watch",
            What::Check => "check",
            What::Ask => "ask",
            What::Undo => "undo",
            What::OnFailure => "on failure",
            What::Always => "always",
            What::Until => "background until",
            What::Procedure => "procedure",
            What::Param => "param",
            What::Secret => "secret",
            What::Severity => "severity",
            What::Contact => "contact",
            What::Channel => "channel",
            What::Message => "message",
            What::Needs => "needs",
            What::Guard => "guard",
            What::Lock => "lock",
            What::Host => "host",
            What::Trigger => "trigger",
            What::FollowUp => "follow_up",
            What::Matrix => "matrix",
            What::Interpreter => "interpreter",
        }
    }
}

/// How a unit is known among those around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Stable for ever: answers, `--from`, scenarios and journals call it so.
    Name(String),
    /// What its first line says.
    Head(String),
}

impl Key {
    pub fn text(&self) -> &str {
        match self {
            Key::Name(text) | Key::Head(text) => text,
        }
    }
}

#[derive(Debug)]
pub struct Unit {
    pub what: What,
    pub key: Key,
    pub title: String,
    pub parent: Option<usize>,
    pub facts: Vec<Fact>,
    /// What it does, in order.
    pub entries: Vec<Entry>,
    /// Units whose order means nothing.
    pub beside: Vec<usize>,
    pub matrix: Option<MatrixId>,
    /// Of a matrix, as they are written: what they decide is compared, and not they.
    pub rows: Vec<String>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    pub label: String,
    pub text: String,
}

#[derive(Debug)]
pub enum Entry {
    Line(Line),
    Unit(usize),
}

/// A statement without a block.
#[derive(Debug)]
pub struct Line {
    /// Its first word or mark.
    pub mark: &'static str,
    /// The whole of it, in one layout.
    pub text: String,
    /// Where and as what it runs.
    pub facts: Vec<Fact>,
}

/// The first unit is the runbook or module itself.
pub struct Tree {
    pub units: Vec<Unit>,
}

pub(crate) struct Builder<'p> {
    pub plan: &'p Plan,
    pub units: Vec<Unit>,
    /// Of the step around, which commands in it have as well.
    pub timeout: Option<String>,
    /// Called from what was read so far, and still to be read.
    pub procedures: VecDeque<ProcedureId>,
    pub known: BTreeSet<ProcedureId>,
}

pub fn fact(label: impl Into<String>, text: impl Into<String>) -> Fact {
    Fact {
        label: label.into(),
        text: text.into(),
    }
}

impl Tree {
    pub fn of(plan: &Plan) -> Tree {
        let mut builder = Builder {
            plan,
            units: Vec::new(),
            timeout: None,
            procedures: VecDeque::new(),
            known: BTreeSet::new(),
        };
        builder.all();
        Tree {
            units: builder.units,
        }
    }

    /// Everything directly in a unit, in order; procedures last.
    pub fn children(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let unit = &self.units[at];
        let entries = unit.entries.iter().filter_map(|entry| match entry {
            Entry::Unit(child) => Some(*child),
            Entry::Line(_) => None,
        });
        let beside = |procedures: bool| {
            let beside = unit.beside.iter().copied();
            beside.filter(move |at| (self.units[*at].what == What::Procedure) == procedures)
        };
        beside(false).chain(entries).chain(beside(true))
    }

    /// Names with dots, as a run knows it; nothing for what has none.
    pub fn path(&self, at: usize) -> Option<String> {
        let unit = &self.units[at];
        let Key::Name(name) = &unit.key else {
            return None;
        };
        let mut path = name.clone();
        let mut around = unit.parent;
        while let Some(at) = around {
            let unit = &self.units[at];
            if let Key::Name(name) = &unit.key
                && unit.what != What::Runbook
            {
                path = format!("{name}.{path}");
            }
            around = unit.parent;
        }
        Some(path)
    }

    /// `step all.switch`, `arm "Yes"`, `the runbook`
    pub fn called(&self, at: usize) -> String {
        let unit = &self.units[at];
        if unit.what == What::Runbook {
            return "the top level".to_owned();
        }
        let name = self.path(at);
        let name = name.as_deref().unwrap_or(unit.key.text());
        match name {
            "" => unit.what.word().to_owned(),
            name => format!("{} {name}", unit.what.word()),
        }
    }

    /// The same, with what is around it where it has no name of its own.
    pub fn whole(&self, at: usize) -> String {
        match self.within(at) {
            Some(within) => format!("{}, in {within}", self.called(at)),
            None => self.called(at),
        }
    }

    /// Around what has no name of its own: the nearest that has one.
    pub fn within(&self, at: usize) -> Option<String> {
        let unit = &self.units[at];
        if matches!(unit.key, Key::Name(_)) {
            return None;
        }
        let mut around = unit.parent;
        while let Some(at) = around {
            let unit = &self.units[at];
            if unit.what == What::Runbook {
                return None;
            }
            if matches!(unit.key, Key::Name(_)) || unit.what == What::Choose {
                return Some(self.called(at));
            }
            around = unit.parent;
        }
        None
    }
}

impl Builder<'_> {
    pub fn unit(
        &mut self,
        parent: Option<usize>,
        what: What,
        key: Key,
        title: String,
        span: Span,
    ) -> usize {
        self.units.push(Unit {
            what,
            key,
            title,
            parent,
            facts: Vec::new(),
            entries: Vec::new(),
            beside: Vec::new(),
            matrix: None,
            rows: Vec::new(),
            span,
        });
        self.units.len() - 1
    }

    /// One whose order among the others means nothing.
    pub fn beside(
        &mut self,
        parent: usize,
        what: What,
        key: Key,
        title: String,
        span: Span,
    ) -> usize {
        let at = self.unit(Some(parent), what, key, title, span);
        self.units[parent].beside.push(at);
        at
    }

    /// One that is in order among the others.
    pub fn inside(
        &mut self,
        parent: usize,
        what: What,
        key: Key,
        title: String,
        span: Span,
    ) -> usize {
        let at = self.unit(Some(parent), what, key, title, span);
        self.units[parent].entries.push(Entry::Unit(at));
        at
    }

    pub fn line(&mut self, into: usize, mark: &'static str, text: String) {
        self.line_with(into, mark, text, Vec::new());
    }

    pub fn line_with(&mut self, into: usize, mark: &'static str, text: String, facts: Vec<Fact>) {
        self.units[into]
            .entries
            .push(Entry::Line(Line { mark, text, facts }));
    }

    /// A type: of a closed set a fact for each value, so that one more is one more.
    pub fn of_type(&mut self, of: usize, label: &str, ty: &Type) {
        let (set, optional) = match ty {
            Type::Optional(inner) => (inner.as_ref(), "optional "),
            ty => (ty, ""),
        };
        let Type::OneOf(values) = set else {
            self.fact(of, label, show::ty(ty));
            return;
        };
        self.fact(of, label, format!("{optional}one of"));
        for value in values {
            let label = match label {
                "type" => "value".to_owned(),
                label => format!("value of {label}"),
            };
            self.fact(of, label, show::choice(value));
        }
    }

    pub fn fact(&mut self, of: usize, label: impl Into<String>, text: impl Into<String>) {
        self.units[of].facts.push(fact(label, text));
    }
}
