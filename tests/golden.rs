//! Journals of every version of the format, kept as they were written: each later engine must read them to the same
//! state and the same story. J20 of the fault matrix.
//!
//! Before its release the stories of a version follow by `just bless`.
//!
//! `golden/1.0/NAME/` is the folder of a run, `NAME.story` what it leads to. Those of a version that was released are
//! never made again; those of the version in the making are, when the format changes before its release:
//! `cargo test --test suite -- --ignored the_golden_journals`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use runbook_core::clock::Deadline;
use runbook_core::effect::{Effect, EffectId, EndWhy, Role};
use runbook_core::event::*;
use runbook_core::prompt::Answer;
use runbook_core::state::Over;
use runbook_host::drive::replay::{Replay, Wanted};
use runbook_host::journal::disk::{Disk, Standing};
use runbook_host::journal::record::{Adopted, Head, Intent, MAJOR, MINOR, SourceDigest, TakenUp};
use runbook_host::journal::{Body, End, Entry, HostRecord, Journal, Record, read};
use runbook_host::runs::RunDir;
use runbook_host::scripted::world::BOOT;
use runbook_host::scripted::{Script, World, fold, play};
use runbook_plan::command::Mark;
use runbook_plan::plan::Outcome;
use runbook_plan::value::Value;

use crate::plan::plan_of_text;

/// Cases of `tests/run/` whose journals are kept, for what they hold.
const CASES: &[&str] = &[
    "checkpoint",
    "decide",
    "failed-step-menu",
    "for-parallel",
    "http",
    "messages",
    "parallel-parks",
    "rewind",
    "secret-fails",
    "undo-fails-menu",
    "wait-long",
    "watch",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn version() -> String {
    format!("{MAJOR}.{MINOR}")
}

/// The runs that are kept, in order: version and name.
fn kept() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for version in fs::read_dir(root()).expect("the versions") {
        let version = version.expect("an entry");
        for run in fs::read_dir(version.path()).expect("the runs") {
            let run = run.expect("an entry");
            if run.path().is_dir() {
                let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
                found.push((name(&version), name(&run)));
            }
        }
    }
    found.sort();
    found
}

fn dir(version: &str, name: &str) -> RunDir {
    RunDir {
        id: name.to_owned(),
        path: root().join(version).join(name),
    }
}

/// All that a replay tells: the state as a program sees it, what a person was told and when, the outputs.
fn story(dir: &RunDir) -> String {
    let replay =
        Replay::of(dir, Wanted::Timeline).unwrap_or_else(|error| panic!("{}: {error}", dir.id));
    let mut text = serde_json::to_string_pretty(&replay.view()).expect("a view") + "\n";
    for (at, notice) in &replay.notices {
        // What was told, not the words: those may become better.
        let notice = serde_json::to_value(notice).expect("a notice");
        text += &format!(
            "{} {}\n",
            at.wall,
            notice["notice"].as_str().expect("a kind")
        );
    }
    for outputs in &replay.outputs {
        text += &format!("{:?}\n", outputs);
    }
    text
}

#[test]
fn j20_each_kept_journal_is_read_to_the_same_story() {
    let kept = kept();
    assert!(
        kept.iter().any(|(kept, _)| *kept == version()),
        "this format has journals"
    );
    for (version, name) in kept {
        let wanted = fs::read_to_string(root().join(&version).join(format!("{name}.story")))
            .expect("a story");
        let now = story(&dir(&version, &name));
        if std::env::var_os("BLESS").is_some() && version == self::version() {
            fs::write(root().join(&version).join(format!("{name}.story")), now).expect("written");
            continue;
        }
        assert!(
            now == wanted,
            "format {version}, {name}:\n{}",
            crate::book::difference(&name, &now, &wanted)
        );
    }
}

