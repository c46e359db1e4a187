//! Where the holes of a PowerShell script stand.
//!
//! In a bare word a value is `"${env:v}"`, in a string that expands `${env:v}`. A string in single quotes that
//! holds a value is rewritten as one in double quotes with everything else in it escaped, since PowerShell
//! does not join adjacent strings to one argument.

use super::trouble::{Place, Trouble};
use super::{Shape, Sym};
use crate::command::Quoting;

const DEEPEST: usize = 64;

pub(super) enum Part {
    Text(String),
    Hole(usize),
}

pub(super) struct Found {
    pub parts: Vec<Part>,
    pub places: Vec<Place>,
    pub unfinished: Option<&'static str>,
}

pub(super) fn places(syms: &[Sym], shapes: &[Shape]) -> Found {
    let mut lexer = Lexer {
        syms,
        shapes,
        at: 0,
        parts: Vec::new(),
        places: vec![None; shapes.len()],
        unfinished: None,
        statement: Statement::default(),
    };
    lexer.code(0);
    lexer.end_statement();
    Found {
        parts: lexer.parts,
        places: lexer
            .places
            .iter()
            .map(|place| place.unwrap_or(Place::TOO_DEEP))
            .collect(),
        unfinished: lexer.unfinished,
    }
}

/// Words of a statement, lower case and without quotes, and its holes.
#[derive(Default)]
struct Statement {
    words: Vec<String>,
    word: String,
    holes: Vec<usize>,
}

struct Lexer<'a> {
    syms: &'a [Sym],
    shapes: &'a [Shape],
    at: usize,
    parts: Vec<Part>,
    places: Vec<Option<Place>>,
    unfinished: Option<&'static str>,
    statement: Statement,
}

