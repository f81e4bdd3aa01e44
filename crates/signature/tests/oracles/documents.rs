//! PDF files that pyHanko signs and then changes, against what pyHanko and `pdfsig` say of them; and damaged copies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use signature::{ChangeLevel, DocumentReport, Options, RevocationPolicy, SignatureReport, TrustStore, Verdict, WeakDigest, verify_pdf};

use crate::dice::{Dice, number};
use crate::tool::{Folder, is_installed};

/// 2026-11-27 00:00:00 UTC. Nobody is trusted, so that the time matters to nothing that is compared.
const NOW: i64 = 1_795_737_600;

fn judge(bytes: &[u8]) -> DocumentReport {
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    verify_pdf(bytes, &TrustStore::new(), &options)
}

/// Nothing but the missing anchor speaks against it: no failure, and no kind or algorithm that stays open.
pub(crate) fn is_intact(one: &SignatureReport) -> bool {
    one.verdict != Verdict::TotalFailed && !one.reasons.iter().any(|reason| reason.contains("not supported"))
}

/// The worst of what was done after the signed end of one signature.
fn level_after(one: &SignatureReport, report: &DocumentReport) -> ChangeLevel {
    let end = one.byte_range.map_or(0, |[_, _, second, rest]| second + rest);
    report.later_changes.iter().filter(|change| change.signed_end >= end).map(|change| change.level).max().unwrap_or_default()
}

/// Files with what was done to them, as the script says.
fn made(count: u64) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/documents.py");
    let (seed, count) = (number("SEED", 1).to_string(), count.to_string());
    let output = std::process::Command::new("python3").args([script, &seed, &count]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Whether the two levels say the same: nothing, something lawful, or more than that.
fn fits(ours: ChangeLevel, signature: &Value, steps: &[&str]) -> bool {
    let has = |step: &str| steps.contains(&step);
    let may_fill = matches!(steps[0], "certify2" | "certify3");
    match (text(signature, "changes"), signature["allowed"].as_bool().unwrap()) {
        // Bytes behind the end that are no line end belong to nothing: the tool does not look at them.
        _ if has("comment") && ours == ChangeLevel::Unexplained => true,
        ("NONE", _) => ours == ChangeLevel::None || ours == ChangeLevel::Permitted && has("newline"),
        // P 1 allows no field to sign in and no other date of the document, though the tool looks over both.
        ("LTA_UPDATES", true) if steps[0] == "certify1" && (has("field") || has("unused")) => true,
        // Without a certification that allows it nobody may fill in a form that was signed.
        ("FORM_FILLING" | "LTA_UPDATES", true) => ours <= ChangeLevel::Workflow || has("fill") && !may_fill,
        // A certification with P 3 permits annotations (ISO 32000-2, table 257), whatever the tool says.
        _ => ours >= ChangeLevel::Workflow || steps[0] == "certify3" && (has("note") || has("sign")),
    }
}

#[test]
fn documents_of_pyhanko_are_judged_as_it_and_pdfsig_judge_them() {
    if !is_installed("python3", &["-c", "import pyhanko.sign, cryptography"]) {
        return;
    }
    let has_pdfsig = is_installed("pdfsig", &["-v"]);
    let folder = Folder::new();
    let mut dice = Dice::new();
    let (mut agree, mut refused, mut damaged, mut wrong) = (0, 0, 0, Vec::new());
    for (index, document) in made(number("ROUNDS", 30)).iter().enumerate() {
        let steps: Vec<&str> = document["steps"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let Ok(bytes) = STANDARD.decode(text(document, "file")) else { continue };
        if bytes.is_empty() {
            refused += 1;
            continue;
        }
        folder.write("judged.pdf", &bytes);
        let report = judge(&bytes);
        let theirs = document["signatures"].as_array().unwrap();
        // A field that a later revision leaves out is still found here, and its loss told.
        let is_dropped = steps.contains(&"drop") && report.changed_after_signing == ChangeLevel::Unexplained;
        if theirs.len() != report.signatures.len() && !(is_dropped && theirs.len() < report.signatures.len()) {
            wrong.push(format!("{index} {steps:?}: {} signatures, pyHanko {}: {:?}", report.signatures.len(), theirs.len(), report.faults));
        }
        for signature in theirs {
            let Some(one) = report.signatures.iter().find(|one| one.field == text(signature, "field")) else {
                wrong.push(format!("{index} {steps:?}: no signature {signature}"));
                continue;
            };
            let level = level_after(one, &report);
            // Some lawful spellings are beyond pyHanko's reading of where the value stands.
            let is_unclear = text(signature, "coverage") == "UNCLEAR" && steps[0].starts_with("by hand");
            let is_same = is_intact(one) == signature["intact"].as_bool().unwrap()
                && (is_unclear
                    || one.covers_whole_file == (text(signature, "coverage") == "ENTIRE_FILE") && fits(level, signature, &steps));
            if is_same {
                agree += 1;
            } else {
                folder.keep(wrong.len());
                let changes: Vec<&str> = report.later_changes.iter().map(|one| one.what.as_str()).collect();
                let said = (one.covers_whole_file, level, changes);
                wrong.push(format!("{index} {steps:?}: {} {:?} {said:?}, pyHanko {signature}", one.verdict, one.reasons));
            }
        }
        // The tool looks for the value of a signature beside its widget only.
        if has_pdfsig && !steps[0].ends_with("widget apart") {
            compare_with_pdfsig(&folder, &bytes, &mut dice, &mut damaged, &mut wrong);
        }
    }
    println!("pyHanko: {agree} signatures agree, {refused} files not made, {damaged} damaged copies, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agree > 10, "{agree}");
}

/// How many signatures `pdfsig` calls valid. It looks at the arithmetic and not at what came later.
fn valid_by_pdfsig(folder: &Folder, bytes: &[u8]) -> usize {
    folder.write("judged.pdf", bytes);
    let output = folder.run("pdfsig", &["-nocert", "judged.pdf"]);
    String::from_utf8_lossy(&output.stdout).matches("Signature is Valid.").count()
}

/// Time stamps aside, which the tool does not judge: all of a whole file, and no more of a damaged one.
fn compare_with_pdfsig(folder: &Folder, bytes: &[u8], dice: &mut Dice, damaged: &mut usize, wrong: &mut Vec<String>) {
    let intact = |report: &DocumentReport| report.signatures.iter().filter(|one| !one.is_document_timestamp && is_intact(one)).count();
    let (ours, theirs) = (intact(&judge(bytes)), valid_by_pdfsig(folder, bytes));
    if ours != theirs {
        wrong.push(format!("{ours} intact signatures, pdfsig {theirs}"));
    }
    for _ in 0..3 {
        let copy = dice.damage(bytes);
        let report = judge(&copy);
        *damaged += 1;
        // What lies in the gap of the byte range is signed by nobody, and the tool reads less of it.
        let is_touched = report.signatures.iter().filter(|one| is_intact(one)).any(|one| !has_same_ranges(one, bytes, &copy));
        if is_touched && intact(&report) > valid_by_pdfsig(folder, &copy) {
            folder.keep(wrong.len());
            wrong.push(format!("a damaged copy with {} intact signatures, fewer by pdfsig", intact(&report)));
        }
    }
}

/// Whether both files have the same bytes where the signature looks.
fn has_same_ranges(one: &SignatureReport, file: &[u8], other: &[u8]) -> bool {
    let Some([_, first, second, rest]) = one.byte_range else { return false };
    let [first, second, end] = [first, second, second + rest].map(|value| usize::try_from(value).unwrap());
    file.get(..first) == other.get(..first) && file.get(second..end) == other.get(second..end)
}
