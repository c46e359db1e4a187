//! Runbooks made up from a seed, and what their author promised of each command.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use runbook_grammar::source::Sources;
use runbook_plan::{Files, Plan};

use super::chance::Chance;

/// What the world knows of one step, or of one turn of it in a loop.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Branch by branch, from the outside in: `(parallel, branch)`.
    pub lane: Vec<(u32, u32)>,
    pub repeatable: bool,
    pub done_if: bool,
    pub undo: bool,
    /// A request of it may be on its way before anything of it is seen.
    pub request: bool,
    /// A command of it may hang: its attempts have a timeout.
    pub timeout: bool,
}

impl About {
    /// Whether the two stand in different branches of one `parallel`.
    pub fn beside(&self, other: &About) -> bool {
        self.lane
            .iter()
            .any(|(parallel, branch)| other.lane.iter().any(|(p, b)| p == parallel && b != branch))
    }
}

pub struct Made {
    pub text: String,
    pub plan: Plan,
    pub sources: Sources,
    pub files: Files,
    /// By the word behind the command: `k3`, or `k3 a` in a loop.
    pub steps: BTreeMap<String, About>,
    pub checkpoints: Vec<String>,
    pub parallel: bool,
    /// An attempt may run out of time.
    pub clocks: bool,
}

struct Making {
    chance: Chance,
    text: String,
    depth: usize,
    next: u32,
    lane: Vec<(u32, u32)>,
    steps: BTreeMap<String, About>,
    waits: i64,
    checkpoints: Vec<String>,
    parallel: bool,
    /// Nothing here may be beyond going back.
    may_be_undone: bool,
    /// Inside an `attempt`.
    attempted: bool,
}

/// The runbook of a number.
pub fn make(shape: u64) -> Made {
    let mut making = Making {
        chance: Chance::new(shape, "runbook"),
        text: format!("rbk 1\nrunbook \"World {shape}\"\n\n"),
        depth: 0,
        next: 0,
        lane: Vec::new(),
        steps: BTreeMap::new(),
        waits: 0,
        checkpoints: Vec::new(),
        parallel: false,
        may_be_undone: false,
        attempted: false,
    };
    making.flow();
    let Making {
        text,
        steps,
        checkpoints,
        parallel,
        ..
    } = making;
    let (sources, files, plan) = plan_of(shape, &text);
    Made {
        clocks: text.contains(" within "),
        text,
        plan,
        sources,
        files,
        steps,
        checkpoints,
        parallel,
    }
}

fn plan_of(shape: u64, text: &str) -> (Sources, Files, Plan) {
    let mut sources = Sources::default();
    let id = sources.add("world.rbk", text);
    let (root, mut told) = runbook_grammar::parse(sources.get(id));
    let files = runbook_plan::gather(root, |_| Err("there are no modules".into()));
    let (plan, more) = runbook_plan::resolve(&files);
    told.extend(more);
    match plan {
        Some(plan) if told.is_empty() => (sources, files, plan),
        _ => panic!("the runbook of shape {shape} has mistakes: {told:#?}\n{text}"),
    }
}

impl Making {
    fn flow(&mut self) {
        let nodes = self.chance.between(2, 4);
        let rewinds = self.chance.one_in(4);
        for n in 0..nodes {
            if rewinds && n == 1 {
                self.rewound();
            }
            self.node(0);
        }
    }

    /// A stretch that is gone through, gone back over, and left.
    fn rewound(&mut self) {
        let name = self.name("c");
        self.checkpoint(&name);
        self.may_be_undone = true;
        for _ in 0..self.chance.between(1, 2) {
            self.step();
        }
        self.may_be_undone = false;
        self.line(&format!("rewind to {name}"));
    }

    fn node(&mut self, depth: u32) {
        match self.chance.below(if depth < 2 { 16 } else { 7 }) {
            0..=5 => self.step(),
            6 => self.plain_wait(),
            7 => {
                let name = self.name("q");
                self.line(&format!("confirm \"Go on with {name}?\""));
            }
            8 if depth == 0 => {
                let name = self.name("c");
                self.checkpoint(&name);
            }
            9 => {
                let name = self.name("u");
                self.line(&format!("wait up to 5m every 10s {{\n  ? ./up {name}\n}}"));
            }
            10 if self.lane.is_empty() => self.branches(),
            11 => self.each(),
            12 if !self.attempted => {
                let name = self.name("n");
                self.open(&format!("section {name} \"Section {name}\""));
                for _ in 0..self.chance.between(1, 2) {
                    self.node(depth + 1);
                }
                self.close("}");
            }
            _ => self.attempt(depth),
        }
    }

    fn step(&mut self) {
        let key = self.name("k");
        self.step_of(&key, &[String::new()]);
    }

