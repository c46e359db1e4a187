//! The files of the runbook and the names each declares.

use std::collections::BTreeMap;

use super::scope::{Entry, Names};
use super::{Broken, Resolver, narrow};
use crate::codes;
use crate::command::{Interpreter, Settings};
use crate::expr::Clause;
use crate::files::{Astray, MAX_MODULE_DEPTH, ModuleName, locate};
use crate::ids::*;
use crate::plan::Retry;
use runbook_grammar::ast::{self, FileKind, StmtKind};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// One file, and what its names mean.
pub(super) struct Unit<'a> {
    pub file: &'a ast::File,
    pub name: Option<&'a ModuleName>,
    /// Alias to index of a unit; nothing where the module could not be had.
    pub modules: Names<'a, Option<usize>>,
    pub procedures: Names<'a, ProcedureId>,
    pub matrices: Names<'a, MatrixId>,
    pub contacts: Names<'a, ContactId>,
    pub channels: Names<'a, ChannelId>,
    pub messages: Names<'a, MessageId>,
    pub interpreters: Names<'a, InterpreterId>,
    pub hosts: Names<'a, HostId>,
    pub severities: Names<'a, ()>,
    pub triggers: Names<'a, ()>,
    /// Params and secrets: seen in all of the file.
    pub values: Names<'a, Entry>,
    pub defaults: Defaults,
}

/// What a file says for everything in it.
#[derive(Clone, Debug)]
pub(super) struct Defaults {
    pub settings: SettingsId,
    pub with: Option<Interpreter>,
    pub timeout: Option<Clause>,
    pub retry: Option<Retry>,
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults {
            settings: SettingsId(0),
            with: None,
            timeout: None,
            retry: None,
        }
    }
}

impl<'a> Unit<'a> {
    fn new(file: &'a ast::File, name: Option<&'a ModuleName>) -> Unit<'a> {
        Unit {
            file,
            name,
            modules: Names::default(),
            procedures: Names::default(),
            matrices: Names::default(),
            contacts: Names::default(),
            channels: Names::default(),
            messages: Names::default(),
            interpreters: Names::default(),
            hosts: Names::default(),
            severities: Names::default(),
            triggers: Names::default(),
            values: Names::default(),
            defaults: Defaults::default(),
        }
    }

    pub fn is_module(&self) -> bool {
        self.file
            .header
            .as_ref()
            .is_some_and(|header| header.kind == FileKind::Module)
    }

    /// The word a procedure of this module is known by: `queues` for `./lib/queues.rbk`, `git` for `std.git`.
    pub fn word(&self) -> Option<&str> {
        let path = match self.name? {
            ModuleName::Std(name) => name.rsplit('.').next(),
            ModuleName::File(path) => path.rsplit('/').next(),
        }?;
        Some(path.strip_suffix(".rbk").unwrap_or(path))
    }
}

/// What a name of a module leads to.
#[derive(Clone, Copy, Debug)]
enum Found<'a> {
    Unit(usize),
    /// A runbook, or scenarios.
    NoModule,
    /// It cannot be had, and why.
    Failed(&'a str),
}

