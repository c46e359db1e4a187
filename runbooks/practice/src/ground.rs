//! The folder of the practice ground, and how it is laid.
//!
//! ```text
//! target/practice/
//!   service/       the service's source, a git repository; service/built is what runs
//!   state/         what the service remembers over a restart: paused queues, maintenance
//!   app.log        the service's log
//!   ledger         what was really done
//!   url address    where the service answers
//!   pace           seconds a part of the build takes
//!   practice       this program, for the runbook's commands
//!   service.pid engine.pid
//! ```

use crate::{process, release, say};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const FIRST_PORT: u32 = 20_000;
const PORTS: u32 = 12_000;

pub struct Ground {
    folder: PathBuf,
}

impl Ground {
    pub fn at(folder: PathBuf) -> Result<Ground, String> {
        let folder = std::path::absolute(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Ground { folder })
    }

    /// `target/practice`, where this program stands in `target/debug` or `target/release`.
    pub fn beside_the_program() -> Result<Ground, String> {
        Ground::at(build_folder()?.join("practice"))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }
    pub fn source(&self) -> PathBuf {
        self.folder.join("service")
    }
    pub fn built(&self) -> PathBuf {
        self.folder.join("service/built/release.conf")
    }
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }
    pub fn log(&self) -> PathBuf {
        self.folder.join("app.log")
    }
    pub fn output(&self) -> PathBuf {
        self.folder.join("service.out")
    }
    pub fn ledger(&self) -> PathBuf {
        self.folder.join("ledger")
    }
    pub fn pid(&self) -> PathBuf {
        self.folder.join("service.pid")
    }
    pub fn engine_pid(&self) -> PathBuf {
        self.folder.join("engine.pid")
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> Result<String, String> {
        fs::read_to_string(self.folder.join("address"))
            .map(|text| text.trim().to_owned())
            .map_err(|_| {
                format!(
                    "there is no practice ground at {}; `cargo run -p practice` lays it",
                    self.folder.display()
                )
            })
    }

    /// `http://127.0.0.1:PORT`
    pub fn api(&self) -> Result<String, String> {
        Ok(format!("http://{}", self.address()?))
    }
}

/// `target`, where this program stands in `target/debug` or `target/release`.
pub fn build_folder() -> Result<PathBuf, String> {
    let program =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    program
        .parent()
        .and_then(Path::parent)
        .map(Path::to_path_buf)
        .ok_or_else(|| {
            "this program stands in no build folder; say where with --ground DIR".to_owned()
        })
}

/// Where the runbooks and the engine's source are.
pub fn repository() -> Result<&'static Path, String> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .and_then(Path::parent)
        .ok_or_else(|| "the runbooks' folder is gone".to_owned())
}

/// Lays the ground anew, deploys the bad release, and says what is broken.
pub fn setup(ground: &Ground, pace: &str) -> Result<(), String> {
    if !pace
        .parse::<f64>()
        .is_ok_and(|seconds| (0.0..=3600.0).contains(&seconds))
    {
        return Err(format!(
            "`--pace {pace}`: say the seconds that a part of the build takes, such as 1 or 0.1"
        ));
    }
    if let Some(pid) = process::read_pid(&ground.engine_pid()).filter(|pid| process::is_alive(*pid))
    {
        return Err(format!(
            "a practice run still goes on (process {pid}); finish it, or end it with `kill -9 {pid}`"
        ));
    }
    clear(ground)?;
    let write = |name: &str, text: &str| {
        fs::write(ground.folder.join(name), text)
            .map_err(|error| format!("cannot write {name}: {error}"))
    };
    fs::create_dir_all(ground.state().join("paused"))
        .map_err(|error| format!("cannot make {}: {error}", ground.folder.display()))?;
    write("ledger", "")?;
    write("app.log", "")?;
    write("pace", &format!("{pace}\n"))?;
    let address = format!("127.0.0.1:{}", free_port()?);
    write("address", &format!("{address}\n"))?;
    write("url", &format!("http://{address}\n"))?;
    let program =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    write(
        "practice",
        &format!(
            "#!/bin/sh\n# This ground's own program.\nexec {} --ground {} \"$@\"\n",
            quoted(&program)?,
            quoted(&ground.folder)?
        ),
    )?;
    fs::set_permissions(
        ground.folder.join("practice"),
        fs::Permissions::from_mode(0o755),
    )
    .map_err(|error| format!("cannot make practice executable: {error}"))?;
    release::lay(ground)?;
    process::start(ground)?;
    let health = process::get(ground, "/health")?;
    say(&format!("ground   {}", ground.folder.display()));
    say(&format!("service  {}", ground.api()?));
    say(&format!(
        "health   {} {}",
        health.status,
        health.body.trim()
    ));
    Ok(())
}

