//! The grounds of the other runbooks. Each is a shell script, `grounds/NAME.sh`, that lays what its runbook rolls back
//! in an empty folder, and says what to type next. The tests of the runbooks lay the same grounds.
//!
//! The script runs in that folder, and knows
//!
//! | variable | what it is |
//! |---|---|
//! | `GROUNDS` | the folder of the scripts; `common.sh` there is what they share |
//! | `TOOLS` | the folder of the tools that stand in for a cloud and a cluster |
//! | `RUNBOOKS` | the folder of the runbooks |
//! | `RUNBOOK` | the engine |
//! | `PRACTICE` | this program: `$PRACTICE port` prints a free port |
//!
//! It exits 77 where something that it needs is not installed, and so does `lay` then.

use crate::{ground, say};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Only a folder that holds this is cleared to be laid anew.
const MARK: &str = ".ground";

/// What a script exits with where something is not installed.
const NOT_INSTALLED: u8 = 77;

/// Lays the ground of `name` in `folder`, or in `target/grounds/NAME`.
pub fn lay(name: &str, folder: Option<PathBuf>) -> Result<ExitCode, String> {
    let root = ground::repository()?;
    let grounds = root.join("runbooks/practice/grounds");
    let script = grounds.join(format!("{name}.sh"));
    let known = names(&grounds, &root.join("runbooks"))?;
    if !known.iter().any(|other| other == name) {
        return Err(format!(
            "there is no ground `{name}`; there are: {}",
            known.join(", ")
        ));
    }
    let engine = match std::env::var_os("RUNBOOK") {
        Some(engine) => PathBuf::from(engine),
        None => ground::build_engine(root)?,
    };
    let folder = match folder {
        Some(folder) => folder,
        None => ground::build_folder()?.join("grounds").join(name),
    };
    let folder =
        std::path::absolute(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    clear(&folder)?;
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join(MARK), format!("{name}\n")))
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let program =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let status = Command::new("sh")
        .arg("-eu")
        .arg(&script)
        .current_dir(&folder)
        .env("GROUNDS", &grounds)
        .env("TOOLS", root.join("tests/stand-ins/bin"))
        .env("RUNBOOKS", root.join("runbooks"))
        .env("RUNBOOK", &engine)
        .env("PRACTICE", program)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .status()
        .map_err(|error| format!("sh does not start: {error}"))?;
    if status.code() == Some(i32::from(NOT_INSTALLED)) {
        return Ok(ExitCode::from(NOT_INSTALLED));
    }
    if !status.success() {
        return Err(format!("{} went wrong: {status}", script.display()));
    }
    say(&format!("\nIt is laid in {}", ground::shown(&folder)));
    Ok(ExitCode::SUCCESS)
}

/// The runbooks that have a ground, in order. Some scripts only help the others.
fn names(grounds: &Path, runbooks: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(grounds)
        .map_err(|error| format!("cannot list {}: {error}", grounds.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|file| file.strip_suffix(".sh").map(str::to_owned))
        .filter(|name| runbooks.join(format!("{name}.rbk")).exists())
        .collect();
    names.sort();
    Ok(names)
}

/// Ends an earlier ground: what it runs is stopped by its own `stop`, where it has one.
fn clear(folder: &Path) -> Result<(), String> {
    if !folder.exists() {
        return Ok(());
    }
    let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if is_empty {
        return Ok(());
    }
    if !folder.join(MARK).exists() {
        return Err(format!(
            "{} is no practice ground, and is left as it is",
            folder.display()
        ));
    }
    let stop = folder.join("stop");
    if stop.exists() {
        Command::new(&stop)
            .current_dir(folder)
            .status()
            .map_err(|error| format!("{} does not start: {error}", stop.display()))?;
    }
    fs::remove_dir_all(folder)
        .map_err(|error| format!("cannot clear {}: {error}", folder.display()))
}
