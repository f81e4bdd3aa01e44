//! What is uploaded lies in the bucket, once, and comes back whole, in part, and not after it was recalled.

use std::time::{Duration, Instant};

use api::v1;
use testkit::system::{CHUNK, System, to_agency};
use tonic::Code;

use crate::bucket::{Bucket, Tls};
use crate::{COMMUNE, PROVINCE, bytes, hub, object_of};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server"]
async fn a_payload_lies_in_the_bucket_once_and_comes_back_from_any_offset() {
    let Some(bucket) = Bucket::start() else { return };
    let hub = hub(bucket.s3()).await.unwrap();
    let (mut province, mut commune) = (hub.system(&[PROVINCE]).await.unwrap(), hub.system(&[COMMUNE]).await.unwrap());
    assert_eq!(bucket.objects(), [], "the probe at the start leaves nothing behind");

    let small = bytes(1, 100 << 10);
    let name = province.upload(&small).await.unwrap();
    assert_eq!(bucket.objects(), [(object_of(&small), 102_400)]);
    assert_eq!(province.download(&name, "").await.unwrap(), small);

    // Two parts of 8 MiB and 4 MiB.
    let large = bytes(2, 12 << 20);
    let begun = Instant::now();
    let name = province.upload(&large).await.unwrap();
    let up = begun.elapsed();
    let begun = Instant::now();
    assert!(province.download(&name, "").await.unwrap() == large);
    println!("12 MiB up {}, down {}", rate(large.len(), up), rate(large.len(), begun.elapsed()));
    assert!(bucket.objects().contains(&(object_of(&large), 12 << 20)));
    for (offset, length) in
        [(0, 1), (8 << 20, 20), ((8 << 20) - 10, 20), ((1 << 20) - 1, (1 << 20) + 2), ((12 << 20) - 7, 7), (12 << 20, 0)]
    {
        assert!(read(&mut province, &name, offset, 0).await == large[offset..], "from {offset}");
        if length > 0 {
            assert!(read(&mut province, &name, offset, length).await == large[offset..offset + length], "{length} from {offset}");
        }
    }

    // Once more by the same caller, and by another.
    assert_eq!(province.upload(&large).await.unwrap(), name);
    assert_eq!(commune.upload(&large).await.unwrap(), name);
    assert_eq!(bucket.objects().len(), 2);
    assert!(!holds_a_file(&hub.home().join("data/payloads")), "neither objects nor spools lie in the home");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server"]
async fn a_broken_upload_goes_on_over_a_restart_of_the_hub() {
    let Some(bucket) = Bucket::start() else { return };
    let mut hub = hub(bucket.s3()).await.unwrap();
    let mut province = hub.system(&[PROVINCE]).await.unwrap();
    let content = bytes(3, 10 << 20);
    let upload = province.start_upload(&content).await.unwrap();
    let half = 20 * CHUNK;
    province.write_upload(&upload.name, 0, &content[..half]).await.unwrap();
    hub.stop().await.unwrap();
    assert_eq!(bucket.objects(), [], "an unfinished upload is nothing to the bucket");
    hub.serve().await.unwrap();
    let mut province = System::new(hub.connect("system-0").await.unwrap(), PROVINCE);
    let status = province.payloads.get_upload(v1::GetUploadRequest { name: upload.name.clone() }).await.unwrap().into_inner();
    assert_eq!(status.committed_bytes, half as i64);
    province.write_upload(&upload.name, half, &content).await.unwrap();
    let finish = v1::FinishUploadRequest { name: upload.name };
    let payload = province.payloads.finish_upload(finish.clone()).await.unwrap().into_inner();
    assert_eq!(province.payloads.finish_upload(finish).await.unwrap().into_inner(), payload, "finishing again changes nothing");
    assert!(province.download(&payload.name, "").await.unwrap() == content);
    assert_eq!(bucket.objects(), [(object_of(&content), 10 << 20)]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server"]
async fn a_recall_erases_the_object() {
    let Some(bucket) = Bucket::start() else { return };
    let hub = hub(bucket.s3()).await.unwrap();
    let (mut province, mut commune) = (hub.system(&[PROVINCE]).await.unwrap(), hub.system(&[COMMUNE]).await.unwrap());
    let (recalled, kept) = (page("Thu hoi"), page("Giu lai"));
    let mut sent = Vec::new();
    for (number, content) in [("1", &recalled), ("2", &kept)] {
        let payload = province.upload(content).await.unwrap();
        let letter = province.letter(number, "V/v thu hồi", &payload);
        sent.push(province.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap());
    }
    assert_eq!(bucket.objects().len(), 2);
    recall(&mut province, &mut commune, &sent[0].name).await;
    wait_until_erased(&bucket, &recalled).await;
    assert_eq!(bucket.objects(), [(object_of(&kept), kept.len() as u64)]);
    let gone = province.download(&sent[0].attachments[0].payload, "").await.unwrap_err();
    assert_eq!(gone.code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server"]
async fn a_bucket_behind_tls_by_an_inner_authority_is_used_if_the_authority_is_named() {
    // The certificate of another home serves, for 127.0.0.1 and by an authority that no system knows.
    let other = tempfile::tempdir().unwrap();
    hub::home::init(other.path(), &[]).unwrap();
    let (certificate, key) = (other.path().join("tls/hub.pem"), other.path().join("tls/hub.key"));
    let Some(bucket) = Bucket::start_with(Some(Tls { certificate: &certificate, key: &key })) else { return };
    let refused = hub(bucket.s3()).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("payloads.s3.authorities"), "{refused}");

    let mut s3 = bucket.s3();
    s3.authorities = other.path().join("tls/client-ca.pem");
    let hub = hub(s3).await.unwrap();
    let mut province = hub.system(&[PROVINCE]).await.unwrap();
    let content = bytes(4, 9 << 20);
    let name = province.upload(&content).await.unwrap();
    assert!(province.download(&name, "").await.unwrap() == content);
    assert_eq!(bucket.objects(), [(object_of(&content), 9 << 20)]);
}

/// An unsigned page.
pub(crate) fn page(text: &str) -> Vec<u8> {
    testkit::pdf::Draft { title: text.into(), lines: vec![text.into()], pages: 1, padding_bytes: 0 }.build()
}

/// Recalls a document that its one recipient gives back.
pub(crate) async fn recall(issuer: &mut System, holder: &mut System, document: &str) {
    holder.report(document, v1::DeliveryStatus::Accepted, "").await.unwrap();
    let request = v1::RecallDocumentRequest { request_id: issuer.request_id(), name: document.into(), reason: "Gửi nhầm".into() };
    issuer.documents.recall_document(request).await.unwrap();
    holder.report(document, v1::DeliveryStatus::TakeBackAgreed, "").await.unwrap();
}

pub(crate) async fn wait_until_erased(bucket: &Bucket, content: &[u8]) {
    let begun = Instant::now();
    while bucket.objects().iter().any(|(name, _)| *name == object_of(content)) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the object still lies in the bucket");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub(crate) fn rate(length: usize, time: Duration) -> String {
    format!("{:.0} MB/s", length as f64 / 1e6 / time.as_secs_f64())
}

async fn read(system: &mut System, name: &str, offset: usize, limit: usize) -> Vec<u8> {
    let request =
        v1::ReadPayloadRequest { name: name.into(), offset_bytes: offset as i64, limit_bytes: limit as i64, ..Default::default() };
    let mut stream = system.payloads.read_payload(request).await.unwrap().into_inner();
    let mut read = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        if let Some(v1::read_payload_response::Content::Chunk(chunk)) = message.content {
            read.extend_from_slice(&chunk);
        }
    }
    read
}

/// Whether a file other than the records of uploads lies anywhere below.
fn holds_a_file(dir: &std::path::Path) -> bool {
    std::fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { holds_a_file(&path) } else { path.extension().is_none_or(|extension| extension != "upload") }
    })
}
