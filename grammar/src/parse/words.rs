//! Words: what a message shows of a line, and what it says about what is left over there.

use super::{Ctx, Pair, Rule, human};
use crate::codes;
use crate::diagnostic::Diagnostic;

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
pub(super) fn example(rule: Rule) -> Option<&'static str> {
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
        Rule::undoes => "undoes roll_back.checkout",
        Rule::asks => "asks \"Proceed?\"",
        Rule::notifies => "notifies \"all_clear\"",
        Rule::takes_at_most => "takes at most 30m",
        Rule::ends => "ends rolled_back",
        _ => return None,
    })
}
