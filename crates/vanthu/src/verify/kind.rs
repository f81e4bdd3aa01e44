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
const ARMOURS: [&str; 4] = ["PKCS7", "CMS", "PKCS #7 SIGNED DATA", "SIGNED MESSAGE"];

/// The kinds that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pdf,
    /// CMS in BER or DER.
    Cms,
    /// CMS in PEM, or in base64 without a label.
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
    } else if ARMOURS.iter().any(|label| text.starts_with(format!("-----BEGIN {label}-----").as_bytes())) || is_bare_base64(text) {
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

/// Whether text that is nothing but base64 begins with a CMS.
fn is_bare_base64(text: &[u8]) -> bool {
    let letters = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    // Four letters give three bytes.
    let letters: Vec<u8> = letters.take(CMS_WINDOW / 3 * 4).collect();
    let whole = letters.get(..letters.len() / 4 * 4).unwrap_or_default();
    let decoded = STANDARD.decode(whole).unwrap_or_default();
    decoded.first() == Some(&0x30) && contains(&decoded, SIGNED_DATA)
}

/// Whether the list at the end of a zip names the signatures of an office document (OOXML, OpenDocument).
pub(crate) fn is_signed_office_document(tail: &[u8]) -> bool {
    contains(tail, b"_xmlsignatures/") || contains(tail, b"META-INF/documentsignatures.xml")
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
            // `printf '\x30\x82\x05\xdc\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x82\x05' | base64`
            (b"MIIF3AYJKoZIhvcN\r\nAQcCoIIF", Some(Kind::ArmouredCms)),
            (b"MIIF3AYJKoZIhvcNAQcDoIIF", None),
            (b"MIIF", None),
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
}
