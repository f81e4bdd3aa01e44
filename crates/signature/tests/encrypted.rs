//! Encrypted files of the shared corpora: `qpdf` and this crate have to agree on which ones anybody may open.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod shared;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use shared::NOW;
use signature::{Encryption, Options, TrustStore, Verdict, verify_pdf};

#[test]
fn which_files_the_empty_password_opens_is_what_qpdf_says() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for name in ["dss-pades", "pyhanko", "misc-pdf", "malformed-pdf"] {
        let Some(folder) = shared::folder(&format!("corpora/{name}")) else { continue };
        let mut pending = vec![folder];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    pending.push(path);
                    continue;
                }
                let bytes = fs::read(&path).unwrap();
                if !bytes.windows(8).any(|window| window == b"/Encrypt") {
                    continue;
                }
                let report = verify_pdf(&bytes, &TrustStore::new(), &Options::at(NOW));
                assert!(report.signatures.iter().all(|one| one.verdict != Verdict::TotalPassed), "{}", path.display());
                let Ok(run) = Command::new("qpdf").arg("--requires-password").arg(&path).output() else {
                    println!("skipped: qpdf is not installed");
                    return;
                };
                let code = run.status.code().unwrap_or(-1);
                // 0: another password is required, 2: not encrypted, or in a way that qpdf does not know, 3: the empty one opens it.
                let agrees = match code {
                    0 => report.encryption == Encryption::Locked,
                    3 => report.encryption == Encryption::Opened,
                    _ => report.encryption != Encryption::Opened,
                };
                *counts.entry(format!("{code} {:?}", report.encryption)).or_default() += 1;
                if !agrees {
                    wrong.push(format!("{}: qpdf {code}, {:?} {:?}", path.display(), report.encryption, report.faults));
                }
            }
        }
    }
    println!("{counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_signature_of_a_foreign_encrypted_document_is_found_intact() {
    let Some(folder) = shared::folder("corpora/dss-pades") else { return };
    let rows = shared::manifest(&folder);
    assert!(rows.iter().any(|row| row[0] == "encrypted.pdf" && row[2].contains("cov=ENTIRE_FILE")), "the manifest has changed");
    let report = verify_pdf(&fs::read(folder.join("encrypted.pdf")).unwrap(), &TrustStore::new(), &Options::at(NOW));
    let [only] = report.signatures.as_slice() else { panic!("{report:?}") };
    assert_ne!(only.verdict, Verdict::TotalFailed, "{report:?}");
    println!("{:?} {} {:?}", report.encryption, only.field, only.reasons);
    assert!(only.covers_whole_file && only.field == "Signature1", "{report:?}");
}
