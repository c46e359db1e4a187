//! What `--format sarif` prints is held against the schema of the standard: `sarif-schema-2.1.0.json`, as OASIS publishes it,
//! without its line breaks. The schema uses a small part of JSON Schema, and that part is read here.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What is wrong with a value, at which place.
fn check(schema: &Value, root: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        let mut say = |what: String| wrong.push(format!("{place}: {what}"));
        match keyword.as_str() {
            "$ref" => {
                let name = wanted
                    .as_str()
                    .and_then(|path| path.strip_prefix("#/definitions/"));
                let name = name.unwrap_or_else(|| panic!("{wanted} is no definition"));
                check(&root["definitions"][name], root, value, place, wrong);
            }
            "type" => {
                let is = match wanted.as_str().expect("one type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    other => panic!("no type {other}"),
                };
                if !is {
                    say(format!("{value} is no {wanted}"));
                }
            }
            "enum" => {
                if !wanted.as_array().expect("values").contains(value) {
                    say(format!("{value} is none of {wanted}"));
                }
            }
            "required" => {
                for key in wanted.as_array().expect("keys") {
                    if value.is_object() && value.get(key.as_str().expect("a key")).is_none() {
                        say(format!("{key} is missing"));
                    }
                }
            }
            "properties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    match wanted.get(key) {
                        Some(schema) => {
                            check(schema, root, inner, &format!("{place}/{key}"), wrong)
                        }
                        None if schema["additionalProperties"] == Value::Bool(false) => {
                            wrong.push(format!("{place}: there is no {key}"));
                        }
                        None => {}
                    }
                }
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(wanted, root, item, &format!("{place}/{at}"), wrong);
                }
            }
            "minimum" => {
                if value.as_f64() < wanted.as_f64() {
                    say(format!("{value} is below {wanted}"));
                }
            }
            "maximum" => {
                if value.as_f64() > wanted.as_f64() {
                    say(format!("{value} is above {wanted}"));
                }
            }
            "minItems" => {
                let count = value.as_array().map_or(0, Vec::len) as u64;
                if Some(count) < wanted.as_u64() {
                    say(format!("{count} items"));
                }
            }
            "uniqueItems" => {
                let items = value.as_array().expect("an array");
                if (1..items.len()).any(|at| items[..at].contains(&items[at])) {
                    say("an item stands twice".to_owned());
                }
            }
            "anyOf" | "oneOf" => {
                let fits = wanted.as_array().expect("schemas").iter().any(|schema| {
                    let mut wrong = Vec::new();
                    check(schema, root, value, place, &mut wrong);
                    wrong.is_empty()
                });
                if !fits {
                    say(format!("fits nothing of {wanted}"));
                }
            }
            "not" => {
                let mut against = Vec::new();
                check(wanted, root, value, place, &mut against);
                if against.is_empty() {
                    say(format!("must not fit {wanted}"));
                }
            }
            "format" if wanted == "uri" => {
                if value
                    .as_str()
                    .is_none_or(|text| !text.contains(':') || text.contains(' '))
                {
                    say(format!("{value} is no address"));
                }
            }
            "format" if wanted == "uri-reference" => {
                if value
                    .as_str()
                    .is_none_or(|text| text.contains([' ', '<', '>', '"']))
                {
                    say(format!("{value} is no reference"));
                }
            }
            "additionalProperties"
            | "description"
            | "default"
            | "title"
            | "$schema"
            | "$id"
            | "id"
            | "definitions"
            | "format"
            | "pattern"
            | "additionalItems" => {}
            other => panic!("the schema says `{other}`, which nothing here reads"),
        }
    }
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/sarif-schema-2.1.0.json");
    let text = std::fs::read_to_string(path).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

fn wrong_with(log: &Value) -> Vec<String> {
    let schema = schema();
    let mut wrong = Vec::new();
    check(&schema, &schema, log, "", &mut wrong);
    wrong
}

#[test]
fn what_is_printed_fits_the_schema_of_the_standard() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let broken = folder.path().join("with a blank.rbk");
    std::fs::write(&broken, "rbk 1\nrunbook \"A\"\nnonsense\n").expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_runbook"))
        .args(["lint", "--format", "sarif", "missing.rbk"])
        .arg(&broken)
        .arg(cases.join("lint"))
        .current_dir(folder.path())
        .output()
        .expect("runbook starts");
    assert_eq!(output.status.code(), Some(3));
    let log: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let wrong = wrong_with(&log);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let results = log["runs"][0]["results"].as_array().expect("results");
    let levels = |level: &str| results.iter().filter(|r| r["level"] == level).count();
    assert!(levels("error") >= 2 && levels("warning") > 50 && levels("note") > 20);
    assert!(results.iter().any(|result| result["fixes"].is_array()));
    // Each result names its rule by name and by place.
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

#[test]
fn the_schema_is_really_read() {
    let log = serde_json::json!({
        "version": "2.1.1",
        "runs": [{ "tool": {}, "results": [{ "level": "loud", "message": {}, "nothing": 1 }] }],
    });
    let wrong = wrong_with(&log).join("\n");
    for what in [
        "/version",
        "\"driver\" is missing",
        "\"loud\" is none of",
        "there is no nothing",
    ] {
        assert!(wrong.contains(what), "{what} is not in\n{wrong}");
    }
}
