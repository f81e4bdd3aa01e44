//! Remains of signatures in a file that no signature of the present document explains.

use super::file::File;

const NEEDLE: &[u8; 10] = b"/ByteRange";

/// Whether the bytes, or the object streams of `file`, still hold a byte range of some signature.
pub(crate) fn has_remains(data: &[u8], file: Option<&File<'_>>) -> bool {
    contains(data) || file.is_some_and(|file| file.any_object_stream(contains))
}

/// Horspool's search: ten bytes at a time through ordinary data.
fn contains(data: &[u8]) -> bool {
    let mut shift = [NEEDLE.len(); 256];
    for (index, &byte) in NEEDLE.iter().enumerate().take(NEEDLE.len() - 1) {
        shift[usize::from(byte)] = NEEDLE.len() - 1 - index;
    }
    let mut at = 0;
    while let Some(window) = data.get(at..at + NEEDLE.len()) {
        if window == NEEDLE {
            return true;
        }
        at += window.last().map_or(1, |&byte| shift[usize::from(byte)]);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_wherever_it_stands() {
        for offset in 0..25 {
            let mut data = vec![b'R'; 40];
            assert!(!contains(&data));
            data.splice(offset..offset + 10, NEEDLE.iter().copied());
            assert!(contains(&data), "{offset}");
        }
        assert!(contains(NEEDLE));
        assert!(!contains(b"/ByteRang"));
    }
}
