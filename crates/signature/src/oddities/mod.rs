//! Oddities of real traffic: twenty kinds of files that break verifiers, each made in code, with the verdict and the sentence that
//! it has to get. The kinds and their order are those of a survey of 795 real signatures.

mod forge;

use crate::algorithm::Digest;
use crate::asn1::{SEQUENCE, encode};
use crate::oid;
use crate::options::{Options, RevocationPolicy, WeakDigest};
use crate::report::{ChangeLevel, Coverage, DocumentReport, SignatureReport, SubIndication, Verdict};
use crate::testing::{NOW, Pki, Template, YEAR, empty_signature, fill_signature, last_xref, plain_pdf, revise, sign_pdf};
use crate::trust::TrustStore;
use crate::verify_pdf;
use crate::weakness::{Algorithm, AlgorithmUse};
use forge::{Forged, RsaKey};

/// Row of the survey, what is odd, and the test that makes it.
const ROWS: [(u8, &str, fn()); 20] = [
    (1, "a file rewritten after signing", remains_in_a_rewritten_file_are_destroyed_and_the_program_is_named),
    (2, "an incoming-stamp tool", an_incoming_stamp_is_told_with_what_to_do),
    (3, "DigestInfo without NULL", a_digest_info_without_null_passes_with_a_note),
    (4, "a value by another key", a_value_by_another_key_fails_and_says_so),
    (5, "a digest passed through text", a_digest_passed_through_text_fails_and_the_content_is_not_blamed),
    (6, "bytes in front of the header", bytes_in_front_of_the_header_leave_the_signature_intact),
    (7, "BER with indefinite lengths", ber_passes_with_a_note),
    (8, "a certificate twice in its set", a_certificate_given_twice_passes_with_a_note),
    (9, "a time-stamp policy of two bytes", a_short_policy_and_an_expired_authority_prove_the_time),
    (10, "a time stamp hours late", a_time_stamp_hours_late_is_a_note_and_proves_its_time),
    (11, "local time labelled UTC", local_time_labelled_utc_is_a_note_and_never_the_future),
    (12, "signed a day after expiry", a_signature_after_expiry_is_undecided_and_says_by_how_much),
    (13, "no signed attributes", no_signed_attributes_pass_with_a_note),
    (14, "a small revision after the last signature", document_information_after_the_last_signature_is_permitted),
    (15, "signing on under a certification", a_mark_under_a_certification_is_workflow),
    (16, "what strict parsers refuse", doubled_keys_and_odd_generations_are_read_in_one_way_or_refused),
    (17, "extensions of older certificates", odd_extensions_do_not_matter),
    (18, "RSA with 1024 bits", a_short_key_is_intact_and_weak),
    (19, "adbe.pkcs7.sha1", the_kind_of_2013_is_intact_and_weak),
    (20, "two authorities with one key", an_authority_is_told_by_issuer_and_serial_number),
];

#[test]
fn every_row_has_its_test() {
    let numbers: Vec<u8> = ROWS.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<u8>>());
    assert!(ROWS.iter().all(|(_, what, _)| !what.is_empty()));
}

const ADBE: &str = "adbe.pkcs7.detached";
/// The time in `/M` of the test files: 2026-11-26 08:00:00 in Hanoi.
const CLAIMED: i64 = NOW - 23 * 3600;

struct Scene {
    pki: Pki,
    trust: TrustStore,
    key: RsaKey,
}

impl Scene {
    fn new() -> Self {
        let pki = Pki::new();
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        Self { pki, trust, key: RsaKey::bits_2048() }
    }

    /// A sound signature by RSA, to be bent.
    fn forged(&self) -> Forged<'_> {
        Forged::new(&self.pki, &Template::signer(), &self.key)
    }

    fn judge(&self, pdf: &[u8]) -> DocumentReport {
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        verify_pdf(pdf, &self.trust, &options)
    }

    /// The report on the only signature of a document that `make` signs.
    fn only(&self, make: impl Fn(&[u8]) -> Vec<u8>) -> SignatureReport {
        self.only_of(&sign_pdf(&plain_pdf(), 0, ADBE, make))
    }

    fn only_of(&self, pdf: &[u8]) -> SignatureReport {
        let report = self.judge(pdf);
        let [only] = report.signatures.as_slice() else { panic!("{report:?}") };
        only.clone()
    }
}

