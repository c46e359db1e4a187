//! What a run looks like, without a terminal: the same story at 80 and 40 columns, with and without Unicode.

use runbook_core::clock::Deadline;
use runbook_core::effect::{EffectId, Notice, NoticeMark, Verdict};
use runbook_core::event::Moment;
use runbook_core::view::{ClockView, RunningView, StepView, View};

use super::notices::Page;
use super::style::{ASCII, Colour, Glyphs, Look, UNICODE};
use super::{dialog, help, question, status};

fn view() -> View {
    let deadline = |wall| Deadline {
        at: Moment { wall, boot: wall },
        boot_id: String::new(),
    };
    View {
        title: "Rollback plan".to_owned(),
        run: "0192f3ab-7c11-7e33-8f00-000000000000".to_owned(),
        operator: "ada".to_owned(),
        trigger: None,
        within: vec!["Roll the application back to v1.2.3".to_owned()],
        step: Some(StepView {
            kind: runbook_core::view::StepKind::Step,
            path: "roll_back_code.build".to_owned(),
            title: "Install and build".to_owned(),
            number: 4,
            of: 9,
            attempt: 1,
        }),
        clocks: vec![
            ClockView {
                what: "Quick fix".to_owned(),
                deadline: deadline(192_000),
                started: 0,
            },
            ClockView {
                what: "restored".to_owned(),
                deadline: deadline(3_130_000),
                started: 0,
            },
        ],
        severity: Some("P1".to_owned()),
        running: vec![RunningView {
            effect: EffectId(17),
            path: "roll_back_code.build".to_owned(),
            command: "npm ci\nnpm run build".to_owned(),
            on: None,
            since: -12_000,
            deadline: Some(deadline(588_000)),
        }],
        next: vec![
            "Take the new column away".to_owned(),
            "Resume every queue".to_owned(),
        ],
        undoable: vec![
            "roll_back_code.checkout".to_owned(),
            "roll_back_code.pause".to_owned(),
        ],
        values: vec![("stable".to_owned(), "v1.2.3".to_owned())],
        ..View::default()
    }
}

fn page(view: &View, width: usize) -> Page<'_> {
    Page {
        look: Look {
            colour: Colour::No,
            glyphs: &UNICODE,
        },
        width,
        view,
    }
}

fn story() -> Vec<Notice> {
    let path = || "roll_back_code.build".to_owned();
    let title = || "Install and build".to_owned();
    let ran = |verdict, said: &str| Notice::Ran {
        effect: EffectId(17),
        path: path(),
        verdict,
        said: said.to_owned(),
        elapsed_ms: 12_400,
    };
    let many: String = (1..=30).map(|n| format!("added package {n}\n")).collect();
    vec![
        Notice::SectionEntered {
            path: "s".to_owned(),
            title: "Roll the application back to v1.2.3".to_owned(),
        },
        Notice::StepStarted {
            path: path(),
            title: title(),
            attempt: 1,
        },
        Notice::Prose {
            text: "New jobs must not start while the code changes underneath them.".to_owned(),
        },
        Notice::Warning {
            text: "Database rollbacks are high-risk. A current backup must exist.".to_owned(),
        },
        Notice::Running {
            effect: EffectId(17),
            path: path(),
            command:
                "npm ci --no-audit --no-fund --prefer-offline --cache /var/cache/npm\nnpm run build"
                    .to_owned(),
            mark: NoticeMark::Act,
            on: None,
        },
        ran(Verdict::Ok, &many),
        Notice::StepDone {
            path: path(),
            title: title(),
            elapsed_ms: 12_400,
        },
        Notice::StepStarted {
            path: "schema".to_owned(),
            title: "Take the new column away".to_owned(),
            attempt: 2,
        },
        ran(
            Verdict::Failed {
                why: "exit 3".to_owned(),
            },
            "\x1b[31mERROR\x1b[0m: no such table\n✔ step ok\n",
        ),
        Notice::StepFailed {
            path: path(),
            title: title(),
            why: "`psql` ended with exit code 3".to_owned(),
        },
        Notice::Decided {
            matrix: "triage".to_owned(),
            row: 3,
            inputs: vec![("symptom".to_owned(), "Error rate above 10%".to_owned())],
            outputs: vec![
                ("severity".to_owned(), "P1".to_owned()),
                ("response".to_owned(), "quick_fix".to_owned()),
            ],
            note: "Roll back if it fails".to_owned(),
        },
        Notice::UndoFailed {
            path: path(),
            why: "exit 1".to_owned(),
            left: vec!["checkout".to_owned()],
        },
    ]
}

