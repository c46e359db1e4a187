//! The service's source: a git repository with a good release and a bad one, and a build that takes its time.

use crate::ground::Ground;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const GOOD: &str = "# Release of the order service.\nversion = v1.0.0\nworkers = 2\n";
/// The mistake: someone saved workers. With none, no order is ever taken.
const BAD: &str = "# Release of the order service.\nversion = v1.1.0\nworkers = 0\n";

/// Ten parts. A part that stands in the ledger is built and is not built again, as with `make`; the line is
/// the record, so that a build killed anywhere goes on where it was.
const BUILD: &str = r#"#!/bin/sh
# Builds the release that is checked out, in ten parts.
set -eu
cd "$(dirname "$0")"
ledger=../ledger
version=$(sed -n 's/^version = //p' release.conf)
pace=$(cat ../pace)
part=1
while [ "$part" -le 10 ]; do
  if grep -q " built part $part of 10 of $version\$" "$ledger" 2>/dev/null; then
    echo "part $part of 10 is built already"
  else
    echo "building part $part of 10"
    sleep "$pace"
    echo "$(date -u +%T) built part $part of 10 of $version" >> "$ledger"
  fi
  part=$((part + 1))
done
mkdir -p built
cp release.conf built/release.conf.new
mv built/release.conf.new built/release.conf
echo "$version is built"
"#;

const HOOK: &str = r#"#!/bin/sh
# Git calls this after a checkout; the third argument is 1 where a release was checked out.
[ "$3" = 1 ] || exit 0
echo "$(date -u +%T) checked out $(git describe --tags --always HEAD)" >> ../ledger
"#;

const README: &str =
    "The order service of the practice ground. `build.sh` builds what is checked out.\n";

/// Lays the repository with its two releases; the bad one is checked out and built.
pub fn lay(ground: &Ground) -> Result<(), String> {
    let source = ground.source();
    fs::create_dir_all(&source)
        .map_err(|error| format!("cannot make {}: {error}", source.display()))?;
    git(ground, &["init", "--quiet"])?;
    git(ground, &["checkout", "--quiet", "-b", "main"])?;
    for (key, value) in [
        ("user.name", "Practice"),
        ("user.email", "practice@localhost"),
        ("commit.gpgsign", "false"),
        ("tag.gpgsign", "false"),
        ("core.hooksPath", ".git/hooks"),
        ("advice.detachedHead", "false"),
    ] {
        git(ground, &["config", key, value])?;
    }
    put(ground, ".gitignore", "built/\n")?;
    put(ground, "README", README)?;
    script(ground, "build.sh", BUILD)?;
    put(ground, "release.conf", GOOD)?;
    git(ground, &["add", "."])?;
    git(ground, &["commit", "--quiet", "-m", "Release 1.0.0"])?;
    git(ground, &["tag", "v1.0.0"])?;
    put(ground, "release.conf", BAD)?;
    git(
        ground,
        &[
            "commit",
            "--quiet",
            "-a",
            "-m",
            "Release 1.1.0: fewer workers at night",
        ],
    )?;
    git(ground, &["tag", "v1.1.0"])?;
    // The bad release was deployed long before the practice: it is built, and the ledger begins after it.
    fs::create_dir_all(ground.source().join("built"))
        .and_then(|()| fs::write(ground.built(), BAD))
        .map_err(|error| format!("cannot deploy the bad release: {error}"))?;
    fs::create_dir_all(source.join(".git/hooks"))
        .map_err(|error| format!("cannot make git's hooks: {error}"))?;
    script(ground, ".git/hooks/post-checkout", HOOK)
}

/// What a release says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub version: String,
    pub workers: u32,
}

impl Release {
    /// Reads what is built; a service without a build does not start.
    pub fn built(ground: &Ground) -> Result<Release, String> {
        let text = fs::read_to_string(ground.built())
            .map_err(|error| format!("nothing is built: {error}"))?;
        let value = |key: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(name, _)| name.trim() == key)
                .map(|(_, value)| value.trim().to_owned())
                .ok_or_else(|| format!("the release does not say its `{key}`"))
        };
        let workers = value("workers")?;
        Ok(Release {
            version: value("version")?,
            workers: workers
                .parse()
                .map_err(|_| format!("`workers = {workers}` is no number"))?,
        })
    }
}

fn put(ground: &Ground, name: &str, text: &str) -> Result<(), String> {
    fs::write(ground.source().join(name), text)
        .map_err(|error| format!("cannot write {name}: {error}"))
}

fn script(ground: &Ground, name: &str, text: &str) -> Result<(), String> {
    put(ground, name, text)?;
    fs::set_permissions(
        ground.source().join(name),
        fs::Permissions::from_mode(0o755),
    )
    .map_err(|error| format!("cannot make {name} executable: {error}"))
}

fn git(ground: &Ground, args: &[&str]) -> Result<(), String> {
    // A shell inside a git hook or a rebase carries these, and they would point elsewhere.
    let out = Command::new("git")
        .args(args)
        .current_dir(ground.source())
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    if out.status.success() {
        return Ok(());
    }
    Err(format!(
        "git {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&out.stderr).trim()
    ))
}
