use runbook_plan::command::Manner;
use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::programs::verbs;
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "needs-terminal",
    severity: Severity::Warning,
    title: "a command that waits for a terminal",
    why: "Commands run without a terminal and with their input closed, so that nothing hangs on a question nobody sees. An editor, a pager, a \
REPL, `kubectl exec -it`, `ssh host` without a command, `git commit` without a message or `terraform apply` without `-auto-approve` fails \
there, or waits for ever.\n\nPassed over: what is fed by a pipe or a file, and what says what it should not ask (`-y`, `-auto-approve`).",
    way_out: "Write `interactive` in the step: the command gets the terminal, and you say how it went. Or use the form that asks nothing.",
    bad: r#"step edit "Edit the limits" {
  $ vim /etc/app/limits.conf
  irreversible "The old limits are not kept."
  timeout 5m
}
"#,
    good: r#"step edit "Edit the limits" {
  $ vim /etc/app/limits.conf
  interactive
  irreversible "The old limits are not kept."
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        let manner = command.plan.map(|plan| &plan.manner);
        if matches!(manner, Some(Manner::Interactive)) {
            continue;
        }
        for (script, call) in command.calls() {
            let Some((what, other)) = waits(call) else {
                continue;
            };
            found
                .add(
                    subject.call(script, call),
                    format!("`{what}` waits for a terminal, and gets none"),
                    "input is closed here",
                )
                .help(match other {
                    "" => "add `interactive` to the step".to_owned(),
                    other => format!("add `interactive` to the step, or {other}"),
                });
        }
    }
}

