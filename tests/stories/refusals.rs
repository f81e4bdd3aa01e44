//! What the hub says no to, how, and that nothing is left behind.

use api::v1;
use api::v1::principal_service_client::PrincipalServiceClient;
use testkit::attack;
use testkit::pdf::{Draft, SignOptions, sign};
use testkit::pki::SignerKind;
use testkit::system::{to_agency, to_subtree};
use time::{Duration, OffsetDateTime};
use tonic::Code;

use crate::cast::{COMMUNE, Cast, PROVINCE, fields, reason};

#[tokio::test]
async fn a_document_forged_after_signing_is_refused_in_every_way_it_can_be_forged() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let good = cast.signed("Bo nhiem can bo");
    let other = cast.signed("Van ban khac");
    let forged = [
        ("a byte flipped", attack::flip_signed_byte(&good).unwrap()),
        ("bytes appended", attack::append_garbage(&good, 100)),
        ("a page replaced", attack::append_revision_replacing_page(&good, "Da sua").unwrap()),
        ("a revision without a table", attack::append_revision_without_table(&good, "Da sua").unwrap()),
        ("a revision with a copied signature", attack::append_revision_with_copied_signature(&good, "Da sua").unwrap()),
        ("text added", attack::change_after_signing(&good, "Da sua").unwrap()),
        ("the range widened", attack::widen_byte_range(&good, "Da sua").unwrap()),
        ("another document's signature", attack::swap_contents_of_two(&good, &other).unwrap()),
    ];
    for (how, bytes) in forged {
        let payload = province.upload(&bytes).await.unwrap();
        let refused = province.submit(province.letter("1", "V/v bổ nhiệm cán bộ", &payload), vec![to_agency(COMMUNE)]).await;
        let refused = refused.expect_err(how);
        assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "SIGNATURE_INVALID".into()), "{how}");
    }
    let request = v1::ListDocumentsRequest { issuer: province.agency.clone(), ..Default::default() };
    let listed = province.documents.list_documents(request).await.unwrap().into_inner();
    assert!(listed.documents.is_empty(), "nothing is left behind");
}

#[tokio::test]
async fn what_cannot_be_judged_is_indeterminate_and_never_passed() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let stranger = testkit::pki::Pki::generate().unwrap();
    let signer = testkit::pki::SignerRequest {
        common_name: "Người Lạ".into(),
        organisation: "Không rõ".into(),
        organisation_id: None,
        kind: SignerKind::Person,
        not_before: OffsetDateTime::now_utc() - Duration::days(1),
        not_after: OffsetDateTime::now_utc() + Duration::days(1),
        key: testkit::pki::KeyKind::P256,
    };
    let draft = Draft { title: "La".into(), lines: vec![], pages: 1, padding_bytes: 0 }.build();
    let options = SignOptions::at(OffsetDateTime::now_utc() - Duration::minutes(1));
    let pdf = sign(&draft, &stranger.issue(&signer).unwrap(), &options).unwrap();
    let payload = province.upload(&pdf).await.unwrap();
    let answer = province.submit(province.letter("1", "V/v một", &payload), vec![to_agency(COMMUNE)]).await.unwrap();
    let signature = answer.document.unwrap().signature_reports[0].signatures[0].clone();
    assert_eq!((signature.verdict(), signature.sub_indication.as_str()), (v1::Verdict::Indeterminate, "NO_CERTIFICATE_CHAIN_FOUND"));
}

#[tokio::test]
async fn an_unsigned_document_is_taken_with_a_warning_and_refused_once_the_policy_says_so() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let draft = Draft { title: "Khong ky".into(), lines: vec![], pages: 1, padding_bytes: 0 }.build();
    let payload = province.upload(&draft).await.unwrap();
    let answer = province.submit(province.letter("1", "V/v một", &payload), vec![to_agency(COMMUNE)]).await.unwrap();
    assert_eq!(answer.warnings.len(), 1, "{:?}", answer.warnings);

    let mut trust = v1::trust_service_client::TrustServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let rule = v1::SignatureRule {
        issuer_tier: v1::Tier::Province.into(),
        on_failed: v1::SignatureAction::Refuse.into(),
        on_indeterminate: v1::SignatureAction::Record.into(),
        on_unsigned: v1::SignatureAction::Refuse.into(),
        on_weak_digest: v1::SignatureAction::Record.into(),
        requires: v1::SignatureRequirement::Both.into(),
        ..Default::default()
    };
    trust.set_signature_policy(v1::SetSignaturePolicyRequest { policy: Some(v1::SignaturePolicy { rules: vec![rule] }) }).await.unwrap();
    let refused = province.submit(province.letter("2", "V/v hai", &payload), vec![to_agency(COMMUNE)]).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "SIGNATURE_MISSING".into()));
    // A person alone is not enough where both are required.
    let personal = province.upload(&cast.signed("Chi nguoi ky")).await.unwrap();
    let refused = province.submit(province.letter("3", "V/v ba", &personal), vec![to_agency(COMMUNE)]).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGNATURE_MISSING");
}

