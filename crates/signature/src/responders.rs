//! Evidence in files of other projects' test suites, and times that the public functions do not take apart, where the shared
//! files are present; `tests/corpora` compares verdicts on the whole sets.

use std::fs;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cache::Caches;
use crate::certificate::Certificate;
use crate::cms::SignedData;
use crate::evidence::Evidence;
use crate::options::{Limits, Options, WeakDigest};
use crate::pdf::{self, File};
use crate::report::SubIndication;
use crate::revocation::{Inquiry, Status};
use crate::trust::TrustStore;
use crate::{verify_detached, verify_pdf};

fn corpus(name: &str) -> Option<PathBuf> {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: 1 folder (corpora/{name}) is not present");
    None
}

/// The DER of a file that holds DER, PEM (the first block) or bare base64.
fn der(path: &FilePath) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let Ok(text) = String::from_utf8(bytes.clone()) else { return bytes };
    let after = text.find("-----BEGIN").map_or(text.as_str(), |at| &text[at..]);
    let lines = after.lines().skip_while(|line| line.starts_with("-----")).take_while(|line| !line.starts_with("-----")).map(str::trim);
    STANDARD.decode(lines.collect::<String>()).unwrap_or(bytes)
}

fn parsed(path: &FilePath) -> Arc<Certificate> {
    Arc::new(Certificate::parse(&der(path)).unwrap())
}

/// Counts what agrees and collects what does not.
#[derive(Default)]
struct Tally {
    agree: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn check(&mut self, case: &str, agrees: bool, found: &dyn std::fmt::Debug) {
        if agrees {
            self.agree += 1;
        } else {
            self.wrong.push(format!("{case}: {found:?}"));
        }
    }

    fn finish(self, set: &str) {
        println!("{set}: {} agree, {} disagree", self.agree, self.wrong.len());
        assert!(self.wrong.is_empty(), "{set}\n{}", self.wrong.join("\n"));
    }
}

/// Seconds of `2012-10-12T00:00:00+00:00`.
fn unix(moment: &str) -> i64 {
    let digits: String = moment.split('+').next().unwrap().chars().filter(char::is_ascii_digit).collect();
    crate::calendar::pdf_date(digits.as_bytes()).unwrap()
}

/// The certificates were revoked at 2020-12-01 00:00 UTC. Responses are good for ten minutes and lists for ten days, the
/// lists from 2020-09-22, 2020-11-21 and 2020-12-01 on (as `openssl ocsp` and `openssl crl` print them).
#[test]
fn freshness_decides_what_an_old_statement_is_worth() {
    let Some(folder) = corpus("revocation-freshness") else { return };
    let certificate = |name: &str| parsed(&folder.join("certs").join(format!("{name}.crt")));
    let alice = [certificate("alice"), certificate("interm"), certificate("root")];
    let authority = [certificate("interm-revoked"), certificate("root")];
    let status = |path: &[Arc<Certificate>], files: &[&str], proved: &str, at: &str| {
        let mut trust = TrustStore::new();
        trust.add_anchor(&path.last().unwrap().der, None, None).unwrap();
        for file in files {
            let bytes = der(&folder.join(file));
            if file.ends_with(".ors") { trust.add_ocsp(&bytes).unwrap() } else { trust.add_crl(&bytes).unwrap() }
        }
        let (proved, at) = (unix(proved), unix(at));
        Inquiry { trust: &trust, evidence: &Evidence::default(), limits: &Limits::default(), proved, at }.statuses(path).remove(0)
    };
    let revoked = Status::Revoked { date: unix("2020-12-01T00:00:00"), reason: "keyCompromise" };
    let mut tally = Tally::default();
    let mut check = |path: &[Arc<Certificate>], files: &[&str], proved: &str, at: &str, expected: Option<&Status>| {
        let found = status(path, files, proved, at);
        let agrees = expected.map_or(matches!(found, Status::Unknown(_)), |expected| found == *expected);
        tally.check(&format!("{files:?} for {proved} at {at}"), agrees, &found);
    };
    let (october, november, december) = ("alice-2020-10-01.ors", "alice-2020-11-29.ors", "alice-2020-12-10.ors");
    let good = Some(&Status::Good);
    check(&alice, &[october], "2020-10-01T00:05:00", "2020-10-01T00:05:00", good);
    check(&alice, &[october], "2020-10-01T00:15:00", "2020-10-01T00:15:00", None);
    // Made later than what is judged, it stays worth something.
    check(&alice, &[october], "2020-09-30T00:00:00", "2020-12-20T00:00:00", good);
    check(&alice, &[november], "2020-11-29T00:00:00", "2020-11-29T00:10:00", good);
    check(&alice, &[november], "2020-11-30T00:00:00", "2020-12-20T00:00:00", None);
    // Not yet made.
    check(&alice, &[november], "2020-11-01T00:00:00", "2020-11-28T00:00:00", None);
    check(&alice, &[december], "2020-12-10T00:05:00", "2020-12-10T00:05:00", Some(&revoked));
    check(&alice, &[october, november, december], "2020-12-20T00:00:00", "2020-12-20T00:00:00", Some(&revoked));
    let (first, second, third) = ("root-2020-10-01.crl", "root-2020-11-29.crl", "root-2020-12-10.crl");
    check(&authority, &[first], "2020-10-01T12:00:00", "2020-10-01T12:00:00", good);
    check(&authority, &[first], "2020-10-03T00:00:00", "2020-10-03T00:00:00", None);
    check(&authority, &[second], "2020-11-30T00:00:00", "2020-11-30T00:00:00", good);
    check(&authority, &[second], "2020-11-20T00:00:00", "2020-12-20T00:00:00", good);
    check(&authority, &[first, second, third], "2020-12-05T00:00:00", "2020-12-05T00:00:00", Some(&revoked));
    check(&alice[1..], &[third], "2020-12-05T00:00:00", "2020-12-05T00:00:00", good);
    tally.finish("revocation-freshness");
}

