//! Whatever is read has a plan or a mistake that says why not, and can be rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runbook_grammar::source::Sources;
use runbook_plan::{ModuleName, gather, resolve};

fuzz_target!(|text: &str| {
    let mut sources = Sources::default();
    let (id, mut told) = sources.read("a.rbk", text);
    let (root, more) = runbook_grammar::parse(sources.get(id));
    told.extend(more);
    let scenarios = text.contains("scenarios");
    let files = gather(root, |module| {
        let text = match module {
            ModuleName::Std(name) => runbook_stdlib::module(name).ok_or("there is none")?,
            ModuleName::File(_) => return Err("there is none".to_owned()),
        };
        let id = sources.add(module.to_string(), text);
        Ok(runbook_grammar::parse(sources.get(id)).0)
    });
    let (plan, found) = resolve(&files);
    assert!(
        plan.is_none() || found.is_empty(),
        "a plan in spite of mistakes"
    );
    assert!(
        plan.is_some() || !found.is_empty() || !told.is_empty() || scenarios,
        "no plan, and nothing says why"
    );
    for mistake in runbook_plan::told::once(&told, found, &sources) {
        for label in &mistake.labels {
            sources.text(label.span);
        }
    }
    let root = files.root;
    assert!(!runbook_render::markdown(&sources, &[root], None).is_empty());
});
