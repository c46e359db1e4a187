//! The document while it is written: blocks parted by blank lines, lists kept tight, things inside a list item indented.

#[derive(Default)]
pub(crate) struct Out {
    text: String,
    /// What every line begins with, inside list items.
    prefix: String,
    last: Last,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Block,
    Item,
}

impl Out {
    pub fn finish(self) -> String {
        self.text
    }

    /// Whether what is written now stands inside a list item.
    pub fn is_nested(&self) -> bool {
        !self.prefix.is_empty()
    }

    /// A paragraph, a table, a fence: anything with blank lines around it.
    pub fn block(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.gap();
        self.lines(text, "");
        self.last = Last::Block;
    }

    /// A list item; one right behind another stays close to it.
    pub fn item(&mut self, text: &str) {
        if self.last != Last::Item {
            self.gap();
        }
        self.lines(text, "- ");
        self.last = Last::Item;
    }

    /// What follows belongs to the list item just written, until [`Out::leave`].
    pub fn enter(&mut self) {
        self.prefix.push_str("  ");
    }

    pub fn leave(&mut self) {
        self.prefix.truncate(self.prefix.len().saturating_sub(2));
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
                self.text.push_str(&self.prefix);
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
