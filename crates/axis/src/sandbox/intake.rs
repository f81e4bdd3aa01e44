//! A packet comes in: to the disk first, hashed on the way, then read, then taken or refused.

use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use domain::digest::Digest;
use domain::time::Timestamp;
use edxml::{Limits, Packet, ReadError, Sink};
use ring::digest::{Context, SHA256};

use super::book::Refusal;
use super::hop::Hop;
use crate::axis::Message;
use crate::vxp::HashFile;

/// A packet on the disk that nobody has promised anything about. Dropped, it is gone.
pub(crate) struct Incoming {
    path: PathBuf,
    file: Option<File>,
    hash: Context,
    /// The last bytes, while it is not known whether they are the line break that the vendor's library adds.
    held: Vec<u8>,
    length: u64,
    limit: u64,
}

/// Why a body cannot be kept.
#[derive(Debug)]
pub(crate) enum KeepError {
    TooLarge,
    Io(io::Error),
}

impl From<io::Error> for KeepError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Incoming {
    pub(crate) fn new(path: PathBuf, limit: u64) -> io::Result<Self> {
        let file = File::create_new(&path)?;
        Ok(Self { path, file: Some(file), hash: Context::new(&SHA256), held: Vec::new(), length: 0, limit })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), KeepError> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let ready = all.len().saturating_sub(2);
        self.held = all.split_off(ready);
        self.keep(&all)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), KeepError> {
        self.length += bytes.len() as u64;
        if self.length > self.limit {
            return Err(KeepError::TooLarge);
        }
        self.hash.update(bytes);
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes))?;
        Ok(())
    }

    /// The body has ended. `hash_file` is what the sender says of it: in either form, with or without a line break at the end.
    pub(crate) fn finish(mut self, hash_file: Option<&str>) -> Result<Whole, FinishError> {
        let held = std::mem::take(&mut self.held);
        let bare = digest(&self.hash);
        let mut hash = self.hash.clone();
        hash.update(&held);
        let full = digest(&hash);
        let is_said = |digest: &Digest| {
            let said = hash_file.unwrap_or_default();
            [HashFile::Unpadded, HashFile::Padded].iter().any(|form| form.write(digest).eq_ignore_ascii_case(said))
        };
        let has_break = held == b"\r\n" && (hash_file.is_none() || is_said(&bare));
        if !has_break {
            self.keep(&held)?;
        }
        let digest = if has_break { bare } else { full };
        if hash_file.is_some() && !is_said(&digest) {
            return Err(FinishError::Refused(Refusal::new("10", "Giá trị hash-file không khớp với gói tin")));
        }
        let file = self.file.take().ok_or_else(|| io::Error::other("no file"))?;
        file.sync_all()?;
        Ok(Whole { path: std::mem::take(&mut self.path), length: self.length, digest })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Why a packet is not taken.
#[derive(Debug)]
pub(crate) enum FinishError {
    Refused(Refusal),
    Keep(KeepError),
}

impl From<KeepError> for FinishError {
    fn from(error: KeepError) -> Self {
        Self::Keep(error)
    }
}

impl From<io::Error> for FinishError {
    fn from(error: io::Error) -> Self {
        Self::Keep(KeepError::Io(error))
    }
}

fn digest(hash: &Context) -> Digest {
    Digest::try_from(hash.clone().finish().as_ref()).unwrap_or(Digest([0; 32]))
}

/// A packet that is whole and synced.
#[derive(Debug)]
pub(crate) struct Whole {
    path: PathBuf,
    pub(crate) length: u64,
    pub(crate) digest: Digest,
}

/// What the axis must know of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) document_id: String,
    pub(crate) title: String,
    pub(crate) notation: String,
    pub(crate) hop: Option<Hop>,
}

/// Bytes of a packet that are read at a time.
const PIECE: usize = 64 * 1024;

