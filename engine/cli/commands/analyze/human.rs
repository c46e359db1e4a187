//! An analysis for a person to read.

use runbook_plan::analysis::Analysis;
use runbook_plan::analysis::people::{Approvals, Asked, AskedKind};
use runbook_plan::analysis::touches::{Declared, Touches};
use runbook_plan::analysis::undo::{Gate, Undo};
use runbook_plan::analysis::ways::{
    Arm, Deadline, Endless, Fits, Fork, ForkKind, Leg, LegKind, Times, Way, Ways,
};
use runbook_plan::show::duration;

use crate::terminal::style::{Look, Tone};
use crate::terminal::text::{harmless, wrap};

pub struct Page {
    pub look: Look,
    pub width: usize,
}

/// `1 step`, `3 steps`
fn many(count: usize, one: &str, more: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {more}"),
    }
}

impl Page {
    pub fn lines(&self, analysis: &Analysis) -> Vec<String> {
        let mut lines = self.text(Tone::Title, "", "", &analysis.title);
        lines.extend(self.time(&analysis.time));
        lines.extend(self.undo(&analysis.undo));
        lines.extend(self.people(&analysis.asked, &analysis.approvals));
        lines.extend(self.touches(&analysis.touches));
        lines
    }

    /// Wrapped behind `first`, its further lines behind as many blanks as `rest` has.
    fn text(&self, tone: Tone, first: &str, rest: &str, text: &str) -> Vec<String> {
        let text: Vec<&str> = text.split_whitespace().collect();
        wrap(&harmless(&text.join(" ")), self.width, first, rest)
            .iter()
            .map(|line| self.look.paint(tone, line))
            .collect()
    }

    fn head(&self, title: &str) -> Vec<String> {
        let rule = self.look.glyphs.rule.repeat(title.chars().count());
        vec![
            String::new(),
            self.look.paint(Tone::Title, title),
            self.look.paint(Tone::Quiet, &rule),
        ]
    }

    /// A word in a column of its own, where there is room for one.
    fn row(&self, tone: Tone, word: &str, text: &str) -> Vec<String> {
        let indent = if self.width < 60 { 4 } else { 14 };
        let rest = " ".repeat(indent);
        if word.chars().count() + 3 <= indent {
            let first = format!("  {word:<width$}", width = indent - 2);
            return self.text(tone, &first, &rest, text);
        }
        let mut lines = self.text(tone, "  ", "  ", word);
        lines.extend(self.text(tone, &rest, &rest, text));
        lines
    }

    // Time.

    fn time(&self, ways: &Ways) -> Vec<String> {
        let mut lines = self.head("How long it takes");
        let Some(all) = &ways.all else {
            lines.extend(self.text(Tone::Warning, "  ", "  ", "No way leads to an end."));
            return lines;
        };
        let times = &all.times;
        let best = format!("{}: no way is shorter", duration(times.best_ms));
        lines.extend(self.row(Tone::Plain, "best", &best));
        let said = match times.steps {
            0 => String::new(),
            steps => format!(
                "; `takes` is said of {} of its {}",
                times.steps_that_say,
                many(steps as usize, "step", "steps")
            ),
        };
        let expected = format!(
            "{}: the longest way where all goes well{said}",
            duration(times.expected_ms)
        );
        lines.extend(self.row(Tone::Plain, "expected", &expected));
        let endless = match self.endless(&times.endless) {
            Some(what) => format!("; + nothing ends {what}"),
            None => String::new(),
        };
        let worst = format!(
            "{}: timeouts, tries and deadlines to the full{endless}",
            worst(times)
        );
        lines.extend(self.row(Tone::Plain, "worst", &worst));
        for deadline in &all.deadlines {
            let until = match &deadline.until {
                Some(path) => format!(" until {path}"),
                None => String::new(),
            };
            let within = duration(deadline.within_ms);
            let name = format!("{} {within}{until}", deadline.name);
            lines.extend(self.deadline("  ", &name, deadline));
        }
        for fork in &ways.forks {
            lines.extend(self.fork(fork));
        }
        if ways.forks_left_out > 0 {
            let more = format!("{} more places where ways part", ways.forks_left_out);
            let first = format!("{} ", self.look.glyphs.ellipsis);
            lines.push(String::new());
            lines.extend(self.text(Tone::Quiet, &first, "  ", &more));
        }
        lines.extend(self.longest(all));
        lines
    }

