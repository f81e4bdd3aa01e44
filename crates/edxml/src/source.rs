//! The bytes of a packet, counted as they go by.

use std::io::{self, BufRead, Read};

use crate::fault::Position;

/// Why the bytes stopped; carried through the XML reader inside an I/O error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("the packet is too long")]
    Packet,
    #[error("a tag or text is too long")]
    Token,
}

/// A reader that counts bytes and lines, and stops at the packet's and the token's bounds. So one tag or text can never fill
/// the memory, whatever buffers the XML reader keeps.
pub(crate) struct Source<R> {
    inner: R,
    at: Position,
    packet_left: u64,
    token_left: u64,
}

impl<R: BufRead> Source<R> {
    pub(crate) fn new(inner: R, packet_bytes: u64) -> Self {
        Self { inner, at: Position { byte: 0, line: 1 }, packet_left: packet_bytes, token_left: 0 }
    }

    /// Where the bytes have been read to.
    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// Lets the next token have so many bytes.
    pub(crate) fn allow(&mut self, token_bytes: u64) {
        self.token_left = token_bytes;
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.inner.fill_buf()?;
        if available.is_empty() {
            return Ok(available);
        }
        let left = self.packet_left.min(self.token_left);
        if left == 0 {
            let stop = if self.packet_left == 0 { Stop::Packet } else { Stop::Token };
            return Err(io::Error::other(stop));
        }
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(available.len());
        Ok(&available[..length])
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed was shown before: it is still in the buffer.
        if let Ok(available) = self.inner.fill_buf() {
            let lines = available.iter().take(amount).filter(|byte| **byte == b'\n').count();
            self.at.line += lines as u64;
        }
        self.inner.consume(amount);
        self.at.byte += amount as u64;
        self.packet_left = self.packet_left.saturating_sub(amount as u64);
        self.token_left = self.token_left.saturating_sub(amount as u64);
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_lines_are_counted_and_bounds_held() {
        let mut source = Source::new(&b"ab\ncd\nef"[..], 7);
        source.allow(4);
        let mut text = [0; 3];
        source.read_exact(&mut text).unwrap();
        assert_eq!(source.at(), Position { byte: 3, line: 2 });
        assert_eq!(source.fill_buf().unwrap(), b"c");
        source.consume(1);
        let stop = |error: io::Error| error.into_inner().and_then(|inner| inner.downcast::<Stop>().ok()).map(|stop| *stop);
        assert_eq!(source.fill_buf().map_err(stop), Err(Some(Stop::Token)));
        source.allow(100);
        assert_eq!(source.fill_buf().unwrap(), b"d\ne");
        source.consume(3);
        assert_eq!(source.fill_buf().map_err(stop), Err(Some(Stop::Packet)));
    }

    #[test]
    fn a_packet_of_exactly_the_bound_ends_well() {
        let mut source = Source::new(&b"abc"[..], 3);
        source.allow(3);
        let mut text = Vec::new();
        source.read_to_end(&mut text).unwrap();
        assert_eq!(text, b"abc");
    }
}
