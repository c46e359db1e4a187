//! Commands whose arguments or input are programs themselves: `sh -c`, `eval`, `ssh`, `awk`, a here-document
//! for `bash`. A value in such a program would become code when the second interpreter reads it.
//!
//! What a command does with its arguments is known by its name only. The lists here hold what runbooks use;
//! a wrapper that is not listed (`docker exec web sh -c "…"`) is still found, for `sh -c` is looked for
//! anywhere in a command.

use super::Shell;
use super::posix::{EXPANSION, HOLE, Simple, Word};
use super::trouble::Trouble;

const SHELLS: &[&str] = &[
    "sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "rbash",
];

const AS_ARGUMENT: &str = "pass it as an argument: a constant script that reads `\"$1\"`, as in `sh -c '… \"$1\"' sh {x}`";
const FOR_SSH: &str = "quote it for the far shell in a `bash` script, `ssh host \"… $(printf %q {x})\"`, or declare the \
                       machine as a `host` and run the command `on` it";
const IN_LANGUAGE: &str = "give it a name with `env NAME = …` and let the program read its environment, or pass it as an \
                           argument behind the program";
const WITHOUT_EVAL: &str = "write the command without it, with {x} as a plain argument";

type Troubles = Vec<(usize, Trouble)>;

/// The holes of a pipeline that stand in programs, each with its trouble.
pub(super) fn troubles(shell: Shell, pipeline: &[&Simple]) -> Troubles {
    let mut found = Troubles::new();
    for (n, simple) in pipeline.iter().enumerate() {
        let words: Vec<&Word> = simple
            .words
            .iter()
            .skip_while(|word| is_assignment(word))
            .collect();
        let mut reads_script = command(shell, &words, &mut found);
        for at in 0..words.len() {
            if is_shell(words[at]) {
                reads_script = shell_script(&words[at..], &mut found).or(reads_script);
            }
        }
        let Some(reader) = reads_script else { continue };
        mark(&simple.fed, Trouble::Fed(reader), &mut found);
        if let Some(before) = n.checked_sub(1).map(|n| pipeline[n])
            && says(before)
        {
            mark(&before.fed, Trouble::Fed(reader), &mut found);
            for word in &before.words {
                mark_word(word, Trouble::Fed(reader), &mut found);
            }
        }
    }
    found
}

fn mark(holes: &[usize], trouble: Trouble, found: &mut Troubles) {
    found.extend(holes.iter().map(|hole| (*hole, trouble)));
}

/// The holes of a word, and those that a `$(…)` in it prints.
fn mark_word(word: &Word, trouble: Trouble, found: &mut Troubles) {
    mark(&word.holes, trouble, found);
    mark(&word.said, trouble, found);
}

fn mark_words(words: &[&Word], trouble: Trouble, found: &mut Troubles) {
    for word in words {
        mark_word(word, trouble, found);
    }
}

/// The holes whose values a command prints as they are, whoever reads them. `printf %q` quotes its own for a
/// shell, and so gives none.
pub(super) fn said(simple: &Simple) -> Vec<usize> {
    if !says(simple) {
        return Vec::new();
    }
    let words: Vec<&Word> = simple
        .words
        .iter()
        .skip_while(|word| is_assignment(word))
        .collect();
    let quotes = words.len() > 1
        && base(words[0]) == "printf"
        && words[1].holes.is_empty()
        && words[1].text.split_whitespace().all(|part| part == "%q");
    if quotes {
        return Vec::new();
    }
    let printed = words
        .iter()
        .flat_map(|word| word.holes.iter().chain(&word.said));
    printed.chain(&simple.fed).copied().collect()
}

/// A command that prints what it is given: what is piped from it is its arguments.
fn says(simple: &Simple) -> bool {
    let name = simple
        .words
        .iter()
        .find(|word| !is_assignment(word))
        .map(base);
    matches!(name, Some("echo" | "printf" | "cat" | "tee" | "print"))
}

