//! Opening the data directory: the journal first, then the tables, which are brought up to the journal or made anew from it.

use std::path::{Path, PathBuf};

use domain::event;
use domain::state::Overlay;
use journal::{Log, Reader};
use store::tables::{OpenError, Tables};

use crate::config::Config;

/// Entries that one group of a replay applies: enough to make the group's cost small, and well within memory.
const REPLAY_GROUP: usize = 1_000;
/// Bytes that one group of a replay reads at most, unless one entry is larger.
const REPLAY_BYTES: usize = 8 << 20;

/// The data cannot be served. Nothing was changed that was good.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be opened.
    #[error("the journal: {0}")]
    Journal(#[from] journal::Error),
    /// An entry cannot be read.
    #[error(
        "journal entry {seq} cannot be read: {cause}; it is intact on disk, so this hub is older than the one that wrote it, or at fault"
    )]
    Entry {
        /// Which.
        seq: u64,
        /// Why.
        cause: String,
    },
    /// The tables cannot be opened, and making them anew would not help.
    #[error("the tables: {0}")]
    Tables(#[from] OpenError),
    /// A row or a change is at fault.
    #[error(transparent)]
    Fault(#[from] domain::state::Fault),
    /// The tables know more than the journal: the journal lost entries, or belongs to another home.
    #[error(
        "the tables hold {applied} entries and the journal only {journal}: the journal lost entries or is another hub's; restore the journal from its copy, nothing was changed"
    )]
    TablesAhead {
        /// What the tables applied.
        applied: u64,
        /// What the journal holds.
        journal: u64,
    },
    /// A directory cannot be made or moved.
    #[error("{path}: {source}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What opening did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Entries in the journal.
    pub entries: u64,
    /// Bytes of a torn last write that were cut off; they were never acknowledged.
    pub cut_bytes: Option<u64>,
    /// Entries that the tables lacked.
    pub replayed: u64,
    /// Where damaged tables were moved, if they were.
    pub set_aside: Option<PathBuf>,
}

/// The journal's and the tables' directories under the data directory.
pub fn directories(data: &Path) -> (PathBuf, PathBuf) {
    (data.join("journal"), data.join("tables"))
}

/// What becomes of tables that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// They are used, and made anew only if they are damaged or of another schema.
    Use,
    /// They are set aside and made anew.
    SetAside,
}

/// Opens journal and tables. The journal's lock comes first: whoever has it may touch the tables.
pub fn open(data: &Path, config: &Config, existing: Existing) -> Result<(Log, Tables, Summary), Error> {
    let (journal_dir, tables_dir) = directories(data);
    for dir in [&journal_dir, &tables_dir] {
        std::fs::create_dir_all(dir).map_err(|source| Error::Directory { path: dir.clone(), source })?;
    }
    let (log, recovery) = Log::open(&journal::Options { dir: journal_dir, segment_bytes: config.data.journal_segment.0 })?;
    let mut summary = Summary { entries: recovery.entries, cut_bytes: recovery.cut_bytes, ..Summary::default() };
    let options = store::tables::Options { dir: tables_dir.clone(), cache_bytes: config.data.table_cache.0 };
    if existing == Existing::SetAside {
        summary.set_aside = Some(set_aside(&tables_dir)?);
    }
    let tables = match Tables::open(&options) {
        Ok(tables) => tables,
        Err(error @ (OpenError::Damaged { .. } | OpenError::OtherSchema { .. })) => {
            tracing::warn!(%error, "the tables are made anew from the journal");
            summary.set_aside = Some(set_aside(&tables_dir)?);
            Tables::open(&options)?
        }
        Err(other) => return Err(other.into()),
    };
    let applied = tables.applied()?;
    if applied > log.last() {
        return Err(Error::TablesAhead { applied, journal: log.last() });
    }
    summary.replayed = replay(&log.reader(), &tables, log.last())?;
    Ok((log, tables, summary))
}

fn set_aside(dir: &Path) -> Result<PathBuf, Error> {
    Tables::set_aside(dir).map_err(|source| Error::Directory { path: dir.to_owned(), source })
}

/// Applies the entries that the tables lack, up to `last`; says how many.
pub fn replay(reader: &Reader, tables: &Tables, last: u64) -> Result<u64, Error> {
    let mut next = tables.applied()? + 1;
    let first = next;
    while next <= last {
        let entries = reader.read(next, REPLAY_GROUP, REPLAY_BYTES)?;
        let mut overlay = Overlay::new(tables);
        let mut done = None;
        for (seq, bytes) in &entries {
            let entry = journal::stored::decode(bytes).map_err(|cause| Error::Entry { seq: *seq, cause: cause.to_string() })?;
            event::apply(*seq, &entry, &mut overlay)?;
            done = Some(*seq);
        }
        let Some(done) = done else {
            return Err(Error::Entry { seq: next, cause: "the journal ends before it".into() });
        };
        tables.apply(done, &overlay.into_changes())?;
        next = done + 1;
    }
    if next > first {
        tables.checkpoint()?;
    }
    Ok(next - first)
}
