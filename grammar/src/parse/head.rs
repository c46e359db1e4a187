//! The line a statement begins with. Every statement is read the same way: its parts in order, its clauses,
//! its block, and whatever is left over. What a line lacks and what is left over on it are one mistake, so a
//! head speaks once.

use super::{Ctx, Kids, Pair, Rule, block, expr, human, text};
use crate::ast::{Block, Expr, ExprKind, Name, Path, Str, Within, WithinElse};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// Whether a statement has a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Must,
    May,
    Never,
}

pub(super) struct Head<'c, 's> {
    pub(super) ctx: &'c mut Ctx<'s>,
    kids: Kids<'s>,
    rule: Rule,
    span: pest::Span<'s>,
    /// How many mistakes were known when this head began.
    known: usize,
}

impl<'c, 's> Head<'c, 's> {
    pub(super) fn new(ctx: &'c mut Ctx<'s>, pair: Pair<'s>) -> Head<'c, 's> {
        // A line that was reported as a whole says nothing more.
        let muted = ctx.muted == Some(pair.as_span().start());
        let known = if muted {
            usize::MAX
        } else {
            ctx.diagnostics.len()
        };
        Head {
            ctx,
            rule: pair.as_rule(),
            span: pair.as_span(),
            kids: Kids::of(pair),
            known,
        }
    }

    pub(super) fn peek(&mut self) -> Option<Rule> {
        self.kids.peek(self.ctx)
    }

