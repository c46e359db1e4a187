//! What the other machine says to the engine, between what the command says.

/// Behind the separator, the word and the closing separator there is no more than this.
const LONGEST: usize = 1024;
const SEPARATOR: u8 = 0x1e;

/// Takes a stream apart: before `begin` and after `end` stands what is nobody's (a greeting, what a profile prints), between
/// them the output of the command, and anywhere what is said to the engine.
pub(super) struct Frames {
    mark: Vec<u8>,
    held: Vec<u8>,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Before,
    Output,
    After,
}

impl Frames {
    pub fn new(nonce: &str) -> Frames {
        let mark = format!("\x1e{nonce} ").into_bytes();
        Frames {
            mark,
            held: Vec::new(),
            part: Part::Before,
        }
    }

    pub fn part(&self) -> Part {
        self.part
    }

    /// Takes bytes as they came; appends the command's own to `output`, and gives what was said.
    pub fn take(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Vec<String> {
        let mut said = Vec::new();
        self.held.extend_from_slice(bytes);
        loop {
            let Some(at) = find(&self.held, &self.mark) else {
                let keep = self.beginning();
                self.pass(self.held.len() - keep, output);
                return said;
            };
            self.pass(at, output);
            let rest = &self.held[self.mark.len()..];
            let Some(end) = rest.iter().position(|byte| *byte == SEPARATOR) else {
                if rest.len() > LONGEST {
                    // Nothing that is said is as long.
                    self.pass(self.mark.len(), output);
                    continue;
                }
                return said;
            };
            let word = String::from_utf8_lossy(&rest[..end]).into_owned();
            self.held.drain(..self.mark.len() + end + 1);
            match word.split(' ').next() {
                Some("begin") => self.part = Part::Output,
                Some("end") => self.part = Part::After,
                _ => {}
            }
            said.push(word);
        }
    }

    /// The stream is over: what could have been the beginning of a mark was none.
    pub fn finish(&mut self, output: &mut Vec<u8>) {
        self.pass(self.held.len(), output);
    }

    fn pass(&mut self, length: usize, output: &mut Vec<u8>) {
        if self.part == Part::Output {
            output.extend_from_slice(&self.held[..length]);
        }
        self.held.drain(..length);
    }

    /// How many of the last bytes may begin a mark.
    fn beginning(&self) -> usize {
        let most = self.held.len().min(self.mark.len() - 1);
        let tail = &self.held[self.held.len() - most..];
        tail.iter()
            .rposition(|byte| *byte == SEPARATOR)
            .map_or(0, |at| {
                let open = &tail[at..];
                match self.mark.starts_with(open) {
                    true => open.len(),
                    false => 0,
                }
            })
    }
}

/// Where the mark stands.
fn find(held: &[u8], mark: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = held[from..].iter().position(|byte| *byte == SEPARATOR) {
        if held[from + at..].starts_with(mark) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"Welcome!\n\x1eabc hello\x1e.bashrc\x1eabc begin\x1eone\x1e\x1eab two\x1eabc pulse\x1e\n\x1eabc end self 3\x1elate";

    #[test]
    fn r09_what_is_said_and_what_is_printed_is_told_apart_however_it_is_split() {
        for piece in 1..=STREAM.len() {
            let mut frames = Frames::new("abc");
            let mut output = Vec::new();
            let mut said = Vec::new();
            for bytes in STREAM.chunks(piece) {
                said.extend(frames.take(bytes, &mut output));
            }
            frames.finish(&mut output);
            assert_eq!(output, b"one\x1e\x1eab two\n", "in pieces of {piece}");
            assert_eq!(said, ["hello", "begin", "pulse", "end self 3"]);
            assert_eq!(frames.part(), Part::After);
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_is_output() {
        let mut frames = Frames::new("abc");
        let mut output = Vec::new();
        frames.take(b"\x1eabc begin\x1e\x1eabc ", &mut output);
        let long = vec![b'x'; 3 * LONGEST];
        assert!(frames.take(&long, &mut output).is_empty());
        frames.finish(&mut output);
        assert_eq!(output.len(), 5 + long.len());
    }
}
