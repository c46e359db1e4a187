//! What really happens: files, processes, clock, signals, the journal, the person.
//!
//! | file | what it holds |
//! |---|---|
//! | [`journal`] | facts, durable before they are believed |
//! | [`clock`] | wall and boot time |
//! | [`operator`] | the person, as a trait |
//! | [`codes`], [`error`] | what is refused, and in which words |

pub mod clock;
pub mod codes;
pub mod error;
pub mod journal;
pub mod operator;
