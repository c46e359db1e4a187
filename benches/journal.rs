//! Reading a journal of 100,000 records, against the floor: the same lines through serde into borrowed types,
//! unchecked, folded into a map. `cargo bench --bench journal`; contestants in turn, medians, one process.

use std::collections::HashMap;
use std::io::Write;
use std::time::Instant;

use runbook_core::effect::{EffectId, Role};
use runbook_core::event::{Captured, Event, Exit, Identity, Moment};
use runbook_host::journal::disk::{Disk, Standing};
use runbook_host::journal::record::{Head, Intent};
use runbook_host::journal::{Body, End, Entry, HostRecord, Journal, read};
use serde::Deserialize;

const RECORDS: u64 = 100_000;
const ROUNDS: usize = 9;

fn main() {
    let journal = sample();
    let megabytes = journal.len() as f64 / 1e6;
    let mut floor = Vec::new();
    let mut ours = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let folded = typed(&journal);
        floor.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        let checked = checked(&journal);
        ours.push(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(folded, checked);
    }
    let (floor, ours) = (median(floor), median(ours));
    let mut out = std::io::stdout().lock();
    // A reader that went away has its reasons.
    let _ = writeln!(
        out,
        "| bench | size | floor | ours | ours / floor | ours |\n|---|---|---|---|---|---|\n| read {RECORDS} records | {megabytes:.1} MB | {floor:.1} ms | {ours:.1} ms | {:.2} | {:.0} MB/s |",
        ours / floor,
        megabytes / ours * 1e3
    );
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
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
fn typed(journal: &[u8]) -> usize {
    let mut ended: HashMap<EffectId, u64> = HashMap::new();
    for line in journal.split(|byte| *byte == b'\n') {
        let Some(json) = line.get(17..) else { continue };
        let line: Line<'_> = serde_json::from_slice(json).expect("a record");
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
        let intent = HostRecord::Intent(Intent {
            effect: EffectId(effect),
            path: format!("section.step_{effect}"),
            attempt: 1,
            role: Role::Statement,
            command: format!("kubectl rollout status deployment/app-{effect}"),
            env: Vec::new(),
        });
        journal.append(at, Entry::Host(&intent));
        let spawned = Event::Spawned {
            effect: EffectId(effect),
            identity: Identity {
                pid: 4711,
                start_time: 123_456,
                boot_id: "12c85471-1dfd-486e-b565-8cc500cbcabf".into(),
            },
        };
        journal.append(at, Entry::Event(&spawned));
        let exited = Event::Exited {
            effect: EffectId(effect),
            exit: Exit::Code(0),
            output: Captured {
                text: "deployment \"app\" successfully rolled out\n".into(),
                bytes: 41,
                ..Captured::default()
            },
            stderr: Captured::default(),
            elapsed_ms: 12,
            leaked: Vec::new(),
        };
        journal.append(at, Entry::Event(&exited));
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
