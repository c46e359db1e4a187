//! Which statement may stand where.

use runbook_grammar::ast::{Command, LetValue, Mark, Stmt, StmtKind};

/// What a block is for, as far as its statements go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between steps: what looks, asks, decides or tells.
    Flow,
    Step,
    Checkpoint,
    /// What is looked at again and again, or before anything happens: `check`, `wait up to`, `guard`.
    Look,
    Undo,
    Channel,
    /// The branches of a `parallel`.
    Branches,
}

/// Why a statement may not stand where it does.
pub(super) struct Refusal {
    pub message: String,
    pub here: &'static str,
    pub help: String,
}

/// Where kinds of statements belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    /// `param`, `matrix`, …: the top level alone.
    Declaration,
    /// `fires when`, `matches`, …: the block of one declaration.
    Part(&'static str),
    /// `given`, `reaches`, …
    Scenario,
    /// Steps and what holds them.
    Frame,
    /// A step, or a call: what may be a branch.
    Branch,
    Call,
    Leap,
    /// `if`, `for`, `let`: wherever anything may be done.
    Plain,
    Decision,
    Looks,
    Acts,
    Asks,
    Waits,
    Tells,
    Notify,
    Check,
    Return,
    Policy,
    Guard,
    Bad,
}

fn act(mark: Mark) -> Kind {
    match mark {
        Mark::Look => Kind::Looks,
        Mark::Act => Kind::Acts,
    }
}

fn kind(stmt: &StmtKind) -> Kind {
    use StmtKind as S;
    match stmt {
        S::Prose(_) | S::Warning(_) => Kind::Text,
        S::Owner(_)
        | S::Version(_)
        | S::Tags(_)
        | S::Link { .. }
        | S::Review { .. }
        | S::Objective { .. }
        | S::Severity { .. }
        | S::Contact { .. }
        | S::Needs(_)
        | S::Param { .. }
        | S::Secret { .. }
        | S::Host { .. }
        | S::Interpreter { .. }
        | S::Use { .. }
        | S::Matrix(_)
        | S::Procedure { .. }
        | S::Channel { .. }
        | S::Message { .. }
        | S::Lock(_)
        | S::Trigger { .. } => Kind::Declaration,
        S::Fields(_) | S::EscalateAfter { .. } => Kind::Part("a `contact`"),
        S::SuggestFrom(_) | S::From(_) | S::Matches(_) => Kind::Part("a `param` or an `ask`"),
        S::Every(_) | S::FiresWhen { .. } | S::StartWith(_) => Kind::Part("a `trigger`"),
        S::Scenario { .. }
        | S::Given { .. }
        | S::When { .. }
        | S::Answer { .. }
        | S::After(_)
        | S::Reaches(_)
        | S::NeverReaches(_)
        | S::Undoes(_)
        | S::Asks(_)
        | S::Notifies(_)
        | S::TakesAtMost(_)
        | S::Ends(_) => Kind::Scenario,
        S::Section { .. } | S::Checkpoint { .. } | S::Attempt { .. } | S::Parallel { .. } => {
            Kind::Frame
        }
        S::Step { .. } => Kind::Branch,
        S::For {
            parallel: Some(_), ..
        } => Kind::Frame,
        S::If { .. } | S::For { .. } => Kind::Plain,
        S::Let { value, .. } => match value {
            LetValue::Do(_) => Kind::Call,
            _ => Kind::Plain,
        },
        S::Choose { .. } | S::Decide { .. } => Kind::Decision,
        S::Wait(_) | S::WaitUpTo { .. } | S::Watch { .. } => Kind::Waits,
        S::Do(_) => Kind::Call,
        S::Notify(_) => Kind::Notify,
        S::Escalate { .. } | S::FollowUp { .. } => Kind::Tells,
        S::Rewind(_) => Kind::Leap,
        S::Finish { .. } => Kind::Tells,
        S::Return(_) => Kind::Return,
        S::Command(command) => act(command.mark),
        S::Http(http) => act(super::commands::method_mark(&http.method.text)),
        S::Ask { .. }
        | S::Confirm { .. }
        | S::Item { .. }
        | S::Approve { .. }
        | S::Todo(_)
        | S::Snapshot { .. }
        | S::Compare { .. } => Kind::Asks,
        S::Expect { .. } | S::Check { .. } => Kind::Check,
        S::Timeout(_)
        | S::Retry { .. }
        | S::OnlyIf(_)
        | S::DoneIf(_)
        | S::Undo(_)
        | S::Irreversible(_)
        | S::Repeatable
        | S::Takes { .. }
        | S::In(_)
        | S::Env { .. }
        | S::On(_)
        | S::With(_)
        | S::Interactive
        | S::LiveFor(_)
        | S::Background(_)
        | S::OnFailure(_)
        | S::Always(_) => Kind::Policy,
        S::Guard { .. } => Kind::Guard,
        S::Bad => Kind::Bad,
    }
}

