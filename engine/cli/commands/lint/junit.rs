//! The test view of a CI: a suite each file, a failed case each thing found; a file with nothing found is one case that
//! held.

use quick_xml::events::BytesText;

use super::told::Report;
use crate::xml;

pub fn junit(report: &Report) -> String {
    let homes = report.homes();
    let clean = homes
        .iter()
        .filter(|file| report.of_file(file).next().is_none())
        .count();
    xml::document(|writer| {
        writer
            .create_element("testsuites")
            .with_attribute(("tests", (report.told.len() + clean).to_string().as_str()))
            .with_attribute(("failures", report.told.len().to_string().as_str()))
            .write_inner_content(|writer| {
                for file in homes {
                    let count = report.of_file(file).count();
                    writer
                        .create_element("testsuite")
                        .with_attribute(("name", file))
                        .with_attribute(("tests", count.max(1).to_string().as_str()))
                        .with_attribute(("failures", count.to_string().as_str()))
                        .write_inner_content(|writer| {
                            if count == 0 {
                                writer
                                    .create_element("testcase")
                                    .with_attribute(("classname", file))
                                    .with_attribute(("name", "nothing found"))
                                    .write_empty()?;
                            }
                            for told in report.of_file(file) {
                                let place = told.labels.first();
                                let place = place.map_or_else(
                                    || file.to_owned(),
                                    |place| {
                                        format!("{}:{}:{}", place.file, place.line, place.column)
                                    },
                                );
                                writer
                                    .create_element("testcase")
                                    .with_attribute(("classname", file))
                                    .with_attribute((
                                        "name",
                                        format!("{} at {place}", told.code).as_str(),
                                    ))
                                    .write_inner_content(|writer| {
                                        writer
                                            .create_element("failure")
                                            .with_attribute(("message", told.sentence().as_str()))
                                            .with_attribute(("type", told.severity.word()))
                                            .write_text_content(BytesText::new(&place))?;
                                        Ok(())
                                    })?;
                            }
                            Ok(())
                        })?;
                }
                Ok(())
            })?;
        Ok(())
    })
}
