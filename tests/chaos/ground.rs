//! A folder with one runbook, a state home of its own, and the ledger that its steps write: engines are started
//! here, and what they told and what they did is read back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use super::power::Disk;
use super::shapes::Shape;

/// How long anything may take before it counts as a hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program under test.
#[derive(Clone, Debug)]
pub struct Engine {
    pub program: PathBuf,
    /// Which deliberate fault it has; only a build with the feature `weakened` heeds it.
    pub weakness: Option<&'static str>,
}

/// When and how an engine is ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Never,
    /// The engine alone: its steps live on.
    Engine(Duration),
    /// Its process group, as a closed terminal would.
    Group(Duration),
    /// The engine, then everything it started, as a container's end would.
    Everything(Duration),
    /// The engine as it enters its nth call of that name.
    Call(String, usize),
    /// The engine's memory may not grow any more from then on.
    Starved(Duration),
    /// The step does it itself.
    ByItsStep,
    /// Not the engine but the keeper of its gates: the run goes on.
    Keeper(Duration),
    /// The power goes: everything stops, and what was not synced is lost.
    PowerCut(Duration),
    /// Not at all, but its calls are written down in `trace`.
    Traced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Run,
    Resume,
    /// Of the whole run, back to its start.
    Undo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    ByPeople,
    ByPrograms,
}

/// What came of one engine.
#[derive(Debug)]
pub struct Round {
    pub status: ExitStatus,
    /// Whether it ended by what we did.
    pub killed: bool,
    pub told: Told,
}

/// What an engine said on its standard output.
#[derive(Debug, Default)]
pub struct Told {
    /// Commands that were shown as done.
    pub done: BTreeSet<String>,
    /// Effects that were shown as over, whatever came of them.
    pub over: BTreeSet<u64>,
    /// Questions about commands in doubt: command and text.
    pub doubts: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub name: String,
    pub pid: u32,
    /// `None` for a begin.
    pub exit: Option<i32>,
}

/// The journal, as far as it can be read.
#[derive(Debug, Default)]
pub struct Journal {
    pub records: Vec<Value>,
}

pub struct Ground {
    folder: tempfile::TempDir,
    home: PathBuf,
    /// What the state home is on, where the power may go.
    disk: Option<Disk>,
    engines: usize,
    /// Keepers that were killed.
    pub keepers: usize,
}

impl Ground {
    pub fn new(shape: &Shape) -> Ground {
        let folder = tempfile::Builder::new()
            .prefix("chaos-")
            .tempdir()
            .expect("a folder");
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos");
        fs::copy(cases.join("mark"), folder.path().join("mark")).expect("copied");
        fs::write(folder.path().join("case.rbk"), shape.text()).expect("written");
        fs::write(folder.path().join("ledger"), "").expect("written");
        Ground {
            home: folder.path().join("state"),
            folder,
            disk: None,
            engines: 0,
            keepers: 0,
        }
    }

