//! Rows S of the fault matrix on the real engine: canaries are sent through every place that text comes to, in every
//! form that is promised, and looked for in everything that was written.

use super::*;
use std::io::Read;

/// Long enough for every encoding to be a form of its own, with signs that each of them writes in another way.
const CANARY: &str = "Kanarie/7+vogel \"x\" & co?";

/// The canary as programs write it, without what any two of them share with an innocent text.
fn forms() -> Vec<(&'static str, String)> {
    let mut forms = vec![
        ("plain", CANARY.to_owned()),
        ("JSON", CANARY.replace('"', "\\\"")),
        ("hex", CANARY.bytes().map(|b| format!("{b:02x}")).collect()),
        ("HEX", CANARY.bytes().map(|b| format!("{b:02X}")).collect()),
        (
            "URL",
            CANARY
                .bytes()
                .map(|b| match b {
                    b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
                    b => format!("%{b:02X}"),
                })
                .collect(),
        ),
    ];
    // At each alignment, without the letters that hold bits of a neighbour.
    for (name, before) in [("base64", ""), ("base64 by 1", "a"), ("base64 by 2", "ab")] {
        let whole = base64(&format!("{before}{CANARY}"));
        let from = (before.len() * 8).div_ceil(6);
        let to = (before.len() + CANARY.len()) * 8 / 6;
        forms.push((name, whole[from..to].to_owned()));
    }
    forms
}

/// As coreutils write it: a second opinion beside the engine's own.
fn base64(text: &str) -> String {
    let out = Command::new("base64")
        .args(["-w0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            use std::io::Write;
            child
                .stdin
                .take()
                .expect("a pipe")
                .write_all(text.as_bytes())?;
            child.wait_with_output()
        });
    String::from_utf8(out.expect("base64 runs").stdout).expect("letters")
}

/// A program that prints a form given as its argument, as one write or cut in two at an offset.
fn printing(form: &str, cut: Option<usize>) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    match cut {
        None => format!("printf %s {}", quoted(form)),
        Some(at) => format!(
            "printf %s {}; sleep 0.01; printf %s {}",
            quoted(&form[..at]),
            quoted(&form[at..])
        ),
    }
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push((path.clone(), fs::read(&path).unwrap_or_default())),
        }
    }
}

/// Where a form of the canary stands in what was written.
fn leaks(sinks: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut leaks = Vec::new();
    for (sink, bytes) in sinks {
        for (form, text) in forms() {
            if bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                leaks.push(format!("{form} in {sink}"));
            }
        }
    }
    leaks
}

/// A runbook that sends the canary wherever text can go, and ends in a failure.
const EVERYWHERE: &str = r#"rbk 1
runbook "A"

secret token from env TOKEN

channel ops "Ops" {
  $ sh ./leak
}

message told to ops {
  > It is told.
}

step whole "Whole" {
  $ sh ./leak
}

step parts "Parts" {
  $ sh ./parts
}

step errors "Errors" {
  $ sh ./leak >&2
}

step values "Values" {
  let said = ? sh ./leak
  ask given: text "Say something"
  $ sh -c 'printf "%s\n" "$1"' - {{said}}
  $ sh -c 'printf "%s\n" "$1"' - {{given}}
}

step left "Left" {
  $ sh -c 'sh ./leak; touch left; exec sleep 2'
  background until {
    ? test -e left
  }
}

notify told

step fails "Fails" {
  env T = token
  $ sh -c 'sh ./leak; printenv T; exit 3'
}
"#;

