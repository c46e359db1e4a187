//! Commands on another machine, against a real `sshd`: what they say and how they end, and each way in which the
//! machine, the way to it or the engine may go wrong. What the machine was told stands in the files of its home.
//!
//! In CI these tests must run; elsewhere they say what is missing and pass over.

mod far;
mod ground;

use std::fs;

use far::{Far, sh};
use ground::{Ground, Way, lives, said, signal, wait_until};
use runbook_core::effect::{EnvValue, Program};
use runbook_core::event::{Captured, Exit};
use rustix::process::Signal;

use crate::terminal::pty::Pty;

#[test]
fn a_runbook_runs_on_another_machine() {
    let Some(ground) = Ground::with(
        r#"
secret token from env TOKEN

step look "Look" {
  on app
  in "work"
  env WHO = "ada's \"friend\""
  let where: text = ? pwd
  let list: list of text = ? printf 'a\nb\n'
  let there: bool = ? test -d .
  expect there
  $ printf '%s\n' {{list}} "$WHO" {{token}} > said
  undo $ rm said
}

step here "Here" {
  $ printf '%s\n' {{where}} > here
  repeatable
}
"#,
    ) else {
        return;
    };
    fs::create_dir(ground.there("work")).expect("made");
    let output = ground
        .command(&["run", "case.rbk"])
        .env("TOKEN", "hunter2-CANARY")
        .output()
        .expect("it runs");
    let told = said(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(
        ground.read(&ground.there("work/said")),
        "a\nb\nada's \"friend\"\nhunter2-CANARY\n"
    );
    let work = ground.there("work").canonicalize().expect("there");
    assert_eq!(
        ground.read(&ground.path("here")).trim(),
        work.display().to_string()
    );
    assert!(
        told.contains("app $ printf"),
        "the screen says where: {told}"
    );
    assert!(!told.contains("CANARY") && !ground.journal().contains("CANARY"));
    let called = ground.read(&ground.path("called"));
    assert!(
        !called.contains("CANARY") && !called.contains("friend"),
        "no value is an argument of ssh: {called}"
    );
    assert!(!called.contains("printf"), "nor is a script: {called}");
    let id = ground.ends(&["show"], 0);
    assert!(id.contains("app $ printf"), "{id}");
    let undone = ground
        .command(&["undo", run(&id), "--to", "start", "--reason", "test"])
        .env("TOKEN", "hunter2-CANARY")
        .output()
        .expect("it runs");
    let undone = said(&undone);
    assert!(undone.contains("app $ rm said"), "{undone}");
    assert!(!ground.there("work/said").exists());
}

#[test]
fn a_dry_run_and_a_scenario_connect_nowhere_and_a_probe_only_looks() {
    let Some(ground) = Ground::with(
        r#"
step one "One" {
  on app
  let where: text = ? echo $$ >> looked; pwd
  $ echo {{where}} >> ledger
  undo $ rm ledger
}
"#,
    ) else {
        return;
    };
    ground.sets(
        "case.test.rbk",
        r#"rbk 1
scenarios for "case.rbk"

scenario "it is done over there" {
  when "echo * pwd" says "/srv/app"
  reaches one
  ends resolved
}
scenario "it fails over there" {
  when "echo * ledger" exits 1
  ends failed
}
"#,
    );
    let told = ground.ends(&["run", "case.rbk", "--dry-run"], 0);
    assert!(told.contains("app $ echo '‹where›' >> ledger"), "{told}");
    let told = ground.ends(&["test", "case.test.rbk"], 0);
    assert!(told.contains("2 scenarios: all hold"), "{told}");
    assert!(!ground.path("called").exists(), "no machine was called");
    let told = ground.ends(&["run", "case.rbk", "--probe"], 0);
    assert!(told.contains("a probe does not act"), "{told}");
    assert_eq!(ground.read(&ground.there("looked")).lines().count(), 1);
    assert!(!ground.there("ledger").exists(), "nothing acted: {told}");
}

fn run(shown: &str) -> &str {
    let line = shown.lines().find(|line| line.starts_with("run "));
    line.and_then(|line| line.split_whitespace().nth(1))
        .expect("a run")
}

/// A command that says who it is, did something, and then takes for ever; every time it is started.
const LONG: &str = "echo x >> ledger; echo $$ > pid; sleep 600";

fn step(policies: &str, command: &str) -> String {
    format!("step one \"One\" {{\n  on app\n  {policies}\n  $ {command}\n}}\n")
}

#[test]
fn r01_where_nobody_answers_nothing_started_and_the_reason_is_said() {
    let Some(ground) = Ground::with(
        r#"
host closed "closed"
host unknown "unknown"
host changed "changed"
host foreign "foreign"

parallel "Each" {
  step a "A" {
    on closed
    $ echo x >> ledger
    repeatable
  }
  step b "B" {
    on unknown
    $ echo x >> ledger
    repeatable
  }
  step c "C" {
    on changed
    $ echo x >> ledger
    repeatable
  }
  step d "D" {
    on foreign
    $ echo x >> ledger
    repeatable
  }
}
"#,
    ) else {
        return;
    };
    let told = ground.ends(&["run", "case.rbk"], 4).replace('\n', " ");
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "Connection refused",
        "the key of `unknown` is not known to `ssh`",
        "the key of `changed` is not the one that `ssh` knows",
        "`foreign` lets nobody in: permission denied (publickey)",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(ground.journal().matches("\"not_started\"").count(), 4);
    assert!(!ground.there("ledger").exists());
}

#[test]
fn r01_what_never_started_is_tried_again_by_itself() {
    let body = step("retry 600 every 100ms\n  repeatable", "echo x >> ledger");
    let Some(ground) = Ground::with(&body) else {
        return;
    };
    ground.way(Way::Cut);
    let engine = ground.starts(&["run", "case.rbk"]);
    wait_until("it was tried twice", || {
        ground.read(&ground.path("called")).lines().count() > 2
    });
    ground.way(Way::Open);
    let output = engine.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
}

#[test]
fn r01_an_engine_that_is_killed_before_the_machine_answers_runs_it_without_asking() {
    let Some(ground) = Ground::with(&step("undo $ true", "echo x >> ledger")) else {
        return;
    };
    ground.way(Way::Black);
    let mut engine = ground.starts(&["run", "case.rbk"]);
    let client = ground.client();
    engine.kill().expect("killed");
    engine.wait().expect("over");
    wait_until("its connection is given up", || !lives(client));
    assert!(!ground.there("ledger").exists(), "nothing ran");
    ground.way(Way::Open);
    ground.ends(&["resume"], 0);
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
}

#[test]
fn r02_the_exit_code_is_the_commands_own() {
    let Some(ground) = Ground::with(
        "on app\n? exit 255\nexpect exit == 255\n? exit 3\nexpect exit == 3\nlet well: bool = ? false\nexpect not well\n",
    ) else {
        return;
    };
    ground.ends(&["run", "case.rbk"], 0);
    let mut far = Far::to(&ground);
    far.sh("kill -TERM $$");
    assert_eq!(far.ended().exit, Exit::Signal("SIGTERM".into()));
}

/// Breaks the connection of a command that acts, in a way that nobody sees its end.
fn breaks(policies: &str, breaks: impl FnOnce(&Ground)) -> Option<(Ground, String)> {
    let ground = Ground::with(&step(policies, LONG))?;
    let engine = ground.starts(&["run", "case.rbk"]);
    let pid = ground.number("pid");
    breaks(&ground);
    wait_until("over there it is ended", || !lives(pid));
    let output = engine.wait_with_output().expect("it ends");
    let told = said(&output);
    assert_eq!(output.status.code(), Some(75), "{told}");
    assert!(told.contains("nobody can say how"), "{told}");
    assert!(
        ground.journal().contains("\"learned\""),
        "the machine was asked"
    );
    assert_eq!(ground.read(&ground.there("ledger")), "x\n", "once: {told}");
    Some((ground, told))
}

#[test]
fn r03_r04_a_client_that_is_killed_ends_the_command_and_is_asked_about() {
    let killed = breaks("retry 3\n  undo $ true", |ground| {
        signal(ground.client(), Signal::KILL);
    });
    let Some((ground, _)) = killed else {
        return;
    };
    ground.answers("one = \"done: it was enough\"");
    ground.ends(&["resume", "--answers", "answers.toml"], 0);
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
}

#[test]
fn r03_r04_a_session_that_is_killed_ends_the_command_and_is_asked_about() {
    breaks("retry 3\n  undo $ true", |ground| {
        let sessions = ground.sessions();
        assert!(!sessions.is_empty(), "there is a session");
        for session in sessions {
            signal(session, Signal::KILL);
        }
    });
}

#[test]
fn r03_r04_a_way_that_breaks_ends_the_command_and_is_asked_about() {
    breaks("retry 3\n  undo $ true", |ground| {
        ground.way(Way::Cut);
        std::thread::sleep(std::time::Duration::from_millis(300));
        ground.way(Way::Open);
    });
}

#[test]
fn r03_where_its_done_if_says_so_it_is_done_and_where_it_may_be_it_is_tried_again() {
    let Some(ground) = Ground::with(&format!(
        "{}\n{}",
        step("done if ? test -e ledger\n  undo $ true", LONG),
        "step two \"Two\" {\n  on app\n  retry 1\n  repeatable\n  $ echo y >> ledger; echo $$ > pid2; test \"$(grep -c y ledger)\" = 2 || sleep 600\n}\n",
    )) else {
        return;
    };
    let engine = ground.starts(&["run", "case.rbk"]);
    for pid in ["pid", "pid2"] {
        ground.number(pid);
        signal(ground.client(), Signal::KILL);
    }
    let output = engine.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(ground.read(&ground.there("ledger")), "x\ny\ny\n");
}

#[test]
fn r04_r10_an_engine_that_is_killed_ends_the_command_and_a_resume_asks() {
    let Some(ground) = Ground::with(&step("retry 3\n  undo $ true", LONG)) else {
        return;
    };
    let mut engine = ground.starts(&["run", "case.rbk"]);
    let pid = ground.number("pid");
    engine.kill().expect("killed");
    engine.wait().expect("over");
    wait_until("over there it is ended", || !lives(pid));
    let told = ground.ends(&["resume"], 75);
    assert!(
        told.contains("was under way on `app` when the engine"),
        "{told}"
    );
    assert!(told.contains("was ended half-way"), "{told}");
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
    fs::remove_file(ground.there("pid")).expect("there");
    // Run again by the operator's word it is another command, with a record of its own.
    ground.answers("one = \"again: it did nothing\"");
    let engine = ground.starts(&["resume", "--answers", "answers.toml"]);
    let pid = ground.number("pid");
    signal(engine.id(), Signal::TERM);
    let output = engine.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(143), "{}", said(&output));
    assert!(
        !lives(pid),
        "SIGTERM stops it there before the engine parks"
    );
    assert_eq!(ground.read(&ground.there("ledger")), "x\nx\n");
}

