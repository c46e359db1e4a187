//! The journal: a run's facts, durable before they are believed.
//!
//! | file | what it holds |
//! |---|---|
//! | [`record`] | the form of a line |
//! | [`writer`] | appending and syncing |
//! | [`reader`] | reading, checking, judging the tail |
//! | [`go_on`] | appending again where a reading ended |
//! | [`disk`] | what the writer asks of a file |
//!
//! What acts has an [`record::Intent`] and an identity on the disk before its gate opens. What looks has
//! neither: a `?` that was in flight at a crash is run again, so its outcome alone is worth a record.

pub mod disk;
pub mod go_on;
pub mod reader;
pub mod record;
pub mod writer;

pub use go_on::Cut;
pub use reader::{Piece, Reader, Reading, Tail, read, salvage};
pub use record::{Body, HostRecord, Record};
pub use writer::{End, Entry, Journal};

#[cfg(test)]
mod edge_tests;
#[cfg(test)]
mod tests;
