//! What a plan says, as a snapshot shows it.

use std::fmt::Write as _;

use runbook_plan::command::{Interpreter, Manner, Mark, Script, ScriptForm};
use runbook_plan::expr::{Expr, ExprKind, Template, TemplatePart};
use runbook_plan::ids::{BlockId, CommandId, NodeId, RequestId};
use runbook_plan::plan::{DecideInput, Judged, LetValue, Looked, Manual, NodeKind};
use runbook_plan::{Plan, show};

/// What a plan says, a line a node.
pub fn outline(plan: &Plan) -> String {
    let mut out = format!("ok: {}\n", plan.title);
    for param in &plan.params {
        let var = &plan.vars[param.var.index()];
        let _ = writeln!(out, "param {}: {}", var.name, show::ty(&var.ty));
    }
    for matrix in &plan.matrices {
        for column in matrix.inputs.iter().chain(&matrix.outputs) {
            let _ = writeln!(
                out,
                "column {}.{}: {}",
                matrix.name,
                column.name,
                show::ty(&column.ty)
            );
        }
    }
    if let Some(root) = plan.root {
        block(plan, root, 0, &mut out);
    }
    for procedure in &plan.procedures {
        let params: Vec<String> = procedure
            .params
            .iter()
            .map(|(var, default)| {
                let var = &plan.vars[var.index()];
                let default = match default {
                    Some(default) => format!(" = {}", expr(plan, default)),
                    None => String::new(),
                };
                format!("{}: {}{default}", var.name, show::ty(&var.ty))
            })
            .collect();
        let returns = match &procedure.returns {
            Some(ty) => format!(" -> {}", show::ty(ty)),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "procedure {}({}){returns}",
            procedure.name,
            params.join(", ")
        );
        block(plan, procedure.block, 1, &mut out);
    }
    out
}

fn put(out: &mut String, depth: usize, line: &str) {
    let _ = writeln!(out, "{}{}", "  ".repeat(depth), line.trim_end());
}

fn block(plan: &Plan, id: BlockId, depth: usize, out: &mut String) {
    let block_of = &plan.blocks[id.index()];
    for guard in &block_of.guards {
        let guard = &plan.guards[guard.index()];
        put(out, depth, &format!("[guard {}]", guard.title.source));
        block(plan, guard.block, depth + 1, out);
    }
    let p = &block_of.policies;
    let mut said = Vec::new();
    if let Some(e) = &p.only_if {
        said.push(format!("only if {}", expr(plan, e)));
    }
    if let Some(looked) = &p.done_if {
        said.push(format!("done if {}", look(plan, looked)));
    }
    if let Some(e) = &p.timeout {
        said.push(format!("timeout {}", expr(plan, e)));
    }
    if let Some(retry) = &p.retry {
        let every = retry
            .every
            .as_ref()
            .map_or(String::new(), |e| format!(" every {}", expr(plan, e)));
        let backoff = retry
            .backoff
            .as_ref()
            .map_or(String::new(), |f| format!(" backoff {}x", f.0));
        said.push(format!(
            "retry {}{every}{backoff}",
            expr(plan, &retry.times)
        ));
    }
    if let Some(why) = &p.irreversible {
        said.push(format!("irreversible {:?}", why.source));
    }
    if p.repeatable.is_some() {
        said.push("repeatable".into());
    }
    if let Some((from, to)) = p.takes.as_deref() {
        said.push(format!("takes {}..{}", expr(plan, from), expr(plan, to)));
    }
    if !said.is_empty() {
        put(out, depth, &format!("[{}]", said.join(", ")));
    }
    for node in &block_of.nodes {
        node_line(plan, *node, depth, out);
    }
    for (word, handler) in [
        ("undo", p.undo),
        ("on failure", p.on_failure),
        ("always", p.always),
    ] {
        if let Some(handler) = handler {
            put(out, depth, &format!("[{word}]"));
            block(plan, handler, depth + 1, out);
        }
    }
}

