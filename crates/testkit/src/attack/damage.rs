//! Plain alterations, and what careless tools do to signed documents.

use super::last_signature;
use crate::Error;
use crate::pdf::{Document, find, without_entry};
use std::collections::BTreeMap;

/// Changes one letter of the page's text inside the signed bytes: the plain forgery, against which the digest stands.
///
/// # Errors
/// Fails if the document carries no signature or no text.
pub fn flip_signed_byte(pdf: &[u8]) -> Result<Vec<u8>, Error> {
    let signed_bytes = last_signature(pdf)?.contents.start;
    // The footer of a page: no drafted line has to exist, and no escaped letter can follow the parenthesis.
    let footer = find(pdf, b"(Trang ", 0).filter(|at| *at < signed_bytes);
    let letter = footer.ok_or(Error::UnsupportedDocument("text"))? + 1;
    let mut forged = pdf.to_vec();
    forged[letter] ^= 1;
    Ok(forged)
}

/// Adds `count` bytes after the end of the document: no object changes, yet the signature does not cover the whole file.
/// A degenerate ISA; some transfer tools do it too.
pub fn append_garbage(pdf: &[u8], count: usize) -> Vec<u8> {
    let garbage = b"\x00\xff%junk".iter().cycle().take(count);
    pdf.iter().chain(garbage).copied().collect()
}

/// Puts `count` bytes before the header, so that every offset in the file is wrong by as much: what polyglot files do.
/// Readers that search for `%PDF-` in the first kilobyte open the result.
pub fn prefix_junk(pdf: &[u8], count: usize) -> Vec<u8> {
    b"GIF89a;".iter().cycle().take(count).chain(pdf).copied().collect()
}

/// Keeps the first `keep` bytes: a transfer that broke.
pub fn truncate(pdf: &[u8], keep: usize) -> Vec<u8> {
    pdf[..keep.min(pdf.len())].to_vec()
}

/// Puts the last signature of `other` in the place of the last signature of `pdf`: genuine and by a genuine signer, but
/// made for another document. (Signature transplant; not among the three classes, as every reader must refuse it.)
///
/// # Errors
/// Fails if one of the documents carries no signature, or the transplant is larger than its place.
pub fn swap_contents_of_two(pdf: &[u8], other: &[u8]) -> Result<Vec<u8>, Error> {
    let place = last_signature(pdf)?.contents;
    let transplant = last_signature(other)?.cms(other).ok_or(Error::UnsupportedDocument("signature"))?;
    let room = place.len() - 2;
    if transplant.len() * 2 > room {
        return Err(Error::ContentsTooSmall { needed: transplant.len(), reserved: room / 2 });
    }
    let digits: String = transplant.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forged = pdf.to_vec();
    forged[place.start + 1..place.end - 1].copy_from_slice(format!("{digits:0<room$}").as_bytes());
    Ok(forged)
}

/// Writes the document anew as printing, merging and compressing tools do: one revision, the form and its fields gone,
/// but the signature dictionary still there with a `/ByteRange` that fits nothing. A residual signature: the document
/// counts as unsigned, and the leftover must not count as a signature.
///
/// # Errors
/// Fails if the document carries no signature.
pub fn rewrite_losing_revision(pdf: &[u8]) -> Result<Vec<u8>, Error> {
    last_signature(pdf)?;
    let document = Document::parse(pdf)?;
    let (root, page) = (document.root()?, document.first_page()?);
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = BTreeMap::new();
    for number in document.offsets().keys().copied() {
        let object = document.object(number)?;
        let object = if number == root {
            let catalog = without_entry(&document.dictionary(number)?, "/AcroForm");
            without_entry(&catalog, "/Perms").into_bytes()
        } else if number == page {
            without_entry(&document.dictionary(number)?, "/Annots").into_bytes()
        } else if find(object, b"/Subtype /Widget", 0).is_some() || find(object, b"/SigFlags", 0).is_some() {
            continue;
        } else {
            object.to_vec()
        };
        offsets.insert(number, out.len());
        out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        out.extend_from_slice(&object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    out.extend_from_slice(document.section(&offsets, start, None).as_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{AT, Case};
    use super::*;
    use crate::pdf::{SignOptions, sign, signatures};

    #[test]
    fn a_flipped_byte_is_one_byte_and_breaks_the_digest() {
        let case = Case::new();
        let forged = flip_signed_byte(&case.pdf).unwrap();
        assert_eq!(forged.iter().zip(&case.pdf).filter(|(forged, original)| forged != original).count(), 1);
        assert!(find(&forged, b"(Urang 1/1) Tj", 0).is_some());
        let extent = last_signature(&forged).unwrap();
        assert_ne!(case.openssl_accepts(&forged, &extent), Some(true));
        assert_ne!(case.openssl_accepts(&case.pdf, &extent), Some(false));
    }

    #[test]
    fn a_transplanted_signature_is_whole_but_does_not_fit_the_document() {
        let case = Case::new();
        let other = Case::sign(&case.signer, "Cấp kinh phí 999 đồng.");
        let forged = swap_contents_of_two(&case.pdf, &other).unwrap();
        let extent = last_signature(&forged).unwrap();
        assert_eq!(extent.cms(&forged), last_signature(&other).unwrap().cms(&other));
        assert_ne!(case.openssl_accepts(&forged, &extent), Some(true));
    }

    #[test]
    fn a_transplant_that_does_not_fit_is_an_error() {
        let case = Case::new();
        let large = SignOptions { timestamp: Some(case.pki.tsa()), ..SignOptions::at(AT) };
        let large = sign(&crate::pdf::Draft::default().build(), &case.signer, &large).unwrap();
        let small = SignOptions { contents_bytes: Some(1800), ..SignOptions::at(AT) };
        let small = sign(&crate::pdf::Draft::default().build(), &case.signer, &small).unwrap();
        assert!(matches!(swap_contents_of_two(&small, &large), Err(Error::ContentsTooSmall { reserved: 1800, .. })));
    }

    #[test]
    fn bytes_around_the_document_leave_the_signature_inside() {
        let case = Case::new();
        let length = case.pdf.len();
        assert_eq!(append_garbage(&case.pdf, 10)[..length], case.pdf);
        assert_eq!(append_garbage(&case.pdf, 10).len(), length + 10);
        assert_eq!(prefix_junk(&case.pdf, 10)[10..], case.pdf);
        assert_eq!(truncate(&case.pdf, 100), case.pdf[..100]);
        assert_eq!(truncate(&case.pdf, length + 1), case.pdf);
    }

    #[test]
    fn a_rewritten_document_keeps_the_dictionary_and_loses_the_field() {
        let case = Case::new();
        let twice = SignOptions { field: "Second".into(), ..SignOptions::at(AT) };
        for pdf in [case.pdf.clone(), sign(&case.pdf, &case.signer, &twice).unwrap()] {
            let forged = rewrite_losing_revision(&pdf).unwrap();
            assert_eq!(signatures(&forged).len(), signatures(&pdf).len());
            for gone in ["/AcroForm", "/Widget", "/Annots", "/Prev", "/SigFlags"] {
                assert!(find(&forged, gone.as_bytes(), 0).is_none(), "{gone}");
            }
            let document = Document::parse(&forged).unwrap();
            assert!(document.dictionary(document.root().unwrap()).is_ok());
            for extent in signatures(&forged) {
                assert_ne!(extent.byte_range[1], extent.contents.start);
            }
        }
    }
}
