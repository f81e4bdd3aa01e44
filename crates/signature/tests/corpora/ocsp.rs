//! OCSP responses and the freshness of revocation data, through `verify_certificate`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use signature::{
    CertificateQuestion, CertificateReport, CertificateUse, Options, RevocationPolicy, SubIndication, TrustError, TrustStore, Verdict,
    WeakDigest, verify_certificate,
};

use crate::ledger::Ledger;
use crate::manifest::{Row, der, unix};

fn ask(certificate: &Path, trust: &TrustStore, at: &str) -> CertificateReport {
    let question = CertificateQuestion { usage: CertificateUse::Any, ..CertificateQuestion::default() };
    let options = Options { weak_digest: WeakDigest::Accept, revocation: RevocationPolicy::Require, ..Options::at(unix(at)) };
    verify_certificate(&der(certificate), &question, trust, &options)
}

/// `good`, `revoked` or `unknown`.
fn status(report: &CertificateReport) -> &'static str {
    match report.sub_indication {
        None => "good",
        Some(SubIndication::RevokedNoPoe | SubIndication::RevokedCaNoPoe) => "revoked",
        Some(SubIndication::TryLater) => "unknown",
        Some(_) => "no path",
    }
}

/// `openssl-ocsp.json`: a case without an error is good, one with an error undecided.
pub(crate) fn openssl(folder: &Path, ledger: &mut Ledger) {
    Row::all(folder).iter().for_each(|_| ledger.skip());
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder.join("openssl-ocsp.json")).unwrap()).unwrap();
    for case in &cases {
        let list = |key: &str| case[key].as_array().cloned().unwrap_or_default();
        let file = |value: &Value| folder.join(value.as_str().unwrap());
        let name = case["name"].as_str().unwrap();
        let length = case["path_len"].as_u64().unwrap() as usize;
        // Where there is a response for every certificate all are asked about, otherwise the first: then its issuer is the anchor.
        let others = list("other_certs");
        let is_whole = list("ocsps").len() + 1 >= length;
        let anchor = if is_whole { &case["root"] } else { &others[0] };
        let mut trust = TrustStore::new();
        trust.add_anchor(&der(&file(anchor)), None, None).unwrap();
        others.iter().for_each(|other| trust.add_intermediate(&der(&file(other))).unwrap());
        list("ocsps").iter().for_each(|response| trust.add_ocsp(&der(&file(response))).unwrap());
        let Some(report) = ledger.judge(name, || ask(&file(&case["cert"]), &trust, case["moment"].as_str().unwrap())) else { continue };
        let theirs = if case.get("error").is_some() { "unknown" } else { "good" };
        ledger.enter(name, "status", status(&report), theirs);
        if is_whole {
            ledger.enter(name, "length of the path", &report.path.len().to_string(), &length.to_string());
        }
    }
}

/// One responder of two authorities: it answers for each by the certificate that it has from it.
pub(crate) fn delegation(folder: &Path, ledger: &mut Ledger) {
    Row::all(folder).iter().for_each(|_| ledger.skip());
    let path = |name: &str| folder.join(name);
    let cases: [(&str, &[&str], &str, &str); 4] = [
        ("alice.cert.pem", &["ocsp-resp-alice.der", "ocsp-resp-interm.der"], "root.cert.pem", "good"),
        ("alice.cert.pem", &["ocsp-resp-alice.der"], "root.cert.pem", "unknown"),
        ("alice.cert.pem", &["ocsp-resp-interm.der"], "root.cert.pem", "unknown"),
        ("interm.cert.pem", &["ocsp-resp-interm.der"], "root.cert.pem", "good"),
    ];
    for (certificate, responses, anchor, theirs) in cases {
        let mut trust = TrustStore::new();
        trust.add_anchor(&der(&path(anchor)), None, None).unwrap();
        trust.add_intermediate(&der(&path("interm.cert.pem"))).unwrap();
        responses.iter().for_each(|name| trust.add_ocsp(&der(&path(name))).unwrap());
        let Some(report) = ledger.judge(certificate, || ask(&path(certificate), &trust, "2021-08-19T12:20:00")) else { continue };
        ledger.enter(certificate, &format!("status by {}", responses.join(" and ")), status(&report), theirs);
    }
}

