//! What a file is, by its content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `%PDF` may stand anywhere in the first kilobyte; the rest is for long heads of XML.
pub(crate) const HEAD_BYTES: usize = 4096;
const PDF_WINDOW: usize = 1024;
/// signedData, 1.2.840.113549.1.7.2, as DER.
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// Lengths of any form in front of the identifier take less.
const CMS_WINDOW: usize = 32;
/// The head of a file in a zip.
pub(crate) const ZIP: &[u8] = b"PK\x03\x04";
const ARMOURS: [&str; 2] = ["PKCS7", "CMS"];

/// The kinds that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pdf,
    /// CMS in BER or DER.
    Cms,
    /// CMS in PEM.
    ArmouredCms,
    Xml,
    /// A zip that says it is a container of signatures (ASiC).
    Container,
}

/// The kind of a file that starts with `head`.
pub(crate) fn of(head: &[u8]) -> Option<Kind> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    // A signature or a container may carry a PDF within its first kilobyte: what encloses goes first.
    if head.first() == Some(&0x30) && contains(head.get(..head.len().min(CMS_WINDOW)).unwrap_or_default(), SIGNED_DATA) {
        Some(Kind::Cms)
    } else if ARMOURS.iter().any(|label| text.starts_with(format!("-----BEGIN {label}-----").as_bytes())) {
        Some(Kind::ArmouredCms)
    } else if head.starts_with(ZIP) && contains(head, b"application/vnd.etsi.asic") {
        Some(Kind::Container)
    } else if contains(head.get(..head.len().min(PDF_WINDOW)).unwrap_or_default(), b"%PDF-") {
        Some(Kind::Pdf)
    } else if text.starts_with(b"<") || head.starts_with(b"\xff\xfe<\0") || head.starts_with(b"\xfe\xff\0<") {
        Some(Kind::Xml)
    } else {
        None
    }
}

/// Whether the CMS that starts with `head` carries its content (RFC 5652, 5.2: its type is then not the last member of its
/// sequence). A guess for the message to the reader, never for the verdict.
pub(crate) fn is_enveloping(head: &[u8]) -> bool {
    let skim = || {
        // ContentInfo, signedData, [0], SignedData; then version and digest algorithms.
        let rest = inside(head)?.0;
        let rest = inside(inside(after(rest)?)?.0)?.0;
        let (content, length) = inside(after(after(rest)?)?)?;
        let behind_type = after(content)?;
        Some(match length {
            Some(length) => content.len() - behind_type.len() < length,
            None => !behind_type.starts_with(&[0, 0]),
        })
    };
    skim().unwrap_or(false)
}

/// The bytes from the content of the first element on, and its length where it is definite.
fn inside(ber: &[u8]) -> Option<(&[u8], Option<usize>)> {
    match *ber.get(1)? {
        0x80 => Some((ber.get(2..)?, None)),
        short @ 0..0x80 => Some((ber.get(2..)?, Some(usize::from(short)))),
        long => {
            let end = 2 + usize::from(long & 0x7f);
            let digits = ber.get(2..end).filter(|digits| digits.len() <= 4)?;
            let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
            Some((ber.get(end..)?, Some(length)))
        }
    }
}

/// The bytes behind the first element, whose length is definite.
fn after(ber: &[u8]) -> Option<&[u8]> {
    let (content, length) = inside(ber)?;
    content.get(length?..)
}

/// The bytes inside the armour.
pub(crate) fn without_armour(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let inner = text.split("-----").nth(2)?;
    STANDARD.decode(inner.split_ascii_whitespace().collect::<String>()).ok()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_content() {
        let cms = [&[0x30, 0x80], SIGNED_DATA].concat();
        for (head, expected) in [
            (b"%PDF-1.7".as_slice(), Some(Kind::Pdf)),
            (b"GIF89a;%PDF-1.4", Some(Kind::Pdf)),
            (&cms, Some(Kind::Cms)),
            (&[&cms, b"\xa0\x80...%PDF-1.4".as_slice()].concat(), Some(Kind::Cms)),
            (b"<html>%PDF-1.4", Some(Kind::Pdf)),
            (b"-----BEGIN PKCS7-----\nMII", Some(Kind::ArmouredCms)),
            (b"\xef\xbb\xbf<?xml version", Some(Kind::Xml)),
            (b"\xff\xfe<\0?\0", Some(Kind::Xml)),
            (b"PK\x03\x04....mimetypeapplication/vnd.etsi.asic-e+zip", Some(Kind::Container)),
            (b"PK\x03\x04word/document.xml", None),
            (b"-----BEGIN CERTIFICATE-----", None),
            (b"", None),
            (&[0x30, 0x82, 1, 2], None),
        ] {
            assert_eq!(of(head), expected, "{head:?}");
        }
        let late = [vec![b'x'; 1022], b"%PDF-1.4".to_vec()].concat();
        assert_eq!(of(&late), None);
    }

    #[test]
    fn a_signature_with_its_content_is_told_from_one_without() {
        let data = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
        let cms = |outer: &[u8], content: &[u8]| {
            let open = [outer, SIGNED_DATA, &[0xa0, 0x80, 0x30, 0x82, 0x10, 0x00], &[0x02, 0x01, 0x01], &[0x31, 0x02, 0x30, 0x00]];
            [&open.concat(), content].concat()
        };
        let bare = [&[0x30, 0x0b], data.as_slice(), &[0xa0, 0x03]].concat();
        let bare_indefinite = [&[0x30, 0x80], data.as_slice(), &[0, 0, 0xa0, 0x03]].concat();
        let full = [&[0x30, 0x0f], data.as_slice(), &[0xa0, 0x02, 0x04, 0x00]].concat();
        let full_indefinite = [&[0x30, 0x80], data.as_slice(), &[0xa0, 0x80, 0x24, 0x80]].concat();
        for outer in [&[0x30, 0x80][..], &[0x30, 0x82, 0x12, 0x34], &[0x30, 0x83, 0x01, 0x12, 0x34]] {
            assert!(!is_enveloping(&cms(outer, &bare)) && !is_enveloping(&cms(outer, &bare_indefinite)));
            assert!(is_enveloping(&cms(outer, &full)) && is_enveloping(&cms(outer, &full_indefinite)));
        }
        let whole = cms(&[0x30, 0x80], &full);
        (0..whole.len()).for_each(|cut| drop(is_enveloping(&whole[..cut]).to_string()));
        assert!(!is_enveloping(&[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]));
    }

    #[test]
    fn the_armour_comes_off() {
        assert_eq!(without_armour(b"-----BEGIN CMS-----\nAQI\r\nD\n-----END CMS-----\n"), Some(vec![1, 2, 3]));
        assert_eq!(without_armour(b"-----BEGIN CMS-----\n?\n-----END CMS-----\n"), None);
        assert_eq!(without_armour(b"AQID"), None);
    }
}
