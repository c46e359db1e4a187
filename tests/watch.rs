//! `runbook watch` from outside: what is sampled, when a run is started, and what a watch that is killed, held up or
//! made to wait makes of it. The watches are real, and so are the endpoint that they ask and the processes they start.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use proptest::prelude::*;
use runbook_core::window::{Seen, Stamp, Verdict, Wanted, Window};
use serde_json::Value;

const RUNBOOK: &str = env!("CARGO_BIN_EXE_runbook");
/// How long a line may take before a test says that it did not come. Only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a metrics endpoint answers: `None` takes the request and never answers.
type Answer = Arc<Mutex<Option<String>>>;

/// A metrics endpoint of its own, on a free port.
struct Metrics {
    port: u16,
    answer: Answer,
}

impl Metrics {
    fn saying(text: &str) -> Metrics {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answer: Answer = Arc::new(Mutex::new(Some(text.to_owned())));
        let says = Arc::clone(&answer);
        std::thread::spawn(move || {
            let mut held: Vec<TcpStream> = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer);
                match says.lock().expect("nobody panics").clone() {
                    None => held.push(stream),
                    Some(text) => {
                        let length = text.len();
                        let _ = write!(
                            stream,
                            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
                        );
                    }
                }
            }
        });
        Metrics { port, answer }
    }

    fn says(&self, text: &str) {
        *self.answer.lock().expect("nobody panics") = Some(text.to_owned());
    }

    fn hangs(&self) {
        *self.answer.lock().expect("nobody panics") = None;
    }
}

struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    fn new(body: &str) -> Ground {
        let ground = Ground {
            folder: tempfile::tempdir().expect("a folder"),
        };
        ground.write(
            "case.rbk",
            &format!("rbk 1\nrunbook \"A case\"\n\n{body}\n"),
        );
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(RUNBOOK);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .stdin(Stdio::null());
        command
    }

    fn runbook(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("runbook starts")
    }

    fn said(&self, arguments: &[&str]) -> String {
        let output = self.runbook(arguments);
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    }

    fn runs(&self) -> Vec<Value> {
        serde_json::from_str(&self.said(&["runs", "--json"])).expect("an array")
    }

    fn watch(&self, arguments: &[&str]) -> Watch {
        let all = [&["watch", "case.rbk", "--json"], arguments].concat();
        let mut child = self
            .command(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runbook starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).expect("an object a line"));
            }
        });
        Watch { child, lines }
    }
}

/// A watch under way. It is killed when it goes.
struct Watch {
    child: Child,
    lines: mpsc::Receiver<Value>,
}

