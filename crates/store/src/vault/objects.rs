//! Finished payloads: how an upload becomes one, and how it is read, listed and erased.

use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::Stream;
use futures::stream;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use ring::digest::{Context, SHA256};

use super::{CHUNK_BYTES, Digest, Inner, Stored, UploadId, Vault, VaultError, blocking};
use crate::disk;

/// One part sent to a remote store: S3 wants at least 5 MiB, at most 10,000 parts, and a round trip costs more than these bytes.
const REMOTE_PART_BYTES: u64 = 8 << 20;
/// One request to read: what a download holds in memory while its reader is slow.
const REMOTE_WINDOW_BYTES: u64 = 1 << 20;
/// Payloads that are sent to a remote store at once, each with one part in memory: 64 MiB together.
pub(super) const REMOTE_SENDS: usize = 8;

impl Vault {
    /// Ends an upload: its size and digest are checked, and the payload is durable in its place on return. Finishing again
    /// gives the same answer until the upload is swept or abandoned.
    pub async fn finish(&self, id: UploadId) -> Result<Stored, VaultError> {
        let entry = self.inner.entry(id)?;
        let mut held = Arc::clone(&entry.bytes).try_lock_owned().map_err(|_| VaultError::Busy(id))?;
        let entry = self.inner.entry(id)?;
        let (have, size) = (entry.have.load(Ordering::Acquire), entry.upload.size);
        if have != size {
            return Err(VaultError::SizeMismatch { have, size });
        }
        let inner = Arc::clone(&self.inner);
        let expected = entry.upload.expected;
        let sealed = entry.sealed;
        let (held, digest) = blocking(move || {
            if let Some(digest) = sealed {
                return Ok((held, digest));
            }
            let found = held.seal(&inner.spool(id), size)?;
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                return Err(VaultError::DigestMismatch { expected, found });
            }
            // The seal comes before the move, so that a crash in between leaves an upload that can still be finished.
            inner.seal(id, found)?;
            Ok((held, found))
        })
        .await?;
        let stored = Stored { digest, size };
        if self.inner.is_local {
            let inner = Arc::clone(&self.inner);
            blocking(move || {
                let _held = held;
                inner.place(id, &digest)
            })
            .await?;
        } else {
            self.inner.send(id, stored).await?;
            drop(held);
        }
        if self.size(digest).await? != size {
            return Err(VaultError::Damaged(digest));
        }
        Ok(stored)
    }

    /// The size of the payload with this digest, in bytes.
    pub async fn size(&self, digest: Digest) -> Result<u64, VaultError> {
        let meta = self.inner.objects.head(&location(&digest)).await;
        Ok(meta.map_err(|e| self.inner.object_error(e, &digest))?.size)
    }

    /// Reads up to `limit` bytes from `offset` on, in chunks of at most 256 KiB.
    ///
    /// A stream over the whole payload checks its digest and ends in [`VaultError::Damaged`] if it does not hold.
    pub async fn read(
        &self,
        digest: Digest,
        offset: u64,
        limit: u64,
    ) -> Result<impl Stream<Item = Result<Bytes, VaultError>> + Send + use<>, VaultError> {
        let size = self.size(digest).await?;
        if offset > size {
            return Err(VaultError::OutOfRange { offset, size });
        }
        let end = offset.saturating_add(limit).min(size);
        let reading = Reading {
            inner: Arc::clone(&self.inner),
            digest,
            at: offset,
            end,
            window: Bytes::new(),
            check: (offset == 0 && end == size).then(|| Context::new(&SHA256)),
        };
        Ok(stream::try_unfold(reading, |mut reading| async move { Ok(reading.next().await?.map(|chunk| (chunk, reading))) }))
    }

    /// The whole payload, if it is at most `max` bytes; its digest is checked.
    pub async fn read_all(&self, digest: Digest, max: u64) -> Result<Bytes, VaultError> {
        let size = self.size(digest).await?;
        if size > max {
            return Err(VaultError::TooLarge { size, max });
        }
        let bytes = if self.inner.is_local && size > 0 {
            let object = self.inner.objects.get_range(&location(&digest), 0..size).await;
            object.map_err(|e| self.inner.object_error(e, &digest))?
        } else {
            // Part by part, because a request has a time limit and a large payload would not make it on a slow line.
            let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
            let mut at = 0;
            while at < size {
                let part = self.inner.window(&digest, at..size.min(at + REMOTE_PART_BYTES)).await?;
                at += part.len() as u64;
                bytes.extend_from_slice(&part);
            }
            Bytes::from(bytes)
        };
        if ring::digest::digest(&SHA256, &bytes).as_ref() != digest {
            return Err(VaultError::Damaged(digest));
        }
        Ok(bytes)
    }

    /// Erases a payload, durably; false if there was none.
    pub async fn erase(&self, digest: Digest) -> Result<bool, VaultError> {
        if self.inner.is_local {
            let inner = Arc::clone(&self.inner);
            // Through the file system, because `LocalFileSystem` never syncs the directory of what it deletes.
            return blocking(move || {
                let file = inner.object_file(&digest);
                let erased = disk::remove(&file)?;
                if erased {
                    disk::sync_parent(&file)?;
                }
                Ok(erased)
            })
            .await;
        }
        match self.inner.objects.head(&location(&digest)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            other => other.map_err(|e| self.inner.refusal(e))?,
        };
        self.inner.objects.delete(&location(&digest)).await.map_err(|e| self.inner.refusal(e))?;
        Ok(true)
    }

    /// Up to `limit` stored digests after `after`, in order: a sweep for payloads that nobody refers to goes on from the last.
    pub async fn list(&self, after: Option<Digest>, limit: usize) -> Result<Vec<Digest>, VaultError> {
        let mut found = Vec::new();
        for first in after.map_or(0, |digest| digest[0])..=u8::MAX {
            let prefix = Path::from(format!("objects/{first:02x}"));
            let listed = match self.inner.objects.list_with_delimiter(Some(&prefix)).await {
                Err(object_store::Error::NotFound { .. }) => continue,
                other => other.map_err(|e| self.inner.refusal(e))?,
            };
            let names = listed.objects.iter().filter_map(|object| digest_of(&object.location));
            let mut digests: Vec<_> = names.filter(|digest| after.is_none_or(|after| *digest > after)).collect();
            digests.sort_unstable();
            found.extend(digests);
            if found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }
}

