//! Reading a journal, against the least that could do it, as ratios of one run; and opening a long run, in a process
//! of its own. `cargo bench --bench journal`; contestants in turn, the least time of each.
//!
//! | row | floor |
//! |---|---|
//! | `read` | the same lines through serde into borrowed types, unchecked, folded into a map |
//! | `read, chained` | the same with the hash of each line held against the next |
//! | `open N` | the fold of N records through the core with the run's own plan; there is no floor, but N to ten N is ten times |

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use runbook_core::effect::{Effect, EffectId, Role};
use runbook_core::event::{Captured, Event, Exit, Fact, Identity, Moment, Started};
use runbook_core::state::{Over, State};
use runbook_host::drive::replay::{Replay, Wanted};
use runbook_host::journal::disk::{Disk, Standing};
use runbook_host::journal::record::{Head, Intent, Link};
use runbook_host::journal::{Body, End, Entry, HostRecord, Journal, read};
use runbook_host::load::{Original, load_snapshot};
use runbook_host::runs::{RunDir, StateHome};
use serde::Deserialize;

const RECORDS: u64 = 100_000;
const ROUNDS: usize = 15;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, home, run] = words.as_slice()
        && flag == "--open"
    {
        return open(Path::new(home), run);
    }
    let journal = sample();
    let megabytes = journal.len() as f64 / 1e6;
    let (mut floor, mut chain, mut ours) = (f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let (time, folded) = timed(|| typed(&journal, Chain::No));
        floor = floor.min(time);
        let (time, chained) = timed(|| typed(&journal, Chain::Yes));
        chain = chain.min(time);
        let (time, checked) = timed(|| checked(&journal));
        ours = ours.min(time);
        assert_eq!(folded, checked);
        assert_eq!(folded, chained);
    }
    say(
        "| bench | size | floor | ours | ours / floor | ours | peak RSS |\n|---|---|---|---|---|---|---|",
    );
    for (name, floor) in [("read", floor), ("read, chained", chain)] {
        say(&format!(
            "| {name} {RECORDS} records | {megabytes:.1} MB | {floor:.1} ms | {ours:.1} ms | {:.2} | {:.0} MB/s | |",
            ours / floor,
            megabytes / ours * 1e3
        ));
    }
    for records in [100_000, 1_000_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let (run, bytes) = long_run(folder.path(), records);
        let (mut least, mut memory) = (f64::MAX, 0.0_f64);
        for _ in 0..5 {
            let (time, peak) = opened(folder.path(), &run);
            least = least.min(time);
            memory = memory.max(peak);
        }
        let megabytes = bytes as f64 / 1e6;
        say(&format!(
            "| open {records} records | {megabytes:.1} MB | | {least:.0} ms | | {:.0} MB/s | {memory:.0} MiB |",
            megabytes / least * 1e3
        ));
    }
}

fn say(line: &str) {
    // A reader that went away has its reasons.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Milliseconds, and what came out.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let out = work();
    (start.elapsed().as_secs_f64() * 1e3, out)
}

/// A run of that many records or a few more, as an engine writes them: its identifier and the journal's bytes.
fn long_run(folder: &Path, records: u64) -> (String, u64) {
    // A hundred times a hundred times as often as is needed, one step of three records.
    let numbers: Vec<String> = (0..100).map(|n| format!("\"{n}\"")).collect();
    let list = numbers.join(", ");
    let outer = numbers[..usize::try_from(records / 30_000 + 1).expect("small")].join(", ");
    let text = format!(
        "rbk 1\nrunbook \"A long run\"\nfor a in [{outer}] {{\n  for b in [{list}] {{\n    for c in [{list}] {{\n      step one \"One\" {{\n        $ kubectl rollout status deployment/app-{{{{a}}}}\n      }}\n    }}\n  }}\n}}\n"
    );
    let original = Original {
        name: "long.rbk".into(),
        module: String::new(),
        path: String::new(),
        bytes: text.into_bytes(),
    };
    let loaded = load_snapshot(vec![original.clone()]).expect("a runbook");
    let plan = loaded.plan.as_ref().expect("a plan");
    let home = StateHome::open(folder.join("state")).expect("a state home");
    let (held, sources, mut journal) = RunDir::fresh(&home)
        .create(&home, "ada", &[original])
        .expect("a run");
    let at = Moment {
        wall: 1_767_603_600_000,
        boot: 4_000_000,
    };
    let head = HostRecord::Head(Head {
        format: "1.0".into(),
        run: held.dir.id.clone(),
        sources,
        ..Head::default()
    });
    journal.append(at, Entry::Host(&head));
    let mut state = State::default();
    let mut facts = vec![Event::Started(Started::default())];
    while journal.seq() < records {
        for event in std::mem::take(&mut facts) {
            journal.append(at, Entry::Event(&event));
            let fact = Fact { at, event };
            let (next, effects) = runbook_core::step::step(plan, std::mem::take(&mut state), &fact);
            state = next;
            for effect in effects {
                if let Effect::Run(run) = effect {
                    journal.append(at, Entry::Host(&intent(run.id, run.path, run.shown)));
                    facts.push(spawned(run.id));
                    facts.push(exited(run.id));
                }
            }
        }
        assert!(
            state.is_over() == Over::No && !facts.is_empty(),
            "the run is long enough"
        );
        if journal.seq() % 1000 < 3 {
            journal.commit().expect("a disk");
        }
    }
    journal.commit().expect("a disk");
    let bytes = std::fs::metadata(held.dir.journal_path())
        .expect("a journal")
        .len();
    (held.dir.id, bytes)
}

