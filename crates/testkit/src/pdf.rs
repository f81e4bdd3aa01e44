//! PDF documents: drafts made from text, and signatures appended to them as incremental updates (ISO 32000-2, 12.8).

mod draft;
mod revision;
mod sign;

pub use crate::cms::{Digest, Encoding, RsaPadding};
pub use draft::Draft;
pub use sign::{Certification, SignOptions, SubFilter, sign};

pub(crate) use draft::{page_text, stream, text_string};
#[cfg(test)]
pub(crate) use revision::number_after;
pub(crate) use revision::{Document, append_to_array, find, replace_entry, without_entry};

use std::ops::Range;

/// Where a signature lies in the bytes of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureExtent {
    /// The four numbers of `/ByteRange` as they stand in the file.
    pub byte_range: [usize; 4],
    /// The whole `/ByteRange` entry, key included.
    pub byte_range_entry: Range<usize>,
    /// The value of `/Contents`, with `<` and `>`.
    pub contents: Range<usize>,
}

impl SignatureExtent {
    /// The bytes that `/ByteRange` says are signed; `None` where it points outside the file.
    pub fn signed_parts<'a>(&self, pdf: &'a [u8]) -> Option<[&'a [u8]; 2]> {
        let [first, first_length, second, second_length] = self.byte_range;
        let part = |start: usize, length: usize| pdf.get(start..start.checked_add(length)?);
        Some([part(first, first_length)?, part(second, second_length)?])
    }

    /// The CMS structure in `/Contents`, without the zeros that fill it up (with them where its length is indefinite);
    /// `None` if it is not hexadecimal or cut short.
    pub fn cms(&self, pdf: &[u8]) -> Option<Vec<u8>> {
        let digits = pdf.get(self.contents.start + 1..self.contents.end - 1)?;
        let nibble = |digit: &u8| char::from(*digit).to_digit(16);
        let pairs = digits.chunks_exact(2).map(|pair| Some((nibble(&pair[0])? << 4 | nibble(&pair[1])?) as u8));
        let padded = pairs.collect::<Option<Vec<u8>>>()?;
        if padded.get(1) == Some(&0x80) {
            return Some(padded);
        }
        Some(crate::der::read(&padded)?.whole.to_vec())
    }
}

/// Finds the signatures of a document that [`sign`] wrote, in the order of their bytes.
///
/// It looks for the literal text of `/ByteRange` and is no parser: foreign documents may hide theirs from it.
pub fn signatures(pdf: &[u8]) -> Vec<SignatureExtent> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = find(pdf, b"/ByteRange", from) {
        from = start + 1;
        found.extend(extent_at(pdf, start));
    }
    found
}

