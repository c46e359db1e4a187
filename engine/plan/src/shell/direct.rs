//! One-line commands that need no shell. They are executed directly, as `make` does: the meaning is the same,
//! and the shell's start is saved.

use runbook_grammar::ast::{Str, StrPart};

use crate::command::{Interpreter, WordPart};
use crate::expr::Expr;
use crate::value::Type;

/// Words that a shell carries out itself, or reads as part of its grammar: those of POSIX, dash, bash, ksh and
/// zsh, since `sh` may be any of them. Some are programs as well (`true`, `kill`, `echo`); they too stay with
/// the shell, for its own may print, count or name things otherwise than the program does.
const KEPT: &[&str] = &[
    ".",
    ":",
    "[",
    "[[",
    "]]",
    "alias",
    "autoload",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "chdir",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disable",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "emulate",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "float",
    "for",
    "foreach",
    "function",
    "getopts",
    "hash",
    "hist",
    "history",
    "if",
    "in",
    "integer",
    "jobs",
    "kill",
    "let",
    "limit",
    "local",
    "logout",
    "mapfile",
    "nocorrect",
    "noglob",
    "popd",
    "print",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "rehash",
    "repeat",
    "return",
    "select",
    "set",
    "setopt",
    "shift",
    "shopt",
    "source",
    "stop",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "unsetopt",
    "until",
    "vared",
    "wait",
    "whence",
    "where",
    "which",
    "while",
    "zmodload",
];

/// The words of a one-line command for `sh` that needs no shell: no metacharacter, builtin, reserved word,
/// assignment, glob, brace, tilde, and no secret among its values, since arguments are shown by `ps`. Plain
/// quotes are taken off. `None` where a shell might read it otherwise, or where the program itself comes from
/// a value. Neither may any value stand where [`super::pieces`] finds no safe form: what `ssh` or `sh -c` is
/// given is a program, with a shell in front or without.
pub fn direct(text: &Str, holes: &[Expr]) -> Option<Vec<Vec<WordPart>>> {
    let mut words: Vec<Vec<WordPart>> = Vec::new();
    let mut word: Option<Vec<WordPart>> = None;
    let mut quote: Option<char> = None;
    let all = holes;
    let mut holes = all.iter();
    for part in &text.parts {
        let text = match part {
            StrPart::Text { text, .. } => text,
            StrPart::Hole { .. } => {
                let expr = holes.next()?;
                if is_secret(&expr.ty) || words.is_empty() {
                    return None;
                }
                word.get_or_insert_default()
                    .push(WordPart::Hole(Box::new(expr.clone())));
                continue;
            }
        };
        for c in text.chars() {
            match (quote, c) {
                (Some(q), c) if c == q => quote = None,
                (Some('"'), '$' | '`' | '\\' | '!') => return None,
                (_, '\n' | '\r' | '\0') => return None,
                (Some(_), c) => letter(&mut word, c),
                (None, '\'' | '"') => {
                    quote = Some(c);
                    letter_less(&mut word);
                }
                (None, ' ' | '\t') => words.extend(word.take()),
                (None, c) if c.is_ascii_alphanumeric() || "_-./:,@%+^".contains(c) => {
                    letter(&mut word, c)
                }
                // An assignment only before the program's name.
                (None, '=') if !words.is_empty() && word.is_some() => letter(&mut word, c),
                (None, c) if !c.is_ascii() && c.is_alphanumeric() => letter(&mut word, c),
                (None, _) => return None,
            }
        }
    }
    if quote.is_some() {
        return None;
    }
    words.extend(word.take());
    for word in &mut words {
        word.shrink_to_fit();
    }
    words.shrink_to_fit();
    let program = match words.first()?.as_slice() {
        [WordPart::Text(name)] => name.as_str(),
        _ => return None,
    };
    let safe = || super::pieces(Interpreter::Sh, text, all).1.is_empty();
    (!program.is_empty() && !KEPT.contains(&program) && safe()).then_some(words)
}

fn is_secret(ty: &Type) -> bool {
    match ty {
        Type::Secret => true,
        Type::Optional(inner) | Type::List(inner) => is_secret(inner),
        _ => false,
    }
}

fn letter(word: &mut Option<Vec<WordPart>>, c: char) {
    let parts = word.get_or_insert_default();
    match parts.last_mut() {
        Some(WordPart::Text(text)) => text.push(c),
        _ => parts.push(WordPart::Text(c.to_string())),
    }
}

/// An empty pair of quotes is a word as well.
fn letter_less(word: &mut Option<Vec<WordPart>>) {
    word.get_or_insert_with(|| vec![WordPart::Text(String::new())]);
}
