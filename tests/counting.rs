//! How many steps a run still expects: what a person reads as "step 3 of 7".

use std::path::Path;

use runbook_core::view::view;
use runbook_host::scripted::{Play, Script, World};

use crate::plan::plan_of_text;

/// Each step as it begins, its number, and how many there are then.
fn counted(directives: &str, body: &str) -> Vec<String> {
    let text = format!("rbk 1\nrunbook \"A case\"\n\n{body}\n");
    let (_, plan, told) = plan_of_text(Path::new("."), "case.rbk", &text);
    let plan = plan.unwrap_or_else(|| panic!("{told:?}"));
    let lines: Vec<String> = directives
        .lines()
        .map(|line| format!("#~ {line}"))
        .collect();
    let world = World::new(Script::of_case(&lines.join("\n")).expect("a script"));
    let mut play = Play::new(&plan, world);
    let started = play.started();
    let mut steps: Vec<String> = Vec::new();
    play.run_from(started, &mut |play| {
        if let Some(step) = view(play.plan, &play.state).step {
            let counted = format!("{} {}/{}", step.path, step.number, step.of);
            if steps.last() != Some(&counted) {
                steps.push(counted);
            }
        }
    });
    steps
}

fn step(name: &str) -> String {
    format!("step {name} \"{name}\" {{\n $ ./{name}\n repeatable\n}}\n")
}

fn steps(names: &[&str]) -> String {
    names.iter().map(|name| step(name)).collect()
}

#[test]
fn steps_on_ways_that_were_not_gone_are_not_expected_any_more() {
    let body = format!(
        "matrix way(n: number) -> (go: choice) {{
  | n    | go |
  |------|----|
  | < 2  | up |
  | 2    | on |
  | > 2  | by |
}}
let n: number = ? ./n
if n == 1 {{
{}}} else if n == 2 {{
{}}} else {{
{}}}
choose \"Which way?\" {{
  \"Left\" {{
{}}}
  \"Right\" {{
{}}}
}}
decide way(n) {{
  up {{
{}}}
  on {{
{}}}
  by {{
{}}}
}}
attempt quick \"Quick\" {{
{}}} otherwise {{
{}}}
{}",
        steps(&["a1", "a2"]),
        steps(&["b"]),
        steps(&["c1", "c2", "c3"]),
        steps(&["d1", "d2"]),
        steps(&["e"]),
        steps(&["f1", "f2"]),
        steps(&["g"]),
        steps(&["h1", "h2", "h3"]),
        steps(&["i"]),
        steps(&["j1", "j2"]),
        steps(&["last"]),
    );
    let directives = "when \"./n\" says \"2\"\nanswer \"Which way?\" \"Right\"";
    let seen = counted(directives, &body);
    assert_eq!(
        seen,
        ["b 1/14", "e 2/12", "g 3/7", "quick.i 4/7", "last 5/5"]
    );
    let directives = "when \"./n\" says \"3\"\nanswer \"Which way?\" \"Left\"";
    let seen = counted(directives, &body);
    assert_eq!(seen.first().map(String::as_str), Some("c1 1/16"));
    assert_eq!(seen.last().map(String::as_str), Some("last 10/10"));
}

#[test]
fn a_start_in_the_middle_expects_the_steps_from_there_on() {
    let body = format!(
        "section one \"One\" {{\n{}}}\n{}section two \"Two\" {{\n{}}}\n{}",
        steps(&["a", "b"]),
        steps(&["c"]),
        steps(&["d", "e", "f"]),
        steps(&["g"]),
    );
    let seen = counted("from two.e", &body);
    assert_eq!(seen, ["two.e 1/3", "two.f 2/3", "g 3/3"]);
}

#[test]
fn a_loop_expects_the_steps_of_each_turn() {
    let body = format!(
        "for n in [1, 2, 3] {{\n{}}}\n{}",
        steps(&["a", "b"]),
        steps(&["c"])
    );
    let seen = counted("", &body);
    assert_eq!(seen.first().map(String::as_str), Some("a[1] 1/7"));
    assert_eq!(seen.last().map(String::as_str), Some("c 7/7"));
}
