//! What can go wrong with the journal's files.

use std::io;
use std::path::{Path, PathBuf};

/// The journal cannot do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused to read or write; after a refused write the log takes nothing more.
    #[error("{path}: {source}")]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record that was durable is not what was written. Nothing was changed; the segment comes back from a backup or another node.
    #[error("segment {segment} is damaged at byte {offset}: {what}; restore this file from its backup, nothing was changed")]
    Damaged {
        /// The segment's file name.
        segment: String,
        /// Where, in bytes from the file's beginning.
        offset: u64,
        /// What was found.
        what: String,
    },
    /// A segment is not there: its neighbours do not join.
    #[error("entries from {from} on are missing before segment {segment}; restore the missing file, nothing was changed")]
    Missing {
        /// The first missing sequence.
        from: u64,
        /// The segment behind the gap.
        segment: String,
    },
    /// Another process has the journal open.
    #[error("{path} is locked: another process has this journal open")]
    Locked {
        /// The lock's file.
        path: PathBuf,
    },
    /// An earlier write failed; what the disk holds is known only to a new [`crate::Log::open`].
    #[error("an earlier write failed, so nothing more is written; restart to read what the disk holds")]
    Poisoned,
    /// The writer and the log disagree about what comes next. Nothing was written.
    #[error("the group starts at {expected}, but the next sequence is {next}")]
    Sequence {
        /// What the caller expected.
        expected: u64,
        /// What comes next.
        next: u64,
    },
    /// An entry is too long. Nothing was written.
    #[error("an entry has {bytes} bytes, at most {max} fit")]
    TooLarge {
        /// The entry's length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
