//! A report as a Markdown document: what is known, and room for what only people know.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use runbook_core::view::Phase;
use runbook_plan::show;

use super::gather::pairs;
use super::{Acts, Deadline, Kept, Kind, Report};
use crate::graph::{Chart, Graph, Mark, mermaid_chart, svg_chart};
use crate::html::{Figure, page};
use crate::out::Out;
use crate::text::{and, code, escape, fence, table};

/// GitHub-flavoured Markdown, ended by a newline; times of day in `zone`.
pub fn markdown(report: &Report, zone: &TimeZone) -> String {
    write(report, zone, &[])
}

/// The same as one page of HTML, with the graph of the run's runbook in it, its way marked.
pub fn html(report: &Report, zone: &TimeZone, graph: &Graph) -> String {
    let met = |chart: &&Chart| chart.nodes.iter().any(|node| node.mark.is_some());
    let charts: Vec<&Chart> = graph.charts.iter().filter(met).collect();
    let figures = charts.iter().map(|chart| Figure {
        mermaid: mermaid_chart(chart),
        svg: svg_chart(chart, &|_| None),
    });
    page(&write(report, zone, &charts), figures.collect())
}

/// The document, with these charts.
fn write(report: &Report, zone: &TimeZone, charts: &[&Chart]) -> String {
    let page = Page { report, zone };
    let mut out = Out::default();
    out.block(&format!("# What happened: {}", escape(&report.title)));
    out.block(&page.summary());
    out.block(&page.facts());
    page.charts(&mut out, charts);
    page.to_be_written(&mut out, IMPACT);
    page.deadlines(&mut out);
    page.timeline(&mut out);
    page.decisions(&mut out);
    page.deviations(&mut out);
    page.comparisons(&mut out);
    page.evidence(&mut out);
    page.words(&mut out);
    page.to_be_written(&mut out, CAUSE);
    page.to_be_written(&mut out, LESSONS);
    page.follow_ups(&mut out);
    page.commands(&mut out);
    out.finish()
}

/// What no journal knows: the title of a part, and the question that it answers.
type Gap = (&'static str, &'static str);

const IMPACT: Gap = ("Impact", "who noticed what, and for how long?");
const CAUSE: Gap = (
    "Root cause",
    "what made it happen, and what let it through?",
);
const LESSONS: Gap = (
    "Lessons",
    "what went well, what did not, where were we lucky, and what must change in the runbook?",
);

struct Page<'a> {
    report: &'a Report,
    zone: &'a TimeZone,
}

