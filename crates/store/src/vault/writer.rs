//! Chunks into a spool, hashed on the way.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tokio::sync::OwnedMutexGuard;

use super::spool::Entry;
use super::{CHUNK_BYTES, Digest, UploadId, Vault, VaultError, blocking};

/// A spool's bytes as far as they are hashed. It outlives a stream, so that the next one need not hash from the start.
pub(super) struct SpoolBytes {
    file: Option<Arc<File>>,
    hash: Context,
    hashed: u64,
}

impl Default for SpoolBytes {
    fn default() -> Self {
        Self { file: None, hash: Context::new(&SHA256), hashed: 0 }
    }
}

/// The one stream that writes an upload. It buffers nothing: a chunk is written and hashed before `write` returns.
///
/// A call that is dropped half-way still ends in the background, as if it had been awaited. The upload is
/// [`VaultError::Busy`] until then, and this writer is of no more use.
pub struct Writer {
    id: UploadId,
    entry: Entry,
    held: Option<OwnedMutexGuard<SpoolBytes>>,
}

impl Vault {
    /// Takes the upload for writing; [`VaultError::Busy`] while another stream has it.
    pub async fn writer(&self, id: UploadId) -> Result<Writer, VaultError> {
        let entry = self.inner.entry(id)?;
        let mut held = Arc::clone(&entry.bytes).try_lock_owned().map_err(|_| VaultError::Busy(id))?;
        // Looked up again under the lock: the upload may have been finished or abandoned in between.
        let entry = self.inner.entry(id)?;
        if entry.sealed.is_some() {
            return Err(VaultError::Finished(id));
        }
        let path = self.inner.spool(id);
        let held = blocking(move || {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            held.file = Some(Arc::new(file));
            Ok(held)
        })
        .await?;
        Ok(Writer { id, entry, held: Some(held) })
    }

    /// Writes one chunk by a writer of its own. A stream of chunks takes a [`Vault::writer`] instead.
    pub async fn write(&self, id: UploadId, offset: u64, chunk: Bytes) -> Result<u64, VaultError> {
        self.writer(id).await?.write(offset, chunk).await
    }

    /// Makes what the upload has durable and returns its length.
    pub async fn sync(&self, id: UploadId) -> Result<u64, VaultError> {
        self.writer(id).await?.sync().await
    }
}

impl Writer {
    /// How many bytes the upload has: the offset of the next chunk.
    pub fn have(&self) -> u64 {
        self.entry.have.load(Ordering::Acquire)
    }

    /// Appends a chunk and returns the new length, which is durable after the next [`Writer::sync`].
    pub async fn write(&mut self, offset: u64, chunk: Bytes) -> Result<u64, VaultError> {
        let (have, size) = (self.have(), self.entry.upload.size);
        if offset != have {
            return Err(VaultError::OffsetMismatch { offset, have });
        }
        let end = have.saturating_add(chunk.len() as u64);
        if end > size {
            return Err(VaultError::PastEnd { end, size });
        }
        let length = Arc::clone(&self.entry.have);
        self.with_bytes(move |bytes| {
            bytes.hash_up_to(have)?;
            let file = bytes.file()?;
            if let Err(e) = file.write_all_at(&chunk, have) {
                // A part of the chunk may be there (a full disk): the length that was told stays true.
                file.set_len(have)?;
                return Err(e.into());
            }
            bytes.hash.update(&chunk);
            bytes.hashed = end;
            length.store(end, Ordering::Release);
            Ok(end)
        })
        .await
    }

    /// Makes everything written so far durable and returns its length, which may be told to the uploader as safe.
    pub async fn sync(&mut self) -> Result<u64, VaultError> {
        let have = self.have();
        let safe = Arc::clone(&self.entry.safe);
        self.with_bytes(move |bytes| {
            bytes.file()?.sync_data()?;
            safe.store(have, Ordering::Release);
            Ok(have)
        })
        .await
    }

    /// Lends the bytes to a blocking task, which keeps the upload taken until it ends even if this future is dropped.
    async fn with_bytes<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SpoolBytes) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let mut held = self.held.take().ok_or(VaultError::Busy(self.id))?;
        let (held, result) = blocking(move || {
            let result = work(&mut held);
            Ok((held, result))
        })
        .await?;
        self.held = Some(held);
        result
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Uploads that wait for their next stream keep a hash and no descriptor.
        if let Some(held) = &mut self.held {
            held.file = None;
        }
    }
}

impl SpoolBytes {
    fn file(&self) -> Result<Arc<File>, VaultError> {
        self.file.clone().ok_or_else(|| io::Error::other("the spool is not open").into())
    }

    /// Hashes what an earlier process wrote, in bounded pieces.
    fn hash_up_to(&mut self, end: u64) -> Result<(), VaultError> {
        if self.hashed >= end {
            return Ok(());
        }
        let file = self.file()?;
        let mut buffer = vec![0; usize::try_from(CHUNK_BYTES.min(end - self.hashed)).unwrap_or(usize::MAX)];
        while self.hashed < end {
            let wanted = usize::try_from(end - self.hashed).unwrap_or(usize::MAX).min(buffer.len());
            let read = file.read_at(&mut buffer[..wanted], self.hashed)?;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.hash.update(&buffer[..read]);
            self.hashed += read as u64;
        }
        Ok(())
    }

    /// The digest of the first `size` bytes of the spool, which are durable on return.
    pub(super) fn seal(&mut self, spool: &Path, size: u64) -> Result<Digest, VaultError> {
        self.file = Some(Arc::new(File::open(spool)?));
        let result = self.hash_up_to(size).and_then(|()| Ok(self.file()?.sync_all()?));
        self.file = None;
        result?;
        let mut digest = [0; 32];
        digest.copy_from_slice(self.hash.clone().finish().as_ref());
        Ok(digest)
    }
}
