//! From a path to what stands there: the runbook and all modules it uses, each read once. The bytes that are
//! parsed are the bytes that are hashed, copied and run.

use std::collections::BTreeMap;
use std::path::Path;

use runbook_grammar::ast::{self, FileKind, StmtKind};
use runbook_grammar::diagnostic::{self, Diagnostic};
use runbook_grammar::source::Sources;
use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::files::{Files, ModuleName};
use runbook_plan::resolve::check_scenarios;

use crate::codes;
use crate::error::{HostError, plainly};
use crate::files::Folder;

pub use crate::files::{read, replace};

/// One file of a load, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// As named to a person.
    pub name: String,
    /// As modules know it: empty for the runbook, `std.git`, else the path below the runbook's folder;
    /// [`CHANNELS`] for what `runbook.toml` says of channels.
    pub module: String,
    /// Absolute; empty for the standard library.
    pub path: String,
    pub bytes: Vec<u8>,
}

/// The module of an [`Original`] that holds the channels of `runbook.toml`, as declarations.
pub const CHANNELS: &str = "@channels";

/// A runbook with its modules, parsed and resolved.
#[derive(Debug)]
pub struct Loaded {
    pub sources: Sources,
    pub files: Files,
    /// Of all files, in order of place; there is no plan where there are any.
    pub diagnostics: Vec<Diagnostic>,
    pub plan: Option<Plan>,
    /// What was read, the runbook first.
    pub originals: Vec<Original>,
    /// Of a scenario file: the runbook it tests, where that could be read.
    pub tests: Option<Box<Loaded>>,
}

/// Loads a file as it stands: what `lint`, `render` and `fmt` look at.
///
/// # Errors
/// The file itself cannot be read or is not UTF-8. What is wrong with its text or its modules is a diagnostic.
pub fn load(path: &Path) -> Result<Loaded, HostError> {
    let mut loaded = load_with(path, &BTreeMap::new())?;
    let tests = match &loaded.files.root.header {
        Some(header) if header.kind == FileKind::Scenarios => {
            header.title.plain().map(|title| (title, header.title.span))
        }
        _ => None,
    };
    if let Some((title, span)) = tests {
        tested(path, &mut loaded, &title, span);
    }
    Ok(loaded)
}

/// Loads the runbook that a scenario file is for, and holds what the file names against it.
fn tested(path: &Path, loaded: &mut Loaded, title: &str, span: Span) {
    let wrong = |message: String, here: &str, help: &str| {
        Diagnostic::error(runbook_plan::codes::SCENARIO, message, span, here).help(help)
    };
    let runbook = path.parent().unwrap_or(Path::new("")).join(title);
    let tests = match load_with(&runbook, &BTreeMap::new()) {
        Ok(tests) => tests,
        Err(error) => {
            loaded.diagnostics.push(wrong(
                format!("the runbook to test is not there: {}", error.message),
                "is meant beside this file",
                error
                    .help
                    .as_deref()
                    .unwrap_or("name it by its path from this file's folder"),
            ));
            return;
        }
    };
    match &tests.plan {
        Some(plan) if plan.root.is_some() => {
            let found = check_scenarios(&loaded.files.root, Some(plan));
            let new = found
                .into_iter()
                .filter(|found| !loaded.diagnostics.contains(found));
            let new: Vec<Diagnostic> = new.collect();
            loaded.diagnostics.extend(new);
            loaded.diagnostics.sort_by_key(Diagnostic::span);
        }
        Some(_) => loaded.diagnostics.push(wrong(
            format!("{title} is no runbook"),
            "named here",
            "name a runbook: a module has no flow of its own to test",
        )),
        None => loaded.diagnostics.push(wrong(
            format!("the runbook {title} has mistakes of its own"),
            "named here",
            &format!("see `runbook lint {}`", runbook.display()),
        )),
    }
    loaded.tests = Some(Box::new(tests));
}

