//! The main job: a signed document goes through four tiers, and its sender sees every step.

use api::v1;
use api::v1::step::Kind;
use testkit::system::to_agency;

use crate::cast::{COMMUNE, Cast, DEPARTMENT, DISTRICT, MINISTRY, PROVINCE};

#[tokio::test]
async fn a_signed_document_is_verified_routed_received_read_and_reported_back() {
    let cast = Cast::new().await;
    let (mut ministry, mut province, mut commune) = (cast.system(MINISTRY).await, cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let mut inbox = province.watch("").await.unwrap();

    let pdf = cast.signed("Quyet toan");
    let payload = ministry.upload(&pdf).await.unwrap();
    let letter = ministry.letter("128", "V/v quyết toán ngân sách", &payload);
    let to = vec![to_agency(PROVINCE), to_agency(DEPARTMENT), to_agency(DISTRICT), to_agency(COMMUNE)];
    let answer = ministry.submit(letter, to).await.unwrap();
    assert_eq!(answer.deliveries.len(), 4);
    let document = answer.document.unwrap();
    let signature = &document.signature_reports[0].signatures[0];
    assert_eq!(signature.verdict(), v1::Verdict::TotalPassed, "{signature:?}");
    assert_eq!(document.signature_reports[0].coverage(), v1::Coverage::Whole);
    assert!(signature.proved_time.is_some(), "the time stamp proves when it was signed");

    let change = inbox.message().await.unwrap().unwrap();
    let received = change.document.unwrap();
    assert_eq!(received.name, document.name);
    assert_eq!(received.subject, "V/v quyết toán ngân sách");
    assert_eq!(received.signature_reports, document.signature_reports, "the recipient is given the same verdict");

    let copy = commune.copy_of(&document.name);
    assert_eq!(commune.download(&payload, &copy).await.unwrap(), pdf, "the bytes are those that were signed");
    commune.report(&document.name, v1::DeliveryStatus::Accepted, "số đến 415").await.unwrap();
    province.report(&document.name, v1::DeliveryStatus::Done, "").await.unwrap();

    let steps = ministry.trace(&document.name).await.unwrap();
    let of = |agency: &str| -> Vec<&Kind> {
        steps.iter().filter(|step| step.agency == format!("agencies/{agency}")).filter_map(|step| step.kind.as_ref()).collect()
    };
    assert!(matches!(of(MINISTRY)[..], [Kind::Submitted(_)]));
    assert!(matches!(of(DISTRICT)[..], [Kind::Sent(_)]), "{:?}", of(DISTRICT));
    let [Kind::Sent(_), Kind::Arrived(arrived), Kind::Reported(report)] = &of(COMMUNE)[..] else { panic!("{:?}", of(COMMUNE)) };
    assert_eq!((arrived.how(), report.status()), (v1::HandOver::Download, v1::DeliveryStatus::Accepted));
    let [Kind::Sent(_), Kind::Arrived(arrived), Kind::Reported(report)] = &of(PROVINCE)[..] else { panic!("{:?}", of(PROVINCE)) };
    assert_eq!((arrived.how(), report.status()), (v1::HandOver::Watch, v1::DeliveryStatus::Done));
    assert!(steps.windows(2).all(|pair| (pair[0].seq, pair[0].index) < (pair[1].seq, pair[1].index)), "in journal order");
}

#[tokio::test]
async fn the_inbox_lists_newest_first_in_pages_and_by_filter() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let mut sent = Vec::new();
    for number in ["1", "2", "3"] {
        sent.push(cast.send(&mut province, number, vec![to_agency(COMMUNE)]).await.document.unwrap().name);
    }
    commune.report(&sent[1], v1::DeliveryStatus::Accepted, "").await.unwrap();
    let list = |status: v1::DeliveryStatus, page_size, page_token: String| v1::ListDeliveriesRequest {
        agency: commune.agency.clone(),
        status: status.into(),
        page_size,
        page_token,
        ..Default::default()
    };
    let mut client = commune.deliveries.clone();
    let first = client.list_deliveries(list(v1::DeliveryStatus::Unspecified, 2, String::new())).await.unwrap().into_inner();
    let names = |page: &v1::ListDeliveriesResponse| page.deliveries.iter().map(|d| d.document.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), [sent[2].clone(), sent[1].clone()]);
    let second =
        client.list_deliveries(list(v1::DeliveryStatus::Unspecified, 2, first.next_page_token.clone())).await.unwrap().into_inner();
    assert_eq!(names(&second), [sent[0].clone()]);
    assert_eq!(second.next_page_token, "");
    let accepted = client.list_deliveries(list(v1::DeliveryStatus::Accepted, 0, String::new())).await.unwrap().into_inner();
    assert_eq!(names(&accepted), [sent[1].clone()]);
    let other_filter = client.list_deliveries(list(v1::DeliveryStatus::Accepted, 2, first.next_page_token)).await.unwrap_err();
    assert_eq!(other_filter.code(), tonic::Code::InvalidArgument);
}
