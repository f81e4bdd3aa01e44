//! What operators rely on: health, reflection, metrics, a stop that drains, limits.

use std::collections::BTreeSet;
use std::time::Duration;

use api::v1;
use api::v1::principal_service_client::PrincipalServiceClient;
use testkit::hub_box::HubBox;
use testkit::system::to_agency;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::axis_cast::{Sandbox, eventually};
use crate::cast::{COMMUNE, Cast, PROVINCE, reason};

#[tokio::test]
async fn health_says_serving_to_those_who_are_enrolled() {
    let cast = Cast::new().await;
    let mut health = HealthClient::new(cast.hub.connect("admin").await.unwrap());
    let answer = health.check(HealthCheckRequest { service: "vanthu.v1.DocumentService".into() }).await.unwrap().into_inner();
    assert_eq!(answer.status, 1);
    let mut stranger = HealthClient::new(cast.hub.connect("stranger").await.unwrap());
    let refused = stranger.check(HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::Unauthenticated, "CALLER_UNKNOWN".into()));
}

#[tokio::test]
async fn metrics_are_served_in_the_form_prometheus_reads() {
    let cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await;
    let mut stream = TcpStream::connect(cast.hub.running().unwrap().metrics_address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for line in [
        "vanthu_calls_total{method=\"/vanthu.v1.DocumentService/SubmitDocument\",code=\"OK\"} 1",
        "vanthu_signatures_total{verdict=\"total_passed\"} 1",
        "# EOF",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
}

#[tokio::test]
async fn a_connection_without_a_certificate_never_gets_to_a_call() {
    let cast = Cast::new().await;
    let authority = std::fs::read(cast.hub.home().join("tls/client-ca.pem")).unwrap();
    let tls = tonic::transport::ClientTlsConfig::new()
        .ca_certificate(tonic::transport::Certificate::from_pem(authority))
        .domain_name("localhost");
    let endpoint = tonic::transport::Endpoint::from_shared(format!("https://{}", cast.hub.address().unwrap())).unwrap();
    match endpoint.tls_config(tls).unwrap().connect().await {
        // TLS 1.3 tells a client of the refusal with its first read.
        Ok(channel) => {
            PrincipalServiceClient::new(channel).get_caller(v1::GetCallerRequest {}).await.unwrap_err();
        }
        Err(_refused) => {}
    }
}

#[tokio::test]
async fn below_the_free_space_mark_submissions_are_refused_and_reads_go_on() {
    let mut cast = Cast::new().await;
    let mut province = cast.system(PROVINCE).await;
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap();
    cast.hub.stop().await.unwrap();
    let home = cast.hub.home().to_owned();
    let mut config = cast.hub.config().clone();
    config.disk.low_mark = hub::config::ByteCount(u64::MAX);
    let running = hub::running::start(&home, config, hub::running::system_clock()).await.unwrap();
    let channel = hub::client::connect(&home, &running.address.to_string(), "system-0").await.unwrap();
    let mut province = testkit::system::System::new(channel, PROVINCE);
    // The disk is looked at every two seconds, the first time at once.
    let mut refused = None;
    for _ in 0..100 {
        match province.start_upload(b"x").await {
            Err(status) => {
                refused = Some(status);
                break;
            }
            Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    let refused = refused.expect("uploads are refused");
    assert_eq!((refused.code(), reason(&refused)), (Code::ResourceExhausted, "DISK_LOW".into()));
    let letter = province.letter("2", "V/v hai", &sent.attachments[0].payload);
    let refused = province.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap_err();
    assert_eq!(reason(&refused), "DISK_LOW");
    province.documents.get_document(v1::GetDocumentRequest { name: sent.name }).await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test]
async fn one_principal_may_have_only_so_many_calls_under_way() {
    let cast = Cast::on(HubBox::start_with(|config| config.limits.concurrent_calls = 3).await.unwrap()).await;
    let mut commune = cast.system(COMMUNE).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(commune.watch("").await.unwrap());
    }
    let refused = commune.watch("").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::Unavailable, "OVERLOADED".into()));
    cast.system(PROVINCE).await.watch("").await.unwrap();
    drop(open);
    for _ in 0..200 {
        if commune.watch("").await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("places of ended streams are not given back");
}

#[tokio::test]
async fn a_stop_ends_open_streams_and_does_not_wait_for_them() {
    let mut cast = Cast::new().await;
    let mut commune = cast.system(COMMUNE).await;
    let mut stream = commune.watch("").await.unwrap();
    let begun = std::time::Instant::now();
    cast.hub.stop().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(9), "within the drain time: {:?}", begun.elapsed());
    assert_eq!(stream.message().await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_peer_that_holds_on_to_its_streams() {
    let mut cast =
        Cast::on(HubBox::start_with(|config| config.limits.drain = hub::config::Span(Duration::from_millis(300))).await.unwrap()).await;
    // A health watch never ends by itself, and the download is not read on: both outlive any drain.
    let mut health = HealthClient::new(cast.hub.connect("admin").await.unwrap());
    let mut watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    watch.message().await.unwrap();
    let mut province = cast.system(PROVINCE).await;
    let payload = province.upload(&vec![7; 24 << 20]).await.unwrap();
    let request = v1::ReadPayloadRequest { name: payload, ..Default::default() };
    let mut download = province.payloads.read_payload(request).await.unwrap().into_inner();
    download.message().await.unwrap();

    let begun = std::time::Instant::now();
    cast.hub.stop().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    while let Ok(Some(_)) = watch.message().await {}
    cast.hub.serve().await.unwrap();
}

#[tokio::test]
async fn a_stranger_leaves_no_labels_and_is_hung_up_on() {
    let cast = Cast::new().await;
    let channel = cast.hub.connect("stranger").await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    let mut told = 0;
    for number in 0..1_100 {
        client.ready().await.unwrap();
        let path = format!("/any.Service/xxx{number}").parse().unwrap();
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let refused = client.unary(tonic::Request::new(()), path, codec).await.unwrap_err();
        told += usize::from(refused.code() == Code::Unauthenticated);
        if refused.code() != Code::Unauthenticated {
            break;
        }
    }
    assert!((1_000..1_100).contains(&told), "told {told} times who it is not, then the connection ends");
    let page = cast.hub.running().unwrap().metrics.page();
    assert!(page.contains("method=\"unknown\",code=\"UNAUTHENTICATED\""), "{page}");
    assert!(!page.contains("xxx"), "no text of a caller becomes a label");
}

#[tokio::test]
async fn those_who_say_nothing_take_no_place_of_those_who_do() {
    let cast = Cast::on(HubBox::start_with(|config| config.listen.connections = 16).await.unwrap()).await;
    let address: std::net::SocketAddr = cast.hub.address().unwrap().parse().unwrap();
    let mut silent = Vec::new();
    for _ in 0..200 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        silent.push(socket.connect(address).await.unwrap());
    }
    // Their handshakes run out after five seconds; nobody else waits for that.
    let begun = std::time::Instant::now();
    let mut province = cast.system(PROVINCE).await;
    cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn every_metric_that_an_alert_looks_at_is_measured() {
    let sandbox = Sandbox::start().await;
    let hub = HubBox::start_with_axes(&[("sandbox", sandbox.ours())], |_| {}).await.unwrap();
    let cast = Cast::on(hub).await;
    // What is counted by label shows once it has happened.
    let mut province = cast.system(PROVINCE).await;
    cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await;
    let metrics = &cast.hub.running().unwrap().metrics;
    // Connections are looked at a moment after the start.
    let page = eventually("the metrics of the connection", async || {
        let page = metrics.page();
        page.contains("vanthu_axis_stopped{connection=\"sandbox\"} 0").then_some(page)
    })
    .await;
    let rules = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/alerts.yml")).unwrap();
    let expressions = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let names: BTreeSet<&str> = expressions
        .flat_map(|expression| expression.split(|c: char| !c.is_ascii_lowercase() && c != '_'))
        .filter(|word| word.starts_with("vanthu_"))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let family = name.trim_end_matches("_total").trim_end_matches("_bucket");
        assert!(page.contains(&format!("# TYPE {family} ")), "{name} is in an alert and not in {page}");
    }
    // A rule about a connection finds its series from the start, not only after the first fault.
    for series in [
        "vanthu_axis_packets_set_aside_total{connection=\"sandbox\"} 0",
        "vanthu_axis_failures_total{connection=\"sandbox\"} 0",
        "vanthu_axis_packets_total{connection=\"sandbox\",direction=\"received\",kind=\"status\"} 0",
        "vanthu_axis_oldest_waiting_seconds{connection=\"sandbox\"} 0",
    ] {
        assert!(page.contains(series), "{series} is not in {page}");
    }
}
