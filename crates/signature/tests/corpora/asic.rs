//! ASiC containers: what the suite that they come from asserts, and what the containers' own names say.

use std::path::Path;

use signature::{AsicReport, Coverage, Options, RevocationPolicy, SubIndication, TrustStore, Verdict, WeakDigest, verify_asic};

use crate::documents::{all, compare_sub_indication, show};
use crate::ledger::{Ledger, UNSUPPORTED};
use crate::manifest::Row;
use crate::shared::NOW;

pub(crate) fn run(folder: &Path, ledger: &mut Ledger) {
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    for row in Row::all(folder) {
        let Some(report) = ledger.judge(&row.file, || verify_asic(&row.bytes(), &TrustStore::new(), &options)) else { continue };
        show(&row.file, &report.document);
        let has_passed = report.document.signatures.iter().any(|one| one.verdict == Verdict::TotalPassed);
        ledger.forbid(&row.file, "passed without an anchor", has_passed);
        if let Some(theirs) = named(&row.file) {
            let whole = report.document.coverage == Coverage::Whole;
            ledger.enter(&row.file, "every document is signed", if whole { "yes" } else { "no" }, theirs);
        }
        let Some(upstream) = row.upstream() else { continue };
        match upstream.intact() {
            Some(theirs) => ledger.enter(&row.file, "upstream: intact", all(&answers(&report)), if theirs { "all" } else { "none" }),
            None => ledger.skip(),
        }
        if let Some(theirs) = upstream.count() {
            ledger.enter(&row.file, "upstream: signatures", &report.signatures.len().to_string(), &theirs.to_string());
        }
        let subs: Vec<Option<SubIndication>> = report.document.signatures.iter().map(|one| one.sub_indication).collect();
        compare_sub_indication(&row.file, &upstream, &subs, ledger);
    }
}

/// What a name such as `onefile-ok.asice` or `removed-doc.asice` promises.
fn named(file: &str) -> Option<&'static str> {
    let is_good = file.contains("file-ok.") || file.contains("files-ok.");
    let is_bad = ["too-much-files", "wrong-file", "removed-doc", "no-signed-file", "no-signature", "malformed"];
    if is_good {
        Some("yes")
    } else if is_bad.iter().any(|word| file.contains(word)) {
        Some("no")
    } else {
        None
    }
}

fn answers(report: &AsicReport) -> Vec<&'static str> {
    let pairs = report.document.signatures.iter().zip(&report.signatures).filter(|(one, _)| !one.is_document_timestamp);
    let answer = pairs.map(|(verdict, one)| match verdict.verdict {
        _ if one.intact => "intact",
        // The document is not at hand: it is not what was signed.
        Verdict::Indeterminate if verdict.sub_indication != Some(SubIndication::SignedDataNotFound) => UNSUPPORTED,
        _ => "refused",
    });
    answer.collect()
}
