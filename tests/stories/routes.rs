//! Routes: the policy between tiers, successions, locked and closed recipients.

use api::v1;
use api::v1::agency_service_client::AgencyServiceClient;
use api::v1::routing_service_client::RoutingServiceClient;
use testkit::system::{to_agency, to_subtree};
use tonic::Code;

use crate::cast::{COMMUNE, Cast, DISTRICT, LOCKED, MINISTRY, OTHER_COMMUNE, PROVINCE, reason};

#[tokio::test]
async fn a_commune_writes_to_the_ministry_through_its_superior_who_forwards() {
    let cast = Cast::new().await;
    let (mut commune, mut district, mut ministry) = (cast.system(COMMUNE).await, cast.system(DISTRICT).await, cast.system(MINISTRY).await);
    let sent = cast.send(&mut commune, "7", vec![to_agency(MINISTRY)]).await;
    let document = sent.document.unwrap().name;
    assert_eq!(sent.deliveries.len(), 1);
    assert_eq!((sent.deliveries[0].agency.as_str(), sent.deliveries[0].role()), ("agencies/camau.dam-doi", v1::DeliveryRole::Forwarder));
    assert_eq!(
        ministry.report(&document, v1::DeliveryStatus::Accepted, "").await.unwrap_err().code(),
        Code::PermissionDenied,
        "not there yet"
    );

    let name = district.copy_of(&document);
    let request = v1::ForwardDeliveryRequest { request_id: "chuyen-1".into(), name, note: "Kính chuyển".into(), ..Default::default() };
    district.deliveries.forward_delivery(request).await.unwrap();
    ministry.report(&document, v1::DeliveryStatus::Accepted, "").await.unwrap();
    let kinds: Vec<String> = commune
        .trace(&document)
        .await
        .unwrap()
        .iter()
        .map(|step| match step.kind.as_ref().unwrap() {
            v1::step::Kind::Submitted(_) => format!("submitted by {}", step.agency),
            v1::step::Kind::Sent(_) => format!("sent to {}", step.agency),
            v1::step::Kind::Forwarded(_) => format!("forwarded by {}", step.agency),
            v1::step::Kind::Reported(_) => format!("reported by {}", step.agency),
            other => format!("{other:?}"),
        })
        .collect();
    let expected = [
        "submitted by agencies/camau.dam-doi.xa-mot",
        "sent to agencies/camau.dam-doi",
        "forwarded by agencies/camau.dam-doi",
        "sent to agencies/bo-tai-chinh",
        "reported by agencies/bo-tai-chinh",
    ];
    assert_eq!(kinds, expected, "both legs");
}

#[tokio::test]
async fn an_urgent_document_of_a_commune_goes_straight_to_the_ministry() {
    let cast = Cast::new().await;
    let mut commune = cast.system(COMMUNE).await;
    let payload = commune.upload(&cast.signed("Khan")).await.unwrap();
    let mut letter = commune.letter("8", "V/v khẩn", &payload);
    letter.urgency = v1::Urgency::Urgent.into();
    let sent = commune.submit(letter, vec![to_agency(MINISTRY)]).await.unwrap();
    assert_eq!((sent.deliveries[0].agency.as_str(), sent.deliveries[0].role()), ("agencies/bo-tai-chinh", v1::DeliveryRole::Recipient));
}

#[tokio::test]
async fn the_admin_changes_the_policy_and_it_holds_for_the_next_document() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let mut routing = RoutingServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let rule = v1::RoutingRule {
        sender_tier: v1::Tier::Province.into(),
        recipient_tier: v1::Tier::Central.into(),
        ordinary: v1::RouteMode::Refused.into(),
        urgent: v1::RouteMode::Direct.into(),
    };
    routing.set_routing_policy(v1::SetRoutingPolicyRequest { rules: vec![rule] }).await.unwrap();
    let payload = province.upload(&cast.signed("Mot")).await.unwrap();
    let letter = province.letter("1", "V/v một", &payload);
    let refused = province.submit(letter.clone(), vec![to_agency(MINISTRY)]).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::PermissionDenied, "ROUTE_NOT_ALLOWED".into()));
    let urgent = v1::Document { urgency: v1::Urgency::Urgent.into(), ..letter };
    province.submit(urgent, vec![to_agency(MINISTRY)]).await.unwrap();
}

