//! Rows J and F of the fault matrix on the real engine: system calls fail or kill, disks are full, folders are not what
//! they should be. What needs strace, a mount or another user passes over where there is none.

use super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

/// A run whose system calls are tampered with. Gives what came of it and the tampered calls, of which there must be
/// one: a fault that does not happen tests nothing.
fn struck(ground: &Ground, calls: &str, fault: &str, line: &str) -> (Output, Vec<String>) {
    let out = ground.sh(&format!(
        "strace -f -qq -o trace -e trace={calls} -e inject={calls}:{fault} {line}"
    ));
    let trace = fs::read_to_string(ground.path("trace")).expect("a trace");
    let hit: Vec<String> = trace
        .lines()
        .filter(|line| match fault.starts_with("signal") {
            true => line.contains("killed by SIGKILL"),
            false => line.contains("(INJECTED)"),
        })
        .map(str::to_owned)
        .collect();
    (out, hit)
}

/// The number of the write to the journal that first holds `what`, from 1, in a run that nothing happens to.
fn write_with(what: &str) -> usize {
    let ground = Ground::new();
    let out = ground.sh(&format!(
        "strace -f -qq -s 65536 -o trace -e trace=pwrite64 {RUN}"
    ));
    assert!(out.status.success(), "{}", text(&out));
    let trace = fs::read_to_string(ground.path("trace")).expect("a trace");
    let at = trace
        .lines()
        .filter(|line| line.contains("pwrite64("))
        .position(|line| line.contains(&format!("\\\"{what}\\\"")));
    at.expect("a write") + 1
}

/// The number of the sync, from 1, that makes durable what first holds `what`, in a run that nothing happens to.
fn sync_of(what: &str, ground: &Ground, line: &str) -> usize {
    let out = ground.sh(&format!(
        "strace -f -qq -s 65536 -o trace -e trace=pwrite64,fdatasync {line}"
    ));
    assert!(out.status.success(), "{}", text(&out));
    let trace = fs::read_to_string(ground.path("trace")).expect("a trace");
    let before = trace
        .lines()
        .take_while(|line| !line.contains(&format!("\\\"{what}\\\"")));
    before.filter(|line| line.contains("sync(")).count() + 1
}

/// strace dies of what its program dies of, and the shell says so.
fn killed(out: &Output) -> bool {
    out.status.signal() == Some(9) || out.status.code() == Some(137)
}

/// Whether a name of an error and its number are in what was said.
fn says(out: &Output, what: &str) {
    assert!(
        unwrapped(&text(out)).contains(what),
        "`{what}` is not in\n{}",
        text(out)
    );
}

/// A text as if none of its lines had been wrapped.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn j03_a_crash_before_an_intent_is_written_runs_the_step_without_a_question() {
    if !there_is("strace") {
        return;
    }
    let write = write_with("intent");
    let ground = Ground::new();
    let (out, hit) = struck(
        &ground,
        "pwrite64",
        &format!("signal=SIGKILL:when={write}"),
        RUN,
    );
    assert!(killed(&out), "{}", text(&out));
    assert!(!hit.is_empty());
    let journal = ground.journal();
    assert!(!lines(&journal).iter().any(|line| holds(line, "\"intent\"")));
    assert!(ground.ledger().is_empty());
    let out = ground.sh(RESUME);
    // Where not even the first record was written there is no run, and it is begun anew.
    let out = if lines(&journal).is_empty() {
        ground.sh(RUN)
    } else {
        out
    };
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert!(!text(&out).contains("the test says so"), "{}", text(&out));
    assert_eq!(ground.ledger(), DONE);
}

