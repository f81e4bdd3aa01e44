//! Payload bytes under their SHA-256.
//!
//! A payload arrives as an *upload*: a spool file that grows chunk by chunk and survives broken lines and restarts, beside a
//! small record of who uploads what. Finishing an upload checks its size and digest, makes the bytes durable under
//! `objects/<first byte>/<digest>` and only then answers. One content is stored once, whoever uploads it.
//!
//! Objects are read, listed and erased through `object_store`, in a local folder or in a remote store. The one exception is how
//! a local object comes to be: the spool is renamed into the layout of `LocalFileSystem`, because a put through the trait
//! would write every byte a second time. Reading order: [`Vault`] here, `spool` for uploads, `writer` for chunks, `objects`
//! for what is stored, `probe` for whether a remote store can be worked with.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tokio::sync::Semaphore;

mod objects;
mod probe;
#[cfg(feature = "s3")]
pub mod s3;
mod spool;
mod writer;

#[cfg(test)]
mod tests;

pub use probe::{Suspect, probe};
pub use writer::Writer;

/// SHA-256 of a payload.
pub type Digest = [u8; 32];

/// The most that is read or hashed at once, in bytes.
pub const CHUNK_BYTES: u64 = 256 * 1024;

/// Where payloads are and how large they may be.
#[derive(Debug, Clone)]
pub struct VaultOptions {
    /// Holds `uploads/`, and `objects/` if the location is local. One file system.
    pub dir: PathBuf,
    /// Where finished payloads go.
    pub location: Location,
    /// The largest payload an upload may declare, in bytes.
    pub max_payload_bytes: u64,
}

impl VaultOptions {
    /// A local vault with payloads of up to 200 MiB.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), location: Location::Local, max_payload_bytes: 200 << 20 }
    }
}

/// Where finished payloads are kept.
#[derive(Debug, Clone)]
pub enum Location {
    /// In `objects/` beside the uploads.
    Local,
    /// In an object store that acknowledges only what is durable, under the prefix `objects/`.
    Remote(Arc<dyn ObjectStore>),
    /// In a bucket of an S3-compatible service, under the prefix `objects/`. Only with the feature `s3`.
    #[cfg(feature = "s3")]
    S3(s3::Options),
}

/// Names one upload. Its text form is 32 lower-case hexadecimal digits, so that it is a safe file name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UploadId(pub [u8; 16]);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UploadId({self})")
    }
}

impl FromStr for UploadId {
    type Err = VaultError;

    fn from_str(text: &str) -> Result<Self, VaultError> {
        let is_lower_hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let mut id = [0; 16];
        if !is_lower_hex || hex::decode_to_slice(text, &mut id).is_err() {
            return Err(VaultError::BadId);
        }
        Ok(Self(id))
    }
}

/// What an upload declares when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Who uploads; the vault compares it and attaches no meaning. No control characters, at most 1 KiB.
    pub owner: String,
    /// The size of the whole payload, in bytes.
    pub size: u64,
    /// The SHA-256 that the payload must have, if the uploader knows it. Without it a spool that a power cut garbled is
    /// stored as what it is, and only the digest in the answer tells.
    pub expected: Option<Digest>,
    /// When it started, in milliseconds since 1970.
    pub created_ms: u64,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What was declared.
    pub upload: Upload,
    /// How many bytes are written; the next chunk has this offset.
    pub have: u64,
    /// How many bytes are durable; at most `have`.
    pub safe: u64,
    /// Set once the upload is finished.
    pub stored: Option<Stored>,
}

