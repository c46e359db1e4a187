//! The two clocks, and which boot they count from.

use std::sync::OnceLock;

use runbook_core::clock::Deadline;
use runbook_core::event::Moment;
use rustix::time::{ClockId, clock_gettime};

/// Wall time and boot time, suspended time included, in milliseconds.
pub fn now() -> Moment {
    let milliseconds = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec
            .saturating_mul(1000)
            .saturating_add(time.tv_nsec / 1_000_000)
    };
    Moment {
        wall: milliseconds(ClockId::Realtime),
        boot: milliseconds(ClockId::Boottime),
    }
}

/// Tells one boot of one machine from every other; empty where the system does not say.
pub fn boot_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    })
}

/// Milliseconds until a deadline, zero or less where it has passed. Within its boot, boot time decides.
pub fn remaining(deadline: &Deadline, now: Moment, boot_id: &str) -> i64 {
    if !deadline.boot_id.is_empty() && deadline.boot_id == boot_id {
        deadline.at.boot.saturating_sub(now.boot)
    } else {
        deadline.at.wall.saturating_sub(now.wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(wall: i64, boot: i64) -> Deadline {
        Deadline {
            at: Moment { wall, boot },
            boot_id: "this".into(),
        }
    }

    #[test]
    fn within_a_boot_a_set_wall_clock_changes_nothing() {
        let now = Moment {
            wall: 10 * 86_400_000,
            boot: 1_000,
        };
        assert_eq!(remaining(&deadline(5_000, 4_000), now, "this"), 3_000);
    }

    #[test]
    fn after_a_reboot_only_wall_time_is_left() {
        let now = Moment {
            wall: 4_000,
            boot: 9_000_000,
        };
        assert_eq!(remaining(&deadline(5_000, 4_000), now, "another"), 1_000);
    }
}
