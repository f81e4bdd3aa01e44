//! The NIST path validation suite (PKITS), over shared files where they are present.

use std::fs;
use std::path::Path as FilePath;
use std::sync::Arc;

use serde_json::Value;

use crate::certificate::Certificate;
use crate::options::Limits;
use crate::path::{self, Purpose};
use crate::revocation::{self, Status};
use crate::trust::TrustStore;

/// 2014-05-13 00:00:00 UTC, the suite's validation time.
const AT: i64 = 1_399_939_200;

/// Cases that this version accepts against the suite, with the reason.
const KNOWN_ACCEPTED: &[(&str, &str)] = &[("41504", "delta CRLs are not read: the complete list has no entry yet")];

/// Cases accepted as they should be, and cases refused although they are valid: policies, name constraints, DSA, and lists
/// that are partitioned, indirect or signed by another key are not processed, and what is not processed is not good.
const ACCEPTED_AND_WRONGLY_REFUSED: (usize, usize) = (32, 60);

/// Whether the path of one case is good by path and revocation, and why not.
fn judge(folder: &FilePath, case: &Value) -> Result<(), String> {
    let certificate = |name: &str| fs::read(folder.join("certs").join(name)).unwrap_or_default();
    let names = |key: &str| -> Vec<String> {
        let items = case[key].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let mut trust = TrustStore::new();
    trust.add_anchor(&certificate("TrustAnchorRootCertificate.crt"), None, None).unwrap();
    for name in names("other_certs") {
        // An unreadable intermediate is one that is not there.
        let _ = trust.add_intermediate(&certificate(&name));
    }
    for name in names("crls").iter().map(String::as_str).chain(["TrustAnchorRootCRL.crl"]) {
        let _ = trust.add_crl(&fs::read(folder.join("crls").join(name)).unwrap_or_default());
    }
    let leaf = certificate(case["cert"].as_str().unwrap());
    let leaf = Arc::new(Certificate::parse(&leaf).map_err(|error| error.to_string())?);
    let found = path::find(&leaf, &[], &trust, AT, Purpose::DocumentSigning, &Limits::default());
    let path = found.map_err(|fault| fault.reason)?;
    match revocation::statuses(&path.certificates, &trust, AT, AT).into_iter().find(|status| *status != Status::Good) {
        None => Ok(()),
        Some(status) => Err(format!("{status:?}")),
    }
}

#[test]
fn no_path_of_the_nist_suite_is_wrongly_accepted() {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/pkits");
    let Ok(text) = fs::read_to_string(folder.join("pkits.json")) else {
        println!("skipped: 1 folder (corpora/pkits) is not present");
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    let mut wrongly_accepted = Vec::new();
    let mut wrongly_refused = Vec::new();
    // Cases with parameters set policies of the caller, for which there is no option.
    for case in cases.iter().filter(|case| case.get("params").is_none()) {
        let id = case["id"].as_str().unwrap().to_owned();
        match (judge(&folder, case), case.get("error").is_none()) {
            (Ok(()), true) => accepted += 1,
            (Err(_), false) => refused += 1,
            (Ok(()), false) => wrongly_accepted.push(format!("{id} {}", case["name"])),
            (Err(reason), true) => wrongly_refused.push(format!("{id} {}: {reason}", case["name"])),
        }
    }
    println!("{accepted} accepted and {refused} refused as expected, {} refused wrongly", wrongly_refused.len());
    for line in &wrongly_refused {
        println!("  {line}");
    }
    wrongly_accepted.retain(|line: &String| !KNOWN_ACCEPTED.iter().any(|(id, _)| line.starts_with(id)));
    assert!(wrongly_accepted.is_empty(), "{}", wrongly_accepted.join("\n"));
    assert_eq!((accepted, wrongly_refused.len()), ACCEPTED_AND_WRONGLY_REFUSED);
}
