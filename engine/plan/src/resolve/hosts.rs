//! Machines that commands run on: what their address may be, and what cannot be done there.

use super::Resolver;
use super::blocks::Around;
use crate::codes;
use crate::ids::ProcedureId;
use runbook_grammar::ast::Str;
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

impl<'a> Resolver<'a> {
    /// What `ssh` is given to find the machine: one word, and never an option.
    pub(super) fn host_address(&mut self, text: &'a Str) -> String {
        let address = self.fixed(text, "the address of a host");
        if address.is_empty() && text.plain().is_none() {
            return address;
        }
        let (why, help) = if address.is_empty() {
            (
                "is empty",
                "write what `ssh` is to be given, like `deploy@app-1.example.com`",
            )
        } else if address.starts_with('-') {
            (
                "begins with `-`",
                "write an address; options of `ssh` stand in its configuration",
            )
        } else if address.chars().any(|c| c.is_whitespace() || c.is_control()) {
            (
                "holds a blank",
                "write one address; options of `ssh` stand in its configuration",
            )
        } else {
            return address;
        };
        self.error(
            codes::NOT_A_VALUE,
            format!("the address of a host {why}"),
            text.span,
            "no address",
            help,
        );
        address
    }

    /// A request or a server that is left running: here, whatever `on` says around it, and so not below an `on`.
    pub(super) fn stays_here(&mut self, what: &str, why: &str, span: Span, around: &Around) {
        match self.plan.settings[around.settings.index()].host {
            None => {
                self.stays.get_or_insert(span);
            }
            Some(host) => {
                let host = self.host_name(host.index());
                self.error(
                    codes::NOT_ON_HOST,
                    format!("{what} stands below `on {host}`"),
                    span,
                    why,
                    match what {
                        "a request" => "write `? curl …`, which runs over there, or move the request out of the `on`",
                        _ => "start it over there with `$ systemd-run …`, or move the step out of the `on`",
                    },
                );
            }
        }
    }

    /// A call passes on where it stands.
    pub(super) fn call_on_host(&mut self, to: ProcedureId, span: Span, around: &Around) {
        let Some(stays) = self.procedures[to.index()].stays else {
            return;
        };
        match self.plan.settings[around.settings.index()].host {
            None => {
                self.stays.get_or_insert(span);
            }
            Some(host) => {
                let host = self.host_name(host.index());
                let name = self.procedures[to.index()].called().to_owned();
                let diagnostic = Diagnostic::error(
                    codes::NOT_ON_HOST,
                    format!(
                        "`{name}` is called below `on {host}`, and not all of it can be done there"
                    ),
                    span,
                    "called here",
                );
                self.report(diagnostic.label(stays, "stays with the engine").help(
                    "move the call out of the `on`; a request, and what is left running in the background, stay with the engine",
                ));
            }
        }
    }

    /// As declared; declarations may come later than what names them.
    fn host_name(&self, index: usize) -> String {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let hosts = self.units.iter().flat_map(|unit| {
            unit.hosts
                .keys()
                .filter_map(|name| Some((name, unit.hosts.get(name)?.0)))
        });
        hosts
            .into_iter()
            .find(|(_, id)| *id == index)
            .map_or_else(String::new, |(name, _)| name.to_owned())
    }
}