    pub(super) fn next(&mut self) -> Option<Pair<'s>> {
        self.kids.next(self.ctx)
    }

    pub(super) fn take(&mut self, rule: Rule) -> Option<Pair<'s>> {
        self.kids.take(self.ctx, rule)
    }

    /// Nothing was wrong with this line so far.
    fn silent(&self) -> bool {
        self.ctx.diagnostics.len() == self.known
    }

    /// From here on the line may speak again: a block stood between.
    fn listen(&mut self) {
        if self.known != usize::MAX {
            self.known = self.ctx.diagnostics.len();
        }
    }

    /// The place just behind what was read, in front of what comes next.
    fn place(&mut self) -> usize {
        self.kids.peek(self.ctx);
        let limit = self
            .kids
            .pairs
            .peek()
            .map_or(self.span.end(), |next| next.as_span().start());
        let start = self.span.start();
        start + self.ctx.text[start..limit].trim_end().len()
    }

    /// What is there, where a part is missing: what is left over, or the empty place.
    fn here(&mut self) -> (Span, Option<&'s str>) {
        if self.peek() == Some(Rule::junk)
            && let Some(junk) = self.kids.pairs.peek()
        {
            let word = first_word(junk.as_str());
            let start = junk.as_span().start();
            return (self.ctx.span(start, start + word.len()), Some(word));
        }
        let at = self.place();
        (self.ctx.span(at, at), None)
    }

    /// Reports that `what` is not there, unless this line already said something.
    pub(super) fn missing(&mut self, what: &str) -> Span {
        let (span, found) = self.here();
        if self.silent() {
            let human = human::name(self.rule);
            let label = match found {
                Some(found) => format!("expected {what}, found `{found}`"),
                None => format!("expected {what} here"),
            };
            let mut diagnostic = Diagnostic::error(
                codes::MISSING_PART,
                format!("{human} needs {what}"),
                span,
                label,
            );
            if let Some(example) = example(self.rule) {
                diagnostic = diagnostic.help(format!("write it like `{example}`"));
            }
            if let Some(word) = found.filter(|word| is_reserved(word)) {
                diagnostic = Diagnostic::error(
                    codes::RESERVED_NAME,
                    format!("`{word}` is a word of the language and never a name"),
                    span,
                    format!("expected {what} here"),
                )
                .help("choose another name");
            }
            self.ctx.push(diagnostic);
        }
        span
    }

    /// A name that is there only so that the tree is whole; no two are equal.
    fn made_up(&mut self, span: Span) -> Name {
        Name {
            text: format!("_{}", span.start),
            span,
        }
    }

    /// The second word of a statement, which is missing where the grammar says so.
    pub(super) fn second_word(&mut self, word: &str) {
        if self.take(Rule::no_word).is_some() {
            self.missing(word);
        }
    }

    pub(super) fn opt_name(&mut self) -> Option<Name> {
        let pair = self.take(Rule::name)?;
        Some(text::name(self.ctx, &pair))
    }

    pub(super) fn name(&mut self, what: &str) -> Name {
        match self.opt_name() {
            Some(name) => name,
            None => {
                let span = self.missing(what);
                self.made_up(span)
            }
        }
    }

    /// A name that is declared here, in lower case.
    pub(super) fn opt_snake(&mut self) -> Option<Name> {
        let name = self.opt_name()?;
        text::snake(self.ctx, &name);
        Some(name)
    }

    pub(super) fn snake(&mut self, what: &str) -> Name {
        let name = self.name(what);
        text::snake(self.ctx, &name);
        name
    }

    /// Reports that `what` is not there; an expression that stands for it.
    pub(super) fn bad(&mut self, what: &str) -> Expr {
        Expr {
            kind: ExprKind::Bad,
            span: self.missing(what),
        }
    }

    pub(super) fn opt_path(&mut self) -> Option<Path> {
        let pair = self.take(Rule::path)?;
        Some(text::path(self.ctx, &pair))
    }

    /// `None` where it is missing, which is reported.
    pub(super) fn path(&mut self, what: &str) -> Option<Path> {
        let path = self.opt_path();
        if path.is_none() {
            self.missing(what);
        }
        path
    }

    pub(super) fn opt_string(&mut self) -> Option<Str> {
        let pair = self.take(Rule::string)?;
        Some(text::string(self.ctx, &pair))
    }

    pub(super) fn string(&mut self, what: &str) -> Str {
        match self.opt_string() {
            Some(string) => string,
            None => {
                let span = self.missing(what);
                Str {
                    parts: Vec::new(),
                    span,
                }
            }
        }
    }

    pub(super) fn opt_expr(&mut self) -> Option<Expr> {
        let pair = self.take(Rule::expr)?;
        Some(expr::expr(self.ctx, pair))
    }

    pub(super) fn expr(&mut self, what: &str) -> Expr {
        match self.opt_expr() {
            Some(expr) => expr,
            None => {
                let span = self.missing(what);
                Expr {
                    kind: ExprKind::Bad,
                    span,
                }
            }
        }
    }

    /// A literal, a name, or an expression in parentheses.
    pub(super) fn opt_value(&mut self) -> Option<Expr> {
        let rule = self.peek()?;
        if !expr::is_primary(rule) {
            return None;
        }
        let pair = self.next()?;
        Some(expr::primary(self.ctx, pair))
    }

    pub(super) fn value(&mut self, what: &str) -> Expr {
        match self.opt_value() {
            Some(value) => value,
            None => {
                let span = self.missing(what);
                Expr {
                    kind: ExprKind::Bad,
                    span,
                }
            }
        }
    }

    /// `= e`
    pub(super) fn opt_default(&mut self) -> Option<Expr> {
        let pair = self.take(Rule::default)?;
        Some(expr::after_sign(self.ctx, pair))
    }

    pub(super) fn default(&mut self, what: &str) -> Expr {
        match self.opt_default() {
            Some(expr) => expr,
            None => {
                let span = self.missing(what);
                Expr {
                    kind: ExprKind::Bad,
                    span,
                }
            }
        }
    }

    /// The clauses, held against those that belong here, in their order.
    pub(super) fn clauses(&mut self, allowed: &[&'static str]) -> Clauses<'s> {
        let mut found: Vec<(&'static str, Pair<'s>)> = Vec::new();
        let mut furthest = 0;
        while matches!(
            self.peek(),
            Some(
                Rule::plain_clause
                    | Rule::within
                    | Rule::only_if_clause
                    | Rule::recommended
                    | Rule::or_skip
            )
        ) {
            let Some(pair) = self.next() else { break };
            let word = first_word(pair.as_str());
            let start = pair.as_span().start();
            let span = self.ctx.span(start, start + word.len());
            let Some(place) = allowed.iter().position(|known| *known == word) else {
                if self.silent() {
                    let human = human::name(self.rule);
                    let mut diagnostic = Diagnostic::error(
                        codes::CLAUSE,
                        format!("`{word}` does not belong to {human}"),
                        span,
                        "this clause has no meaning here",
                    );
                    if !allowed.is_empty() {
                        diagnostic =
                            diagnostic.help(format!("use {} here, in this order", listed(allowed)));
                    }
                    self.ctx.push(diagnostic);
                }
                continue;
            };
            let known = allowed[place];
            if let Some((_, first)) = found.iter().find(|(other, _)| *other == known) {
                let first = self.ctx.pair_span(first);
                self.ctx.push(
                    Diagnostic::error(
                        codes::CLAUSE,
                        format!("`{known}` stands twice"),
                        span,
                        "the second one",
                    )
                    .label(first, "the first one")
                    .help(format!("keep one `{known}`")),
                );
                continue;
            }
            if place < furthest {
                self.ctx.push(
                    Diagnostic::error(
                        codes::CLAUSE,
                        format!("`{known}` stands too late"),
                        span,
                        "this clause comes earlier on the line",
                    )
                    .help(format!(
                        "write the clauses in this order: {}",
                        listed(allowed)
                    )),
                );
            }
            furthest = furthest.max(place);
            found.push((known, pair));
        }
        Clauses { found }
    }

    /// The block a statement must have. Missing, it is an empty one.
    pub(super) fn must_block(&mut self) -> Block {
        match self.block(Want::Must) {
            Some(block) => block,
            None => {
                let at = self.place();
                Block {
                    body: Vec::new(),
                    span: self.ctx.span(at, at),
                    inline: false,
                }
            }
        }
    }

    /// The end of a statement: what is left over, its block, what is left over behind it.
    pub(super) fn block(&mut self, want: Want) -> Option<Block> {
        let mut found: Option<Block> = None;
        while let Some(rule) = self.peek() {
            match rule {
                Rule::junk => {
                    let Some(junk) = self.next() else { break };
                    if self.silent() {
                        left_over(self.ctx, self.rule, &junk);
                    }
                }
                Rule::block => {
                    let Some(pair) = self.next() else { break };
                    let at = pair.as_span().start();
                    if want == Want::Never || found.is_some() {
                        if self.silent() {
                            let human = human::name(self.rule);
                            let place = self.ctx.span(at, at + 1);
                            let message = if found.is_some() {
                                format!("{human} has two blocks")
                            } else {
                                format!("{human} has no block")
                            };
                            self.ctx.push(
                                Diagnostic::error(codes::BLOCK_UNWANTED, message, place, "this block belongs to nothing")
                                    .help("take the block away, or begin a statement for it on a line of its own"),
                            );
                        }
                        block::block(self.ctx, pair);
                    } else {
                        found = Some(block::block(self.ctx, pair));
                    }
                    self.listen();
                }
                _ => break,
            }
        }
        if want == Want::Must && found.is_none() && self.silent() {
            let at = self.place();
            let human = human::name(self.rule);
            let place = self.ctx.span(at, at);
            self.ctx.push(
                Diagnostic::error(codes::BLOCK_MISSING, format!("{human} needs a block"), place, "expected `{` here")
                    .help("open the block with `{` at the end of this line, and close it with `}` on a line of its own"),
            );
        }
        found
    }

    /// Only what is left over in front of a block that has a rule of its own (arms, rows, entries).
    pub(super) fn junk(&mut self) {
        while let Some(junk) = self.take(Rule::junk) {
            if self.silent() {
                left_over(self.ctx, self.rule, &junk);
            }
        }
    }

    /// A block with a rule of its own; reports where it is missing. The caller reads it, then calls [`Head::end`].
    pub(super) fn own_block(&mut self, rule: Rule, want: Want) -> Option<Pair<'s>> {
        self.junk();
        let pair = self.take(rule);
        if pair.is_none() && want == Want::Must && self.silent() {
            let at = self.place();
            let human = human::name(self.rule);
            let place = self.ctx.span(at, at);
            self.ctx.push(
                Diagnostic::error(codes::BLOCK_MISSING, format!("{human} needs a block"), place, "expected `{` here")
                    .help("open the block with `{` at the end of this line, and close it with `}` on a line of its own"),
            );
        }
        pair
    }

    /// The end of a statement without a block of the common kind.
    pub(super) fn end(&mut self) {
        self.block(Want::Never);
    }

    /// The empty place behind what was read.
    pub(super) fn empty_place(&mut self) -> Span {
        let at = self.place();
        self.ctx.span(at, at)
    }

    /// See [`Head::listen`].
    pub(super) fn heard(&mut self) {
        self.listen();
    }

    /// Nothing more is said about this line: it is wrong as a whole.
    pub(super) fn quiet(&mut self) {
        self.known = usize::MAX;
    }
}

