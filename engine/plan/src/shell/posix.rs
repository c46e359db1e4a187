//! Where the holes of a script for `sh`, `bash` or `zsh` stand.
//!
//! One pass reads the script as a shell would: words and their quotes, expansions, here-documents, `case`,
//! `[[ … ]]`, arithmetic. It is no full parser: a script without sense gets some answer, and the shell will
//! refuse it. What matters is that a hole is never thought to be quoted in one way where the shell reads it
//! in another; where that is not certain, the place is bad.
//!
//! Long, for it is one grammar, and its parts call each other.

use std::collections::VecDeque;

use super::nested;
use super::trouble::{Place, Trouble};
use super::{Shape, Shell, Sym};
use crate::command::Quoting;

/// How deep `$(`, `${`, `(` and backticks may stand in each other.
const DEEPEST: usize = 64;

/// Stands in [`Word::text`] for an expansion, whose text only the run knows.
pub(super) const EXPANSION: char = '\u{1}';
/// Stands in [`Word::text`] for a hole.
pub(super) const HOLE: char = '\u{2}';

pub(super) struct Found {
    /// One for each hole.
    pub places: Vec<Place>,
    /// What is opened and never closed.
    pub unfinished: Option<&'static str>,
}

/// A word with its quotes taken off.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub text: String,
    /// Holes of the word itself, not those of a `$(…)` in it.
    pub holes: Vec<usize>,
    pub quoted: Quoted,
    /// How many symbols it was written with.
    length: usize,
    /// Open `{`, for brace ranges.
    braces: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quoted {
    #[default]
    No,
    /// Some of it is.
    Yes,
}

impl Word {
    /// A keyword must be written without any quote.
    fn is(&self, keyword: &str) -> bool {
        self.quoted == Quoted::No && self.text == keyword
    }
}

/// A simple command: words, and what is fed to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Simple {
    pub words: Vec<Word>,
    /// Holes of its here-documents and here-strings.
    pub fed: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    File,
    /// The `)` of a `$(`.
    Paren,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nest {
    Paren,
    CasePattern,
    CaseBody,
}

/// Where an expansion stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Bare,
    Double,
    Here,
}

struct HereDoc {
    delimiter: String,
    tabs: Tabs,
    quoted: Quoted,
    /// The command it is fed to: index into the pipelines read so far and the stage in it.
    owner: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tabs {
    Kept,
    Stripped,
}

struct Lexer<'a> {
    shell: Shell,
    syms: &'a [Sym],
    shapes: &'a [Shape],
    at: usize,
    /// Nothing is read at or beyond this place.
    limit: usize,
    depth: usize,
    places: Vec<Option<Place>>,
    here: VecDeque<HereDoc>,
    /// Every simple command; pipelines are ranges of it.
    simples: Vec<Simple>,
    /// Ids of simple commands, a pipeline each.
    pipelines: Vec<Vec<usize>>,
    unfinished: Option<&'static str>,
    /// Up to here the holes in subscripts of zsh are known to be bad.
    subscripts_until: usize,
    too_deep: bool,
}