#[test]
fn j04_a_crash_after_the_record_and_before_the_gate_runs_nothing_and_asks_nothing() {
    if !there_is("strace") {
        return;
    }
    // The write before it is in the file, and the gate is still shut.
    let sync = sync_of("intent", &Ground::new(), RUN);
    let ground = Ground::new();
    let (out, hit) = struck(
        &ground,
        "fdatasync",
        &format!("signal=SIGKILL:when={sync}"),
        RUN,
    );
    assert!(killed(&out), "{}", text(&out));
    assert!(!hit.is_empty());
    let journal = ground.journal();
    assert!(holds(
        lines(&journal).last().expect("a record"),
        "\"spawned\""
    ));
    assert!(ground.ledger().is_empty(), "its gate was never opened");
    // The gate says so itself, and the answers that would be given are not asked for.
    let out = ground.sh(RESUME);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert!(!text(&out).contains("the test says so"), "{}", text(&out));
    assert_eq!(ground.ledger(), DONE);
}

#[test]
fn j05_a_crash_after_the_effect_and_before_its_outcome_is_asked_about() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nstep one \"One\" {\n  $ sh -c 'echo one >> ledger; kill -9 $PPID'\n}\nstep two \"Two\" {\n  $ sh -c 'echo two >> ledger'\n}\n",
    );
    let mut engine = ground.start("\"$RUNBOOK\" run a.rbk");
    assert_eq!(engine.wait().expect("waited").signal(), Some(9));
    ground.wait_for("the effect", || ground.ledger() == ["one"]);
    // Nobody says what became of it: it is not run again.
    let out = ground.sh("\"$RUNBOOK\" resume");
    assert_eq!(out.status.code(), Some(75), "{}", text(&out));
    assert_eq!(ground.ledger(), ["one"]);
    let out = ground.sh("\"$RUNBOOK\" resume --answers answers.toml");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.ledger(), ["one", "two"]);
}

#[test]
fn j14_after_a_sync_that_failed_nothing_starts_and_what_is_unknown_is_said() {
    if !there_is("strace") {
        return;
    }
    let (mut poisoned, mut unsure, mut answers) = (0, 0, 0);
    for sync in 1.. {
        let ground = Ground::new();
        let (out, hit) = struck(&ground, "fdatasync", &format!("error=EIO:when={sync}"), RUN);
        if hit.is_empty() {
            // There are no more syncs than that.
            assert!(out.status.success(), "{}", text(&out));
            break;
        }
        assert_eq!(hit.len(), 1, "a failed sync is not tried again: {hit:?}");
        assert_eq!(out.status.code(), Some(74), "sync {sync}: {}", text(&out));
        if text(&out).contains("RB3020") {
            // Before there was a run.
            assert!(ground.ledger().is_empty());
            continue;
        }
        says(&out, "RB3102");
        says(&out, "input/output error");
        says(&out, "Nothing more is started");
        poisoned += 1;
        let before = ground.ledger();
        if unwrapped(&text(&out)).contains("nobody knows whether the journal has that") {
            unsure += 1;
            assert!(!before.is_empty());
            says(&out, "` ended (exit 0), and nobody knows");
        }
        if unwrapped(&text(&out)).contains("answered may be missing from the journal") {
            answers += 1;
        }
        let out = ground.sh(RESUME);
        let out = if text(&out).contains("RB3023") {
            // Not even its beginning is in the journal: it is begun anew.
            ground.sh(RUN)
        } else {
            out
        };
        assert_eq!(out.status.code(), Some(0), "sync {sync}: {}", text(&out));
        assert_eq!(ground.ledger(), DONE, "sync {sync}");
    }
    assert!(poisoned >= 5, "{poisoned}");
    assert!(unsure >= 4, "{unsure}");
    assert_eq!(answers, 1, "one question was answered");
}

/// Twenty steps, each with an output that rides in the journal.
fn talkative() -> Ground {
    let mut runbook = "rbk 1\nrunbook \"A\"\n".to_owned();
    let mut answers = "[answers]\n".to_owned();
    for n in 0..40 {
        runbook += &format!(
            "step s{n} \"S\" {{\n  $ sh -c 'echo {n} >> ledger; head -c 4000 /dev/zero | tr \"\\\\0\" x'\n}}\n"
        );
        answers += &format!("s{n} = \"done: the test says so\"\n");
    }
    let ground = Ground::with("a.rbk", &runbook);
    fs::write(ground.path("a.toml"), answers).expect("written");
    ground
}

