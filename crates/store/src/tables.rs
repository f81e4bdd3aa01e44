//! Rows over sled, applied in groups that carry the journal's sequence.
//!
//! One sled tree holds every table: the key of a row is its table's number followed by its own key. Table number 0 is this
//! module's: it holds the sequence that was applied last and the schema of the rows, in the same atomic batch as the rows.
//!
//! sled's `flush` ends in `sync_file_range` and is not safe against power loss, hence four rules: (a) a checkpoint ends with
//! `fdatasync` through a second descriptor; (b) no row is large enough to become a blob file, which sled never syncs; (c) a
//! half-written snapshot is deleted before sled sees it; (d) the files sled creates are synced once after creation.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use domain::state::{self, Changes, Fault, MAX_ROW_BYTES, SCHEMA, State, Table, full_key};

mod open;

#[cfg(test)]
mod tests;

/// The table of this module's own rows.
const META: Table = Table { name: "meta", number: 0 };
const APPLIED: &[u8] = b"applied_seq";
const SCHEMA_KEY: &[u8] = b"schema";

/// The longest key of a row, in bytes. Inner nodes repeat keys, so that long ones would grow past the blob limit too.
pub const MAX_KEY_BYTES: usize = 2048;

/// Where the tables are and what memory they may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory that sled owns. It is created if it is absent.
    pub dir: PathBuf,
    /// How many bytes of pages sled keeps in memory; the process grows by about this much.
    pub cache_bytes: u64,
}

impl Options {
    /// Tables in `dir` with 64 MiB of cache.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), cache_bytes: 64 << 20 }
    }
}

/// Why tables do not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// sled cannot read its files, or they break a rule of this module. The remedy is [`Tables::set_aside`] and a rebuild.
    #[error("the tables in {dir} are damaged: {cause}")]
    Damaged {
        /// The directory at fault.
        dir: PathBuf,
        /// What was found.
        cause: String,
    },
    /// The rows were written in another shape. The remedy is [`Tables::set_aside`] and a rebuild.
    #[error("the tables have schema {found}, this program reads schema {expected}")]
    OtherSchema {
        /// What the tables say.
        found: u32,
        /// What this program writes.
        expected: u32,
    },
    /// Another process holds the tables.
    #[error("the tables in {dir} are held by another process")]
    Locked {
        /// The directory that is held.
        dir: PathBuf,
    },
    /// The file system refused.
    #[error("the file system refused the tables")]
    Io(#[from] io::Error),
}

/// The tables. A clone is another handle on the same ones.
///
/// A scan is not a snapshot: it sees groups that are applied while it runs. The desk, which applies groups from one task,
/// scans between groups; other readers must bear a group that arrives in the middle.
#[derive(Clone)]
pub struct Tables {
    inner: Arc<Inner>,
}

struct Inner {
    db: sled::Db,
    // Opened before the first write: the kernel reports a write-back error once per descriptor, and sled swallows its own.
    file: File,
    dir: PathBuf,
    applying: Mutex<()>,
}