/// The certificates were revoked at 2020-12-01 00:00 UTC. Responses are good for ten minutes and lists for ten days, the lists
/// from 2020-09-22, 2020-11-21 and 2020-12-01 on (as `openssl ocsp` and `openssl crl` print them).
const FRESHNESS: &[(&str, &[&str], &str, &str)] = &[
    ("alice", &["alice-2020-10-01.ors"], "2020-10-01T00:05:00", "good"),
    ("alice", &["alice-2020-10-01.ors"], "2020-10-01T00:15:00", "unknown"),
    ("alice", &["alice-2020-11-29.ors"], "2020-11-29T00:05:00", "good"),
    ("alice", &["alice-2020-11-29.ors"], "2020-11-28T00:00:00", "unknown"),
    ("alice", &["alice-2020-12-10.ors"], "2020-12-10T00:05:00", "revoked"),
    ("alice", &["alice-2020-10-01.ors", "alice-2020-11-29.ors", "alice-2020-12-10.ors"], "2020-12-20T00:00:00", "revoked"),
    ("interm-revoked", &["root-2020-10-01.crl"], "2020-10-01T12:00:00", "good"),
    ("interm-revoked", &["root-2020-10-01.crl"], "2020-10-03T00:00:00", "unknown"),
    ("interm-revoked", &["root-2020-11-29.crl"], "2020-11-30T00:00:00", "good"),
    ("interm-revoked", &["root-2020-10-01.crl", "root-2020-11-29.crl", "root-2020-12-10.crl"], "2020-12-05T00:00:00", "revoked"),
    ("interm", &["root-2020-12-10.crl"], "2020-12-05T00:00:00", "good"),
];

pub(crate) fn freshness(folder: &Path, ledger: &mut Ledger) {
    Row::all(folder).iter().for_each(|_| ledger.skip());
    let path = |name: &str| folder.join("certs").join(format!("{name}.crt"));
    for (certificate, files, at, theirs) in FRESHNESS {
        // The signer's own status only: its issuer is the anchor there.
        let anchor = if *certificate == "alice" { "interm" } else { "root" };
        let mut trust = TrustStore::new();
        trust.add_anchor(&der(&path(anchor)), None, None).unwrap();
        for file in *files {
            let bytes = der(&folder.join(file));
            if file.ends_with(".ors") { trust.add_ocsp(&bytes).unwrap() } else { trust.add_crl(&bytes).unwrap() }
        }
        let Some(report) = ledger.judge(certificate, || ask(&path(certificate), &trust, at)) else { continue };
        ledger.enter(certificate, &format!("status by {} at {at}", files.join(" and ")), status(&report), theirs);
    }
}

/// The names of the files say what they are.
pub(crate) fn samples(folder: &Path, ledger: &mut Ledger) {
    for row in Row::all(folder) {
        let name = row.file.as_str();
        let bytes = row.bytes();
        let theirs = match name {
            "ocsp-internal-error.der" => "internalError",
            "ocsp-malformed.der" => "malformedRequest",
            "ocsp-sig-required.der" => "sigRequired",
            "ocsp-try-later.der" => "tryLater",
            "ocsp-unauthorized.der" => "unauthorized",
            _ if name.ends_with("-req.der") => "no response",
            _ if name.ends_with("crt.der") || name.ends_with("ca.der") => "certificate",
            _ if name.contains("ocsp") || name.ends_with("resp.der") => "answer",
            _ => {
                ledger.skip();
                continue;
            }
        };
        let found = ledger.judge(name, || {
            if theirs == "certificate" {
                let report = verify_certificate(&bytes, &CertificateQuestion::default(), &TrustStore::new(), &Options::at(0));
                return if report.verdict == Verdict::TotalFailed { "unreadable".to_owned() } else { "certificate".to_owned() };
            }
            match TrustStore::new().add_ocsp(&bytes) {
                Ok(()) => "answer".to_owned(),
                Err(TrustError::NotAnOcspResponse { reason }) => {
                    ["internalError", "malformedRequest", "sigRequired", "tryLater", "unauthorized"]
                        .into_iter()
                        .find(|status| reason.contains(status))
                        .unwrap_or("no response")
                        .to_owned()
                }
                Err(other) => other.to_string(),
            }
        });
        if let Some(ours) = found {
            ledger.enter(name, "kind", &ours, theirs);
        }
    }
}
