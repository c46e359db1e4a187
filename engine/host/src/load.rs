//! From a path to what stands there: the runbook and all modules it uses, each read once. The bytes that are
//! parsed are the bytes that are hashed, copied and run.

/// One file of a load, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// As named to a person.
    pub name: String,
    /// As modules know it: empty for the runbook, `std.git`, else the path below the runbook's folder.
    pub module: String,
    /// Absolute; empty for the standard library.
    pub path: String,
    pub bytes: Vec<u8>,
}