#[tokio::test]
async fn a_revoked_certificate_is_recognised_once_its_list_is_there() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let signer = cast.signer("Nguyễn Bị Thu Hồi", SignerKind::Person);
    let pdf = sign(
        &Draft { title: "Thu hoi".into(), lines: vec![], pages: 1, padding_bytes: 0 }.build(),
        &signer,
        &SignOptions::at(OffsetDateTime::now_utc() - Duration::minutes(1)),
    )
    .unwrap();
    cast.hub.trust(&cast.pki, &[signer.serial_number().to_vec()]).await.unwrap();
    let payload = province.upload(&pdf).await.unwrap();
    match province.submit(province.letter("1", "V/v một", &payload), vec![to_agency(COMMUNE)]).await {
        Ok(answer) => {
            let signature = answer.document.unwrap().signature_reports[0].signatures[0].clone();
            assert_ne!(signature.verdict(), v1::Verdict::TotalPassed, "{signature:?}");
            assert!(signature.sub_indication.contains("REVOKED"), "{signature:?}");
        }
        Err(refused) => assert_eq!(reason(&refused), "SIGNATURE_INVALID"),
    }
}

#[tokio::test]
async fn all_faults_of_a_submission_are_told_at_once() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let payload = province.upload(&cast.signed("Mot")).await.unwrap();
    let mut letter = province.letter("1/2", &"á".repeat(501), &payload);
    letter.notation = String::new();
    letter.issue_date = "2026-02-30".into();
    letter.signer = Some(v1::Signer::default());
    letter.attachments[0].file_name = "../../etc/passwd".into();
    let refused = province.submit(letter, vec![]).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields = fields(&refused);
    for field in ["number", "subject", "notation", "issue_date", "signer.full_name", "attachments[0].file_name", "recipients"] {
        assert!(fields.iter().any(|at| at.contains(field)), "{field} is not among {fields:?}");
    }
}

#[tokio::test]
async fn the_same_number_twice_in_a_year_names_the_earlier_document() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let first = cast.send(&mut province, "05", vec![to_agency(COMMUNE)]).await.document.unwrap().name;
    let payload = province.upload(&cast.signed("Hai")).await.unwrap();
    let refused = province.submit(province.letter("05", "V/v hai", &payload), vec![to_agency(COMMUNE)]).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::AlreadyExists, "NUMBER_TAKEN".into()));
    assert!(refused.message().contains(&first), "{}", refused.message());
}

#[tokio::test]
async fn a_state_secret_is_refused_by_its_marking() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let payload = province.upload(&cast.signed("Mat")).await.unwrap();
    let mut letter = province.letter("1", "V/v mật", &payload);
    letter.secrecy = "TỐI MẬT".into();
    let refused = province.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "STATE_SECRET".into()));
    assert_eq!(fields(&refused), ["document.secrecy"]);
    let marked = province.letter("1", "(Tối mật) Kế hoạch diễn tập", &payload);
    let refused = province.submit(marked, vec![to_agency(COMMUNE)]).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "STATE_SECRET".into()));
    assert_eq!(fields(&refused), ["document.subject"]);
    let ordinary = province.letter("1", "Kế hoạch bảo vệ bí mật nhà nước", &payload);
    province.submit(ordinary, vec![to_agency(COMMUNE)]).await.unwrap();
}