/// The clauses of one statement.
pub(super) struct Clauses<'s> {
    found: Vec<(&'static str, Pair<'s>)>,
}

impl<'s> Clauses<'s> {
    pub(super) fn pair(&mut self, word: &str) -> Option<Pair<'s>> {
        let at = self.found.iter().position(|(found, _)| *found == word)?;
        Some(self.found.swap_remove(at).1)
    }

    /// `every 5s`: a word and a value.
    pub(super) fn value(&mut self, ctx: &mut Ctx<'s>, word: &str) -> Option<Expr> {
        let pair = self.pair(word)?;
        let whole = ctx.pair_span(&pair);
        let mut kids = Kids::of(pair);
        Some(match kids.next(ctx) {
            Some(value) => expr::primary(ctx, value),
            None => value_missing(ctx, word, whole),
        })
    }

    /// `as first`: a word and a name.
    pub(super) fn name(&mut self, ctx: &mut Ctx<'s>, word: &str) -> Option<Name> {
        let path = self.path(ctx, word)?;
        if path.names.len() > 1 {
            ctx.push(
                Diagnostic::error(
                    codes::NAME_FORM,
                    format!("`{word}` takes a plain name"),
                    path.span,
                    "this name has dots",
                )
                .help("write the name alone"),
            );
        }
        path.names.into_iter().next()
    }

    /// `to a.b`: a word and a dotted name.
    pub(super) fn path(&mut self, ctx: &mut Ctx<'s>, word: &str) -> Option<Path> {
        let pair = self.pair(word)?;
        let whole = ctx.pair_span(&pair);
        let mut kids = Kids::of(pair);
        match kids.next(ctx) {
            Some(value) if value.as_rule() == Rule::dotted => Some(text::path(ctx, &value)),
            Some(value) => {
                let span = ctx.pair_span(&value);
                ctx.push(
                    Diagnostic::error(
                        codes::MISSING_PART,
                        format!("`{word}` takes a name"),
                        span,
                        "this is no name",
                    )
                    .help(format!("write a name after `{word}`, without quotes")),
                );
                None
            }
            None => {
                value_missing(ctx, word, whole);
                None
            }
        }
    }

    /// `within 15m`, where nothing can be said after `else`.
    pub(super) fn limit(&mut self, ctx: &mut Ctx<'s>) -> Option<Expr> {
        let within = self.within(ctx)?;
        if within.otherwise.is_some() {
            ctx.push(
                Diagnostic::error(codes::CLAUSE, "this `within` has no `else`", within.span, "only a prompt can say what happens then")
                    .help("take `else` away; only `attempt … otherwise` and prompts say what happens when the time is over"),
            );
        }
        Some(within.limit)
    }

    /// `within 3m else …`
    pub(super) fn within(&mut self, ctx: &mut Ctx<'s>) -> Option<Within> {
        let pair = self.pair("within")?;
        let whole = text::trimmed(ctx, &pair);
        let mut kids = Kids::of(pair);
        let mut limit = None;
        let mut otherwise = None;
        while let Some(kid) = kids.next(ctx) {
            if kid.as_rule() != Rule::within_else {
                limit = Some(expr::primary(ctx, kid));
                continue;
            }
            let place = text::trimmed(ctx, &kid);
            let mut inner = Kids::of(kid);
            otherwise = match inner.next(ctx) {
                Some(answer) if answer.as_rule() == Rule::expr => {
                    Some(WithinElse::Answer(expr::expr(ctx, answer)))
                }
                Some(head) => {
                    let mut head = Head::new(ctx, head);
                    head.second_word("`to`");
                    let to = head.path("the contact's name");
                    let text = head.opt_string();
                    to.map(|to| WithinElse::Escalate { to, text })
                }
                None => {
                    value_missing(ctx, "else", place);
                    None
                }
            };
        }
        let limit = match limit {
            Some(limit) => limit,
            None => value_missing(ctx, "within", whole),
        };
        Some(Within {
            limit,
            otherwise,
            span: whole,
        })
    }

    /// `only if e`
    pub(super) fn only_if(&mut self, ctx: &mut Ctx<'s>) -> Option<Expr> {
        let pair = self.pair("only")?;
        let mut head = Head::new(ctx, pair);
        head.second_word("`if`");
        Some(head.expr("a condition"))
    }

    /// A word that stands alone.
    pub(super) fn flag(&mut self, ctx: &mut Ctx<'s>, word: &str) -> bool {
        let Some(pair) = self.pair(word) else {
            return false;
        };
        let mut head = Head::new(ctx, pair);
        head.second_word("`skip`");
        true
    }
}

