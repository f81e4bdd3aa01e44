//! Segments: the files of the journal, `<first sequence, 20 digits>.log`, filled from the front and then left alone.
//!
//! A segment is written full of zeros and synced before its first use. An append then overwrites blocks that the file has, and
//! its `fdatasync` changes no metadata (measured: half the time of a growing file). `fallocate` would not do: its blocks are
//! marked unwritten, and the mark's change is metadata.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crc32c::crc32c;

use crate::error::Error;
use crate::merkle::Frontier;
use crate::record::{self, u32_at, u64_at};

/// Bytes of a segment before its first record.
pub(crate) const HEADER_BYTES: u64 = 64;
const MAGIC: &[u8; 8] = b"vanthu-j";
const VERSION: u32 = 1;
const ZEROS: usize = 1 << 20;
/// A segment in preparation; it has no name of its own until its first sequence is known.
const PREPARED: &str = "next.prepared";

/// The file name of the segment that begins with this sequence.
pub(crate) fn name(first: u64) -> String {
    format!("{first:020}.log")
}

pub(crate) fn path(dir: &Path, first: u64) -> PathBuf {
    dir.join(name(first))
}

pub(crate) fn prepared_path(dir: &Path) -> PathBuf {
    dir.join(PREPARED)
}

/// The first sequences of all segments, in order.
pub(crate) fn list(dir: &Path) -> Result<Vec<u64>, Error> {
    let mut firsts = Vec::new();
    for entry in fs::read_dir(dir).map_err(Error::io(dir))? {
        let entry = entry.map_err(Error::io(dir))?;
        firsts.extend(first_of(&entry.file_name()));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

fn first_of(file_name: &OsStr) -> Option<u64> {
    let first = file_name.to_str()?.strip_suffix(".log")?.parse().ok()?;
    // Only the one spelling is a segment.
    (OsStr::new(&name(first)) == file_name).then_some(first)
}

/// Writes a file of zeros that waits to become a segment, and syncs it.
pub(crate) fn prepare(dir: &Path, bytes: u64) -> Result<(), Error> {
    let path = prepared_path(dir);
    let file = File::create(&path).map_err(Error::io(&path))?;
    write_zeros(&file, 0, bytes).and_then(|()| file.sync_all()).map_err(Error::io(&path))
}

/// Makes the prepared file the segment that begins with `first`, with room for `bytes`; durable when it returns.
pub(crate) fn begin(dir: &Path, first: u64, epoch: u64, bytes: u64) -> Result<(File, u64), Error> {
    let prepared = prepared_path(dir);
    let file = File::options().read(true).write(true).open(&prepared).map_err(Error::io(&prepared))?;
    let begun = (|| {
        let length = file.metadata()?.len();
        if length < bytes {
            write_zeros(&file, length, bytes)?;
        }
        file.write_all_at(&header(first, epoch), 0)?;
        file.sync_all()?;
        fs::rename(&prepared, path(dir, first))?;
        sync_dir(dir)?;
        Ok(length.max(bytes))
    })();
    begun.map(|length| (file, length)).map_err(Error::io(&path(dir, first)))
}

pub(crate) fn write_zeros(file: &File, from: u64, to: u64) -> std::io::Result<()> {
    let zeros = vec![0; ZEROS];
    let mut at = from;
    while at < to {
        let count = usize::try_from(to - at).map_or(ZEROS, |rest| rest.min(ZEROS));
        file.write_all_at(zeros.get(..count).unwrap_or(&zeros), at)?;
        at += count as u64;
    }
    Ok(())
}

pub(crate) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

fn header(first: u64, epoch: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&epoch.to_le_bytes());
    bytes.resize(HEADER_BYTES as usize - 4, 0);
    bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
    bytes
}

/// The epoch that made the segment, if the header is whole and names `first`.
fn parse_header(bytes: &[u8], first: u64) -> Result<u64, &'static str> {
    let header: &[u8; HEADER_BYTES as usize] = bytes.first_chunk().ok_or("the file ends within its header")?;
    if !header.starts_with(MAGIC) {
        return Err("it does not begin as a segment");
    }
    if u32_at(header, 8) != Some(VERSION) {
        return Err("its format is of a version that this program does not know");
    }
    let (head, checksum) = header.split_at(HEADER_BYTES as usize - 4);
    if u32_at(checksum, 0) != Some(crc32c(head)) {
        return Err("the header's checksum is wrong");
    }
    if u64_at(header, 16) != Some(first) {
        return Err("the header names another first sequence than the file's name");
    }
    u64_at(header, 24).ok_or("the file ends within its header")
}

