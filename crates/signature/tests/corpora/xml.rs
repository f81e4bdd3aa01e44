//! XML signatures: what `xmlsec1` said of them, what the projects assert, and what has to be refused.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signature::{
    Options, RevocationPolicy, SubIndication, TrustStore, Verdict, WeakDigest, XmlReport, XmlSignatureRole, verify_xml, verify_xml_with,
};

use crate::documents::{all, compare_sub_indication, show};
use crate::ledger::{Ledger, UNSUPPORTED};
use crate::manifest::Row;
use crate::shared::NOW;

/// Trusts whatever certificate the file carries, so that whatever is not refused for itself passes.
fn credulous(bytes: &[u8]) -> TrustStore {
    let mut trust = TrustStore::new();
    let text = String::from_utf8_lossy(bytes);
    for after in text.split("X509Certificate>").skip(1) {
        let digits: String = after.chars().take_while(|&character| character != '<').filter(|one| !one.is_ascii_whitespace()).collect();
        if let Ok(der) = STANDARD.decode(digits) {
            let _ = trust.add_anchor(&der, Some(0), Some(i64::MAX));
        }
    }
    trust
}

/// Files that the document refers to by name and that stand beside it.
fn neighbours(path: &Path, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8_lossy(bytes);
    let uris = text.split("URI=\"").skip(1).filter_map(|after| after.split('"').next());
    let named = uris.filter(|uri| !uri.is_empty() && !uri.starts_with(['#', '/']) && !uri.contains(':'));
    named.filter_map(|uri| Some((uri.to_owned(), fs::read(path.parent()?.join(uri)).ok()?))).collect()
}

fn judge(row: &Row, ledger: &mut Ledger) -> Option<XmlReport> {
    let bytes = row.bytes();
    let neighbours = neighbours(&row.path, &bytes);
    let contents: Vec<(&str, &[u8])> = neighbours.iter().map(|(uri, content)| (uri.as_str(), content.as_slice())).collect();
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    let trust = credulous(&bytes);
    let report = ledger.judge(&row.file, || verify_xml_with(&bytes, &contents, &trust, &options))?;
    show(&row.file, &report.document);
    // Whoever is trusted, what is not intact does not pass.
    let pairs = report.document.signatures.iter().zip(&report.signatures);
    let is_broken = pairs.filter(|(verdict, one)| verdict.verdict == Verdict::TotalPassed && !one.intact).count() > 0;
    ledger.forbid(&row.file, "passed and not intact", is_broken);
    Some(report)
}

/// Each signature: intact, refused, or open.
fn answers(report: &XmlReport, role: Option<XmlSignatureRole>) -> Vec<&'static str> {
    let pairs = report.document.signatures.iter().zip(&report.signatures);
    let wanted = pairs.filter(|(_, one)| role.is_none_or(|role| one.role == role));
    let answer = wanted.map(|(verdict, one)| match verdict.verdict {
        _ if one.intact => "intact",
        Verdict::Indeterminate => UNSUPPORTED,
        Verdict::TotalFailed | Verdict::TotalPassed => "refused",
    });
    answer.collect()
}

/// What is said of the first signature, the only one that other tools look at.
fn first(report: &XmlReport) -> &'static str {
    answers(report, None).first().copied().unwrap_or("refused")
}

/// `dss-xades`.
pub(crate) fn signatures(folder: &Path, ledger: &mut Ledger) {
    let (mut accepted, mut intact) = (0, 0);
    for row in Row::all(folder) {
        let verdict = row.observed().and_then(|observed| observed.split_once(": "));
        let Some((_, verdict)) = verdict.filter(|_| row.file.ends_with(".xml")) else {
            ledger.skip();
            continue;
        };
        let Some(report) = judge(&row, ledger) else { continue };
        let ours = first(&report);
        if verdict.starts_with("OK") {
            accepted += 1;
            intact += usize::from(ours == "intact");
            ledger.enter(&row.file, "xmlsec1", ours, "intact");
        } else {
            // That it fails, or gives up on a file that it does not find, is no word for the signature.
            ledger.enter(&row.file, "xmlsec1", ours, "refused");
        }
        let Some(upstream) = row.upstream() else { continue };
        match upstream.intact() {
            Some(theirs) => {
                let ours = all(&answers(&report, Some(XmlSignatureRole::Document)));
                ledger.enter(&row.file, "upstream: intact", ours, if theirs { "all" } else { "none" });
            }
            None => ledger.skip(),
        }
        if let Some(theirs) = upstream.count() {
            ledger.enter(&row.file, "upstream: signatures", &report.signatures.len().to_string(), &theirs.to_string());
        }
        let subs: Vec<Option<SubIndication>> = report.document.signatures.iter().map(|one| one.sub_indication).collect();
        compare_sub_indication(&row.file, &upstream, &subs, ledger);
    }
    // The bar of issue point 5: 95 of 100 that the tool accepts.
    let is_met = intact * 20 >= accepted * 19;
    ledger.enter("(the whole set)", "95 of 100 that xmlsec1 accepts", if is_met { "yes" } else { "no" }, "yes");
}

/// `xades-signxml`: a nonconformant one is refused, the others verify.
pub(crate) fn samples(folder: &Path, ledger: &mut Ledger) {
    for row in Row::all(folder) {
        let Some(report) = judge(&row, ledger) else { continue };
        let theirs = if row.file.starts_with("nonconformant") { "refused" } else { "intact" };
        ledger.enter(&row.file, "signature", first(&report), theirs);
    }
}

/// `xmldsig-vectors`: every file with a signature verifies; the others are inputs.
pub(crate) fn vectors(folder: &Path, ledger: &mut Ledger) {
    for row in Row::all(folder) {
        let Some(report) = judge(&row, ledger) else { continue };
        if report.signatures.is_empty() {
            ledger.skip();
        } else {
            ledger.enter(&row.file, "signature", first(&report), "intact");
        }
    }
}

/// `hostile-xml`: everything but the plain samples is refused before it is read.
pub(crate) fn hostile(folder: &Path, ledger: &mut Ledger) {
    for row in Row::all(folder) {
        let Some(is_refused) = ledger.judge(&row.file, || is_refused(&row.bytes())) else { continue };
        ledger.enter(&row.file, "refused", if is_refused { "yes" } else { "no" }, "yes");
    }
}

/// Whether bytes are refused as XML, with a reason.
pub(crate) fn is_refused(bytes: &[u8]) -> bool {
    let report = verify_xml(bytes, &TrustStore::new(), &Options::at(NOW));
    !report.is_readable && !report.document.faults.is_empty() && report.signatures.is_empty()
}
