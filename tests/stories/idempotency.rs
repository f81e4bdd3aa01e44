//! The same request again changes nothing and gives the first answer; the same id for another request is refused, for good.

use api::v1;
use testkit::system::to_agency;

use crate::cast::{COMMUNE, Cast, OTHER_COMMUNE, PROVINCE, reason};

#[tokio::test]
async fn a_repeated_submission_gives_the_first_answer_even_after_a_restart() {
    let mut cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let payload = province.upload(&cast.signed("Mot")).await.unwrap();
    let request = v1::SubmitDocumentRequest {
        request_id: "cong-van-1".into(),
        document: Some(province.letter("1", "V/v một", &payload)),
        recipients: vec![to_agency(COMMUNE)],
        ..Default::default()
    };
    let first = province.documents.submit_document(request.clone()).await.unwrap().into_inner();
    let again = province.documents.submit_document(request.clone()).await.unwrap().into_inner();
    assert_eq!(again, first);

    cast.hub.stop().await.unwrap();
    cast.hub.serve().await.unwrap();
    let channel = cast.hub.connect("system-0").await.unwrap();
    let mut documents = v1::document_service_client::DocumentServiceClient::new(channel);
    assert_eq!(documents.submit_document(request.clone()).await.unwrap().into_inner(), first);

    let other = v1::SubmitDocumentRequest { recipients: vec![to_agency(OTHER_COMMUNE)], ..request };
    let refused = documents.submit_document(other).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (tonic::Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
}

#[tokio::test]
async fn a_request_id_is_required_of_agency_systems() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let refused = province.documents.submit_document(v1::SubmitDocumentRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert_eq!(crate::cast::fields(&refused), ["request_id"]);
}

#[tokio::test]
async fn twenty_submissions_of_one_request_at_once_make_one_document() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let payload = province.upload(&cast.signed("Mot")).await.unwrap();
    let request = v1::SubmitDocumentRequest {
        request_id: "cung-luc".into(),
        document: Some(province.letter("1", "V/v một", &payload)),
        recipients: vec![to_agency(COMMUNE)],
        ..Default::default()
    };
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (mut documents, request) = (province.documents.clone(), request.clone());
            tokio::spawn(async move { documents.submit_document(request).await.unwrap().into_inner().document.unwrap().name })
        })
        .collect();
    let mut names = Vec::new();
    for call in calls {
        names.push(call.await.unwrap());
    }
    names.dedup();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn who_lost_the_agency_does_not_read_on_by_repeating_its_requests() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let payload = province.upload(&cast.signed("Mot")).await.unwrap();
    let request = v1::SubmitDocumentRequest {
        request_id: "cong-van-1".into(),
        document: Some(province.letter("1", "V/v một", &payload)),
        recipients: vec![to_agency(COMMUNE)],
        ..Default::default()
    };
    let sent = province.documents.submit_document(request.clone()).await.unwrap().into_inner().document.unwrap();
    let recall = v1::RecallDocumentRequest { request_id: "thu-hoi".into(), name: sent.name, reason: "Nhầm".into() };
    province.documents.recall_document(recall.clone()).await.unwrap();
    let mut admin = v1::principal_service_client::PrincipalServiceClient::new(cast.hub.connect("admin").await.unwrap());
    let agencies = vec![format!("agencies/{OTHER_COMMUNE}")];
    let assign = v1::AssignPrincipalRequest { name: "principals/system-0".into(), agencies, ..Default::default() };
    admin.assign_principal(assign).await.unwrap();
    let refused = province.documents.submit_document(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let refused = province.documents.recall_document(recall).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}
