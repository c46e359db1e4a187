//! Programs, machines and secrets that a run may touch.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::walk::{self, Calls, Met};
use crate::command::{Command, Interpreter, Mark, Request, Script, ScriptForm, WordPart};
use crate::expr::{Expr, ExprKind, Template, TemplatePart};
use crate::ids::{SettingsId, VarId};
use crate::plan::*;
use crate::shell::{EXPANSION, HOLE, calls_of};
use crate::show;
use crate::value::{SecretId, Type, Value};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Touches {
    /// Programs that commands call, by name; those of a shell itself are left out.
    pub commands: Vec<Program>,
    /// What reads the scripts: `sh`, `bash`, `powershell`, a declared interpreter.
    pub tools: Vec<Tool>,
    pub hosts: Vec<Machine>,
    pub secrets: Vec<Used>,
    /// Variables of the environment that it needs.
    pub variables: Vec<String>,
    /// Names of the locks that it holds while it runs.
    pub locks: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    pub name: String,
    /// In how many commands that look.
    pub looks: usize,
    /// In how many commands that act.
    pub acts: usize,
    pub declared: Declared,
}

/// Whether `needs command` names it, so that a run without it does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    Needed,
    Unsaid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tool {
    pub name: String,
    /// How many scripts it reads.
    pub scripts: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// A declared host's name, `api.example.com`, or a param's `{{api}}`.
    pub name: String,
    /// Of a declared host, or what the param is if nobody says otherwise.
    pub address: Option<String>,
    /// Commands that run there.
    pub commands: usize,
    /// Requests to it, and commands that name it.
    pub requests: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Used {
    pub name: String,
    /// `env TOKEN`, `file path`, `a command`, `the operator`
    pub from: String,
    /// Paths of what gets it; `the flow` where that stands in the runbook's own flow.
    pub by: Vec<String>,
}

/// What a shell does itself.
const BUILTIN: &[&str] = &[
    "!", "(", ")", ".", ":", "[", "[[", "]]", "{", "}", "alias", "bg", "break", "builtin",
    "caller", "case", "cd", "command", "continue", "declare", "do", "done", "echo", "elif", "else",
    "esac", "eval", "exec", "exit", "export", "false", "fg", "fi", "for", "function", "getopts",
    "hash", "if", "in", "jobs", "let", "local", "mapfile", "popd", "printf", "pushd", "pwd",
    "read", "readonly", "return", "select", "set", "shift", "shopt", "source", "test", "then",
    "time", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset",
    "until", "wait", "while",
];

struct Seen<'a> {
    plan: &'a Plan,
    programs: BTreeMap<String, (usize, usize)>,
    tools: BTreeMap<String, usize>,
    /// Commands and requests of each.
    hosts: BTreeMap<String, (usize, usize)>,
    secrets: BTreeMap<SecretId, Vec<String>>,
}

pub fn touches(plan: &Plan) -> Touches {
    let mut seen = Seen {
        plan,
        programs: BTreeMap::new(),
        tools: BTreeMap::new(),
        hosts: BTreeMap::new(),
        secrets: BTreeMap::new(),
    };
    walk::walk(plan, Calls::Once, &mut |met, path| match met {
        Met::Command(id) => seen.command(&plan.commands[id.index()], path),
        Met::Request(id) => seen.request(&plan.requests[id.index()], path),
        Met::Node(_) => {}
    });
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    let mut variables = Vec::new();
    for need in &plan.needs {
        match need {
            Need::Command(name) => drop(needed.insert(name)),
            Need::Env(name) => variables.push(name.clone()),
            Need::Person(_) => {}
        }
    }
    for name in &needed {
        seen.programs.entry((*name).to_owned()).or_default();
    }
    Touches {
        commands: seen
            .programs
            .into_iter()
            .map(|(name, (looks, acts))| Program {
                declared: match needed.contains(name.as_str()) {
                    true => Declared::Needed,
                    false => Declared::Unsaid,
                },
                name,
                looks,
                acts,
            })
            .collect(),
        tools: seen
            .tools
            .into_iter()
            .map(|(name, scripts)| Tool { name, scripts })
            .collect(),
        hosts: seen
            .hosts
            .into_iter()
            .map(|(name, (commands, requests))| Machine {
                address: address(plan, &name),
                name,
                commands,
                requests,
            })
            .collect(),
        secrets: plan
            .secrets
            .iter()
            .enumerate()
            .map(|(at, secret)| Used {
                name: secret.name.clone(),
                from: match &secret.from {
                    SecretFrom::Env(name) => format!("env {name}"),
                    SecretFrom::File(path) => format!("file {path}"),
                    SecretFrom::Command(_) => "a command".to_owned(),
                    SecretFrom::Prompt => "the operator".to_owned(),
                },
                by: u32::try_from(at)
                    .ok()
                    .and_then(|at| seen.secrets.remove(&SecretId(at)))
                    .unwrap_or_default(),
            })
            .collect(),
        variables,
        locks: plan.locks.iter().map(|lock| lock.source.clone()).collect(),
    }
}

