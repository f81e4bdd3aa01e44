//! XML signatures of the shared corpora, attacks by name and damaged copies, where they are present; verdicts on whole sets
//! are compared in `corpora/`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod shared;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::NOW;
use signature::{Options, RevocationPolicy, SubIndication, TrustStore, Verdict, WeakDigest, XmlReport, verify_asic, verify_xml_with};

/// File and expectation of every row.
fn manifest(folder: &Path) -> Vec<(String, String)> {
    shared::manifest(folder).into_iter().map(|row| (row[0].clone(), row[2].clone())).collect()
}

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

fn judge(path: &Path) -> XmlReport {
    let bytes = fs::read(path).unwrap();
    let neighbours = neighbours(path, &bytes);
    let contents: Vec<(&str, &[u8])> = neighbours.iter().map(|(uri, content)| (uri.as_str(), content.as_slice())).collect();
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    verify_xml_with(&bytes, &contents, &credulous(&bytes), &options)
}

/// Attacks and damage in the set: file, signature (from 0) and what has to be said of it.
const ATTACKS: &[(&str, usize, SubIndication)] = &[
    ("dss-signed-altered-refRemoved.xml", 0, SubIndication::SigCryptoFailure),
    ("dss-signed-altered-signedPropsRemoved.xml", 0, SubIndication::SigCryptoFailure),
    ("dss2329/xades-with-manifest-with-duplicated-reference.xml", 0, SubIndication::FormatFailure),
    ("xades-counter-signature-injected.xml", 1, SubIndication::FormatFailure),
    ("xades-fake-counter-signature.xml", 1, SubIndication::FormatFailure),
    ("xades-sign-cert-v2-wrong-digest.xml", 0, SubIndication::SigConstraintsFailure),
    ("xades-tampered-reference.xml", 0, SubIndication::FormatFailure),
    // Its manifests name the parts of a package that is not there; the tool of the set calls it valid.
    ("Signature-X-CY-1.xml", 0, SubIndication::SignedDataNotFound),
];

#[test]
fn attacks_of_the_set_are_named() {
    let Some(folder) = shared::folder("corpora/dss-xades") else { return };
    for (file, index, expected) in ATTACKS {
        let report = judge(&folder.join(file));
        let found = &report.document.signatures[*index];
        assert_eq!(found.sub_indication, Some(*expected), "{file}: {:?}", found.reasons);
    }
    let injected = judge(&folder.join("xades-with-dtd-injection.xml"));
    assert!(injected.signatures.is_empty() && injected.document.faults[0].contains("document type"), "{injected:?}");
}

/// Damage anywhere in real files; `ROUNDS` sets how often.
#[test]
fn damaged_documents_never_panic_nor_pass_without_being_intact() {
    let rounds: u64 = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(6);
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut below = |bound: usize| {
        // Xorshift, Marsaglia 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % bound
    };
    let mut count = 0;
    for set in ["dss-xades", "xades-signxml", "dss-asic-xades", "dss-asic-cades"] {
        let Some(folder) = shared::folder(&format!("corpora/{set}")) else { continue };
        for (file, _) in manifest(&folder) {
            let whole = fs::read(folder.join(&file)).unwrap();
            let is_container = !file.ends_with(".xml") && whole.starts_with(b"PK");
            for _ in 0..rounds {
                let mut bytes = whole.clone();
                for _ in 0..=below(3) {
                    let at = below(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
                    match below(3) {
                        _ if bytes.is_empty() => {}
                        0 => bytes[at] ^= 1 << below(8),
                        1 => _ = bytes.splice(at..at, whole.iter().skip(below(whole.len())).take(1 + below(40)).copied()),
                        _ => _ = bytes.drain(at..(at + 1 + below(40)).min(bytes.len())),
                    }
                }
                if is_container {
                    let report = verify_asic(&bytes, &TrustStore::new(), &options);
                    assert_eq!(report.document.signatures.len(), report.signatures.len());
                } else {
                    let report = verify_xml_with(&bytes, &[], &credulous(&bytes), &options);
                    for (verdict, signature) in report.document.signatures.iter().zip(&report.signatures) {
                        assert!(signature.intact || verdict.verdict != Verdict::TotalPassed, "{file}");
                    }
                }
                count += 1;
            }
        }
    }
    println!("{count} damaged files judged");
}
