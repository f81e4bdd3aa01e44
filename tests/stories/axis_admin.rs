//! An admin looks after the connections to axes: how they fare, who is reached over which, what waits, and what was set aside.

use std::path::{Path, PathBuf};

use api::v1;
use api::v1::agency_service_client::AgencyServiceClient;
use api::v1::axis_service_client::AxisServiceClient;
use axis::Message;
use axis::sandbox::Faults;
use hub::config::{ByteCount, Config, Span};
use ring::digest::{SHA256, digest};
use testkit::hub_box::HubBox;
use testkit::system::{System, to_agency};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::axis_cast::{OURS, SECRET, Sandbox, THEIRS, eventually, packet, packet_with};
use crate::cast::{COMMUNE, Cast, MINISTRY, PROVINCE, fields, reason};

const AXIS: &str = "axes/sandbox";

/// A hub with the directory that is connected to a sandbox, and its admin.
struct Scene {
    sandbox: Sandbox,
    cast: Cast,
    admin: AxisServiceClient<Channel>,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let sandbox = Sandbox::start().await;
        let hub = HubBox::start_with_axes(&[("sandbox", sandbox.ours())], change).await.unwrap();
        let cast = Cast::on(hub).await;
        let admin = AxisServiceClient::new(cast.hub.connect("admin").await.unwrap());
        Self { sandbox, cast, admin }
    }

    /// Ministries and other provinces are reached over the sandbox.
    async fn routed(self) -> Self {
        let mut scene = self;
        scene.set_routes(&[("G", AXIS), ("H", AXIS), ("H12", "")]).await.unwrap();
        scene
    }

    async fn set_routes(&mut self, routes: &[(&str, &str)]) -> Result<v1::SetAxisRoutesResponse, Status> {
        let request = v1::SetAxisRoutesRequest { routes: to_routes(routes), ..Default::default() };
        Ok(self.admin.set_axis_routes(request).await?.into_inner())
    }

    async fn axis(&mut self) -> v1::Axis {
        self.admin.get_axis(v1::GetAxisRequest { name: AXIS.into() }).await.unwrap().into_inner()
    }

    async fn poll(&mut self) -> v1::Axis {
        self.admin.poll_axis(v1::PollAxisRequest { name: AXIS.into() }).await.unwrap().into_inner()
    }

    async fn items(&mut self, state: v1::OutboxItemState) -> Vec<v1::OutboxItem> {
        let request = v1::ListOutboxItemsRequest { parent: AXIS.into(), state: state.into(), ..Default::default() };
        self.admin.list_outbox_items(request).await.unwrap().into_inner().outbox_items
    }

    async fn quarantine(&mut self) -> Vec<v1::QuarantinedPacket> {
        let request = v1::ListQuarantinedPacketsRequest { parent: AXIS.into(), ..Default::default() };
        self.admin.list_quarantined_packets(request).await.unwrap().into_inner().quarantined_packets
    }

    /// The other province sends a packet that the hub sets aside.
    async fn set_aside(&mut self, packet: Vec<u8>) -> v1::QuarantinedPacket {
        let before = self.quarantine().await.len();
        self.sandbox.send(Message::Edoc, packet).await;
        let admin = self.admin.clone();
        eventually("a packet in the quarantine", async || {
            let request = v1::ListQuarantinedPacketsRequest { parent: AXIS.into(), ..Default::default() };
            let packets = admin.clone().list_quarantined_packets(request).await.unwrap().into_inner().quarantined_packets;
            (packets.len() > before).then(|| packets.last().unwrap().clone())
        })
        .await
    }

    async fn retry(&mut self, name: &str, request_id: &str) -> Result<v1::RetryQuarantinedPacketResponse, Status> {
        let request = v1::RetryQuarantinedPacketRequest { name: name.into(), request_id: request_id.into() };
        Ok(self.admin.retry_quarantined_packet(request).await?.into_inner())
    }

    async fn download(&mut self, name: &str, offset_bytes: i64, limit_bytes: i64) -> Result<(v1::QuarantinedPacket, Vec<u8>), Status> {
        let request = v1::DownloadQuarantinedPacketRequest { name: name.into(), offset_bytes, limit_bytes };
        let mut stream = self.admin.download_quarantined_packet(request).await?.into_inner();
        let (mut packet, mut bytes) = (None, Vec::new());
        while let Some(message) = stream.message().await? {
            match message.content.unwrap() {
                v1::download_quarantined_packet_response::Content::Packet(head) => packet = Some(head),
                v1::download_quarantined_packet_response::Content::Chunk(chunk) => bytes.extend_from_slice(&chunk),
            }
        }
        Ok((packet.unwrap(), bytes))
    }

    /// The province writes to the ministry, which the sandbox reaches, or does not know.
    async fn write_to_the_ministry(&self, from: &mut System, number: &str) -> String {
        self.cast.send(from, number, vec![to_agency(MINISTRY)]).await.document.unwrap().name
    }
}

