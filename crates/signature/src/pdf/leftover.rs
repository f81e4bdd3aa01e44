//! What is left of signatures in a document that was rewritten: their values, by which the document that was signed is found
//! again.

use super::file::File;
use super::object::{Object, Parser};
use crate::algorithm::sha256;
use crate::cms::SignedData;
use crate::options::Limits;

const KEY: &[u8] = b"/Contents";
/// Values that are told.
const MAX_VALUES: usize = 64;
/// Places that are tried: pages name their content by the same key, as a reference, which is no try.
const MAX_TRIES: usize = 256;
/// The longest text of one value that is read: a CMS with all its evidence in hexadecimal stays below.
const MAX_TEXT: usize = 1 << 20;

/// Looks for signature values in `data` and in the object streams of `file`, whatever points to them.
pub(crate) fn leftover(data: &[u8], file: Option<&File<'_>>, limits: &Limits) -> Vec<[u8; 32]> {
    let mut values = Vec::new();
    let mut tries = MAX_TRIES;
    collect(data, limits, &mut tries, &mut values);
    if let Some(file) = file {
        file.any_object_stream(|stream| {
            collect(stream, limits, &mut tries, &mut values);
            tries == 0 || values.len() >= MAX_VALUES
        });
    }
    values.sort_unstable();
    values.dedup();
    values.truncate(MAX_VALUES);
    values
}

fn collect(data: &[u8], limits: &Limits, tries: &mut usize, values: &mut Vec<[u8; 32]>) {
    let mut at = 0;
    while let Some(found) = data.get(at..).and_then(|rest| rest.windows(KEY.len()).position(|window| window == KEY)) {
        at += found + KEY.len();
        if *tries == 0 || values.len() >= MAX_VALUES {
            return;
        }
        let text = data.get(at..data.len().min(at + MAX_TEXT)).unwrap_or_default();
        let mut parser = Parser::new(text, 0, limits.max_object_depth);
        parser.skip_space();
        // A dictionary or a reference is the content of a page.
        let is_string = match text.get(parser.position..) {
            Some([b'<', next, ..]) => *next != b'<',
            Some([b'(', ..]) => true,
            _ => false,
        };
        if !is_string {
            continue;
        }
        *tries -= 1;
        let Ok(Object::String(contents)) = parser.object() else { continue };
        if let Ok((signed, _)) = SignedData::parse(&contents.bytes, limits.max_certificates) {
            values.extend(signed.signers.iter().map(|signer| sha256(&signer.signature)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CmsTemplate, Pki, cms, plain_pdf, sign_pdf};
    use crate::{Coverage, Options, TrustStore, verify_pdf};

    const NOW: i64 = crate::testing::NOW;

    fn signed(pki: &Pki) -> Vec<u8> {
        sign_pdf(&plain_pdf(), 0, "adbe.pkcs7.detached", |content| cms(&pki.signer, &[&pki.signer], content, &CmsTemplate::default()))
    }

    #[test]
    fn a_rewritten_document_is_known_by_the_values_that_are_left_in_it() {
        let original = signed(&Pki::new());
        let judge = |bytes: &[u8]| verify_pdf(bytes, &TrustStore::new(), &Options::at(NOW));
        let report = judge(&original);
        assert_eq!(report.remains, Vec::<[u8; 32]>::new(), "nothing of a sound document is left over");
        let value = report.signatures[0].value_sha256.expect("a value");

        // A program that writes the objects anew and drops the form, as incoming-stamp tools do.
        let dictionary = original.windows(9).position(|window| window == b"/Contents").unwrap();
        let end = dictionary + original[dictionary..].iter().position(|byte| *byte == b'>').unwrap() + 1;
        let contents = String::from_utf8(original[dictionary..end].to_vec()).unwrap();
        let body = format!("7 0 obj <</Type/Sig/ByteRange[0 1 2 3]{contents}>> endobj\n8 0 obj <</Producer(Dong dau den 2.0)>> endobj\n");
        let mut rewritten =
            b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\n".to_vec();
        let offsets: Vec<usize> =
            [b"1 0 obj".as_slice(), b"2 0 obj"].iter().map(|key| rewritten.windows(7).position(|window| window == *key).unwrap()).collect();
        let (seventh, eighth) = (rewritten.len(), rewritten.len() + body.find("8 0 obj").unwrap());
        rewritten.extend(body.bytes());
        let table = rewritten.len();
        let row = |offset: usize| format!("{offset:010} 00000 n \n");
        let xref = format!(
            "xref\n0 3\n0000000000 65535 f \n{}{}7 2\n{}{}trailer <</Size 9/Root 1 0 R/Info 8 0 R>>\nstartxref\n{table}\n%%EOF\n",
            row(offsets[0]),
            row(offsets[1]),
            row(seventh),
            row(eighth)
        );
        rewritten.extend(xref.bytes());
        let report = judge(&rewritten);
        assert_eq!((report.coverage, report.signatures.len()), (Coverage::Destroyed, 0), "{report:?}");
        assert_eq!(report.remains, vec![value]);
        assert_eq!(report.rewritten_by.as_deref(), Some("Dong dau den 2.0"));
    }

    #[test]
    fn what_is_no_signature_leaves_nothing_and_tries_end() {
        let limits = Options::at(NOW).limits;
        for text in ["/Contents 5 0 R", "/Contents<<>>", "/Contents<", "/Contents(", "/Contents", "/Contents <00ff>", "/Contents(abc)"] {
            assert_eq!(leftover(text.as_bytes(), None, &limits), Vec::<[u8; 32]>::new(), "{text}");
        }
        let mut tries = MAX_TRIES;
        collect("/Contents<30>".repeat(10 * MAX_TRIES).as_bytes(), &limits, &mut tries, &mut Vec::new());
        assert_eq!(tries, 0);
    }
}
