//! Roles: every combination that a document can be signed in, against who is registered.

use crate::agency::Tier;
use crate::agency::scene::{date, id};
use crate::digest::Digest;
use crate::document::AttachmentRole;
use crate::document::scene::{Letter, NOW, attachment};
use crate::signature::assess::tests::{report, signature};
use crate::signature::policy::DEFAULT;
use crate::signature::{
    Action, Coverage, Finding, Reason, Report, Requirement, Rule, SignatureReport, SignerKind, Submission, Verdict, assess,
};
use crate::signer::{Authorised, AuthorisedSigner, KnownBy, Role};
use crate::time::Timestamp;

fn by(field: &str, certificate: u8, kind: SignerKind) -> SignatureReport {
    let number = if kind == SignerKind::Organisation { "MST:2000100001" } else { "" };
    SignatureReport {
        field: field.into(),
        signer_kind: kind,
        signer: format!("CN={field}"),
        certificate: Some(Digest([certificate; 32])),
        organisation_identifier: number.into(),
        ..signature(Verdict::TotalPassed, "")
    }
}

fn person() -> SignatureReport {
    by("Lãnh đạo", 1, SignerKind::Person)
}

fn seal() -> SignatureReport {
    by("Con dấu", 2, SignerKind::Organisation)
}

fn registered(role: Role, known_by: KnownBy) -> AuthorisedSigner {
    let is_person = role == Role::Person;
    AuthorisedSigner {
        agency: id("tinh"),
        role,
        known_by,
        name: if is_person { "Nguyễn Văn Ví Dụ" } else { "UBND" }.into(),
        position: if is_person { "Phó Chủ tịch" } else { "" }.into(),
        valid_from: None,
        valid_until: None,
        note: String::new(),
    }
}

fn chairman() -> AuthorisedSigner {
    registered(Role::Person, KnownBy::Certificate(Digest([1; 32])))
}

fn agency() -> AuthorisedSigner {
    registered(Role::Organisation, KnownBy::Identifier("MST:2000100001".parse().unwrap()))
}

fn all(signers: Vec<AuthorisedSigner>) -> Authorised {
    Authorised { has_persons: true, has_organisations: true, signers }
}

fn both() -> Rule {
    Rule { requires: Requirement::Both, ..DEFAULT }
}

fn findings(rule: Rule, files: Vec<(&str, AttachmentRole, Report)>, authorised: &Authorised) -> Vec<Finding> {
    let mut content = Letter::numbered(1, "tinh", "tinh.xa").content;
    content.attachments = files.iter().map(|(name, role, _)| attachment(name, *role)).collect();
    let reports: Vec<Report> = files.into_iter().map(|(_, _, report)| report).collect();
    let submission = Submission { issuer_tier: Tier::Province, content: &content, at: NOW, reports: &reports, authorised, originals: &[] };
    let found = assess(&[rule], &submission).findings;
    for finding in &found {
        assert!(!finding.fields.is_empty() && finding.vietnamese.split(": ").count() > 1, "{finding:?}");
    }
    found
}

fn signed(signatures: Vec<SignatureReport>) -> Report {
    report(Coverage::Whole, signatures)
}

/// The reasons for a document whose main file bears `signatures`, in order.
fn reasons(rule: Rule, signatures: Vec<SignatureReport>, authorised: &Authorised) -> Vec<&'static str> {
    let found = findings(rule, vec![("cv.pdf", AttachmentRole::Main, signed(signatures))], authorised);
    found.iter().map(|finding| finding.reason.name()).collect()
}

#[test]
fn the_leader_first_and_the_clerk_several_times_after_is_as_it_should_be() {
    let clerk = |field: &str| by(field, 2, SignerKind::Organisation);
    let workflow = vec![person(), clerk("SO"), clerk("NGAY"), clerk("ANH_CON_DAU")];
    assert_eq!(reasons(both(), workflow, &all(vec![chairman(), agency()])), Vec::<&str>::new());
}

#[test]
fn an_agency_without_registered_signers_is_recorded_and_not_refused_unless_the_rule_says_so() {
    let files = || vec![("cv.pdf", AttachmentRole::Main, signed(vec![person(), seal()]))];
    let found = findings(both(), files(), &Authorised::default());
    let [only] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (only.reason, only.action, only.fields.as_slice()),
        (Reason::IssuerNotRegistered, Action::Record, ["document.issuer".to_owned()].as_slice())
    );
    let strict = Rule { on_unregistered: Action::Refuse, ..both() };
    assert_eq!(findings(strict, files(), &Authorised::default())[0].action, Action::Refuse);
    // Whoever has registered a seal alone is not asked who its leader is.
    let seal_alone = Authorised { has_persons: false, ..all(vec![agency()]) };
    assert_eq!(reasons(both(), vec![person(), seal()], &seal_alone), Vec::<&str>::new());
}

