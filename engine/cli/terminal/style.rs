//! The look: colours and glyphs, and what stands in for them where a terminal has neither.

use console::Style;

/// Whether a stream shows colours. `NO_COLOR` and `TERM=dumb` say no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Yes,
    No,
}

impl Colour {
    /// For a stream that is, or is not, a terminal.
    pub fn of(terminal: Tty) -> Colour {
        let said_no = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        if terminal == Tty::Yes && !said_no && !dumb {
            Colour::Yes
        } else {
            Colour::No
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tty {
    Yes,
    No,
}

impl Tty {
    pub fn of(stream: impl std::io::IsTerminal) -> Tty {
        if stream.is_terminal() {
            Tty::Yes
        } else {
            Tty::No
        }
    }
}

/// Columns of a page on standard output.
pub fn page_width(stdout: Tty) -> usize {
    let columns = |terminal: console::Term| usize::from(terminal.size().1).clamp(20, 100);
    match stdout {
        Tty::Yes => columns(console::Term::stdout()),
        // What is paged is read at this terminal all the same.
        Tty::No if Tty::of(std::io::stderr()) == Tty::Yes => columns(console::Term::stderr()),
        Tty::No => 100,
    }
}

/// The marks in front of lines. Each set says the same; no meaning is in colour alone.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    pub step: &'static str,
    pub checkpoint: &'static str,
    pub decision: &'static str,
    pub ok: &'static str,
    pub failed: &'static str,
    pub skipped: &'static str,
    pub undo: &'static str,
    pub warning: &'static str,
    pub note: &'static str,
    pub clock: &'static str,
    pub arrow: &'static str,
    /// Before every line that a command printed: nothing else on the screen begins with it.
    pub gutter: &'static str,
    pub rule: &'static str,
    pub ellipsis: &'static str,
    pub prompt: &'static str,
    pub dot: &'static str,
    pub spinner: &'static str,
}

pub const UNICODE: Glyphs = Glyphs {
    step: "▶",
    checkpoint: "◆",
    decision: "◇",
    ok: "✔",
    failed: "✘",
    skipped: "↷",
    undo: "↶",
    warning: "▲",
    note: "✎",
    clock: "◷",
    arrow: "→",
    gutter: "│",
    rule: "─",
    ellipsis: "…",
    prompt: "›",
    dot: "·",
    spinner: "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ",
};

pub const ASCII: Glyphs = Glyphs {
    step: ">",
    checkpoint: "#",
    decision: "<>",
    ok: "ok",
    failed: "FAILED",
    skipped: "skipped",
    undo: "undo",
    warning: "!",
    note: "note",
    clock: "@",
    arrow: "->",
    gutter: "|",
    rule: "-",
    ellipsis: "...",
    prompt: ">",
    dot: "-",
    spinner: "|/-\\ ",
};

impl Glyphs {
    /// By the locale: a terminal that does not speak UTF-8 gets plain marks.
    pub fn of_locale() -> &'static Glyphs {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .unwrap_or_default()
            .to_ascii_lowercase();
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        if !dumb && (locale.contains("utf-8") || locale.contains("utf8")) {
            &UNICODE
        } else {
            &ASCII
        }
    }
}

/// What a piece of text means; [`Look::paint`] gives it its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Title,
    Quiet,
    Good,
    Bad,
    Warning,
    Question,
    Command,
}

/// Colours and glyphs of one stream.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub colour: Colour,
    pub glyphs: &'static Glyphs,
}

impl Look {
    /// Of a stream that is, or is not, a terminal.
    pub fn of(terminal: Tty) -> Look {
        Look {
            colour: Colour::of(terminal),
            glyphs: Glyphs::of_locale(),
        }
    }

    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if self.colour == Colour::No || text.is_empty() {
            return text.to_owned();
        }
        let style = Style::new().force_styling(true);
        let style = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Title => style.bold(),
            Tone::Quiet => style.dim(),
            Tone::Good => style.green(),
            Tone::Bad => style.red().bold(),
            Tone::Warning => style.yellow().bold(),
            Tone::Question => style.cyan().bold(),
            Tone::Command => style.bold(),
        };
        style.apply_to(text).to_string()
    }
}
