//! What a command costs, against floors that do the least such a thing can do, as ratios of one run.
//!
//! `cargo bench --bench process [NAME…]`; each contestant runs in a process of its own, in turn, several rounds;
//! the table gives medians. Absolute times are only for the machine they were taken on.
//!
//! | name | what | floor |
//! |---|---|---|
//! | `sh` | steps through `sh`, journal on disk, one sync a step | spawn, two pipes, poll, the same journal |
//! | `direct` | the same without a shell | the same |
//! | `output` | one step that prints 200 MB | read 64 KiB, write to a file |
//! | `output-durable` | the same | as above, the command in a session of its own, the file synced at the end |
//! | `fan` | 1000 steps, 64 at once, group commit | spawn, two pipes each, one poll |
//! | `timeout` | a step that has to be stopped, to its durable record | kill the group, reap, the same record |
//! | `run-sh`, `run-direct` | `runbook run` of a file of 1000 steps, from start to verdict | as `sh` and `direct` |
//! | `run-one` | `runbook run` of one step | `just` of one recipe, where it is on the PATH |

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use runbook_core::effect::{EffectId, Manner, Urgency};
use runbook_core::event::Event;
use runbook_host::process::{
    Door, Keep, Launch, Line, Processes, Redactors, Report, Script, Settings,
};
use rustix::event::{PollFd, PollFlags};

const ROUNDS: usize = 7;
/// 200 MB of lines of a hundred bytes.
const FLOOD: &str = "yes 123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 | head -c 200000000";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, contestant, size, folder] = words.as_slice()
        && flag == "--contestant"
    {
        return contest(contestant, size.parse().unwrap_or(1), Path::new(folder));
    }
    let wanted: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let benches = [
        ("sh", 1000, "floor-sh", "ours-sh"),
        ("direct", 1000, "floor-direct", "ours-direct"),
        ("output", 1, "floor-output", "ours-output"),
        ("output-durable", 1, "floor-durable", "ours-output"),
        ("fan", 1000, "floor-fan", "ours-fan"),
        ("timeout", 20, "floor-timeout", "ours-timeout"),
        ("run-sh", 1000, "floor-sh", "run-sh"),
        ("run-direct", 1000, "floor-direct", "run-direct"),
        ("run-one", 1, "just", "run-direct"),
    ];
    say("| bench | floor | ours | ours / floor | ours peak RSS |");
    say("|---|---|---|---|---|");
    for (name, size, floor, ours) in benches {
        if !wanted.is_empty() && !wanted.iter().any(|word| *word == name) {
            continue;
        }
        let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut memory = 0;
        for _ in 0..ROUNDS {
            for contestant in [floor, ours] {
                let (time, peak) = measure(contestant, size);
                times.entry(contestant).or_default().push(time);
                if contestant == ours {
                    memory = memory.max(peak);
                }
            }
        }
        let median = |name: &str| {
            let mut all = times.get(name).cloned().unwrap_or_default();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
        };
        say(&format!(
            "| {name} | {:.1} ms | {:.1} ms | {:.3} | {:.1} MB |",
            median(floor),
            median(ours),
            median(ours) / median(floor),
            memory as f64 / 1024.0,
        ));
    }
}

#[expect(clippy::print_stdout, reason = "a bench is for reading")]
fn say(line: &str) {
    println!("{line}");
}

/// Milliseconds and peak KiB of one contestant, as it says itself.
fn measure(contestant: &str, size: u64) -> (f64, u64) {
    let folder = std::env::temp_dir().join(format!("runbook-bench-{}", std::process::id()));
    let folder = std::env::var_os("RUNBOOK_BENCH_FOLDER").map_or(folder, PathBuf::from);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the bench");
    let this = std::env::current_exe().expect("this program");
    let output = Command::new(this)
        .args(["--contestant", contestant, &size.to_string()])
        .arg(&folder)
        .stderr(Stdio::inherit())
        .output()
        .expect("a contestant");
    let _ = std::fs::remove_dir_all(&folder);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace();
    let time = numbers.next().and_then(|word| word.parse().ok());
    let peak = numbers.next().and_then(|word| word.parse().ok());
    (time.unwrap_or(f64::NAN), peak.unwrap_or(0))
}