/// The name a `use` gives its module: the one after `as`, else the last word of its path.
fn alias<'a>(module: &'a ast::Module, alias: &'a Option<ast::Name>) -> Option<(&'a str, Span)> {
    if let Some(name) = alias {
        return Some((&name.text, name.span));
    }
    match module {
        ast::Module::Std(path) => path.names.last().map(|n| (n.text.as_str(), n.span)),
        ast::Module::File(path) => {
            let ast::StrPart::Text { text, .. } = path.parts.first()? else {
                return None;
            };
            let last = text.rsplit('/').next()?;
            Some((last.strip_suffix(".rbk").unwrap_or(last), path.span))
        }
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn find_units(&mut self) {
        let files = self.files;
        self.plan.settings.push(Settings::default());
        self.units.push(Unit::new(&files.root, None));
        let mut index: BTreeMap<&'a ModuleName, Found<'a>> = BTreeMap::new();
        for loaded in &files.modules {
            match &loaded.file {
                Ok(file) => {
                    let unit = Unit::new(file, Some(&loaded.name));
                    if file.header.is_some() && !unit.is_module() {
                        index.insert(&loaded.name, Found::NoModule);
                    } else if !index.contains_key(&loaded.name) {
                        index.insert(&loaded.name, Found::Unit(self.units.len()));
                        self.units.push(unit);
                    }
                }
                Err(why) => {
                    index.insert(&loaded.name, Found::Failed(why));
                }
            }
        }
        let mut edges: Vec<Vec<(usize, Span)>> = vec![Vec::new(); self.units.len()];
        for (at, to) in edges.iter_mut().enumerate() {
            self.here = at;
            self.find_uses(&index, to);
        }
        self.here = 0;
        self.refuse_cycles(&edges);
    }

    fn find_uses(
        &mut self,
        index: &BTreeMap<&'a ModuleName, Found<'a>>,
        edges: &mut Vec<(usize, Span)>,
    ) {
        let file = self.unit().file;
        for stmt in &file.body {
            let StmtKind::Use {
                module,
                alias: given,
            } = &stmt.kind
            else {
                continue;
            };
            let found = self.find_module(module, stmt.span, index);
            if let Some(to) = found {
                edges.push((to, stmt.span));
            }
            let Some((name, span)) = alias(module, given) else {
                continue;
            };
            if let Err(first) = self.units[self.here].modules.insert(name, found, span) {
                self.taken("module", name, span, first);
            }
        }
    }

    fn find_module(
        &mut self,
        module: &'a ast::Module,
        span: Span,
        index: &BTreeMap<&'a ModuleName, Found<'a>>,
    ) -> Option<usize> {
        let name = match locate(module, self.unit().name) {
            Ok(name) => name,
            Err(why) => {
                let (message, help) = match why {
                    Astray::Absolute => (
                        "the path of a module is absolute",
                        "write the path from the folder of this file, as in \"./queues.rbk\"",
                    ),
                    Astray::Outside => (
                        "the path of a module leads out of the runbook's folder",
                        "move the module into the runbook's folder, or below it",
                    ),
                    Astray::Hole => (
                        "the path of a module has a hole in it",
                        "write the path out: modules are read before any value is known",
                    ),
                    Astray::Backslash => (
                        "the path of a module has a backslash in it",
                        "write the path with `/`, which works on every system",
                    ),
                    Astray::FromStd => (
                        "a module of the standard library uses a file",
                        "use another module of the standard library",
                    ),
                };
                self.error(codes::MODULE_PATH, message, span, "leads here", help);
                return None;
            }
        };
        match index.get(&name) {
            Some(Found::Unit(at)) => Some(*at),
            Some(Found::NoModule) => {
                self.error(
                    codes::NOT_A_MODULE,
                    format!("`{name}` is no module"),
                    span,
                    "used here as a module",
                    "begin that file with `module \"…\"`, or use another",
                );
                None
            }
            other => {
                let why = match other {
                    Some(Found::Failed(why)) => format!(": {why}"),
                    _ => String::new(),
                };
                let help = match &name {
                    ModuleName::Std(word) => {
                        let names = runbook_stdlib::MODULES.iter().map(|(name, _)| *name);
                        match self.near(word, names) {
                            Some(near) => format!("write `use std.{near}`"),
                            None => "use a module that the standard library has".to_owned(),
                        }
                    }
                    ModuleName::File(_) => {
                        "write the path of a file that is there, below the runbook's folder".into()
                    }
                };
                self.error(
                    codes::NO_SUCH_MODULE,
                    format!("the module `{name}` cannot be had{why}"),
                    span,
                    "used here",
                    help,
                );
                None
            }
        }
    }

    /// A module that uses itself, by whatever way, is named with the whole way; so is one too deep.
    fn refuse_cycles(&mut self, edges: &[Vec<(usize, Span)>]) {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            New,
            Open,
            Done,
        }
        let mut seen = vec![Seen::New; edges.len()];
        let mut deepest = vec![0_usize; edges.len()];
        let mut path: Vec<(usize, usize)> = vec![(0, 0)];
        seen[0] = Seen::Open;
        while let Some((at, next)) = path.last_mut() {
            let at = *at;
            let Some((to, span)) = edges[at].get(*next).copied() else {
                seen[at] = Seen::Done;
                path.pop();
                if let Some((before, _)) = path.last() {
                    deepest[*before] = deepest[*before].max(deepest[at] + 1);
                }
                continue;
            };
            *next += 1;
            match seen[to] {
                Seen::New => {
                    seen[to] = Seen::Open;
                    path.push((to, 0));
                }
                Seen::Done => deepest[at] = deepest[at].max(deepest[to] + 1),
                Seen::Open => {
                    let start = path.iter().position(|(unit, _)| *unit == to).unwrap_or(0);
                    let mut names: Vec<String> = path[start..]
                        .iter()
                        .map(|(unit, _)| self.unit_name(*unit))
                        .collect();
                    names.push(self.unit_name(to));
                    self.error(
                        codes::MODULE_CYCLE,
                        format!("modules use each other in a circle: {}", names.join(" → ")),
                        span,
                        "closes the circle",
                        "move what both need into a module that uses neither",
                    );
                }
            }
        }
        if deepest[0] > MAX_MODULE_DEPTH {
            let span = edges[0].first().map(|(_, span)| *span).unwrap_or_default();
            self.error(
                codes::MODULE_DEPTH,
                format!("modules use modules more than {MAX_MODULE_DEPTH} deep"),
                span,
                "leads that deep",
                "use what is needed directly",
            );
        }
    }

    fn unit_name(&self, unit: usize) -> String {
        match self.units[unit].name {
            Some(name) => name.to_string(),
            None => "the runbook".to_owned(),
        }
    }

    /// One name, two declarations.
    pub(super) fn taken(&mut self, kind: &str, name: &str, span: Span, first: Span) {
        self.report(
            Diagnostic::error(
                codes::NAME_TAKEN,
                format!("there are two of the {kind} `{name}`"),
                span,
                "declared again",
            )
            .label(first, "declared first")
            .help("give one of them another name"),
        );
    }

    /// Gives every declaration of every file its id, so that order does not matter.
    pub(super) fn find_names(&mut self) {
        let mut contacts = 0;
        let mut channels = 0;
        let mut interpreters = 0;
        let mut hosts = 0;
        for at in 0..self.units.len() {
            self.here = at;
            let file = self.unit().file;
            if file.header.is_none() {
                self.broken = Broken::Yes;
            }
            for stmt in &file.body {
                let unit = &mut self.units[at];
                let (kind, name, first) = match &stmt.kind {
                    StmtKind::Severity { name, .. } => (
                        "severity",
                        name,
                        unit.severities.insert(&name.text, (), name.span),
                    ),
                    StmtKind::Contact { name, .. } => {
                        let id = ContactId(contacts);
                        contacts += 1;
                        (
                            "contact",
                            name,
                            unit.contacts.insert(&name.text, id, name.span),
                        )
                    }
                    StmtKind::Channel { name, .. } => {
                        let id = ChannelId(channels);
                        channels += 1;
                        (
                            "channel",
                            name,
                            unit.channels.insert(&name.text, id, name.span),
                        )
                    }
                    StmtKind::Interpreter { name, .. } => {
                        let id = InterpreterId(interpreters);
                        interpreters += 1;
                        (
                            "interpreter",
                            name,
                            unit.interpreters.insert(&name.text, id, name.span),
                        )
                    }
                    StmtKind::Host { name, .. } => {
                        let id = HostId(hosts);
                        hosts += 1;
                        ("host", name, unit.hosts.insert(&name.text, id, name.span))
                    }
                    StmtKind::Trigger { name, .. } => (
                        "trigger",
                        name,
                        unit.triggers.insert(&name.text, (), name.span),
                    ),
                    StmtKind::Message { name, .. } => {
                        let id = MessageId(narrow(self.messages.len()));
                        let taken = unit.messages.insert(&name.text, id, name.span);
                        self.messages
                            .push(super::people::MessageSlot { unit: at, stmt });
                        ("message", name, taken)
                    }
                    StmtKind::Matrix(matrix) => {
                        let id = MatrixId(narrow(self.matrices.len()));
                        let taken = unit
                            .matrices
                            .insert(&matrix.name.text, id, matrix.name.span);
                        self.matrices.push(super::matrices::Slot::new(at, matrix));
                        ("matrix", &matrix.name, taken)
                    }
                    StmtKind::Procedure { name, .. } => {
                        let id = ProcedureId(narrow(self.procedures.len()));
                        let taken = unit.procedures.insert(&name.text, id, name.span);
                        if let Some(signature) = super::procedures::Signature::new(at, stmt) {
                            self.procedures.push(signature);
                        }
                        ("procedure", name, taken)
                    }
                    StmtKind::Bad => {
                        self.broken = Broken::Yes;
                        continue;
                    }
                    _ => continue,
                };
                if let Err(first) = first {
                    self.taken(kind, &name.text, name.span, first);
                }
            }
        }
        self.here = 0;
    }

    /// Finds a declaration by a path of one name, or of a module's alias and a name.
    pub(super) fn find<T: Copy>(
        &mut self,
        kind: &str,
        path: &'a ast::Path,
        table: impl for<'u> Fn(&'u Unit<'a>) -> &'u Names<'a, T>,
    ) -> Option<T> {
        self.find_words(kind, &path.names, path.span, table)
    }

    pub(super) fn find_words<T: Copy>(
        &mut self,
        kind: &str,
        names: &'a [ast::Name],
        span: Span,
        table: impl for<'u> Fn(&'u Unit<'a>) -> &'u Names<'a, T>,
    ) -> Option<T> {
        let here = self.here;
        let (unit, name) = match names {
            [name] => (here, name),
            [module, name] => match self.units[here].modules.get(&module.text).copied() {
                Some(Some(unit)) => (unit, name),
                Some(None) => {
                    self.broken();
                    return None;
                }
                None => {
                    let names: Vec<&str> = self.units[here].modules.keys().collect();
                    let help = match self.near(&module.text, names) {
                        Some(near) => format!("write `{near}.{}`", name.text),
                        None => format!("add a `use` of the module that declares `{}`", name.text),
                    };
                    self.error(
                        codes::UNKNOWN_DECLARATION,
                        format!("no module here is called `{}`", module.text),
                        module.span,
                        "named here as a module",
                        help,
                    );
                    return None;
                }
            },
            _ => {
                self.error(
                    codes::UNKNOWN_DECLARATION,
                    format!("the name of a {kind} has more than two words"),
                    span,
                    "too many dots",
                    format!("write the {kind}'s name, or `module.name`"),
                );
                return None;
            }
        };
        if let Some(found) = table(&self.units[unit]).get(&name.text) {
            return Some(*found);
        }
        let none = table(&self.units[unit]).is_empty();
        let names: Vec<&str> = table(&self.units[unit])
            .keys()
            .take(self.worth_gathering())
            .collect();
        let help = match self.near(&name.text, names) {
            Some(near) => format!("did you mean `{near}`? Otherwise declare a {kind} of this name"),
            None if none => format!("declare it: there is no {kind} yet"),
            None => format!("declare a {kind} of this name, or name one that is declared"),
        };
        self.error(
            codes::UNKNOWN_DECLARATION,
            format!("no {kind} is called `{}`", name.text),
            name.span,
            format!("named here as a {kind}"),
            help,
        );
        None
    }
}
