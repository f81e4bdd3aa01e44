//! What is to be judged: the files that were named, and those in folders that were named.

use std::fs;
use std::path::{Path, PathBuf};

use crate::verify::reason::Refusal;

/// Folders below a named one. Nobody files deeper; a mounted loop would have no end.
const MAX_DEPTH: usize = 32;
/// Files of one run; each takes about 200 bytes here.
const MAX_FILES: usize = 1_000_000;

/// One file to judge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    /// Index of the argument that led to it.
    pub(crate) root: usize,
    pub(crate) origin: Origin,
}

/// How a file came here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// By its own name: whatever it is, something is said about it.
    Named,
    /// From a folder: passed over if it is of no kind that is signed.
    Found,
    /// It cannot be judged, and this is why.
    Refused(Refusal),
}

/// Lists everything, folders in the order of names. Links to files are followed, links to folders inside a folder are not.
pub(crate) fn find(named: &[PathBuf]) -> Vec<Target> {
    let mut targets = Vec::new();
    for (root, path) in named.iter().enumerate() {
        if path.is_dir() {
            walk(path, root, 0, &mut targets);
        } else {
            targets.push(Target { path: path.clone(), root, origin: Origin::Named });
        }
    }
    targets
}

fn walk(folder: &Path, root: usize, depth: usize, targets: &mut Vec<Target>) {
    let mut refuse = |path: &Path, refusal| targets.push(Target { path: path.to_owned(), root, origin: Origin::Refused(refusal) });
    if depth > MAX_DEPTH {
        return refuse(folder, Refusal::TooDeep { limit: MAX_DEPTH });
    }
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return refuse(folder, Refusal::unreadable(&error)),
    };
    let mut paths: Vec<(PathBuf, bool)> = entries
        .into_iter()
        .map(|entry| (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir())))
        // Links to folders, sockets and the like; a link that leads nowhere stays, and is told as missing.
        .filter(|(path, is_folder)| *is_folder || fs::metadata(path).map_or(true, |facts| facts.is_file()))
        .collect();
    paths.sort();
    for (path, is_folder) in paths {
        if targets.len() >= MAX_FILES {
            targets.push(Target { path, root, origin: Origin::Refused(Refusal::TooMany { limit: MAX_FILES }) });
            return;
        }
        if is_folder {
            walk(&path, root, depth + 1, targets);
        } else {
            targets.push(Target { path, root, origin: Origin::Found });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_walked_in_order_and_a_loop_of_links_ends() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/c")).unwrap();
        for name in ["z", "a", "b/c/x"] {
            fs::write(at(name), "").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), at("b/loop")).unwrap();
        std::os::unix::fs::symlink(at("z"), at("b/link")).unwrap();
        let found = find(&[folder.path().to_owned(), at("nowhere")]);
        let names: Vec<_> = found.iter().map(|target| target.path.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a", "b/c/x", "b/link", "z", "nowhere"]);
        assert_eq!(found[4], Target { path: at("nowhere"), root: 1, origin: Origin::Named });
        assert!(found[..4].iter().all(|target| target.root == 0 && target.origin == Origin::Found));
    }

    #[test]
    fn a_folder_that_is_too_deep_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let deep = (0..MAX_DEPTH + 2).fold(folder.path().to_owned(), |path, _| path.join("d"));
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("x"), "").unwrap();
        let found = find(&[folder.path().to_owned()]);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.origin, Origin::Refused(Refusal::TooDeep { limit: MAX_DEPTH }));
    }
}