fn passes(one: &SignatureReport, note: &str) {
    assert_eq!((one.verdict, one.sub_indication, one.intact), (Verdict::TotalPassed, None, true), "{:?}", one.reasons);
    says(one, note);
}

fn fails(one: &SignatureReport, indication: SubIndication, reason: &str) {
    assert_eq!((one.verdict, one.sub_indication, one.intact), (Verdict::TotalFailed, Some(indication), false), "{:?}", one.reasons);
    says(one, reason);
}

fn undecided(one: &SignatureReport, indication: SubIndication, reason: &str) {
    assert_eq!((one.verdict, one.sub_indication, one.intact), (Verdict::Indeterminate, Some(indication), true), "{:?}", one.reasons);
    says(one, reason);
}

fn says(one: &SignatureReport, sentence: &str) {
    assert!(one.reasons.iter().any(|reason| reason.contains(sentence)), "{sentence:?} is not in {:?}", one.reasons);
}

/// What a browser or a gazette makes of a signed file: its objects in a new one, without the form, by `producer`.
fn rewritten(signed: &[u8], producer: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(signed);
    let from = text.rfind("<</Type/Sig").unwrap();
    let signature = text[from..].split("\nendobj").next().unwrap().to_owned();
    let objects = [
        (1, "<</Type/Catalog/Pages 2 0 R>>".to_owned()),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned()),
        (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/PieceInfo 11 0 R>>".to_owned()),
        (11, signature),
    ];
    with_information(&revise(b"%PDF-1.7\n", None, &objects), producer)
}

/// `pdf` with document information in a revision of its own.
fn with_information(pdf: &[u8], entries: &str) -> Vec<u8> {
    let revised = revise(pdf, Some(last_xref(pdf)), &[(90, format!("<<{entries}>>"))]);
    let text = revised.windows(9).rposition(|window| window == b"/Root 1 0").unwrap();
    let mut out = revised;
    out.splice(text..text, b"/Info 90 0 R".iter().copied());
    out
}

#[test]
fn remains_in_a_rewritten_file_are_destroyed_and_the_program_is_named() {
    let scene = Scene::new();
    let signed = sign_pdf(&plain_pdf(), 0, ADBE, |content| scene.forged().cms(content));
    let report = scene.judge(&rewritten(&signed, "/Producer(PDFium)/Creator(Browser)"));
    assert_eq!((report.coverage, report.signatures.len()), (Coverage::Destroyed, 0));
    assert_eq!(report.rewritten_by.as_deref(), Some("PDFium"));
    assert!(report.faults.iter().any(|fault| fault.contains("remains of signatures")), "{:?}", report.faults);
    assert!(report.faults.iter().any(|fault| fault == "the program \"PDFium\" wrote the file as it is"), "{:?}", report.faults);
    // An untouched file names no such program, whoever produced it.
    let produced = with_information(&plain_pdf(), "/Producer(PDFium)");
    assert_eq!(scene.judge(&produced).rewritten_by, None);
}

#[test]
fn an_incoming_stamp_is_told_with_what_to_do() {
    let scene = Scene::new();
    let signed = sign_pdf(&plain_pdf(), 0, ADBE, |content| scene.forged().cms(content));
    // "Ký dấu đến" in UTF-16 and without its marks.
    for entries in ["/Producer(iText)/Creator<FEFF004B00FD002000641EA50075002001111EBF006E>", "/Creator(KY_DAU_DEN 2.0)/Producer(iText)"] {
        let report = scene.judge(&rewritten(&signed, entries));
        assert_eq!(report.coverage, Coverage::Destroyed);
        let told = report.faults.iter().find(|fault| fault.starts_with("the incoming-stamp tool")).unwrap_or_else(|| panic!("{report:?}"));
        assert!(told.ends_with("the signed original has to be kept, and only a copy stamped"), "{told}");
        assert!(report.rewritten_by.is_some_and(|name| name.to_lowercase().starts_with('k')));
    }
}