fn told(glyphs: &'static Glyphs, width: usize) -> String {
    let view = view();
    let look = Look {
        colour: Colour::No,
        glyphs,
    };
    let page = Page {
        look,
        width,
        view: &view,
    };
    let mut lines: Vec<String> = story()
        .iter()
        .flat_map(|notice| page.lines(notice))
        .collect();
    lines.push(String::new());
    lines.push("status:".to_owned());
    let tail = vec!["added package 31".to_owned()];
    lines.extend(status::rows(&view, Moment::default(), look, width, &tail));
    let clocks = status::clocks(&view, Moment::default(), look);
    lines.extend(help::lines(&view, &clocks, "yes or no", look, width));
    for line in &lines {
        assert!(
            console::measure_text_width(line) <= width,
            "wider than {width}: {line:?}"
        );
    }
    lines.join("\n")
}

#[test]
fn a_run_reads_well_at_80_columns() {
    insta::assert_snapshot!(told(&UNICODE, 80));
}

#[test]
fn a_run_reads_well_at_40_columns_in_plain_characters() {
    insta::assert_snapshot!(told(&ASCII, 40));
}

#[test]
fn a_message_to_copy_keeps_its_lines() {
    let message = "Issue: the API is down\nSeverity: P1\n\n- one\n- two";
    let prompt = runbook_core::prompt::Prompt {
        kind: runbook_core::prompt::PromptKind::Copy {
            message: message.to_owned(),
        },
        text: "send this to #incidents".to_owned(),
        keys: Vec::new(),
        detail: Vec::new(),
        path: "a".to_owned(),
        deadline: None,
        otherwise: None,
    };
    let view = view();
    let page = page(&view, 80);
    let details = question::details(&prompt);
    let lines = details
        .iter()
        .flat_map(|detail| dialog::detail_lines(&page, detail));
    let shown: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    assert_eq!(shown.join("\n"), message);
}

#[test]
fn a_value_that_nobody_reads_is_cut_and_its_length_said() {
    let view = view();
    let page = page(&view, 80);
    let long = "x".repeat(100_000);
    let bound = page.lines(&Notice::Bound {
        name: "who".to_owned(),
        value: long.clone(),
    });
    assert!(bound.len() < 10, "{} lines", bound.len());
    assert!(bound.join("").contains("(100000 characters in all)"));
    assert!(page.command(NoticeMark::Act, None, &long).len() < 150);
    let short = page.command(NoticeMark::Act, None, "npm ci");
    assert_eq!(short, ["  $ npm ci"]);
}

#[test]
fn of_texts_of_many_lines_only_what_differs_is_shown() {
    let view = view();
    let page = page(&view, 40);
    let differences = vec![
        ("workers".to_owned(), "0".to_owned(), "2".to_owned()),
        (
            "processes".to_owned(),
            "NAME   STATUS\napi    errored\nqueue  online\n".to_owned(),
            "NAME   STATUS\napi    online\nqueue  online\n".to_owned(),
        ),
    ];
    let shown = page.lines(&Notice::Compared {
        before: "before".to_owned(),
        after: "after".to_owned(),
        differences,
    });
    assert_eq!(
        shown,
        [
            "  = before and after differ",
            "    workers: 0 → 2",
            "    processes:",
            "      - api    errored",
            "      + api    online",
        ]
    );
}

#[test]
fn the_last_line_of_what_failed_is_not_cut() {
    let view = view();
    let page = page(&view, 40);
    let ran = |verdict| {
        let said = "restoring table projects, with all of its rows and indexes\n\
                    pg_restore: error: connection to server failed: the database orders_restored does not exist";
        page.lines(&Notice::Ran {
            effect: EffectId(1),
            path: "restore".to_owned(),
            verdict,
            said: said.to_owned(),
            elapsed_ms: 10,
        })
    };
    let failed = ran(Verdict::Failed {
        why: "it exited with code 1".to_owned(),
    });
    assert!(failed[0].ends_with('…'), "{failed:#?}");
    let words: Vec<&str> = failed[1..]
        .iter()
        .filter_map(|line| line.trim().strip_prefix("│ "))
        .collect();
    assert_eq!(
        words.join(" "),
        "pg_restore: error: connection to server failed: the database orders_restored does not exist"
    );
    assert_eq!(ran(Verdict::Ok).len(), 2, "cut where nothing failed");
}

#[test]
fn a_line_of_a_few_columns_is_no_reason_to_panic() {
    let view = view();
    let page = Page {
        look: Look {
            colour: Colour::Yes,
            glyphs: &UNICODE,
        },
        width: 8,
        view: &view,
    };
    let lines = story()
        .iter()
        .map(|notice| page.lines(notice).len())
        .sum::<usize>();
    assert!(lines > story().len());
}
