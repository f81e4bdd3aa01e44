//! XML signatures of the shared corpora against what `xmlsec1` said of them, where the corpora are present.

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

#[derive(Default)]
struct Tally {
    agree: usize,
    disagree: Vec<String>,
    unsupported: Vec<String>,
}

impl Tally {
    /// Enters one file. `exceptions` name files on which the two differ for a reason that is given.
    fn enter(&mut self, file: &str, is_expected: bool, report: &XmlReport, exceptions: &[(&str, &str)]) {
        // Other tools look at the first signature only.
        let first = report.document.signatures.first();
        let is_intact = report.signatures.first().is_some_and(|one| one.intact);
        let has_passed = first.is_some_and(|one| one.verdict == Verdict::TotalPassed);
        assert!(is_intact || !has_passed, "{file} passed and is not intact");
        let line = format!("{file}: {:?} {:?}", first.map(|one| (one.verdict, &one.reasons)), report.document.faults);
        let is_undecided = !is_intact && first.is_some_and(|one| one.verdict == Verdict::Indeterminate);
        let exception = exceptions.iter().any(|(known, _)| *known == file);
        if exception {
            assert_ne!(is_expected, is_intact, "the exception for {file} is out of date");
        } else if is_expected == is_intact {
            self.agree += 1;
        } else if is_undecided {
            self.unsupported.push(line);
        } else {
            self.disagree.push(line);
        }
    }

    fn print(&self, set: &str) {
        println!("{set}: {} agree, {} disagree, {} unsupported", self.agree, self.disagree.len(), self.unsupported.len());
        self.disagree.iter().for_each(|line| println!("  disagree: {line}"));
        if std::env::var_os("REASONS").is_some() {
            self.unsupported.iter().for_each(|line| println!("  unsupported: {line}"));
        }
    }
}

/// Files on which this verifier and `xmlsec1` differ, with the reason.
const KNOWN_DIFFERENCES: &[(&str, &str)] = &[
    (
        "dss1788/XAdESPublicKeyInKeyInfo.xml",
        "the signing certificate is among the certificate values, pinned; the tool looks in KeyInfo only",
    ),
    ("dss1788/dss1920-cert-in-certValues-without-publicKey.xml", "likewise"),
    ("xades-level-b-with-certvals.xml", "likewise"),
    ("xades-counter-signature-with-type-invalid.xml", "the tool's version does not know RSA-PSS by its name of 2007"),
];

#[test]
fn xades_documents_come_out_as_xmlsec1_says() {
    let Some(folder) = shared::folder("corpora/dss-xades") else { return };
    let mut tally = Tally::default();
    let mut accepted = Tally::default();
    for (file, expected) in manifest(&folder) {
        let Some(observed) = expected.split("observed[xmlsec1 1.2.37: ").nth(1) else { continue };
        let is_accepted = observed.starts_with("OK");
        let report = judge(&folder.join(&file));
        let tally = if is_accepted { &mut accepted } else { &mut tally };
        tally.enter(&file, is_accepted, &report, KNOWN_DIFFERENCES);
    }
    tally.print("dss-xades, refused by xmlsec1");
    accepted.print("dss-xades, accepted by xmlsec1");
    assert!(tally.disagree.is_empty() && accepted.disagree.is_empty());
    assert!(accepted.agree * 20 >= (accepted.agree + accepted.unsupported.len()) * 19);
}

/// Samples that another tool refuses, with the reason.
const PICKY: &[(&str, &str)] = &[(
    "nonconformant-X_BE_CONN_10.xml",
    "digests, value and pinned certificate fit; the tool dislikes that the property lists the chain too, which TS 101 903, 7.2.2 allows",
)];

#[test]
fn xades_conformance_samples_verify() {
    let Some(folder) = shared::folder("corpora/xades-signxml") else { return };
    let mut tally = Tally::default();
    for (file, _) in manifest(&folder) {
        let report = judge(&folder.join(&file));
        tally.enter(&file, !file.starts_with("nonconformant"), &report, PICKY);
    }
    tally.print("xades-signxml");
    assert!(tally.disagree.is_empty());
}

/// Vectors that are no signed documents.
const NO_VECTORS: &[(&str, &str)] = &[
    ("merlin-exc-c14n-one/exc-signature.tmpl", "a template to be signed"),
    (
        "aleksey-xmldsig-01/enveloping-sha512-ecdsa-sha512-with-asn1.xml",
        "r and s as DER, which XMLDSig 1.1, 6.4.3 does not allow; the tool takes it under an option of its own",
    ),
];

#[test]
fn xml_signature_vectors_are_intact_or_named_as_unsupported() {
    let Some(folder) = shared::folder("corpora/xmldsig-vectors") else { return };
    let mut tally = Tally::default();
    for (file, _) in manifest(&folder) {
        let report = judge(&folder.join(&file));
        if !report.signatures.is_empty() {
            tally.enter(&file, true, &report, NO_VECTORS);
        }
    }
    tally.print("xmldsig-vectors");
    assert!(tally.disagree.is_empty());
    // The others lack the key, or use algorithms or transforms that are not computed; `REASONS=1` prints which.
    assert!(tally.agree >= 18);
}

#[test]
fn hostile_documents_are_refused() {
    let Some(folder) = shared::folder("corpora/hostile-xml") else { return };
    for (file, _) in manifest(&folder) {
        let report = judge(&folder.join(&file));
        assert!(report.signatures.is_empty() && report.document.faults[0].contains("document type"), "{file}: {report:?}");
    }
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
