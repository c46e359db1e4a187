//! Commands: pipelines, keywords, redirections, `case` and `[[ … ]]`.

use super::*;

impl Lexer<'_> {
    fn new_simple(&mut self) -> usize {
        self.simples.push(Simple::default());
        self.simples.len() - 1
    }

    /// Commands up to the end of the text, or the `)` that closes a `$(`, which is left to be read.
    pub(super) fn commands(&mut self, end: End) {
        let mut nests: Vec<Nest> = Vec::new();
        let mut pipeline: Vec<usize> = Vec::new();
        let mut simple = self.new_simple();
        macro_rules! end_stage {
            () => {
                pipeline.push(simple);
                simple = self.new_simple();
            };
        }
        macro_rules! end_pipeline {
            () => {
                end_pipeline!(Joined::Then)
            };
            ($joined:expr) => {
                pipeline.push(simple);
                self.pipelines.push(Pipeline {
                    stages: std::mem::take(&mut pipeline),
                    joined: $joined,
                });
                simple = self.new_simple();
            };
        }
        loop {
            self.blanks();
            if nests.last() == Some(&Nest::CasePattern) {
                match self.case_patterns() {
                    CaseEnd::Body => {
                        if let Some(nest) = nests.last_mut() {
                            *nest = Nest::CaseBody;
                        }
                    }
                    CaseEnd::Esac => {
                        nests.pop();
                        self.simples[simple].words.push(closing());
                    }
                    CaseEnd::Nothing => {
                        nests.pop();
                    }
                }
                continue;
            }
            let Some(sym) = self.peek(0) else { break };
            match sym {
                Sym::Char('\n') => {
                    self.at += 1;
                    self.here_documents();
                    // A newline after `|` or `&&` goes on; an empty stage does no harm.
                    if !(pipeline.is_empty() && self.simples[simple].words.is_empty()) {
                        if self.simples[simple].words.is_empty() && !pipeline.is_empty() {
                            continue;
                        }
                        end_pipeline!();
                    }
                }
                Sym::Char('#') => self.comment(),
                Sym::Char(';') => {
                    self.at += 1;
                    let closes = matches!(self.char(0), Some(';' | '&' | '|'))
                        && nests.last() == Some(&Nest::CaseBody);
                    if closes {
                        self.at += 1;
                        if self.char(0) == Some('&') {
                            self.at += 1;
                        }
                        if let Some(nest) = nests.last_mut() {
                            *nest = Nest::CasePattern;
                        }
                    }
                    end_pipeline!();
                }
                Sym::Char('&') => {
                    if self.char(1) == Some('>') {
                        self.at += 1;
                        self.redirect(simple);
                        continue;
                    }
                    let and = self.char(1) == Some('&');
                    self.at += if and { 2 } else { 1 };
                    end_pipeline!(if and { Joined::And } else { Joined::Background });
                }
                Sym::Char('|') => {
                    if self.char(1) == Some('|') {
                        self.at += 2;
                        end_pipeline!(Joined::Or);
                    } else {
                        self.at += if self.char(1) == Some('&') { 2 } else { 1 };
                        end_stage!();
                    }
                }
                Sym::Char('(') => {
                    let words = self.simples[simple].words.len();
                    let for_head = words == 1 && self.simples[simple].words[0].is("for");
                    if self.char(1) == Some('(')
                        && (words == 0 || for_head)
                        && let Some(end) = self.arithmetic_end(self.at + 2)
                    {
                        self.at += 2;
                        self.arithmetic(end);
                        self.at = self.at.max(end + 2);
                        self.simples[simple].words.push(closing());
                        continue;
                    }
                    if words == 1 && self.char(1) == Some(')') {
                        // The head of a function; its body follows.
                        self.at += 2;
                        end_pipeline!();
                        continue;
                    }
                    if nests.len() >= DEEPEST {
                        self.give_up();
                        break;
                    }
                    if words > 0 {
                        end_pipeline!();
                    }
                    self.at += 1;
                    nests.push(Nest::Paren);
                }
                Sym::Char(')') => {
                    // A case left open by a keyword this does not know: close it with its bracket.
                    while matches!(nests.last(), Some(Nest::CaseBody)) {
                        nests.pop();
                    }
                    match nests.pop() {
                        Some(_) => {
                            self.at += 1;
                            end_pipeline!();
                            self.simples[simple].words.push(closing());
                        }
                        None if end == End::Paren => break,
                        None => self.at += 1,
                    }
                }
                Sym::Char('<' | '>') if self.char(1) != Some('(') => self.redirect(simple),
                _ => {
                    let word = self.word(Reading::Argument);
                    self.past(&word);
                    self.subscript(&word);
                    let digits = word.quoted == Quoted::No
                        && !word.text.is_empty()
                        && word.text.chars().all(|c| c.is_ascii_digit());
                    if digits && matches!(self.char(0), Some('<' | '>')) {
                        // The number of what is redirected.
                        continue;
                    }
                    match self.keyword(&self.simples[simple].words, &word) {
                        Keyword::None => {
                            let list = word.holes.iter().any(|h| self.shapes[*h] == Shape::List);
                            let name_of_loop = self.simples[simple].words.len() == 1
                                && ["for", "select"]
                                    .iter()
                                    .any(|k| self.simples[simple].words[0].is(k));
                            if name_of_loop {
                                self.bad_word(&word, Trouble::Name("for"));
                            } else if list && word.length != 1 {
                                self.one_text(&word);
                            }
                            self.simples[simple].depth = self.depth + nests.len();
                            self.simples[simple].words.push(word);
                        }
                        Keyword::Opens => {
                            end_pipeline!();
                        }
                        Keyword::Closes => {
                            end_pipeline!();
                            self.simples[simple].words.push(closing());
                        }
                        Keyword::Esac => {
                            if nests.last() == Some(&Nest::CaseBody) {
                                nests.pop();
                            }
                            end_pipeline!();
                            self.simples[simple].words.push(closing());
                        }
                        Keyword::Case => {
                            end_pipeline!();
                            if nests.len() >= DEEPEST {
                                self.give_up();
                                break;
                            }
                            self.case_head();
                            nests.push(Nest::CasePattern);
                        }
                        Keyword::Condition => {
                            self.condition();
                            self.simples[simple].words.push(closing());
                        }
                    }
                }
            }
        }
        if end == End::File {
            // What is left of here-documents whose line never ended.
            self.here_documents();
        }
        pipeline.push(simple);
        self.pipelines.push(Pipeline {
            stages: pipeline,
            joined: Joined::Then,
        });
    }

    /// Blanks and continued lines.
    fn blanks(&mut self) {
        loop {
            match (self.char(0), self.char(1)) {
                (Some(' ' | '\t'), _) => self.at += 1,
                (Some('\\'), Some('\n')) => self.at += 2,
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        while let Some(sym) = self.peek(0) {
            match sym {
                Sym::Char('\n') => return,
                Sym::Hole(hole) => self.good(hole, Quoting::Comment),
                Sym::Char(_) => {}
            }
            self.at += 1;
        }
    }

    fn keyword(&self, before: &[Word], word: &Word) -> Keyword {
        if word.quoted == Quoted::Yes {
            return Keyword::None;
        }
        match before {
            [] => match word.text.as_str() {
                "case" => Keyword::Case,
                "esac" => Keyword::Esac,
                "[[" => Keyword::Condition,
                "if" | "then" | "else" | "elif" | "while" | "until" | "do" | "{" | "!" | "time"
                | "coproc" => Keyword::Opens,
                "fi" | "done" | "}" => Keyword::Closes,
                _ => Keyword::None,
            },
            // `for x do`: the words of the loop are the script's own.
            [first, _] if first.is("for") && word.is("do") => Keyword::Opens,
            [first, _] if first.is("function") && (word.is("{") || word.is("()")) => Keyword::Opens,
            [first] if first.text == CLOSING => match word.text.as_str() {
                // `} always {` of zsh, `done do`, and `! [[ … ]]`.
                "{" | "then" | "do" => Keyword::Opens,
                "fi" | "done" | "}" => Keyword::Closes,
                "esac" => Keyword::Esac,
                _ => Keyword::None,
            },
            _ => Keyword::None,
        }
    }

    /// The redirection at `<`, `>` or, after its `&`, at the `>` of `&>`.
    fn redirect(&mut self, simple: usize) {
        if self.starts("<<<") {
            self.at += 3;
            self.blanks();
            let word = self.word(Reading::Other);
            self.one_text(&word);
            self.simples[simple].fed.extend(&word.holes);
            self.simples[simple]
                .redirects
                .push(("<<<".to_owned(), word));
            return;
        }
        if self.starts("<<") {
            self.at += 2;
            let tabs = if self.char(0) == Some('-') {
                self.at += 1;
                Tabs::Stripped
            } else {
                Tabs::Kept
            };
            self.blanks();
            self.here_delimiter(tabs, simple);
            self.simples[simple]
                .redirects
                .push(("<<".to_owned(), Word::default()));
            return;
        }
        let from = self.at;
        while matches!(self.char(0), Some('<' | '>')) && self.char(1) != Some('(') {
            self.at += 1;
        }
        if self.starts("<(") || self.starts(">(") {
            self.at += 1;
        }
        if matches!(self.char(0), Some('|' | '&' | '!')) {
            self.at += 1;
        }
        let operator = self.syms[from..self.at].iter().filter_map(|sym| match sym {
            Sym::Char(c) => Some(*c),
            Sym::Hole(_) => None,
        });
        let operator = operator.collect();
        self.blanks();
        let word = self.word(Reading::Other);
        self.one_text(&word);
        self.simples[simple].redirects.push((operator, word));
    }

    /// A list has no meaning in this word, even alone.
    pub(super) fn one_text(&mut self, word: &Word) {
        for hole in word.holes.clone() {
            if self.shapes[hole] == Shape::List {
                self.bad(hole, Trouble::ListNotAlone);
            }
        }
    }

    pub(super) fn bad_word(&mut self, word: &Word, trouble: Trouble) {
        for hole in word.holes.iter().chain(&word.said) {
            self.bad(*hole, trouble);
        }
    }

    // ---- case

    fn case_head(&mut self) {
        self.blanks();
        let subject = self.word(Reading::Other);
        self.one_text(&subject);
        self.gaps();
        let at = self.at;
        if !self.word(Reading::Other).is("in") {
            self.at = at;
        }
    }

    /// Blanks, newlines and comments.
    pub(super) fn gaps(&mut self) {
        loop {
            self.blanks();
            match self.char(0) {
                Some('\n') => {
                    self.at += 1;
                    self.here_documents();
                }
                Some('#') => self.comment(),
                _ => return,
            }
        }
    }

    /// The patterns of one arm, up to and with its `)`; or the `esac` that ends the case.
    fn case_patterns(&mut self) -> CaseEnd {
        self.gaps();
        if self.char(0) == Some('(') {
            self.at += 1;
        }
        loop {
            self.gaps();
            match self.peek(0) {
                None => return CaseEnd::Nothing,
                Some(Sym::Char(')')) => {
                    self.at += 1;
                    return CaseEnd::Body;
                }
                Some(Sym::Char('|')) => self.at += 1,
                Some(Sym::Char('(' | '&' | ';' | '<' | '>')) => {
                    // No pattern begins like this.
                    return CaseEnd::Nothing;
                }
                Some(_) => {
                    let word = self.word(Reading::Other);
                    self.past(&word);
                    if word.is("esac") {
                        return CaseEnd::Esac;
                    }
                    self.one_text(&word);
                }
            }
        }
    }

    fn condition(&mut self) {
        const NUMERIC: [&str; 6] = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];
        let mut before: Option<Word> = None;
        loop {
            self.gaps();
            let Some(sym) = self.peek(0) else {
                self.open_end("a `[[`");
                return;
            };
            if let Sym::Char('&' | '|' | '(' | ')' | '<' | '>' | ';') = sym
                && !self.starts("<(")
                && !self.starts(">(")
            {
                self.at += 1;
                before = None;
                continue;
            }
            let operator = before
                .as_ref()
                .filter(|w| w.quoted == Quoted::No)
                .map(|w| w.text.clone());
            let regex = operator.as_deref() == Some("=~");
            let word = self.word(if regex {
                Reading::Regex
            } else {
                Reading::Other
            });
            self.past(&word);
            if word.is("]]") {
                return;
            }
            self.one_text(&word);
            if NUMERIC.iter().any(|op| word.is(op))
                && let Some(left) = &before
            {
                self.bad_word(left, Trouble::Comparison);
            }
            match operator.as_deref() {
                Some(op) if NUMERIC.contains(&op) => self.bad_word(&word, Trouble::Comparison),
                Some("-v" | "-R") => self.bad_word(&word, Trouble::Name("[[ -v")),
                Some("=~") => self.bad_word(
                    &word,
                    Trouble::NoForm(
                        "quoted, it would not be read as a pattern",
                        "put it in a variable first, `re={x}`, and write `=~ $re`",
                    ),
                ),
                _ => {}
            }
            before = Some(word);
        }
    }
}

enum Keyword {
    None,
    /// A command follows.
    Opens,
    /// Redirections may follow.
    Closes,
    Case,
    Esac,
    Condition,
}

enum CaseEnd {
    Body,
    Esac,
    /// The text ended, or this is no case.
    Nothing,
}

/// Stands for what has been closed, so that what follows is no command.
pub(in crate::shell) const CLOSING: &str = "\u{3}";

fn closing() -> Word {
    Word {
        text: CLOSING.to_owned(),
        quoted: Quoted::No,
        ..Word::default()
    }
}
