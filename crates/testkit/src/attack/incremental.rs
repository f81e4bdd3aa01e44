//! ISA, incremental saving attacks: the signed bytes stay as they are, and a revision after them shows something else.

use super::last_signature;
use crate::Error;
use crate::pdf::{Document, append_to_array, page_text, replace_entry, stream, text_string};

/// ISA with a whole revision: the first page shows `text`. The signature still verifies over its bytes; only a look at
/// what follows them tells.
///
/// # Errors
/// Fails if the document carries no signature.
pub fn append_revision_replacing_page(pdf: &[u8], text: &str) -> Result<Vec<u8>, Error> {
    last_signature(pdf)?;
    let document = Document::parse(pdf)?;
    Ok(document.append(&replaced_page(&document, text)?))
}

/// ISA without table and trailer: bare objects with the numbers of signed ones follow the end of the file. Strict
/// readers ignore them; readers that repair damaged files take the last object of a number.
///
/// # Errors
/// Fails if the document carries no signature.
pub fn append_revision_without_table(pdf: &[u8], text: &str) -> Result<Vec<u8>, Error> {
    last_signature(pdf)?;
    let document = Document::parse(pdf)?;
    let mut forged = pdf.to_vec();
    for (number, object) in replaced_page(&document, text)? {
        forged.extend_from_slice(&[format!("{number} 0 obj\n").as_bytes(), &object, b"\nendobj\n"].concat());
    }
    Ok(forged)
}

/// ISA with a copy of the signature dictionary in the new revision, so that readers which look for a signature in the
/// last revision find one, and one that verifies over the old bytes.
///
/// # Errors
/// Fails if the document carries no signature.
pub fn append_revision_with_copied_signature(pdf: &[u8], text: &str) -> Result<Vec<u8>, Error> {
    let contents = last_signature(pdf)?.contents;
    let document = Document::parse(pdf)?;
    // The signature's object is the last one that begins before its contents.
    let number = document.offsets().iter().filter(|(_, offset)| **offset < contents.start).max_by_key(|(_, offset)| **offset);
    let number = *number.ok_or(Error::UnsupportedDocument("signature object"))?.0;
    let mut objects = replaced_page(&document, text)?;
    objects.push((number, document.object(number)?.to_vec()));
    Ok(document.append(&objects))
}

/// EAA, evil annotation: a revision that lays a white note with `text` over the first page. A change that a certifying
/// signature may even permit, and that still changes what people read.
///
/// # Errors
/// Fails if the document carries no signature.
pub fn change_after_signing(pdf: &[u8], text: &str) -> Result<Vec<u8>, Error> {
    last_signature(pdf)?;
    let document = Document::parse(pdf)?;
    let page = document.first_page()?;
    let (note, appearance) = (document.size, document.size + 1);
    let note_dictionary = format!(
        "<< /Type /Annot /Subtype /FreeText /Rect [40 700 555 800] /F 4 /DA (/Helv 11 Tf 0 g) /Contents {} /AP << /N {appearance} 0 R >> >>",
        text_string(text)
    );
    let drawing = format!("1 g 0 0 515 100 re f 0 g\n1 0 0 1 -40 -700 cm\n{}", page_text(std::iter::once(text), ""));
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 515 100] /Resources << /Font << /F1 4 0 R >> >>";
    let form = String::from_utf8_lossy(&stream(drawing.as_bytes())).replacen("<<", &format!("<< {form}"), 1);
    let page_dictionary = append_to_array(&document.dictionary(page)?, "/Annots", &format!("{note} 0 R"));
    Ok(document.append(&[(page, page_dictionary.into_bytes()), (note, note_dictionary.into_bytes()), (appearance, form.into_bytes())]))
}

/// The first page with other contents, and those contents.
pub(super) fn replaced_page(document: &Document<'_>, text: &str) -> Result<Vec<(u32, Vec<u8>)>, Error> {
    let page = document.first_page()?;
    let contents = document.size;
    let dictionary = replace_entry(&document.dictionary(page)?, "/Contents", &format!("{contents} 0 R"));
    let drawing = page_text(std::iter::once(text), "Trang 1/1");
    Ok(vec![(page, dictionary.into_bytes()), (contents, stream(drawing.as_bytes()))])
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Case;
    use super::*;
    use crate::pdf::{find, signatures};

    const FORGED: &str = "Cap kinh phi 999 dong.";

    #[test]
    fn the_old_signature_verifies_and_does_not_cover_what_was_added() {
        let case = Case::new();
        for attack in
            [append_revision_replacing_page, append_revision_without_table, append_revision_with_copied_signature, change_after_signing]
        {
            let forged = attack(&case.pdf, FORGED).unwrap();
            assert!(forged.starts_with(&case.pdf));
            assert!(find(&forged[case.pdf.len()..], FORGED.as_bytes(), 0).is_some());
            for extent in signatures(&forged) {
                assert_eq!(extent.byte_range[2] + extent.byte_range[3], case.pdf.len());
                assert_ne!(case.openssl_accepts(&forged, &extent), Some(false));
            }
        }
    }

    #[test]
    fn a_whole_revision_makes_the_page_show_the_forged_text() {
        let case = Case::new();
        for attack in [append_revision_replacing_page, append_revision_with_copied_signature] {
            let forged = attack(&case.pdf, FORGED).unwrap();
            let document = Document::parse(&forged).unwrap();
            let page = document.dictionary(document.first_page().unwrap()).unwrap();
            assert_eq!(page.matches("/Contents").count(), 1);
            let contents = crate::pdf::number_after(&page, "/Contents").unwrap();
            assert!(find(document.object(contents).unwrap(), FORGED.as_bytes(), 0).is_some());
        }
    }

    #[test]
    fn the_copied_signature_lies_outside_its_own_byte_range() {
        let case = Case::new();
        let forged = append_revision_with_copied_signature(&case.pdf, FORGED).unwrap();
        let copies = signatures(&forged);
        assert_eq!(copies.len(), 2);
        assert_eq!(copies[0].byte_range, copies[1].byte_range);
        assert!(copies[1].contents.start > case.pdf.len());
    }

    #[test]
    fn a_document_without_signature_is_an_error() {
        let unsigned = crate::pdf::Draft::default().build();
        assert!(matches!(append_revision_replacing_page(&unsigned, FORGED), Err(Error::NoSignature)));
        assert!(matches!(change_after_signing(&unsigned, FORGED), Err(Error::NoSignature)));
    }
}