#[test]
fn the_organisation_signs_over_the_person() {
    let known = all(vec![chairman(), agency()]);
    let found = findings(both(), vec![("cv.pdf", AttachmentRole::Main, signed(vec![seal(), person()]))], &known);
    let [only] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((only.reason, only.action), (Reason::WrongSigningOrder, Action::Warn));
    assert_eq!(only.signatures, ["Lãnh đạo", "Con dấu"]);
    assert!(only.vietnamese.starts_with("cv.pdf: người có thẩm quyền ký sau cơ quan"), "{}", only.vietnamese);
    // A seal before and after is over the person; so is one beside the file, and one in the file is not over one beside it.
    assert_eq!(reasons(both(), vec![seal(), person(), seal()], &known), Vec::<&str>::new());
    let beside = |inside: SignatureReport, outside: SignatureReport| {
        let files = vec![
            ("cv.pdf", AttachmentRole::Main, signed(vec![inside])),
            ("cv.p7s", AttachmentRole::DetachedSignature, signed(vec![outside])),
        ];
        findings(both(), files, &known).iter().map(|finding| finding.reason).collect::<Vec<_>>()
    };
    assert_eq!(beside(person(), seal()), []);
    assert_eq!(beside(seal(), person()), [Reason::WrongSigningOrder]);
    // Both beside the file: proved times tell, and nothing else does.
    let at = |signature: SignatureReport, seconds: Option<i64>| SignatureReport {
        proved_time: seconds.map(Timestamp::from_seconds),
        ..signature
    };
    for (person_at, seal_at, expected) in [(Some(5), Some(6), 0), (Some(6), Some(5), 1), (None, Some(5), 0), (Some(6), None, 0)] {
        let files = vec![
            ("cv.docx", AttachmentRole::Main, report(Coverage::NotPdf, vec![])),
            ("a.p7s", AttachmentRole::DetachedSignature, signed(vec![at(person(), person_at)])),
            ("b.p7s", AttachmentRole::DetachedSignature, signed(vec![at(seal(), seal_at)])),
        ];
        assert_eq!(findings(both(), files, &known).len(), expected, "{person_at:?} {seal_at:?}");
    }
    // In an XML document or a container signatures stand side by side, in whatever order they are listed.
    let xml = |signature: SignatureReport, seconds| SignatureReport { sub_filter: "XAdES".into(), ..at(signature, seconds) };
    assert_eq!(reasons(both(), vec![xml(seal(), None), xml(person(), None)], &known), Vec::<&str>::new());
    assert_eq!(reasons(both(), vec![xml(seal(), Some(6)), xml(person(), Some(5))], &known), Vec::<&str>::new());
    assert_eq!(reasons(both(), vec![xml(seal(), Some(5)), xml(person(), Some(6))], &known), ["WRONG_SIGNING_ORDER"]);
    // Whoever takes note of it afterwards is not the leader.
    let clerk = by("Chuyên viên", 9, SignerKind::Person);
    assert_eq!(reasons(both(), vec![person(), seal(), clerk], &known), Vec::<&str>::new());
}

