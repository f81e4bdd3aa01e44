//! Reading entries while the log goes on.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::error::Error;
use crate::record::{HEADER_BYTES, Header};
use crate::segment;

/// One mark in so many entries bounds how many headers a read passes over.
const MARK_EVERY: u64 = 64;

/// What the log shares with its readers.
#[derive(Debug)]
pub(crate) struct Shared {
    dir: PathBuf,
    /// The last durable sequence.
    last: AtomicU64,
    segments: RwLock<Vec<Arc<Segment>>>,
}

#[derive(Debug)]
struct Segment {
    first: u64,
    /// Where some entries begin, as far as reads have come by.
    marks: Mutex<Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    every: BTreeMap<u64, u64>,
    /// Where the last read ended: the next one mostly goes on there.
    latest: Option<(u64, u64)>,
}

/// Reads durable entries, from any thread. A clone is cheap.
#[derive(Debug, Clone)]
pub struct Reader(Arc<Shared>);

impl Shared {
    pub(crate) fn new(dir: &Path, firsts: &[u64], last: u64) -> Self {
        let segments = firsts.iter().map(|first| Segment::new(*first)).collect();
        Self { dir: dir.to_owned(), last: AtomicU64::new(last), segments: RwLock::new(segments) }
    }

    /// Tells readers of a segment, before anything in it is durable.
    pub(crate) fn add_segment(&self, first: u64) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push(Segment::new(first));
    }

    /// Tells readers that entries up to `last` are durable.
    pub(crate) fn set_last(&self, last: u64) {
        self.last.store(last, Ordering::Release);
    }

    /// The segment that holds `seq`, and the sequence at which the next segment begins.
    fn segment_of(&self, seq: u64) -> Option<(Arc<Segment>, u64)> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first <= seq);
        let segment = segments.get(after.checked_sub(1)?)?;
        Some((Arc::clone(segment), segments.get(after).map_or(u64::MAX, |next| next.first)))
    }
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The last durable sequence; 0 in an empty journal.
    pub fn last(&self) -> u64 {
        self.0.last.load(Ordering::Acquire)
    }

    /// Durable entries from `from` on, with their sequences: at most `max_entries`, and at most `max_bytes` of payload unless the
    /// first alone is longer. Nothing if `from` is not durable yet.
    pub fn read(&self, from: u64, max_entries: usize, max_bytes: usize) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let last = self.last();
        let mut entries = Vec::new();
        let mut room = max_bytes;
        let mut next = from.max(1);
        while next <= last && entries.len() < max_entries {
            let Some((segment, end)) = self.0.segment_of(next) else {
                return Err(Error::Missing { from: next, segment: segment::name(next) });
            };
            let mut cursor = segment.seek(&self.0.dir, next)?;
            while next <= last && next < end && entries.len() < max_entries {
                let header = cursor.header(next)?;
                if header.length > room && !entries.is_empty() {
                    segment.remember(&cursor, next);
                    return Ok(entries);
                }
                entries.push((next, cursor.payload(&header)?));
                room = room.saturating_sub(header.length);
                next += 1;
                segment.remember(&cursor, next);
            }
        }
        Ok(entries)
    }
}

impl Segment {
    fn new(first: u64) -> Arc<Self> {
        Arc::new(Self { first, marks: Mutex::default() })
    }

    /// A cursor at the record of `seq`, which is durable and in this segment.
    fn seek(&self, dir: &Path, seq: u64) -> Result<Cursor, Error> {
        let path = segment::path(dir, self.first);
        // Opened for each read: a journal has more segments than a process may have open files.
        let file = File::open(&path).map_err(Error::io(&path))?;
        let (mut at, offset) = self.nearest(seq);
        let mut cursor = Cursor { file, path, first: self.first, offset };
        while at < seq {
            let header = cursor.header(at)?;
            cursor.pass(&header);
            at += 1;
            self.remember(&cursor, at);
        }
        Ok(cursor)
    }

    fn nearest(&self, seq: u64) -> (u64, u64) {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = marks.every.range(..=seq).next_back().map_or((self.first, segment::HEADER_BYTES), |(at, offset)| (*at, *offset));
        match marks.latest {
            Some(latest) if (mark.0..=seq).contains(&latest.0) => latest,
            _ => mark,
        }
    }

    fn remember(&self, cursor: &Cursor, seq: u64) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.latest = Some((seq, cursor.offset));
        if (seq - self.first).is_multiple_of(MARK_EVERY) {
            marks.every.insert(seq, cursor.offset);
        }
    }
}

/// A place in a segment's file.
struct Cursor {
    file: File,
    path: PathBuf,
    first: u64,
    offset: u64,
}

impl Cursor {
    fn header(&self, seq: u64) -> Result<Header, Error> {
        let mut bytes = [0; HEADER_BYTES];
        self.fill(&mut bytes, self.offset)?;
        Header::parse(&bytes).filter(|header| header.seq == seq).ok_or_else(|| self.damaged(format!("no record of entry {seq} is there")))
    }

    fn pass(&mut self, header: &Header) {
        self.offset += (HEADER_BYTES + header.length) as u64;
    }

    fn payload(&mut self, header: &Header) -> Result<Vec<u8>, Error> {
        let mut payload = vec![0; header.length];
        self.fill(&mut payload, self.offset + HEADER_BYTES as u64)?;
        if !header.matches(&payload) {
            return Err(self.damaged(format!("the checksum of entry {} is wrong", header.seq)));
        }
        self.pass(header);
        Ok(payload)
    }

    fn fill(&self, bytes: &mut [u8], at: u64) -> Result<(), Error> {
        self.file.read_exact_at(bytes, at).map_err(|source| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged("the file ends within an entry".into()),
            _ => Error::Io { path: self.path.clone(), source },
        })
    }

    fn damaged(&self, what: String) -> Error {
        Error::Damaged { segment: segment::name(self.first), offset: self.offset, what }
    }
}
