//! Where the bytes of an outgoing packet come from: each attempt reads them from the start.

use std::fmt;
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::io::AsyncReadExt as _;

/// Bytes of a packet, piece by piece.
pub type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// A packet that can be read again for every attempt, such as an object of the payload vault.
pub trait Source: fmt::Debug + Send + Sync {
    /// Begins to read from the start.
    fn open(&self) -> BoxFuture<'_, io::Result<Pieces>>;
}

/// A packet in memory.
impl Source for Bytes {
    fn open(&self) -> BoxFuture<'_, io::Result<Pieces>> {
        let whole = self.clone();
        Box::pin(async move { Ok(stream::once(async move { Ok(whole) }).boxed()) })
    }
}

/// A packet in a file.
impl Source for PathBuf {
    fn open(&self) -> BoxFuture<'_, io::Result<Pieces>> {
        Box::pin(async move { Ok(pieces(tokio::fs::File::open(self).await?)) })
    }
}

/// Bytes read at a time from a file.
const PIECE: usize = 64 * 1024;

/// The rest of an open file.
pub(crate) fn pieces(file: impl tokio::io::AsyncRead + Send + Unpin + 'static) -> Pieces {
    stream::try_unfold(file, |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), file)))
    })
    .boxed()
}
