//! The log: one writer, synchronous. A group is one write and one `fdatasync`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::error::Error;
use crate::lock;
use crate::merkle::{Frontier, Hash};
use crate::reader::{Reader, Shared};
use crate::record::{self, MAX_ENTRY_BYTES};
use crate::recovery::{self, Recovery, Seals};
use crate::seal::Seal;
use crate::segment;

/// Where the journal is and how it is cut into files.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory; it exists and holds nothing else.
    pub dir: PathBuf,
    /// Length of a segment file in bytes; a group that is longer gets a longer file.
    pub segment_bytes: u64,
}

impl Options {
    /// The usual length of a segment: zeros for the next one take about 0.1 s, and opening reads one of them.
    pub const DEFAULT_SEGMENT_BYTES: u64 = 64 << 20;

    /// A journal in `dir`, with segments of the usual length.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), segment_bytes: Self::DEFAULT_SEGMENT_BYTES }
    }
}

/// The journal, open for writing by this process alone.
#[derive(Debug)]
pub struct Log {
    options: Options,
    epoch: u64,
    frontier: Frontier,
    current: Current,
    /// The next segment in preparation.
    next: Option<JoinHandle<Result<(), Error>>>,
    shared: Arc<Shared>,
    poisoned: bool,
    /// Held as long as the log is open.
    _lock: File,
}

/// The segment that is written to.
#[derive(Debug)]
struct Current {
    first: u64,
    file: File,
    /// Where the next record goes.
    end: u64,
    length: u64,
}

impl Log {
    /// Opens the journal, or begins one in an empty directory. An unfinished last write is cut.
    ///
    /// Fails and changes nothing if another process has it open or if something durable is damaged or missing.
    pub fn open(options: &Options) -> Result<(Self, Recovery), Error> {
        let dir = &options.dir;
        let lock = lock::take(dir)?;
        let mut found = recovery::look(dir, Seals::Believe)?;
        recovery::sweep(dir, &found.firsts)?;
        let epoch = found.epoch + 1;
        let last = found.frontier.leaves();
        let (current, cut_bytes) = match (found.firsts.last(), &found.last) {
            (Some(first), Some(scan)) => {
                let (file, cut) = recovery::mend(dir, *first, scan)?;
                (Current { first: *first, file, end: scan.end, length: scan.length }, cut)
            }
            _ => {
                segment::prepare(dir, options.segment_bytes)?;
                found.firsts.push(1);
                (Current::begin(options, 1, epoch, 0)?, None)
            }
        };
        // A segment may have been renamed by a process that was killed before it synced the directory.
        segment::sync_dir(dir).map_err(Error::io(dir))?;
        let segments = found.firsts.iter().map(|first| segment::name(*first)).collect();
        let shared = Arc::new(Shared::new(dir, &found.firsts, last));
        let log =
            Self { options: options.clone(), epoch, frontier: found.frontier, current, next: None, shared, poisoned: false, _lock: lock };
        Ok((log, Recovery { entries: last, cut_bytes, segments }))
    }

    /// Appends the entries of a group; all are durable when it returns the first one's sequence. An empty group writes nothing.
    ///
    /// A wrong `expected_first` or an entry beyond [`MAX_ENTRY_BYTES`] is refused and changes nothing. After any error of the
    /// system it is unknown what the disk holds: the log is poisoned, and only opening it anew tells.
    pub fn append(&mut self, expected_first: u64, group: &[Vec<u8>]) -> Result<u64, Error> {
        if self.poisoned {
            return Err(Error::Poisoned);
        }
        let first = self.last() + 1;
        if expected_first != first {
            return Err(Error::Sequence { expected: expected_first, next: first });
        }
        if let Some(long) = group.iter().find(|entry| entry.len() > MAX_ENTRY_BYTES) {
            return Err(Error::TooLarge { bytes: long.len(), max: MAX_ENTRY_BYTES });
        }
        if group.is_empty() {
            return Ok(first);
        }
        let written = self.write(first, group);
        // Linux reports a failed sync once and then forgets the lost pages: a second sync would say that all is well.
        self.poisoned = written.is_err();
        written.map(|()| first)
    }

    fn write(&mut self, first: u64, group: &[Vec<u8>]) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(group.iter().map(|entry| record::HEADER_BYTES + entry.len()).sum());
        let mut frontier = self.frontier.clone();
        for (seq, entry) in (first..).zip(group) {
            frontier.push(record::write(&mut bytes, seq, self.epoch, first, entry));
        }
        let length = bytes.len() as u64;
        // A group is never split: what is unfinished after a crash lies in the last segment only.
        if self.current.end + length > self.current.length {
            self.roll(first, length)?;
        }
        let current = &mut self.current;
        let written = current.file.write_all_at(&bytes, current.end).and_then(|()| current.file.sync_data());
        written.map_err(Error::io(&segment::path(&self.options.dir, current.first)))?;
        current.end += length;
        self.frontier = frontier;
        self.shared.set_last(self.frontier.leaves());
        self.prepare_next();
        Ok(())
    }

    /// Leaves the present segment, all of which is durable, and begins the one of `first` with room for `length` bytes of records.
    fn roll(&mut self, first: u64, length: u64) -> Result<(), Error> {
        // An empty segment that is too short for its first group is replaced: the longer file takes its name.
        let is_new = first > self.current.first;
        if is_new {
            Seal { first: self.current.first, epoch: self.epoch, frontier: self.frontier.clone() }.write(&self.options.dir)?;
        }
        match self.next.take().map(join) {
            Some(Ok(())) => {}
            // A failed preparation may have left half a file; here its error reaches the caller.
            Some(Err(_)) | None => segment::prepare(&self.options.dir, self.options.segment_bytes)?,
        }
        self.current = Current::begin(&self.options, first, self.epoch, length)?;
        if is_new {
            self.shared.add_segment(first);
            tracing::debug!(first, "a journal segment begins");
        }
        Ok(())
    }

    /// Writes the next segment's zeros beside the appends once three quarters of the present one are used.
    fn prepare_next(&mut self) {
        if self.next.is_some() || self.current.end < self.current.length / 4 * 3 {
            return;
        }
        let Options { dir, segment_bytes } = self.options.clone();
        let preparation = thread::Builder::new().name("journal-segment".into()).spawn(move || segment::prepare(&dir, segment_bytes));
        // Without a thread the segment is prepared when it is needed.
        self.next = preparation.ok();
    }

    /// The last durable sequence; 0 in an empty journal.
    pub fn last(&self) -> u64 {
        self.frontier.leaves()
    }

    /// The Merkle tree hash over all entries (RFC 6962, 2.1).
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// A reader of what is durable; it may outlive the log and be used from any thread.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // The lock must not go before the last write into the directory.
        if let Some(Err(error)) = self.next.take().map(join) {
            tracing::warn!(%error, "the next journal segment was not prepared");
        }
    }
}

fn join(preparation: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    preparation.join().unwrap_or(Err(Error::Poisoned))
}

impl Current {
    fn begin(options: &Options, first: u64, epoch: u64, records: u64) -> Result<Self, Error> {
        let bytes = options.segment_bytes.max(segment::HEADER_BYTES + records);
        let (file, length) = segment::begin(&options.dir, first, epoch, bytes)?;
        Ok(Self { first, file, end: segment::HEADER_BYTES, length })
    }
}

#[cfg(test)]
mod tests;
