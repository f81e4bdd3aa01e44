//! What a file is, by its content: labels and endings are anybody's claim.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The bytes of a file's head that [`ContentKind::of`] looks at.
const HEAD_BYTES: usize = 4096;
/// `%PDF` may stand anywhere in the first kilobyte.
const PDF_WINDOW: usize = 1024;
/// signedData, 1.2.840.113549.1.7.2, as DER.
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// Lengths of any form in front of the identifier take less.
const CMS_WINDOW: usize = 32;
/// Labels of PEM that hold a signed message (RFC 7468, 8 and 9, and what openssl writes).
const ARMOURS: [&str; 4] = ["PKCS7", "CMS", "PKCS #7 SIGNED DATA", "SIGNED MESSAGE"];
/// The head of a file in a zip.
const ZIP: &[u8] = b"PK\x03\x04";

/// The kinds of files that carry signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// For [`crate::verify_pdf`].
    Pdf,
    /// A CMS structure in BER or DER, for [`crate::verify_cms`], or [`crate::verify_cms_over`] with its content.
    Cms,
    /// One in PEM, or in base64 without a label.
    ArmouredCms,
    /// For [`crate::verify_xml`].
    Xml,
    /// A zip that says it is a container of signatures (EN 319 162-1), or that has signatures where such a container has
    /// them: for [`crate::verify_asic`].
    Container,
    /// Anything else.
    Other,
}

impl ContentKind {
    /// The kind of the file `bytes`. What encloses goes before what is enclosed: a signature may carry a PDF in its first bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let head = window(bytes, HEAD_BYTES);
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        if head.first() == Some(&0x30) && contains(window(head, CMS_WINDOW), SIGNED_DATA) {
            Self::Cms
        } else if ARMOURS.iter().any(|label| text.starts_with(format!("-----BEGIN {label}-----").as_bytes())) || is_bare_base64(text) {
            Self::ArmouredCms
        } else if head.starts_with(ZIP) && (contains(head, b"application/vnd.etsi.asic") || contains(bytes, b"META-INF/signature")) {
            Self::Container
        } else if contains(window(head, PDF_WINDOW), b"%PDF-") {
            Self::Pdf
        } else if text.starts_with(b"<") || head.starts_with(b"\xff\xfe<\0") || head.starts_with(b"\xfe\xff\0<") {
            Self::Xml
        } else {
            Self::Other
        }
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

fn window(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(..length).unwrap_or(bytes)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let first = wanted.first().copied().unwrap_or_default();
    // Runs over whole files: looks at places with the first byte only.
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        let here = rest.get(at..).unwrap_or_default();
        if here.starts_with(wanted) {
            return true;
        }
        rest = here.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_content() {
        let cms = [&[0x30, 0x80], SIGNED_DATA].concat();
        let office = [b"PK\x03\x04word/document.xml".as_slice(), &[0; 5000], b"META-INF/signatures.xml"].concat();
        for (bytes, expected) in [
            (b"%PDF-1.7".as_slice(), ContentKind::Pdf),
            (b"GIF89a;%PDF-1.4", ContentKind::Pdf),
            (&cms, ContentKind::Cms),
            (&[&cms, b"\xa0\x80...%PDF-1.4".as_slice()].concat(), ContentKind::Cms),
            (b"<html>%PDF-1.4", ContentKind::Pdf),
            (b"-----BEGIN PKCS7-----\nMII", ContentKind::ArmouredCms),
            // `printf '\x30\x82\x05\xdc\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x82\x05' | base64`
            (b"MIIF3AYJKoZIhvcN\r\nAQcCoIIF", ContentKind::ArmouredCms),
            (b"MIIF3AYJKoZIhvcNAQcDoIIF", ContentKind::Other),
            (b"MIIF", ContentKind::Other),
            (b"\xef\xbb\xbf<?xml version", ContentKind::Xml),
            (b"\xff\xfe<\0?\0", ContentKind::Xml),
            (b"PK\x03\x04....mimetypeapplication/vnd.etsi.asic-e+zip%PDF-", ContentKind::Container),
            (&office, ContentKind::Container),
            (b"PK\x03\x04word/document.xml", ContentKind::Other),
            (b"-----BEGIN CERTIFICATE-----", ContentKind::Other),
            (b"", ContentKind::Other),
            (&[0x30, 0x82, 1, 2], ContentKind::Other),
            (&[&[b'x'; 1022], b"%PDF-1.4".as_slice()].concat(), ContentKind::Other),
        ] {
            assert_eq!(ContentKind::of(bytes), expected, "{:?}", window(bytes, 60));
        }
    }
}
