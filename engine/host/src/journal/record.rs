//! What a line of the journal says.
//!
//! ```text
//! <len: 8 hex><crc32c: 8 hex> <json>\n
//! ```
//!
//! `len` counts the bytes of the JSON; the checksum is over the eight digits of `len` and the JSON. The JSON
//! begins with an envelope, `v seq epoch t_wall t_boot prev`, and holds either an `event`, a fact that the core
//! folds, or a `host` record, which only the host reads. `prev` is the first half of the SHA-256 of the
//! previous line, header and newline included. Records of one write carry the `seq` of its first one as
//! `first`, so that a write torn by a power cut is told from damage to what was acknowledged.

use runbook_core::clock::Deadline;
use runbook_core::effect::{EffectId, EndWhy, Role};
use runbook_core::event::{Event, Moment};
use runbook_plan::plan::Outcome;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The format's version. A reader refuses another major, and only looks at a newer minor.
pub const MAJOR: u32 = 1;
pub const MINOR: u32 = 0;

/// Length, checksum and the blank.
pub const HEADER: usize = 17;

/// Longest JSON of a record. An output of 4 KiB rides inside; nothing grows without a bound.
pub const LONGEST: usize = 64 << 20;

/// One record, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// From 0, without a gap.
    pub seq: u64,
    /// How often an engine took the run up, from 1.
    pub epoch: u32,
    pub at: Moment,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    Event(Event),
    Host(HostRecord),
    /// Of a newer engine: it may be looked at, and the run cannot go on here.
    Unknown(String),
}

/// What the host writes for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostRecord {
    /// Record 0.
    Head(Head),
    /// Durable before the effect's gate opens.
    Intent(Intent),
    /// An engine took the run up; the event `resumed` follows.
    TakenUp(TakenUp),
    /// Salted hashes of the secrets as they were fetched, to see one that was rotated.
    Secrets { fingerprints: Vec<(String, String)> },
    /// A damaged last record was cut off with the operator's yes.
    TailCut { offset: u64, bytes: u64, by: String },
    /// The run goes on with the runbook as it was then: the facts before were held against it.
    Adopted(Adopted),
    /// What acts was asked about because a lost record may have been its intent.
    AskedAgain { effect: EffectId, by: String },
    Parked {
        why: String,
        until: Option<Deadline>,
    },
    Ended {
        outcome: Outcome,
        text: String,
        why: EndWhy,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// `1.0`
    pub format: String,
    pub engine: String,
    pub run: String,
    pub title: String,
    pub boot_id: String,
    pub host: String,
    pub uid: u32,
    /// IANA name, or empty where the system does not say.
    pub tz: String,
    /// The runbook first, then its modules in the order they were loaded.
    pub sources: Vec<SourceDigest>,
    /// Salt of the fingerprints of secrets.
    pub salt: String,
    /// Of the journal's file, to see one that is a copy; 0 where nobody looked.
    #[serde(default)]
    pub inode: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDigest {
    /// As named to a person.
    pub name: String,
    /// As modules know it: empty for the runbook, `std.git`, else the path below the runbook's folder.
    pub module: String,
    /// Where it was read, absolute; empty for the standard library.
    pub path: String,
    /// Under `source/` of the run.
    pub file: String,
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    pub effect: EffectId,
    pub path: String,
    pub attempt: u32,
    pub role: Role,
    /// Secrets as `‹name›`.
    pub command: String,
    /// The machine it runs on, by its name in the runbook; missing, this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Names alone: a value may be long, and stands in the command already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TakenUp {
    pub engine: String,
    pub boot_id: String,
    pub uid: u32,
    pub operator: String,
    /// As in the head: a person said that this copy goes on, or it is no copy.
    #[serde(default)]
    pub inode: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adopted {
    pub by: String,
    pub differences: Vec<String>,
    /// As in the head.
    pub sources: Vec<SourceDigest>,
}

/// The envelope and what it holds, borrowed from a line where that is possible.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    pub v: u32,
    pub seq: u64,
    pub epoch: u32,
    pub t_wall: i64,
    pub t_boot: i64,
    pub prev: &'a str,
    pub event: Option<Event>,
    pub host: Option<HostRecord>,
}

/// The envelope alone, for records whose content this engine does not know.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    pub seq: u64,
    pub epoch: u32,
    pub t_wall: i64,
    pub t_boot: i64,
    pub prev: &'a str,
    #[serde(borrow)]
    pub event: Option<&'a serde_json::value::RawValue>,
    #[serde(borrow)]
    pub host: Option<&'a serde_json::value::RawValue>,
}

/// A link of the chain: the first half of a SHA-256, 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link([u8; Link::DIGITS]);

impl Link {
    pub const DIGITS: usize = 32;

    /// What record 0 has for `prev`.
    pub const START: Link = Link([b'0'; Link::DIGITS]);

    /// Of a whole line, newline included.
    pub fn of(line: &[u8]) -> Link {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let hash = Sha256::digest(line);
        let mut hex = [0; Link::DIGITS];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(hash.iter()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Link(hex)
    }

    /// As a person gives one back.
    pub fn parse(text: &str) -> Option<Link> {
        let digits: [u8; Link::DIGITS] = text.to_ascii_lowercase().as_bytes().try_into().ok()?;
        digits
            .iter()
            .all(u8::is_ascii_hexdigit)
            .then_some(Link(digits))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Hex digits in lower case.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Eight hex digits at the start of `bytes`.
pub(super) fn eight_hex(bytes: &[u8]) -> Option<u32> {
    let mut value: u32 = 0;
    for byte in bytes.get(..8)? {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u32::from(digit);
    }
    Some(value)
}

/// The checksum of a record whose header's first eight bytes are `len`.
pub(super) fn checksum(len: &[u8], json: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(len), json)
}
