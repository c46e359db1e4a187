//! Commands, scripts and requests as blocks to copy.

use crate::document::Document;
use crate::text::{fence, source_text};
use runbook_grammar::ast::{Command, CommandBody, Fence, Http, HttpOption, Look, Mark};

impl Document<'_> {
    pub fn command(&mut self, command: &Command) {
        self.out.block(label(command.mark));
        self.command_body(command);
    }

    pub fn look(&mut self, look: &Look) {
        match look {
            Look::Command(command) => self.command_body(command),
            Look::Http(http) => self.http_body(http),
        }
    }

    pub fn command_body(&mut self, command: &Command) {
        match &command.body {
            CommandBody::Line(line) => {
                let language = self.interpreters.last().map_or("sh", String::as_str);
                let block = fence(language, &source_text(line));
                self.out.block(&block);
            }
            CommandBody::Fences(fences) => {
                for (index, one) in fences.iter().enumerate() {
                    if index > 0 {
                        self.out.block("or, where that is the shell at hand:");
                    }
                    self.script(one);
                }
            }
        }
    }

    fn script(&mut self, script: &Fence) {
        let language = script.word.as_ref().map_or("", |word| word.text.as_str());
        self.out.block(&fence(language, &source_text(&script.text)));
        if script.lenient {
            self.out.block("*It goes on after a line that fails.*");
        }
    }

    pub fn http(&mut self, http: &Http) {
        self.out.block(label(http_mark(http)));
        self.http_body(http);
    }

    /// A request as it goes over the wire.
    pub fn http_body(&mut self, http: &Http) {
        let mut url = source_text(&http.url);
        let mut headers = String::new();
        let mut body = String::new();
        for option in &http.options {
            match option {
                HttpOption::Query { name, value, .. } => {
                    url.push(if url.contains('?') { '&' } else { '?' });
                    url.push_str(&format!("{}={}", name.text, source_text(value)));
                }
                HttpOption::Header { name, value, .. } => {
                    headers.push_str(&format!("{}: {}\n", name.text, source_text(value)))
                }
                HttpOption::Body { fence, .. } => body = format!("\n{}", source_text(&fence.text)),
            }
        }
        let block = fence(
            "http",
            &format!("{} {url}\n{headers}{body}", http.method.text),
        );
        self.out.block(&block);
    }
}

fn label(mark: Mark) -> &'static str {
    match mark {
        Mark::Look => "**Look:**",
        Mark::Act => "**Run:**",
    }
}

pub(crate) fn http_mark(http: &Http) -> Mark {
    if matches!(http.method.text.as_str(), "GET" | "HEAD") {
        Mark::Look
    } else {
        Mark::Act
    }
}
