//! The simple commands of a script as its shell reads them, for those who judge a command and do not run it.

use std::ops::Range;

use runbook_grammar::ast::Str;

use super::posix::{self, CLOSING};
use super::{Shell, Sym, nested, symbols};
use crate::command::Interpreter;
use crate::expr::{Template, TemplatePart};

/// One simple command: `sudo -n rm -rf "$dir" > log`.
#[derive(Clone, Debug)]
pub struct Call {
    /// `NAME=value` before the program.
    pub sets: Vec<Word>,
    /// All other words; none where the call only sets, or closes a loop or a bracket.
    pub words: Vec<Word>,
    /// Where in `words` the program stands, behind `sudo -u app`, `env A=b` or `timeout 5`.
    pub program: usize,
    pub redirects: Vec<Redirect>,
    /// Calls with the same number are piped into each other.
    pub pipeline: usize,
    /// From 0.
    pub stage: usize,
    /// How many the pipeline has.
    pub stages: usize,
    /// How what follows the pipeline is joined to it.
    pub joined: Joined,
    /// In how many `$(…)`, brackets and cases it stands.
    pub depth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `&`
    Background,
    /// `;`, a new line, or nothing follows.
    Then,
}

/// A word with its quotes taken off. [`HOLE`](super::HOLE) stands for a value of the runbook,
/// [`EXPANSION`](super::EXPANSION) for one of the shell.
#[derive(Clone, Debug)]
pub struct Word {
    pub text: String,
    /// Numbers of its holes, in the order of the script.
    pub holes: Vec<usize>,
    /// Where it stands, in characters of the script; a hole counts as one.
    pub place: Range<usize>,
}

#[derive(Clone, Debug)]
pub struct Redirect {
    /// `>`, `>>`, `>&`, `<`, `<<`, …, without the number before it.
    pub operator: String,
    /// Of a here-document: nothing.
    pub target: Word,
}

impl Call {
    /// The program's name without its folders; empty where none is called.
    pub fn name(&self) -> &str {
        let text = self
            .words
            .get(self.program)
            .map_or("", |word| word.text.as_str());
        text.rsplit('/').next().unwrap_or(text)
    }

    /// The words behind the program.
    pub fn args(&self) -> &[Word] {
        self.words.get(self.program + 1..).unwrap_or(&[])
    }

    /// The programs that only run this one: `sudo`, `timeout`, with their options.
    pub fn wrappers(&self) -> &[Word] {
        &self.words[..self.program.min(self.words.len())]
    }

    /// Whether one of these options is given: `--force` also as `--force=…`, `-f` also in a cluster, `-rf`.
    pub fn has(&self, options: &[&str]) -> bool {
        self.args()
            .iter()
            .take_while(|word| word.text != "--")
            .any(|word| options.iter().any(|option| is_option(&word.text, option)))
    }

    /// The words behind the program that are no options, nor the values of `with_value`.
    pub fn plain(&self, with_value: &[&str]) -> Vec<&str> {
        let mut plain = Vec::new();
        let mut args = self.args().iter();
        while let Some(word) = args.next() {
            let text = word.text.as_str();
            if text.starts_with('-') && text.len() > 1 {
                if with_value.contains(&text) {
                    args.next();
                }
            } else {
                plain.push(text);
            }
        }
        plain
    }

    /// Whether it is fed by a pipe, a file or a here-document.
    pub fn is_fed(&self) -> bool {
        self.stage > 0
            || self
                .redirects
                .iter()
                .any(|redirect| redirect.operator.starts_with('<'))
    }

    pub fn is_last_stage(&self) -> bool {
        self.stage + 1 == self.stages
    }
}

fn is_option(text: &str, option: &str) -> bool {
    if text == option {
        return true;
    }
    match option.strip_prefix("--") {
        Some(_) => text
            .strip_prefix(option)
            .is_some_and(|rest| rest.starts_with('=')),
        // `-f` in `-rf`; an option of one dash and a word, `-auto-approve`, stands alone.
        None => {
            option.len() == 2
                && text.starts_with('-')
                && !text.starts_with("--")
                && text[1..].chars().all(|c| c.is_ascii_alphanumeric())
                && text[1..].contains(&option[1..])
        }
    }
}

/// The simple commands of a script, those in `$(…)` included, in the order they begin. Empty for what is no shell
/// of POSIX. Bodies of here-documents and the text of `sh -c "…"` are not looked into.
pub fn calls(interpreter: Interpreter, text: &Str) -> Vec<Call> {
    simple_commands(interpreter, &symbols(text))
}

