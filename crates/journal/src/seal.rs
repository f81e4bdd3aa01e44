//! Seals: what opening needs to know of a full segment, so that it need not be read. A seal that is lost or broken costs time only.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crc32c::crc32c;

use crate::error::Error;
use crate::merkle::Frontier;
use crate::record::{u32_at, u64_at};

const MAGIC: &[u8; 8] = b"vanthu-s";
const HEADER_BYTES: usize = 32;

/// What is known of a full segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seal {
    /// Its first sequence.
    pub(crate) first: u64,
    /// Its newest epoch.
    pub(crate) epoch: u64,
    /// The tree up to and with its last entry.
    pub(crate) frontier: Frontier,
}

pub(crate) fn path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.seal"))
}

impl Seal {
    /// Writes the seal beside its segment; the caller syncs the directory.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let path = path(dir, self.first);
        let fresh = path.with_extension("seal-new");
        let written = File::create(&fresh).and_then(|mut file| {
            file.write_all(&self.to_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&fresh, &path)).map_err(Error::io(&path))
    }

    /// The seal of a segment, if there is one and it is whole.
    pub(crate) fn read(dir: &Path, first: u64) -> Option<Self> {
        let seal = Self::parse(&fs::read(path(dir, first)).ok()?)?;
        (seal.first == first && seal.frontier.leaves() >= first).then_some(seal)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in [self.first, self.epoch, self.frontier.leaves()] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        self.frontier.roots().iter().for_each(|root| bytes.extend_from_slice(root));
        bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<4>()?;
        if !body.starts_with(MAGIC) || u32_at(checksum, 0)? != crc32c(body) {
            return None;
        }
        let roots = body.get(HEADER_BYTES..)?.chunks(32).map(|root| root.try_into().ok()).collect::<Option<_>>()?;
        let frontier = Frontier::from_parts(u64_at(body, 24)?, roots)?;
        Some(Self { first: u64_at(body, 8)?, epoch: u64_at(body, 16)?, frontier })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_read_as_written_and_a_changed_one_is_not() {
        let mut frontier = Frontier::default();
        (0..5_u8).for_each(|i| frontier.push([i; 32]));
        let seal = Seal { first: 3, epoch: 9, frontier };
        let mut bytes = seal.to_bytes();
        assert_eq!(Seal::parse(&bytes), Some(seal));
        for i in 0..bytes.len() {
            bytes[i] ^= 0x10;
            assert_eq!(Seal::parse(&bytes), None, "byte {i}");
            bytes[i] ^= 0x10;
        }
    }
}
