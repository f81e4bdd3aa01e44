//! Numbers of citizens' identity cards stay inside: they stand in every place of a certificate where authorities put them, the
//! certificate fails in every way there is, and no report, reason, fault or debugging output shows them.

use crate::asn1::{OID, SEQUENCE, SET, UTF8_STRING, encode};
use crate::certificate::Certificate;
use crate::oid;
use crate::options::{Options, RevocationPolicy};
use crate::report::DocumentReport;
use crate::testing::{CmsTemplate, NOW, Node, Pki, Template, YEAR, cms, name_der_of, plain_pdf, sign_pdf};
use crate::trust::TrustStore;
use crate::{verify_detached, verify_pdf};

/// Twelve digits, of which the last two may be shown.
const NUMBER: &str = "096012345678";

/// Subject attributes with the number in all forms in use, and alternative names with it.
fn template(name: &str) -> Template {
    let other = encode(0xa0, &[encode(OID, oid::USER_ID), encode(0xa0, &encode(UTF8_STRING, b"CCCD:096012345678"))].concat());
    let directory = encode(0xa4, &name_der_of(&[(oid::USER_ID, "CMND:096012345678"), (oid::COMMON_NAME, "096012345678")]));
    let names = [encode(0x81, b"096012345678@b.vn"), other, directory].concat();
    let identity = vec![
        (oid::USER_ID, "CCCD:096012345678"),
        (oid::USER_ID, "MST:096012345678"),
        (oid::SERIAL_NUMBER, "096012345678"),
        (oid::ORGANISATIONAL_UNIT, "CCCD 096012345678"),
        (oid::ORGANISATION, "Phòng 0960.1234.5678"),
        (oid::TITLE, "cmt: 096012345678"),
        (oid::EMAIL_ADDRESS, "096012345678@b.vn"),
    ];
    let extra = vec![(oid::SUBJECT_ALT_NAME.to_vec(), false, encode(SEQUENCE, &names))];
    Template { name: name.to_owned(), identity, extra, ..Template::signer() }
}

fn shows(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    // All of it, the first ten digits of it, or its bytes one by one as a list of numbers.
    digits.contains(&NUMBER[..10]) || text.contains("48, 57, 54, 48, 49, 50")
}

fn check(what: &str, shown: &str) {
    assert!(!shows(shown), "{what}: {shown}");
    assert!(shown.contains("***78") || !shown.contains("78"), "{what}: {shown}");
}

#[test]
fn the_test_itself_notices_a_number() {
    assert!(shows("CCCD:096012345678") && shows("0960.1234.5678") && shows(&format!("{:?}", NUMBER.as_bytes())));
    let certificate = Pki::new().issue(template("A 096012345678"));
    assert!(certificate.der().windows(NUMBER.len()).filter(|window| *window == NUMBER.as_bytes()).count() >= 9);
}

/// Reports on documents by `signer` in every way of failing.
fn reports(pki: &Pki, signer: &Node) -> Vec<(&'static str, DocumentReport)> {
    let anchor_only = || {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust
    };
    let full = || {
        let mut trust = anchor_only();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        trust
    };
    let revoking = |date| {
        let mut trust = full();
        trust.add_crl(&pki.crl(NOW - 10, NOW + 1000, &[(&signer.certificate().serial, date)])).unwrap();
        trust.add_crl(&pki.root_crl(NOW - 10, NOW + 1000)).unwrap();
        trust
    };
    let pdf = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", |content| cms(signer, &[signer], content, &CmsTemplate::default()));
    let stamp = CmsTemplate { stamp: Some((&pki.tsa, NOW - 7200)), ..CmsTemplate::default() };
    let stamped = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", |content| cms(signer, &[signer], content, &stamp));
    let own = CmsTemplate { stamp: Some((signer, NOW - 7200)), ..CmsTemplate::default() };
    let stamped_by_itself = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", |content| cms(signer, &[signer], content, &own));
    let accept = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
    let detached = cms(signer, &[signer], b"content", &CmsTemplate::default());
    vec![
        ("nobody is trusted", verify_pdf(&pdf, &TrustStore::new(), &Options::at(NOW))),
        ("no issuer", verify_pdf(&pdf, &anchor_only(), &Options::at(NOW))),
        ("no revocation data", verify_pdf(&pdf, &full(), &Options::at(NOW))),
        ("passed", verify_pdf(&pdf, &full(), &accept)),
        ("expired", verify_pdf(&pdf, &full(), &Options::at(NOW + 9 * YEAR))),
        ("revoked", verify_pdf(&pdf, &revoking(NOW - 30 * 86_400), &Options::at(NOW))),
        ("revoked after the claim", verify_pdf(&pdf, &revoking(NOW - 3600), &Options::at(NOW))),
        ("revoked after the stamp", verify_pdf(&stamped, &revoking(NOW - 3600), &Options::at(NOW))),
        ("stamped by itself", verify_pdf(&stamped_by_itself, &full(), &accept)),
        ("changed", verify_detached(&detached, b"other", &full(), &accept)),
    ]
}

