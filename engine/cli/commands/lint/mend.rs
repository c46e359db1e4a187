//! `--fix`: the changes that are safe, made or shown.

use std::path::PathBuf;

use similar::TextDiff;

use super::look::Looked;
use crate::exit::Exit;
use crate::files::{complain_line, print};

/// The files that were changed, or would be.
pub fn mend(looked: &[Looked], rehearsal: bool) -> Result<Vec<PathBuf>, Exit> {
    let mut mended = Vec::new();
    for looked in looked {
        let Ok(seen) = &looked.found else { continue };
        let Some(source) = seen.sources.iter().next() else {
            continue;
        };
        let (text, made) = runbook_lint::fix::fix(&source.text, source.id, &seen.findings);
        if made == 0 {
            continue;
        }
        if rehearsal {
            let name = looked.path.display().to_string();
            let diff = TextDiff::from_lines(&source.text, &text)
                .unified_diff()
                .context_radius(2)
                .header(&name, "mended")
                .to_string();
            print(&diff);
        } else if let Err(error) = runbook_host::files::replace(&looked.path, &text) {
            complain_line(&format!("cannot write {}: {error}", looked.path.display()));
            return Err(Exit::Runbook);
        }
        mended.push(looked.path.clone());
    }
    Ok(mended)
}