fn contest(name: &str, size: u64, folder: &Path) {
    let mut journal = Journal::new(folder);
    let begun = Instant::now();
    let measured = match name {
        "floor-sh" => steps_floor(&["sh", "-c", ":"], size, &mut journal),
        "floor-direct" => steps_floor(&["/bin/true"], size, &mut journal),
        "ours-sh" => ours(folder, async |p| {
            steps(p, &script(":"), size, &mut journal).await
        }),
        "ours-direct" => ours(folder, async |p| {
            steps(p, &words(&["/bin/true"]), size, &mut journal).await
        }),
        "floor-output" => output_floor(folder, spawn(&["sh", "-c", FLOOD]), Synced::No),
        "floor-durable" => {
            let mut command = Command::new("setsid");
            command.args(["sh", "-c", FLOOD]).stdout(Stdio::piped());
            output_floor(folder, command.spawn().expect("a process"), Synced::Yes)
        }
        "ours-output" => ours(folder, async |p| {
            steps(p, &script(FLOOD), 1, &mut journal).await
        }),
        "floor-fan" => fan_floor(size, &mut journal),
        "ours-fan" => ours(folder, async |p| fan(p, size, &mut journal).await),
        "floor-timeout" => timeout_floor(size, &mut journal),
        "ours-timeout" => ours(folder, async |p| timeout(p, size, &mut journal).await),
        "run-sh" => run(folder, ":;", size),
        "run-direct" => run(folder, "/bin/true", size),
        "just" => just(folder, size),
        other => panic!("no contestant is called {other}"),
    };
    let time = measured.unwrap_or_else(|| begun.elapsed());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap_or("0 kB").trim().trim_end_matches(" kB");
    say(&format!("{} {peak}", time.as_secs_f64() * 1000.0));
}

/// Records of the length of an outcome, an intent and an identity, in one write and one sync.
struct Journal {
    file: File,
    at: u64,
}

impl Journal {
    fn new(folder: &Path) -> Journal {
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(true);
        let file = file.open(folder.join("journal")).expect("a journal");
        file.write_all_at(&vec![0; 1 << 20], 0).expect("room");
        file.sync_all().expect("a sync");
        Journal { file, at: 0 }
    }

    fn write(&mut self) {
        self.file
            .write_all_at(&[b'r'; 900], self.at)
            .expect("a write");
        self.at += 900;
        self.file.sync_data().expect("a sync");
    }
}

fn spawn(words: &[&str]) -> Child {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).spawn().expect("a process")
}

/// Reads both pipes to their ends, by poll, and reaps.
fn drain(child: &mut Child) {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let mut buffer = vec![0; 64 * 1024];
    while out.is_some() || err.is_some() {
        let ready: Vec<bool> = {
            let mut waits = Vec::new();
            if let Some(out) = &out {
                waits.push(PollFd::new(out, PollFlags::IN));
            }
            if let Some(err) = &err {
                waits.push(PollFd::new(err, PollFlags::IN));
            }
            rustix::event::poll(&mut waits, None).expect("a poll");
            waits
                .iter()
                .map(|wait| !wait.revents().is_empty())
                .collect()
        };
        let mut ready = ready.into_iter();
        if out.is_some()
            && ready.next() == Some(true)
            && out
                .as_mut()
                .is_some_and(|pipe| pipe.read(&mut buffer).unwrap_or(0) == 0)
        {
            out = None;
        }
        if err.is_some()
            && ready.next() == Some(true)
            && err
                .as_mut()
                .is_some_and(|pipe| pipe.read(&mut buffer).unwrap_or(0) == 0)
        {
            err = None;
        }
    }
    child.wait().expect("a status");
}

fn steps_floor(words: &[&str], size: u64, journal: &mut Journal) -> Option<Duration> {
    for _ in 0..size {
        journal.write();
        drain(&mut spawn(words));
    }
    journal.write();
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Synced {
    Yes,
    No,
}

fn output_floor(folder: &Path, mut child: Child, synced: Synced) -> Option<Duration> {
    let mut out = child.stdout.take().expect("a pipe");
    rustix::pipe::fcntl_setpipe_size(&out, 1 << 20).expect("a large pipe");
    let mut file = File::create(folder.join("output")).expect("a file");
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match out.read(&mut buffer).expect("a read") {
            0 => break,
            length => file.write_all(&buffer[..length]).expect("a write"),
        }
    }
    child.wait().expect("a status");
    if synced == Synced::Yes {
        file.sync_data().expect("a sync");
    }
    None
}

fn fan_floor(size: u64, journal: &mut Journal) -> Option<Duration> {
    let mut running: Vec<Child> = Vec::new();
    let mut started = 0;
    while started < size || !running.is_empty() {
        let mut begun = 0;
        while running.len() < 64 && started < size {
            begun += 1;
            running.push(spawn(&["sh", "-c", "sleep 0.01"]));
            started += 1;
        }
        let ended: Vec<bool> = {
            let pipes = running.iter().filter_map(|child| child.stdout.as_ref());
            let mut waits: Vec<_> = pipes.map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
            rustix::event::poll(&mut waits, None).expect("a poll");
            waits
                .iter()
                .map(|wait| !wait.revents().is_empty())
                .collect()
        };
        let mut ended = ended.into_iter();
        let before = running.len();
        running.retain_mut(|child| match ended.next() {
            Some(true) => {
                child.wait().expect("a status");
                false
            }
            _ => true,
        });
        if begun > 0 || running.len() < before {
            journal.write();
        }
    }
    None
}

