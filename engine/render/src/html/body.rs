//! From our Markdown to what stands in the page. Of the HTML that Markdown lets through, only the anchors and line ends
//! that we write ourselves are kept; all else is text.

use crate::graph::escape;
use pulldown_cmark::{
    BlockQuoteKind, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};
use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

/// A picture that takes the place of a chart's text.
pub(crate) struct Figure {
    /// As the document has it, between its fences.
    pub mermaid: String,
    pub svg: String,
}

pub(crate) struct Body {
    /// Plain text.
    pub title: String,
    /// A list of links; empty where there is nothing to list.
    pub contents: String,
    pub html: String,
}

/// The part of a document that lists the others; in a page it stands beside them.
const CONTENTS: &str = "in-this-document";

pub(crate) fn body(markdown: &str, figures: Vec<Figure>) -> Body {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_GFM;
    let events: Vec<Event<'_>> = Parser::new_ext(markdown, options).collect();
    let mut writer = Writer {
        events: events.into_iter().peekable(),
        figures,
        slugs: BTreeSet::new(),
        out: Vec::new(),
        contents: None,
        title: String::new(),
        parts: Vec::new(),
        said: Said::Nothing,
        links: Vec::new(),
        anchored: false,
    };
    writer.write();
    let contents = match writer.contents {
        Some(events) => written(events),
        None if writer.parts.len() > 1 => {
            let links = writer.parts.iter().map(|(id, title)| {
                format!(
                    "<li><a href=\"#{}\">{}</a></li>\n",
                    escape(id),
                    escape(title)
                )
            });
            format!("<ul>\n{}</ul>\n", links.collect::<String>())
        }
        None => String::new(),
    };
    Body {
        title: writer.title,
        contents,
        html: written(writer.out),
    }
}

fn written(events: Vec<Event<'_>>) -> String {
    let mut text = String::new();
    html::push_html(&mut text, events.into_iter());
    text
}

/// What the paragraph before said of the code that follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Look,
    Run,
}

struct Writer<'a> {
    events: Peekable<IntoIter<Event<'a>>>,
    figures: Vec<Figure>,
    /// Anchors that are taken.
    slugs: BTreeSet<String>,
    out: Vec<Event<'a>>,
    /// What stands in the part that lists the others, once it was come to.
    contents: Option<Vec<Event<'a>>>,
    title: String,
    /// Anchor and title of each part.
    parts: Vec<(String, String)>,
    said: Said,
    /// Of each link that is open, whether it may lead where it does.
    links: Vec<bool>,
    /// An anchor of ours is open.
    anchored: bool,
}

impl<'a> Writer<'a> {
    fn write(&mut self) {
        let mut listing = false;
        while let Some(event) = self.events.next() {
            if let Event::Start(Tag::Heading { level, .. }) = event {
                let inner = self.until(TagEnd::Heading(level));
                let id = anchor(&inner);
                listing = id.is_none()
                    && level == HeadingLevel::H2
                    && self.contents.is_none()
                    && slug(&words(&inner)) == CONTENTS;
                match listing {
                    true => self.contents = Some(Vec::new()),
                    false => self.heading(level, id, inner),
                }
                continue;
            }
            let from = self.out.len();
            self.event(event);
            if listing {
                let moved = self.out.drain(from..);
                self.contents.get_or_insert_default().extend(moved);
            }
        }
    }

