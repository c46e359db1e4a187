//! The flow as a Mermaid chart: a box for what is done, a diamond where the way parts, a rounded box where it ends.
//! What binds a value, tells somebody or notes a state is left out; a chart is for finding one's way.

use crate::document::Document;
use crate::flow::{has_flow, last_words};
use crate::names::{dotted, humane};
use crate::text::plain;
use runbook_grammar::ast::{ExprKind, LetValue, Stmt, StmtKind, Str};
use std::fmt::Write;

#[derive(Default)]
struct Chart {
    text: String,
    count: usize,
    branches: usize,
}

/// A way that is not yet joined to what comes next: its node, and what stands on the line.
type Loose = Vec<(usize, String)>;

#[derive(Clone, Copy)]
enum Shape {
    Box,
    Gate,
    Diamond,
    /// What may fail, with another way then.
    Try,
    Call,
    Pause,
    End,
}

impl Document<'_> {
    pub fn chart(&mut self, body: &[Stmt]) {
        let mut chart = Chart::default();
        let start = chart.node(Shape::End, "Start");
        let loose = self.draw(&mut chart, body, vec![(start, String::new())]);
        if !loose.is_empty() && chart.count > 1 {
            let end = chart.node(Shape::End, "End: resolved");
            chart.join(loose, end);
        }
        if chart.count > 2 {
            self.heading(2, "The way at a glance", None);
            let chart = chart.finish();
            self.out.block(&chart);
        }
    }

    /// A procedure has a chart of its own where its way parts.
    pub fn procedure_chart(&mut self, body: &[Stmt]) {
        let mut chart = Chart::default();
        let start = chart.node(Shape::End, "Start");
        let loose = self.draw(&mut chart, body, vec![(start, String::new())]);
        if chart.branches == 0 {
            return;
        }
        let end = chart.node(Shape::End, "Return");
        chart.join(loose, end);
        let chart = chart.finish();
        self.out.block(&chart);
    }

    fn draw(&self, chart: &mut Chart, body: &[Stmt], mut loose: Loose) -> Loose {
        for stmt in body {
            loose = self.draw_stmt(chart, stmt, loose);
        }
        loose
    }

    fn draw_stmt(&self, chart: &mut Chart, stmt: &Stmt, loose: Loose) -> Loose {
        let mut plainly = |shape: Shape, label: &str| {
            let node = chart.node(shape, label);
            chart.join(loose.clone(), node);
            vec![(node, String::new())]
        };
        match &stmt.kind {
            StmtKind::Section { block, .. } => self.draw(chart, &block.body, loose),
            StmtKind::Step { name, title, .. } => {
                plainly(Shape::Box, &words(Some(title), &name.text))
            }
            StmtKind::Checkpoint { name, title, .. } => {
                plainly(Shape::Gate, &words(Some(title), &name.text))
            }
            StmtKind::Wait(time) => plainly(Shape::Pause, &format!("Wait {}", self.amount(time))),
            StmtKind::WaitUpTo { limit, .. } => {
                plainly(Shape::Pause, &format!("Wait up to {}", self.amount(limit)))
            }
            StmtKind::Watch { lasting, .. } => {
                plainly(Shape::Pause, &format!("Watch for {}", self.amount(lasting)))
            }
            StmtKind::Do(call)
            | StmtKind::Let {
                value: LetValue::Do(call),
                ..
            } => plainly(Shape::Call, &self.called(call)),
            StmtKind::Escalate { to, .. } => {
                let title = self.names.contact(self.file, to).cloned();
                plainly(
                    Shape::Box,
                    &format!("Escalate to {}", title.unwrap_or_else(|| dotted(to))),
                )
            }
            StmtKind::Finish { outcome, .. } => {
                plainly(
                    Shape::End,
                    &format!("End: {}", outcome.text.replace('_', " ")),
                );
                Vec::new()
            }
            StmtKind::Return(_) => {
                plainly(Shape::End, "Return");
                Vec::new()
            }
            StmtKind::Rewind(path) => {
                let place = self.names.place(&self.procedure, &dotted(path));
                let to = place.map_or_else(|| last_words(path), |place| place.words.clone());
                plainly(Shape::Box, &format!("Undo, back to: {to}"))
            }
            StmtKind::If { arms, otherwise } if has_nodes(stmt) => {
                let mut out = Loose::new();
                let mut not = loose;
                for (condition, block) in arms {
                    let node = chart.diamond(&format!("{}?", self.words(condition)));
                    chart.join(not, node);
                    out.extend(self.draw(chart, &block.body, vec![(node, "yes".to_owned())]));
                    not = vec![(node, "no".to_owned())];
                }
                match otherwise {
                    Some(block) => out.extend(self.draw(chart, &block.body, not)),
                    None => out.extend(not),
                }
                out
            }
            StmtKind::Choose { question, arms, .. } => {
                let node = chart.diamond(&plain(question));
                chart.join(loose, node);
                let ways = arms.iter().flat_map(|arm| {
                    self.draw(chart, &arm.block.body, vec![(node, plain(&arm.label))])
                });
                ways.collect()
            }
            StmtKind::Decide { matrix, arms, .. } => {
                let node = chart.diamond(&format!("{}?", last_words(matrix)));
                chart.join(loose, node);
                let ways = arms.iter().flat_map(|arm| {
                    let values = arm.values.iter().map(|value| match &value.kind {
                        ExprKind::Text(text) => plain(text),
                        _ => self.words(value),
                    });
                    let values: Vec<_> = values.collect();
                    self.draw(chart, &arm.block.body, vec![(node, values.join(", "))])
                });
                ways.collect()
            }
            StmtKind::Attempt {
                name,
                title,
                within,
                block,
                otherwise,
            } => {
                let limit = within.as_ref().map(|within| self.amount(within));
                let label = words(title.as_ref(), &name.text);
                let node = chart.node(Shape::Try, &label);
                chart.join(loose, node);
                let mut out = self.draw(chart, &block.body, vec![(node, "works".to_owned())]);
                if let Some(otherwise) = otherwise {
                    let label = limit.map_or("fails".to_owned(), |limit| {
                        format!("fails, or takes over {limit}")
                    });
                    chart.branches += 1;
                    out.extend(self.draw(chart, &otherwise.body, vec![(node, label)]));
                }
                out
            }
            StmtKind::Parallel { title, block, .. } => {
                let fork = chart.node(
                    Shape::Pause,
                    &title.as_ref().map_or("At the same time".to_owned(), plain),
                );
                chart.join(loose, fork);
                let mut out = Loose::new();
                for branch in &block.body {
                    let before = chart.count;
                    let way = self.draw_stmt(chart, branch, vec![(fork, String::new())]);
                    if chart.count > before {
                        out.extend(way);
                    }
                }
                if out.is_empty() {
                    vec![(fork, String::new())]
                } else {
                    out
                }
            }
            StmtKind::For {
                name, items, block, ..
            } if has_flow(&block.body) => {
                let node =
                    chart.diamond(&format!("For each {} in {}", name.text, self.words(items)));
                chart.join(loose, node);
                let way = self.draw(chart, &block.body, vec![(node, "next".to_owned())]);
                if way.iter().all(|(last, _)| *last != node) {
                    chart.join(way, node);
                }
                vec![(node, "all done".to_owned())]
            }
            _ => loose,
        }
    }
}

