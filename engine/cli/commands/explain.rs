//! `runbook explain CODE`: the page of an error, from the binary.

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_line, print};

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Accepts `RB2004`, `rb2004` and `2004`.
pub fn explain(args: &args::Explain) -> Exit {
    let wanted = args.code.trim().to_ascii_uppercase();
    let wanted = if wanted.starts_with("RB") {
        wanted
    } else {
        format!("RB{wanted}")
    };
    if let Some((_, page)) = PAGES.iter().find(|(code, _)| *code == wanted) {
        print(page);
        return Exit::Done;
    }
    let codes = PAGES.iter().map(|(code, _)| *code);
    let near = runbook_grammar::nearest(&wanted, codes);
    let near = near
        .map(|code| format!("; did you mean {code}?"))
        .unwrap_or_else(|| ";".to_owned());
    complain_line(&format!(
        "no error has the number {}{near} the book lists them all under Errors",
        args.code
    ));
    Exit::Usage
}
