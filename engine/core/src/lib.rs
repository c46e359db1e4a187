//! What happens next: `(&Plan, State, &Fact) -> (State, Vec<Effect>)`.

pub mod clock;
pub mod effect;
pub mod event;
pub mod prompt;
pub mod view;
