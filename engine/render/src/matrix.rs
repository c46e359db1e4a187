//! Decision tables, as tables.

use crate::document::Document;
use crate::names::humane;
use crate::text::{and, code, escape, table};
use runbook_grammar::ast::{Formal, Matrix, Row, StmtKind};

impl Document<'_> {
    pub fn matrices(&mut self) {
        let mut first = true;
        for (file, stmt) in self.declarations() {
            if let StmtKind::Matrix(matrix) = &stmt.kind {
                if std::mem::take(&mut first) {
                    self.heading(2, "How to decide", None);
                }
                let name = format!("{}{}", self.names.prefixes[file], matrix.name.text);
                self.heading(3, &escape(&humane(&name)), Some(&format!("matrix-{name}")));
                self.out.block(&self.matrix_intro(matrix));
                let head: Vec<_> = matrix
                    .table
                    .head
                    .iter()
                    .map(|cell| escape(&humane(&cell.text)))
                    .collect();
                let head: Vec<_> = head.iter().map(String::as_str).collect();
                let rows: Vec<_> = matrix
                    .table
                    .rows
                    .iter()
                    .map(|row| self.row(matrix, row))
                    .collect();
                self.out.block(&table(&head, &rows));
            }
        }
    }

    fn matrix_intro(&self, matrix: &Matrix) -> String {
        let names = |formals: &[Formal]| {
            let names: Vec<_> = formals
                .iter()
                .map(|formal| code(&formal.name.text))
                .collect();
            and(&names)
        };
        let which = if matrix.first {
            "The first row that fits counts."
        } else {
            "Exactly one row fits."
        };
        format!(
            "From {} follows {}. {which}",
            names(&matrix.inputs),
            names(&matrix.outputs)
        )
    }

    fn row(&self, matrix: &Matrix, row: &Row) -> Vec<String> {
        let cells = row
            .cells
            .iter()
            .zip(&matrix.table.head)
            .map(|(cell, head)| {
                let is_output = matrix
                    .outputs
                    .iter()
                    .any(|output| output.name.text == head.text);
                let text = cell.text.trim();
                let quoted = text
                    .strip_prefix('"')
                    .and_then(|text| text.strip_suffix('"'))
                    .filter(|inner| !inner.contains('"'));
                match (quoted, is_output && !text.is_empty()) {
                    (Some(inner), _) => escape(inner),
                    (None, true) => code(text),
                    (None, false) => escape(text),
                }
            });
        cells.collect()
    }
}