#[test]
fn r10_what_ended_while_nobody_could_see_it_is_known_and_not_asked_about() {
    let command = "echo $$ > pid; while ! test -e go; do sleep 0.05; done; echo x >> ledger";
    let Some(ground) = Ground::with(&step("undo $ true", command)) else {
        return;
    };
    let mut engine = ground.starts(&["run", "case.rbk"]);
    ground.number("pid");
    ground.way(Way::Black);
    fs::write(ground.there("go"), "").expect("written");
    let records = ground.there(".local/state/runbook/remote");
    wait_until("its end is written down there", || {
        let record = fs::read_dir(&records).expect("records").flatten().next();
        ground
            .read(&record.expect("a record").path())
            .contains("ended 0")
    });
    engine.kill().expect("killed");
    engine.wait().expect("over");
    ground.way(Way::Open);
    let told = ground.ends(&["resume"], 0);
    let called = ground.read(&ground.path("called"));
    assert_eq!(
        called.lines().count(),
        2,
        "for the command, and to ask: {called}"
    );
    assert_eq!(
        called.matches("ServerAliveInterval=5 ").count(),
        2,
        "{called}"
    );
    assert!(
        told.contains("it had ended on `app`, with code 0"),
        "{told}"
    );
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
}

#[test]
fn r10_a_command_that_has_a_record_is_not_begun_once_more() {
    let Some(ground) = Ground::with("") else {
        return;
    };
    let mut far = Far::to(&ground);
    far.starts_as(7, sh("echo x >> ledger"), Vec::new());
    assert_eq!(far.ended().exit, Exit::Code(0));
    far.starts_as(7, sh("echo x >> ledger"), Vec::new());
    let why = far.lost();
    assert!(why.contains("has begun it once already"), "{why}");
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
}