struct Reading {
    inner: Arc<Inner>,
    digest: Digest,
    at: u64,
    end: u64,
    window: Bytes,
    check: Option<Context>,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, VaultError> {
        if self.window.is_empty() {
            if self.at >= self.end {
                let Some(check) = self.check.take() else { return Ok(None) };
                return if check.finish().as_ref() == self.digest { Ok(None) } else { Err(VaultError::Damaged(self.digest)) };
            }
            let step = if self.inner.is_local { CHUNK_BYTES } else { REMOTE_WINDOW_BYTES };
            self.window = self.inner.window(&self.digest, self.at..self.end.min(self.at + step)).await?;
            self.at += self.window.len() as u64;
        }
        let chunk = self.window.split_to(self.window.len().min(CHUNK_BYTES as usize));
        if let Some(check) = &mut self.check {
            check.update(&chunk);
        }
        Ok(Some(chunk))
    }
}

impl Inner {
    /// Moves a sealed spool to its object's place. The spool is synced; the move is durable on return.
    fn place(&self, id: UploadId, digest: &Digest) -> Result<(), VaultError> {
        let object = self.object_file(digest);
        if let Some(folder) = object.parent()
            && !folder.exists()
        {
            fs::create_dir_all(folder)?;
            disk::sync_parent(folder)?;
        }
        match fs::rename(self.spool(id), &object) {
            // Finished before, or by a process that died after the move.
            Err(e) if e.kind() == io::ErrorKind::NotFound && object.exists() => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(VaultError::NotStored(*digest)),
            other => other?,
        }
        disk::sync_parent(&object)?;
        Ok(disk::sync_dir(&self.uploads_dir)?)
    }

