//! The standard library: laws that hold for each of its modules, and each of them carried out, by the real engine, against the
//! real tool where the machine has one, else against its stand-in. `stdlib/tests/NAME.rbk` is the runbook that tries
//! the module NAME; its scenarios stand beside it.

use crate::practice::{root, text};
use crate::real;
use runbook_grammar::ast::{File, Mark, Stmt, StmtKind};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod services;

fn parsed(name: &str, text: &str) -> File {
    let mut sources = runbook_grammar::source::Sources::default();
    let id = sources.add(name, text);
    let (file, told) = runbook_grammar::parse(sources.get(id));
    assert!(told.is_empty(), "{name}: {told:?}");
    file
}

/// The folder of state, and what is on `PATH`: the stand-ins first.
struct Ground {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("home/.stand-ins")).expect("a folder");
        Ground {
            folder,
            env: Vec::new(),
        }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A file of the ground, with the folders it needs.
    fn put(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// A file of the stand-ins' state.
    fn state(&self, below: &str, text: &str) {
        self.put(&format!("home/.stand-ins/{below}"), text);
    }

    fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap_or_else(|why| panic!("{below}: {why}"))
    }

    fn stood_in(&self, below: &str) -> String {
        self.read(&format!("home/.stand-ins/{below}"))
    }

    fn set(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut paths = vec![root().join("tests/stand-ins/bin")];
        paths.extend(real::program("pg_dump").and_then(|p| p.parent().map(Path::to_path_buf)));
        paths.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(self.folder.path())
            .env("PATH", std::env::join_paths(paths).expect("a PATH"))
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// A line of shell on the ground, for what must be there before.
    fn sh(&self, line: &str) {
        let out = self.command("sh").args(["-c", line]).output();
        let out = out.expect("sh starts");
        assert!(out.status.success(), "{line}: {}", text(&out));
    }

    /// Carries `stdlib/tests/NAME.rbk` out, and gives back what was seen.
    fn tries(&self, name: &str, params: &[(&str, &str)], answers: &[(&str, &str)]) -> String {
        let mut lines = String::from("[answers]\n");
        for (question, answer) in answers {
            lines.push_str(&format!("{question:?} = {answer}\n"));
        }
        self.put("answers.toml", &lines);
        let mut command = self.command(env!("CARGO_BIN_EXE_runbook"));
        command
            .arg("run")
            .arg(root().join(format!("stdlib/tests/{name}.rbk")))
            .args(["--answers", "answers.toml"]);
        for (param, value) in params {
            command.args(["--param", &format!("{param}={value}")]);
        }
        let out = command.output().expect("runbook starts");
        assert_eq!(out.status.code(), Some(0), "{name}: {}", text(&out));
        text(&out)
    }
}

// ---------------------------------------------------------------------------------------------------------------
// Laws

#[test]
fn the_runbook_that_tries_a_module_calls_each_procedure_of_it() {
    for (name, source) in runbook_stdlib::MODULES {
        let module = parsed(name, source);
        let path = root().join(format!("stdlib/tests/{name}.rbk"));
        let tried = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{name}: {why}"));
        for stmt in &module.body {
            let (what, named) = match &stmt.kind {
                StmtKind::Procedure { name, .. } => ("do ", name),
                StmtKind::Message { name, .. } => ("notify ", name),
                StmtKind::Channel {
                    name,
                    block: Some(_),
                    ..
                } => ("to ", name),
                _ => continue,
            };
            let call = format!("{what}{name}.{}", named.text);
            let called = tried.match_indices(&call).any(|(at, _)| {
                !tried[at + call.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
            });
            assert!(called, "stdlib/tests/{name}.rbk nowhere says `{call}`");
        }
    }
}

/// Whether a statement of a step may change something.
fn acts(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Command(command) => command.mark == Mark::Act,
        StmtKind::Http(http) => !matches!(http.method.text.as_str(), "GET" | "HEAD"),
        _ => false,
    }
}

