//! The standard library: modules in the language itself, embedded as text. Rust adds nothing to them.

/// Name as after `std.`, and the text.
pub const MODULES: &[(&str, &str)] = &[("git", include_str!("git.rbk"))];

/// The text of `std.NAME`, where there is such a module.
pub fn module(name: &str) -> Option<&'static str> {
    MODULES
        .iter()
        .find(|(module, _)| *module == name)
        .map(|(_, text)| *text)
}
