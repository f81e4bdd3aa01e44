//! A sandbox, clients of it, packets, and servers that answer nonsense.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use axis::sandbox::{self, Agency, Faults, Running};
use axis::{Axis, Clock, Endpoint, Message, Outgoing, lgsp, vxp};
use bytes::Bytes;
use domain::digest::Digest;
use domain::time::Timestamp;
use edxml::{Code, DocumentType, Edoc, Organ, Packet, Reference, ResponseFor, SignerInfo, Status, StatusCode, TraceHeader};
use futures::TryStreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(crate) const SECRET: &str = "b1-mat-thu-nghiem";

pub(crate) fn clock() -> Clock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    })
}

/// Two provinces with a commune each, a locked agency and a closed one.
pub(crate) fn agencies() -> Vec<Agency> {
    let agency =
        |code: &str, center: &str| Agency {
            code: code.into(), name: format!("Đơn vị {code}"), center: center.into(), ..Agency::default()
        };
    let center = |code: &str| Agency { secret: SECRET.into(), ..agency(code, "") };
    vec![
        center("H12"),
        center("H41"),
        Agency { old_code: "000.00.15.H12".into(), parent: "H12".into(), ..agency("H12.15", "H12") },
        Agency { parent: "H41".into(), ..agency("H41.7", "H41") },
        Agency { is_locked: true, ..agency("H41.8", "H41") },
        Agency { is_closed: true, successors: vec!["H12".into()], ..agency("H04", "") },
    ]
}

pub(crate) fn options(dir: &std::path::Path) -> sandbox::Options {
    sandbox::Options { agencies: agencies(), ..sandbox::Options::new(dir, clock()) }
}

pub(crate) async fn sandbox(faults: Faults) -> (Running, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let running = sandbox::start(sandbox::Options { faults, ..options(dir.path()) }).await.unwrap();
    (running, dir)
}

pub(crate) fn endpoint(address: impl std::fmt::Display) -> Endpoint {
    Endpoint {
        allow_plain_http: true,
        idle_timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(2),
        ..Endpoint::new(format!("http://{address}"))
    }
}

pub(crate) fn vxp(endpoint: Endpoint, code: &str) -> vxp::Client {
    vxp::Client::new(vxp::Options::new(endpoint, code, SECRET), clock()).unwrap()
}

pub(crate) fn lgsp(endpoint: Endpoint, code: &str) -> lgsp::Client {
    lgsp::Client::new(lgsp::Options::new(endpoint, (code, SECRET), (code, SECRET)), clock()).unwrap()
}

pub(crate) fn organ(code: &str) -> Organ {
    Organ { organ_id: code.into(), organ_name: format!("Đơn vị {code}"), ..Organ::default() }
}

/// A new document with one file of so many bytes.
pub(crate) fn packet(from: &str, to: &[&str], number: u32, bytes: usize) -> Vec<u8> {
    let edoc = Edoc {
        from: organ(from),
        to: to.iter().map(|code| organ(code)).collect(),
        document_id: format!("{from},2026/11/22,{number}/UBND-VX"),
        code: Code { number: number.to_string(), notation: "UBND-VX".into(), extra: vec![] },
        place: "Cà Mau".into(),
        promulgation_date: "2026-11-22".parse().ok(),
        document_type: DocumentType { group: Some(2), detail: Some(18), name: "Công văn".into(), extra: vec![] },
        subject: format!("V/v thử nghiệm liên thông số {number}"),
        signer: SignerInfo { position: "Chủ tịch".into(), full_name: "Nguyễn Văn Ví Dụ".into(), ..SignerInfo::default() },
        trace: vec![TraceHeader {
            organ_id: from.into(),
            timestamp: Some(Timestamp::from_seconds(1_795_287_798)),
            ..TraceHeader::default()
        }],
        ..Edoc::default()
    };
    let about = Reference {
        content_id: "1".into(),
        content_type: "application/pdf".into(),
        name: "van-ban.pdf".into(),
        description: "Văn bản".into(),
    };
    let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
    let mut files = [edxml::Outgoing { about, content: content.as_slice(), extra: vec![] }];
    edxml::write(Vec::new(), &Packet::Edoc(Box::new(edoc)), &mut files).unwrap()
}

pub(crate) fn status(from: &str, of: &str, code: StatusCode, number: u32) -> Vec<u8> {
    let status = Status {
        from: organ(from),
        response_for: ResponseFor {
            organ_id: of.into(),
            code: format!("{number}/UBND-VX"),
            promulgation_date: "2026-11-22".parse().ok(),
            document_id: format!("{of},2026/11/22,{number}/UBND-VX"),
            extra: vec![],
        },
        code,
        description: "Văn thư đã tiếp nhận".into(),
        timestamp: Some(Timestamp::from_seconds(1_795_287_798)),
        ..Status::default()
    };
    edxml::write::<_, &[u8]>(Vec::new(), &Packet::Status(Box::new(status)), &mut []).unwrap()
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::try_from(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref()).unwrap()
}

pub(crate) fn outgoing(message: Message, from: &str, bytes: Vec<u8>) -> Outgoing {
    Outgoing {
        message,
        from: from.into(),
        to: vec![],
        receivers: vec![],
        length: bytes.len() as u64,
        digest: digest(&bytes),
        source: Arc::new(Bytes::from(bytes)),
    }
}

/// A whole packet.
pub(crate) async fn fetch(axis: &dyn Axis, doc_id: &str) -> Result<Vec<u8>, axis::Error> {
    let mut stream = axis.fetch(doc_id).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = stream.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A server that reads the head of a request and answers with these bytes, whatever was asked, and closes.
pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> std::net::SocketAddr {
    let answer = answer.into();
    answering_by(move |_| answer.clone()).await
}

/// A server that answers by the head of a request, and closes.
pub(crate) async fn answering_by(answer: impl Fn(&str) -> Vec<u8> + Clone + Send + 'static) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                    if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let _ = stream.write_all(&answer(&String::from_utf8_lossy(&request))).await;
                let _ = stream.shutdown().await;
                // What the client still sends is read, so that the answer is not lost to a reset.
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
            });
        }
    });
    address
}

pub(crate) fn http(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}
