//! Remains of signatures in a file that no signature of the present document explains.

use super::file::File;

/// What a signature leaves: the key of its byte range, and in a file that was cut within it the type of its CMS (SignedData) in
/// hexadecimal, in the two ways that programs write it. Horspool's search needs them shorter than 256 bytes.
const NEEDLES: [&[u8]; 3] = [b"/ByteRange", b"06092A864886F70D010702", b"06092a864886f70d010702"];

/// Whether the bytes, or the object streams of `file`, still hold a byte range or a value of some signature.
pub(crate) fn has_remains(data: &[u8], file: Option<&File<'_>>) -> bool {
    let has_any = |data: &[u8]| NEEDLES.iter().any(|needle| contains(data, needle));
    has_any(data) || file.is_some_and(|file| file.any_object_stream(has_any))
}

/// Horspool's search: as many bytes at a time as the needle has through ordinary data.
fn contains(data: &[u8], needle: &[u8]) -> bool {
    let mut shift = [needle.len(); 256];
    for (index, &byte) in needle.iter().enumerate().take(needle.len() - 1) {
        shift[usize::from(byte)] = needle.len() - 1 - index;
    }
    let mut at = 0;
    while let Some(window) = data.get(at..at + needle.len()) {
        if window == needle {
            return true;
        }
        at += window.last().map_or(1, |&byte| shift[usize::from(byte)]);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CmsTemplate, Pki, cms, plain_pdf, sign_pdf};
    use crate::{Coverage, Options, TrustStore, verify_pdf};

    #[test]
    fn what_is_left_is_found_wherever_it_stands() {
        for needle in NEEDLES {
            for offset in 0..40 {
                let mut data = vec![b'R'; 80];
                assert!(!has_remains(&data, None));
                data.splice(offset..offset + needle.len(), needle.iter().copied());
                assert!(has_remains(&data, None), "{offset}");
            }
            assert!(has_remains(needle, None));
            assert!(!has_remains(&needle[..needle.len() - 1], None));
        }
    }

    #[test]
    fn a_file_that_was_cut_within_its_signature_is_no_unsigned_one() {
        let (pki, plain) = (Pki::new(), plain_pdf());
        let signed =
            sign_pdf(&plain, 0, "adbe.pkcs7.detached", |content| cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default()));
        // Programs that write the value first leave no byte range in front of the cut.
        let value = signed.windows(4).position(|window| window == b"<308").unwrap();
        let cut = [&plain, &b"\n9 0 obj <</Type/Sig/Contents"[..], &signed[value..value + 200]].concat();
        let judge = |bytes: &[u8]| verify_pdf(bytes, &TrustStore::new(), &Options::at(0)).coverage;
        assert_eq!((judge(&plain), judge(&cut)), (Coverage::NotSigned, Coverage::Destroyed));
    }
}