/// Reports that a clause has no value.
fn value_missing(ctx: &mut Ctx<'_>, word: &str, whole: Span) -> Expr {
    let at = whole.after();
    ctx.push(
        Diagnostic::error(
            codes::MISSING_PART,
            format!("`{word}` needs a value"),
            at,
            "expected a value here",
        )
        .help("write a literal, a name, or an expression in parentheses"),
    );
    Expr {
        kind: ExprKind::Bad,
        span: at,
    }
}

/// What stands first in some text: a word, or signs up to a blank. Not too much of it, since a person reads it.
pub(super) fn first_word(text: &str) -> &str {
    let end = text.find([' ', '\t', '\n']).unwrap_or(text.len());
    let word = &text[..end];
    let named = word
        .find(|sign: char| !(sign.is_alphanumeric() || sign == '_'))
        .unwrap_or(word.len());
    let word = if named > 0 { &word[..named] } else { word };
    word.char_indices()
        .nth(MAX_WORD)
        .map_or(word, |(end, _)| &word[..end])
}

/// As much of a text as a message shows.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_WORD) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// How many characters of a word are shown.
const MAX_WORD: usize = 40;

/// "`a`, `b` and `c`"
pub(super) fn listed(words: &[&str]) -> String {
    let mut list = String::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            list.push_str(if at + 1 == words.len() { " and " } else { ", " });
        }
        list.push_str(&format!("`{word}`"));
    }
    list
}

