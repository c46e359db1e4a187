//! What `runbook new` writes is as good as what it should become: each template is held to what the runbooks of the
//! repository are held to.

use std::path::Path;
use std::process::{Command, Output};

const TEMPLATES: [&str; 4] = ["deployment", "database", "incident", "empty"];

fn runbook(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_runbook"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder.join("state"))
        .output()
        .expect("runbook starts")
}

#[test]
fn each_template_is_clean_formatted_covered_rendered_and_can_be_walked() {
    for template in TEMPLATES {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        for arguments in [
            &["new", "first", "--template", template][..],
            &["lint", "--deny", "advice", "first.rbk", "first.test.rbk"],
            &["fmt", "--check", "first.rbk", "first.test.rbk"],
            &["test", "--fail-under", "100", "first.test.rbk"],
            &["render", "first.rbk", "--output", "first.md"],
            &["run", "first.rbk", "--dry-run"],
        ] {
            let output = runbook(folder, arguments);
            assert!(
                output.status.success(),
                "{template}: {arguments:?}: {}\n{}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
            );
        }
        let text = std::fs::read_to_string(folder.join("first.md")).expect("a document");
        assert!(text.starts_with("# "), "{text}");
    }
}