#[test]
fn j20_what_is_read_of_this_format_is_written_the_same_to_the_byte() {
    let mut seen = BTreeSet::new();
    for (version, name) in kept()
        .into_iter()
        .filter(|(kept, _)| *kept == self::version())
    {
        let path = root().join(&version).join(&name).join("journal");
        let bytes = fs::read(&path).expect("a journal");
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let disk = Memory::default();
        let mut journal = Journal::new(Box::new(disk.clone()), End::START);
        let mut epoch = 1;
        let reading = read(&bytes[..], |record| {
            let line = String::from_utf8_lossy(lines.next().expect("a line"));
            if !line.contains(r#","first":"#) {
                // It began a write.
                journal.commit()?;
                if record.epoch != epoch {
                    epoch = record.epoch;
                    let end = End {
                        offset: used(&disk),
                        length: disk.0.borrow().len() as u64,
                        seq: record.seq,
                        epoch,
                        prev: journal.head(),
                    };
                    journal = Journal::new(Box::new(disk.clone()), end);
                }
            }
            seen.insert(kind_of(&record.body));
            append(&mut journal, &record);
            Ok(())
        });
        reading.unwrap_or_else(|error| panic!("{name}: {error}"));
        journal.commit().expect("memory");
        let again = disk.0.borrow()[..usize::try_from(used(&disk)).expect("small")].to_vec();
        assert!(
            again == bytes,
            "{name}: a record is written another way now. Where the format was released, that is a new minor version"
        );
    }
    let all: BTreeSet<&str> = one_of_each()
        .iter()
        .map(|record| kind_of(&record.body))
        .collect();
    assert_eq!(seen, all, "there is one of each kind");
}

/// The names of all kinds. A new kind does not compile until it is here and in [`one_of_each`].
fn kind_of(body: &Body) -> &'static str {
    match body {
        Body::Event(event) => match event {
            Event::Started(_) => "started",
            Event::Resumed { .. } => "resumed",
            Event::Found { .. } => "found",
            Event::NeedsChecked { .. } => "needs_checked",
            Event::LocksTaken { .. } => "locks_taken",
            Event::LockBusy { .. } => "lock_busy",
            Event::SecretsReady { .. } => "secrets_ready",
            Event::SecretFailed { .. } => "secret_failed",
            Event::Spawned { .. } => "spawned",
            Event::Exited { .. } => "exited",
            Event::NotStarted { .. } => "not_started",
            Event::Lost { .. } => "lost",
            Event::Learned { .. } => "learned",
            Event::LeftRunning { .. } => "left_running",
            Event::Responded { .. } => "responded",
            Event::RequestFailed { .. } => "request_failed",
            Event::Answered { .. } => "answered",
            Event::Unanswerable { .. } => "unanswerable",
            Event::DocumentWritten { .. } => "document_written",
            Event::DocumentFailed { .. } => "document_failed",
            Event::Ticked => "ticked",
            Event::Suspended { .. } => "suspended",
            Event::Noted { .. } => "noted",
            Event::Interrupted { .. } => "interrupted",
            Event::ParkRequested { .. } => "park_requested",
            Event::UndoRequested { .. } => "undo_requested",
        },
        Body::Host(record) => match record {
            HostRecord::Head(_) => "head",
            HostRecord::Intent(_) => "intent",
            HostRecord::TakenUp(_) => "taken_up",
            HostRecord::Secrets { .. } => "secrets",
            HostRecord::TailCut { .. } => "tail_cut",
            HostRecord::AskedAgain { .. } => "asked_again",
            HostRecord::Adopted(_) => "adopted",
            HostRecord::Parked { .. } => "parked",
            HostRecord::Ended { .. } => "ended",
        },
        Body::Unknown(_) => "unknown",
    }
}

