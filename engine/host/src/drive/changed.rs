//! A runbook may be edited while a run of it waits. The run goes on from its own copy; this says what is
//! different now, step by step.

use std::path::Path;

use runbook_grammar::ast::{Block, Comment, Stmt, StmtKind};
use runbook_grammar::source::Sources;
use runbook_grammar::span::Span;

use crate::load::Loaded;

/// Path of names and text of every step and checkpoint, in order of place; comments are left out of the text.
pub type Steps = Vec<(String, String)>;

/// Sentences for the operator; none where every file is as it was.
pub fn since(loaded: &Loaded) -> Vec<String> {
    let mut said = Vec::new();
    for original in &loaded.originals {
        if original.path.is_empty() {
            continue;
        }
        match std::fs::read(Path::new(&original.path)) {
            Ok(bytes) if bytes == original.bytes => {}
            Ok(bytes) => {
                let differences = match (steps_of(&original.bytes), steps_of(&bytes)) {
                    (Some(then), Some(now)) => differences(&then, &now),
                    _ => vec!["it is not readable any more".to_owned()],
                };
                said.push(format!(
                    "{} was changed since this run began: {}. The run goes on with the text it began with.",
                    original.name,
                    differences.join("; ")
                ));
            }
            Err(_) => said.push(format!(
                "{} is not there any more. The run goes on with its own copy.",
                original.name
            )),
        }
    }
    said
}

/// The steps of one file; none where it is no text.
pub fn steps_of(bytes: &[u8]) -> Option<Steps> {
    let text = std::str::from_utf8(bytes).ok()?.replace("\r\n", "\n");
    let mut sources = Sources::default();
    let id = sources.add("", text);
    let (file, _) = runbook_grammar::parse::parse(sources.get(id));
    let mut found = Vec::new();
    let mut open: Vec<(String, &[Stmt])> = vec![(String::new(), &file.body)];
    while let Some((path, body)) = open.pop() {
        for stmt in body {
            if let Some((name, block)) = named(&stmt.kind) {
                let path = match path.as_str() {
                    "" => name.to_owned(),
                    path => format!("{path}.{name}"),
                };
                if matches!(
                    stmt.kind,
                    StmtKind::Step { .. } | StmtKind::Checkpoint { .. }
                ) {
                    let text = without_comments(sources.text(stmt.span), stmt.span, &file.comments);
                    found.push((path, text));
                } else if let Some(block) = block {
                    open.push((path, &block.body));
                }
            } else {
                for block in inside(&stmt.kind) {
                    open.push((path.clone(), &block.body));
                }
            }
        }
    }
    Some(found)
}

fn without_comments(text: &str, span: Span, comments: &[Comment]) -> String {
    let mut out = String::new();
    let mut from = 0;
    let inside = comments
        .iter()
        .filter(|comment| comment.span.start >= span.start && comment.span.end <= span.end);
    for comment in inside {
        let at = |place: u32| (place - span.start) as usize;
        let before = text[from..at(comment.span.start)].trim_end_matches([' ', '\t']);
        // One that has its line to itself goes with the line.
        let before = match comment.trailing {
            true => before,
            false => before.strip_suffix('\n').unwrap_or(before),
        };
        out += before;
        from = at(comment.span.end);
    }
    out + &text[from..]
}

/// The texts of all steps of a name, wherever they stand.
pub fn called<'s>(steps: &'s Steps, name: &str) -> Vec<&'s str> {
    let steps = steps.iter();
    steps
        .filter(|(path, _)| path.rsplit('.').next() == Some(name))
        .map(|(_, text)| text.as_str())
        .collect()
}

pub fn differences(then: &Steps, now: &Steps) -> Vec<String> {
    let text = |steps: &'_ Steps, path: &str| -> Option<String> {
        let texts = steps.iter().filter(|(other, _)| other == path);
        let texts: Vec<&str> = texts.map(|(_, text)| text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    };
    let mut said: Vec<String> = Vec::new();
    let mut say = |what: String| {
        if !said.contains(&what) {
            said.push(what);
        }
    };
    for (path, _) in then {
        match (text(then, path), text(now, path)) {
            (_, None) => say(format!("step {path} is gone")),
            (then, now) if then != now => say(format!("step {path} is different")),
            _ => {}
        }
    }
    for (path, _) in now {
        if text(then, path).is_none() {
            say(format!("step {path} is new"));
        }
    }
    if said.is_empty() {
        said.push("no step is different, something around them is".to_owned());
    }
    said
}

