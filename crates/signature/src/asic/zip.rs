//! ZIP files in the one shape that every reader understands alike.
//!
//! Readers of ZIP differ in what they do with two directories, two files of a name, bytes between files, or a local header
//! that says something else than the directory. A signed container with any of that is refused. So are encryption, ZIP64,
//! names that leave the container and compression other than deflate. Nothing is allocated by a declared size.

use std::borrow::Cow;
use std::collections::HashSet;

use flate2::{Crc, Decompress, FlushDecompress, Status};

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// The end record without its comment.
const END_BYTES: usize = 22;
/// Real containers hold a handful.
const MAX_ENTRIES: usize = 1000;
const MAX_NAME_BYTES: usize = 512;

/// Why bytes are not a container that is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ZipError {
    #[error("the end of the ZIP file is missing or stands there twice")]
    NoEnd,
    #[error("a record of the ZIP file is malformed or cut short")]
    Malformed,
    #[error("{0} is not read in a signed container")]
    Unsupported(&'static str),
    #[error("the file name {0:?} is refused")]
    BadName(String),
    #[error("the file name {0:?} occurs more than once")]
    DuplicateName(String),
    #[error("bytes that belong to no file stand in the container")]
    HiddenBytes,
    #[error("the two records of {0:?} contradict each other")]
    Contradiction(String),
    #[error("the content of {0:?} is damaged")]
    BadContent(String),
    #[error("the files inflate beyond what is allowed")]
    InflatesTooFar,
    #[error("there are more than {0} files")]
    TooManyFiles(usize),
}

impl ZipError {
    /// The name of the bound that was reached, if it is one.
    pub(crate) fn limit(&self) -> Option<&'static str> {
        match self {
            Self::InflatesTooFar => Some("inflate"),
            Self::TooManyFiles(_) => Some("files"),
            _ => None,
        }
    }
}

/// A file in a container.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) name: String,
    /// Inflated.
    pub(crate) content: Cow<'a, [u8]>,
}

/// A directory record and where its file's data stands.
struct Record<'a> {
    name: &'a [u8],
    flags: u16,
    method: u16,
    crc: u32,
    packed: usize,
    size: usize,
    offset: usize,
}

/// Reads all files of the container `bytes`, in the order of its directory; directories are left out. At most
/// `max_inflated` bytes are inflated altogether.
pub(crate) fn read(bytes: &[u8], max_inflated: usize) -> Result<Vec<Entry<'_>>, ZipError> {
    let (directory_at, records) = directory(bytes)?;
    let mut by_offset: Vec<&Record<'_>> = records.iter().collect();
    by_offset.sort_by_key(|record| record.offset);
    // Every byte up to the directory belongs to one file.
    let mut reached = 0;
    for record in by_offset {
        if record.offset != reached {
            return Err(ZipError::HiddenBytes);
        }
        reached = local_end(bytes, record)?;
    }
    if reached != directory_at {
        return Err(ZipError::HiddenBytes);
    }
    let mut names = HashSet::new();
    let mut left = max_inflated;
    let mut entries = Vec::with_capacity(records.len());
    for record in &records {
        let name = checked_name(record.name)?;
        // Some file systems do not tell names apart by case.
        if !names.insert(name.trim_end_matches('/').to_lowercase()) {
            return Err(ZipError::DuplicateName(name));
        }
        if name.ends_with('/') {
            if record.size > 0 {
                return Err(ZipError::BadName(name));
            }
            continue;
        }
        if record.method == 8 {
            left = left.checked_sub(record.size).ok_or(ZipError::InflatesTooFar)?;
        }
        let content = content(bytes, record).ok_or_else(|| ZipError::BadContent(name.clone()))?;
        entries.push(Entry { name, content });
    }
    Ok(entries)
}

