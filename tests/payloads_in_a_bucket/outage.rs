//! The bucket's server goes away while the hub serves: calls that need it are told so, the others go on, and all is well again
//! when it is back.

use std::time::{Duration, Instant};

use api::v1;
use testkit::system::{System, to_agency};
use tonic::{Code, Status};

use crate::bucket::Bucket;
use crate::stored::{page, recall, wait_until_erased};
use crate::{COMMUNE, PROVINCE, bytes, hub, object_of, reason};

fn assert_unavailable(refused: &Status) {
    println!("{}", refused.message());
    assert_eq!((refused.code(), reason(refused)), (Code::Unavailable, "PAYLOADS_UNAVAILABLE".to_owned()), "{refused:?}");
    assert!(refused.message().contains("the store of payloads does not answer now"), "{}", refused.message());
}

async fn finish(system: &mut System, upload: &str) -> Result<v1::Payload, Status> {
    Ok(system.payloads.finish_upload(v1::FinishUploadRequest { name: upload.into() }).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server"]
async fn while_the_server_is_down_the_hub_serves_and_goes_on_when_it_is_back() {
    let Some(mut bucket) = Bucket::start() else { return };
    let hub = hub(bucket.s3()).await.unwrap();
    let (mut province, mut commune) = (hub.system(&[PROVINCE]).await.unwrap(), hub.system(&[COMMUNE]).await.unwrap());
    let (recalled, later) = (page("Truoc"), page("Sau"));
    let first = province.upload(&recalled).await.unwrap();
    let letter = province.letter("1", "V/v mất điện", &first);
    let sent = province.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap();
    let unjudged = province.upload(&later).await.unwrap();

    bucket.kill();
    // Chunks go to the spool in the home; only the finish needs the bucket.
    let large = bytes(5, 12 << 20);
    let mut uploads = Vec::new();
    for content in [&large[..100 << 10], &large] {
        let upload = province.start_upload(content).await.unwrap();
        province.write_upload(&upload.name, 0, content).await.unwrap();
        let begun = Instant::now();
        assert_unavailable(&finish(&mut province, &upload.name).await.unwrap_err());
        println!("told after {:?}", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(30));
        uploads.push(upload.name);
    }
    assert_unavailable(&province.download(&first, "").await.unwrap_err());
    let letter = province.letter("2", "V/v chưa đọc được", &unjudged);
    assert_unavailable(&province.submit(letter.clone(), vec![to_agency(COMMUNE)]).await.unwrap_err());
    // What needs no payload goes on; the bytes of the recalled one wait for their erasure.
    recall(&mut province, &mut commune, &sent.name).await;
    let document = province.documents.get_document(v1::GetDocumentRequest { name: sent.name }).await.unwrap().into_inner();
    assert_eq!(document.state(), v1::DocumentState::Recalled);

    bucket.serve();
    wait_until_erased(&bucket, &recalled).await;
    for upload in &uploads {
        finish(&mut province, upload).await.unwrap();
    }
    province.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap();
    let mut expected: Vec<_> = [&large[..100 << 10], &large, &later].map(|content| (object_of(content), content.len() as u64)).into();
    expected.sort();
    assert_eq!(bucket.objects(), expected);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server, and waits for a request's limit of 30 s"]
async fn a_server_that_hangs_is_told_before_the_call_is_over() {
    let Some(bucket) = Bucket::start() else { return };
    let hub = hub(bucket.s3()).await.unwrap();
    let mut province = hub.system(&[PROVINCE]).await.unwrap();
    let content = bytes(6, 100 << 10);
    let upload = province.start_upload(&content).await.unwrap();
    province.write_upload(&upload.name, 0, &content).await.unwrap();
    bucket.signal("-STOP");
    let begun = Instant::now();
    assert_unavailable(&finish(&mut province, &upload.name).await.unwrap_err());
    println!("told after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(60));
    bucket.signal("-CONT");
    let payload = finish(&mut province, &upload.name).await.unwrap();
    assert_eq!(province.download(&payload.name, "").await.unwrap(), content);
}