/// The main job: break, then hand the terminal to the engine.
pub fn practice(ground: &Ground, args: &[String]) -> Result<(), String> {
    let root = repository()?;
    let engine = build_engine(root)?;
    say("A release went out, and the service broke.\n");
    setup(ground, "1")?;
    let runbook = root.join("runbooks/practice/rollback.rbk");
    say(&format!(
        "\nNow roll it back. To see what a crash does, kill the engine while it builds,\nfrom a second terminal:\n\n  \
         kill -9 \"$(cat {})\"\n\nand go on with\n\n  {} resume\n",
        shown(&ground.engine_pid()),
        shown(&engine),
    ));
    // The engine takes this process over, so its process id is ours.
    fs::write(ground.engine_pid(), format!("{}\n", std::process::id()))
        .map_err(|error| format!("cannot write the engine's process id: {error}"))?;
    let error = Command::new(&engine)
        .arg("run")
        .arg(runbook)
        .args(args)
        .current_dir(&ground.folder)
        .exec();
    Err(format!("{} does not start: {error}", engine.display()))
}

/// Builds `runbook` as this program was built, and says where it stands.
pub fn build_engine(root: &Path) -> Result<PathBuf, String> {
    let program =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let engine = program.with_file_name("runbook");
    let mut build = Command::new(cargo);
    build
        .args(["build", "--package", "runbook", "--bin", "runbook"])
        .current_dir(root);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    if engine.exists() {
        build.arg("--quiet");
    } else {
        say("Building the engine, which takes some minutes the first time ...\n");
    }
    let status = build
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !status.success() {
        return Err("the engine does not build".to_owned());
    }
    Ok(engine)
}

/// Ends an earlier ground. Only a folder that this program laid is deleted.
fn clear(ground: &Ground) -> Result<(), String> {
    if !ground.folder.exists() {
        return Ok(());
    }
    if ground.folder.join("address").exists() {
        process::stop(ground)?;
    } else if fs::read_dir(&ground.folder)
        .map(|mut entries| entries.next().is_some())
        .unwrap_or(true)
    {
        return Err(format!(
            "{} is no practice ground, and is left as it is",
            ground.folder.display()
        ));
    }
    fs::remove_dir_all(&ground.folder)
        .map_err(|error| format!("cannot clear {}: {error}", ground.folder.display()))
}

/// A port of 127.0.0.1 that stays ours over a restart: below the ports that the system hands out by itself, so
/// that nobody's outgoing connection takes it in the moment when the service is down.
pub fn free_port() -> Result<u32, String> {
    let first = std::process::id().wrapping_mul(7919) % PORTS;
    (0..PORTS)
        .map(|n| FIRST_PORT + (first + n) % PORTS)
        .find(|port| TcpListener::bind(format!("127.0.0.1:{port}")).is_ok())
        .ok_or_else(|| "no free port on 127.0.0.1".to_owned())
}

/// For a shell: in single quotes, each of its own written as `'\''`.
fn quoted(path: &Path) -> Result<String, String> {
    let text = path
        .to_str()
        .ok_or_else(|| format!("{} is not UTF-8", path.display()))?;
    Ok(format!("'{}'", text.replace('\'', "'\\''")))
}

/// A path as short as it can be said from here.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here)
        .unwrap_or(path)
        .display()
        .to_string()
}