#[test]
fn s05_canaries_in_every_form_are_in_no_sink() {
    let ground = Ground::with("a.rbk", EVERYWHERE);
    let mut leak = String::new();
    let mut parts = String::new();
    for (_, form) in forms() {
        leak += &format!("{}\necho\n", printing(&form, None));
        for at in 1..form.len() {
            if form.is_char_boundary(at) {
                parts += &format!("{}\necho\n", printing(&form, Some(at)).replace("0.01", "0"));
            }
        }
    }
    fs::write(ground.path("leak"), &leak).expect("written");
    fs::write(ground.path("parts"), &parts).expect("written");
    let answer = format!("[answers]\n\"Say something\" = '{CANARY}'\n");
    fs::write(ground.path("told.toml"), answer).expect("written");
    // The fault fires: without an engine around it, each form is printed.
    let bare = ground.sh("sh ./leak");
    let sinks = vec![("the bare program".to_owned(), bare.stdout)];
    assert_eq!(leaks(&sinks).len(), forms().len(), "{:?}", leaks(&sinks));

    let mut sinks = Vec::new();
    let mut said = |name: &str, line: &str| -> Output {
        let out = ground
            .command(line)
            .env("TOKEN", CANARY)
            .output()
            .expect("sh starts");
        sinks.push((format!("{name}, output"), out.stdout.clone()));
        sinks.push((format!("{name}, errors"), out.stderr.clone()));
        out
    };
    let run = said("run", "\"$RUNBOOK\" run a.rbk --answers told.toml");
    assert_eq!(run.status.code(), Some(4), "{}", text(&run));
    let shown = text(&run);
    assert!(shown.matches("‹token›").count() > 5, "{shown}");
    said("show", "\"$RUNBOOK\" show");
    said("show --json", "\"$RUNBOOK\" show --json");
    for number in 1..=12 {
        said(
            "show --output",
            &format!("\"$RUNBOOK\" show --output {number}"),
        );
    }
    said("runs --json", "\"$RUNBOOK\" runs --json");
    said(
        "export",
        "\"$RUNBOOK\" journal export $(ls state/runbook/runs)",
    );
    said(
        "verify",
        "\"$RUNBOOK\" journal verify $(ls state/runbook/runs)",
    );
    said(
        "run --json",
        "\"$RUNBOOK\" run a.rbk --answers told.toml --json",
    );
    said("dry run", "\"$RUNBOOK\" run a.rbk --dry-run");
    said(
        "probe",
        "\"$RUNBOOK\" run a.rbk --answers told.toml --probe",
    );
    said("render", "\"$RUNBOOK\" render a.rbk");
    let mut kept = Vec::new();
    files(&ground.path("state"), &mut kept);
    assert!(
        kept.iter()
            .any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("‹token›")),
        "nothing was kept that would have held it"
    );
    for (path, bytes) in kept {
        sinks.push((path.display().to_string(), bytes));
    }
    assert_eq!(leaks(&sinks), Vec::<String>::new());
}

/// A runbook whose one step is given the secret in both ways there are. `echo` is of the shell: what another program is
/// given as an argument, that program shows.
const GIVEN: &str = r#"rbk 1
runbook "A"

secret token from env TOKEN

step one "One" {
  env T = token
  $ echo {{token}} "$T" > given; while test -e given && test ! -e seen; do sleep 0.01; done
}
"#;

