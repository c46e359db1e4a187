//! The sustained clock of a `trigger`: whether what it looks for has held unbroken for long enough.
//!
//! A window is what was seen, and nothing else. Two samples that follow each other stand for the time between them;
//! where one is missing between them nobody knows what was, and the window begins anew. A sample is missing where
//!
//! - the next one comes more than half an interval late (the machine slept, the watch was stopped), or
//! - the watch was ended and was not there again when the next one was due.
//!
//! So the same samples, with some cut out and the watch begun again behind the cut, never fire earlier than all of
//! them do. Clocks count from a boot: after another boot a window begins anew, too, for a wall clock may be set.

use serde::{Deserialize, Serialize};

/// What one sample says of what is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    Holds,
    HoldsNot,
    /// It could not be sampled.
    Unknown,
}

/// A moment that can be held against one of an earlier watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Milliseconds since the boot, time asleep included.
    pub boot: i64,
    /// Tells the boot from all others; empty where the system does not say.
    pub boot_id: String,
}

impl Stamp {
    /// Milliseconds from an earlier moment to this one; nothing where nobody can know.
    pub fn since(&self, earlier: &Stamp) -> Option<u64> {
        match !self.boot_id.is_empty() && self.boot_id == earlier.boot_id {
            true => u64::try_from(self.boot.saturating_sub(earlier.boot)).ok(),
            false => None,
        }
    }
}

/// How far a trigger is. It outlives the watch as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When the first of an unbroken row of samples that hold began.
    pub since: Option<Stamp>,
    /// When the last sample began.
    pub last: Option<Stamp>,
}

/// What a trigger wants. Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub every_ms: u64,
    /// 0: the first sample that holds is enough.
    pub lasting_ms: u64,
}

/// What a sample comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub verdict: Verdict,
    /// A row of samples that held and came to its end with this one.
    pub broken: Option<Broken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Quiet,
    /// It has held for so long, in milliseconds.
    Holding(u64),
    /// The same, and that is long enough.
    Fires(u64),
}

/// How far a window was when it began anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Milliseconds.
    pub held_ms: u64,
    pub by: BrokenBy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokenBy {
    HoldsNot,
    Unknown,
    /// Nobody sampled for so many milliseconds; missing where nobody can know how many.
    Gap(Option<u64>),
}

/// How a watch that begins again goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// Milliseconds until the next sample is due.
    pub due_ms: u64,
    pub broken: Option<Broken>,
}

impl Window {
    /// A watch begins, with what an earlier one left. Where it is back before the next sample was due, that sample
    /// is taken when it is due, as if nothing had been.
    pub fn again(&mut self, wanted: Wanted, now: &Stamp) -> Again {
        let Some(last) = &self.last else {
            return Again {
                due_ms: 0,
                broken: None,
            };
        };
        match now.since(last) {
            Some(gap) if gap <= wanted.every_ms => Again {
                due_ms: wanted.every_ms - gap,
                broken: None,
            },
            gap => Again {
                due_ms: 0,
                broken: self.broken(BrokenBy::Gap(gap)),
            },
        }
    }

    /// Takes a sample in: what it says, and when it began.
    pub fn take(&mut self, wanted: Wanted, seen: Seen, began: &Stamp) -> Taken {
        let gap = self.last.as_ref().map(|last| began.since(last));
        let late = wanted.every_ms.saturating_add(wanted.every_ms / 2);
        let mut broken = match gap {
            Some(Some(gap)) if gap <= late => None,
            Some(gap) => self.broken(BrokenBy::Gap(gap)),
            None => None,
        };
        let verdict = match seen {
            Seen::Holds => {
                let held = began.since(self.since.get_or_insert_with(|| began.clone()));
                // Where the system does not tell boots apart nothing can last.
                match held.unwrap_or(0) {
                    held if held >= wanted.lasting_ms => Verdict::Fires(held),
                    held => Verdict::Holding(held),
                }
            }
            Seen::HoldsNot => {
                broken = broken.or(self.broken(BrokenBy::HoldsNot));
                Verdict::Quiet
            }
            Seen::Unknown => {
                broken = broken.or(self.broken(BrokenBy::Unknown));
                Verdict::Quiet
            }
        };
        self.last = Some(began.clone());
        Taken { verdict, broken }
    }

