//! PDF files of other projects: what three tools saw of each signature, and what the tests of the projects assert.

use std::path::Path;

use signature::{
    ChangeLevel, Coverage, DocumentReport, Options, RevocationPolicy, SignatureReport, SubIndication, TrustStore, Verdict, WeakDigest,
    verify_pdf,
};

use crate::ledger::{Ledger, UNSUPPORTED, is_asked_for};
use crate::manifest::{Row, Seen, Upstream};
use crate::shared::NOW;

/// Nobody is trusted here: structure, arithmetic, coverage and later changes are compared, and nothing may pass.
pub(crate) fn run(folder: &Path, ledger: &mut Ledger) {
    for row in Row::all(folder) {
        if row.file.starts_with("xml/") {
            let answer = crate::xml::is_refused(&row.bytes());
            ledger.enter(&row.file, "refused", if answer { "yes" } else { "no" }, refusal(&row));
            continue;
        }
        if !row.file.ends_with(".pdf") {
            ledger.skip();
            continue;
        }
        let Some(report) = ledger.judge(&row.file, || judge(&row.bytes())) else { continue };
        show(&row.file, &report);
        let has_passed = report.signatures.iter().any(|one| one.verdict == Verdict::TotalPassed);
        ledger.forbid(&row.file, "passed without an anchor", has_passed);
        if row.expected.starts_with("must parse or refuse") {
            ledger.enter(&row.file, "parsed or refused", "yes", "yes");
        }
        compare(&row, &report, ledger);
    }
}

/// The names of the samples say what they are: what has entities or a document type is refused, what is plain is not.
fn refusal(row: &Row) -> &'static str {
    if row.file.ends_with("simple.xml") || row.file.ends_with("simple-ns.xml") { "no" } else { "yes" }
}

fn judge(bytes: &[u8]) -> DocumentReport {
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    verify_pdf(bytes, &TrustStore::new(), &options)
}

/// Everything that is stated of the signatures of a file.
pub(crate) fn compare(row: &Row, report: &DocumentReport, ledger: &mut Ledger) {
    let mut left: Vec<&SignatureReport> = report.signatures.iter().collect();
    for seen in row.seen_signatures() {
        // Long names are cut in the manifest, so that two may be alike; the order is the same.
        match left.iter().position(|one| one.field.starts_with(seen.field)) {
            Some(at) => compare_signature(&row.file, &seen, left.remove(at), report, ledger),
            None => ledger.enter(&row.file, &format!("{}: present", seen.field), "no", "yes"),
        }
    }
    if row.expected.contains("no signature field seen by pyHanko; pdfsig none") {
        ledger.enter(&row.file, "signatures", &report.signatures.len().to_string(), "0");
    }
    if let Some(upstream) = row.upstream() {
        compare_upstream(&row.file, &upstream, report, ledger);
    }
}

fn compare_signature(file: &str, seen: &Seen<'_>, one: &SignatureReport, report: &DocumentReport, ledger: &mut Ledger) {
    let field = |what: &str| format!("{}: {what}", one.field);
    ledger.enter(file, &field("kind"), &one.sub_filter, seen.sub_filter);
    let is_clear = !matches!(seen.covers, "UNCLEAR" | "CONTIGUOUS_BLOCK_FROM_START");
    let theirs = match (seen.arithmetic, is_clear) {
        ("VALID", true) => "intact",
        ("BROKEN", _) | ("VALID", false) => "refused",
        // There is no consensus.
        _ => {
            ledger.skip();
            return;
        }
    };
    let is_unexplained = level_after(one, report) == ChangeLevel::Unexplained;
    let ours = if theirs == "refused" && is_unexplained { "refused" } else { arithmetic(one) };
    ledger.enter(file, &field("arithmetic"), ours, theirs);
    if theirs == "refused" || arithmetic(one) != "intact" {
        return;
    }
    match seen.covers {
        "ENTIRE_FILE" => ledger.enter(file, &field("coverage"), coverage(one), "file"),
        "ENTIRE_REVISION" => ledger.enter(file, &field("coverage"), coverage(one), "revision"),
        _ => ledger.skip(),
    }
    let theirs = match (seen.changes, seen.is_permitted) {
        ("NONE", _) => "none",
        ("LTA_UPDATES" | "FORM_FILLING", "True" | "None") => "permitted",
        ("ANNOTATIONS" | "OTHER", _) => "more",
        ("LTA_UPDATES" | "FORM_FILLING", "False") => "more",
        _ => {
            ledger.skip();
            return;
        }
    };
    ledger.enter(file, &field("later changes"), changes_after(one, report), theirs);
}

/// Whether digest and signature arithmetic hold. An algorithm that cannot be computed leaves it open.
pub(crate) fn arithmetic(one: &SignatureReport) -> &'static str {
    // These are said of the certificate; the arithmetic was done before.
    let of_trust = [SubIndication::Revoked, SubIndication::Expired, SubIndication::NotYetValid];
    match (one.verdict, one.sub_indication) {
        (Verdict::TotalFailed, Some(sub)) if of_trust.contains(&sub) => "intact",
        (Verdict::TotalFailed, _) | (_, Some(SubIndication::NoSigningCertificateFound)) => "refused",
        _ if one.reasons.iter().any(|reason| reason.contains("not supported") && !reason.starts_with("time stamp:")) => UNSUPPORTED,
        (_, Some(SubIndication::CryptoConstraintsFailure | SubIndication::Generic)) => UNSUPPORTED,
        _ => "intact",
    }
}