/// What a run without room leaves, and that it goes on once there is some.
fn starved(ground: &Ground, out: &Output) {
    assert_eq!(out.status.code(), Some(74), "{}", text(out));
    says(out, "RB3102");
    says(out, "nobody knows whether the journal has that");
    let before = ground.ledger();
    assert!(before.len() > 2 && before.len() < 40, "{before:?}");
}

#[test]
fn j15_a_full_disk_stops_the_run_and_with_room_it_goes_on() {
    let ground = talkative();
    fs::create_dir(ground.path("state")).expect("a folder");
    let line = "mount -t tmpfs -o size=128k none state || exit 99; \
        \"$RUNBOOK\" run a.rbk > first 2>&1; echo $? > code; cp ledger ledger.then; df -k state > df; \
        mount -o remount,size=8m none state; \"$RUNBOOK\" resume --answers a.toml";
    let out = ground.sh(&format!(
        "unshare -m sh -c '{}'",
        line.replace('\'', "'\\''")
    ));
    if text(&out).contains("unshare:") || out.status.code() == Some(99) {
        // Only root may mount.
        return;
    }
    let first = fs::read_to_string(ground.path("first")).expect("what it said");
    assert_eq!(
        fs::read_to_string(ground.path("code"))
            .expect("a code")
            .trim(),
        "74",
        "{first}"
    );
    for part in [
        "RB3102",
        "no space left on device",
        "nobody knows whether the journal has that",
    ] {
        assert!(unwrapped(&first).contains(part), "{first}");
    }
    let then = fs::read_to_string(ground.path("ledger.then")).expect("a ledger");
    assert!(
        then.lines().count() > 2 && then.lines().count() < 40,
        "{then}"
    );
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let all: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    assert_eq!(ground.ledger(), all);
}

#[test]
fn j16_a_limit_on_files_in_the_middle_of_a_run_is_as_a_full_disk() {
    let ground = talkative();
    let out = ground.sh("ulimit -f 256; exec \"$RUNBOOK\" run a.rbk");
    starved(&ground, &out);
    says(&out, "file too large");
    let out = ground.sh("\"$RUNBOOK\" resume --answers a.toml");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let all: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    assert_eq!(ground.ledger(), all);
}

#[test]
fn j17_a_journal_that_was_replaced_by_a_copy_stops_the_run() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nstep one \"One\" {\n  $ sh -c 'cd state/runbook/runs/*; cp journal copy; mv copy journal; cd -; echo one >> ledger'\n}\nstep two \"Two\" {\n  $ sh -c 'echo two >> ledger'\n}\n",
    );
    let out = ground.sh("\"$RUNBOOK\" run a.rbk");
    assert_eq!(out.status.code(), Some(74), "{}", text(&out));
    says(&out, "RB3103");
    says(&out, "nobody knows whether the journal has that");
    assert_eq!(ground.ledger(), ["one"]);
}

#[test]
fn j22_a_panic_of_the_engine_leaves_a_run_that_goes_on() {
    if !there_is("strace") {
        return;
    }
    let mut panicked = 0;
    for call in (2..40).step_by(3) {
        let ground = Ground::new();
        // The runtime below the engine takes an error of its poll for a mistake of the program, and panics.
        let (out, hit) = struck(
            &ground,
            "epoll_wait",
            &format!("error=EIO:when={call}"),
            RUN,
        );
        if hit.is_empty() || out.status.success() {
            assert!(out.status.success(), "{}", text(&out));
            continue;
        }
        if out.status.code() != Some(70) {
            continue;
        }
        panicked += 1;
        says(&out, "RB9001");
        says(&out, "runbook resume");
        let verified = ground.sh("\"$RUNBOOK\" journal verify");
        assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
        let out = ground.sh(RESUME);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out));
        assert_eq!(ground.ledger(), DONE, "call {call}");
    }
    assert!(panicked >= 2, "{panicked}");
}

