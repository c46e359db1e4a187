//! Commands, scripts and requests. What they hold is not touched; a script moves as a whole.

use crate::expr::dotted;
use crate::printer::{INDENT, Printer};
use crate::text::Text;
use runbook_grammar::ast::{
    Call, Command, CommandBody, Fence, Http, HttpOption, LetValue, Look, Mark, Reply, Undo,
    WhenDoes, WhenWhat, Within, WithinElse,
};
use runbook_grammar::span::Span;

impl Printer<'_> {
    /// A command behind `head`, to the end of its last line.
    pub fn command(&mut self, mut head: Text, command: &Command) {
        head.add(match command.mark {
            Mark::Look => "? ",
            Mark::Act => "$ ",
        });
        match &command.body {
            CommandBody::Line(line) => {
                let line = self.raw(line);
                head.add_verbatim(&line);
            }
            CommandBody::Fences(fences) => {
                for (index, fence) in fences.iter().enumerate() {
                    if index > 0 {
                        head.line(0, "");
                    }
                    self.fence(&mut head, fence);
                }
            }
        }
        self.push_closed(head);
    }

    pub fn look(&mut self, head: Text, look: &Look) {
        match look {
            Look::Command(command) => self.command(head, command),
            Look::Http(http) => self.http(head, http),
        }
    }

    pub fn http(&mut self, mut head: Text, http: &Http) {
        head.add(&format!(
            "http {} {}",
            http.method.text,
            self.slice(http.url.span)
        ));
        match http.block {
            None => self.push(head),
            Some(span) => self.braces(head, &http.options, span, option_span, Self::http_option),
        }
    }

    fn http_option(&mut self, option: &HttpOption) {
        let line = match option {
            HttpOption::Header { name, value, .. } => {
                format!("header {}: {}", name.text, self.raw(value))
            }
            HttpOption::Query { name, value, .. } => {
                format!("query {}: {}", name.text, self.raw(value))
            }
            HttpOption::Body { fence, .. } => {
                let mut text = Text::new("body ");
                self.fence(&mut text, fence);
                self.push_closed(text);
                return;
            }
        };
        self.push_closed(Text::new(line));
    }

    fn fence(&mut self, text: &mut Text, fence: &Fence) {
        let ticks = "`".repeat(fence.ticks);
        text.add(&ticks);
        if let Some(word) = &fence.word {
            text.add(&word.text);
        }
        text.add(if fence.verbatim { " verbatim" } else { "" });
        text.add(if fence.lenient { " lenient" } else { "" });
        let script = self.raw(&fence.text);
        if moves_safely(&script) {
            for line in script.lines() {
                text.line(if line.is_empty() { 0 } else { INDENT }, line);
            }
            text.line(0, &ticks);
        } else {
            for line in self.slice(fence.span).trim_end().split('\n').skip(1) {
                text.verbatim_line(line);
            }
        }
    }

    pub fn call(&mut self, mut head: Text, call: &Call) -> Text {
        head.add(&format!("do {}", dotted(&call.path)));
        let last = call.args.last().map(|arg| arg.value.span);
        let span = self.bracket_from(call.path.span.range().end, last);
        let args = self.bracket("(", &call.args, ")", span, arg_span, |printer, arg| {
            let mut text = Text::new(
                arg.name
                    .as_ref()
                    .map_or(String::new(), |name| format!("{}: ", name.text)),
            );
            text.join(printer.expr(&arg.value));
            text
        });
        head.join(args);
        if let Some(name) = &call.binds {
            head.add(&format!(" as {}", name.text));
        }
        head
    }

    pub fn let_value(&mut self, head: Text, value: &LetValue) {
        match value {
            LetValue::Expr(expr) => {
                let mut head = head;
                head.join(self.expr(expr));
                self.push(head);
            }
            LetValue::Command(command) => self.command(head, command),
            LetValue::Http(http) => self.http(head, http),
            LetValue::Do(call) => {
                let text = self.call(head, call);
                self.push(text);
            }
        }
    }

    pub fn undo(&mut self, undo: &Undo) {
        match undo {
            Undo::Command(command) => self.command(Text::new("undo "), command),
            Undo::Http(http) => self.http(Text::new("undo "), http),
            Undo::Block(block) => self.push_block(Text::new("undo"), block),
        }
    }

    /// `within 3m else …` behind a prompt.
    pub fn within(&mut self, text: &mut Text, within: Option<&Within>) {
        let Some(within) = within else { return };
        self.clause(text, "within", Some(&within.limit));
        match &within.otherwise {
            None => {}
            Some(WithinElse::Answer(answer)) => {
                text.add(" else ").join(self.expr(answer));
            }
            Some(WithinElse::Escalate { to, text: why }) => {
                text.add(&format!(" else escalate to {}", dotted(to)));
                if let Some(why) = why {
                    text.add(" ").join(self.string(why));
                }
            }
        }
    }

    pub fn when(&mut self, what: &WhenWhat, does: &[WhenDoes]) -> Text {
        let mut text = Text::new("when ");
        match what {
            WhenWhat::Glob(glob) => text.join(self.string(glob)),
            WhenWhat::Step(path) => text.add("step ").add(&dotted(path)),
        };
        for one in does {
            match one {
                WhenDoes::Exits(code) => text.add(" exits ").join(self.expr(code)),
                WhenDoes::Says(output) => text.add(" says ").join(self.string(output)),
                WhenDoes::Answers(status) => text.add(" answers ").join(self.expr(status)),
                WhenDoes::Stderr(output) => text.add(" stderr ").join(self.string(output)),
                WhenDoes::Takes(time) => text.add(" takes ").join(self.expr(time)),
                WhenDoes::TimesOut => text.add(" times out"),
                WhenDoes::Dies(signal) => text.add(" dies by ").join(self.expr(signal)),
                WhenDoes::NotStarted => text.add(" does not start"),
            };
        }
        text
    }

    pub fn reply(&mut self, reply: &Reply) -> Text {
        match reply {
            Reply::Value(value) => self.expr(value),
            Reply::Does {
                word, to, texts, ..
            } => {
                let mut text = Text::new(*word);
                if let Some(to) = to {
                    text.add(" ").add(&dotted(to));
                }
                for one in texts {
                    text.add(" ").join(self.string(one));
                }
                text
            }
        }
    }
}

fn arg_span(arg: &runbook_grammar::ast::Arg) -> Span {
    arg.name
        .as_ref()
        .map_or(arg.value.span, |name| name.span.to(arg.value.span))
}

fn option_span(option: &HttpOption) -> Span {
    match option {
        HttpOption::Header { span, .. }
        | HttpOption::Query { span, .. }
        | HttpOption::Body { span, .. } => *span,
    }
}

/// Whether a script that is moved as a whole is still the same script once the indentation all its lines share is taken off.
/// It is where some line stands at the left edge; otherwise what is there would go with the rest.
fn moves_safely(script: &str) -> bool {
    script.is_empty()
        || script
            .lines()
            .any(|line| !line.is_empty() && !line.starts_with([' ', '\t']))
}