/// Loads a runbook for a run. `channels` gives a command line to channels that it leaves without a block.
pub fn load_with(path: &Path, channels: &BTreeMap<String, String>) -> Result<Loaded, HostError> {
    let bytes = read(path)?;
    let root = Original {
        name: path.display().to_string(),
        module: String::new(),
        path: absolute(path),
        bytes,
    };
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let mut folder = None;
    let mut fetch = |module: &ModuleName| match module {
        ModuleName::Std(name) => standard(name),
        ModuleName::File(below) => {
            let folder = folder.get_or_insert_with(|| Folder::open(parent));
            let folder = folder.as_ref().map_err(|refusal| refusal.because())?;
            let bytes = folder.read(below).map_err(|refusal| refusal.because())?;
            let path = parent.join(below);
            Ok(Original {
                name: path.display().to_string(),
                module: below.clone(),
                path: absolute(&path),
                bytes,
            })
        }
    };
    let channels = declarations(channels);
    on_a_deep_stack(root.bytes.len(), || assemble(root, channels, &mut fetch))
}

/// Loads a text that comes through a pipe, such as a shell's `<(…)`: it has no folder, and so no modules of its own.
///
/// # Errors
/// It cannot be read to its end, or is not UTF-8.
pub fn load_piped(path: &Path) -> Result<Loaded, HostError> {
    let root = Original {
        name: path.display().to_string(),
        module: String::new(),
        path: absolute(path),
        bytes: crate::files::read_pipe(path)?,
    };
    let mut fetch = |module: &ModuleName| match module {
        ModuleName::Std(name) => standard(name),
        ModuleName::File(_) => {
            Err("the file that uses it came through a pipe, and has no folder".to_owned())
        }
    };
    on_a_deep_stack(root.bytes.len(), || assemble(root, None, &mut fetch))
}

/// Loads what a run keeps of its sources.
pub fn load_snapshot(originals: Vec<Original>) -> Result<Loaded, HostError> {
    let mut originals = originals.into_iter();
    let root = originals
        .next()
        .ok_or_else(|| HostError::new(codes::JOURNAL_EMPTY, "the run keeps no sources"))?;
    let mut kept: BTreeMap<String, Original> = originals
        .map(|original| (original.module.clone(), original))
        .collect();
    let channels = kept.remove(CHANNELS);
    let mut fetch = |module: &ModuleName| {
        let why = || "the run keeps no copy of it".to_owned();
        kept.remove(&module.to_string()).ok_or_else(why)
    };
    on_a_deep_stack(root.bytes.len(), || assemble(root, channels, &mut fetch))
}

fn standard(name: &str) -> Result<Original, String> {
    match runbook_stdlib::module(name) {
        Some(text) => Ok(Original {
            name: format!("std.{name}"),
            module: format!("std.{name}"),
            path: String::new(),
            bytes: text.as_bytes().to_vec(),
        }),
        None => {
            let names: Vec<&str> = runbook_stdlib::MODULES
                .iter()
                .map(|(name, _)| *name)
                .collect();
            let near = runbook_grammar::nearest(name, names.iter().copied());
            Err(match near {
                Some(near) => format!("the standard library has no `{name}`; it has `{near}`"),
                None => format!(
                    "the standard library has no `{name}`; it has {}",
                    names.join(", ")
                ),
            })
        }
    }
}

