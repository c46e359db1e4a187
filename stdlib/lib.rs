//! The standard library: modules in the language itself, embedded as text. Rust adds nothing to them.

/// Name as after `std.`, and the text; in the order of their names.
pub const MODULES: &[(&str, &str)] = &[
    ("approval", include_str!("approval.rbk")),
    ("docker", include_str!("docker.rbk")),
    ("files", include_str!("files.rbk")),
    ("gcloud", include_str!("gcloud.rbk")),
    ("git", include_str!("git.rbk")),
    ("github", include_str!("github.rbk")),
    ("http", include_str!("http.rbk")),
    ("incident", include_str!("incident.rbk")),
    ("k8s", include_str!("k8s.rbk")),
    ("mail", include_str!("mail.rbk")),
    ("npm", include_str!("npm.rbk")),
    ("pagerduty", include_str!("pagerduty.rbk")),
    ("pm2", include_str!("pm2.rbk")),
    ("postgres", include_str!("postgres.rbk")),
    ("prometheus", include_str!("prometheus.rbk")),
    ("redis", include_str!("redis.rbk")),
    ("slack", include_str!("slack.rbk")),
    ("systemd", include_str!("systemd.rbk")),
    ("terraform", include_str!("terraform.rbk")),
];

/// The text of `std.NAME`, where there is such a module.
pub fn module(name: &str) -> Option<&'static str> {
    MODULES
        .iter()
        .find(|(module, _)| *module == name)
        .map(|(_, text)| *text)
}