pub(super) fn is_assignment(word: &Word) -> bool {
    word.text.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        let name = name.split('[').next().unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The program's name without its folders.
fn base(word: &Word) -> &str {
    word.text.rsplit('/').next().unwrap_or(&word.text)
}

fn is_shell(word: &Word) -> bool {
    SHELLS.contains(&base(word))
}

/// A shell and what follows it. Marks the script of its `-c`; gives its name where it reads a script from its
/// standard input.
fn shell_script(words: &[&Word], found: &mut Troubles) -> Option<&'static str> {
    let name = SHELLS
        .iter()
        .copied()
        .find(|shell| *shell == base(words[0]))?;
    let mut at = 1;
    let mut script = false;
    let mut standard_input = false;
    while let Some(word) = words.get(at) {
        let text = word.text.as_str();
        if text == "--" || text == "-" {
            at += 1;
            break;
        }
        if !text.starts_with(['-', '+']) {
            break;
        }
        let short = !text.starts_with("--");
        script |= short && text.contains('c');
        standard_input |= short && text.contains('s');
        let takes_one = short && (text.ends_with('o') || text.ends_with('O'))
            || matches!(text, "--rcfile" | "--init-file");
        at += if takes_one { 2 } else { 1 };
    }
    if script {
        if let Some(word) = words.get(at) {
            mark_word(word, Trouble::Nested(name, AS_ARGUMENT), found);
        }
        return None;
    }
    // `bash <(echo …)`: the file it reads is what the substitution prints.
    if let Some(word) = words.get(at) {
        mark(&word.said, Trouble::Fed(name), found);
    }
    (standard_input || at >= words.len()).then_some(name)
}

/// Looks at one command. Gives the name of the interpreter where it reads a script from its standard input.
fn command(shell: Shell, words: &[&Word], found: &mut Troubles) -> Option<&'static str> {
    let words = unwrapped(words);
    let first = *words.first()?;
    let rest = &words[1..];
    match base(first) {
        "eval" => mark_words(rest, Trouble::Nested("eval", WITHOUT_EVAL), found),
        "." | "source"
            if rest
                .first()
                .is_some_and(|word| word.text == "/dev/stdin" || word.text == "-") =>
        {
            return Some("source");
        }
        "." | "source" => {
            for word in rest {
                mark(&word.said, Trouble::Fed("source"), found);
            }
        }
        "ssh" | "autossh" | "mosh" | "slogin" => return ssh(rest, found),
        "watch" => watch(rest, found),
        "trap" => {
            let action = rest.iter().position(|word| word.text != "--").unwrap_or(0);
            let help = "put the value in a variable first, `v={x}`, and name `\"$v\"` in the single quotes of the `trap`";
            mark_words(
                rest.get(action..=action).unwrap_or(&[]),
                Trouble::Nested("trap", help),
                found,
            );
        }
        "alias" => {
            let help = "write a function, and let it take the value as an argument";
            mark_words(rest, Trouble::Nested("alias", help), found);
        }
        "su" => return option_script(rest, "su", &["-c", "--command"], found),
        "runuser" => return option_script(rest, "runuser", &["-c", "--command"], found),
        "sg" => return option_script(rest, "sg", &["-c"], found),
        "script" => return option_script(rest, "script", &["-c", "--command"], found).and(None),
        "flock" => return option_script(rest, "flock", &["-c", "--command"], found).and(None),
        "nix-shell" => {
            return option_script(rest, "nix-shell", &["--run", "--command"], found).and(None);
        }
        "vagrant" => {
            return option_script(rest, "vagrant ssh", &["-c", "--command"], found).and(None);
        }
        "gcloud" => return option_script(rest, "gcloud", &["--command"], found).and(None),
        "at" | "batch" => return Some("at"),
        "crontab" if rest.iter().any(|word| word.text == "-") => return Some("crontab"),
        "parallel" => {
            let end = rest
                .iter()
                .position(|word| word.text.starts_with(":::"))
                .unwrap_or(rest.len());
            mark_words(
                &rest[..end],
                Trouble::Nested("parallel", "give the values behind `:::`"),
                found,
            );
        }
        "tmux" | "screen" => {
            for word in rest.iter().filter(|word| word.text.contains(' ')) {
                let help = "pass it in the environment, `tmux new-session -e NAME={x} …`";
                mark_word(word, Trouble::Nested("tmux", help), found);
            }
        }
        "find" => {
            let runs = |word: &&Word| {
                matches!(word.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir")
            };
            let mut rest = rest;
            while let Some(at) = rest.iter().position(runs) {
                rest = &rest[at + 1..];
                let end = rest
                    .iter()
                    .position(|word| word.text == ";" || word.text == "+");
                command(shell, &rest[..end.unwrap_or(rest.len())], found);
            }
        }
        "awk" | "gawk" | "mawk" | "nawk" | "busybox-awk" => awk(rest, found),
        "perl" => return language(rest, "perl", &['e', 'E'], &[], found),
        "ruby" => return language(rest, "ruby", &['e'], &[], found),
        "node" | "nodejs" | "deno" | "bun" => {
            return language(
                rest,
                "node",
                &['e', 'p'],
                &["--eval", "--print", "eval"],
                found,
            );
        }
        "php" => return language(rest, "php", &['r'], &["--run"], found),
        "lua" | "luajit" => return language(rest, "lua", &['e'], &[], found),
        "Rscript" | "R" => return language(rest, "R", &['e'], &[], found),
        "osascript" => return language(rest, "osascript", &['e'], &[], found),
        "pwsh" | "powershell" | "powershell.exe" => {
            let at = rest.iter().position(|word| {
                let text = word.text.to_ascii_lowercase();
                text.len() > 1
                    && ("-command".starts_with(&text) || "-encodedcommand".starts_with(&text))
            });
            if let Some(at) = at {
                mark_words(
                    &rest[at + 1..],
                    Trouble::Nested("powershell", IN_LANGUAGE),
                    found,
                );
            } else if !rest
                .iter()
                .any(|word| word.text.to_ascii_lowercase().starts_with("-f"))
            {
                return Some("powershell");
            }
        }
        "cmd" | "cmd.exe" => mark_words(rest, Trouble::Nested("cmd", WITHOUT_EVAL), found),
        name if name.starts_with("python") || name.starts_with("pypy") => {
            return language(rest, "python", &['c'], &[], found);
        }
        name => return builtin(shell, name, rest, found),
    }
    None
}

