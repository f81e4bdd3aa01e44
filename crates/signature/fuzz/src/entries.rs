//! What every fuzz target does with its bytes, and what must hold whatever they are. The same functions run under
//! `cargo test -p signature --test fuzz` with mutations of their own.

#![allow(dead_code, reason = "every target uses one of them")]

use signature::{
    ChangeLevel, Coverage, DocumentReport, Options, RevocationPolicy, TrustStore, Verdict, WeakDigest, verify_asic, verify_detached,
    verify_pdf, verify_xml,
};

/// 2026-11-27 00:00:00 UTC, when the seeds are good.
const NOW: i64 = 1_795_737_600;

/// Everything is accepted that an operator can accept, so that little ends early.
fn options() -> Options {
    Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) }
}

/// A PDF document.
pub(crate) fn pdf(data: &[u8]) {
    let report = verify_pdf(data, &TrustStore::new(), &options());
    check(&report);
    for one in &report.signatures {
        if let Some([_, _, second, length]) = one.byte_range
            && one.covers_whole_file
        {
            assert_eq!(second + length, data.len() as u64);
        }
    }
}

/// A detached CMS file over the content that the seeds have.
pub(crate) fn cms(data: &[u8]) {
    let report = verify_detached(data, b"Quyet dinh cap 100 dong", &TrustStore::new(), &options());
    check(&report);
    assert!(!report.signatures.is_empty());
}

/// A certificate: as an authority, and as the anchor of itself.
pub(crate) fn x509(data: &[u8]) {
    let mut trust = TrustStore::new();
    let is_readable = trust.add_intermediate(data).is_ok();
    let is_anchor = trust.add_anchor(data, None, None).is_ok();
    assert!(is_readable || !is_anchor);
}

/// A revocation list or an OCSP response.
pub(crate) fn crl_ocsp(data: &[u8]) {
    let mut trust = TrustStore::new();
    let _ = (trust.add_crl(data), trust.add_ocsp(data));
}

/// An XML document.
pub(crate) fn xml(data: &[u8]) {
    let report = verify_xml(data, &TrustStore::new(), &options());
    check(&report.document);
    assert_eq!(report.signatures.len(), report.document.signatures.len());
    for covered in report.signatures.iter().flat_map(|one| &one.references).filter_map(|one| one.covered.as_ref()) {
        assert!(covered.bytes.start <= covered.bytes.end && covered.bytes.end <= data.len() as u64);
    }
}

/// An ASiC container.
pub(crate) fn asic(data: &[u8]) {
    let report = verify_asic(data, &TrustStore::new(), &options());
    check(&report.document);
    assert_eq!(report.signatures.len(), report.document.signatures.len());
    for covered in report.signatures.iter().flat_map(|one| &one.covers) {
        assert!(!covered.is_empty());
    }
}

/// Nobody is trusted, so that nothing passes; and a report does not contradict itself.
fn check(report: &DocumentReport) {
    for one in &report.signatures {
        assert_ne!(one.verdict, Verdict::TotalPassed, "{one:?}");
        assert!(one.sub_indication.is_some() && !one.reasons.is_empty(), "{one:?}");
    }
    let worst = report.later_changes.iter().map(|change| change.level).max().unwrap_or(ChangeLevel::None);
    assert_eq!(report.changed_after_signing, worst);
    if matches!(report.coverage, Coverage::NotPdf) {
        assert!(report.signatures.is_empty());
    }
}
