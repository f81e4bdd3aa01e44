//! A hub and a sandbox axis: who sends, as the axis's directory has it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::axis::sandbox::{self, Running as Sandbox};
use ::axis::{Axis as _, Endpoint, Message, vxp};
use bytes::Bytes;
use domain::agency::{Agency, Kind, Tier};
use domain::axis::Route;
use domain::digest::Digest;
use domain::document;
use domain::time::Timestamp;
use edxml::{Code, DocumentType, Edoc, Organ, Packet, SignerInfo, TraceHeader};

use super::*;
use crate::config::{Config, Span};
use crate::running::{self, Running, system_clock};

const SECRET: &str = "b1-mat-thu-nghiem";

fn listed(code: &str, old_code: &str, name: &str) -> sandbox::Agency {
    let (code, old_code, name) = (code.into(), old_code.into(), name.into());
    sandbox::Agency { code, old_code, name, parent: "H41".into(), center: "H41".into(), ..sandbox::Agency::default() }
}

async fn sandbox(dir: &Path) -> Sandbox {
    let centre =
        |agency: sandbox::Agency| sandbox::Agency { secret: SECRET.into(), parent: String::new(), center: String::new(), ..agency };
    let agencies = vec![
        centre(listed("H12", "000.00.00.H12", "Ủy ban nhân dân tỉnh Cà Mau")),
        centre(listed("H41", "000.00.00.H41", "Ủy ban nhân dân tỉnh Nghệ An")),
        listed("H41.15", "000.00.15.H41", "Sở Xây dựng tỉnh Nghệ An"),
        listed("H41.201", "", "Ủy ban nhân dân xã Quỳnh Lưu"),
    ];
    sandbox::start(sandbox::Options { agencies, ..sandbox::Options::new(dir, system_clock()) }).await.unwrap()
}

async fn hub(home: &Path, axis: SocketAddr) -> Running {
    crate::home::init(home, &[]).unwrap();
    std::fs::write(home.join("axis.secret"), SECRET).unwrap();
    let mut config = Config::default();
    config.listen.grpc.set_port(0);
    config.listen.metrics.set_port(0);
    config.disk.low_mark = crate::config::ByteCount(0);
    let settings = AxisSettings {
        endpoint: format!("http://{axis}"),
        allow_plain_http: true,
        system_id: "H12".into(),
        secret_file: "axis.secret".into(),
        poll: Span(Duration::from_millis(100)),
        directory: Span(Duration::from_millis(100)),
        ..AxisSettings::default()
    };
    config.axis.insert("sandbox".into(), settings);
    let hub = running::start(home, config, system_clock()).await.unwrap();
    carry_out(&hub, Command::Agency(agency::Command::Create(province("camau", "H12")))).await;
    carry_out(&hub, Command::Agency(agency::Command::Create(province("nghean", "H41")))).await;
    let route = Route { prefix: "H41".into(), connection: Some(Connection::parse("sandbox").unwrap()) };
    carry_out(&hub, Command::Axis(domain::axis::Command::SetRoutes(vec![route]))).await;
    hub
}

fn province(id: &str, code: &str) -> Agency {
    let assigned = agency::CodeAssignment { code: code.parse().unwrap(), valid_from: None, valid_until: None, provisional: false };
    Agency {
        id: agency::Id::parse(id).unwrap(),
        tier: Tier::Province,
        kind: Kind::PeoplesCommittee,
        parent: None,
        name: format!("Ủy ban nhân dân {id}"),
        short_name: String::new(),
        codes: vec![assigned],
        state: agency::State::Active,
        valid_from: None,
        valid_until: None,
        changed_seq: 0,
    }
}

async fn carry_out(hub: &Running, command: Command) {
    let admin = Caller { principal: principal::Id::hub(), role: Role::Admin };
    hub.handle.carry_out(admin, None, command).await.unwrap();
}