#[test]
fn j08_where_a_torn_end_cannot_be_kept_aside_nothing_is_cut_off() {
    if !there_is("strace") {
        return;
    }
    let ground = Ground::with("none.toml", "[answers]\n");
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let path = ground.run_dir().join("journal");
    let journal = lines(&ground.journal()).concat();
    let torn = &journal[..journal.len() - 9];
    fs::write(&path, torn).expect("torn");
    let aside = ground.run_dir().join("tail-1.bin");
    let line = format!("-P {} {RESUME}", aside.display());
    let (out, hit) = struck(&ground, "openat", "error=ENOSPC", &line);
    assert_eq!(hit.len(), 1, "{hit:?}");
    assert_eq!(out.status.code(), Some(74), "{}", text(&out));
    says(&out, "tail-1.bin cannot be made: no space left on device");
    assert_eq!(fs::read(&path).expect("a journal"), torn);
    let out = ground.sh(RESUME);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert!(aside.exists());
    assert_eq!(ground.ledger(), DONE);
}

/// Something that answers every request.
fn server() -> std::net::SocketAddr {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let request = BufReader::new(stream.try_clone().expect("the same"));
            let head = request.lines().map_while(Result::ok);
            for _ in head.take_while(|line| !line.is_empty()) {}
            let answer =
                "HTTP/1.1 201 Created\r\nContent-Length: 9\r\nConnection: close\r\n\r\none\nmade\n";
            stream.write_all(answer.as_bytes()).expect("answered");
        }
    });
    address
}

#[test]
fn j14_a_response_that_nobody_knows_to_be_durable_is_said() {
    if !there_is("strace") {
        return;
    }
    let runbook = format!(
        "rbk 1\nrunbook \"A\"\nstep make \"Make it\" {{\n  http POST http://{}/items\n  expect status == 201\n}}\n",
        server()
    );
    let line = "\"$RUNBOOK\" run a.rbk";
    let sync = sync_of("responded", &Ground::with("a.rbk", &runbook), line);
    let ground = Ground::with("a.rbk", &runbook);
    let fault = format!("error=EIO:when={sync}");
    let (out, hit) = struck(&ground, "fdatasync", &fault, line);
    assert_eq!(hit.len(), 1, "{hit:?}");
    assert_eq!(out.status.code(), Some(74), "{}", text(&out));
    says(
        &out,
        "/items` was answered (201), and nobody knows whether the journal has that: made",
    );
}

#[test]
fn j26_an_undo_that_fails_stops_there_and_says_what_is_left() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nattempt all \"All\" {\n  step one \"One\" {\n    $ sh -c 'echo one >> ledger'\n    undo $ sh -c 'echo not-one >> ledger'\n  }\n  step two \"Two\" {\n    $ sh -c 'echo two >> ledger'\n    undo $ sh -c 'echo not-two >> ledger; test -e mended'\n  }\n  step bad \"Bad\" {\n    ? false\n  }\n} otherwise {\n  finish rolled_back\n}\n",
    );
    let out = ground.sh("\"$RUNBOOK\" run a.rbk");
    assert_eq!(out.status.code(), Some(4), "{}", text(&out));
    says(&out, "undo");
    assert_eq!(ground.ledger(), ["one", "two", "not-two"], "{}", text(&out));
    let shown = ground.sh("\"$RUNBOOK\" show --json");
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    let failed = shown["timeline"]
        .as_array()
        .expect("a timeline")
        .iter()
        .find(|told| told.to_string().contains("undo_failed"))
        .expect("it is told");
    assert!(failed.to_string().contains("all.one"), "{failed}");
    // Never marked clean: both can still be taken back, newest first.
    fs::write(ground.path("mended"), "").expect("written");
    let out =
        ground.sh("\"$RUNBOOK\" undo \"$(ls state/runbook/runs)\" --to start --reason mended");
    assert_eq!(
        ground.ledger(),
        ["one", "two", "not-two", "not-two", "not-one"],
        "{}",
        text(&out)
    );
}

