//! The NIST path validation suite (PKITS), through `verify_certificate`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use signature::{CertificateQuestion, CertificateUse, Options, PolicyDemands, TrustStore, Verdict, WeakDigest, verify_certificate};

use crate::ledger::Ledger;
use crate::manifest::{Row, unix};

/// The suite's validation time.
const MOMENT: &str = "2014-05-13 00:00:00";

pub(crate) fn run(folder: &Path, ledger: &mut Ledger) {
    // Every row is an input of a case.
    Row::all(folder).iter().for_each(|_| ledger.skip());
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder.join("pkits.json")).unwrap()).unwrap();
    assert_eq!(cases.len(), 246);
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let theirs = if case.get("error").is_some() { "rejected" } else { "accepted" };
        if let Some(ours) = ledger.judge(id, || judge(folder, case)) {
            ledger.enter(id, case["name"].as_str().unwrap(), ours, theirs);
        }
    }
}

fn judge(folder: &Path, case: &Value) -> &'static str {
    let certificate = |name: &str| fs::read(folder.join("certs").join(name)).unwrap_or_default();
    let names = |value: &Value| -> Vec<String> {
        let items = value.as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let mut trust = TrustStore::new();
    trust.add_anchor(&certificate("TrustAnchorRootCertificate.crt"), None, None).unwrap();
    for name in names(&case["other_certs"]) {
        // An unreadable intermediate is one that is not there, and so is a list that cannot be used.
        let _ = trust.add_intermediate(&certificate(&name));
    }
    for name in names(&case["crls"]).iter().map(String::as_str).chain(["TrustAnchorRootCRL.crl"]) {
        let _ = trust.add_crl(&fs::read(folder.join("crls").join(name)).unwrap_or_default());
    }
    let flag = |name: &str| case["params"][name].as_bool().unwrap_or(false);
    let policies = PolicyDemands {
        acceptable: names(&case["params"]["user_initial_policy_set"]),
        require_explicit: flag("initial_explicit_policy"),
        inhibit_mapping: flag("initial_policy_mapping_inhibit"),
        inhibit_any: flag("initial_any_policy_inhibit"),
    };
    let question = CertificateQuestion { usage: CertificateUse::Any, policies };
    // The suite is of a time when SHA-1 was in use.
    let options = Options { weak_digest: WeakDigest::Accept, ..Options::at(unix(MOMENT)) };
    let report = verify_certificate(&certificate(case["cert"].as_str().unwrap()), &question, &trust, &options);
    match report.verdict {
        Verdict::TotalPassed => "accepted",
        _ => "rejected",
    }
}