    fn endless(&self, endless: &Endless) -> Option<String> {
        let parts = [
            (endless.questions, "question", "questions"),
            (endless.commands, "command", "commands"),
            (endless.lists, "list", "lists"),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, more)| many(count as usize, one, more))
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn deadline(&self, indent: &str, name: &str, deadline: &Deadline) -> Vec<String> {
        let glyphs = self.look.glyphs;
        let (tone, glyph, what) = match (deadline.fits, &deadline.times) {
            (Fits::Always, Some(times)) => (
                Tone::Good,
                glyphs.ok,
                format!("always in time, {} at worst", duration(times.worst_ms)),
            ),
            (Fits::AsExpected, Some(times)) => (
                Tone::Warning,
                glyphs.warning,
                format!(
                    "in time if {} goes well: {} expected, {} at worst",
                    all_else(times),
                    duration(times.expected_ms),
                    worst(times)
                ),
            ),
            (Fits::Late, Some(times)) => (
                Tone::Bad,
                glyphs.failed,
                format!(
                    "may be late even if {} goes well: {} expected on the longest way, {} at best",
                    all_else(times),
                    duration(times.expected_ms),
                    duration(times.best_ms)
                ),
            ),
            (Fits::Never, Some(times)) => (
                Tone::Bad,
                glyphs.failed,
                format!("never in time: {} at best", duration(times.best_ms)),
            ),
            (Fits::DoesNotCount, _) | (_, None) => (
                Tone::Quiet,
                glyphs.dot,
                "no way comes there, or the clock has stopped before".to_owned(),
            ),
        };
        let first = format!("{indent}{glyph} ");
        let rest = " ".repeat(console::measure_text_width(&first));
        self.text(tone, &first, &rest, &format!("{name}: {what}"))
    }

    fn fork(&self, fork: &Fork) -> Vec<String> {
        let times = |arm: &Arm| {
            let times = arm.way.as_ref().map(|way| way.times)?;
            Some((times.best_ms, times.expected_ms, worst(&times)))
        };
        let differs = fork
            .arms
            .iter()
            .any(|arm| times(arm) != times(&fork.arms[0]));
        if !differs {
            return Vec::new();
        }
        let kind = match fork.kind {
            ForkKind::Decide => "decide ",
            ForkKind::Choose => "",
            ForkKind::Attempt => "attempt: ",
        };
        let first = format!("{} {kind}", self.look.glyphs.decision);
        let mut lines = vec![String::new()];
        lines.extend(self.text(Tone::Title, &first, "  ", &fork.title));
        for arm in &fork.arms {
            lines.extend(self.arm(arm));
        }
        lines
    }

    fn arm(&self, arm: &Arm) -> Vec<String> {
        let arrow = self.look.glyphs.arrow;
        let level = match &arm.severity {
            Some(level) => format!(", {level}"),
            None => String::new(),
        };
        let head = format!("  {arrow} ");
        let rest = " ".repeat(console::measure_text_width(&head));
        let mut lines = self.text(Tone::Plain, &head, &rest, &format!("{}{level}", arm.title));
        for row in &arm.rows {
            let when = match row.when.is_empty() {
                true => "whatever is true".to_owned(),
                false => row.when.join(", "),
            };
            let text = format!("row {}, {when}", row.number);
            lines.extend(self.text(Tone::Quiet, "    ", "      ", &text));
        }
        let Some(way) = &arm.way else {
            lines.extend(self.text(Tone::Quiet, "    ", "    ", "nothing comes here"));
            return lines;
        };
        let times = format!(
            "best {}, expected {}, worst {}",
            duration(way.times.best_ms),
            duration(way.times.expected_ms),
            worst(&way.times)
        );
        lines.extend(self.text(Tone::Plain, "    ", "    ", &times));
        for deadline in &way.deadlines {
            if deadline.fits != Fits::DoesNotCount {
                lines.extend(self.deadline("    ", &deadline.name, deadline));
            }
        }
        lines
    }

    fn longest(&self, way: &Way) -> Vec<String> {
        let mut lines = vec![String::new()];
        let title = format!("The longest way, {}", worst(&way.times));
        lines.extend(self.text(Tone::Title, "", "", &title));
        for leg in &way.longest {
            lines.extend(self.leg(leg));
        }
        lines
    }

