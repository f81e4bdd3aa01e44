//! Encrypted documents that `qpdf` made: it encrypts a file with an empty signature, which is then filled in.

use std::path::PathBuf;
use std::process::Command;

use crate::document::verify_pdf;
use crate::options::{Options, RevocationPolicy};
use crate::report::{ChangeLevel, Coverage, DocumentReport, Encryption, SubIndication, Verdict};
use crate::testing::{CmsTemplate, NOW, Pki, cms, last_xref, revise};
use crate::trust::TrustStore;

const RESERVED: usize = 3000;

/// Options of `qpdf --encrypt` before `--`, for each version and revision of the standard handler.
const KINDS: [&[&str]; 8] = [
    &["40"],
    &["128", "--use-aes=n"],
    &["128", "--use-aes=n", "--force-V4"],
    &["128", "--use-aes=y"],
    &["128", "--use-aes=y", "--cleartext-metadata"],
    &["256", "--force-R5"],
    &["256"],
    &["256", "--cleartext-metadata"],
];

/// A document with a form and a signature whose ranges and value are still to come.
fn prepared() -> Vec<u8> {
    let value = format!(
        "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:20261126080000+07'00')/ByteRange[0 1111111111 2222222222 \
         3333333333]/Contents<{}>>>",
        "00".repeat(RESERVED)
    );
    let objects = [
        (1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>".to_owned()),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned()),
        (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>".to_owned()),
        (4, "<</FT/Sig/T(K\\375 s\\336)/V 5 0 R>>".to_owned()),
        (5, value),
    ];
    revise(b"%PDF-1.7\n", None, &objects)
}

/// What `qpdf` makes of it, `None` where it is not installed.
fn encrypted(name: &str, user: &str, kind: &[&str], more: &[&str]) -> Option<Vec<u8>> {
    let folder: PathBuf = std::env::temp_dir().join(format!("signature-encrypted-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (input, output) = (folder.join("in.pdf"), folder.join("out.pdf"));
    std::fs::write(&input, prepared()).unwrap();
    let run = Command::new("qpdf")
        .args(["--allow-weak-crypto", "--encrypt", user, "owner"])
        .args(kind)
        .arg("--")
        .args(more)
        .args([&input, &output])
        .output();
    let bytes = run.ok().map(|run| {
        // Its structure has faults before it is signed, which is a warning.
        assert!(matches!(run.status.code(), Some(0 | 3)), "{kind:?}");
        std::fs::read(&output).unwrap()
    });
    std::fs::remove_dir_all(&folder).unwrap();
    if bytes.is_none() {
        println!("skipped: 1 case, qpdf is not installed");
    }
    bytes
}

fn position(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

/// Fills in the signature.
fn sign(mut pdf: Vec<u8>, pki: &Pki) -> Vec<u8> {
    let zeros = format!("<{}>", "00".repeat(RESERVED));
    let start = position(&pdf, zeros.as_bytes());
    let end = start + zeros.len();
    let numbers = [("1111111111", start), ("2222222222", end), ("3333333333", pdf.len() - end)];
    for (placeholder, number) in numbers {
        let at = position(&pdf, placeholder.as_bytes());
        pdf.splice(at..at + 10, format!("{number:010}").bytes());
    }
    let value = hex::encode(cms(&pki.signer, &[&pki.signer], &[&pdf[..start], &pdf[end..]].concat(), &CmsTemplate::default()));
    pdf.splice(start + 1..start + 1 + value.len(), value.bytes());
    pdf
}

fn judge(bytes: &[u8], pki: &Pki) -> DocumentReport {
    let mut trust = TrustStore::new();
    trust.add_anchor(pki.root.der(), None, None).unwrap();
    trust.add_intermediate(pki.issuer.der()).unwrap();
    verify_pdf(bytes, &trust, &Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) })
}

/// The text of the last trailer from `/Encrypt` on, to be repeated in a later revision.
fn security_keys(pdf: &[u8]) -> String {
    let text = String::from_utf8_lossy(pdf);
    let reference = text.rsplit_once("/Encrypt ").unwrap().1.split(" R").next().unwrap().to_owned();
    format!("/Encrypt {reference} R")
}

#[test]
fn documents_that_the_empty_password_opens_are_read_whatever_their_cipher() {
    let pki = Pki::new();
    for (index, kind) in KINDS.iter().enumerate() {
        for more in [&["--object-streams=disable"], &["--object-streams=generate"]] {
            let Some(pdf) = encrypted(&format!("open-{index}-{}", more[0].len()), "", kind, more) else { return };
            let report = judge(&sign(pdf, &pki), &pki);
            assert_eq!((report.encryption, report.coverage), (Encryption::Opened, Coverage::Whole), "{kind:?} {more:?} {report:?}");
            let [only] = report.signatures.as_slice() else { panic!("{kind:?} {more:?} {report:?}") };
            assert_eq!(only.verdict, Verdict::TotalPassed, "{kind:?} {more:?} {report:?}");
            // The name and the date were strings that qpdf encrypted. 2026-11-26 08:00:00 +07:00.
            assert_eq!((only.field.as_str(), only.claimed_time), ("Ký sÞ", Some(1_795_654_800)), "{kind:?} {more:?}");
        }
    }
}

#[test]
fn a_document_behind_a_password_is_judged_by_its_bytes_and_never_passes() {
    let pki = Pki::new();
    for (index, kind) in KINDS.iter().enumerate() {
        for more in [&["--object-streams=disable"], &["--object-streams=generate"]] {
            let Some(pdf) = encrypted(&format!("locked-{index}-{}", more[0].len()), "secret", kind, more) else { return };
            let mut signed = sign(pdf, &pki);
            let report = judge(&signed, &pki);
            assert_eq!(report.encryption, Encryption::Locked, "{kind:?} {more:?} {report:?}");
            let [only] = report.signatures.as_slice() else { panic!("{kind:?} {more:?} {report:?}") };
            let expected = (Verdict::Indeterminate, Some(SubIndication::SignedDataNotFound));
            assert_eq!((only.verdict, only.sub_indication), expected, "{kind:?} {more:?} {report:?}");
            assert!(only.field == "signature 1" && only.reasons.iter().any(|reason| reason.contains("password")), "{report:?}");
            // What can be known of it is: the bytes were changed.
            signed[8] ^= 1;
            let changed = judge(&signed, &pki);
            assert_eq!(changed.signatures[0].sub_indication, Some(SubIndication::HashFailure), "{kind:?} {more:?}");
        }
    }
}

#[test]
fn revisions_of_encrypted_documents_are_explained_where_they_can_be_read() {
    let pki = Pki::new();
    for (user, level) in [("", ChangeLevel::Workflow), ("secret", ChangeLevel::Unexplained)] {
        let Some(pdf) = encrypted(&format!("revised-{}", user.len()), user, &["256"], &["--object-streams=disable"]) else { return };
        let signed = sign(pdf, &pki);
        let security = security_keys(&signed);
        // An object that nothing uses is more than the rules allow and changes nothing.
        let revised = |objects: &[(u32, String)]| {
            let revised = revise(&signed, Some(last_xref(&signed)), objects);
            let text = String::from_utf8_lossy(&signed);
            let id = text.rsplit_once("/ID [").unwrap().1.split(']').next().unwrap().to_owned();
            assert!(text.contains("/Root 1 0 R"));
            let at = revised.windows(6).rposition(|window| window == b"/Root ").unwrap();
            [&revised[..at], format!("{security}/ID [{id}]").as_bytes(), &revised[at..]].concat()
        };
        let report = judge(&revised(&[(60, "[1 2 3]".to_owned())]), &pki);
        assert_eq!(report.changed_after_signing, level, "{user:?} {report:?}");
        // How the document is encrypted decides what it shows: here the permissions, which AES-256 does not need for its key.
        let number: u32 = security.split(' ').nth(1).unwrap().parse().unwrap();
        let text = signed.iter().map(|&byte| char::from(byte)).collect::<String>();
        let dictionary = text.split(&format!("\n{number} 0 obj\n")).nth(1).unwrap().split("\nendobj").next().unwrap();
        let permissions = dictionary.split("/P ").nth(1).unwrap().split(' ').next().unwrap();
        let altered = dictionary.replace(&format!("/P {permissions}"), "/P -44");
        assert_ne!(altered, dictionary);
        let report = judge(&revised(&[(number, altered)]), &pki);
        assert_eq!(report.changed_after_signing, ChangeLevel::Unexplained, "{user:?} {report:?}");
        let page = (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]>>".to_owned());
        assert_eq!(judge(&revised(&[page]), &pki).changed_after_signing, ChangeLevel::Unexplained, "{user:?}");
    }
}

#[test]
fn a_signature_whose_strings_are_not_encrypted_as_they_should_be_is_refused() {
    let pki = Pki::new();
    let Some(pdf) = encrypted("plain-string", "", &["256"], &["--object-streams=disable"]) else { return };
    // The date, 23 characters and 48 bytes under AES, in the clear.
    let at = position(&pdf, b"/M ");
    let end = at + position(&pdf[at..], b"/SubFilter");
    let plain = format!("{:<1$}", "/M (D:20261126080000+07'00')", end - at);
    let mut pdf = pdf;
    pdf.splice(at..end, plain.bytes());
    let report = judge(&sign(pdf, &pki), &pki);
    let [only] = report.signatures.as_slice() else { panic!("{report:?}") };
    assert_eq!((only.verdict, only.sub_indication), (Verdict::TotalFailed, Some(SubIndication::FormatFailure)), "{report:?}");
}

#[test]
fn no_damaged_encrypted_document_passes_whole() {
    let pki = Pki::new();
    for (index, kind) in [KINDS[1], KINDS[3], KINDS[6]].into_iter().enumerate() {
        let Some(pdf) = encrypted(&format!("damaged-{index}"), "", kind, &["--object-streams=generate"]) else { return };
        let signed = sign(pdf, &pki);
        // Some bytes of what is signed, another bit each time.
        let zeros = signed.windows(64).position(|window| window == [b'0'; 64]).unwrap();
        let start = signed[..zeros].iter().rposition(|&byte| byte == b'<').unwrap();
        let end = zeros + signed[zeros..].iter().position(|&byte| byte == b'>').unwrap();
        for at in (0..start).chain(end + 1..signed.len()).step_by(17) {
            let mut damaged = signed.clone();
            damaged[at] ^= 1 << (at % 8);
            let report = judge(&damaged, &pki);
            assert!(report.signatures.iter().all(|one| one.verdict != Verdict::TotalPassed), "{kind:?} at {at}");
        }
    }
}

#[test]
fn handlers_for_key_holders_and_unknown_ones_are_named_and_not_opened() {
    let pki = Pki::new();
    for (dictionary, reason) in [
        ("/Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s5/V 4", "public-key"),
        ("/Filter/FOPN_fLock/V 1", "FOPN_fLock"),
        ("/Filter/Standard/V 3/R 3", "version 3"),
        ("/Filter/Standard/V 5/R 6/U(short)", "too short"),
        ("/Filter/Standard/V 5/R 4", "do not go together"),
        ("/Filter/Standard/V 4/R 4/StmF/Other", "is missing"),
        ("/Filter/Standard/V 4/R 4/CF<</StdCF<</CFM/None>>>>", "handler"),
        ("/Filter/Standard/V 4/R 4/CF<</StdCF<</CFM/X>>>>", "cipher"),
    ] {
        let pdf = prepared();
        let at = pdf.windows(6).rposition(|window| window == b"/Root ").unwrap();
        let pdf = [&pdf[..at], format!("/Encrypt<<{dictionary}>>").as_bytes(), &pdf[at..]].concat();
        let report = judge(&sign(pdf, &pki), &pki);
        assert_eq!(report.encryption, Encryption::Locked, "{dictionary}");
        assert!(report.faults.iter().any(|fault| fault.contains(reason)), "{dictionary} {:?}", report.faults);
        assert_eq!(report.signatures[0].sub_indication, Some(SubIndication::SignedDataNotFound), "{dictionary}");
    }
}