impl Whole {
    /// Reads the packet.
    ///
    /// # Errors
    /// 22 where it does not conform, or is of another kind than was said.
    pub(crate) fn read(&self, message: Message, axis_code: &str, now: Timestamp) -> Result<Known, FinishError> {
        let limits = Limits { packet_bytes: self.length.max(1), ..Limits::default() };
        let received =
            edxml::read(BufReader::with_capacity(PIECE, File::open(&self.path)?), &limits, &mut Discard).map_err(|error| match error {
                ReadError::Refused(fault) => FinishError::Refused(Refusal::new("22", format!("Gói tin không đúng quy chuẩn: {fault}"))),
                ReadError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    FinishError::Refused(Refusal::new("22", "Gói tin không đúng quy chuẩn: it ends early"))
                }
                ReadError::Io(error) => error.into(),
            })?;
        if received.packet.message_type() != message.as_str() {
            let words = format!("Gói tin là {}, messagetype là {}", received.packet.message_type(), message.as_str());
            return Err(FinishError::Refused(Refusal::new("22", words)));
        }
        Ok(match received.packet {
            Packet::Edoc(edoc) => Known {
                hop: Hop::of(BufReader::with_capacity(PIECE, File::open(&self.path)?), axis_code, now),
                from: edoc.from.organ_id,
                to: edoc.to.into_iter().map(|to| to.organ_id).collect(),
                document_id: edoc.document_id,
                title: edoc.subject,
                notation: format!("{}/{}", edoc.code.number, edoc.code.notation),
            },
            Packet::Status(status) => Known {
                hop: None,
                from: status.from.organ_id,
                to: vec![status.response_for.organ_id],
                document_id: status.response_for.document_id,
                title: format!("{} {}", status.code, status.description),
                notation: status.response_for.code,
            },
        })
    }

    /// Gives it its name for good, durably.
    pub(crate) fn keep_as(mut self, path: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, path)?;
        self.path = PathBuf::new();
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// The axis does not look into files.
struct Discard;

impl Sink for Discard {
    type Stored = ();

    fn begin(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(body: &[u8], piece: usize, hash_file: Option<&str>) -> Result<Vec<u8>, String> {
        let dir = tempfile::tempdir().unwrap();
        let mut incoming = Incoming::new(dir.path().join("in"), 100).unwrap();
        for bytes in body.chunks(piece) {
            incoming.write(bytes).map_err(|error| format!("{error:?}"))?;
        }
        let whole = incoming.finish(hash_file).map_err(|error| format!("{error:?}"))?;
        assert_eq!(digest_of(&std::fs::read(&whole.path).unwrap()), whole.digest);
        let kept = dir.path().join("kept");
        whole.keep_as(&kept).unwrap();
        Ok(std::fs::read(kept).unwrap())
    }

    fn digest_of(bytes: &[u8]) -> Digest {
        Digest::try_from(ring::digest::digest(&SHA256, bytes).as_ref()).unwrap()
    }

    #[test]
    fn the_hash_is_taken_in_either_form_with_or_without_the_line_break() {
        // `abc`, SHA-256 by FIPS 180-4, and in the vendor's writing.
        let padded = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let unpadded = "ba7816bf8f1cfea414140de5dae2223b0361a396177a9cb410ff61f2015ad";
        for piece in 1..6 {
            for body in [&b"abc\r\n"[..], b"abc"] {
                for said in [Some(padded), Some(unpadded), None] {
                    assert_eq!(taken(body, piece, said), Ok(b"abc".to_vec()));
                }
                assert!(taken(body, piece, Some("00")).unwrap_err().contains("hash-file"));
            }
            let with_break = HashFile::Unpadded.write(&digest_of(b"abc\r\n"));
            assert_eq!(taken(b"abc\r\n", piece, Some(&with_break)), Ok(b"abc\r\n".to_vec()));
            assert_eq!(taken(b"abc\r\n\r\n", piece, Some(&with_break)), Ok(b"abc\r\n".to_vec()));
        }
        assert!(taken(&[0; 103], 10, None).unwrap_err().contains("TooLarge"));
    }
}
