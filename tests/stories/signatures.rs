//! Verdicts on signatures: of uploads, of documents, then and now.

use api::v1;
use api::v1::signature_service_client::SignatureServiceClient;
use api::v1::trust_service_client::TrustServiceClient;
use testkit::cms::{Options as CmsOptions, sign_detached};
use testkit::hub_box::HubBox;
use testkit::pdf::{Draft, SignOptions, sign};
use testkit::pki::{Signer, SignerKind};
use testkit::system::{System, to_agency};
use time::{Duration, OffsetDateTime};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::cast::{COMMUNE, Cast, DISTRICT, OTHER_COMMUNE, PROVINCE, fields};

/// What is asked about verdicts over one connection.
struct Verdicts(SignatureServiceClient<Channel>);

impl Verdicts {
    fn over(channel: Channel) -> Self {
        Self(SignatureServiceClient::new(channel))
    }

    async fn verify(&mut self, name: &str, content: &str) -> Result<v1::SignatureReport, Status> {
        let request = v1::VerifyPayloadRequest { name: name.into(), content: content.into(), as_of_time: None };
        Ok(self.0.verify_payload(request).await?.into_inner())
    }

    async fn report(&mut self, document: &str) -> Result<v1::DocumentSignatureReport, Status> {
        Ok(self.0.get_signature_report(v1::GetSignatureReportRequest { name: document.into() }).await?.into_inner())
    }

    async fn rejudge(&mut self, document: &str, as_of: Option<OffsetDateTime>) -> Result<v1::ReJudgeDocumentResponse, Status> {
        let as_of_time = as_of.map(|at| prost_time(at.unix_timestamp()));
        let request = v1::ReJudgeDocumentRequest { name: document.into(), as_of_time, replay: false };
        Ok(self.0.re_judge_document(request).await?.into_inner())
    }
}

fn prost_time(seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds, nanos: 0 }
}

/// Verdict and sub-indication of the first signature.
fn first(report: &v1::SignatureReport) -> (v1::Verdict, &str) {
    report.signatures.first().map_or((v1::Verdict::Unspecified, "no signature"), |one| (one.verdict(), &one.sub_indication))
}

const PASSED: (v1::Verdict, &str) = (v1::Verdict::TotalPassed, "");

#[tokio::test]
async fn an_upload_is_judged_by_its_content_and_for_its_owner_only() {
    let cast = Cast::new().await;
    let (mut own, _other) = (cast.system(PROVINCE).await, cast.system(OTHER_COMMUNE).await);
    let mut mine = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    let mut other = cast.hub.connect("system-1").await.map(Verdicts::over).unwrap();
    let good = cast.signed("Tờ trình");
    let mut bad = good.clone();
    let shown = bad.windows(3).position(|part| part == b" Tj").unwrap();
    bad[shown - 2] ^= 1;
    let text = b"V\xc4\x83n b\xe1\xba\xa3n th\xc6\xb0\xe1\xbb\x9dng".to_vec();
    let p7s = {
        let at = OffsetDateTime::now_utc() - Duration::minutes(1);
        let mut options = CmsOptions::at(at);
        options.timestamp = Some((cast.pki.tsa(), at));
        sign_detached(&text, &cast.signer("Nguyễn Văn Ví Dụ", SignerKind::Person), &options).unwrap()
    };
    let hostile = [b"%PDF-1.7\n".as_slice(), &b"1 0 obj<</Type/Catalog/AcroForm<</Fields[".repeat(3000)].concat();
    let mut uploaded = Vec::new();
    for bytes in [&good, &bad, &text, &p7s, &hostile, &b"<a><b></a>".to_vec()] {
        uploaded.push(own.upload(bytes).await.unwrap());
    }
    let [good, bad, text, p7s, hostile, xml]: [String; 6] = uploaded.try_into().unwrap();

    let judged = mine.verify(&good, "").await.unwrap();
    assert_eq!((first(&judged), judged.coverage()), (PASSED, v1::Coverage::Whole));
    assert_eq!(first(&mine.verify(&bad, "").await.unwrap()), (v1::Verdict::TotalFailed, "HASH_FAILURE"));
    assert_eq!(first(&mine.verify(&p7s, &text).await.unwrap()), PASSED);
    assert_eq!(first(&mine.verify(&p7s, &good).await.unwrap()), (v1::Verdict::TotalFailed, "HASH_FAILURE"));
    // A signed file of another kind does not sign what it is put beside.
    assert_eq!(first(&mine.verify(&good, &text).await.unwrap()).0, v1::Verdict::TotalFailed);
    let alone = mine.verify(&p7s, "").await.unwrap();
    assert_eq!((first(&alone), alone.signatures[0].intact), ((v1::Verdict::Indeterminate, "SIGNED_DATA_NOT_FOUND"), false));
    assert_ne!(alone.coverage(), v1::Coverage::Whole);
    for unsigned in [&text, &hostile, &xml] {
        let judged = mine.verify(unsigned, "").await.unwrap();
        assert!(judged.signatures.is_empty() && judged.coverage() != v1::Coverage::Whole, "{judged:?}");
    }
    let missing = format!("payloads/{}", "0".repeat(64));
    let (theirs, nobodys) = (other.verify(&good, "").await.unwrap_err(), other.verify(&missing, "").await.unwrap_err());
    assert_eq!((theirs.code(), theirs.message(), theirs.details()), (nobodys.code(), nobodys.message(), nobodys.details()));
    assert_eq!(theirs.code(), Code::PermissionDenied);
    assert_eq!(mine.verify(&p7s, &missing).await.unwrap_err().code(), Code::PermissionDenied);
    let ahead = v1::VerifyPayloadRequest { name: good, content: String::new(), as_of_time: Some(prost_time(4_102_444_800)) };
    assert_eq!(fields(&mine.0.verify_payload(ahead).await.unwrap_err()), ["as_of_time"]);
}