/// Builtins that take names, or compute.
fn builtin(shell: Shell, name: &str, rest: &[&Word], found: &mut Troubles) -> Option<&'static str> {
    match name {
        "let" => mark_words(rest, Trouble::Arithmetic, found),
        "read" => mark_words(rest, Trouble::Name("read"), found),
        "unset" => mark_words(rest, Trouble::Name("unset"), found),
        "getopts" => mark_words(
            rest.get(1..2).unwrap_or(&[]),
            Trouble::Name("getopts"),
            found,
        ),
        "mapfile" | "readarray" => mark_words(rest, Trouble::Name("mapfile"), found),
        "vared" => mark_words(rest, Trouble::Name("vared"), found),
        "export" | "readonly" | "declare" | "typeset" | "local" | "integer" | "float" => {
            let kind = match name {
                "export" => "export",
                "readonly" => "readonly",
                "local" => "local",
                _ => "declare",
            };
            let computes = matches!(name, "integer" | "float")
                || rest
                    .iter()
                    .any(|word| word.text.starts_with('-') && word.text.contains(['i', 'E', 'F']));
            for word in rest {
                let named = word.text.split('=').next().unwrap_or("");
                if computes {
                    mark_word(word, Trouble::Arithmetic, found);
                } else if named.contains([HOLE, EXPANSION]) || !word.text.contains('=') {
                    mark_word(word, Trouble::Name(kind), found);
                }
            }
        }
        "printf" => {
            if rest.first().is_some_and(|word| word.text.starts_with("-v")) {
                let at = usize::from(rest[0].text == "-v");
                mark_words(
                    rest.get(at..=at).unwrap_or(&[]),
                    Trouble::Name("printf -v"),
                    found,
                );
            }
            if shell == Shell::Zsh && computing_format(rest.first().map_or("", |word| &word.text)) {
                mark_words(rest, Trouble::Arithmetic, found);
            }
        }
        "test" | "[" => {
            for pair in rest.windows(2) {
                if matches!(pair[0].text.as_str(), "-v" | "-R") {
                    mark_word(pair[1], Trouble::Name("test -v"), found);
                }
            }
        }
        "wait" => {
            for pair in rest.windows(2).filter(|pair| pair[0].text == "-p") {
                mark_word(pair[1], Trouble::Name("wait -p"), found);
            }
        }
        "exit" | "return" | "shift" | "break" | "continue" | "repeat" if shell == Shell::Zsh => {
            mark_words(rest.get(..1).unwrap_or(&[]), Trouble::Arithmetic, found);
        }
        _ => {}
    }
    None
}

