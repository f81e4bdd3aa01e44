//! kill -9 while documents are judged again: every verdict that changed is told, once, and the tables are the journal's.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use api::v1;
use api::v1::import_trust_objects_request::Content;
use api::v1::signature_service_client::SignatureServiceClient;
use api::v1::trust_service_client::TrustServiceClient;
use testkit::pdf::{Draft, SignOptions, sign};
use testkit::pki::{KeyKind, Pki, SignerKind, SignerRequest};
use testkit::system::to_agency;
use time::{Duration as Span, OffsetDateTime};

use crate::home::{COMMUNE, Prepared, Served, assert_tables_are_the_journals, province};

/// Documents of one signer.
const DOCUMENTS: usize = 16;

async fn import(home: &Path, address: &str, objects: Vec<(v1::TrustKind, Vec<u8>)>) {
    let admin = hub::client::connect(home, address, hub::home::FIRST_ADMIN).await.unwrap();
    let entries = objects
        .into_iter()
        .map(|(kind, content)| Content::Entry(v1::ImportTrustEntry { kind: kind.into(), content: content.into(), ..Default::default() }));
    let contents = std::iter::once(Content::Head(v1::ImportTrustHead::default())).chain(entries);
    let messages: Vec<_> = contents.map(|content| v1::ImportTrustObjectsRequest { content: Some(content) }).collect();
    TrustServiceClient::new(admin).import_trust_objects(tokio_stream::iter(messages)).await.unwrap();
}

/// How often the verdict on each document changed, once there are so many changes.
async fn changes(home: &Path, address: &str, count: usize) -> BTreeMap<String, usize> {
    let channel = hub::client::connect(home, address, "system-0").await.unwrap();
    let mut client = SignatureServiceClient::new(channel);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        let request = v1::ListVerdictChangesRequest { page_size: 1_000, ..Default::default() };
        let changes = client.list_verdict_changes(request).await.unwrap().into_inner().changes;
        if changes.len() >= count {
            let mut told = BTreeMap::new();
            changes.into_iter().for_each(|change| *told.entry(change.document).or_default() += 1);
            return told;
        }
    }
}

#[tokio::test]
async fn verdicts_that_change_are_told_once_whenever_the_hub_is_killed() {
    let prepared = Prepared::new().await;
    let home = prepared.home.as_path();
    let pki = Pki::generate().unwrap();
    let now = OffsetDateTime::now_utc();
    let request = SignerRequest {
        common_name: "Nguyễn Văn Ví Dụ".into(),
        organisation: "UBND".into(),
        organisation_id: None,
        kind: SignerKind::Person,
        not_before: now - Span::days(30),
        not_after: now + Span::days(700),
        key: KeyKind::P256,
    };
    let signer = pki.issue(&request).unwrap();
    let list =
        |revoked: &[Vec<u8>]| (v1::TrustKind::RevocationList, pki.crl(revoked, now - Span::seconds(1), now + Span::days(7)).unwrap());
    let mut served = Served::start(home);
    let address = served.address().unwrap();
    let root_list = pki.root_crl(&[], now - Span::hours(1), now + Span::days(7)).unwrap();
    let trusted = vec![
        (v1::TrustKind::Anchor, pki.root_der().to_vec()),
        (v1::TrustKind::Intermediate, pki.intermediate_der().to_vec()),
        (v1::TrustKind::RevocationList, root_list),
        list(&[]),
    ];
    import(home, &address, trusted).await;
    let mut system = province(home, &address).await;
    for number in 1..=DOCUMENTS {
        let draft = Draft { title: "Thử".into(), lines: vec![number.to_string()], pages: 1, padding_bytes: 0 }.build();
        let signed = sign(&draft, &signer, &SignOptions::at(now - Span::minutes(1))).unwrap();
        let payload = system.upload(&signed).await.unwrap();
        let letter = system.letter(&number.to_string(), "V/v thử", &payload);
        system.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap();
    }
    // The signer is revoked, is not, is again: each list changes every verdict, and the hub is killed within.
    let revoked = [signer.serial_number().to_vec()];
    let mut address = address;
    for (round, milliseconds) in [0, 15, 40, 120].into_iter().enumerate() {
        import(home, &address, vec![list(if round % 2 == 0 { &revoked } else { &[] })]).await;
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        served.kill();
        served = Served::start(home);
        address = served.address().unwrap();
        let told = changes(home, &address, DOCUMENTS * (round + 1)).await;
        assert_eq!(told.into_values().collect::<Vec<_>>(), [round + 1; DOCUMENTS], "round {round}");
    }
    served.kill();
    assert_tables_are_the_journals(home);
}
