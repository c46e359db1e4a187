//! SARIF 2.1.0, for code scanning.

use runbook_lint::rules::RULES;
use serde_json::{Value, json};

use super::told::{Place, Report, Serious, Told};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub fn sarif(report: &Report) -> String {
    let mut rules: Vec<Value> = RULES.iter().map(|rule| described(rule)).collect();
    // Numbers of errors are there as they are met: their pages are in the book.
    for told in &report.told {
        if runbook_lint::rule(&told.code).is_none() && !rules.iter().any(|r| r["id"] == told.code) {
            rules.push(json!({
                "id": told.code,
                "helpUri": format!("{}/errors/{}.html", book(), told.code),
                "defaultConfiguration": { "level": "error" },
            }));
        }
    }
    let results: Vec<Value> = report
        .told
        .iter()
        .map(|told| result(told, &rules))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "runbook",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let text = serde_json::to_string_pretty(&log).unwrap_or_default();
    format!("{text}\n")
}

fn book() -> String {
    format!("{}/blob/main/book/src", env!("CARGO_PKG_REPOSITORY"))
}

fn described(rule: &runbook_lint::Rule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.why },
        "help": { "text": rule.way_out, "markdown": format!("{}\n\n{}", rule.why, rule.way_out) },
        "helpUri": format!("{}/lints/{}.md", book(), rule.name),
        "defaultConfiguration": { "level": match rule.severity {
            runbook_lint::Severity::Warning => "warning",
            runbook_lint::Severity::Advice => "note",
        }},
    })
}

fn result(told: &Told, rules: &[Value]) -> Value {
    let mut result = json!({
        "ruleId": told.code,
        "level": match told.severity {
            Serious::Error => "error",
            Serious::Warning => "warning",
            Serious::Advice => "note",
        },
        "message": { "text": told.sentence() },
        "locations": [match told.labels.first() {
            Some(place) => location(place),
            None => json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&told.file) } } }),
        }],
    });
    if let Some(index) = rules.iter().position(|rule| rule["id"] == told.code) {
        result["ruleIndex"] = json!(index);
    }
    let others: Vec<Value> = told
        .labels
        .iter()
        .enumerate()
        .skip(1)
        .map(|(id, place)| {
            let mut place = location(place);
            place["id"] = json!(id);
            place
        })
        .collect();
    if !others.is_empty() {
        result["relatedLocations"] = json!(others);
    }
    if let Some(fix) = &told.fix {
        result["fixes"] = json!([{
            "description": { "text": told.help.as_deref().unwrap_or("mend it") },
            "artifactChanges": [{
                "artifactLocation": { "uri": uri(&fix.place.file) },
                "replacements": [{
                    "deletedRegion": region(&fix.place),
                    "insertedContent": { "text": fix.replacement },
                }],
            }],
        }]);
    }
    result
}

fn location(place: &Place) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file) },
            "region": region(place),
        },
    });
    if !place.text.is_empty() {
        location["message"] = json!({ "text": place.text });
    }
    location
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// A path as a reference: what means something in a URI is escaped.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
