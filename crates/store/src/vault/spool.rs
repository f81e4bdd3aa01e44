//! Uploads: their records on disk, and what the vault knows of each.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::Mutex;

use super::writer::SpoolBytes;
use super::{Digest, Inner, Progress, Stored, Upload, UploadId, Vault, VaultError, blocking};
use crate::disk;

/// The first line of a record: its format and version.
const RECORD_FORMAT: &str = "vanthu-upload 1";
/// A record is some 200 bytes and an owner.
const RECORD_LIMIT: u64 = 4096;
const OWNER_LIMIT: usize = 1024;

/// One upload as the vault keeps it in memory.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) upload: Upload,
    /// The digest that the upload was found to have; from then on it takes no bytes.
    pub(super) sealed: Option<Digest>,
    pub(super) have: Arc<AtomicU64>,
    pub(super) safe: Arc<AtomicU64>,
    /// Who holds it writes, finishes or removes the upload.
    pub(super) bytes: Arc<Mutex<SpoolBytes>>,
}

impl Entry {
    fn new(upload: Upload, sealed: Option<Digest>, have: u64) -> Self {
        Self { upload, sealed, have: Arc::new(AtomicU64::new(have)), safe: Arc::new(AtomicU64::new(have)), bytes: Arc::default() }
    }
}

