//! Random scripts: where the engine is content with one, no value in it is ever run.

use std::fs;
use std::process::{Command, Stdio};

use super::shapes::grown;
use super::{CANARY, content, shells};

/// Whatever a script looks like: if the engine is content with it, no value in it is ever run.
#[test]
fn i06_i07_no_script_the_engine_is_content_with_runs_a_value() {
    let mut state = 42_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    // One value that is code wherever it is read as such.
    let value = "x$(touch PWNED)`touch PWNED`;touch PWNED;'$(touch PWNED)'\"$(touch PWNED)\n)}touch PWNED\nE\ntouch PWNED\n";
    let index = "a[$(touch PWNED)]";
    let rounds = std::env::var("QUOTING_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(400);
    let folder = tempfile::tempdir().expect("a folder");
    let mut tried = 0;
    for shell in shells() {
        for _ in 0..rounds {
            let mut script = String::new();
            for _ in 0..1 + next(3) {
                script += &grown(&mut next, 3);
                script.push(if next(2) == 0 { '\n' } else { ' ' });
            }
            if !script.contains("{{v}}") || script.contains("{{{") {
                continue;
            }
            let Some((text, env)) = content(shell.interpreter, &script) else {
                continue;
            };
            tried += 1;
            for value in [value, index] {
                let env: Vec<(String, String)> = env
                    .iter()
                    .map(|(name, _)| (name.clone(), value.to_owned()))
                    .collect();
                let file = folder.path().join("case.txt");
                fs::write(&file, &text).expect("written");
                // A random script may wait for itself; a second is enough for any that does not.
                let _ = Command::new("timeout")
                    .args(["1", shell.name])
                    .args(shell.argument)
                    .arg(&file)
                    .env_clear()
                    .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                    .envs(env)
                    .current_dir(folder.path())
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status();
                assert!(
                    !folder.path().join(CANARY).exists(),
                    "{} ran {value:?} in\n{script}\nwhich became\n{text}",
                    shell.name
                );
            }
        }
    }
    assert!(tried > rounds / 2, "only {tried} scripts were tried");
}
