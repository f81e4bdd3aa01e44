//! Archive time stamps in the shared corpora, with the verdicts of the suites that the files come from.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod shared;

use std::fs;

use shared::NOW;
use signature::{Options, RevocationPolicy, TrustStore, verify_cms};

#[test]
fn probe() {
    let folder = shared::folder("corpora/dss-cades").unwrap();
    for row in shared::manifest(&folder) {
        let Ok(bytes) = fs::read(folder.join(&row[0])) else { continue };
        let report = verify_cms(&bytes, &TrustStore::new(), &Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) });
        for one in report.document.signatures {
            let archive: Vec<_> = one
                .reasons
                .iter()
                .filter(|reason| reason.contains("archive") || reason.contains("look") || reason.contains("content"))
                .collect();
            if !archive.is_empty() {
                println!("{} {:?} {archive:#?}", row[0], one.verdict);
            }
        }
    }
}

#[test]
fn probe_xml() {
    let folder = shared::folder("corpora/dss-xades").unwrap();
    for row in shared::manifest(&folder) {
        let Ok(bytes) = fs::read(folder.join(&row[0])) else { continue };
        let report =
            signature::verify_xml(&bytes, &TrustStore::new(), &Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) });
        for one in report.document.signatures {
            let archive: Vec<_> = one
                .reasons
                .iter()
                .filter(|reason| reason.contains("rchive") || reason.contains("look") || reason.contains("stamp over the content"))
                .collect();
            if !archive.is_empty() {
                println!("{} {:?} {archive:#?}", row[0], one.verdict);
            }
        }
    }
}
