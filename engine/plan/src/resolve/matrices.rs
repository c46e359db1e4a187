//! Decision tables: columns found by their headings, cells read as the types of their columns.

use super::Resolver;
use super::scope::Names;
use crate::codes;
use crate::expr::ExprKind;
use crate::ids::MatrixId;
use crate::plan::{Column, Matrix, MatrixRow, Test};
use crate::show::ty as words;
use crate::value::{Type, Value};
use runbook_grammar::ast::{self, BinaryOp, CellTest, ExprKind as A, TypeKind};
use runbook_grammar::span::Span;

/// A matrix as written, and what is known of it.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    unit: usize,
    ast: &'a ast::Matrix,
    /// All inputs, then all outputs: name and type, a wrong type being nothing.
    pub columns: Option<Vec<(&'a str, Option<Type>)>>,
    /// Where each of them stands in the table.
    places: Vec<Option<usize>>,
    /// Everything about it is right.
    pub sound: bool,
}

impl<'a> Slot<'a> {
    pub fn new(unit: usize, ast: &'a ast::Matrix) -> Slot<'a> {
        Slot {
            unit,
            ast,
            columns: None,
            places: Vec::new(),
            sound: false,
        }
    }

    fn formals(&self) -> impl Iterator<Item = &'a ast::Formal> + use<'a> {
        self.ast.inputs.iter().chain(&self.ast.outputs)
    }

    /// Whether a column takes its type from another column.
    pub fn borrows(&self, name: &str) -> bool {
        self.formals()
            .any(|formal| formal.name.text == name && matches!(formal.ty.kind, TypeKind::Column(_)))
    }

    /// Which outputs are a `choice`.
    pub fn choices(&self) -> Vec<usize> {
        self.ast
            .outputs
            .iter()
            .enumerate()
            .filter(|(_, output)| output.ty.kind == TypeKind::Choice)
            .map(|(at, _)| at)
            .collect()
    }

    pub fn inputs(&self) -> usize {
        self.ast.inputs.len()
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn resolve_matrices(&mut self) {
        // Types of columns may name columns of other matrices, so those that do come last.
        for late in [false, true] {
            for at in 0..self.matrices.len() {
                self.here = self.matrices[at].unit;
                self.columns(at, late);
            }
        }
        let severities: Vec<String> = self.units[0]
            .file
            .body
            .iter()
            .filter_map(|stmt| match &stmt.kind {
                ast::StmtKind::Severity { name, .. } => Some(name.text.clone()),
                _ => None,
            })
            .collect();
        for at in 0..self.matrices.len() {
            self.here = self.matrices[at].unit;
            let matrix = self.rows(at);
            let ast = self.matrices[at].ast;
            match matrix {
                Some(matrix) => {
                    let found = crate::matrix::prove(&matrix, &severities, ast.name.span);
                    self.matrices[at].sound = found.is_empty();
                    found.into_iter().for_each(|found| self.report(found));
                    self.plan.matrices.push(matrix);
                }
                None => {
                    self.broken();
                    self.plan.matrices.push(Matrix {
                        name: ast.name.text.clone(),
                        inputs: Vec::new(),
                        outputs: Vec::new(),
                        first: ast.first,
                        rows: Vec::new(),
                    });
                }
            }
        }
        self.here = 0;
    }

    fn columns(&mut self, at: usize, late: bool) {
        let ast = self.matrices[at].ast;
        if late {
            for (n, formal) in self.matrices[at].formals().enumerate() {
                if let TypeKind::Column(_) = formal.ty.kind {
                    let ty = self.column_of(formal, n < ast.inputs.len());
                    if let Some(columns) = &mut self.matrices[at].columns {
                        columns[n].1 = ty;
                    }
                }
            }
            return;
        }
        let mut headings: Names<'a, usize> = Names::default();
        for (n, cell) in ast.table.head.iter().enumerate() {
            if let Err(first) = headings.insert(&cell.text, n, cell.span) {
                self.taken("column", &cell.text, cell.span, first);
            }
        }
        let mut seen: Names<'a, ()> = Names::default();
        let mut columns = Vec::new();
        let mut places = Vec::new();
        for (n, formal) in self.matrices[at].formals().enumerate() {
            let name = &formal.name;
            if let Err(first) = seen.insert(&name.text, (), name.span) {
                self.taken("column", &name.text, name.span, first);
            }
            let place = headings.get(&name.text).copied();
            if place.is_none() {
                let known: Vec<&str> = headings.keys().collect();
                let help = match self.near(&name.text, known) {
                    Some(near) => format!("did you mean `{near}`, as the table says?"),
                    None => format!("add a column headed `{}` to the table", name.text),
                };
                self.error(
                    codes::MATRIX_COLUMN,
                    format!("the table has no column headed `{}`", name.text),
                    name.span,
                    "named in the signature",
                    help,
                );
            }
            let ty = match (&formal.ty.kind, place) {
                (TypeKind::Column(_), _) => None,
                (TypeKind::Choice, Some(place)) => Some(self.choice(&ast.table, place)),
                (TypeKind::Choice, None) => None,
                _ => self.column_of(formal, n < ast.inputs.len()),
            };
            columns.push((name.text.as_str(), ty));
            places.push(place);
        }
        self.matrices[at].columns = Some(columns);
        self.matrices[at].places = places;
    }

    fn column_of(&mut self, formal: &'a ast::Formal, input: bool) -> Option<Type> {
        let ty = self.type_of(&formal.ty)?;
        let ty = match ty {
            // The values of another column, whether or not they may be missing there.
            Type::Optional(inner) if matches!(formal.ty.kind, TypeKind::Column(_)) => *inner,
            ty => ty,
        };
        let fits = match &ty {
            Type::Bool
            | Type::OneOf(_)
            | Type::Severity
            | Type::Number
            | Type::Percent
            | Type::Duration => true,
            Type::Text | Type::Url | Type::Path | Type::Time => !input,
            _ => false,
        };
        if fits {
            return Some(ty);
        }
        self.error(
            codes::MATRIX_COLUMN,
            format!(
                "a column of type `{}` cannot be {}",
                words(&ty),
                if input { "decided by" } else { "given" }
            ),
            formal.ty.span,
            "no type for this column",
            if input {
                "write choice, bool, one of […], severity, number, percent or duration"
            } else {
                "write choice, severity, text, number, percent, duration, bool or one of […]"
            },
        );
        None
    }

    /// The closed set of values that stand in a column, in the order they stand there.
    fn choice(&mut self, table: &'a ast::Table, place: usize) -> Type {
        fn take<'a>(test: &'a CellTest, seen: &mut Names<'a, ()>, values: &mut Vec<String>) {
            match test {
                CellTest::Value(expr) | CellTest::Compare(_, expr) => {
                    let (text, span): (&'a str, Span) = match &expr.kind {
                        A::Name(name) => (&name.text, name.span),
                        A::Text(text) => match &*text.parts {
                            [ast::StrPart::Text { text, .. }] => (text, expr.span),
                            _ => return,
                        },
                        _ => return,
                    };
                    if seen.insert(text, (), span).is_ok() {
                        values.push(text.to_owned());
                    }
                }
                CellTest::List(tests) => {
                    for test in tests {
                        take(test, seen, values);
                    }
                }
                CellTest::Any | CellTest::Range(..) => {}
            }
        }
        let mut seen = Names::default();
        let mut values = Vec::new();
        for row in &table.rows {
            if let Some(test) = row.cells.get(place).and_then(|cell| cell.test.as_ref()) {
                take(test, &mut seen, &mut values);
            }
        }
        Type::OneOf(values)
    }

    fn rows(&mut self, at: usize) -> Option<Matrix> {
        let ast = self.matrices[at].ast;
        let columns = self.matrices[at].columns.clone()?;
        let places: Option<Vec<usize>> = self.matrices[at].places.iter().copied().collect();
        let types: Option<Vec<(&str, Type)>> = columns
            .into_iter()
            .map(|(name, ty)| Some((name, ty?)))
            .collect();
        let (places, types) = (places?, types?);
        if ast.table.rows.is_empty() {
            self.error(
                codes::MATRIX_COLUMN,
                format!("the matrix `{}` has no rows", ast.name.text),
                ast.table.span,
                "decides nothing",
                "write a row for each case",
            );
            return None;
        }
        let inputs = ast.inputs.len();
        let mut whole = true;
        let mut rows = Vec::with_capacity(ast.table.rows.len());
        for row in &ast.table.rows {
            if row.cells.len() != ast.table.head.len() {
                self.error(
                    codes::MATRIX_CELL,
                    format!(
                        "a row has {} cells, and the table {} columns",
                        row.cells.len(),
                        ast.table.head.len()
                    ),
                    row.span,
                    "does not fit the heading",
                    "write one cell for each column; `\\|` is a bar inside a cell",
                );
                whole = false;
                continue;
            }
            let mut tests = Vec::with_capacity(inputs);
            let mut gives = Vec::with_capacity(types.len() - inputs);
            for (n, (place, (_, ty))) in places.iter().zip(&types).enumerate() {
                let cell = &row.cells[*place];
                let Some(test) = &cell.test else {
                    self.broken();
                    whole = false;
                    continue;
                };
                if n < inputs {
                    tests.extend(self.test(test, ty));
                } else {
                    match test {
                        CellTest::Value(value) => gives.extend(self.cell(value, ty)),
                        _ => self.error(
                            codes::MATRIX_CELL,
                            format!("`{}` is a test, and this column gives a value", cell.text),
                            cell.span,
                            "stands in a column of an output",
                            format!("write one value of type `{}`", words(ty)),
                        ),
                    }
                }
            }
            whole &= tests.len() == inputs && gives.len() == types.len() - inputs;
            let notes = row
                .cells
                .iter()
                .enumerate()
                .filter(|(n, _)| !places.contains(n))
                .map(|(n, cell)| (ast.table.head[n].text.clone(), cell.text.clone()))
                .collect();
            rows.push(MatrixRow {
                tests,
                gives,
                notes,
                span: row.span,
            });
        }
        let column = |(name, ty): &(&str, Type)| Column {
            name: (*name).to_owned(),
            ty: ty.clone(),
        };
        whole.then(|| Matrix {
            name: ast.name.text.clone(),
            inputs: types[..inputs].iter().map(column).collect(),
            outputs: types[inputs..].iter().map(column).collect(),
            first: ast.first,
            rows,
        })
    }

    fn test(&mut self, test: &'a CellTest, ty: &Type) -> Option<Test> {
        Some(match test {
            CellTest::Any => Test::Any,
            CellTest::Value(value) => Test::Is(self.cell(value, ty)?),
            CellTest::Compare(op, value) => {
                let value = self.cell(value, ty)?;
                match op {
                    BinaryOp::Less => Test::Less(value),
                    BinaryOp::LessEqual => Test::LessEqual(value),
                    BinaryOp::Greater => Test::Greater(value),
                    BinaryOp::GreaterEqual => Test::GreaterEqual(value),
                    BinaryOp::NotEqual => Test::NotEqual(value),
                    _ => Test::Is(value),
                }
            }
            CellTest::Range(from, to) => {
                let from = self.cell(from, ty);
                let to = self.cell(to, ty);
                Test::Between(from?, to?)
            }
            CellTest::List(tests) => {
                let read: Vec<Option<Test>> =
                    tests.iter().map(|test| self.test(test, ty)).collect();
                Test::OneOf(read.into_iter().collect::<Option<_>>()?)
            }
        })
    }

    /// A fixed value: of a cell, or of an arm that a cell leads to.
    pub(super) fn cell(&mut self, value: &'a ast::Expr, ty: &Type) -> Option<Value> {
        if let A::Name(name) = &value.kind {
            return match ty {
                Type::OneOf(_) | Type::Severity => {
                    match self.literal(&name.text, ty, name.span)?.kind {
                        ExprKind::Literal(value) => Some(value),
                        _ => None,
                    }
                }
                _ => {
                    self.error(
                        codes::MATRIX_CELL,
                        format!("`{}` is no value of `{}`", name.text, words(ty)),
                        name.span,
                        "a word without quotes",
                        match ty {
                            Type::Text => format!("write \"{}\"", name.text),
                            Type::Bool => "write yes or no".to_owned(),
                            Type::Percent => "write a percentage such as `10%`".to_owned(),
                            Type::Duration => "write a duration such as `5m`".to_owned(),
                            ty => format!("write a value of type `{}`", words(ty)),
                        },
                    );
                    None
                }
            };
        }
        let found = self.typed(value, ty)?;
        match found.kind {
            ExprKind::Literal(value) => Some(value),
            ExprKind::Negate(of) => match of.kind {
                ExprKind::Literal(Value::Number(n)) => Some(Value::Number(-n)),
                ExprKind::Literal(Value::Percent(n)) => Some(Value::Percent(-n)),
                _ => {
                    self.not_fixed(value.span);
                    None
                }
            },
            _ => {
                self.not_fixed(value.span);
                None
            }
        }
    }

    fn not_fixed(&mut self, span: Span) {
        self.error(
            codes::MATRIX_CELL,
            "a cell holds something that is not known before the run",
            span,
            "is computed",
            "write the value out",
        );
    }

    pub(super) fn matrix_slot(&self, id: MatrixId) -> &Slot<'a> {
        &self.matrices[id.index()]
    }
}