fn node_line(plan: &Plan, id: NodeId, depth: usize, out: &mut String) {
    use NodeKind as N;
    let var = |id: &runbook_plan::ids::VarId| {
        let var = &plan.vars[id.index()];
        format!("{}: {}", var.name, show::ty(&var.ty))
    };
    let judged = |judged: &Judged| match judged {
        Judged::ByExit => "",
        Judged::ByExpect => " (judged by expect)",
    };
    let (line, blocks): (String, Vec<(String, BlockId)>) = match &plan.nodes[id.index()].kind {
        N::Prose(text) => (format!("> {}", text.source.replace('\n', " ")), vec![]),
        N::Warning(text) => (format!("! {}", text.source.replace('\n', " ")), vec![]),
        N::Section { title, block, .. } => (
            format!("section {:?}", title.source),
            vec![(String::new(), *block)],
        ),
        N::Step {
            name,
            block,
            manual,
            ..
        } => (
            format!(
                "step {name}{}",
                if *manual == Manual::Yes {
                    " (manual)"
                } else {
                    ""
                }
            ),
            vec![(String::new(), *block)],
        ),
        N::Checkpoint {
            name,
            since,
            after,
            block,
            ..
        } => {
            let after = after
                .as_ref()
                .map_or(String::new(), |e| format!(" after {}", expr(plan, e)));
            let since = since.map_or(String::new(), |node| {
                format!(" since {}", checkpoint(plan, node))
            });
            (
                format!("checkpoint {name}{after}{since}"),
                vec![(String::new(), *block)],
            )
        }
        N::If { arms, otherwise } => {
            let mut blocks: Vec<(String, BlockId)> = arms
                .iter()
                .map(|(e, block)| (format!("if {}", expr(plan, e)), *block))
                .collect();
            blocks.extend(otherwise.map(|block| ("else".to_owned(), block)));
            ("if".into(), blocks)
        }
        N::Choose { question, arms, .. } => (
            format!("choose {:?}", question.source),
            arms.iter()
                .map(|arm| (format!("{:?}", arm.label.source), arm.block))
                .collect(),
        ),
        N::Decide {
            matrix,
            inputs,
            by,
            arms,
            ..
        } => {
            let matrix = &plan.matrices[matrix.index()];
            let inputs: Vec<String> = inputs
                .iter()
                .map(|input| match input {
                    DecideInput::Value(e) => expr(plan, e),
                    DecideInput::Ask { .. } => "ask".into(),
                    DecideInput::ValueOrAsk(e, _) => format!("{} or ask", expr(plan, e)),
                })
                .collect();
            (
                format!(
                    "decide {}({}) by {}",
                    matrix.name,
                    inputs.join(", "),
                    matrix.outputs[*by].name
                ),
                arms.iter()
                    .map(|arm| {
                        let values: Vec<String> = arm.values.iter().map(show::value).collect();
                        (values.join(", "), arm.block)
                    })
                    .collect(),
            )
        }
        N::Attempt {
            name,
            block,
            otherwise,
            ..
        } => {
            let mut blocks = vec![(String::new(), *block)];
            blocks.extend(otherwise.map(|block| ("otherwise".to_owned(), block)));
            (format!("attempt {name}"), blocks)
        }
        N::Parallel { max, block, .. } => (
            match max {
                Some(max) => format!("parallel max {}", expr(plan, max)),
                None => "parallel".into(),
            },
            vec![(String::new(), *block)],
        ),
        N::For {
            var: v,
            items,
            parallel,
            block,
        } => (
            format!(
                "for {} in {}{}",
                var(v),
                expr(plan, items),
                parallel
                    .as_ref()
                    .map_or(String::new(), |e| format!(" parallel {}", expr(plan, e)))
            ),
            vec![(String::new(), *block)],
        ),
        N::Wait(e) => (format!("wait {}", expr(plan, e)), vec![]),
        N::WaitUpTo { limit, block, .. } => (
            format!("wait up to {}", expr(plan, limit)),
            vec![(String::new(), *block)],
        ),
        N::Watch { lasting, block, .. } => (
            format!("watch for {}", expr(plan, lasting)),
            vec![(String::new(), *block)],
        ),
        N::Do {
            procedure,
            name,
            args,
            result,
            ..
        } => {
            let args: Vec<String> = args
                .iter()
                .map(|(v, e)| format!("{}: {}", plan.vars[v.index()].name, expr(plan, e)))
                .collect();
            let result = result
                .as_ref()
                .map_or(String::new(), |v| format!("let {} = ", var(v)));
            (
                format!(
                    "{result}do {}({}) as {name}",
                    plan.procedures[procedure.index()].name,
                    args.join(", ")
                ),
                vec![],
            )
        }
        N::Let { var: v, value } => {
            let value = match value {
                LetValue::Expr(e) => expr(plan, e),
                LetValue::Command(c) => command(plan, *c),
                LetValue::Request(r) => request(plan, *r),
            };
            (format!("let {} = {value}", var(v)), vec![])
        }
        N::Notify(message) => (
            format!("notify {}", plan.messages[message.index()].name),
            vec![],
        ),
        N::Escalate { to, .. } => (
            format!("escalate to {}", plan.contacts[to.index()].name),
            vec![],
        ),
        N::Rewind(node) => (format!("rewind to {}", checkpoint(plan, *node)), vec![]),
        N::Finish { outcome, .. } => (format!("finish {outcome:?}"), vec![]),
        N::Return(value) => (
            value
                .as_ref()
                .map_or("return".into(), |e| format!("return {}", expr(plan, e))),
            vec![],
        ),
        N::FollowUp(follow_up) => (format!("follow_up {:?}", follow_up.title.source), vec![]),
        N::Command {
            command: c,
            judged: j,
        } => (format!("{}{}", command(plan, *c), judged(j)), vec![]),
        N::Request {
            request: r,
            judged: j,
        } => (format!("{}{}", request(plan, *r), judged(j)), vec![]),
        N::Ask(ask) => (
            format!("ask {} {:?}", var(&ask.var), ask.question.source),
            vec![],
        ),
        N::Confirm { question, .. } => (format!("confirm {:?}", question.source), vec![]),
        N::Item { text, evidence } => (
            format!(
                "- [ ] {}{}",
                text.source,
                evidence
                    .as_ref()
                    .map_or(String::new(), |v| format!(" -> {}", var(v)))
            ),
            vec![],
        ),
        N::Approve { text, .. } => (format!("approve {:?}", text.source), vec![]),
        N::Expect { condition, .. } => (format!("expect {}", expr(plan, condition)), vec![]),
        N::Check { block, .. } => ("check".into(), vec![(String::new(), *block)]),
        N::Snapshot { name, entries } => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(label, looked)| format!("{label}: {}", look(plan, looked)))
                .collect();
            (
                format!("snapshot {name} {{ {} }}", entries.join("; ")),
                vec![],
            )
        }
        N::Compare { before, after } => (format!("compare {before} {after}"), vec![]),
        N::Todo(text) => (format!("todo {:?}", text.source), vec![]),
    };
    put(out, depth, &line);
    for (label, id) in blocks {
        let depth = if label.is_empty() {
            depth + 1
        } else {
            put(out, depth + 1, &label);
            depth + 2
        };
        block(plan, id, depth, out);
    }
}

