//! Where the holes of a script for `sh`, `bash` or `zsh` stand.
//!
//! One pass reads the script as a shell would: words and their quotes, expansions, here-documents, `case`,
//! `[[ … ]]`, arithmetic. It is no full parser: a script without sense gets some answer, and the shell will
//! refuse it. What matters is that a hole is never thought to be quoted in one way where the shell reads it
//! in another; where that is not certain, the place is bad.
//!
//! | file | what it holds |
//! |---|---|
//! | [`commands`] | pipelines, keywords, redirections, `case`, `[[ … ]]` |
//! | [`words`] | words and their quotes |
//! | [`expansions`] | `$(…)`, `${…}`, `$((…))`, backticks |
//! | [`here`] | here-documents |

use std::collections::VecDeque;

use super::calls::Joined;
use super::nested;
use super::trouble::{Place, Trouble};
use super::{Shape, Shell, Sym};
use crate::command::Quoting;

pub(super) use commands::CLOSING;

mod commands;
mod expansions;
mod here;
mod words;

/// How deep `$(`, `${`, `(` and backticks may stand in each other.
const DEEPEST: usize = 64;

/// Stands in the text of a word for an expansion, whose text only the run knows.
pub const EXPANSION: char = '\u{1}';
/// Stands in the text of a word for a hole.
pub const HOLE: char = '\u{2}';

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
    /// Holes that a `$(…)` in it prints.
    pub said: Vec<usize>,
    pub quoted: Quoted,
    /// Where its first symbol stands.
    pub start: usize,
    /// How many symbols it was written with.
    pub length: usize,
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
    /// Operator and target each; of a here-document the word that ends it.
    pub redirects: Vec<(String, Word)>,
    /// In how many `$(…)`, brackets and cases it stands.
    pub depth: usize,
}

/// Ids of the simple commands of a pipeline, and how what follows is joined to it.
#[derive(Clone, Debug)]
pub(super) struct Pipeline {
    pub stages: Vec<usize>,
    pub joined: Joined,
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
    pipelines: Vec<Pipeline>,
    unfinished: Option<&'static str>,
    /// Up to here the holes in subscripts of zsh are known to be bad.
    subscripts_until: usize,
    too_deep: bool,
    /// A `$[` was met that nothing closes; whatever comes after it is refused already.
    no_bracket_closes: bool,
    /// Holes printed by the substitutions of the word that is being read.
    said: Vec<usize>,
}

fn read<'a>(shell: Shell, syms: &'a [Sym], shapes: &'a [Shape]) -> Lexer<'a> {
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
        no_bracket_closes: false,
        said: Vec::new(),
    };
    lexer.commands(End::File);
    lexer
}

/// The simple commands of a script in the order they begin, and its pipelines in that of their first.
pub(super) fn commands_of(
    shell: Shell,
    syms: &[Sym],
    holes: usize,
) -> (Vec<Simple>, Vec<Pipeline>) {
    let shapes = vec![Shape::One; holes];
    let lexer = read(shell, syms, &shapes);
    let mut pipelines = lexer.pipelines;
    pipelines.sort_by_key(|pipeline| pipeline.stages.first().copied());
    (lexer.simples, pipelines)
}

/// The place of each hole in a script.
pub(super) fn places(shell: Shell, syms: &[Sym], shapes: &[Shape]) -> Found {
    let mut lexer = read(shell, syms, shapes);
    for pipeline in &lexer.pipelines {
        let stages: Vec<&Simple> = pipeline
            .stages
            .iter()
            .map(|id| &lexer.simples[*id])
            .collect();
        for (hole, trouble) in nested::troubles(shell, &stages) {
            lexer.places[hole] = Some(Place::Bad(trouble));
        }
    }
    Found {
        places: lexer
            .places
            .iter()
            .map(|place| place.unwrap_or(Place::TOO_DEEP))
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
}

/// What a word is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Argument,
    Other,
    /// Right of `=~`, where brackets and bars are part of the pattern.
    Regex,
}
