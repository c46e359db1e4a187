//! What runbooks mean: the cases of `plan/`. A snapshot is the report of a case's mistakes, or the outline of
//! its plan. A case may use modules that stand in a folder below.

mod outline;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::report::{Colour, render};
use runbook_grammar::source::Sources;
use runbook_plan::{ModuleName, Plan, gather, resolve};

use outline::outline;

/// Parses and resolves a file and all it uses. Modules are found beside it, as the loader would.
pub fn plan_of(path: &Path, name: &str) -> (Sources, Option<Plan>, Vec<Diagnostic>) {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    plan_of_text(path.parent().expect("a folder"), name, &text)
}

/// The same for a text that stands in a folder.
pub fn plan_of_text(
    folder: &Path,
    name: &str,
    text: &str,
) -> (Sources, Option<Plan>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    let (root, mut told) = runbook_grammar::parse(sources.get(id));
    let parsed_clean = told.is_empty();
    let files = gather(root, |module| {
        let (name, text) = match module {
            ModuleName::Std(name) => (
                module.to_string(),
                runbook_stdlib::module(name)
                    .ok_or("there is none of this name")?
                    .to_owned(),
            ),
            ModuleName::File(path) => (
                path.clone(),
                fs::read_to_string(folder.join(path)).map_err(|_| "there is no such file")?,
            ),
        };
        let id = sources.add(name, text);
        let (file, more) = runbook_grammar::parse(sources.get(id));
        told.extend(more);
        Ok(file)
    });
    let (plan, more) = resolve(&files);
    assert!(
        !parsed_clean
            || plan.is_some()
            || !more.is_empty()
            || !told.is_empty()
            || is_scenario(text),
        "{name}: no plan, and nothing says why"
    );
    let more = runbook_plan::told::once(&told, more, &sources);
    told.extend(more);
    told.sort_by_key(|d| (d.span(), d.code));
    let plan = plan.filter(|_| told.is_empty());
    (sources, plan, told)
}

fn is_scenario(text: &str) -> bool {
    text.contains("\nscenarios for ")
}

#[test]
fn cases() {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "plan",
    }, {
        insta::glob!("plan/*.rbk", |path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let (sources, plan, told) = plan_of(path, &name);
            let shown = match &plan {
                Some(plan) => outline(plan),
                None => render(&told, &sources, 110, Colour::Never),
            };
            insta::assert_snapshot!(shown);
        });
    });
}

#[test]
fn the_tour() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tour/tour.rbk");
    let (sources, plan, told) = plan_of(&path, "tour.rbk");
    let plan = plan.unwrap_or_else(|| panic!("{}", render(&told, &sources, 110, Colour::Never)));
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "plan",
    }, {
        insta::assert_snapshot!("tour", outline(&plan));
    });
}

#[test]
fn the_tour_and_every_shipped_runbook_has_a_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in [
        "tests/tour/tour.rbk",
        "runbooks/rollback-plan.rbk",
        "runbooks/practice/rollback.rbk",
    ] {
        let (sources, plan, told) = plan_of(&root.join(name), name);
        assert!(
            plan.is_some(),
            "{name}:\n{}",
            render(&told, &sources, 110, Colour::Never)
        );
    }
}

#[test]
fn every_module_of_the_standard_library_is_sound_alone() {
    for (name, text) in runbook_stdlib::MODULES {
        let (sources, plan, told) = plan_of_text(Path::new("."), name, text);
        let plan =
            plan.unwrap_or_else(|| panic!("{}", render(&told, &sources, 110, Colour::Never)));
        assert!(plan.root.is_none());
    }
}

/// Whatever stands in a file, whole or cut off anywhere, it is read to the end without a panic.
#[test]
fn no_beginning_of_a_file_makes_the_checker_panic() {
    for (name, text) in crate::laws::all() {
        let ends = text.match_indices('\n').map(|(at, _)| at);
        for at in ends
            .step_by(text.lines().count() / 40 + 1)
            .chain([text.len()])
        {
            let mut sources = Sources::default();
            let id = sources.add(name.as_str(), &text[..at]);
            let (root, told) = runbook_grammar::parse(sources.get(id));
            let files = gather(root, |_| Err("not here".to_owned()));
            let (plan, more) = resolve(&files);
            assert!(plan.is_none() || more.is_empty(), "{name}, {at}");
            assert!(
                plan.is_some() || !more.is_empty() || !told.is_empty() || is_scenario(&text),
                "{name}, {at}: no plan, and nothing says why"
            );
        }
    }
}

