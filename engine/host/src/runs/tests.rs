use super::prune::{Doing, prune};
use super::verify::verify;
use super::*;
use crate::codes;
use crate::journal::record::Head;
use crate::journal::{Body, Cut, Entry, HostRecord, Tail};
use crate::load::Original;
use runbook_core::effect::{EffectId, EndWhy};
use runbook_core::event::{Captured, Event, Moment, Segment, Started};
use runbook_plan::plan::Outcome;
use std::os::unix::fs::MetadataExt;

fn home() -> (tempfile::TempDir, StateHome) {
    let folder = tempfile::tempdir().unwrap();
    let home = StateHome::open(folder.path().join("runbook")).unwrap();
    (folder, home)
}

fn originals() -> Vec<Original> {
    let original = |name: &str, module: &str, text: &str| Original {
        name: name.into(),
        module: module.into(),
        path: String::new(),
        bytes: text.as_bytes().to_vec(),
    };
    vec![
        original("deep/roll back.rbk", "", "rbk 1\r\n"),
        original("deep/lib/queues.rbk", "lib/queues.rbk", "rbk 1\n"),
        original("std.git", "std.git", "rbk 1\n"),
    ]
}

fn at(wall: i64) -> Moment {
    Moment { wall, boot: wall }
}

fn started(home: &StateHome) -> (Held, crate::journal::Journal) {
    let (held, sources, mut journal) = RunDir::fresh(home)
        .create(home, "ada", &originals())
        .unwrap();
    let head = HostRecord::Head(Head {
        format: "1.0".into(),
        run: held.dir.id.clone(),
        sources,
        ..Head::default()
    });
    journal.append(at(5), Entry::Host(&head));
    journal.commit().unwrap();
    (held, journal)
}