fn coverage(one: &SignatureReport) -> &'static str {
    if one.covers_whole_file { "file" } else { "revision" }
}

/// The worst of what was done after the signed end of one signature.
pub(crate) fn level_after(one: &SignatureReport, report: &DocumentReport) -> ChangeLevel {
    let end = one.byte_range.map_or(0, |[_, _, second, rest]| second.saturating_add(rest));
    let later = report.later_changes.iter().filter(|change| change.signed_end >= end);
    later.map(|change| change.level).max().unwrap_or_default()
}

fn changes_after(one: &SignatureReport, report: &DocumentReport) -> &'static str {
    match level_after(one, report) {
        ChangeLevel::None => "none",
        ChangeLevel::Permitted => "permitted",
        ChangeLevel::Workflow | ChangeLevel::Unexplained => "more",
    }
}

fn compare_upstream(file: &str, upstream: &Upstream<'_>, report: &DocumentReport, ledger: &mut Ledger) {
    let signatures: Vec<&SignatureReport> = report.signatures.iter().filter(|one| !one.is_document_timestamp).collect();
    match upstream.intact() {
        Some(theirs) => {
            let answers: Vec<&str> = signatures.iter().map(|one| arithmetic(one)).collect();
            ledger.enter(file, "upstream: intact", all(&answers), if theirs { "all" } else { "none" });
        }
        None => ledger.skip(),
    }
    if let Some(theirs) = upstream.count() {
        ledger.enter(file, "upstream: signatures", &signatures.len().to_string(), &theirs.to_string());
    }
    let subs: Vec<Option<SubIndication>> = signatures.iter().map(|one| one.sub_indication).collect();
    compare_sub_indication(file, upstream, &subs, ledger);
}

/// The sub-indication that the project's tests demand. Those of paths depend on whom its tests trust, and are not compared.
pub(crate) fn compare_sub_indication(file: &str, upstream: &Upstream<'_>, found: &[Option<SubIndication>], ledger: &mut Ledger) {
    const OF_FORM_AND_ARITHMETIC: &[SubIndication] = &[
        SubIndication::FormatFailure,
        SubIndication::SignedDataNotFound,
        SubIndication::HashFailure,
        SubIndication::SigCryptoFailure,
        SubIndication::NoSigningCertificateFound,
        SubIndication::SigConstraintsFailure,
    ];
    let Some(wanted) = upstream.sub_indications() else { return };
    let is_of_a_path = wanted.iter().any(|name| name == SubIndication::NoCertificateChainFound.name());
    if is_of_a_path || !wanted.iter().any(|name| OF_FORM_AND_ARITHMETIC.iter().any(|one| one.name() == name)) {
        ledger.skip();
        return;
    }
    let theirs = wanted.join("|");
    let names: Vec<&str> = found.iter().map(|one| one.map_or("none", SubIndication::name)).collect();
    let is_met = names.iter().any(|name| wanted.iter().any(|one| one == name));
    ledger.enter(file, "upstream: sub-indication", if is_met { theirs.clone() } else { names.join(", ") }.as_str(), &theirs);
}

/// `all`, `none` or `some` of the signatures are intact; [`UNSUPPORTED`] where that hangs on one that cannot be computed.
pub(crate) fn all(answers: &[&str]) -> &'static str {
    let count = |answer: &str| answers.iter().filter(|one| **one == answer).count();
    let (intact, refused) = (count("intact"), count("refused"));
    if answers.is_empty() {
        "no signatures"
    } else if intact == answers.len() {
        "all"
    } else if refused == answers.len() {
        "none"
    } else if refused > 0 {
        "some"
    } else {
        UNSUPPORTED
    }
}

/// Prints what was asked for.
pub(crate) fn show(file: &str, report: &DocumentReport) {
    if !is_asked_for(file) {
        return;
    }
    let changed = report.changed_after_signing.name();
    println!("{file}: {:?}, changed {changed}, faults {:?}", report.coverage, report.faults);
    for one in &report.signatures {
        println!("  {} {} {:?} {:?}", one.field, one.verdict, one.sub_indication, one.reasons);
    }
    for change in &report.later_changes {
        println!("  after {}: {}: {}", change.signed_end, change.level.name(), change.what);
    }
}

/// Whether a reader of the report is told that the file is signed and whole: every signature passed, nothing stays unexplained.
pub(crate) fn passes(report: &DocumentReport) -> bool {
    let all_passed = !report.signatures.is_empty() && report.signatures.iter().all(|one| one.verdict == Verdict::TotalPassed);
    all_passed && report.coverage != Coverage::Destroyed && report.changed_after_signing < ChangeLevel::Unexplained
}
