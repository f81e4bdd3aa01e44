//! The corpora beside the project, for the tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

/// 2026-11-27 00:00:00 UTC.
pub(crate) const NOW: i64 = 1_795_737_600;

/// A folder beside the project; where it is absent, a line says that it was skipped.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if path.is_dir() {
        Some(path)
    } else {
        println!("skipped: 1 folder ({name}) is not present");
        None
    }
}

/// The columns of every row of a manifest; the first is the file.
pub(crate) fn manifest(folder: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}