#[test]
fn r04_a_stop_takes_the_tree_over_there() {
    let Some(ground) = Ground::with("") else {
        return;
    };
    let mut far = Far::to(&ground);
    let id = far.sh(
        "trap '' TERM; setsid sh -c 'echo $$ > apart; sleep 600' & sh -c 'echo $$ > child; sleep 600' & echo $$ > pid; while :; do sleep 1; done",
    );
    let pids = ["apart", "child", "pid"].map(|name| ground.number(name));
    far.stop(id);
    let ended = far.ended();
    assert!(matches!(ended.exit, Exit::Stopped { .. }), "{ended:?}");
    for pid in pids {
        assert!(!lives(pid), "nobody of it lives once it is over");
    }
}

#[test]
fn r05_what_holds_its_output_is_stopped_and_what_was_meant_to_stay_goes_on() {
    let Some(ground) = Ground::with("") else {
        return;
    };
    let mut far = Far::to(&ground);
    far.sh("sleep 600 & echo $! > held; exit 7");
    let ended = far.ended();
    assert_eq!(ended.exit, Exit::Code(7));
    assert!(
        ended.leaked[0].contains("held its output open and was stopped"),
        "{ended:?}"
    );
    let held = ground.number("held");
    wait_until("what held the output ends", || !lives(held));
    far.sh("sleep 600 >/dev/null 2>&1 & echo $! > stays");
    let ended = far.ended();
    assert_eq!(ended.exit, Exit::Code(0));
    assert!(ended.leaked[0].contains("goes on running"), "{ended:?}");
    let stays = ground.number("stays");
    assert!(lives(stays), "a server that was started goes on");
    signal(stays, Signal::KILL);
}