fn to_routes(routes: &[(&str, &str)]) -> Vec<v1::AxisRoute> {
    routes.iter().map(|(prefix, axis)| v1::AxisRoute { prefix: (*prefix).into(), axis: (*axis).into() }).collect()
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn an_admin_sees_how_a_connection_fares() {
    let mut scene = Scene::new().await.routed().await;
    let axis = scene.poll().await;
    assert_eq!((axis.name.as_str(), axis.wire(), axis.system_id.as_str()), (AXIS, v1::AxisWire::Vxp, OURS));
    assert_eq!((axis.state(), axis.stop_reason.as_str(), axis.failure_streak), (v1::AxisState::Running, "", 0));
    assert!(axis.endpoint.starts_with("http://127.0.0.1:"), "{}", axis.endpoint);
    assert!(axis.last_success_time.is_some() && axis.last_poll_time.is_some() && axis.last_failure_time.is_none());
    scene.sandbox.send(Message::Edoc, packet(&["H12.31.01"], 1)).await;
    let axis = scene.poll().await;
    let counters = axis.counters.unwrap();
    assert_eq!((counters.documents_received, counters.quarantined, counters.failures), (1, 0, 0));
    scene.sandbox.running.set_faults(Faults { bad_gateway: 1.0, ..Faults::default() });
    let axis = scene.poll().await;
    assert_eq!(axis.state(), v1::AxisState::Failing);
    assert!(axis.last_failure.contains("502") && axis.last_failure_time.is_some() && axis.failure_streak > 0, "{axis:?}");
    let all = scene.admin.list_axes(v1::ListAxesRequest {}).await.unwrap().into_inner().axes;
    assert_eq!(all.iter().map(|axis| axis.name.as_str()).collect::<Vec<_>>(), [AXIS]);
    let unknown = scene.admin.get_axis(v1::GetAxisRequest { name: "axes/none".into() }).await.unwrap_err();
    assert_eq!((unknown.code(), reason(&unknown)), (Code::NotFound, "RESOURCE_NOT_FOUND".into()));
    let unnamed = scene.admin.poll_axis(v1::PollAxisRequest { name: "sandbox".into() }).await.unwrap_err();
    assert_eq!((unnamed.code(), fields(&unnamed)), (Code::InvalidArgument, vec!["name".into()]));
}

#[tokio::test]
async fn a_connection_whose_secret_is_wrong_stops_until_an_admin_asks_for_it() {
    let mut scene = Scene::new().await;
    scene.sandbox.put(OURS, "", "mat-khac").await;
    let stopped = scene.poll().await;
    assert_eq!(stopped.state(), v1::AxisState::Stopped);
    assert!(!stopped.stop_reason.is_empty() && stopped.stop_reason == stopped.last_failure, "{stopped:?}");
    // One call for each time that it is asked to, and none by itself: more could lock the account.
    let again = scene.poll().await;
    let failures = |axis: &v1::Axis| axis.counters.unwrap().failures;
    assert_eq!((again.state(), failures(&again)), (v1::AxisState::Stopped, failures(&stopped) + 1));
    scene.sandbox.put(OURS, "", SECRET).await;
    let resumed = scene.poll().await;
    assert_eq!((resumed.state(), resumed.stop_reason.as_str()), (v1::AxisState::Running, ""));
    assert_eq!(failures(&resumed), failures(&again));
}

#[tokio::test]
async fn routes_are_tried_set_as_a_whole_and_not_over_those_of_another_admin() {
    let mut scene = Scene::new().await;
    let none = scene.admin.list_axis_routes(v1::ListAxisRoutesRequest {}).await.unwrap().into_inner();
    assert_eq!((none.routes.len(), none.etag.as_str()), (0, "0"));
    let request = |routes: &[(&str, &str)], etag: &str, validate_only| v1::SetAxisRoutesRequest {
        routes: to_routes(routes),
        etag: etag.into(),
        validate_only,
        ..Default::default()
    };
    let ways = |answer: &v1::SetAxisRoutesResponse| -> Vec<(String, String, String)> {
        let way = |way: &v1::ChangedAgencyRoute| (way.agency.clone(), way.old_axis.clone(), way.new_axis.clone());
        answer.changed_agencies.iter().map(way).collect()
    };
    let wanted = [("G", AXIS), ("H", AXIS), ("H12", "")];
    let ministry = [("agencies/bo-tai-chinh".to_owned(), String::new(), AXIS.to_owned())];
    let tried = scene.admin.set_axis_routes(request(&wanted, "0", true)).await.unwrap().into_inner();
    assert_eq!((tried.changed_agency_count, ways(&tried)), (1, ministry.to_vec()));
    let still = scene.admin.list_axis_routes(v1::ListAxisRoutesRequest {}).await.unwrap().into_inner();
    assert_eq!(still, none, "a trial changes nothing");
    let set = scene.admin.set_axis_routes(request(&wanted, "0", false)).await.unwrap().into_inner();
    assert_eq!((set.changed_agency_count, ways(&set)), (1, ministry.to_vec()));
    let routes = set.routes.unwrap();
    assert_eq!(routes.routes, to_routes(&wanted));
    let stale = scene.admin.set_axis_routes(request(&[], "0", false)).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale)), (Code::Aborted, "RESOURCE_CHANGED".into()));
    // All of the province would go over the axis, and the ministry would not.
    let tried = scene.admin.set_axis_routes(request(&[("H", AXIS)], &routes.etag, true)).await.unwrap().into_inner();
    assert_eq!(tried.changed_agency_count, 7);
    let elsewhere = scene.admin.set_axis_routes(request(&[("G", "axes/national"), ("H1.", "")], "", false)).await.unwrap_err();
    assert_eq!((elsewhere.code(), fields(&elsewhere)), (Code::InvalidArgument, vec!["routes[0].axis".into()]));
    let ill_formed = scene.admin.set_axis_routes(request(&[("H1.", "")], "", true)).await.unwrap_err();
    assert_eq!((ill_formed.code(), fields(&ill_formed)), (Code::InvalidArgument, vec!["routes[0].prefix".into()]));
}

