//! What a `$` or a backtick begins: substitutions, arithmetic, parameters.

use super::*;

impl Lexer<'_> {
    /// At `$`: the expansion that it begins, if any. Gives the holes that stand in it and belong to the word.
    pub(super) fn dollar(&mut self, mode: Mode) -> Vec<usize> {
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
            Some(Sym::Char('[')) => self.old_arithmetic(),
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

    /// At the `[` of `$[ … ]`, which bash and zsh compute, over lines as well. dash knows nothing of it, so in
    /// `sh` nobody can say how what follows is read.
    fn old_arithmetic(&mut self) {
        if self.shell == Shell::Sh {
            return self.bad_all(self.at, self.syms.len(), Trouble::Arithmetic);
        }
        if self.no_bracket_closes {
            return;
        }
        let mut depth = 0_usize;
        for at in self.at..self.limit {
            match self.syms[at] {
                Sym::Char('[') => depth += 1,
                Sym::Char(']') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.bad_all(self.at, at, Trouble::Arithmetic);
                self.at = at + 1;
                return;
            }
        }
        self.no_bracket_closes = true;
        self.bad_all(self.at, self.syms.len(), Trouble::Arithmetic);
        self.open_end("a `$[`");
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
    pub(super) fn substitution(&mut self) {
        if !self.deeper() {
            return;
        }
        self.at += 1;
        let from = self.at;
        if !self.commands_inside(End::Paren).is_empty() {
            self.open_end("a here-document");
        }
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

    /// The commands of a substitution: what they print is part of the word it stands in. Gives the here-documents
    /// that they begin and do not end.
    fn commands_inside(&mut self, end: End) -> VecDeque<HereDoc> {
        let here = std::mem::take(&mut self.here);
        let (around, first) = (std::mem::take(&mut self.said), self.simples.len());
        self.commands(end);
        let inside = self.simples[first..].iter().flat_map(nested::said);
        self.said = around.into_iter().chain(inside).collect();
        std::mem::replace(&mut self.here, here)
    }

    /// Where the `))` of arithmetic begins, if what starts at `from` is arithmetic and not two brackets.
    pub(super) fn arithmetic_end(&self, from: usize) -> Option<usize> {
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
    pub(super) fn arithmetic(&mut self, end: usize) {
        let around = std::mem::take(&mut self.said);
        self.computed(end);
        for hole in std::mem::replace(&mut self.said, around) {
            self.bad(hole, Trouble::Arithmetic);
        }
    }

    fn computed(&mut self, end: usize) {
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
    pub(super) fn backticks(&mut self, mode: Mode) {
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
            self.commands_inside(End::File);
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
        let mut blank = false;
        let start = self.at;
        loop {
            match self.peek(0) {
                None => return self.open_end("a `${`"),
                Some(Sym::Char('}')) if !quoted || mode == Mode::Bare => {
                    self.at += 1;
                    break;
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
                Some(Sym::Char(c)) => {
                    blank |= matches!(c, ' ' | '\t' | '\n');
                    self.at += 1;
                }
            }
        }
        if blank && mode == Mode::Bare {
            // `${a:-trap {{v}} EXIT}` becomes several words, and a command of its own.
            let trouble = Trouble::NoForm(
                "outside quotes the shell takes this apart into words",
                "put the whole `${…}` in double quotes",
            );
            self.bad_all(start, self.at, trouble);
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Apostrophe {
    Quotes,
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
