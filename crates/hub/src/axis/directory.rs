//! A mirror of an axis's directory: a hundred thousand agencies and more, each with its name, its place and its codes.
//!
//! Why: a packet says of its sender what its sender's program says, the directory what its operator says; and office systems look for
//! receivers whom this hub has never met. The mirror is a cache and no truth: it is not in the journal, no rule reads it, and
//! a hub without one works. Reading order: `book.rs` is the rows in memory, `search.rs` and `words.rs` how they are searched, `gather.rs`
//! how a listing is laid over them, `file.rs` what of it survives a restart, `keep.rs` when all this is done.

mod book;
mod file;
mod gather;
mod keep;
mod search;
mod words;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ::axis as wire;
use domain::time::Timestamp;

use self::book::Book;
use self::gather::{Gathered, Scope, gather};

pub(super) use self::book::newer;
pub use self::book::{Row, Standing};

/// Why a directory was not synchronised. What was known stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The axis, or the line to it.
    #[error(transparent)]
    Wire(#[from] wire::Error),
    /// It lists far less than was known, or nothing.
    #[error(
        "the axis lists {listed} agencies where {known} were known, which is taken for an outage; if it is so, remove the file `directory` \
         of the connection and start the hub anew"
    )]
    Shrunken {
        /// Agencies that would be left.
        listed: usize,
        /// Agencies before.
        known: usize,
    },
    /// It lists more than any directory has.
    #[error("the axis lists more than a directory can have: {rows} rows with {bytes} bytes so far")]
    TooLarge {
        /// Rows so far.
        rows: usize,
        /// Bytes of their texts.
        bytes: usize,
    },
    /// The mirror is there, and was not written: the next start begins with an older one.
    #[error("the mirror cannot be written: {0}")]
    Disk(#[from] io::Error),
    /// This hub.
    #[error("the directory was not merged: {0}")]
    Hub(String),
}

/// How a mirror fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Agencies that are listed and not closed.
    pub agencies: usize,
    /// All rows: also agencies that have been closed or are listed no longer, and rows that only group others.
    pub rows: usize,
    /// The greatest version that the axis has listed; 0 where its wire has none.
    pub version: u64,
    /// When the directory was last synchronised.
    pub synced: Option<Timestamp>,
    /// The last failure, and when; none since a synchronisation worked.
    pub failure: Option<(Timestamp, String)>,
}

/// The mirror of one axis's directory. Cheap to clone; all clones are the same one.
#[derive(Debug, Clone)]
pub struct Mirror {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    book: RwLock<Arc<Book>>,
    failure: Mutex<Option<(Timestamp, String)>>,
    /// One synchronisation at a time.
    syncing: tokio::sync::Mutex<()>,
}

impl Mirror {
    /// The mirror that is kept in the file `path`; an empty one where there is none, or it is damaged. Reads some tens of megabytes.
    pub fn open(path: PathBuf) -> Self {
        let book = file::read(&path).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "the mirror of a directory cannot be used and is made anew");
            None
        });
        let book = RwLock::new(Arc::new(book.unwrap_or_default()));
        Self { inner: Arc::new(Inner { path, book, failure: Mutex::default(), syncing: tokio::sync::Mutex::default() }) }
    }

    /// The agency of a code, of either form: QĐ 20/2020/QĐ-TTg or QCVN 102:2016. Where several have had it, the one that is listed.
    pub fn lookup(&self, code: &str) -> Option<Row> {
        let book = self.book();
        book.find(code).and_then(|row| book.row(row))
    }

    /// At most `limit` agencies that have every word of `text` in their names (words may be cut short and without marks) or codes: the
    /// one that has the text as its code first, then in the order of codes. Closed ones are among them.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Row> {
        search::search(&self.book(), text, limit)
    }

    /// How it fares.
    pub fn status(&self) -> Status {
        let book = self.book();
        let failure = self.failure().clone();
        Status { agencies: book.listed(), rows: book.len(), version: book.version, synced: book.synced, failure }
    }

    /// Asks the axis for its directory: for what changed since the version that is known where the wire has versions, else for all
    /// of it. Rows are gathered as they come; lookups go on over what was known.
    ///
    /// # Errors
    /// [`Error`]; what was known stays.
    pub async fn sync(&self, axis: &dyn wire::Axis, now: Timestamp) -> Result<(), Error> {
        let _alone = self.inner.syncing.lock().await;
        let synced = self.fetch(axis, now).await;
        *self.failure() = synced.as_ref().err().map(|error| (now, error.to_string()));
        synced
    }

    async fn fetch(&self, axis: &dyn wire::Axis, now: Timestamp) -> Result<(), Error> {
        let version = self.book().version;
        if let Some(after) = version.checked_sub(1) {
            // The rows that changed last come once more. Without this, an axis that has lost its directory and one where nothing
            // has changed would give the same answer.
            let gathered = gather(axis, wire::Directory::Changes { after }).await?;
            if gathered.version >= version {
                return self.take(gathered, Scope::Changes, now).await;
            }
            tracing::warn!(version, listed = gathered.version, "the axis has gone back behind the version that is known: all is asked for");
        }
        let gathered = match gather(axis, wire::Directory::Changes { after: 0 }).await {
            Err(Error::Wire(wire::Error::Unsupported(_))) => gather(axis, wire::Directory::All).await?,
            gathered => gathered?,
        };
        self.take(gathered, Scope::Whole, now).await
    }

    async fn take(&self, gathered: Gathered, scope: Scope, now: Timestamp) -> Result<(), Error> {
        if gathered.left_out > 0 {
            tracing::warn!(rows = gathered.left_out, "the axis lists rows whose codes cannot be codes, or whose texts are too long");
        }
        let this = self.clone();
        let work = move || {
            let book = Arc::new(gather::merge(&this.book(), &gathered, scope, now)?);
            drop(gathered);
            *this.inner.book.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&book);
            Ok(file::write(&this.inner.path, &book)?)
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Hub(error.to_string()))?
    }

    fn book(&self) -> Arc<Book> {
        Arc::clone(&self.inner.book.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn failure(&self) -> std::sync::MutexGuard<'_, Option<(Timestamp, String)>> {
        self.inner.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
