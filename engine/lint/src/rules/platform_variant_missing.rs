use runbook_grammar::ast::CommandBody;
use runbook_plan::command::Interpreter;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "platform-variant-missing",
    severity: Severity::Advice,
    title: "a command for one platform among commands for two",
    why: "A runbook that has a `bash` and a `powershell` variant of one command means to run on both platforms. A command of it that has only one of them stops the run on the other, in the middle.\n\nA line without a fence runs in `sh`, and counts as that.",
    way_out: "Write the other variant under the same mark.",
    bad: r#"step clean "Clear the temporary files" {
  $ ```bash
    app clean
  ```
    ```powershell
    app.exe clean
  ```
  repeatable
}

step restart "Restart the service" {
  $ ```powershell
    Restart-Service app
  ```
  repeatable
}
"#,
    good: r#"step clean "Clear the temporary files" {
  $ ```bash
    app clean
  ```
    ```powershell
    app.exe clean
  ```
  repeatable
}

step restart "Restart the service" {
  $ ```bash
    systemctl restart app
  ```
    ```powershell
    Restart-Service app
  ```
  repeatable
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    let shells = |at: usize| {
        let command = &subject.commands[at];
        let posix = command.scripts.iter().any(|script| {
            matches!(script.interpreter, Interpreter::Sh | Interpreter::Bash | Interpreter::Zsh)
        });
        let windows = command
            .scripts
            .iter()
            .any(|script| script.interpreter == Interpreter::PowerShell);
        (posix, windows)
    };
    let all = 0..subject.commands.len();
    if !all.clone().any(|at| shells(at) == (true, true)) {
        return;
    }
    for at in all {
        let (has, lacks) = match shells(at) {
            (true, false) => ("a shell of POSIX", "powershell"),
            (false, true) => ("PowerShell", "bash"),
            _ => continue,
        };
        let command = &subject.commands[at];
        let span = match &command.ast.body {
            CommandBody::Fences(fences) => fences.first().and_then(|fence| fence.word.as_ref()).map(|word| word.span),
            CommandBody::Line(text) => Some(text.span),
        };
        found
            .add(
                span.unwrap_or(command.ast.span),
                format!("this command is for {has} alone, and others of the runbook are for both platforms"),
                "stops the run on the other",
            )
            .help(format!("add a `{lacks}` fence under the same mark"));
    }
}
