//! Every RPC as every kind of principal, and as none. The table is the one in the proto comments.

use api::v1;
use api::v1::agency_service_client::AgencyServiceClient;
use api::v1::axis_service_client::AxisServiceClient;
use api::v1::delivery_service_client::DeliveryServiceClient;
use api::v1::document_service_client::DocumentServiceClient;
use api::v1::payload_service_client::PayloadServiceClient;
use api::v1::principal_service_client::PrincipalServiceClient;
use api::v1::routing_service_client::RoutingServiceClient;
use api::v1::signature_service_client::SignatureServiceClient;
use api::v1::trust_service_client::TrustServiceClient;
use testkit::system::to_agency;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::cast::{COMMUNE, Cast, DISTRICT, OTHER_COMMUNE, PROVINCE};

/// What is asked for in the calls: a document of the province to the commune.
struct Things {
    document: String,
    delivery: String,
    payload: String,
    sha256: Vec<u8>,
}

/// Who calls, in the order of the table's columns.
const CALLERS: [&str; 7] = ["issuer", "holder", "outsider", "supervisor", "auditor", "admin", "none"];

/// Whether a call got past the question of who may. What is wrong with the request itself does not matter here.
fn let_in(result: Result<(), Status>) -> bool {
    match result {
        Ok(()) => true,
        Err(status) => !matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated),
    }
}

macro_rules! call {
    ($client:ident, $channel:expr, $method:ident, $request:expr) => {
        let_in($client::new($channel.clone()).$method($request).await.map(|_| ()))
    };
}

