//! What is declared, as units beside the flow.

use runbook_grammar::span::Span;
use runbook_plan::ids::{GuardId, MatrixId, ProcedureId};
use runbook_plan::plan::{Looked, MessageTo, Need, SecretFrom, TriggerWhen};
use runbook_plan::{matrix, show};

use crate::tree::{Builder, Key, What, fact};
use crate::written;

impl Builder<'_> {
    /// The whole plan; the first unit is the runbook or module itself.
    pub fn all(&mut self) {
        let plan = self.plan;
        let at = self.unit(
            None,
            What::Runbook,
            Key::Head(String::new()),
            plan.title.clone(),
            Span::default(),
        );
        self.about(at);
        self.inputs(at);
        self.people(at);
        self.surroundings(at);
        for index in 0..plan.matrices.len() {
            self.matrix(at, index);
        }
        self.triggers(at);
        if let Some(root) = plan.root {
            self.block(at, root);
        }
        // Of the file itself all, called or not: a module is nothing else.
        for (index, procedure) in plan.procedures.iter().enumerate() {
            if !procedure.name.contains('.') {
                self.called(ProcedureId(index as u32));
            }
        }
        for follow_up in &plan.follow_ups {
            self.follow_up(at, follow_up, Span::default());
        }
        // What they call in turn joins the queue: a chain of calls costs no stack.
        while let Some(id) = self.procedures.pop_front() {
            self.procedure(id);
        }
    }

    fn about(&mut self, at: usize) {
        let plan = self.plan;
        let about = &plan.about;
        if let Some(owner) = &about.owner {
            self.fact(at, "owner", show::quoted(owner));
        }
        if let Some(version) = &about.version {
            self.fact(at, "version", show::quoted(version));
        }
        if !about.tags.is_empty() {
            self.fact(at, "tags", about.tags.join(", "));
        }
        for (label, address) in &about.links {
            let address = written::quoted(plan, address);
            self.fact(at, format!("link {}", show::quoted(label)), address);
        }
        if let Some(objective) = &plan.objective {
            let mut text = show::duration(objective.within);
            if let Some(until) = objective.until {
                text += &format!(" until {}", self.place(until));
            }
            self.fact(at, "objective", text);
        }
    }

    fn inputs(&mut self, of: usize) {
        let plan = self.plan;
        for param in &plan.params {
            let var = &plan.vars[param.var.index()];
            let prompt = param.prompt.as_ref();
            let prompt = prompt.map(|prompt| written::prose(plan, prompt));
            let at = self.beside(
                of,
                What::Param,
                Key::Name(var.name.clone()),
                prompt.unwrap_or_default(),
                var.span,
            );
            self.of_type(at, "type", &var.ty);
            self.clause(at, "default", param.default.as_ref());
            self.rules(at, &param.rules);
        }
        for secret in &plan.secrets {
            let at = self.beside(
                of,
                What::Secret,
                Key::Name(secret.name.clone()),
                String::new(),
                secret.span,
            );
            let from = match &secret.from {
                SecretFrom::Env(name) => format!("env {name}"),
                SecretFrom::File(path) => format!("file {}", show::quoted(path)),
                SecretFrom::Command(id) => written::looked(plan, Looked::Command(*id)),
                SecretFrom::Prompt => "prompt".to_owned(),
            };
            self.fact(at, "from", from);
        }
    }

    fn people(&mut self, of: usize) {
        let plan = self.plan;
        for severity in &plan.severities {
            let key = Key::Name(severity.name.clone());
            let at = self.beside(
                of,
                What::Severity,
                key,
                severity.title.clone(),
                Span::default(),
            );
            if let Some(ms) = severity.within {
                self.fact(at, "within", show::duration(ms));
            }
        }
        for contact in &plan.contacts {
            let key = Key::Name(contact.name.clone());
            let at = self.beside(
                of,
                What::Contact,
                key,
                contact.title.clone(),
                Span::default(),
            );
            for (field, text) in &contact.fields {
                let text = written::quoted(plan, text);
                self.fact(at, field.clone(), text);
            }
            if let Some((ms, to)) = &contact.escalate {
                let to = &plan.contacts[to.index()].name;
                let text = format!("after {} to {to}", show::duration(*ms));
                self.fact(at, "escalate", text);
            }
        }
        for channel in &plan.channels {
            let span = channel.block.map(|block| self.span(block));
            let span = span.unwrap_or_default();
            let key = Key::Name(channel.name.clone());
            let at = self.beside(of, What::Channel, key, channel.title.clone(), span);
            if let Some(block) = channel.block {
                self.block(at, block);
            }
        }
        for message in &plan.messages {
            let key = Key::Name(message.name.clone());
            let at = self.beside(of, What::Message, key, String::new(), Span::default());
            let to = match &message.to {
                MessageTo::Channel(id) => plan.channels[id.index()].name.clone(),
                MessageTo::File(path) => format!("file {}", written::quoted(plan, path)),
            };
            self.fact(at, "to", to);
            // A line break of a message is sent.
            for line in written::template(plan, &message.text).lines() {
                self.line(at, ">", format!("> {line}").trim_end().to_owned());
            }
        }
    }

    fn surroundings(&mut self, of: usize) {
        let plan = self.plan;
        let span = Span::default();
        for need in &plan.needs {
            let text = match need {
                Need::Command(name) => format!("command {name}"),
                Need::Env(name) => format!("env {name}"),
                Need::Person(text) => written::quoted(plan, text),
            };
            self.beside(of, What::Needs, Key::Head(text), String::new(), span);
        }
        for lock in &plan.locks {
            let text = written::quoted(plan, lock);
            self.beside(of, What::Lock, Key::Head(text), String::new(), span);
        }
        for host in &plan.hosts {
            let key = Key::Name(host.name.clone());
            let at = self.beside(of, What::Host, key, String::new(), span);
            self.fact(at, "address", show::quoted(&host.address));
        }
        for interpreter in &plan.interpreters {
            let key = Key::Name(interpreter.name.clone());
            let at = self.beside(of, What::Interpreter, key, String::new(), span);
            let command = written::looked(plan, Looked::Command(interpreter.command));
            self.fact(at, "command", command);
        }
    }

    pub fn guard(&mut self, of: usize, id: GuardId) {
        let guard = &self.plan.guards[id.index()];
        let key = Key::Head(written::quoted(self.plan, &guard.title));
        let at = self.beside(of, What::Guard, key, String::new(), guard.span);
        self.block(at, guard.block);
    }

    fn matrix(&mut self, of: usize, index: usize) {
        let matrix = &self.plan.matrices[index];
        let span = matrix.rows.first().map(|row| row.span);
        let key = Key::Name(matrix.name.clone());
        let span = span.unwrap_or_default();
        let at = self.beside(of, What::Matrix, key, String::new(), span);
        self.units[at].matrix = Some(MatrixId(index as u32));
        for (word, columns) in [("input", &matrix.inputs), ("output", &matrix.outputs)] {
            for column in columns {
                self.of_type(at, &format!("{word} {}", column.name), &column.ty);
            }
        }
        // Whether the rows exclude each other is no matter where they decide the same.
        for row in &matrix.rows {
            let tests = row.tests.iter().map(matrix::cell);
            let cells: Vec<String> = tests.chain(row.gives.iter().map(show::value)).collect();
            self.units[at]
                .rows
                .push(format!("| {} |", cells.join(" | ")));
            let gives: Vec<String> = row.gives.iter().map(show::value).collect();
            for (heading, text) in &row.notes {
                if !text.is_empty() {
                    let label = format!("{heading} of {}", gives.join(", "));
                    let note = fact(label, text.clone());
                    if !self.units[at].facts.contains(&note) {
                        self.units[at].facts.push(note);
                    }
                }
            }
        }
    }

    fn triggers(&mut self, of: usize) {
        let plan = self.plan;
        for trigger in &plan.triggers {
            let span = self.span(trigger.lets);
            let key = Key::Name(trigger.name.clone());
            let at = self.beside(of, What::Trigger, key, trigger.title.clone(), span);
            if let Some(ms) = trigger.every {
                self.fact(at, "every", show::duration(ms));
            }
            let mut when = match &trigger.when {
                TriggerWhen::Condition(e) => written::expr(plan, e),
                TriggerWhen::Failing => "failing".to_owned(),
            };
            if let Some(ms) = trigger.lasting {
                when += &format!(" for {}", show::duration(ms));
            }
            self.fact(at, "fires when", when);
            for (var, e) in &trigger.start_with {
                let label = format!("start with {}", written::name(plan, *var));
                self.fact(at, label, written::expr(plan, e));
            }
            self.block(at, trigger.lets);
        }
    }

    /// A procedure that is called from something that was read; it is read once.
    pub fn called(&mut self, id: ProcedureId) {
        if self.known.insert(id) {
            self.procedures.push_back(id);
        }
    }

    fn procedure(&mut self, id: ProcedureId) {
        let plan = self.plan;
        let procedure = &plan.procedures[id.index()];
        let span = self.span(procedure.block);
        let title = written::prose(plan, &procedure.title);
        let key = Key::Name(procedure.name.clone());
        let at = self.beside(0, What::Procedure, key, title, span);
        for (var, default) in &procedure.params {
            let mut text = show::ty(&plan.vars[var.index()].ty);
            if let Some(default) = default {
                text += &format!(" = {}", written::expr(plan, default));
            }
            self.fact(at, format!("param {}", written::name(plan, *var)), text);
        }
        if let Some(ty) = &procedure.returns {
            self.fact(at, "returns", show::ty(ty));
        }
        self.block(at, procedure.block);
    }
}
