//! One entry in a segment: a header of 64 bytes, then the payload. All numbers are little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 0..4 | length of the payload |
//! | 4..8 | CRC-32C over all other bytes of the record |
//! | 8..16 | sequence |
//! | 16..24 | epoch: which opening of the log wrote it |
//! | 24..32 | group: the sequence of the first entry that became durable with it |
//! | 32..64 | RFC 6962 leaf hash of the payload |

use crc32c::{crc32c, crc32c_append};

use crate::merkle::{Hash, leaf_hash};

/// The longest entry: the import of a large directory is one entry.
pub const MAX_ENTRY_BYTES: usize = 16 << 20;

/// Bytes of a record before its payload.
pub(crate) const HEADER_BYTES: usize = 64;

/// What a record says of its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) length: usize,
    pub(crate) checksum: u32,
    pub(crate) seq: u64,
    pub(crate) epoch: u64,
    pub(crate) group: u64,
    pub(crate) leaf: Hash,
}

/// Writes a record behind `out`; gives the leaf hash. The payload fits [`MAX_ENTRY_BYTES`].
pub(crate) fn write(out: &mut Vec<u8>, seq: u64, epoch: u64, group: u64, payload: &[u8]) -> Hash {
    let leaf = leaf_hash(payload);
    let mut header = Header { length: payload.len(), checksum: 0, seq, epoch, group, leaf };
    header.checksum = checksum(&header.to_bytes(), payload);
    out.extend_from_slice(&header.to_bytes());
    out.extend_from_slice(payload);
    leaf
}

fn checksum(header: &[u8; HEADER_BYTES], payload: &[u8]) -> u32 {
    let (length, rest) = header.split_at(4);
    let (_, rest) = rest.split_at(4);
    crc32c_append(crc32c_append(crc32c(length), rest), payload)
}

impl Header {
    #[expect(clippy::cast_possible_truncation, reason = "a payload fits MAX_ENTRY_BYTES, which fits 32 bits")]
    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&(self.length as u32).to_le_bytes());
        bytes[4..8].copy_from_slice(&self.checksum.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.seq.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.group.to_le_bytes());
        bytes[32..].copy_from_slice(&self.leaf);
        bytes
    }

    /// Reads a header; none if its numbers cannot be those of a record. Zeros, as a segment has behind its last record, are none.
    pub(crate) fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let header = Self {
            length: usize::try_from(u32_at(bytes, 0)?).ok()?,
            checksum: u32_at(bytes, 4)?,
            seq: u64_at(bytes, 8)?,
            epoch: u64_at(bytes, 16)?,
            group: u64_at(bytes, 24)?,
            leaf: *bytes.last_chunk()?,
        };
        (header.length <= MAX_ENTRY_BYTES && (1..=header.seq).contains(&header.group)).then_some(header)
    }

    /// Whether the payload is the one that was written with this header.
    pub(crate) fn matches(&self, payload: &[u8]) -> bool {
        checksum(&self.to_bytes(), payload) == self.checksum
    }
}

/// The whole record at the beginning of `bytes`, if it is one.
pub(crate) fn parse(bytes: &[u8]) -> Option<(Header, &[u8])> {
    let (header, rest) = bytes.split_first_chunk()?;
    let header = Header::parse(header)?;
    let payload = rest.get(..header.length)?;
    header.matches(payload).then_some((header, payload))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_bit_is_noticed() {
        let mut bytes = Vec::new();
        write(&mut bytes, 7, 2, 6, b"payload");
        assert_eq!(
            parse(&bytes).map(|(header, payload)| (header.seq, header.epoch, header.group, payload)),
            Some((7, 2, 6, &b"payload"[..]))
        );
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&bytes), None, "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn zeros_are_no_record() {
        assert_eq!(parse(&[0; 4096]), None);
    }
}
