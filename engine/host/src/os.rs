//! What the engine asks of the operating system once, at its start.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit};

/// Makes this program fit to be an engine: children are reported and never ignored, orphans come to it, writing
/// to a closed pipe, a file size limit or the terminal's background is an error and no death, and nothing of
/// its memory is dumped.
pub fn begin_engine() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    rustix::process::setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