impl Watch {
    fn line(&mut self) -> Option<Value> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("no line comes"),
        }
    }

    /// The next line that is so.
    fn until(&mut self, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        let mut others = Vec::new();
        while let Some(line) = self.line() {
            if so(&line) {
                return line;
            }
            others.push(line.to_string());
        }
        let mut said = String::new();
        if let Some(err) = &mut self.child.stderr {
            let _ = err.read_to_string(&mut said);
        }
        panic!("{what} does not come, but:\n{}\n{said}", others.join("\n"));
    }

    /// The next sample of a trigger.
    fn sample(&mut self, trigger: &str) -> Value {
        self.until(trigger, |line| {
            line["type"] == "sample" && line["trigger"] == trigger
        })
    }

    fn signal(&mut self, signal: rustix::process::Signal) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("it lives");
        self.ends()
    }

    fn ends(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        while self.line().is_some() {}
        let status = self.child.wait().expect("it ends");
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process of this number lives, as one that is no zombie.
fn lives(pid: &str) -> bool {
    assert!(!pid.trim().is_empty(), "a number");
    fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").starts_with(" Z"))
}

const RATE: &str = r#"param api: url = "http://localhost:1"
param symptom: text = "by hand"

trigger rate "The error rate is high" {
  every EVERY
  let rate: percent = http GET {{api}}/metrics/error-rate
  fires when rate > 10% LASTING
  start with symptom = "An error rate of {{rate}}"
}

step act "Act" {
  $ echo {{symptom}} >> acted
  repeatable
}
finish resolved
"#;

fn rate(every: &str, lasting: &str) -> Ground {
    Ground::new(&RATE.replace("EVERY", every).replace("LASTING", lasting))
}

#[test]
fn what_lasts_starts_one_run_that_names_its_trigger() {
    let metrics = Metrics::saying("2%");
    let ground = rate("1s", "for 1s");
    let api = format!("api=http://127.0.0.1:{}", metrics.port);
    let mut watch = ground.watch(&["--param", &api]);
    let watched = watch.line().expect("what is watched");
    assert_eq!(watched["type"], "watched");
    assert_eq!(watched["lasting_ms"], 1000);
    let quiet = watch.sample("rate");
    assert_eq!(quiet["seen"], "holds_not");
    assert_eq!(quiet["values"]["rate"], "2%");
    metrics.says("31%");
    let holds = watch.until("a sample that holds", |line| line["seen"] == "holds");
    assert_eq!(
        (&holds["held_ms"], &holds["fires"]),
        (&0.into(), &"no".into())
    );
    let fires = watch.until("a sample that fires", |line| line["fires"] == "yes");
    assert!(
        fires["held_ms"].as_u64().is_some_and(|ms| ms >= 1000),
        "{fires}"
    );
    assert_eq!(watch.ends(), 0);
    assert_eq!(ground.read("acted"), "An error rate of 31%\n");
    assert_eq!(ground.runs().len(), 1);
    let show = ground.said(&["show"]);
    assert!(show.contains("the trigger rate, watched by"), "{show}");
    let report = ground.said(&["report"]);
    assert!(report.contains("| Started by | rate |"), "{report}");
    let export = ground.said(&["journal", "export"]);
    assert!(export.contains(r#""trigger":"rate""#), "{export}");
}

#[test]
fn a_killed_watch_that_is_back_too_late_knows_nothing_of_the_time_between() {
    let metrics = Metrics::saying("50%");
    let ground = rate("1s", "for 2s");
    let api = format!("api=http://127.0.0.1:{}", metrics.port);
    let mut watch = ground.watch(&["--param", &api]);
    watch.until("a clock that counts", |line| {
        line["held_ms"].as_u64().is_some_and(|ms| ms >= 1000)
    });
    assert_eq!(watch.signal(rustix::process::Signal::KILL), 128 + 9);
    // Longer than an interval.
    std::thread::sleep(Duration::from_millis(1200));
    let mut watch = ground.watch(&["--param", &api]);
    let watched = watch.line().expect("what is watched");
    assert!(
        watched["broken"]["by"]["gap"]
            .as_u64()
            .is_some_and(|ms| ms >= 1200),
        "{watched}"
    );
    let first = watch.sample("rate");
    assert_eq!(
        (&first["seen"], &first["held_ms"], &first["fires"]),
        (&"holds".into(), &0.into(), &"no".into()),
        "{first}"
    );
    let fires = watch.until("a sample that fires", |line| line["fires"] == "yes");
    assert!(
        fires["at"].as_i64().unwrap() - first["at"].as_i64().unwrap() >= 1900,
        "{first} {fires}"
    );
    assert_eq!(watch.ends(), 0);
    assert_eq!(ground.runs().len(), 1);
}

#[test]
fn a_killed_watch_that_is_back_in_time_goes_on_where_it_was() {
    let metrics = Metrics::saying("50%");
    let ground = rate("10m", "for 1h");
    let api = format!("api=http://127.0.0.1:{}", metrics.port);
    let mut watch = ground.watch(&["--param", &api]);
    assert_eq!(watch.sample("rate")["held_ms"], 0);
    watch.signal(rustix::process::Signal::KILL);
    let mut watch = ground.watch(&["--param", &api]);
    let watched = watch.line().expect("what is watched");
    assert!(watched["held_ms"].is_u64(), "{watched}");
    assert_eq!(watched["broken"], Value::Null);
    assert_eq!(watch.signal(rustix::process::Signal::TERM), 143);
    // Another file, or other params: what was seen speaks of something else.
    let mut watch = ground.watch(&["--param", &api, "--param", "symptom=another"]);
    let watched = watch.line().expect("what is watched");
    assert_eq!(
        (&watched["held_ms"], &watched["broken"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(watch.sample("rate")["held_ms"], 0);
    assert_eq!(watch.signal(rustix::process::Signal::INT), 130);
    assert!(ground.runs().is_empty());
}

/// Where the clocks of the watch are kept.
fn kept(ground: &Ground) -> PathBuf {
    fs::read_dir(ground.path("state/runbook/watches"))
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path().join("kept.json"))
        .next()
        .expect("a watch")
}

#[test]
fn a_watch_leaves_no_more_than_its_clocks() {
    let ground = Ground::new(
        r#"trigger long "Prints much" {
  every 2s
  let much: text = ? yes | head -c 900000
  fires when much contains "n"
}

step act "Act"
"#,
    );
    let mut watch = ground.watch(&[]);
    assert_eq!(watch.sample("long")["seen"], "holds_not");
    watch.signal(rustix::process::Signal::KILL);
    let mut watch = ground.watch(&[]);
    assert_eq!(watch.sample("long")["seen"], "holds_not");
    assert_eq!(watch.signal(rustix::process::Signal::TERM), 143);
    let folder = kept(&ground).parent().expect("a folder").to_owned();
    let left: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| name != "kept.json")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_clock_that_cannot_be_kept_is_told_and_counts_all_the_same() {
    let metrics = Metrics::saying("50%");
    let ground = rate("1s", "for 1s");
    let api = format!("api=http://127.0.0.1:{}", metrics.port);
    let mut watch = ground.watch(&["--param", &api]);
    watch.sample("rate");
    watch.signal(rustix::process::Signal::KILL);
    let kept = kept(&ground);
    assert!(kept.exists());
    fs::remove_file(&kept).expect("a file");
    fs::create_dir(&kept).expect("in the way");
    let mut watch = ground.watch(&["--param", &api]);
    let sample = watch.sample("rate");
    assert_eq!(sample["held_ms"], 0);
    let warning = sample["warning"].as_str().unwrap_or_default();
    assert!(
        warning.starts_with("its clock is not kept for another watch: "),
        "{sample}"
    );
    let fires = watch.until("a sample that fires", |line| line["fires"] == "yes");
    assert!(fires["held_ms"].as_u64().is_some_and(|ms| ms >= 1000));
    // Nor can it be written down that a run is started, and so none is.
    assert_eq!(watch.ends(), 74);
    assert!(ground.runs().is_empty());
}

#[test]
fn what_cannot_be_sampled_is_unknown_and_holds_nobody_up() {
    let metrics = Metrics::saying("50%");
    let ground = Ground::new(
        r#"param api: url

trigger rate "The error rate is high" {
  every 1s
  let rate: percent = http GET {{api}}/metrics/error-rate
  fires when rate > 10% for 1h
}

trigger stuck "Never answers" {
  every 2s
  let lines: text = ? echo $$ > stuck; sleep 600
  fires when lines == "x"
}

step act "Act"
"#,
    );
    let api = format!("api=http://127.0.0.1:{}", metrics.port);
    let mut watch = ground.watch(&["--param", &api]);
    // The other one is sampled while this one hangs.
    watch.until("a clock that counts", |line| {
        line["trigger"] == "rate" && line["held_ms"].as_u64().is_some_and(|ms| ms > 0)
    });
    let stuck = ground.read("stuck");
    let unknown = watch.sample("stuck");
    assert_eq!(unknown["seen"], "unknown");
    assert_eq!(unknown["why"], "it took longer than its interval of 2s");
    super::practice::wait_until("what hung is killed", || !lives(&stuck));
    metrics.hangs();
    let unknown = watch.until("a sample that hangs", |line| {
        line["trigger"] == "rate" && line["seen"] == "unknown"
    });
    assert_eq!(unknown["held_ms"], Value::Null);
    assert!(unknown["broken"].is_object(), "{unknown}");
    metrics.says("50%");
    // What it held before is gone.
    let holds = watch.until("one that holds again", |line| {
        line["trigger"] == "rate" && line["seen"] == "holds"
    });
    assert_eq!(holds["held_ms"], 0);
    metrics.says("no number");
    let unknown = watch.until("one that is no number", |line| {
        line["trigger"] == "rate" && line["seen"] == "unknown"
    });
    assert!(unknown["why"].as_str().is_some_and(|why| !why.is_empty()));
    // A signal ends it, and what hangs with it.
    let before = ground.read("stuck");
    super::practice::wait_until("it hangs anew", || {
        let now = ground.read("stuck");
        // Whole: the file is emptied before the number is written.
        now.ends_with('\n') && now != before
    });
    assert_eq!(watch.signal(rustix::process::Signal::TERM), 143);
    super::practice::wait_until("nothing is left", || !lives(&ground.read("stuck")));
}

#[test]
fn failing_fires_on_samples_that_fail() {
    let ground = Ground::new(
        r#"param symptom: text

trigger dead "No answer" {
  every 1s
  let rate: percent = http GET http://127.0.0.1:1/metrics
  fires when failing for 1s
  start with symptom = "No answer from {{run.operator}}'s service"
}

step act "Act" {
  $ echo {{symptom}} >> acted
  repeatable
}
"#,
    );
    let mut watch = ground.watch(&[]);
    let sample = watch.sample("dead");
    assert_eq!(sample["seen"], "holds");
    assert_eq!(watch.ends(), 0);
    let acted = ground.read("acted");
    assert!(acted.starts_with("No answer from "), "{acted}");
}

const LOCKED: &str = r#"param host: text = "none"

lock "deploy/{{host}}"

trigger rate "Always" {
  every 1s
  let host_up: bool = ? test -e up
  fires when host_up
  start with host = "web"
}

confirm "Go on?"
step act "Act" {
  $ echo once >> acted
  repeatable
}
"#;

#[test]
fn a_held_lock_keeps_the_run_from_being_started() {
    let ground = Ground::new(LOCKED);
    ground.write("up", "");
    ground.write(
        "other.rbk",
        "rbk 1\nrunbook \"Another\"\n\nlock \"deploy/web\"\nstep hold \"Hold\" {\n  $ touch holds; until test -e go; do sleep 0.05; done\n  repeatable\n}\n",
    );
    let mut other = ground
        .command(&["run", "other.rbk"])
        .stdout(Stdio::null())
        .spawn()
        .expect("runbook starts");
    super::practice::wait_until("the lock is held", || ground.path("holds").exists());
    ground.write("answers.toml", "[answers]\n\"Go on?\" = \"yes\"\n");
    let mut watch = ground.watch(&["--answers", "answers.toml"]);
    let held = watch.sample("rate");
    assert_eq!(held["fires"], "yes");
    let why = held["held_up"].as_str().unwrap_or_default();
    assert!(
        why.starts_with("the lock `deploy/web` is held by process "),
        "{held}"
    );
    assert_eq!(ground.runs().len(), 1, "only the other one");
    ground.write("go", "");
    assert!(other.wait().expect("it ends").success());
    let free = watch.until("the lock is free", |line| {
        line["type"] == "sample" && line["held_up"] == Value::Null
    });
    assert_eq!(free["fires"], "yes");
    assert_eq!(watch.ends(), 0);
    assert_eq!(ground.read("acted"), "once\n");
    assert_eq!(ground.runs().len(), 2);
}

#[test]
fn no_second_run_is_started_beside_one_that_is_not_over() {
    let ground = Ground::new(LOCKED);
    ground.write("up", "");
    let mut watch = ground.watch(&[]);
    assert_eq!(watch.ends(), 75, "nobody answers, so the run is parked");
    let mut watch = ground.watch(&[]);
    let sample = watch.sample("rate");
    let why = sample["held_up"].as_str().unwrap_or_default();
    assert!(
        why.ends_with("which was started before, is not over"),
        "{sample}"
    );
    // Nor do two watch the same.
    let second = ground.runbook(&["watch", "case.rbk"]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(75));
    assert!(
        said.contains("RB3043: case.rbk is watched by process"),
        "{said}"
    );
    assert_eq!(ground.runs().len(), 1);
    // Once it is over, the next may come.
    ground.write("answers.toml", "[answers]\n\"Go on?\" = \"yes\"\n");
    assert!(
        ground
            .runbook(&["resume", "--answers", "answers.toml"])
            .status
            .success()
    );
    let spent = watch.until("the run is over", |line| {
        line["held_up"]
            .as_str()
            .is_some_and(|why| why.starts_with("it has not been quiet since"))
    });
    assert_eq!(spent["fires"], "yes");
    assert_eq!(ground.runs().len(), 1);
    // Nor does another watch take what still holds for something new. What is quiet, and holds again, is.
    assert_eq!(watch.signal(rustix::process::Signal::TERM), 143);
    let mut watch = ground.watch(&[]);
    assert!(watch.sample("rate")["held_up"].is_string());
    fs::remove_file(ground.path("up")).expect("a file");
    watch.until("it is quiet", |line| line["seen"] == "holds_not");
    ground.write("up", "");
    assert_eq!(watch.ends(), 75);
    assert_eq!(ground.runs().len(), 2);
}

#[test]
fn a_secret_of_a_command_is_used_and_shown_nowhere() {
    let ground = Ground::new(
        r#"secret token from ? cat token

trigger up "Up" {
  every 1s
  let said: text = ? printf '%s %s' {{token}} up
  let good: bool = ? test {{token}} = hush-hush-hush
  fires when good
}

step act "Act"
"#,
    );
    ground.write("token", "wrong-wrong-wrong");
    let mut watch = ground.watch(&[]);
    let sample = watch.sample("up");
    assert_eq!(sample["seen"], "holds_not", "{sample}");
    assert!(!sample.to_string().contains("wrong"), "{sample}");
    assert_eq!(watch.signal(rustix::process::Signal::TERM), 143);
    ground.write("token", "hush-hush-hush");
    let mut watch = ground.watch(&[]);
    let sample = watch.sample("up");
    assert_eq!(sample["fires"], "yes", "{sample}");
    assert!(!sample.to_string().contains("hush"), "{sample}");
}

#[test]
fn lines_for_people_without_a_terminal() {
    let ground = Ground::new(LOCKED);
    ground.write("none.rbk", "rbk 1\nrunbook \"None\"\n\nstep one \"One\"\n");
    let none = ground.runbook(&["watch", "none.rbk"]);
    assert_eq!(none.status.code(), Some(3));
    assert_eq!(
        String::from_utf8_lossy(&none.stderr),
        "runbook: RB3042: none.rbk has no trigger to watch\n  help: Declare one, or start the runbook with `runbook run`.\n"
    );
    ground.write("up", "");
    let said = ground.said(&["watch", "case.rbk"]);
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("watching case.rbk"));
    assert_eq!(lines.next(), Some("  rate: every 1s"));
    let fires = lines.next().unwrap_or_default();
    assert!(
        fires.ends_with("Z rate: fires: the run starts (host_up yes)"),
        "{said}"
    );
}

/// The first sample that fires, if any does.
fn fires(wanted: Wanted, samples: &[(i64, Seen)], cut: Option<(usize, usize, i64)>) -> Option<i64> {
    let stamp = |boot| Stamp {
        boot,
        boot_id: "b".into(),
    };
    let mut window = Window::default();
    for (at, (boot, seen)) in samples.iter().enumerate() {
        if let Some((from, to, back)) = cut {
            if at == to {
                window.again(wanted, &stamp(back));
            }
            if (from..to).contains(&at) {
                continue;
            }
        }
        if let Verdict::Fires(_) = window.take(wanted, *seen, &stamp(*boot)).verdict {
            return Some(*boot);
        }
    }
    None
}

/// The same by the words of the book: an unbroken row of samples that hold, the first of which is old enough.
fn fires_by_the_book(wanted: Wanted, samples: &[(i64, Seen)]) -> Option<i64> {
    let (every, lasting) = (
        i64::try_from(wanted.every_ms).unwrap(),
        i64::try_from(wanted.lasting_ms).unwrap(),
    );
    (0..samples.len())
        .find(|last| {
            (0..=*last).any(|first| {
                let row = &samples[first..=*last];
                row.iter().all(|(_, seen)| *seen == Seen::Holds)
                    && row
                        .windows(2)
                        .all(|two| two[1].0 - two[0].0 <= every + every / 2)
                    && row[row.len() - 1].0 - row[0].0 >= lasting
            })
        })
        .map(|at| samples[at].0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Samples no closer than an interval, as a watch takes them, some of them late or missing. However many of them
    /// in a row are cut out, with the watch begun again behind the cut, it never fires earlier than all of them do.
    #[test]
    fn a_watch_that_was_interrupted_never_fires_earlier(
        every in 2u64..50,
        lasting in 0u64..300,
        steps in prop::collection::vec((0u64..40, 0u8..8), 2..60),
        ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let wanted = Wanted { every_ms: every, lasting_ms: lasting };
        let mut at = 0;
        let samples: Vec<(i64, Seen)> = steps
            .iter()
            .map(|(late, seen)| {
                // Usually in time.
                at += i64::try_from(every + late.saturating_sub(30)).unwrap();
                let seen = match seen {
                    0 => Seen::HoldsNot,
                    1 => Seen::Unknown,
                    _ => Seen::Holds,
                };
                (at, seen)
            })
            .collect();
        let whole = fires(wanted, &samples, None);
        prop_assert_eq!(whole, fires_by_the_book(wanted, &samples));
        let to = 1 + ends.0.index(samples.len() - 1);
        let from = ends.1.index(to + 1).max(1);
        // The watch is back somewhere behind the last sample that it missed.
        let (after, next) = (samples[to - 1].0 + 1, samples[to].0);
        let back = after + i64::try_from(ends.2.index(usize::try_from(next - after + 1).unwrap())).unwrap();
        let cut = fires(wanted, &samples, Some((from, to, back)));
        match (whole, cut) {
            (None, cut) => prop_assert_eq!(cut, None),
            (Some(whole), Some(cut)) => prop_assert!(cut >= whole, "{} before {}", cut, whole),
            (Some(_), None) => {}
        }
    }
}
