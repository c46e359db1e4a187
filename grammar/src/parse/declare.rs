//! Declarations: what a file says before, beside and below what runs.

use super::head::{Head, NAME, TITLE, Want};
use super::{Kids, Rule, block, command, expr, flow, text, types};
use crate::ast::{
    Block, Expr, FiresWhen, MessageTo, Module, Name, Need, Path, SecretFrom, Stmt, StmtKind, Str,
};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// `None` where the statement says nothing without the part that is missing.
pub(super) fn read(head: &mut Head<'_, '_>, rule: Rule) -> Option<StmtKind> {
    Some(match rule {
        Rule::owner => StmtKind::Owner(alone(head, "a name in quotes")),
        Rule::version => StmtKind::Version(alone(head, "a version in quotes")),
        Rule::lock => StmtKind::Lock(alone(head, "what is locked, in quotes")),
        Rule::tags => tags(head),
        Rule::link => {
            let title = head.string(TITLE);
            let url = head.string("an address in quotes");
            head.end();
            StmtKind::Link { title, url }
        }
        Rule::review => {
            let mut clauses = head.clauses(&["every", "since"]);
            let every = clauses.value(head.ctx, "every");
            let since = clauses.value(head.ctx, "since");
            let every = every.unwrap_or_else(|| head.bad("`every` and a duration"));
            let since = since.unwrap_or_else(|| head.bad("`since` and a date"));
            head.end();
            StmtKind::Review { every, since }
        }
        Rule::objective => {
            let within = head.value("a duration");
            let until = head.clauses(&["until"]).name(head.ctx, "until");
            head.end();
            StmtKind::Objective { within, until }
        }
        Rule::severity => {
            let name = head.name("a name, such as P0");
            let title = head.string(TITLE);
            let within = head.clauses(&["within"]).limit(head.ctx);
            head.end();
            StmtKind::Severity {
                name,
                title,
                within: within.map(Box::new),
            }
        }
        Rule::contact => contact(head),
        Rule::fields => fields(head),
        Rule::escalate_after => {
            let after = head.value("a duration");
            let to = head.clauses(&["to"]).name(head.ctx, "to");
            let to = head.expect(to, "`to` and a contact's name");
            head.end();
            StmtKind::EscalateAfter { after, to: to? }
        }
        Rule::needs => StmtKind::Needs(needs(head)?),
        Rule::param => {
            let name = head.snake(NAME);
            let ty = types::head_type(head);
            let prompt = head.opt_string();
            let default = head.opt_default();
            StmtKind::Param {
                name,
                ty: Box::new(ty),
                prompt,
                default: default.map(Box::new),
                block: head.block(Want::May),
            }
        }
        Rule::suggest | Rule::from => {
            if rule == Rule::suggest {
                head.second_word("`from`");
            }
            let look = command::expect_look(head);
            head.end();
            if rule == Rule::suggest {
                StmtKind::SuggestFrom(look?)
            } else {
                StmtKind::From(look?)
            }
        }
        Rule::matches_stmt => {
            let pattern = head
                .take(Rule::pattern)
                .map(|pair| text::pattern(head.ctx, &pair));
            let pattern = head.expect(pattern, "a pattern in quotes");
            head.end();
            StmtKind::Matches(pattern?)
        }
        Rule::secret => secret(head)?,
        Rule::host => {
            let name = head.snake(NAME);
            let address = head.string("the name ssh knows it by, in quotes");
            StmtKind::Host {
                name,
                address,
                block: head.block(Want::May),
            }
        }
        Rule::interpreter => {
            let name = head.snake(NAME);
            StmtKind::Interpreter {
                name,
                block: head.must_block(),
            }
        }
        Rule::use_stmt => use_stmt(head)?,
        Rule::procedure => procedure(head),
        Rule::channel => {
            let name = head.snake(NAME);
            let title = head.string(TITLE);
            StmtKind::Channel {
                name,
                title,
                block: head.block(Want::May),
            }
        }
        Rule::message => message(head),
        Rule::guard => {
            let title = head.string(TITLE);
            StmtKind::Guard {
                title,
                block: head.must_block(),
            }
        }
        Rule::trigger => {
            let name = head.snake(NAME);
            let title = head.string(TITLE);
            StmtKind::Trigger {
                name,
                title,
                block: head.must_block(),
            }
        }
        Rule::every => {
            let every = head.value("a duration");
            head.end();
            StmtKind::Every(every)
        }
        Rule::fires => {
            head.second_word("`when`");
            let when = match head.take(Rule::failing) {
                Some(_) => FiresWhen::Failing,
                None => FiresWhen::Condition(head.expr("a condition")),
            };
            let lasting = head.clauses(&["for"]).value(head.ctx, "for");
            head.end();
            StmtKind::FiresWhen {
                when,
                lasting: lasting.map(Box::new),
            }
        }
        Rule::start_with => start_with(head),
        Rule::follow_up => {
            let title = head.string(TITLE);
            let mut clauses = head.clauses(&["within", "to"]);
            let within = clauses.limit(head.ctx);
            let to = clauses.path(head.ctx, "to");
            StmtKind::FollowUp {
                title,
                within: within.map(Box::new),
                to,
                block: head.block(Want::May),
            }
        }
        _ => return None,
    })
}

