//! Commands as real processes, each with a fault that must be seen to have fired.

#[path = "process/background.rs"]
mod background;
#[path = "process/cgroups.rs"]
mod cgroups;
#[path = "process/counts.rs"]
mod counts;
#[path = "process/ends.rs"]
mod ends;
#[path = "process/faults.rs"]
mod faults;
#[path = "process/limits.rs"]
mod limits;
#[path = "process/orphans.rs"]
mod orphans;
#[path = "process/terminal.rs"]
mod terminal;
#[path = "process/world.rs"]
mod world;
