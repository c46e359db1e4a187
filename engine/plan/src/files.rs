//! The files of one runbook: itself and the modules it uses, each once, however often it is used.

use std::collections::{BTreeMap, VecDeque};

use runbook_grammar::ast;
use runbook_grammar::span::Span;

/// How deep modules may use modules.
pub const MAX_MODULE_DEPTH: usize = 32;

/// What [`crate::resolve`] works on.
#[derive(Clone, Debug)]
pub struct Files {
    /// The runbook; or a module or a scenario file, which are checked and give no flow.
    pub root: ast::File,
    /// Everything used, at any depth, each once. What is missing here is reported where it is used.
    pub modules: Vec<Loaded>,
}

/// A module, or why there is none.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub name: ModuleName,
    /// The reason reads after "because": `there is no such file`.
    pub file: Result<ast::File, String>,
}

/// Where a module is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModuleName {
    /// Of the standard library: `git` for `std.git`.
    Std(String),
    /// A path relative to the folder of the runbook, with `/`, without `.` and `..`.
    File(String),
}

impl std::fmt::Display for ModuleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ModuleName::Std(name) => write!(f, "std.{name}"),
            ModuleName::File(path) => f.write_str(path),
        }
    }
}

/// A `use` that names a place below the runbook's folder, or of the standard library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub name: ModuleName,
    pub span: Span,
}

/// What a file uses. `from` is the module that the file is; nothing for the runbook itself, whose folder
/// all paths are held against. A `use` that leads elsewhere is left out: [`crate::resolve`] reports it.
pub fn imports(file: &ast::File, from: Option<&ModuleName>) -> Vec<Import> {
    let mut found = Vec::new();
    for stmt in &file.body {
        if let ast::StmtKind::Use { module, .. } = &stmt.kind
            && let Ok(name) = locate(module, from)
        {
            found.push(Import {
                name,
                span: stmt.span,
            });
        }
    }
    found
}

/// The runbook and all it uses. `fetch` gives the tree of one module, or why there is none; it is asked once
/// for each, nearest first, and it is the one to refuse links that lead out of the folder.
pub fn gather(
    root: ast::File,
    mut fetch: impl FnMut(&ModuleName) -> Result<ast::File, String>,
) -> Files {
    let mut modules: Vec<Loaded> = Vec::new();
    let mut known: BTreeMap<ModuleName, ()> = BTreeMap::new();
    let mut open: VecDeque<(ModuleName, usize)> = VecDeque::new();
    for import in imports(&root, None) {
        open.push_back((import.name, 1));
    }
    while let Some((name, depth)) = open.pop_front() {
        if depth > MAX_MODULE_DEPTH || known.insert(name.clone(), ()).is_some() {
            continue;
        }
        let file = fetch(&name);
        if let Ok(file) = &file {
            for import in imports(file, Some(&name)) {
                open.push_back((import.name, depth + 1));
            }
        }
        modules.push(Loaded { name, file });
    }
    Files { root, modules }
}

/// Why a path is no place for a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Astray {
    Absolute,
    Outside,
    Hole,
    Backslash,
    /// A module of the standard library uses a file.
    FromStd,
}

/// Where a `use` leads, by its text alone.
pub(crate) fn locate(
    module: &ast::Module,
    from: Option<&ModuleName>,
) -> Result<ModuleName, Astray> {
    let path = match module {
        ast::Module::Std(path) => {
            let names: Vec<&str> = path.names.iter().map(|n| n.text.as_str()).collect();
            return Ok(ModuleName::Std(names.join(".")));
        }
        ast::Module::File(path) => path.plain().ok_or(Astray::Hole)?,
    };
    let folder = match from {
        None => "",
        Some(ModuleName::Std(_)) => return Err(Astray::FromStd),
        Some(ModuleName::File(own)) => own.rsplit_once('/').map_or("", |(folder, _)| folder),
    };
    if path.contains('\\') {
        return Err(Astray::Backslash);
    }
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || drive {
        return Err(Astray::Absolute);
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(Astray::Outside)?;
            }
            name => parts.push(name),
        }
    }
    Ok(ModuleName::File(parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_grammar::ast::{Module, Str, StrPart};

    fn file(path: &str) -> Module {
        Module::File(Str {
            parts: vec![StrPart::Text {
                text: path.to_owned(),
                span: Span::default(),
            }]
            .into(),
            span: Span::default(),
        })
    }

    #[test]
    fn a_path_is_read_from_the_folder_of_the_file_that_uses_it() {
        let from = ModuleName::File("lib/deep/a.rbk".to_owned());
        let at = |path: &str| locate(&file(path), Some(&from));
        assert_eq!(at("./b.rbk"), Ok(ModuleName::File("lib/deep/b.rbk".into())));
        assert_eq!(at("../b.rbk"), Ok(ModuleName::File("lib/b.rbk".into())));
        assert_eq!(at("../../b.rbk"), Ok(ModuleName::File("b.rbk".into())));
        assert_eq!(at("../../../b.rbk"), Err(Astray::Outside));
        assert_eq!(at("/etc/b.rbk"), Err(Astray::Absolute));
        assert_eq!(at("c:/b.rbk"), Err(Astray::Absolute));
        assert_eq!(at("a\\b.rbk"), Err(Astray::Backslash));
    }
}
