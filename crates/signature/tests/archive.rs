//! Archive time stamps in the shared corpora: those that the suites they come from call intact have to fit what they cover, and
//! no others.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod shared;

use std::collections::BTreeSet;
use std::fs;

use shared::NOW;
use signature::{DocumentReport, Options, RevocationPolicy, TrustStore, Verdict, verify_asic, verify_cms, verify_pdf, verify_xml};

/// Files with an archive or document time stamp that does not fit, and why.
const VOID: &[(&str, &str)] = &[
    ("cades-ats-v3-wrong-cert.p7m", "its index lists the digest of another certificate"),
    ("dss-1220/CAdES-BpLTA_modified_ats_hash_element.p7m", "its index was changed"),
    ("dss-1220/CAdES-BpLTA_removed_ocsp.p7m", "what its index lists was removed"),
    ("xades-lta-copied-atst.xml", "it was copied from another signature"),
    ("xades-lta-corrupted-cert.xml", "a certificate under it was changed"),
    ("xades-lta-with-additional-cert-in-keyinfo.xml", "a certificate was added under it"),
];

/// Counts the archive stamps of a report that fit what they cover, and notes the file of one that does not.
fn count(file: &str, report: &DocumentReport, fitting: &mut usize, void: &mut BTreeSet<String>) {
    let stamps = report.signatures.iter().flat_map(|one| &one.reasons).filter(|reason| {
        reason.starts_with("an archive time stamp proves nothing") || reason.starts_with("an archive time stamp proves that")
    });
    for reason in stamps {
        let is_void = ["made for something else", "it covers", "cannot be canonicalized", "index"].iter().any(|part| reason.contains(part));
        if is_void {
            void.insert(file.to_owned());
        } else {
            *fitting += 1;
        }
    }
}

#[test]
fn archive_time_stamps_of_foreign_suites_fit_what_they_cover() {
    let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
    let trust = TrustStore::new();
    let (mut fitting, mut void) = (0, BTreeSet::new());
    for name in ["dss-cades", "dss-xades"] {
        let Some(folder) = shared::folder(&format!("corpora/{name}")) else { return };
        for row in shared::manifest(&folder) {
            let Ok(bytes) = fs::read(folder.join(&row[0])) else { continue };
            let report = if row[0].ends_with(".xml") {
                verify_xml(&bytes, &trust, &options).document
            } else {
                verify_cms(&bytes, &trust, &options).document
            };
            count(&row[0], &report, &mut fitting, &mut void);
        }
    }
    println!("{fitting} archive time stamps fit, {} do not", void.len());
    assert_eq!(void, VOID.iter().map(|(file, _)| (*file).to_owned()).collect());
    assert!(fitting >= 14, "{fitting}");
}

#[test]
fn document_time_stamps_of_foreign_suites_fit_what_they_cover() {
    let Some(folder) = shared::folder("corpora/dss-pades") else { return };
    let (mut fitting, mut void) = (0, Vec::new());
    for row in shared::manifest(&folder) {
        let Ok(bytes) = fs::read(folder.join(&row[0])) else { continue };
        let report = verify_pdf(&bytes, &TrustStore::new(), &Options::at(NOW));
        for one in report.signatures.iter().filter(|one| one.is_document_timestamp) {
            if one.verdict == Verdict::TotalFailed {
                void.push(row[0].clone());
            } else {
                fitting += 1;
            }
        }
    }
    println!("{fitting} document time stamps fit, {} do not", void.len());
    // It was copied from another document.
    assert_eq!(void, ["pades-lta-copied-doctst.pdf"]);
    assert!(fitting >= 15, "{fitting}");
}

/// Containers with an archive time stamp that does not fit, and why.
const VOID_CONTAINERS: &[(&str, &str)] = &[
    ("ASiC-E-CAdES-BpLTA-copied-arctst.sce", "it was copied from another container"),
    ("dss1421-archive-not-cover.asice", "a signature that it covers was removed"),
    ("dss1421-broken.asice", "a signature was changed under it"),
    ("removed-doc.asice", "a document that it covers was removed"),
];

#[test]
fn archive_time_stamps_of_foreign_containers_fit_what_they_cover() {
    let Some(folder) = shared::folder("corpora/dss-asic-cades") else { return };
    let (mut fitting, mut void) = (0, BTreeSet::new());
    for row in shared::manifest(&folder) {
        let Ok(bytes) = fs::read(folder.join(&row[0])) else { continue };
        let report = verify_asic(&bytes, &TrustStore::new(), &Options::at(NOW)).document;
        for fault in report.faults.iter().filter(|fault| fault.contains("is an archive time stamp that proves nothing")) {
            if ["made for something else", "not in the container", "was changed"].iter().any(|part| fault.contains(part)) {
                void.insert(row[0].clone());
            } else {
                fitting += 1;
            }
        }
    }
    println!("{fitting} archive time stamps of containers fit, those of {} containers do not", void.len());
    assert_eq!(void, VOID_CONTAINERS.iter().map(|(file, _)| (*file).to_owned()).collect());
    assert!(fitting >= 4, "{fitting}");
}