fn named(kind: &StmtKind) -> Option<(&str, Option<&Block>)> {
    match kind {
        StmtKind::Section {
            name: Some(name),
            block,
            ..
        }
        | StmtKind::Procedure { name, block, .. } => Some((&name.text, Some(block))),
        StmtKind::Step { name, block, .. } | StmtKind::Checkpoint { name, block, .. } => {
            Some((&name.text, block.as_ref()))
        }
        _ => None,
    }
}

fn inside(kind: &StmtKind) -> Vec<&Block> {
    match kind {
        StmtKind::Section { block, .. }
        | StmtKind::Parallel { block, .. }
        | StmtKind::For { block, .. } => vec![block],
        StmtKind::Attempt {
            block, otherwise, ..
        } => std::iter::once(block).chain(otherwise.as_deref()).collect(),
        StmtKind::If { arms, otherwise } => {
            let arms = arms.iter().map(|(_, block)| block);
            arms.chain(otherwise.as_deref()).collect()
        }
        StmtKind::Choose { arms, .. } => arms.iter().map(|arm| &arm.block).collect(),
        StmtKind::Decide { arms, .. } => arms.iter().map(|arm| &arm.block).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(body: &str) -> Steps {
        steps_of(format!("rbk 1\nrunbook \"A\"\n{body}").as_bytes()).unwrap()
    }

    #[test]
    fn i11_each_step_that_is_different_is_named() {
        let then = steps(
            "section s \"S\" {\n  step a \"A\" {\n    $ a\n  }\n}\nstep b \"B\" {\n  $ b\n}\nstep c \"C\" {\n  $ c\n}\n",
        );
        let now = steps(
            "# a comment\nsection s \"S\" {\n  step a \"A\" {\n    $ a --force\n  }\n}\nstep b \"B\" {\n  $ b\n}\nprocedure p() {\n  step d \"D\" {\n    $ d\n  }\n}\n",
        );
        assert_eq!(
            differences(&then, &now),
            ["step c is gone", "step s.a is different", "step p.d is new"]
        );
        let comment = steps("# here\nstep b \"B\" {\n  $ b\n}\n");
        let without = steps("step b \"B\" {\n  $ b\n}\n");
        assert_eq!(
            differences(&comment, &without),
            ["no step is different, something around them is"]
        );
    }

    #[test]
    fn a_step_is_found_within_whatever_stands_around_it() {
        let around = [
            "section \"S\" {\n  STEP\n}\n",
            "parallel {\n  STEP\n}\n",
            "for x in xs {\n  STEP\n}\n",
            "attempt a \"A\" {\n  STEP\n} otherwise {\n  wait 1s\n}\n",
            "attempt a \"A\" {\n  wait 1s\n} otherwise {\n  STEP\n}\n",
            "if x {\n  STEP\n} else {\n  wait 1s\n}\n",
            "if x {\n  wait 1s\n} else if y {\n  STEP\n}\n",
            "if x {\n  wait 1s\n} else {\n  STEP\n}\n",
            "choose \"Which?\" {\n  \"B\" { wait 1s }\n  \"A\" {\n    STEP\n  }\n}\n",
            "decide m(a: x) by b {\n  c {\n    STEP\n  }\n}\n",
        ];
        for body in around {
            let with = |step: &str| steps(&body.replace("STEP", step));
            let then = with("step inner \"Inner\" {\n  $ in\n}");
            let path = then.first().map(|(path, _)| path.as_str());
            assert_eq!((then.len(), path), (1, Some("inner")), "{body}");
            let now = with("step inner \"Inner\" {\n  $ in --force\n}");
            assert_eq!(differences(&then, &now), ["step inner is different"]);
        }
    }
}
