//! What `runbook` costs beside the programs that people use instead, as ratios of one run.
//!
//! `cargo bench --bench peers [NAME…]`. In every round the contestants run in turn, each in a process of its own;
//! the table gives medians, and peak memory from a run that is not timed. Absolute times are only for the machine
//! they were taken on. A peer that is not on the PATH is named above the table. None of the peers keeps a journal:
//! `runbook` writes and syncs one in every row that runs something.
//!
//! | name | what |
//! |---|---|
//! | `start` | `--version`, `--help` and the check of a runbook without steps, beside a program of Rust and clap |
//! | `shell`, `direct` | 1000 steps that do nothing, through `sh` and without it |
//! | `few` | 20 of them, for peers that are slow |
//! | `one` | one step, from start to verdict |
//! | `fan` | 1000 steps of 10 ms, 64 at once |
//! | `output` | one step that prints 200 MB; the peers leave it to the step to write the file |
//! | `check` | a file of 10,000 steps, beside its peers, pest alone and pest with the tree |
//! | `linear` | 1, 10 and 100 thousand steps; the last with 256 KiB of stack as well |

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;

/// pest's own work on our grammar, and nothing after it.
mod alone {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/runbook.pest"]
    #[grammar_inline = "whole = { SOI ~ lines ~ (stray_close ~ lines)* ~ EOI }"]
    pub(super) struct Grammar;
}

/// The least that a program with such a command line is.
#[derive(Parser)]
#[command(name = "floor", version, about = "A program of Rust and clap")]
enum Floor {
    /// Does nothing
    Run { file: PathBuf, words: Vec<String> },
    /// Does nothing
    Lint { files: Vec<PathBuf> },
    /// Does nothing
    Show { run: String },
    /// pest alone, over a file
    Tokens { file: PathBuf },
    /// pest and the tree, over a file
    Tree { file: PathBuf },
}

const OURS: &str = "runbook";
const ROUNDS: usize = 7;
/// 200 MB of lines of a hundred bytes.
const FLOOD: &str = "yes 123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 | head -c 200000000";