fn extent_at(pdf: &[u8], start: usize) -> Option<SignatureExtent> {
    let open = find(pdf, b"[", start)?;
    let close = find(pdf, b"]", open)?;
    let numbers = std::str::from_utf8(pdf.get(open + 1..close)?).ok()?;
    let numbers: Vec<usize> = numbers.split_ascii_whitespace().map_while(|number| number.parse().ok()).collect();
    let byte_range = numbers.try_into().ok()?;
    let key = find(pdf, b"/Contents", close)?;
    let contents_start = find(pdf, b"<", key)?;
    let contents_end = find(pdf, b">", contents_start)? + 1;
    Some(SignatureExtent { byte_range, byte_range_entry: start..close + 1, contents: contents_start..contents_end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openssl;
    use crate::pki::{KeyKind, Pki, Signer, SignerKind, SignerRequest};
    use time::OffsetDateTime;
    use time::macros::datetime;

    const AT: OffsetDateTime = datetime!(2024-03-01 02:00:00 UTC);

    #[test]
    fn openssl_accepts_every_form_of_signature() {
        let pki = Pki::generate().unwrap();
        let cases = [(KeyKind::P256, Digest::Sha256), (KeyKind::P384, Digest::Sha384), (KeyKind::Rsa2048, Digest::Sha512)];
        for (key, digest) in cases {
            let signer = signer(&pki, key);
            for sub_filter in [SubFilter::AdbePkcs7Detached, SubFilter::EtsiCadesDetached] {
                check(&pki, &signer, &SignOptions { sub_filter, digest, ..SignOptions::at(AT) });
            }
            check(&pki, &signer, &SignOptions { signed_attributes: false, digest, ..SignOptions::at(AT) });
        }
        let rsa = signer(&pki, KeyKind::Rsa2048);
        check(&pki, &rsa, &SignOptions { digest: Digest::Sha1, ..SignOptions::at(AT) });
        check(&pki, &rsa, &SignOptions { rsa_padding: RsaPadding::Pss, ..SignOptions::at(AT) });
        check(&pki, &rsa, &SignOptions { encoding: Encoding::Ber, ..SignOptions::at(AT) });
    }

    #[test]
    fn a_time_stamp_is_accepted_over_the_signature_value() {
        let pki = Pki::generate().unwrap();
        let signer = signer(&pki, KeyKind::Rsa2048);
        let options = SignOptions { timestamp: Some(pki.tsa()), ..SignOptions::at(AT) };
        let pdf = sign(&draft().build(), &signer, &options).unwrap();
        let cms = signatures(&pdf)[0].cms(&pdf).unwrap();

        // id-aa-signatureTimeStampToken (RFC 3161, appendix A) and the SET around the token, then the token to the end.
        let kind = [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];
        let at = find(&cms, &kind, 0).unwrap() + kind.len();
        let token = crate::der::read(&cms[at..]).unwrap().content;
        // The unsigned attributes follow the signature: OCTET STRING of 256 bytes, [1], SEQUENCE, each with long lengths.
        let value = &cms[at - kind.len() - 8 - 256..][..256];
        let Some(bench) = openssl::Bench::new(&pki) else { return };
        let outcome = bench.verify_time_stamp(token, value, AT);
        assert!(outcome.success, "{}", outcome.text);
    }

    #[test]
    fn the_gap_of_the_byte_range_is_the_contents_and_nothing_else() {
        let pki = Pki::generate().unwrap();
        let person = signer(&pki, KeyKind::P256);
        for padding_bytes in [0, 1, 999, 100_000, 10_000_000] {
            let mut pdf = Draft { padding_bytes, ..draft() }.build();
            for field in ["Person", "Organisation", "Phê duyệt"] {
                let before = pdf.clone();
                pdf = sign(&pdf, &person, &SignOptions { field: field.into(), ..SignOptions::at(AT) }).unwrap();
                assert!(pdf.starts_with(&before));
                let extent = signatures(&pdf).pop().unwrap();
                let [first, first_length, second, second_length] = extent.byte_range;
                assert_eq!((first, first_length, second), (0, extent.contents.start, extent.contents.end));
                assert_eq!(second + second_length, pdf.len());
                assert_eq!((pdf[first_length], pdf[second - 1]), (b'<', b'>'));
            }
        }
    }

    #[test]
    fn the_organisation_signs_over_the_person_and_both_stay_valid() {
        let pki = Pki::generate().unwrap();
        let (person, organisation) = (signer(&pki, KeyKind::P256), signer(&pki, KeyKind::Rsa2048));
        let once = sign(&draft().build(), &person, &SignOptions { field: "A".into(), ..SignOptions::at(AT) }).unwrap();
        let options = SignOptions { field: "B".into(), reason: Some("Đóng dấu".into()), ..SignOptions::at(AT) };
        let twice = sign(&once, &organisation, &options).unwrap();

        let extents = signatures(&twice);
        assert_eq!(extents.len(), 2);
        assert_eq!(extents[0].byte_range[2] + extents[0].byte_range[3], once.len());
        let document = Document::parse(&twice).unwrap();
        let catalog = document.dictionary(document.root().unwrap()).unwrap();
        let form = number_after(&catalog, "/AcroForm").unwrap();
        assert_eq!(document.dictionary(form).unwrap(), "<< /Fields [7 0 R 10 0 R] /SigFlags 3 >>");
        assert!(document.dictionary(5).unwrap().ends_with("/Annots [7 0 R 10 0 R] >>"));

        let Some(bench) = openssl::Bench::new(&pki) else { return };
        for extent in &extents {
            let content = extent.signed_parts(&twice).unwrap().concat();
            let outcome = bench.verify_cms(&extent.cms(&twice).unwrap(), &content, AT);
            assert!(outcome.success, "{}", outcome.text);
        }
    }

    #[test]
    fn a_signature_that_does_not_fit_is_an_error_with_both_sizes() {
        let pki = Pki::generate().unwrap();
        let signer = signer(&pki, KeyKind::P256);
        let options = SignOptions { contents_bytes: Some(100), ..SignOptions::at(AT) };
        let outcome = sign(&draft().build(), &signer, &options);
        assert!(matches!(outcome, Err(crate::Error::ContentsTooSmall { needed, reserved: 100 }) if needed > 500), "{outcome:?}");
    }

    #[test]
    fn the_reserved_room_suffices_for_long_names_and_all_extras() {
        let pki = Pki::generate().unwrap();
        for key in [KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::Rsa2048] {
            // RFC 5280, appendix A.1: a common name has up to 64 characters, here of three bytes each.
            let signer = pki.issue(&SignerRequest { common_name: "ệ".repeat(64), ..request(key) }).unwrap();
            let sub_filter = SubFilter::EtsiCadesDetached;
            let options = SignOptions { timestamp: Some(pki.tsa()), sub_filter, ..SignOptions::at(AT) };
            sign(&draft().build(), &signer, &options).unwrap();
        }
    }

    fn check(pki: &Pki, signer: &Signer, options: &SignOptions<'_>) {
        let pdf = sign(&draft().build(), signer, options).unwrap();
        let extents = signatures(&pdf);
        assert_eq!(extents.len(), 1);
        let content = extents[0].signed_parts(&pdf).unwrap().concat();
        let Some(bench) = openssl::Bench::new(pki) else { return };
        let outcome = bench.verify_cms(&extents[0].cms(&pdf).unwrap(), &content, AT);
        assert!(outcome.success, "{:?} {:?}: {}", options.digest, options.sub_filter, outcome.text);
    }

    fn draft() -> Draft {
        Draft { title: "Quyết định".into(), lines: vec!["Điều 1.".into()], pages: 1, padding_bytes: 0 }
    }

    fn signer(pki: &Pki, key: KeyKind) -> Signer {
        pki.issue(&request(key)).unwrap()
    }

    fn request(key: KeyKind) -> SignerRequest {
        SignerRequest {
            common_name: "Ủy ban nhân dân tỉnh Cà Mau".into(),
            organisation: "Ủy ban nhân dân tỉnh Cà Mau".into(),
            organisation_id: Some("H12".into()),
            kind: SignerKind::Organisation,
            not_before: datetime!(2022-01-01 00:00 UTC),
            not_after: datetime!(2027-01-01 00:00 UTC),
            key,
        }
    }
}