/// A document with a security store, when it is judged, and fields with what is expected of them: `None` is passed.
type Stored = (&'static str, &'static str, &'static [(&'static str, Option<SubIndication>)]);

/// Anchors are the self-issued certificates of the store. The times lie within the windows of the responses and lists, as
/// `openssl ocsp` and `openssl crl` print them, or after them.
const STORED: &[Stored] = &[
    ("pdf-with-vri-timestamp.pdf", "2022-08-02T16:33:30", &[("Signature2", None)]),
    // The responses were good for one minute.
    ("pdf-with-vri-timestamp.pdf", "2022-08-02T16:40:00", &[("Signature2", Some(SubIndication::TryLater))]),
    // The store says nothing of the authority of the last time stamp, which came after it; nor in the next two files.
    ("pdf-self-issued-ocsp.pdf", "2021-03-30T11:45:00", &[("Signature1", None), ("Signature2", Some(SubIndication::TryLater))]),
    ("Signature-P-HU_MIC-3.pdf", "2014-11-11T09:20:00", &[("Signature1", None), ("Signature2", Some(SubIndication::TryLater))]),
    (
        "Signature-P-HU_POL-7.pdf",
        "2019-11-01T15:05:00",
        &[("Signature-20191101-155926", None), ("DocumentTimeStamp-20191101-160031", Some(SubIndication::TryLater))],
    ),
    // Twelve years later: proved by its time stamp, whose authority has expired, and the responses are younger than it.
    ("Signature-P-HU_MIC-3.pdf", "2026-11-27T00:00:00", &[("Signature1", None)]),
    ("PAdES-LT.pdf", "2021-05-28T08:00:00", &[("Signature3", None)]),
    ("pades-lta-copied-doctst.pdf", "2023-12-07T14:10:00", &[("Signature1", None), ("Signature2", Some(SubIndication::HashFailure))]),
    ("Test.signed_Certipost-2048-SHA512.extended-LTA.pdf", "2013-05-08T19:20:00", &[("Cryptolog-846272363", None)]),
];

