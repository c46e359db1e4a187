//! Lunar Nova's rollback: the POSIX commands against a real server in Python, a real environment and real git; the
//! PowerShell commands, as there is no Windows here, against a stand-in for `pwsh` that keeps what it was given.

use super::laid::{Laid, ends};
use crate::practice::root;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const CODE: &str = "The most recent commits";
const REVERT: &[(&str, &str)] = &[
    ("Which commits are bad?", "The last ones in a row"),
    ("count", "3"),
    (
        "Is git's own message, Revert and the message before, good enough?",
        "Yes",
    ),
];

fn answers(cause: &str, more: &[(&str, &str)]) -> String {
    let mut text = format!(
        "[params]\nsymptom = \"The server crashes on startup\"\ncause = \"{cause}\"\n[answers]\n"
    );
    let always = [
        (
            "A terminal in the folder of the project, on the machine that serves it",
            "yes",
        ),
        ("What is it to be?", "Decide whether to roll back"),
        ("A generation from a single image works", "yes"),
        ("The job queue works", "yes"),
        ("The 3D viewer shows models", "yes"),
        (
            "Does the version that runs now support several images?",
            "No",
        ),
        ("downtime", "20 minutes"),
        ("generations", "14"),
        ("analysis", "a typo in an import"),
        (
            "KNOWN_ISSUES.md names the issue and links to the report",
            "yes",
        ),
    ];
    for (prompt, answer) in always.iter().chain(more) {
        let _ = writeln!(text, "\"{prompt}\" = \"{answer}\"");
    }
    text
}

/// The ground, where Python can make environments.
fn ground() -> Option<Laid> {
    Laid::lay_if_installed("lunar-nova-rollback", &[])
}

/// What the server answers, or nothing.
fn page(ground: &Laid, path: &str) -> String {
    ground.sh(&format!(
        "curl -s --max-time 5 http://127.0.0.1:$(cat port){path} || true"
    ))
}

const SHORT: &[&str] = &["patience=30s", "quiet=1s"];

#[test]
fn the_bad_commits_are_reverted_and_the_server_serves_again() {
    let Some(ground) = ground() else { return };
    assert_eq!(page(&ground, "/"), "");
    let said = ends(&ground.rolls_back(&answers(CODE, REVERT), SHORT), 0);
    assert!(
        said.contains("✔ rolled back: Lunar Nova works again"),
        "{said}"
    );
    // It stays when the run has ended.
    assert_eq!(page(&ground, "/"), "<h1>Lunar Nova</h1>");
    assert_eq!(page(&ground, "/jobs"), "{\"job-1\": \"a teapot\"}");
    assert_eq!(
        ground.sh("git -C lunar-nova log --format=%s -3"),
        "Revert \"Faster views\"\nRevert \"A new title\"\nRevert \"Say so\""
    );
    assert_eq!(
        ground.sh("git -C origin.git rev-parse main"),
        ground.sh("git -C lunar-nova rev-parse HEAD"),
        "the reverts are pushed"
    );
    let report = ground.file("lunar-nova/incident.md");
    assert!(
        report.contains("- Generations affected: 14\n") && report.contains("a typo in an import"),
        "{report}"
    );
}

#[test]
fn a_revert_that_does_not_help_is_reverted() {
    let Some(ground) = ground() else { return };
    ground.does("break", &["revert"]);
    let before = ground.sh("git -C lunar-nova rev-parse HEAD^{tree}");
    let said = ends(&ground.rolls_back(&answers(CODE, REVERT), SHORT), 0);
    assert!(said.contains("▲ escalated"), "{said}");
    assert!(
        said.contains("No module named 'renderer'"),
        "the end of the log is shown: {said}"
    );
    assert_eq!(
        ground.sh("git -C lunar-nova rev-parse HEAD^{tree}"),
        before,
        "the code is what it was"
    );
    assert_eq!(
        ground.sh("git -C origin.git rev-parse main"),
        ground.sh("git -C lunar-nova rev-parse HEAD")
    );
    assert_eq!(ground.file("lunar-nova/incident.md"), "");
}

#[test]
fn a_broken_environment_is_rebuilt() {
    let Some(ground) = ground() else { return };
    ground.does("break", &["environment"]);
    let more = [
        ("What was wrong with it", "renderer was gone"),
        ("The new environment works. Remove the old one?", "yes"),
    ];
    let cause = "The Python environment: broken, or dependencies conflict";
    ends(&ground.rolls_back(&answers(cause, &more), SHORT), 0);
    assert_eq!(page(&ground, "/"), "<h1>Lunar Nova</h1>");
    assert!(!ground.path().join("lunar-nova/venv.old").exists());
}