#[tokio::test]
async fn a_document_is_judged_again_as_of_a_date_and_nothing_is_stored() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let document = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap().name;
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    let submitted = issuer.report(&document).await.unwrap();
    assert_eq!(first(submitted.attachments[0].submitted.as_ref().unwrap()), PASSED);
    assert_eq!(submitted.attachments[0].changed, None);
    // A year ago the certificates did not exist yet: a verdict as of then is another one.
    let then = issuer.rejudge(&document, Some(OffsetDateTime::now_utc() - Duration::days(365))).await.unwrap();
    let then = &then.attachments[0];
    assert_eq!(then.submitted, submitted.attachments[0].submitted);
    assert_ne!(first(then.rejudged.as_ref().unwrap()), PASSED);
    let now = issuer.rejudge(&document, None).await.unwrap();
    assert_eq!(first(now.attachments[0].rejudged.as_ref().unwrap()), PASSED, "the judgement as of then is not remembered for now");
    assert_eq!(issuer.report(&document).await.unwrap(), submitted);
    // A holder reads the verdicts and does not judge again; another agency does neither.
    let _holder = cast.system(COMMUNE).await;
    let mut holder = cast.hub.connect("system-1").await.map(Verdicts::over).unwrap();
    assert_eq!(holder.report(&document).await.unwrap(), submitted);
    assert_eq!(holder.rejudge(&document, None).await.unwrap_err().code(), Code::PermissionDenied);
    let _outsider = cast.system(DISTRICT).await;
    let mut outsider = cast.hub.connect("system-2").await.map(Verdicts::over).unwrap();
    let nothing = "documents/01900000-0000-7000-8000-000000000000";
    for name in [document.as_str(), nothing] {
        assert_eq!(outsider.report(name).await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(outsider.rejudge(name, None).await.unwrap_err().code(), Code::PermissionDenied);
    }
}

/// An entry of an import.
fn entry(file_name: &str, content: Vec<u8>) -> v1::ImportTrustEntry {
    v1::ImportTrustEntry { file_name: file_name.into(), kind: v1::TrustKind::Unspecified.into(), content: content.into() }
}