#[test]
fn j27_an_answer_that_was_not_durable_is_asked_for_again() {
    if !there_is("strace") {
        return;
    }
    let write = write_with("answered");
    let ground = Ground::new();
    let (out, hit) = struck(
        &ground,
        "pwrite64",
        &format!("signal=SIGKILL:when={write}"),
        RUN,
    );
    assert!(killed(&out), "{}", text(&out));
    assert!(!hit.is_empty());
    assert_eq!(ground.ledger(), DONE[..2]);
    let out = ground.sh("\"$RUNBOOK\" resume");
    assert_eq!(out.status.code(), Some(75), "{}", text(&out));
    says(&out, "Two lines are there");
    assert_eq!(ground.ledger(), DONE[..2]);
    let out = ground.sh(RESUME);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.ledger(), DONE);
}

#[test]
fn f01_a_state_home_that_cannot_be_written_is_refused_before_the_first_step() {
    let ground = Ground::new();
    for set in [
        "unset XDG_STATE_HOME HOME;",
        "XDG_STATE_HOME=/proc/runs;",
        "touch file; XDG_STATE_HOME=$PWD/file;",
    ] {
        let out = ground.sh(&format!("{set} {RUN}"));
        assert_eq!(out.status.code(), Some(74), "{set} {}", text(&out));
        says(&out, "RB3020");
        says(&out, "help: ");
    }
    let line = "mkdir ro && mount -t tmpfs none ro && mount -o remount,ro none ro || exit 99; XDG_STATE_HOME=$PWD/ro";
    let out = ground.sh(&format!("unshare -m sh -c '{line}; {RUN}'"));
    // Only root may mount.
    if !text(&out).contains("unshare:") && out.status.code() != Some(99) {
        assert_eq!(out.status.code(), Some(74), "{}", text(&out));
        says(&out, "read-only");
        // The folder is there, and what belongs in it is not.
        let out = ground.sh(&format!(
            "unshare -m sh -c '{}; {RUN}'",
            line.replace("mkdir ro ", "true ")
                .replace("mount -o", "mkdir -m 700 ro/runbook && mount -o")
        ));
        assert_eq!(out.status.code(), Some(74), "{}", text(&out));
        says(&out, "ro/runbook/runs cannot be made: read-only");
    }
    if there_is("strace") {
        let full = struck(&ground, "mkdir", "error=ENOSPC:when=1", RUN);
        assert_eq!(full.0.status.code(), Some(74), "{}", text(&full.0));
        assert_eq!(full.1.len(), 1);
        says(&full.0, "`runbook runs prune` removes old runs");
    }
    assert!(ground.ledger().is_empty());
}

#[test]
fn c07_a_state_home_on_a_network_file_system_is_refused() {
    if !there_is("strace") {
        return;
    }
    // The number that the kernel gives for NFS, first in what it says of a file system.
    let nfs: String = 0x6969_i64
        .to_ne_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let ground = Ground::new();
    let fault = format!("poke_exit=@arg2={nfs}");
    let (out, _) = struck(&ground, "statfs", &fault, RUN);
    if text(&out).contains("strace:") {
        // Before its version 6.0 it cannot do that.
        return;
    }
    assert_eq!(out.status.code(), Some(74), "{}", text(&out));
    says(&out, "RB3022");
    says(&out, "is on NFS, where locks and syncs may not hold");
    assert!(ground.ledger().is_empty());
}

#[test]
fn f02_a_folder_or_journal_that_is_a_link_or_another_persons_is_refused() {
    let ground = Ground::with("none.toml", "[answers]\n");
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let before = ground.ledger();
    let run = ground.run_dir();
    for (what, number) in [
        (ground.path("state/runbook"), "RB3021"),
        (ground.path("state/runbook/runs"), "RB3021"),
        (run.clone(), "RB3021"),
        (run.join("journal"), "RB3107"),
        (run.join("lock"), "RB3020"),
    ] {
        let aside = ground.path("aside");
        fs::rename(&what, &aside).expect("moved");
        symlink(&aside, &what).expect("a link");
        let out = ground.sh(RESUME);
        assert_eq!(
            out.status.code(),
            Some(74),
            "{} {}",
            what.display(),
            text(&out)
        );
        says(&out, number);
        fs::remove_file(&what).expect("gone");
        fs::rename(&aside, &what).expect("moved back");
    }
    for what in [ground.path("state/runbook"), run.clone()] {
        let owner = fs::metadata(&what).expect("a folder").uid();
        if std::os::unix::fs::chown(&what, Some(owner + 1), None).is_err() {
            // Only root may give a folder away.
            continue;
        }
        let out = ground.sh(RESUME);
        assert_eq!(out.status.code(), Some(74), "{}", text(&out));
        says(&out, &format!("belongs to user {}", owner + 1));
        std::os::unix::fs::chown(&what, Some(owner), None).expect("given back");
    }
    assert_eq!(ground.ledger(), before);
    // One of ours that others could write is closed to them.
    fs::set_permissions(&run, fs::Permissions::from_mode(0o777)).expect("opened");
    let out = ground.sh(RESUME);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(fs::metadata(&run).expect("a folder").mode() & 0o777, 0o700);
}