fn timeout_floor(size: u64, journal: &mut Journal) -> Option<Duration> {
    let mut over = Duration::ZERO;
    for _ in 0..size {
        let mut child = spawn(&["sh", "-c", "sleep 10; :"]);
        std::thread::sleep(Duration::from_millis(30));
        let due = Instant::now();
        let pid = i32::try_from(child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        let _ =
            rustix::process::kill_process_group(pid.expect("a pid"), rustix::process::Signal::KILL);
        child.wait().expect("a status");
        journal.write();
        over += due.elapsed();
    }
    Some(over / u32::try_from(size).unwrap_or(1))
}

/// The whole program; its memory is not this one's.
fn run(folder: &Path, command: &str, size: u64) -> Option<Duration> {
    let mut text = String::from("rbk 1\nrunbook \"Steps\"\n\n");
    for step in 0..size {
        text += &format!("step s{step} \"Step {step}\" {{\n  $ {command}\n}}\n");
    }
    let file = folder.join("steps.rbk");
    std::fs::write(&file, text).expect("a runbook");
    let begun = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_runbook"))
        .arg("run")
        .arg(&file)
        .env("XDG_STATE_HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the run failed"
    );
    Some(begun.elapsed())
}

/// A peer that keeps no journal; not a number where it is not installed.
fn just(folder: &Path, size: u64) -> Option<Duration> {
    let file = folder.join("justfile");
    std::fs::write(
        &file,
        format!(
            "all:\n{}",
            "  @:\n".repeat(usize::try_from(size).unwrap_or(1))
        ),
    )
    .expect("a justfile");
    let begun = Instant::now();
    let mut command = Command::new("just");
    command.arg("--justfile").arg(&file).stdin(Stdio::null());
    match command.stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Some(begun.elapsed()),
        _ => std::process::exit(0),
    }
}

fn ours<T>(folder: &Path, then: impl AsyncFnOnce(&mut Processes) -> T) -> T {
    let mut settings = Settings::of_this_program(folder.join("output"));
    settings.gate = vec![env!("CARGO_BIN_EXE_runbook").into(), "__gate".into()];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let mut processes = Processes::begin(settings).expect("processes");
        then(&mut processes).await
    })
}

fn words(words: &[&str]) -> Line {
    Line {
        words: words.iter().map(Into::into).collect(),
        script: None,
    }
}

fn script(text: &str) -> Line {
    Line {
        script: Some(Script {
            text: text.to_owned(),
            by: Door::Argument,
        }),
        ..words(&["sh", "-c"])
    }
}

fn open(processes: &mut Processes, id: u64, line: &Line) {
    let launch = Launch {
        line: line.clone(),
        dir: "/".into(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        manner: Manner::Plain,
        keep: Keep::Tail,
        far: None,
    };
    processes.open(EffectId(id), launch, Redactors::default());
}

async fn fact(processes: &mut Processes) -> Event {
    loop {
        if let Report::Fact(event) = processes.next().await {
            return event;
        }
    }
}

async fn steps(
    processes: &mut Processes,
    line: &Line,
    size: u64,
    journal: &mut Journal,
) -> Option<Duration> {
    processes.prepare(1);
    for id in 0..size {
        processes
            .admit(EffectId(id), &Manner::Plain)
            .expect("a gate");
        journal.write();
        open(processes, id, line);
        if id + 1 < size {
            processes.prepare(1);
        }
        assert!(matches!(fact(processes).await, Event::Exited { .. }));
    }
    journal.write();
    None
}

async fn fan(processes: &mut Processes, size: u64, journal: &mut Journal) -> Option<Duration> {
    let line = script("sleep 0.01");
    let mut started = 0;
    while started < size || processes.running() > 0 {
        let first = started;
        while processes.running() < 64 && started < size {
            processes
                .admit(EffectId(started), &Manner::Plain)
                .expect("a gate");
            started += 1;
        }
        journal.write();
        for id in first..started {
            open(processes, id, &line);
        }
        processes.prepare(usize::try_from(size - started).unwrap_or(0).min(8));
        assert!(matches!(fact(processes).await, Event::Exited { .. }));
    }
    None
}

async fn timeout(processes: &mut Processes, size: u64, journal: &mut Journal) -> Option<Duration> {
    let line = script("sleep 10; :");
    let mut over = Duration::ZERO;
    for id in 0..size {
        processes
            .admit(EffectId(id), &Manner::Plain)
            .expect("a gate");
        open(processes, id, &line);
        let due = Instant::now() + Duration::from_millis(30);
        let early = tokio::time::timeout_at(due.into(), fact(processes)).await;
        assert!(early.is_err(), "it ended by itself: {early:?}");
        processes.stop(EffectId(id), Urgency::Grace);
        assert!(matches!(fact(processes).await, Event::Exited { .. }));
        journal.write();
        over += due.elapsed();
    }
    Some(over / u32::try_from(size).unwrap_or(1))
}