    /// With the state home on a disk of its own; the ledger is elsewhere and stays.
    pub fn on(disk: Disk, shape: &Shape) -> Ground {
        let mut ground = Ground::new(shape);
        ground.home = disk.mounted();
        ground.disk = Some(disk);
        ground
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder where it is, for whoever looks into what went wrong.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// Starts an engine, ends it in that way, and reads what it said.
    ///
    /// # Errors
    /// It hangs.
    pub fn round(
        &mut self,
        engine: &Engine,
        verb: Verb,
        answers: &str,
        seen: Seen,
        way: &Way,
    ) -> Result<Round, String> {
        self.engines += 1;
        let mut child = self.start(engine, verb, answers, seen, way);
        let status = match way {
            Way::PowerCut(after) => self.cut_power(&mut child, *after)?,
            way => self.end(&mut child, way)?,
        };
        let killed = match way {
            Way::Never | Way::Traced | Way::Keeper(_) => false,
            // The allocator gives up, the stack cannot grow, or there is no thread: the engine says that it cannot.
            Way::Starved(_) => {
                let died = [Signal::ABORT, Signal::SEGV].map(|signal| Some(signal.as_raw()));
                // 127 is the loader's: there was no memory even for the libraries, and the program never began.
                died.contains(&status.signal()) || matches!(status.code(), Some(70 | 127))
            }
            _ => status.signal() == Some(Signal::KILL.as_raw()),
        };
        if killed && matches!(way, Way::Everything(_)) {
            self.kill_what_is_left();
        }
        let said = fs::read_to_string(self.out()).unwrap_or_default();
        // A line that was cut off has not been said.
        let whole = said.rfind('\n').map_or("", |end| &said[..end]);
        let told = match seen {
            Seen::ByPeople => Told::by_people(whole),
            Seen::ByPrograms => Told::by_programs(whole),
        };
        Ok(Round {
            status,
            killed,
            told,
        })
    }

    fn out(&self) -> PathBuf {
        self.path().join(format!("out.{}", self.engines))
    }

    fn start(&self, engine: &Engine, verb: Verb, answers: &str, seen: Seen, way: &Way) -> Child {
        let mut command = match way {
            Way::Call(call, nth) => {
                let mut strace = Command::new("strace");
                strace
                    .args(["-o", "/dev/null", "-e"])
                    .arg(format!("trace={call}"))
                    .arg("-e")
                    .arg(format!("inject={call}:signal=SIGKILL:when={nth}"))
                    .arg(&engine.program);
                strace
            }
            Way::Traced => {
                let mut strace = Command::new("strace");
                strace
                    .args(["-f", "-o", "trace", "-y", "-s", "1000000"])
                    .arg(&engine.program);
                strace
            }
            _ => Command::new(&engine.program),
        };
        fs::write(self.path().join("answers.toml"), answers).expect("written");
        match verb {
            Verb::Run => command.args(["run", "case.rbk", "--answers", "answers.toml"]),
            Verb::Resume => command.args(["resume", "--answers", "answers.toml"]),
            Verb::Undo => {
                let run = self.run_of_record().expect("a run to undo");
                let run = run.file_name().expect("a name").to_owned();
                command
                    .arg("undo")
                    .arg(run)
                    .args(["--to", "start", "--reason", "a test"])
            }
        };
        if seen == Seen::ByPrograms {
            command.arg("--json");
        }
        let file = |path: PathBuf| File::create(path).expect("made");
        command
            .env("XDG_STATE_HOME", &self.home)
            .env_remove("RUNBOOK_WEAKENED")
            .envs(engine.weakness.map(|which| ("RUNBOOK_WEAKENED", which)))
            .current_dir(self.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(file(self.out()))
            .stderr(file(self.path().join(format!("err.{}", self.engines))))
            .spawn()
            .expect("the engine starts")
    }

    fn cut_power(&mut self, child: &mut Child, after: Duration) -> Result<ExitStatus, String> {
        let disk = self.disk.as_mut().ok_or("no disk to cut off")?;
        std::thread::sleep(after);
        let engine = Pid::from_child(child);
        let _ = kill_process(engine, Signal::STOP);
        // What was said so far was seen; what the steps do from here on did not happen.
        for pid in living(self.folder.path()) {
            let _ = kill_process(pid, Signal::STOP);
        }
        disk.copy()?;
        let _ = kill_process(engine, Signal::KILL);
        let status = child.wait().map_err(|error| error.to_string())?;
        self.kill_what_is_left();
        if let Some(disk) = &self.disk {
            disk.swap()?;
        }
        Ok(status)
    }

    fn end(&mut self, child: &mut Child, way: &Way) -> Result<ExitStatus, String> {
        let pid = Pid::from_child(child);
        match way {
            Way::Never | Way::Call(..) | Way::ByItsStep | Way::Traced | Way::PowerCut(_) => {}
            Way::Engine(after) | Way::Everything(after) => {
                std::thread::sleep(*after);
                // It may have ended meanwhile; its number is its own until it is waited for.
                let _ = kill_process(pid, Signal::KILL);
            }
            Way::Group(after) => {
                std::thread::sleep(*after);
                let _ = kill_process_group(pid, Signal::KILL);
            }
            Way::Keeper(after) => {
                std::thread::sleep(*after);
                if let Some(keeper) = keeper(self.path()) {
                    self.keepers += usize::from(kill_process(keeper, Signal::KILL).is_ok());
                }
            }
            Way::Starved(after) => {
                std::thread::sleep(*after);
                let none = rustix::process::Rlimit {
                    current: Some(0),
                    maximum: Some(0),
                };
                let _ = rustix::process::prlimit(Some(pid), rustix::process::Resource::As, none);
            }
        }
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("waited") {
                return Ok(status);
            }
            if start.elapsed() > PATIENCE {
                let _ = kill_process(pid, Signal::KILL);
                let _ = child.wait();
                return Err("the engine hangs".to_owned());
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    /// Whether a process that was started here lives.
    pub fn lives(&self, pid: u32) -> bool {
        let lives = living(self.path());
        lives
            .iter()
            .any(|other| other.as_raw_nonzero().get().unsigned_abs() == pid)
    }

    fn kill_what_is_left(&self) {
        for _ in 0..1000 {
            let living = living(self.path());
            if living.is_empty() {
                return;
            }
            for pid in living {
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Waits until nothing that was started here lives; what does not end is returned.
    pub fn left_running(&self) -> Vec<String> {
        let start = Instant::now();
        loop {
            let living = living(self.path());
            if living.is_empty() {
                return Vec::new();
            }
            if start.elapsed() > PATIENCE / 4 {
                let line = |pid: &Pid| {
                    let pid = pid.as_raw_nonzero();
                    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                    format!(
                        "{pid} {}",
                        String::from_utf8_lossy(&line).replace('\0', " ")
                    )
                };
                let lines = living.iter().map(line).collect();
                self.kill_what_is_left();
                return lines;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn ledger(&self) -> Vec<Mark> {
        let text = fs::read_to_string(self.path().join("ledger")).unwrap_or_default();
        text.lines()
            .map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                Mark {
                    name: words[1].to_owned(),
                    pid: words[2].parse().expect("a process"),
                    exit: words.get(3).map(|code| code.parse().expect("a code")),
                }
            })
            .collect()
    }

    /// The folder of the run that has begun; folders of engines that died before are passed over.
    fn run_of_record(&self) -> Option<PathBuf> {
        let runs = fs::read_dir(self.home.join("runbook/runs")).ok()?;
        let mut begun: Vec<PathBuf> = runs
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| Journal::read(&path.join("journal")).begun())
            .collect();
        assert!(begun.len() < 2, "two runs have begun: {begun:?}");
        begun.pop()
    }

    pub fn journal(&self) -> Journal {
        self.run_of_record()
            .map(|run| Journal::read(&run.join("journal")))
            .unwrap_or_default()
    }

    /// Where the run stands, as the engine shows it, without what differs from run to run.
    pub fn shown(&self, engine: &Engine) -> Value {
        let out = Command::new(&engine.program)
            .args(["show", "--json"])
            .env("XDG_STATE_HOME", &self.home)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .output()
            .expect("the engine starts");
        let mut shown: Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        let mut view = shown["view"].take();
        if let Some(view) = view.as_object_mut() {
            view.remove("run");
        }
        view
    }

    /// Everything that helps to see what happened.
    pub fn account(&self) -> String {
        let mut text = String::new();
        let ledger = fs::read_to_string(self.path().join("ledger")).unwrap_or_default();
        text.push_str(&format!("ledger: {}\n", ledger.replace('\n', "; ")));
        for n in 1..=self.engines {
            for stream in ["out", "err"] {
                let path = self.path().join(format!("{stream}.{n}"));
                let said = fs::read_to_string(path).unwrap_or_default();
                let tail: Vec<&str> = said.lines().rev().take(6).collect();
                for line in tail.iter().rev() {
                    text.push_str(&format!("{stream}.{n}: {line}\n"));
                }
            }
        }
        for record in &self.journal().records {
            text.push_str(&format!("journal: {record}\n"));
        }
        text
    }
}

/// Processes that were started in a folder and live, by what tells them for sure: where they stand.
fn living(folder: &Path) -> Vec<Pid> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            continue;
        };
        if fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder) {
            found.push(pid);
        }
    }
    found
}

/// The keeper of the gates of the engine there. Its copies look like it and are younger.
fn keeper(folder: &Path) -> Option<Pid> {
    let age = |pid: &Pid| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        fields.split(' ').nth(19)?.parse::<u64>().ok()
    };
    let word = b"__gate\0keeper\0";
    living(folder)
        .into_iter()
        .filter(|pid| {
            let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero()));
            line.is_ok_and(|line| line.windows(word.len()).any(|part| part == word))
        })
        .min_by_key(|pid| (age(pid), pid.as_raw_nonzero()))
}

