//! An agency's document system as a client of the hub: uploads, submits, receives, reports.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::v1;
use api::v1::delivery_service_client::DeliveryServiceClient;
use api::v1::document_service_client::DocumentServiceClient;
use api::v1::payload_service_client::PayloadServiceClient;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use time::OffsetDateTime;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

/// Bytes of one chunk of an upload.
pub const CHUNK: usize = 256 << 10;

/// A client of the hub that speaks for one agency. Cheap to clone.
#[derive(Clone)]
pub struct System {
    /// The resource name of the agency, `agencies/…`.
    pub agency: String,
    /// Payloads.
    pub payloads: PayloadServiceClient<Channel>,
    /// Documents.
    pub documents: DocumentServiceClient<Channel>,
    /// Deliveries.
    pub deliveries: DeliveryServiceClient<Channel>,
    requests: Arc<AtomicU64>,
    /// Tells this client's requests from those of one before it.
    session: String,
}

impl System {
    /// A client over a connection, for the agency of that id.
    pub fn new(channel: Channel, agency: &str) -> Self {
        Self {
            agency: format!("agencies/{agency}"),
            payloads: PayloadServiceClient::new(channel.clone()),
            documents: DocumentServiceClient::new(channel.clone()),
            deliveries: DeliveryServiceClient::new(channel),
            requests: Arc::default(),
            session: session(),
        }
    }

    /// A fresh request id.
    pub fn request_id(&self) -> String {
        format!("{}-{}", self.session, self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Starts an upload of these bytes.
    pub async fn start_upload(&mut self, bytes: &[u8]) -> Result<v1::Upload, Status> {
        let request = v1::StartUploadRequest { size_bytes: length(bytes), sha256: digest(&SHA256, bytes).as_ref().to_vec().into() };
        Ok(self.payloads.start_upload(request).await?.into_inner())
    }

    /// Writes the bytes from an offset on.
    pub async fn write_upload(&mut self, name: &str, offset: usize, bytes: &[u8]) -> Result<v1::Upload, Status> {
        let start = v1::WriteUploadStart { name: name.to_owned(), offset_bytes: i64::try_from(offset).unwrap_or(i64::MAX) };
        let mut messages = vec![v1::WriteUploadRequest { content: Some(v1::write_upload_request::Content::Start(start)) }];
        for chunk in bytes.get(offset..).unwrap_or_default().chunks(CHUNK) {
            messages.push(v1::WriteUploadRequest { content: Some(v1::write_upload_request::Content::Chunk(chunk.to_vec().into())) });
        }
        Ok(self.payloads.write_upload(tokio_stream::iter(messages)).await?.into_inner())
    }

    /// Uploads the bytes whole; gives the payload's name.
    pub async fn upload(&mut self, bytes: &[u8]) -> Result<String, Status> {
        let upload = self.start_upload(bytes).await?;
        self.write_upload(&upload.name, 0, bytes).await?;
        let payload = self.payloads.finish_upload(v1::FinishUploadRequest { name: upload.name }).await?;
        Ok(payload.into_inner().name)
    }

    /// Reads a payload whole; `delivery` names the copy it is read for, which sets that to arrived.
    pub async fn download(&mut self, payload: &str, delivery: &str) -> Result<Vec<u8>, Status> {
        let request = v1::ReadPayloadRequest { name: payload.to_owned(), delivery: delivery.to_owned(), ..Default::default() };
        let mut stream = self.payloads.read_payload(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(message) = stream.message().await? {
            if let Some(v1::read_payload_response::Content::Chunk(chunk)) = message.content {
                bytes.extend_from_slice(&chunk);
            }
        }
        Ok(bytes)
    }

    /// A công văn of this agency with one main file.
    pub fn letter(&self, number: &str, subject: &str, payload: &str) -> v1::Document {
        let today = OffsetDateTime::now_utc().to_offset(time::UtcOffset::from_hms(7, 0, 0).unwrap_or(time::UtcOffset::UTC)).date();
        v1::Document {
            issuer: self.agency.clone(),
            number: number.to_owned(),
            notation: "UBND-VX".into(),
            kind: "cong-van".into(),
            subject: subject.to_owned(),
            signer: Some(v1::Signer {
                competence: "TM.".into(), position: "Chủ tịch".into(), full_name: "Nguyễn Văn Ví Dụ".into()
            }),
            place: "Cà Mau".into(),
            issue_date: format!("{:04}-{:02}-{:02}", today.year(), u8::from(today.month()), today.day()),
            urgency: v1::Urgency::Ordinary.into(),
            page_count: 1,
            attachments: vec![v1::Attachment {
                payload: payload.to_owned(),
                file_name: "van-ban.pdf".into(),
                role: v1::AttachmentRole::Main.into(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    /// Submits a document to selectors.
    pub async fn submit(&mut self, document: v1::Document, recipients: Vec<v1::Selector>) -> Result<v1::SubmitDocumentResponse, Status> {
        let request =
            v1::SubmitDocumentRequest { request_id: self.request_id(), document: Some(document), recipients, ..Default::default() };
        Ok(self.documents.submit_document(request).await?.into_inner())
    }

    /// Follows the inbox from a token on.
    pub async fn watch(&mut self, resume_token: &str) -> Result<Streaming<v1::DeliveryChange>, Status> {
        let request = v1::WatchDeliveriesRequest { agency: self.agency.clone(), resume_token: resume_token.to_owned() };
        Ok(self.deliveries.watch_deliveries(request).await?.into_inner())
    }

    /// The name of this agency's copy of a document.
    pub fn copy_of(&self, document: &str) -> String {
        format!("{document}/deliveries/{}", self.agency.trim_start_matches("agencies/"))
    }

    /// Reports a status of this agency's copy.
    pub async fn report(&mut self, document: &str, status: v1::DeliveryStatus, note: &str) -> Result<v1::Delivery, Status> {
        let report = v1::DeliveryReport { status: status.into(), note: note.to_owned(), ..Default::default() };
        self.report_with(document, report).await
    }

    /// Reports about this agency's copy.
    pub async fn report_with(&mut self, document: &str, report: v1::DeliveryReport) -> Result<v1::Delivery, Status> {
        let request = v1::ReportDeliveryRequest { request_id: self.request_id(), name: self.copy_of(document), report: Some(report) };
        Ok(self.deliveries.report_delivery(request).await?.into_inner())
    }

    /// Every step of a document that this agency may see.
    pub async fn trace(&mut self, document: &str) -> Result<Vec<v1::Step>, Status> {
        let request = v1::TraceDocumentRequest { name: document.to_owned(), page_size: 1_000, ..Default::default() };
        Ok(self.documents.trace_document(request).await?.into_inner().steps)
    }
}

fn session() -> String {
    let mut bytes = [0_u8; 8];
    // Without randomness every session has the same name, and the hub refuses what would be mixed up.
    let filled = SystemRandom::new().fill(&mut bytes).is_ok();
    debug_assert!(filled, "the system gives random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One agency.
pub fn to_agency(id: &str) -> v1::Selector {
    v1::Selector { target: Some(v1::selector::Target::Agency(format!("agencies/{id}"))) }
}

/// The agencies of a tier below a root.
pub fn to_subtree(root: &str, tier: v1::Tier, kind: v1::AgencyKind) -> v1::Selector {
    let subtree = v1::Subtree { root: format!("agencies/{root}"), tier: tier.into(), kind: kind.into() };
    v1::Selector { target: Some(v1::selector::Target::Subtree(subtree)) }
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}