#[test]
fn s06_no_process_has_a_secret_in_its_arguments() {
    let ground = Ground::with("a.rbk", GIVEN);
    let mut engine = ground.command("exec \"$RUNBOOK\" run a.rbk");
    let mut engine = engine.env("TOKEN", CANARY).spawn().expect("starts");
    let mut looks = 0;
    let mut found = Vec::new();
    let mut running = false;
    ground.wait_for("the step with its secret", || {
        // The file is there before the look, so at least one look is at the step while it runs.
        let given = fs::read_to_string(ground.path("given")).is_ok_and(|text| text.ends_with('\n'));
        for entry in fs::read_dir("/proc").expect("the processes") {
            let Ok(line) = fs::read(entry.expect("an entry").path().join("cmdline")) else {
                continue;
            };
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            running |= line.contains("test ! -e seen");
            if line.contains(CANARY) {
                found.push(line);
            }
        }
        looks += 1;
        given
    });
    fs::write(ground.path("seen"), "").expect("written");
    let status = engine.wait().expect("ends");
    assert_eq!(status.code(), Some(0));
    // The fault could have fired: the step had the secret, and its process was looked at.
    let given = fs::read_to_string(ground.path("given")).expect("given");
    assert_eq!(given, format!("{CANARY} {CANARY}\n"));
    assert!(running && looks > 0, "the step was never seen");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn s08_an_error_says_nothing_of_what_a_command_was_given() {
    let failing = [
        // It fails, is not there, may not be run, is given more than the system takes.
        "$ sh -c 'exit 3' - {{token}}",
        "$ ./not-there {{token}}",
        "$ ./not-a-program {{token}}",
        "$ sh -c true - {{token}} {{long}}",
        "http POST http://127.0.0.1:9/ {\n    header Authorization: Bearer {{token}}\n  }",
    ];
    let mut failed = 0;
    for command in failing {
        let runbook = format!(
            "rbk 1\nrunbook \"A\"\nsecret token from env TOKEN\nparam long: text\nstep one \"One\" {{\n  {command}\n}}\n"
        );
        let ground = Ground::with("a.rbk", &runbook);
        fs::write(ground.path("not-a-program"), "x").expect("written");
        let long = "x".repeat(200_000);
        fs::write(
            ground.path("told.toml"),
            format!("[params]\nlong = \"{long}\"\n"),
        )
        .expect("written");
        let out = ground
            .command("\"$RUNBOOK\" run a.rbk --answers told.toml")
            .env("TOKEN", "kanarie-vogel")
            .output()
            .expect("sh starts");
        assert_eq!(out.status.code(), Some(4), "{command}: {}", text(&out));
        failed += 1;
        let mut kept = vec![(PathBuf::from("the screen"), text(&out).into_bytes())];
        files(&ground.path("state"), &mut kept);
        for (path, bytes) in kept {
            assert!(
                !String::from_utf8_lossy(&bytes).contains("kanarie-vogel"),
                "{command}: {}",
                path.display()
            );
        }
    }
    assert_eq!(failed, failing.len());
}

#[test]
fn s09_an_engine_that_is_made_to_crash_leaves_no_core() {
    let dumps = |line: &str, ground: &Ground| -> bool {
        let mut command = ground.command(&format!("ulimit -c unlimited; exec {line}"));
        let mut child = command.env("TOKEN", CANARY).spawn().expect("sh starts");
        ground.wait_for("the step", || ground.path("given").exists());
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::ABORT).expect("killed");
        let status = child.wait().expect("ends");
        assert_eq!(status.signal(), Some(6), "{status}");
        status.core_dumped()
    };
    let ground = Ground::new();
    // Where not even a plain program leaves one, this machine keeps none, and nothing can be learnt here.
    if !dumps(
        "sh -c 'echo > given; while :; do sleep 0.01; done'",
        &ground,
    ) {
        return;
    }
    let ground = Ground::with("a.rbk", GIVEN);
    assert!(!dumps("\"$RUNBOOK\" run a.rbk", &ground));
    fs::write(ground.path("seen"), "").expect("written");
}

#[test]
fn s12_a_trace_and_a_header_show_no_secret() {
    let ground = Ground::with(
        "a.rbk",
        r#"rbk 1
runbook "A"
secret token from env TOKEN
step one "One" {
  env T = token
  $ sh -xc 'curl -sv -H "Authorization: Bearer $T" http://127.0.0.1:9/; echo "$1"' - {{token}}
}
"#,
    );
    // Something that answers, so that curl shows what it sent.
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("an address").port();
    let runbook = fs::read_to_string(ground.path("a.rbk")).expect("a runbook");
    fs::write(
        ground.path("a.rbk"),
        runbook.replace("127.0.0.1:9", &format!("127.0.0.1:{port}")),
    )
    .expect("written");
    let serving = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = server.accept().expect("a request");
        let mut got = [0; 4096];
        let length = stream.read(&mut got).expect("read");
        stream
            .write_all(b"HTTP/1.0 204 No Content\r\n\r\n")
            .expect("answered");
        String::from_utf8_lossy(&got[..length]).into_owned()
    });
    let out = ground
        .command("\"$RUNBOOK\" run a.rbk")
        .env("TOKEN", "kanarie-vogel")
        .output()
        .expect("sh starts");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    // The fault fired: it was sent, and both traces are there.
    let got = serving.join().expect("served");
    assert!(got.contains("Bearer kanarie-vogel"), "{got}");
    let kept = fs::read_to_string(ground.run_dir().join("journal")).expect("a journal");
    assert!(kept.contains("Authorization: Bearer ‹token›"), "{kept}");
    assert!(kept.contains("+ echo ‹token›"), "{kept}");
    assert!(!kept.contains("kanarie-vogel"), "{kept}");
    assert!(!text(&out).contains("kanarie-vogel"), "{}", text(&out));
}
