//! Who signed, in which role and order, by whose authority; and what is left of signatures that a stamp destroyed.

use api::v1;
use api::v1::signature_service_client::SignatureServiceClient;
use api::v1::trust_service_client::TrustServiceClient;
use ring::digest::{SHA256, digest};
use testkit::attack::rewrite_losing_revision;
use testkit::pdf::{Digest, Draft, SignOptions, sign};
use testkit::pki::{KeyKind, Signer, SignerKind, SignerRequest};
use testkit::system::{System, to_agency};
use time::{Duration, OffsetDateTime};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::cast::{COMMUNE, Cast, DISTRICT, OTHER_COMMUNE, PROVINCE, reason};

const TITLE: &str = "Ủy ban nhân dân tỉnh Cà Mau";

fn leader(cast: &Cast) -> Signer {
    cast.signer("Nguyễn Văn Ví Dụ", SignerKind::Person)
}

fn seal(cast: &Cast) -> Signer {
    cast.signer(TITLE, SignerKind::Organisation)
}

fn draft(title: &str) -> Vec<u8> {
    Draft { title: title.into(), lines: vec![title.into()], pages: 1, padding_bytes: 0 }.build()
}

/// A document signed by each in turn, with time stamps.
fn signed_by(cast: &Cast, title: &str, signers: &[&Signer]) -> Vec<u8> {
    signers.iter().enumerate().fold(draft(title), |pdf, (index, signer)| {
        let options = SignOptions {
            field: format!("Signature{}", index + 1),
            timestamp: Some(cast.pki.tsa()),
            ..SignOptions::at(OffsetDateTime::now_utc() - Duration::minutes(1))
        };
        sign(&pdf, signer, &options).unwrap()
    })
}

async fn admin(cast: &Cast) -> TrustServiceClient<Channel> {
    TrustServiceClient::new(cast.hub.connect("admin").await.unwrap())
}

fn person(signer: &Signer) -> v1::AuthorisedSigner {
    v1::AuthorisedSigner {
        agency: format!("agencies/{PROVINCE}"),
        role: v1::SignerRole::Person.into(),
        certificate_sha256: digest(&SHA256, &signer.certificate).as_ref().to_vec().into(),
        display_name: "Nguyễn Văn Ví Dụ".into(),
        position: "Chủ tịch".into(),
        note: "Nghị quyết số 01/NQ-HĐND".into(),
        ..Default::default()
    }
}

fn organisation(number: &str) -> v1::AuthorisedSigner {
    v1::AuthorisedSigner {
        agency: format!("agencies/{PROVINCE}"),
        role: v1::SignerRole::Organisation.into(),
        organisation_identifier: number.into(),
        display_name: TITLE.into(),
        ..Default::default()
    }
}

async fn register(client: &mut TrustServiceClient<Channel>, signer: v1::AuthorisedSigner) -> v1::AuthorisedSigner {
    client.add_authorised_signer(v1::AddAuthorisedSignerRequest { signer: Some(signer) }).await.unwrap().into_inner()
}

/// A rule that records everything and refuses a failed signature.
fn lenient() -> v1::SignatureRule {
    let record = v1::SignatureAction::Record.into();
    v1::SignatureRule {
        on_failed: v1::SignatureAction::Refuse.into(),
        on_indeterminate: record,
        on_unsigned: record,
        on_weak_digest: record,
        requires: v1::SignatureRequirement::None.into(),
        ..Default::default()
    }
}

async fn set_policy(client: &mut TrustServiceClient<Channel>, rules: Vec<v1::SignatureRule>) {
    client.set_signature_policy(v1::SetSignaturePolicyRequest { policy: Some(v1::SignaturePolicy { rules }) }).await.unwrap();
}

async fn submit(system: &mut System, number: &str, pdf: &[u8]) -> Result<v1::SubmitDocumentResponse, Status> {
    let payload = system.upload(pdf).await.unwrap();
    let letter = system.letter(number, &format!("V/v văn bản số {number}"), &payload);
    let to = if system.agency.ends_with(PROVINCE) { COMMUNE } else { DISTRICT };
    system.submit(letter, vec![to_agency(to)]).await
}