#[test]
fn r06_a_way_that_swallows_everything_is_a_loss_on_both_sides() {
    let Some(ground) = Ground::with("") else {
        return;
    };
    let mut far = Far::to(&ground);
    far.sh("echo $$ > pid; sleep 600");
    let pid = ground.number("pid");
    ground.way(Way::Black);
    let why = far.lost();
    assert!(why.contains("not responding"), "{why}");
    wait_until("over there it is ended, too", || !lives(pid));
}

/// What has tricked a shell, and what a value may hold.
fn hostile() -> Vec<String> {
    let mut values: Vec<String> = [
        "",
        " ",
        "$(echo INJ > inj)",
        "`echo INJ > inj`",
        "'; echo INJ > inj; '",
        "\\' ; echo INJ > inj #",
        "\"; echo INJ > inj; \"",
        "-rf",
        "--",
        "a\nb\n\n",
        "\n",
        "rb_all\n}\nrb_all\n",
        "a\\",
        "\\",
        "%s%n",
        "*",
        "~",
        "!!",
        "\u{1e}abc end self 0\u{1e}",
        "\u{1e}",
        "\r\n\t\u{7f}\u{1b}[31m",
        "grün ✔ \u{202e}",
        "$HOME ${PATH} $$ $?",
        "<<EOF\nEOF\n",
        "&& || ; | & > < ( ) { } [ ] # ! = ^",
    ]
    .map(String::from)
    .to_vec();
    values.push("'".repeat(3000));
    values.push("x".repeat(100_000));
    values
}

