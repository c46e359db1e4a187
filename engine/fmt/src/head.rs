//! The heads of statements, one arm a kind. The file is long because the language is: each arm is a line of the reference.

use crate::expr::dotted;
use crate::lines::Columns;
use crate::printer::Printer;
use crate::text::Text;
use runbook_grammar::ast::{
    ExprKind, FiresWhen, MessageTo, Module, Name, Need, SecretFrom, Stmt, StmtKind, Str,
};

impl Printer<'_> {
    pub fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Prose(text) => self.marked(">", text),
            StmtKind::Warning(text) => self.marked("!", text),

            StmtKind::Owner(text) => self.about("owner", text),
            StmtKind::Version(text) => self.about("version", text),
            StmtKind::Tags(tags) => {
                let tags: Vec<_> = tags.iter().map(|tag| self.slice(tag.span)).collect();
                self.push_columns(Columns::About, vec!["tags".to_owned(), tags.join(", ")]);
            }
            StmtKind::Link { title, url } => {
                let value = format!("{} {}", self.slice(title.span), self.slice(url.span));
                self.push_columns(Columns::About, vec!["link".to_owned(), value]);
            }
            StmtKind::Review { every, since } => {
                let mut value = Text::new("every ");
                value
                    .join(self.expr(every))
                    .add(" since ")
                    .join(self.expr(since));
                self.push_columns(Columns::About, vec!["review".to_owned(), value.into_line()]);
            }
            StmtKind::Objective { within, until } => {
                let mut text = Text::new("objective ");
                text.join(self.expr(within))
                    .add(&behind(" until ", until.as_ref()));
                self.push(text);
            }
            StmtKind::Severity {
                name,
                title,
                within,
            } => {
                let mut cells = vec![
                    "severity".to_owned(),
                    name.text.clone(),
                    self.slice(title.span).to_owned(),
                ];
                if let Some(within) = within {
                    cells.push(format!("within {}", self.expr(within).into_line()));
                }
                self.push_columns(Columns::Severity, cells);
            }
            StmtKind::Contact { name, title, block } => {
                let head = self.named("contact", name, title);
                self.push_head(head, block.as_ref());
            }
            StmtKind::Fields(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| format!("{} {}", name.text, self.slice(value.span)))
                    .collect();
                self.push_plain(fields.join(" "));
            }
            StmtKind::EscalateAfter { after, to } => {
                let mut text = Text::new("escalate after ");
                text.join(self.expr(after)).add(" to ").add(&to.text);
                self.push(text);
            }
            StmtKind::Needs(need) => {
                let what = match need {
                    Need::Command(name) => format!("command {}", name.text),
                    Need::Env(name) => format!("env {}", name.text),
                    Need::Person(text) => self.slice(text.span).to_owned(),
                };
                self.push_plain(format!("needs {what}"));
            }
            StmtKind::Param {
                name,
                ty,
                prompt,
                default,
                block,
            } => {
                let mut head = Text::new(format!("param {}: ", name.text));
                head.join(self.type_expr(ty));
                if let Some(prompt) = prompt {
                    head.add(" ").join(self.string(prompt));
                }
                if let Some(default) = default {
                    head.add(" = ").join(self.expr(default));
                }
                self.push_head(head, block.as_ref());
            }
            StmtKind::SuggestFrom(look) => self.look(Text::new("suggest from "), look),
            StmtKind::From(look) => self.look(Text::new("from "), look),
            StmtKind::Matches(pattern) => {
                let mut text = Text::new("matches ");
                text.join(self.pattern(pattern));
                self.push(text);
            }
            StmtKind::Secret { name, from } => {
                let head = format!("secret {} from ", name.text);
                match from {
                    SecretFrom::Env(env) => self.push_plain(format!("{head}env {}", env.text)),
                    SecretFrom::File(path) => {
                        self.push_plain(format!("{head}file {}", self.slice(path.span)))
                    }
                    SecretFrom::Command(command) => self.command(Text::new(head), command),
                    SecretFrom::Prompt => self.push_plain(format!("{head}prompt")),
                }
            }
            StmtKind::Host {
                name,
                address,
                block,
            } => {
                let head = self.named("host", name, address);
                self.push_head(head, block.as_ref());
            }
            StmtKind::Interpreter { name, block } => {
                self.push_block(Text::new(format!("interpreter {}", name.text)), block)
            }
            StmtKind::Use { module, alias } => {
                let module = match module {
                    Module::Std(path) => format!("std.{}", dotted(path)),
                    Module::File(path) => self.slice(path.span).to_owned(),
                };
                self.push_plain(format!("use {module}{}", behind(" as ", alias.as_ref())));
            }
            StmtKind::Matrix(matrix) => {
                let mut head = Text::new(format!("matrix {}", matrix.name.text));
                let after_name = matrix.name.span.range().end;
                head.join(self.formals(&matrix.inputs, after_name))
                    .add(" -> ");
                let after_inputs = matrix
                    .inputs
                    .last()
                    .map_or(after_name, |input| input.span.range().end);
                let arrow = self.source.text[after_inputs..]
                    .find("->")
                    .map_or(after_inputs, |at| after_inputs + at);
                head.join(self.formals(&matrix.outputs, arrow));
                head.add(if matrix.first { " first" } else { "" });
                self.open(head);
                self.table_lines(matrix);
                let tail = self.close();
                self.push(tail);
            }
            StmtKind::Procedure {
                name,
                params,
                returns,
                title,
                block,
            } => {
                let mut head = Text::new(format!("procedure {}", name.text));
                head.join(self.formals(params, name.span.range().end));
                if let Some(returns) = returns {
                    head.add(" -> ").join(self.type_expr(returns));
                }
                if let Some(title) = title {
                    head.add(" ").join(self.string(title));
                }
                self.push_block(head, block);
            }
            StmtKind::Channel { name, title, block } => {
                let head = self.named("channel", name, title);
                self.push_head(head, block.as_ref());
            }
            StmtKind::Message { name, to, block } => {
                let to = match to {
                    MessageTo::Channel(channel) => dotted(channel),
                    MessageTo::File(path) => format!("file {}", self.slice(path.span)),
                };
                self.push_block(Text::new(format!("message {} to {to}", name.text)), block);
            }
            StmtKind::Guard { title, block } => {
                let head = self.titled("guard", Some(title));
                self.push_block(head, block);
            }
            StmtKind::Lock(text) => {
                let text = self.titled("lock", Some(text));
                self.push(text);
            }
            StmtKind::Trigger { name, title, block } => {
                let head = self.named("trigger", name, title);
                self.push_block(head, block);
            }
            StmtKind::Every(every) => self.word_and_expr("every", every),
            StmtKind::FiresWhen { when, lasting } => {
                let mut text = Text::new("fires when ");
                match when {
                    FiresWhen::Condition(condition) => text.join(self.expr(condition)),
                    FiresWhen::Failing => text.add("failing"),
                };
                self.clause(&mut text, "for", lasting.as_deref());
                self.push(text);
            }
            StmtKind::StartWith(values) => {
                let mut text = Text::new("start with ");
                for (index, (name, value)) in values.iter().enumerate() {
                    text.add(if index == 0 { "" } else { ", " })
                        .add(&name.text)
                        .add(" = ")
                        .join(self.expr(value));
                }
                self.push(text);
            }
            StmtKind::FollowUp {
                title,
                within,
                to,
                block,
            } => {
                let mut head = self.titled("follow_up", Some(title));
                self.clause(&mut head, "within", within.as_deref());
                if let Some(to) = to {
                    head.add(" to ").add(&dotted(to));
                }
                self.push_head(head, block.as_ref());
            }

            StmtKind::Section {
                name,
                title,
                within,
                block,
            } => {
                let mut head = Text::new(format!("section{}", behind(" ", name.as_ref())));
                head.add(" ").join(self.string(title));
                self.clause(&mut head, "within", within.as_deref());
                self.push_block(head, block);
            }
            StmtKind::Step { name, title, block } => {
                let head = self.named("step", name, title);
                self.push_head(head, block.as_ref());
            }
            StmtKind::Checkpoint {
                name,
                title,
                after,
                since,
                block,
            } => {
                let mut head = self.named("checkpoint", name, title);
                self.clause(&mut head, "after", after.as_deref());
                head.add(&behind(" since ", since.as_deref()));
                self.push_head(head, block.as_ref());
            }
            StmtKind::If { arms, otherwise } => {
                let mut tail = Text::new("");
                for (index, (condition, block)) in arms.iter().enumerate() {
                    tail.add(if index == 0 { "if " } else { " else if " })
                        .join(self.expr(condition));
                    tail = self.block(tail, block);
                }
                if let Some(block) = otherwise {
                    tail.add(" else");
                    tail = self.block(tail, block);
                }
                self.push(tail);
            }
            StmtKind::Choose {
                question,
                binds,
                within,
                arms,
                span_arms,
            } => {
                let mut head = self.titled("choose", Some(question));
                head.add(&behind(" as ", binds.as_ref()));
                self.within(&mut head, within.as_deref());
                self.braces(head, arms, *span_arms, |arm| arm.span, Self::choose_arm);
            }
            StmtKind::Decide {
                matrix,
                inputs,
                by,
                arms,
                span_arms,
            } => {
                let mut head = Text::new(format!("decide {}", dotted(matrix)));
                if !inputs.is_empty() {
                    head.add("(");
                    for (index, input) in inputs.iter().enumerate() {
                        head.add(if index == 0 { "" } else { ", " });
                        if let Some(name) = &input.name {
                            head.add(&name.text).add(": ");
                        }
                        head.join(self.expr(&input.value));
                    }
                    head.add(")");
                }
                head.add(&behind(" by ", by.as_deref()));
                self.braces(head, arms, *span_arms, |arm| arm.span, Self::decide_arm);
            }
            StmtKind::Attempt {
                name,
                title,
                within,
                block,
                otherwise,
            } => {
                let mut head = Text::new(format!("attempt {}", name.text));
                if let Some(title) = title {
                    head.add(" ").join(self.string(title));
                }
                self.clause(&mut head, "within", within.as_deref());
                let mut tail = self.block(head, block);
                if let Some(otherwise) = otherwise {
                    tail.add(" otherwise");
                    tail = self.block(tail, otherwise);
                }
                self.push(tail);
            }
            StmtKind::Parallel { title, max, block } => {
                let mut head = self.titled("parallel", title.as_ref());
                self.clause(&mut head, "max", max.as_deref());
                self.push_block(head, block);
            }
            StmtKind::For {
                name,
                items,
                parallel,
                block,
            } => {
                let mut head = Text::new(format!("for {} in ", name.text));
                head.join(self.expr(items));
                self.clause(&mut head, "parallel", parallel.as_deref());
                self.push_block(head, block);
            }
            StmtKind::Wait(time) => self.word_and_expr("wait", time),
            StmtKind::WaitUpTo {
                limit,
                every,
                stable,
                block,
            } => {
                let mut head = Text::new("wait up to ");
                head.join(self.expr(limit));
                self.clause(&mut head, "every", every.as_deref());
                self.clause(&mut head, "stable", stable.as_deref());
                self.push_block(head, block);
            }
            StmtKind::Watch {
                lasting,
                every,
                allow,
                block,
            } => {
                let mut head = Text::new("watch for ");
                head.join(self.expr(lasting));
                self.clause(&mut head, "every", every.as_deref());
                if let Some(allow) = allow {
                    let one = matches!(&allow.kind, ExprKind::Number(count) if *count == 1.into());
                    head.add(" allow ").join(self.expr(allow)).add(if one {
                        " failure"
                    } else {
                        " failures"
                    });
                }
                self.push_block(head, block);
            }
            StmtKind::Do(call) => {
                let text = self.call(Text::new(""), call);
                self.push(text);
            }
            StmtKind::Let { name, ty, value } => {
                let mut head = Text::new(format!("let {}", name.text));
                if let Some(ty) = ty {
                    head.add(": ").join(self.type_expr(ty));
                }
                head.add(" = ");
                self.let_value(head, value);
            }
            StmtKind::Notify(path) => self.push_plain(format!("notify {}", dotted(path))),
            StmtKind::Escalate { to, text } => {
                let head = format!("escalate to {}", dotted(to));
                let head = self.titled(&head, text.as_ref());
                self.push(head);
            }
            StmtKind::Rewind(path) => self.push_plain(format!("rewind to {}", dotted(path))),
            StmtKind::Finish { outcome, text } => {
                let head = self.titled(&format!("finish {}", outcome.text), text.as_ref());
                self.push(head);
            }
            StmtKind::Return(value) => match value {
                Some(value) => self.word_and_expr("return", value),
                None => self.push_plain("return"),
            },

            StmtKind::Command(command) => self.command(Text::new(""), command),
            StmtKind::Http(http) => self.http(Text::new(""), http),
            StmtKind::Ask {
                name,
                ty,
                question,
                default,
                within,
                block,
            } => {
                let mut head = Text::new(format!("ask {}: ", name.text));
                head.join(self.type_expr(ty))
                    .add(" ")
                    .join(self.string(question));
                if let Some(default) = default {
                    head.add(" = ").join(self.expr(default));
                }
                self.within(&mut head, within.as_deref());
                self.push_head(head, block.as_ref());
            }
            StmtKind::Confirm {
                question,
                or_skip,
                within,
            } => {
                let mut text = self.titled("confirm", Some(question));
                text.add(if *or_skip { " or skip" } else { "" });
                self.within(&mut text, within.as_deref());
                self.push(text);
            }
            StmtKind::Item { text, evidence } => {
                let raw = self.raw(text);
                let mut lines = raw.lines();
                let mut item = Text::new(format!("- [ ] {}", lines.next().unwrap_or_default()));
                for line in lines {
                    item.line("- [ ] ".len(), line);
                }
                if let Some(evidence) = evidence {
                    item.add(" -> ").join(self.formal(evidence));
                }
                self.push_closed(item);
            }
            StmtKind::Approve { text, by, within } => {
                let mut head = self.titled("approve", Some(text));
                if let Some(by) = by {
                    head.add(" by ").add(&dotted(by));
                }
                self.within(&mut head, within.as_deref());
                self.push(head);
            }
            StmtKind::Expect { condition, why } => {
                let mut text = Text::new("expect ");
                text.join(self.expr(condition));
                if let Some(why) = why {
                    text.add(" ").join(self.string(why));
                }
                self.push(text);
            }
            StmtKind::Check { title, block } => {
                let head = self.titled("check", title.as_ref());
                self.push_block(head, block);
            }
            StmtKind::Snapshot {
                name,
                entries,
                span_entries,
            } => {
                let head = Text::new(format!("snapshot {}", name.text));
                self.braces(
                    head,
                    entries,
                    *span_entries,
                    |entry| entry.span,
                    Self::snapshot_entry,
                );
            }
            StmtKind::Compare { before, after } => {
                self.push_plain(format!("compare {} {}", before.text, after.text))
            }
            StmtKind::Todo(text) => {
                let text = self.titled("todo", Some(text));
                self.push(text);
            }

            StmtKind::Timeout(time) => self.word_and_expr("timeout", time),
            StmtKind::Retry {
                times,
                every,
                backoff,
            } => {
                let mut text = Text::new("retry ");
                text.join(self.expr(times));
                self.clause(&mut text, "every", every.as_deref());
                self.clause(&mut text, "backoff", backoff.as_deref());
                self.push(text);
            }
            StmtKind::OnlyIf(condition) => self.word_and_expr("only if", condition),
            StmtKind::DoneIf(look) => self.look(Text::new("done if "), look),
            StmtKind::Undo(undo) => self.undo(undo),
            StmtKind::Irreversible(why) => {
                let text = self.titled("irreversible", Some(why));
                self.push(text);
            }
            StmtKind::Repeatable => self.push_plain("repeatable"),
            StmtKind::Takes { from, to } => {
                let mut text = Text::new("takes ");
                text.join(self.expr(from));
                if let Some(to) = to {
                    text.add("..").join(self.expr(to));
                }
                self.push(text);
            }
            StmtKind::In(dir) => self.word_and_expr("in", dir),
            StmtKind::Env { name, value } => {
                self.word_and_expr(&format!("env {} =", name.text), value)
            }
            StmtKind::On(host) => self.push_plain(format!("on {}", host.text)),
            StmtKind::With(interpreter) => self.push_plain(format!("with {}", interpreter.text)),
            StmtKind::Interactive => self.push_plain("interactive"),
            StmtKind::LiveFor(time) => self.word_and_expr("live for", time),
            StmtKind::Background(block) => self.push_block(Text::new("background until"), block),
            StmtKind::OnFailure(block) => self.push_block(Text::new("on failure"), block),
            StmtKind::Always(block) => self.push_block(Text::new("always"), block),

            StmtKind::Scenario { title, block } => {
                let head = self.titled("scenario", Some(title));
                self.push_block(head, block);
            }
            StmtKind::Given { name, value } => {
                let value = self.expr(value);
                if value.is_one_line() {
                    self.push_columns(
                        Columns::Given,
                        vec![
                            format!("given {}", name.text),
                            format!("= {}", value.into_line()),
                        ],
                    );
                } else {
                    let mut text = Text::new(format!("given {} = ", name.text));
                    text.join(value);
                    self.push(text);
                }
            }
            StmtKind::When { what, does } => {
                let text = self.when(what, does);
                self.push(text);
            }
            StmtKind::Answer {
                prompt,
                reply,
                after,
            } => {
                let mut text = self.titled("answer", Some(prompt));
                text.add(" ").join(self.reply(reply));
                if let Some(after) = after {
                    text.add(" after ").join(self.expr(after));
                }
                self.push(text);
            }
            StmtKind::After(time) => self.word_and_expr("after", time),
            StmtKind::Reaches(path) => self.push_plain(format!("reaches {}", dotted(path))),
            StmtKind::NeverReaches(path) => {
                self.push_plain(format!("never reaches {}", dotted(path)))
            }
            StmtKind::Undoes(path) => self.push_plain(format!("undoes {}", dotted(path))),
            StmtKind::Asks(prompt) => {
                let text = self.titled("asks", Some(prompt));
                self.push(text);
            }
            StmtKind::Notifies(what) => {
                let text = self.titled("notifies", Some(what));
                self.push(text);
            }
            StmtKind::TakesAtMost(limit) => self.word_and_expr("takes at most", limit),
            StmtKind::Ends(outcome) => self.push_plain(format!("ends {}", outcome.text)),

            StmtKind::Bad => self.bad(stmt),
        }
    }

    fn marked(&mut self, mark: &str, text: &Str) {
        let raw = self.raw(text);
        let mut lines = raw.split('\n').map(|line| {
            if line.is_empty() {
                mark.to_owned()
            } else {
                format!("{mark} {line}")
            }
        });
        let mut text = Text::new(lines.next().unwrap_or_default());
        for line in lines {
            text.line(0, &line);
        }
        self.push_closed(text);
    }

    fn about(&mut self, word: &str, value: &Str) {
        self.push_columns(
            Columns::About,
            vec![word.to_owned(), self.slice(value.span).to_owned()],
        );
    }

    fn named(&mut self, word: &str, name: &Name, title: &Str) -> Text {
        self.titled(&format!("{word} {}", name.text), Some(title))
    }

    fn titled(&mut self, words: &str, title: Option<&Str>) -> Text {
        let mut text = Text::new(words);
        if let Some(title) = title {
            text.add(" ").join(self.string(title));
        }
        text
    }

    fn word_and_expr(&mut self, word: &str, expr: &runbook_grammar::ast::Expr) {
        let mut text = Text::new(format!("{word} "));
        text.join(self.expr(expr));
        self.push(text);
    }
}

fn behind(word: &str, name: Option<&Name>) -> String {
    name.map_or(String::new(), |name| format!("{word}{}", name.text))
}
