//! Text that is changed before the grammar reads it, and the way back to the places of the file.

/// A change to the text that mends a mistake, or takes its consequences away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) at: usize,
    pub(super) kind: EditKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EditKind {
    /// The block opened at `open` ends before the line at the edit's place.
    CloseBlock { open: usize },
    /// The brace at the edit's place closes nothing.
    DropClose,
    /// A brace became part of the command before it: it goes to a line of its own.
    SplitCommand,
    /// The fence opened at `open` ends before the line at the edit's place.
    CloseFence { open: usize, ticks: usize },
}

/// The way from the places of a text that was changed, so that it can be read, back to the places of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Shifts {
    /// Where something was put in, in the changed text, and how many bytes; in order.
    inserted: Vec<(usize, usize)>,
    /// Where something was taken out, in the changed text, and how many bytes; in order.
    removed: Vec<(usize, usize)>,
    /// The changes that were made before these.
    earlier: Option<Box<Shifts>>,
}

impl Shifts {
    pub(super) fn after(self, earlier: Shifts) -> Shifts {
        Shifts {
            earlier: Some(Box::new(earlier)),
            ..self
        }
    }

    /// The place in the file that a place in the changed text stands for.
    pub(super) fn back(&self, at: usize) -> usize {
        let before: usize = self
            .inserted
            .iter()
            .take_while(|(place, _)| at > *place)
            .map(|(place, length)| (at - place).min(*length))
            .sum();
        let more: usize = self
            .removed
            .iter()
            .take_while(|(place, _)| at >= *place)
            .map(|(_, length)| length)
            .sum();
        let at = at - before + more;
        self.earlier.as_ref().map_or(at, |earlier| earlier.back(at))
    }
}

/// Applies edits to a text.
pub(super) fn mend(text: &str, edits: &[Edit]) -> (String, Shifts) {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.at);
    let mut mended = String::with_capacity(text.len() + edits.len() * 4);
    let mut shifts = Shifts::default();
    let mut done = 0;
    for edit in edits {
        mended.push_str(&text[done..edit.at]);
        done = edit.at;
        let insert = match &edit.kind {
            EditKind::DropClose => {
                mended.push(' ');
                done += 1;
                continue;
            }
            EditKind::SplitCommand => "\n".to_owned(),
            EditKind::CloseBlock { .. } => if mended.is_empty() || mended.ends_with('\n') {
                "}\n"
            } else {
                "\n}\n"
            }
            .to_owned(),
            EditKind::CloseFence { ticks, .. } => format!("{}\n", "`".repeat(*ticks)),
        };
        shifts.inserted.push((mended.len(), insert.len()));
        mended.push_str(&insert);
    }
    mended.push_str(&text[done..]);
    (mended, shifts)
}

/// The text without some stretches: an empty block or a number stands where each was.
pub(super) fn cut(text: &str, stretches: &[std::ops::Range<usize>]) -> (String, Shifts) {
    let mut left = String::with_capacity(text.len());
    let mut shifts = Shifts::default();
    let mut done = 0;
    for stretch in stretches {
        left.push_str(&text[done..stretch.start]);
        let gone = &text[stretch.clone()];
        let stands = match gone.as_bytes() {
            [b'{', _, ..] => "{}",
            [b'{'] => " ",
            _ => "0",
        };
        left.push_str(stands);
        shifts.removed.push((left.len(), gone.len() - stands.len()));
        done = stretch.end;
    }
    left.push_str(&text[done..]);
    (left, shifts)
}
