//! Opening a journal: what earlier runs left is found, and only an unfinished last write is cut.
//!
//! Full segments are known by their seals; one without a seal is read. The last segment is read whole. Its records end at the
//! first bytes that are no record: either nothing was written there, or a write did not finish, or something durable is damaged.
//! A record of a later group behind that place tells damage from an unfinished write.

use std::fs::{self, File};
use std::path::Path;

use crate::error::Error;
use crate::merkle::Frontier;
use crate::seal::{self, Seal};
use crate::segment::{self, Depth, Scan};

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Entries in the journal.
    pub entries: u64,
    /// Bytes of an unfinished last write that were cut; nobody was told that they were durable.
    pub cut_bytes: Option<u64>,
    /// The segments' file names, in order.
    pub segments: Vec<String>,
}

/// A journal as its files have it.
pub(crate) struct Found {
    pub(crate) firsts: Vec<u64>,
    pub(crate) frontier: Frontier,
    pub(crate) epoch: u64,
    /// The last segment; none in an empty directory.
    pub(crate) last: Option<Scan>,
}

/// Whether seals are believed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seals {
    /// A whole seal stands for its segment.
    Believe,
    /// Every segment is read, and its seal must say the same.
    Verify,
}

/// Reads what is there and changes nothing.
pub(crate) fn look(dir: &Path, seals: Seals) -> Result<Found, Error> {
    let firsts = segment::list(dir)?;
    let mut found = Found { firsts: firsts.clone(), frontier: Frontier::default(), epoch: 0, last: None };
    for (i, first) in firsts.iter().enumerate() {
        let next = found.frontier.leaves() + 1;
        if *first > next {
            return Err(Error::Missing { from: next, segment: segment::name(*first) });
        }
        if *first < next {
            return Err(damaged(*first, 0, "it begins with an entry that the segment before it holds too"));
        }
        match firsts.get(i + 1) {
            Some(following) => full_segment(dir, *first, *following, seals, &mut found)?,
            None => found.last = Some(last_segment(dir, *first, seals, &mut found)?),
        }
    }
    Ok(found)
}

fn full_segment(dir: &Path, first: u64, following: u64, seals: Seals, found: &mut Found) -> Result<(), Error> {
    let seal = Seal::read(dir, first);
    if seals == Seals::Believe
        && let Some(seal) = &seal
        && seal.frontier.leaves() + 1 == following
    {
        found.epoch = seal.epoch;
        found.frontier = seal.frontier.clone();
        return Ok(());
    }
    let scan = segment::scan(dir, first, depth(seals), &mut found.frontier)?;
    if scan.used > scan.end {
        return Err(damaged(first, scan.end, &format!("no record of entry {} is there", scan.next)));
    }
    if scan.next < following {
        return Err(Error::Missing { from: scan.next, segment: segment::name(following) });
    }
    found.epoch = scan.epoch;
    if seals == Seals::Verify && seal.is_some_and(|seal| seal.frontier != found.frontier) {
        return Err(damaged(first, scan.end, "its seal tells other hashes than its records"));
    }
    Ok(())
}

fn last_segment(dir: &Path, first: u64, seals: Seals, found: &mut Found) -> Result<Scan, Error> {
    let scan = segment::scan(dir, first, depth(seals), &mut found.frontier)?;
    if let Some(later) = scan.later {
        let what = format!("no record of entry {} is there, but a later one is at byte {later}", scan.next);
        return Err(damaged(first, scan.end, &what));
    }
    found.epoch = found.epoch.max(scan.epoch);
    Ok(scan)
}

fn depth(seals: Seals) -> Depth {
    match seals {
        Seals::Believe => Depth::Checksums,
        Seals::Verify => Depth::LeafHashes,
    }
}

fn damaged(first: u64, offset: u64, what: &str) -> Error {
    Error::Damaged { segment: segment::name(first), offset, what: what.into() }
}

/// Makes the last segment fit to go on with: the rest of an unfinished write becomes zeros, and what is read is durable.
pub(crate) fn mend(dir: &Path, first: u64, scan: &Scan) -> Result<(File, Option<u64>), Error> {
    let path = segment::path(dir, first);
    let file = File::options().read(true).write(true).open(&path).map_err(Error::io(&path))?;
    let cut = (scan.used > scan.end).then_some(scan.used - scan.end);
    let mended = match cut {
        Some(_) => segment::write_zeros(&file, scan.end, scan.used),
        None => Ok(()),
    };
    // A killed process may have written what it never synced: it is in the system's memory, and only this makes it durable.
    mended.and_then(|()| file.sync_all()).map_err(Error::io(&path))?;
    Ok((file, cut))
}

/// Removes what an interrupted preparation or sealing left.
pub(crate) fn sweep(dir: &Path, firsts: &[u64]) -> Result<(), Error> {
    let mut leftovers = vec![segment::prepared_path(dir)];
    leftovers.extend(firsts.iter().map(|first| seal::path(dir, *first).with_extension("seal-new")));
    for path in leftovers {
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Io { path, source }),
        }
    }
    Ok(())
}