impl Tables {
    /// Opens the tables, or makes empty ones with an applied sequence of 0.
    ///
    /// Waits up to five seconds for a lock that a process is about to let go of. A panic of sled over damaged files becomes
    /// [`OpenError::Damaged`]; pages that opening does not touch are found by [`Tables::verify`] or by
    /// the read that meets them, which leaves a mark that makes the next opening [`OpenError::Damaged`].
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        let (db, file) = open::open(options)?;
        let tables = Self { inner: Arc::new(Inner { db, file, dir: options.dir.clone(), applying: Mutex::new(()) }) };
        tables.check_meta()?;
        Ok(tables)
    }

    /// Moves the tables in `dir` to `<dir>.damaged-<n>`, keeps the last two such directories and returns the new place.
    ///
    /// The tables must be closed. The move is durable on return.
    pub fn set_aside(dir: &Path) -> io::Result<PathBuf> {
        open::set_aside(dir)
    }

    /// Leaves a mark where sled met damage: pages that opening does not touch would else be met again after every start.
    fn marked<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &result
            && let Err(error) = std::fs::write(self.inner.dir.join(open::MARK), &fault.0)
        {
            tracing::warn!(%error, "the damage of the tables cannot be marked");
        }
        result
    }

    fn check_meta(&self) -> Result<(), OpenError> {
        let damaged = |cause: String| OpenError::Damaged { dir: self.inner.dir.clone(), cause };
        let schema = self.get(META, SCHEMA_KEY).map_err(|fault| damaged(fault.0))?;
        match schema {
            Some(bytes) => {
                let bytes = bytes.try_into().map_err(|_| damaged("the schema row is not four bytes".to_owned()))?;
                let found = u32::from_be_bytes(bytes);
                if found != SCHEMA {
                    return Err(OpenError::OtherSchema { found, expected: SCHEMA });
                }
                self.applied().map(drop).map_err(|fault| damaged(fault.0))
            }
            None => {
                let first = guard("looking for a first row", || self.inner.db.first()).map_err(|fault| damaged(fault.0))?;
                if first.is_some() {
                    return Err(damaged("there are rows and no schema".to_owned()));
                }
                let mut batch = sled::Batch::default();
                batch.insert(full_key(META, SCHEMA_KEY), &SCHEMA.to_be_bytes());
                batch.insert(full_key(META, APPLIED), &0u64.to_be_bytes());
                guard("writing the schema", || self.inner.db.apply_batch(batch)).map_err(|fault| damaged(fault.0))?;
                self.checkpoint().map_err(|fault| damaged(fault.0))
            }
        }
    }

    /// The sequence of the last journal entry that these rows reflect; 0 before the first.
    pub fn applied(&self) -> Result<u64, Fault> {
        let bytes = self.get(META, APPLIED)?.ok_or_else(|| Fault("the applied sequence is missing".to_owned()))?;
        let bytes = bytes.try_into().map_err(|_| Fault("the applied sequence is not eight bytes".to_owned()))?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// Applies one group of changes and moves the applied sequence to `last_seq`: after a crash both are there or neither.
    ///
    /// The group is visible on return and durable after the next [`Tables::checkpoint`]. A row or key over its limit, a key
    /// outside every table, and a sequence that does not move forward are faults that change nothing.
    pub fn apply(&self, last_seq: u64, changes: &Changes) -> Result<(), Fault> {
        let _one_at_a_time = self.inner.applying.lock().unwrap_or_else(PoisonError::into_inner);
        let applied = self.applied()?;
        if last_seq <= applied {
            return Err(Fault(format!("sequence {last_seq} is not after the applied sequence {applied}")));
        }
        let mut batch = sled::Batch::default();
        for (key, change) in changes {
            check_row(key, change.as_deref())?;
            match change {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        batch.insert(full_key(META, APPLIED), &last_seq.to_be_bytes());
        self.marked(guard("applying a group", || self.inner.db.apply_batch(batch)))
    }

    /// Makes every applied group durable. After a fault the durable state is unknown: the process stops and recovers.
    pub fn checkpoint(&self) -> Result<(), Fault> {
        self.marked(guard("flushing", || self.inner.db.flush()))?;
        self.marked(self.inner.file.sync_data().map_err(|e| Fault(format!("fdatasync: {e}"))))
    }

    /// Every row in key order, table 0 included: two tables that applied the same groups give the same bytes.
    pub fn dump(&self) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), Fault>> + use<> {
        let mut rows = self.inner.db.iter();
        std::iter::from_fn(move || next_row(&mut rows).transpose()).map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// Reads every row and returns how many there are; damage that opening did not touch is a fault here.
    pub fn verify(&self) -> Result<u64, Fault> {
        let mut rows = self.inner.db.iter();
        let mut count = 0;
        while self.marked(next_row(&mut rows))?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    /// Makes everything durable and returns when sled has let go of its lock, so that the next open succeeds at once.
    ///
    /// Other clones keep the lock: they are dropped first, or this is a fault after five seconds.
    pub fn close(self) -> Result<(), Fault> {
        self.checkpoint()?;
        let dir = self.inner.dir.clone();
        // sled's destructor writes once more and may panic over damage that it meets there.
        catch_unwind(AssertUnwindSafe(move || drop(self))).map_err(|panic| Fault(open::panic_text(&*panic)))?;
        match open::wait_until_unlocked(&dir, open::LOCK_PATIENCE) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault("the tables are still held after closing".to_owned())),
            Err(e) => Err(Fault(format!("looking at the lock: {e}"))),
        }
    }
}

impl State for Tables {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let value = self.marked(guard("reading a row", || self.inner.db.get(full_key(table, key))))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, table: Table, from: &[u8], visit: &mut state::Visit<'_>) -> Result<(), Fault> {
        let mut rows = self.inner.db.range(full_key(table, from)..);
        while let Some((key, value)) = self.marked(next_row(&mut rows))? {
            let Some((number, key)) = key.split_first() else { continue };
            if *number != table.number || visit(key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn scan_back(&self, table: Table, before: &[u8], visit: &mut state::Visit<'_>) -> Result<(), Fault> {
        let mut rows = self.inner.db.range(..full_key(table, before)).rev();
        while let Some((key, value)) = self.marked(next_row(&mut rows))? {
            let Some((number, key)) = key.split_first() else { continue };
            if *number != table.number || visit(key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn next_row(rows: &mut impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>>) -> Result<Option<(sled::IVec, sled::IVec)>, Fault> {
    guard("reading rows", || rows.next().transpose())
}

fn check_row(key: &[u8], value: Option<&[u8]>) -> Result<(), Fault> {
    match key.first() {
        None => return Err(Fault("a change has an empty key".to_owned())),
        Some(&number) if number == META.number => return Err(Fault("a change is in the table of meta rows".to_owned())),
        Some(_) => {}
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(Fault(format!("a key of {} bytes is over the limit of {MAX_KEY_BYTES}", key.len())));
    }
    let size = value.map_or(0, <[u8]>::len);
    if size > MAX_ROW_BYTES {
        return Err(Fault(format!("a row of {size} bytes is over the limit of {MAX_ROW_BYTES}")));
    }
    Ok(())
}

/// Runs one operation of sled; its errors and its panics over damaged pages are faults alike.
fn guard<T>(what: &str, operation: impl FnOnce() -> sled::Result<T>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(operation)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(Fault(format!("{what}: {e}"))),
        Err(panic) => Err(Fault(format!("{what}: sled panicked: {}", open::panic_text(&*panic)))),
    }
}
