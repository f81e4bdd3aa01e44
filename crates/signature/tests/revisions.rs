//! What later revisions did, over the shared documents and attack files, where they are present.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod shared;

use std::fs;
use std::path::Path;

use shared::NOW;
use signature::{ChangeLevel, Coverage, DocumentReport, Options, TrustStore, Verdict, verify_pdf};

/// File and the manifest's columns.
fn manifest(folder: &Path) -> Vec<(String, Vec<String>)> {
    shared::manifest(folder).into_iter().map(|row| (row[0].clone(), row)).collect()
}

fn verify(path: &Path) -> DocumentReport {
    verify_pdf(&fs::read(path).unwrap(), &TrustStore::new(), &Options::at(NOW))
}

fn print(file: &str, report: &DocumentReport) {
    println!("{file:40} {} signatures, {}", report.signatures.len(), report.changed_after_signing.name());
    for change in &report.later_changes {
        println!("{:40}   after {}: {}: {}", "", change.signed_end, change.level.name(), change.what);
    }
}

#[test]
fn ordinary_signing_in_real_documents_is_no_change_of_what_they_show() {
    let Some(folder) = shared::folder("real-documents") else { return };
    let mut live = 0;
    for (file, columns) in manifest(&folder) {
        let report = verify(&folder.join(&file));
        print(&file, &report);
        if columns[3] == "live" {
            live += 1;
            assert!(report.changed_after_signing <= ChangeLevel::Workflow, "{file}: {:?}", report.later_changes);
        }
    }
    assert!(live > 0);
}

#[test]
fn attacks_are_changes_and_genuine_documents_are_not() {
    let Some(folder) = shared::folder("corpora/attacks-own") else { return };
    for (file, columns) in manifest(&folder).into_iter().filter(|(file, _)| file.ends_with(".pdf")) {
        let report = verify(&folder.join(&file));
        print(&file, &report);
        let expected = columns[2].as_str();
        if expected.starts_with("CHANGED") {
            let is_told = report.changed_after_signing == ChangeLevel::Unexplained || report.coverage == Coverage::Destroyed;
            assert!(is_told, "{file}: {expected}: {:?} {:?}", report.coverage, report.later_changes);
        }
        if expected.starts_with("PASS") {
            assert!(report.changed_after_signing <= ChangeLevel::Permitted, "{file}: {expected}: {:?}", report.later_changes);
        }
    }
}

/// Foreign documents whose changes another verifier takes more lightly than this one, each with the reason.
const STRICTER: &[(&str, &str)] = &[];

/// Foreign documents whose changes another verifier takes more seriously than this one, each with the reason.
const LIGHTER: &[(&str, &str)] = &[
    (
        "form-update-ap-indirect-sneaky-trailer.pdf",
        "an unknown key of the trailer refers to the appearance that a field leaves behind; neither the key nor the object was changed",
    ),
    (
        "form-update-no-override-appearance-stream-ap-indirect-sneaky.pdf",
        "an unknown key of the catalogue refers to the appearance that a field leaves behind; neither the key nor the object was changed",
    ),
];

#[test]
fn foreign_documents_are_taken_no_more_lightly_than_by_another_verifier() {
    let (mut agree, mut stricter, mut lighter) = (0, Vec::new(), Vec::new());
    for set in ["corpora/dss-pades", "corpora/pyhanko", "corpora/misc-pdf"] {
        let Some(folder) = shared::folder(set) else { continue };
        for (file, columns) in manifest(&folder) {
            let observed = columns.iter().find(|column| column.contains(":mods="));
            let Some(observed) = observed.filter(|_| file.ends_with(".pdf")) else { continue };
            let report = verify(&folder.join(&file));
            // What the other one says of a signature that it does not find intact is no measure.
            let is_change = observed.split(';').any(|one| one.contains(":VALID(") && one.contains(":mods=OTHER"));
            let level = report.changed_after_signing;
            if is_change {
                print(&file, &report);
                let is_broken = report.signatures.iter().any(|one| one.verdict == Verdict::TotalFailed);
                let is_told = level >= ChangeLevel::Workflow || report.signatures.is_empty() || is_broken;
                if !is_told {
                    println!("   lighter than {observed}");
                    lighter.push(file);
                    continue;
                }
            } else if level == ChangeLevel::Unexplained {
                print(&file, &report);
                println!("   {observed}");
                stricter.push(file);
                continue;
            }
            agree += 1;
        }
    }
    println!("agree {agree}, stricter {}, lighter {}", stricter.len(), lighter.len());
    let unlisted = |files: Vec<String>, known: &[(&str, &str)]| -> Vec<String> {
        files.into_iter().filter(|file| !known.iter().any(|(known, _)| file == known)).collect()
    };
    assert_eq!((unlisted(stricter, STRICTER), unlisted(lighter, LIGHTER)), (vec![], vec![]));
}