#[test]
fn r07_a_value_is_never_code_whatever_shell_logs_in() {
    let Some(ground) = Ground::with("") else {
        return;
    };
    let values = hostile();
    let env: Vec<(String, EnvValue)> = values
        .iter()
        .enumerate()
        .map(|(n, value)| (format!("V{n}"), EnvValue::Text(value.clone())))
        .collect();
    let names: Vec<String> = (0..values.len()).map(|n| format!("\"$V{n}\"")).collect();
    let script = format!("printf '%s\\0' {}; cat", names.join(" "));
    let mut direct = vec!["printf".to_owned(), "%s\\0".to_owned()];
    // One argument may be as long as the system takes, all of them together not.
    direct.extend(values.iter().cloned());
    let wanted: String = values.iter().map(|value| format!("{value}\0")).collect();
    for shell in ["/bin/sh", "/bin/bash", "/usr/bin/fish", "/usr/bin/zsh"] {
        if !std::path::Path::new(shell).is_file() {
            continue;
        }
        ground.sets("shell", shell);
        let mut far = Far::to(&ground);
        far.starts(sh(&script), env.clone());
        let ended = far.ended();
        assert_eq!(ended.exit, Exit::Code(0), "{shell}");
        let whole = whole(&ground, &ended.output);
        assert!(whole == wanted.as_bytes(), "{shell}: as they were");
        far.starts(Program::Direct(direct.clone()), Vec::new());
        let ended = far.ended();
        assert!(
            whole_is(&ground, &ended.output, &wanted),
            "{shell}: as arguments"
        );
        fs::remove_file(ground.path("output")).expect("there");
        assert!(!ground.there("inj").exists(), "{shell}: nothing was run");
    }
    let called = ground.read(&ground.path("called"));
    assert!(
        !called.contains("INJ") && !called.contains("xxx"),
        "{called}"
    );
}

fn whole(ground: &Ground, output: &Captured) -> Vec<u8> {
    match &output.segment {
        None => output.text.clone().into_bytes(),
        Some(segment) => {
            let bytes = fs::read(ground.path("output")).expect("the output");
            let from = usize::try_from(segment.offset).expect("small");
            bytes[from..from + usize::try_from(segment.length).expect("small")].to_vec()
        }
    }
}

fn whole_is(ground: &Ground, output: &Captured, wanted: &str) -> bool {
    whole(ground, output) == wanted.as_bytes()
}

#[test]
fn r08_a_master_that_lingers_is_not_waited_for() {
    let Some(ground) = Ground::with(&step("repeatable", "echo x >> ledger")) else {
        return;
    };
    let config = ground.read(&ground.path("ssh_config"));
    let socket = ground.path("master");
    ground.sets(
        "ssh_config",
        &format!(
            "ControlMaster auto\nControlPath {}\nControlPersist 600\n{config}",
            socket.display()
        ),
    );
    ground.ends(&["run", "case.rbk"], 0);
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
    assert!(!socket.exists(), "the engine made no master");
    // One that is there already is used.
    let ssh = |words: &[&str]| {
        let status = std::process::Command::new("ssh")
            .arg("-F")
            .arg(ground.path("ssh_config"))
            .args(words)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{words:?}");
    };
    let accepted = || {
        let log = ground.read(&ground.path("sshd.log"));
        log.matches("Accepted publickey").count()
    };
    ssh(&["-M", "-N", "-f", "app"]);
    let before = accepted();
    ground.ends(&["run", "case.rbk"], 0);
    assert_eq!(ground.read(&ground.there("ledger")), "x\nx\n");
    assert_eq!((accepted(), before), (2, 2), "no connection of its own");
    ssh(&["-O", "exit", "app"]);
}

#[test]
fn r09_what_a_login_prints_is_not_the_commands() {
    let Some(ground) = Ground::with("") else {
        return;
    };
    ground.sets("noise", "Welcome!\n\u{1e}0123 begin\u{1e}\nYou have mail.");
    let mut far = Far::to(&ground);
    far.sh("printf out; printf err >&2");
    let ended = far.ended();
    assert_eq!(
        (ended.output.text.as_str(), ended.stderr.text.as_str()),
        ("out", "err")
    );
}