/// What waits, and how it would not.
fn waits(call: &Call) -> Option<(String, &'static str)> {
    let name = call.name();
    let verbs = verbs(call);
    let first = verbs.first().copied().unwrap_or_default();
    let fed = call.is_fed();
    let bare = call.args().is_empty();
    let with = |other: &'static str| Some((name.to_owned(), other));
    let verb = |other: &'static str| Some((format!("{name} {first}"), other));
    match name {
        "vi" | "vim" | "nvim" | "nano" | "emacs" | "pico" | "mc" | "htop" | "visudo" | "vipw" | "k9s" | "lazydocker"
        | "tig" | "fdisk" | "cfdisk" => {
            let batch = call.args().iter().any(|word| {
                matches!(word.text.as_str(), "-es" | "-Es" | "--batch" | "-batch" | "-l" | "-c" | "--check")
            });
            (!batch && !fed).then(|| (name.to_owned(), ""))
        }
        "less" | "more" | "man" => with("write `cat`, and the run shows and keeps the output"),
        "top" if !call.has(&["-b"]) => with("write `top -b -n 1`"),
        "passwd" | "gh" if name == "passwd" || verbs == ["auth", "login"] => (!fed).then(|| (name.to_owned(), "")),
        "kubectl" | "oc" => match first {
            "exec" | "run" | "attach" if call.has(&["-t", "--tty"]) => Some((
                format!("{name} {first} -t"),
                "leave `-it` out where the command asks nothing",
            )),
            "edit" => verb("apply a file, or `patch`"),
            _ => None,
        },
        "docker" | "podman" | "nerdctl" | "docker-compose" => {
            let runs = verbs.iter().take(2).any(|verb| matches!(*verb, "exec" | "run" | "attach"));
            let detached = call.has(&["-d", "--detach"]);
            // Options behind the image belong to the program in it.
            let terminal = call
                .args()
                .iter()
                .skip_while(|word| !matches!(word.text.as_str(), "exec" | "run" | "attach"))
                .skip(1)
                .take_while(|word| word.text.starts_with('-'))
                .any(|word| {
                    word.text == "--tty"
                        || !word.text.starts_with("--")
                            && word.text.contains('t')
                            && word.text[1..].chars().all(|c| "itdu".contains(c))
                });
            if runs && terminal && !detached {
                return Some((
                    format!("{name} … -t"),
                    "leave `-it` out where the command asks nothing",
                ));
            }
            (first == "login" && !call.has(&["--password-stdin"]) && !fed)
                .then(|| (format!("{name} login"), "use `--password-stdin`"))
        }
        "ssh" => {
            const WITH_VALUE: [&str; 17] = [
                "-b", "-c", "-D", "-e", "-F", "-i", "-I", "-J", "-l", "-L", "-m", "-o", "-O", "-p", "-R", "-S",
                "-W",
            ];
            let plain = call.plain(&WITH_VALUE);
            let tunnel = call.has(&["-N", "-f"]) || call.args().iter().any(|word| word.text == "-O");
            (plain.len() == 1 && !tunnel && !fed)
                .then(|| ("ssh".to_owned(), "give it the command to run there"))
        }
        "psql" => {
            let told = call.has(&["-c", "--command", "-f", "--file", "-l", "--list"]);
            (!told && !fed).then(|| ("psql".to_owned(), "give it `-c` or `-f`"))
        }
        "mysql" | "mariadb" => {
            let told = call.has(&["-e", "--execute"]);
            (!told && !fed).then(|| (name.to_owned(), "give it `-e`"))
        }
        "mongosh" | "mongo" => {
            let told = call.has(&["--eval"]) || verbs.iter().any(|word| word.ends_with(".js"));
            (!told && !fed).then(|| (name.to_owned(), "give it `--eval`"))
        }
        "redis-cli" => {
            let told = !verbs.is_empty()
                || call.args().iter().any(|word| {
                    matches!(
                        word.text.as_str(),
                        "--scan" | "--latency" | "--stat" | "--bigkeys" | "--rdb" | "--pipe" | "--eval" | "--memkeys"
                            | "--version" | "-v" | "--cluster"
                    )
                });
            (!told && !fed).then(|| (name.to_owned(), "give it a command"))
        }
        "python" | "python3" | "node" | "irb" | "iex" | "ghci" | "sqlite3" if bare && !fed => {
            with("give it a script")
        }
        "bash" | "sh" | "zsh" if bare && !fed => with("give it a script"),
        "git" => match first {
            "rebase" if call.has(&["-i", "--interactive"]) => Some(("git rebase -i".to_owned(), "")),
            "add" if call.has(&["-p", "--patch", "-i"]) => Some(("git add -p".to_owned(), "")),
            "commit" => {
                let told = call.has(&["-m", "--message", "-F", "--file", "-C", "--no-edit", "--fixup", "-t"]);
                (!told).then(|| ("git commit".to_owned(), "give it `-m`"))
            }
            _ => None,
        },
        "crontab" if call.has(&["-e"]) => Some(("crontab -e".to_owned(), "")),
        "sudo" if call.has(&["-i", "-s"]) && call.plain(&[]).is_empty() => Some(("sudo -i".to_owned(), "")),
        "su" if !call.has(&["-c", "--command"]) && !fed => with("give it `-c`"),
        "terraform" | "tofu" => match first {
            "apply" | "destroy" => {
                let told = call.args().iter().any(|word| {
                    matches!(word.text.as_str(), "-auto-approve" | "--auto-approve" | "-input=false")
                }) || first == "apply" && verbs.len() > 1;
                (!told).then(|| (format!("{name} {first}"), "apply a plan that was reviewed: `terraform apply plan.out`"))
            }
            "console" => verb(""),
            _ => None,
        },
        "apt" | "apt-get" | "dnf" | "yum" => {
            let changes = matches!(first, "install" | "remove" | "upgrade" | "purge" | "dist-upgrade");
            let told = call.has(&["-y", "--yes", "--assume-yes", "-q", "--assumeyes"]);
            (changes && !told).then(|| (format!("{name} {first}"), "give it `-y`"))
        }
        "aws" | "npm" if matches!(first, "configure" | "login" | "adduser") && verbs.len() == 1 && !fed => verb(""),
        "read" if !fed && call.depth == 0 => with("write `ask` in the runbook"),
        _ => None,
    }
}
