//! The pipeline's rollback, against real git and the stand-ins for a cluster, a cloud and Terraform.

use super::laid::{Laid, ends};
use std::fmt::Write;

const CLOUD: &str = "home/.stand-ins";

/// Answers as TOML: what is affected, and then prompt and answer.
fn answers(impact: &str, more: &[(&str, &str)]) -> String {
    let mut text = format!(
        "[params]\nimpact = \"{impact}\"\n[answers]\n\"Rights to deploy to production\" = \"yes\"\n"
    );
    for (prompt, answer) in more {
        let _ = writeln!(text, "\"{prompt}\" = {answer}");
    }
    text
}

const JOB: &str = "A single job: its image or its configuration";
const SHARED: &str = "A shared dependency: workflow, module, global configuration";
const TO_V41: &[(&str, &str)] = &[
    ("tag", "\"v41\""),
    ("Where does scene-generation-job run?", "\"Kubernetes\""),
    ("To which revision?", "\"The one before\""),
];

fn image(ground: &Laid) -> String {
    ground.sh("bin/kubectl -n pipeline get deployment scene-generation-job -o 'jsonpath={.spec.template.spec.containers[0].image}'")
}

#[test]
fn the_job_goes_back_and_the_half_processed_scene_is_made_anew() {
    let ground = Laid::lay("pipeline-rollback");
    let mut more = TO_V41.to_vec();
    more.extend([
        (
            "Which scenes have to be processed again?",
            "\"Some, and what is left of them blocks it\"",
        ),
        ("scenes", "\"kitchen\""),
        ("These scenes are affected, and no others", "\"yes\""),
        (
            "Their inputs are not under `usd`, and nobody works on them",
            "\"yes\"",
        ),
        (
            "The object is gone, unless the bucket keeps versions.",
            "[\"remove_object\", \"remove_object\"]",
        ),
        (
            "The objects are gone, unless the bucket keeps versions.",
            "\"remove_folder\"",
        ),
    ]);
    ends(&ground.rolls_back(&answers(JOB, &more), &[]), 0);
    assert_eq!(
        image(&ground),
        "gcr.io/acme-pipeline/scene-generation-job:v41"
    );
    let kitchen = format!("{CLOUD}/gs/acme-scenes/scenes/kitchen");
    assert_eq!(
        ground.file(&format!("{kitchen}/usd/scene.usdc")),
        "made anew\n"
    );
    assert_eq!(ground.file(&format!("{kitchen}/scene.usda")), "");
    assert_eq!(
        ground.file(&format!("{kitchen}/input/photo.jpg")),
        "picture\n",
        "the input is kept"
    );
    assert_eq!(
        ground.file(&format!(
            "{CLOUD}/gs/acme-scenes/scenes/hallway/usd/scene.usdc"
        )),
        "whole\n",
        "the other scene is left alone"
    );
    assert_eq!(
        ground.calls().matches("gcloud workflows run ").count(),
        1,
        "{}",
        ground.calls()
    );
}

#[test]
fn an_image_that_is_gone_never_comes_up_and_the_rollout_is_taken_back() {
    let ground = Laid::lay("pipeline-rollback");
    ground.does("break", &["image"]);
    let said = ends(
        &ground.rolls_back(&answers(JOB, TO_V41), &["patience=1s"]),
        0,
    );
    assert!(said.contains("▲ escalated"), "{said}");
    assert!(
        said.contains("↶ Undo: Take scene-generation-job to an earlier revision"),
        "{said}"
    );
    assert_eq!(
        image(&ground),
        "gcr.io/acme-pipeline/scene-generation-job:v42"
    );
    assert_eq!(ground.calls().matches("rollout undo").count(), 2);
}