/// A packet for Cà Mau from the agency of this code, which calls itself `name`.
async fn send(axis: &Sandbox, from: &str, name: &str, number: u32) -> String {
    let organ = |code: &str, name: &str| Organ { organ_id: code.into(), organ_name: name.into(), ..Organ::default() };
    let document_id = format!("{from},2026/01/15,{number}/UBND-VX");
    let edoc = Edoc {
        from: organ(from, name),
        to: vec![organ("H12", "Cà Mau")],
        document_id: document_id.clone(),
        code: Code { number: number.to_string(), notation: "UBND-VX".into(), extra: vec![] },
        place: "Nghệ An".into(),
        promulgation_date: "2026-01-15".parse().ok(),
        document_type: DocumentType { group: Some(2), detail: Some(18), name: "Công văn".into(), extra: vec![] },
        subject: format!("V/v thử nghiệm liên thông số {number}"),
        signer: SignerInfo { position: "Giám đốc".into(), full_name: "Nguyễn Văn Ví Dụ".into(), ..SignerInfo::default() },
        trace: vec![TraceHeader {
            organ_id: from.into(),
            timestamp: Some(Timestamp::from_seconds(1_768_467_600)),
            ..TraceHeader::default()
        }],
        ..Edoc::default()
    };
    let about = edxml::Reference {
        content_id: "1".into(),
        content_type: "application/pdf".into(),
        name: "van-ban.pdf".into(),
        description: "Văn bản".into(),
    };
    let mut files = [edxml::Outgoing { about, content: b"%PDF-1.4\n%%EOF\n".as_slice(), extra: vec![] }];
    let packet = edxml::write(Vec::new(), &Packet::Edoc(Box::new(edoc)), &mut files).unwrap();
    let endpoint = Endpoint { allow_plain_http: true, ..Endpoint::new(format!("http://{}", axis.address)) };
    let theirs = vxp::Client::new(vxp::Options::new(endpoint, "H41", SECRET), system_clock()).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, &packet);
    let outgoing = wire::Outgoing {
        message: Message::Edoc,
        from: from.into(),
        to: vec![],
        receivers: vec![],
        length: packet.len() as u64,
        digest: Digest::try_from(digest.as_ref()).unwrap(),
        source: Arc::new(Bytes::from(packet)),
    };
    theirs.send(&outgoing).await.unwrap();
    document_id
}

async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_500 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come about within 30 s");
}

/// Who issued the document that came in a packet.
async fn issuer(hub: &Running, from: &str, document_id: &str) -> Agency {
    let id = eventually("a document", || domain::axis::named(&hub.tables, from, document_id).unwrap()).await;
    let issuer = document::find(&hub.tables, &id).unwrap().unwrap().content.issuer;
    agency::find(&hub.tables, &issuer).unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_is_known_by_the_directory_of_the_axis() {
    let dir = tempfile::tempdir().unwrap();
    let axis = sandbox(&dir.path().join("axis")).await;
    let home = dir.path().join("hub");
    std::fs::create_dir(&home).unwrap();
    let hub = hub(&home, axis.address).await;
    let mirror = home.join("data/axis/sandbox/directory");
    eventually("the mirror", || mirror.exists().then_some(())).await;

    // By its older code, and under a name of its own making.
    let first = send(&axis, "000.00.15.H41", "So XD", 1).await;
    let department = issuer(&hub, "000.00.15.H41", &first).await;
    assert_eq!((department.id.as_str(), department.name.as_str()), ("axis.h41-15", "Sở Xây dựng tỉnh Nghệ An"));
    assert_eq!((department.tier, department.parent), (Tier::Province, Some(agency::Id::parse("nghean").unwrap())));
    let codes: Vec<_> = department.codes.iter().map(|assigned| assigned.code.as_str()).collect();
    assert_eq!(codes, ["000.00.15.H41", "H41.15"]);
    // The other code is the same agency.
    let second = send(&axis, "H41.15", "Sở Xây dựng", 2).await;
    assert_eq!(issuer(&hub, "H41.15", &second).await.id, department.id);
    // An agency that this hub has, by a code that only the directory knows of it.
    let third = send(&axis, "000.00.00.H41", "UBND tỉnh", 3).await;
    assert_eq!(issuer(&hub, "000.00.00.H41", &third).await.id.as_str(), "nghean");
    // A commune right below its province.
    let fourth = send(&axis, "H41.201", "UBND xã", 4).await;
    let commune = issuer(&hub, "H41.201", &fourth).await;
    assert_eq!((commune.tier, commune.name.as_str()), (Tier::Commune, "Ủy ban nhân dân xã Quỳnh Lưu"));

    // An axis that is away takes nothing of the directory, and the hub says so.
    let connector = hub.connectors.find(&Connection::parse("sandbox").unwrap()).unwrap();
    axis.set_faults(sandbox::Faults { bad_gateway: 1.0, ..sandbox::Faults::default() });
    let (_, why) = eventually("the failure", || connector.directory().status().failure).await;
    assert!(why.contains("502"), "{why}");
    eventually("the failure among those of the connection", || (connector.health().counters.failures > 0).then_some(())).await;
    assert_eq!(connector.directory().lookup("000.00.15.H41").map(|row| row.parent), Some("H41".into()));
    hub.stop().await.unwrap();
}