#[tokio::test]
async fn an_item_that_was_given_up_is_requeued_or_cancelled() {
    let mut scene = Scene::new().await.routed().await;
    let mut province = scene.cast.system(PROVINCE).await;
    // The axis does not know the ministry.
    let first = scene.write_to_the_ministry(&mut province, "1").await;
    let second = scene.write_to_the_ministry(&mut province, "2").await;
    let admin = scene.admin.clone();
    eventually("two dead items", async || {
        let axis = admin.clone().get_axis(v1::GetAxisRequest { name: AXIS.into() }).await.unwrap().into_inner();
        (axis.dead_count == 2).then_some(())
    })
    .await;
    assert_eq!(scene.items(v1::OutboxItemState::Waiting).await, []);
    let dead = scene.items(v1::OutboxItemState::Dead).await;
    let documents: Vec<_> = dead
        .iter()
        .map(|item| {
            let Some(v1::outbox_item::What::Document(what)) = &item.what else { panic!("{item:?}") };
            assert_eq!((what.operation(), what.receivers.as_slice()), (v1::AxisOperation::New, &["agencies/bo-tai-chinh".into()][..]));
            assert!(item.last_error.contains("18") && item.attempt_count == 1 && item.give_up_time.is_some(), "{item:?}");
            what.document.clone()
        })
        .collect();
    assert_eq!(documents, [first, second]);
    // A page at a time.
    let page = v1::ListOutboxItemsRequest { parent: AXIS.into(), page_size: 1, ..Default::default() };
    let page = scene.admin.list_outbox_items(page).await.unwrap().into_inner();
    let rest = v1::ListOutboxItemsRequest { parent: AXIS.into(), page_token: page.next_page_token, ..Default::default() };
    let rest = scene.admin.list_outbox_items(rest).await.unwrap().into_inner();
    assert_eq!(([page.outbox_items, rest.outbox_items].concat(), rest.next_page_token.as_str()), (dead.clone(), ""));

    scene.sandbox.put("G12", THEIRS, "").await;
    let requeue = v1::RequeueOutboxItemRequest { name: dead[0].name.clone(), request_id: "lai-1".into() };
    scene.admin.requeue_outbox_item(requeue.clone()).await.unwrap();
    let sandbox = &scene.sandbox;
    eventually("the document at the axis", async || (sandbox.waiting(THEIRS).await == 1).then_some(())).await;
    // What the axis has taken is recorded when a look that began after it is over.
    scene.poll().await;
    // Asked once more after the item has gone: nothing goes twice, and nobody is told of a fault.
    let again = scene.admin.requeue_outbox_item(requeue).await.unwrap().into_inner();
    assert_eq!(again.name, dead[0].name);
    let unnamed = v1::RequeueOutboxItemRequest { name: dead[0].name.clone(), ..Default::default() };
    assert_eq!(scene.admin.requeue_outbox_item(unnamed).await.unwrap_err().code(), Code::NotFound);

    let cancel = v1::CancelOutboxItemRequest { name: dead[1].name.clone(), request_id: "bo-1".into() };
    let cancelled = scene.admin.cancel_outbox_item(cancel.clone()).await.unwrap().into_inner();
    assert_eq!(cancelled, dead[1]);
    assert_eq!(scene.admin.cancel_outbox_item(cancel).await.unwrap().into_inner().name, dead[1].name);
    let gone = v1::GetOutboxItemRequest { name: dead[1].name.clone() };
    assert_eq!(scene.admin.get_outbox_item(gone).await.unwrap_err().code(), Code::NotFound);
    scene.poll().await;
    assert_eq!(scene.sandbox.waiting(THEIRS).await, 1);
}

