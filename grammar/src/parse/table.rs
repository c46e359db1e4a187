//! The rows of a matrix.

use super::head::{Head, Want};
use super::{Ctx, Kids, Pair, Rule, block, expr, flow, operand, text, types};
use crate::ast::{
    BinaryOp, Cell, CellTest, Expr, ExprKind, Formal, Matrix, Row, StmtKind, Str, Table,
};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// How many rows a table may have.
const MAX_ROWS: usize = 10_000;
/// How many columns.
const MAX_COLUMNS: usize = 1_000;

/// `matrix name(in: type) -> (out: type) first { … }`
pub(super) fn matrix<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> StmtKind {
    let mut head = Head::new(ctx, pair);
    let name = head.snake("a name in snake_case");
    let inputs = match head.take(Rule::formals) {
        Some(pair) => types::formals(head.ctx, pair),
        None => {
            head.missing("its inputs in parentheses");
            Vec::new()
        }
    };
    let outputs = match head
        .take(Rule::arrow)
        .and_then(|_| head.take(Rule::formals))
    {
        Some(pair) => types::formals(head.ctx, pair),
        None => {
            head.missing("`->` and its outputs in parentheses");
            Vec::new()
        }
    };
    let first = head.take(Rule::first).is_some();
    let mut table = Table {
        head: Vec::new(),
        rows: Vec::new(),
        span: head.empty_place(),
    };
    if let Some(pair) = head.own_block(Rule::table, Want::Must) {
        table = read(head.ctx, pair, &inputs, &outputs);
        head.heard();
    }
    head.end();
    StmtKind::Matrix(Box::new(Matrix {
        name,
        inputs,
        outputs,
        first,
        table,
    }))
}

/// What a column is to the signature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Input,
    Output,
    Note,
}

fn read<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, inputs: &[Formal], outputs: &[Formal]) -> Table {
    let span = ctx.pair_span(&pair);
    let rows = flow::own_lines(ctx, pair, |ctx, kid| {
        if kid.as_rule() == Rule::row {
            return Some(kid);
        }
        block::misplaced(ctx, kid, "a matrix", "begin every row with `|`");
        None
    });
    let mut rows = rows.into_iter();
    let mut table = Table {
        head: Vec::new(),
        rows: Vec::new(),
        span,
    };
    let Some(first) = rows.next() else {
        let place = span.first(1);
        ctx.push(
            Diagnostic::error(codes::TABLE_HEAD, "a matrix has no rows", place, "its rows belong here")
                .help("write a line of headings, a line of dashes, and the rows: `| up | response |`, `|----|----------|`, `| no | roll_back |`"),
        );
        return table;
    };
    let head_span = text::trimmed(ctx, &first);
    table.head = cells(ctx, first, &[]);
    if let Some(first) = table.head.get(MAX_COLUMNS) {
        let place = first.span;
        ctx.push(
            Diagnostic::error(
                codes::TABLE_TOO_LONG,
                format!("a table has more than {MAX_COLUMNS} columns"),
                place,
                "the first column too many",
            )
            .help("split the matrix in two"),
        );
        table.head.truncate(MAX_COLUMNS);
    }
    let roles: Vec<Role> = table
        .head
        .iter()
        .map(|cell| {
            if inputs.iter().any(|formal| formal.name.text == cell.text) {
                Role::Input
            } else if outputs.iter().any(|formal| formal.name.text == cell.text) {
                Role::Output
            } else {
                Role::Note
            }
        })
        .collect();
    let mut dashes = false;
    for (at, pair) in rows.enumerate() {
        if at == 0 && is_dashes(pair.as_str()) {
            dashes = true;
            cells(ctx, pair, &[]);
            continue;
        }
        if table.rows.len() == MAX_ROWS {
            let place = text::trimmed(ctx, &pair);
            ctx.push(
                Diagnostic::error(
                    codes::TABLE_TOO_LONG,
                    format!("a table has more than {MAX_ROWS} rows"),
                    place,
                    "the first row too many",
                )
                .help("split the matrix in two"),
            );
            break;
        }
        let span = text::trimmed(ctx, &pair);
        let known = ctx.diagnostics.len();
        let mut cells = cells(ctx, pair, &roles);
        let comment = ctx.diagnostics[known..]
            .iter()
            .any(|mistake| mistake.code == codes::ROW_END);
        if cells.len() != roles.len() && !comment {
            let count = |count: usize| {
                if count == 1 {
                    "1 cell".to_owned()
                } else {
                    format!("{count} cells")
                }
            };
            ctx.push(
                Diagnostic::error(
                    codes::ROW_CELLS,
                    format!(
                        "a row has {}, its table {}",
                        count(cells.len()),
                        roles.len()
                    ),
                    span,
                    "this row",
                )
                .label(head_span, "the headings")
                .help("write one cell for each heading; a bar inside a cell is written `\\|`"),
            );
        }
        if cells.len() != roles.len() {
            // So that whoever reads the table finds a cell for each heading.
            cells.resize_with(roles.len(), || Cell {
                text: String::new(),
                test: None,
                span: span.after(),
            });
        }
        table.rows.push(Row { cells, span });
    }
    if !dashes {
        ctx.push(
            Diagnostic::error(
                codes::TABLE_HEAD,
                "a table has no line of dashes below its headings",
                head_span.after(),
                "`|---|` belongs below this line",
            )
            .help("write a line of dashes between the headings and the rows"),
        );
    }
    table
}

