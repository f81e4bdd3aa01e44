//! Judging a case, and comparing what came of it with a table.

use std::collections::BTreeMap;

use signature::{ChangeLevel, Coverage, DocumentReport, Options, TrustStore};
use testkit::attack::kit::{Case, Input, NOW, Trust};

/// Name of a case and what must come of it; see [`summary`].
pub(crate) type Expected = (&'static str, &'static str);

/// Judges every case and its twin. Every case must stand in the table, and every row must have its case.
pub(crate) fn check(cases: &[Case], table: &[Expected]) {
    let mut expected: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, outcome) in table {
        assert!(expected.insert(name, outcome).is_none(), "{name} stands in the table twice");
    }
    let mut wrong = Vec::new();
    for case in cases {
        let Some(outcome) = expected.remove(case.name) else {
            wrong.push(format!("{}: not in the table", case.name));
            continue;
        };
        let twin = judge(&case.twin, &case.twin_trust);
        if !is_sound(&twin) {
            wrong.push(format!("{}: the twin does not pass: {} {:?}", case.name, summary(&twin), reasons(&twin)));
        }
        let forged = judge(&case.forged, &case.trust);
        if outcome.split(" or ").all(|outcome| summary(&forged) != outcome) {
            wrong.push(format!("{}: expected {outcome}, found {} {:?}", case.name, summary(&forged), reasons(&forged)));
        }
    }
    wrong.extend(expected.keys().map(|name| format!("{name}: no such case")));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

pub(crate) fn judge(input: &Input, trust: &Trust) -> DocumentReport {
    let (store, options) = (store(trust), Options::at(NOW));
    match input {
        Input::Pdf(bytes) => signature::verify_pdf(bytes, &store, &options),
        Input::Detached { cms, content } => signature::verify_detached(cms, content, &store, &options),
        Input::Xml(bytes) => signature::verify_xml(bytes, &store, &options).document,
        Input::Asic(bytes) => signature::verify_asic(bytes, &store, &options).document,
    }
}

/// What cannot be read as evidence is none.
pub(crate) fn store(trust: &Trust) -> TrustStore {
    let mut store = TrustStore::new();
    for anchor in &trust.anchors {
        store.add_anchor(anchor, None, None).expect("anchors of cases are certificates");
    }
    for certificate in &trust.intermediates {
        let _ = store.add_intermediate(certificate);
    }
    for list in &trust.lists {
        let _ = store.add_crl(list);
    }
    for response in &trust.responses {
        let _ = store.add_ocsp(response);
    }
    store
}

/// All signatures pass and cover the whole, and what stands between them is permitted.
fn is_sound(report: &DocumentReport) -> bool {
    !report.signatures.is_empty()
        && report.signatures.iter().all(|one| one.sub_indication.is_none())
        && report.coverage == Coverage::Whole
        && report.changed_after_signing <= ChangeLevel::Permitted
}

/// The verdicts in order, then how the document was changed, then what is covered; `passed` alone is a sound document.
pub(crate) fn summary(report: &DocumentReport) -> String {
    let verdicts = report.signatures.iter().map(|one| match one.sub_indication {
        None => "passed".to_owned(),
        Some(sub_indication) => format!("{} {sub_indication}", if one.verdict.name() == "INDETERMINATE" { "doubt" } else { "failed" }),
    });
    let mut parts: Vec<String> = vec![verdicts.collect::<Vec<_>>().join(" + ")];
    if report.changed_after_signing != ChangeLevel::None {
        parts.push(report.changed_after_signing.name().to_owned());
    }
    parts.push(
        match report.coverage {
            Coverage::Whole => "",
            Coverage::BytesAddedAfter { .. } => "part",
            Coverage::NotSigned => "not signed",
            Coverage::Destroyed => "destroyed",
            Coverage::NotPdf => "no PDF",
        }
        .to_owned(),
    );
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

pub(crate) fn reasons(report: &DocumentReport) -> Vec<String> {
    let changes = report.later_changes.iter().map(|change| format!("{}: {}", change.level.name(), change.what));
    report.signatures.iter().flat_map(|one| one.reasons.iter().cloned()).chain(report.faults.iter().cloned()).chain(changes).collect()
}
