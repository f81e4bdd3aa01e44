//! A look at all of a journal that changes nothing.

use std::path::Path;

use crate::error::Error;
use crate::merkle::Hash;
use crate::recovery::{self, Seals};

/// What a whole journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// Entries.
    pub entries: u64,
    /// Segment files.
    pub segments: usize,
    /// The Merkle tree's root over all entries (RFC 6962, 2.1).
    pub root: Hash,
    /// Bytes of an unfinished last write, which the next opening cuts.
    pub unfinished_bytes: Option<u64>,
}

/// Reads every byte of the journal in `dir`: checksums, order, leaf hashes and seals. Nobody may write to it meanwhile.
///
/// The error is the first fault that was found.
pub fn check(dir: &Path) -> Result<CheckReport, Error> {
    let found = recovery::look(dir, Seals::Verify)?;
    Ok(CheckReport {
        entries: found.frontier.leaves(),
        segments: found.firsts.len(),
        root: found.frontier.root(),
        unfinished_bytes: found.last.and_then(|scan| scan.used.checked_sub(scan.end)).filter(|bytes| *bytes > 0),
    })
}
