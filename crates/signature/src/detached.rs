//! Detached CMS signatures (`.p7s`).

use crate::cms_file::verify_cms_over;
use crate::judge::Judged;
use crate::judgement::Judgement;
use crate::limit;
use crate::options::Options;
use crate::report::{Coverage, DocumentReport, SignatureReport, SignerKind};
use crate::trust::TrustStore;

/// Judges every signer of the CMS `cms` over `content`.
///
/// `cms` is one SignedData in BER, PEM or base64. One that encloses its content is taken if that is `content`, byte for byte.
/// Coverage is [`Coverage::Whole`] if a signature is intact; a CMS that cannot be read gives one report with FORMAT_FAILURE
/// and [`Coverage::NotSigned`].
#[must_use]
pub fn verify_detached(cms: &[u8], content: &[u8], trust: &TrustStore, options: &Options) -> DocumentReport {
    verify_cms_over(cms, content, trust, options).document
}

/// The report on a file in which no signature can be read.
pub(crate) fn unreadable(reason: String) -> DocumentReport {
    let mut judgement = Judgement::default();
    limit::reject(&mut judgement, reason.clone());
    let judged = Judged { judgement, ..Judged::default() };
    let signatures = vec![report("signer 1".to_owned(), "CMS", judged)];
    DocumentReport::new(Coverage::NotSigned, signatures, vec![reason])
}

/// A report without what only a PDF has.
pub(crate) fn report(field: String, sub_filter: &str, judged: Judged) -> SignatureReport {
    let Judged { judgement, arithmetic, proved_time } = judged;
    let (verdict, sub_indication) = judgement.outcome();
    let certificate = arithmetic.certificate.as_ref();
    let intact = arithmetic.intact && !judgement.is_broken();
    let is_weak_only = intact && judgement.is_weak_only();
    let mut evidence = judgement.evidence;
    evidence.sort_unstable();
    evidence.dedup();
    let mut weak = judgement.weak;
    weak.sort_unstable();
    weak.dedup();
    SignatureReport {
        field,
        sub_filter: sub_filter.to_owned(),
        verdict,
        sub_indication,
        reasons: judgement.reasons,
        intact,
        signer: certificate.map(|one| one.facts()),
        signer_kind: certificate.map_or(SignerKind::Unknown, |one| one.subject.signer_kind()),
        claimed_time: arithmetic.claimed_time,
        proved_time,
        digest_algorithm: arithmetic.digest_algorithm,
        signature_algorithm: arithmetic.signature_algorithm,
        weak_digest: arithmetic.weak_digest,
        weak,
        is_weak_only,
        signing_tool: None,
        mark: None,
        value_sha256: arithmetic.value_sha256,
        byte_range: None,
        covers_whole_file: false,
        is_document_timestamp: false,
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::asn1::{Reader, encode};
    use crate::options::RevocationPolicy;
    use crate::report::SubIndication;
    use crate::report::Verdict;
    use crate::testing::{CmsTemplate, NOW, Pki, cms};

    fn judge(bytes: &[u8], content: &[u8], pki: &Pki) -> DocumentReport {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        verify_detached(bytes, content, &trust, &options)
    }

    fn sample(pki: &Pki, template: &CmsTemplate<'_>) -> Vec<u8> {
        cms(&pki.signer, &[&pki.signer], b"content", template)
    }

    /// The same value with every constructed length indefinite.
    fn indefinite(input: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut reader = Reader::new(input);
        while !reader.is_empty() {
            let element = reader.read().unwrap();
            if element.is_constructed() {
                out.extend([element.tag, 0x80]);
                out.extend(indefinite(element.content));
                out.extend([0, 0]);
            } else {
                out.extend_from_slice(element.raw);
            }
        }
        out
    }

    #[test]
    fn a_detached_signature_passes_over_its_content_only() {
        let pki = Pki::new();
        let bytes = sample(&pki, &CmsTemplate::default());
        let report = judge(&bytes, b"content", &pki);
        assert_eq!(report.signatures[0].verdict, Verdict::TotalPassed, "{report:?}");
        assert_eq!(report.coverage, Coverage::Whole);
        let other = judge(&bytes, b"other content", &pki);
        assert_eq!(other.signatures[0].sub_indication, Some(SubIndication::HashFailure));
        assert_ne!(other.coverage, Coverage::Whole);
    }

    #[test]
    fn enclosed_content_has_to_be_the_content() {
        let pki = Pki::new();
        let bytes = sample(&pki, &CmsTemplate { enclose: true, ..CmsTemplate::default() });
        assert_eq!(judge(&bytes, b"content", &pki).signatures[0].verdict, Verdict::TotalPassed);
        assert_eq!(judge(&bytes, b"", &pki).signatures[0].verdict, Verdict::TotalFailed);
    }

    #[test]
    fn indefinite_lengths_are_read_and_attributes_hashed_as_der() {
        let pki = Pki::new();
        let bytes = sample(&pki, &CmsTemplate::default());
        // Certificates are signed as they stand: only what is around them may change its lengths.
        let certificate = pki.signer.der();
        let rewritten = indefinite(&bytes);
        let at = rewritten.windows(indefinite(certificate).len()).position(|w| w == indefinite(certificate)).unwrap();
        let mut rewritten = rewritten;
        rewritten.splice(at..at + indefinite(certificate).len(), certificate.iter().copied());
        assert_ne!(rewritten, bytes);
        assert_eq!(judge(&rewritten, b"content", &pki).signatures[0].verdict, Verdict::TotalPassed);
    }

    #[test]
    fn content_that_reads_as_attributes_needs_signed_attributes() {
        let pki = Pki::new();
        let content = encode(crate::asn1::SET, b"anything");
        let template = CmsTemplate { signed_attributes: false, ..CmsTemplate::default() };
        let bytes = cms(&pki.signer, &[&pki.signer], &content, &template);
        let report = judge(&bytes, &content, &pki);
        assert_eq!(report.signatures[0].sub_indication, Some(SubIndication::FormatFailure));
    }

    #[test]
    fn several_signers_are_judged_each_and_bytes_behind_are_refused() {
        let pki = Pki::new();
        let bytes = sample(&pki, &CmsTemplate { signers: 3, ..CmsTemplate::default() });
        let report = judge(&bytes, b"content", &pki);
        assert_eq!(report.signatures.len(), 3);
        assert!(report.signatures.iter().all(|one| one.verdict == Verdict::TotalPassed));
        let trailing = judge(&[bytes.as_slice(), b"x"].concat(), b"content", &pki);
        assert!(trailing.signatures.iter().all(|one| one.sub_indication == Some(SubIndication::FormatFailure)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn arbitrary_cms_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let report = judge(&bytes, b"content", &Pki::new());
            prop_assert!(report.signatures.iter().all(|one| one.verdict != Verdict::TotalPassed));
        }

        #[test]
        fn a_mutated_cms_never_panics(
            edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let pki = Pki::new();
            let mut bytes = sample(&pki, &CmsTemplate { stamp: Some((&pki.tsa, NOW - 60)), ..CmsTemplate::default() });
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = judge(&bytes, b"content", &pki);
        }
    }
}