/// Whether a statement belongs to the top level alone.
pub(super) fn is_declaration(stmt: &Stmt) -> bool {
    kind(&stmt.kind) == Kind::Declaration
}

pub(super) fn is_policy(stmt: &Stmt) -> bool {
    kind(&stmt.kind) == Kind::Policy
}

pub(super) fn is_text(stmt: &Stmt) -> bool {
    kind(&stmt.kind) == Kind::Text
}

/// Whether a statement goes elsewhere: refused, it is not read any further.
pub(super) fn is_leap(stmt: &Stmt) -> bool {
    matches!(
        stmt.kind,
        StmtKind::Rewind(_) | StmtKind::Return(_) | StmtKind::Finish { .. }
    )
}

/// Whether a statement is more than looking: what a procedure called inside a `check` must not hold.
pub(super) fn is_busy(stmt: &Stmt) -> bool {
    !matches!(
        kind(&stmt.kind),
        Kind::Text
            | Kind::Plain
            | Kind::Looks
            | Kind::Check
            | Kind::Call
            | Kind::Return
            | Kind::Policy
            | Kind::Guard
            | Kind::Bad
    )
}

fn refusal(
    word: &str,
    here: &'static str,
    place: &str,
    help: impl Into<String>,
) -> Option<Refusal> {
    Some(Refusal {
        message: format!("{word} stands {place}"),
        here,
        help: help.into(),
    })
}

/// Why the statement may not stand here; nothing where it may. Policies and guards are judged with their block.
pub(super) fn refuse(place: Place, stmt: &Stmt) -> Option<Refusal> {
    let word = word(&stmt.kind);
    let kind = kind(&stmt.kind);
    match kind {
        Kind::Text if place != Place::Branches => return None,
        Kind::Policy | Kind::Guard | Kind::Bad => return None,
        Kind::Declaration => {
            return refusal(
                word,
                "a declaration",
                "inside a block",
                "move it to the top level of the file",
            );
        }
        Kind::Part(owner) => {
            return refusal(
                word,
                "has no meaning here",
                "outside its place",
                format!("move it into the block of {owner}"),
            );
        }
        Kind::Scenario => {
            return refusal(
                word,
                "belongs to scenarios",
                "in a runbook",
                "move it into a `scenario` of a file that begins with `scenarios for \"…\"`",
            );
        }
        _ => {}
    }
    let fits = match place {
        Place::Flow => kind != Kind::Acts,
        Place::Step => !matches!(kind, Kind::Frame | Kind::Branch | Kind::Leap | Kind::Return),
        Place::Checkpoint => matches!(
            kind,
            Kind::Plain
                | Kind::Call
                | Kind::Looks
                | Kind::Asks
                | Kind::Waits
                | Kind::Notify
                | Kind::Check
        ),
        Place::Look => matches!(kind, Kind::Plain | Kind::Call | Kind::Looks | Kind::Check),
        Place::Undo => matches!(
            kind,
            Kind::Plain
                | Kind::Call
                | Kind::Looks
                | Kind::Acts
                | Kind::Asks
                | Kind::Waits
                | Kind::Notify
                | Kind::Check
        ),
        Place::Channel => matches!(kind, Kind::Plain | Kind::Looks | Kind::Acts | Kind::Check),
        Place::Branches => matches!(stmt.kind, StmtKind::Step { .. } | StmtKind::Do(_)),
    };
    if fits {
        return None;
    }
    match (place, kind) {
        (Place::Flow, _) => refusal(
            word,
            "may change something",
            "outside a step",
            "put it into a `step name \"…\" { … }`, or mark it `?` if it only looks",
        ),
        (Place::Step, Kind::Return) => refusal(
            word,
            "leaves the procedure",
            "in a step",
            "put it after the step: what the step binds is seen there",
        ),
        (Place::Step, Kind::Leap) => refusal(
            word,
            "leaves the step",
            "in a step",
            "put it after the step, or into the `otherwise` of an `attempt` around it",
        ),
        (Place::Step, _) => refusal(
            word,
            "is made of steps",
            "in a step",
            "put it before or after the step",
        ),
        (Place::Checkpoint | Place::Look, Kind::Acts) => refusal(
            word,
            "may change something",
            "where things are only looked at",
            "mark it `?` if it only reads, or put it into a step before",
        ),
        (Place::Checkpoint, _) => refusal(
            word,
            "is no part of a gate",
            "in a checkpoint",
            "put it before or after the checkpoint",
        ),
        (Place::Look, _) => refusal(
            word,
            "is more than a look",
            "where things are only looked at",
            "keep `?`, GET, `let` and `expect` here, and put it outside this block",
        ),
        (Place::Undo, _) => refusal(
            word,
            "is no part of undoing",
            "in an `undo`",
            "keep commands, requests, `let`, `expect` and waits here",
        ),
        (Place::Channel, _) => refusal(
            word,
            "is no part of sending",
            "in a `channel`",
            "keep the commands or requests that send `$MESSAGE` here",
        ),
        (Place::Branches, _) => refusal(
            word,
            "is no branch",
            "directly in a `parallel`",
            "make it a `step`, or put it outside",
        ),
    }
}

