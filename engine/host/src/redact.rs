//! Secrets taken out where text enters: in outputs as they stream, in answers, in everything that is
//! journaled or shown.
//!
//! A secret is known in these forms: as it is; in base64, in both alphabets and at each of the three
//! alignments, so that it is found inside a longer encoded text; in hex; percent-encoded; as it stands inside
//! a JSON string; as it stands inside shell quotes. Of a secret of several lines each line of eight characters
//! or more is a secret too, of one that is JSON each text in it. What is compressed, encrypted, reversed or
//! wrapped in the middle of an encoding is not found: no list of forms is complete.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::process::Redact;

/// A secret shorter than this, in bytes, would be found everywhere: it is refused.
pub const SHORTEST: usize = 4;

/// Lines of a longer secret that are shorter than this, in characters, are left alone.
const SHORTEST_LINE: usize = 8;

/// All forms of all secrets of a run.
#[derive(Debug, Default)]
pub struct Forms {
    /// Longest first among those that begin alike, so that the first that matches is the longest.
    forms: Vec<Form>,
    /// For each pair of first bytes, whether any form begins so.
    pairs: Vec<u64>,
    /// For each first byte, where in `forms` those that begin so stand.
    firsts: Vec<(u32, u32)>,
    longest: usize,
}

#[derive(Debug)]
struct Form {
    text: Vec<u8>,
    instead: String,
}

impl Forms {
    /// Of secrets with their names.
    pub fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Forms {
        let mut all: BTreeSet<(Vec<u8>, String)> = BTreeSet::new();
        for (name, secret) in secrets {
            let instead = format!("‹{name}›");
            for part in parts(secret) {
                for form in encodings(&part) {
                    if form.len() >= SHORTEST {
                        all.insert((form, instead.clone()));
                    }
                }
            }
        }
        let mut forms: Vec<Form> = all
            .into_iter()
            .map(|(text, instead)| Form { text, instead })
            .collect();
        forms.sort_by(|a, b| {
            (a.text[0].cmp(&b.text[0]))
                .then(b.text.len().cmp(&a.text.len()))
                .then(a.text.cmp(&b.text))
        });
        forms.dedup_by(|a, b| a.text == b.text);
        let mut pairs = vec![0; 1024];
        let mut firsts = vec![(0, 0); 256];
        for (n, form) in forms.iter().enumerate() {
            let pair = pair(form.text[0], form.text[1]);
            pairs[pair / 64] |= 1 << (pair % 64);
            let n = u32::try_from(n).unwrap_or(u32::MAX);
            let first = &mut firsts[usize::from(form.text[0])];
            if first.1 == 0 {
                first.0 = n;
            }
            first.1 = n + 1;
        }
        Forms {
            longest: forms.iter().map(|form| form.text.len()).max().unwrap_or(0),
            forms,
            pairs,
            firsts,
        }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// The text with every form of a secret replaced by its name.
    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = Vec::new();
        let mut from = 0;
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match self.match_at(&bytes[at..]) {
                Some(form) => {
                    clean.extend_from_slice(&bytes[from..at]);
                    clean.extend_from_slice(form.instead.as_bytes());
                    at += form.text.len();
                    from = at;
                }
                None => at += 1,
            }
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        clean.extend_from_slice(&bytes[from..]);
        // A form of a secret that is text begins and ends at letters, so what is left is text.
        Cow::Owned(String::from_utf8_lossy(&clean).into_owned())
    }

    fn may_begin(&self, bytes: &[u8]) -> bool {
        let pair = pair(bytes[0], bytes[1]);
        self.pairs[pair / 64] & 1 << (pair % 64) != 0
    }

    fn beginning_with(&self, first: u8) -> &[Form] {
        let (from, to) = self.firsts[usize::from(first)];
        &self.forms[from as usize..to as usize]
    }

    /// The longest form at the start of `bytes`.
    fn match_at(&self, bytes: &[u8]) -> Option<&Form> {
        if bytes.len() < SHORTEST || !self.may_begin(bytes) {
            return None;
        }
        self.beginning_with(bytes[0])
            .iter()
            .find(|form| bytes.starts_with(&form.text))
    }