/// Imports trust objects as an admin, each entry in pieces, or asks what that would do.
async fn import(cast: &Cast, validate_only: bool, entries: Vec<v1::ImportTrustEntry>) -> Result<v1::ImportTrustObjectsResponse, Status> {
    use v1::import_trust_objects_request::Content;
    let mut contents = vec![Content::Head(v1::ImportTrustHead { validate_only, note: "thử".into() })];
    for mut entry in entries {
        let rest = entry.content.split_off(entry.content.len().min(1000));
        contents.push(Content::Entry(entry));
        contents.extend(rest.chunks(100_000).map(|chunk| Content::Chunk(chunk.to_vec().into())));
    }
    let messages = contents.into_iter().map(|content| v1::ImportTrustObjectsRequest { content: Some(content) });
    let mut trust = TrustServiceClient::new(cast.hub.connect("admin").await.unwrap());
    Ok(trust.import_trust_objects(tokio_stream::iter(messages.collect::<Vec<_>>())).await?.into_inner())
}

async fn trust_objects(cast: &Cast, issuer: &str) -> Vec<v1::TrustObject> {
    let mut trust = TrustServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let request = v1::ListTrustObjectsRequest { issuer: issuer.into(), ..Default::default() };
    trust.list_trust_objects(request).await.unwrap().into_inner().trust_objects
}

impl Verdicts {
    /// The changes that this caller sees, once there are so many.
    async fn changes(&mut self, count: usize) -> Vec<v1::VerdictChange> {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        for _ in 0..1_500 {
            ticks.tick().await;
            let changes = self.0.list_verdict_changes(v1::ListVerdictChangesRequest::default()).await.unwrap().into_inner().changes;
            if changes.len() >= count {
                return changes;
            }
        }
        panic!("{count} changes did not come within half a minute")
    }
}

/// Sends a document of a signer; gives its name.
async fn send_by(cast: &Cast, from: &mut System, number: &str, signer: &Signer, stamped: bool) -> String {
    let draft = Draft { title: "Văn bản".into(), lines: vec![number.into()], pages: 1, padding_bytes: 0 }.build();
    let mut options = SignOptions::at(OffsetDateTime::now_utc() - Duration::minutes(1));
    options.timestamp = stamped.then(|| cast.pki.tsa());
    let payload = from.upload(&sign(&draft, signer, &options).unwrap()).await.unwrap();
    let letter = from.letter(number, "V/v thử", &payload);
    from.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap().name
}

fn attachment_now(report: &v1::DocumentSignatureReport) -> &v1::SignatureReport {
    let attachment = &report.attachments[0];
    attachment.changed.as_ref().or(attachment.submitted.as_ref()).unwrap()
}

