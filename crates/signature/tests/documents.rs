//! Shared attack files with other trust data, and damaged, where they are present; verdicts on whole sets are compared in
//! `corpora/`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod shared;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::NOW;
use signature::{Coverage, Options, SubIndication, TrustStore, Verdict, verify_pdf};

fn pem(path: &Path) -> Vec<u8> {
    let text = fs::read_to_string(path).unwrap();
    let body: String =
        text.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1).take_while(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}

fn attack_trust(folder: &Path) -> TrustStore {
    let pki = folder.join("pki");
    let mut trust = TrustStore::new();
    trust.add_anchor(&pem(&pki.join("root.pem")), None, None).unwrap();
    trust.add_intermediate(&pem(&pki.join("interm.pem"))).unwrap();
    for name in ["root.crl", "interm.crl"] {
        let bytes = fs::read(pki.join(name)).unwrap();
        let der = if bytes.starts_with(b"-----") { pem(&pki.join(name)) } else { bytes };
        trust.add_crl(&der).unwrap();
    }
    trust
}

#[test]
fn stale_and_forged_revocation_lists_are_no_evidence() {
    let Some(folder) = shared::folder("corpora/attacks-own") else { return };
    let pki = folder.join("pki");
    let bytes = fs::read(folder.join("g01-bb-rsa.pdf")).unwrap();
    for (list, expected) in
        [("interm.crl", None), ("interm-stale.crl", Some(SubIndication::TryLater)), ("interm-forged.crl", Some(SubIndication::TryLater))]
    {
        let mut trust = TrustStore::new();
        trust.add_anchor(&pem(&pki.join("root.pem")), None, None).unwrap();
        for name in ["root.crl", list] {
            let bytes = fs::read(pki.join(name)).unwrap();
            trust.add_crl(&if bytes.starts_with(b"-----") { pem(&pki.join(name)) } else { bytes }).unwrap();
        }
        let report = verify_pdf(&bytes, &trust, &Options::at(NOW));
        assert_eq!(report.signatures[0].sub_indication, expected, "{list}: {:?}", report.signatures[0].reasons);
    }
}

/// Steps of a linear congruential generator (Knuth, MMIX): the same mutations in every run.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

#[test]
fn damaged_documents_never_panic_and_never_pass_as_whole() {
    let Some(folder) = shared::folder("corpora/attacks-own") else { return };
    let trust = attack_trust(&folder);
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    let mut state = 1;
    for file in shared::manifest(&folder).into_iter().map(|row| row[0].clone()).filter(|file| file.ends_with(".pdf")) {
        let Ok(original) = fs::read(folder.join(&file)) else { continue };
        // Digits, delimiters and whole tokens exchanged do more harm to a structure than random bytes.
        for _ in 0..rounds.min(10_000_000 / original.len().max(1)) {
            let mut bytes = original.clone();
            for _ in 0..1 + next(&mut state) % 4 {
                let at = next(&mut state) % bytes.len();
                match next(&mut state) % 4 {
                    0 => bytes[at] = b"0123456789<>[]()/% R"[next(&mut state) % 20],
                    1 => bytes[at] ^= 1 << (next(&mut state) % 8),
                    2 => bytes.truncate(at + 1),
                    _ => {
                        let from = next(&mut state) % bytes.len();
                        let length = (next(&mut state) % 60).min(bytes.len() - from).min(bytes.len() - at);
                        bytes.copy_within(from..from + length, at);
                    }
                }
            }
            let report = verify_pdf(&bytes, &trust, &Options::at(NOW));
            let passed = report.signatures.iter().any(|one| one.verdict == Verdict::TotalPassed);
            if !passed || report.coverage != Coverage::Whole {
                continue;
            }
            // What passes as whole is an earlier state of the file, but for the value of /Contents.
            let [_, first, second, rest] = report.signatures.last().unwrap().byte_range.unwrap();
            let [first, second, rest] = [first, second, rest].map(|value| usize::try_from(value).unwrap());
            let end = second + rest;
            assert_eq!(end, bytes.len(), "{file}");
            assert!(bytes[..first] == original[..first] && bytes[second..] == original[second..end], "{file}");
        }
    }
}
