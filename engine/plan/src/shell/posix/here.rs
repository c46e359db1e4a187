//! Here-documents: the word that ends one, and the bodies that follow the line.

use super::*;

impl Lexer<'_> {
    pub(super) fn here_delimiter(&mut self, tabs: Tabs, owner: usize) {
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
    pub(super) fn here_documents(&mut self) {
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
                    let around = std::mem::take(&mut self.said);
                    self.here_body();
                    self.said = around;
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
}
