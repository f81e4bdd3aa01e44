//! Verdicts on signatures: of uploads, of documents, then and now.

use api::v1;
use api::v1::signature_service_client::SignatureServiceClient;
use testkit::cms::{Options as CmsOptions, sign_detached};
use testkit::pki::SignerKind;
use testkit::system::to_agency;
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
        let request = v1::ReJudgeDocumentRequest { name: document.into(), as_of_time };
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
    for unsigned in [&text, &p7s, &hostile, &xml] {
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