fn reasons(answer: &v1::SubmitDocumentResponse) -> Vec<String> {
    answer.document.as_ref().unwrap().signature_findings.iter().map(|finding| finding.reason.clone()).collect()
}

#[tokio::test]
async fn those_who_are_registered_sign_for_the_agency_and_nobody_else() {
    let cast = Cast::new().await;
    let (mut province, mut client) = (cast.system(PROVINCE).await, admin(&cast).await);
    let (leader, seal) = (leader(&cast), seal(&cast));
    // Before anybody is registered it is recorded that nobody is.
    let before = submit(&mut province, "1", &signed_by(&cast, "Mot", &[&leader, &seal])).await.unwrap();
    assert_eq!((reasons(&before), before.warnings.len()), (vec!["ISSUER_NOT_REGISTERED".to_owned()], 0));

    let registered = register(&mut client, person(&leader)).await;
    assert!(registered.name.starts_with("agencies/camau/signers/person-"), "{}", registered.name);
    register(&mut client, organisation("MST:2000100001")).await;
    let good = submit(&mut province, "2", &signed_by(&cast, "Hai", &[&leader, &seal])).await.unwrap();
    assert_eq!(reasons(&good), Vec::<String>::new());
    let signature = &good.document.as_ref().unwrap().signature_reports[0].signatures[1];
    assert_eq!((signature.organisation_identifier.as_str(), signature.intact), ("MST:2000100001", true));

    // The same names in other certificates: a warning first, a refusal once the policy says so.
    let impostor = self::leader(&cast);
    let told = submit(&mut province, "3", &signed_by(&cast, "Ba", &[&impostor, &seal])).await.unwrap();
    assert_eq!((reasons(&told), told.warnings.len()), (vec!["SIGNER_NOT_AUTHORISED".to_owned()], 1));
    set_policy(&mut client, vec![v1::SignatureRule { on_wrong_signer: v1::SignatureAction::Refuse.into(), ..lenient() }]).await;
    let refused = submit(&mut province, "4", &signed_by(&cast, "Bon", &[&impostor, &seal])).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "SIGNATURE_WRONG_SIGNER".into()));
    let vietnamese = refused.get_details_localized_message().unwrap();
    assert!(vietnamese.locale == "vi" && vietnamese.message.contains("chưa được đăng ký ký cho cơ quan ban hành"), "{vietnamese:?}");
    let subject = refused.get_details_precondition_failure().unwrap().violations[0].subject.clone();
    assert_eq!(subject, "SIGNER_NOT_AUTHORISED document.attachments[0]");

    // Another person than the document states.
    let payload = province.upload(&signed_by(&cast, "Nam", &[&leader, &seal])).await.unwrap();
    let mut letter = province.letter("5", "V/v năm", &payload);
    letter.signer.as_mut().unwrap().full_name = "Trần Thị Khác".into();
    let refused = province.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap_err();
    let subject = refused.get_details_precondition_failure().unwrap().violations[0].subject.clone();
    assert_eq!(subject, "SIGNER_NOT_STATED document.signer.full_name");

    // Struck off, the leader signs no longer.
    client.remove_authorised_signer(v1::RemoveAuthorisedSignerRequest { name: registered.name.clone() }).await.unwrap();
    register(&mut client, person(&impostor)).await;
    submit(&mut province, "6", &signed_by(&cast, "Sau", &[&impostor, &seal])).await.unwrap();
    let refused = submit(&mut province, "7", &signed_by(&cast, "Bay", &[&leader, &seal])).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGNATURE_WRONG_SIGNER");
    let gone = client.remove_authorised_signer(v1::RemoveAuthorisedSignerRequest { name: registered.name }).await.unwrap_err();
    assert_eq!((gone.code(), reason(&gone)), (Code::NotFound, "RESOURCE_NOT_FOUND".into()));
}