/// The directory: where it starts, and its records.
fn directory(bytes: &[u8]) -> Result<(usize, Vec<Record<'_>>), ZipError> {
    let search_from = bytes.len().saturating_sub(END_BYTES + usize::from(u16::MAX));
    let tail = bytes.get(search_from..).unwrap_or_default();
    let mut ends = tail.windows(END.len()).enumerate().filter(|(_, window)| *window == END).map(|(at, _)| search_from + at);
    // A second one, be it in the comment or in a stored file, is another container to another reader. In a file's data it
    // may stand by chance, so that only those count that end with the file.
    let fits = |&at: &usize| u16_at(bytes, at + 20).is_ok_and(|comment| at + END_BYTES + usize::from(comment) == bytes.len());
    let end = ends.by_ref().find(fits).ok_or(ZipError::NoEnd)?;
    if ends.next().is_some() {
        return Err(ZipError::NoEnd);
    }
    let [disk, directory_disk, on_disk, count] = [4, 6, 8, 10].map(|at| u16_at(bytes, end + at));
    let (size, start) = (usize_at(bytes, end + 12)?, usize_at(bytes, end + 16)?);
    if disk? != 0 || directory_disk? != 0 || on_disk? != count.clone()? {
        return Err(ZipError::Unsupported("a part of a ZIP file"));
    }
    let count = usize::from(count?);
    if count > MAX_ENTRIES {
        return Err(ZipError::TooManyFiles(MAX_ENTRIES));
    }
    if start.checked_add(size) != Some(end) {
        return Err(ZipError::HiddenBytes);
    }
    let mut records = Vec::with_capacity(count);
    let mut at = start;
    for _ in 0..count {
        if bytes.get(at..at + 4) != Some(ENTRY) {
            return Err(ZipError::Malformed);
        }
        let [name, extra, comment] = [28, 30, 32].map(|field| u16_at(bytes, at + field).map(usize::from));
        let (name, extra, comment) = (name?, extra?, comment?);
        let record = Record {
            name: bytes.get(at + 46..at + 46 + name).ok_or(ZipError::Malformed)?,
            flags: u16_at(bytes, at + 8)?,
            method: u16_at(bytes, at + 10)?,
            crc: u32_at(bytes, at + 16)?,
            packed: usize_at(bytes, at + 20)?,
            size: usize_at(bytes, at + 24)?,
            offset: usize_at(bytes, at + 42)?,
        };
        // Bit 0 is encryption, bit 6 a stronger one, bit 13 a hidden directory.
        if record.flags & 0b0010_0000_0100_0001 != 0 {
            return Err(ZipError::Unsupported("encryption"));
        }
        // The upper half of the external attributes is a Unix mode: a link would bring in what is not in the container.
        let kind = u16_at(bytes, at + 40)? & 0o170_000;
        if ![0, 0o100_000, 0o040_000].contains(&kind) {
            return Err(ZipError::Unsupported("a file that is a link or a device"));
        }
        if u16_at(bytes, at + 34)? != 0 {
            return Err(ZipError::Unsupported("a part of a ZIP file"));
        }
        if [record.packed, record.size, record.offset].contains(&(u32::MAX as usize)) {
            return Err(ZipError::Unsupported("ZIP64"));
        }
        records.push(record);
        at += 46 + name + extra + comment;
    }
    if at == end { Ok((start, records)) } else { Err(ZipError::HiddenBytes) }
}

fn contradiction(record: &Record<'_>) -> ZipError {
    ZipError::Contradiction(String::from_utf8_lossy(record.name).into_owned())
}

/// Where the packed data of a file starts; its local header has been compared with the directory.
fn data_start(bytes: &[u8], record: &Record<'_>) -> Result<usize, ZipError> {
    let at = record.offset;
    if bytes.get(at..at.saturating_add(4)) != Some(LOCAL) {
        return Err(ZipError::Malformed);
    }
    let (name, extra) = (usize::from(u16_at(bytes, at + 26)?), usize::from(u16_at(bytes, at + 28)?));
    let local_name = bytes.get(at + 30..at + 30 + name).ok_or(ZipError::Malformed)?;
    // Encryption, the descriptor, a hidden directory, and how a name reads that is no ASCII: the other flags say nothing.
    let spelling = if record.name.is_ascii() { 0 } else { 0b1000_0000_0000 };
    let same_flags = (u16_at(bytes, at + 6)? ^ record.flags) & (0b0010_0000_0100_1001 | spelling) == 0;
    if local_name != record.name || u16_at(bytes, at + 8)? != record.method || !same_flags {
        return Err(contradiction(record));
    }
    let numbers = (u32_at(bytes, at + 14)?, usize_at(bytes, at + 18)?, usize_at(bytes, at + 22)?);
    let is_described = has_descriptor(record) && numbers == (0, 0, 0);
    if numbers != (record.crc, record.packed, record.size) && !is_described {
        return Err(contradiction(record));
    }
    Ok(at + 30 + name + extra)
}