impl Told {
    fn by_programs(said: &str) -> Told {
        let mut told = Told::default();
        let mut commands: BTreeMap<u64, String> = BTreeMap::new();
        for line in said.lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            let effect = line["effect"].as_u64().unwrap_or_default();
            match line["notice"].as_str() {
                Some("running") => {
                    let command = line["command"].as_str().unwrap_or_default();
                    commands.insert(effect, command.to_owned());
                }
                Some("ran") => {
                    told.over.insert(effect);
                    if line["verdict"] == "ok" {
                        told.done.extend(commands.get(&effect).cloned());
                    }
                }
                _ => {}
            }
            let prompt = &line["prompt"];
            if prompt["kind"]["ask"] == "in_doubt" {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                told.doubts
                    .push((text(&prompt["kind"]["command"]), text(&prompt["text"])));
            }
        }
        told
    }

    /// What a person reads: commands stand under their step, and a mark says that it is done.
    fn by_people(said: &str) -> Told {
        let mut told = Told::default();
        let mut commands = Vec::new();
        for line in said.lines() {
            if let Some(command) = line.trim_start().strip_prefix("$ ") {
                commands.push(command.to_owned());
            } else if line.contains(" done in ") {
                told.done.extend(commands.drain(..));
            } else if !line.starts_with(' ') {
                commands.clear();
            }
        }
        told
    }
}

impl Journal {
    fn read(path: &Path) -> Journal {
        let bytes = fs::read(path).unwrap_or_default();
        let records = bytes
            .split(|byte| *byte == b'\n')
            .map_while(|line| serde_json::from_slice(line.get(17..)?).ok())
            .collect();
        Journal { records }
    }

    pub fn begun(&self) -> bool {
        self.events("started").next().is_some()
    }

    pub fn is_over(&self) -> bool {
        self.records
            .last()
            .is_some_and(|record| record["host"]["ended"].is_object())
    }

    pub fn events<'j>(&'j self, kind: &'j str) -> impl Iterator<Item = &'j Value> {
        self.records
            .iter()
            .map(move |record| &record["event"][kind])
            .filter(|event| !event.is_null())
    }
}
