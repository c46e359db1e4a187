//! `runbook explain CODE`: the page of an error or a lint, from the binary.

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_line, print};

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Accepts `RB2004`, `rb2004`, `2004`, and the name of a lint.
pub fn explain(args: &args::Explain) -> Exit {
    let wanted = args.code.trim();
    if let Some(rule) = runbook_lint::rule(&wanted.to_ascii_lowercase()) {
        print(&runbook_lint::page::page(rule));
        return Exit::Done;
    }
    let number = wanted.to_ascii_uppercase();
    let number = if number.starts_with("RB") {
        number
    } else {
        format!("RB{number}")
    };
    if let Some((_, page)) = PAGES.iter().find(|(code, _)| *code == number) {
        print(page);
        return Exit::Done;
    }
    let lints = runbook_lint::rules::RULES.iter().map(|rule| rule.name);
    let near = if wanted.contains('-') {
        runbook_grammar::nearest(wanted, lints)
    } else {
        runbook_grammar::nearest(&number, PAGES.iter().map(|(code, _)| *code))
    };
    let near = near
        .map(|code| format!("; did you mean {code}?"))
        .unwrap_or_else(|| ";".to_owned());
    complain_line(&format!(
        "no error has the number and no lint the name {}{near} the book lists them all under Errors and Lints",
        args.code
    ));
    Exit::Usage
}
