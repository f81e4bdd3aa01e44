//! ZIP around a file, as the axis's own library puts it there, taken off and put on.
//!
//! That library sends `pdf`, `doc`, `docx`, `zip` (and two names that exist nowhere) as they are, and packs everything else, also
//! `xls` and `xlsx`, into an archive with one entry under a made-up name. It takes the first entry of any archive out, and writes
//! it under a name from inside. Here an archive is opened only where it can be nothing else but such a wrapping, and no name from
//! inside is ever used.

use std::io::{self, Read, Seek, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// How much an archive may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnwrapLimits {
    /// Bytes of the file within.
    pub bytes: u64,
    /// Bytes of the file for one byte of the archive. Deflate gives at most 1,032; texts rarely more than 20.
    pub ratio: u64,
}

impl Default for UnwrapLimits {
    fn default() -> Self {
        Self { bytes: 100 * 1024 * 1024, ratio: 200 }
    }
}

/// What became of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwrapped {
    /// It was a wrapping: the file within was written, so many bytes of it.
    Taken(u64),
    /// It stays as it is, because of this.
    Kept(Kept),
}

/// Why an archive stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// It is announced as an archive.
    AnnouncedAsArchive,
    /// It is an office file, or a container of signatures.
    FileOfItsOwn,
    /// It does not hold exactly one file.
    NotOneFile,
    /// It is not an archive that can be read in one way, or its content does not fit its checksum.
    Unreadable,
    /// It grows beyond the bounds.
    TooLarge,
}

