//! Forgeries: each function takes a signed document and returns what an attacker, or a careless tool, makes of it.
//!
//! The classes are those of Mladenov et al., "1 Trillion Dollar Refund" (CCS 2019): USF, universal signature forgery;
//! ISA, incremental saving attack; SWA, signature wrapping attack; and of Rohlmann et al., "Breaking the Specification:
//! PDF Certification" (S&P 2021): EAA, evil annotation attack. None of the results may count as an untouched, valid
//! document. All functions of this module expect documents that [`crate::pdf::sign`] wrote.
//!
//! The public modules make whole classes of attacks from nothing, with fresh keys: `cases` of each gives the forgeries, what
//! they are judged with, and beside each the same thing without the attack. [`kit`] is what they are made with.

pub mod kit;

pub mod changes;
pub mod containers;
mod damage;
pub mod evidence;
mod incremental;
pub mod markup;
pub mod paths;
pub mod ranges;
pub mod stamps;
pub mod statements;
pub mod structure;
mod universal;
mod values;
mod wrapping;

pub use damage::{append_garbage, flip_signed_byte, prefix_junk, rewrite_losing_revision, swap_contents_of_two, truncate};
pub use incremental::{
    append_revision_replacing_page, append_revision_with_copied_signature, append_revision_without_table, change_after_signing,
};
pub use universal::{Defect, forge_universally};
pub use wrapping::widen_byte_range;

use crate::Error;
use crate::pdf::{SignatureExtent, signatures};

/// The signature that stands last in the bytes.
fn last_signature(pdf: &[u8]) -> Result<SignatureExtent, Error> {
    signatures(pdf).pop().ok_or(Error::NoSignature)
}

fn find_from(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    crate::pdf::find(bytes, needle, from)
}

#[cfg(test)]
mod fixture {
    use crate::openssl;
    use crate::pdf::{Draft, SignOptions, SignatureExtent, sign};
    use crate::pki::{KeyKind, Pki, Signer, SignerKind, SignerRequest};
    use time::OffsetDateTime;
    use time::macros::datetime;

    pub(super) const AT: OffsetDateTime = datetime!(2024-03-01 02:00:00 UTC);

    /// A PKI, one signer, and a document that the signer signed.
    pub(super) struct Case {
        pub(super) pki: Pki,
        pub(super) signer: Signer,
        pub(super) pdf: Vec<u8>,
    }

    impl Case {
        pub(super) fn new() -> Self {
            let pki = Pki::generate().unwrap();
            let request = SignerRequest {
                common_name: "Sở Tài chính".into(),
                organisation: "Sở Tài chính".into(),
                organisation_id: None,
                kind: SignerKind::Organisation,
                not_before: datetime!(2022-01-01 00:00 UTC),
                not_after: datetime!(2027-01-01 00:00 UTC),
                key: KeyKind::P256,
            };
            let signer = pki.issue(&request).unwrap();
            let pdf = Self::sign(&signer, "Cấp kinh phí 100 đồng.");
            Self { pki, signer, pdf }
        }

        pub(super) fn sign(signer: &Signer, line: &str) -> Vec<u8> {
            let draft = Draft { title: "Thông báo".into(), lines: vec![line.into()], ..Draft::default() };
            sign(&draft.build(), signer, &SignOptions::at(AT)).unwrap()
        }

        /// Whether OpenSSL accepts the signature over the bytes that its own `/ByteRange` names; `None` without OpenSSL.
        pub(super) fn openssl_accepts(&self, pdf: &[u8], extent: &SignatureExtent) -> Option<bool> {
            let bench = openssl::Bench::new(&self.pki)?;
            let content = extent.signed_parts(pdf).unwrap().concat();
            Some(bench.verify_cms(&extent.cms(pdf).unwrap(), &content, AT).success)
        }
    }
}