#[test]
fn a_broken_history_comes_back_from_its_copy_and_is_kept_for_a_look() {
    let Some(ground) = ground() else { return };
    ground.does("break", &["history"]);
    let more = [
        ("Where does the history come from?", "The backup"),
        ("Is the history copied every day?", "Yes"),
    ];
    let cause = "outputs/jobs.json: corrupt or lost";
    ends(&ground.rolls_back(&answers(cause, &more), SHORT), 0);
    assert_eq!(page(&ground, "/jobs"), "{\"job-1\": \"a teapot\"}");
    assert_eq!(
        ground.file("lunar-nova/outputs/jobs.json.broken"),
        "{\"job-1\": \n"
    );
}

/// The runbook as a machine with PowerShell alone would read it: the POSIX variants are left out, and what speaks of
/// two platforms.
fn for_powershell(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.contains("# allow platform-variant-missing:") {
            continue;
        }
        let Some(head) = line.strip_suffix("```bash") else {
            let _ = writeln!(out, "{line}");
            continue;
        };
        for body in lines.by_ref() {
            if body.trim() == "```" {
                break;
            }
        }
        let variant = lines.next().unwrap_or_default();
        assert_eq!(variant.trim(), "```powershell", "{line} has no variant");
        let _ = writeln!(out, "{head}```powershell");
    }
    out
}

/// Does what the PowerShell of the runbook would do to the server, and answers its looks.
const ANSWERS: &str = r#"
case $SCRIPT in
  *Stop-Process*) exec ../stop ;;
  *app.py*) exec venv/bin/python app.py > server.log 2>&1 ;;
  *Measure-Object*) echo 0 ;;
esac
"#;

#[test]
fn in_powershell_the_same_is_done() {
    let Some(ground) = ground() else { return };
    let here = ground.path().join("powershell");
    fs::create_dir_all(here.join("lunar-nova-rollback")).expect("a folder");
    let mut fences = 0;
    for file in [
        "lunar-nova-rollback.rbk",
        "lunar-nova-rollback/server.rbk",
        "lunar-nova-rollback/methods.rbk",
    ] {
        let text = fs::read_to_string(root().join("runbooks").join(file)).expect("text");
        let text = for_powershell(&text);
        fences += text.matches("```powershell").count();
        fs::write(here.join(file), text).expect("written");
    }
    assert!(fences >= 30, "only {fences} commands in PowerShell");
    let lint = Command::new(env!("CARGO_BIN_EXE_runbook"))
        .arg("lint")
        .arg(&here)
        .output()
        .expect("runbook starts");
    assert!(lint.status.success(), "{}", crate::practice::text(&lint));

    let pwsh = ground.path().join("bin/pwsh");
    std::os::unix::fs::symlink(root().join("tests/stand-ins/bin/pwsh"), &pwsh).expect("linked");
    let own = ground.path().join("home/.stand-ins/pwsh");
    fs::create_dir_all(&own).expect("a folder");
    fs::write(own.join("answers"), ANSWERS).expect("written");
    let script = ground.path().join("rollback");
    let text = ground.file("rollback").replace(
        &root().join("runbooks").display().to_string(),
        &here.display().to_string(),
    );
    fs::write(&script, text).expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("executable");

    ends(&ground.rolls_back(&answers(CODE, REVERT), SHORT), 0);
    assert_eq!(page(&ground, "/"), "<h1>Lunar Nova</h1>");
    let mut given: Vec<String> = fs::read_dir(own.join("scripts"))
        .expect("scripts")
        .flatten()
        .filter(|entry| entry.path().extension().is_none())
        .map(|entry| fs::read_to_string(entry.path()).expect("text"))
        .collect();
    given.sort();
    let all = given.join("\n");
    for part in [
        r#"Where-Object { $_.Path -like "*lunar-nova*" } | Stop-Process"#,
        r".\venv\Scripts\python.exe app.py *> server.log",
        "Get-CimInstance Win32_OperatingSystem | Select-Object FreePhysicalMemory",
        "Get-PSDrive C",
        "Copy-Item outputs\\jobs.json outputs\\jobs.json.bak",
        "Set-Content -Encoding utf8 incident.md @\"",
        "- Generations affected: ${env:",
        "\n\"@",
    ] {
        assert!(all.contains(part), "{part} in\n{all}");
    }
    for script in &given {
        assert!(
            script.contains("$ErrorActionPreference = 'Stop'"),
            "it stops at the first error: {script}"
        );
    }
    assert!(!all.contains("14"), "a value never becomes code: {all}");
    let environments: String = fs::read_dir(own.join("scripts"))
        .expect("scripts")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "env"))
        .map(|entry| fs::read_to_string(entry.path()).expect("text"))
        .collect();
    assert!(environments.contains("generations=14"), "{environments}");
}