/// How a statement is called in a sentence.
pub(super) fn word(stmt: &StmtKind) -> &'static str {
    use StmtKind as S;
    match stmt {
        S::Prose(_) => "prose",
        S::Warning(_) => "a warning",
        S::Owner(_) => "`owner`",
        S::Version(_) => "`version`",
        S::Tags(_) => "`tags`",
        S::Link { .. } => "`link`",
        S::Review { .. } => "`review`",
        S::Objective { .. } => "`objective`",
        S::Severity { .. } => "`severity`",
        S::Contact { .. } => "`contact`",
        S::Fields(_) => "a contact's field",
        S::EscalateAfter { .. } => "`escalate after`",
        S::Needs(_) => "`needs`",
        S::Param { .. } => "`param`",
        S::SuggestFrom(_) => "`suggest from`",
        S::From(_) => "`from`",
        S::Matches(_) => "`matches`",
        S::Secret { .. } => "`secret`",
        S::Host { .. } => "`host`",
        S::Interpreter { .. } => "`interpreter`",
        S::Use { .. } => "`use`",
        S::Matrix(_) => "`matrix`",
        S::Procedure { .. } => "`procedure`",
        S::Channel { .. } => "`channel`",
        S::Message { .. } => "`message`",
        S::Guard { .. } => "`guard`",
        S::Lock(_) => "`lock`",
        S::Trigger { .. } => "`trigger`",
        S::Every(_) => "`every`",
        S::FiresWhen { .. } => "`fires when`",
        S::StartWith(_) => "`start with`",
        S::FollowUp { .. } => "`follow_up`",
        S::Section { .. } => "a section",
        S::Step { .. } => "a step",
        S::Checkpoint { .. } => "a checkpoint",
        S::If { .. } => "`if`",
        S::Choose { .. } => "`choose`",
        S::Decide { .. } => "`decide`",
        S::Attempt { .. } => "`attempt`",
        S::Parallel { .. } => "`parallel`",
        S::For { .. } => "`for`",
        S::Wait(_) => "`wait`",
        S::WaitUpTo { .. } => "`wait up to`",
        S::Watch { .. } => "`watch`",
        S::Do(_) => "`do`",
        S::Let { .. } => "`let`",
        S::Notify(_) => "`notify`",
        S::Escalate { .. } => "`escalate`",
        S::Rewind(_) => "`rewind to`",
        S::Finish { .. } => "`finish`",
        S::Return(_) => "`return`",
        S::Command(Command {
            mark: Mark::Act, ..
        }) => "a command marked `$`",
        S::Command(_) => "a command marked `?`",
        S::Http(_) => "a request",
        S::Ask { .. } => "`ask`",
        S::Confirm { .. } => "`confirm`",
        S::Item { .. } => "a checklist item",
        S::Approve { .. } => "`approve`",
        S::Expect { .. } => "`expect`",
        S::Check { .. } => "`check`",
        S::Snapshot { .. } => "`snapshot`",
        S::Compare { .. } => "`compare`",
        S::Todo(_) => "`todo`",
        S::Timeout(_) => "`timeout`",
        S::Retry { .. } => "`retry`",
        S::OnlyIf(_) => "`only if`",
        S::DoneIf(_) => "`done if`",
        S::Undo(_) => "`undo`",
        S::Irreversible(_) => "`irreversible`",
        S::Repeatable => "`repeatable`",
        S::Takes { .. } => "`takes`",
        S::In(_) => "`in`",
        S::Env { .. } => "`env`",
        S::On(_) => "`on`",
        S::With(_) => "`with`",
        S::Interactive => "`interactive`",
        S::LiveFor(_) => "`live for`",
        S::Background(_) => "`background until`",
        S::OnFailure(_) => "`on failure`",
        S::Always(_) => "`always`",
        S::Scenario { .. } => "`scenario`",
        S::Given { .. } => "`given`",
        S::When { .. } => "`when`",
        S::Answer { .. } => "`answer`",
        S::After(_) => "`after`",
        S::Reaches(_) | S::NeverReaches(_) => "`reaches`",
        S::Undoes(_) => "`undoes`",
        S::Asks(_) => "`asks`",
        S::Notifies(_) => "`notifies`",
        S::TakesAtMost(_) => "`takes at most`",
        S::Ends(_) => "`ends`",
        S::Bad => "a line",
    }
}