/// zsh computes what it prints with `%d` and its like.
fn computing_format(format: &str) -> bool {
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c == HOLE || c == EXPANSION {
            return true;
        }
        if c == '%' {
            let kind = chars.find(|c| !matches!(c, '-' | '+' | ' ' | '#' | '.' | '0'..='9'));
            if !matches!(kind, None | Some('s' | 'b' | 'q' | 'c' | '%')) {
                return true;
            }
        }
    }
    false
}

/// Takes off what only runs another command: `sudo -u app`, `env A=b`, `timeout 5`.
pub(super) fn unwrapped<'a>(words: &'a [&'a Word]) -> &'a [&'a Word] {
    // The options that take a value, and how many plain words come before the command.
    const WRAPPERS: &[(&str, &str, usize)] = &[
        ("command", "", 0),
        ("builtin", "", 0),
        ("exec", "a", 0),
        ("nohup", "", 0),
        ("setsid", "", 0),
        ("noglob", "", 0),
        ("nocorrect", "", 0),
        ("unbuffer", "", 0),
        ("busybox", "", 0),
        ("sudo", "ugpChTrtDR", 0),
        ("doas", "uC", 0),
        ("env", "uCS", 0),
        ("nice", "n", 0),
        ("ionice", "cnp", 0),
        ("chrt", "", 1),
        ("timeout", "ks", 1),
        ("stdbuf", "ioe", 0),
        ("chroot", "", 1),
        ("time", "fo", 0),
        ("strace", "eopsu", 0),
        ("xargs", "aEIiLlnPsd", 0),
    ];
    let mut words = words;
    while let Some((first, rest)) = words.split_first() {
        // `$SUDO ssh …`: what an expansion gives may be a wrapper, or nothing at all.
        let expansion = first.text.contains(EXPANSION).then_some(&("", "", 0));
        let Some((_, with_value, plain)) =
            expansion.or_else(|| WRAPPERS.iter().find(|(name, ..)| *name == base(first)))
        else {
            break;
        };
        let mut rest = rest;
        let mut plain = *plain;
        while let Some(word) = rest.first() {
            let text = word.text.as_str();
            if text == "--" {
                rest = &rest[1..];
                break;
            }
            if text.starts_with('-') && text.len() > 1 {
                let takes = text.len() == 2 && text[1..].chars().all(|c| with_value.contains(c));
                rest = rest.get(if takes { 2 } else { 1 }..).unwrap_or(&[]);
            } else if is_assignment(word) {
                rest = &rest[1..];
            } else if plain > 0 {
                plain -= 1;
                rest = &rest[1..];
            } else {
                break;
            }
        }
        if rest.is_empty() {
            break;
        }
        words = rest;
    }
    words
}

/// `ssh [options] host [command …]`: the far shell reads all that follows the host.
fn ssh(rest: &[&Word], found: &mut Troubles) -> Option<&'static str> {
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        let text = word.text.as_str();
        if text == "--" {
            at += 1;
            break;
        }
        if !text.starts_with('-') || text.len() < 2 {
            break;
        }
        let takes = text.len() == 2 && "BbcDEeFIiJLlmOopQRSWw".contains(&text[1..]);
        let value = if takes {
            rest.get(at + 1).copied()
        } else {
            None
        };
        for option in [Some(*word), value].into_iter().flatten() {
            let lower = option.text.to_ascii_lowercase();
            if lower.contains("proxycommand")
                || lower.contains("localcommand")
                || lower.contains("knownhostscommand")
            {
                mark_word(option, Trouble::Nested("ssh", FOR_SSH), found);
            }
        }
        at += if takes { 2 } else { 1 };
    }
    let command = rest.get(at + 1..).unwrap_or(&[]);
    mark_words(command, Trouble::Nested("ssh", FOR_SSH), found);
    let text: Vec<&str> = command.iter().map(|word| word.text.as_str()).collect();
    let joined = text.join(" ");
    let mut far = joined
        .split_whitespace()
        .filter(|word| !word.starts_with("sudo") && !word.starts_with('-'));
    match far.next() {
        None => (rest.len() > at).then_some("ssh"),
        Some(name) => SHELLS
            .iter()
            .copied()
            .find(|shell| *shell == name.rsplit('/').next().unwrap_or(name)),
    }
}