fn assemble(
    root: Original,
    channels: Option<Original>,
    fetch: &mut dyn FnMut(&ModuleName) -> Result<Original, String>,
) -> Result<Loaded, HostError> {
    let mut sources = Sources::default();
    let mut diagnostics = Vec::new();
    let mut originals = Vec::new();
    let mut parse = |name: &str, text: &str| {
        let (id, found) = sources.read(name, text);
        diagnostics.extend(found);
        let (file, found) = runbook_grammar::parse::parse(sources.get(id));
        diagnostics.extend(found);
        file
    };
    let mut file = parse(&root.name, text(&root.name, &root.bytes)?);
    if let Some(channels) = &channels {
        let said = parse(&channels.name, text(&channels.name, &channels.bytes)?);
        give_channels(&mut file, said);
    }
    originals.push(root);
    originals.extend(channels);
    let files = runbook_plan::files::gather(file, |module| {
        let original = fetch(module)?;
        let text = text(&original.name, &original.bytes).map_err(|error| {
            let what = error.message.strip_prefix(&original.name);
            format!("it{}", what.unwrap_or(" cannot be read"))
        })?;
        let file = parse(&original.name, text);
        originals.push(original);
        Ok(file)
    });
    // What a text means can be said where it could be read: names and types are checked all the same.
    let (resolved, found) = runbook_plan::resolve::resolve(&files);
    let found = runbook_plan::told::once(&diagnostics, found, &sources);
    diagnostics.extend(found);
    let plan = resolved.filter(|_| diagnostics.is_empty());
    diagnostics.sort_by_key(|diagnostic| {
        let span = diagnostic.span();
        (span.source, span.start, span.end)
    });
    Ok(Loaded {
        sources,
        files,
        diagnostics: diagnostic::bounded(diagnostics),
        plan,
        originals,
        tests: None,
    })
}

/// The text of a file.
///
/// # Errors
/// It is not UTF-8.
pub fn text<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, HostError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        HostError::new(
            codes::NOT_UTF8,
            format!(
                "{name} is not UTF-8: byte 0x{:02X} in line {line}",
                bytes[at]
            ),
        )
        .help("Save it as UTF-8.")
    })
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}