fn checkpoint(plan: &Plan, node: NodeId) -> &str {
    match &plan.nodes[node.index()].kind {
        NodeKind::Checkpoint { name, .. } => name,
        other => panic!("no checkpoint: {other:?}"),
    }
}

fn look(plan: &Plan, looked: &Looked) -> String {
    match looked {
        Looked::Command(c) => command(plan, *c),
        Looked::Request(r) => request(plan, *r),
    }
}

fn interpreter(script: &Script) -> String {
    match (&script.form, script.interpreter) {
        (ScriptForm::Direct(_), _) => "direct".into(),
        (_, Interpreter::Declared(_)) => "declared".into(),
        (_, other) => format!("{other:?}").to_lowercase(),
    }
}

fn command(plan: &Plan, id: CommandId) -> String {
    let command = &plan.commands[id.index()];
    let mark = match command.mark {
        Mark::Look => '?',
        Mark::Act => '$',
    };
    let scripts: Vec<String> = command
        .scripts
        .iter()
        .map(|script| {
            format!(
                "{}<{}>",
                interpreter(script),
                template(plan, &script.text).trim().replace('\n', "\\n")
            )
        })
        .collect();
    let mut out = format!("{mark} {}", scripts.join(" | "));
    match &command.manner {
        Manner::Plain => {}
        Manner::Interactive => out += " interactive",
        Manner::Live(e) => out += &format!(" live {}", expr(plan, e)),
        Manner::Background(_) => out += " background",
    }
    if let Some(timeout) = &command.timeout {
        out += &format!(" timeout {}", expr(plan, timeout));
    }
    let settings = &plan.settings[command.settings.index()];
    if let Some(dir) = &settings.dir {
        out += &format!(" in {}", expr(plan, dir));
    }
    for (name, value) in &settings.env {
        out += &format!(" env {name}={}", expr(plan, value));
    }
    if let Some(host) = &settings.host {
        out += &format!(" on {}", plan.hosts[host.index()].name);
    }
    out
}

