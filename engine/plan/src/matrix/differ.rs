//! Two versions of one decision table: inputs on which they decide differently.

use crate::plan::{Column, Matrix, MatrixRow};
use crate::show;
use crate::value::{Type, Value};

use super::atoms::Atoms;
use super::space::{self, Boxed};

/// How many inputs are looked for.
const AT_MOST: usize = 12;
/// Pairs of rows that are looked at.
const PAIRS: usize = 400_000;

/// A version, and the declared severities of its runbook, in order.
#[derive(Clone, Copy)]
pub struct Version<'m> {
    pub matrix: &'m Matrix,
    pub severities: &'m [String],
}

/// An input on which two versions take rows with different outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Column and value, as a person would write it.
    pub input: Vec<(String, String)>,
    pub old: Taken,
    pub new: Taken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Counted from 1.
    pub row: usize,
    /// Column and value.
    pub gives: Vec<(String, String)>,
}

/// What two versions decide differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Differing {
    /// One input for each pair of rows that share inputs and differ in what they give; of all there are, or the first.
    Known(Vec<Decided>, Complete),
    /// It cannot be said, and why, in words.
    Unknown(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complete {
    Yes,
    No,
}

/// Finds inputs on which two versions differ. An input column that one of them has not counts there for nothing, and
/// of the outputs those count that both have. Both must be proven.
pub fn differing(old: Version<'_>, new: Version<'_>) -> Differing {
    let columns = match joint_columns(old.matrix, new.matrix) {
        Ok(columns) => columns,
        Err(why) => return Differing::Unknown(why),
    };
    let mut severities = old.severities.to_vec();
    let more = new
        .severities
        .iter()
        .filter(|s| !old.severities.contains(s));
    severities.extend(more.cloned());
    let cut: Vec<Atoms> = columns
        .iter()
        .map(|column| {
            let tests = [old.matrix, new.matrix].into_iter().flat_map(|matrix| {
                let at = place(matrix, column);
                let rows = matrix.rows.iter();
                rows.filter_map(move |row| row.tests.get(at?))
            });
            Atoms::cut(column, tests, &severities)
        })
        .collect();
    let sizes: Vec<usize> = cut.iter().map(Atoms::count).collect();
    let mut boxes: Vec<Boxed> = Vec::new();
    for matrix in [old.matrix, new.matrix] {
        for row in &matrix.rows {
            let mut sides = Vec::new();
            for ((column, atoms), all) in columns.iter().zip(&cut).zip(space::all(&sizes)) {
                let test = place(matrix, column).and_then(|at| row.tests.get(at));
                sides.push(match test {
                    None => all,
                    Some(test) => match atoms.those(test) {
                        Ok(side) => side,
                        Err(_) => {
                            return Differing::Unknown(format!(
                                "the values of `{}` do not compare",
                                column.name
                            ));
                        }
                    },
                });
            }
            boxes.push(sides);
        }
    }
    let (olds, news) = boxes.split_at(old.matrix.rows.len());
    let pairs = space::overlaps(&boxes, &sizes, PAIRS);
    if pairs.len() >= PAIRS {
        return Differing::Unknown("its rows overlap in too many ways".to_owned());
    }
    let mut found = Vec::new();
    for (i, j) in pairs {
        let Some(j) = j.checked_sub(olds.len()) else {
            continue;
        };
        if i >= olds.len() {
            continue;
        }
        let (before, after) = (gives(old.matrix, i), gives(new.matrix, j));
        let same = before.iter().all(|(name, value)| {
            let other = after.iter().find(|(other, _)| other == name);
            other.is_none_or(|(_, other)| other == value)
        });
        if same {
            continue;
        }
        let shared: Boxed = olds[i]
            .iter()
            .zip(&news[j])
            .map(|(a, b)| space::meet(a, b))
            .collect();
        // Of a `first` matrix only what no row above takes.
        let mut above: Vec<Boxed> = Vec::new();
        for (matrix, rows, at) in [(old.matrix, olds, i), (new.matrix, news, j)] {
            if matrix.first {
                let meets = rows[..at].iter().filter(|row| space::meets(row, &shared));
                above.extend(meets.cloned());
            }
        }
        let point: Vec<usize> = if above.is_empty() {
            let sides = shared.iter().zip(&cut);
            sides.map(|(side, atoms)| atoms.telling(side)).collect()
        } else {
            match space::uncovered(&shared, &above, &sizes) {
                Ok(Some(point)) => point,
                Ok(None) => continue,
                Err(_) => {
                    return Differing::Unknown("its rows overlap in too many ways".to_owned());
                }
            }
        };
        if found.len() == AT_MOST {
            return Differing::Known(found, Complete::No);
        }
        found.push(Decided {
            input: columns
                .iter()
                .zip(&cut)
                .zip(&point)
                .map(|((column, atoms), atom)| (column.name.clone(), atoms.example(*atom)))
                .collect(),
            old: Taken {
                row: i + 1,
                gives: before,
            },
            new: Taken {
                row: j + 1,
                gives: after,
            },
        });
    }
    Differing::Known(found, Complete::Yes)
}

fn place(matrix: &Matrix, column: &Column) -> Option<usize> {
    let mut inputs = matrix.inputs.iter();
    inputs.position(|input| input.name == column.name)
}

/// The inputs of both, those of the new one first.
fn joint_columns(old: &Matrix, new: &Matrix) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for column in &new.inputs {
        let before = old.inputs.iter().find(|other| other.name == column.name);
        let ty = match before {
            None => column.ty.clone(),
            Some(before) => joint(&before.ty, &column.ty)
                .ok_or_else(|| format!("`{}` is of another type", column.name))?,
        };
        columns.push(Column {
            name: column.name.clone(),
            ty,
        });
    }
    let gone = old.inputs.iter();
    let gone = gone.filter(|column| !new.inputs.iter().any(|other| other.name == column.name));
    columns.extend(gone.cloned());
    Ok(columns)
}

fn joint(old: &Type, new: &Type) -> Option<Type> {
    match (old, new) {
        (Type::Optional(old), new) => joint(old, new),
        (old, Type::Optional(new)) => joint(old, new),
        (Type::OneOf(old), Type::OneOf(new)) => {
            let more = old.iter().filter(|name| !new.contains(name));
            Some(Type::OneOf(new.iter().chain(more).cloned().collect()))
        }
        (old, new) => (old == new).then(|| new.clone()),
    }
}

fn gives(matrix: &Matrix, row: usize) -> Vec<(String, String)> {
    let row: Option<&MatrixRow> = matrix.rows.get(row);
    let values = row.into_iter().flat_map(|row| &row.gives);
    let columns = matrix.outputs.iter().zip(values);
    let shown = |value: &Value| show::value(value);
    columns
        .map(|(column, value)| (column.name.clone(), shown(value)))
        .collect()
}
