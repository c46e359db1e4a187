//! An engine's processes without an engine: a folder, a runtime, and commands one after the other.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runbook_core::effect::{EffectId, Manner, Program, Role, Run, RunInterpreter, Urgency};
use runbook_core::event::{Captured, Event, Exit, Identity};
use runbook_host::process::{Launch, Processes, Redactors, Report, Settings};
use runbook_plan::command::{Mark, Strictness};
use rustix::process::Pid;

pub struct World {
    pub folder: PathBuf,
    pub processes: Processes,
    pub runtime: tokio::runtime::Runtime,
    ids: u64,
    pub seen: Vec<u8>,
}

/// How a command ended, as the journal would have it.
#[derive(Debug)]
pub struct Ended {
    pub exit: Exit,
    pub output: Captured,
    pub stderr: Captured,
    pub leaked: Vec<String>,
    pub elapsed_ms: u64,
}

pub fn gate() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    folder.pop();
    let gate = folder.join("examples/gate");
    assert!(gate.exists(), "build it: cargo build --example gate");
    gate
}

impl World {
    pub fn new(name: &str) -> World {
        World::with(name, |_| {})
    }

    pub fn with(name: &str, change: impl FnOnce(&mut Settings)) -> World {
        let folder =
            std::env::temp_dir().join(format!("runbook-process-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut settings = Settings::of_this_program(folder.join("output"));
        settings.gate = vec![gate().into(), "__gate".into()];
        settings.grace = Duration::from_secs(2);
        settings.leak_grace = Duration::from_millis(200);
        change(&mut settings);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let entered = runtime.enter();
        let processes = Processes::begin(settings).unwrap();
        drop(entered);
        World {
            folder,
            processes,
            runtime,
            ids: 0,
            seen: Vec::new(),
        }
    }

    pub fn effect(&mut self) -> EffectId {
        self.ids += 1;
        EffectId(self.ids)
    }

    pub fn start(&mut self, run: Run) -> (EffectId, Identity) {
        let id = run.id;
        let identity = self.processes.admit(id, &run.manner).unwrap();
        self.opened(run);
        (id, identity)
    }

    /// Opens the gate of what was admitted.
    pub fn opened(&mut self, run: Run) {
        let launch = Launch::of(&run, &self.folder, &[], &mut |_| Err("no secrets".into()));
        self.processes
            .open(run.id, launch.unwrap(), Redactors::default());
    }

    pub fn started(&mut self, script: &str) -> (EffectId, Identity) {
        let id = self.effect();
        self.start(sh(id, script))
    }

    /// The next fact; live output is put aside.
    pub fn fact(&mut self) -> Event {
        let seen = &mut self.seen;
        let processes = &mut self.processes;
        self.runtime.block_on(patiently(async {
            loop {
                match processes.next().await {
                    Report::Output { bytes, .. } => seen.extend(bytes),
                    Report::Fact(event) => return event,
                }
            }
        }))
    }

    pub fn ended(&mut self) -> Ended {
        match self.fact() {
            Event::Exited {
                exit,
                output,
                stderr,
                leaked,
                elapsed_ms,
                ..
            } => Ended {
                exit,
                output,
                stderr,
                leaked,
                elapsed_ms,
            },
            other => panic!("it did not end: {other:?}"),
        }
    }

    pub fn sh(&mut self, script: &str) -> Ended {
        self.started(script);
        self.ended()
    }

    pub fn not_started(&mut self, run: Run) -> String {
        self.start(run);
        match self.fact() {
            Event::NotStarted { why, .. } => why,
            other => panic!("it started: {other:?}"),
        }
    }

    pub fn stop(&mut self, id: EffectId, urgency: Urgency) {
        let processes = &mut self.processes;
        self.runtime.block_on(async { processes.stop(id, urgency) });
    }

    /// Lets time pass, with nothing to report, until this is so.
    pub fn turn_until(&mut self, so: impl Fn() -> bool) {
        let processes = &mut self.processes;
        self.runtime.block_on(patiently(async {
            loop {
                let over = so();
                // After that once more: what it is about is seen by then.
                let turn = tokio::time::timeout(Duration::from_millis(5), processes.next());
                if let Ok(Report::Fact(event)) = turn.await {
                    panic!("{event:?}");
                }
                if over {
                    break;
                }
            }
        }));
    }

    /// The process that copies itself for each gate.
    pub fn keeper(&self) -> Pid {
        let children = std::fs::read_to_string("/proc/thread-self/children").unwrap();
        children
            .split_whitespace()
            .find(|pid| {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                line.split(|byte| *byte == 0).nth(2) == Some(b"keeper")
            })
            .and_then(|pid| Pid::from_raw(pid.parse().unwrap()))
            .expect("a keeper")
    }

    /// Waits until a file holds a whole line, and gives the number in it.
    pub fn number(&self, file: &str) -> u32 {
        let path = self.folder.join(file);
        for _ in 0..2000 {
            if let Ok(text) = std::fs::read_to_string(&path)
                && text.ends_with('\n')
            {
                return text.trim().parse().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!(
            "{} was never written: the fault did not fire",
            path.display()
        );
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Not a limit that anything is measured by: only so that a test that hangs says so.
pub async fn patiently<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what)
        .await
        .expect("nothing was reported for a minute")
}

pub fn run(id: EffectId, program: Program) -> Run {
    Run {
        id,
        mark: Mark::Act,
        role: Role::Statement,
        path: "test".into(),
        shown: "test".into(),
        programs: vec![program],
        on: None,
        dir: None,
        env: Vec::new(),
        manner: Manner::Plain,
        deadline: None,
        attempt: 1,
    }
}

pub fn sh(id: EffectId, script: &str) -> Run {
    let program = Program::Script {
        interpreter: RunInterpreter::Sh,
        text: script.into(),
        strict: Strictness::AsTyped,
    };
    run(id, program)
}

pub fn direct(id: EffectId, words: &[&str]) -> Run {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    run(id, Program::Direct(words))
}

/// Whether a process of this number lives, zombies aside.
pub fn lives(pid: u32) -> bool {
    let stat = Path::new("/proc").join(pid.to_string()).join("stat");
    std::fs::read_to_string(stat).is_ok_and(|stat| {
        let state = stat.rsplit_once(") ").unwrap().1.chars().next();
        !matches!(state, Some('Z' | 'X'))
    })
}

/// Runs the rest of a test in a process of its own, for what it changes concerns all of one. True there.
pub fn in_a_process_of_its_own(test: &str) -> bool {
    const ALONE: &str = "RUNBOOK_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .status();
    assert!(status.unwrap().success(), "see above");
    false
}

/// The same with a terminal, of which the process is in the foreground.
pub fn in_a_terminal(test: &str) -> bool {
    const INSIDE: &str = "RUNBOOK_TEST_TERMINAL";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let this = std::env::current_exe().unwrap();
    let command = format!("'{}' {test} --exact --nocapture", this.display());
    let output = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .env(INSIDE, "1")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("script, of util-linux");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    false
}
