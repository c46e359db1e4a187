use runbook_grammar::ast::{CellTest, StmtKind};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "any-without-note",
    severity: Severity::Advice,
    title: "an `any` that does not say why",
    why: "A row that takes anything in a column says that this column does not matter there. Was that meant, or was it the quickest way to close a gap? A note beside it tells the next reader, and the journal shows it with the decision.\n\nLooked at are matrices with more than one input.",
    way_out: "Add a column for notes, and say in it why the rest does not matter.",
    bad: r#"matrix triage(up: bool, slow: bool) -> (response: choice) {
  | up  | slow | response  |
  |-----|------|-----------|
  | no  | any  | fail_over |
  | yes | yes  | restart   |
  | yes | no   | wait      |
}

decide triage {
  fail_over, restart, wait {
    step act "Tell the team"
  }
}
"#,
    good: r#"matrix triage(up: bool, slow: bool) -> (response: choice) {
  | up  | slow | response  | note                        |
  |-----|------|-----------|-----------------------------|
  | no  | any  | fail_over | What is down cannot be slow |
  | yes | yes  | restart   |                             |
  | yes | no   | wait      |                             |
}

decide triage {
  fail_over, restart, wait {
    step act "Tell the team"
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (_, stmt) in subject.each() {
        let StmtKind::Matrix(matrix) = &stmt.kind else { continue };
        if matrix.inputs.len() < 2 {
            continue;
        }
        for row in &matrix.table.rows {
            let any = row.cells.iter().find(|cell| cell.test == Some(CellTest::Any));
            // A cell that is neither tested nor given is a note.
            let noted = row
                .cells
                .iter()
                .any(|cell| cell.test.is_none() && !cell.text.trim().is_empty());
            if let (Some(any), false) = (any, noted) {
                found
                    .add(any.span, "a row takes anything here, and does not say why", "why does it not matter?")
                    .help("add a column `note`, and say in it why the rest does not matter");
            }
        }
    }
}