/// A word that is never a name.
pub(super) fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "or"
            | "not"
            | "in"
            | "contains"
            | "matches"
            | "is"
            | "yes"
            | "no"
            | "any"
            | "if"
            | "else"
            | "otherwise"
            | "do"
            | "every"
            | "within"
            | "for"
            | "failure"
            | "only"
    )
}

/// Reports what is left over on a line, in the words that fit best.
pub(super) fn left_over<'s>(ctx: &mut Ctx<'s>, rule: Rule, junk: &Pair<'s>) {
    let start = junk.as_span().start();
    let word = first_word(junk.as_str());
    let span = ctx.span(start, start + word.len());
    let before = ctx.text[..start].trim_end_matches([' ', '\t']);
    let after_digit = before.ends_with(|sign: char| sign.is_ascii_digit());
    if after_digit
        && before.len() < start
        && matches!(word, "ms" | "s" | "m" | "h" | "d" | "x" | "%")
    {
        let gap = ctx.span(before.len(), start);
        ctx.push(
            Diagnostic::error(
                codes::BLANK_IN_LITERAL,
                "a blank stands inside a number with a unit",
                gap,
                "this blank",
            )
            .help(format!(
                "write the unit right behind the number, as in `5{word}`"
            ))
            .fix(gap, ""),
        );
        return;
    }
    let human = human::name(rule);
    let mut diagnostic = Diagnostic::error(
        codes::LEFT_OVER,
        format!("`{word}` is left over behind {human}"),
        span,
        "the statement is complete before this",
    );
    diagnostic = match example(rule) {
        Some(example) => {
            diagnostic.help(format!("write it like `{example}`, one statement a line"))
        }
        None => diagnostic.help("write one statement a line"),
    };
    ctx.push(diagnostic);
}