/// A record of each kind, every field of it set. What the core makes of them in this order is its own affair: it
/// takes whatever it is told.
fn one_of_each() -> Vec<Record> {
    let effect = EffectId(1);
    let captured = Captured {
        text: "a line ✔\n\"quoted\"\n".into(),
        bytes: 9000,
        segment: Some(Segment {
            offset: 4096,
            length: 9000,
        }),
        flaw: Some("it is not UTF-8".into()),
    };
    let identity = Identity {
        pid: 4711,
        start_time: 123_456,
        boot_id: BOOT.into(),
        cgroup: None,
    };
    let answers = [
        Answer::Value {
            value: Value::Text("v".into()),
        },
        Answer::Yes,
        Answer::No,
        Answer::Skip {
            reason: "why".into(),
        },
        Answer::Done {
            reason: "why".into(),
        },
        Answer::Failed {
            reason: "why".into(),
        },
        Answer::Chose { option: 2 },
        Answer::Typed {
            text: "step".into(),
        },
        Answer::Retry,
        Answer::RetryEdited {
            command: "true".into(),
            reason: "why".into(),
        },
        Answer::Undo {
            checkpoint: "start".into(),
            reason: "why".into(),
        },
        Answer::Pause {
            reason: "why".into(),
        },
        Answer::Fail {
            reason: "why".into(),
        },
        Answer::RunAgain {
            reason: "why".into(),
        },
        Answer::WaitForIt,
        Answer::StopIt,
        Answer::LeaveIt,
    ];
    let mut events = vec![
        Event::Resumed {
            operator: "ada".into(),
            boot_id: BOOT.into(),
        },
        Event::Found {
            effect,
            found: Found::NeverStarted,
            printed: String::new(),
        },
        Event::Found {
            effect,
            found: Found::Alive {
                processes: vec!["4711 sleep".into()],
            },
            printed: "as far as here".into(),
        },
        Event::Found {
            effect,
            found: Found::Gone,
            printed: String::new(),
        },
        Event::Learned {
            effect,
            learned: Learned::Ended { code: 3 },
        },
        Event::Learned {
            effect,
            learned: Learned::Cut,
        },
        Event::Learned {
            effect,
            learned: Learned::Gone,
        },
        Event::Learned {
            effect,
            learned: Learned::Unknown { why: "why".into() },
        },
        Event::NeedsChecked {
            effect,
            missing: vec![
                MissingNeed::Command("kubectl".into()),
                MissingNeed::Env("TOKEN".into()),
            ],
        },
        Event::LocksTaken { effect },
        Event::LockBusy {
            effect,
            lock: "db".into(),
            holder: "process 7".into(),
        },
        Event::SecretsReady { effect },
        Event::SecretFailed {
            effect,
            name: "token".into(),
            why: "exit 1".into(),
        },
        Event::Spawned { effect, identity },
        Event::Exited {
            effect,
            exit: Exit::Signal("SIGTERM".into()),
            output: captured.clone(),
            stderr: Captured::default(),
            elapsed_ms: 12,
            leaked: vec!["4712 sleep".into()],
        },
        Event::Exited {
            effect,
            exit: Exit::Stopped {
                signal: "SIGKILL".into(),
            },
            output: Captured::default(),
            stderr: captured.clone(),
            elapsed_ms: 12,
            leaked: Vec::new(),
        },
        Event::Exited {
            effect,
            exit: Exit::Code(3),
            output: Captured::default(),
            stderr: Captured::default(),
            elapsed_ms: 0,
            leaked: Vec::new(),
        },
        Event::NotStarted {
            effect,
            why: "no such file".into(),
        },
        Event::Lost {
            effect,
            why: "it cannot be killed".into(),
        },
        Event::LeftRunning { effect },
        Event::Responded {
            effect,
            status: 503,
            headers: vec![("content-type".into(), "text/plain".into())],
            body: captured,
            elapsed_ms: 12,
        },
        Event::RequestFailed {
            effect,
            why: "refused".into(),
            sent: Sent::No,
            elapsed_ms: 1,
        },
        Event::RequestFailed {
            effect,
            why: "no answer".into(),
            sent: Sent::Maybe,
            elapsed_ms: 1,
        },
        Event::Unanswerable { effect },
        Event::DocumentWritten {
            effect,
            path: "incident.md".into(),
            kept: Some("incident.1.md".into()),
        },
        Event::DocumentFailed {
            effect,
            why: "no space".into(),
        },
        Event::Ticked,
        Event::Suspended { ms: 4000 },
        Event::Noted {
            text: "it is raining".into(),
            by: "ada".into(),
        },
        Event::Interrupted { times: 2 },
        Event::ParkRequested {
            why: "lunch".into(),
            running: Running::LetEnd,
        },
        Event::ParkRequested {
            why: "SIGTERM".into(),
            running: Running::Stop,
        },
        Event::UndoRequested {
            to: "start".into(),
            by: "ada".into(),
            reason: "why".into(),
        },
    ];
    events.extend(answers.map(|answer| Event::Answered {
        effect,
        answer,
        by: "ada".into(),
    }));
    let roles = [
        Role::Statement,
        Role::Look,
        Role::DoneIf,
        Role::Undo,
        Role::Channel,
    ];
    let mut hosts = vec![
        HostRecord::Head(head("kinds", Vec::new())),
        HostRecord::TakenUp(TakenUp {
            engine: "0.1.0".into(),
            boot_id: BOOT.into(),
            uid: 1000,
            operator: "ada".into(),
            inode: 7,
        }),
        HostRecord::Secrets {
            fingerprints: vec![("token".into(), "5f".into())],
        },
        HostRecord::TailCut {
            offset: 4711,
            bytes: 12,
            by: "ada".into(),
        },
        HostRecord::AskedAgain {
            effect,
            by: "ada".into(),
        },
        HostRecord::Adopted(Adopted {
            by: "ada".into(),
            differences: vec!["step two is different".into()],
            sources: Vec::new(),
        }),
        HostRecord::Parked {
            why: "lunch".into(),
            until: Some(Deadline {
                at: moment(9),
                boot_id: BOOT.into(),
            }),
        },
        HostRecord::Ended {
            outcome: Outcome::RolledBack,
            text: "as it was".into(),
            why: EndWhy::Finished,
        },
    ];
    hosts.extend(roles.map(|role| {
        HostRecord::Intent(Intent {
            effect,
            path: "section.step".into(),
            attempt: 2,
            role,
            command: "true".into(),
            on: Some("db".into()),
            env: vec!["TOKEN".into()],
        })
    }));
    let started = Event::Started(Started {
        run: "kinds".into(),
        operator: "ada".into(),
        boot_id: BOOT.into(),
        directory: "/srv".into(),
        mode: Mode::Probe,
        params: [("a".to_owned(), Value::Number(1.into()))].into(),
        environment: [("HOME".to_owned(), "/srv".to_owned())].into(),
        from: Some("step".into()),
        confirms: Confirms::Yes,
        trigger: Some("alarm".into()),
    });
    let bodies = hosts
        .into_iter()
        .map(Body::Host)
        .chain([Body::Event(started)])
        .chain(events.into_iter().map(Body::Event));
    bodies
        .enumerate()
        .map(|(seq, body)| Record {
            seq: seq as u64,
            epoch: 1,
            at: moment(seq as i64),
            body,
        })
        .collect()
}