/// `watch` gives its words to `sh -c`, but for `-x`.
fn watch(rest: &[&Word], found: &mut Troubles) {
    let mut at = 0;
    while let Some(word) = rest.get(at).filter(|word| word.text.starts_with('-')) {
        if word.text == "--exec" || !word.text.starts_with("--") && word.text.contains('x') {
            return;
        }
        at += if matches!(word.text.as_str(), "-n" | "--interval") {
            2
        } else {
            1
        };
    }
    let help = "use `watch -x`, which runs the command itself";
    mark_words(
        rest.get(at..).unwrap_or(&[]),
        Trouble::Nested("watch", help),
        found,
    );
}

/// A command that takes a script as the value of an option. Without it, a shell reads standard input.
fn option_script(
    rest: &[&Word],
    name: &'static str,
    options: &[&str],
    found: &mut Troubles,
) -> Option<&'static str> {
    let mut seen = false;
    for (n, word) in rest.iter().enumerate() {
        let text = word.text.as_str();
        for option in options {
            let long = option.starts_with("--");
            let script = if text == *option || !long && is_cluster_with(text, option) {
                rest.get(n + 1).copied()
            } else if long && text.starts_with(&format!("{option}=")) {
                Some(*word)
            } else {
                continue;
            };
            seen = true;
            if let Some(script) = script {
                mark_word(script, Trouble::Nested(name, AS_ARGUMENT), found);
            }
        }
    }
    (!seen).then_some(name)
}

/// `-lc` holds `-c` as its last letter.
fn is_cluster_with(text: &str, option: &str) -> bool {
    text.starts_with('-')
        && !text.starts_with("--")
        && text.len() > 1
        && text.ends_with(&option[1..])
}

/// `awk` runs its first plain word, but for `-f`.
fn awk(rest: &[&Word], found: &mut Troubles) {
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        match word.text.as_str() {
            "--" => {
                at += 1;
                break;
            }
            "-f" | "--file" => return,
            "-F" | "-v" | "--assign" | "--field-separator" => at += 2,
            text if text.starts_with("-f") || text.starts_with("--file=") => return,
            text if text.starts_with('-') && text.len() > 1 => at += 1,
            _ => break,
        }
    }
    let help = "pass it with `-v name={x}`, and use `name` in the program";
    mark_words(
        rest.get(at..=at).unwrap_or(&[]),
        Trouble::Nested("awk", help),
        found,
    );
}

/// `perl -e`, `python -c`, …: the program is the option's value. Without one and without a file, standard
/// input is the program.
fn language(
    rest: &[&Word],
    name: &'static str,
    letters: &[char],
    long: &[&str],
    found: &mut Troubles,
) -> Option<&'static str> {
    let trouble = Trouble::Nested(name, IN_LANGUAGE);
    let mut program = false;
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        let text = word.text.as_str();
        if let Some(option) = long
            .iter()
            .find(|option| text == **option || text.starts_with(&format!("{option}=")))
        {
            program = true;
            let value = if text == *option {
                rest.get(at + 1)
            } else {
                Some(word)
            };
            mark_words(value.map_or(&[], std::slice::from_ref), trouble, found);
            at += 2;
            continue;
        }
        if text == "-" || text == "--" || !text.starts_with('-') {
            break;
        }
        let cluster = !text.starts_with("--");
        match text.find(letters).filter(|_| cluster) {
            // `-e'code'`: the rest of the word is the program.
            Some(letter) if letter + 1 < text.len() => {
                program = true;
                mark_word(word, trouble, found);
                at += 1;
            }
            Some(_) => {
                program = true;
                mark_words(rest.get(at + 1..=at + 1).unwrap_or(&[]), trouble, found);
                at += 2;
                if name == "python" {
                    break;
                }
            }
            None => at += 1,
        }
    }
    let file = rest.get(at).is_some_and(|word| word.text != "-");
    (!program && !file).then_some(name)
}