    fn leg(&self, leg: &Leg) -> Vec<String> {
        let time = match (leg.ms, leg.endless.is_nothing()) {
            (0, false) => "+".to_owned(),
            (ms, true) => duration(ms),
            (ms, false) => format!("{}+", duration(ms)),
        };
        let mut notes = Vec::new();
        match leg.kind {
            LegKind::Failed => notes.push("up to where it is stopped".to_owned()),
            LegKind::TakenBack => notes.push("what it did is taken back".to_owned()),
            _ => {}
        }
        if leg.tries > 0 {
            let pauses = match leg.pauses_ms {
                0 => String::new(),
                pauses => format!(" and {} of pauses", duration(pauses)),
            };
            notes.push(format!(
                "{} tries of {}{pauses}",
                leg.tries,
                duration(leg.each_ms)
            ));
        }
        if let Some(what) = self.endless(&leg.endless) {
            notes.push(format!("{what} without an end"));
        }
        let notes = match notes.is_empty() {
            true => String::new(),
            false => format!(": {}", notes.join("; ")),
        };
        let path = match leg.path.is_empty() {
            true => String::new(),
            false => format!(" ({})", leg.path),
        };
        let first = format!("  {time:>8}  ");
        let rest = " ".repeat(first.chars().count());
        self.text(
            Tone::Plain,
            &first,
            &rest,
            &format!("{}{path}{notes}", leg.title),
        )
    }

    // Undo.

    fn undo(&self, undo: &Undo) -> Vec<String> {
        let mut lines = self.head("What can be taken back");
        for gate in &undo.gates {
            lines.extend(self.gate(gate));
        }
        let warning = self.look.glyphs.warning;
        for point in &undo.no_return {
            let first = format!("  {warning} ");
            let rest = " ".repeat(console::measure_text_width(&first));
            let text = format!(
                "{} is a point of no return: nothing before it can be taken back any more. {}",
                point.path, point.why
            );
            lines.extend(self.text(Tone::Warning, &first, &rest, &text));
        }
        lines
    }

    fn gate(&self, gate: &Gate) -> Vec<String> {
        let title = match &gate.path {
            Some(path) => format!("{} ({path})", gate.title),
            None => "The start of the run".to_owned(),
        };
        let first = format!("{} ", self.look.glyphs.checkpoint);
        let rest = " ".repeat(console::measure_text_width(&first));
        let mut lines = self.text(Tone::Title, &first, &rest, &title);
        if gate.acts() == 0 {
            lines.extend(self.text(
                Tone::Quiet,
                "    ",
                "    ",
                "nothing acts before the next gate",
            ));
            return lines;
        }
        let all = format!(
            "{} after it, before the next gate",
            match gate.acts() {
                1 => "1 step acts".to_owned(),
                count => format!("{count} steps act"),
            }
        );
        lines.extend(self.text(Tone::Plain, "    ", "    ", &all));
        let kinds = [
            (Tone::Good, "taken back", &gate.undone),
            (
                Tone::Plain,
                "left as it is, and safe to repeat",
                &gate.repeatable,
            ),
            (Tone::Warning, "irreversible", &gate.irreversible),
            (Tone::Bad, "not said", &gate.unsaid),
        ];
        for (tone, what, paths) in kinds {
            if !paths.is_empty() {
                let text = format!("{} {what}: {}", paths.len(), paths.join(", "));
                lines.extend(self.text(tone, "    ", "      ", &text));
            }
        }
        lines
    }

    // People.

    fn people(&self, asked: &[Asked], approvals: &Approvals) -> Vec<String> {
        let mut lines = self.head("Who is asked what");
        if asked.is_empty() {
            lines.extend(self.text(Tone::Quiet, "  ", "  ", "Nobody is asked anything."));
        }
        let mut last = "";
        for one in asked {
            let place = match (one.kind, one.path.as_str()) {
                (AskedKind::Need | AskedKind::Param | AskedKind::Secret, _) => "before it begins",
                (_, "") => "in the flow",
                (_, path) => path,
            };
            if last != place {
                lines.extend(self.text(Tone::Quiet, "  ", "  ", place));
                last = place;
            }
            let who = match &one.who {
                Some(who) => format!(", by {who}"),
                None => String::new(),
            };
            let within = match one.within_ms {
                Some(ms) => format!(", within {}", duration(ms)),
                None => String::new(),
            };
            let otherwise = match &one.otherwise {
                Some(answer) => format!(", else {answer}"),
                None => String::new(),
            };
            let text = format!("{}: {}{who}{within}{otherwise}", word(one.kind), one.text);
            lines.extend(self.text(Tone::Plain, "    ", "      ", &text));
        }
        for approval in &approvals.all {
            let by = match approval.by.as_slice() {
                [] => "whoever is at the terminal".to_owned(),
                [one] => format!("{one} alone"),
                [first, rest @ ..] => format!("{first}, then {}", rest.join(", then ")),
            };
            let text = format!("{}: approved by {by}", approval.text);
            let tone = match approval.by.len() {
                1 => Tone::Warning,
                _ => Tone::Plain,
            };
            lines.extend(self.text(tone, "  ", "    ", &text));
        }
        if let Some(factor) = approvals.bus_factor {
            let text = format!(
                "Bus factor of the approvals: {factor}{}",
                match factor {
                    1 => ", one contact can hold the run up",
                    _ => "",
                }
            );
            lines.extend(self.text(Tone::Title, "  ", "    ", &text));
        }
        lines
    }