fn moment(seconds: i64) -> Moment {
    Moment {
        wall: 1_767_603_600_000 + seconds * 1000,
        boot: 4_000_000 + seconds * 1000,
    }
}

fn head(run: &str, sources: Vec<SourceDigest>) -> Head {
    Head {
        format: version(),
        engine: "0.1.0".into(),
        run: run.into(),
        title: run.into(),
        boot_id: BOOT.into(),
        host: "db-1".into(),
        uid: 1000,
        tz: "Europe/Berlin".into(),
        sources,
        salt: "00112233".into(),
        inode: 7,
    }
}

fn append(journal: &mut Journal, record: &Record) {
    match &record.body {
        Body::Event(event) => journal.append(record.at, Entry::Event(event)),
        Body::Host(host) => journal.append(record.at, Entry::Host(host)),
        Body::Unknown(what) => panic!("{what}"),
    }
}

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

/// Bytes without the zeros that are kept ahead.
fn used(disk: &Memory) -> u64 {
    let bytes = disk.0.borrow();
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at as u64 + 1)
}

impl Disk for Memory {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut cursor = io::Cursor::new(std::mem::take(&mut *self.0.borrow_mut()));
        cursor.seek(SeekFrom::Start(offset))?;
        io::Write::write_all(&mut cursor, bytes)?;
        *self.0.borrow_mut() = cursor.into_inner();
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0
            .borrow_mut()
            .truncate(usize::try_from(len).expect("small"));
        Ok(())
    }
    fn standing(&mut self) -> io::Result<Standing> {
        Ok(Standing::InPlace)
    }
}