fn main() {
    // As the floor this program is started with its own words, which are no names of rows.
    if std::env::var_os("RUNBOOK_BENCH_FLOOR").is_some() {
        return floor(Floor::parse());
    }
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let folder = std::env::var_os("RUNBOOK_BENCH_FOLDER").map_or_else(
        || std::env::temp_dir().join(format!("runbook-peers-{}", std::process::id())),
        PathBuf::from,
    );
    for peer in ["just", "make", "ninja", "doit", "ansible-playbook"] {
        if !on_the_path(peer) {
            say(&format!("{peer} is not on the PATH: its rows are missing"));
        }
    }
    say("| row | contestant | time | runbook takes | peak memory |");
    say("|---|---|---|---|---|");
    for (name, rounds, contest) in contests() {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        for (title, contestants) in contest(&folder) {
            run_contest(&format!("{name}: {title}"), rounds, &folder, &contestants);
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}

fn floor(floor: Floor) {
    match floor {
        Floor::Tokens { file } => {
            let text = std::fs::read_to_string(file).expect("a file");
            let pairs = <alone::Grammar as pest::Parser<alone::Rule>>::parse(
                alone::Rule::whole,
                text.as_str(),
            );
            assert!(pairs.is_ok(), "the grammar takes in any text");
        }
        Floor::Tree { file } => {
            let text = std::fs::read_to_string(file).expect("a file");
            let mut sources = runbook_grammar::source::Sources::default();
            let id = sources.add("bench", text);
            let (file, mistakes) = runbook_grammar::parse(sources.get(id));
            assert!(mistakes.is_empty(), "the file has mistakes");
            std::mem::forget(file);
        }
        Floor::Run { .. } | Floor::Lint { .. } | Floor::Show { .. } => {}
    }
}

#[expect(clippy::print_stdout, reason = "a bench is for reading")]
fn say(line: &str) {
    println!("{line}");
}

/// Somebody who does the work of a row, and how often in one sample.
struct Contestant {
    name: &'static str,
    words: Vec<String>,
    times: u32,
}

impl Contestant {
    fn new(name: &'static str, words: &[&str]) -> Contestant {
        Contestant {
            name,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            times: 1,
        }
    }

    fn ours(words: &[&str]) -> Contestant {
        let program = env!("CARGO_BIN_EXE_runbook");
        Contestant::new(OURS, &[&[program], words].concat())
    }

    fn floor(name: &'static str, words: &[&str]) -> Contestant {
        let this = std::env::current_exe().expect("this program");
        let this = this.display().to_string();
        Contestant::new(name, &[&[this.as_str()], words].concat())
    }

    fn times(self, times: u32) -> Contestant {
        Contestant { times, ..self }
    }

    fn is_here(&self) -> bool {
        self.words[0].contains('/') || on_the_path(&self.words[0])
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(folder);
        command.env("XDG_STATE_HOME", folder.join("state"));
        command.env("RUNBOOK_BENCH_FLOOR", "");
        let output = File::create(folder.join("output")).expect("a file");
        let errors = output.try_clone().expect("a file");
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        command
    }

    /// `None` where it does not do its work here, which is said.
    fn time(&self, folder: &Path) -> Option<Duration> {
        let begun = Instant::now();
        for _ in 0..self.times {
            let status = self.command(folder).status().expect("a contestant");
            if !status.success() {
                let said = std::fs::read_to_string(folder.join("output")).unwrap_or_default();
                let last = said.lines().rfind(|line| !line.trim().is_empty());
                say(&format!(
                    "{} failed: {}",
                    self.words.join(" "),
                    last.unwrap_or_default()
                ));
                return None;
            }
        }
        let time = begun.elapsed() / self.times;
        // What was done has no part in what is to come.
        for trace in ["state", ".ninja_log", ".doit.db"] {
            let trace = folder.join(trace);
            let _ = std::fs::remove_dir_all(&trace).or_else(|_| std::fs::remove_file(&trace));
        }
        Some(time)
    }

    /// KiB. What is over quickly is looked at as often as it is timed, because it may end unseen.
    fn peak(&self, folder: &Path) -> u64 {
        let seen = (0..self.times).map(|_| self.seen_peak(folder));
        seen.max().unwrap_or(0)
    }

    /// As the kernel last said before the end: it only grows.
    fn seen_peak(&self, folder: &Path) -> u64 {
        let mut child = self.command(folder).spawn().expect("a contestant");
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        while matches!(child.try_wait(), Ok(None)) {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            peak = number.unwrap_or(peak);
        }
        peak
    }
}

fn on_the_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn run_contest(row: &str, rounds: usize, folder: &Path, contestants: &[Contestant]) {
    let here: Vec<&Contestant> = contestants.iter().filter(|one| one.is_here()).collect();
    let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for round in 0..rounds {
        for place in 0..here.len() {
            // Whoever is first pays for caches, so each is first in turn.
            let contestant = here[(place + round) % here.len()];
            let time = contestant.time(folder);
            let time = time.map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0);
            times.entry(contestant.name).or_default().push(time);
        }
    }
    let median = |name: &str| {
        let mut all = times.get(name).cloned().unwrap_or_default();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    for contestant in here {
        let peak = contestant.peak(folder) as f64 / 1024.0;
        let time = median(contestant.name);
        say(&format!(
            "| {row} | {} | {time:.2} ms | {:.2} × | {peak:.1} MB |",
            contestant.name,
            median(OURS) / time,
        ));
    }
}

type Contest = fn(&Path) -> Vec<(String, Vec<Contestant>)>;

fn contests() -> [(&'static str, usize, Contest); 9] {
    [
        ("start", ROUNDS, start),
        ("shell", ROUNDS, |folder| steps(folder, 1000, ":;")),
        ("direct", ROUNDS, |folder| steps(folder, 1000, "/bin/true")),
        ("few", 3, few),
        ("one", ROUNDS, |folder| steps(folder, 1, ":;")),
        ("fan", ROUNDS, fan),
        ("output", ROUNDS, |folder| steps(folder, 1, FLOOD)),
        ("check", ROUNDS, check),
        ("linear", 3, linear),
    ]
}

fn start(folder: &Path) -> Vec<(String, Vec<Contestant>)> {
    write(
        folder,
        "empty.rbk",
        "rbk 1\nrunbook \"Empty\"\n\n> Nothing is done.\n",
    );
    let said = |ours: &[&str], floors: &[&str], peers: &[&'static str]| {
        let mut all = vec![
            Contestant::ours(ours).times(20),
            Contestant::floor("Rust and clap", floors).times(20),
        ];
        for peer in peers {
            let times = if *peer == "ansible-playbook" { 1 } else { 20 };
            all.push(Contestant::new(peer, &[&[*peer], floors].concat()).times(times));
        }
        all
    };
    vec![
        (
            "--version".to_owned(),
            said(
                &["--version"],
                &["--version"],
                &["just", "make", "ninja", "ansible-playbook"],
            ),
        ),
        (
            "--help".to_owned(),
            said(&["--help"], &["--help"], &["just", "make"]),
        ),
        (
            "nothing to check".to_owned(),
            said(&["lint", "empty.rbk"], &["lint", "empty.rbk"], &[]),
        ),
    ]
}

/// The same steps for everybody, one after the other.
fn steps(folder: &Path, count: usize, command: &str) -> Vec<(String, Vec<Contestant>)> {
    let mut book = String::from("rbk 1\nrunbook \"Steps\"\n\n");
    let mut justfile = String::from("all:\n");
    let mut makefile = String::from("all:\n");
    let mut ninja = format!("rule run\n  command = {command}\n");
    let mut before = String::new();
    for step in 0..count {
        book += &format!("step s{step} \"Step {step}\" {{\n  $ {command}\n}}\n");
        justfile += &format!("  @{command}\n");
        makefile += &format!("\t@{command}\n");
        ninja += &format!("build s{step}: run{before}\n");
        before = format!(" s{step}");
    }
    let dodo = format!(
        "def task_s():\n  for n in range({count}):\n    yield {{'name': str(n), 'actions': [{command:?}]}}\n"
    );
    write(folder, "steps.rbk", &book);
    write(folder, "justfile", &justfile);
    write(folder, "makefile", &makefile);
    write(folder, "steps.ninja", &ninja);
    write(folder, "dodo.py", &dodo);
    let what = match count {
        1 if command == FLOOD => "a step that prints 200 MB".to_owned(),
        1 => "one step".to_owned(),
        count => format!("{count} steps"),
    };
    vec![(
        what,
        vec![
            Contestant::ours(&["run", "steps.rbk"]),
            Contestant::new("just", &["just", "--justfile", "justfile"]),
            Contestant::new("make", &["make", "--no-print-directory"]),
            Contestant::new("ninja", &["ninja", "--quiet", "-j1", "-f", "steps.ninja"]),
            Contestant::new("doit", &["doit", "--verbosity", "0"]),
        ],
    )]
}

fn few(folder: &Path) -> Vec<(String, Vec<Contestant>)> {
    let mut contests = steps(folder, 20, ":;");
    let mut play =
        String::from("- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n");
    for step in 0..20 {
        play += &format!("    - name: step {step}\n      shell: ':'\n");
    }
    write(folder, "play.yml", &play);
    for (_, contestants) in &mut contests {
        let words = ["ansible-playbook", "play.yml"];
        contestants.push(Contestant::new("ansible-playbook", &words));
    }
    contests
}

fn fan(folder: &Path) -> Vec<(String, Vec<Contestant>)> {
    let mut book = String::from("rbk 1\nrunbook \"Fan\"\n\nparallel max 64 {\n");
    let mut makefile = String::from(".PHONY: all $(shell seq 0 999)\nall: $(shell seq 0 999)\n");
    let mut ninja = String::from("rule run\n  command = sleep 0.01;\n");
    makefile += "$(shell seq 0 999):\n\t@sleep 0.01;\n";
    for step in 0..1000 {
        book += &format!("  step s{step} \"Step {step}\" {{\n    $ sleep 0.01;\n  }}\n");
        ninja += &format!("build s{step}: run\n");
    }
    book += "}\n";
    write(folder, "fan.rbk", &book);
    write(folder, "fan.mk", &makefile);
    write(folder, "fan.ninja", &ninja);
    vec![(
        "1000 steps of 10 ms".to_owned(),
        vec![
            Contestant::ours(&["run", "fan.rbk"]),
            Contestant::new("make", &["make", "-j64", "-f", "fan.mk"]),
            Contestant::new("ninja", &["ninja", "--quiet", "-j64", "-f", "fan.ninja"]),
        ],
    )]
}

/// A runbook of steps with all that steps usually have; about 210 bytes each.
fn rich(count: usize) -> String {
    let mut book = String::from("rbk 1\nrunbook \"Steps\"\n");
    for step in 0..count {
        book += &format!(
            "\n# step {step} of many\nstep s{step} \"Step number {step} of many\" {{\n  > Say what step {step} is for, in a line that people read.\n  $ run-it --step {step} --flag value-{step} /some/path/{step}.txt\n  expect exit == 0\n  timeout 5m\n}}\n"
        );
    }
    book
}

fn check(folder: &Path) -> Vec<(String, Vec<Contestant>)> {
    let count = 10_000;
    let book = rich(count);
    let size = book.len() as f64 / f64::from(1 << 20);
    let mut justfile = String::new();
    let mut makefile = String::new();
    let mut ninja = String::from("rule run\n  command = $words\n");
    let mut goals = String::new();
    for step in 0..count {
        // Chains of a hundred.
        let before = match step % 100 {
            0 => String::new(),
            _ => format!(" s{}", step - 1),
        };
        let words = format!("run-it --step {step} --flag value-{step} /some/path/{step}.txt");
        justfile += &format!("# Say what step {step} is for\ns{step}:{before}\n  {words}\n\n");
        makefile += &format!("# Say what step {step} is for\ns{step}:{before}\n\t{words}\n\n");
        ninja += &format!(
            "# Say what step {step} is for\nbuild s{step}: run{before}\n  words = {words}\n"
        );
        goals += &format!(" s{step}");
    }
    makefile = format!("all:{goals}\n{makefile}");
    write(folder, "check.rbk", &book);
    write(folder, "check.just", &justfile);
    write(folder, "check.mk", &makefile);
    write(folder, "check.ninja", &ninja);
    vec![(
        format!("10,000 steps, {size:.1} MB"),
        vec![
            Contestant::ours(&["lint", "check.rbk"]),
            Contestant::floor("pest alone", &["tokens", "check.rbk"]),
            Contestant::floor("pest and the tree", &["tree", "check.rbk"]),
            Contestant::new(
                "just --summary",
                &["just", "--justfile", "check.just", "--summary"],
            ),
            Contestant::new("ninja -n", &["ninja", "-n", "-f", "check.ninja"]),
            Contestant::new("make -n", &["make", "-n", "-f", "check.mk"]),
        ],
    )]
}

fn linear(folder: &Path) -> Vec<(String, Vec<Contestant>)> {
    let mut contests = Vec::new();
    for count in [1_000, 10_000, 100_000] {
        let name = format!("linear-{count}.rbk");
        let book = rich(count);
        write(folder, &name, &book);
        let size = book.len() as f64 / f64::from(1 << 20);
        let ours = Contestant::ours(&["lint", &name]);
        contests.push((format!("{count} steps, {size:.1} MB"), vec![ours]));
    }
    let script = format!(
        "ulimit -s 256; exec '{}' lint linear-100000.rbk",
        env!("CARGO_BIN_EXE_runbook")
    );
    let small = Contestant::new(OURS, &["/bin/sh", "-c", &script]);
    contests.push(("100000 steps, 256 KiB of stack".to_owned(), vec![small]));
    contests
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join(name), text).expect("a file");
}