#[test]
fn whatever_acts_in_the_library_ends_in_time_and_says_how_it_is_taken_back() {
    let mut steps = 0;
    for (name, source) in runbook_stdlib::MODULES {
        for stmt in &parsed(name, source).body {
            let StmtKind::Procedure {
                name: procedure,
                title,
                block,
                ..
            } = &stmt.kind
            else {
                continue;
            };
            let named = format!("std.{name}: {}", procedure.text);
            assert!(title.is_some(), "{named} has no title");
            for stmt in &block.body {
                assert!(!acts(stmt), "{named} acts outside a step");
                let StmtKind::Step {
                    name,
                    block: Some(block),
                    ..
                } = &stmt.kind
                else {
                    continue;
                };
                if !block.body.iter().any(acts) {
                    continue;
                }
                steps += 1;
                let says = |wanted: fn(&StmtKind) -> bool| {
                    block.body.iter().any(|stmt| wanted(&stmt.kind))
                };
                assert!(
                    says(|kind| matches!(kind, StmtKind::Timeout(_))),
                    "{named}, step {}: no `timeout`",
                    name.text
                );
                assert!(
                    says(|kind| matches!(
                        kind,
                        StmtKind::Undo(_) | StmtKind::Irreversible(_) | StmtKind::Repeatable
                    )),
                    "{named}, step {}: neither `undo` nor `irreversible` nor `repeatable`",
                    name.text
                );
            }
        }
    }
    assert!(steps > 40, "{steps}");
}

#[test]
fn each_module_has_scenarios_that_come_to_all_of_its_runbook() {
    for (name, _) in runbook_stdlib::MODULES {
        let path = root().join(format!("stdlib/tests/{name}.test.rbk"));
        assert!(path.is_file(), "{} is missing", path.display());
    }
    let out = Command::new(env!("CARGO_BIN_EXE_runbook"))
        .args(["test", "stdlib/tests", "--fail-under", "100"])
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("runbook starts");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
}

// ---------------------------------------------------------------------------------------------------------------
// Against the real tool

#[test]
fn git_takes_a_repository_there_and_back() {
    let ground = Ground::new();
    ground.sh(
        "git init -q --bare -b main origin && git init -q -b main repo && cd repo && git config user.email a@example.com && git config user.name Ada
         for n in 1 2 3; do echo \"$n: $(test $n = 3 && echo third || echo other)\" > app; git add app; git commit -qm \"Release $n\"; git tag v$n; done
         git remote add origin ../origin && git push -q origin main",
    );
    ground.tries(
        "git",
        &[("repository", "repo")],
        &[(
            "Others may have it as soon as it is pushed: from then on it is reverted, not removed.",
            "\"push\"",
        )],
    );
    // What was pushed is the revert, on top of everything; the rewritten history was taken back.
    ground.sh("test \"$(git -C origin log --format=%s main)\" = \"$(printf 'Revert \"Release 3\"\\nRelease 3\\nRelease 2\\nRelease 1')\"");
    ground.sh("test \"$(git -C repo symbolic-ref --short HEAD)\" = main");
}

#[test]
fn files_are_kept_restored_and_pruned() {
    let ground = Ground::new();
    ground.put("a file", "good\n");
    for n in 1..=4 {
        ground.put(&format!("backups/backup {n}.gz"), "x");
        ground.sh(&format!("touch -d 2026-01-0{n} 'backups/backup {n}.gz'"));
    }
    ground.tries(
        "files",
        &[("file", "a file"), ("backups", "backups")],
        &[("What is older is gone.", "\"keep_newest\"")],
    );
    assert_eq!(ground.read("a file"), "good\n");
    let mut left: Vec<String> = fs::read_dir(ground.path("backups"))
        .expect("listed")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["backup 3.gz", "backup 4.gz"]);
}