/// `[channels]` of `runbook.toml` in the language's own words.
fn declarations(channels: &BTreeMap<String, String>) -> Option<Original> {
    if channels.is_empty() {
        return None;
    }
    let mut text = format!("rbk 1\nmodule \"{}\"\n", crate::config::NAME);
    for (name, command) in channels {
        text += &format!("\nchannel {name} \"{name}\" {{\n");
        if command.trim().contains('\n') {
            let fence = "`".repeat(3.max(longest_ticks(command) + 1));
            text += &format!("  $ {fence}sh\n");
            for line in command.trim().lines() {
                text += &format!("    {line}\n");
            }
            text += &format!("  {fence}\n}}\n");
        } else {
            text += &format!("  $ {}\n}}\n", command.trim());
        }
    }
    Some(Original {
        name: crate::config::NAME.to_owned(),
        module: CHANNELS.to_owned(),
        path: String::new(),
        bytes: text.into_bytes(),
    })
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Gives a block to each channel that has none and that `said` declares.
fn give_channels(file: &mut ast::File, said: ast::File) {
    let mut blocks: BTreeMap<String, ast::Block> = BTreeMap::new();
    for stmt in said.body {
        if let StmtKind::Channel {
            name,
            block: Some(block),
            ..
        } = stmt.kind
        {
            blocks.insert(name.text, block);
        }
    }
    for stmt in &mut file.body {
        if let StmtKind::Channel { name, block, .. } = &mut stmt.kind
            && block.is_none()
        {
            *block = blocks.remove(&name.text);
        }
    }
}

/// Stack that reading a file may need, in bytes.
const DEEP: usize = 8 << 20;

/// Runs `work` where there is stack enough for it: on a thread of its own where ours is small, or the input
/// is so long that the thread costs nothing beside it.
fn on_a_deep_stack(
    length: usize,
    work: impl FnOnce() -> Result<Loaded, HostError> + Send,
) -> Result<Loaded, HostError> {
    let ours = rustix::process::getrlimit(rustix::process::Resource::Stack).current;
    if length < 1 << 20 && ours.is_none_or(|bytes| bytes >= DEEP as u64) {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP);
        match thread.spawn_scoped(scope, work) {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => Err(HostError::new(
                codes::FILE_UNREADABLE,
                format!(
                    "there is no thread to read the file on: {}",
                    plainly(&error)
                ),
            )),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNBOOK: &str =
        "rbk 1\nrunbook \"A\"\n\nuse std.git\nuse \"./lib/q.rbk\" as q\n\nchannel ops \"Ops\"\n";
    const MODULE: &str = "rbk 1\nmodule \"Q\"\n";

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn names(loaded: &Loaded) -> Vec<&str> {
        loaded.originals.iter().map(|o| o.module.as_str()).collect()
    }

    #[test]
    fn a_runbook_comes_with_all_it_uses_and_again_from_its_copies() {
        let folder = folder(&[
            ("a.rbk", RUNBOOK.as_bytes()),
            ("lib/q.rbk", MODULE.as_bytes()),
        ]);
        let channels = BTreeMap::from([("ops".to_owned(), "say \"$MESSAGE\"".to_owned())]);
        let loaded = load_with(&folder.path().join("a.rbk"), &channels).unwrap();
        assert_eq!(names(&loaded), ["", CHANNELS, "std.git", "lib/q.rbk"]);
        assert!(
            loaded
                .files
                .modules
                .iter()
                .all(|module| module.file.is_ok())
        );
        let given = loaded.files.root.body.iter().any(|stmt| {
            matches!(&stmt.kind, StmtKind::Channel { block: Some(block), .. } if block.body.len() == 1)
        });
        assert!(given, "{:?}", loaded.files.root.body);
        let again = load_snapshot(loaded.originals.clone()).unwrap();
        assert_eq!(again.originals, loaded.originals);
        assert_eq!(again.files.root, loaded.files.root);
    }

    #[test]
    fn what_is_wrong_with_a_module_is_said_where_it_is_used() {
        let long = "x".repeat(10);
        let folder = folder(&[
            ("a.rbk", b"rbk 1\nrunbook \"A\"\nuse \"./e.rbk\" as e\nuse \"./l.rbk\" as l\nuse \"./n.rbk\" as n\nuse \"./d\" as d\nuse \"./o.rbk\" as o\nuse std.gti\n"),
            ("e.rbk", b" \n"),
            ("l.rbk", b"a\n\xe9"),
            ("d/x", long.as_bytes()),
        ]);
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("o.rbk")).unwrap();
        let loaded = load(&folder.path().join("a.rbk")).unwrap();
        let said: Vec<String> = loaded
            .files
            .modules
            .iter()
            .filter_map(|module| Some(format!("{}: {}", module.name, module.file.as_ref().err()?)))
            .collect();
        assert_eq!(
            said,
            [
                "l.rbk: it is not UTF-8: byte 0xE9 in line 2",
                "n.rbk: there is no such file",
                "d: it is a folder, not a file",
                "o.rbk: a symbolic link leads out of the runbook's folder",
                "std.gti: the standard library has no `gti`; it has `git`",
            ]
        );
    }

    #[test]
    fn the_text_is_what_the_parser_sees_and_the_bytes_are_kept() {
        let folder = folder(&[("a.rbk", b"\xef\xbb\xbfrbk 1\r\nrunbook \"A\"\r\n")]);
        let loaded = load(&folder.path().join("a.rbk")).unwrap();
        assert_eq!(
            loaded.sources.iter().next().unwrap().text,
            "rbk 1\nrunbook \"A\"\n"
        );
        assert!(
            loaded.originals[0]
                .bytes
                .starts_with(b"\xef\xbb\xbfrbk 1\r\n")
        );
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let folder = folder(&[("latin.rbk", b"rbk 1\n\n\xe9")]);
        let code = |name: &str| load(&folder.path().join(name)).unwrap_err().code;
        assert_eq!(code("latin.rbk"), codes::NOT_UTF8);
        assert_eq!(code("none.rbk"), codes::FILE_UNREADABLE);
    }

    #[test]
    fn a_long_command_of_a_channel_becomes_a_fence() {
        let channels = BTreeMap::from([("ops".to_owned(), "a\nb ```\n".to_owned())]);
        let text = String::from_utf8(declarations(&channels).unwrap().bytes).unwrap();
        assert!(
            text.contains("  $ ````sh\n    a\n    b ```\n  ````\n}\n"),
            "{text}"
        );
    }
}
