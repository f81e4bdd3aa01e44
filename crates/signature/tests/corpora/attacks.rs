//! Attack files and their genuine neighbours, judged with the PKI that they were made with.

use std::fs;
use std::path::Path;

use signature::{ChangeLevel, Coverage, DocumentReport, Options, SubIndication, TrustStore, Verdict, verify_detached, verify_pdf};

use crate::documents::{compare, passes, show};
use crate::ledger::{Ledger, UNSUPPORTED};
use crate::manifest::{Row, der};
use crate::shared::NOW;

pub(crate) fn run(folder: &Path, ledger: &mut Ledger) {
    let trust = trust(folder);
    let content = fs::read(folder.join("d00-content.bin")).unwrap();
    let options = Options::at(NOW);
    for row in Row::all(folder) {
        let is_pdf = row.file.ends_with(".pdf");
        if !is_pdf && !row.file.ends_with(".p7s") && !row.file.ends_with(".p7m") {
            ledger.skip();
            continue;
        }
        let bytes = row.bytes();
        let judge = || if is_pdf { verify_pdf(&bytes, &trust, &options) } else { verify_detached(&bytes, &content, &trust, &options) };
        let Some(report) = ledger.judge(&row.file, judge) else { continue };
        show(&row.file, &report);
        let theirs = row.expected.split([' ', '(']).next().unwrap();
        ledger.enter(&row.file, "class", class(&report), theirs);
        // The bar of the whole set, whatever else is said of a file.
        let should_pass = theirs.starts_with("PASS");
        ledger.enter(&row.file, "passes", if passes(&report) { "yes" } else { "no" }, if should_pass { "yes" } else { "no" });
        if is_pdf {
            compare(&row, &report, ledger);
        }
    }
}

fn trust(folder: &Path) -> TrustStore {
    let pki = folder.join("pki");
    let mut trust = TrustStore::new();
    trust.add_anchor(&der(&pki.join("root.pem")), None, None).unwrap();
    trust.add_intermediate(&der(&pki.join("interm.pem"))).unwrap();
    for name in ["root.crl", "interm.crl"] {
        trust.add_crl(&der(&pki.join(name))).unwrap();
    }
    trust
}

/// The word of the corpora's README that fits a report.
fn class(report: &DocumentReport) -> &'static str {
    let worst = report.signatures.iter().filter_map(|one| one.sub_indication).min();
    let is_changed = report.changed_after_signing == ChangeLevel::Unexplained;
    match worst {
        _ if report.signatures.is_empty() => "MALFORMED",
        Some(SubIndication::FormatFailure) => "MALFORMED",
        Some(SubIndication::HashFailure | SubIndication::SigCryptoFailure) => "BROKEN",
        _ if is_changed => "CHANGED",
        Some(SubIndication::Expired | SubIndication::OutOfBoundsNoPoe) => "EXPIRED",
        Some(SubIndication::Revoked | SubIndication::RevokedNoPoe | SubIndication::RevokedCaNoPoe) => "REVOKED",
        Some(SubIndication::ChainConstraintsFailure | SubIndication::CertificateChainGeneralFailure) => "BADCERT",
        Some(SubIndication::NoCertificateChainFound) => "UNTRUSTED",
        Some(SubIndication::CryptoConstraintsFailure) if report.signatures.iter().all(|one| !one.weak_digest) => UNSUPPORTED,
        Some(SubIndication::CryptoConstraintsFailure | SubIndication::CryptoConstraintsFailureNoPoe) => "WEAK",
        Some(_) => "another",
        None if has_note(report) => "PASS+NOTE",
        None => "PASS",
    }
}

/// Something that a reader has to be told though everything passed.
fn has_note(report: &DocumentReport) -> bool {
    let is_noted = |reason: &String| reason.contains("time stamp proves nothing") || reason.contains("bytes follow");
    report.coverage != Coverage::Whole
        || report.changed_after_signing > ChangeLevel::None
        || report.signatures.iter().any(|one| one.verdict == Verdict::TotalPassed && one.reasons.iter().any(is_noted))
}