#[test]
fn a_cloud_run_job_whose_image_is_gone_keeps_the_one_it_has() {
    let ground = Laid::lay("pipeline-rollback");
    ground.does("break", &["image"]);
    let more = [
        ("tag", "\"v41\""),
        ("Where does scene-generation-job run?", "\"Cloud Run\""),
    ];
    let said = ends(&ground.rolls_back(&answers(JOB, &more), &[]), 0);
    assert!(said.contains("▲ escalated"), "{said}");
    assert!(
        said.contains("ERROR: (gcloud.run.jobs.update) Image"),
        "{said}"
    );
    assert_eq!(
        ground.file(&format!(
            "{CLOUD}/gcloud/run-jobs/us-central1/scene-generation-job"
        )),
        "gcr.io/acme-pipeline/scene-generation-job:v42\n"
    );
}

#[test]
fn terraform_applies_the_release_of_before() {
    let ground = Laid::lay("pipeline-rollback");
    let more = [
        ("release", "\"v1.4.0\""),
        ("How does it get deployed?", "\"By Terraform, from here\""),
        (
            "Terraform has no way back: what the plan destroys is gone, what it changes is changed.",
            "\"apply\"",
        ),
        (
            "The orchestration entrypoint blueprint-pipeline uses v1.4.0",
            "\"yes\"",
        ),
        (
            "Which scenes have to be processed again?",
            "\"Some: backfill them\"",
        ),
        ("backfill", "\"hallway\""),
    ];
    ends(&ground.rolls_back(&answers(SHARED, &more), &[]), 0);
    assert_eq!(ground.sh("git -C infra describe --tags"), "v1.4.0");
    let state = ground.file(&format!("{CLOUD}/gs/acme-state/pipeline/default.tfstate"));
    assert!(
        state.contains("serial 8") && state.contains("scenes 1.4.0"),
        "{state}"
    );
    assert_eq!(
        ground.file(&format!(
            "{CLOUD}/terraform/real/google_cloud_run_v2_job.scenes"
        )),
        "1.4.0\n"
    );
}

#[test]
fn a_locked_state_is_not_touched_until_its_owner_says_that_nothing_runs() {
    let ground = Laid::lay("pipeline-rollback");
    ground.does("break", &["lock"]);
    let state = format!("{CLOUD}/gs/acme-state/pipeline/default.tfstate");
    let before = ground.file(&state);
    let head = [
        ("release", "\"v1.4.0\""),
        (
            "How does it get deployed?",
            "\"By Terraform, and its state is wrong\"",
        ),
    ];
    let mut patient = head.to_vec();
    patient.push((
        "What keeps the plan from being made?",
        "\"Somebody else holds the lock: wait for them\"",
    ));
    let said = ends(
        &ground.rolls_back(&answers(SHARED, &patient), &["patience=1s"]),
        4,
    );
    assert!(said.contains("Error acquiring the state lock"), "{said}");
    assert_eq!(ground.file(&state), before);

    let mut agreed = head.to_vec();
    agreed.extend([
        (
            "What keeps the plan from being made?",
            "\"A run that crashed left the lock behind\"",
        ),
        ("lock", "\"5f2c1d9a-7a51-4f7e\""),
        (
            "The owner of the lock says that nothing runs any more",
            "\"yes\"",
        ),
        (
            "If somebody does hold the lock, two runs write the state at once.",
            "\"unlock\"",
        ),
        (
            "Which state is known to be good?",
            "\"gs://acme-state/pipeline/default.tfstate.20260101T0900\"",
        ),
        (
            "Terraform has no way back: what the plan destroys is gone, what it changes is changed.",
            "\"apply\"",
        ),
        (
            "The orchestration entrypoint blueprint-pipeline uses v1.4.0",
            "\"yes\"",
        ),
        ("Which scenes have to be processed again?", "\"None\""),
    ]);
    ends(&ground.rolls_back(&answers(SHARED, &agreed), &[]), 0);
    assert!(ground.file(&state).contains("scenes 1.4.0"));
    let kept = ground.sh(&format!("cat {state}.before-*"));
    assert_eq!(
        kept,
        before.trim(),
        "the state of before is kept beside the new one"
    );
}