#[test]
fn a_required_signature_counts_only_if_somebody_vouches_for_its_certificate() {
    let not = |sub: &str, one: SignatureReport| SignatureReport { verdict: Verdict::Indeterminate, sub_indication: sub.into(), ..one };
    let nobody = Authorised::default();
    let missing = |rule: Rule, signatures| -> Vec<&'static str> {
        let told = reasons(rule, signatures, &nobody);
        told.into_iter().filter(|reason| reason.ends_with("SIGNATURE_MISSING")).collect()
    };
    assert_eq!(missing(both(), vec![person(), seal()]), Vec::<&str>::new());
    assert_eq!(missing(both(), vec![person()]), ["ORGANISATION_SIGNATURE_MISSING"]);
    assert_eq!(missing(both(), vec![seal()]), ["PERSONAL_SIGNATURE_MISSING"]);
    assert_eq!(missing(Rule { requires: Requirement::None, ..DEFAULT }, vec![seal()]), Vec::<&str>::new());
    // Revocation data that is not there yet, and a certificate that has run out since, say nothing against who signed.
    for sub in ["TRY_LATER", "OUT_OF_BOUNDS_NO_POE"] {
        assert_eq!(missing(both(), vec![person(), not(sub, seal())]), Vec::<&str>::new(), "{sub}");
    }
    for sub in ["NO_CERTIFICATE_CHAIN_FOUND", "REVOKED_NO_POE", "CHAIN_CONSTRAINTS_FAILURE", "CRYPTO_CONSTRAINTS_FAILURE"] {
        assert_eq!(missing(both(), vec![person(), not(sub, seal())]), ["ORGANISATION_SIGNATURE_MISSING"], "{sub}");
    }
    // A pinned certificate needs no authority; a number does, and so does what is not intact.
    let pinned = registered(Role::Organisation, KnownBy::Certificate(Digest([2; 32])));
    let with = |signer: AuthorisedSigner, one: SignatureReport| reasons(both(), vec![person(), one], &all(vec![chairman(), signer]));
    let unanchored = not("NO_CERTIFICATE_CHAIN_FOUND", seal());
    assert_eq!(with(pinned.clone(), unanchored.clone()), ["SIGNATURE_INDETERMINATE"]);
    assert_eq!(
        with(pinned, SignatureReport { intact: false, ..unanchored.clone() }),
        ["SIGNATURE_INDETERMINATE", "ORGANISATION_SIGNATURE_MISSING", "SIGNER_NOT_AUTHORISED"]
    );
    assert!(with(agency(), unanchored).contains(&"ORGANISATION_SIGNATURE_MISSING"));
}

#[test]
fn one_certificate_is_not_both_the_person_and_the_organisation() {
    let twice = vec![by("Chữ ký", 2, SignerKind::Organisation), by("Con dấu", 2, SignerKind::Organisation)];
    let found = findings(both(), vec![("cv.pdf", AttachmentRole::Main, signed(twice))], &all(vec![agency()]));
    let [only] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((only.reason.name(), only.signatures.len()), ("SAME_CERTIFICATE_FOR_BOTH", 2));
    assert_eq!(only.reason.cause(), crate::refusal::SignatureCause::Unsigned);
}

#[test]
fn who_is_not_registered_is_told_by_the_signature_and_never_matched_by_its_name() {
    let known = || all(vec![chairman(), agency()]);
    // Another certificate in the very names of the registered ones.
    let impostor = SignatureReport { certificate: Some(Digest([8; 32])), ..person() };
    assert_eq!(reasons(DEFAULT, vec![impostor, seal()], &known()), ["SIGNER_NOT_AUTHORISED"]);
    let other_number = SignatureReport { organisation_identifier: "MST:2000100002".into(), ..seal() };
    let found = findings(DEFAULT, vec![("cv.pdf", AttachmentRole::Main, signed(vec![person(), other_number]))], &known());
    assert_eq!((found[0].reason, &found[0].signatures), (Reason::SignerNotAuthorised, &vec!["Con dấu".to_owned()]));
    // An employee's certificate bears the employer's number, and is no seal.
    let employee = SignatureReport { organisation_identifier: "MST:2000100001".into(), ..by("Nhân viên", 7, SignerKind::Person) };
    assert_eq!(reasons(DEFAULT, vec![person(), employee], &known()), Vec::<&str>::new(), "the leader signed");
    let required = Rule { requires: Requirement::Organisation, ..DEFAULT };
    let employee = SignatureReport { organisation_identifier: "MST:2000100001".into(), ..by("Nhân viên", 7, SignerKind::Person) };
    assert!(reasons(required, vec![employee], &known()).contains(&"ORGANISATION_SIGNATURE_MISSING"));
    // Nor does it help to be of no kind, or that nobody vouches for the certificate.
    let unknown = by("X", 6, SignerKind::Unknown);
    assert_eq!(reasons(DEFAULT, vec![unknown], &known()), ["SIGNER_NOT_AUTHORISED"]);
    let unvouched = SignatureReport { verdict: Verdict::Indeterminate, sub_indication: "NO_CERTIFICATE_CHAIN_FOUND".into(), ..seal() };
    let found = findings(DEFAULT, vec![("cv.pdf", AttachmentRole::Main, signed(vec![unvouched]))], &known());
    let told: Vec<_> = found.iter().map(|finding| finding.reason.name()).collect();
    assert_eq!(told, ["SIGNATURE_INDETERMINATE", "SIGNER_NOT_AUTHORISED"]);
    assert!(found[1].english.contains("in the name of CN=Con dấu, a registered signer, but the signature does not prove it"), "{found:?}");
}