#[test]
fn security_stores_of_foreign_documents_are_read_whole_and_judged_by() {
    let Some(folder) = corpus("dss-pades") else { return };
    let mut tally = Tally::default();
    let limits = Limits::default();
    let store_of = |bytes: &[u8]| File::open(bytes, &limits).map(|file| pdf::security_store(&file, &Caches::new())).unwrap_or_default();
    let mut stores = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(bytes) = fs::read(&path).ok().filter(|bytes| bytes.starts_with(b"%PDF")) else { continue };
        let store = store_of(&bytes);
        if store.certificates.is_empty() && store.lists.is_empty() && store.responses.is_empty() {
            continue;
        }
        stores += 1;
        tally.check(&format!("{path:?}: every piece is readable"), store.left_out == 0, &store.left_out);
    }
    assert!(stores >= 12, "{stores}");
    for (name, at, expected) in STORED {
        let bytes = fs::read(folder.join(name)).unwrap();
        let mut trust = TrustStore::new();
        for certificate in store_of(&bytes).certificates.iter().filter(|one| one.is_self_issued()) {
            trust.add_anchor(&certificate.der, None, None).unwrap();
        }
        let options = Options { weak_digest: WeakDigest::Accept, ..Options::at(unix(at)) };
        let report = verify_pdf(&bytes, &trust, &options);
        for (field, expected) in *expected {
            let found = report.signatures.iter().find(|one| one.field == *field).unwrap();
            tally.check(&format!("{name} {field} at {at}"), found.sub_indication == *expected, &(found.sub_indication, &found.reasons));
        }
    }
    tally.finish("dss-pades, security stores");
}

/// The anchor is the suite's root, the time the one at which the suite judges it.
#[test]
fn a_long_term_document_of_the_pyhanko_suite_passes_by_its_own_evidence() {
    let Some(folder) = corpus("pyhanko") else { return };
    let bytes = fs::read(folder.join("pades-lta-dss-indirect-arrs-test.pdf")).unwrap();
    let mut trust = TrustStore::new();
    trust.add_anchor(&der(&folder.join("crypto/testing-ca/root/root.cert.pem")), None, None).unwrap();
    let verdicts = |moment: &str| {
        let report = verify_pdf(&bytes, &trust, &Options::at(unix(moment)));
        report.signatures.iter().map(|one| one.sub_indication).collect::<Vec<_>>()
    };
    let mut tally = Tally::default();
    let then = verdicts("2020-11-01T00:00:00");
    tally.check("the signature and its document time stamp, then", then == [None, None], &then);
    // The lists and responses are of the same second as the time stamps but one, which is older and no longer current.
    let later = verdicts("2026-11-01T00:00:00");
    tally.check("six years later", later == [Some(SubIndication::TryLater); 2], &later);
    tally.finish("pyhanko, long-term document");
}

#[test]
fn evidence_in_cades_signatures_of_another_project_is_read_whole() {
    let Some(folder) = corpus("dss-cades") else { return };
    let mut tally = Tally::default();
    let manifest = fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    for name in manifest.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let Ok(bytes) = fs::read(folder.join(name)) else { continue };
        let Ok((data, _)) = SignedData::parse(&bytes, Limits::MAX_CERTIFICATES) else { continue };
        for (index, info) in data.signers.iter().enumerate() {
            let mut evidence = Evidence::default();
            evidence.add_cms(&data, info, &[]);
            if !evidence.lists.is_empty() || !evidence.responses.is_empty() || evidence.left_out > 0 {
                tally.check(&format!("{name} signer {index}"), evidence.left_out == 0, &evidence.left_out);
            }
        }
    }
    assert!(tally.agree >= 20, "{}", tally.agree);
    // Signed in 2015, certificates and responses in its CAdES values: judged by them eleven years later.
    let bytes = fs::read(folder.join("Signature-C-B-LTA-10.p7m")).unwrap();
    let (data, _) = SignedData::parse(&bytes, Limits::MAX_CERTIFICATES).unwrap();
    let mut evidence = Evidence::default();
    data.signers.iter().for_each(|info| evidence.add_cms(&data, info, &[]));
    data.certificates.iter().for_each(|certificate| evidence.add_certificate(certificate));
    let mut trust = TrustStore::new();
    for certificate in evidence.certificates.iter().filter(|one| one.is_self_issued()) {
        trust.add_anchor(&certificate.der, None, None).unwrap();
    }
    let options = Options { weak_digest: WeakDigest::Accept, ..Options::at(unix("2026-11-27T00:00:00")) };
    let report = verify_detached(&bytes, data.content.as_deref().unwrap(), &trust, &options);
    let found: Vec<_> = report.signatures.iter().map(|one| one.sub_indication).collect();
    tally.check("Signature-C-B-LTA-10.p7m in 2026", found == [None], &report.signatures);
    tally.finish("dss-cades, embedded evidence");
}