    /// Whether all of `bytes` is the beginning of a longer form.
    fn is_beginning(&self, bytes: &[u8]) -> bool {
        if bytes.len() > 1 && !self.may_begin(bytes) {
            return false;
        }
        self.beginning_with(bytes[0])
            .iter()
            .any(|form| form.text.len() > bytes.len() && form.text.starts_with(bytes))
    }
}

fn pair(a: u8, b: u8) -> usize {
    usize::from(a) << 8 | usize::from(b)
}

/// One stream on its way through.
pub struct Redactor {
    forms: Arc<Forms>,
    held: Vec<u8>,
}

impl Redactor {
    pub fn new(forms: Arc<Forms>) -> Redactor {
        Redactor {
            forms,
            held: Vec::new(),
        }
    }

    fn pass(&self, bytes: &[u8], clean: &mut Vec<u8>, end: End) -> usize {
        let mut from = 0;
        let mut at = 0;
        // Before this no beginning of a form can reach the end.
        let safe = match end {
            End::Stream => bytes.len(),
            End::Piece => (bytes.len() + 1).saturating_sub(self.forms.longest),
        };
        while at < bytes.len() {
            let rest = &bytes[at..];
            if at >= safe && self.forms.is_beginning(rest) {
                break;
            }
            match self.forms.match_at(rest) {
                Some(form) => {
                    clean.extend_from_slice(&bytes[from..at]);
                    clean.extend_from_slice(form.instead.as_bytes());
                    at += form.text.len();
                    from = at;
                }
                None => at += 1,
            }
        }
        clean.extend_from_slice(&bytes[from..at]);
        at
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Piece,
    Stream,
}

impl Redact for Redactor {
    fn redact(&mut self, bytes: &[u8], clean: &mut Vec<u8>) {
        if self.forms.is_empty() {
            clean.extend_from_slice(bytes);
            return;
        }
        if self.held.is_empty() {
            let done = self.pass(bytes, clean, End::Piece);
            self.held.extend_from_slice(&bytes[done..]);
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(bytes);
            let done = self.pass(&held, clean, End::Piece);
            held.drain(..done);
            self.held = held;
        }
    }

    fn finish(&mut self, clean: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        self.pass(&held, clean, End::Stream);
    }
}

/// The secret itself, its longer lines, and the texts of its JSON.
fn parts(secret: &str) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    let whole = secret.trim_end_matches(['\n', '\r']);
    parts.insert(whole.to_owned());
    if whole.contains('\n') {
        for line in whole.lines().map(str::trim) {
            if line.chars().count() >= SHORTEST_LINE {
                parts.insert(line.to_owned());
            }
        }
    }
    if whole.starts_with(['{', '[']) {
        let mut open: Vec<serde_json::Value> = serde_json::from_str(whole).into_iter().collect();
        while let Some(value) = open.pop() {
            match value {
                serde_json::Value::Array(items) => open.extend(items),
                serde_json::Value::Object(fields) => {
                    open.extend(fields.into_iter().map(|(_, value)| value));
                }
                serde_json::Value::String(text) if text.len() >= SHORTEST => {
                    parts.insert(text);
                }
                serde_json::Value::Number(number) if number.to_string().len() >= SHORTEST_LINE => {
                    parts.insert(number.to_string());
                }
                _ => {}
            }
        }
    }
    parts
}

fn encodings(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut forms = vec![bytes.to_vec()];
    for shift in 0..3 {
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(bytes);
        // Letters that hold bits of what stands before or behind are left out.
        let first = [0, 2, 3][shift];
        let last = shifted.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&shifted).into_bytes();
            if let Some(sure) = text.get(first..last) {
                forms.push(sure.to_vec());
            }
        }
    }
    let hex = crate::journal::record::hex(bytes);
    forms.push(hex.to_uppercase().into_bytes());
    forms.push(hex.into_bytes());
    for case in [Case::Upper, Case::Lower] {
        forms.push(percent(bytes, case, Blank::Percent));
        forms.push(percent(bytes, case, Blank::Plus));
    }
    if let Ok(quoted) = serde_json::to_string(secret) {
        let inner = &quoted[1..quoted.len() - 1];
        forms.push(inner.as_bytes().to_vec());
        forms.push(inner.replace('/', "\\/").into_bytes());
        forms.push(ascii(inner, Case::Lower).into_bytes());
        forms.push(ascii(inner, Case::Upper).into_bytes());
    }
    forms.push(secret.replace('\'', r"'\''").into_bytes());
    forms.push(secret.replace('\'', r#"'"'"'"#).into_bytes());
    let mut quoted = String::new();
    for c in secret.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    forms.push(quoted.into_bytes());
    forms
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Upper,
    Lower,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    Percent,
    Plus,
}

fn percent(bytes: &[u8], case: Case, blank: Blank) -> Vec<u8> {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(*byte));
            }
            b' ' if blank == Blank::Plus => text.push('+'),
            _ if case == Case::Upper => text += &format!("%{byte:02X}"),
            _ => text += &format!("%{byte:02x}"),
        }
    }
    text.into_bytes()
}