fn has_descriptor(record: &Record<'_>) -> bool {
    record.flags & 0b1000 != 0
}

/// Where the record of a file ends, with its data and descriptor.
fn local_end(bytes: &[u8], record: &Record<'_>) -> Result<usize, ZipError> {
    let end = data_start(bytes, record)?.checked_add(record.packed).ok_or(ZipError::Malformed)?;
    if !has_descriptor(record) {
        return Ok(end);
    }
    let numbers = if bytes.get(end..end.saturating_add(4)) == Some(DESCRIPTOR) { end + 4 } else { end };
    if (u32_at(bytes, numbers)?, usize_at(bytes, numbers + 4)?, usize_at(bytes, numbers + 8)?) != (record.crc, record.packed, record.size) {
        return Err(contradiction(record));
    }
    Ok(numbers + 12)
}

fn checked_name(name: &[u8]) -> Result<String, ZipError> {
    let refused = || ZipError::BadName(String::from_utf8_lossy(name).into_owned());
    let text = std::str::from_utf8(name).map_err(|_| refused())?;
    let path = text.strip_suffix('/').unwrap_or(text);
    let is_safe = text.len() <= MAX_NAME_BYTES
        && !text.contains(['\\', ':'])
        && !text.chars().any(char::is_control)
        && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if is_safe { Ok(text.to_owned()) } else { Err(refused()) }
}

fn content<'a>(bytes: &'a [u8], record: &Record<'_>) -> Option<Cow<'a, [u8]>> {
    let start = data_start(bytes, record).ok()?;
    let packed = bytes.get(start..start.checked_add(record.packed)?)?;
    let content = match record.method {
        0 if record.packed == record.size => Cow::Borrowed(packed),
        8 => Cow::Owned(inflate(packed, record.size)?),
        _ => return None,
    };
    let mut crc = Crc::new();
    crc.update(&content);
    (crc.sum() == record.crc).then_some(content)
}

