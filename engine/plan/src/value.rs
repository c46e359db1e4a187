//! Values and their types, as they are at run time, in the journal and in answers.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The type of a name, a capture or a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Text,
    Number,
    Bool,
    Percent,
    Duration,
    Time,
    Url,
    Path,
    Severity,
    Json,
    /// A closed set, in the order it was written.
    OneOf(Vec<String>),
    List(Box<Type>),
    Optional(Box<Type>),
    /// Opaque: it may be passed to a command or a request, and nothing else.
    Secret,
}

/// A value. Serialised with its type beside it, so that the journal reads alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// An `optional` without a value.
    Missing,
    Text(String),
    Number(Decimal),
    Bool(bool),
    /// `10%` is 10.
    Percent(Decimal),
    /// Milliseconds.
    Duration(u64),
    /// Milliseconds since 1970, UTC.
    Time(i64),
    Url(String),
    Path(String),
    Severity(String),
    Json(serde_json::Value),
    List(Vec<Value>),
    /// Never the text itself: only the host can turn it into one, at the door of a process or a request.
    Secret(SecretId),
}

/// Index into [`crate::Plan::secrets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretId(pub u32);