#[test]
fn f03_the_engine_makes_files_in_its_run_alone() {
    if !there_is("strace") {
        return;
    }
    let ground = Ground::new();
    fs::create_dir(ground.path("temporary")).expect("a folder");
    let out = ground.sh(&format!(
        "TMPDIR=$PWD/temporary strace -f -qq -y -o trace -e trace=open,openat,creat,mkdir,mkdirat {RUN}"
    ));
    assert!(out.status.success(), "{}", text(&out));
    let trace = fs::read_to_string(ground.path("trace")).expect("a trace");
    let made: Vec<&str> = trace
        .lines()
        .filter(|line| line.contains("O_CREAT") || line.contains("mkdir"))
        .filter(|line| !line.contains("resumed>"))
        .filter(|line| !line.contains("\"ledger\"") && !line.contains("/dev/null"))
        // Nothing that is on a disk.
        .filter(|line| !line.contains("/cgroup/"))
        .collect();
    assert!(made.len() > 5, "{trace}");
    let state = ground.path("state").display().to_string();
    for line in made {
        assert!(line.contains(&state), "{line}");
    }
    assert_eq!(
        fs::read_dir(ground.path("temporary"))
            .expect("a folder")
            .count(),
        0
    );
}

#[test]
fn f04_a_state_home_that_root_made_is_refused_by_a_clear_word() {
    let ground = Ground::new();
    let other = "setpriv --reuid 65534 --clear-groups";
    if !ground
        .sh(&format!("{other} \"$RUNBOOK\" --version"))
        .status
        .success()
    {
        // Only root can be another user, and only where the program can be reached.
        return;
    }
    assert!(ground.sh(RUN).status.success());
    let before = ground.ledger();
    for mode in ["700", "755", "777"] {
        let out = ground.sh(&format!(
            "chmod 755 . state; chmod {mode} state/runbook; {other} {RUN}"
        ));
        assert_eq!(out.status.code(), Some(74), "{}", text(&out));
        says(&out, "belongs to user 0, and you are user 65534");
        says(&out, "help: ");
    }
    assert_eq!(ground.ledger(), before);
}

#[test]
fn f05_where_output_has_no_room_it_is_cut_and_flagged_and_the_run_goes_on() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nstep one \"One\" {\n  $ sh -c 'head -c 2000000 /dev/zero | tr \"\\\\0\" x; echo one >> ledger'\n}\nstep two \"Two\" {\n  $ sh -c 'echo two >> ledger'\n}\n",
    );
    let out = ground.sh("ulimit -f 1024; exec \"$RUNBOOK\" run a.rbk");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.ledger(), ["one", "two"]);
    let kept = fs::metadata(ground.run_dir().join("output"))
        .expect("an output")
        .len();
    assert!(kept <= 1024 * 512, "{kept}");
    let journal = ground.journal();
    assert!(
        lines(&journal)
            .iter()
            .any(|line| holds(line, "could not take all of it")),
        "the outcome says so"
    );
    says(&out, "could not take all of it");
}

