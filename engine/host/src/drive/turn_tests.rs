//! Turns with hands that write down what they are asked to do, on a journal that is a real file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use runbook_core::effect::{Effect, Run};
use runbook_core::event::{Captured, Event, Exit, Found, Identity, Moment, Sent, Started};
use runbook_core::prompt::{Answer, Detail};
use runbook_core::state::Over;

use super::doubt;
use super::replay::Doubted;
use super::taken_up::{Flight, facts};
use super::turn::{Book, Hands, OURS, turn};
use crate::journal::disk::FileDisk;
use crate::journal::writer::Pending;
use crate::journal::{Body, End, HostRecord, Journal};
use crate::load::load_with;
use runbook_core::effect::EffectId;
use runbook_plan::Plan;

struct Written<'p> {
    book: Book<'p>,
    /// What was asked of the hands, in order.
    did: Vec<String>,
    inbox: Vec<Event>,
    /// By what is shown of it.
    ids: BTreeMap<String, EffectId>,
    now: i64,
}

impl<'p> Hands<'p> for Written<'p> {
    type Launch = ();

    fn book(&mut self) -> &mut Book<'p> {
        &mut self.book
    }

    fn now(&self) -> Moment {
        Moment {
            wall: self.now,
            boot: self.now,
        }
    }

    fn boot_id(&self) -> &str {
        "boot"
    }

    fn take_in(&mut self, _: &mut Event) {}

    fn clean(&self, command: &str) -> String {
        command.replace("hidden", "‹token›")
    }

    fn admit(&mut self, run: &Run) -> Result<((), Identity), String> {
        if run.shown.contains("cannot") {
            return Err("no process can be started".into());
        }
        let identity = Identity {
            pid: 7,
            start_time: 9,
            boot_id: "boot".into(),
            cgroup: None,
        };
        Ok(((), identity))
    }

    fn open(&mut self, run: Run, (): ()) {
        let durable = match self.book.journal.has_pending() {
            Pending::Nothing => "open",
            Pending::Records => "open, not durable,",
        };
        self.did.push(format!("{durable} {}", run.shown));
        self.ids.insert(run.shown, run.id);
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::CheckNeeds { id, .. } => self.inbox.push(Event::NeedsChecked {
                effect: id,
                missing: Vec::new(),
            }),
            Effect::TakeLocks { id, .. } => self.inbox.push(Event::LocksTaken { effect: id }),
            Effect::FetchSecrets { id } => self.inbox.push(Event::SecretsReady { effect: id }),
            Effect::Request(request) => {
                self.did.push(format!("send {}", request.shown));
                self.ids.insert(request.shown, request.id);
            }
            Effect::Ask { id, prompt } => {
                let ours = if id.0 > OURS { "ask" } else { "the core asks" };
                let about = prompt.detail.iter().find_map(|detail| match detail {
                    Detail::Command(command) => Some(command.clone()),
                    _ => None,
                });
                let about = about.unwrap_or(prompt.text);
                self.did.push(format!("{ours} {about}"));
                self.ids.insert(format!("? {about}"), id);
            }
            Effect::Withdraw { id } => {
                let asked = self.ids.iter().find(|(_, asked)| **asked == id);
                let about = asked.map_or("?", |(about, _)| about.as_str());
                self.did.push(format!("withdraw {about}"));
            }
            Effect::Stop { .. } => self.did.push("stop".into()),
            _ => {}
        }
    }
}

impl Written<'_> {
    /// A turn, and those that follow from it. Gives what was done.
    fn turns(&mut self, events: Vec<Event>) -> Vec<String> {
        turn(self, events).unwrap();
        while !self.inbox.is_empty() {
            let events = std::mem::take(&mut self.inbox);
            turn(self, events).unwrap();
        }
        std::mem::take(&mut self.did)
    }

    fn exits(&mut self, shown: &str, code: i32) -> Vec<String> {
        let exited = Event::Exited {
            effect: self.ids[shown],
            exit: Exit::Code(code),
            output: Captured::default(),
            stderr: Captured::default(),
            elapsed_ms: 1,
            leaked: Vec::new(),
        };
        self.turns(vec![exited])
    }

    fn answers(&mut self, about: &str, answer: &Answer) -> Vec<String> {
        let id = self.ids[&format!("? {about}")];
        let was = doubt::answered(self, id, answer, "ada".into()).unwrap();
        assert_eq!(was, doubt::Was::Doubt);
        self.turns(Vec::new())
    }
}