#[test]
fn postgres_is_backed_up_migrated_down_and_restored() {
    if real::missing().is_some() {
        return;
    }
    let postgres = real::Postgres::start();
    let made = postgres.psql("postgres", "CREATE DATABASE app");
    assert!(made.status.success(), "{}", text(&made));
    for sql in [
        "CREATE TABLE projects (id text PRIMARY KEY, title text NOT NULL, new_column text)",
        "INSERT INTO projects VALUES ('1', 'it''s', 'kept'), ('2', 'two', NULL)",
    ] {
        postgres.answer(sql);
    }
    let mut ground = Ground::new();
    ground.set("DATABASE_URL", &postgres.url("app"));
    ground.put("down.sql", "ALTER TABLE projects DROP COLUMN new_column;\n");
    let seen = ground.tries(
        "postgres",
        &[("backups", "back ups"), ("migration", "down.sql")],
        &[
            (
                "The data of what the migration drops is gone; only a backup has it.",
                "\"migrate_down\"",
            ),
            (
                "What was written between the backup and the restore is gone for good.",
                "\"drop_before\"",
            ),
        ],
    );
    assert!(
        seen.contains("cannot execute DELETE in a read-only transaction"),
        "{seen}"
    );
    assert_eq!(
        postgres.answer("SELECT new_column FROM projects WHERE id = '1'"),
        "kept"
    );
    let left = postgres.answer("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'app%'");
    assert_eq!(left, "app");
}

#[test]
fn redis_is_looked_at_cleared_in_part_and_flushed() {
    if real::missing().is_some() {
        return;
    }
    let redis = real::Redis::start();
    for key in ["gemini:1", "gemini:2", "gemini:with a 'blank'", "session:1"] {
        redis.ask(&["SET", key, "x"]);
    }
    let ground = Ground::new();
    ground.tries(
        "redis",
        &[("address", &redis.url())],
        &[
            (
                "What these keys held is gone; a cache fills again from its source.",
                "\"delete\"",
            ),
            (
                "Everything in Redis is gone, whatever else is kept there too.",
                "\"flush\"",
            ),
        ],
    );
    assert_eq!(redis.ask(&["DBSIZE"]), "0");
}

// ---------------------------------------------------------------------------------------------------------------
// Against stand-ins

#[test]
fn kubernetes_goes_to_another_image_and_back() {
    let ground = Ground::new();
    for (file, text) in [
        ("revisions/1", "app=shop:1\n"),
        ("revisions/2", "app=shop:2\n"),
        ("revision", "2\n"),
        ("replicas", "3\n"),
    ] {
        ground.state(&format!("kubectl/shop/web/{file}"), text);
    }
    ground.tries("k8s", &[], &[]);
    let revision = ground.stood_in("kubectl/shop/web/revision");
    let image = ground.stood_in(&format!("kubectl/shop/web/revisions/{}", revision.trim()));
    // Kubernetes goes to the template that ran last before, and that is the one which did not help: its history
    // holds what was undone, too.
    assert_eq!(image, "app=shop:3\n");
    assert_eq!(ground.stood_in("kubectl/shop/web/replicas"), "3\n");
}

#[test]
fn docker_changes_the_version_and_goes_back_where_it_is_sick() {
    let ground = Ground::new();
    ground.put(
        "project/compose.yaml",
        "services:\n  api:\n    image: shop/api:${IMAGE_TAG}\n  proxy:\n    image: nginx:1.25\n",
    );
    ground.sh("cd project && IMAGE_TAG=v2 docker compose up --detach");
    ground.sh("echo 'an ERROR was seen' >> home/.stand-ins/docker/projects/project/api/log");
    ground.state("docker/broken-tags", "broken\n");
    ground.state("docker/volumes/shop_data/orders", "all of them\n");
    ground.tries(
        "docker",
        &[],
        &[(
            "What the volume holds now is gone; only a backup of it has it.",
            "\"restore_volume\"",
        )],
    );
    assert_eq!(
        ground.stood_in("docker/projects/project/api/image"),
        "shop/api:v2\n"
    );
    assert_eq!(
        ground.stood_in("docker/volumes/shop_data/orders"),
        "all of them\n"
    );
}