#[test]
fn an_incoming_stamp_that_follows_the_signatures_is_told_too() {
    let scene = Scene::new();
    let signed = sign_pdf(&plain_pdf(), 0, ADBE, |content| scene.forged().cms(content));
    let stamped = |tool: &str| {
        let page = (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 80 0 R>>".to_owned());
        let pdf = revise(&signed, Some(last_xref(&signed)), &[page, (80, "<</Length 1>>stream\nq\nendstream".to_owned())]);
        scene.judge(&with_information(&pdf, &format!("/Producer({tool})")))
    };
    let report = stamped("Ky dau den 1.0");
    assert_eq!((report.changed_after_signing, report.rewritten_by.as_deref()), (ChangeLevel::Unexplained, Some("Ky dau den 1.0")));
    assert!(report.signatures[0].intact && report.faults.iter().any(|fault| fault.starts_with("the incoming-stamp tool")), "{report:?}");
    assert_eq!(stamped("PDFium").rewritten_by, None);
}

#[test]
fn a_digest_info_without_null_passes_with_a_note() {
    let scene = Scene::new();
    let bent = Forged { with_null: false, ..scene.forged() };
    passes(&scene.only(|content| bent.cms(content)), "leaves out the NULL parameters");
    let straight = scene.only(|content| scene.forged().cms(content));
    passes(&straight, "");
    assert!(!straight.reasons.iter().any(|reason| reason.contains("NULL")), "{:?}", straight.reasons);
}

#[test]
fn a_value_by_another_key_fails_and_says_so() {
    let scene = Scene::new();
    let other = RsaKey::bits_1024();
    let bent = Forged { made_by: Some(&other), ..scene.forged() };
    fails(&scene.only(|content| bent.cms(content)), SubIndication::SigCryptoFailure, "another key than the certificate's");
    // The right key over other attributes: a signing time was put in later.
    let changed = scene.only(|content| {
        let with = Forged { signing_time: Some("261126010000Z"), ..scene.forged() }.cms(content);
        let later = with.windows(13).position(|window| window == b"261126010000Z").unwrap();
        let mut with = with;
        with[later + 7] = b'5';
        with
    });
    fails(&changed, SubIndication::SigCryptoFailure, "over something else");
}

/// A digest as a program leaves it that keeps bytes in a UTF-16 string: unpaired surrogates become U+FFFD.
fn through_text(digest: &[u8]) -> Vec<u8> {
    let units = digest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
        .flat_map(|letter| letter.unwrap_or('\u{fffd}').encode_utf16(&mut [0; 2]).to_vec())
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[test]
fn a_digest_passed_through_text_fails_and_the_content_is_not_blamed() {
    let scene = Scene::new();
    // Two digests in five hold an unpaired surrogate: a document is looked for that does.
    let document = (0..200).find_map(|number| {
        let pdf = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &[(80, format!("({number})"))]);
        let signed = sign_pdf(&pdf, 0, ADBE, |content| {
            let digest = Digest::Sha256.of(&[content]);
            if through_text(digest.as_ref()) == digest.as_ref() {
                vec![0]
            } else {
                Forged { bend_digest: through_text, ..scene.forged() }.cms(content)
            }
        });
        let damaged =
            signed.windows(10).any(|window| window == b"/Contents<") && !String::from_utf8_lossy(&signed).contains("/Contents<00");
        damaged.then_some(signed)
    });
    let document = document.unwrap();
    let one = scene.only_of(&document);
    fails(&one, SubIndication::HashFailure, "passed it through text");
    assert!(!one.reasons.iter().any(|reason| reason.contains("the content was changed")), "{:?}", one.reasons);
    // A document that was changed besides is told as changed.
    let mut changed = document;
    let at = changed.windows(8).position(|window| window == b"MediaBox").unwrap();
    changed[at + 10] = b'9';
    fails(&scene.only_of(&changed), SubIndication::HashFailure, "the content was changed");
}

#[test]
fn bytes_in_front_of_the_header_leave_the_signature_intact() {
    let scene = Scene::new();
    let signed = sign_pdf(&plain_pdf(), 0, ADBE, |content| scene.forged().cms(content));
    // What is left of "data:application/pdf;base64," when it is decoded with the file.
    let prefixed = [
        &[0x75, 0xab, 0x5a, 0x6a, 0x9a, 0x65, 0x89, 0xc6, 0xad, 0x8a, 0x89, 0xff, 0xa5, 0xd7, 0xfb, 0x6a, 0xc7, 0xba, 0xe1, 0x00, 0x0a],
        signed.as_slice(),
    ]
    .concat();
    let report = scene.judge(&prefixed);
    passes(&report.signatures[0], "");
    assert!(report.faults.iter().any(|fault| fault.starts_with("21 bytes stand in front of the PDF header")), "{:?}", report.faults);
    assert_ne!(report.coverage, Coverage::Whole);
    assert_eq!(report.changed_after_signing, ChangeLevel::Workflow);
}

#[test]
fn ber_passes_with_a_note() {
    let scene = Scene::new();
    passes(&scene.only(|content| scene.forged().ber(content)), "BER with indefinite lengths");
}

#[test]
fn a_certificate_given_twice_passes_with_a_note() {
    let scene = Scene::new();
    let bent = Forged { copies: 2, ..scene.forged() };
    passes(&scene.only(|content| bent.cms(content)), "a certificate more than once");
}

#[test]
fn a_short_policy_and_an_expired_authority_prove_the_time() {
    let scene = Scene::new();
    // Certificates of Apple's authority live six weeks.
    let tsa = scene.pki.issue(Template { not_before: NOW - 42 * 86_400, not_after: NOW - 1, ..Template::time_stamper() });
    let bent = Forged { stamp: Some((&tsa, CLAIMED + 11)), ..scene.forged() };
    let one = scene.only(|content| bent.cms(content));
    passes(&one, "the time-stamp policy 1.2.3 is nobody's");
    says(&one, "the time-stamp certificate has expired since");
    assert_eq!(one.proved_time, Some(CLAIMED + 11));
}

#[test]
fn a_time_stamp_hours_late_is_a_note_and_proves_its_time() {
    let scene = Scene::new();
    let late = 6 * 3600 + 20 * 60;
    let bent = Forged { stamp: Some((&scene.pki.tsa, CLAIMED + late)), ..scene.forged() };
    let one = scene.only(|content| bent.cms(content));
    passes(&one, "the time stamp is 6 h 20 min later than the claimed signing time");
    assert_eq!(one.proved_time, Some(CLAIMED + late));
    // Usual ones are not worth a word.
    let usual = Forged { stamp: Some((&scene.pki.tsa, CLAIMED - 22 * 60)), ..scene.forged() };
    let one = scene.only(|content| usual.cms(content));
    assert!(!one.reasons.iter().any(|reason| reason.contains("claimed signing time")), "{:?}", one.reasons);
}

#[test]
fn local_time_labelled_utc_is_a_note_and_never_the_future() {
    let scene = Scene::new();
    // 08:00 in Hanoi, which is 01:00 in UTC.
    let bent = Forged { signing_time: Some("261126080000Z"), ..scene.forged() };
    let one = scene.only(|content| bent.cms(content));
    passes(&one, "Vietnam time labelled UTC, 7 hours ahead");
    assert_eq!(one.claimed_time, Some(CLAIMED));
    let honest = Forged { signing_time: Some("261126010000Z"), ..scene.forged() };
    let one = scene.only(|content| honest.cms(content));
    assert!(!one.reasons.iter().any(|reason| reason.contains("labelled")), "{:?}", one.reasons);
    // Without `/M` the time stamp tells, and the claim is mended.
    let stamped = Forged { signing_time: Some("261126080000Z"), stamp: Some((&scene.pki.tsa, CLAIMED + 11)), ..scene.forged() };
    let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
    let report = crate::verify_detached(&stamped.cms(b"content"), b"content", &scene.trust, &options);
    passes(&report.signatures[0], "labelled UTC");
    assert_eq!(report.signatures[0].claimed_time, Some(CLAIMED));
}

#[test]
fn a_signature_after_expiry_is_undecided_and_says_by_how_much() {
    let scene = Scene::new();
    let expired = Template { not_after: CLAIMED - 86_400, ..Template::signer() };
    let forged = Forged::new(&scene.pki, &expired, &scene.key);
    let bent = Forged { stamp: Some((&scene.pki.tsa, CLAIMED + 11)), ..forged };
    let one = scene.only(|content| bent.cms(content));
    undecided(&one, SubIndication::OutOfBoundsNoPoe, "1 d 0 h after its certificate expired");
    says(&one, "and not at 2026-11-26 01:00:11 UTC");
    // One that expired after the time stamp is good for ever.
    let expired = Template { not_after: CLAIMED + 60, ..Template::signer() };
    let forged = Forged::new(&scene.pki, &expired, &scene.key);
    let bent = Forged { stamp: Some((&scene.pki.tsa, CLAIMED + 11)), ..forged };
    passes(&scene.only(|content| bent.cms(content)), "");
}

#[test]
fn no_signed_attributes_pass_with_a_note() {
    let scene = Scene::new();
    let bent = Forged { has_attributes: false, ..scene.forged() };
    passes(&scene.only(|content| bent.cms(content)), "the signature has no signed attributes");
    let moved = sign_pdf(&plain_pdf(), 0, ADBE, |_| bent.cms(b"%PDF another document"));
    fails(&scene.only_of(&moved), SubIndication::SigCryptoFailure, "over something else");
}

#[test]
fn document_information_after_the_last_signature_is_permitted() {
    let scene = Scene::new();
    let signed = sign_pdf(&plain_pdf(), 0, ADBE, |content| scene.forged().cms(content));
    let report = scene.judge(&with_information(&signed, "/Producer(VGCASignService)/ModDate(D:20261126080001+07'00')"));
    passes(&report.signatures[0], "bytes follow what this signature covers");
    assert_eq!(report.changed_after_signing, ChangeLevel::Permitted, "{:?}", report.later_changes);
    assert!(report.later_changes.iter().any(|change| change.what.contains("document information")), "{:?}", report.later_changes);
    let page = (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 80 0 R>>".to_owned());
    let real = revise(&signed, Some(last_xref(&signed)), &[page, (80, "<</Length 1>>stream\nq\nendstream".to_owned())]);
    assert_eq!(scene.judge(&real).changed_after_signing, ChangeLevel::Unexplained);
}

/// `pdf` signed once more, with a visible mark on the page; certified for filling in forms if it is the first.
fn sign_visibly(scene: &Scene, pdf: &[u8], index: u32) -> Vec<u8> {
    let (field, value) = (10 + 2 * index, 11 + 2 * index);
    let fields: String = (0..=index).map(|index| format!("{} 0 R ", 10 + 2 * index)).collect();
    let transform = "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 2/V/1.2>>>>]";
    let transform = if index == 0 { transform } else { "" };
    let objects = [
        (1, format!("<</Type/Catalog/Pages 2 0 R/Perms<</DocMDP 11 0 R>>/AcroForm<</Fields[{fields}]/SigFlags 3>>>>")),
        (3, format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Annots[{fields}]>>")),
        (field, format!("<</Type/Annot/Subtype/Widget/FT/Sig/F 132/P 3 0 R/Rect[10 10 55 30]/T(Signature{})/V {value} 0 R>>", index + 1)),
        (value, format!("<<{}{transform}>>", empty_signature(ADBE))),
    ];
    fill_signature(revise(pdf, Some(last_xref(pdf)), &objects), |content| scene.forged().cms(content))
}

#[test]
fn a_mark_under_a_certification_is_workflow() {
    let scene = Scene::new();
    let certified = sign_visibly(&scene, &plain_pdf(), 0);
    let report = scene.judge(&certified);
    passes(&report.signatures[0], "");
    assert_eq!(report.changed_after_signing, ChangeLevel::None);
    let report = scene.judge(&sign_visibly(&scene, &certified, 1));
    report.signatures.iter().for_each(|one| passes(one, ""));
    assert_eq!(report.changed_after_signing, ChangeLevel::Workflow, "{:?}", report.later_changes);
    assert!(report.later_changes.iter().any(|change| change.what == "a signature was shown on a page"), "{:?}", report.later_changes);
    assert_eq!(report.signatures[1].mark.map(|mark| mark.size), Some((45, 20)));
    assert_eq!(report.signers.iter().map(|one| one.signatures.len()).collect::<Vec<_>>(), [2]);
}

#[test]
fn doubled_keys_and_odd_generations_are_read_in_one_way_or_refused() {
    let scene = Scene::new();
    let sign = |entry: &str| sign_pdf(&plain_pdf(), 0, &format!("{ADBE}{entry}"), |content| scene.forged().cms(content));
    // In the signature dictionary two readings differ in what is signed; elsewhere in what is shown, which is signed with it.
    fails(&scene.only_of(&sign("/ByteRange[0 1 2 3]")), SubIndication::FormatFailure, "ByteRange");
    let page = (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Rotate 0/Rotate 0>>".to_owned());
    let doubled = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &[page]);
    passes(&scene.only_of(&sign_pdf(&doubled, 0, ADBE, |content| scene.forged().cms(content))), "");
    // A free entry of generation 65536, one more than there can be, and a reference to an object that nobody defines.
    let dangling = (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Thumb 77 0 R>>".to_owned());
    let odd = revise(&plain_pdf(), Some(last_xref(&plain_pdf())), &[dangling]);
    let mut odd = odd;
    let first_entry = last_xref(&odd) + "xref\n".len();
    odd.splice(first_entry..first_entry, b"0 1\n0000000000 65536 f \n".iter().copied());
    passes(&scene.only_of(&sign_pdf(&odd, 0, ADBE, |content| scene.forged().cms(content))), "");
    // Cut off before its cross-reference, a file is not repaired.
    let signed = sign("");
    let cut = &signed[..last_xref(&signed)];
    let report = scene.judge(cut.get(..cut.len() - 10).unwrap());
    assert!(report.signatures.iter().all(|one| one.verdict == Verdict::TotalFailed), "{report:?}");
    assert!(matches!(report.coverage, Coverage::Destroyed | Coverage::NotSigned), "{report:?}");
}

#[test]
fn odd_extensions_do_not_matter() {
    let scene = Scene::new();
    let usage = encode(crate::asn1::BIT_STRING, &[0, 0b1100_0000]);
    let extra = vec![
        // issuerAltName without a name, key usage and basic constraints that are not critical, Netscape's certificate type.
        (oid::ISSUER_ALT_NAME.to_vec(), false, encode(SEQUENCE, &[])),
        (oid::KEY_USAGE.to_vec(), false, usage),
        (oid::BASIC_CONSTRAINTS.to_vec(), false, encode(SEQUENCE, &[])),
        (vec![0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1], false, vec![3, 2, 5, 0xa0]),
    ];
    let forged = Forged::new(&scene.pki, &Template { key_usage: None, extra, ..Template::signer() }, &scene.key);
    passes(&scene.only(|content| forged.cms(content)), "");
}

#[test]
fn a_short_key_is_intact_and_weak() {
    let scene = Scene::new();
    let short = RsaKey::bits_1024();
    let office = Template { name: "Trường Đại học A".to_owned(), ..Template::signer() };
    let forged = Forged::new(&scene.pki, &office, &short);
    let one = scene.only(|content| forged.cms(content));
    undecided(&one, SubIndication::CryptoConstraintsFailure, "the signer's key is RSA-1024, which counted as sound until 2019-10-01");
    assert!(!one.weak_digest);
    let weak: Vec<_> = one.weak.iter().map(|weakness| (weakness.algorithm, weakness.used_for)).collect();
    assert_eq!(weak, [(Algorithm::Rsa(1024), AlgorithmUse::SignatureValue)]);
    // A digest that is weak as well is told by itself.
    let sha1 = Forged { digest: Digest::Sha1, ..Forged::new(&scene.pki, &office, &short) };
    let one = scene.only(|content| sha1.cms(content));
    undecided(&one, SubIndication::CryptoConstraintsFailure, "the signature rests on SHA-1, which counted as sound until 2012-08-01");
    assert!(one.weak_digest && one.weak.len() == 3, "{:?}", one.weak);
}

#[test]
fn a_sound_key_with_a_weak_digest_is_never_plain_valid_and_never_broken() {
    let scene = Scene::new();
    let bent = Forged { digest: Digest::Sha1, stamp: Some((&scene.pki.tsa, CLAIMED + 11)), ..scene.forged() };
    let pdf = sign_pdf(&plain_pdf(), 0, ADBE, |content| bent.cms(content));
    let one = scene.only_of(&pdf);
    undecided(&one, SubIndication::CryptoConstraintsFailure, "the signature rests on SHA-1");
    assert!(one.weak_digest && one.is_weak_only && one.proved_time == Some(CLAIMED + 11));
    let strict = verify_pdf(&pdf, &scene.trust, &Options::at(NOW));
    assert!(!strict.signatures[0].is_weak_only, "revocation data are missing as well");
    assert!(!verify_pdf(&pdf, &TrustStore::new(), &Options::at(NOW)).signatures[0].is_weak_only, "nobody vouches for it");
    assert_eq!(
        one.weak.iter().map(|weakness| weakness.used_for).collect::<Vec<_>>(),
        [AlgorithmUse::MessageDigest, AlgorithmUse::SignatureValue]
    );
    let lax = Options { revocation: RevocationPolicy::Accept, weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    let report = verify_pdf(&pdf, &scene.trust, &lax);
    passes(&report.signatures[0], "accepted by configuration");
    assert!(report.signatures[0].weak_digest && !report.signatures[0].weak.is_empty());
    // The same signature made, and proved, while SHA-1 was sound: 2012-07-31.
    let then = 1_343_692_800;
    let old = |template: Template| Template { not_before: then - YEAR, ..template };
    let (signer, tsa) = (old(Template::signer()), scene.pki.issue(old(Template::time_stamper())));
    let mut trust = TrustStore::new();
    let root = Pki::new().root;
    trust.add_anchor(root.der(), Some(then - YEAR), None).unwrap();
    let issuer = root.issue(Template { not_before: then - YEAR, ..Template::authority("Issuer", Some(0)) });
    trust.add_intermediate(issuer.der()).unwrap();
    let bent = Forged { digest: Digest::Sha1, stamp: Some((&tsa, then)), ..Forged::new(&scene.pki, &signer, &scene.key) };
    let pdf = sign_pdf(&plain_pdf(), 0, ADBE, |content| bent.cms(content));
    let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
    let report = verify_pdf(&pdf, &trust, &options);
    passes(&report.signatures[0], "which counted as sound until 2012-08-01: it is proved to be older");
    assert!(report.signatures[0].weak_digest && !report.signatures[0].weak.is_empty());
}

#[test]
fn the_kind_of_2013_is_intact_and_weak() {
    let scene = Scene::new();
    let make = |content: &[u8]| {
        let enclosed = Digest::Sha1.of(&[content]).as_ref().to_vec();
        Forged { digest: Digest::Sha1, enclosed: Some(enclosed), ..scene.forged() }.cms(content)
    };
    let signed = sign_pdf(&plain_pdf(), 0, "adbe.pkcs7.sha1", make);
    let one = scene.only_of(&signed);
    undecided(&one, SubIndication::CryptoConstraintsFailure, "SHA-1");
    assert!(one.weak_digest && one.covers_whole_file);
    let mut changed = signed;
    let at = changed.windows(8).position(|window| window == b"MediaBox").unwrap();
    changed[at + 10] = b'9';
    fails(&scene.only_of(&changed), SubIndication::HashFailure, "the enclosed digest is not that of the document");
}

#[test]
fn an_authority_is_told_by_issuer_and_serial_number() {
    let scene = Scene::new();
    let seed = [7; 32];
    let named = |name: &str, extra: Vec<(Vec<u8>, bool, Vec<u8>)>| Template { name: name.to_owned(), extra, ..Template::time_stamper() };
    // One key under two certificates, and two keys under one name.
    let first = scene.pki.issuer.issue_with_seed(named("Clock 01", Vec::new()), seed);
    let second = scene.pki.issuer.issue_with_seed(named("Clock 02", Vec::new()), seed);
    let third = scene.pki.issuer.issue_with_seed(named("Clock 02", Vec::new()), [8; 32]);
    for tsa in [&first, &second, &third] {
        let bent = Forged { stamp: Some((tsa, CLAIMED + 11)), ..scene.forged() };
        let one = scene.only(|content| bent.cms(content));
        passes(&one, "");
        assert_eq!(one.proved_time, Some(CLAIMED + 11));
    }
    // Revoking the second certificate does not touch the first, although the key is the same; nor does revoking the third.
    let serial = |last: u8| vec![1, last];
    let with_serial = |name: &str, last: u8| scene.pki.issuer.issue_with_serial(&named(name, Vec::new()), seed, &serial(last));
    let (first, second) = (with_serial("Clock 01", 1), with_serial("Clock 02", 2));
    let mut trust = scene.trust.clone();
    trust.add_crl(&scene.pki.crl(NOW - 10, NOW + 1000, &[(&serial(2), CLAIMED - 10)])).unwrap();
    let proved = |tsa| {
        let bent = Forged { stamp: Some((tsa, CLAIMED + 11)), ..scene.forged() };
        let pdf = sign_pdf(&plain_pdf(), 0, ADBE, |content| bent.cms(content));
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        verify_pdf(&pdf, &trust, &options).signatures[0].proved_time
    };
    assert_eq!((proved(&first), proved(&second)), (Some(CLAIMED + 11), None));
}
