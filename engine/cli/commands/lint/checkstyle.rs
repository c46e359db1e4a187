//! The format of Checkstyle, which many tools read.

use super::told::{Report, Serious};
use crate::xml;

pub fn checkstyle(report: &Report) -> String {
    xml::document(|writer| {
        writer
            .create_element("checkstyle")
            .with_attribute(("version", "4.3"))
            .write_inner_content(|writer| {
                for file in report.homes() {
                    writer
                        .create_element("file")
                        .with_attribute(("name", file))
                        .write_inner_content(|writer| {
                            for told in report.of_file(file) {
                                let (line, column) = told
                                    .labels
                                    .first()
                                    .map_or((1, 1), |place| (place.line, place.column));
                                let severity = match told.severity {
                                    Serious::Error => "error",
                                    Serious::Warning => "warning",
                                    Serious::Advice => "info",
                                };
                                writer
                                    .create_element("error")
                                    .with_attribute(("line", line.to_string().as_str()))
                                    .with_attribute(("column", column.to_string().as_str()))
                                    .with_attribute(("severity", severity))
                                    .with_attribute(("message", told.sentence().as_str()))
                                    .with_attribute((
                                        "source",
                                        format!("runbook.{}", told.code).as_str(),
                                    ))
                                    .write_empty()?;
                            }
                            Ok(())
                        })?;
                }
                Ok(())
            })?;
        Ok(())
    })
}
