//! Why a hole's place has no safe form, and the way out.

use runbook_grammar::diagnostic::{Code, Diagnostic};
use runbook_grammar::span::Span;

use crate::codes;
use crate::command::Quoting;

/// What is known of a hole's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Good(Quoting),
    Bad(Trouble),
}

impl Place {
    /// Of a place that was not come to.
    pub const TOO_DEEP: Place = Place::Bad(Trouble::NoForm(
        "the script is nested too deep to say what stands here",
        "take it apart into several commands",
    ));

    /// The quoting of a good place; of a bad one something, for nothing will be run.
    pub fn quoting(self) -> Quoting {
        match self {
            Place::Good(quoting) => quoting,
            Place::Bad(_) => Quoting::Bare,
        }
    }
}

/// In the texts `{h}` stands for the hole in backticks, `{x}` for the hole as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    QuotedHere,
    Arithmetic,
    /// The operands of `-eq` and its like inside `[[ … ]]`.
    Comparison,
    /// The argument of a command that runs it as a program: which, and the way out.
    Nested(&'static str, &'static str),
    /// Text read by an interpreter as its script.
    Fed(&'static str),
    Backslash,
    Dollar,
    Tilde,
    Backtick,
    ListNotAlone,
    /// What is here, and the way out.
    NoForm(&'static str, &'static str),
    /// The command or keyword that wants a name.
    Name(&'static str),
}

impl Trouble {
    pub fn diagnostic(self, hole: &str, span: Span) -> Diagnostic {
        let (code, message, here, help): (Code, String, &str, String) = match self {
            Trouble::QuotedHere => (
                codes::HOLE_IN_QUOTED_HEREDOC,
                "a value stands in a here-document whose word is quoted".into(),
                "nothing is expanded here",
                "take the quotes off the word after `<<` and put a backslash before each `$` that stays, or \
                 mark the fence `verbatim` if {h} is meant as it stands"
                    .into(),
            ),
            Trouble::Arithmetic => (
                codes::HOLE_IN_ARITHMETIC,
                "a value stands where the shell computes".into(),
                "what is here is evaluated, even out of a variable",
                "compute in the runbook, `let n: number = …`, and use `{{n}}`".into(),
            ),
            Trouble::Comparison => (
                codes::HOLE_IN_ARITHMETIC,
                "a value stands where the shell computes".into(),
                "`[[ … ]]` evaluates both sides of a numeric comparison",
                "compare in `[ … ]`, which takes numbers only, or with `expect`".into(),
            ),
            Trouble::Nested(what, help) => (
                codes::HOLE_IN_NESTED_SCRIPT,
                format!("a value stands in a script that `{what}` runs"),
                "this would become code there",
                help.into(),
            ),
            Trouble::Fed(what) => (
                codes::HOLE_FED_TO_INTERPRETER,
                format!("a value stands in text that `{what}` reads as its script"),
                "this would become code there",
                "quote the word after `<<`, so that the script is constant, and pass the value as an \
                 argument that it reads as `$1`"
                    .into(),
            ),
            Trouble::Backslash => (
                codes::HOLE_AFTER_ESCAPE,
                "a backslash stands right before a value".into(),
                "the backslash would take the quote that protects the value",
                "write two backslashes for a literal one, or leave it out".into(),
            ),
            Trouble::Dollar => (
                codes::HOLE_AFTER_ESCAPE,
                "a dollar stands right before a value".into(),
                "the dollar would begin another expansion",
                "write `\\$` before {h} for a literal dollar, or leave it out".into(),
            ),
            Trouble::Tilde => (
                codes::HOLE_AFTER_ESCAPE,
                "a tilde stands right before a value".into(),
                "the shell finds a home only for a name that is written out",
                "write the path of the folder instead of `~`".into(),
            ),
            Trouble::Backtick => (
                codes::HOLE_AFTER_ESCAPE,
                "a backtick stands right before a value".into(),
                "the backtick would take the quote that protects the value",
                "write two backticks for a literal one, or leave it out".into(),
            ),
            Trouble::ListNotAlone => (
                codes::LIST_NOT_ALONE,
                "a list is not a word of its own".into(),
                "a list becomes several words, and there is room for one text",
                "put {h} between blanks and outside quotes, or make one text of it with `join(…, \",\")`"
                    .into(),
            ),
            Trouble::NoForm(here, help) => (
                codes::HOLE_WITHOUT_SAFE_FORM,
                "a value stands where no form of it is safe".into(),
                here,
                help.into(),
            ),
            Trouble::Name(what) => (
                codes::HOLE_AS_NAME,
                format!("a value stands where `{what}` wants the name of a variable"),
                "a name that comes from a value can do more than name",
                "write the name out, and let {h} be its value".into(),
            ),
        };
        let help = help
            .replace("{h}", &format!("`{hole}`"))
            .replace("{x}", hole);
        Diagnostic::error(code, message, span, here).help(help)
    }
}
