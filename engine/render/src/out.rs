//! The document while it is written: blocks parted by blank lines, lists kept tight, things inside a list item indented.

#[derive(Default)]
pub(crate) struct Out {
    text: String,
    /// How many list items we are inside of.
    depth: usize,
    /// The bullet of the list that is open at each depth.
    bullets: Vec<char>,
    last: Last,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Block,
    /// An author's own list; ours must not go on with it.
    List,
    Item,
}

impl Out {
    pub fn finish(self) -> String {
        self.text
    }

    /// Whether what is written now stands inside a list item.
    pub fn is_nested(&self) -> bool {
        self.depth > 0
    }

    /// A paragraph, a table, a fence: anything with blank lines around it.
    pub fn block(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.gap();
        self.lines(text, "");
        self.bullets.truncate(self.depth);
        let last_line = text.trim_end().rsplit('\n').next().unwrap_or_default();
        self.last = if last_line.trim_start().starts_with("- ") {
            Last::List
        } else {
            Last::Block
        };
    }

    /// A list item; one right behind another stays close to it.
    pub fn item(&mut self, text: &str) {
        if self.last != Last::Item {
            self.gap();
        }
        if self.bullets.len() <= self.depth {
            // Another bullet begins another list.
            self.bullets
                .push(if self.last == Last::List { '*' } else { '-' });
        }
        self.bullets.truncate(self.depth + 1);
        let mark = format!("{} ", self.bullets[self.depth]);
        self.lines(text, &mark);
        self.last = Last::Item;
    }

    /// What follows belongs to the list item just written, until [`Out::leave`].
    pub fn enter(&mut self) {
        self.depth += 1;
    }

    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn gap(&mut self) {
        if self.last != Last::Nothing {
            self.text.push('\n');
        }
    }

    /// The first line begins with `mark`, the others where the text after it does.
    fn lines(&mut self, text: &str, mark: &str) {
        for (index, line) in text.trim_end().split('\n').enumerate() {
            if !line.is_empty() {
                self.text.extend(std::iter::repeat_n("  ", self.depth));
                if index == 0 {
                    self.text.push_str(mark);
                } else {
                    self.text.extend(std::iter::repeat_n(' ', mark.len()));
                }
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }
}