#[test]
fn a_publisher_that_is_registered_for_the_agency_signs_for_it() {
    let portal = SignatureReport { organisation_identifier: "MNS:1028274".into(), ..by("Cổng", 5, SignerKind::Organisation) };
    let known = all(vec![agency()]);
    assert_eq!(reasons(DEFAULT, vec![portal.clone()], &known), ["SIGNER_NOT_AUTHORISED"]);
    let publisher = registered(Role::Organisation, KnownBy::Identifier("MNS:1028274".parse().unwrap()));
    assert_eq!(reasons(DEFAULT, vec![portal], &all(vec![agency(), publisher])), Vec::<&str>::new());
}

#[test]
fn a_term_is_that_of_the_proved_signing_time() {
    let ended = AuthorisedSigner { valid_until: Some(date("2025-06-30")), ..chairman() };
    let known = all(vec![ended, agency()]);
    // Submitted on 1 July 2025; 2025-06-30T23:59:59+07:00 by the time stamp is within.
    assert_eq!(reasons(DEFAULT, vec![person(), seal()], &known), ["SIGNER_OUT_OF_TERM"]);
    let stamped = SignatureReport { proved_time: Some(Timestamp::from_seconds(NOW.seconds() - 1)), ..person() };
    assert_eq!(reasons(DEFAULT, vec![stamped, seal()], &known), Vec::<&str>::new());
}

#[test]
fn the_person_who_signed_is_the_one_that_the_document_states() {
    let found = |signer: AuthorisedSigner| {
        let files = vec![("cv.pdf", AttachmentRole::Main, signed(vec![person(), seal()]))];
        findings(DEFAULT, files, &all(vec![signer, agency()]))
    };
    let other = found(AuthorisedSigner { name: "Trần Thị Khác".into(), position: "Chủ tịch".into(), ..chairman() });
    assert_eq!((other[0].reason, other.len()), (Reason::SignerNotStated, 1));
    assert_eq!(other[0].fields, ["document.signer.full_name", "document.signer.position"]);
    assert_eq!(other[0].signatures, ["Lãnh đạo"]);
    // However it is written, and whatever the position where none is registered.
    let same = AuthorisedSigner { name: "NGUYỄN  VĂN Vi\u{301} DỤ".into(), position: String::new(), ..chairman() };
    assert_eq!(found(same), vec![]);
}

#[test]
fn attachments_are_signed_by_those_who_signed_the_document() {
    let strict = || Rule { on_attachment: Action::Refuse, ..DEFAULT };
    let known = all(vec![chairman(), agency()]);
    let with = |rule: Rule, name: &str, appendix: Report| {
        let files = vec![("cv.pdf", AttachmentRole::Main, signed(vec![person(), seal()])), (name, AttachmentRole::Appendix, appendix)];
        findings(rule, files, &known).iter().map(|finding| (finding.reason, finding.fields[0].clone())).collect::<Vec<_>>()
    };
    let second = |reason| vec![(reason, "document.attachments[1]".to_owned())];
    assert_eq!(with(strict(), "pl.pdf", signed(vec![seal()])), vec![]);
    assert_eq!(with(strict(), "pl.pdf", report(Coverage::NotSigned, vec![])), second(Reason::AttachmentNotSigned));
    assert_eq!(with(strict(), "pl.xlsx", report(Coverage::NotPdf, vec![])), second(Reason::AttachmentNotSigned));
    assert_eq!(with(DEFAULT, "pl.xlsx", report(Coverage::NotPdf, vec![])), vec![], "nobody asks for it");
    let stranger = SignatureReport { organisation_identifier: "MST:2000100009".into(), ..by("Khác", 9, SignerKind::Organisation) };
    assert_eq!(with(strict(), "pl.pdf", signed(vec![stranger])), second(Reason::AttachmentSignedByAnother));
    let destroyed = with(strict(), "pl.pdf", report(Coverage::Destroyed, vec![]));
    assert_eq!(destroyed, second(Reason::SignatureDestroyed), "told once");
    assert_eq!(with(strict(), "pl.p7s", report(Coverage::NotPdf, vec![])), second(Reason::SignatureWithoutContent));
}
