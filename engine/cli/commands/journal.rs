//! `runbook journal`: whether a run's journal holds, and what it holds.

use std::io::Write;

use runbook_host::codes;
use runbook_host::error::{HostError, plainly};
use runbook_host::journal::Piece;
use runbook_host::journal::record::Link;
use runbook_host::runs::verify::{Verified, export, verify};
use runbook_host::runs::{RunDir, list};
use serde::Serialize;

use crate::args::{self, JournalCommand};
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, print, printed, state_home};

pub fn journal(args: &args::Journal) -> Exit {
    match &args.command {
        JournalCommand::Verify(args) => verified(args),
        JournalCommand::Export(args) => exported(args),
    }
}

fn run_of(run: Option<&str>) -> Result<RunDir, HostError> {
    let home = state_home()?;
    match run {
        Some(prefix) => list::find(&home, prefix),
        None => list::newest(&home),
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    run: &'a str,
    folder: String,
    records: u64,
    bytes: u64,
    format: &'a str,
    engine: &'a str,
    epochs: u32,
    sources: usize,
    outputs: u64,
    /// Bytes of a record that was never acknowledged.
    torn: u64,
    /// The link of the last record.
    head: &'a str,
    /// The record that has the link given with `--head`.
    anchor: Option<u64>,
    problem: Option<Problem<'a>>,
}

#[derive(Serialize)]
struct Problem<'a> {
    code: String,
    message: &'a str,
    help: Option<&'a str>,
    /// Up to here, in bytes, all is well.
    offset: u64,
}

fn verified(args: &args::Verify) -> Exit {
    let anchor = match args.head.as_deref().map(|text| (text, Link::parse(text))) {
        Some((text, None)) => {
            complain_line(&format!(
                "`{text}` is no link: one has {} hex digits, as `runbook journal verify` prints it",
                Link::DIGITS
            ));
            return Exit::Usage;
        }
        Some((_, link)) => link,
        None => None,
    };
    let found =
        run_of(args.run.as_deref()).and_then(|dir| verify(&dir, anchor).map(|found| (dir, found)));
    let (dir, found) = match found {
        Ok(found) => found,
        Err(error) => return complain_host(&error),
    };
    if args.json {
        print(&json(&dir, &found));
    } else {
        print(&page(&dir, &found, anchor));
    }
    match &found.problem {
        None => Exit::Done,
        Some(problem) => {
            let exit = if args.json {
                Exit::Run(problem.exit_code())
            } else {
                complain_host(problem)
            };
            // Of a newer journal nobody here knows whether it holds.
            if problem.code == codes::JOURNAL_NEWER {
                exit
            } else {
                Exit::Found
            }
        }
    }
}

fn json(dir: &RunDir, found: &Verified) -> String {
    let (format, engine) = found
        .head
        .as_ref()
        .map_or(("", ""), |head| (&head.format, &head.engine));
    let shown = Shown {
        run: &dir.id,
        folder: dir.path.display().to_string(),
        records: found.records,
        bytes: found.bytes,
        format,
        engine,
        epochs: found.epochs,
        sources: found.sources,
        outputs: found.outputs,
        torn: found.torn,
        head: found.link.as_str(),
        anchor: found.anchor,
        problem: found.problem.as_ref().map(|problem| Problem {
            code: problem.code.to_string(),
            message: &problem.message,
            help: problem.help.as_deref(),
            offset: found.bytes,
        }),
    };
    let text = serde_json::to_string_pretty(&shown).unwrap_or_default();
    format!("{text}\n")
}

fn page(dir: &RunDir, found: &Verified, anchor: Option<Link>) -> String {
    let mut page = String::new();
    let mut row = |name: &str, text: String| page += &format!("{name:<9}{text}\n");
    row("run", dir.id.clone());
    let by = found.head.as_ref().map_or(String::new(), |head| {
        format!(", format {}, begun by runbook {}", head.format, head.engine)
    });
    let so_far = match (&found.problem, &found.holder) {
        (Some(_), _) => ", up to what is wrong",
        (None, Some(_)) => ", as far as it stands: an engine has the run",
        (None, None) => "",
    };
    row(
        "journal",
        format!(
            "{}, {} bytes{by}{so_far}",
            counted(found.records, "record"),
            found.bytes
        ),
    );
    row(
        "checked",
        format!(
            "length, checksum, number and link of each record; {} and {} against what it says of them",
            counted(found.sources as u64, "source"),
            counted(found.outputs, "output")
        ),
    );
    if found.torn > 0 {
        row(
            "tail",
            format!(
                "{} bytes of a record that was never acknowledged; resume keeps them aside",
                found.torn
            ),
        );
    }
    row("head", found.link.to_string());
    match (anchor, found.anchor) {
        (Some(_), Some(seq)) if seq + 1 == found.records => {
            row("anchor", format!("record {seq}, the last one"));
        }
        (Some(_), Some(seq)) => row(
            "anchor",
            format!(
                "record {seq}; {} since",
                counted(found.records - seq - 1, "record")
            ),
        ),
        (Some(_), None) => {}
        (None, _) => row(
            "anchor",
            "none given: keep the head elsewhere, and `--head` shows whether the end was cut off"
                .into(),
        ),
    }
    page
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn exported(args: &args::Export) -> Exit {
    let dir = match run_of(args.run.as_deref()) {
        Ok(dir) => dir,
        Err(error) => return complain_host(&error),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut damaged = Vec::new();
    let mut unprinted = None;
    let read = export(&dir, |piece| {
        let written = match piece {
            Piece::Record(mut json) => {
                json.push(b'\n');
                out.write_all(&json)
            }
            Piece::Damaged { offset, bytes } => {
                damaged.push((offset, bytes));
                Ok(())
            }
        };
        written.map_err(|error| {
            let refused = HostError::new(codes::JOURNAL_READ, plainly(&error));
            unprinted = Some(error);
            refused
        })
    });
    let flushed = unprinted.map_or_else(|| out.flush(), Err);
    let closed = flushed.is_err();
    printed(flushed);
    match read {
        Err(error) if !closed => return complain_host(&error),
        Err(_) => return Exit::Done,
        Ok(()) => {}
    }
    for (offset, bytes) in &damaged {
        complain_line(&format!(
            "{bytes} bytes at byte {offset} are no record, and were passed over"
        ));
    }
    if damaged.is_empty() {
        Exit::Done
    } else {
        Exit::Found
    }
}
