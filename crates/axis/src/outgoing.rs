//! A packet on its way out: hashed and counted as it goes, so that nothing but what was announced can be taken for it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::digest::Digest;
use futures::stream::{self, StreamExt as _};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use ring::digest::{Context, SHA256};
use tokio::time::Instant;

use crate::http_client::RequestBody;
use crate::source::Pieces;

/// When something moved last.
#[derive(Debug, Clone)]
pub(crate) struct Progress(Arc<Mutex<Instant>>);

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Progress {
    pub(crate) fn touch(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(crate) fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Our own packet is not what it should be. The call is broken off, so that the axis cannot take it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    #[error("it has {found} bytes or more, {announced} were announced")]
    Length { found: u64, announced: u64 },
    #[error("its SHA-256 is {found}, {announced} was announced")]
    Digest { found: Digest, announced: Digest },
}

impl From<SourceError> for io::Error {
    fn from(error: SourceError) -> Self {
        Self::other(error)
    }
}

/// What stands around the packet, and what it must be.
pub(crate) struct Around {
    pub(crate) before: Bytes,
    pub(crate) after: Bytes,
    pub(crate) length: u64,
    pub(crate) digest: Digest,
}

impl Around {
    /// Bytes of the whole body.
    pub(crate) fn body_length(&self) -> u64 {
        self.length + (self.before.len() + self.after.len()) as u64
    }

    /// The body. The last piece of the packet goes out only after the digest is known to be right: a body that is short is one
    /// that no server takes.
    pub(crate) fn body(self, pieces: Pieces, progress: &Progress) -> RequestBody {
        let state =
            State { pieces, held: self.before, after: Some(self.after), left: self.length, length: self.length, digest: self.digest };
        let progress = progress.clone();
        let frames = stream::try_unfold((state, Context::new(&SHA256)), move |(mut state, mut hash)| {
            let progress = progress.clone();
            async move {
                progress.touch();
                let Some(bytes) = state.next(&mut hash).await? else { return Ok::<_, io::Error>(None) };
                Ok(Some((Frame::data(bytes), (state, hash))))
            }
        });
        StreamBody::new(frames.boxed()).boxed_unsync()
    }
}

struct State {
    pieces: Pieces,
    /// Goes out when it is known whether something follows.
    held: Bytes,
    after: Option<Bytes>,
    left: u64,
    length: u64,
    digest: Digest,
}

impl State {
    async fn next(&mut self, hash: &mut Context) -> Result<Option<Bytes>, SourceError> {
        loop {
            match self.pieces.next().await {
                _ if self.after.is_none() => return Ok(None),
                Some(piece) => {
                    let piece = piece.map_err(SourceError::Read)?;
                    hash.update(&piece);
                    let announced = self.length;
                    let left = self.left.checked_sub(piece.len() as u64);
                    self.left = left.ok_or(SourceError::Length { found: announced + 1, announced })?;
                    let ready = std::mem::replace(&mut self.held, piece);
                    if !ready.is_empty() {
                        return Ok(Some(ready));
                    }
                }
                None => {
                    if self.left != 0 {
                        return Err(SourceError::Length { found: self.length - self.left, announced: self.length });
                    }
                    let found = hash.clone().finish();
                    if found.as_ref() != self.digest.0 {
                        let found = Digest::try_from(found.as_ref()).unwrap_or(Digest([0; 32]));
                        return Err(SourceError::Digest { found, announced: self.digest });
                    }
                    let after = self.after.take().unwrap_or_default();
                    let last = [std::mem::take(&mut self.held), after].concat();
                    return Ok((!last.is_empty()).then(|| Bytes::from(last)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(pieces: Vec<&'static [u8]>, length: u64, digest: Digest) -> Result<Vec<u8>, String> {
        let around = Around { before: Bytes::from_static(b"<"), after: Bytes::from_static(b"\r\n"), length, digest };
        let pieces = stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from_static(piece)))).boxed();
        let body = around.body(pieces, &Progress::default()).collect().await;
        body.map(|body| body.to_bytes().to_vec()).map_err(|error| error.to_string())
    }

    fn digest(bytes: &[u8]) -> Digest {
        Digest::try_from(ring::digest::digest(&SHA256, bytes).as_ref()).unwrap()
    }

    #[tokio::test]
    async fn a_packet_goes_out_with_what_stands_around_it() {
        let whole = body(vec![b"ab", b"", b"c"], 3, digest(b"abc")).await;
        assert_eq!(whole.as_deref(), Ok(&b"<abc\r\n"[..]));
        assert_eq!(body(vec![], 0, digest(b"")).await.as_deref(), Ok(&b"<\r\n"[..]));
    }

    #[tokio::test]
    async fn a_packet_that_changed_under_way_does_not_go_out_to_its_end() {
        assert!(body(vec![b"ab", b"d"], 3, digest(b"abc")).await.unwrap_err().contains("SHA-256"));
        assert!(body(vec![b"ab"], 3, digest(b"ab")).await.unwrap_err().contains("2 bytes"));
        assert!(body(vec![b"ab", b"cd"], 3, digest(b"abcd")).await.unwrap_err().contains("3 were announced"));
    }
}