    fn event(&mut self, event: Event<'a>) {
        let said = std::mem::replace(&mut self.said, Said::Nothing);
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let inner = self.until(TagEnd::CodeBlock);
                self.code(&kind, &words(&inner), said);
            }
            Event::Start(Tag::Paragraph) => {
                let inner = self.until(TagEnd::Paragraph);
                self.said = match words(&inner).as_str() {
                    "Look:" => Said::Look,
                    "Run:" => Said::Run,
                    _ => Said::Nothing,
                };
                let task = matches!(inner.first(), Some(Event::TaskListMarker(_)));
                let inner = self.inline(inner);
                self.out.push(raw(match (self.said, task) {
                    (Said::Nothing, _) => "<p>",
                    _ => "<p class=\"said\">",
                }));
                self.out.extend(inner);
                self.out.push(raw("</p>\n"));
            }
            Event::Start(Tag::Item) => {
                let next = self.events.peek();
                let task = match next {
                    Some(Event::TaskListMarker(_)) => true,
                    // In a list with room between its items the box stands in the paragraph.
                    Some(Event::Start(Tag::Paragraph)) => {
                        let mut ahead = self.events.clone();
                        ahead.next();
                        matches!(ahead.next(), Some(Event::TaskListMarker(_)))
                    }
                    _ => false,
                };
                self.out
                    .push(raw(if task { "<li class=\"task\">" } else { "<li>" }));
            }
            Event::End(TagEnd::Item) => self.out.push(raw("</li>\n")),
            Event::Start(Tag::Table(alignment)) => {
                self.out.push(raw("<div class=\"table\">"));
                self.out.push(Event::Start(Tag::Table(alignment)));
            }
            Event::End(TagEnd::Table) => {
                self.out.push(Event::End(TagEnd::Table));
                self.out.push(raw("</div>\n"));
            }
            Event::Start(Tag::BlockQuote(kind)) => {
                let (class, word) = match kind {
                    Some(BlockQuoteKind::Warning) => ("warning", "Warning"),
                    Some(BlockQuoteKind::Caution) => ("caution", "Caution"),
                    Some(BlockQuoteKind::Important) => ("warning", "Important"),
                    Some(BlockQuoteKind::Note) => ("note", "Note"),
                    Some(BlockQuoteKind::Tip) => ("note", "Tip"),
                    None => {
                        self.out.push(raw("<blockquote>\n"));
                        return;
                    }
                };
                self.out.push(Event::Html(
                    format!("<blockquote class=\"{class}\">\n<p class=\"word\">{word}</p>\n")
                        .into(),
                ));
            }
            Event::End(TagEnd::BlockQuote(_)) => self.out.push(raw("</blockquote>\n")),
            other => {
                let one = self.inline(vec![other]);
                self.out.extend(one);
            }
        }
    }

    /// All up to the end of what has begun; the end itself is taken, too.
    fn until(&mut self, end: TagEnd) -> Vec<Event<'a>> {
        let mut inner = Vec::new();
        for event in self.events.by_ref() {
            if event == Event::End(end) {
                break;
            }
            inner.push(event);
        }
        inner
    }

    fn heading(&mut self, level: HeadingLevel, id: Option<String>, inner: Vec<Event<'a>>) {
        let said = words(&inner);
        let id = id.unwrap_or_else(|| self.free(slug(&said)));
        self.slugs.insert(id.clone());
        match level {
            HeadingLevel::H1 if self.title.is_empty() => self.title = said.clone(),
            HeadingLevel::H2 => self.parts.push((id.clone(), said.clone())),
            _ => {}
        }
        // The heading is the anchor here.
        let mut inner: Vec<Event<'a>> = self
            .inline(inner)
            .into_iter()
            .filter(|event| !matches!(event, Event::InlineHtml(_)))
            .collect();
        if let Some(Event::Text(last)) = inner.last_mut() {
            *last = last.trim_end().to_owned().into();
        }
        let id = escape(&id);
        let tick = match is_numbered(&said) && level != HeadingLevel::H1 {
            true => "<span class=\"tick\"></span>",
            false => "",
        };
        self.out
            .push(Event::Html(format!("<{level} id=\"{id}\">{tick}").into()));
        self.out.extend(inner);
        let link = match level {
            HeadingLevel::H1 => String::new(),
            _ => format!(" <a class=\"here\" href=\"#{id}\" aria-label=\"Link to this\">#</a>"),
        };
        self.out
            .push(Event::Html(format!("{link}</{level}>\n").into()));
    }

    fn free(&self, slug: String) -> String {
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let mut names = std::iter::once(slug.clone()).chain(numbered);
        names
            .find(|name| !self.slugs.contains(name))
            .unwrap_or_default()
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>, text: &str, said: Said) {
        let language = match kind {
            CodeBlockKind::Fenced(language) => {
                language.split_whitespace().next().unwrap_or_default()
            }
            CodeBlockKind::Indented => "",
        };
        if language == "mermaid"
            && let Some(at) = self
                .figures
                .iter()
                .position(|figure| figure.mermaid.trim_end() == text.trim_end())
        {
            let figure = self.figures.remove(at);
            self.out.push(Event::Html(
                format!("<figure>\n{}</figure>\n", figure.svg).into(),
            ));
            return;
        }
        let class = match said {
            Said::Run => "code run",
            Said::Look => "code look",
            Said::Nothing => "code",
        };
        let language = match language.is_empty() {
            true => String::new(),
            false => format!(" class=\"language-{}\"", escape(language)),
        };
        self.out.push(Event::Html(
            format!(
                "<div class=\"{class}\"><pre><code{language}>{}</code></pre></div>\n",
                escape(text)
            )
            .into(),
        ));
    }

    /// What stands in a line: links that lead where a page may lead, no picture from elsewhere, no HTML but ours.
    fn inline(&mut self, events: Vec<Event<'a>>) -> Vec<Event<'a>> {
        let mut out = Vec::new();
        for event in events {
            match event {
                Event::TaskListMarker(_) => {
                    out.push(raw("<input type=\"checkbox\" aria-label=\"Done\"> "))
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let leads = may_lead(&dest_url);
                    self.links.push(leads);
                    if leads {
                        let href = escape(&dest_url);
                        let away = match dest_url.starts_with('#') {
                            true => "",
                            false => " rel=\"noreferrer noopener\"",
                        };
                        out.push(Event::InlineHtml(
                            format!("<a href=\"{href}\"{away}>").into(),
                        ));
                    }
                }
                Event::End(TagEnd::Link | TagEnd::Image) => {
                    if self.links.pop() == Some(true) {
                        out.push(Event::InlineHtml("</a>".into()));
                    }
                }
                Event::InlineHtml(text) | Event::Html(text) => {
                    if is_anchor(&text) {
                        self.anchored = true;
                        out.push(Event::InlineHtml(text));
                    } else if &*text == "</a>" && self.anchored {
                        self.anchored = false;
                        out.push(Event::InlineHtml(text));
                    } else if &*text == "<br>" {
                        out.push(Event::HardBreak);
                    } else {
                        out.push(Event::Text(text));
                    }
                }
                Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
                other => out.push(other),
            }
        }
        out
    }
}

