//! Every kind of question the engine puts, each in the smallest runbook that leads to it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use super::pty::{Ground, PATIENCE, Pty, lives};

/// A kind of question.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    body: &'static str,
    /// What the screen shows when it is asked.
    pub question: &'static str,
    /// The lines that answer it, and whatever follows, until the run is over.
    pub answers: &'static [&'static str],
    way: Way,
}

/// How a run comes to ask it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Asked,
    /// The engine dies while `./slow` runs, and the command with it.
    Crash,
    /// The engine dies, and its command lives on.
    Orphan,
    /// Ctrl-C at a question.
    Interrupted,
}

const SLOW: &str = "step slow \"Slow\" {\n  $ echo once >> ledger; echo $$ > pid; exec sleep 1000\n}\nfinish no_action \"the end\"";

pub const KINDS: &[Kind] = &[
    Kind {
        name: "confirm",
        body: "confirm \"Shall it go on?\"\nfinish no_action \"the end\"",
        question: "? Shall it go on?",
        answers: &["yes"],
        way: Way::Asked,
    },
    Kind {
        name: "text",
        body: "ask who: text \"Who is it?\"\nfinish no_action \"the end\"",
        question: "? Who is it?",
        answers: &["grace"],
        way: Way::Asked,
    },
    Kind {
        name: "a value up front",
        body: "param who: text \"Who is it?\"\nfinish no_action \"the end\"",
        question: "? Who is it?",
        answers: &["grace"],
        way: Way::Asked,
    },
    Kind {
        name: "choice",
        body: "ask c: one of [red, green] \"Which colour?\"\nfinish no_action \"the end\"",
        question: "? Which colour?",
        answers: &["#2"],
        way: Way::Asked,
    },
    Kind {
        name: "secret",
        body: "secret token from prompt\nstep use \"Use it\" {\n  env TOKEN = token\n  $ test \"$TOKEN\" = hunter2-canary\n  repeatable\n}\nfinish no_action \"the end\"",
        question: "? The secret `token`",
        answers: &["hunter2-canary"],
        way: Way::Asked,
    },
    Kind {
        name: "item",
        body: "checkpoint ready \"Ready\" {\n  - [ ] All were told\n}\nfinish no_action \"the end\"",
        question: "? All were told",
        answers: &["yes"],
        way: Way::Asked,
    },
    Kind {
        name: "evidence",
        body: "checkpoint ready \"Ready\" {\n  - [ ] All were told -> link: url\n}\nfinish no_action \"the end\"",
        question: "? All were told",
        answers: &["http://localhost/told"],
        way: Way::Asked,
    },
    Kind {
        name: "approve",
        body: "contact security \"Security\" {\n  phone \"1\"\n}\nstep restart \"Restart\" {\n  approve \"Security allows it\" by security\n  $ true\n  repeatable\n}\nfinish no_action \"the end\"",
        question: "? Security allows it",
        answers: &["grace"],
        way: Way::Asked,
    },
    Kind {
        name: "irreversible",
        body: "step wipe \"Wipe it\" {\n  irreversible \"The data is gone.\"\n  $ true\n}\nfinish no_action \"the end\"",
        question: "type wipe to go on",
        answers: &["wipe"],
        way: Way::Asked,
    },
    Kind {
        name: "choose",
        body: "choose \"Which way?\" {\n  \"Left\" { finish no_action \"the end\" }\n  \"Right\" { finish no_action \"the end\" }\n}",
        question: "? Which way?",
        answers: &["2"],
        way: Way::Asked,
    },
    Kind {
        name: "manual step",
        body: "step look \"Look at the lamp\"\nfinish no_action \"the end\"",
        question: "? Look at the lamp",
        answers: &["done"],
        way: Way::Asked,
    },
    Kind {
        name: "message to copy",
        body: "channel incidents \"#incidents\"\nmessage begun to incidents {\n  > It is down.\n}\nnotify begun\nfinish no_action \"the end\"",
        question: "yes when it is sent, or no",
        answers: &["yes"],
        way: Way::Asked,
    },
    Kind {
        name: "how an interactive command went",
        body: "step edit \"Edit\" {\n  $ true\n  interactive\n  repeatable\n}\nfinish no_action \"the end\"",
        question: "done or failed",
        answers: &["done"],
        way: Way::Asked,
    },
    Kind {
        name: "failed step",
        body: "step bad \"Bad\" {\n  $ false\n  repeatable\n}\nfinish no_action \"the end\"",
        question: "end the run as failed",
        answers: &["skip", "it does not matter"],
        way: Way::Asked,
    },
    Kind {
        name: "in doubt",
        body: SLOW,
        question: "was it done?",
        answers: &["done", "it was seen"],
        way: Way::Crash,
    },
    Kind {
        name: "orphan",
        body: SLOW,
        question: "still runs",
        answers: &["stop", "done", "it was seen"],
        way: Way::Orphan,
    },
    Kind {
        name: "interrupted",
        body: "confirm \"Shall it go on?\"\nfinish no_action \"the end\"",
        question: "go on with the run",
        answers: &["on", "yes"],
        way: Way::Interrupted,
    },
];

