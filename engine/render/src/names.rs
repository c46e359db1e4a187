//! What names mean across the files of a runbook, as far as links need it.
//!
//! Anchors are stable, so that people may link to them from elsewhere: a step, checkpoint, section or attempt is
//! `#path.of.names`, the steps of a procedure below the procedure's name, that of a module below the module's;
//! contacts, matrices, messages and channels are `#contact-name` and so on. What has no name is `#at-number`, which moves
//! when the runbook does. No heading of ours is a single word, so none takes an identifier's anchor.

use crate::text::{escape, inline, plain};
use runbook_grammar::ast::{Block, File, Formal, LetValue, Module, Path, Stmt, StmtKind, Str};
use runbook_grammar::source::Sources;
use std::collections::BTreeMap;

/// Index of a file among those given.
pub(crate) type FileIndex = usize;

pub(crate) struct Names<'a> {
    /// Per file: the name a module has there, and which file it is.
    uses: Vec<BTreeMap<String, FileIndex>>,
    /// How a file's declarations are called in the whole document: empty for the first, `queues.` for a module.
    pub prefixes: Vec<String>,
    pub procedures: Vec<Procedure<'a>>,
    pub places: Vec<Place>,
    /// Titles as plain text.
    contacts: BTreeMap<String, String>,
    declared: BTreeMap<String, ()>,
}

pub(crate) struct Procedure<'a> {
    pub file: FileIndex,
    /// Also its anchor.
    pub path: String,
    pub title: String,
    pub stmt: &'a Stmt,
}

impl<'a> Procedure<'a> {
    pub fn formals(&self) -> &'a [Formal] {
        match &self.stmt.kind {
            StmtKind::Procedure { params, .. } => params,
            _ => &[],
        }
    }
}

/// Something named in the flow.
pub(crate) struct Place {
    /// Also its anchor.
    pub path: String,
    /// Markdown.
    pub title: String,
}

impl<'a> Names<'a> {
    pub fn new(sources: &Sources, files: &'a [File]) -> Names<'a> {
        let uses: Vec<_> = files
            .iter()
            .map(|file| uses(sources, files, file))
            .collect();
        let prefixes = prefixes(&uses, files.len());
        let mut names = Names {
            uses,
            prefixes,
            procedures: Vec::new(),
            places: Vec::new(),
            contacts: BTreeMap::new(),
            declared: BTreeMap::new(),
        };
        for (index, file) in files.iter().enumerate() {
            let prefix = names.prefixes[index].clone();
            names.flow(&file.body, &prefix);
            for stmt in &file.body {
                names.declaration(index, stmt);
            }
        }
        names
    }

    fn declaration(&mut self, file: FileIndex, stmt: &'a Stmt) {
        let prefix = self.prefixes[file].clone();
        let kind = match &stmt.kind {
            StmtKind::Procedure {
                name, title, block, ..
            } => {
                let path = format!("{prefix}{}", name.text);
                self.flow(&block.body, &format!("{path}."));
                let title = title_or(title.as_ref(), &name.text);
                self.procedures.push(Procedure {
                    file,
                    path,
                    title,
                    stmt,
                });
                return;
            }
            StmtKind::Contact { name, title, .. } => {
                self.contacts
                    .insert(format!("{prefix}{}", name.text), plain(title));
                format!("contact-{prefix}{}", name.text)
            }
            StmtKind::Matrix(matrix) => format!("matrix-{prefix}{}", matrix.name.text),
            StmtKind::Message { name, .. } => format!("message-{prefix}{}", name.text),
            StmtKind::Channel { name, .. } => format!("channel-{prefix}{}", name.text),
            _ => return,
        };
        self.declared.insert(kind, ());
    }

    fn flow(&mut self, body: &[Stmt], scope: &str) {
        for stmt in body {
            let below = match named(&stmt.kind) {
                Some((name, title)) => {
                    let path = format!("{scope}{name}");
                    self.places.push(Place {
                        path: path.clone(),
                        title,
                    });
                    format!("{path}.")
                }
                None => scope.to_owned(),
            };
            if !matches!(stmt.kind, StmtKind::Procedure { .. }) {
                for block in blocks(&stmt.kind) {
                    self.flow(&block.body, &below);
                }
            }
        }
    }

    /// The document-wide name of something that `path` means in `file`.
    fn full(&self, file: FileIndex, path: &Path) -> String {
        let names: Vec<_> = path.names.iter().map(|name| name.text.as_str()).collect();
        let uses = self.uses.get(file);
        match names.split_first() {
            Some((alias, rest)) if !rest.is_empty() => match uses.and_then(|uses| uses.get(*alias))
            {
                Some(&module) => format!("{}{}", self.prefixes[module], rest.join(".")),
                None => names.join("."),
            },
            _ => format!(
                "{}{}",
                self.prefixes.get(file).map_or("", String::as_str),
                names.join(".")
            ),
        }
    }

    pub fn procedure(&self, file: FileIndex, path: &Path) -> Option<&Procedure<'a>> {
        let full = self.full(file, path);
        self.procedures
            .iter()
            .find(|procedure| procedure.path == full)
    }

    /// A link to a place in the flow, known by the end of its path; a place in the same procedure comes first.
    pub fn place(&self, scope: &str, path: &str) -> Option<&Place> {
        let fits = |place: &&Place| place.path == path || place.path.ends_with(&format!(".{path}"));
        let near = self
            .places
            .iter()
            .find(|place| fits(place) && place.path.starts_with(scope));
        near.or_else(|| self.places.iter().find(fits))
    }

