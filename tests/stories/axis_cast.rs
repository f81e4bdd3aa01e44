//! Who plays on an axis: a sandbox with two provinces, and what an office system of the other one sends.

use std::sync::Arc;

use axis::sandbox::{self, Agency, Running};
use axis::{Axis, Endpoint, Message, Outgoing, vxp};
use bytes::Bytes;
use domain::digest::Digest;
use domain::time::Timestamp;
use edxml::{Code, DocumentType, Edoc, Organ, Packet, Reference, SignerInfo, TraceHeader};
use hub::running::system_clock;
use testkit::hub_box::Centre;

pub(crate) const SECRET: &str = "b1-mat-thu-nghiem";
/// The centre of the province that the cast's directory is of.
pub(crate) const OURS: &str = "H12";
/// The centre of the other province.
pub(crate) const THEIRS: &str = "H41";

/// A sandbox axis; what it has taken is gone with it.
pub(crate) struct Sandbox {
    pub(crate) running: Running,
    _dir: tempfile::TempDir,
}

impl Sandbox {
    /// Two centres: Cà Mau with its department and two communes, and Nghệ An.
    pub(crate) async fn start() -> Self {
        let center = |code: &str| Agency { secret: SECRET.into(), ..agency(code, "") };
        let of_ours = ["H12.15", "H12.31", "H12.31.01", "H12.31.02", "H12.31.03"].map(|code| agency(code, OURS));
        let agencies = [center(OURS), center(THEIRS)].into_iter().chain(of_ours).collect();
        let dir = tempfile::tempdir().unwrap();
        let options = sandbox::Options { agencies, ..sandbox::Options::new(dir.path(), system_clock()) };
        Self { running: sandbox::start(options).await.unwrap(), _dir: dir }
    }

    /// As whom the hub of Cà Mau connects.
    pub(crate) fn ours(&self) -> Centre<'static> {
        Centre { address: self.running.address, code: OURS, secret: SECRET }
    }

    /// A client of a centre.
    pub(crate) fn client(&self, code: &str) -> vxp::Client {
        let endpoint = Endpoint { allow_plain_http: true, ..Endpoint::new(format!("http://{}", self.running.address)) };
        vxp::Client::new(vxp::Options::new(endpoint, code, SECRET), system_clock()).unwrap()
    }

    /// The other province sends a packet.
    pub(crate) async fn send(&self, message: Message, packet: Vec<u8>) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &packet);
        let outgoing = Outgoing {
            message,
            from: THEIRS.into(),
            to: vec![],
            receivers: vec![],
            length: packet.len() as u64,
            digest: Digest::try_from(digest.as_ref()).unwrap(),
            source: Arc::new(Bytes::from(packet)),
        };
        self.client(THEIRS).send(&outgoing).await.unwrap()
    }

    /// Puts an agency of a centre into the directory, or changes one; a centre itself has a secret.
    pub(crate) async fn put(&self, code: &str, center: &str, secret: &str) {
        let agency = Agency { secret: secret.into(), ..agency(code, center) };
        self.running.put_agency(agency).await.unwrap();
    }

    /// How many documents wait for a centre.
    pub(crate) async fn waiting(&self, code: &str) -> u64 {
        self.client(code).count(Message::Edoc).await.unwrap()
    }
}

fn agency(code: &str, center: &str) -> Agency {
    Agency { code: code.into(), name: format!("Đơn vị {code}"), center: center.into(), ..Agency::default() }
}

fn organ(code: &str) -> Organ {
    Organ { organ_id: code.into(), organ_name: format!("Đơn vị {code}"), ..Organ::default() }
}

/// A new document of the other province with one unsigned file.
pub(crate) fn packet(to: &[&str], number: u32) -> Vec<u8> {
    packet_with(to, number, 0)
}

/// The same, with a file that is so many bytes longer.
pub(crate) fn packet_with(to: &[&str], number: u32, padding_bytes: usize) -> Vec<u8> {
    let edoc = Edoc {
        from: organ(THEIRS),
        to: to.iter().map(|code| organ(code)).collect(),
        document_id: format!("{THEIRS},2026/01/15,{number}/UBND-VX"),
        code: Code { number: number.to_string(), notation: "UBND-VX".into(), extra: vec![] },
        place: "Nghệ An".into(),
        promulgation_date: "2026-01-15".parse().ok(),
        document_type: DocumentType { group: Some(2), detail: Some(18), name: "Công văn".into(), extra: vec![] },
        subject: format!("V/v thử nghiệm liên thông số {number}"),
        signer: SignerInfo { position: "Chủ tịch".into(), full_name: "Nguyễn Văn Ví Dụ".into(), ..SignerInfo::default() },
        trace: vec![TraceHeader {
            organ_id: THEIRS.into(),
            timestamp: Some(Timestamp::from_seconds(1_768_467_600)),
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
    let pdf = testkit::pdf::Draft { title: format!("Van ban so {number}"), lines: vec![], pages: 1, padding_bytes }.build();
    let mut files = [edxml::Outgoing { about, content: pdf.as_slice(), extra: vec![] }];
    edxml::write(Vec::new(), &Packet::Edoc(Box::new(edoc)), &mut files).unwrap()
}

/// Asks again and again until something is so, for at most half a minute.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < std::time::Duration::from_secs(30) {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{what} did not come about within 30 s");
}
