//! Deadlines as data.

use crate::event::Moment;
use serde::{Deserialize, Serialize};

/// An absolute limit on both clocks. Within the boot it was set in, boot time decides, since a wall clock
/// may be set; after a reboot only wall time is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    pub at: Moment,
    pub boot_id: String,
}