#[test]
#[ignore = "makes the kept journals of this format anew: only before its release"]
fn the_golden_journals_of_this_format_are_made() {
    let folder = root().join(version());
    // What is no more kept goes.
    let _ = fs::remove_dir_all(&folder);
    let kinds = one_of_each();
    let text = "rbk 1\nrunbook \"kinds\"\n\nstep one \"One\" {\n  $ true\n}\n";
    make(&folder, "kinds", text, |journal, sources, _| {
        let mut head = head("kinds", Vec::new());
        head.sources.clone_from(&sources);
        journal.append(moment(0), Entry::Host(&HostRecord::Head(head)));
        for record in &kinds[1..] {
            let mut record = record.clone();
            if let Body::Host(HostRecord::Adopted(adopted)) = &mut record.body {
                adopted.sources.clone_from(&sources);
            }
            append(journal, &record);
            if record.seq % 3 == 0 {
                journal.commit().expect("memory");
            }
        }
        journal.commit().expect("memory");
    });
    for case in CASES {
        let path = root().with_file_name("run").join(format!("{case}.rbk"));
        let text = fs::read_to_string(&path).expect("a case");
        let (_, plan, told) = plan_of_text(Path::new("."), case, &text);
        let plan = plan.unwrap_or_else(|| panic!("{told:?}"));
        let world = World::new(Script::of_case(&text).expect("a script"));
        let (whole, _) = play(&plan, world.clone());
        // A crash in the middle, with whatever was in flight then gone.
        let cut = whole.facts.len() / 2;
        let mut run = fold(&plan, world, &whole.facts[..cut]);
        run.resume(BOOT, &mut |flight| match flight.identity {
            Some(_) => Found::Gone,
            None => Found::NeverStarted,
        });
        run.run();
        make(&folder, case, &text, |journal, sources, disk| {
            let head = HostRecord::Head(head(case, sources));
            journal.append(moment(0), Entry::Host(&head));
            for fact in &run.facts {
                if let Event::Resumed { .. } = fact.event {
                    let taken_up = HostRecord::TakenUp(TakenUp {
                        engine: "0.1.0".into(),
                        boot_id: BOOT.into(),
                        uid: 1000,
                        operator: "ada".into(),
                        inode: 7,
                    });
                    journal.commit().expect("memory");
                    let end = End {
                        offset: used(disk),
                        length: disk.0.borrow().len() as u64,
                        seq: journal.seq(),
                        epoch: 2,
                        prev: journal.head(),
                    };
                    *journal = Journal::new(Box::new(disk.clone()), end);
                    journal.append(fact.at, Entry::Host(&taken_up));
                }
                if let Event::Spawned { effect, .. } = fact.event
                    && let Some(Effect::Run(wish)) = run
                        .wished
                        .iter()
                        .find(|wish| matches!(wish, Effect::Run(run) if run.id == effect))
                    && wish.mark == Mark::Act
                {
                    let intent = HostRecord::Intent(Intent {
                        effect,
                        path: wish.path.clone(),
                        attempt: wish.attempt,
                        role: wish.role,
                        command: wish.shown.clone(),
                        on: None,
                        env: Vec::new(),
                    });
                    journal.append(fact.at, Entry::Host(&intent));
                }
                journal.append(fact.at, Entry::Event(&fact.event));
                if matches!(fact.event, Event::Spawned { .. }) {
                    journal.commit().expect("memory");
                }
            }
            let at = run.now;
            match run.state.is_over() {
                Over::Ended { outcome, text, why } => {
                    journal.append(at, Entry::Host(&HostRecord::Ended { outcome, text, why }));
                }
                Over::Parked { why } => {
                    journal.append(at, Entry::Host(&HostRecord::Parked { why, until: None }));
                }
                Over::No => {}
            }
            journal.commit().expect("memory");
        });
    }
    for (version, name) in kept() {
        if version == self::version() {
            let story = story(&dir(&version, &name));
            fs::write(folder.join(format!("{name}.story")), story).expect("written");
        }
    }
}

/// A folder of a run: its source, its journal, as the writer writes it.
fn make(
    folder: &Path,
    name: &str,
    text: &str,
    fill: impl FnOnce(&mut Journal, Vec<SourceDigest>, &Memory),
) {
    let path = folder.join(name);
    fs::create_dir_all(path.join("source")).expect("a folder");
    let file = format!("00-{name}.rbk");
    fs::write(path.join("source").join(&file), text).expect("written");
    let mut hash = String::new();
    std::process::Command::new("sha256sum")
        .arg(path.join("source").join(&file))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("sha256sum starts")
        .stdout
        .expect("a pipe")
        .read_to_string(&mut hash)
        .expect("a hash");
    let digest = SourceDigest {
        name: format!("{name}.rbk"),
        module: String::new(),
        path: String::new(),
        file,
        bytes: text.len() as u64,
        sha256: hash[..64].to_owned(),
    };
    let disk = Memory::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    fill(&mut journal, vec![digest], &disk);
    let bytes = disk.0.borrow()[..usize::try_from(used(&disk)).expect("small")].to_vec();
    fs::write(path.join("journal"), bytes).expect("written");
    fs::write(path.join("output"), "").expect("written");
}
