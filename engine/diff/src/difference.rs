//! What is different, as data: for people in words, for programs as JSON.

use serde::Serialize;

/// What is different about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `step`, `section`, `param`, `matrix`, …
    pub what: &'static str,
    /// Names with dots, as a run knows it; for what has no name, its heading.
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Around what has no name of its own: the nearest thing that has one.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Where the same is different in several places: all of them, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Place>,
    pub changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// All that is in it, a line each, indented by what is inside what.
    Added {
        lines: Vec<String>,
    },
    Removed {
        lines: Vec<String>,
    },
    Renamed {
        old: String,
        new: String,
    },
    /// To another section, procedure or block.
    Moved {
        old: String,
        new: String,
    },
    /// Among those beside it: what it stood behind, and stands behind.
    Reordered {
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<String>,
        old: String,
        new: String,
    },
    /// A policy, a title, a deadline, a type: what it is called, and how it is written.
    Fact {
        label: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<String>,
    },
    /// A statement.
    Line {
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<String>,
    },
    /// An input for which another row of the matrix is taken, with another answer.
    Decides {
        input: Vec<Cell>,
        old: Row,
        new: Row,
    },
    /// There may be more of them.
    DecidesMore,
    /// What a matrix decides cannot be compared.
    Undecided {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    pub column: String,
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Counted from 1.
    pub row: usize,
    pub gives: Vec<Cell>,
}

/// `up = yes, error_rate = 7%`
pub fn cells(cells: &[Cell]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| format!("{} = {}", cell.column, cell.value))
        .collect();
    cells.join(", ")
}

impl Difference {
    /// `step all.switch`, `undo, in step all.switch`
    pub fn heading(&self) -> String {
        let mut heading = match self.name.as_str() {
            "" => self.what.to_owned(),
            name => format!("{} {name}", self.what),
        };
        if let Some(within) = &self.within {
            heading += &format!(", in {within}");
        }
        heading
    }
}