#[test]
fn r01_a_shell_that_is_not_there_over_there_starts_nothing() {
    let body =
        "step one \"One\" {\n  on app\n  $ ```bash\n  echo x >> ledger\n  ```\n  repeatable\n}\n";
    let Some(ground) = Ground::with(body) else {
        return;
    };
    let tools = ground.path("tools");
    fs::create_dir(&tools).expect("made");
    for name in [
        "cat", "mkdir", "grep", "tr", "id", "find", "rm", "sleep", "setsid", "readlink", "sort",
        "ls",
    ] {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file());
        std::os::unix::fs::symlink(found.expect(name), tools.join(name)).expect("linked");
    }
    ground.sets("path", &tools.display().to_string());
    let told = ground.ends(&["run", "case.rbk"], 4);
    assert!(
        told.contains("`bash` is not found on the PATH of `app`"),
        "{told}"
    );
    assert!(!ground.there("ledger").exists());
}

#[test]
fn a_long_output_comes_whole() {
    let Some(ground) = Ground::with("") else {
        return;
    };
    let mut far = Far::to(&ground);
    far.sh("head -c 20000000 /dev/zero | tr '\\0' x; printf end");
    let ended = far.ended();
    assert_eq!(
        (ended.exit, ended.output.bytes),
        (Exit::Code(0), 20_000_003)
    );
    assert!(ended.output.text.ends_with("xend"));
}

#[test]
fn an_interactive_command_has_a_terminal_over_there_and_its_person_says_how_it_went() {
    let command = "test -t 0 && test -t 1 && IFS= read -r line && printf '%s\\n' \"$line\" \"$WHO\" {{what}} > typed";
    let body = format!(
        "let what = \"a 'b' $c\"\n{}finish no_action \"the end\"\n",
        step("interactive\n  repeatable\n  env WHO = \"ada\"", command)
    );
    let Some(ground) = Ground::with(&body) else {
        return;
    };
    let mut pty = ground.sits_at(&["run", "case.rbk"]);
    ground.called("-tt");
    pty.keys("hello\r");
    pty.until("done or failed");
    assert_eq!(
        ground.read(&ground.there("typed")),
        "hello\nada\na 'b' $c\n"
    );
    pty.answer("done");
    pty.until("the end");
    pty.ends(0);
}

#[test]
fn an_interactive_command_that_cannot_be_brought_there_does_not_start_here() {
    let body = "host closed \"closed\"\n\nstep one \"One\" {\n  on closed\n  $ echo x > typed\n  interactive\n  repeatable\n}\n";
    let Some(ground) = Ground::with(body) else {
        return;
    };
    let mut pty = ground.sits_at(&["run", "case.rbk"]);
    pty.until("Connection refused");
    pty.answer("fail");
    pty.answer("nobody is there");
    pty.ends(4);
    assert!(!ground.path("typed").exists(), "it ran here");
}

/// A person at a command over there that takes for ever, and its process.
fn at_an_interactive_command() -> Option<(Ground, Pty, u32)> {
    let ground = Ground::with(&step("interactive\n  undo $ true", LONG))?;
    let pty = ground.sits_at(&["run", "case.rbk"]);
    let pid = ground.number("pid");
    Some((ground, pty, pid))
}

#[test]
fn r03_a_connection_that_breaks_under_an_interactive_command_is_said_to_its_person() {
    let Some((ground, mut pty, pid)) = at_an_interactive_command() else {
        return;
    };
    ground.way(Way::Cut);
    pty.until("255 is also how `ssh` ends when its connection breaks");
    wait_until("over there it is hung up", || !lives(pid));
    pty.answer("done");
    pty.ends(0);
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
}

#[test]
fn r04_an_engine_that_is_killed_under_an_interactive_command_asks_and_runs_it_once() {
    let Some((ground, mut pty, pid)) = at_an_interactive_command() else {
        return;
    };
    pty.signal(Signal::KILL);
    assert_eq!(pty.code(), 137);
    let mut pty = ground.sits_at(&["resume"]);
    pty.until("was under way on `app` when the");
    pty.until_asked();
    assert!(!lives(pid), "it ended with the terminal it had");
    pty.answer("done");
    pty.answer("it was seen");
    pty.ends(0);
    assert_eq!(ground.read(&ground.there("ledger")), "x\n");
}
