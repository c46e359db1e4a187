use runbook_plan::command::Manner;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "sudo-may-ask",
    severity: Severity::Warning,
    title: "a `sudo` that may ask for a password",
    why: "A command has no terminal, so `sudo` cannot ask. It fails with a message about terminals that hides what is wrong, or, with an askpass \
program, opens a window nobody sees. `sudo -n` fails at once and says that a password is required.\n\nPassed over: `sudo -S` and `-A`, and an \
`interactive` step, where it may ask.",
    way_out: "Write `sudo -n`, and `interactive` where the operator is to type the password. `runbook lint --fix` puts `-n` in.",
    bad: r#"step restart "Restart Redis" {
  $ sudo systemctl restart redis
  repeatable
  timeout 1m
}
"#,
    good: r#"step restart "Restart Redis" {
  $ sudo -n systemctl restart redis
  repeatable
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        if matches!(
            command.plan.map(|plan| &plan.manner),
            Some(Manner::Interactive)
        ) {
            continue;
        }
        for (script, call) in command.calls() {
            let Some(at) = call.words.iter().position(|word| word.text == "sudo") else {
                continue;
            };
            // `grep sudo file` only speaks of it.
            if at > call.program {
                continue;
            }
            let told = call.words[at + 1..]
                .iter()
                .take_while(|word| word.text.starts_with('-'))
                .any(|word| {
                    let text = word.text.as_str();
                    matches!(text, "--non-interactive" | "--stdin" | "--askpass" | "--version" | "-V")
                        || !text.starts_with("--") && text.contains(['n', 'S', 'A'])
                });
            if told {
                continue;
            }
            let place = subject.place(script.text, &call.words[at].place);
            found
                .add(
                    place,
                    "`sudo` may ask for a password, and has nobody to ask",
                    "gets no terminal",
                )
                .help("write `sudo -n`")
                .fix(place.after(), " -n");
        }
    }
}