/// The same of a script of a plan.
pub fn calls_of(interpreter: Interpreter, text: &Template) -> Vec<Call> {
    let mut symbols = Vec::new();
    let mut holes = 0;
    for part in &text.parts {
        match part {
            TemplatePart::Text(text) => symbols.extend(text.chars().map(Sym::Char)),
            TemplatePart::Hole(_) => {
                symbols.push(Sym::Hole(holes));
                holes += 1;
            }
        }
    }
    simple_commands(interpreter, &symbols)
}

fn simple_commands(interpreter: Interpreter, symbols: &[Sym]) -> Vec<Call> {
    let shell = match interpreter {
        Interpreter::Sh => Shell::Sh,
        Interpreter::Bash => Shell::Bash,
        Interpreter::Zsh => Shell::Zsh,
        Interpreter::PowerShell | Interpreter::Python | Interpreter::Declared(_) => {
            return Vec::new();
        }
    };
    let holes = symbols
        .iter()
        .filter(|symbol| matches!(symbol, Sym::Hole(_)));
    let (simples, pipelines) = posix::commands_of(shell, symbols, holes.count());
    let mut calls = Vec::new();
    for (number, pipeline) in pipelines.iter().enumerate() {
        for (stage, id) in pipeline.stages.iter().enumerate() {
            let simple = &simples[*id];
            let words: Vec<&posix::Word> = simple
                .words
                .iter()
                .filter(|word| word.text != CLOSING)
                .collect();
            let sets = words
                .iter()
                .take_while(|word| nested::is_assignment(word))
                .count();
            let (sets, words) = words.split_at(sets);
            if sets.is_empty() && words.is_empty() && simple.redirects.is_empty() {
                continue;
            }
            calls.push(Call {
                program: words.len() - nested::unwrapped(words).len(),
                sets: sets.iter().map(|word| Word::of(word)).collect(),
                words: words.iter().map(|word| Word::of(word)).collect(),
                redirects: simple
                    .redirects
                    .iter()
                    .map(|(operator, target)| Redirect {
                        operator: operator.clone(),
                        target: Word::of(target),
                    })
                    .collect(),
                pipeline: number,
                stage,
                stages: pipeline.stages.len(),
                joined: pipeline.joined,
                depth: simple.depth,
            });
        }
    }
    calls
}

impl Word {
    fn of(word: &posix::Word) -> Word {
        Word {
            text: word.text.clone(),
            holes: word.holes.clone(),
            place: word.start..word.start + word.length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_grammar::ast::StrPart;
    use runbook_grammar::span::Span;

    fn of(script: &str) -> Vec<Call> {
        let part = StrPart::Text {
            text: script.to_owned(),
            span: Span::default(),
        };
        let text = Str {
            parts: vec![part].into(),
            span: Span::default(),
        };
        calls(Interpreter::Bash, &text)
    }

    fn shown(script: &str) -> Vec<String> {
        of(script)
            .iter()
            .map(|call| {
                let words: Vec<&str> = call.words.iter().map(|word| word.text.as_str()).collect();
                format!(
                    "{} [{}] {}.{}/{} {:?}",
                    call.depth,
                    words.join(" "),
                    call.pipeline,
                    call.stage,
                    call.stages,
                    call.joined
                )
            })
            .collect()
    }

    #[test]
    fn calls_stand_in_their_pipelines() {
        assert_eq!(
            shown("cd a && make | tee \"b c\" || true"),
            [
                "0 [cd a] 0.0/1 And",
                "0 [make] 1.0/2 Or",
                "0 [tee b c] 1.1/2 Or",
                "0 [true] 2.0/1 Then",
            ]
        );
    }

    #[test]
    fn what_stands_in_brackets_is_deeper() {
        let found = shown("x=$(git head)\n(cd a; ls)\nfor i in 1; do rm $i; done > log\n");
        let depths: Vec<&str> = found.iter().map(|line| &line[..5]).collect();
        assert_eq!(
            depths,
            [
                "0 [] ", "1 [gi", "1 [cd", "1 [ls", "0 [fo", "0 [rm", "0 [] "
            ]
        );
    }

    #[test]
    fn wrappers_are_told_from_the_program() {
        let call = &of("A=1 sudo -n -u app timeout 5 /bin/rm -rf -- x > /dev/null")[0];
        assert_eq!(call.name(), "rm");
        assert_eq!(call.sets.len(), 1);
        assert!(call.has(&["-r"]) && call.has(&["--x", "-f"]) && !call.has(&["-x"]));
        assert_eq!(call.redirects[0].operator, ">");
        assert_eq!(call.redirects[0].target.text, "/dev/null");
        assert_eq!(call.plain(&[]), ["x"]);
    }

    #[test]
    fn a_word_knows_its_place() {
        let script = "curl -s 'a b'";
        let word = &of(script)[0].words[2];
        assert_eq!(&script[word.place.clone()], "'a b'");
    }
}