/// Calls one RPC. Requests that would change something are made so that they are refused for another reason, or are harmless.
async fn try_call(rpc: &str, channel: &Channel, things: &Things) -> bool {
    let text = String::from;
    let agency = || format!("agencies/{COMMUNE}");
    match rpc {
        "GetAgency" => call!(AgencyServiceClient, channel, get_agency, v1::GetAgencyRequest { name: agency() }),
        "ListAgencies" => call!(AgencyServiceClient, channel, list_agencies, v1::ListAgenciesRequest::default()),
        "CreateAgency" => call!(AgencyServiceClient, channel, create_agency, v1::CreateAgencyRequest::default()),
        "UpdateAgency" => call!(AgencyServiceClient, channel, update_agency, v1::UpdateAgencyRequest::default()),
        "CloseAgency" => call!(AgencyServiceClient, channel, close_agency, v1::CloseAgencyRequest::default()),
        "SucceedAgencies" => call!(AgencyServiceClient, channel, succeed_agencies, v1::SucceedAgenciesRequest::default()),
        "ResolveCode" => {
            call!(AgencyServiceClient, channel, resolve_code, v1::ResolveCodeRequest { code: text("H12"), ..Default::default() })
        }
        "ImportDirectory" => call!(AgencyServiceClient, channel, import_directory, v1::ImportDirectoryRequest::default()),
        "ExportDirectory" => call!(AgencyServiceClient, channel, export_directory, v1::ExportDirectoryRequest::default()),
        "SetGroup" => call!(AgencyServiceClient, channel, set_group, v1::SetGroupRequest::default()),
        "ListGroups" => call!(AgencyServiceClient, channel, list_groups, v1::ListGroupsRequest::default()),
        "GetRoutingPolicy" => call!(RoutingServiceClient, channel, get_routing_policy, v1::GetRoutingPolicyRequest {}),
        "SetRoutingPolicy" => call!(RoutingServiceClient, channel, set_routing_policy, v1::SetRoutingPolicyRequest::default()),
        "EnrolPrincipal" => call!(PrincipalServiceClient, channel, enrol_principal, v1::EnrolPrincipalRequest::default()),
        "GetPrincipal" => call!(PrincipalServiceClient, channel, get_principal, v1::GetPrincipalRequest { name: text("principals/admin") }),
        "ListPrincipals" => call!(PrincipalServiceClient, channel, list_principals, v1::ListPrincipalsRequest::default()),
        "RotateCredentials" => call!(PrincipalServiceClient, channel, rotate_credentials, v1::RotateCredentialsRequest::default()),
        "AssignPrincipal" => call!(PrincipalServiceClient, channel, assign_principal, v1::AssignPrincipalRequest::default()),
        "RevokePrincipal" => call!(PrincipalServiceClient, channel, revoke_principal, v1::RevokePrincipalRequest::default()),
        "GetCaller" => call!(PrincipalServiceClient, channel, get_caller, v1::GetCallerRequest {}),
        "StartUpload" => call!(PayloadServiceClient, channel, start_upload, v1::StartUploadRequest::default()),
        "FindPayload" => {
            call!(PayloadServiceClient, channel, find_payload, v1::FindPayloadRequest { sha256: things.sha256.clone().into() })
        }
        "ReadPayload" => {
            let request = v1::ReadPayloadRequest { name: things.payload.clone(), ..Default::default() };
            call!(PayloadServiceClient, channel, read_payload, request)
        }
        "SubmitDocument" => {
            let document = v1::Document { issuer: format!("agencies/{PROVINCE}"), ..Default::default() };
            let request = v1::SubmitDocumentRequest {
                request_id: text("x"),
                document: Some(document),
                recipients: vec![to_agency(DISTRICT)],
                ..Default::default()
            };
            call!(DocumentServiceClient, channel, submit_document, request)
        }
        "GetDocument" => call!(DocumentServiceClient, channel, get_document, v1::GetDocumentRequest { name: things.document.clone() }),
        "ListDocuments" => {
            let request = v1::ListDocumentsRequest { issuer: format!("agencies/{PROVINCE}"), ..Default::default() };
            call!(DocumentServiceClient, channel, list_documents, request)
        }
        "RecallDocument" => {
            let request = v1::RecallDocumentRequest { request_id: text("y"), name: things.document.clone(), reason: String::new() };
            call!(DocumentServiceClient, channel, recall_document, request)
        }
        "AmendDocument" => {
            let request = v1::AmendDocumentRequest { request_id: text("z"), name: things.document.clone(), ..Default::default() };
            call!(DocumentServiceClient, channel, amend_document, request)
        }
        "TraceDocument" => {
            let request = v1::TraceDocumentRequest { name: things.document.clone(), ..Default::default() };
            call!(DocumentServiceClient, channel, trace_document, request)
        }
        "WatchDocuments" => {
            let request = v1::WatchDocumentsRequest { agency: format!("agencies/{PROVINCE}"), ..Default::default() };
            call!(DocumentServiceClient, channel, watch_documents, request)
        }
        "ListDocumentKinds" => call!(DocumentServiceClient, channel, list_document_kinds, v1::ListDocumentKindsRequest {}),
        "GetDelivery" => call!(DeliveryServiceClient, channel, get_delivery, v1::GetDeliveryRequest { name: things.delivery.clone() }),
        "ListDeliveries" => {
            call!(DeliveryServiceClient, channel, list_deliveries, v1::ListDeliveriesRequest { agency: agency(), ..Default::default() })
        }
        "WatchDeliveries" => {
            call!(DeliveryServiceClient, channel, watch_deliveries, v1::WatchDeliveriesRequest { agency: agency(), ..Default::default() })
        }
        "ReportDelivery" => {
            let report = v1::DeliveryReport { status: v1::DeliveryStatus::TakeBackAgreed.into(), ..Default::default() };
            let request = v1::ReportDeliveryRequest { request_id: text("u"), name: things.delivery.clone(), report: Some(report) };
            call!(DeliveryServiceClient, channel, report_delivery, request)
        }
        "ForwardDelivery" => {
            let request = v1::ForwardDeliveryRequest { request_id: text("v"), name: things.delivery.clone(), ..Default::default() };
            call!(DeliveryServiceClient, channel, forward_delivery, request)
        }
        "AddTrustObject" => call!(TrustServiceClient, channel, add_trust_object, v1::AddTrustObjectRequest::default()),
        "RemoveTrustObject" => call!(TrustServiceClient, channel, remove_trust_object, v1::RemoveTrustObjectRequest::default()),
        "ListTrustObjects" => call!(TrustServiceClient, channel, list_trust_objects, v1::ListTrustObjectsRequest::default()),
        "GetSignaturePolicy" => call!(TrustServiceClient, channel, get_signature_policy, v1::GetSignaturePolicyRequest {}),
        "SetSignaturePolicy" => call!(TrustServiceClient, channel, set_signature_policy, v1::SetSignaturePolicyRequest::default()),
        "AddAuthorisedSigner" => {
            call!(TrustServiceClient, channel, add_authorised_signer, v1::AddAuthorisedSignerRequest::default())
        }
        "RemoveAuthorisedSigner" => {
            call!(TrustServiceClient, channel, remove_authorised_signer, v1::RemoveAuthorisedSignerRequest::default())
        }
        "ListAuthorisedSigners" => {
            let request = v1::ListAuthorisedSignersRequest { agency: format!("agencies/{PROVINCE}"), ..Default::default() };
            call!(TrustServiceClient, channel, list_authorised_signers, request)
        }
        "ImportAuthorisedSigners" => {
            call!(TrustServiceClient, channel, import_authorised_signers, v1::ImportAuthorisedSignersRequest::default())
        }
        "ListSignatureStatistics" => {
            let request = v1::ListSignatureStatisticsRequest { agency: format!("agencies/{PROVINCE}"), ..Default::default() };
            call!(SignatureServiceClient, channel, list_signature_statistics, request)
        }
        "VerifyPayload" => {
            let request = v1::VerifyPayloadRequest { name: things.payload.clone(), ..Default::default() };
            call!(SignatureServiceClient, channel, verify_payload, request)
        }
        "GetSignatureReport" => {
            let request = v1::GetSignatureReportRequest { name: things.document.clone() };
            call!(SignatureServiceClient, channel, get_signature_report, request)
        }
        "ReJudgeDocument" => {
            let request = v1::ReJudgeDocumentRequest { name: things.document.clone(), ..Default::default() };
            call!(SignatureServiceClient, channel, re_judge_document, request)
        }
        "ListVerdictChanges" => {
            call!(SignatureServiceClient, channel, list_verdict_changes, v1::ListVerdictChangesRequest::default())
        }
        "ImportTrustObjects" => {
            let nothing = tokio_stream::iter(Vec::<v1::ImportTrustObjectsRequest>::new());
            call!(TrustServiceClient, channel, import_trust_objects, nothing)
        }
        "ListAxes" => call!(AxisServiceClient, channel, list_axes, v1::ListAxesRequest {}),
        "GetAxis" => call!(AxisServiceClient, channel, get_axis, v1::GetAxisRequest { name: text("axes/none") }),
        "PollAxis" => call!(AxisServiceClient, channel, poll_axis, v1::PollAxisRequest { name: text("axes/none") }),
        "ListAxisRoutes" => call!(AxisServiceClient, channel, list_axis_routes, v1::ListAxisRoutesRequest {}),
        "SetAxisRoutes" => call!(AxisServiceClient, channel, set_axis_routes, v1::SetAxisRoutesRequest::default()),
        "ListOutboxItems" => call!(AxisServiceClient, channel, list_outbox_items, v1::ListOutboxItemsRequest::default()),
        "GetOutboxItem" => call!(AxisServiceClient, channel, get_outbox_item, v1::GetOutboxItemRequest::default()),
        "RequeueOutboxItem" => call!(AxisServiceClient, channel, requeue_outbox_item, v1::RequeueOutboxItemRequest::default()),
        "CancelOutboxItem" => call!(AxisServiceClient, channel, cancel_outbox_item, v1::CancelOutboxItemRequest::default()),
        "ListQuarantinedPackets" => {
            call!(AxisServiceClient, channel, list_quarantined_packets, v1::ListQuarantinedPacketsRequest::default())
        }
        "GetQuarantinedPacket" => {
            call!(AxisServiceClient, channel, get_quarantined_packet, v1::GetQuarantinedPacketRequest::default())
        }
        "DownloadQuarantinedPacket" => {
            call!(AxisServiceClient, channel, download_quarantined_packet, v1::DownloadQuarantinedPacketRequest::default())
        }
        "RetryQuarantinedPacket" => {
            call!(AxisServiceClient, channel, retry_quarantined_packet, v1::RetryQuarantinedPacketRequest::default())
        }
        "DiscardQuarantinedPacket" => {
            call!(AxisServiceClient, channel, discard_quarantined_packet, v1::DiscardQuarantinedPacketRequest::default())
        }
        "SearchAxisDirectory" => {
            let request = v1::SearchAxisDirectoryRequest { query: text("H12"), ..Default::default() };
            call!(AxisServiceClient, channel, search_axis_directory, request)
        }
        other => panic!("{other} has no call"),
    }
}

