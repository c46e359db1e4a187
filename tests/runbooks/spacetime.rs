//! SpaceTime VR: nginx and an HTTP service with the queries of Prometheus, behind containers that stand in for docker's.

use super::laid::{Laid, ends};

fn production() -> Option<Laid> {
    let ground = Laid::lay_if_installed("spacetime-rollback", &[])?;
    assert!(!status(&ground).contains("true"), "{}", status(&ground));
    Some(ground)
}

/// What users get, through nginx.
fn status(ground: &Laid) -> String {
    ground.sh("curl -sS \"$(cat site)/status\"")
}

/// Users get this version, and it is well.
fn serves(ground: &Laid, version: &str) {
    assert_eq!(
        status(ground),
        format!("{{\"overall_ready\": true, \"version\": \"{version}\"}}")
    );
}

#[test]
fn by_itself_the_version_before_comes_back() {
    let Some(ground) = production() else {
        return;
    };
    ends(&ground.answers_itself("automatic.toml", &[]), 0);
    serves(&ground, "v2.4.9");
    let told = ground.file("announcements");
    assert!(
        told.contains("**ROLLBACK** of production: Health checks fail."),
        "{told}"
    );
    assert!(told.contains("**ROLLBACK COMPLETE**"), "{told}");
    assert_eq!(ground.sh("cat spacetime/.env.failed-*"), "IMAGE_TAG=v2.5.0");
    assert!(
        ground.calls().contains("gh issue create"),
        "{}",
        ground.calls()
    );
    assert!(ground.file("spacetime-rollback/post-mortem.md").is_empty());
}

#[test]
fn the_version_before_is_ill_as_well_so_an_older_one_comes() {
    let Some(ground) = production() else {
        return;
    };
    ground.does("ill-too", &[]);
    let said = ends(&ground.answers_itself("older.toml", &[]), 0);
    assert!(said.contains("Restart by force: not within 15s"), "{said}");
    serves(&ground, "v2.4.8");
}

#[test]
fn green_failed_so_nginx_points_at_blue_again() {
    let Some(ground) = production() else {
        return;
    };
    ground.does("go-green", &[]);
    assert!(!status(&ground).contains("true"));
    ends(&ground.answers_itself("blue.toml", &[]), 0);
    serves(&ground, "v2.4.9");
    assert_eq!(ground.sh("readlink spacetime/nginx/live.conf"), "blue.conf");
    assert_eq!(
        ground.sh("docker ps --format '{{.Names}}' | grep -c green || true"),
        "0"
    );
}

#[test]
fn corrupt_data_is_replaced_and_kept() {
    let Some(ground) = production() else {
        return;
    };
    ground.does("corrupt", &[]);
    ends(&ground.answers_itself("corruption.toml", &[]), 0);
    serves(&ground, "v2.4.9");
    let volume = "home/.stand-ins/docker/volumes/spacetime_godot-data/worlds";
    assert_eq!(ground.file(volume), "worlds: 3\n");
    let kept = ground.sh("tar xzOf emergencies/emergency-*/data.tar.gz --wildcards '*/worlds'");
    assert_eq!(kept, "worlds: ?");
}

#[test]
fn without_a_backup_nothing_is_touched() {
    let Some(ground) = production() else {
        return;
    };
    ground.does("no-backups", &[]);
    let said = ends(&ground.answers_itself("script.toml", &[]), 4);
    assert!(said.contains("There is a backup to go back to"), "{said}");
    assert!(status(&ground).contains("v2.5.0"));
    assert!(
        !ground.calls().contains("compose down"),
        "{}",
        ground.calls()
    );
}