/// What a segment holds, from its header to the first bytes that are no record.
pub(crate) struct Scan {
    /// The sequence after its last record.
    pub(crate) next: u64,
    /// Where its last record ends.
    pub(crate) end: u64,
    /// The file's length.
    pub(crate) length: u64,
    /// The newest epoch in it.
    pub(crate) epoch: u64,
    /// The end of the last byte that is not zero; [`Scan::end`] if only zeros follow.
    pub(crate) used: u64,
    /// Where a record of a later group than the expected one begins: what lies between was durable and is damaged.
    pub(crate) later: Option<u64>,
}

/// How closely records are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Checksums; leaf hashes as stored.
    Checksums,
    /// Leaf hashes are computed too.
    LeafHashes,
}

/// Reads a whole segment and adds its leaves to `frontier`.
pub(crate) fn scan(dir: &Path, first: u64, depth: Depth, frontier: &mut Frontier) -> Result<Scan, Error> {
    let path = path(dir, first);
    let bytes = fs::read(&path).map_err(Error::io(&path))?;
    let damaged = |offset: usize, what: &str| Error::Damaged { segment: name(first), offset: offset as u64, what: what.into() };
    let mut epoch = parse_header(&bytes, first).map_err(|what| damaged(0, what))?;
    let mut at = HEADER_BYTES as usize;
    let mut next = first;
    while let Some((header, payload)) = bytes.get(at..).and_then(record::parse) {
        if header.seq != next || header.epoch < epoch {
            break;
        }
        if depth == Depth::LeafHashes && crate::merkle::leaf_hash(payload) != header.leaf {
            return Err(damaged(at, "the leaf hash is not that of the payload"));
        }
        frontier.push(header.leaf);
        epoch = header.epoch;
        next += 1;
        at += record::HEADER_BYTES + payload.len();
    }
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(at, |last| at.max(last + 1));
    let later = later_group(&bytes, at, used, next).map(|at| at as u64);
    Ok(Scan { next, end: at as u64, length: bytes.len() as u64, epoch, used: used as u64, later })
}

/// Looks behind the last good record for one whose group began after `next`. Such a group was written only when all before it was
/// durable. A record of the group that `next` belongs to proves nothing: the disk may keep the pages of one unsynced write in any order.
fn later_group(bytes: &[u8], from: usize, used: usize, next: u64) -> Option<usize> {
    // A record needs at least its header, so that no later sequence than this can lie in the rest.
    let most = next.saturating_add((bytes.len() / record::HEADER_BYTES) as u64);
    (from..used).find(|at| {
        let group = u64_at(bytes, at + 24);
        group.is_some_and(|group| group > next && group <= most)
            && bytes.get(*at..).and_then(record::parse).is_some_and(|(header, _)| header.seq <= most)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_spelling_names_a_segment() {
        for (text, first) in [
            ("00000000000000000001.log", Some(1)),
            ("18446744073709551615.log", Some(u64::MAX)),
            ("1.log", None),
            ("+0000000000000000001.log", None),
            ("00000000000000000001.seal", None),
        ] {
            assert_eq!(first_of(OsStr::new(text)), first, "{text}");
        }
    }
}