/// What the journal holds of these, in order.
fn records(file: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    crate::journal::read(File::open(file).unwrap(), |record| {
        found.push(match record.body {
            Body::Host(HostRecord::Intent(intent)) => {
                let with = intent.env.iter().map(|name| format!(" with {name}"));
                format!(
                    "intent {}: {}{}",
                    intent.effect.0,
                    intent.command,
                    with.collect::<String>()
                )
            }
            Body::Host(HostRecord::AskedAgain { effect, by }) => {
                format!("asked again {} by {by}", effect.0)
            }
            Body::Host(HostRecord::Parked { why, .. }) => format!("parked: {why}"),
            Body::Host(HostRecord::Ended { .. }) => "ended".into(),
            Body::Event(Event::Spawned { effect, .. }) => format!("spawned {}", effect.0),
            Body::Event(Event::Lost { effect, .. }) => format!("lost {}", effect.0),
            _ => return Ok(()),
        });
        Ok(())
    })
    .unwrap();
    found
}

/// Plays with a run of these statements, which is about to be started.
fn with(body: &str, play: impl FnOnce(&mut Written<'_>, &dyn Fn() -> Vec<String>)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.rbk");
    std::fs::write(&path, format!("rbk 1\nrunbook \"A\"\n{body}")).unwrap();
    let loaded = load_with(&path, &BTreeMap::new()).unwrap();
    let plan: &Plan = loaded
        .plan
        .as_ref()
        .unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let path = folder.path().join("journal");
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .unwrap();
    let disk = FileDisk::new(file, path.clone()).unwrap();
    let mut hands = Written {
        book: Book::new(plan, Journal::new(Box::new(disk), End::START)),
        did: Vec::new(),
        inbox: Vec::new(),
        ids: BTreeMap::new(),
        now: 1_000_000,
    };
    play(&mut hands, &|| records(&path));
}

fn started() -> Vec<Event> {
    vec![Event::Started(Started {
        boot_id: "boot".into(),
        ..Started::default()
    })]
}

const LOOK_AND_ACT: &str =
    "step one \"One\" {\n  ? ./look\n  $ ./act\n}\nstep two \"Two\" {\n  $ ./next\n}\n";

#[test]
fn what_acts_is_let_go_when_its_intent_is_durable_and_what_looks_before() {
    with(LOOK_AND_ACT, |hands, records| {
        assert_eq!(hands.turns(started()), ["open ./look"]);
        assert_eq!(hands.exits("./look", 0), ["open ./act"]);
        let act = hands.ids["./act"].0;
        let of_act = [format!("intent {act}: ./act"), format!("spawned {act}")];
        assert_eq!(records(), of_act);
        assert_eq!(hands.exits("./act", 0), ["open ./next"]);
        assert_eq!(records().len(), 4);
    });
}

#[test]
fn after_a_lost_record_what_acts_first_is_asked_about_and_nothing_else_is() {
    with(LOOK_AND_ACT, |hands, records| {
        hands.book.doubt_next = Doubted::Yes;
        assert_eq!(hands.turns(started()), ["open ./look"]);
        assert_eq!(hands.exits("./look", 0), ["ask ./act"]);
        assert!(records().is_empty(), "nothing is about to start");
        assert_eq!(hands.answers("./act", &Answer::Yes), ["open ./act"]);
        let act = hands.ids["./act"].0;
        assert_eq!(
            records(),
            [
                format!("asked again {act} by ada"),
                format!("intent {act}: ./act"),
                format!("spawned {act}")
            ]
        );
        assert_eq!(hands.exits("./act", 0), ["open ./next"]);
    });
}

const SENDS: &str = "step one \"One\" {\n  http GET http://localhost/look\n  http POST http://localhost/act\n  http POST http://localhost/next\n}\n";

fn responded(effect: EffectId) -> Vec<Event> {
    vec![Event::Responded {
        effect,
        status: 200,
        headers: Vec::new(),
        body: Captured::default(),
        elapsed_ms: 1,
    }]
}

#[test]
fn a_request_that_acts_is_asked_about_as_a_command_is() {
    with(SENDS, |hands, records| {
        hands.book.doubt_next = Doubted::Yes;
        let (look, act) = ("GET http://localhost/look", "POST http://localhost/act");
        assert_eq!(hands.turns(started()), [format!("send {look}")]);
        let answered = responded(hands.ids[look]);
        assert_eq!(hands.turns(answered), [format!("ask {act}")]);
        assert!(records().is_empty());
        assert_eq!(hands.answers(act, &Answer::Yes), [format!("send {act}")]);
        let id = hands.ids[act].0;
        assert_eq!(
            records(),
            [
                format!("asked again {id} by ada"),
                format!("intent {id}: {act}")
            ]
        );
        let answered = responded(hands.ids[act]);
        assert_eq!(hands.turns(answered), ["send POST http://localhost/next"]);
    });
}

#[test]
fn one_yes_lets_go_whatever_was_held_back() {
    let body =
        "parallel {\n  step a \"A\" {\n    $ ./a\n  }\n  step b \"B\" {\n    $ ./b\n  }\n}\n";
    with(body, |hands, records| {
        hands.book.doubt_next = Doubted::Yes;
        assert_eq!(hands.turns(started()), ["ask ./a", "ask ./b"]);
        assert_eq!(hands.answers("./b", &Answer::Yes), ["open ./b", "open ./a"]);
        let asked = records().iter().filter(|r| r.starts_with("asked")).count();
        assert_eq!((asked, records().len()), (1, 5));
        hands.exits("./a", 0);
        hands.exits("./b", 0);
        assert_eq!(records().last().map(String::as_str), Some("ended"));
    });
}

#[test]
fn what_nobody_lets_go_parks_the_run_and_stays_open() {
    for answer in [Some(Answer::No), None] {
        with(LOOK_AND_ACT, |hands, records| {
            hands.book.doubt_next = Doubted::Yes;
            hands.turns(started());
            hands.exits("./look", 0);
            match answer {
                Some(answer) => assert!(hands.answers("./act", &answer).is_empty()),
                None => {
                    let id = hands.ids["? ./act"];
                    assert_eq!(doubt::refused(hands, id), doubt::Was::Doubt);
                    assert_eq!(doubt::refused(hands, id), doubt::Was::Other);
                }
            }
            let why = "a command may have been started already, and nobody said what is to be done";
            assert_eq!(hands.book.over, Some(Over::Parked { why: why.into() }));
            hands.book.journal.commit().unwrap();
            assert_eq!(records(), [format!("parked: {why}")]);
        });
    }
}

#[test]
fn of_what_is_stopped_before_anybody_said_that_it_may_start_nobody_knows() {
    let body = "parallel {\n  step a \"A\" {\n    $ ./a\n  }\n  step b \"B\" {\n    http POST http://localhost/b\n  }\n  step c \"C\" {\n    ? ./look\n  }\n}\n";
    with(body, |hands, records| {
        hands.book.doubt_next = Doubted::Yes;
        let b = "POST http://localhost/b";
        assert_eq!(
            hands.turns(started()),
            [
                "ask ./a".to_owned(),
                format!("ask {b}"),
                "open ./look".into()
            ]
        );
        let stop = hands.turns(vec![Event::ParkRequested {
            why: "the test says so".into(),
            running: runbook_core::event::Running::Stop,
        }]);
        assert_eq!(
            stop,
            [
                "withdraw ? ./a".to_owned(),
                format!("withdraw ? {b}"),
                "stop".into()
            ]
        );
        assert!(hands.book.doubted.is_empty());
        let lost = records().iter().filter(|r| r.starts_with("lost")).count();
        assert_eq!((lost, records().len()), (2, 2), "{:?}", records());
    });
}

#[test]
fn what_never_got_a_process_has_no_intent() {
    let body = "step one \"One\" {\n  $ ./cannot\n}\n";
    with(body, |hands, records| {
        assert_eq!(hands.turns(started()), ["the core asks one failed"]);
        assert!(records().is_empty(), "{:?}", records());
    });
}

#[test]
fn an_intent_names_what_is_given_and_keeps_it_to_itself() {
    let body = "env COLOUR = \"red\"\nenv SIZE = \"7\"\nstep one \"One\" {\n  $ ./act\n  http POST http://localhost/b {\n    header Accept: text/plain\n  }\n}\n";
    with(body, |hands, records| {
        hands.turns(started());
        let intent = &records()[0];
        assert!(
            intent.ends_with(": ./act with COLOUR with SIZE"),
            "{intent}"
        );
        hands.exits("./act", 0);
        let sent = &records()[2];
        assert!(sent.ends_with(" with Accept"), "{sent}");
    });
}

#[test]
fn what_is_due_is_done_in_its_turn_and_not_before() {
    let body = "wait 30m\nstep next \"Next\" {\n  $ ./next\n}\n";
    with(body, |hands, _| {
        let nothing: [&str; 0] = [];
        assert_eq!(hands.turns(started()), nothing);
        let waits = |hands: &Written<'_>| hands.book.until_due(hands.now(), "boot").as_millis();
        assert_eq!(
            waits(hands),
            30_000,
            "the clocks are looked at all the same"
        );
        hands.now += 30 * 60_000 - 5;
        assert_eq!(hands.turns(Vec::new()), nothing);
        assert_eq!(waits(hands), 5);
        hands.now += 5;
        assert_eq!(waits(hands), 1);
        assert_eq!(hands.turns(Vec::new()), ["open ./next"]);
        assert_eq!(waits(hands), 30_000, "nothing is due any more");
    });
}

#[test]
fn what_is_stopped_in_the_turn_that_would_start_it_is_never_let_go() {
    with(LOOK_AND_ACT, |hands, _| {
        hands.turns(started());
        let park = Event::ParkRequested {
            why: "the test says so".into(),
            running: runbook_core::event::Running::Stop,
        };
        let looked = Event::Exited {
            effect: hands.ids["./look"],
            exit: Exit::Code(0),
            output: Captured::default(),
            stderr: Captured::default(),
            elapsed_ms: 1,
            leaked: Vec::new(),
        };
        assert_eq!(hands.turns(vec![looked, park]), ["stop"]);
    });
}

#[test]
fn what_only_looked_waits_for_the_next_sync_and_what_was_decided_does_not() {
    let body = "wait up to 1h every 10s {\n  ? ./look\n}\nstep next \"Next\" {\n  $ ./next\n}\n";
    with(body, |hands, _| {
        assert_eq!(hands.turns(started()), ["open ./look"]);
        let before = hands.book.journal.syncs();
        for _ in 0..3 {
            hands.exits("./look", 1);
            hands.now += 10_000;
            assert_eq!(hands.turns(Vec::new()), ["open, not durable, ./look"]);
        }
        assert_eq!(hands.book.journal.has_pending(), Pending::Records);
        assert_eq!(hands.book.journal.syncs(), before);
        assert_eq!(hands.exits("./look", 0), ["open ./next"]);
        let before = hands.book.journal.syncs();
        // Nothing is shown of it while the command runs.
        hands.turns(vec![Event::ParkRequested {
            why: "the test says so".into(),
            running: runbook_core::event::Running::LetEnd,
        }]);
        assert_eq!(hands.book.journal.has_pending(), Pending::Nothing);
        assert_eq!(hands.book.journal.syncs(), before + 1);
    });
}

#[test]
fn of_a_request_in_flight_the_journal_says_whether_it_may_have_acted() {
    with(SENDS, |hands, _| {
        let found = |hands: &Written<'_>| {
            let state = &hands.book.state;
            let intents = hands.ids.values().copied();
            let of = |intents: BTreeSet<EffectId>| {
                let inspect = |_: &Flight<'_>| -> Found { panic!("a request has no process") };
                facts(state, &intents, "ada", "boot", BTreeMap::new(), inspect).pop()
            };
            [of(BTreeSet::new()), of(intents.collect())].map(|fact| match fact {
                Some(Event::Found { found, .. }) => found,
                other => panic!("{other:?}"),
            })
        };
        hands.turns(started());
        assert_eq!(found(hands), [Found::NeverStarted, Found::Gone]);
    });
}

#[test]
fn an_intent_shows_no_secret() {
    with(
        "step one \"One\" {\n  $ ./act hidden\n}\n",
        |hands, records| {
            hands.turns(started());
            assert!(records()[0].ends_with(": ./act ‹token›"), "{:?}", records());
        },
    );
}

#[test]
fn a_request_that_may_have_been_sent_is_heard_of_before_anything_follows() {
    with(SENDS, |hands, records| {
        hands.turns(started());
        let answered = responded(hands.ids["GET http://localhost/look"]);
        hands.turns(answered);
        let failed = Event::RequestFailed {
            effect: hands.ids["POST http://localhost/act"],
            why: "timed out".into(),
            sent: Sent::Maybe,
            elapsed_ms: 1,
        };
        let did = hands.turns(vec![failed]);
        assert!(did.iter().all(|did| !did.starts_with("send")), "{did:?}");
        assert_eq!(records().len(), 1);
    });
}