#[tokio::test]
async fn a_publisher_signs_for_an_agency_once_it_is_registered_for_it() {
    let cast = Cast::new().await;
    let (mut province, mut client) = (cast.system(PROVINCE).await, admin(&cast).await);
    let now = OffsetDateTime::now_utc();
    let portal = SignerRequest {
        common_name: "Cổng thông tin điện tử tỉnh".into(),
        organisation: "Văn phòng".into(),
        organisation_id: Some("MNS:1028274".into()),
        kind: SignerKind::Organisation,
        not_before: now - Duration::days(1),
        not_after: now + Duration::days(300),
        key: KeyKind::P256,
    };
    let portal = cast.pki.issue(&portal).unwrap();
    register(&mut client, organisation("MST:2000100001")).await;
    let told = submit(&mut province, "1", &signed_by(&cast, "Mot", &[&portal])).await.unwrap();
    assert_eq!(reasons(&told), ["SIGNER_NOT_AUTHORISED"]);
    register(&mut client, organisation("MNS:1028274")).await;
    let told = submit(&mut province, "2", &signed_by(&cast, "Hai", &[&portal])).await.unwrap();
    assert_eq!(reasons(&told), Vec::<String>::new());
}

#[tokio::test]
async fn the_person_signs_first_and_the_organisation_after() {
    let cast = Cast::new().await;
    let (mut province, mut client) = (cast.system(PROVINCE).await, admin(&cast).await);
    let (leader, seal) = (leader(&cast), seal(&cast));
    let both = v1::SignatureRule { requires: v1::SignatureRequirement::Both.into(), ..lenient() };
    let refuse: i32 = v1::SignatureAction::Refuse.into();
    set_policy(&mut client, vec![v1::SignatureRule { on_unsigned: refuse, ..both.clone() }]).await;
    let workflow = submit(&mut province, "1", &signed_by(&cast, "Mot", &[&leader, &seal, &seal, &seal])).await.unwrap();
    assert_eq!(reasons(&workflow), ["ISSUER_NOT_REGISTERED"]);
    let reversed = submit(&mut province, "2", &signed_by(&cast, "Hai", &[&seal, &leader])).await.unwrap();
    let findings = &reversed.document.as_ref().unwrap().signature_findings;
    let order = findings.iter().find(|finding| finding.reason == "WRONG_SIGNING_ORDER").unwrap();
    assert_eq!((order.signatures.as_slice(), order.warns), (["Signature2".to_owned(), "Signature1".to_owned()].as_slice(), true));
    assert!(order.sentence_vi.contains("người có thẩm quyền phải ký trước, cơ quan ký sau"), "{}", order.sentence_vi);
    assert_eq!(reversed.warnings, std::slice::from_ref(&order.sentence));

    let strict = v1::SignatureRule { on_unsigned: refuse, on_wrong_order: refuse, ..both };
    set_policy(&mut client, vec![strict]).await;
    let refused = submit(&mut province, "3", &signed_by(&cast, "Ba", &[&seal, &leader])).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGNATURE_WRONG_ORDER");
    let alone = submit(&mut province, "4", &signed_by(&cast, "Bon", &[&seal, &seal])).await.unwrap_err();
    assert_eq!(reason(&alone), "SIGNATURE_MISSING");
    let subject = alone.get_details_precondition_failure().unwrap().violations[0].subject.clone();
    assert_eq!(subject, "SAME_CERTIFICATE_FOR_BOTH document.attachments[0]");
}

