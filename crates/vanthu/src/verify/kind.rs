//! What a file is, by its content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `%PDF` may stand anywhere in the first kilobyte; the rest is for long heads of XML.
pub(crate) const HEAD_BYTES: usize = 4096;
const PDF_WINDOW: usize = 1024;
/// signedData, 1.2.840.113549.1.7.2, as DER.
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// data, 1.2.840.113549.1.7.1, as DER.
const DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// Lengths of any form in front of the identifier take less.
const CMS_WINDOW: usize = 32;
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
    if contains(head.get(..head.len().min(PDF_WINDOW)).unwrap_or_default(), b"%PDF-") {
        Some(Kind::Pdf)
    } else if head.first() == Some(&0x30) && contains(head.get(..head.len().min(CMS_WINDOW)).unwrap_or_default(), SIGNED_DATA) {
        Some(Kind::Cms)
    } else if ARMOURS.iter().any(|label| text.starts_with(format!("-----BEGIN {label}-----").as_bytes())) {
        Some(Kind::ArmouredCms)
    } else if head.starts_with(b"PK") && contains(head, b"application/vnd.etsi.asic") {
        Some(Kind::Container)
    } else if text.starts_with(b"<") || head.starts_with(b"\xff\xfe<\0") || head.starts_with(b"\xfe\xff\0<") {
        Some(Kind::Xml)
    } else {
        None
    }
}

/// Whether the CMS in `head` carries its content. A guess for the message to the reader and never for the verdict: the
/// content's type is the only member of its sequence in a detached signature.
pub(crate) fn is_enveloping(head: &[u8]) -> bool {
    let Some(at) = head.windows(DATA.len()).position(|window| window == DATA) else { return false };
    let before = at.checked_sub(2).and_then(|start| head.get(start..at));
    let after = head.get(at + DATA.len()..at + DATA.len() + 2);
    match before {
        Some([0x30, 0x0b]) => false,
        Some([0x30, 0x80]) => after != Some(&[0, 0]),
        _ => true,
    }
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
    fn the_armour_comes_off() {
        assert_eq!(without_armour(b"-----BEGIN CMS-----\nAQI\r\nD\n-----END CMS-----\n"), Some(vec![1, 2, 3]));
        assert_eq!(without_armour(b"-----BEGIN CMS-----\n?\n-----END CMS-----\n"), None);
        assert_eq!(without_armour(b"AQID"), None);
    }
}
