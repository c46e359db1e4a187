//! A secret in any text, split anywhere, does not come through; what comes through does not depend on the splits.
#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use runbook_host::process::Redact;
use runbook_host::redact::{Forms, Redactor};

#[derive(Arbitrary, Debug)]
enum Piece {
    Text(Vec<u8>),
    Secret,
    Part(u8, u8),
}

#[derive(Arbitrary, Debug)]
struct Case {
    secrets: Vec<String>,
    pieces: Vec<Piece>,
    splits: Vec<u16>,
}

fn through(forms: &Arc<Forms>, pieces: &[&[u8]]) -> Vec<u8> {
    let mut redactor = Redactor::new(Arc::clone(forms));
    let mut clean = Vec::new();
    for piece in pieces {
        redactor.redact(piece, &mut clean);
    }
    redactor.finish(&mut clean);
    clean
}

fuzz_target!(|case: Case| {
    let secrets: Vec<&str> = case
        .secrets
        .iter()
        .take(3)
        .map(String::as_str)
        .filter(|secret| secret.trim_end_matches(['\n', '\r']).len() >= 4 && secret.len() < 200)
        .collect();
    let Some(secret) = secrets.first() else {
        return;
    };
    let forms = Arc::new(Forms::of(secrets.iter().map(|secret| ("s", *secret))));
    let mut text = Vec::new();
    for piece in &case.pieces {
        match piece {
            Piece::Text(bytes) => text.extend_from_slice(bytes),
            Piece::Secret => text.extend_from_slice(secret.as_bytes()),
            Piece::Part(from, to) => {
                let from = usize::from(*from) % (secret.len() + 1);
                let to = usize::from(*to) % (secret.len() + 1);
                text.extend_from_slice(&secret.as_bytes()[from.min(to)..from.max(to)]);
            }
        }
    }
    let whole = through(&forms, &[&text]);
    let mut splits: Vec<usize> = case
        .splits
        .iter()
        .map(|at| usize::from(*at) % (text.len() + 1))
        .collect();
    splits.extend([0, text.len()]);
    splits.sort_unstable();
    let pieces: Vec<&[u8]> = splits
        .windows(2)
        .map(|pair| &text[pair[0]..pair[1]])
        .collect();
    assert_eq!(through(&forms, &pieces), whole, "{case:?}");
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(through(&forms, &bytes), whole, "{case:?}");
    // A stand-in may hold what looks like a secret; between two nothing does.
    let needle = secret.trim_end_matches(['\n', '\r']).as_bytes();
    for rest in whole.split(|byte| *byte == 0xb9 || *byte == 0xba) {
        assert!(
            !rest.windows(needle.len()).any(|window| window == needle),
            "{case:?}"
        );
    }
    if let Ok(text) = std::str::from_utf8(&text) {
        assert_eq!(
            forms.clean(text).as_bytes(),
            String::from_utf8_lossy(&whole).as_bytes(),
            "{case:?}"
        );
    }
});
