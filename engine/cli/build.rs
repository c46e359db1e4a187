//! Puts the page of every error number into the binary, for `runbook explain`.

use std::fmt::Write;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src/errors");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("RB") && name.ends_with(".md") {
            names.push(name);
        }
    }
    names.sort();
    let mut table =
        String::from("/// Number and page, in order.\nstatic PAGES: &[(&str, &str)] = &[\n");
    for name in &names {
        let path = folder.join(name);
        let _ = writeln!(
            table,
            "    ({:?}, include_str!({:?})),",
            &name[..name.len() - 3],
            path.display().to_string()
        );
    }
    table.push_str("];\n");
    let out = std::env::var("OUT_DIR").map_err(std::io::Error::other)?;
    std::fs::write(Path::new(&out).join("pages.rs"), table)
}
