//! The engine's rollback, against a stand-in for the cluster, numbers as Prometheus has them, and real PostgreSQL.

use super::laid::{Laid, ends};
use std::fmt::Write;

fn answers(evidence: &str, more: &[(&str, &str)]) -> String {
    let mut text = format!("[params]\ntag = \"v41\"\nevidence = \"{evidence}\"\n[answers]\n");
    let always = [
        (
            "Access to the Kubernetes cluster and the image registry",
            "yes",
        ),
        (
            "Access to the state store and its point-in-time snapshots",
            "yes",
        ),
        (
            "What was seen is written down: tests, error rates, state",
            "INC-1",
        ),
        ("The evidence is enough to roll back", "yes"),
        (
            "How do old pods replace the new ones?",
            "Drain the new pods first",
        ),
    ];
    for (prompt, answer) in always.iter().chain(more) {
        let _ = writeln!(text, "\"{prompt}\" = \"{answer}\"");
    }
    text
}

const IN_FLIGHT: &[(&str, &str)] = &[
    (
        "In Temporal, the `getVersion` guards of every workflow in flight still have the old code path",
        "yes",
    ),
    ("The smoke plan is run", "smoke-1"),
];
/// What a rehearsal waits for.
const SHORT: &[&str] = &["patience=2s", "settle=1s", "longest=30s"];

fn cluster(ground: &Laid) -> (String, String) {
    let of = |path: &str| {
        ground.sh(&format!(
            "bin/kubectl get deployment engine-worker -o 'jsonpath={{{path}}}'"
        ))
    };
    (
        of(".spec.template.spec.containers[0].image"),
        of(".spec.replicas"),
    )
}

fn ground() -> Option<Laid> {
    Laid::lay_if_installed("engine-rollback", &[])
}

#[test]
fn the_image_goes_back_and_is_stable() {
    let Some(ground) = ground() else { return };
    let mut more = IN_FLIGHT.to_vec();
    more.extend([
        ("Does a schema migration have to go back, too?", "No"),
        ("What share of the runs was affected?", "0.5%"),
    ]);
    let said = ends(
        &ground.rolls_back(&answers("Error rates are up", &more), SHORT),
        0,
    );
    assert!(
        said.contains("✔ rolled back: The engine runs engine:v41"),
        "{said}"
    );
    assert!(
        !said.contains("follow up: Post-mortem"),
        "half a per cent is no case for one: {said}"
    );
    assert_eq!(cluster(&ground), ("engine:v41".into(), "4".into()));
    let calls = ground.calls();
    let acted: Vec<&str> = calls
        .lines()
        .filter(|call| call.contains(" scale ") || call.contains(" set image "))
        .map(|call| call.rsplit(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(
        acted,
        ["--replicas=0", "engine=engine:v41", "--replicas=4"],
        "the broken pods are drained before the old image starts"
    );
    assert!(
        ground
            .file("metrics/queries")
            .contains("eventbus_publish_failures_total")
    );
}

#[test]
fn a_tag_that_is_not_in_the_registry_never_comes_up_and_all_is_taken_back() {
    let Some(ground) = ground() else { return };
    ground.does("break", &["image"]);
    let more = [];
    let said = ends(
        &ground.rolls_back(
            &answers("Critical tests fail", &more).replace(
                "Drain the new pods first",
                "A few at a time, as the deployment says",
            ),
            SHORT,
        ),
        0,
    );
    assert!(said.contains("▲ escalated"), "{said}");
    assert!(
        said.contains("↶ Undo: Run engine of engine-worker from engine:v41"),
        "{said}"
    );
    assert_eq!(cluster(&ground), ("engine:v42".into(), "4".into()));
}

#[test]
fn errors_that_go_on_are_never_called_stable() {
    let Some(ground) = ground() else { return };
    ground.does("break", &["errors"]);
    let mut more = IN_FLIGHT.to_vec();
    more.push(("Does a schema migration have to go back, too?", "No"));
    let said = ends(
        &ground.rolls_back(
            &answers("Error rates are up", &more),
            &["patience=2s", "settle=1s", "longest=2s"],
        ),
        4,
    );
    assert!(said.contains("There are next to no errors"), "{said}");
    assert!(!said.contains("✔ rolled back"), "{said}");
}

#[test]
fn the_state_store_goes_back_to_its_snapshot_and_the_outbox_is_replayed() {
    let Some(ground) = ground() else { return };
    let store = |sql: &str| {
        ground.sh(&format!(
            ". ./env && bin/psql -X -A -t \"$DATABASE_URL\" -c \"{sql}\""
        ))
    };
    assert_eq!(
        store("SELECT count(*) FROM runs WHERE phase = 'lost'"),
        "40"
    );
    let snapshot = ground
        .path()
        .join("snapshots/before-the-release.dump")
        .display()
        .to_string();
    let mut more = IN_FLIGHT.to_vec();
    more.extend([
        ("Does a schema migration have to go back, too?", "Yes"),
        ("The state store may go back", "yes"),
        ("Where does the state store live?", "On servers of our own"),
        ("snapshot", &snapshot),
        ("What share of the runs was affected?", "3%"),
    ]);
    let said = ends(
        &ground.rolls_back(
            &answers("State cannot be recovered", &more),
            &["patience=30s", "settle=1s", "longest=30s"],
        ),
        0,
    );
    assert!(said.contains("follow up: Post-mortem"), "{said}");
    assert_eq!(
        store("SELECT count(*) FROM runs WHERE state = 'waiting'"),
        "40",
        "the schema and the data are those of before the release"
    );
    assert_eq!(
        store("SELECT count(*) FROM outbox WHERE published_at IS NULL"),
        "0"
    );
    assert_eq!(
        store("SELECT count(*) FROM pg_database WHERE datname = 'statestore_before'"),
        "1",
        "what was there is kept"
    );
    assert_eq!(cluster(&ground), ("engine:v41".into(), "4".into()));
}

#[test]
fn without_a_snapshot_the_state_store_is_left_alone() {
    let Some(ground) = ground() else { return };
    ground.does("break", &["snapshot"]);
    let mut more = IN_FLIGHT.to_vec();
    more.extend([
        ("Does a schema migration have to go back, too?", "Yes"),
        ("The state store may go back", "yes"),
        ("Where does the state store live?", "On servers of our own"),
    ]);
    let said = ends(
        &ground.rolls_back(&answers("State cannot be recovered", &more), SHORT),
        4,
    );
    assert!(said.contains("There is a snapshot"), "{said}");
    assert!(!said.contains("Restore beside"), "{said}");
}