/// The place of each hole in a script.
pub(super) fn places(shell: Shell, syms: &[Sym], shapes: &[Shape]) -> Found {
    let mut lexer = Lexer {
        shell,
        syms,
        shapes,
        at: 0,
        limit: syms.len(),
        depth: 0,
        places: vec![None; shapes.len()],
        here: VecDeque::new(),
        simples: Vec::new(),
        pipelines: Vec::new(),
        unfinished: None,
        subscripts_until: 0,
        too_deep: false,
    };
    lexer.commands(End::File);
    for pipeline in &lexer.pipelines {
        let stages: Vec<&Simple> = pipeline.iter().map(|id| &lexer.simples[*id]).collect();
        for (hole, trouble) in nested::troubles(shell, &stages) {
            lexer.places[hole] = Some(Place::Bad(trouble));
        }
    }
    let unknown = Place::Bad(Trouble::NoForm(
        "the script is nested too deep to say what stands here",
        "take it apart into several commands",
    ));
    Found {
        places: lexer
            .places
            .iter()
            .map(|place| place.unwrap_or(unknown))
            .collect(),
        unfinished: lexer.unfinished,
    }
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<Sym> {
        let at = self.at + ahead;
        if at < self.limit && !self.too_deep {
            self.syms.get(at).copied()
        } else {
            None
        }
    }

    fn char(&self, ahead: usize) -> Option<char> {
        match self.peek(ahead) {
            Some(Sym::Char(c)) => Some(c),
            _ => None,
        }
    }

    fn starts(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(n, c)| self.char(n) == Some(c))
    }

    fn good(&mut self, hole: usize, quoting: Quoting) {
        let list = self.shapes[hole] == Shape::List;
        let place = if list && !matches!(quoting, Quoting::Bare | Quoting::Comment) {
            Place::Bad(Trouble::ListNotAlone)
        } else {
            Place::Good(quoting)
        };
        self.places[hole].get_or_insert(place);
    }

    fn bad(&mut self, hole: usize, trouble: Trouble) {
        self.places[hole] = Some(Place::Bad(trouble));
    }

    fn bad_all(&mut self, from: usize, to: usize, trouble: Trouble) {
        for at in from..to.min(self.syms.len()) {
            if let Sym::Hole(hole) = self.syms[at] {
                self.bad(hole, trouble);
            }
        }
    }

    /// Goes one deeper, or gives up: what is left keeps no place, and that is reported.
    fn deeper(&mut self) -> bool {
        if self.depth >= DEEPEST {
            self.give_up();
            return false;
        }
        self.depth += 1;
        true
    }

    fn give_up(&mut self) {
        self.too_deep = true;
    }

    fn open_end(&mut self, what: &'static str) {
        if !self.too_deep {
            self.unfinished.get_or_insert(what);
        }
    }

    // ---- commands

    fn new_simple(&mut self) -> usize {
        self.simples.push(Simple::default());
        self.simples.len() - 1
    }

    /// Commands up to the end of the text, or the `)` that closes a `$(`, which is left to be read.
    fn commands(&mut self, end: End) {
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
                pipeline.push(simple);
                self.pipelines.push(std::mem::take(&mut pipeline));
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
                    self.at += if self.char(1) == Some('&') { 2 } else { 1 };
                    end_pipeline!();
                }
                Sym::Char('|') => {
                    if self.char(1) == Some('|') {
                        self.at += 2;
                        end_pipeline!();
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
                                self.lists_not_alone(&word);
                            }
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
        self.pipelines.push(pipeline);
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
            return;
        }
        while matches!(self.char(0), Some('<' | '>')) && self.char(1) != Some('(') {
            self.at += 1;
        }
        if self.starts("<(") || self.starts(">(") {
            self.at += 1;
        }
        if matches!(self.char(0), Some('|' | '&' | '!')) {
            self.at += 1;
        }
        self.blanks();
        let word = self.word(Reading::Other);
        self.one_text(&word);
    }

    /// A list has no meaning in this word, even alone.
    fn one_text(&mut self, word: &Word) {
        for hole in word.holes.clone() {
            if self.shapes[hole] == Shape::List {
                self.bad(hole, Trouble::ListNotAlone);
            }
        }
    }

    fn lists_not_alone(&mut self, word: &Word) {
        self.one_text(word);
    }

    fn bad_word(&mut self, word: &Word, trouble: Trouble) {
        for hole in &word.holes {
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
    fn gaps(&mut self) {
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

    // ---- [[ … ]]

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

    // ---- here-documents

    fn here_delimiter(&mut self, tabs: Tabs, owner: usize) {
        let mut delimiter = String::new();
        let mut quoted = Quoted::No;
        let mut quote: Option<char> = None;
        while let Some(sym) = self.peek(0) {
            let c = match sym {
                Sym::Hole(hole) => {
                    self.bad(
                        hole,
                        Trouble::NoForm(
                            "this is the word that ends a here-document",
                            "write the word out",
                        ),
                    );
                    self.at += 1;
                    continue;
                }
                Sym::Char(c) => c,
            };
            match quote {
                Some(q) if c == q => quote = None,
                Some('"') if c == '\\' && matches!(self.char(1), Some('"' | '\\' | '$' | '`')) => {
                    self.at += 1;
                    delimiter.extend(self.char(0));
                }
                Some(_) => delimiter.push(c),
                None => match c {
                    ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                    '\'' | '"' => {
                        quoted = Quoted::Yes;
                        quote = Some(c);
                    }
                    '\\' => {
                        quoted = Quoted::Yes;
                        self.at += 1;
                        delimiter.extend(self.char(0).filter(|c| *c != '\n'));
                    }
                    '$' if matches!(self.char(1), Some('\'' | '"')) => {}
                    c => delimiter.push(c),
                },
            }
            self.at += 1;
        }
        self.here.push_back(HereDoc {
            delimiter,
            tabs,
            quoted,
            owner,
        });
    }

    /// The bodies of the here-documents of the line that has just ended.
    fn here_documents(&mut self) {
        while let Some(here) = self.here.pop_front() {
            if self.too_deep {
                return;
            }
            let from = self.at;
            let mut line = self.at;
            let end = loop {
                if line >= self.limit {
                    break self.limit;
                }
                let stop = (line..self.limit)
                    .find(|at| self.syms[*at] == Sym::Char('\n'))
                    .unwrap_or(self.limit);
                let mut text = line;
                if here.tabs == Tabs::Stripped {
                    while text < stop && self.syms[text] == Sym::Char('\t') {
                        text += 1;
                    }
                }
                let same = here.delimiter.chars().count() == stop - text
                    && here
                        .delimiter
                        .chars()
                        .zip(&self.syms[text..stop])
                        .all(|(c, sym)| *sym == Sym::Char(c));
                if same {
                    self.at = (stop + 1).min(self.limit);
                    break line;
                }
                line = stop + 1;
            };
            let after = if end == self.limit {
                self.limit
            } else {
                self.at
            };
            if here.quoted == Quoted::Yes {
                self.bad_all(from, end, Trouble::QuotedHere);
            } else {
                let fed: Vec<usize> = self.syms[from..end]
                    .iter()
                    .filter_map(|sym| match sym {
                        Sym::Hole(hole) => Some(*hole),
                        Sym::Char(_) => None,
                    })
                    .collect();
                if !fed.is_empty() {
                    let limit = std::mem::replace(&mut self.limit, end);
                    self.at = from;
                    self.here_body();
                    self.limit = limit;
                    self.simples[here.owner].fed.extend(fed);
                }
            }
            self.at = after;
        }
    }

    fn here_body(&mut self) {
        while let Some(sym) = self.peek(0) {
            match sym {
                Sym::Hole(hole) => {
                    self.good(hole, Quoting::Here);
                    self.at += 1;
                }
                Sym::Char('\\') => self.backslash(),
                Sym::Char('$') => {
                    self.dollar(Mode::Here);
                }
                Sym::Char('`') => {
                    self.backticks(Mode::Here);
                }
                Sym::Char(_) => self.at += 1,
            }
        }
    }

    // ---- words

    /// A backslash and what it takes with it.
    fn backslash(&mut self) {
        if let Some(Sym::Hole(hole)) = self.peek(1) {
            self.bad(hole, Trouble::Backslash);
        }
        self.at += 2;
    }

    /// A word, up to a blank or an operator.
    fn word(&mut self, place: Reading) -> Word {
        let mut word = Word::default();
        let start = self.at;
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
                        _ => {}
                    }
                    word.text.push(c);
                    self.at += 1;
                }
            }
        }
        word.length = self.at - start;
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
    fn past(&mut self, word: &Word) {
        if word.length == 0 && self.peek(0).is_some() {
            self.at += 1;
        }
    }

    /// `name[index]=value`: the index is computed, quoted or not.
    fn subscript(&mut self, word: &Word) {
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
                        self.lists_not_alone(&item);
                    }
                }
                Some(_) => {
                    let item = self.word(Reading::Other);
                    self.past(&item);
                    if item.length != 1 {
                        self.lists_not_alone(&item);
                    }
                }
            }
        }
        word.text.push(EXPANSION);
        self.depth -= 1;
    }

    /// After the opening quote, through the closing one.
    fn single(&mut self, word: &mut Word) {
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
    fn dollar_quote(&mut self, word: &mut Word) {
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
    fn double(&mut self, word: &mut Word) {
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

    // ---- expansions

    /// At `$`: the expansion that it begins, if any. Gives the holes that stand in it and belong to the word.
    fn dollar(&mut self, mode: Mode) -> Vec<usize> {
        self.at += 1;
        match self.peek(0) {
            Some(Sym::Hole(hole)) => {
                self.bad(hole, Trouble::Dollar);
                self.at += 1;
                return vec![hole];
            }
            Some(Sym::Char('(')) => {
                if self.char(1) == Some('(')
                    && let Some(end) = self.arithmetic_end(self.at + 2)
                {
                    self.at += 2;
                    self.arithmetic(end);
                    self.at = self.at.max(end + 2);
                } else {
                    self.substitution();
                }
            }
            Some(Sym::Char('{')) => return self.parameter(mode),
            Some(Sym::Char('[')) => {
                let from = self.at;
                while let Some(sym) = self.peek(0) {
                    if matches!(sym, Sym::Char(']' | '\n')) {
                        break;
                    }
                    self.at += 1;
                }
                self.bad_all(from, self.at, Trouble::Arithmetic);
            }
            Some(Sym::Char(c)) if c.is_ascii_alphabetic() || c == '_' => self.name_and_subscript(),
            Some(Sym::Char('=' | '~' | '^' | '+')) if self.shell == Shell::Zsh => {
                self.at += 1;
                self.name_and_subscript();
            }
            Some(Sym::Char('#' | '?' | '!' | '$' | '*' | '@' | '-' | '0'..='9')) => self.at += 1,
            _ => {}
        }
        Vec::new()
    }

    /// A variable's name, and in zsh the subscript behind it, which is computed.
    fn name_and_subscript(&mut self) {
        while self
            .char(0)
            .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            self.at += 1;
        }
        if self.char(0) != Some('[') {
            return;
        }
        if self.shell != Shell::Zsh || self.at < self.subscripts_until {
            return;
        }
        let from = self.at;
        let mut end = self.at;
        while end < self.limit && !matches!(self.syms[end], Sym::Char(']' | '\n')) {
            end += 1;
        }
        self.bad_all(from, end, Trouble::Arithmetic);
        self.subscripts_until = end;
    }

    /// At the `(` of `$(`, `<(` or `>(`, through its `)`.
    fn substitution(&mut self) {
        if !self.deeper() {
            return;
        }
        self.at += 1;
        let from = self.at;
        let here = std::mem::take(&mut self.here);
        self.commands(End::Paren);
        if !self.here.is_empty() {
            self.open_end("a here-document");
        }
        self.here = here;
        if !self.here.is_empty() && self.syms[from..self.at].contains(&Sym::Char('\n')) {
            // Shells differ on whether the here-document begins inside or behind the brackets.
            let trouble = Trouble::NoForm(
                "a `$(…)` of several lines stands on the line of a here-document",
                "put what the `$(…)` gives in a variable first",
            );
            self.bad_all(from, self.syms.len(), trouble);
        }
        if self.char(0) == Some(')') {
            self.at += 1;
        } else {
            self.open_end("a `$(`");
        }
        self.depth -= 1;
    }

    /// Where the `))` of arithmetic begins, if what starts at `from` is arithmetic and not two brackets.
    fn arithmetic_end(&self, from: usize) -> Option<usize> {
        // An apostrophe is a quote in a command and nothing in arithmetic: either reading will do, since
        // arithmetic is the one that is refused.
        self.balanced_end(from, Apostrophe::Quotes)
            .or_else(|| self.balanced_end(from, Apostrophe::Nothing))
    }

    fn balanced_end(&self, from: usize, apostrophe: Apostrophe) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = from;
        while at < self.limit {
            match self.syms[at] {
                Sym::Char('\\') => at += 1,
                Sym::Char('\'') if apostrophe == Apostrophe::Quotes => {
                    at += 1;
                    while at < self.limit && self.syms[at] != Sym::Char('\'') {
                        at += 1;
                    }
                }
                Sym::Char('(') => depth += 1,
                Sym::Char(')') if depth > 0 => depth -= 1,
                Sym::Char(')') => {
                    let next = at + 1 < self.limit && self.syms[at + 1] == Sym::Char(')');
                    return next.then_some(at);
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Arithmetic up to `end`: what stands in a `$(…)` is not computed, all else is.
    fn arithmetic(&mut self, end: usize) {
        while self.at < end {
            match self.peek(0) {
                None => return,
                Some(Sym::Hole(hole)) => {
                    self.bad(hole, Trouble::Arithmetic);
                    self.at += 1;
                }
                Some(Sym::Char('$')) if self.char(1) == Some('(') && self.char(2) != Some('(') => {
                    self.at += 1;
                    self.substitution();
                }
                Some(Sym::Char('`')) => self.backticks(Mode::Double),
                Some(Sym::Char(_)) => self.at += 1,
            }
        }
    }

    /// At the first backtick, through the last.
    fn backticks(&mut self, mode: Mode) {
        let from = self.at + 1;
        let mut end = from;
        let mut escapes = false;
        while end < self.limit && self.syms[end] != Sym::Char('`') {
            if self.syms[end] == Sym::Char('\\') {
                escapes = true;
                end += 1;
            }
            end += 1;
        }
        if end >= self.limit {
            self.at = self.limit;
            return self.open_end("a backtick");
        }
        let holes = self.syms[from..end]
            .iter()
            .any(|sym| matches!(sym, Sym::Hole(_)));
        if holes && (escapes || mode != Mode::Bare) {
            self.bad_all(
                from,
                end,
                Trouble::NoForm(
                    "backticks inside quotes, or with backslashes in them, are read twice",
                    "write `$(…)` instead",
                ),
            );
        } else if holes && self.deeper() {
            let limit = std::mem::replace(&mut self.limit, end);
            self.at = from;
            let here = std::mem::take(&mut self.here);
            self.commands(End::File);
            self.here = here;
            self.limit = limit;
            self.depth -= 1;
        }
        self.at = end + 1;
    }

    /// At the `{` of `${`, through its `}`. Gives its holes.
    fn parameter(&mut self, mode: Mode) -> Vec<usize> {
        if !self.deeper() {
            return Vec::new();
        }
        let start = self.at;
        self.at += 1;
        let no_form = |help| Trouble::NoForm("this part of `${…}` takes no values", help);
        let outside = "put it in a variable first, `v={x}`, and use `$v`";
        // Flags of zsh, `#` for the length, `!` for another's name.
        if self.char(0) == Some('(') {
            let from = self.at;
            while self.peek(0).is_some_and(|sym| sym != Sym::Char(')')) && self.at < self.limit {
                self.at += 1;
            }
            self.bad_all(from, self.at, no_form(outside));
            self.at += 1;
        }
        while matches!(self.char(0), Some('!' | '^' | '=' | '~')) {
            self.at += 1;
        }
        if self.char(0) == Some('#') && self.char(1) != Some('}') {
            self.at += 1;
        }
        if let Some(Sym::Hole(hole)) = self.peek(0) {
            self.bad(hole, Trouble::Name("${…}"));
            self.at += 1;
        }
        if self.char(0).is_some_and(|c| "@*#?-$!".contains(c)) {
            self.at += 1;
        }
        loop {
            match self.peek(0) {
                Some(Sym::Char(c)) if c.is_ascii_alphanumeric() || c == '_' => self.at += 1,
                Some(Sym::Hole(hole)) => {
                    self.bad(hole, Trouble::Name("${…}"));
                    self.at += 1;
                }
                _ => break,
            }
        }
        while self.char(0) == Some('[') {
            let from = self.at;
            let mut depth = 0_usize;
            while let Some(sym) = self.peek(0) {
                match sym {
                    Sym::Char('[') => depth += 1,
                    Sym::Char(']') => depth -= 1,
                    _ => {}
                }
                self.at += 1;
                if depth == 0 {
                    break;
                }
            }
            self.bad_all(from, self.at, Trouble::Arithmetic);
        }
        let rest = match (self.char(0), self.char(1)) {
            (Some(':'), Some('-' | '=' | '?' | '+')) => {
                self.at += 2;
                Rest::Default
            }
            (Some('-' | '=' | '?' | '+'), _) => {
                self.at += 1;
                Rest::Default
            }
            (Some('#' | '%'), _) => {
                while matches!(self.char(0), Some('#' | '%')) {
                    self.at += 1;
                }
                Rest::Pattern
            }
            (Some('/'), _) => Rest::Replace,
            (Some(':'), _) => Rest::Bad(Trouble::Arithmetic),
            _ => Rest::Bad(no_form(outside)),
        };
        let place = match (mode, rest) {
            (_, Rest::Bad(trouble)) => Place::Bad(trouble),
            (Mode::Bare, _) | (Mode::Double, Rest::Pattern) => Place::Good(Quoting::Bare),
            (Mode::Double, Rest::Default) => Place::Good(Quoting::Double),
            (Mode::Here, Rest::Default) => Place::Good(Quoting::Here),
            (Mode::Double | Mode::Here, Rest::Replace) | (Mode::Here, Rest::Pattern) => {
                Place::Bad(no_form(outside))
            }
        };
        self.parameter_rest(mode, place);
        let holes = self.syms[start..self.at.min(self.syms.len())]
            .iter()
            .filter_map(|sym| match sym {
                // Those of a `$(…)` in it stand in a command of their own, and do no harm here.
                Sym::Hole(hole) => Some(*hole),
                Sym::Char(_) => None,
            })
            .collect::<Vec<usize>>();
        for hole in &holes {
            if self.shapes[*hole] == Shape::List
                && self.places[*hole] == Some(Place::Good(Quoting::Bare))
            {
                self.bad(*hole, Trouble::ListNotAlone);
            }
        }
        self.depth -= 1;
        holes
    }

    /// The word of a `${…}`, through its `}`.
    fn parameter_rest(&mut self, mode: Mode, place: Place) {
        let inner = Place::Bad(Trouble::NoForm(
            "quotes inside `${…}` inside quotes mean different things to different shells",
            "put it in a variable first, `v={x}`, and use `$v`",
        ));
        let mut quoted = false;
        loop {
            match self.peek(0) {
                None => return self.open_end("a `${`"),
                Some(Sym::Char('}')) if !quoted || mode == Mode::Bare => {
                    self.at += 1;
                    return;
                }
                Some(Sym::Hole(hole)) => {
                    let place = if quoted { inner } else { place };
                    match place {
                        Place::Good(quoting) => self.good(hole, quoting),
                        Place::Bad(trouble) => self.bad(hole, trouble),
                    }
                    self.at += 1;
                }
                Some(Sym::Char('\\')) => self.backslash(),
                Some(Sym::Char('$')) => {
                    let dollar_quote = mode == Mode::Bare && self.char(1) == Some('\'');
                    if dollar_quote {
                        self.at += 2;
                        self.inner_quote(place, |lexer, word| lexer.dollar_quote(word));
                    } else {
                        self.dollar(mode);
                    }
                }
                Some(Sym::Char('`')) => self.backticks(mode),
                Some(Sym::Char('\'')) if mode == Mode::Bare => {
                    self.at += 1;
                    self.inner_quote(place, |lexer, word| lexer.single(word));
                }
                Some(Sym::Char('"')) if mode == Mode::Bare => {
                    self.at += 1;
                    self.inner_quote(place, |lexer, word| lexer.double(word));
                }
                Some(Sym::Char('"' | '\'')) => {
                    // To some shells these toggle, to others they are text; a hole between is refused. An
                    // apostrophe alone must not swallow the closing brace, so the brace ends it as well.
                    quoted = !quoted && self.quote_closes_before_brace();
                    self.at += 1;
                }
                Some(Sym::Char(_)) => self.at += 1,
            }
        }
    }

    /// A quote inside a `${…}` that stands outside quotes; in a place that is bad its holes are bad too.
    fn inner_quote(&mut self, place: Place, read: impl FnOnce(&mut Self, &mut Word)) {
        let mut word = Word::default();
        read(self, &mut word);
        if let Place::Bad(trouble) = place {
            self.bad_word(&word, trouble);
        }
    }

    fn quote_closes_before_brace(&self) -> bool {
        let Some(quote) = self.char(0) else {
            return false;
        };
        let mut ahead = 1;
        while let Some(sym) = self.peek(ahead) {
            match sym {
                Sym::Char('}') => return false,
                Sym::Char(c) if c == quote => return true,
                _ => ahead += 1,
            }
        }
        false
    }
}

/// What a word is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Argument,
    Other,
    /// Right of `=~`, where brackets and bars are part of the pattern.
    Regex,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Apostrophe {
    Quotes,
    Nothing,
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

/// What comes behind the name in `${…}`.
#[derive(Clone, Copy)]
enum Rest {
    Default,
    Pattern,
    Replace,
    Bad(Trouble),
}

/// Stands for what has been closed, so that what follows is no command.
const CLOSING: &str = "\u{3}";

fn closing() -> Word {
    Word {
        text: CLOSING.to_owned(),
        quoted: Quoted::No,
        ..Word::default()
    }
}