#[test]
fn f06_without_files_to_open_a_run_starts_nothing_or_is_done() {
    let (mut refused, mut done) = (0, 0);
    for limit in 3..64 {
        let ground = Ground::new();
        let out = ground.sh(&format!("ulimit -n {limit}; exec {RUN}"));
        let ledger = ground.ledger();
        match out.status.code() {
            Some(0) => {
                done += 1;
                assert_eq!(ledger, DONE, "limit {limit}");
            }
            // No panic, no signal; the linker before us says 127.
            Some(3 | 4 | 74 | 75 | 127) => {
                refused += 1;
                assert_eq!(ledger, DONE[..ledger.len()], "limit {limit}");
            }
            _ => panic!("limit {limit}: {}", text(&out)),
        }
        let mut once = ledger.clone();
        once.dedup();
        assert_eq!(once, ledger, "limit {limit}");
    }
    assert!(refused > 5 && done > 5, "{refused} {done}");
}

#[test]
fn f07_a_run_that_was_copied_or_restored_goes_on_with_a_yes_alone() {
    for copied in [
        // A clone beside the run, one restored over it, one on another machine's disk.
        "cp -a state state2; export XDG_STATE_HOME=$PWD/state2",
        "cp -a state backup; rm -r state; mv backup state; true",
    ] {
        let ground = Ground::with("none.toml", "[answers]\n");
        ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
        fs::write(
            ground.path("yes.toml"),
            "[answers]\n\"Go on with this copy of the run?\" = \"yes\"\n\"Two lines are there\" = \"yes\"\n",
        )
        .expect("written");
        // Twice refused, and nothing is done for it; once agreed, it is a run as any other.
        let out = ground.sh(&format!("{copied}; {RESUME}; {RESUME}"));
        assert_eq!(out.status.code(), Some(75), "{}", text(&out));
        says(&out, "RB3030");
        assert_eq!(ground.ledger(), DONE[..2]);
        let state = if copied.contains("state2") {
            "state2"
        } else {
            "state"
        };
        let home = format!("export XDG_STATE_HOME=$PWD/{state}");
        let out = ground.sh(&format!("{home}; \"$RUNBOOK\" resume --answers yes.toml"));
        assert_eq!(out.status.code(), Some(0), "{}", text(&out));
        assert_eq!(ground.ledger(), DONE);
    }
    // A folder that was moved is the same one.
    let ground = Ground::with("none.toml", "[answers]\n");
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let out = ground.sh(&format!(
        "mv state moved; export XDG_STATE_HOME=$PWD/moved; {RESUME}"
    ));
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.ledger(), DONE);
}

#[test]
fn f08_names_that_are_long_or_no_text_are_names() {
    use std::os::unix::ffi::OsStringExt;
    let long = "x".repeat(200);
    let ground = Ground::with(
        "a.rbk",
        &format!(
            "rbk 1\nrunbook \"A\"\nlock \"{long}{long}\"\nlock \"DB\"\nlock \"db\"\nstep one \"One\" {{\n  $ sh -c 'echo one >> ledger'\n}}\n"
        ),
    );
    let mut odd = b"\xff\xfe ".to_vec();
    odd.extend(long.as_bytes());
    odd.extend(b".rbk");
    let odd = ground.folder.path().join(std::ffi::OsString::from_vec(odd));
    fs::rename(ground.path("a.rbk"), &odd).expect("renamed");
    let out = ground.sh("exec \"$RUNBOOK\" run ./*x.rbk");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.ledger(), ["one"]);
    let verified = ground.sh("\"$RUNBOOK\" journal verify");
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
}

#[test]
fn f09_whatever_the_umask_nobody_else_may_read() {
    let ground = Ground::new();
    let out = ground.sh(&format!("umask 000; {RUN}"));
    assert!(out.status.success(), "{}", text(&out));
    assert_eq!(
        fs::metadata(ground.path("ledger"))
            .expect("a ledger")
            .mode()
            & 0o111,
        0,
        "it is a file"
    );
    let mut open = vec![ground.path("state/runbook")];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let about = fs::symlink_metadata(&path).expect("an entry");
        assert_eq!(about.mode() & 0o077, 0, "{}", path.display());
        seen += 1;
        if about.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .expect("a folder")
                    .map(|entry| entry.expect("an entry").path()),
            );
        }
    }
    assert!(seen > 7, "{seen}");
}
