//! What runs, as units and lines.

use std::fmt::Write as _;

use runbook_grammar::span::Span;
use runbook_plan::command::Manner;
use runbook_plan::expr::{Expr, Template};
use runbook_plan::ids::{BlockId, CommandId, NodeId, ProcedureId, RequestId};
use runbook_plan::plan::{
    Ask, ChooseArm, DecideInput, Declined, FollowUp, InputRules, LetValue, NodeKind, Policies,
};
use runbook_plan::show;
use runbook_plan::value::{Type, Value};

use crate::tree::{Builder, Key, What, fact};
use crate::written;

/// What a request may take where nothing is said, in milliseconds.
const REQUEST_TIMEOUT: u64 = 30_000;
/// What an undo may take where nothing is said.
const UNDO_TIMEOUT: u64 = 300_000;

impl Builder<'_> {
    /// Policies, guards and statements of a block, into the unit that it is the block of.
    pub fn block(&mut self, into: usize, id: BlockId) {
        let plan = self.plan;
        let block = &plan.blocks[id.index()];
        let outer = self.timeout.clone();
        self.policies(into, &block.policies);
        for guard in &block.guards {
            self.guard(into, *guard);
        }
        for node in &block.nodes {
            self.node(into, *node);
        }
        self.timeout = outer;
    }

    fn expr(&self, e: &Expr) -> String {
        written::expr(self.plan, e)
    }

    fn quoted(&self, text: &Template) -> String {
        written::quoted(self.plan, text)
    }

    fn title(&self, text: &Template) -> String {
        written::prose(self.plan, text)
    }

    fn policies(&mut self, of: usize, policies: &Policies) {
        let plan = self.plan;
        if let Some(e) = &policies.only_if {
            self.fact(of, "only if", self.expr(e));
        }
        if let Some(looked) = policies.done_if {
            self.fact(of, "done if", written::looked(plan, looked));
        }
        if let Some(e) = &policies.timeout {
            let text = self.expr(e);
            let is_undo = self.units[of].what == What::Undo;
            if !(is_undo && lasts(e, UNDO_TIMEOUT)) {
                self.fact(of, "timeout", text.clone());
            }
            self.timeout = Some(text);
        }
        if let Some(retry) = &policies.retry {
            let mut text = self.expr(&retry.times);
            if let Some(every) = &retry.every {
                text += &format!(" every {}", self.expr(every));
            }
            if let Some(factor) = &retry.backoff {
                text += &format!(" backoff {}x", factor.0.normalize());
            }
            self.fact(of, "retry", text);
        }
        if let Some(why) = &policies.irreversible {
            self.fact(of, "irreversible", self.quoted(why));
        }
        if policies.repeatable.is_some() {
            self.fact(of, "repeatable", "yes");
        }
        if let Some((from, to)) = policies.takes.as_deref() {
            let (from, to) = (self.expr(from), self.expr(to));
            let text = match from == to {
                true => from,
                false => format!("{from}..{to}"),
            };
            self.fact(of, "takes", text);
        }
        for (what, block) in [
            (What::Undo, policies.undo),
            (What::OnFailure, policies.on_failure),
            (What::Always, policies.always),
        ] {
            if let Some(block) = block {
                let span = plan.blocks[block.index()].span;
                let at = self.beside(of, what, Key::Head(String::new()), String::new(), span);
                self.block(at, block);
            }
        }
    }

    fn node(&mut self, into: usize, id: NodeId) {
        use NodeKind as N;
        let plan = self.plan;
        let node = &plan.nodes[id.index()];
        let span = node.span;
        match &node.kind {
            N::Prose(text) => self.line(into, ">", format!("> {}", self.title(text))),
            N::Warning(text) => self.line(into, "!", format!("! {}", self.title(text))),
            N::Section {
                name,
                title,
                within,
                block,
            } => {
                let title = self.title(title);
                let key = match name {
                    Some(name) => Key::Name(name.clone()),
                    None => Key::Head(show::quoted(&title)),
                };
                let at = self.inside(into, What::Section, key, title, span);
                self.within(at, within.as_deref());
                self.block(at, *block);
            }
            N::Step {
                name, title, block, ..
            } => {
                let title = self.title(title);
                let at = self.inside(into, What::Step, Key::Name(name.clone()), title, span);
                self.block(at, *block);
            }
            N::Checkpoint {
                name,
                title,
                after,
                since,
                block,
            } => {
                let title = self.title(title);
                let at = self.inside(into, What::Checkpoint, Key::Name(name.clone()), title, span);
                if let Some(after) = after {
                    let mut text = self.expr(after);
                    if let Some(since) = since {
                        text += &format!(" since {}", self.place(*since));
                    }
                    self.fact(at, "after", text);
                }
                self.block(at, *block);
            }
            N::If { arms, otherwise } => {
                let first = arms.first().map(|(e, _)| self.expr(e));
                let key = Key::Head(first.unwrap_or_default());
                let at = self.inside(into, What::If, key, String::new(), span);
                for (condition, block) in arms {
                    let key = Key::Head(self.expr(condition));
                    let span = self.span(*block);
                    let arm = self.inside(at, What::Branch, key, String::new(), span);
                    self.block(arm, *block);
                }
                if let Some(block) = otherwise {
                    let span = self.span(*block);
                    let arm = self.inside(at, What::Else, head(), String::new(), span);
                    self.block(arm, *block);
                }
            }
            N::Choose {
                question,
                binds,
                within,
                arms,
            } => {
                let head = self.quoted(question);
                let at = self.inside(into, What::Choose, Key::Head(head), String::new(), span);
                if let Some(var) = binds {
                    self.fact(at, "as", written::name(plan, *var));
                }
                if let Some(within) = within {
                    let label = |n: usize| {
                        let arm = arms.get(n);
                        arm.map_or_else(String::new, |arm| self.quoted(&arm.label))
                    };
                    let text = written::within(plan, within, label);
                    self.fact(at, "within", text);
                }
                for arm in arms {
                    self.choose_arm(at, arm);
                }
            }
            N::Decide {
                matrix,
                inputs,
                by,
                outputs,
                arms,
            } => {
                let matrix = &plan.matrices[matrix.index()];
                let at = self.inside(
                    into,
                    What::Decide,
                    Key::Head(matrix.name.clone()),
                    String::new(),
                    span,
                );
                for (column, input) in matrix.inputs.iter().zip(inputs) {
                    let text = match input {
                        DecideInput::Value(e) => self.expr(e),
                        DecideInput::Ask { .. } => "asked for".to_owned(),
                        DecideInput::ValueOrAsk(e, _) => {
                            format!("{}, else asked for", self.expr(e))
                        }
                    };
                    self.fact(at, format!("input {}", column.name), text);
                }
                if let Some(column) = matrix.outputs.get(*by) {
                    self.fact(at, "by", column.name.clone());
                }
                let names: Vec<&str> = outputs.iter().map(|v| written::name(plan, *v)).collect();
                self.fact(at, "binds", names.join(", "));
                for arm in arms {
                    let values: Vec<String> = arm.values.iter().map(show::value).collect();
                    let head = values.join(", ");
                    let span = self.span(arm.block);
                    let arm_at = self.beside(at, What::Arm, Key::Head(head), String::new(), span);
                    self.block(arm_at, arm.block);
                }
            }
            N::Attempt {
                name,
                title,
                within,
                block,
                otherwise,
            } => {
                let title = self.title(title);
                let at = self.inside(into, What::Attempt, Key::Name(name.clone()), title, span);
                self.within(at, within.as_deref());
                self.block(at, *block);
                if let Some(block) = otherwise {
                    let span = self.span(*block);
                    let key = Key::Head(String::new());
                    let arm = self.beside(at, What::Otherwise, key, String::new(), span);
                    self.block(arm, *block);
                }
            }
            N::Parallel { title, max, block } => {
                let title = title.as_ref().map(|title| self.title(title));
                let key = Key::Head(title.as_deref().map(show::quoted).unwrap_or_default());
                let title = title.unwrap_or_default();
                let at = self.inside(into, What::Parallel, key, title, span);
                self.clause(at, "max", max.as_deref());
                self.block(at, *block);
            }
            N::For {
                var,
                items,
                parallel,
                block,
            } => {
                let head = format!("{} in {}", written::name(plan, *var), self.expr(items));
                let at = self.inside(into, What::For, Key::Head(head), String::new(), span);
                self.clause(at, "parallel", parallel.as_deref());
                self.block(at, *block);
            }
            N::WaitUpTo {
                limit,
                every,
                stable,
                block,
            } => {
                let at = self.inside(into, What::Wait, head(), String::new(), span);
                self.clause(at, "up to", Some(limit));
                self.clause(at, "every", every.as_deref());
                self.clause(at, "stable", stable.as_deref());
                self.block(at, *block);
            }
            N::Watch {
                lasting,
                every,
                allow,
                block,
            } => {
                let at = self.inside(into, What::Watch, head(), String::new(), span);
                self.clause(at, "for", Some(lasting));
                self.clause(at, "every", every.as_deref());
                self.clause(at, "allow failures", allow.as_deref());
                self.block(at, *block);
            }
            N::Check { title, block } => {
                let key = title.as_ref().map(|title| self.quoted(title));
                let key = Key::Head(key.unwrap_or_default());
                let at = self.inside(into, What::Check, key, String::new(), span);
                self.block(at, *block);
            }
            N::Ask(ask) => self.ask(into, ask, span),
            N::FollowUp(follow_up) => self.follow_up(into, follow_up, span),
            N::Command { command, .. } => self.command(into, *command, ""),
            N::Request { request, .. } => self.request(into, *request, ""),
            N::Let { var, value } => {
                let bound = format!("let {} = ", written::typed(plan, *var));
                match value {
                    LetValue::Expr(e) => {
                        self.line(into, "let", format!("{bound}{}", self.expr(e)));
                    }
                    LetValue::Command(id) => self.command(into, *id, &bound),
                    LetValue::Request(id) => self.request(into, *id, &bound),
                }
            }
            N::Do {
                settings,
                procedure,
                name,
                args,
                result,
            } => {
                let facts = written::settings(plan, &plan.settings[settings.index()]);
                let text = self.call(*procedure, name, args, result.as_ref());
                self.line_with(into, "do", text, facts);
                self.called(*procedure);
            }
            other => {
                let (mark, text) = self.simple(other);
                self.line(into, mark, text);
            }
        }
    }

    /// Statements of one line.
    fn simple(&self, kind: &NodeKind) -> (&'static str, String) {
        use NodeKind as N;
        let plan = self.plan;
        match kind {
            N::Wait(e) => ("wait", format!("wait {}", self.expr(e))),
            N::Notify(message) => {
                let message = &plan.messages[message.index()].name;
                ("notify", format!("notify {message}"))
            }
            N::Escalate { to, text } => {
                let mut line = format!("escalate to {}", plan.contacts[to.index()].name);
                if let Some(text) = text {
                    line += &format!(" {}", self.quoted(text));
                }
                ("escalate", line)
            }
            N::Rewind(to) => ("rewind", format!("rewind to {}", self.place(*to))),
            N::Finish { outcome, text } => {
                let mut line = format!("finish {}", show::outcome(*outcome).replace(' ', "_"));
                if let Some(text) = text {
                    line += &format!(" {}", self.quoted(text));
                }
                ("finish", line)
            }
            N::Return(value) => {
                let value = value.as_ref().map(|e| format!(" {}", self.expr(e)));
                ("return", format!("return{}", value.unwrap_or_default()))
            }
            N::Confirm {
                question,
                declined,
                within,
            } => {
                let mut line = format!("confirm {}", self.quoted(question));
                if *declined == Declined::Skips {
                    line += " or skip";
                }
                if let Some(within) = within {
                    let within = written::within(plan, within, |_| String::new());
                    line += &format!(" within {within}");
                }
                ("confirm", line)
            }
            N::Item { text, evidence } => {
                let mut line = format!("- [ ] {}", self.title(text));
                if let Some(var) = evidence {
                    line += &format!(" -> {}", written::typed(plan, *var));
                }
                ("- [ ]", line)
            }
            N::Approve { text, by, within } => {
                let mut line = format!("approve {}", self.quoted(text));
                if let Some(by) = by {
                    line += &format!(" by {}", plan.contacts[by.index()].name);
                }
                if let Some(within) = within {
                    let within = written::within(plan, within, |_| String::new());
                    line += &format!(" within {within}");
                }
                ("approve", line)
            }
            N::Expect { condition, why, .. } => {
                let mut line = format!("expect {}", self.expr(condition));
                if let Some(why) = why {
                    line += &format!(" {}", self.quoted(why));
                }
                ("expect", line)
            }
            N::Snapshot { name, entries } => {
                let mut line = format!("snapshot {name}");
                for (label, looked) in entries {
                    let _ = write!(line, "\n{label}: {}", written::looked(plan, *looked));
                }
                ("snapshot", line)
            }
            N::Compare { before, after } => ("compare", format!("compare {before} {after}")),
            N::Todo(text) => ("todo", format!("todo {}", self.quoted(text))),
            // All others have blocks, or were told before.
            other => ("?", format!("{other:?}")),
        }
    }

    fn call(
        &self,
        procedure: ProcedureId,
        name: &str,
        args: &[(runbook_plan::ids::VarId, Expr)],
        result: Option<&runbook_plan::ids::VarId>,
    ) -> String {
        let plan = self.plan;
        let called = &plan.procedures[procedure.index()].name;
        let args: Vec<String> = args
            .iter()
            .map(|(var, e)| format!("{}: {}", written::name(plan, *var), self.expr(e)))
            .collect();
        let mut text = match result {
            Some(var) => format!("let {} = ", written::typed(plan, *var)),
            None => String::new(),
        };
        text += &format!("do {called}({})", args.join(", "));
        if name != called {
            text += &format!(" as {name}");
        }
        text
    }

    fn command(&mut self, into: usize, id: CommandId, before: &str) {
        let plan = self.plan;
        let command = &plan.commands[id.index()];
        let mut facts = written::around(plan, command);
        // That of the step is a fact of the step.
        if let Some(timeout) = &command.timeout {
            let text = self.expr(timeout);
            if self.timeout.as_ref() != Some(&text) {
                facts.push(fact("timeout", text));
            }
        }
        let text = format!("{before}{}", written::command(plan, id));
        self.line_with(into, written::mark(command.mark), text, facts);
        if let Manner::Background(block) = &command.manner {
            let span = self.span(*block);
            let at = self.inside(into, What::Until, head(), String::new(), span);
            self.block(at, *block);
        }
    }

    fn request(&mut self, into: usize, id: RequestId, before: &str) {
        let plan = self.plan;
        let request = &plan.requests[id.index()];
        let mut facts = Vec::new();
        if let Some(timeout) = &request.timeout {
            let text = self.expr(timeout);
            if self.timeout.as_ref() != Some(&text) && !lasts(timeout, REQUEST_TIMEOUT) {
                facts.push(fact("timeout", text));
            }
        }
        let text = format!("{before}{}", written::request(plan, id));
        self.line_with(into, "http", text, facts);
    }

    fn choose_arm(&mut self, of: usize, arm: &ChooseArm) {
        let key = Key::Head(self.quoted(&arm.label));
        let span = self.span(arm.block);
        let at = self.inside(of, What::Arm, key, String::new(), span);
        if arm.recommended {
            self.fact(at, "recommended", "yes");
        }
        if let Some(e) = &arm.only_if {
            self.fact(at, "only if", self.expr(e));
        }
        self.block(at, arm.block);
    }

    fn ask(&mut self, into: usize, ask: &Ask, span: Span) {
        let plan = self.plan;
        let key = Key::Name(written::name(plan, ask.var).to_owned());
        let at = self.inside(into, What::Ask, key, self.title(&ask.question), span);
        self.of_type(at, "type", &plan.vars[ask.var.index()].ty);
        self.clause(at, "default", ask.default.as_ref());
        if let Some(within) = &ask.within {
            let text = written::within(plan, within, |_| String::new());
            self.fact(at, "within", text);
        }
        self.rules(at, &ask.rules);
    }

    /// The block of a `param` or an `ask`.
    pub fn rules(&mut self, of: usize, rules: &InputRules) {
        let plan = self.plan;
        for text in &rules.explanation {
            self.line(of, ">", format!("> {}", self.title(text)));
        }
        if let Some(looked) = rules.suggest {
            self.fact(of, "suggest from", written::looked(plan, looked));
        }
        if let Some(looked) = rules.from {
            self.fact(of, "from", written::looked(plan, looked));
        }
        if let Some(pattern) = &rules.matches {
            self.fact(of, "matches", format!("\"{}\"", pattern.0));
        }
        for check in &rules.checks {
            let at = self.inside(of, What::Check, head(), String::new(), self.span(*check));
            self.block(at, *check);
        }
    }

    pub fn follow_up(&mut self, into: usize, follow_up: &FollowUp, span: Span) {
        let title = self.title(&follow_up.title);
        let key = Key::Head(show::quoted(&title));
        let at = self.inside(into, What::FollowUp, key, String::new(), span);
        if let Some(ms) = follow_up.within {
            self.fact(at, "within", show::duration(ms));
        }
        if let Some(to) = follow_up.to {
            let to = self.plan.contacts[to.index()].name.clone();
            self.fact(at, "to", to);
        }
        for item in &follow_up.items {
            self.line(at, "- [ ]", format!("- [ ] {}", self.title(item)));
        }
    }

    fn within(&mut self, of: usize, within: Option<&Expr>) {
        self.clause(of, "within", within);
    }

    pub fn clause(&mut self, of: usize, label: &str, e: Option<&Expr>) {
        if let Some(e) = e {
            self.fact(of, label, self.expr(e));
        }
    }

    /// A checkpoint, by its name.
    pub fn place(&self, id: NodeId) -> String {
        match &self.plan.nodes[id.index()].kind {
            NodeKind::Checkpoint { name, .. } => name.clone(),
            _ => "start".to_owned(),
        }
    }

    pub fn span(&self, id: BlockId) -> Span {
        self.plan.blocks[id.index()].span
    }
}

fn head() -> Key {
    Key::Head(String::new())
}

/// Whether it is so many milliseconds, which is what holds where nothing is said.
fn lasts(e: &Expr, ms: u64) -> bool {
    e.ty == Type::Duration && e.kind == runbook_plan::expr::ExprKind::Literal(Value::Duration(ms))
}