#[tokio::test]
async fn a_new_revocation_list_changes_the_verdicts_that_it_touches_and_no_others() {
    let mut cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let _holder = cast.system(COMMUNE).await;
    let _outsider = cast.system(OTHER_COMMUNE).await;
    let [lost, stamped, other] = ["Mất khóa", "Có dấu thời gian", "Người khác"].map(|name| cast.signer(name, SignerKind::Person));
    let bare = send_by(&cast, &mut province, "1", &lost, false).await;
    let proved = send_by(&cast, &mut province, "2", &stamped, true).await;
    let untouched = send_by(&cast, &mut province, "3", &other, false).await;
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    for document in [&bare, &proved, &untouched] {
        assert_eq!(first(attachment_now(&issuer.report(document).await.unwrap())), PASSED);
    }
    let now = OffsetDateTime::now_utc();
    let revoked = [lost.serial_number().to_vec(), stamped.serial_number().to_vec()];
    let list = cast.pki.crl(&revoked, now - Duration::seconds(1), now + Duration::days(7)).unwrap();

    let preview = import(&cast, true, vec![entry("ca.crl", list.clone())]).await.unwrap();
    assert_eq!(preview.objects[0].outcome(), v1::TrustImport::Replaced);
    assert_eq!((preview.objects[0].others.len(), preview.touched_documents), (1, 2));
    let changed: Vec<_> = preview.documents.iter().filter(|document| !document.signatures.is_empty()).collect();
    let [document] = changed.as_slice() else { panic!("{changed:?}") };
    assert_eq!((&document.document, document.signatures[0].sub_indication_then.as_str()), (&bare, "REVOKED_NO_POE"));
    assert_eq!(document.signatures[0].verdict(), v1::Verdict::TotalPassed);
    assert_eq!(issuer.report(&bare).await.unwrap().attachments[0].changed, None, "a preview changes nothing");

    import(&cast, false, vec![entry("ca.crl", list.clone())]).await.unwrap();
    let changes = issuer.changes(1).await;
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(
        (&change.document, change.old_verdict(), change.new_sub_indication.as_str()),
        (&bare, v1::Verdict::TotalPassed, "REVOKED_NO_POE")
    );
    assert_eq!(change.cause, preview.objects[0].trust_object.as_ref().unwrap().name);
    let report = issuer.report(&bare).await.unwrap();
    assert_eq!(first(report.attachments[0].submitted.as_ref().unwrap()), PASSED, "the stored verdict stays");
    assert_eq!(first(attachment_now(&report)), (v1::Verdict::Indeterminate, "REVOKED_NO_POE"));
    assert!(!report.attachments[0].change_reason.is_empty());
    // It is counted a moment after it is recorded.
    let counted = "vanthu_verdict_changes_total{verdict=\"indeterminate\"} 1\n";
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    while !cast.hub.running().unwrap().metrics.page().contains(counted) {
        ticks.tick().await;
    }
    // The holder keeps its copy, and hears of it; who has nothing to do with it does not.
    let mut holder = cast.hub.connect("system-1").await.map(Verdicts::over).unwrap();
    assert_eq!(holder.changes(1).await, changes);
    let mut outsider = cast.hub.connect("system-2").await.map(Verdicts::over).unwrap();
    assert_eq!(outsider.changes(0).await, []);

    // A replay uses the list of then, and none of the evidence is missing.
    let replay = v1::ReJudgeDocumentRequest { name: bare.clone(), as_of_time: None, replay: true };
    let replayed = issuer.0.re_judge_document(replay).await.unwrap().into_inner();
    assert_eq!((replayed.replay_exact, replayed.missing_evidence.len()), (true, 0));
    assert_eq!(replayed.attachments[0].rejudged, replayed.attachments[0].submitted);
    assert!(!replayed.attachments[0].rejudged.as_ref().unwrap().signatures[0].evidence.is_empty());
    let today = issuer.rejudge(&bare, None).await.unwrap();
    assert_eq!(first(today.attachments[0].rejudged.as_ref().unwrap()), (v1::Verdict::Indeterminate, "REVOKED_NO_POE"));

    // The same list again changes nothing, and an earlier one is not taken.
    let again = import(&cast, false, vec![entry("ca.crl", list)]).await.unwrap();
    assert_eq!(again.objects[0].outcome(), v1::TrustImport::Unchanged);
    // Tables that are made anew are the same, and what is followed once more from the beginning is found unchanged.
    cast.hub.stop().await.unwrap();
    std::fs::remove_dir_all(cast.hub.home().join("data/tables")).unwrap();
    std::fs::remove_file(cast.hub.home().join("data/rejudge.cursor")).unwrap();
    cast.hub.serve().await.unwrap();
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    let fourth = send_by(&cast, &mut System::new(cast.hub.connect("system-0").await.unwrap(), PROVINCE), "4", &lost, false).await;
    assert_eq!(first(attachment_now(&issuer.report(&fourth).await.unwrap())).1, "REVOKED_NO_POE");
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    while !cast.hub.home().join("data/rejudge.cursor").exists() {
        ticks.tick().await;
    }
    assert_eq!(issuer.changes(1).await, changes);
    assert_eq!(issuer.report(&bare).await.unwrap(), report);
    for document in [&proved, &untouched] {
        assert_eq!(issuer.report(document).await.unwrap().attachments[0].changed, None);
    }
}