impl Chart {
    fn node(&mut self, shape: Shape, label: &str) -> usize {
        self.count += 1;
        let (open, close) = match shape {
            Shape::Box => ("[", "]"),
            Shape::Gate => ("{{", "}}"),
            Shape::Diamond => ("{", "}"),
            Shape::Try => ("[/", "\\]"),
            Shape::Call => ("[[", "]]"),
            Shape::Pause => ("[/", "/]"),
            Shape::End => ("([", "])"),
        };
        let _ = writeln!(
            self.text,
            "  n{}{open}\"{}\"{close}",
            self.count,
            label_text(label)
        );
        self.count
    }

    fn diamond(&mut self, label: &str) -> usize {
        self.branches += 1;
        self.node(Shape::Diamond, label)
    }

    fn join(&mut self, from: Loose, to: usize) {
        for (node, label) in from {
            let label = if label.is_empty() {
                String::new()
            } else {
                format!("|\"{}\"|", label_text(&label))
            };
            let _ = writeln!(self.text, "  n{node} -->{label} n{to}");
        }
    }

    fn finish(self) -> String {
        format!("```mermaid\nflowchart TD\n{}```", self.text)
    }
}

/// Whether anything of a statement is drawn.
fn has_nodes(stmt: &Stmt) -> bool {
    crate::names::blocks(&stmt.kind).iter().any(|block| {
        block.body.iter().any(|stmt| {
            matches!(
                stmt.kind,
                StmtKind::Step { .. }
                    | StmtKind::Checkpoint { .. }
                    | StmtKind::Wait(_)
                    | StmtKind::WaitUpTo { .. }
                    | StmtKind::Watch { .. }
                    | StmtKind::Do(_)
                    | StmtKind::Let {
                        value: LetValue::Do(_),
                        ..
                    }
                    | StmtKind::Escalate { .. }
                    | StmtKind::Finish { .. }
                    | StmtKind::Return(_)
                    | StmtKind::Rewind(_)
                    | StmtKind::Choose { .. }
                    | StmtKind::Decide { .. }
                    | StmtKind::Attempt { .. }
                    | StmtKind::Parallel { .. }
            ) || has_nodes(stmt)
        })
    })
}

fn words(title: Option<&Str>, name: &str) -> String {
    title
        .map(plain)
        .filter(|title| !title.trim().is_empty())
        .unwrap_or_else(|| humane(name))
}

/// Text that Mermaid shows as it is: what some of its versions read as markup, a formula or a list goes as a numbered entity.
fn label_text(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let mut out = String::new();
    for (at, char) in text.chars().enumerate() {
        let begins_list = matches!(char, '.' | ')') && at == digits && digits > 0
            || matches!(char, '-' | '+') && at == 0;
        if begins_list || matches!(char, '"' | '#' | '<' | '>' | '&' | '`' | '\\' | '*' | '$') {
            let _ = write!(out, "#{};", char as u32);
        } else {
            out.push(char);
        }
    }
    out
}