#[test]
fn google_cloud_is_changed_put_back_and_cleaned_up() {
    let ground = Ground::new();
    for (file, text) in [
        ("gcloud/project", "practice\n"),
        ("gcloud/run-jobs/europe-west1/scene-job", "scene-job:2\n"),
        ("gcloud/run-services/europe-west1/api/serving", "api-2\n"),
        (
            "gcloud/run-services/europe-west1/api/revisions",
            "api-1\napi-2\n",
        ),
        ("gcloud/workflows/pipeline", "cat\n"),
        ("gs/scenes/s1/usd/scene.usda", "partial\n"),
        ("gs/scenes/s1/.complete", "\n"),
        ("gs/scenes/state/before", "before\n"),
        ("gs/scenes/state/now", "now\n"),
    ] {
        ground.state(file, text);
    }
    ground.tries(
        "gcloud",
        &[],
        &[
            (
                "The object is gone, unless the bucket keeps versions.",
                "\"remove_object\"",
            ),
            (
                "The objects are gone, unless the bucket keeps versions.",
                "\"remove_folder\"",
            ),
        ],
    );
    assert_eq!(ground.stood_in("gs/scenes/state/now"), "now\n");
    assert!(!ground.path("home/.stand-ins/gs/scenes/s1").exists());
    assert_eq!(
        ground.stood_in("gcloud/executions/1/data"),
        "{\"scene_id\": \"s1\"}\n"
    );
}

#[test]
fn terraform_applies_the_plan_that_was_shown() {
    let ground = Ground::new();
    let main = "terraform {\n  backend \"gcs\" {\n    bucket = \"infra-state\"\n    prefix = \"pipeline\"\n  }\n}\nlocals {\n  version = \"2\"\n}\nresource \"google_storage_bucket\" \"scenes\" {}\nresource \"google_workflows_workflow\" \"pipeline\" {}\n";
    ground.put("infra/main.tf", main);
    ground.put("main-before.tf", &main.replace("\"2\"", "\"1\""));
    ground.state("gs/infra-state/other", "");
    ground.sh("cd infra && terraform init && terraform apply -auto-approve");
    ground.tries(
        "terraform",
        &[],
        &[(
            "Terraform has no way back: what the plan destroys is gone, what it changes is changed.",
            "\"apply\"",
        )],
    );
    assert_eq!(
        ground.stood_in("terraform/real/google_workflows_workflow.pipeline"),
        "1\n"
    );
    let state = ground.stood_in("gs/infra-state/pipeline/default.tfstate");
    assert!(state.contains("google_storage_bucket.scenes 1"), "{state}");
}

#[test]
fn github_gets_an_issue_and_a_workflow_that_is_waited_for() {
    let ground = Ground::new();
    ground.state("gh/workflows/rollback.yml", "cat\n");
    ground.state("gh/workflows/failing.yml", "exit 1\n");
    ground.state("gh/slow", "1\n");
    ground.tries(
        "github",
        &[],
        &[("Whoever follows the issue has read it.", "\"comment\"")],
    );
    assert!(
        ground
            .stood_in("gh/issues/1/title")
            .starts_with("Production \"rollback\" (run ")
    );
    assert_eq!(ground.stood_in("gh/issues/1/state"), "OPEN\n");
    assert_eq!(ground.stood_in("gh/issues/2/state"), "CLOSED\n");
    assert_eq!(
        ground.stood_in("gh/runs/1/fields"),
        "deployment_id=20251202-143022\nenvironment=production of ours\n"
    );
}

#[test]
fn units_and_processes_are_stopped_started_and_put_back() {
    let ground = Ground::new();
    ground.state("systemd/web/state", "active\n");
    ground.state("systemd/worker/state", "inactive\n");
    ground.state("systemd/broken/state", "failed\n");
    ground.state("systemd/broken/broken", "");
    ground.tries("systemd", &[], &[]);
    assert_eq!(ground.stood_in("systemd/web/state"), "active\n");
    assert_eq!(ground.stood_in("systemd/worker/state"), "inactive\n");

    ground.state("pm2/web/status", "online\n");
    ground.state("pm2/web/log", "one\ntwo\nthree\n");
    ground.state("pm2/worker/status", "stopped\n");
    ground.tries("pm2", &[], &[]);
    assert_eq!(ground.stood_in("pm2/web/status"), "online\n");
}

#[test]
fn npm_installs_builds_and_checks() {
    let ground = Ground::new();
    ground.put(
        "package/package.json",
        "{\n  \"name\": \"web\",\n  \"version\": \"1.2.3\",\n  \"scripts\": {\n    \"build\": \"echo built > built\",\n    \"smoke\": \"test -e built\"\n  }\n}\n",
    );
    ground.put("package/package-lock.json", "{}\n");
    ground.tries("npm", &[], &[]);
    assert_eq!(ground.read("package/built"), "built\n");
}

