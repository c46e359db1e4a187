//! Matrices as tables.

use crate::printer::Printer;
use runbook_grammar::ast::{Cell, CellTest, Expr, Matrix};
use unicode_width::UnicodeWidthStr;

impl Printer<'_> {
    /// The lines of the table: head, ruler, rows.
    pub fn table(&mut self, matrix: &Matrix) -> Vec<String> {
        let table = &matrix.table;
        let head: Vec<_> = table.head.iter().map(|cell| self.cell(cell)).collect();
        let rows: Vec<Vec<_>> = table
            .rows
            .iter()
            .map(|row| row.cells.iter().map(|cell| self.cell(cell)).collect())
            .collect();
        let count = rows
            .iter()
            .map(Vec::len)
            .chain([head.len()])
            .max()
            .unwrap_or(0);
        let widths: Vec<_> = (0..count)
            .map(|column| {
                let cells = rows.iter().chain([&head]).filter_map(|row| row.get(column));
                cells.map(|cell| cell.width()).max().unwrap_or(0).max(1)
            })
            .collect();
        let ruler = widths
            .iter()
            .map(|width| "-".repeat(width + 2))
            .collect::<Vec<_>>()
            .join("|");
        let mut lines = vec![row(&head, &widths), format!("|{ruler}|")];
        lines.extend(rows.iter().map(|cells| row(cells, &widths)));
        lines
    }

    /// A cell that tests is spaced anew; one that holds a string or a bar stays as it is, quotes and escapes and all.
    fn cell(&mut self, cell: &Cell) -> String {
        let written = cell.text.replace('|', "\\|");
        match &cell.test {
            Some(test) if !written.contains(['"', '|']) => self.test(test),
            _ => written,
        }
    }

    fn test(&mut self, test: &CellTest) -> String {
        match test {
            CellTest::Any => "any".to_owned(),
            CellTest::Value(value) => self.inline(value),
            CellTest::Compare(op, value) => format!("{} {}", op.symbol(), self.inline(value)),
            CellTest::Range(from, to) => format!("{}..{}", self.inline(from), self.inline(to)),
            CellTest::List(items) => items
                .iter()
                .map(|item| self.test(item))
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    fn inline(&mut self, expr: &Expr) -> String {
        self.expr(expr).into_line()
    }
}

fn row(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::from("|");
    for (cell, width) in cells.iter().zip(widths) {
        line.push(' ');
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width - cell.width() + 1));
        line.push('|');
    }
    line
}
