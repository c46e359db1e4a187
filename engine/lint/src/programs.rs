//! What is known of programs by their names: which words of a call are its verbs, and what those do.

use runbook_plan::shell::Call;

/// Options whose value is the next word, of programs that have verbs.
fn with_value(program: &str) -> &'static [&'static str] {
    match program {
        "kubectl" | "oc" | "kubecolor" => &[
            "-n",
            "--namespace",
            "--context",
            "--cluster",
            "--kubeconfig",
            "--user",
            "-f",
            "--filename",
            "-k",
            "-l",
            "--selector",
            "-o",
            "--output",
            "-c",
            "--container",
            "--as",
            "-s",
            "--server",
            "--timeout",
            "-p",
            "--patch",
            "--type",
            "--replicas",
            "--tail",
            "--since",
            "--grace-period",
            "-v",
        ],
        "helm" => &[
            "-n",
            "--namespace",
            "--kube-context",
            "--kubeconfig",
            "-f",
            "--values",
            "--set",
            "--set-string",
            "--version",
            "--timeout",
            "-o",
            "--output",
            "--repo",
        ],
        "git" => &["-C", "-c", "--git-dir", "--work-tree", "-m", "-b", "-B"],
        "docker" | "podman" | "nerdctl" => &[
            "-H",
            "--host",
            "--context",
            "-f",
            "--file",
            "-p",
            "--project-name",
        ],
        "docker-compose" => &["-f", "--file", "-p", "--project-name"],
        "systemctl" | "journalctl" => &[
            "-H",
            "--host",
            "-M",
            "--machine",
            "-t",
            "-u",
            "--unit",
            "-n",
            "-o",
            "-S",
        ],
        "aws" => &[
            "--profile",
            "--region",
            "--output",
            "--query",
            "--endpoint-url",
        ],
        "gcloud" | "az" => &[
            "--project",
            "--zone",
            "--region",
            "--account",
            "-g",
            "-n",
            "--format",
        ],
        "redis-cli" => &[
            "-h", "-p", "-u", "-a", "-n", "-s", "-r", "-i", "--user", "--pass",
        ],
        "npm" | "yarn" | "pnpm" => &["--prefix", "-C", "-w", "--workspace"],
        "apt" | "apt-get" | "dnf" | "yum" => &["-o", "-c", "-t"],
        "nomad" | "consul" | "vault" | "argocd" | "flux" => {
            &["-address", "-region", "-namespace", "-n", "--context"]
        }
        _ => &[],
    }
}

/// The words of a call that are no options: `get`, `pods` of `kubectl -n web get pods -o wide`.
pub fn verbs(call: &Call) -> Vec<&str> {
    call.plain(with_value(call.name()))
}

/// Whether it only says what it would do.
pub fn is_rehearsal(call: &Call) -> bool {
    call.args().iter().any(|word| {
        let text = word.text.as_str();
        (text.starts_with("--dry-run")
            || text == "--just-print"
            || text == "--check"
            || text == "--noop")
            && !matches!(text, "--dry-run=none" | "--dry-run=false")
    })
}

/// The verb with which a call changes what runs in a cluster.
pub fn changes_cluster(call: &Call) -> Option<String> {
    if is_rehearsal(call) {
        return None;
    }
    let verbs = verbs(call);
    let first = verbs.first().copied().unwrap_or_default();
    let second = verbs.get(1).copied().unwrap_or_default();
    let name = call.name();
    let changes = match name {
        "kubectl" | "oc" | "kubecolor" => match first {
            "apply" | "create" | "delete" | "edit" | "patch" | "replace" | "scale"
            | "autoscale" | "drain" | "cordon" | "uncordon" | "taint" | "label" | "annotate"
            | "expose" | "run" => true,
            "rollout" => matches!(second, "undo" | "restart" | "pause" | "resume"),
            "set" => !second.is_empty(),
            _ => false,
        },
        "helm" => matches!(
            first,
            "install" | "upgrade" | "uninstall" | "delete" | "rollback"
        ),
        "argocd" => first == "app" && matches!(second, "sync" | "rollback" | "delete" | "set"),
        "flux" => matches!(
            first,
            "suspend" | "resume" | "reconcile" | "delete" | "create"
        ),
        "nomad" => first == "job" && matches!(second, "run" | "stop" | "revert" | "scale"),
        _ => false,
    };
    if !changes {
        return None;
    }
    Some(match (name, first) {
        (_, "rollout" | "app" | "job" | "set") => format!("{name} {first} {second}"),
        _ => format!("{name} {first}"),
    })
}

/// Programs that read or write a database with statements in their arguments or input.
pub const DATABASES: &[&str] = &[
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "clickhouse-client",
    "cqlsh",
    "sqlcmd",
    "duckdb",
];

/// What a statement of SQL destroys: its first words, as written.
pub fn sql_destroys(text: &str) -> Option<String> {
    for statement in text.split(';') {
        let words: Vec<&str> = statement
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .collect();
        let is = |at: usize, word: &str| {
            words
                .get(at)
                .is_some_and(|found| found.eq_ignore_ascii_case(word))
        };
        for at in 0..words.len() {
            let two = |a: &str, b: &str| is(at, a) && is(at + 1, b);
            let drops = [
                "table", "database", "schema", "column", "role", "user", "keyspace",
            ]
            .iter()
            .any(|what| two("drop", what));
            let clears = two("delete", "from") && !(at..words.len()).any(|at| is(at, "where"));
            let empties = is(at, "truncate") && at + 1 < words.len();
            if drops || clears || empties {
                return Some(words[at..(at + 2).min(words.len())].join(" "));
            }
        }
    }
    None
}

/// The first statement of SQL that changes something, by its first words.
pub fn sql_writes(text: &str) -> Option<String> {
    const WRITES: [&str; 9] = [
        "insert", "update", "delete", "drop", "alter", "create", "truncate", "grant", "revoke",
    ];
    text.split(';').find_map(|statement| {
        let mut words = statement.split_whitespace();
        let first = words.next()?;
        let second = words.next()?;
        WRITES
            .iter()
            .any(|verb| first.eq_ignore_ascii_case(verb))
            .then(|| format!("{first} {second}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sql_destroys_is_known() {
        for (text, found) in [
            ("DROP TABLE a", Some("DROP TABLE")),
            ("SELECT 1; delete from a", Some("delete from")),
            ("delete from a where b", None),
            ("ALTER TABLE a DROP COLUMN b", Some("DROP COLUMN")),
            ("DROP INDEX a", None),
            ("TRUNCATE a", Some("TRUNCATE a")),
        ] {
            assert_eq!(sql_destroys(text).as_deref(), found, "{text}");
        }
        assert_eq!(
            sql_writes("SELECT 1; UPDATE a SET b = 1").as_deref(),
            Some("UPDATE a")
        );
        assert_eq!(sql_writes("SELECT updated_at FROM a"), None);
    }
}