fn raw(text: &'static str) -> Event<'static> {
    Event::Html(CowStr::Borrowed(text))
}

/// The text of it, without marks.
fn words(events: &[Event<'_>]) -> String {
    let texts = events.iter().map(|event| match event {
        Event::Text(text) | Event::Code(text) => text.as_ref(),
        Event::SoftBreak | Event::HardBreak => " ",
        _ => "",
    });
    let text = texts.collect::<String>();
    text.trim().to_owned()
}

fn anchor(events: &[Event<'_>]) -> Option<String> {
    events.iter().find_map(|event| match event {
        Event::InlineHtml(text) if is_anchor(text) => {
            let id = text.strip_prefix("<a id=\"")?.strip_suffix("\">")?;
            Some(id.to_owned())
        }
        _ => None,
    })
}

/// `<a id="restored">`, as we write it.
fn is_anchor(text: &str) -> bool {
    let id = text
        .strip_prefix("<a id=\"")
        .and_then(|text| text.strip_suffix("\">"));
    id.is_some_and(|id| {
        let fits = |char: char| char.is_alphanumeric() || matches!(char, '.' | '_' | '-');
        !id.is_empty() && id.chars().all(fits)
    })
}

/// To a place in the page, an address of the web or of mail, or a file beside the page.
fn may_lead(to: &str) -> bool {
    let scheme = to.split(['/', '?', '#']).next().unwrap_or_default();
    match scheme.split_once(':') {
        Some((scheme, _)) => ["http", "https", "mailto"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known)),
        None => !to.starts_with("//") && !to.contains(char::is_control),
    }
}

/// `3.1. Restart`
fn is_numbered(title: &str) -> bool {
    let number = title.split(' ').next().unwrap_or_default();
    number.ends_with('.')
        && number.starts_with(|char: char| char.is_ascii_digit())
        && number
            .chars()
            .all(|char| char.is_ascii_digit() || char == '.')
}

/// As GitHub makes one of a heading.
fn slug(words: &str) -> String {
    let kept = words.to_lowercase();
    let kept = kept
        .chars()
        .filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.map(|char| if char == ' ' { '-' } else { char })
        .collect()
}