/// Takes the wrapping off, if `archive` (`compressed` bytes, announced under `name`) is one. What was written to `out` is to be
/// dropped unless the answer is [`Unwrapped::Taken`].
///
/// # Errors
/// Where `archive` cannot be read or `out` not written.
pub fn unwrap<R: Read + Seek>(
    archive: R,
    compressed: u64,
    name: &str,
    limits: &UnwrapLimits,
    out: &mut impl Write,
) -> io::Result<Unwrapped> {
    if extension(name) == "zip" {
        return Ok(Unwrapped::Kept(Kept::AnnouncedAsArchive));
    }
    let mut archive = match ZipArchive::new(archive) {
        Ok(archive) => archive,
        Err(ZipError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        Err(_) => return Ok(Unwrapped::Kept(Kept::Unreadable)),
    };
    let is_own = |name: &str| name == "[Content_Types].xml" || name == "mimetype" || name.starts_with("META-INF/");
    if archive.file_names().any(|name| name.is_ok_and(|name| is_own(&name))) {
        return Ok(Unwrapped::Kept(Kept::FileOfItsOwn));
    }
    if archive.len() != 1 {
        return Ok(Unwrapped::Kept(Kept::NotOneFile));
    }
    let entry = match archive.by_index(0) {
        Ok(entry) if entry.is_file() => entry,
        Ok(_) => return Ok(Unwrapped::Kept(Kept::NotOneFile)),
        Err(ZipError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        Err(_) => return Ok(Unwrapped::Kept(Kept::Unreadable)),
    };
    let limit = limits.bytes.min(compressed.saturating_mul(limits.ratio));
    copy(entry, limit, out)
}

/// Errors of reading tell of the archive, errors of writing of this machine: so the two are kept apart.
fn copy(mut entry: impl Read, limit: u64, out: &mut impl Write) -> io::Result<Unwrapped> {
    let mut written = 0;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = match entry.read(&mut piece) {
            Ok(0) => return Ok(Unwrapped::Taken(written)),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(Unwrapped::Kept(Kept::Unreadable)),
        };
        written += length as u64;
        if written > limit {
            return Ok(Unwrapped::Kept(Kept::TooLarge));
        }
        out.write_all(&piece[..length])?;
    }
}

/// Whether the axis's own library would send a file of this name as it is. What it would not is best wrapped: receivers with that
/// library open the wrapping unasked.
#[must_use]
pub fn travels_bare(name: &str) -> bool {
    matches!(extension(name).as_str(), "pdf" | "doc" | "docx" | "zip")
}

/// Puts a wrapping on: an archive with `content` as its only entry, named `entry_name`.
///
/// # Errors
/// Where `content` cannot be read or `out` not written.
pub fn wrap<W: Write + Seek>(entry_name: &str, mut content: impl Read, out: W) -> io::Result<W> {
    let mut archive = ZipWriter::new(out);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file(entry_name, options)?;
    io::copy(&mut content, &mut archive)?;
    Ok(archive.finish()?)
}

/// The extension of a file name, in lower case; empty where there is none.
pub(crate) fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn unwrapped(archive: &[u8], name: &str) -> (Unwrapped, Vec<u8>) {
        let mut out = Vec::new();
        let limits = UnwrapLimits { bytes: 1_000_000, ratio: 200 };
        let outcome = unwrap(Cursor::new(archive), archive.len() as u64, name, &limits, &mut out).unwrap();
        (outcome, out)
    }

    #[test]
    fn what_was_wrapped_comes_out_and_names_inside_do_not_matter() {
        let wrapped = wrap("1b4e28ba.xlsx", &b"content"[..], Cursor::new(Vec::new())).unwrap().into_inner();
        assert_eq!(unwrapped(&wrapped, "bao-cao.xlsx"), (Unwrapped::Taken(7), b"content".to_vec()));
        for name in ["../../etc/passwd", "/etc/passwd", "..\\x", "C:\\x", ""] {
            assert_eq!(unwrapped(&archive(&[(name, b"content")]), "a.pdf").0, Unwrapped::Taken(7), "{name}");
        }
    }

    #[test]
    fn an_archive_of_another_kind_stays_as_it_is() {
        let one: &[(&str, &[u8])] = &[("a.pdf", b"%PDF")];
        for (archive, name, why) in [
            (archive(one), "a.zip", Kept::AnnouncedAsArchive),
            (archive(one), "A.ZIP", Kept::AnnouncedAsArchive),
            (archive(&[("[Content_Types].xml", b"x")]), "a.docx", Kept::FileOfItsOwn),
            (archive(&[("mimetype", b"application/vnd.etsi.asic-e+zip"), ("a.pdf", b"")]), "a.asice", Kept::FileOfItsOwn),
            (archive(&[("a", b"1"), ("b", b"2")]), "a.pdf", Kept::NotOneFile),
            (archive(&[]), "a.pdf", Kept::NotOneFile),
            (archive(&[("a/", b"")]), "a.pdf", Kept::NotOneFile),
            (b"PK\x03\x04 and nothing".to_vec(), "a.pdf", Kept::Unreadable),
        ] {
            assert_eq!(unwrapped(&archive, name).0, Unwrapped::Kept(why), "{name} {why:?}");
        }
    }

    #[test]
    fn bombs_and_damage_are_not_taken() {
        let bomb = archive(&[("a", &vec![0; 900_000])]);
        assert!(bomb.len() < 4_500, "deflate packs zeros a thousand to one");
        assert_eq!(unwrapped(&bomb, "a.pdf").0, Unwrapped::Kept(Kept::TooLarge), "by its ratio");
        let noise: Vec<u8> = (0..1_100_000_u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        assert_eq!(unwrapped(&archive(&[("a", &noise)]), "a.pdf").0, Unwrapped::Kept(Kept::TooLarge), "by its size");
        let mut damaged = archive(&[("a", b"content of a file that is long enough to be packed, packed, packed")]);
        damaged[40] ^= 1;
        assert_eq!(unwrapped(&damaged, "a.pdf").0, Unwrapped::Kept(Kept::Unreadable));
    }

    #[test]
    fn what_travels_bare_is_what_the_axis_library_sends_bare() {
        for (name, bare) in [("a.pdf", true), ("a.PDF", true), ("a.docx", true), ("a.xlsx", false), ("a.xml", false), ("a", false)] {
            assert_eq!(travels_bare(name), bare, "{name}");
        }
    }
}