    /// Forgets since when it held, and says how long it had, where it had.
    fn broken(&mut self, by: BrokenBy) -> Option<Broken> {
        let since = self.since.take()?;
        let held = self.last.as_ref().and_then(|last| last.since(&since));
        Some(Broken {
            held_ms: held.unwrap_or(0),
            by,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted = Wanted {
        every_ms: 10_000,
        lasting_ms: 60_000,
    };

    fn at(seconds: i64) -> Stamp {
        Stamp {
            boot: seconds * 1000,
            boot_id: "this".into(),
        }
    }

    /// A watch told in a line: `10H` a sample that holds at 10 s, `N` holds not, `?` unknown, `!` the watch begins
    /// again. What came of each: the seconds held, `-` quiet, `*` fires; behind a `<` how long a broken row had held;
    /// of a watch that begins again, in how many seconds it samples.
    fn told(story: &str) -> String {
        let mut window = Window::default();
        let mut told = Vec::new();
        for word in story.split_whitespace() {
            let (when, what) = word.split_at(word.len() - 1);
            let when = at(when.parse().unwrap());
            let broken = |broken: Option<Broken>| {
                broken.map_or(String::new(), |broken| {
                    format!("<{}", broken.held_ms / 1000)
                })
            };
            let seen = match what {
                "H" => Seen::Holds,
                "N" => Seen::HoldsNot,
                "?" => Seen::Unknown,
                _ => {
                    let again = window.again(WANTED, &when);
                    told.push(format!("+{}{}", again.due_ms / 1000, broken(again.broken)));
                    continue;
                }
            };
            let taken = window.take(WANTED, seen, &when);
            let verdict = match taken.verdict {
                Verdict::Quiet => "-".to_owned(),
                Verdict::Holding(ms) => (ms / 1000).to_string(),
                Verdict::Fires(_) => "*".to_owned(),
            };
            told.push(verdict + &broken(taken.broken));
        }
        told.join(" ")
    }

    #[test]
    fn what_a_watch_comes_to() {
        for (story, wanted) in [
            ("0H 10H 20H 30H 40H 50H 60H 70H", "0 10 20 30 40 50 * *"),
            ("0N 10H 20H 30N 40H", "- 0 10 -<10 0"),
            // What failed is unknown, and does not count as holding.
            ("0H 10H 20? 30H 90H", "0 10 -<10 0 0<0"),
            ("0? 10? 20N", "- - -"),
            // A little late is late; half an interval is a sample that is missing.
            ("0H 14H 29H 44H 60H", "0 14 29 44 0<44"),
            // Back before the next sample was due: it goes on, with that sample.
            ("0H 10H 12! 20H 30H 40H 50H 60H", "0 10 +8 20 30 40 50 *"),
            ("0H 10H 20! 20H", "0 10 +0 20"),
            // Back too late: what was meanwhile is unknown, however it is now.
            ("0H 10H 21! 21H 81H", "0 10 +0<10 0 0<0"),
            ("0H 50! 50N", "0 +0<0 -"),
            ("0! 0H 60!", "+0 0 +0<0"),
            // A row that was long enough and could not start a run goes on being so.
            (
                "0H 10H 20H 30H 40H 50H 60H 62! 70H 80N",
                "0 10 20 30 40 50 * +8 * -<70",
            ),
        ] {
            assert_eq!(told(story), wanted, "{story}");
        }
    }

    #[test]
    fn without_a_duration_the_first_that_holds_fires() {
        let wanted = Wanted {
            lasting_ms: 0,
            ..WANTED
        };
        let mut window = Window::default();
        let taken = window.take(wanted, Seen::HoldsNot, &at(0));
        assert_eq!(taken.verdict, Verdict::Quiet);
        let taken = window.take(wanted, Seen::Holds, &at(10));
        assert_eq!(taken.verdict, Verdict::Fires(0));
    }

    #[test]
    fn another_boot_and_a_clock_that_goes_back_begin_anew() {
        let other = Stamp {
            boot: 15_000,
            boot_id: "other".into(),
        };
        for then in [other.clone(), at(-5)] {
            let mut window = Window::default();
            window.take(WANTED, Seen::Holds, &at(0));
            window.take(WANTED, Seen::Holds, &at(10));
            let broken = Broken {
                held_ms: 10_000,
                by: BrokenBy::Gap(None),
            };
            let mut again = window.clone();
            assert_eq!(
                again.again(WANTED, &then),
                Again {
                    due_ms: 0,
                    broken: Some(broken.clone())
                }
            );
            assert_eq!(
                window.take(WANTED, Seen::Holds, &then),
                Taken {
                    verdict: Verdict::Holding(0),
                    broken: Some(broken)
                }
            );
        }
        // Where the system does not say which boot it is, nothing is known of before.
        let nameless = Stamp::default();
        assert_eq!(nameless.since(&nameless), None);
    }
}