/// A statement that is one text.
fn alone(head: &mut Head<'_, '_>, what: &str) -> Str {
    let text = head.string(what);
    head.end();
    text
}

fn tags(head: &mut Head<'_, '_>) -> StmtKind {
    let mut tags = Vec::new();
    let mut last: Option<usize> = None;
    while let Some(rule @ (Rule::string | Rule::bare)) = head.peek() {
        let Some(pair) = head.take(rule) else { break };
        let start = pair.as_span().start();
        if let Some(last) = last
            && !head.ctx.text[last..start].contains(',')
        {
            let place = head.ctx.span(last, last);
            head.ctx.push(
                Diagnostic::error(
                    codes::COMMA_MISSING,
                    "a comma is missing",
                    place,
                    "expected `,` here",
                )
                .help("put a comma between two tags, or quotes around one of several words")
                .fix(place, ","),
            );
        }
        last = Some(pair.as_span().end());
        tags.push(text::word(head.ctx, &pair));
    }
    if tags.is_empty() {
        head.missing("a tag");
    }
    head.end();
    StmtKind::Tags(tags)
}

fn contact(head: &mut Head<'_, '_>) -> StmtKind {
    let name = head.snake(NAME);
    let title = head.string(TITLE);
    let mut found = None;
    if let Some(pair) = head.own_block(Rule::contact_block, Want::May) {
        let span = head.ctx.pair_span(&pair);
        let inline = !pair.as_str().contains('\n');
        let body: Vec<Stmt> = flow::own_lines(head.ctx, pair, |ctx, kid| {
            if kid.as_rule() == Rule::bad_line {
                block::misplaced(
                    ctx,
                    kid,
                    "a contact",
                    "write fields as `phone \"…\" chat \"…\"`, or `escalate after 15m to name`",
                );
                return None;
            }
            block::stmt(ctx, kid)
        });
        head.heard();
        found = Some(Block {
            body: body.into(),
            span,
            inline,
        });
    }
    head.end();
    StmtKind::Contact {
        name,
        title,
        block: found,
    }
}

fn fields(head: &mut Head<'_, '_>) -> StmtKind {
    let mut fields = Vec::new();
    while let Some(pair) = head.take(Rule::field_name) {
        let name = text::name(head.ctx, &pair);
        let value = head.string("a text in quotes");
        fields.push((name, value));
    }
    head.end();
    StmtKind::Fields(fields)
}

fn needs(head: &mut Head<'_, '_>) -> Option<Need> {
    let need = if let Some(pair) = head.take(Rule::need_command) {
        let mut kids = Kids::of(pair);
        let name = kids.next(head.ctx).map(|pair| Name {
            text: pair.as_str().to_owned(),
            span: head.ctx.pair_span(&pair),
        });
        let name = head.expect(name, "the name of one command");
        name.map(Need::Command)
    } else if let Some(pair) = head.take(Rule::need_env) {
        let mut kids = Kids::of(pair);
        let name = kids.next(head.ctx).map(|pair| text::name(head.ctx, &pair));
        let name = head.expect(name, "a variable's name");
        name.map(Need::Env)
    } else {
        let text =
            head.expect_string("`command` and a name, `env` and a name, or a text in quotes");
        text.map(Need::Person)
    };
    head.end();
    need
}