#[tokio::test]
async fn an_axis_that_is_down_is_not_called_for_each_document_that_comes() {
    let hour = Span(std::time::Duration::from_secs(3_600));
    let mut scene = Scene::with(|config| {
        let settings = config.axis.get_mut("sandbox").unwrap();
        (settings.poll, settings.retry, settings.retry_most) = (hour, hour, hour);
        settings.connections = 1;
    })
    .await
    .routed()
    .await;
    scene.sandbox.put("G12", THEIRS, "").await;
    let mut province = scene.cast.system(PROVINCE).await;
    scene.poll().await;
    scene.sandbox.running.set_faults(Faults { bad_gateway: 1.0, ..Faults::default() });
    for number in 1..=6 {
        scene.write_to_the_ministry(&mut province, &number.to_string()).await;
    }
    let admin = scene.admin.clone();
    eventually("three failures", async || {
        let axis = admin.clone().get_axis(v1::GetAxisRequest { name: AXIS.into() }).await.unwrap().into_inner();
        (axis.counters.unwrap().failures >= 3).then_some(())
    })
    .await;
    // After three in a row the line is down: one call for what waits and one for what came in, since an admin asks.
    let axis = scene.poll().await;
    assert_eq!((axis.counters.unwrap().failures, axis.waiting_count, axis.dead_count), (5, 6, 0));
    assert!(axis.oldest_waiting_age.is_some() && axis.poll_age.is_some(), "{axis:?}");
    let attempts: i32 = scene.items(v1::OutboxItemState::Waiting).await.iter().map(|item| item.attempt_count).sum();
    assert_eq!(attempts, 4);
    scene.sandbox.running.set_faults(Faults::default());
    let axis = scene.poll().await;
    assert_eq!((axis.state(), axis.waiting_count, axis.counters.unwrap().documents_sent), (v1::AxisState::Running, 4, 2));
    for item in scene.items(v1::OutboxItemState::Waiting).await {
        scene.admin.requeue_outbox_item(v1::RequeueOutboxItemRequest { name: item.name, ..Default::default() }).await.unwrap();
    }
    let axis = scene.poll().await;
    assert_eq!((axis.waiting_count, axis.oldest_waiting_age, axis.counters.unwrap().documents_sent), (0, None, 6));
}