/// A payload that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 over its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// Why the vault does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The text is not 32 lower-case hexadecimal digits.
    #[error("an upload id is 32 lower-case hexadecimal digits")]
    BadId,
    /// The owner cannot be recorded.
    #[error("an owner is at most 1 KiB and has no control characters")]
    BadOwner,
    /// No such upload.
    #[error("there is no upload {0}")]
    UnknownUpload(UploadId),
    /// The id is taken by an upload that declares something else.
    #[error("upload {0} was started with another declaration")]
    AlreadyStarted(UploadId),
    /// Another stream writes this upload, or it is being finished.
    #[error("upload {0} is in use by another stream")]
    Busy(UploadId),
    /// The upload is finished or being finished and takes no more bytes.
    #[error("upload {0} is finished")]
    Finished(UploadId),
    /// The chunk does not continue what is there.
    #[error("the chunk starts at {offset}, the upload has {have} bytes")]
    OffsetMismatch {
        /// Where the chunk would start.
        offset: u64,
        /// Where it must start.
        have: u64,
    },
    /// The declared size is over the limit.
    #[error("a payload of {size} bytes is over the limit of {max}")]
    TooLarge {
        /// What is declared or stored.
        size: u64,
        /// The limit.
        max: u64,
    },
    /// The chunk goes past the declared size.
    #[error("the chunk ends at {end}, the declared size is {size}")]
    PastEnd {
        /// Where the chunk would end.
        end: u64,
        /// What was declared.
        size: u64,
    },
    /// The upload is not complete.
    #[error("the upload has {have} bytes of {size}")]
    SizeMismatch {
        /// What is there.
        have: u64,
        /// What was declared.
        size: u64,
    },
    /// The bytes are not those that were declared; the upload can only be abandoned.
    #[error("the payload has digest {}, {} was declared", hex::encode(found), hex::encode(expected))]
    DigestMismatch {
        /// What was declared.
        expected: Digest,
        /// What the bytes have.
        found: Digest,
    },
    /// No payload has this digest.
    #[error("there is no payload {}", hex::encode(.0))]
    NotStored(Digest),
    /// The offset lies behind the payload's end.
    #[error("offset {offset} is past the end of a payload of {size} bytes")]
    OutOfRange {
        /// Where reading would start.
        offset: u64,
        /// The payload's size.
        size: u64,
    },
    /// The stored bytes do not have the digest they are stored under.
    #[error("the stored payload {} is damaged", hex::encode(.0))]
    Damaged(Digest),
    /// The file system refused.
    #[error("the file system refused the vault: {0}")]
    Io(#[from] io::Error),
    /// The local folder of objects refused.
    #[error("the folder of payloads refused: {}", causes(.0))]
    Objects(#[source] object_store::Error),
    /// The remote store refused or cannot be reached. Nothing is lost: an upload that was to be finished can be finished again.
    #[error("the payload store refused: {}", causes(.0))]
    Remote(#[source] object_store::Error),
    /// The remote store gave other bytes back than it was given.
    #[error("the payload store does not give back what was put there")]
    NotKept,
}

/// The error and what lies under it, in one line; a cause that the text before tells already is left out. A store's answer may be
/// long, and what it says first is what counts.
fn causes(error: &object_store::Error) -> String {
    let mut told = error.to_string();
    let mut under = error.source();
    while let Some(cause) = under {
        let text = cause.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        under = cause.source();
    }
    let words: Vec<_> = told.split_whitespace().collect();
    words.join(" ").chars().take(CAUSES_CHARACTERS).collect()
}

const CAUSES_CHARACTERS: usize = 1_000;

/// The vault. A clone is another handle on the same one; one process uses a directory.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    uploads_dir: PathBuf,
    dir: PathBuf,
    is_local: bool,
    objects: Arc<dyn ObjectStore>,
    max_payload_bytes: u64,
    uploads: Mutex<HashMap<UploadId, spool::Entry>>,
    /// Who holds a place sends a payload to the remote store; the others wait without a byte in memory.
    sending: Semaphore,
}

impl Vault {
    /// Opens the vault, or makes an empty one, and takes up the uploads that a restart interrupted.
    pub async fn open(options: VaultOptions) -> Result<Self, VaultError> {
        let VaultOptions { dir, location, max_payload_bytes } = options;
        blocking(move || {
            let uploads_dir = dir.join("uploads");
            std::fs::create_dir_all(&uploads_dir)?;
            std::fs::create_dir_all(dir.join("objects"))?;
            crate::disk::sync_dir(&dir)?;
            crate::disk::sync_parent(&dir)?;
            let (is_local, objects): (_, Arc<dyn ObjectStore>) = match location {
                Location::Local => {
                    let local = LocalFileSystem::new_with_prefix(&dir).map_err(VaultError::Objects)?;
                    (true, Arc::new(local.with_fsync(true)))
                }
                Location::Remote(remote) => (false, remote),
                #[cfg(feature = "s3")]
                Location::S3(options) => (false, s3::connect(options)?),
            };
            let uploads = Mutex::new(spool::load(&uploads_dir)?);
            let sending = Semaphore::new(objects::REMOTE_SENDS);
            Ok(Self { inner: Arc::new(Inner { uploads_dir, dir, is_local, objects, max_payload_bytes, uploads, sending }) })
        })
        .await
    }

    /// How many bytes of the vault's file system are free to this process.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.inner.dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl Inner {
    fn spool(&self, id: UploadId) -> PathBuf {
        spool::spool_path(&self.uploads_dir, id)
    }

    /// Where `LocalFileSystem` looks for the object of this digest.
    fn object_file(&self, digest: &Digest) -> PathBuf {
        self.dir.join(Path::new(&objects::location(digest).to_string()))
    }
}

/// Runs file work off the async threads. It runs to its end even if the caller is dropped.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, VaultError> + Send + 'static) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| VaultError::Io(io::Error::other(e)))?
}