#[test]
fn no_report_shows_a_citizens_number() {
    let pki = Pki::new();
    let sound = template("Nguyen Van A 096012345678");
    let forbidden = vec![(oid::EXTENDED_KEY_USAGE.to_vec(), true, encode(SEQUENCE, &encode(OID, oid::OCSP_SIGNING)))];
    let unknown = vec![(vec![0x2a, 3, 4], true, encode(SET, b""))];
    let cases = [
        sound,
        template("096 012 345 678"),
        // Taken for an organisation, by its first word.
        template("Trường Văn A 096012345678"),
        Template { key_usage: Some(0b0000_0100), ..template("CCCD 096012345678") },
        Template { extra: forbidden, ..template("A MST:096012345678") },
        Template { extra: unknown, ..template("A-096012345678") },
        Template { not_before: NOW - 10, ..template("Nguyen Van B 096012345678") },
    ];
    for case in cases {
        let signer = pki.issue(case);
        for (what, report) in reports(&pki, &signer) {
            check(what, &format!("{report:?}"));
            check(what, &format!("{report:#?}"));
        }
    }
}

#[test]
fn no_authority_shows_one_either() {
    let pki = Pki::new();
    let authority = pki.root.issue(Template::authority("CA của 096012345678", Some(0)));
    let signer = authority.issue(template("Nguyen Van A 096012345678"));
    let tsa = authority.issue(Template { name: "Clock 096012345678".to_owned(), ..Template::time_stamper() });
    let stamp = CmsTemplate { stamp: Some((&tsa, NOW - 7200)), ..CmsTemplate::default() };
    let pdf = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", |content| cms(&signer, &[&signer], content, &stamp));
    let mut trust = TrustStore::new();
    trust.add_anchor(pki.root.der(), None, None).unwrap();
    check("unknown authority", &format!("{:?}", verify_pdf(&pdf, &trust, &Options::at(NOW))));
    // An authority that may not have one below it.
    trust.add_intermediate(authority.der()).unwrap();
    let deeper = authority.issue(Template::authority("CA 096012345678", None));
    let below = deeper.issue(template("Nguyen Van A 096012345678"));
    trust.add_intermediate(deeper.der()).unwrap();
    let long = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", |content| cms(&below, &[&below], content, &CmsTemplate::default()));
    for pdf in [pdf, long] {
        check("an authority's name", &format!("{:?}", verify_pdf(&pdf, &trust, &Options::at(NOW))));
    }
}

#[test]
fn debugging_output_shows_none() {
    let node = Pki::new().issue(template("Nguyen Van A 096012345678"));
    let certificate = Certificate::parse(node.der()).unwrap();
    check("certificate", &format!("{certificate:?}"));
    check("subject", &format!("{:?}", certificate.subject));
    check("alternative names", &format!("{:?}", certificate.alternative_names));
    let mut trust = TrustStore::new();
    trust.add_anchor(node.der(), None, None).unwrap();
    trust.add_intermediate(node.der()).unwrap();
    check("store", &format!("{trust:#?}"));
    let error = trust.add_crl(node.der()).unwrap_err();
    check("error", &format!("{error} {error:?}"));
}
