//! Real documents: what independent tools read out of each of their signatures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use signature::{
    CertificateFacts, ChangeLevel, Coverage, DocumentReport, Options, RevocationPolicy, SignatureReport, SignerKind, TrustStore, Verdict,
    WeakDigest, verify_pdf,
};

use crate::documents::{arithmetic, level_after, show};
use crate::ledger::Ledger;
use crate::manifest::{Row, der, unix};
use crate::shared::NOW;

pub(crate) fn run(folder: &Path, ledger: &mut Ledger) {
    let trust = trust(folder);
    let lenient = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    let header = fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let names: Vec<&str> = header.lines().next().unwrap().split('\t').collect();
    for row in Row::all(folder) {
        let bytes = row.bytes();
        let Some(report) = ledger.judge(&row.file, || verify_pdf(&bytes, &trust, &lenient)) else { continue };
        show(&row.file, &report);
        let strict = verify_pdf(&bytes, &trust, &Options::at(NOW));
        let has_passed = strict.signatures.iter().any(|one| one.verdict == Verdict::TotalPassed);
        ledger.forbid(&row.file, "passed without revocation data", has_passed);
        let column = |name: &str| names.iter().position(|one| *one == name).and_then(|at| row.columns.get(at)).map_or("", String::as_str);
        ledger.enter(&row.file, "kind", kind(&report), column("kind"));
        match column("kind") {
            "live" => live(&row.file, &report, column, ledger),
            "residual" => {
                let valid = report.signatures.iter().filter(|one| one.verdict != Verdict::TotalFailed).count();
                ledger.enter(&row.file, "signatures that are not refused", &valid.to_string(), "0");
            }
            _ => ledger.enter(&row.file, "signatures", &report.signatures.len().to_string(), "0"),
        }
    }
}

fn trust(folder: &Path) -> TrustStore {
    let mut trust = TrustStore::new();
    for entry in fs::read_dir(folder.join("ca")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("root_") {
            trust.add_anchor(&der(&path), None, None).unwrap();
        } else if name.ends_with(".pem") {
            trust.add_intermediate(&der(&path)).unwrap();
        }
    }
    trust
}

fn kind(report: &DocumentReport) -> &'static str {
    match report.coverage {
        Coverage::Destroyed => "residual",
        Coverage::NotSigned | Coverage::NotPdf => "unsigned",
        Coverage::Whole | Coverage::BytesAddedAfter { .. } => "live",
    }
}

/// Columns list the values of all signatures, each once.
fn live<'a>(file: &str, report: &DocumentReport, column: impl Fn(&str) -> &'a str, ledger: &mut Ledger) {
    let signatures = &report.signatures;
    let count = signatures.len().to_string();
    ledger.enter(file, "n_signatures", &count, column("n_signatures"));
    let intact = signatures.iter().filter(|one| arithmetic(one) == "intact").count().to_string();
    ledger.enter(file, "intact", &intact, column("n_signatures"));
    let trusted = signatures.iter().filter(|one| one.verdict == Verdict::TotalPassed).count();
    let expired = signatures.iter().filter(|one| one.sub_indication.is_some_and(|sub| sub.name() == "OUT_OF_BOUNDS_NO_POE")).count();
    ledger.enter(file, "passed, or expired without a proved time", &(trusted + expired).to_string(), column("n_signatures"));
    let mut each = |name: &str, ours: BTreeSet<String>| {
        let theirs: BTreeSet<String> = column(name).split(';').map(str::to_owned).filter(|one| !one.is_empty() && one != "None").collect();
        let text = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(";");
        ledger.enter(file, name, &text(&ours), &text(&theirs));
    };
    let of = |value: &dyn Fn(&SignatureReport) -> Option<String>| signatures.iter().filter_map(value).collect::<BTreeSet<_>>();
    let signer = |value: &dyn Fn(&CertificateFacts) -> String| of(&|one| one.signer.as_ref().map(value));
    each("subfilter", of(&|one| Some(format!("/{}", one.sub_filter))));
    each("digest", of(&|one| Some(one.digest_algorithm.to_lowercase().replace('-', ""))));
    each("signer_cn", signer(&|facts| facts.common_name.clone()));
    each("signer_org", signer(&|facts| facts.organisation.clone()));
    each("issuer_cn", signer(&|facts| common_name(&facts.issuer)));
    each("not_before", signer(&|facts| day(facts.not_before)));
    each("not_after", signer(&|facts| day(facts.not_after)));
    each("signer_kind", of(&|one| Some(if one.signer_kind == SignerKind::Person { "person" } else { "organisation" }.to_owned())));
    // The first and the last claimed time, in Vietnam's zone; and the last proved one.
    let claimed: Vec<String> = signatures.iter().filter_map(|one| one.claimed_time).map(|time| (time + 7 * 3600).to_string()).collect();
    for theirs in column("signing_time_M").split(';').filter(|one| one.ends_with("+07'00'")) {
        let theirs = unix(theirs).to_string();
        ledger.enter(file, "signing_time_M", claimed.iter().find(|ours| **ours == theirs).map_or("absent", |ours| ours), &theirs);
    }
    if !column("ts_time").is_empty() {
        let proved: Vec<i64> = signatures.iter().filter_map(|one| one.proved_time).collect();
        let theirs = unix(column("ts_time"));
        let ours = proved.iter().find(|time| **time == theirs).map_or_else(|| "absent".to_owned(), i64::to_string);
        ledger.enter(file, "ts_time", &ours, &theirs.to_string());
    }
    let proved = signatures.iter().filter(|one| one.proved_time.is_some()).count();
    ledger.enter(file, "timestamped", &format!("{proved}/{count}"), column("timestamped"));
    let reaches_the_end = if report.coverage == Coverage::Whole { "True" } else { "False" };
    ledger.enter(file, "last_sig_covers_eof", reaches_the_end, column("last_sig_covers_eof"));
    ledger.enter(file, "pdfsig", &format!("{intact}x Signature is Valid."), column("pdfsig"));
    // What pyHanko calls untouched is so; how far the other changes go it judges by the letter, which ordinary signing breaks.
    let untouched = signatures.iter().filter(|one| level_after(one, report) == ChangeLevel::None).count();
    let counts = column("pyhanko").split("; ").filter_map(|one| one.split_once("x intact+valid+NONE"));
    let theirs: usize = counts.filter_map(|(count, _)| count.parse::<usize>().ok()).sum();
    ledger.enter(file, "pyhanko: untouched", &untouched.to_string(), &theirs.to_string());
    // Ordinary signing is no change of what a document shows, whatever the letter of DocMDP says.
    let is_tolerable = if report.changed_after_signing <= ChangeLevel::Workflow { "at most workflow" } else { "unexplained" };
    ledger.enter(file, "later changes", is_tolerable, "at most workflow");
}

fn common_name(name: &str) -> String {
    name.split("CN=").nth(1).unwrap_or_default().split(", ").next().unwrap_or_default().to_owned()
}

/// The day of a time, `2024-04-12`, by counting years and months from 1970.
fn day(time: i64) -> String {
    let mut days = time.div_euclid(86_400);
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let mut month = 0;
    let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, days + 1)
}
