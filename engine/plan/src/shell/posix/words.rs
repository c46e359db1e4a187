//! Words: their quotes, patterns, and values in `name=( … )`.

use super::*;

impl Lexer<'_> {
    /// A backslash and what it takes with it.
    pub(super) fn backslash(&mut self) {
        if let Some(Sym::Hole(hole)) = self.peek(1) {
            self.bad(hole, Trouble::Backslash);
        }
        self.at += 2;
    }

    /// A word, up to a blank or an operator.
    pub(super) fn word(&mut self, place: Reading) -> Word {
        let mut word = Word::default();
        let start = self.at;
        let around = std::mem::take(&mut self.said);
        while let Some(sym) = self.peek(0) {
            let c = match sym {
                Sym::Hole(hole) => {
                    self.bare_hole(hole, &mut word, start);
                    self.at += 1;
                    continue;
                }
                Sym::Char(c) => c,
            };
            match c {
                ' ' | '\t' | '\n' | ';' | '&' => break,
                '|' if place != Reading::Regex => break,
                '<' | '>' => {
                    if self.char(1) == Some('(') {
                        self.at += 1;
                        self.substitution();
                        word.text.push(EXPANSION);
                        continue;
                    }
                    if place != Reading::Regex {
                        break;
                    }
                    self.at += 1;
                }
                '(' => {
                    if place == Reading::Regex {
                        self.at += 1;
                        word.text.push('(');
                    } else if word.text.ends_with('=') && self.at > start {
                        self.array(&mut word);
                    } else if self.at > start && self.groups(&word) {
                        self.group(&mut word);
                    } else {
                        break;
                    }
                }
                ')' => {
                    if place != Reading::Regex {
                        break;
                    }
                    self.at += 1;
                    word.text.push(')');
                }
                '\\' => {
                    if self.char(1) != Some('\n') {
                        word.quoted = Quoted::Yes;
                        word.text.extend(self.char(1));
                    }
                    if let Some(Sym::Hole(hole)) = self.peek(1) {
                        word.holes.push(hole);
                    }
                    self.backslash();
                }
                '\'' => {
                    self.at += 1;
                    self.single(&mut word);
                }
                '"' => {
                    self.at += 1;
                    self.double(&mut word);
                }
                '$' => match self.char(1) {
                    Some('\'') => {
                        self.at += 2;
                        self.dollar_quote(&mut word);
                    }
                    Some('"') => {
                        self.at += 2;
                        self.double(&mut word);
                    }
                    _ => {
                        word.holes.extend(self.dollar(Mode::Bare));
                        word.text.push(EXPANSION);
                    }
                },
                '`' => {
                    self.backticks(Mode::Bare);
                    word.text.push(EXPANSION);
                }
                c => {
                    match c {
                        '{' => word.braces += 1,
                        '}' => word.braces = word.braces.saturating_sub(1),
                        '[' if is_name(&word) => self.index(),
                        _ => {}
                    }
                    word.text.push(c);
                    self.at += 1;
                }
            }
        }
        word.start = start;
        word.length = self.at - start;
        word.said.extend(std::mem::replace(&mut self.said, around));
        word
    }

    fn bare_hole(&mut self, hole: usize, word: &mut Word, start: usize) {
        let before = |n: usize| (self.at >= start + n).then(|| self.syms[self.at - n]);
        let tilde = before(1) == Some(Sym::Char('~'))
            && matches!(before(2), None | Some(Sym::Char(':' | '=')));
        let dots = Some(Sym::Char('.'));
        let range = word.braces > 0
            && (before(1) == dots && before(2) == dots
                || self.peek(1) == dots && self.peek(2) == dots);
        let equals =
            self.shell == Shell::Zsh && self.at == start + 1 && before(1) == Some(Sym::Char('='));
        if tilde {
            self.bad(hole, Trouble::Tilde);
        } else if equals {
            self.bad(
                hole,
                Trouble::NoForm(
                    "zsh looks for a program of the name that follows `=`",
                    "put quotes around the sign: `'='{x}`",
                ),
            );
        } else if range {
            self.bad(
                hole,
                Trouble::NoForm(
                    "a range in braces takes no values",
                    "use `$(seq …)` and give it the values",
                ),
            );
        } else {
            self.good(hole, Quoting::Bare);
        }
        word.holes.push(hole);
        word.text.push(HOLE);
    }

    /// A word of nothing: an operator stands where a word was due. The shell will refuse it; this goes on.
    pub(super) fn past(&mut self, word: &Word) {
        if word.length == 0 && self.peek(0).is_some() {
            self.at += 1;
        }
    }

    /// At the `[` behind a name. bash reads `a[x y]=z` as one word, blanks and all, and computes the index.
    fn index(&mut self) {
        // Longer than any index: then it is refused without looking further.
        const FAR: usize = 4096;
        let mut depth = 0_usize;
        for ahead in 0..FAR {
            match self.char(ahead) {
                None if self.peek(ahead).is_none() => return,
                Some('[') => depth += 1,
                Some(']') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                if matches!(
                    (self.char(ahead + 1), self.char(ahead + 2)),
                    (Some('='), _) | (Some('+'), Some('='))
                ) {
                    self.bad_all(self.at, self.at + ahead, Trouble::Arithmetic);
                }
                return;
            }
        }
        self.bad_all(self.at, self.at + FAR, Trouble::Arithmetic);
    }

    /// `name[index]=value`: the index is computed, quoted or not.
    pub(super) fn subscript(&mut self, word: &Word) {
        if word.holes.is_empty() {
            return;
        }
        let name = word
            .text
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        if let Some(at) = name
            && at > 0
            && word.text[at..].starts_with('[')
            && let Some(close) = word.text.find("]=").or_else(|| word.text.find("]+="))
            && word.text[at..close].contains([HOLE, EXPANSION])
        {
            self.bad_word(word, Trouble::Arithmetic);
        }
    }

    /// Whether a `(` right behind this text belongs to the word: a pattern of ksh, or any in zsh.
    fn groups(&self, word: &Word) -> bool {
        word.text.ends_with(['@', '?', '*', '+', '!'])
            || self.shell == Shell::Zsh && self.char(1) != Some(')')
    }

    /// `(…)` in a pattern.
    fn group(&mut self, word: &mut Word) {
        if !self.deeper() {
            return;
        }
        let from = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                None => break,
                Some(Sym::Char(')')) => {
                    self.at += 1;
                    break;
                }
                Some(Sym::Char('|' | ' ' | '\t' | ';' | '&' | '<' | '>')) => self.at += 1,
                Some(Sym::Char('\n')) => break,
                Some(Sym::Char('(')) => self.group(word),
                Some(_) => {
                    let inner = self.word(Reading::Other);
                    self.past(&inner);
                    word.holes.extend(&inner.holes);
                    word.said.extend(&inner.said);
                }
            }
        }
        if self.shell != Shell::Bash {
            self.bad_all(
                from,
                self.at,
                Trouble::NoForm(
                    "brackets in a pattern may hold more than a pattern in zsh",
                    "test the value in a `case` or with `[ … ]`",
                ),
            );
        }
        word.text.push(EXPANSION);
        self.depth -= 1;
    }

    /// `name=( … )`: words, and lists are welcome.
    fn array(&mut self, word: &mut Word) {
        if !self.deeper() {
            return;
        }
        self.at += 1;
        loop {
            self.gaps();
            match self.peek(0) {
                None => {
                    self.open_end("a list of values `(`");
                    break;
                }
                Some(Sym::Char(')')) => {
                    self.at += 1;
                    break;
                }
                Some(Sym::Char('[')) => {
                    // `[index]=value`: the index is computed.
                    let from = self.at;
                    let item = self.word(Reading::Other);
                    self.past(&item);
                    if item.text.contains("]=") {
                        let close = (from..self.at)
                            .find(|at| self.syms[*at] == Sym::Char(']'))
                            .unwrap_or(self.at);
                        self.bad_all(from, close, Trouble::Arithmetic);
                        self.one_text(&item);
                    } else if item.length != 1 {
                        self.one_text(&item);
                    }
                }
                Some(_) => {
                    let item = self.word(Reading::Other);
                    self.past(&item);
                    if item.length != 1 {
                        self.one_text(&item);
                    }
                }
            }
        }
        word.text.push(EXPANSION);
        self.depth -= 1;
    }

    /// After the opening quote, through the closing one.
    pub(super) fn single(&mut self, word: &mut Word) {
        word.quoted = Quoted::Yes;
        loop {
            match self.peek(0) {
                None => return self.open_end("a single quote"),
                Some(Sym::Char('\'')) => {
                    self.at += 1;
                    return;
                }
                Some(Sym::Char(c)) => word.text.push(c),
                Some(Sym::Hole(hole)) => {
                    self.good(hole, Quoting::Single);
                    word.holes.push(hole);
                    word.text.push(HOLE);
                }
            }
            self.at += 1;
        }
    }

    /// After `$'`, through the closing quote.
    pub(super) fn dollar_quote(&mut self, word: &mut Word) {
        word.quoted = Quoted::Yes;
        loop {
            match self.peek(0) {
                None => return self.open_end("a `$'` quote"),
                Some(Sym::Char('\'')) => {
                    self.at += 1;
                    return;
                }
                Some(Sym::Char('\\')) => {
                    word.text.push(EXPANSION);
                    self.backslash();
                    continue;
                }
                Some(Sym::Char(c)) => word.text.push(c),
                Some(Sym::Hole(hole)) => {
                    if self.shell == Shell::Sh {
                        self.bad(
                            hole,
                            Trouble::NoForm(
                                "not every `sh` knows `$'…'`",
                                "use `\"…\"`, or a script in `bash`",
                            ),
                        );
                    } else if self.may_continue_an_escape() {
                        self.bad(
                            hole,
                            Trouble::NoForm(
                                "an escape right before it would take part of what follows",
                                "write the escape's full length, or close the quote before {h}",
                            ),
                        );
                    } else {
                        self.good(hole, Quoting::Dollar);
                    }
                    word.holes.push(hole);
                    word.text.push(HOLE);
                }
            }
            self.at += 1;
        }
    }

    /// `\c` takes the next character, whatever it is: here that would be a quote.
    fn may_continue_an_escape(&self) -> bool {
        self.at >= 2
            && self.syms[self.at - 1] == Sym::Char('c')
            && self.syms[self.at - 2] == Sym::Char('\\')
    }

    /// After the opening quote, through the closing one.
    pub(super) fn double(&mut self, word: &mut Word) {
        word.quoted = Quoted::Yes;
        loop {
            match self.peek(0) {
                None => return self.open_end("a double quote"),
                Some(Sym::Char('"')) => {
                    self.at += 1;
                    return;
                }
                Some(Sym::Char('\\')) => {
                    match self.peek(1) {
                        Some(Sym::Char(c @ ('$' | '`' | '"' | '\\'))) => word.text.push(c),
                        Some(Sym::Char('\n')) | None => {}
                        Some(Sym::Char(c)) => word.text.extend(['\\', c]),
                        Some(Sym::Hole(hole)) => word.holes.push(hole),
                    }
                    self.backslash();
                }
                Some(Sym::Char('$')) => {
                    word.holes.extend(self.dollar(Mode::Double));
                    word.text.push(EXPANSION);
                }
                Some(Sym::Char('`')) => {
                    self.backticks(Mode::Double);
                    word.text.push(EXPANSION);
                }
                Some(Sym::Char(c)) => {
                    word.text.push(c);
                    self.at += 1;
                }
                Some(Sym::Hole(hole)) => {
                    self.good(hole, Quoting::Double);
                    word.holes.push(hole);
                    word.text.push(HOLE);
                    self.at += 1;
                }
            }
        }
    }
}

/// Whether all of a word so far is a name.
fn is_name(word: &Word) -> bool {
    word.quoted == Quoted::No
        && word.text.len() < 256
        && word
            .text
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word
            .text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
}