impl Page<'_> {
    /// The first sentences: what somebody who reads no further should know.
    fn summary(&self) -> String {
        let report = self.report;
        let lasted = show::span(u64::try_from(report.last - report.began).unwrap_or(0));
        let mut sentences = vec![match &report.phase {
            Phase::Ended { outcome, text, .. } => {
                let text = match text.as_str() {
                    "" => String::new(),
                    text => format!(": {}", escape(text.trim_end_matches('.'))),
                };
                format!(
                    "The run ended **{}** after {lasted}{text}.",
                    show::outcome(*outcome)
                )
            }
            Phase::Parked { why } => format!(
                "The run is **not over**: it was parked after {lasted} ({}).",
                escape(why)
            ),
            Phase::Preparing | Phase::Running | Phase::Undoing => {
                format!("The run is **not over**: this is what was known after {lasted}.")
            }
        }];
        if let Some(level) = &report.severity {
            sentences.push(format!(
                "Severity {}: {}.",
                escape(&level.name),
                escape(level.title.trim_end_matches('.'))
            ));
        }
        for deadline in &report.deadlines {
            sentences.push(format!("{}.", verdict(deadline)));
        }
        sentences.join(" ")
    }

    /// The way the run went.
    fn charts(&self, out: &mut Out, charts: &[&Chart]) {
        let stands = |mark: &Mark| {
            let mut nodes = charts.iter().flat_map(|chart| &chart.nodes);
            nodes.any(|node| node.mark == Some(*mark))
        };
        let marks = Mark::ALL.into_iter().filter(stands);
        let marks: Vec<String> = marks
            .map(|mark| format!("{} is {}", mark.colour(), mark.words()))
            .collect();
        if marks.is_empty() {
            return;
        }
        out.block("## The way it went");
        out.block(&format!(
            "In the picture {}. The way that was taken is thick; what has no colour was not come to.",
            and(&marks)
        ));
        for chart in charts {
            if chart.procedure.is_some() {
                out.block(&format!("### {}", escape(&chart.title)));
            }
            out.block(&fence("mermaid", &mermaid_chart(chart)));
        }
    }

    fn facts(&self) -> String {
        let report = self.report;
        let mut rows = Vec::new();
        let mut row = |name: &str, text: String| {
            if !text.is_empty() {
                rows.push(vec![name.to_owned(), text]);
            }
        };
        row("Run", code(&report.run));
        let version = report.version.iter().map(|version| escape(version));
        row("Version of the runbook", version.collect());
        row(
            "Owner",
            report.owner.iter().map(|owner| escape(owner)).collect(),
        );
        row("Began", self.moment(report.began));
        let last = match report.phase {
            Phase::Ended { .. } => "Ended",
            _ => "Last known",
        };
        row(last, self.moment(report.last));
        let people: Vec<String> = report.people.iter().map(|name| escape(name)).collect();
        row("By", and(&people));
        row(
            "Started by",
            report.trigger.iter().map(|name| escape(name)).collect(),
        );
        let away: Vec<String> = report
            .absences
            .iter()
            .map(|absence| {
                let span = u64::try_from(absence.to - absence.from).unwrap_or(0);
                format!("{} from {}", show::span(span), self.moment(absence.from))
            })
            .collect();
        row("No engine had it for", and(&away));
        table(&["Fact", ""], &rows)
    }

    fn to_be_written(&self, out: &mut Out, (title, question): Gap) {
        out.block(&format!("## {title}"));
        out.block(&format!("_To be written: {question}_"));
    }

    fn deadlines(&self, out: &mut Out) {
        if self.report.deadlines.is_empty() {
            return;
        }
        out.block("## Deadlines");
        let rows: Vec<_> = self
            .report
            .deadlines
            .iter()
            .map(|deadline| {
                let until = deadline.until.as_deref().unwrap_or("the end of the run");
                vec![
                    escape(&deadline.what),
                    show::duration(deadline.within_ms),
                    escape(until),
                    deadline.took_ms.map_or("open".to_owned(), show::span),
                    match deadline.kept {
                        Kept::Met => "met".to_owned(),
                        Kept::Missed => "**missed**".to_owned(),
                        Kept::Open => "open".to_owned(),
                    },
                ]
            })
            .collect();
        out.block(&table(&["Promise", "Within", "Until", "Took", ""], &rows));
    }

    fn decisions(&self, out: &mut Out) {
        let report = self.report;
        if report.rows.is_empty() && report.questions.is_empty() {
            return;
        }
        out.block("## Decisions");
        for row in &report.rows {
            let note = match row.note.as_str() {
                "" => String::new(),
                note => format!(" ({})", escape(note)),
            };
            out.item(&format!(
                "{}: the matrix {} took row {}, because {}: **{}**{note}",
                self.time(row.at),
                code(&row.matrix),
                row.row,
                escape(&pairs(&row.inputs)),
                escape(&pairs(&row.outputs)),
            ));
        }
        if report.questions.is_empty() {
            return;
        }
        let rows: Vec<_> = report
            .questions
            .iter()
            .map(|question| {
                vec![
                    self.time(question.at),
                    escape(&question.text),
                    question
                        .answer
                        .as_deref()
                        .map_or("_not answered_".to_owned(), escape),
                    question.by.as_deref().map_or(String::new(), escape),
                    question.took_ms.map_or(String::new(), show::span),
                ]
            })
            .collect();
        out.block(&table(&["At", "Question", "Answer", "By", "After"], &rows));
        let thought = report.questions.iter().filter_map(|q| q.took_ms).sum();
        out.block(&format!(
            "The run stood at questions for {} in all.",
            show::span(thought)
        ));
    }

    fn timeline(&self, out: &mut Out) {
        out.block("## Timeline");
        let mut rows = vec![vec![
            self.time(self.report.began),
            "The run began".to_owned(),
        ]];
        for moment in &self.report.timeline {
            let text = escape(&moment.text);
            rows.push(vec![
                self.time(moment.at),
                match moment.kind {
                    Kind::Section | Kind::Run | Kind::Gate => format!("**{text}**"),
                    Kind::Trouble => format!("⚠ {text}"),
                    Kind::Undo => format!("↩ {text}"),
                    Kind::Step | Kind::Decision | Kind::Word => text,
                },
            ]);
        }
        out.block(&table(&["At", "What"], &rows));
    }

    fn comparisons(&self, out: &mut Out) {
        for comparison in &self.report.comparisons {
            out.block(&format!(
                "## {} and {}",
                escape(&comparison.before),
                escape(&comparison.after)
            ));
            if comparison.differences.is_empty() {
                out.block("They are the same.");
                continue;
            }
            let long = |text: &str| text.trim().contains('\n');
            let (apart, short): (Vec<_>, Vec<_>) = comparison
                .differences
                .iter()
                .partition(|(_, was, is)| long(was) || long(is));
            let rows: Vec<_> = short
                .iter()
                .map(|(label, was, is)| vec![escape(label), code(was), code(is)])
                .collect();
            if !rows.is_empty() {
                out.block(&table(&["", "Before", "After"], &rows));
            }
            for (label, was, is) in apart {
                out.block(&format!("{}:", escape(label)));
                let (gone, new) = show::lines_apart(was, is);
                let lines: Vec<String> = (gone.iter().map(|line| format!("- {line}")))
                    .chain(new.iter().map(|line| format!("+ {line}")))
                    .collect();
                out.block(&fence("diff", &lines.join("\n")));
            }
        }
    }

    fn evidence(&self, out: &mut Out) {
        if self.report.evidence.is_empty() {
            return;
        }
        out.block("## Evidence");
        for evidence in &self.report.evidence {
            out.item(&format!(
                "{}: {} ({})",
                escape(&evidence.item),
                escape(&evidence.value),
                self.time(evidence.at)
            ));
        }
    }

    fn deviations(&self, out: &mut Out) {
        if self.report.deviations.is_empty() {
            return;
        }
        out.block("## Where it was done otherwise than written");
        for deviation in &self.report.deviations {
            let path = match deviation.path.as_str() {
                "" => String::new(),
                path => format!("{}, ", code(path)),
            };
            out.item(&format!(
                "{}, {path}{}: {}. Reason: {}",
                self.time(deviation.at),
                escape(&deviation.by),
                escape(deviation.what.trim_end_matches('.')),
                escape(&deviation.reason)
            ));
        }
    }

    fn words(&self, out: &mut Out) {
        let report = self.report;
        if !report.messages.is_empty() {
            out.block("## Who was told");
        }
        for message in &report.messages {
            out.item(&format!(
                "{}: {} to {}",
                self.time(message.at),
                escape(&message.message),
                escape(&message.to)
            ));
        }
        if !report.notes.is_empty() {
            out.block("## Notes");
        }
        for note in &report.notes {
            out.item(&format!(
                "{}, {}: {}",
                self.time(note.at),
                escape(&note.by),
                escape(&note.text)
            ));
        }
    }

    fn commands(&self, out: &mut Out) {
        if self.report.commands.is_empty() {
            return;
        }
        out.block("## Commands");
        out.block(&format!(
            "In the order they began. All that the last one printed: {}.",
            code(&format!(
                "runbook show {} --output {}",
                self.report.run,
                self.report.commands.last().map_or(0, |last| last.number)
            ))
        ));
        for command in &self.report.commands {
            let mark = match command.acts {
                Acts::Yes => "acts",
                Acts::OnlyLooks => "looks",
            };
            let outcome = command.outcome.as_deref().unwrap_or("its end is not known");
            let took = match command.took_ms {
                Some(ms) => format!(" after {}", show::span(ms)),
                None => String::new(),
            };
            let path = match command.path.as_str() {
                "" => String::new(),
                path => format!("{}, ", code(path)),
            };
            out.item(&format!(
                "{}, {path}{mark}: {}{took} (output {})",
                self.time(command.at),
                escape(outcome),
                command.number
            ));
            out.enter();
            let on = command.on.as_ref().map(|on| format!("{on} "));
            let prompt = format!("{}$ {}", on.unwrap_or_default(), command.command);
            out.block(&fence("console", &prompt));
            if !command.said.is_empty() {
                out.block(&fence("text", &command.said));
            }
            out.leave();
        }
    }

    fn follow_ups(&self, out: &mut Out) {
        if self.report.follow_ups.is_empty() {
            return;
        }
        out.block("## What is still to be done");
        for task in &self.report.follow_ups {
            let to = task.to.iter().map(|to| format!(" → {}", escape(to)));
            let due = task
                .due
                .iter()
                .map(|due| format!(", due {}", self.moment(*due)));
            let about: String = to.chain(due).collect();
            out.item(&format!("[ ] **{}**{about}", escape(&task.title)));
            out.enter();
            for item in &task.items {
                out.item(&format!("[ ] {}", escape(item)));
            }
            out.leave();
        }
    }

    /// `10:03:05`, with the day where the run went on for more than one.
    fn time(&self, at: i64) -> String {
        let day = |at| self.format(at, "%Y-%m-%d");
        if day(self.report.began) == day(self.report.last) {
            self.format(at, "%H:%M:%S")
        } else {
            self.format(at, "%Y-%m-%d %H:%M:%S")
        }
    }

    /// `2025-11-07 10:03:05 UTC`
    fn moment(&self, at: i64) -> String {
        self.format(at, "%Y-%m-%d %H:%M:%S %Z")
    }

    fn format(&self, at: i64, how: &str) -> String {
        match Timestamp::from_millisecond(at) {
            Ok(time) => time.to_zoned(self.zone.clone()).strftime(how).to_string(),
            Err(_) => show::time(at),
        }
    }
}

fn verdict(deadline: &Deadline) -> String {
    let within = show::duration(deadline.within_ms);
    let what = match deadline.what.split_once(' ') {
        Some((kind, name)) => format!("The deadline of {kind} {}, {within},", escape(name)),
        None => format!("The {} of {within}", deadline.what),
    };
    let by = |ms: u64| show::span(ms);
    match (deadline.kept, deadline.took_ms) {
        (Kept::Met, Some(took)) => format!(
            "{what} was met with {} to spare",
            by(deadline.within_ms - took)
        ),
        (Kept::Missed, Some(took)) => {
            format!("{what} was **missed** by {}", by(took - deadline.within_ms))
        }
        (Kept::Missed, None) => format!("{what} was **missed**"),
        (Kept::Met | Kept::Open, _) => format!("{what} was still running"),
    }
}