fn secret(head: &mut Head<'_, '_>) -> Option<StmtKind> {
    let name = head.snake(NAME);
    head.second_word("`from`");
    let from = match head.peek() {
        Some(Rule::secret_env) => head.next().and_then(|pair| {
            let mut kids = Kids::of(pair);
            kids.next(head.ctx)
                .map(|pair| SecretFrom::Env(text::name(head.ctx, &pair)))
        }),
        Some(Rule::secret_file) => head.next().and_then(|pair| {
            let mut kids = Kids::of(pair);
            kids.next(head.ctx)
                .map(|pair| SecretFrom::File(text::string(head.ctx, &pair)))
        }),
        Some(Rule::secret_prompt) => head.next().map(|_| SecretFrom::Prompt),
        Some(Rule::command) => head
            .next()
            .map(|pair| SecretFrom::Command(command::command(head.ctx, pair))),
        _ => None,
    };
    let from = head.expect(from, "`env NAME`, `file \"…\"`, `? command` or `prompt`");
    head.end();
    // A name that is bound in some way is worth more to the rest of the file than none.
    Some(StmtKind::Secret {
        name,
        from: from.unwrap_or(SecretFrom::Prompt),
    })
}

fn use_stmt(head: &mut Head<'_, '_>) -> Option<StmtKind> {
    let module = match head.opt_path() {
        Some(mut path) if path.names.len() > 1 && path.names[0].text == "std" => {
            path.names = path.names.into_iter().skip(1).collect();
            Some(Module::Std(path))
        }
        Some(Path { span, .. }) => {
            head.ctx.push(
                Diagnostic::error(codes::MISSING_PART, "`use` needs a module", span, "this is no module")
                    .help("write `use std.name` for the standard library, or `use \"./file.rbk\"` for a file"),
            );
            None
        }
        None => {
            let file = head.expect_string("`std.name` or a file in quotes");
            file.map(Module::File)
        }
    };
    let alias = head.clauses(&["as"]).name(head.ctx, "as");
    head.end();
    Some(StmtKind::Use {
        module: module?,
        alias,
    })
}

fn procedure(head: &mut Head<'_, '_>) -> StmtKind {
    let name = head.snake(NAME);
    let params = match head.take(Rule::formals) {
        Some(pair) => types::formals(head.ctx, pair),
        None => {
            head.missing("its parameters in parentheses");
            Vec::new()
        }
    };
    let returns = head.take(Rule::arrow).map(|_| types::head_type(head));
    let title = head.opt_string();
    StmtKind::Procedure {
        name,
        params,
        returns: returns.map(Box::new),
        title,
        block: head.must_block(),
    }
}

fn message(head: &mut Head<'_, '_>) -> StmtKind {
    let name = head.snake(NAME);
    head.second_word("`to`");
    let to = match head.take(Rule::message_file) {
        Some(pair) => {
            let mut kids = Kids::of(pair);
            kids.next(head.ctx)
                .map(|pair| MessageTo::File(text::string(head.ctx, &pair)))
        }
        None => head
            .expect_path("a channel's name, or `file` and its path in quotes")
            .map(MessageTo::Channel),
    };
    let to = match to {
        Some(to) => to,
        None => MessageTo::File(text::no_text(head.empty_place())),
    };
    StmtKind::Message {
        name,
        to,
        block: head.must_block(),
    }
}

fn start_with(head: &mut Head<'_, '_>) -> StmtKind {
    head.second_word("`with`");
    let mut bindings: Vec<(Name, Expr)> = Vec::new();
    while let Some(pair) = head.take(Rule::binding) {
        let mut kids = Kids::of(pair);
        let Some(name) = kids.take(head.ctx, Rule::name) else {
            continue;
        };
        let name = text::name(head.ctx, &name);
        let value = match kids.next(head.ctx) {
            Some(pair) => expr::after_sign(head.ctx, pair),
            None => expr::bad(head.missing("`=` and a value")),
        };
        bindings.push((name, value));
    }
    if bindings.is_empty() {
        head.missing("a name, `=` and a value");
    }
    head.end();
    StmtKind::StartWith(bindings)
}