fn is_single(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

fn is_double(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

impl Lexer<'_> {
    fn char(&self, ahead: usize) -> Option<char> {
        match self.syms.get(self.at + ahead) {
            Some(Sym::Char(c)) => Some(*c),
            _ => None,
        }
    }

    fn push(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.parts.push(Part::Text(c.to_string())),
        }
    }

    /// Copies the next character.
    fn take(&mut self) {
        if let Some(c) = self.char(0) {
            self.push(c);
            self.at += 1;
        }
    }

    fn place(&mut self, hole: usize, place: Place) {
        let list = self.shapes[hole] == Shape::List;
        let place = match place {
            Place::Good(Quoting::Double | Quoting::Here) if list => {
                Place::Bad(Trouble::ListNotAlone)
            }
            other => other,
        };
        self.places[hole] = Some(place);
        self.statement.holes.push(hole);
        self.parts.push(Part::Hole(hole));
        self.at += 1;
    }

    fn end_word(&mut self) {
        if !self.statement.word.is_empty() {
            let word = std::mem::take(&mut self.statement.word);
            self.statement.words.push(word.to_lowercase());
        }
    }

    /// Marks the holes of a statement that gives them to another interpreter.
    fn end_statement(&mut self) {
        self.end_word();
        let statement = std::mem::take(&mut self.statement);
        let quoted = "pass it as an argument of a script block, `-ArgumentList {x}`, and read it with `param`";
        let has = |word: &str| statement.words.iter().any(|other| other == word);
        let trouble = statement.words.iter().find_map(|word| {
            let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
            let name = name.strip_suffix(".exe").unwrap_or(name);
            match name {
                "invoke-expression" | "iex" => Some(("Invoke-Expression", quoted)),
                "invoke-command" | "icm" | "start-job" => Some(("Invoke-Command", quoted)),
                "pwsh" | "powershell" => Some(("powershell", quoted)),
                "cmd" => Some(("cmd", "run the command itself")),
                "ssh" => Some(("ssh", "run the command `on` a declared `host`")),
                "bash" | "sh" | "wsl" => Some(("sh", "give the script a fence of its own")),
                "python" | "python3" | "node" | "perl" | "ruby" if has("-c") || has("-e") => {
                    Some(("python", "let the program read its environment"))
                }
                _ => None,
            }
        });
        if let Some((what, help)) = trouble {
            for hole in statement.holes {
                self.places[hole] = Some(Place::Bad(Trouble::Nested(what, help)));
            }
        }
    }

    /// Code up to the end, or the `)` that closes a `$(` (left to be read) where `depth` is not 0.
    fn code(&mut self, depth: usize) {
        let mut brackets = 0_usize;
        while let Some(sym) = self.syms.get(self.at).copied() {
            let c = match sym {
                Sym::Hole(hole) => {
                    self.bare(hole);
                    continue;
                }
                Sym::Char(c) => c,
            };
            match c {
                '#' if self.statement.word.is_empty() => self.comment(),
                '<' if self.char(1) == Some('#') => self.block_comment(),
                '`' => {
                    self.take();
                    self.after_backtick();
                }
                '@' if self.char(1).is_some_and(|c| is_double(c) || is_single(c))
                    && self.here_string_opens() =>
                {
                    self.here_string(depth);
                }
                c if is_single(c) => self.single(),
                c if is_double(c) => self.double(depth),
                '-' if self.char(1) == Some('-') && self.char(2) == Some('%') => self.verbatim(),
                '(' => {
                    brackets += 1;
                    self.end_word();
                    self.take();
                }
                ')' if brackets == 0 && depth > 0 => return,
                ')' => {
                    brackets = brackets.saturating_sub(1);
                    self.end_word();
                    self.take();
                }
                '\n' | ';' => {
                    self.take();
                    self.end_word();
                    // Inside brackets and blocks a statement may go on; what it gives its values to counts.
                    if brackets == 0 {
                        self.end_statement();
                    }
                }
                ' ' | '\t' | ',' | '=' | '{' | '}' | '|' | '&' => {
                    self.end_word();
                    self.take();
                }
                c => {
                    self.statement.word.push(c);
                    self.take();
                }
            }
        }
    }

    fn bare(&mut self, hole: usize) {
        let before = self.at.checked_sub(1).map(|at| self.syms[at]);
        let after = self.char(1);
        let begins = !matches!(before, Some(Sym::Char(c)) if !" \t\n(,;|&=[{".contains(c))
            && !matches!(before, Some(Sym::Hole(_)));
        let ends = match self.syms.get(self.at + 1) {
            None => true,
            Some(Sym::Hole(_)) => false,
            Some(Sym::Char(c)) => " \t\n),;|&]}".contains(*c),
        };
        let command = self.statement.words.is_empty()
            && self.statement.word.is_empty()
            && self.command_position();
        let place = if before == Some(Sym::Char('$')) {
            Place::Bad(Trouble::Dollar)
        } else if self.shapes[hole] == Shape::List && !(begins && ends) {
            Place::Bad(Trouble::ListNotAlone)
        } else if begins && !ends {
            let here = if after == Some('.') || after == Some('[') {
                "what follows would be read as a member of the value"
            } else {
                "what follows would be an argument of its own"
            };
            Place::Bad(Trouble::NoForm(here, "put the whole word in double quotes"))
        } else if command {
            Place::Bad(Trouble::NoForm(
                "PowerShell would print the value instead of running it",
                "write `& {x}` to run the command it names",
            ))
        } else {
            Place::Good(Quoting::Bare)
        };
        self.statement.word.push('\u{2}');
        self.place(hole, place);
    }

    /// Whether a command is due here: at the start of a line or a statement. After `&` or `.` it is invoked.
    fn command_position(&self) -> bool {
        let before = self.syms[..self.at]
            .iter()
            .rev()
            .find(|sym| !matches!(sym, Sym::Char(' ' | '\t')));
        let after = self.syms[self.at + 1..]
            .iter()
            .find(|sym| !matches!(sym, Sym::Char(' ' | '\t')));
        let opens = matches!(before, None | Some(Sym::Char('\n' | ';' | '{' | '|')));
        let goes_on = matches!(after, Some(Sym::Hole(_)))
            || matches!(after, Some(Sym::Char(c)) if c.is_alphanumeric() || *c == '"' || *c == '\'')
            || matches!(after, None | Some(Sym::Char('\n' | ';' | '}')));
        opens && goes_on
    }

    fn after_backtick(&mut self) {
        match self.syms.get(self.at) {
            Some(Sym::Hole(hole)) => self.place(*hole, Place::Bad(Trouble::Backtick)),
            Some(Sym::Char(_)) => self.take(),
            None => {}
        }
    }

    fn comment(&mut self) {
        while let Some(sym) = self.syms.get(self.at).copied() {
            match sym {
                Sym::Char('\n') => return,
                Sym::Char(_) => self.take(),
                Sym::Hole(hole) => self.place(hole, Place::Good(Quoting::Comment)),
            }
        }
    }

    fn block_comment(&mut self) {
        while let Some(sym) = self.syms.get(self.at).copied() {
            match sym {
                Sym::Char('#') if self.char(1) == Some('>') => {
                    self.take();
                    return self.take();
                }
                Sym::Char(_) => self.take(),
                Sym::Hole(hole) => self.place(hole, Place::Good(Quoting::Comment)),
            }
        }
        self.unfinished.get_or_insert("a `<#` comment");
    }

    /// After `--%` PowerShell passes the line on as it is.
    fn verbatim(&mut self) {
        while let Some(sym) = self.syms.get(self.at).copied() {
            match sym {
                Sym::Char('\n') => return,
                Sym::Char(_) => self.take(),
                Sym::Hole(hole) => {
                    let trouble =
                        Trouble::NoForm("nothing is expanded after `--%`", "leave the `--%` out");
                    self.place(hole, Place::Bad(trouble));
                }
            }
        }
    }

    /// `'…'`: as it is, or as `"…"` where it holds a value.
    fn single(&mut self) {
        let mut end = self.at + 1;
        let mut holes = false;
        loop {
            match self.syms.get(end) {
                None => {
                    self.unfinished.get_or_insert("a single quote");
                    break;
                }
                Some(Sym::Char(c)) if is_single(*c) => match self.syms.get(end + 1) {
                    Some(Sym::Char(next)) if is_single(*next) => end += 1,
                    _ => break,
                },
                Some(Sym::Hole(_)) => holes = true,
                Some(Sym::Char(_)) => {}
            }
            end += 1;
        }
        if !holes {
            while self.at <= end && self.char(0).is_some() {
                let c = self.char(0).unwrap_or(' ');
                self.statement.word.push(c);
                self.take();
            }
            return;
        }
        self.push('"');
        self.at += 1;
        while self.at < end {
            match self.syms[self.at] {
                Sym::Hole(hole) => self.place(hole, Place::Good(Quoting::Double)),
                Sym::Char(c) => {
                    if c == '$' || c == '`' || is_double(c) {
                        self.push('`');
                    }
                    if is_single(c) {
                        self.at += 1;
                    }
                    self.push(c);
                    self.at += 1;
                }
            }
        }
        self.push('"');
        self.at = end + 1;
        self.statement.word.push('\u{2}');
    }

    /// `"…"`, with its `$( … )`.
    fn double(&mut self, depth: usize) {
        self.take();
        while let Some(sym) = self.syms.get(self.at).copied() {
            match sym {
                Sym::Char(c) if is_double(c) => {
                    let again = self.char(1).is_some_and(is_double);
                    self.take();
                    if !again {
                        return;
                    }
                    self.take();
                }
                sym => {
                    if !self.expanding(sym, depth, Quoting::Double) {
                        return;
                    }
                }
            }
        }
        self.unfinished.get_or_insert("a double quote");
    }

    /// One symbol of a text that expands. Says whether to go on.
    fn expanding(&mut self, sym: Sym, depth: usize, quoting: Quoting) -> bool {
        match sym {
            Sym::Hole(hole) => {
                let dollar = self.at.checked_sub(1).map(|at| self.syms[at]) == Some(Sym::Char('$'));
                let place = if dollar {
                    Place::Bad(Trouble::Dollar)
                } else {
                    Place::Good(quoting)
                };
                self.place(hole, place);
            }
            Sym::Char('`') => {
                self.take();
                // An escaped dollar is a dollar: it must not be taken for one that begins an expansion.
                match self.syms.get(self.at) {
                    Some(Sym::Char('$'))
                        if matches!(self.syms.get(self.at + 1), Some(Sym::Hole(_))) =>
                    {
                        self.take();
                        if let Some(Sym::Hole(hole)) = self.syms.get(self.at).copied() {
                            self.place(hole, Place::Good(quoting));
                        }
                    }
                    _ => self.after_backtick(),
                }
            }
            Sym::Char('$') if self.char(1) == Some('(') => {
                if depth >= DEEPEST {
                    self.at = self.syms.len();
                    return false;
                }
                self.take();
                self.take();
                let outer = std::mem::take(&mut self.statement);
                self.code(depth + 1);
                self.end_statement();
                self.statement = outer;
                if self.char(0) == Some(')') {
                    self.take();
                } else {
                    self.unfinished.get_or_insert("a `$(`");
                }
            }
            Sym::Char('$') if self.char(1) == Some('{') => {
                while let Some(sym) = self.syms.get(self.at).copied() {
                    match sym {
                        Sym::Hole(hole) => self.place(hole, Place::Bad(Trouble::Name("${…}"))),
                        Sym::Char(c) => {
                            self.take();
                            if c == '}' {
                                break;
                            }
                        }
                    }
                }
            }
            Sym::Char(c) => {
                self.statement.word.push(c);
                self.take();
            }
        }
        true
    }

    /// Whether `@"` or `@'` is the last of its line.
    fn here_string_opens(&self) -> bool {
        let rest = &self.syms[self.at + 2..];
        rest.iter()
            .find(|sym| !matches!(sym, Sym::Char(' ' | '\t')))
            == Some(&Sym::Char('\n'))
    }

    fn here_string(&mut self, depth: usize) {
        let expands = self.char(1).is_some_and(is_double);
        while self.char(0).is_some_and(|c| c != '\n') {
            self.take();
        }
        while let Some(sym) = self.syms.get(self.at).copied() {
            let closes = sym == Sym::Char('\n')
                && self
                    .char(1)
                    .is_some_and(|c| if expands { is_double(c) } else { is_single(c) })
                && self.char(2) == Some('@');
            if closes {
                self.take();
                self.take();
                return self.take();
            }
            match sym {
                sym if expands => {
                    if !self.expanding(sym, depth, Quoting::Here) {
                        return;
                    }
                }
                Sym::Hole(hole) => self.place(hole, Place::Bad(Trouble::QuotedHere)),
                Sym::Char(_) => self.take(),
            }
        }
        self.unfinished.get_or_insert("a here-string");
    }
}
