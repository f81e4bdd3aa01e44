//! ASiC containers of the shared corpora, signature by signature, where they are present; what the suite asserts is compared
//! in `corpora/`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod shared;

use std::fs;
use std::path::Path;

use shared::NOW;
use signature::{AsicReport, Coverage, Options, RevocationPolicy, TrustStore, Verdict, WeakDigest, verify_asic};

fn judge(path: &Path) -> AsicReport {
    let bytes = fs::read(path).unwrap();
    let options = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    verify_asic(&bytes, &TrustStore::new(), &options)
}

/// What has to come out: which signatures are intact, and whether every document is covered.
struct Expected {
    file: &'static str,
    intact: &'static [bool],
    is_whole: bool,
}

const fn expect(file: &'static str, intact: &'static [bool], is_whole: bool) -> Expected {
    Expected { file, intact, is_whole }
}

/// As the suite of the set asserts; where it only opens the container, as `openssl` finds digests and signatures.
const XADES: &[Expected] = &[
    expect("DSS-2123.asice", &[true], true),
    expect("Signature-A-EE_AS-19.asice", &[true], true),
    expect("Signature-ASiC_LT_modified_cert_values.asice", &[true], true),
    expect("asic-xades-revoc-for-expired-trust-anchor.asics", &[true], true),
    expect("container-with-counter-signature.asics", &[true, true], true),
    // The document is not the one whose digest is signed.
    expect("dss-2245-2400.asice", &[false], false),
    // Cut short.
    expect("malformed-container.asice", &[], false),
    expect("multifiles-ok.asics", &[true, true], true),
    expect("multifiles-too-much-files.asice", &[true, true], false),
    expect("multifiles-too-much-files.asics", &[false, false], false),
    expect("multifiles-wrong-file.asice", &[false, false], false),
    expect("no-signed-file.asice", &[false, false], false),
    expect("onefile-ok.asice", &[true], true),
    expect("onefile-ok.asics", &[true], true),
    expect("onefile-too-much-files.asice", &[true], false),
    expect("onefile-wrong-file.asics", &[false], false),
    expect("removed-doc.asice", &[false], false),
];

const CADES: &[Expected] = &[
    expect("ASiC-E-CAdES-BpLTA-copied-arctst.sce", &[true], true),
    expect("asice-level-lta-with-custom-manifest-namespace.sce", &[true], true),
    expect("cades-lta-alternative-naming.sce", &[true], true),
    // The document is not the signed one.
    expect("containerWithCounterSig.asics", &[false], false),
    expect("dss1421-archive-not-cover.asice", &[true], true),
    // The archive time stamp is broken, the signature is not.
    expect("dss1421-broken.asice", &[true], true),
    expect("dss1421.asice", &[true], true),
    expect("dss1984.asics", &[true], true),
    expect("multifiles-ok.asice", &[true], true),
    expect("multifiles-ok.asics", &[true], true),
    expect("no-signature.asics", &[], false),
    // The manifest does not have the form of the standard: it names no file.
    expect("nonConformantManifest.asice", &[false], false),
    expect("onefile-ok.asice", &[true], true),
    expect("removed-doc.asice", &[false], false),
    expect("removedReference.asice", &[false], false),
];

fn check(set: &str, expected: &[Expected]) {
    let Some(folder) = shared::folder(&format!("corpora/{set}")) else { return };
    let files: Vec<String> = shared::manifest(&folder).into_iter().map(|row| row[0].clone()).collect();
    let missing: Vec<&String> = files.iter().filter(|file| expected.iter().all(|one| one.file != *file)).collect();
    assert!(missing.is_empty(), "no expectation for {missing:?}");
    for Expected { file, intact, is_whole } in expected {
        let report = judge(&folder.join(file));
        let found: Vec<bool> = report.signatures.iter().map(|one| one.intact).collect();
        assert_eq!(found, *intact, "{file}: {report:?}");
        assert_eq!(report.document.coverage == Coverage::Whole, *is_whole, "{file}: {report:?}");
        let failed = report.document.signatures.iter().zip(&found).filter(|(one, intact)| !**intact && one.verdict == Verdict::TotalPassed);
        assert_eq!(failed.count(), 0, "{file}");
    }
    println!("{set}: {} containers come out as expected", expected.len());
}

#[test]
fn containers_with_xades_signatures_come_out_as_expected() {
    check("dss-asic-xades", XADES);
}

#[test]
fn containers_with_cades_signatures_come_out_as_expected() {
    check("dss-asic-cades", CADES);
}
