//! What happens next: `(&Plan, State, &Fact) -> (State, Vec<Effect>)`.

pub mod clock;
pub mod effect;
pub mod eval;
pub mod event;
pub mod fill;
pub mod prompt;
pub mod view;