/// JSON text with everything beyond ASCII as `\u…`.
fn ascii(json: &str, case: Case) -> String {
    let mut text = String::new();
    let mut units = [0; 2];
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            text += &match case {
                Case::Upper => format!("\\u{unit:04X}"),
                Case::Lower => format!("\\u{unit:04x}"),
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CANARY: &str = "hunter2-S3cr/t+‹ö›'\"$x y";

    fn forms(secret: &str) -> Arc<Forms> {
        Arc::new(Forms::of([("token", secret)]))
    }

    fn stream(forms: &Arc<Forms>, pieces: &[&[u8]]) -> Vec<u8> {
        let mut redactor = Redactor::new(forms.clone());
        let mut clean = Vec::new();
        for piece in pieces {
            redactor.redact(piece, &mut clean);
        }
        redactor.finish(&mut clean);
        clean
    }

    #[test]
    fn s01_a_secret_split_anywhere_is_found() {
        let forms = forms(CANARY);
        let text = format!("before {CANARY}{CANARY} after {}", &CANARY[..9]);
        let wanted = format!("before ‹token›‹token› after {}", &CANARY[..9]);
        let bytes = text.as_bytes();
        for a in 0..=bytes.len() {
            for b in a..=bytes.len() {
                let clean = stream(&forms, &[&bytes[..a], &bytes[a..b], &bytes[b..]]);
                assert_eq!(String::from_utf8(clean).unwrap(), wanted, "{a} {b}");
            }
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(stream(&forms, &single), wanted.as_bytes());
    }

    #[test]
    fn s02_a_secret_inside_a_longer_encoded_text_is_found() {
        let forms = forms(CANARY);
        for before in 0..9 {
            for behind in 0..9 {
                let text = format!("{}{CANARY}{}", "x".repeat(before), "y".repeat(behind));
                for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                    let encoded = engine.encode(&text);
                    let clean = forms.clean(&encoded);
                    assert!(clean.contains("‹token›"), "{before} {behind}: {clean}");
                    // What is left of it is no more than the letters shared with its neighbours.
                    let left = clean.replace("‹token›", "").len();
                    assert!(left <= (before + behind + 4) * 4 / 3 + 3, "{clean}");
                }
            }
        }
    }

    #[test]
    fn s02_each_form_is_found() {
        let forms = forms(CANARY);
        for text in [
            CANARY.to_owned(),
            crate::journal::record::hex(CANARY.as_bytes()),
            crate::journal::record::hex(CANARY.as_bytes()).to_uppercase(),
            "hunter2-S3cr%2Ft%2B%E2%80%B9%C3%B6%E2%80%BA%27%22%24x%20y".to_owned(),
            "hunter2-S3cr%2ft%2b%e2%80%b9%c3%b6%e2%80%ba%27%22%24x+y".to_owned(),
            r#"hunter2-S3cr/t+‹ö›'\"$x y"#.to_owned(),
            r#"hunter2-S3cr\/t+‹ö›'\"$x y"#.to_owned(),
            r#"hunter2-S3cr/t+\u2039\u00f6\u203a'\"$x y"#.to_owned(),
            r#"hunter2-S3cr/t+\u2039\u00F6\u203A'\"$x y"#.to_owned(),
            r#"hunter2-S3cr/t+‹ö›'\''"$x y"#.to_owned(),
            r#"hunter2-S3cr/t+‹ö›'\"\$x y"#.to_owned(),
        ] {
            assert_eq!(forms.clean(&format!("<{text}>")), "<‹token›>", "{text}");
        }
    }

    #[test]
    fn s03_lines_and_texts_of_a_long_secret_are_secrets_too() {
        let pem =
            "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nshort\nhkiG9w0BAQEFAASC\n-----END KEY-----\n";
        let clean = forms(pem);
        assert_eq!(clean.clean("> hkiG9w0BAQEFAASC <"), "> ‹token› <");
        assert_eq!(clean.clean("> short <"), "> short <");
        assert_eq!(clean.clean(pem.trim_end()), "‹token›");
        let json = forms(r#"{"user":"ada","key":{"inner":["correct horse"]},"n":1234567890}"#);
        assert_eq!(
            json.clean("a correct horse and 1234567890"),
            "a ‹token› and ‹token›"
        );
        assert_eq!(json.clean("ada"), "ada");
        // What is too short to look for is too short in any form.
        let short = Forms::of([(
            "token",
            r#"{"user":"ada","port":5432,"key":"correct horse"}"#,
        )]);
        let hex = crate::journal::record::hex(b"ada");
        let left = format!("{hex} and 5432");
        assert_eq!(short.clean(&left), left);
    }

    #[test]
    fn the_shortest_secret_is_found_where_a_text_ends() {
        let forms = forms("wxyz");
        assert_eq!(forms.clean("a wxyz"), "a ‹token›");
        assert_eq!(forms.clean("wxyz"), "‹token›");
        assert_eq!(forms.clean("a wxy"), "a wxy");
        assert_eq!(stream(&forms, &[b"a wx", b"yz"]), "a ‹token›".as_bytes());
    }

    #[test]
    fn without_a_secret_everything_passes_as_it_is() {
        for forms in [Forms::default(), Forms::of([])] {
            assert!(forms.is_empty());
            assert_eq!(forms.clean("hunter2"), "hunter2");
            assert_eq!(stream(&Arc::new(forms), &[b"hun", b"ter2"]), b"hunter2");
        }
    }

    #[test]
    fn only_two_bytes_that_a_form_begins_with_are_looked_at_longer() {
        let forms = forms("swordfish");
        assert!(forms.may_begin(b"sword"));
        for bytes in [b"ws", b"ss", b"ww", b"s\0", b"\0w", b"\0\0"] {
            assert!(!forms.may_begin(bytes), "{bytes:?}");
        }
        let alike = Forms::of([("a", "sword"), ("b", "swan")]);
        assert!(alike.may_begin(b"sw"));
    }

    #[test]
    fn the_longest_form_wins() {
        let forms = Forms::of([("short", "abcd"), ("long", "abcdefgh")]);
        assert_eq!(forms.clean("abcdefgh abcdef"), "‹long› ‹short›ef");
        let forms = Arc::new(forms);
        let clean = stream(&forms, &[b"abcde", b"fgh abcd", b"ef"]);
        assert_eq!(String::from_utf8(clean).unwrap(), "‹long› ‹short›ef");
    }

    #[test]
    fn what_cannot_become_a_secret_is_not_held_back() {
        let mut redactor = Redactor::new(forms("swordfish"));
        let mut clean = Vec::new();
        redactor.redact(b"Password: ", &mut clean);
        assert_eq!(clean, b"Password: ");
        redactor.redact(b"swor", &mut clean);
        assert_eq!(clean, b"Password: ");
        redactor.redact(b"d\n", &mut clean);
        assert_eq!(clean, b"Password: sword\n");
        redactor.redact(b"swordfish", &mut clean);
        assert_eq!(clean, "Password: sword\n‹token›".as_bytes());
    }

    proptest! {
        #[test]
        fn pieces_change_nothing(
            secret in "[ab\n\"é]{4,12}",
            text in "[ab\n\"é]{0,60}",
            cuts in proptest::collection::vec(0usize..200, 0..6),
        ) {
            let forms = Arc::new(Forms::of([("s", secret.as_str()), ("t", "abab")]));
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            pieces.push(&bytes[from..]);
            let clean = stream(&forms, &pieces);
            prop_assert_eq!(&clean, &stream(&forms, &[bytes]));
            let clean = String::from_utf8(clean).unwrap();
            let at_once = forms.clean(&text).into_owned();
            prop_assert_eq!(&clean, &at_once);
            prop_assert!(!clean.contains(secret.trim_end_matches('\n')) || secret.trim_end_matches('\n').len() < SHORTEST);
        }
    }
}