/// Milliseconds and MiB that a process of its own needs to open the run.
fn opened(folder: &Path, run: &str) -> (f64, f64) {
    let out = Command::new(std::env::current_exe().expect("this program"))
        .arg("--open")
        .arg(folder.join("state"))
        .arg(run)
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&out.stdout);
    let mut numbers = text.split_whitespace().map(|word| word.parse::<f64>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(time)), Some(Ok(peak))) => (time, peak),
        _ => panic!("{text}{}", String::from_utf8_lossy(&out.stderr)),
    }
}

fn open(home: &Path, run: &str) {
    let dir = RunDir::open(&StateHome::peek(home.to_owned()), run).expect("the run");
    let (time, replay) = timed(|| Replay::of(&dir, Wanted::State).expect("a journal"));
    std::hint::black_box(replay.state.in_flight());
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let peak = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")?
                .split_whitespace()
                .next()?
                .parse::<f64>()
                .ok()
        })
        .expect("a peak");
    say(&format!("{time} {}", peak / 1024.0));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chain {
    Yes,
    No,
}

#[derive(Deserialize)]
struct Line<'a> {
    seq: u64,
    #[serde(borrow)]
    prev: &'a str,
    event: Option<Event>,
    host: Option<HostRecord>,
}

/// Effects that ended, by a fold over types.
fn typed(journal: &[u8], chain: Chain) -> usize {
    let mut ended: HashMap<EffectId, u64> = HashMap::new();
    let mut before = Link::START;
    for whole in journal.split_inclusive(|byte| *byte == b'\n') {
        let json = &whole[17..whole.len() - 1];
        let line: Line<'_> = serde_json::from_slice(json).expect("a record");
        if chain == Chain::Yes {
            assert_eq!(line.prev, before.as_str());
            before = Link::of(whole);
        }
        std::hint::black_box((line.prev, &line.host));
        if let Some(Event::Exited { effect, .. }) = line.event {
            ended.insert(effect, line.seq);
        }
    }
    ended.len()
}

/// The same, every checksum and every link checked.
fn checked(journal: &[u8]) -> usize {
    let mut ended: HashMap<EffectId, u64> = HashMap::new();
    read(journal, |record| {
        if let Body::Event(Event::Exited { effect, .. }) = record.body {
            ended.insert(effect, record.seq);
        }
        Ok(())
    })
    .expect("a whole journal");
    ended.len()
}

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl Disk for Memory {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> std::io::Result<()> {
        let mut all = self.0.borrow_mut();
        let offset = usize::try_from(offset).expect("an offset");
        if all.len() < offset + bytes.len() {
            all.resize(offset + bytes.len(), 0);
        }
        all[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
    fn set_len(&mut self, _: u64) -> std::io::Result<()> {
        Ok(())
    }
    fn standing(&mut self) -> std::io::Result<Standing> {
        Ok(Standing::InPlace)
    }
}

/// Intent, identity and outcome of step after step.
fn sample() -> Vec<u8> {
    let memory = Memory::default();
    let mut journal = Journal::new(Box::new(memory.clone()), End::START);
    let at = Moment {
        wall: 1_767_603_600_000,
        boot: 4_000_000,
    };
    let head = HostRecord::Head(Head {
        format: "1.0".into(),
        ..Head::default()
    });
    journal.append(at, Entry::Host(&head));
    let mut effect = 0;
    while journal.seq() < RECORDS {
        effect += 1;
        let id = EffectId(effect);
        let command = format!("kubectl rollout status deployment/app-{effect}");
        let intent = intent(id, format!("section.step_{effect}"), command);
        journal.append(at, Entry::Host(&intent));
        journal.append(at, Entry::Event(&spawned(id)));
        journal.append(at, Entry::Event(&exited(id)));
        journal.commit().expect("memory");
    }
    let mut all = memory.0.borrow().clone();
    let used = all
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    all.truncate(used);
    all
}

fn intent(effect: EffectId, path: String, command: String) -> HostRecord {
    HostRecord::Intent(Intent {
        effect,
        path,
        attempt: 1,
        role: Role::Statement,
        command,
        on: None,
        env: Vec::new(),
    })
}

fn spawned(effect: EffectId) -> Event {
    Event::Spawned {
        effect,
        identity: Identity {
            pid: 4711,
            start_time: 123_456,
            boot_id: "12c85471-1dfd-486e-b565-8cc500cbcabf".into(),
            cgroup: None,
        },
    }
}

fn exited(effect: EffectId) -> Event {
    Event::Exited {
        effect,
        exit: Exit::Code(0),
        output: Captured {
            text: "deployment \"app\" successfully rolled out\n".into(),
            bytes: 41,
            ..Captured::default()
        },
        stderr: Captured::default(),
        elapsed_ms: 12,
        leaked: Vec::new(),
    }
}
