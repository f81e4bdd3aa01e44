//! Uploads survive a broken line and a restart of the hub; what is declared is what is stored.

use api::v1;
use testkit::system::CHUNK;

use crate::cast::{COMMUNE, Cast, PROVINCE, reason};

#[tokio::test]
async fn an_upload_goes_on_where_the_hub_had_got_to_even_over_a_restart() {
    let mut cast = Cast::new().await;
    let mut commune = cast.system(COMMUNE).await;
    let bytes = cast.signed_with("Lon", 3 * CHUNK);
    let upload = commune.start_upload(&bytes).await.unwrap();
    let written = commune.write_upload(&upload.name, 0, &bytes[..2 * CHUNK]).await.unwrap();
    assert_eq!(written.committed_bytes, 2 * CHUNK as i64);

    cast.hub.stop().await.unwrap();
    cast.hub.serve().await.unwrap();
    let mut commune = testkit::system::System::new(cast.hub.connect("system-0").await.unwrap(), COMMUNE);
    let request = v1::GetUploadRequest { name: upload.name.clone() };
    let status = commune.payloads.get_upload(request).await.unwrap().into_inner();
    assert_eq!(status.committed_bytes, 2 * CHUNK as i64, "no finished chunk is lost");

    let wrong = commune.write_upload(&upload.name, CHUNK, &bytes).await.unwrap_err();
    assert_eq!((wrong.code(), reason(&wrong)), (tonic::Code::Aborted, "UPLOAD_OFFSET".into()));
    commune.write_upload(&upload.name, 2 * CHUNK, &bytes).await.unwrap();
    let payload = commune.payloads.finish_upload(v1::FinishUploadRequest { name: upload.name }).await.unwrap().into_inner();
    assert_eq!(commune.download(&payload.name, "").await.unwrap(), bytes);
}

#[tokio::test]
async fn bytes_that_are_not_those_declared_are_refused() {
    let cast = Cast::new().await;
    let mut commune = cast.system(COMMUNE).await;
    let upload = commune.start_upload(b"what was declared").await.unwrap();
    commune.write_upload(&upload.name, 0, b"what was sended!!").await.unwrap();
    let refused = commune.payloads.finish_upload(v1::FinishUploadRequest { name: upload.name }).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (tonic::Code::InvalidArgument, "CONTENT_MISMATCH".into()));

    let upload = commune.start_upload(b"twelve bytes").await.unwrap();
    commune.write_upload(&upload.name, 0, b"six by").await.unwrap();
    let refused = commune.payloads.finish_upload(v1::FinishUploadRequest { name: upload.name.clone() }).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (tonic::Code::FailedPrecondition, "UPLOAD_INCOMPLETE".into()));
    let refused = commune.write_upload(&upload.name, 6, b"six bytes and many more").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (tonic::Code::InvalidArgument, "UPLOAD_TOO_LONG".into()));
}

#[tokio::test]
async fn a_payload_larger_than_the_limit_is_refused_before_a_byte_is_sent() {
    let cast = Cast::new().await;
    let mut commune = cast.system(COMMUNE).await;
    let request = v1::StartUploadRequest { size_bytes: (200 << 20) + 1, ..Default::default() };
    let refused = commune.payloads.start_upload(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert_eq!(crate::cast::fields(&refused), ["size_bytes"]);
}

#[tokio::test]
async fn the_same_bytes_need_no_second_upload_and_nobody_else_learns_of_them() {
    let cast = Cast::new().await;
    let (mut commune, mut province) = (cast.system(COMMUNE).await, cast.system(PROVINCE).await);
    let bytes = cast.signed("Mot");
    let name = commune.upload(&bytes).await.unwrap();
    let sha256 = ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref().to_vec();
    let find = || v1::FindPayloadRequest { sha256: sha256.clone().into() };
    assert_eq!(commune.payloads.find_payload(find()).await.unwrap().into_inner().name, name);
    let there = province.payloads.find_payload(find()).await.unwrap_err();
    let nowhere = province.payloads.find_payload(v1::FindPayloadRequest { sha256: vec![7; 32].into() }).await.unwrap_err();
    assert_eq!((there.code(), there.message()), (nowhere.code(), nowhere.message()));
    assert_eq!(province.download(&name, "").await.unwrap_err().code(), tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn a_payload_is_read_from_an_offset() {
    let cast = Cast::new().await;
    let mut commune = cast.system(COMMUNE).await;
    let bytes: Vec<u8> = (0..CHUNK + 1000).map(|i| (i % 251) as u8).collect();
    let name = commune.upload(&bytes).await.unwrap();
    let request = v1::ReadPayloadRequest { name, offset_bytes: CHUNK as i64 - 10, limit_bytes: 20, ..Default::default() };
    let mut stream = commune.payloads.read_payload(request).await.unwrap().into_inner();
    let mut read = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        if let Some(v1::read_payload_response::Content::Chunk(chunk)) = message.content {
            read.extend_from_slice(&chunk);
        }
    }
    assert_eq!(read, bytes[CHUNK - 10..CHUNK + 10]);
}