#[tokio::test]
async fn an_import_with_a_bad_entry_names_it_and_changes_nothing() {
    let cast = Cast::new().await;
    let before = trust_objects(&cast, "").await;
    let now = OffsetDateTime::now_utc();
    let list = cast.pki.crl(&[], now - Duration::minutes(1), now + Duration::days(1)).unwrap();
    let garbled =
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let entries = vec![entry("a.crl", list.clone()), entry("b.pem", garbled.to_vec()), entry("c.crl", list[1..].to_vec())];
    for validate_only in [true, false] {
        let refused = import(&cast, validate_only, entries.clone()).await.unwrap_err();
        assert_eq!(fields(&refused), ["entries[1].blocks[0]", "entries[1].blocks[1]", "entries[2]"]);
    }
    let mut anchor = entry("a.crl", list.clone());
    anchor.kind = v1::TrustKind::Anchor.into();
    assert_eq!(fields(&import(&cast, false, vec![anchor]).await.unwrap_err()), ["entries[0]"]);
    assert_eq!(trust_objects(&cast, "").await, before);
    assert_eq!(import(&cast, false, vec![entry("a.crl", list)]).await.unwrap().objects[0].outcome(), v1::TrustImport::Replaced);
    assert_ne!(trust_objects(&cast, "").await, before);
}

#[tokio::test]
async fn a_large_revocation_list_lies_in_the_vault_and_counts_after_a_restart() {
    let mut cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let lost = cast.signer("Mất khóa", SignerKind::Person);
    let mut revoked: Vec<Vec<u8>> = (0..8_000_u32).map(|n| [&[0x11; 12], n.to_be_bytes().as_slice()].concat()).collect();
    revoked.push(lost.serial_number().to_vec());
    let now = OffsetDateTime::now_utc();
    let list = cast.pki.crl(&revoked, now - Duration::seconds(1), now + Duration::days(7)).unwrap();
    assert!(list.len() > 200 << 10);
    let imported = import(&cast, false, vec![entry("lớn.crl", list.clone())]).await.unwrap();
    let name = imported.objects[0].trust_object.as_ref().unwrap().name.clone();
    let held = trust_objects(&cast, "").await.into_iter().find(|object| object.name == name).unwrap();
    assert_eq!((held.size_bytes, held.der.len()), (i64::try_from(list.len()).unwrap(), 0));
    let document = send_by(&cast, &mut province, "1", &lost, false).await;
    for _ in 0..2 {
        let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
        let now = issuer.rejudge(&document, None).await.unwrap();
        assert_eq!(first(now.attachments[0].rejudged.as_ref().unwrap()), (v1::Verdict::Indeterminate, "REVOKED_NO_POE"));
        cast.hub.stop().await.unwrap();
        cast.hub.serve().await.unwrap();
    }
    // A replay of a verdict whose list the vault has lost says what is missing.
    let replay = v1::ReJudgeDocumentRequest { name: document.clone(), as_of_time: None, replay: true };
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    let later = cast.pki.crl(&revoked, now - Duration::seconds(1), now + Duration::days(8)).unwrap();
    let larger = import(&cast, false, vec![entry("lớn hơn.crl", later)]).await.unwrap();
    assert_eq!(larger.objects[0].others, [name.as_str()]);
    let exact = issuer.0.re_judge_document(replay.clone()).await.unwrap().into_inner();
    assert_eq!((exact.replay_exact, exact.missing_evidence.len()), (true, 0));
    cast.hub.stop().await.unwrap();
    let hex = name.trim_start_matches("trust/");
    let lost_file = cast.hub.home().join(format!("data/payloads/objects/{}/{hex}", &hex[..2]));
    std::fs::rename(&lost_file, cast.hub.home().join("lost")).unwrap();
    cast.hub.serve().await.unwrap();
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    let inexact = issuer.0.re_judge_document(replay).await.unwrap().into_inner();
    let missing: Vec<_> = inexact.missing_evidence.iter().map(|one| (one.kind(), one.sha256.to_vec())).collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, &list).as_ref().to_vec();
    assert_eq!((inexact.replay_exact, missing), (false, vec![(v1::EvidenceKind::RevocationList, digest)]));
    std::fs::rename(cast.hub.home().join("lost"), lost_file).unwrap();

    // The same bytes as a payload that is recalled: the trust object keeps them.
    let mut province = System::new(cast.hub.connect("system-0").await.unwrap(), PROVINCE);
    let payload = province.upload(&list).await.unwrap();
    let letter = province.letter("2", "V/v danh sách", &payload);
    let sent = province.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap();
    let recall = v1::RecallDocumentRequest { request_id: "r".into(), name: sent.document.unwrap().name, reason: "nhầm".into() };
    province.documents.recall_document(recall).await.unwrap();
    let cursor = cast.hub.home().join("data/eraser.cursor");
    let erased = || std::fs::read_to_string(&cursor).ok().and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or_default();
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    while erased() <= sent.journal_seq {
        ticks.tick().await;
    }
    cast.hub.stop().await.unwrap();
    cast.hub.serve().await.unwrap();
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    let replay = v1::ReJudgeDocumentRequest { name: document.clone(), as_of_time: None, replay: true };
    assert!(issuer.0.re_judge_document(replay).await.unwrap().into_inner().replay_exact);
}

