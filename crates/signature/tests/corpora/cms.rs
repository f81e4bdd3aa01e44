//! CMS and CAdES files, attached and detached, and the samples of RFC 4134.

use std::fs;
use std::path::{Path, PathBuf};

use signature::{
    CertificateQuestion, DocumentReport, Options, RevocationPolicy, SubIndication, TrustStore, Verdict, WeakDigest, verify_certificate,
    verify_detached,
};

use crate::documents::{all, arithmetic, compare_sub_indication, show};
use crate::ledger::{Ledger, UNSUPPORTED};
use crate::manifest::Row;
use crate::shared::NOW;

fn judge(cms: &[u8], content: &[u8]) -> DocumentReport {
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    verify_detached(cms, content, &TrustStore::new(), &options)
}

/// `dss-cades`: attached ones against `openssl cms`, detached ones with whatever of the set is their content.
pub(crate) fn signatures(folder: &Path, ledger: &mut Ledger) {
    for row in Row::all(folder) {
        let verdict = row.observed().and_then(|observed| observed.strip_prefix("openssl cms -noverify: "));
        let Some(verdict) = verdict.filter(|verdict| *verdict != "not DER") else {
            ledger.skip();
            continue;
        };
        let cms = row.bytes();
        let contents = match attached_content(&cms) {
            Some(content) => vec![content],
            None => neighbours(&row.path),
        };
        let detached = verdict.starts_with("detached");
        let run = || {
            let reports = contents.iter().map(|content| judge(&cms, content));
            let mut reports: Vec<DocumentReport> = reports.collect();
            let intact = reports.iter().position(|report| report.signatures.iter().any(|one| arithmetic(one) == "intact"));
            (!reports.is_empty()).then(|| reports.swap_remove(intact.unwrap_or(0)))
        };
        let Some(report) = ledger.judge(&row.file, run).flatten() else {
            ledger.skip();
            continue;
        };
        show(&row.file, &report);
        let answers: Vec<&str> = report.signatures.iter().map(arithmetic).collect();
        let ours = all(&answers);
        if !detached {
            ledger.enter(&row.file, "openssl cms", ours, if verdict == "VALID" { "all" } else { "none" });
        } else if ours == "none" {
            // Its content is not in the set, or it is damaged: nothing tells which.
            ledger.skip();
            continue;
        }
        let Some(upstream) = row.upstream() else { continue };
        match upstream.intact() {
            Some(theirs) => ledger.enter(&row.file, "upstream: intact", ours, if theirs { "all" } else { "none" }),
            None => ledger.skip(),
        }
        if let Some(theirs) = upstream.count() {
            ledger.enter(&row.file, "upstream: signatures", &report.signatures.len().to_string(), &theirs.to_string());
        }
        let subs: Vec<Option<SubIndication>> = report.signatures.iter().map(|one| one.sub_indication).collect();
        compare_sub_indication(&row.file, &upstream, &subs, ledger);
    }
}

/// The other files of the folder, the small ones first, as possible contents.
fn neighbours(path: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|other| other != path && other.is_file() && !other.ends_with("manifest.tsv"));
    files.sort();
    files.iter().filter_map(|file| fs::read(file).ok()).collect()
}

/// `cms-misc`: certificates, lists and signed data parse; what is weak or cannot be computed is said to be.
pub(crate) fn samples(folder: &Path, ledger: &mut Ledger) {
    for row in Row::all(folder) {
        let file = row.file.as_str();
        let bytes = row.bytes();
        if file.ends_with(".cer") {
            let ask = || verify_certificate(&bytes, &CertificateQuestion::default(), &TrustStore::new(), &Options::at(NOW));
            let Some(report) = ledger.judge(file, ask) else { continue };
            ledger.enter(file, "parses", if report.verdict == Verdict::TotalFailed { "no" } else { "yes" }, "yes");
            // They are of 1999 and nobody vouches for them.
            ledger.enter(file, "passes", if report.verdict == Verdict::TotalPassed { "yes" } else { "no" }, "no");
        } else if file.ends_with(".crl") {
            let Some(outcome) = ledger.judge(file, || TrustStore::new().add_crl(&bytes)) else { continue };
            ledger.enter(file, "parses", if outcome.is_ok() { "yes" } else { "no" }, "yes");
        } else if is_signed_data(&bytes) {
            let content = attached_content(&bytes).unwrap_or_else(|| fs::read(folder.join("rfc4134/ExContent.bin")).unwrap_or_default());
            let strict = || verify_detached(&bytes, &content, &TrustStore::new(), &Options::at(NOW));
            let Some(report) = ledger.judge(file, strict) else { continue };
            show(file, &report);
            let is_read = report.signatures.iter().any(|one| !one.digest_algorithm.is_empty());
            let has_signers = !report.faults.iter().any(|fault| fault.contains("no signer"));
            ledger.enter(file, "parses", if is_read || !has_signers { "yes" } else { "no" }, "yes");
            if row.what.contains("RFC 4134") && has_signers {
                let is_weak = report.signatures.iter().any(|one| one.weak_digest || arithmetic(one) == UNSUPPORTED);
                ledger.enter(file, "weak or unsupported", if is_weak { "yes" } else { "no" }, "yes");
                let passes = report.signatures.iter().any(|one| one.verdict == Verdict::TotalPassed);
                ledger.enter(file, "passes", if passes { "yes" } else { "no" }, "no");
            }
        } else {
            // Enveloped, compressed and plain data are no signatures; they must not be taken for one.
            let Some(report) = ledger.judge(file, || judge(&bytes, &[])) else { continue };
            let refused = report.signatures.iter().all(|one| one.sub_indication == Some(SubIndication::FormatFailure));
            ledger.enter(file, "refused, for it is no signed data", if refused { "yes" } else { "no" }, "yes");
        }
    }
}

/// One BER element: tag, content, and what follows it. Indefinite lengths are followed to their end.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if first == 0x80 {
        let mut inner = rest;
        while !inner.starts_with(&[0, 0]) {
            inner = element(inner)?.2;
        }
        return Some((tag, &rest[..rest.len() - inner.len()], inner.get(2..)?));
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = rest.get(..count).filter(|_| count <= 4)?;
        (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest.get(count..)?)
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

fn is_signed_data(cms: &[u8]) -> bool {
    // 1.2.840.113549.1.7.2 (RFC 5652, 5.1).
    element(cms).and_then(|(_, info, _)| element(info)).is_some_and(|(_, kind, _)| kind == hex::decode("2a864886f70d010702").unwrap())
}

/// What a SignedData encloses (RFC 5652, 5.2), its pieces joined.
fn attached_content(cms: &[u8]) -> Option<Vec<u8>> {
    let (_, info, _) = element(cms)?;
    let (_, explicit, _) = element(element(info)?.2)?;
    let (_, signed, _) = element(explicit)?;
    let after_version = element(signed)?.2;
    let (_, encapsulated, _) = element(element(after_version)?.2)?;
    let (tag, content, _) = element(element(encapsulated)?.2)?;
    if tag != 0xa0 {
        return None;
    }
    let (tag, content, _) = element(content)?;
    Some(octets(tag, content))
}

fn octets(tag: u8, content: &[u8]) -> Vec<u8> {
    if tag & 0x20 == 0 {
        return content.to_vec();
    }
    let (mut joined, mut rest) = (Vec::new(), content);
    while let Some((tag, content, after)) = element(rest) {
        joined.extend(octets(tag, content));
        rest = after;
    }
    joined
}
