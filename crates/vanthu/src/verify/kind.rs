//! What a file is, by its head, and for office documents by its tail.

use signature::ContentKind;

/// `%PDF` may stand anywhere in the first kilobyte; the rest is for long heads of XML.
pub(crate) const HEAD_BYTES: usize = 4096;
/// The head of a file in a zip.
pub(crate) const ZIP: &[u8] = b"PK\x03\x04";

/// The kind of a file that starts with `head`, of those that carry signatures.
pub(crate) fn of(head: &[u8]) -> Option<ContentKind> {
    Some(ContentKind::of(head)).filter(|kind| *kind != ContentKind::Other)
}

/// Whether the list at the end of a zip names the signatures of an office document (OOXML, OpenDocument).
pub(crate) fn is_signed_office_document(tail: &[u8]) -> bool {
    let names = |wanted: &[u8]| tail.windows(wanted.len()).any(|window| window == wanted);
    names(b"_xmlsignatures/") || names(b"META-INF/documentsignatures.xml")
}