#[tokio::test]
async fn a_packet_for_an_unknown_receiver_is_taken_in_once_the_receiver_is_registered() {
    let mut scene = Scene::new().await.routed().await;
    scene.sandbox.put("H12.99", OURS, "").await;
    let packet = scene.set_aside(packet(&["H12.99"], 7)).await;
    assert_eq!((packet.message_type.as_str(), packet.sender_code.as_str()), ("edoc", THEIRS));
    assert_eq!(packet.reason, "Không có đơn vị nhận nào thuộc hệ thống này");
    let known = scene.admin.get_quarantined_packet(v1::GetQuarantinedPacketRequest { name: packet.name.clone() }).await.unwrap();
    assert_eq!(known.into_inner(), packet);

    let refused = scene.retry(&packet.name, "nhan-lai-1").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "PACKET_REFUSED".into()));
    assert_eq!(refused.get_details_localized_message().unwrap().message, packet.reason);
    assert_eq!(scene.quarantine().await, std::slice::from_ref(&packet), "it stays");

    let agency = v1::Agency {
        tier: v1::Tier::Commune.into(),
        kind: v1::AgencyKind::PeoplesCommittee.into(),
        parent: "agencies/camau.dam-doi".into(),
        display_name: "Ủy ban nhân dân xã Chín".into(),
        codes: vec![v1::CodeAssignment { code: "H12.99".into(), ..Default::default() }],
        ..Default::default()
    };
    let create = v1::CreateAgencyRequest { agency_id: "camau.dam-doi.xa-chin".into(), agency: Some(agency) };
    AgencyServiceClient::new(scene.cast.hub.connect("admin").await.unwrap()).create_agency(create).await.unwrap();
    let taken = scene.retry(&packet.name, "nhan-lai-1").await.unwrap();
    assert_eq!(taken.packet.as_ref(), Some(&packet));
    let mut commune = scene.cast.system("camau.dam-doi.xa-chin").await;
    let request = v1::ListDeliveriesRequest { agency: commune.agency.clone(), ..Default::default() };
    let deliveries = commune.deliveries.list_deliveries(request).await.unwrap().into_inner().deliveries;
    let documents: Vec<_> = deliveries.iter().map(|delivery| delivery.document.as_str()).collect();
    assert_eq!(documents, [taken.resource.as_str()]);
    assert_eq!(scene.quarantine().await, []);
    // The answer was lost, and is asked for again; without its name the packet is gone.
    assert_eq!(scene.retry(&packet.name, "nhan-lai-1").await.unwrap().resource, taken.resource);
    assert_eq!(scene.retry(&packet.name, "").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_packet_that_breaks_the_rules_is_kept_as_it_came_and_dropped_or_taken_in_under_other_rules() {
    let small = |config: &mut Config| config.axis.get_mut("sandbox").unwrap().packet = ByteCount(1 << 20);
    let mut scene = Scene::with(small).await.routed().await;
    let large = 900_000;
    let first = scene.set_aside(packet_with(&["H12.31.01"], 8, large)).await;
    let second = scene.set_aside(packet_with(&["H12.31.01"], 9, large)).await;
    assert!(first.reason.starts_with("Gói tin không đúng quy chuẩn: "), "{}", first.reason);

    let (head, bytes) = scene.download(&first.name, 0, 0).await.unwrap();
    assert_eq!(head, first);
    assert_eq!((bytes.len() as i64, digest(&SHA256, &bytes).as_ref()), (first.size_bytes, first.sha256.as_ref()));
    assert!(String::from_utf8_lossy(&bytes).contains("V/v thử nghiệm liên thông số 8"));
    let (_, part) = scene.download(&first.name, 1_000, 100).await.unwrap();
    assert_eq!(part, bytes[1_000..1_100]);
    let beyond = scene.download(&first.name, first.size_bytes + 1, 0).await.unwrap_err();
    assert_eq!((beyond.code(), fields(&beyond)), (Code::InvalidArgument, vec!["offset_bytes".into()]));
    let refused = scene.retry(&first.name, "").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "PACKET_REFUSED".into()));

    let discard = v1::DiscardQuarantinedPacketRequest { name: first.name.clone(), request_id: "bo-2".into() };
    assert_eq!(scene.admin.discard_quarantined_packet(discard.clone()).await.unwrap().into_inner(), first);
    assert_eq!(scene.admin.discard_quarantined_packet(discard).await.unwrap().into_inner().name, first.name);
    assert_eq!(scene.download(&first.name, 0, 0).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(scene.quarantine().await, std::slice::from_ref(&second));
    let object = |packet: &v1::QuarantinedPacket| {
        let hex: String = packet.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        files_below(&scene.cast.hub.home().join("data/payloads")).into_iter().any(|file| file.to_string_lossy().contains(&hex))
    };
    eventually("the erasure of the packet's bytes", async || (!object(&first)).then_some(())).await;
    assert!(object(&second));

    // The hub starts again with a larger limit, and still has the packet.
    scene.cast.hub.stop().await.unwrap();
    scene.cast.hub.config_mut().axis.get_mut("sandbox").unwrap().packet = ByteCount(50 << 20);
    scene.cast.hub.serve().await.unwrap();
    scene.admin = AxisServiceClient::new(scene.cast.hub.connect("admin").await.unwrap());
    let taken = scene.retry(&second.name, "").await.unwrap();
    let mut commune = scene.cast.system(COMMUNE).await;
    let document = commune.documents.get_document(v1::GetDocumentRequest { name: taken.resource.clone() }).await.unwrap().into_inner();
    assert_eq!((document.number.as_str(), document.subject.as_str()), ("9", "V/v thử nghiệm liên thông số 9"));
    assert_eq!(scene.quarantine().await, []);
    let folder = scene.cast.hub.home().join("data/axis/sandbox");
    assert!(folder.join("spool").exists() && !folder.join("retry").exists(), "what was unpacked is cleared away");
}

