//! What really happens: files, processes, clock, signals, the journal, the person.

pub mod operator;