#[tokio::test]
async fn a_stamped_copy_is_told_from_its_original_and_every_byte_is_kept() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let mut outsider = cast.system(OTHER_COMMUNE).await;
    let original = signed_by(&cast, "Cong van den", &[&leader(&cast), &seal(&cast)]);
    let sent = submit(&mut province, "1", &original).await.unwrap().document.unwrap();
    let payload = sent.attachments[0].payload.clone();
    let received = commune.download(&payload, &commune.copy_of(&sent.name)).await.unwrap();
    assert!(received == original, "the recipient has the very bytes");

    // The office stamps what comes in, and answers with the stamped file.
    let stamped = rewrite_losing_revision(&received).unwrap();
    let stamped_payload = commune.upload(&stamped).await.unwrap();
    let mut letter = commune.letter("7", "V/v trả lời", &stamped_payload);
    letter.in_reply_to = sent.name.clone();
    let answer = commune.submit(letter, vec![to_agency(DISTRICT)]).await.unwrap();
    let document = answer.document.as_ref().unwrap();
    let finding = &document.signature_findings[0];
    assert_eq!(
        (finding.reason.as_str(), finding.fields.as_slice()),
        ("SIGNATURE_DESTROYED", ["document.attachments[0]".to_owned()].as_slice())
    );
    let named = format!("it is a copy of {}: send the original bytes, {payload}", sent.name);
    assert!(finding.sentence.ends_with(&named) && answer.warnings == [finding.sentence.clone()], "{finding:?}");
    assert!(finding.sentence_vi.contains(&format!("đây là bản sao của {}", sent.name)), "{finding:?}");
    let report = &document.signature_reports[0];
    assert!(report.signatures.iter().all(|signature| signature.verdict() != v1::Verdict::TotalPassed), "{report:?}");

    // Both are kept and served as they were submitted.
    let own = commune.payloads.find_payload(v1::FindPayloadRequest { sha256: digest(&SHA256, &stamped).as_ref().to_vec().into() }).await;
    assert_eq!(own.unwrap().into_inner().name, stamped_payload);
    assert!(commune.download(&stamped_payload, "").await.unwrap() == stamped);
    assert!(commune.download(&payload, &commune.copy_of(&sent.name)).await.unwrap() == original);

    // Whoever may not see the original does not learn which it is.
    let told = submit(&mut outsider, "8", &stamped).await.unwrap();
    let finding = &told.document.as_ref().unwrap().signature_findings[0];
    assert_eq!(finding.reason, "SIGNATURE_DESTROYED");
    assert!(!finding.sentence.contains("documents/") && !finding.sentence_vi.contains("documents/"), "{finding:?}");

    let mut client = admin(&cast).await;
    set_policy(&mut client, vec![v1::SignatureRule { on_destroyed: v1::SignatureAction::Refuse.into(), ..lenient() }]).await;
    let refused = submit(&mut commune, "9", &stamped).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "SIGNATURE_DESTROYED".into()));
}

#[tokio::test]
async fn sha_1_is_recorded_until_a_day_and_refused_after_by_the_proved_signing_time() {
    let cast = Cast::new().await;
    let (mut province, mut client) = (cast.system(PROVINCE).await, admin(&cast).await);
    let now = OffsetDateTime::now_utc();
    let request = SignerRequest {
        common_name: TITLE.into(),
        organisation: TITLE.into(),
        organisation_id: Some("MST:2000100001".into()),
        kind: SignerKind::Organisation,
        not_before: now - Duration::days(300),
        not_after: now + Duration::days(300),
        key: KeyKind::Rsa2048,
    };
    let old = cast.pki.issue(&request).unwrap();
    let signed_at = |at: OffsetDateTime, stamped: bool| {
        let timestamp = stamped.then(|| cast.pki.tsa());
        let options = SignOptions { digest: Digest::Sha1, timestamp, ..SignOptions::at(at) };
        sign(&draft("SHA-1"), &old, &options).unwrap()
    };
    // Ten days ago in Vietnam: until that day SHA-1 is recorded, after it refused.
    let local = (now - Duration::days(10)).to_offset(time::UtcOffset::from_hms(7, 0, 0).unwrap()).date();
    let until_date = format!("{:04}-{:02}-{:02}", local.year(), u8::from(local.month()), local.day());
    let before = v1::SignatureRule { until_date, ..lenient() };
    let after = v1::SignatureRule { on_weak_digest: v1::SignatureAction::Refuse.into(), ..lenient() };
    set_policy(&mut client, vec![before, after]).await;
    let taken = submit(&mut province, "1", &signed_at(now - Duration::days(20), true)).await.unwrap();
    let report = &taken.document.as_ref().unwrap().signature_reports[0].signatures[0];
    assert!(report.intact && report.weak_digest && !report.weak.is_empty(), "{report:?}");
    assert!(reasons(&taken).contains(&"SIGNATURE_WEAK_DIGEST".to_owned()), "{:?}", reasons(&taken));
    let young = submit(&mut province, "2", &signed_at(now - Duration::days(2), true)).await.unwrap_err();
    assert_eq!(reason(&young), "SIGNATURE_WEAK_DIGEST");
    // Without a time stamp anybody could claim an early day: that of the submission counts.
    let claimed = submit(&mut province, "3", &signed_at(now - Duration::days(20), false)).await.unwrap_err();
    assert_eq!(reason(&claimed), "SIGNATURE_WEAK_DIGEST");
}