#[tokio::test]
async fn a_document_that_waits_for_a_revocation_list_is_decided_when_it_comes() {
    let hub = HubBox::start().await.unwrap();
    let cast = Cast::without_trust(hub).await;
    let mut province = cast.system(PROVINCE).await;
    let signer = cast.signer("Nguyễn Văn Ví Dụ", SignerKind::Person);
    let document = send_by(&cast, &mut province, "1", &signer, true).await;
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    assert_eq!(first(attachment_now(&issuer.report(&document).await.unwrap())).1, "NO_CERTIFICATE_CHAIN_FOUND");
    let mut anchor = entry("root.cer", cast.pki.root_der().to_vec());
    anchor.kind = v1::TrustKind::Anchor.into();
    import(&cast, false, vec![anchor, entry("ca.cer", cast.pki.intermediate_der().to_vec())]).await.unwrap();
    let changes = issuer.changes(1).await;
    assert_eq!(
        (changes[0].old_sub_indication.as_str(), changes[0].new_sub_indication.as_str()),
        ("NO_CERTIFICATE_CHAIN_FOUND", "TRY_LATER")
    );
    let now = OffsetDateTime::now_utc();
    let (begin, end) = (now - Duration::hours(1), now + Duration::days(7));
    let lists = [cast.pki.root_crl(&[], begin, end).unwrap(), cast.pki.crl(&[], begin, end).unwrap()];
    import(&cast, false, lists.map(|list| entry("", list)).to_vec()).await.unwrap();
    let changes = issuer.changes(2).await;
    assert_eq!((changes[1].old_sub_indication.as_str(), changes[1].new_verdict()), ("TRY_LATER", v1::Verdict::TotalPassed));
    assert_eq!(first(attachment_now(&issuer.report(&document).await.unwrap())), PASSED);
}

/// A file of the shared corpora, which are beside the project and not part of it.
fn corpus(path: &str) -> Option<Vec<u8>> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora").join(path);
    std::fs::read(file).ok()
}

