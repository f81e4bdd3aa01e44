//! Watching: each change once and in order, over reconnects and restarts; hasty documents first; the revoked are cut off.

use std::collections::BTreeSet;
use std::time::Duration;

use api::v1;
use api::v1::principal_service_client::PrincipalServiceClient;
use testkit::system::{System, to_agency};
use tokio::time::timeout;
use tonic::Streaming;

use crate::cast::{COMMUNE, Cast, PROVINCE};

/// Long enough for a busy machine; only a hub that tells nothing waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

async fn next(stream: &mut Streaming<v1::DeliveryChange>) -> v1::DeliveryChange {
    timeout(PATIENCE, stream.message()).await.expect("a change within the patience").unwrap().expect("the stream goes on")
}

fn number(change: &v1::DeliveryChange) -> String {
    change.document.as_ref().unwrap().number.clone()
}

#[tokio::test]
async fn a_watch_that_breaks_and_a_hub_that_restarts_tell_every_change_once_and_in_order() {
    let mut cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let mut told = Vec::new();
    let mut token = String::new();
    for round in 0..3 {
        for i in 0..4 {
            cast.send(&mut province, &format!("{}", round * 4 + i + 1), vec![to_agency(COMMUNE)]).await;
        }
        let mut stream = commune.watch(&token).await.unwrap();
        // One change is left over each time: the next watch begins with it.
        for _ in 0..3 {
            let change = next(&mut stream).await;
            told.push(number(&change));
            token = change.resume_token;
        }
        drop(stream);
        if round == 1 {
            cast.hub.stop().await.unwrap();
            cast.hub.serve().await.unwrap();
            province = System::new(cast.hub.connect("system-0").await.unwrap(), PROVINCE);
            commune = System::new(cast.hub.connect("system-1").await.unwrap(), COMMUNE);
        }
    }
    let mut stream = commune.watch(&token).await.unwrap();
    for _ in 0..3 {
        told.push(number(&next(&mut stream).await));
    }
    let expected: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
    assert_eq!(told, expected);
    assert!(timeout(Duration::from_millis(300), stream.message()).await.is_err(), "nothing is told twice");
}

#[tokio::test]
async fn urgent_documents_go_ahead_of_those_that_wait() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await;
    let payload = province.upload(&cast.signed("Hoa toc")).await.unwrap();
    let mut flood = province.letter("2", "Công điện phòng, chống lũ", &payload);
    flood.kind = "cong-dien".into();
    flood.urgency = v1::Urgency::Express.into();
    province.submit(flood, vec![to_agency(COMMUNE)]).await.unwrap();
    let mut stream = commune.watch("").await.unwrap();
    assert_eq!([number(&next(&mut stream).await), number(&next(&mut stream).await)], ["2", "1"]);
}

#[tokio::test]
async fn a_slow_reader_holds_up_nobody_and_misses_nothing() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let mut slow = commune.watch("").await.unwrap();
    let mut other = cast.system(crate::cast::OTHER_COMMUNE).await;
    let mut quick = other.watch("").await.unwrap();
    for n in 1..=40 {
        cast.send(&mut province, &n.to_string(), vec![to_agency(COMMUNE), to_agency(crate::cast::OTHER_COMMUNE)]).await;
        assert_eq!(number(&next(&mut quick).await), n.to_string(), "the quick reader has it at once");
    }
    let mut seen = BTreeSet::new();
    for n in 1..=40 {
        let change = next(&mut slow).await;
        assert_eq!(number(&change), n.to_string());
        assert!(seen.insert(change.resume_token));
    }
}

#[tokio::test]
async fn the_sender_watches_what_becomes_of_its_documents() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap().name;
    let request = v1::WatchDocumentsRequest { agency: province.agency.clone(), ..Default::default() };
    let mut stream = province.documents.watch_documents(request).await.unwrap().into_inner();
    commune.report(&sent, v1::DeliveryStatus::Accepted, "").await.unwrap();
    let mut kinds = Vec::new();
    while kinds.last() != Some(&"reported") {
        let change = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap();
        assert_eq!(change.document.unwrap().name, sent);
        kinds.push(match change.step.unwrap().kind.unwrap() {
            v1::step::Kind::Submitted(_) => "submitted",
            v1::step::Kind::Sent(_) => "sent",
            v1::step::Kind::Reported(_) => "reported",
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(kinds, ["submitted", "sent", "reported"]);
}

#[tokio::test]
async fn a_revoked_principal_is_cut_off_and_its_streams_end_without_a_restart() {
    let cast = Cast::new().await;
    let mut commune = cast.system(COMMUNE).await;
    let mut stream = commune.watch("").await.unwrap();
    let mut admin = PrincipalServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let request = v1::RevokePrincipalRequest { name: "principals/system-0".into(), reason: "Máy bị mất".into() };
    admin.revoke_principal(request).await.unwrap();
    let ended = timeout(PATIENCE, stream.message()).await.expect("the stream ends").unwrap_err();
    assert_eq!(ended.code(), tonic::Code::Unauthenticated);
    let refused = commune.watch("").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
}

#[tokio::test]
async fn a_credential_taken_away_ends_the_streams_that_began_with_it() {
    let cast = Cast::new().await;
    let mut commune = cast.system(COMMUNE).await;
    let mut stream = commune.watch("").await.unwrap();
    let mut admin = PrincipalServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let uri = |uri: &str| vec![v1::Credential { kind: Some(v1::credential::Kind::Uri(uri.into())) }];
    let request = v1::RotateCredentialsRequest {
        name: "principals/system-0".into(),
        add: uri("vanthu://principal/khac"),
        remove: uri("vanthu://principal/system-0"),
    };
    admin.rotate_credentials(request).await.unwrap();
    let ended = timeout(PATIENCE, stream.message()).await.expect("the stream ends").unwrap_err();
    assert_eq!(ended.code(), tonic::Code::Unauthenticated);
}