    /// `turns`: what stands behind the name, one for each turn of the loop around.
    fn step_of(&mut self, key: &str, turns: &[String]) {
        let hole = if turns.len() > 1 { " {{x}}" } else { "" };
        let mut about = About {
            lane: self.lane.clone(),
            ..About::default()
        };
        let mut more = self.chance.one_in(3);
        let kind = self.chance.below(if self.may_be_undone { 4 } else { 9 });
        self.open(&format!("step {key} \"Step {key}\""));
        if self.chance.one_in(5) {
            self.line(&format!("? ./look {key}{hole}"));
        }
        match kind {
            0..=3 => about.undo = true,
            4 | 5 => about.repeatable = true,
            6 => {
                about.done_if = true;
                more = false;
                self.line(&format!("done if ? ./is-done {key}{hole}"));
            }
            _ => {}
        }
        if self.chance.one_in(6) && !about.done_if {
            let turn = if turns.len() > 1 { "/{{x}}" } else { "" };
            about.request = true;
            self.line(&format!("http POST http://localhost/{key}{turn}"));
        } else {
            self.line(&format!("$ ./do {key}{hole}"));
        }
        if more {
            self.line(&format!("$ ./more {key}{hole}"));
        }
        if about.undo {
            if self.chance.one_in(4) {
                self.open("undo");
                self.line(&format!("$ ./undo {key}{hole}"));
                if self.chance.one_in(2) {
                    self.line(&format!("$ ./undo-more {key}{hole}"));
                } else {
                    self.line("retry 1 every 3s");
                }
                self.close("}");
            } else {
                self.line(&format!("undo $ ./undo {key}{hole}"));
            }
        }
        if about.repeatable {
            self.line("repeatable");
        }
        if self.chance.one_in(3) {
            about.timeout = true;
            self.line("timeout 30s");
        }
        if self.chance.one_in(3) {
            let times = self.chance.between(1, 2);
            self.line(&format!("retry {times} every 2s"));
        }
        if self.chance.one_in(8) {
            self.line(&format!("always {{\n  $ ./always {key}{hole}\n}}"));
        }
        self.close("}");
        for turn in turns {
            self.steps.insert(format!("{key}{turn}"), about.clone());
        }
        self.steps.insert(key.to_owned(), about);
    }

    fn plain_wait(&mut self) {
        // Each of another length, so that it is known by it.
        self.waits += 1;
        let seconds = 60 * self.chance.between(1, 4) + self.waits;
        self.line(&format!("wait {seconds}s"));
    }

    fn checkpoint(&mut self, name: &str) {
        self.checkpoints.push(name.to_owned());
        self.line(&format!(
            "checkpoint {name} \"Checkpoint {name}\" {{\n  ? ./look {name}\n}}"
        ));
    }

    fn branches(&mut self) {
        self.parallel = true;
        self.next += 1;
        let number = self.next;
        let max = if self.chance.one_in(3) { " max 2" } else { "" };
        self.open(&format!("parallel{max}"));
        for branch in 0..self.chance.between(2, 3).unsigned_abs() {
            self.lane.push((number, u32::try_from(branch).unwrap_or(0)));
            self.step();
            self.lane.pop();
        }
        self.close("}");
    }

    fn each(&mut self) {
        let key = self.name("k");
        let items = ["a", "b", "c"];
        let items = &items[..usize::try_from(self.chance.between(2, 3)).unwrap_or(2)];
        let list: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
        self.open(&format!("for x in [{}]", list.join(", ")));
        let turns: Vec<String> = items.iter().map(|item| format!(" {item}")).collect();
        self.step_of(&key, &turns);
        self.close("}");
    }

    fn attempt(&mut self, depth: u32) {
        let name = self.name("a");
        let within = match self.chance.below(3) {
            0 => " within 2m",
            1 => " within 2h",
            _ => "",
        };
        let before = self.attempted;
        self.attempted = true;
        self.open(&format!("attempt {name} \"Attempt {name}\"{within}"));
        let undone = std::mem::replace(&mut self.may_be_undone, true);
        for _ in 0..self.chance.between(1, 3) {
            self.node(depth + 1);
        }
        self.may_be_undone = undone;
        self.depth -= 1;
        self.line("} otherwise {");
        self.depth += 1;
        match self.chance.below(3) {
            0 if self.lane.is_empty() => self.line("finish rolled_back"),
            _ => self.step(),
        }
        self.close("}");
        self.attempted = before;
    }

    fn name(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{}", self.next)
    }

    fn line(&mut self, line: &str) {
        for line in line.lines() {
            let _ = writeln!(self.text, "{:1$}{line}", "", self.depth * 2);
        }
    }

    fn open(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
    }

    fn close(&mut self, brace: &str) {
        self.depth -= 1;
        self.line(brace);
    }
}