/// RPC and who is let in: issuer, holder, outsider (another agency's system), supervisor of the province's subtree, auditor, admin,
/// a certificate that nobody enrolled.
const TABLE: &[(&str, [bool; 7])] = {
    const Y: bool = true;
    const N: bool = false;
    &[
        ("GetAgency", [Y, Y, Y, Y, Y, Y, N]),
        ("ListAgencies", [Y, Y, Y, Y, Y, Y, N]),
        ("CreateAgency", [N, N, N, N, N, Y, N]),
        ("UpdateAgency", [N, N, N, N, N, Y, N]),
        ("CloseAgency", [N, N, N, N, N, Y, N]),
        ("SucceedAgencies", [N, N, N, N, N, Y, N]),
        ("ResolveCode", [Y, Y, Y, Y, Y, Y, N]),
        ("ImportDirectory", [N, N, N, N, N, Y, N]),
        ("ExportDirectory", [N, N, N, N, Y, Y, N]),
        ("SetGroup", [N, N, N, N, N, Y, N]),
        ("ListGroups", [Y, Y, Y, Y, Y, Y, N]),
        ("GetRoutingPolicy", [Y, Y, Y, Y, Y, Y, N]),
        ("SetRoutingPolicy", [N, N, N, N, N, Y, N]),
        ("EnrolPrincipal", [N, N, N, N, N, Y, N]),
        ("GetPrincipal", [N, N, N, N, Y, Y, N]),
        ("ListPrincipals", [N, N, N, N, Y, Y, N]),
        ("RotateCredentials", [N, N, N, N, N, Y, N]),
        ("AssignPrincipal", [N, N, N, N, N, Y, N]),
        ("RevokePrincipal", [N, N, N, N, N, Y, N]),
        ("GetCaller", [Y, Y, Y, Y, Y, Y, N]),
        ("StartUpload", [Y, Y, Y, N, N, N, N]),
        ("FindPayload", [Y, Y, N, N, Y, N, N]),
        ("ReadPayload", [Y, Y, N, N, Y, N, N]),
        ("SubmitDocument", [Y, N, N, N, N, N, N]),
        ("GetDocument", [Y, Y, N, N, Y, N, N]),
        ("ListDocuments", [Y, N, N, N, Y, N, N]),
        ("RecallDocument", [Y, N, N, N, N, N, N]),
        ("AmendDocument", [Y, N, N, N, N, N, N]),
        ("TraceDocument", [Y, Y, N, Y, Y, N, N]),
        ("WatchDocuments", [Y, N, N, N, N, N, N]),
        ("ListDocumentKinds", [Y, Y, Y, Y, Y, Y, N]),
        ("GetDelivery", [Y, Y, N, N, Y, N, N]),
        ("ListDeliveries", [N, Y, N, N, Y, N, N]),
        ("WatchDeliveries", [N, Y, N, N, N, N, N]),
        ("ReportDelivery", [N, Y, N, N, N, N, N]),
        ("ForwardDelivery", [N, Y, N, N, N, N, N]),
        ("ListSignatureStatistics", [Y, N, N, Y, Y, Y, N]),
        ("VerifyPayload", [Y, Y, N, N, Y, N, N]),
        ("GetSignatureReport", [Y, Y, N, N, Y, N, N]),
        ("ReJudgeDocument", [Y, N, N, N, Y, Y, N]),
        ("ListVerdictChanges", [Y, Y, Y, Y, Y, Y, N]),
        ("ImportTrustObjects", [N, N, N, N, N, Y, N]),
        ("AddTrustObject", [N, N, N, N, N, Y, N]),
        ("RemoveTrustObject", [N, N, N, N, N, Y, N]),
        ("ListTrustObjects", [Y, Y, Y, Y, Y, Y, N]),
        ("GetSignaturePolicy", [Y, Y, Y, Y, Y, Y, N]),
        ("SetSignaturePolicy", [N, N, N, N, N, Y, N]),
        ("AddAuthorisedSigner", [N, N, N, N, N, Y, N]),
        ("RemoveAuthorisedSigner", [N, N, N, N, N, Y, N]),
        ("ListAuthorisedSigners", [Y, N, N, Y, Y, Y, N]),
        ("ImportAuthorisedSigners", [N, N, N, N, N, Y, N]),
        ("ListAxes", [N, N, N, N, N, Y, N]),
        ("GetAxis", [N, N, N, N, N, Y, N]),
        ("PollAxis", [N, N, N, N, N, Y, N]),
        ("ListAxisRoutes", [N, N, N, N, N, Y, N]),
        ("SetAxisRoutes", [N, N, N, N, N, Y, N]),
        ("ListOutboxItems", [N, N, N, N, N, Y, N]),
        ("GetOutboxItem", [N, N, N, N, N, Y, N]),
        ("RequeueOutboxItem", [N, N, N, N, N, Y, N]),
        ("CancelOutboxItem", [N, N, N, N, N, Y, N]),
        ("ListQuarantinedPackets", [N, N, N, N, N, Y, N]),
        ("GetQuarantinedPacket", [N, N, N, N, N, Y, N]),
        ("DownloadQuarantinedPacket", [N, N, N, N, N, Y, N]),
        ("RetryQuarantinedPacket", [N, N, N, N, N, Y, N]),
        ("DiscardQuarantinedPacket", [N, N, N, N, N, Y, N]),
        ("SearchAxisDirectory", [Y, Y, Y, N, N, Y, N]),
    ]
};