impl Seen<'_> {
    fn command(&mut self, command: &Command, path: &str) {
        self.settings(command.settings, path);
        let mut called: BTreeSet<String> = BTreeSet::new();
        for script in &command.scripts {
            called.extend(self.script(script));
            for host in hosts_in(self.plan, &script.text) {
                self.hosts.entry(host).or_default().1 += 1;
            }
            self.values(&script.text, path);
        }
        for program in called {
            let (looks, acts) = self.programs.entry(program).or_default();
            match command.mark {
                Mark::Look => *looks += 1,
                Mark::Act => *acts += 1,
            }
        }
        if let Some(host) = self.plan.settings[command.settings.index()].host {
            let name = self.plan.hosts[host.index()].name.clone();
            self.hosts.entry(name).or_default().0 += 1;
        }
    }

    /// The programs that a script calls.
    fn script(&mut self, script: &Script) -> Vec<String> {
        let interpreter = match script.interpreter {
            Interpreter::Sh => "sh",
            Interpreter::Bash => "bash",
            Interpreter::Zsh => "zsh",
            Interpreter::PowerShell => "powershell",
            Interpreter::Python => "python",
            Interpreter::Declared(id) => &self.plan.interpreters[id.index()].name,
        };
        if let ScriptForm::Direct(words) = &script.form
            && let Some([WordPart::Text(program)]) = words.first().map(Vec::as_slice)
            && script.interpreter == Interpreter::PowerShell
        {
            return vec![program.clone()];
        }
        if !matches!(script.form, ScriptForm::Direct(_)) {
            *self.tools.entry(interpreter.to_owned()).or_default() += 1;
        }
        let calls = calls_of(script.interpreter, &script.text);
        let names = calls.iter().flat_map(|call| {
            let wrappers = call.wrappers().iter().map(|word| word.text.as_str());
            let wrappers = wrappers.filter(|word| *word == "sudo");
            wrappers.chain([call.name()]).map(str::to_owned)
        });
        names
            .filter(|name| {
                let plain = |c: char| c.is_alphanumeric() || "_-.+".contains(c);
                !name.is_empty()
                    && !name.contains([HOLE, EXPANSION])
                    && name.chars().all(plain)
                    && !BUILTIN.contains(&name.as_str())
            })
            .collect()
    }

    fn request(&mut self, request: &Request, path: &str) {
        self.settings(request.settings, path);
        if let Some(host) = host_of(self.plan, &request.url) {
            self.hosts.entry(host).or_default().1 += 1;
        }
        let fields = request.headers.iter().chain(&request.query);
        let texts = fields.map(|(_, text)| text);
        for text in texts.chain([&request.url]).chain(&request.body) {
            self.values(text, path);
        }
    }

    fn settings(&mut self, id: SettingsId, path: &str) {
        let plan = self.plan;
        for (_, value) in &plan.settings[id.index()].env {
            self.value(value, path);
        }
    }

    fn values(&mut self, template: &Template, path: &str) {
        for part in &template.parts {
            if let TemplatePart::Hole(value) = part {
                self.value(value, path);
            }
        }
    }

    fn value(&mut self, value: &Expr, path: &str) {
        match &value.kind {
            ExprKind::Literal(Value::Secret(id)) => {
                let by = self.secrets.entry(*id).or_default();
                let path = if path.is_empty() { "the flow" } else { path };
                if !by.iter().any(|known| known == path) {
                    by.push(path.to_owned());
                }
            }
            ExprKind::Text(template) => self.values(template, path),
            ExprKind::Else(one, other) => {
                self.value(one, path);
                self.value(other, path);
            }
            _ => {}
        }
    }
}

/// The machine that an address leads to: `api.example.com`, or the param that the address begins with.
fn host_of(plan: &Plan, url: &Template) -> Option<String> {
    match url.parts.first()? {
        TemplatePart::Hole(value) => Some(format!("{{{{{}}}}}", called(plan, value)?)),
        TemplatePart::Text(_) => hosts_in(plan, url).into_iter().next(),
    }
}

fn called<'a>(plan: &'a Plan, value: &Expr) -> Option<&'a str> {
    match &value.kind {
        ExprKind::Var(var) => Some(&plan.vars[var.index()].name),
        _ => None,
    }
}

/// Machines that a text names: behind `https://`, and by params that are addresses.
fn hosts_in(plan: &Plan, text: &Template) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let source = &text.source;
    for (at, mark) in source.match_indices("://") {
        let scheme = source[..at].ends_with("http") || source[..at].ends_with("https");
        let rest = &source[at + mark.len()..];
        let end = rest
            .find(|c: char| c.is_whitespace() || "/\"'`\\)(?#;|&<>".contains(c))
            .unwrap_or(rest.len());
        let host = rest[..end].rsplit('@').next().unwrap_or("");
        if scheme && !host.is_empty() && !host.starts_with('$') {
            found.insert(host.to_owned());
        }
    }
    for part in &text.parts {
        if let TemplatePart::Hole(value) = part
            && value.ty == Type::Url
            && let Some(name) = called(plan, value)
        {
            found.insert(format!("{{{{{name}}}}}"));
        }
    }
    found
}

fn address(plan: &Plan, name: &str) -> Option<String> {
    if let Some(host) = plan.hosts.iter().find(|host| host.name == name) {
        return Some(host.address.clone());
    }
    let param = name.strip_prefix("{{")?.strip_suffix("}}")?;
    let of = |var: VarId| plan.vars[var.index()].name == param;
    let param = plan.params.iter().find(|param| of(param.var))?;
    match &param.default.as_ref()?.kind {
        ExprKind::Literal(value) => Some(show::value(value)),
        _ => None,
    }
}
