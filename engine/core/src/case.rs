//! For tests: a plan from a text, and a run of it that is told what happens.

use runbook_grammar::source::Sources;
use runbook_plan::{Files, Plan};

use crate::effect::{Effect, EffectId};
use crate::event::{Captured, Event, Exit, Fact, Moment, Started};
use crate::prompt::Answer;
use crate::{State, step};

/// The plan of a runbook with this body.
pub(crate) fn plan(body: &str) -> Plan {
    let mut sources = Sources::default();
    let text = format!("rbk 1\nrunbook \"A case\"\n\n{body}\n");
    let id = sources.add("case.rbk", text);
    let (root, told) = runbook_grammar::parse(sources.get(id));
    assert!(told.is_empty(), "{body}\n{told:?}");
    let modules = Vec::new();
    let (plan, told) = runbook_plan::resolve(&Files { root, modules });
    plan.unwrap_or_else(|| panic!("{body}\n{told:?}"))
}

pub(crate) struct Case<'p> {
    pub plan: &'p Plan,
    pub state: State,
    pub now: Moment,
    pub wished: Vec<Effect>,
}

impl<'p> Case<'p> {
    pub fn of(plan: &'p Plan) -> Case<'p> {
        let mut case = Case {
            plan,
            state: State::default(),
            now: Moment::default(),
            wished: Vec::new(),
        };
        case.happens(Event::Started(Started {
            run: "run-1".into(),
            operator: "ada".into(),
            ..Started::default()
        }));
        case
    }

    pub fn happens(&mut self, event: Event) {
        let fact = Fact {
            at: self.now,
            event,
        };
        let (state, effects) = step(self.plan, std::mem::take(&mut self.state), &fact);
        self.state = state;
        self.wished.extend(effects);
    }

    pub fn later(&mut self, ms: i64) {
        self.now.wall += ms;
        self.now.boot += ms;
        self.happens(Event::Ticked);
    }

    /// The number of the last command, question or other wish that is answered by an event.
    fn last(&self, of: fn(&Effect) -> Option<EffectId>) -> EffectId {
        let found = self.wished.iter().rev().find_map(of);
        found.unwrap_or_else(|| panic!("{:?}", self.wished))
    }

    /// The last command ends well and prints this.
    pub fn prints(&mut self, text: &str) {
        let effect = self.last(|effect| match effect {
            Effect::Run(run) => Some(run.id),
            _ => None,
        });
        self.happens(Event::Exited {
            effect,
            exit: Exit::Code(0),
            output: Captured {
                text: text.into(),
                bytes: text.len() as u64,
                ..Captured::default()
            },
            stderr: Captured::default(),
            elapsed_ms: 0,
            leaked: Vec::new(),
        });
    }

    pub fn answers(&mut self, answer: Answer) {
        let effect = self.last(|effect| match effect {
            Effect::Ask { id, .. } => Some(*id),
            _ => None,
        });
        let by = "ada".into();
        self.happens(Event::Answered { effect, answer, by });
    }

    pub fn has_what_it_needs(&mut self) {
        let effect = self.last(|effect| match effect {
            Effect::CheckNeeds { id, .. } => Some(*id),
            _ => None,
        });
        let missing = Vec::new();
        self.happens(Event::NeedsChecked { effect, missing });
    }
}