#[tokio::test]
async fn the_last_admin_cannot_cut_itself_off() {
    let cast = Cast::new().await;
    let mut admin = PrincipalServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let request = v1::RevokePrincipalRequest { name: "principals/admin".into(), reason: "Nghỉ hưu".into() };
    let refused = admin.revoke_principal(request).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "LAST_ADMIN".into()));
    let caller = admin.get_caller(v1::GetCallerRequest {}).await.unwrap().into_inner();
    assert_eq!((caller.name.as_str(), caller.state()), ("principals/admin", v1::PrincipalState::Active));
}

#[tokio::test]
async fn a_delivery_follows_the_transition_table_and_keeps_late_reports() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap().name;
    commune.report(&sent, v1::DeliveryStatus::Done, "").await.unwrap();
    let late = commune.report(&sent, v1::DeliveryStatus::Accepted, "muộn").await.unwrap();
    assert_eq!(late.status(), v1::DeliveryStatus::Done, "the state never goes back");
    let steps = province.trace(&sent).await.unwrap();
    let kept = steps.iter().any(|step| matches!(&step.kind, Some(v1::step::Kind::Reported(report)) if report.note == "muộn"));
    assert!(kept, "the late report is kept");

    let sent = cast.send(&mut province, "2", vec![to_agency(COMMUNE)]).await.document.unwrap().name;
    let bare = v1::DeliveryReport { status: v1::DeliveryStatus::Refused.into(), ..Default::default() };
    assert_eq!(commune.report_with(&sent, bare).await.unwrap_err().code(), Code::InvalidArgument, "a refusal says why");
    let refusal = v1::DeliveryReport {
        status: v1::DeliveryStatus::Refused.into(),
        refusal_reason: v1::RefusalReason::R1.into(),
        note: "sai nơi nhận".into(),
        ..Default::default()
    };
    commune.report_with(&sent, refusal).await.unwrap();
    let after = commune.report(&sent, v1::DeliveryStatus::Accepted, "").await.unwrap_err();
    assert_eq!((after.code(), reason(&after)), (Code::FailedPrecondition, "STEP_NOT_ALLOWED".into()));
    let unasked = commune.report(&sent, v1::DeliveryStatus::TakeBackAgreed, "").await.unwrap_err();
    assert_eq!(unasked.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_dry_run_says_what_would_follow_and_changes_nothing() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let payload = province.upload(&cast.signed("Mot")).await.unwrap();
    let request = v1::SubmitDocumentRequest {
        request_id: "thu".into(),
        document: Some(province.letter("1", "V/v một", &payload)),
        recipients: vec![to_agency(COMMUNE)],
        validate_only: true,
        ..Default::default()
    };
    let answer = province.documents.submit_document(request).await.unwrap().into_inner();
    assert_eq!((answer.deliveries.len(), answer.journal_seq), (1, 0));
    let request = v1::ListDocumentsRequest { issuer: province.agency.clone(), ..Default::default() };
    assert!(province.documents.list_documents(request).await.unwrap().into_inner().documents.is_empty());
    cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await;
}

#[tokio::test]
async fn what_does_not_fit_a_row_is_refused_and_the_hub_goes_on() {
    let cast = Cast::new().await;
    // 1,200 central bodies with long ids, all reached through the superior, whose copy lists them.
    let mut csv = String::from("id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state\n");
    csv.push_str("trung-uong,central,other,,Trung ương,,,,true,2022-01-01,active\n");
    let id = |n: usize| format!("m{n:04}-{}", "x".repeat(56));
    for n in 0..1_200 {
        csv.push_str(&format!("{},central,ministry,trung-uong,Bộ {n},,,,true,2022-01-01,active\n", id(n)));
    }
    cast.hub.import(&csv, "", "").await.unwrap();
    let mut commune = cast.system(COMMUNE).await;
    let payload = commune.upload(&cast.signed("Nhieu noi nhan")).await.unwrap();
    let all = vec![to_subtree("trung-uong", v1::Tier::Central, v1::AgencyKind::Ministry)];
    let refused = commune.submit(commune.letter("1", "V/v nhiều nơi nhận", &payload), all).await.expect_err("it is refused");
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "REQUEST_TOO_LARGE".into()));
    let some = (0..300).map(|n| to_agency(&id(n))).collect();
    let taken = commune.submit(commune.letter("1", "V/v nhiều nơi nhận", &payload), some).await.unwrap();
    assert_eq!(taken.deliveries[0].onward.len(), 300, "the number is still free, and the hub goes on");
}