#[tokio::test]
async fn a_subtree_expands_to_the_active_communes_and_a_locked_one_named_is_refused() {
    let cast = Cast::new().await;
    let mut district = cast.system(DISTRICT).await;
    let all = to_subtree(DISTRICT, v1::Tier::Commune, v1::AgencyKind::Unspecified);
    let sent = cast.send(&mut district, "1", vec![all]).await;
    let mut agencies: Vec<_> = sent.deliveries.iter().map(|d| d.agency.as_str()).collect();
    agencies.sort_unstable();
    assert_eq!(agencies, ["agencies/camau.dam-doi.xa-hai", "agencies/camau.dam-doi.xa-mot"]);

    let payload = district.upload(&cast.signed("Hai")).await.unwrap();
    let refused = district.submit(district.letter("2", "V/v hai", &payload), vec![to_agency(LOCKED)]).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "RECIPIENT_LOCKED".into()));
}

#[tokio::test]
async fn a_closed_agency_leads_to_its_successor_and_several_are_a_choice() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let mut agencies = AgencyServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let succession = |from: &str, to: &str| v1::Succession {
        kind: v1::SuccessionKind::Merge.into(),
        predecessor: format!("agencies/{from}"),
        successor: format!("agencies/{to}"),
        effective_date: "2025-07-01".into(),
        scope: String::new(),
    };
    let request = v1::SucceedAgenciesRequest { successions: vec![succession(COMMUNE, OTHER_COMMUNE)] };
    agencies.succeed_agencies(request).await.unwrap();
    let code = v1::Selector { target: Some(v1::selector::Target::Code("H12.31.01".into())) };
    let sent = cast.send(&mut province, "1", vec![code]).await;
    assert_eq!(sent.deliveries.len(), 1);
    assert_eq!(sent.deliveries[0].agency, "agencies/camau.dam-doi.xa-hai");
    let rerouted = sent.deliveries[0].rerouted.as_ref().unwrap();
    assert_eq!((rerouted.from_agency.as_str(), rerouted.code.as_str()), ("agencies/camau.dam-doi.xa-mot", "H12.31.01"), "never silently");

    let request = v1::SucceedAgenciesRequest { successions: vec![succession(DISTRICT, PROVINCE), succession(DISTRICT, OTHER_COMMUNE)] };
    agencies.succeed_agencies(request).await.unwrap();
    let payload = province.upload(&cast.signed("Hai")).await.unwrap();
    let refused = province.submit(province.letter("2", "V/v hai", &payload), vec![to_agency(DISTRICT)]).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "RECIPIENT_CLOSED".into()));
    assert!(
        refused.message().contains("agencies/camau") && refused.message().contains("agencies/camau.dam-doi.xa-hai"),
        "{}",
        refused.message()
    );
}

#[tokio::test]
async fn a_directory_with_bad_lines_is_refused_whole_and_names_each() {
    let cast = Cast::new().await;
    let mut agencies = AgencyServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let csv = "id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state\n\
        good,central,ministry,,Bộ Tốt,,G99,,true,2022-01-01,active\n\
        bad,nowhere,ministry,,Bộ Xấu,,G98,,true,2022-01-01,active\n\
        worse,central,ministry,missing,Bộ Tệ,,g97,,true,2022-13-01,active\n";
    let request = v1::ImportDirectoryRequest { agencies_csv: csv.into(), ..Default::default() };
    let refused = agencies.import_directory(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields = crate::cast::fields(&refused).join(" ");
    assert!(fields.contains('3') && fields.contains('4') && !fields.contains('2'), "{fields}");
    let none = agencies.get_agency(v1::GetAgencyRequest { name: "agencies/good".into() }).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
}