#[tokio::test]
async fn signatures_of_every_format_are_judged_on_submission() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let at = OffsetDateTime::now_utc() - Duration::minutes(1);
    let table = b"a;b\n1;2\n".to_vec();
    let mut options = CmsOptions::at(at);
    options.timestamp = Some((cast.pki.tsa(), at));
    let p7s = sign_detached(&table, &cast.signer("Nguyễn Văn Ví Dụ", SignerKind::Person), &options).unwrap();
    let armoured = format!("-----BEGIN PKCS7-----\n{}\n-----END PKCS7-----\n", base64(&p7s)).into_bytes();
    let mut files = vec![
        (cast.signed("Công văn"), v1::AttachmentRole::Main, "PDF"),
        (table.clone(), v1::AttachmentRole::Appendix, ""),
        (p7s, v1::AttachmentRole::DetachedSignature, "CMS"),
        (armoured, v1::AttachmentRole::DetachedSignature, "CMS"),
    ];
    let mut skipped = 0;
    for (path, kind) in [("dss-asic-xades/onefile-ok.asice", "XAdES"), ("xades-signxml/document.signed.bes.ptcc.xml", "XAdES")] {
        match corpus(path) {
            Some(bytes) => files.push((bytes, v1::AttachmentRole::Appendix, kind)),
            None => skipped += 1,
        }
    }
    println!("{skipped} files of the shared corpora are not at hand");
    let mut letter = province.letter("1", "V/v mọi loại chữ ký", "");
    letter.attachments.clear();
    for (index, (bytes, role, _)) in files.iter().enumerate() {
        let payload = province.upload(bytes).await.unwrap();
        // The names promise nothing.
        let file_name = format!("{index}.dat");
        letter.attachments.push(v1::Attachment { payload, file_name, role: (*role).into(), ..Default::default() });
    }
    let document = province.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap().name;
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    let report = issuer.report(&document).await.unwrap();
    for ((_, _, kind), attachment) in files.iter().zip(&report.attachments) {
        let judged = attachment.submitted.as_ref().unwrap();
        match *kind {
            "" => assert!(judged.signatures.is_empty() && judged.faults.is_empty(), "{judged:?}"),
            "XAdES" => {
                // Nobody here trusts their signers; what they cover is told.
                assert_eq!(
                    (first(judged).0, judged.signatures[0].sub_filter.as_str()),
                    (v1::Verdict::Indeterminate, "XAdES"),
                    "{judged:?}"
                );
                assert!(!judged.signatures[0].covers.is_empty(), "{judged:?}");
            }
            _ => assert_eq!(first(judged), PASSED, "{judged:?}"),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letter = |place: usize| LETTERS[(bits >> (18 - 6 * place) & 63) as usize] as char;
        (0..4).map(|place| if place <= three.len() { letter(place) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[tokio::test]
async fn an_ocsp_response_is_imported_by_its_content_and_listed() {
    let Some(response) = corpus("ocsp-misc/sha1-certid-ocsp-res.der") else { return println!("1 file skipped") };
    let cast = Cast::new().await;
    let imported = import(&cast, false, vec![entry("r.der", response.clone())]).await.unwrap();
    let object = imported.objects[0].trust_object.clone().unwrap();
    assert_eq!((object.kind(), imported.objects[0].outcome()), (v1::TrustKind::OcspResponse, v1::TrustImport::Added));
    assert!(trust_objects(&cast, "OCSP RESPONSE").await.iter().any(|listed| listed.name == object.name));
    assert_eq!(trust_objects(&cast, "nobody of this name").await, []);
    // tryLater is no answer.
    if let Some(refusal) = corpus("ocsp-misc/ocsp-try-later.der") {
        let mut stated = entry("r.der", refusal);
        stated.kind = v1::TrustKind::OcspResponse.into();
        assert_eq!(fields(&import(&cast, false, vec![stated]).await.unwrap_err()), ["entries[0]"]);
    }
}

#[tokio::test]
async fn an_ocsp_response_decides_about_its_certificate_and_no_other() {
    let cast = Cast::without_trust(HubBox::start().await.unwrap()).await;
    let mut province = cast.system(PROVINCE).await;
    let now = OffsetDateTime::now_utc();
    let (begin, end) = (now - Duration::hours(1), now + Duration::days(7));
    let mut anchor = entry("root.cer", cast.pki.root_der().to_vec());
    anchor.kind = v1::TrustKind::Anchor.into();
    let root_list = cast.pki.root_crl(&[], begin, end).unwrap();
    import(&cast, false, vec![anchor, entry("ca.cer", cast.pki.intermediate_der().to_vec()), entry("root.crl", root_list)]).await.unwrap();
    let [good, bad, silent] = ["Tốt", "Thu hồi", "Chưa rõ"].map(|name| cast.signer(name, SignerKind::Person));
    let mut sent = Vec::new();
    for (number, signer) in [("1", &good), ("2", &bad), ("3", &silent)] {
        sent.push(send_by(&cast, &mut province, number, signer, false).await);
    }
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    for document in &sent {
        assert_eq!(first(attachment_now(&issuer.report(document).await.unwrap())).1, "TRY_LATER");
    }
    let responses = [
        cast.pki.ocsp(&good, None, now - Duration::seconds(30), end).unwrap(),
        cast.pki.ocsp(&bad, Some(now - Duration::seconds(40)), now - Duration::seconds(30), end).unwrap(),
    ];
    let imported = import(&cast, false, responses.map(|response| entry("", response)).to_vec()).await.unwrap();
    assert!(imported.objects.iter().all(|one| one.trust_object.as_ref().unwrap().kind() == v1::TrustKind::OcspResponse));
    let mut changes = issuer.changes(2).await;
    changes.sort_by_key(|change| sent.iter().position(|document| *document == change.document));
    let told: Vec<_> = changes.iter().map(|change| (change.document.clone(), change.new_sub_indication.as_str())).collect();
    assert_eq!(told, [(sent[0].clone(), ""), (sent[1].clone(), "REVOKED_NO_POE")]);
    assert_eq!(issuer.report(&sent[2]).await.unwrap().attachments[0].changed, None);
    // Without the response the verdict is open again.
    let name = imported.objects[0].trust_object.as_ref().unwrap().name.clone();
    let mut trust = TrustServiceClient::new(cast.hub.connect("admin").await.unwrap());
    trust.remove_trust_object(v1::RemoveTrustObjectRequest { name: name.clone() }).await.unwrap();
    let last = issuer.changes(3).await.pop().unwrap();
    assert_eq!((last.document, last.new_sub_indication.as_str(), last.cause), (sent[0].clone(), "TRY_LATER", name));
}

/// The serial number of a certificate whose outer lengths take two bytes each (RFC 5280, 4.1: it follows the version).
fn serial_of(certificate: &[u8]) -> Vec<u8> {
    assert_eq!((certificate[1], certificate[5], &certificate[8..14]), (0x82, 0x82, &[0xa0, 3, 2, 1, 2, 2][..]));
    let length = usize::from(certificate[14]);
    certificate[15..15 + length].iter().copied().skip_while(|byte| *byte == 0).collect()
}

#[tokio::test]
async fn a_revoked_authority_touches_all_whom_it_certified() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let mut sent = Vec::new();
    for (number, name) in [("1", "Một"), ("2", "Hai")] {
        let signer = cast.signer(name, SignerKind::Person);
        sent.push(send_by(&cast, &mut province, number, &signer, false).await);
    }
    let mut issuer = cast.hub.connect("system-0").await.map(Verdicts::over).unwrap();
    let now = OffsetDateTime::now_utc();
    let revoked = [serial_of(cast.pki.intermediate_der())];
    let list = cast.pki.root_crl(&revoked, now - Duration::seconds(1), now + Duration::days(7)).unwrap();
    let preview = import(&cast, true, vec![entry("root.crl", list.clone())]).await.unwrap();
    assert_eq!((preview.touched_documents, preview.documents.len()), (2, 2));
    import(&cast, false, vec![entry("root.crl", list)]).await.unwrap();
    let changes = issuer.changes(2).await;
    for document in &sent {
        let change = changes.iter().find(|change| change.document == *document).unwrap();
        assert_eq!((change.old_verdict(), change.new_sub_indication.as_str()), (v1::Verdict::TotalPassed, "REVOKED_CA_NO_POE"));
    }
}

#[tokio::test]
async fn pages_of_large_trust_objects_end_before_they_outgrow_a_message() {
    let cast = Cast::new().await;
    let now = OffsetDateTime::now_utc();
    let mut trust = TrustServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let revoked: Vec<Vec<u8>> = (0..950_u32).map(|n| [&[0x11; 12], n.to_be_bytes().as_slice()].concat()).collect();
    for days in 1..=28 {
        let der = cast.pki.crl(&revoked, now - Duration::hours(1), now + Duration::days(days)).unwrap();
        let object = v1::TrustObject { kind: v1::TrustKind::RevocationList.into(), der: der.into(), ..Default::default() };
        trust.add_trust_object(v1::AddTrustObjectRequest { trust_object: Some(object) }).await.unwrap();
    }
    let (mut request, mut names) = (v1::ListTrustObjectsRequest { page_size: 1_000, ..Default::default() }, Vec::new());
    let mut pages = 0;
    loop {
        let page = trust.list_trust_objects(request.clone()).await.unwrap().into_inner();
        pages += 1;
        assert!(page.trust_objects.iter().map(|object| object.der.len()).sum::<usize>() <= 1 << 20);
        names.extend(page.trust_objects.into_iter().map(|object| object.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let sorted: std::collections::BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!((names.len(), sorted.len(), pages), (32, 32, 2));
}
