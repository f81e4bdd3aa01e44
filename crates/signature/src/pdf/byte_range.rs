//! The signed ranges of a signature dictionary: everything but exactly the value of `/Contents`.

use super::{Dictionary, Found, Object, PdfString};

/// A sound byte range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    first_end: usize,
    second_start: usize,
    /// Where the second range ends.
    pub(crate) end: usize,
}

impl ByteRange {
    /// Whether every byte up to `end` is signed.
    pub(crate) fn covers(&self, end: usize) -> bool {
        end <= self.first_end
    }

    /// The signed bytes of `data`.
    pub(crate) fn parts<'a>(&self, data: &'a [u8]) -> [&'a [u8]; 2] {
        let first = data.get(..self.first_end).unwrap_or_default();
        [first, data.get(self.second_start..self.end).unwrap_or_default()]
    }
}

/// The four numbers as they stand, if they are four natural numbers.
pub(crate) fn numbers(dictionary: &Dictionary) -> Option<[u64; 4]> {
    let Some(Object::Array(items)) = dictionary.lookup("ByteRange") else { return None };
    let natural = |item: &Object| match item {
        Object::Integer(value) => u64::try_from(*value).ok(),
        _ => None,
    };
    items.iter().map(natural).collect::<Option<Vec<u64>>>()?.try_into().ok()
}

/// Checks that the two ranges of `found` cover `data` from its start up to some end, except exactly its own `/Contents`
/// string. Whatever else the gap may hold, or wherever else it may lie, is a way to hide unsigned bytes.
pub(crate) fn check<'f>(found: &'f Found, data: &[u8]) -> Result<(ByteRange, &'f PdfString), String> {
    let dictionary = &found.dictionary;
    for key in ["ByteRange", "Contents"] {
        match dictionary.count(key) {
            1 => {}
            0 => return Err(format!("the signature has no /{key}")),
            _ => return Err(format!("the signature has /{key} more than once")),
        }
    }
    let Some(Object::String(contents)) = dictionary.lookup("Contents") else {
        return Err("/Contents is not a string in the signature itself".to_owned());
    };
    if !found.in_file || !contents.is_hex {
        return Err("/Contents is not a hexadecimal string at a place of the file".to_owned());
    }
    let Some([start, first, second, rest]) = numbers(dictionary) else {
        return Err("/ByteRange is not an array of four natural numbers".to_owned());
    };
    let size = |value: u64| usize::try_from(value).ok();
    let end = second.checked_add(rest).and_then(size);
    let (Some(first_end), Some(second_start), Some(end)) = (size(first), size(second), end) else {
        return Err("/ByteRange overflows".to_owned());
    };
    if start != 0 {
        return Err(format!("/ByteRange starts at {start} and not at the start of the file"));
    }
    if end > data.len() {
        return Err(format!("/ByteRange ends at {end}, beyond the end of the file at {}", data.len()));
    }
    if (first_end, second_start) != (contents.start, contents.end) {
        return Err(format!(
            "the gap of /ByteRange, {first_end} to {second_start}, is not the value of /Contents, {} to {}",
            contents.start, contents.end
        ));
    }
    // The gap is a string inside the dictionary, so that both ranges are in order and do not overlap. That the string
    // really lies in the file is compared with its bytes.
    let delimiters = (data.get(first_end), second_start.checked_sub(1).and_then(|last| data.get(last)));
    if delimiters != (Some(&b'<'), Some(&b'>')) || end <= second_start {
        return Err("/Contents does not lie where it should".to_owned());
    }
    Ok((ByteRange { first_end, second_start, end }, contents))
}

#[cfg(test)]
mod tests {
    use super::super::object::Parser;
    use super::*;

    fn found(text: &str) -> Found {
        let Object::Dictionary(dictionary) = Parser::new(text.as_bytes(), 0, 10).object().unwrap() else { panic!() };
        Found { field: String::new(), dictionary, in_file: true, size: None }
    }

    fn verdict(range: &str) -> Result<(), String> {
        // The hexadecimal string fills bytes 12 to 18 of this text.
        let text = format!("<< /Contents<0001>/ByteRange[{range}]>>");
        assert_eq!(text.find('<').map(|_| text.find("<0001>")), Some(Some(12)));
        check(&found(&text), text.as_bytes()).map(|_| ())
    }

    #[test]
    fn only_the_exact_gap_is_accepted() {
        assert_eq!(verdict("0 12 18 10"), Ok(()));
        for wrong in ["0 11 18 10", "0 12 19 9", "0 13 18 10", "0 12 17 10", "1 11 18 10", "0 12 18 10000", "0 12 18 0"] {
            assert!(verdict(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn anything_but_four_natural_numbers_is_refused() {
        for wrong in ["", "0 12", "0 12 18", "0 12 18 10 5", "0 -12 18 10", "0 12 18 1.5", "0 12 18 9223372036854775807", "0 12 18 1 0 R"] {
            assert!(verdict(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn duplicate_keys_and_values_outside_the_file_are_refused() {
        let twice = "<< /Contents<0001>/ByteRange[0 12 18 10]/ByteRange[0 12 18 10]>>";
        assert!(check(&found(twice), twice.as_bytes()).is_err());
        let mut elsewhere = found("<< /Contents<0001>/ByteRange[0 12 18 10]>>");
        elsewhere.in_file = false;
        assert!(check(&elsewhere, &[b'<'; 100]).is_err());
    }
}
