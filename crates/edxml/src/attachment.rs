//! The files of a packet: which line of the manifest belongs to which, and what they really are.

use crate::fault::Rule;
use crate::tree::{Element, File};

/// What a packet says of a file: in the manifest (`Reference`), and beside the bytes (`Attachment`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// `ContentId`, without any `cid:`.
    pub content_id: String,
    /// `ContentType`: a label; bytes are believed, see [`Media`].
    pub content_type: String,
    /// `Description`.
    pub description: String,
    /// `AttachmentName`.
    pub name: String,
}

/// A file of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment<S> {
    /// What the packet says of it; where the two places differ, what stands beside the bytes.
    pub about: Reference,
    /// What its first bytes say it is.
    pub media: Media,
    /// Its length in bytes.
    pub size: u64,
    /// What the sink gave for it.
    pub stored: S,
    /// Unknown elements.
    pub extra: Vec<Element>,
}

/// What a file is by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Media {
    /// ISO 32000.
    Pdf,
    /// A ZIP archive: packed by a program of the axis, an office file of today, or an archive in its own right; see
    /// [`crate::unwrap`].
    Zip,
    /// The office files of before 2007.
    Ole,
    /// XML.
    Xml,
    /// A picture: PNG.
    Png,
    /// A picture: JPEG.
    Jpeg,
    /// Rich text.
    Rtf,
    /// Anything else.
    Other,
}

impl Media {
    /// By the first bytes of a file.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        let head = head.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(head);
        let starts: [(&[u8], Self); 8] = [
            (b"%PDF", Self::Pdf),
            (b"PK\x03\x04", Self::Zip),
            (b"PK\x05\x06", Self::Zip),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Self::Ole),
            (b"<?xml", Self::Xml),
            (b"\x89PNG\r\n\x1a\n", Self::Png),
            (b"\xff\xd8\xff", Self::Jpeg),
            (b"{\\rtf", Self::Rtf),
        ];
        starts.iter().find(|(start, _)| head.starts_with(start)).map_or(Self::Other, |(_, media)| *media)
    }
}

/// An id without the `cid:` in front of it, however often programs have put it there.
pub(crate) fn bare_id(id: &str) -> &str {
    let mut bare = id.trim();
    while let Some(rest) = bare.strip_prefix("cid:") {
        bare = rest;
    }
    bare
}

/// A file with what stands beside it.
pub(crate) struct Part<S> {
    pub(crate) about: Reference,
    pub(crate) file: File<S>,
    pub(crate) extra: Vec<Element>,
}

/// Brings files and lines of the manifest together: by id, else by name, else by position. Returns the files, and the lines that
/// no file belongs to.
pub(crate) fn pair<S>(references: Vec<Reference>, parts: Vec<Part<S>>, note: impl Fn(Rule)) -> (Vec<Attachment<S>>, Vec<Reference>) {
    let mut references: Vec<_> = references.into_iter().map(Some).collect();
    let mut found: Vec<Option<Reference>> = parts.iter().map(|_| None).collect();
    let keys: [fn(&Reference) -> &str; 2] = [|about| &about.content_id, |about| &about.name];
    for key in keys {
        for (part, found) in parts.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            let wanted = key(&part.about);
            if wanted.is_empty() {
                continue;
            }
            let line = references.iter_mut().find(|line| line.as_ref().is_some_and(|line| key(line) == wanted));
            *found = line.and_then(Option::take);
        }
    }
    // The first file without a line and the first line without a file, and so on: only where nothing else tells.
    for found in found.iter_mut().filter(|found| found.is_none()) {
        *found = references.iter_mut().find(|line| line.is_some()).and_then(Option::take);
        note(Rule::Unpaired);
    }
    let missing: Vec<_> = references.into_iter().flatten().collect();
    missing.iter().for_each(|_| note(Rule::Unpaired));
    let attachments = parts.into_iter().zip(found).map(|(part, line)| {
        let line = line.unwrap_or_default();
        let or = |own: String, other: String| if own.is_empty() { other } else { own };
        Attachment {
            about: Reference {
                content_id: or(part.about.content_id, line.content_id),
                content_type: or(part.about.content_type, line.content_type),
                description: or(part.about.description, line.description),
                name: or(part.about.name, line.name),
            },
            media: Media::of(&part.file.decoded.head),
            size: part.file.decoded.size,
            stored: part.file.stored,
            extra: part.extra,
        }
    });
    (attachments.collect(), missing)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::content::Decoded;

    fn reference(id: &str, name: &str) -> Reference {
        Reference { content_id: id.into(), name: name.into(), ..Reference::default() }
    }

    fn part(id: &str, name: &str, stored: u8) -> Part<u8> {
        let decoded = Decoded { size: 4, head: b"%PDF".to_vec() };
        Part { about: reference(id, name), file: File { stored, decoded }, extra: Vec::new() }
    }

    fn paired(references: Vec<Reference>, parts: Vec<Part<u8>>) -> (Vec<(u8, String, String)>, usize, u32) {
        let notes = Cell::new(0);
        let (attachments, missing) = pair(references, parts, |_| notes.set(notes.get() + 1));
        let said = attachments.into_iter().map(|one| (one.stored, one.about.content_id, one.about.name)).collect();
        (said, missing.len(), notes.get())
    }

    #[test]
    fn files_find_their_lines_by_id_then_name_then_position() {
        let lines = vec![reference("1", "a.pdf"), reference("2", "b.pdf"), reference("3", "c.pdf")];
        let said = |parts| paired(lines.clone(), parts);
        let all = vec![(1, "3".into(), "c.pdf".into()), (2, "x".into(), "a.pdf".into()), (3, "y".into(), "b.pdf".into())];
        assert_eq!(said(vec![part("3", "", 1), part("x", "a.pdf", 2), part("y", "", 3)]), (all, 0, 1));
        // Two files under one id: the second is not the line's.
        let (said, missing, notes) = paired(vec![reference("1", "a.pdf")], vec![part("1", "", 1), part("1", "", 2)]);
        assert_eq!((said, missing, notes), (vec![(1, "1".into(), "a.pdf".into()), (2, "1".into(), String::new())], 0, 1));
        let (said, missing, notes) = paired(lines, vec![part("2", "other.pdf", 1)]);
        assert_eq!((said, missing, notes), (vec![(1, "2".into(), "other.pdf".into())], 2, 2));
    }

    #[test]
    fn ids_lose_every_cid() {
        for (id, bare) in [("cid:1", "1"), ("cid:cid:1", "1"), (" 1 ", "1"), ("cid:", ""), ("acid:1", "acid:1")] {
            assert_eq!(bare_id(id), bare);
        }
    }

    #[test]
    fn bytes_are_believed() {
        for (head, media) in [
            (&b"%PDF-1.7"[..], Media::Pdf),
            (b"PK\x03\x04....", Media::Zip),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Media::Ole),
            (b"\xef\xbb\xbf<?xml ", Media::Xml),
            (b"\xff\xd8\xff\xe0", Media::Jpeg),
            (b"PK", Media::Other),
            (b"", Media::Other),
        ] {
            assert_eq!(Media::of(head), media);
        }
    }
}
