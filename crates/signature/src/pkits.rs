//! The NIST path validation suite (PKITS), over shared files where they are present.

use std::fs;
use std::path::Path as FilePath;
use std::sync::Arc;

use serde_json::Value;

use crate::asn1::encode;
use crate::certificate::Certificate;
use crate::evidence::Evidence;
use crate::options::Limits;
use crate::path::{self, Goal, Purpose};
use crate::policy;
use crate::revocation::{Inquiry, Status};
use crate::trust::TrustStore;

/// 2014-05-13 00:00:00 UTC, the suite's validation time.
const AT: i64 = 1_399_939_200;

/// Cases on which this crate and the suite differ, with the reason. A difference that is not listed fails the test, and so
/// does a listed one that has gone.
const KNOWN_DIFFERENCES: &[(&str, &str)] = &[];

/// Cases that cannot be judged for want of an algorithm: refused, as everything that cannot be judged.
const UNSUPPORTED: &[(&str, &str)] =
    &[("40104", "the path is signed with DSA"), ("40105", "the path is signed with DSA, its parameters inherited")];

/// The content of a dotted identifier.
fn identifier(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut out = Vec::new();
    for arc in [&[arcs[0] * 40 + arcs[1]], &arcs[2..]].concat() {
        let digits: Vec<u8> = (0..10).map(|place| u8::try_from(arc >> (7 * place) & 0x7f).unwrap()).collect();
        let count = digits.iter().rposition(|&digit| digit != 0).unwrap_or(0);
        out.extend(digits[1..=count].iter().rev().map(|digit| digit | 0x80));
        out.push(digits[0]);
    }
    out
}

fn inputs(case: &Value) -> policy::Inputs {
    let flag = |name: &str| case["params"][name].as_bool().unwrap_or(false);
    let acceptable = case["params"]["user_initial_policy_set"].as_array().cloned().unwrap_or_default();
    policy::Inputs {
        acceptable: acceptable.iter().map(|policy| identifier(policy.as_str().unwrap())).collect(),
        require_explicit: flag("initial_explicit_policy"),
        inhibit_mapping: flag("initial_policy_mapping_inhibit"),
        inhibit_any: flag("initial_any_policy_inhibit"),
    }
}

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
    let goal = Goal { policies: inputs(case), ..Goal::new(Purpose::Any, AT) };
    let found = path::find(&leaf, &goal, &[], &trust, &Limits::default());
    let path = found.map_err(|fault| fault.reason)?;
    let inquiry = Inquiry { trust: &trust, evidence: &Evidence::default(), limits: &Limits::default(), proved: AT, at: AT };
    match inquiry.statuses(&path.certificates).into_iter().find(|status| *status != Status::Good) {
        None => Ok(()),
        Some(status) => Err(format!("{status:?}")),
    }
}

#[test]
fn every_case_of_the_nist_suite_is_judged_as_the_suite_says() {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/pkits");
    let Ok(text) = fs::read_to_string(folder.join("pkits.json")) else {
        println!("skipped: 1 folder (corpora/pkits) is not present");
        return;
    };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 246);
    let (mut agree, mut unsupported, mut known) = (0, Vec::new(), 0);
    let mut wrong = Vec::new();
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let line = |reason: &str| format!("{id} {}: {reason}", case["name"]);
        let listed = |list: &[(&str, &str)]| list.iter().any(|(listed, _)| *listed == id);
        match (judge(&folder, case), case.get("error").is_none()) {
            (Ok(()), true) | (Err(_), false) if listed(KNOWN_DIFFERENCES) => wrong.push(line("is listed as a difference, and is none")),
            (Ok(()), true) | (Err(_), false) => agree += 1,
            _ if listed(KNOWN_DIFFERENCES) => known += 1,
            (Err(reason), true) if listed(UNSUPPORTED) => unsupported.push(line(&reason)),
            (Err(reason), true) => wrong.push(line(&format!("refused: {reason}"))),
            (Ok(()), false) => wrong.push(line("accepted")),
        }
    }
    println!("PKITS: {agree} agree, {} disagree, {} unsupported", wrong.len() + known, unsupported.len());
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn identifiers_are_written_as_their_encoding() {
    // X.690, 8.19.5.
    assert_eq!(encode(6, &identifier("2.999.3")), [6, 3, 0x88, 0x37, 3]);
    assert_eq!(identifier("2.16.840.1.101.3.2.1.48.1"), [0x60, 0x86, 0x48, 1, 0x65, 3, 2, 1, 48, 1]);
}