#[test]
fn a_run_is_a_private_folder_with_the_exact_bytes_of_its_sources() {
    let (_folder, home) = home();
    let (held, _journal) = started(&home);
    let mut open = vec![held.dir.path.clone()];
    let mut names = Vec::new();
    while let Some(path) = open.pop() {
        let mode = std::fs::metadata(&path).unwrap().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            open.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
            let name = path.strip_prefix(&held.dir.path).unwrap();
            names.push(name.display().to_string());
        }
    }
    names.sort();
    assert_eq!(
        names,
        [
            "journal",
            "lock",
            "output",
            "source/00-roll_back.rbk",
            "source/01-queues.rbk",
            "source/02-std.git.rbk"
        ]
    );
    let mut digests = Vec::new();
    held.dir
        .read(|record| {
            if let Body::Host(HostRecord::Head(head)) = record.body {
                digests = head.sources;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(held.dir.originals(&digests).unwrap(), originals());
    std::fs::write(held.dir.path.join("source/01-queues.rbk"), "rbk 2\n").unwrap();
    let error = held.dir.originals(&digests).unwrap_err();
    assert_eq!(error.code, codes::SNAPSHOT_DIFFERS);
}

#[test]
fn where_a_run_stands_is_read_off_its_lock_and_its_last_record() {
    let (_folder, home) = home();
    let (held, mut journal) = started(&home);
    let dir = held.dir.clone();
    let standing = || list::summary(dir.clone()).standing;
    assert!(matches!(standing(), Standing::Running(holder) if holder.by == "ada"));
    drop(held);
    assert_eq!(standing(), Standing::Crashed);
    let parked = HostRecord::Parked {
        why: "nobody to ask".into(),
        until: None,
    };
    journal.append(at(6), Entry::Host(&parked));
    journal.commit().unwrap();
    assert!(matches!(standing(), Standing::Parked { .. }));
    assert_eq!(newest_unfinished(&home).unwrap(), dir);
    let ended = HostRecord::Ended {
        outcome: Outcome::Resolved,
        text: String::new(),
        why: EndWhy::Finished,
    };
    journal.append(at(7), Entry::Host(&ended));
    journal.commit().unwrap();
    assert!(matches!(standing(), Standing::Ended { .. }));
    assert_eq!(
        newest_unfinished(&home).unwrap_err().code,
        codes::RUN_UNKNOWN
    );
    let summary = &list(&home).unwrap()[0];
    assert_eq!((summary.started, summary.last), (5, 7));
    assert_eq!(summary.head.as_ref().map(|head| &head.run), Some(&dir.id));
    assert_eq!(summary.operator, "");
    let by = Event::Started(Started {
        operator: "ada".into(),
        ..Started::default()
    });
    journal.append(at(8), Entry::Event(&by));
    journal.commit().unwrap();
    let summary = list::summary(dir);
    assert_eq!(summary.operator, "ada");
    assert_eq!(summary.standing, Standing::Crashed);
}

#[test]
fn runs_that_cannot_be_listed_are_not_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let home = StateHome::peek(folder.path().to_owned());
    assert!(list(&home).unwrap().is_empty(), "no run was ever begun");
    std::fs::write(home.runs(), "").unwrap();
    assert_eq!(list(&home).unwrap_err().code, codes::STATE_UNUSABLE);
}

fn over(journal: &mut crate::journal::Journal, wall: i64) {
    let ended = HostRecord::Ended {
        outcome: Outcome::Resolved,
        text: String::new(),
        why: EndWhy::Finished,
    };
    journal.append(at(wall), Entry::Host(&ended));
    journal.commit().unwrap();
}

#[test]
fn a_run_is_as_old_as_its_last_record_or_else_as_its_folder() {
    let (_folder, home) = home();
    let now = crate::clock::now().wall;
    let (held, mut journal) = started(&home);
    over(&mut journal, 7);
    let old = held.dir.id.clone();
    drop(held);
    let (held, mut journal) = started(&home);
    over(&mut journal, now);
    let new = held.dir.id.clone();
    drop(held);
    // Its engine ended before the first record.
    let (held, _, _) = RunDir::fresh(&home)
        .create(&home, "ada", &originals())
        .unwrap();
    let empty = held.dir.id.clone();
    drop(held);
    let removed = |before: i64| -> Vec<String> {
        let pruned = prune(&home, before, Doing::DryRun, "ada").unwrap();
        assert!(pruned.kept.is_empty() && pruned.failed.is_empty());
        let mut ids: Vec<String> = pruned.removed.into_iter().map(|run| run.0.dir.id).collect();
        ids.sort();
        ids
    };
    assert!(removed(7).is_empty());
    assert_eq!(removed(8), [&old[..]]);
    assert_eq!(removed(now - 60_000), [&old[..]]);
    assert_eq!(removed(now + 60_000), [old, new, empty]);
}

#[test]
fn what_a_run_takes_is_every_byte_of_its_files() {
    let (_folder, home) = home();
    let (held, mut journal) = started(&home);
    over(&mut journal, 7);
    let path = held.dir.path.clone();
    drop(held);
    let of = |name: &str| std::fs::metadata(path.join(name)).unwrap().len();
    let sources = 7 + 6 + 6;
    let pruned = prune(&home, 8, Doing::DryRun, "ada").unwrap();
    assert_eq!(pruned.removed[0].1, of("journal") + of("lock") + sources);
}

#[test]
fn what_another_prune_left_half_done_goes_and_a_dry_run_changes_nothing() {
    let (_folder, home) = home();
    let left = home.runs().join(format!("{}.pruned", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(left.join("source")).unwrap();
    std::fs::write(left.join("source/00-a.rbk"), "rbk 1\n").unwrap();
    prune(&home, 0, Doing::DryRun, "ada").unwrap();
    assert!(left.join("source/00-a.rbk").exists());
    prune(&home, 0, Doing::Real, "ada").unwrap();
    assert!(!left.exists());
}

#[test]
fn a_run_is_found_by_the_beginning_of_its_name() {
    let (_folder, home) = home();
    let (first, _a) = started(&home);
    let (second, _b) = started(&home);
    assert_eq!(find(&home, &first.dir.id).unwrap(), first.dir);
    assert_eq!(newest(&home).unwrap(), second.dir);
    // Identifiers begin with the time.
    let both = find(&home, &first.dir.id[..4]).unwrap_err();
    assert!(both.message.contains("several runs"), "{both}");
    assert_eq!(find(&home, "").unwrap_err().code, codes::RUN_UNKNOWN);
    assert!(find(&home, "zz").is_err());
    assert!(find(&home, "../locks").is_err());
    let order: Vec<String> = list(&home)
        .unwrap()
        .into_iter()
        .map(|run| run.dir.id)
        .collect();
    assert_eq!(order, [second.dir.id, first.dir.id]);
}

#[test]
fn a_run_has_one_engine() {
    let (_folder, home) = home();
    let (held, _journal) = started(&home);
    let error = held.dir.lock("bob").unwrap_err();
    assert_eq!(error.code, codes::RUN_HELD);
    assert!(error.message.contains("of ada"), "{error}");
    assert_eq!(error.exit_code(), 75);
}

#[test]
fn a_torn_tail_is_kept_aside_and_cut_off() {
    let (_folder, home) = home();
    let (held, mut journal) = started(&home);
    let end = held.dir.read(|_| Ok(())).unwrap().end.offset;
    journal.append(at(6), Entry::Event(&Event::Ticked));
    journal.commit().unwrap();
    drop(journal);
    let path = held.dir.journal_path();
    let bytes = std::fs::read(&path).unwrap();
    let end = usize::try_from(end).unwrap();
    std::fs::write(&path, &bytes[..end + 30]).unwrap();
    let reading = held.dir.read(|_| Ok(())).unwrap();
    assert!(matches!(reading.tail, Tail::Torn { .. }));
    let mut journal = held.dir.append(&reading, Cut::TornOnly).unwrap();
    assert_eq!(
        std::fs::read(held.dir.path.join("tail-1.bin")).unwrap(),
        bytes[end..end + 30]
    );
    journal.append(at(8), Entry::Event(&Event::Ticked));
    journal.commit().unwrap();
    let mut epochs = Vec::new();
    let reading = held
        .dir
        .read(|record| {
            epochs.push((record.seq, record.epoch));
            Ok(())
        })
        .unwrap();
    assert_eq!(epochs, [(0, 1), (1, 2)]);
    assert_eq!(reading.tail, Tail::Clean);
    drop(journal);
    // A second one stands beside the first.
    let again = std::fs::read(&path).unwrap();
    let first = &bytes[end..end + 30];
    let end = usize::try_from(reading.end.offset).unwrap();
    std::fs::write(&path, [&again[..end], b"0000"].concat()).unwrap();
    let reading = held.dir.read(|_| Ok(())).unwrap();
    held.dir.append(&reading, Cut::TornOnly).unwrap();
    let aside = |n: u32| std::fs::read(held.dir.path.join(format!("tail-{n}.bin"))).unwrap();
    assert_eq!((&aside(1)[..], &aside(2)[..]), (first, &b"0000"[..]));
}

#[test]
fn the_end_of_a_journal_that_is_being_written_is_no_damage() {
    let (_folder, home) = home();
    let (held, mut journal) = started(&home);
    journal.append(at(6), Entry::Event(&Event::Ticked));
    journal.commit().unwrap();
    let path = held.dir.journal_path();
    let bytes = std::fs::read(&path).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut rotten = bytes.clone();
    rotten[used - 5] ^= 1;
    let dir = held.dir.clone();
    let said = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let found = verify(&dir, None).unwrap();
        let problem = found.problem.map(|error| error.code);
        (found.holder.is_some(), found.torn > 0, problem)
    };
    assert_eq!(said(&bytes[..used - 5]), (true, false, None));
    assert_eq!(said(&rotten), (true, false, None));
    drop(held);
    assert_eq!(said(&bytes[..used - 5]), (false, true, None));
    assert_eq!(said(&rotten), (false, false, Some(codes::JOURNAL_TAIL)));
    // What cannot be read at all is no journal that was verified.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(verify(&dir, None).unwrap_err().code, codes::JOURNAL_READ);
}

#[test]
fn a_response_whose_body_is_missing_is_seen() {
    let (_folder, home) = home();
    let (held, mut journal) = started(&home);
    std::fs::write(held.dir.output_path(), "0123456789").unwrap();
    let responded = |offset: u64| Event::Responded {
        effect: EffectId(1),
        status: 200,
        headers: Vec::new(),
        body: Captured {
            bytes: 5,
            segment: Some(Segment { offset, length: 5 }),
            ..Captured::default()
        },
        elapsed_ms: 1,
    };
    for (offset, outputs, problem) in [
        (0, 1, None),
        (5, 2, None),
        (6, 3, Some(codes::OUTPUT_SHORT)),
    ] {
        journal.append(at(6), Entry::Event(&responded(offset)));
        journal.commit().unwrap();
        let found = verify(&held.dir, None).unwrap();
        assert_eq!(found.outputs, outputs);
        assert_eq!(found.problem.map(|error| error.code), problem);
    }
}

#[test]
fn j10_an_ambiguous_tail_is_cut_only_with_a_persons_yes() {
    let (_folder, home) = home();
    let (held, mut journal) = started(&home);
    journal.append(at(6), Entry::Event(&Event::Ticked));
    journal.commit().unwrap();
    drop(journal);
    let path = held.dir.journal_path();
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.iter().rposition(|b| *b == b'}').unwrap();
    bytes[last - 2] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let reading = held.dir.read(|_| Ok(())).unwrap();
    let refused = held.dir.append(&reading, Cut::TornOnly).err().unwrap();
    assert_eq!(refused.code, codes::JOURNAL_TAIL);
    assert_eq!(
        std::fs::read(&path).unwrap(),
        bytes,
        "the file is as it was"
    );
    held.dir.append(&reading, Cut::Agreed).unwrap();
    assert!(held.dir.path.join("tail-1.bin").exists());
    assert_eq!(held.dir.read(|_| Ok(())).unwrap().tail, Tail::Clean);
}

#[test]
fn c03_the_run_of_an_engine_that_just_died_is_not_passed_over() {
    let (_folder, home) = home();
    let older = started(&home).0.dir.id.clone();
    let (newer, _journal) = started(&home);
    // A child of the dead engine holds its lock until it has become another program.
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let dir = newer.dir.clone();
    let text = format!("{{\"pid\":{},\"since\":0,\"by\":\"ada\"}}\n", ended.id());
    std::fs::write(dir.path.join("lock"), text).unwrap();
    assert!(dir.holder().unwrap().has_ended());
    let child = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        drop(newer);
    });
    assert_eq!(newest_unfinished(&home).unwrap().id, dir.id);
    child.join().unwrap();
    // One whose engine lives is running.
    let held = dir.lock("ada").unwrap();
    assert_eq!(newest_unfinished(&home).unwrap().id, older);
    drop(held);
}