/// Exactly `size` bytes from all of `packed`; the output grows as it comes.
fn inflate(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    const STEP: usize = 1 << 16;
    let mut stream = Decompress::new(false);
    let mut out: Vec<u8> = Vec::new();
    loop {
        // One byte more than declared shows that there is more.
        // Room that doubles: exact room would copy everything with every step.
        out.reserve((size - out.len() + 1).min(STEP));
        let (taken, made) = (stream.total_in(), stream.total_out());
        let input = packed.get(usize::try_from(taken).ok()?..)?;
        let status = stream.decompress_vec(input, &mut out, FlushDecompress::None).ok()?;
        if out.len() > size {
            return None;
        }
        if status == Status::StreamEnd {
            let is_whole = out.len() == size && stream.total_in() == packed.len() as u64;
            return is_whole.then_some(out);
        }
        if stream.total_in() == taken && stream.total_out() == made {
            return None;
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, ZipError> {
    let field = bytes.get(at..at.saturating_add(2)).and_then(|field| field.try_into().ok());
    field.map(u16::from_le_bytes).ok_or(ZipError::Malformed)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, ZipError> {
    let field = bytes.get(at..at.saturating_add(4)).and_then(|field| field.try_into().ok());
    field.map(u32::from_le_bytes).ok_or(ZipError::Malformed)
}

fn usize_at(bytes: &[u8], at: usize) -> Result<usize, ZipError> {
    u32_at(bytes, at).map(|value| value as usize)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// A container of stored files; those whose name ends in `.z` are deflated.
    pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let mut crc = Crc::new();
            crc.update(content);
            let (method, packed) = if name.ends_with(".z") {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(content).unwrap();
                (8u16, encoder.finish().unwrap())
            } else {
                (0, content.to_vec())
            };
            let mut common = vec![20, 0, 0, 8];
            common.extend(method.to_le_bytes());
            common.extend([0; 4]);
            for number in [crc.sum(), u32::try_from(packed.len()).unwrap(), u32::try_from(content.len()).unwrap()] {
                common.extend(number.to_le_bytes());
            }
            common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            common.extend([0, 0]);
            directory.extend([ENTRY, &[20, 0], &common, &[0; 10]].concat());
            directory.extend(u32::try_from(out.len()).unwrap().to_le_bytes());
            directory.extend(name.bytes());
            out.extend([LOCAL, &common, name.as_bytes(), &packed].concat());
        }
        let start = out.len();
        out.extend(&directory);
        out.extend([END, &[0; 4]].concat());
        let count = u16::try_from(files.len()).unwrap().to_le_bytes();
        out.extend([count, count].concat());
        out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        out.extend(u32::try_from(start).unwrap().to_le_bytes());
        out.extend([0, 0]);
        out
    }

    fn names(bytes: &[u8]) -> Result<Vec<String>, ZipError> {
        read(bytes, 1 << 20).map(|entries| entries.into_iter().map(|entry| entry.name).collect())
    }

    #[test]
    fn stored_and_deflated_files_are_read() {
        let bytes = zip(&[("mimetype", b"m"), ("folder/", b""), ("folder/a.z", &[b'a'; 100_000]), ("công văn.txt", b"")]);
        let entries = read(&bytes, 1 << 20).unwrap();
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["mimetype", "folder/a.z", "công văn.txt"]);
        assert_eq!(entries[1].content, vec![b'a'; 100_000]);
        assert!(matches!(read(&bytes, 99_999), Err(ZipError::InflatesTooFar)));
    }

    #[test]
    fn names_that_leave_the_container_or_occur_twice_are_refused() {
        for name in ["../a", "/a", "a/../b", "a\\b", "C:a", "a//b", "./a", "a\0b", ""] {
            assert!(matches!(names(&zip(&[(name, b"")])), Err(ZipError::BadName(_))), "{name}");
        }
        for twice in [["a", "a"], ["a", "A"], ["a", "a/"]] {
            assert!(matches!(names(&zip(&twice.map(|name| (name, b"".as_slice())))), Err(ZipError::DuplicateName(_))), "{twice:?}");
        }
    }

    #[test]
    fn bytes_that_other_readers_would_see_are_refused() {
        let bytes = zip(&[("a", b"1"), ("b", b"2")]);
        assert!(names(&bytes).is_ok());
        assert_eq!(names(&[b"x".as_slice(), &bytes].concat()), Err(ZipError::HiddenBytes));
        assert_eq!(names(&[bytes.as_slice(), b"x"].concat()), Err(ZipError::NoEnd));
        assert_eq!(names(&[bytes.as_slice(), &zip(&[])].concat()), Err(ZipError::HiddenBytes));
        // A container in the comment of another one.
        let inner = zip(&[]);
        let mut commented = bytes.clone();
        let length = commented.len();
        commented[length - 2..].copy_from_slice(&u16::try_from(inner.len()).unwrap().to_le_bytes());
        assert_eq!(names(&[commented, inner].concat()), Err(ZipError::NoEnd));
        // The local header names another file.
        let mut renamed = bytes.clone();
        let at = 30;
        assert_eq!(renamed[at], b'a');
        renamed[at] = b'c';
        assert_eq!(names(&renamed), Err(ZipError::Contradiction("a".to_owned())));
        let mut damaged = bytes;
        damaged[31] ^= 1;
        assert_eq!(names(&damaged), Err(ZipError::BadContent("a".to_owned())));
    }

    proptest! {
        #[test]
        fn mutated_containers_never_panic(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut bytes = zip(&[("mimetype", b"m"), ("a.z", &[b'a'; 300]), ("b", b"2")]);
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = read(&bytes, 1000);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(read(&[bytes.as_slice(), END, &[0; 18]].concat(), 1000).is_err() || bytes.is_empty());
        }
    }
}