    /// The bytes of a range that lies within the object; all of them or none.
    async fn window(&self, digest: &Digest, range: Range<u64>) -> Result<Bytes, VaultError> {
        let wanted = range.end - range.start;
        let window = self.objects.get_range(&location(digest), range).await.map_err(|e| self.object_error(e, digest))?;
        if window.len() as u64 == wanted { Ok(window) } else { Err(VaultError::Damaged(*digest)) }
    }

    /// Sends a sealed spool to the remote store, part by part, and removes it.
    async fn send(self: &Arc<Self>, id: UploadId, stored: Stored) -> Result<(), VaultError> {
        let _place = self.sending.acquire().await.map_err(|e| io::Error::other(e.to_string()))?;
        let place = location(&stored.digest);
        let is_there = match self.objects.head(&place).await {
            Ok(meta) => meta.size == stored.size,
            Err(object_store::Error::NotFound { .. }) => false,
            Err(e) => return Err(self.refusal(e)),
        };
        if !is_there && stored.size <= REMOTE_PART_BYTES {
            let bytes = self.part(id, 0, stored).await?;
            self.objects.put(&place, PutPayload::from(bytes)).await.map_err(|e| self.refusal(e))?;
        } else if !is_there {
            let mut upload = self.objects.put_multipart(&place).await.map_err(|e| self.refusal(e))?;
            if let Err(error) = self.send_parts(id, stored, upload.as_mut()).await {
                // Beside the answer, because a store that hangs would hang here as well. If this fails too, the store forgets
                // the parts by its own life-cycle rule.
                tokio::spawn(async move { upload.abort().await });
                return Err(error);
            }
        }
        let inner = Arc::clone(self);
        blocking(move || Ok(disk::remove(&inner.spool(id)).map(drop)?)).await
    }

    async fn send_parts(
        self: &Arc<Self>,
        id: UploadId,
        stored: Stored,
        upload: &mut dyn object_store::MultipartUpload,
    ) -> Result<(), VaultError> {
        let mut at = 0;
        while at < stored.size {
            let bytes = self.part(id, at, stored).await?;
            at += bytes.len() as u64;
            upload.put_part(PutPayload::from(bytes)).await.map_err(|e| self.refusal(e))?;
        }
        upload.complete().await.map(drop).map_err(|e| self.refusal(e))
    }

    async fn part(self: &Arc<Self>, id: UploadId, at: u64, stored: Stored) -> Result<Bytes, VaultError> {
        let inner = Arc::clone(self);
        blocking(move || {
            let file = match fs::File::open(inner.spool(id)) {
                // Sent and removed before, and erased since.
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(VaultError::NotStored(stored.digest)),
                other => other?,
            };
            let mut bytes = vec![0; REMOTE_PART_BYTES.min(stored.size - at) as usize];
            file.read_exact_at(&mut bytes, at)?;
            Ok(Bytes::from(bytes))
        })
        .await
    }

    fn object_error(&self, error: object_store::Error, digest: &Digest) -> VaultError {
        match error {
            object_store::Error::NotFound { .. } => VaultError::NotStored(*digest),
            other => self.refusal(other),
        }
    }

    pub(super) fn refusal(&self, error: object_store::Error) -> VaultError {
        if self.is_local { VaultError::Objects(error) } else { VaultError::Remote(error) }
    }
}

/// `objects/<first byte>/<digest>`, all lower-case hexadecimal.
pub(super) fn location(digest: &Digest) -> Path {
    let name = hex::encode(digest);
    Path::from(format!("objects/{:02x}/{name}", digest[0]))
}

fn digest_of(location: &Path) -> Option<Digest> {
    let mut digest = [0; 32];
    hex::decode_to_slice(location.filename()?, &mut digest).ok()?;
    Some(digest)
}