fn request(plan: &Plan, id: RequestId) -> String {
    let request = &plan.requests[id.index()];
    let mut out = format!("http {} {}", request.method, template(plan, &request.url));
    for (name, value) in &request.headers {
        out += &format!(" header {name}: {}", template(plan, value));
    }
    for (name, value) in &request.query {
        out += &format!(" query {name}: {}", template(plan, value));
    }
    if let Some(body) = &request.body {
        out += &format!(" body <{}>", template(plan, body).trim());
    }
    if let Some(timeout) = &request.timeout {
        out += &format!(" timeout {}", expr(plan, timeout));
    }
    out
}

fn template(plan: &Plan, text: &Template) -> String {
    text.parts
        .iter()
        .map(|part| match part {
            TemplatePart::Text(text) => text.clone(),
            TemplatePart::Hole(e) => format!("{{{{{}}}}}", expr(plan, e)),
        })
        .collect()
}

fn expr(plan: &Plan, e: &Expr) -> String {
    use ExprKind as E;
    let of = |e: &Expr| expr(plan, e);
    match &e.kind {
        E::Literal(value) => show::value(value),
        E::Var(var) => plan.vars[var.index()].name.clone(),
        E::Run(fact) => format!("run.{fact:?}").to_lowercase(),
        E::Last(fact) => format!("{fact:?}").to_lowercase(),
        E::Text(text) => format!("{:?}", template(plan, text)),
        E::List(items) => {
            let items: Vec<String> = items.iter().map(of).collect();
            format!("[{}]", items.join(", "))
        }
        E::Field(a, name) => format!("{}.{name}", of(a)),
        E::Index(a, b) => format!("{}[{}]", of(a), of(b)),
        E::Call(function, args) => {
            let args: Vec<String> = args.iter().map(of).collect();
            format!("{function:?}({})", args.join(", ")).to_lowercase()
        }
        E::Binary(op, a, b) => format!("({} {op:?} {})", of(a), of(b)),
        E::Not(a) => format!("not {}", of(a)),
        E::Negate(a) => format!("-{}", of(a)),
        E::IsEmpty(a) => format!("{} is empty", of(a)),
        E::IsSet(a) => format!("{} is set", of(a)),
        E::Matches(a, pattern) => format!("{} matches {:?}", of(a), pattern.0),
        E::Between(a, b, c) => format!("{} in {}..{}", of(a), of(b), of(c)),
        E::Else(a, b) => format!("({} else {})", of(a), of(b)),
        E::Read(a, ty) => format!("read({}, {})", of(a), show::ty(ty)),
    }
}
