//! Expressions, types and literals. Literals are copied from the source: how a number or a string was written is the author's.

use crate::printer::{INDENT, Printer, comment_text};
use crate::text::Text;
use runbook_grammar::ast::{
    BinaryOp, Expr, ExprKind, Formal, Path, Pattern, Str, StrPart, TypeExpr, TypeKind,
};
use runbook_grammar::span::Span;

impl Printer<'_> {
    pub fn expr(&mut self, expr: &Expr) -> Text {
        match &expr.kind {
            ExprKind::Text(_)
            | ExprKind::Number(_)
            | ExprKind::Percent(_)
            | ExprKind::Duration(_)
            | ExprKind::Factor(_)
            | ExprKind::Date { .. }
            | ExprKind::Bad => self.copy(expr.span),
            ExprKind::Bool(value) => Text::new(if *value { "yes" } else { "no" }),
            ExprKind::Name(name) => Text::new(&name.text),
            ExprKind::List(items) => {
                self.bracket("[", items, "]", expr.span, |item| item.span, Self::expr)
            }
            ExprKind::Field(of, name) => self.with_suffix(of, &format!(".{}", name.text)),
            ExprKind::Index(of, index) => {
                let mut text = self.expr(of);
                text.add("[").join(self.expr(index)).add("]");
                text
            }
            ExprKind::Call(name, args) => {
                let mut text = Text::new(&name.text);
                let after = Span {
                    start: name.span.end,
                    ..expr.span
                };
                text.join(self.bracket("(", args, ")", after, |arg| arg.span, Self::expr));
                text
            }
            ExprKind::Binary(op, left, right) => {
                self.between(left, &format!(" {} ", op.symbol()), right)
            }
            ExprKind::Range(left, right) => self.between(left, "..", right),
            ExprKind::Not(inner) => self.with_prefix("not ", inner),
            ExprKind::Negate(inner) => self.with_prefix("-", inner),
            ExprKind::IsEmpty(inner) => self.with_suffix(inner, " is empty"),
            ExprKind::IsSet(inner) => self.with_suffix(inner, " is set"),
            ExprKind::Matches(inner, pattern) => {
                let mut text = self.with_suffix(inner, " matches ");
                text.join(self.pattern(pattern));
                text
            }
            ExprKind::Paren(inner) => self.paren(expr.span, inner),
        }
    }

    /// An expression behind a word.
    pub fn clause(&mut self, text: &mut Text, word: &str, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            text.add(" ").add(word).add(" ").join(self.expr(expr));
        }
    }

    pub fn pattern(&mut self, pattern: &Pattern) -> Text {
        self.copy(pattern.span)
    }

    /// A string with its quotes, or whatever else a `Str` was read from.
    pub fn string(&mut self, string: &Str) -> Text {
        self.copy(string.span)
    }

    /// What stands in the source.
    pub fn copy(&self, span: Span) -> Text {
        let mut text = Text::new("");
        text.add_verbatim(self.slice(span));
        text
    }

    /// The text of a mark or a command, its holes as they were written.
    pub fn raw(&self, string: &Str) -> String {
        let parts = string.parts.iter().map(|part| match part {
            StrPart::Text { text, .. } => text.as_str(),
            StrPart::Hole { span, .. } => self.slice(*span),
        });
        parts.collect()
    }

    pub fn type_expr(&mut self, ty: &TypeExpr) -> Text {
        let word = match &ty.kind {
            TypeKind::Text => "text",
            TypeKind::Number => "number",
            TypeKind::Bool => "bool",
            TypeKind::Percent => "percent",
            TypeKind::Duration => "duration",
            TypeKind::Time => "time",
            TypeKind::Url => "url",
            TypeKind::Path => "path",
            TypeKind::Severity => "severity",
            TypeKind::Json => "json",
            TypeKind::Choice => "choice",
            TypeKind::OneOf(values) => {
                let mut text = Text::new("one of ");
                let open = self.slice(ty.span).find('[').map_or(ty.span, |at| Span {
                    start: ty.span.start + at as u32,
                    ..ty.span
                });
                text.join(self.bracket("[", values, "]", open, |value| value.span, Self::string));
                return text;
            }
            TypeKind::List(of) => return self.type_behind("list of ", of),
            TypeKind::Optional(of) => return self.type_behind("optional ", of),
            TypeKind::Column(path) => return Text::new(dotted(path)),
            TypeKind::Unknown(name) => &name.text,
        };
        Text::new(word)
    }

    /// `name: type = default`
    pub fn formal(&mut self, formal: &Formal) -> Text {
        let mut text = Text::new(format!("{}: ", formal.name.text));
        text.join(self.type_expr(&formal.ty));
        if let Some(default) = &formal.default {
            text.add(" = ").join(self.expr(default));
        }
        text
    }

    pub fn formals(&mut self, formals: &[Formal], from: usize) -> Text {
        let span = self.bracket_from(from, formals.last().map(|formal| formal.span));
        self.bracket("(", formals, ")", span, |formal| formal.span, Self::formal)
    }

    /// The first bracket at or after `from`, up to its closing one behind `last`.
    pub fn bracket_from(&self, from: usize, last: Option<Span>) -> Span {
        let text = &self.source.text;
        let start = text[from..].find('(').map_or(from, |at| from + at);
        let inside = last.map_or(start, |span| span.range().end);
        let end = text[inside..]
            .find(')')
            .map_or(inside, |at| inside + at + 1);
        Span::new(self.source.id, start, end)
    }

    /// Items between brackets: on one line, or one a line where the author broke the line behind the opening bracket.
    /// `span` starts at that bracket and ends behind the closing one.
    pub fn bracket<T>(
        &mut self,
        open: &str,
        items: &[T],
        close: &str,
        span: Span,
        place: fn(&T) -> Span,
        print: fn(&mut Self, &T) -> Text,
    ) -> Text {
        let mut text = Text::new(open);
        if items.is_empty() || !self.breaks_after_bracket(span) {
            for (index, item) in items.iter().enumerate() {
                text.add(if index == 0 { "" } else { ", " })
                    .join(print(self, item));
            }
            text.add(close);
            return text;
        }
        for (index, item) in items.iter().enumerate() {
            self.comments_in_bracket(&mut text, place(item).range().start);
            let mut line = print(self, item);
            line.add(if index + 1 < items.len() { "," } else { "" });
            text.nest(INDENT, line);
        }
        self.comments_in_bracket(&mut text, span.range().end);
        text.line(0, close);
        text
    }

    fn comments_in_bracket(&mut self, text: &mut Text, end: usize) {
        for (index, comment) in self.take_comments_before(end).into_iter().enumerate() {
            // A line has room for one comment; what else stood in it goes below.
            if comment.trailing && index == 0 {
                text.add("  ").add(&comment_text(comment));
            } else {
                text.line(INDENT, &comment_text(comment));
            }
        }
    }

    fn breaks_after_bracket(&self, span: Span) -> bool {
        let inside = self
            .slice(span)
            .get(1..)
            .unwrap_or_default()
            .trim_start_matches([' ', '\t']);
        inside.starts_with(['\n', '#'])
    }

    /// A parenthesis that breaks has one operand of its `and`s or `or`s a line.
    fn paren(&mut self, span: Span, inner: &Expr) -> Text {
        let mut text = Text::new("(");
        if !self.breaks_after_bracket(span) {
            text.join(self.expr(inner)).add(")");
            return text;
        }
        let op = match inner.kind {
            ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), ..) => Some(op),
            _ => None,
        };
        let mut operands = vec![inner];
        while let (Some(ExprKind::Binary(found, left, right)), Some(op)) =
            (operands.last().map(|last| &last.kind), op)
        {
            if *found != op {
                break;
            }
            let (left, right) = (left.as_ref(), right.as_ref());
            operands.pop();
            operands.push(right);
            operands.push(left);
        }
        // The leftmost operand is the last.
        let word = op.map_or("", BinaryOp::symbol);
        for (index, operand) in operands.into_iter().rev().enumerate() {
            self.comments_in_bracket(&mut text, operand.span.range().start);
            let mut line = Text::new(if index == 0 {
                String::new()
            } else {
                format!("{word} ")
            });
            line.join(self.expr(operand));
            text.nest(INDENT, line);
        }
        self.comments_in_bracket(&mut text, span.range().end);
        text.line(0, ")");
        text
    }

    fn between(&mut self, left: &Expr, word: &str, right: &Expr) -> Text {
        let mut text = self.expr(left);
        text.add(word).join(self.expr(right));
        text
    }

    fn with_suffix(&mut self, inner: &Expr, suffix: &str) -> Text {
        let mut text = self.expr(inner);
        text.add(suffix);
        text
    }

    fn with_prefix(&mut self, prefix: &str, inner: &Expr) -> Text {
        let mut text = Text::new(prefix);
        text.join(self.expr(inner));
        text
    }

    fn type_behind(&mut self, words: &str, of: &TypeExpr) -> Text {
        let mut text = Text::new(words);
        text.join(self.type_expr(of));
        text
    }
}

pub(crate) fn dotted(path: &Path) -> String {
    let names: Vec<_> = path.names.iter().map(|name| name.text.as_str()).collect();
    names.join(".")
}
