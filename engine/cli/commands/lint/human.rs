//! For people: what is found on standard error, with its lines; how much it was on standard output.

use runbook_grammar::report::Told;

use super::look::Looked;
use super::told::{Report, Serious};
use crate::files::{Named, complain_host, report_told};

pub fn report(named: &Named, looked: &[Looked]) {
    for (_, error) in &named.refused {
        complain_host(error);
    }
    let mut first = true;
    for looked in looked {
        match &looked.found {
            Err(error) => drop(complain_host(error)),
            Ok(seen) => {
                let mistakes = seen.mistakes.iter().map(Told::from);
                let findings = seen.findings.iter().map(|finding| finding.told());
                let told: Vec<Told<'_>> = mistakes.chain(findings).collect();
                if !told.is_empty() {
                    if !first {
                        crate::files::complain("\n");
                    }
                    first = false;
                    report_told(&told, &seen.sources);
                }
            }
        }
    }
}

/// `3 files: 1 mistake, 2 warnings, 1 piece of advice`
pub fn summary(report: &Report) -> String {
    let many = |count: usize, one: &str, more: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {more}"),
    };
    let files = many(report.files.len(), "file", "files");
    let mut parts = Vec::new();
    for (severity, one, more) in [
        (Serious::Error, "mistake", "mistakes"),
        (Serious::Warning, "warning", "warnings"),
        (Serious::Advice, "piece of advice", "pieces of advice"),
    ] {
        let count = report.count(severity);
        if count > 0 {
            parts.push(many(count, one, more));
        }
    }
    if parts.is_empty() {
        parts.push("nothing to complain about".to_owned());
    }
    if report.waived > 0 {
        parts.push(format!("{} waived", report.waived));
    }
    let fixes = report.told.iter().filter(|told| told.fix.is_some()).count();
    let fixes = match fixes {
        0 => String::new(),
        1 => "; `--fix` mends 1 of them".to_owned(),
        fixes => format!("; `--fix` mends {fixes} of them"),
    };
    format!("{files}: {}{fixes}\n", parts.join(", "))
}
