use runbook_grammar::ast::CommandBody;
use runbook_plan::command::Interpreter;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::commands::Script;

pub const RULE: Rule = Rule {
    name: "platform-variant-missing",
    severity: Severity::Advice,
    title: "a command for one platform among commands for two",
    why: "A runbook that has a `bash` and a `powershell` variant of one command means to run on both platforms. A command of it that has only one of them stops the run on the other, in the middle.\n\nLooked at are scripts in fences, where most of them have both variants. A command of one line, `git log`, is taken to run on both.",
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
    let platforms = |fences: &[Script<'_>]| {
        let posix = fences.iter().any(|script| {
            matches!(
                script.interpreter,
                Interpreter::Sh | Interpreter::Bash | Interpreter::Zsh
            )
        });
        let windows = fences
            .iter()
            .any(|script| script.interpreter == Interpreter::PowerShell);
        (posix, windows)
    };
    let fenced: Vec<_> = subject
        .commands
        .iter()
        .filter(|command| matches!(command.ast.body, CommandBody::Fences(_)))
        .map(|command| (command, platforms(&command.scripts)))
        .collect();
    let both = fenced.iter().filter(|(_, on)| *on == (true, true)).count();
    let one = fenced.iter().filter(|(_, on)| on.0 != on.1).count();
    if both == 0 || one > both {
        return;
    }
    for (command, on) in fenced {
        let (has, lacks) = match on {
            (true, false) => ("a shell of POSIX", "powershell"),
            (false, true) => ("PowerShell", "bash"),
            _ => continue,
        };
        let span = match &command.ast.body {
            CommandBody::Fences(fences) => fences
                .first()
                .and_then(|fence| fence.word.as_ref())
                .map(|word| word.span),
            CommandBody::Line(_) => None,
        };
        found
            .add(
                span.unwrap_or(command.ast.span),
                format!("this script is for {has} alone, and most of the runbook are for both platforms"),
                "stops the run on the other",
            )
            .help(format!("add a `{lacks}` fence under the same mark"));
    }
}
