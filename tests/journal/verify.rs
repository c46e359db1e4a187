//! `runbook journal`: what `verify` sees, and what `export` still gets out.

use super::*;

/// A run that parked after its second step.
fn parked() -> Ground {
    let ground = Ground::with("none.toml", "[answers]\n");
    let out = ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    assert_eq!(out.status.code(), Some(75), "{}", text(&out));
    ground
}

fn verify(ground: &Ground, more: &str) -> (Option<i32>, serde_json::Value) {
    let out = ground.sh(&format!("\"$RUNBOOK\" journal verify --json {more}"));
    let json = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out)));
    (out.status.code(), json)
}

#[test]
fn a_whole_journal_is_verified_and_its_head_is_told() {
    let ground = parked();
    let (code, said) = verify(&ground, "");
    assert_eq!(code, Some(0), "{said}");
    let lines = lines(&ground.journal()).len();
    assert_eq!(said["records"], lines);
    assert_eq!(said["sources"], 1);
    assert_eq!(said["problem"], serde_json::Value::Null);
    let out = ground.sh("\"$RUNBOOK\" journal verify");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let head = said["head"].as_str().expect("a head");
    for part in [head, "1 source", "keep the head elsewhere"] {
        assert!(text(&out).contains(part), "{}", text(&out));
    }
    let out = ground.sh("\"$RUNBOOK\" journal verify --head 69e6");
    assert_eq!(out.status.code(), Some(2), "{}", text(&out));
}

#[test]
fn j13_records_taken_off_the_end_are_missed_by_who_kept_the_head() {
    let ground = parked();
    let (_, said) = verify(&ground, "");
    let head = said["head"].as_str().expect("a head").to_owned();
    let journal = ground.journal();
    let lines = lines(&journal);
    let path = ground.run_dir().join("journal");
    for gone in 1..lines.len() - 1 {
        fs::write(&path, lines[..lines.len() - gone].concat()).expect("written");
        let (code, said) = verify(&ground, "");
        // Without an anchor nobody can see it, and the book says so.
        assert_eq!(
            (code, &said["records"]),
            (Some(0), &(lines.len() - gone).into())
        );
        let (code, said) = verify(&ground, &format!("--head {head}"));
        assert_eq!(code, Some(1), "{said}");
        assert_eq!(said["problem"]["code"], "RB3108");
    }
    fs::write(&path, &journal).expect("written");
    let (code, said) = verify(&ground, &format!("--head {head}"));
    assert_eq!(
        (code, &said["anchor"]),
        (Some(0), &(lines.len() - 1).into())
    );
    // The head stays an anchor when the run goes on.
    assert!(ground.sh(RESUME).status.success());
    let (code, said) = verify(&ground, &format!("--head {head}"));
    assert_eq!(
        (code, &said["anchor"]),
        (Some(0), &(lines.len() - 1).into())
    );
    assert!(said["records"].as_u64() > Some(lines.len() as u64));
}

#[test]
fn j12_verify_says_where_a_record_is_missing_and_export_gets_out_the_rest() {
    let ground = parked();
    let path = ground.run_dir().join("journal");
    let journal = ground.journal();
    let mut kept = lines(&journal);
    let gone = kept.remove(3);
    let offset: usize = kept[..3].iter().map(|line| line.len()).sum();
    fs::write(&path, kept.concat()).expect("written");
    let (code, said) = verify(&ground, "");
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said["problem"]["code"], "RB3100");
    assert_eq!(said["problem"]["offset"], offset);
    assert_eq!(said["records"], 3);
    assert!(
        said["problem"]["message"]
            .to_string()
            .contains("record 4 stands where record 3 belongs")
    );
    let out = ground.sh("\"$RUNBOOK\" journal export");
    assert_eq!(
        out.status.code(),
        Some(0),
        "each record that is there is whole"
    );
    assert_eq!(
        out.stdout.split_inclusive(|b| *b == b'\n').count(),
        kept.len()
    );
    // Damaged instead of gone: passed over, and said.
    let mut damaged = journal.clone();
    damaged[offset + 40] ^= 1;
    fs::write(&path, &damaged).expect("written");
    let (code, said) = verify(&ground, "");
    assert_eq!(
        (code, &said["problem"]["offset"]),
        (Some(1), &offset.into())
    );
    let out = ground.sh("\"$RUNBOOK\" journal export");
    assert_eq!(out.status.code(), Some(1), "{}", text(&out));
    let says = format!("{} bytes at byte {offset} are no record", gone.len());
    assert!(text(&out).contains(&says), "{}", text(&out));
    assert_eq!(
        out.stdout.split_inclusive(|b| *b == b'\n').count(),
        kept.len()
    );
    assert_eq!(
        fs::read(&path).expect("a journal"),
        damaged,
        "looked at alone"
    );
}

#[test]
fn verify_holds_the_sources_and_the_outputs_against_the_journal() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nstep one \"One\" {\n  $ sh -c 'head -c 9000 /dev/zero | tr \"\\\\0\" x'\n}\n",
    );
    let out = ground.sh("\"$RUNBOOK\" run a.rbk");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let (code, said) = verify(&ground, "");
    assert_eq!((code, &said["outputs"]), (Some(0), &1.into()), "{said}");
    let dir = ground.run_dir();
    let output = fs::read(dir.join("output")).expect("an output");
    fs::write(dir.join("output"), &output[..output.len() - 1]).expect("written");
    let (code, said) = verify(&ground, "");
    assert_eq!(
        (code, &said["problem"]["code"]),
        (Some(1), &"RB3109".into())
    );
    fs::write(dir.join("output"), &output).expect("written");
    fs::write(dir.join("source/00-a.rbk"), "rbk 1\n").expect("written");
    let (code, said) = verify(&ground, "");
    assert_eq!(
        (code, &said["problem"]["code"]),
        (Some(1), &"RB3106".into())
    );
}