#[tokio::test]
async fn a_connection_that_left_the_configuration_shows_what_it_left_behind() {
    let mut scene = Scene::new().await.routed().await;
    let mut province = scene.cast.system(PROVINCE).await;
    scene.sandbox.running.set_faults(Faults { bad_gateway: 1.0, ..Faults::default() });
    scene.write_to_the_ministry(&mut province, "1").await;
    scene.cast.hub.stop().await.unwrap();
    scene.cast.hub.config_mut().axis.clear();
    scene.cast.hub.serve().await.unwrap();
    scene.admin = AxisServiceClient::new(scene.cast.hub.connect("admin").await.unwrap());
    let axis = scene.axis().await;
    assert_eq!((axis.state(), axis.waiting_count), (v1::AxisState::NotConfigured, 1));
    let poll = scene.admin.poll_axis(v1::PollAxisRequest { name: AXIS.into() }).await.unwrap_err();
    assert_eq!(poll.code(), Code::NotFound, "nobody is there who could look");
    let [item] = scene.items(v1::OutboxItemState::Unspecified).await.try_into().unwrap();
    scene.admin.cancel_outbox_item(v1::CancelOutboxItemRequest { name: item.name, ..Default::default() }).await.unwrap();
    scene.set_routes(&[]).await.unwrap();
    let unknown = scene.admin.get_axis(v1::GetAxisRequest { name: AXIS.into() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}
