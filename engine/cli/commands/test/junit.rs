//! The report for CI: one suite a scenario file, one case a scenario.

use quick_xml::events::BytesText;

use super::Results;
use crate::xml;

pub fn report(results: &Results) -> String {
    let (held, failed) = results.totals();
    xml::document(|writer| {
        writer
            .create_element("testsuites")
            .with_attribute(("tests", (held + failed).to_string().as_str()))
            .with_attribute(("failures", failed.to_string().as_str()))
            .write_inner_content(|writer| {
                for file in &results.files {
                    let failed = file.verdicts.iter().filter(|it| !it.faults.is_empty());
                    writer
                        .create_element("testsuite")
                        .with_attribute(("name", file.file.as_str()))
                        .with_attribute(("tests", file.verdicts.len().to_string().as_str()))
                        .with_attribute(("failures", failed.count().to_string().as_str()))
                        .write_inner_content(|writer| {
                            for verdict in &file.verdicts {
                                let case = writer
                                    .create_element("testcase")
                                    .with_attribute(("classname", file.runbook.as_str()))
                                    .with_attribute(("name", verdict.title.as_str()));
                                if verdict.faults.is_empty() {
                                    case.write_empty()?;
                                    continue;
                                }
                                let said = plain(&verdict.conversation.join("\n"));
                                case.write_inner_content(|writer| {
                                    writer
                                        .create_element("failure")
                                        .with_attribute((
                                            "message",
                                            plain(&verdict.faults.join("; ")).as_str(),
                                        ))
                                        .write_text_content(BytesText::new(&said))?;
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

/// XML 1.0 has no way to write most control characters.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}