    // What it touches.

    fn touches(&self, touches: &Touches) -> Vec<String> {
        let mut lines = self.head("What it touches");
        let counted = |looks: usize, acts: usize| match (looks, acts) {
            (0, 0) => String::new(),
            (looks, 0) => format!(" ({looks} look)"),
            (0, acts) => format!(" ({acts} act)"),
            (looks, acts) => format!(" ({looks} look, {acts} act)"),
        };
        let commands: Vec<String> = touches
            .commands
            .iter()
            .map(|program| format!("{}{}", program.name, counted(program.looks, program.acts)))
            .collect();
        let unsaid: Vec<&str> = touches
            .commands
            .iter()
            .filter(|program| program.declared == Declared::Unsaid)
            .map(|program| program.name.as_str())
            .collect();
        let tools = touches.tools.iter();
        let tools: Vec<String> = tools
            .map(|tool| {
                format!(
                    "{} ({})",
                    tool.name,
                    many(tool.scripts, "script", "scripts")
                )
            })
            .collect();
        let hosts = touches.hosts.iter().map(|host| {
            let address = match &host.address {
                Some(address) => format!(" = {address}"),
                None => String::new(),
            };
            let mut uses = Vec::new();
            if host.commands > 0 {
                uses.push(format!(
                    "{} there",
                    many(host.commands, "command", "commands")
                ));
            }
            if host.requests > 0 {
                uses.push(format!("named {}", many(host.requests, "time", "times")));
            }
            format!("{}{address} ({})", host.name, uses.join(", "))
        });
        let secrets = touches.secrets.iter().map(|secret| {
            let by = match secret.by.is_empty() {
                true => "nothing gets it".to_owned(),
                false => format!("for {}", secret.by.join(", ")),
            };
            format!("{} from {}, {by}", secret.name, secret.from)
        });
        let rows = [
            ("commands", commands.join(", ")),
            ("no `needs`", unsaid.join(", ")),
            ("read by", tools.join(", ")),
            ("hosts", hosts.collect::<Vec<_>>().join(", ")),
            ("secrets", secrets.collect::<Vec<_>>().join("; ")),
            ("variables", touches.variables.join(", ")),
            ("locks", touches.locks.join(", ")),
        ];
        for (word, text) in rows {
            if !text.is_empty() {
                lines.extend(self.row(Tone::Plain, word, &text));
            }
        }
        lines
    }
}

/// Where only a failed attempt leads there, not all goes well.
fn all_else(times: &Times) -> &'static str {
    match times.failed_attempts {
        0 => "all",
        _ => "all else",
    }
}

/// With a `+` where something on the way has no end.
fn worst(times: &Times) -> String {
    match times.endless.is_nothing() {
        true => duration(times.worst_ms),
        false => format!("{}+", duration(times.worst_ms)),
    }
}

fn word(kind: AskedKind) -> &'static str {
    match kind {
        AskedKind::Param => "param",
        AskedKind::Need => "to have ready",
        AskedKind::Secret => "secret",
        AskedKind::Ask => "question",
        AskedKind::Input => "input of the matrix",
        AskedKind::Choose => "choice",
        AskedKind::Confirm => "yes or no",
        AskedKind::Irreversible => "to type",
        AskedKind::Item => "to tick",
        AskedKind::Approve => "approval",
        AskedKind::Manual => "by hand",
        AskedKind::Message => "message to send",
        AskedKind::Interactive => "at the terminal",
        AskedKind::Todo => "still to be written",
    }
}