/// RPCs on one's own uploads, which the story of uploads tries.
const OWN_UPLOADS: [&str; 4] = ["WriteUpload", "GetUpload", "FinishUpload", "AbandonUpload"];

#[tokio::test]
async fn every_rpc_lets_in_those_it_names_and_nobody_else() {
    let cast = Cast::new().await;
    let mut issuer = cast.system(PROVINCE).await;
    let _holder = cast.system(COMMUNE).await;
    let _outsider = cast.system(OTHER_COMMUNE).await;
    let sent = cast.send(&mut issuer, "1", vec![to_agency(COMMUNE)]).await.document.unwrap();
    let supervisor = cast.hub.enrol("supervisor", v1::Role::Supervisor, &[], &[PROVINCE]).await.unwrap();
    let auditor = cast.hub.enrol("auditor", v1::Role::Auditor, &[], &[]).await.unwrap();
    let channels = [
        cast.hub.connect("system-0").await.unwrap(),
        cast.hub.connect("system-1").await.unwrap(),
        cast.hub.connect("system-2").await.unwrap(),
        supervisor,
        auditor,
        cast.hub.connect("admin").await.unwrap(),
        cast.hub.connect("nobody").await.unwrap(),
    ];
    let payload = sent.attachments[0].payload.clone();
    let hex = payload.trim_start_matches("payloads/");
    let things = Things {
        delivery: format!("{}/deliveries/{COMMUNE}", sent.name),
        sha256: (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect(),
        document: sent.name,
        payload,
    };
    let mut wrong = Vec::new();
    for (rpc, expected) in TABLE {
        for ((caller, channel), expected) in CALLERS.iter().zip(&channels).zip(expected) {
            if try_call(rpc, channel, &things).await != *expected {
                wrong.push(format!("{rpc} as {caller} should {} let in", if *expected { "be" } else { "not be" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_names_every_rpc_of_every_service() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/vanthu/v1");
    let mut rpcs: Vec<String> = Vec::new();
    for file in std::fs::read_dir(dir).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        rpcs.extend(text.lines().filter_map(|line| Some(line.trim().strip_prefix("rpc ")?.split('(').next()?.to_owned())));
    }
    let mut tried: Vec<String> = TABLE.iter().map(|(rpc, _)| (*rpc).to_owned()).chain(OWN_UPLOADS.map(str::to_owned)).collect();
    rpcs.sort();
    tried.sort();
    assert_eq!(tried, rpcs);
}

#[tokio::test]
async fn an_upload_belongs_to_the_principal_that_started_it() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let upload = province.start_upload(b"bytes").await.unwrap();
    let missing = format!("uploads/{}", "0".repeat(32));
    for name in [upload.name.clone(), missing] {
        let mut payloads = commune.payloads.clone();
        let refused = [
            payloads.get_upload(v1::GetUploadRequest { name: name.clone() }).await.unwrap_err(),
            payloads.finish_upload(v1::FinishUploadRequest { name: name.clone() }).await.unwrap_err(),
            payloads.abandon_upload(v1::AbandonUploadRequest { name: name.clone() }).await.unwrap_err(),
            commune.write_upload(&name, 0, b"bytes").await.unwrap_err(),
        ];
        for status in refused {
            assert_eq!((status.code(), status.message()), (Code::PermissionDenied, refused_message()), "{name}");
        }
    }
    province.write_upload(&upload.name, 0, b"bytes").await.unwrap();
}

fn refused_message() -> &'static str {
    "cannot carry out the call: the caller may not do this, or it does not exist"
}

#[tokio::test]
async fn what_exists_and_what_does_not_are_the_same_refusal() {
    let cast = Cast::new().await;
    let (mut province, mut other) = (cast.system(PROVINCE).await, cast.system(OTHER_COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap().name;
    let nothing = "documents/01900000-0000-7000-8000-000000000000";
    let mut answers = Vec::new();
    for name in [sent.as_str(), nothing] {
        let get = other.documents.get_document(v1::GetDocumentRequest { name: name.into() }).await.unwrap_err();
        let trace = other.trace(name).await.unwrap_err();
        let report = other.report(name, v1::DeliveryStatus::Accepted, "").await.unwrap_err();
        let delivery = v1::GetDeliveryRequest { name: format!("{name}/deliveries/{COMMUNE}") };
        let delivery = other.deliveries.get_delivery(delivery).await.unwrap_err();
        answers.push([get, trace, report, delivery].map(|status| (status.code(), status.message().to_owned(), status.details().to_vec())));
    }
    assert_eq!(answers[0], answers[1]);
}
