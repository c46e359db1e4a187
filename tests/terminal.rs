//! The engine and its person: a real `runbook` at a pseudo-terminal, and everything that happens to one. Rows O and
//! T10 of the fault matrix are here, each under its own name.
//!
//! | file | what it holds |
//! |---|---|
//! | [`signals`] | every signal that ends an engine, at every kind of question |
//! | [`events`] | keys that are no answer, job control, another size, a sudden end, a closed terminal |
//! | [`running`] | the same while a step runs, and while the run waits |
//! | [`watching`] | before there is a run: `runbook watch`, `runbook new` |
//! | [`typing`] | what is typed and pasted at the wrong time |
//! | [`output`] | output that is up to something |
//! | [`blocked`] | terminals and pipes that take nothing, and mistakes of the engine |
//! | [`secrets`] | secrets that are shown, asked for and typed |
//! | [`looks`] | terminals that can do little, and none at all |
//! | [`pty`] | the terminal: keys in, a model of the screen out |
//! | [`clocks`] | what runs out meanwhile |
//! | [`kinds`] | every kind of question, in the smallest runbook that leads to it |

mod blocked;
mod clocks;
mod doubt;
mod events;
mod kinds;
mod looks;
mod output;
pub mod pty;
mod running;
mod secrets;
mod signals;
mod typing;
mod watching;

use kinds::of_every_kind;

#[test]
fn every_kind_of_question_is_put_and_answered() {
    of_every_kind(|kind| {
        let (_ground, mut pty) = kind.asked();
        kind.answer(&mut pty);
    });
}
