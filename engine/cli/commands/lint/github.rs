//! Annotations of GitHub Actions: a line each, which its runner takes out of the log.

use super::told::{Report, Serious};

pub fn github(report: &Report) -> String {
    let mut out = String::new();
    for told in &report.told {
        let command = match told.severity {
            Serious::Error => "error",
            Serious::Warning => "warning",
            Serious::Advice => "notice",
        };
        let mut properties = format!("file={}", property(&told.file));
        if let Some(place) = told.labels.first() {
            properties = format!(
                "file={},line={},col={},endLine={},endColumn={}",
                property(&place.file),
                place.line,
                place.column,
                place.end_line,
                place.end_column
            );
        }
        let help = told
            .help
            .as_deref()
            .map_or(String::new(), |help| format!("\nhelp: {help}"));
        out += &format!(
            "::{command} {properties},title={}::{}\n",
            property(&told.code),
            data(&format!("{}{help}", told.message))
        );
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
