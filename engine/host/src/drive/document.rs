//! A document that a `message … to file` writes.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use crate::error::plainly;
use crate::files;

/// Where a document stands, and where another one of its name went.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) path: String,
    pub(super) kept: Option<String>,
}

/// Writes a document below the run's folder of work; whoever reads it meanwhile finds the old text or the new. What
/// another run, or a person, wrote under its name is kept beside it.
pub(super) fn write(directory: &Path, path: &str, text: &str) -> Result<Written, String> {
    let relative = Path::new(path);
    let inside = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if path.is_empty() || !inside {
        return Err(format!(
            "`{path}` is no place for a document: it must be below the folder the run was started in"
        ));
    }
    let target = directory.join(relative);
    let folder = target.parent().unwrap_or(directory);
    let failed = |error: std::io::Error| {
        format!(
            "{} cannot be written: {}",
            target.display(),
            plainly(&error)
        )
    };
    files::make_folders(folder, 0o777).map_err(failed)?;
    let ended = match text.ends_with('\n') {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("{text}\n")),
    };
    let kept = match std::fs::metadata(&target) {
        Ok(about) if !about.is_file() => {
            return Err(format!("{} is there, and is no file", target.display()));
        }
        Ok(about)
            if about.len() == ended.len() as u64
                && std::fs::read(&target).map_err(failed)? == ended.as_bytes() =>
        {
            None
        }
        Ok(_) => Some(keep(&target).map_err(failed)?),
        // There is none; or it cannot be looked at, and then it cannot be written either.
        Err(_) => None,
    };
    files::put(&target, &ended, None).map_err(failed)?;
    let kept = kept.map(|kept| {
        let shown = kept.strip_prefix(directory).unwrap_or(&kept);
        shown.display().to_string()
    });
    Ok(Written {
        path: target.display().to_string(),
        kept,
    })
}

/// Gives a document a second name, the first free of `incident.1.md`, `incident.2.md` and so on, and says which.
fn keep(document: &Path) -> std::io::Result<PathBuf> {
    let name = document.file_stem().unwrap_or_default().to_string_lossy();
    let ending = document.extension().map_or(String::new(), |ending| {
        format!(".{}", ending.to_string_lossy())
    });
    let mut number = 1;
    loop {
        let aside = document.with_file_name(format!("{name}.{number}{ending}"));
        match std::fs::hard_link(document, &aside) {
            Ok(()) => return Ok(aside),
            Err(_) if std::fs::symlink_metadata(&aside).is_ok() => number += 1,
            // A file system without second names; for a moment there is none of the first.
            Err(_) => return std::fs::rename(document, &aside).map(|()| aside),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_stays_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = write(folder.path(), "a/b.md", "text").unwrap();
        assert_eq!(std::fs::read_to_string(at.path).unwrap(), "text\n");
        for path in ["../b.md", "/etc/b.md", "", "a/../../b"] {
            assert!(write(folder.path(), path, "").is_err(), "{path}");
        }
        assert_eq!(
            std::fs::read_dir(folder.path().join("a")).unwrap().count(),
            1
        );
    }

    #[test]
    fn an_older_document_of_the_same_name_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let kept = |text: &str| write(folder.path(), "incident.md", text).unwrap().kept;
        assert_eq!(kept("first"), None);
        assert_eq!(
            kept("first"),
            None,
            "what is written again after a crash is the same"
        );
        assert_eq!(kept("second").as_deref(), Some("incident.1.md"));
        assert_eq!(kept("third").as_deref(), Some("incident.2.md"));
        assert_eq!(
            kept("fifth").as_deref(),
            Some("incident.3.md"),
            "as long, and another"
        );
        assert_eq!(
            (
                read("incident.1.md"),
                read("incident.2.md"),
                read("incident.3.md"),
                read("incident.md")
            ),
            (
                "first\n".into(),
                "second\n".into(),
                "third\n".into(),
                "fifth\n".into()
            )
        );

        std::fs::write(folder.path().join("LICENSE"), "old").unwrap();
        let kept = write(folder.path(), "LICENSE", "new").unwrap().kept;
        assert_eq!(kept.as_deref(), Some("LICENSE.1"));

        std::fs::create_dir(folder.path().join("taken")).unwrap();
        let why = write(folder.path(), "taken", "new").unwrap_err();
        assert!(why.ends_with("taken is there, and is no file"), "{why}");
    }
}