#[test]
fn an_incident_has_roles_messages_and_a_document() {
    let ground = Ground::new();
    ground.tries(
        "incident",
        &[("level", "P1"), ("document", "post mortem.md")],
        &[
            ("The incident's chat", "[\"yes\", \"yes\"]"),
            ("Everybody who has to know", "[\"yes\", \"yes\"]"),
            ("Who leads, and decides?", "\"Ada\""),
            ("Who writes down what happens?", "\"Ben\""),
            ("Who tells everybody else?", "\"Cleo\""),
            (
                "Where is the incident recorded? (orders are lost)",
                "\"https://example.com/1\"",
            ),
            ("The service may be called healthy", "\"yes\""),
        ],
    );
    let document = ground.read("post mortem.md");
    assert!(
        document.starts_with("# Post-mortem: Orders \"lost\"\n"),
        "{document}"
    );
    assert!(
        document.contains("- Impact: all of $HOME and `every` order\n"),
        "{document}"
    );
    assert!(document.contains("\n- [ ]\n"), "{document}");
}

#[test]
fn approvals_are_asked_for() {
    let ground = Ground::new();
    ground.tries(
        "approval",
        &[],
        &[
            (
                "Which change ticket allows this: restart the database?",
                "\"OPS-12\"",
            ),
            (
                "Somebody other than the operator agrees: restart the database",
                "\"yes\"",
            ),
        ],
    );
}

/// What a stand-in does not know must not pass for success, or a test would hold for a command that no tool has.
#[test]
fn each_stand_in_is_on_the_list_and_refuses_what_it_does_not_know() {
    let folder = root().join("tests/stand-ins");
    let list = fs::read_to_string(folder.join("README.md")).expect("the list");
    let ground = Ground::new();
    for entry in fs::read_dir(folder.join("bin")).expect("the stand-ins") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        assert!(list.contains(&format!("`{name}`")), "{name} is not listed");
        let out = ground.command(&path).arg("--surely-unknown").output();
        let out = out.expect("it starts");
        assert_eq!(out.status.code(), Some(64), "{name}: {}", text(&out));
    }
}

// ---------------------------------------------------------------------------------------------------------------
// The pages

const PAGES_BEGIN: &str = "<!-- std: generated by `just bless` -->\n";
const PAGES_END: &str = "<!-- /std -->";

/// The book has a page for each module, the same that `runbook std NAME` shows, and lists them all.
#[test]
fn the_book_has_the_page_of_each_module() {
    let bless = std::env::var_os("BLESS").is_some();
    let hold = |path: PathBuf, wanted: &str| {
        if bless {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, wanted).expect("written");
        }
        let now = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            now == wanted,
            "{} is not fresh; run `just bless`",
            path.display()
        );
    };
    let book = root().join("book/src");
    let (mut listed, mut table) = (String::new(), String::new());
    for (name, text) in runbook_stdlib::MODULES {
        let mut sources = runbook_grammar::source::Sources::default();
        let id = sources.add(format!("std.{name}"), *text);
        let (file, _) = runbook_grammar::parse(sources.get(id));
        let page = runbook_render::reference(&sources, name, &file);
        hold(book.join(format!("std/{name}.md")), &page);
        listed += &format!("  - [`std.{name}`](std/{name}.md)\n");
        let title = page.lines().next().and_then(|line| line.split_once(": "));
        let (_, title) = title.expect("a title");
        table += &format!("| [`std.{name}`]({name}.md) | {title} |\n");
    }
    for (path, list) in [
        (book.join("SUMMARY.md"), listed),
        (book.join("std/index.md"), table),
    ] {
        let now = fs::read_to_string(&path).expect("the page");
        let (head, rest) = now.split_once(PAGES_BEGIN).expect("the mark of the list");
        let (_, tail) = rest.split_once(PAGES_END).expect("the mark of its end");
        hold(path, &format!("{head}{PAGES_BEGIN}{list}{PAGES_END}{tail}"));
    }
}