/// How a statement is written, for the help of what is missing or left over.
fn example(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::version_line => "rbk 1",
        Rule::kind_line => "runbook \"Title\"",
        Rule::owner => "owner \"On-call engineer\"",
        Rule::version => "version \"1.0.0\"",
        Rule::tags => "tags rollback, production",
        Rule::link => "link \"Dashboard\" \"https://…\"",
        Rule::review => "review every 90d since 2025-11-07",
        Rule::objective => "objective 15m until restored",
        Rule::severity => "severity P0 \"Service down\" within 15m",
        Rule::contact => "contact dba \"Database administrator\" { … }",
        Rule::fields => "phone \"+1 555 0100\" chat \"#db\"",
        Rule::escalate_after => "escalate after 15m to manager",
        Rule::needs => "needs command kubectl",
        Rule::param => "param api: url \"Base address\" = \"http://localhost\"",
        Rule::suggest => "suggest from ? git log --oneline",
        Rule::from => "from ? kubectl get nodes -o name",
        Rule::matches_stmt => "matches \"^[a-z]+$\"",
        Rule::secret => "secret token from env TOKEN",
        Rule::host => "host production \"ssh-name\"",
        Rule::interpreter => "interpreter sql { … }",
        Rule::use_stmt => "use \"./queues.rbk\" as queues",
        Rule::matrix => "matrix triage(up: bool) -> (response: choice) { … }",
        Rule::procedure => "procedure name(a: text) \"Title\" { … }",
        Rule::channel => "channel incidents \"#incidents\"",
        Rule::message => "message started to incidents { … }",
        Rule::guard => "guard \"Cluster is production\" { … }",
        Rule::lock => "lock \"db/orders\"",
        Rule::trigger => "trigger errors \"Too many errors\" { … }",
        Rule::every => "every 10s",
        Rule::fires => "fires when rate > 10% for 1m",
        Rule::start_with => "start with symptom = \"errors\"",
        Rule::follow_up => "follow_up \"Post-mortem\" within 24h to lead",
        Rule::section => "section cleanup \"Clean up\" { … }",
        Rule::step => "step restart \"Restart the workers\" { … }",
        Rule::checkpoint => "checkpoint restored \"The service is back\" { … }",
        Rule::if_stmt => "if ready == yes { … }",
        Rule::choose => "choose \"Roll back?\" { … }",
        Rule::choose_arm => "\"Yes\" recommended { … }",
        Rule::decide => "decide triage { … }",
        Rule::decide_arm => "roll_back { … }",
        Rule::attempt => "attempt quick_fix \"Quick fix\" within 5m { … } otherwise { … }",
        Rule::parallel => "parallel \"All at once\" max 4 { … }",
        Rule::for_stmt => "for node in nodes { … }",
        Rule::wait => "wait 30s",
        Rule::watch => "watch for 30m every 30s { … }",
        Rule::do_stmt | Rule::do_call => "do name(x, b: 2)",
        Rule::notify => "notify started",
        Rule::escalate | Rule::escalate_head => "escalate to manager \"It failed.\"",
        Rule::rewind => "rewind to restored",
        Rule::finish => "finish resolved \"All is well.\"",
        Rule::return_stmt => "return value",
        Rule::let_stmt => "let rate: percent = ? cat rate",
        Rule::ask => "ask ticket: text \"Which ticket?\"",
        Rule::confirm => "confirm \"Go on?\"",
        Rule::approve => "approve \"Security allows it\" by security",
        Rule::expect => "expect status == 200 \"why\"",
        Rule::check => "check \"The service answers\" { … }",
        Rule::snapshot => "snapshot before { … }",
        Rule::snapshot_entry => "commit: ? git rev-parse HEAD",
        Rule::compare => "compare before after",
        Rule::todo => "todo \"Say how\"",
        Rule::timeout => "timeout 30s",
        Rule::retry => "retry 3 every 5s backoff 2x",
        Rule::only_if | Rule::only_if_clause => "only if ready",
        Rule::done_if => "done if ? test -f done",
        Rule::undo => "undo $ git checkout previous",
        Rule::irreversible => "irreversible \"The data is gone afterwards.\"",
        Rule::repeatable => "repeatable",
        Rule::takes => "takes 5m..10m",
        Rule::in_stmt => "in \"/srv/app\"",
        Rule::env => "env NAME = \"value\"",
        Rule::on => "on production",
        Rule::with => "with bash",
        Rule::interactive => "interactive",
        Rule::live_for => "live for 5m",
        Rule::background => "background until { … }",
        Rule::on_failure => "on failure { … }",
        Rule::always => "always { … }",
        Rule::scenario => "scenario \"the service is down\" { … }",
        Rule::given => "given stable = \"v1.2.3\"",
        Rule::when => "when \"curl *\" exits 22 says \"boom\"",
        Rule::answer => "answer \"Proceed?\" yes",
        Rule::after => "after 6m",
        Rule::reaches => "reaches roll_back.checkout",
        Rule::never_reaches => "never reaches roll_back",
        Rule::ends => "ends rolled_back",
        _ => return None,
    })
}