#[tokio::test]
async fn signers_come_in_by_file_and_are_listed_page_by_page_to_those_who_may() {
    let cast = Cast::new().await;
    let mut client = admin(&cast).await;
    let mut csv = String::from("agency,role,name,identifier,certificate_sha256,position,valid_from,valid_until,note\n");
    csv.push_str("camau,organisation,UBND tỉnh,MST:2000100001,,,,,\n");
    for n in 0..4 {
        csv.push_str(&format!("camau,person,Người ký {n},,{n:064x},Phó Chủ tịch,2025-07-01,2030-06-30,Quyết định số {n}\n"));
    }
    let import = |signers_csv: &str, validate_only| v1::ImportAuthorisedSignersRequest { signers_csv: signers_csv.into(), validate_only };
    let tried = client.import_authorised_signers(import(&csv, true)).await.unwrap().into_inner();
    assert_eq!((tried.signer_count, tried.journal_seq), (5, 0));
    let list = |page_token: String| v1::ListAuthorisedSignersRequest { agency: "agencies/camau".into(), page_size: 2, page_token };
    assert!(client.list_authorised_signers(list(String::new())).await.unwrap().into_inner().signers.is_empty(), "it was only tried");
    let done = client.import_authorised_signers(import(&csv, false)).await.unwrap().into_inner();
    assert!(done.signer_count == 5 && done.journal_seq > 0, "{done:?}");
    let again = client.import_authorised_signers(import(&csv, false)).await.unwrap().into_inner();
    assert_eq!(again.journal_seq, 0, "nothing is new");

    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = client.list_authorised_signers(list(token)).await.unwrap().into_inner();
        assert!(page.signers.len() <= 2);
        names.extend(page.signers.into_iter().map(|signer| signer.display_name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["Người ký 0", "Người ký 1", "Người ký 2", "Người ký 3", "UBND tỉnh"]);

    let bad = csv.replace("MST:2000100001", "CCCD:079012345678").replace("camau,person,Người ký 3", "camau,clerk,Người ký 3");
    let refused = client.import_authorised_signers(import(&bad, false)).await.unwrap_err();
    assert_eq!(crate::cast::fields(&refused), ["signers_csv:2", "signers_csv:6"]);
    let unknown = client.import_authorised_signers(import(&csv.replace("camau,", "khong-co,"), false)).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn a_hub_that_starts_again_knows_signers_findings_and_originals_as_before() {
    let mut cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let leader = leader(&cast);
    register(&mut admin(&cast).await, person(&leader)).await;
    let sent = submit(&mut province, "1", &signed_by(&cast, "Mot", &[&self::leader(&cast)])).await.unwrap().document.unwrap();
    assert_eq!(sent.signature_findings.len(), 1, "{sent:?}");
    cast.hub.stop().await.unwrap();
    cast.hub.serve().await.unwrap();
    let mut province = System::new(cast.hub.connect("system-0").await.unwrap(), PROVINCE);
    let kept = province.documents.get_document(v1::GetDocumentRequest { name: sent.name.clone() }).await.unwrap().into_inner();
    assert_eq!(kept.signature_findings, sent.signature_findings);
    let list = v1::ListAuthorisedSignersRequest { agency: "agencies/camau".into(), ..Default::default() };
    assert_eq!(admin(&cast).await.list_authorised_signers(list).await.unwrap().into_inner().signers.len(), 1);
    submit(&mut province, "2", &signed_by(&cast, "Hai", &[&leader])).await.unwrap();
}

#[tokio::test]
async fn the_province_asks_who_signs_less_than_half_and_which_program_makes_sha_1() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let (leader, seal) = (leader(&cast), seal(&cast));
    for number in ["1", "2"] {
        submit(&mut province, number, &signed_by(&cast, "Da ky", &[&leader, &seal])).await.unwrap();
    }
    submit(&mut province, "3", &draft("Chua ky")).await.unwrap();
    submit(&mut commune, "1", &signed_by(&cast, "Da ky", &[&leader])).await.unwrap();
    for number in ["2", "3"] {
        submit(&mut commune, number, &draft("Chua ky")).await.unwrap();
    }
    let now = OffsetDateTime::now_utc();
    let request = SignerRequest {
        common_name: TITLE.into(),
        organisation: TITLE.into(),
        organisation_id: None,
        kind: SignerKind::Organisation,
        not_before: now - Duration::days(300),
        not_after: now + Duration::days(300),
        key: KeyKind::Rsa2048,
    };
    let old = cast.pki.issue(&request).unwrap();
    let options = SignOptions { digest: Digest::Sha1, timestamp: Some(cast.pki.tsa()), ..SignOptions::at(now - Duration::minutes(1)) };
    submit(&mut commune, "4", &rewrite_losing_revision(&signed_by(&cast, "Mat ky", &[&leader])).unwrap()).await.unwrap();
    submit(&mut commune, "5", &sign(&draft("SHA-1"), &old, &options).unwrap()).await.unwrap();

    let supervisor = cast.hub.enrol("supervisor", v1::Role::Supervisor, &[], &[DISTRICT]).await.unwrap();
    let auditor = cast.hub.enrol("auditor", v1::Role::Auditor, &[], &[]).await.unwrap();
    let list = async |channel: &Channel, request: v1::ListSignatureStatisticsRequest| {
        Ok::<_, Status>(SignatureServiceClient::new(channel.clone()).list_signature_statistics(request).await?.into_inner())
    };
    let all = list(&auditor, v1::ListSignatureStatisticsRequest::default()).await.unwrap();
    let counts = |one: &v1::SignatureStatistics| {
        let documents = [one.document_count, one.signed_document_count, one.unsigned_document_count, one.destroyed_document_count];
        (one.agency.clone(), documents, u64::from(one.signed_percent), one.signature_count)
    };
    let expected = [(format!("agencies/{PROVINCE}"), [3, 2, 1, 0], 66, 4), (format!("agencies/{COMMUNE}"), [5, 2, 2, 1], 40, 2)];
    let mut told: Vec<_> = all.statistics.iter().map(counts).collect();
    told.sort();
    assert_eq!(told, expected);
    let total = all.page_total.unwrap();
    assert_eq!((total.agency.as_str(), total.document_count, total.signature_count, total.weak_digest_signature_count), ("", 8, 6, 1));
    assert_eq!((total.tools.len(), total.tools[0].signature_count, total.tools[0].weak_digest_signature_count), (1, 6, 1));

    // Less than half, page by page, in months that there were, and in months that there were not.
    let below = v1::ListSignatureStatisticsRequest { signed_percent_below: 50, page_size: 1, ..Default::default() };
    let page = list(&auditor, below).await.unwrap();
    assert_eq!(page.statistics.iter().map(|one| one.agency.as_str()).collect::<Vec<_>>(), [format!("agencies/{COMMUNE}")]);
    let (mut paged, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListSignatureStatisticsRequest { page_size: 1, page_token, ..Default::default() };
        let page = list(&auditor, request).await.unwrap();
        paged.extend(page.statistics.iter().map(counts));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    paged.sort();
    assert_eq!(paged, expected);
    let past = v1::ListSignatureStatisticsRequest { until_month: "2020-12".into(), ..Default::default() };
    assert!(list(&auditor, past).await.unwrap().statistics.is_empty());

    // A supervisor sees its subtree and nothing else, an agency itself.
    let seen = list(&supervisor, v1::ListSignatureStatisticsRequest::default()).await.unwrap();
    assert_eq!(seen.statistics.iter().map(|one| one.agency.as_str()).collect::<Vec<_>>(), [format!("agencies/{COMMUNE}")]);
    let above = v1::ListSignatureStatisticsRequest { agency: format!("agencies/{PROVINCE}"), ..Default::default() };
    assert_eq!(list(&supervisor, above.clone()).await.unwrap_err().code(), Code::PermissionDenied);
    let above = v1::ListSignatureStatisticsRequest { subtree: above.agency, ..Default::default() };
    assert_eq!(list(&supervisor, above).await.unwrap_err().code(), Code::PermissionDenied);
    let system = cast.hub.connect("system-1").await.unwrap();
    let own = v1::ListSignatureStatisticsRequest { agency: format!("agencies/{COMMUNE}"), ..Default::default() };
    assert_eq!(list(&system, own).await.unwrap().statistics.len(), 1);
    let everybody = list(&system, v1::ListSignatureStatisticsRequest::default()).await.unwrap_err();
    assert_eq!(everybody.code(), Code::PermissionDenied);
    let page = cast.hub.running().unwrap().metrics.page();
    // The program that made the drafts is none of those in use, and its name no label.
    for line in ["verdict=\"total_passed\",weak_digest=\"no\"} 5", "verdict=\"indeterminate\",weak_digest=\"yes\"} 1"] {
        assert!(page.contains(&format!("vanthu_signatures_by_tool_total{{tool=\"other\",{line}")), "{page}");
    }
}

/// What the hub logs in this process, everything it has to say.
#[derive(Clone, Default)]
struct Logs(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_number_of_a_person_gets_into_answers_logs_or_metrics() {
    let logs = Logs::default();
    let writer = logs.clone();
    let filter = "hub=trace,store=trace,journal=trace,domain=trace,signature=trace,api=trace";
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    builder.with_writer(move || writer.clone()).try_init().unwrap();

    let cast = Cast::new().await;
    let (mut province, mut commune, mut client) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await, admin(&cast).await);
    let now = OffsetDateTime::now_utc();
    let issue = |common_name: &str, number: &str| {
        let request = SignerRequest {
            common_name: common_name.into(),
            organisation: "Ủy ban nhân dân tỉnh Cà Mau".into(),
            organisation_id: Some(number.into()),
            kind: SignerKind::Person,
            not_before: now - Duration::days(30),
            not_after: now + Duration::days(700),
            key: KeyKind::P256,
        };
        cast.pki.issue(&request).unwrap()
    };
    let people = [
        issue("Nguyễn Văn Ví Dụ", "CCCD:079012345678"),
        issue("Nguyễn Văn Ví Dụ", "CMND:079012345"),
        issue("Nguyễn Văn Ví Dụ", "079012345678"),
        issue("Nguyễn Văn Ví Dụ", "MST:079012345678"),
        issue("Nguyễn Văn Ví Dụ - 079012345678", "HC:B7654321"),
    ];
    register(&mut client, organisation("MST:2000100001")).await;
    register(&mut client, person(&leader(&cast))).await;
    let mut told = Vec::new();
    for (index, signer) in people.iter().enumerate() {
        let pdf = signed_by(&cast, "Van ban", &[signer]);
        set_policy(&mut client, vec![lenient()]).await;
        let answer = submit(&mut province, &format!("{}", index + 1), &pdf).await.unwrap();
        let name = answer.document.as_ref().unwrap().name.clone();
        told.push(format!("{answer:?}"));
        for system in [&mut province, &mut commune] {
            let request = v1::GetDocumentRequest { name: name.clone() };
            told.push(format!("{:?}", system.documents.get_document(request).await.unwrap().into_inner()));
            told.push(format!("{:?}", system.trace(&name).await.unwrap()));
        }
        // Refused for who signed, and for a byte that was changed.
        set_policy(&mut client, vec![v1::SignatureRule { on_wrong_signer: v1::SignatureAction::Refuse.into(), ..lenient() }]).await;
        for bytes in [pdf.clone(), testkit::attack::flip_signed_byte(&pdf).unwrap()] {
            let refused = submit(&mut province, &format!("{}", index + 50), &bytes).await.unwrap_err();
            told.push(format!("{refused:?} {:?}", refused.get_error_details()));
        }
    }
    told.push(cast.hub.running().unwrap().metrics.page());
    let lines = String::from_utf8_lossy(&logs.0.lock().unwrap()).into_owned();
    assert!(!lines.is_empty(), "the hub logs something");
    told.push(lines);
    for number in ["079012345", "B7654321", "7654321"] {
        let leak = told.iter().find(|text| text.contains(number));
        assert!(leak.is_none(), "{number}: {leak:?}");
    }
    assert!(told.iter().any(|text| text.contains("UID=CCCD:***78")), "the last digits remain, by which a clerk tells one from another");
    assert!(told.iter().any(|text| text.contains("Nguyễn Văn Ví Dụ - ***78")));
}