impl Kind {
    /// Whether a fresh run asks it by itself.
    pub fn is_asked_at_once(&self) -> bool {
        self.way == Way::Asked
    }

    pub fn ground(&self) -> Ground {
        Ground::new(self.body)
    }

    /// A run that asks this, with its place to type open.
    pub fn asked(&self) -> (Ground, Pty) {
        let ground = Ground::new(self.body);
        let pty = self.put(&ground);
        (ground, pty)
    }

    fn put(&self, ground: &Ground) -> Pty {
        let mut pty = self.on_its_way(ground);
        pty.until(self.question);
        pty.until_asked();
        pty
    }

    /// A run that is about to ask this.
    pub fn on_its_way(&self, ground: &Ground) -> Pty {
        let mut pty = ground.run();
        match self.way {
            Way::Asked => {}
            Way::Interrupted => {
                pty.until("? Shall it go on?");
                pty.until_asked();
                pty.keys(b"\x03");
                pty.until_so("the line is left", |pty| !pty.is_asking());
            }
            Way::Crash | Way::Orphan => {
                ground.wait_for("pid");
                let command = command_of(ground);
                // The whole engine dies at once, as it does when a machine runs out of memory.
                pty.signal(Signal::KILL);
                assert_eq!(pty.code(), 137);
                assert!(
                    lives(command.as_raw_nonzero().get()),
                    "the command outlives its engine"
                );
                if self.way == Way::Crash {
                    kill_process(command, Signal::KILL).expect("the command lives");
                    let until = std::time::Instant::now() + PATIENCE;
                    while lives(command.as_raw_nonzero().get()) {
                        assert!(
                            std::time::Instant::now() < until,
                            "the command does not die"
                        );
                        std::thread::yield_now();
                    }
                }
                pty = ground.resume();
            }
        }
        pty
    }

    /// Answers what is asked, to the end of the run.
    pub fn answer(&self, pty: &mut Pty) {
        for line in self.answers {
            pty.answer(line);
        }
        pty.until("the end");
        pty.ends(0);
    }

    /// Resumes a parked run: it asks the same again, and goes on to its end.
    pub fn resume(&self, ground: &Ground) {
        let mut pty = ground.resume();
        // What Ctrl-C asks is not asked again by a resume; the question it was pressed at is.
        let (question, answers) = match self.way {
            Way::Interrupted => ("? Shall it go on?", &self.answers[1..]),
            _ => (self.question, self.answers),
        };
        pty.until(question);
        for line in answers {
            pty.answer(line);
        }
        pty.until("the end");
        pty.ends(0);
        if matches!(self.way, Way::Crash | Way::Orphan) {
            assert_eq!(
                ground.read("ledger"),
                "once\n",
                "{}: it ran once",
                self.name
            );
        }
    }
}

/// The process that `./slow` became.
fn command_of(ground: &Ground) -> Pid {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        if let Some(pid) = ground
            .read("pid")
            .trim()
            .parse()
            .ok()
            .and_then(Pid::from_raw)
        {
            return pid;
        }
        assert!(
            std::time::Instant::now() < until,
            "the command does not say who it is"
        );
        std::thread::yield_now();
    }
}

/// Holds something of every kind, a few at a time: what is waited for is mostly time.
pub fn of_every_kind(holds: impl Fn(&Kind) + Sync) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(kind) = KINDS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let held = catch_unwind(AssertUnwindSafe(|| holds(kind)));
                    if held.is_err() {
                        failed.lock().expect("no panic here").push(kind.name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic here");
    assert!(
        failed.is_empty(),
        "it does not hold of {failed:?}: see above"
    );
}