fn is_dashes(row: &str) -> bool {
    row.contains('-')
        && row
            .bytes()
            .all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t'))
}

/// The cells of one row. Where roles are known, a cell of an input or output must read as a test.
fn cells<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, roles: &[Role]) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut kids = Kids::of(pair);
    while let Some(kid) = kids.next(ctx) {
        if kid.as_rule() == Rule::row_rest {
            cells.extend(row_rest(ctx, &kid));
            continue;
        }
        let role = roles.get(cells.len()).copied().unwrap_or(Role::Note);
        cells.push(cell(ctx, kid, role));
    }
    cells
}

/// What stands behind the last bar of a row; a cell that is not closed is one all the same.
fn row_rest<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> Option<Cell> {
    let rest = pair.as_str().trim();
    if rest.is_empty() {
        return None;
    }
    let at = pair.as_span().start() + (pair.as_str().len() - pair.as_str().trim_start().len());
    let place = ctx.span(at, at + rest.len());
    let comment = rest.starts_with('#');
    let diagnostic = if comment {
        Diagnostic::error(
            codes::ROW_END,
            "a comment stands behind a row",
            place,
            "a row ends with its last bar",
        )
        .help("put the comment on a line of its own, or into a column of notes")
    } else {
        Diagnostic::error(
            codes::ROW_END,
            "a row does not end in a bar",
            place,
            "the last cell is not closed",
        )
        .help("end the row with `|`")
        .fix(place.after(), " |")
    };
    ctx.push(diagnostic);
    (!comment).then(|| Cell {
        text: rest.to_owned(),
        test: None,
        span: place,
    })
}

fn cell<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, role: Role) -> Cell {
    let span = text::trimmed(ctx, &pair);
    let raw = pair.as_str().trim();
    let text = if raw.contains('\\') {
        raw.replace("\\|", "|")
    } else {
        raw.to_owned()
    };
    if role == Role::Note {
        return Cell {
            text,
            test: None,
            span,
        };
    }
    if raw.is_empty() {
        ctx.push(
            Diagnostic::error(
                codes::CELL_EMPTY,
                "a cell is empty that tests or gives a value",
                span,
                "expected a value here",
            )
            .help(if role == Role::Input {
                "write a value, or `any`"
            } else {
                "write a value"
            }),
        );
        return Cell {
            text,
            test: None,
            span,
        };
    }
    let mut tests = Vec::new();
    let mut kids = Kids::of(pair);
    while let Some(kid) = kids.next(ctx) {
        match kid.as_rule() {
            Rule::cell_text => {
                ctx.push(
                    Diagnostic::error(codes::CELL_TEST, format!("`{}` is no value and no test", super::words::shown(raw)), span, "this cell")
                        .help("write a value, `any`, a comparison (`> 10%`), a range (`5%..10%`), or a list of them; put quotes around text with blanks"),
                );
                return Cell {
                    text,
                    test: None,
                    span,
                };
            }
            _ => tests.push(cell_test(ctx, kid)),
        }
    }
    let test = if tests.len() == 1 {
        tests.pop()
    } else {
        Some(CellTest::List(tests))
    };
    Cell { text, test, span }
}

fn cell_test<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> CellTest {
    let compares = pair.as_rule() == Rule::cell_compare;
    let mut kids = Kids::of(pair);
    if compares {
        let op = match kids.next(ctx).map_or("", |pair| pair.as_str()) {
            "==" => BinaryOp::Equal,
            "!=" => BinaryOp::NotEqual,
            "<=" => BinaryOp::LessEqual,
            "<" => BinaryOp::Less,
            ">=" => BinaryOp::GreaterEqual,
            _ => BinaryOp::Greater,
        };
        let value = kids.next(ctx).map(|pair| cell_value(ctx, pair));
        return value.map_or(CellTest::Any, |value| CellTest::Compare(op, value));
    }
    let Some(from) = kids.next(ctx) else {
        return CellTest::Any;
    };
    if from.as_str() == "any" {
        return CellTest::Any;
    }
    let from = cell_value(ctx, from);
    match kids.next(ctx) {
        Some(to) => CellTest::Range(from, cell_value(ctx, to)),
        None => CellTest::Value(from),
    }
}

fn cell_value<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Expr {
    let span = ctx.pair_span(&pair);
    let negative = pair.as_str().starts_with('-');
    let mut kids = Kids::of(pair);
    let Some(kid) = kids.next(ctx) else {
        return expr::bad(span);
    };
    if kid.as_rule() == Rule::cell_string {
        let inner = &kid.as_str()[1..kid.as_str().len() - 1];
        let start = kid.as_span().start() + 1;
        let parts = text::parts(ctx, inner, start, text::Escapes::InCell);
        return Expr {
            kind: ExprKind::Text(Str {
                parts: parts.into(),
                span,
            }),
            span,
        };
    }
    let value = operand::primary(ctx, kid);
    if negative {
        Expr {
            kind: ExprKind::Negate(Box::new(value)),
            span,
        }
    } else {
        value
    }
}

/// Rows outside a matrix.
pub(super) fn stray_row<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) {
    let start = pair.as_span().start();
    let place = ctx.span(
        start,
        start
            + pair
                .as_str()
                .split('\n')
                .next()
                .unwrap_or_default()
                .trim_end()
                .len(),
    );
    ctx.push(
        Diagnostic::error(codes::TABLE_PLACE, "a table stands outside a matrix", place, "this row")
            .help("put `> ` before each row for a table in prose, or write a `matrix` for one that decides"),
    );
}