    /// A link to something declared, `kind` being the first word of its anchor; its name alone where it is not there.
    pub fn declared(&self, kind: &str, file: FileIndex, path: &Path) -> String {
        let full = self.full(file, path);
        let anchor = format!("{kind}-{full}");
        let words = match kind {
            "contact" => self.contacts.get(&full).map(|title| escape(title)),
            _ => None,
        };
        let words = words.unwrap_or_else(|| crate::text::code(&dotted(path)));
        if self.declared.contains_key(&anchor) {
            format!("[{words}](#{anchor})")
        } else {
            words
        }
    }
}

pub(crate) fn dotted(path: &Path) -> String {
    let names: Vec<_> = path.names.iter().map(|name| name.text.as_str()).collect();
    names.join(".")
}

pub(crate) fn title_or(title: Option<&Str>, name: &str) -> String {
    match title {
        Some(title) if !plain(title).trim().is_empty() => inline(title),
        _ => humane(name),
    }
}

/// `roll_back_code` as words: `Roll back code`.
pub(crate) fn humane(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Name and title of what a path may lead to.
pub(crate) fn named(kind: &StmtKind) -> Option<(&str, String)> {
    match kind {
        StmtKind::Section {
            name: Some(name),
            title,
            ..
        }
        | StmtKind::Step { name, title, .. }
        | StmtKind::Checkpoint { name, title, .. } => {
            Some((&name.text, title_or(Some(title), &name.text)))
        }
        StmtKind::Attempt { name, title, .. } => {
            Some((&name.text, title_or(title.as_ref(), &name.text)))
        }
        _ => None,
    }
}

/// The blocks of a statement that hold more flow.
pub(crate) fn blocks(kind: &StmtKind) -> Vec<&Block> {
    match kind {
        StmtKind::Section { block, .. }
        | StmtKind::Procedure { block, .. }
        | StmtKind::Parallel { block, .. }
        | StmtKind::For { block, .. }
        | StmtKind::WaitUpTo { block, .. }
        | StmtKind::Watch { block, .. }
        | StmtKind::Check { block, .. }
        | StmtKind::OnFailure(block)
        | StmtKind::Always(block) => vec![block],
        StmtKind::Step { block, .. } | StmtKind::Checkpoint { block, .. } => block.iter().collect(),
        StmtKind::If { arms, otherwise } => arms
            .iter()
            .map(|(_, block)| block)
            .chain(otherwise.as_deref())
            .collect(),
        StmtKind::Choose { arms, .. } => arms.iter().map(|arm| &arm.block).collect(),
        StmtKind::Decide { arms, .. } => arms.iter().map(|arm| &arm.block).collect(),
        StmtKind::Attempt {
            block, otherwise, ..
        } => [block].into_iter().chain(otherwise.as_deref()).collect(),
        _ => Vec::new(),
    }
}

/// Every `do` of a body, however deep.
pub(crate) fn calls<'a>(body: &'a [Stmt], found: &mut Vec<&'a Path>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Do(call)
            | StmtKind::Let {
                value: LetValue::Do(call),
                ..
            } => found.push(&call.path),
            StmtKind::Undo(runbook_grammar::ast::Undo::Block(block))
            | StmtKind::Background(block)
            | StmtKind::Guard { block, .. } => calls(&block.body, found),
            kind => {
                for block in blocks(kind) {
                    calls(&block.body, found);
                }
            }
        }
    }
}

/// Which names stand for which files in one of them.
fn uses(sources: &Sources, files: &[File], file: &File) -> BTreeMap<String, FileIndex> {
    let name_of = |file: &File| sources.get(file.source).name.clone();
    let mut uses = BTreeMap::new();
    for stmt in &file.body {
        let StmtKind::Use { module, alias } = &stmt.kind else {
            continue;
        };
        let (wanted, short) = match module {
            Module::Std(path) => {
                let last = path
                    .names
                    .last()
                    .map_or(String::new(), |name| name.text.clone());
                (format!("std.{}", dotted(path)), last)
            }
            Module::File(path) => {
                let path = path.plain().unwrap_or_default();
                let stem = path
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches(".rbk")
                    .to_owned();
                (beside(&name_of(file), &path), stem)
            }
        };
        let alias = alias.as_ref().map_or(short, |alias| alias.text.clone());
        if let Some(index) = files
            .iter()
            .position(|file| normal(&name_of(file)) == wanted)
        {
            uses.insert(alias, index);
        }
    }
    uses
}

/// A path given in one file, seen from where that file's own path starts.
fn beside(file: &str, path: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) => normal(&format!("{folder}/{path}")),
        None => normal(path),
    }
}

/// A path without `.` and, where it can be, without `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for (index, part) in path.split('/').enumerate() {
        match part {
            "." => {}
            "" if index > 0 => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A module is called as the file nearest to the runbook calls it; two of one name are told apart by a number.
fn prefixes(uses: &[BTreeMap<String, FileIndex>], count: usize) -> Vec<String> {
    let mut prefixes: Vec<Option<String>> = vec![None; count];
    if let Some(first) = prefixes.first_mut() {
        *first = Some(String::new());
    }
    let mut open = vec![0];
    while let Some(file) = (!open.is_empty()).then(|| open.remove(0)) {
        for (alias, &module) in uses.get(file).into_iter().flatten() {
            if prefixes[module].is_some() {
                continue;
            }
            let numbered = (2..).map(|number| format!("{alias}_{number}."));
            let free = std::iter::once(format!("{alias}."))
                .chain(numbered)
                .find(|name| !prefixes.contains(&Some(name.clone())));
            prefixes[module] = free;
            open.push(module);
        }
    }
    let named = prefixes.into_iter().enumerate();
    named
        .map(|(index, prefix)| prefix.unwrap_or_else(|| format!("module_{index}.")))
        .collect()
}