impl Vault {
    /// Starts an upload; its record is durable on return. Starting it again with the same declaration changes nothing.
    pub async fn start(&self, id: UploadId, upload: Upload) -> Result<Progress, VaultError> {
        let max = self.inner.max_payload_bytes;
        if upload.size > max {
            return Err(VaultError::TooLarge { size: upload.size, max });
        }
        if upload.owner.len() > OWNER_LIMIT || upload.owner.chars().any(char::is_control) {
            return Err(VaultError::BadOwner);
        }
        let entry = Entry::new(upload.clone(), None, 0);
        // Held until the record is durable, so that nobody writes before.
        let held = Arc::clone(&entry.bytes).try_lock_owned().map_err(|_| VaultError::Busy(id))?;
        {
            let mut uploads = self.inner.uploads();
            if let Some(existing) = uploads.get(&id) {
                let is_same = existing.upload == upload;
                return if is_same { Ok(progress(existing)) } else { Err(VaultError::AlreadyStarted(id)) };
            }
            uploads.insert(id, entry);
        }
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let made = File::create(inner.spool(id)).and_then(|_| write_record(&inner.uploads_dir, id, &upload, None));
            if made.is_err() {
                inner.uploads().remove(&id);
                let _ = disk::remove(&inner.spool(id));
            }
            drop(held);
            Ok(made?)
        })
        .await?;
        self.status(id)
    }

    /// How far the upload is.
    pub fn status(&self, id: UploadId) -> Result<Progress, VaultError> {
        Ok(progress(&self.inner.entry(id)?))
    }

    /// The unfinished uploads of `owner`, oldest first.
    pub fn uploads_of(&self, owner: &str) -> Vec<(UploadId, Progress)> {
        let mut found: Vec<_> = self
            .inner
            .uploads()
            .iter()
            .filter(|(_, entry)| entry.sealed.is_none() && entry.upload.owner == owner)
            .map(|(id, entry)| (*id, progress(entry)))
            .collect();
        found.sort_by_key(|(id, progress)| (progress.upload.created_ms, *id));
        found
    }

    /// How many uploads are unfinished, and how many bytes they declare together.
    pub fn unfinished(&self) -> (usize, u64) {
        let uploads = self.inner.uploads();
        let open = uploads.values().filter(|entry| entry.sealed.is_none());
        open.fold((0, 0), |(count, bytes), entry| (count + 1, bytes.saturating_add(entry.upload.size)))
    }

    /// Forgets an upload and its bytes; a payload that it finished stays. An upload that is not there is already forgotten.
    pub async fn abandon(&self, id: UploadId) -> Result<(), VaultError> {
        let Ok(entry) = self.inner.entry(id) else { return Ok(()) };
        let held = entry.bytes.try_lock_owned().map_err(|_| VaultError::Busy(id))?;
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            // The record first: a spool without a record is removed by the next open.
            disk::remove(&record_path(&inner.uploads_dir, id))?;
            disk::remove(&inner.spool(id))?;
            disk::sync_dir(&inner.uploads_dir)?;
            inner.uploads().remove(&id);
            drop(held);
            Ok(())
        })
        .await
    }

    /// Abandons uploads, finished or not, that started more than `older_than_ms` before `now_ms`; those in use stay. Returns
    /// how many went.
    pub async fn sweep(&self, older_than_ms: u64, now_ms: u64) -> Result<usize, VaultError> {
        let is_old = |entry: &Entry| entry.upload.created_ms.saturating_add(older_than_ms) < now_ms;
        let old: Vec<_> = self.inner.uploads().iter().filter(|(_, e)| is_old(e)).map(|(id, _)| *id).collect();
        let mut swept = 0;
        for id in old {
            match self.abandon(id).await {
                Ok(()) => swept += 1,
                Err(VaultError::Busy(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(swept)
    }
}

impl Inner {
    pub(super) fn uploads(&self) -> MutexGuard<'_, HashMap<UploadId, Entry>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn entry(&self, id: UploadId) -> Result<Entry, VaultError> {
        self.uploads().get(&id).cloned().ok_or(VaultError::UnknownUpload(id))
    }

    /// Records that the upload is complete and has this digest; durable on return.
    pub(super) fn seal(&self, id: UploadId, digest: Digest) -> Result<(), VaultError> {
        let upload = self.entry(id)?.upload;
        write_record(&self.uploads_dir, id, &upload, Some(digest))?;
        if let Some(entry) = self.uploads().get_mut(&id) {
            entry.sealed = Some(digest);
        }
        Ok(())
    }
}

fn progress(entry: &Entry) -> Progress {
    let size = entry.upload.size;
    Progress {
        upload: entry.upload.clone(),
        have: entry.have.load(Ordering::Acquire),
        safe: entry.safe.load(Ordering::Acquire),
        stored: entry.sealed.map(|digest| Stored { digest, size }),
    }
}

pub(super) fn spool_path(dir: &Path, id: UploadId) -> PathBuf {
    dir.join(format!("{id}"))
}

fn record_path(dir: &Path, id: UploadId) -> PathBuf {
    dir.join(format!("{id}.upload"))
}

fn write_record(dir: &Path, id: UploadId, upload: &Upload, sealed: Option<Digest>) -> io::Result<()> {
    let digest = |digest: Option<Digest>| digest.map_or_else(|| "-".to_owned(), hex::encode);
    let text = format!(
        "{RECORD_FORMAT}\nsize {}\nexpected {}\ncreated {}\nsealed {}\nowner {}\n",
        upload.size,
        digest(upload.expected),
        upload.created_ms,
        digest(sealed),
        upload.owner
    );
    disk::replace(&record_path(dir, id), &dir.join(format!("{id}.scratch")), text.as_bytes())
}

fn parse_record(text: &str) -> Option<(Upload, Option<Digest>)> {
    let digest = |text: &str| match text {
        "-" => Some(None),
        text => {
            let mut digest = [0; 32];
            hex::decode_to_slice(text, &mut digest).ok().map(|()| Some(digest))
        }
    };
    let mut lines = text.lines();
    (lines.next()? == RECORD_FORMAT).then_some(())?;
    let size = lines.next()?.strip_prefix("size ")?.parse().ok()?;
    let expected = digest(lines.next()?.strip_prefix("expected ")?)?;
    let created_ms = lines.next()?.strip_prefix("created ")?.parse().ok()?;
    let sealed = digest(lines.next()?.strip_prefix("sealed ")?)?;
    let owner = lines.next()?.strip_prefix("owner ")?.to_owned();
    Some((Upload { owner, size, expected, created_ms }, sealed))
}

/// Reads the records, makes durable what their spools hold, and removes spools and scratch files that belong to no record.
pub(super) fn load(dir: &Path) -> Result<HashMap<UploadId, Entry>, VaultError> {
    let mut uploads = HashMap::new();
    let mut others = Vec::new();
    for file in fs::read_dir(dir)? {
        let file = file?;
        let name = file.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".upload")).and_then(|id| id.parse::<UploadId>().ok());
        let Some(id) = id else {
            others.push(file.path());
            continue;
        };
        let text = if file.metadata()?.len() > RECORD_LIMIT { String::new() } else { fs::read_to_string(file.path())? };
        let Some((upload, sealed)) = parse_record(&text) else {
            tracing::warn!(record = %file.path().display(), "an upload's record does not parse; the upload is ignored");
            continue;
        };
        let have = match File::open(spool_path(dir, id)) {
            Ok(spool) => {
                // A killed process may have written bytes that are in memory only; their length is reported as safe below.
                spool.sync_data()?;
                spool.metadata()?.len()
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound && sealed.is_some() => upload.size,
            Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
            Err(e) => return Err(e.into()),
        };
        uploads.insert(id, Entry::new(upload, sealed, have));
    }
    for path in others {
        let id = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<UploadId>().ok());
        let is_scratch = path.extension().is_some_and(|extension| extension == "scratch");
        let is_stray = id.is_some_and(|id| !uploads.contains_key(&id) && !record_path(dir, id).exists());
        if is_scratch || is_stray {
            disk::remove(&path)?;
        }
    }
    Ok(uploads)
}