/// Long enough that anything worse than linear would not come to its end.
#[test]
fn i05_twenty_thousand_steps_have_a_plan() {
    let mut text =
        String::from("rbk 1\nrunbook \"Long\"\n\nparam api: url = \"http://localhost\"\n\n");
    for n in 0..20_000 {
        let _ = write!(
            text,
            "step s{n} \"Step {n}\" {{\n  let v{n}: text = ? hostname\n  $ deploy {{{{v{n}}}}}\n  repeatable\n}}\n"
        );
    }
    let mut sources = Sources::default();
    let id = sources.add("long.rbk", text);
    let (root, told) = runbook_grammar::parse(sources.get(id));
    assert!(told.is_empty(), "{:?}", told.first());
    let (plan, told) = resolve(&gather(root, |_| Err(String::new())));
    assert!(told.is_empty(), "{:?}", told.first());
    let plan = plan.expect("a plan");
    assert_eq!(plan.vars.len(), 20_001);
    assert_eq!(plan.nodes.len(), 60_000);
}

/// A chain of calls as long as a file can hold is followed without recursion.
#[test]
fn i02_a_chain_of_procedures_costs_no_stack() {
    let many = 5_000;
    let mut text = String::from("rbk 1\nrunbook \"Chain\"\n\ndo p0()\n");
    for n in 0..many {
        let _ = write!(text, "procedure p{n}() {{\n  do p{}()\n}}\n", n + 1);
    }
    let _ = write!(text, "procedure p{many}() {{\n  finish resolved\n}}\n");
    let mut sources = Sources::default();
    let id = sources.add("chain.rbk", text);
    let (root, _) = runbook_grammar::parse(sources.get(id));
    let plan = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || resolve(&gather(root, |_| Err(String::new()))))
        .expect("a thread")
        .join()
        .expect("no panic");
    assert!(plan.1.is_empty(), "{:?}", plan.1.first());
}

/// What the book shows whole is a runbook that could be run.
#[test]
fn every_whole_example_of_the_book_has_a_plan() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tour");
    let mut broken = Vec::new();
    for example in crate::book::examples() {
        if example.kind != crate::book::Kind::Whole && example.kind != crate::book::Kind::Part {
            continue;
        }
        let (sources, plan, told) = plan_of_text(&folder, &example.place, &example.text);
        if plan.is_none() {
            broken.push(render(&told, &sources, 110, Colour::Never));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What is near is looked for only so often.
#[test]
fn twenty_thousand_unknown_names_are_as_cheap_as_none() {
    let mut text = String::from("rbk 1\nrunbook \"Long\"\n\n");
    for n in 0..20_000 {
        let _ = write!(text, "let v{n} = w{n}\nnotify m{n}\nrewind to c{n}\n");
    }
    let mut sources = Sources::default();
    let id = sources.add("long.rbk", text);
    let (root, _) = runbook_grammar::parse(sources.get(id));
    let (plan, told) = resolve(&gather(root, |_| Err(String::new())));
    assert!(plan.is_none());
    // A few thousand are kept of a file, of which a person is told the first.
    assert_eq!(told.len(), 4_000);
}

#[test]
fn i02_the_deepest_nesting_fits_on_a_small_stack() {
    let deep = runbook_grammar::ast::MAX_DEPTH - 1;
    let mut text = String::from("rbk 1\nrunbook \"Deep\"\n\n");
    for _ in 0..deep {
        text.push_str("if yes {\n");
    }
    text.push_str("wait 5s\n");
    for _ in 0..deep {
        text.push_str("}\n");
    }
    let mut sources = Sources::default();
    let id = sources.add("deep.rbk", text);
    let (root, told) = runbook_grammar::parse(sources.get(id));
    assert!(told.is_empty(), "{:?}", told.first());
    let (plan, told) = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || resolve(&gather(root, |_| Err(String::new()))))
        .expect("a thread")
        .join()
        .expect("no panic");
    assert!(plan.is_some(), "{:?}", told.first());
}
