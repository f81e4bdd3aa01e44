//! `PayloadService`: bytes in, in chunks that survive a broken line and a restart, and bytes out.

use std::pin::Pin;

use api::convert;
use api::status::Failure;
use api::v1::payload_service_server::PayloadService;
use api::v1::read_payload_response::Content;
use api::v1::write_upload_request::Content as Written;
use api::v1::{
    AbandonUploadRequest, FindPayloadRequest, FinishUploadRequest, GetUploadRequest, Payload, ReadPayloadRequest, ReadPayloadResponse,
    StartUploadRequest, Upload, WriteUploadRequest, WriteUploadStart,
};
use domain::command::Command;
use domain::delivery::{self, HandOver};
use domain::digest::Digest;
use domain::invalid::{Checker, Invalid};
use domain::payload::{self, Right};
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use domain::time::Timestamp;
use futures::{Stream, StreamExt};
use store::vault::{self, Progress, UploadId, VaultError};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::identity::Peer;
use crate::shared::{Shared, caller, fault, peer};

/// Chunks of a download that wait for a slow reader.
pub(super) const CHUNKS_AHEAD: usize = 4;
/// The largest chunk of an upload; larger ones only cost memory.
const MAX_CHUNK: usize = 2 << 20;

/// The service.
pub struct Service {
    shared: Shared,
}

impl Service {
    /// Over what every service works with.
    pub const fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// The upload, if it is the caller's. Anybody else's, and none, are the same refusal.
    fn own(&self, caller: &Caller, name: &str) -> Result<(UploadId, Progress), Failure> {
        let denied = Failure::Refused(Refusal::Denied);
        let Some(id) = name.strip_prefix("uploads/").and_then(|id| id.parse::<UploadId>().ok()) else {
            return Err(denied);
        };
        match self.shared.vault.status(id) {
            Ok(status) if status.upload.owner == caller.principal.as_str() => Ok((id, status)),
            Ok(_) | Err(VaultError::UnknownUpload(_)) => Err(denied),
            Err(error) => Err(vault_failure(&error)),
        }
    }

    fn upload(&self, id: UploadId, status: &Progress) -> Upload {
        let age = u64::try_from(self.shared.config.payloads.upload_age.0.as_millis()).unwrap_or(u64::MAX);
        let expires = i64::try_from(status.upload.created_ms.saturating_add(age)).unwrap_or(i64::MAX);
        let expires = Timestamp::from_micros(expires.saturating_mul(1_000));
        Upload {
            name: format!("uploads/{id}"),
            size_bytes: signed(status.upload.size),
            committed_bytes: signed(status.safe),
            expire_time: Some(convert::time::timestamp(expires)),
        }
    }

    async fn write(&self, caller: &Caller, peer: &Peer, stream: &mut Streaming<WriteUploadRequest>) -> Result<UploadId, Failure> {
        let idle = self.shared.config.payloads.idle_timeout.0;
        let first = timeout(idle, stream.message()).await.map_err(|_| Failure::DeadlineExceeded)?.map_err(|_| broken())?;
        let Some(WriteUploadRequest { content: Some(Written::Start(WriteUploadStart { name, offset_bytes })) }) = first else {
            return Err(Failure::from(Invalid::one("start", "must be the first message of the stream")));
        };
        let (id, _) = self.own(caller, &name)?;
        let offset = u64::try_from(offset_bytes).map_err(|_| Failure::from(Invalid::one("start.offset_bytes", "must not be negative")))?;
        let mut writer = self.shared.vault.writer(id).await.map_err(|e| vault_failure(&e))?;
        if offset != writer.have() {
            // What is told is durable, and the same as GetUpload tells.
            writer.sync().await.map_err(|e| vault_failure(&e))?;
            return Err(Failure::UploadOffset { have: writer.have() });
        }
        let outcome = loop {
            match timeout(idle, stream.message()).await {
                Ok(Ok(Some(WriteUploadRequest { content: Some(Written::Chunk(chunk)) }))) if chunk.len() <= MAX_CHUNK => {
                    if let Err(failure) = self.shared.require_space().and_then(|()| self.shared.caller_now(peer, caller).map(drop)) {
                        break Err(failure);
                    }
                    if let Err(error) = writer.write(writer.have(), chunk).await {
                        break Err(vault_failure(&error));
                    }
                }
                Ok(Ok(Some(_))) => {
                    break Err(Failure::from(Invalid::one("chunk", format!("must follow the start, at most {MAX_CHUNK} bytes each"))));
                }
                // The end may be a clean one or a caller that went away: neither commits anything but the bytes that came.
                Ok(Ok(None)) => break Ok(()),
                Ok(Err(_)) => break Err(broken()),
                Err(_) => break Err(Failure::DeadlineExceeded),
            }
        };
        // What came before a break is kept, and told only once it is durable.
        writer.sync().await.map_err(|e| vault_failure(&e))?;
        outcome.map(|()| id)
    }
}

#[tonic::async_trait]
impl PayloadService for Service {
    async fn start_upload(&self, request: Request<StartUploadRequest>) -> Result<Response<Upload>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        require_system(&caller)?;
        self.shared.require_space()?;
        let max = self.shared.config.payloads.max.0;
        let mut check = Checker::default();
        let size = u64::try_from(request.size_bytes).ok().filter(|size| (1..=max).contains(size));
        check.require(size.is_some(), "size_bytes", format!("must be 1 to {max}"));
        let expected = if request.sha256.is_empty() { None } else { check.parse("sha256", Digest::try_from(request.sha256.as_ref())) };
        check.finish().map_err(Failure::from)?;
        let owner = caller.principal.as_str().to_owned();
        if self.shared.vault.uploads_of(&owner).len() >= self.shared.config.payloads.open_uploads {
            return Err(
                Failure::QuotaExceeded { what: "open uploads".into(), limit: self.shared.config.payloads.open_uploads as u64 }.into()
            );
        }
        let id = UploadId(*uuid::Uuid::now_v7().as_bytes());
        let upload = vault::Upload {
            owner,
            size: size.unwrap_or_default(),
            expected: expected.map(|d| d.0),
            created_ms: u64::try_from(self.shared.now().micros() / 1_000).unwrap_or_default(),
        };
        let status = self.shared.vault.start(id, upload).await.map_err(|e| vault_failure(&e))?;
        Ok(Response::new(self.upload(id, &status)))
    }

    async fn write_upload(&self, request: Request<Streaming<WriteUploadRequest>>) -> Result<Response<Upload>, Status> {
        let (caller, peer) = (caller(&request)?, peer(&request)?);
        require_system(&caller)?;
        let id = self.write(&caller, &peer, &mut request.into_inner()).await?;
        let status = self.shared.vault.status(id).map_err(|e| vault_failure(&e))?;
        Ok(Response::new(self.upload(id, &status)))
    }

    async fn get_upload(&self, request: Request<GetUploadRequest>) -> Result<Response<Upload>, Status> {
        let caller = caller(&request)?;
        require_system(&caller)?;
        let (id, status) = self.own(&caller, &request.get_ref().name)?;
        Ok(Response::new(self.upload(id, &status)))
    }

    async fn finish_upload(&self, request: Request<FinishUploadRequest>) -> Result<Response<Payload>, Status> {
        let caller = caller(&request)?;
        require_system(&caller)?;
        let (id, _) = self.own(&caller, &request.get_ref().name)?;
        // A task of its own, so that a caller that goes away cannot leave bytes in the vault that no entry tells of.
        let shared = self.shared.clone();
        let finished = tokio::spawn(async move {
            let _not_erasing = shared.erasing.read().await;
            let stored = shared.vault.finish(id).await.map_err(|e| vault_failure(&e))?;
            let (digest, size) = (Digest(stored.digest), stored.size);
            shared.carry_out(&caller, None, Command::Payload(payload::Command::Store { digest, size })).await?;
            Ok::<_, Failure>(convert::payload::to_wire(&digest, size))
        });
        Ok(Response::new(finished.await.map_err(|_| Failure::Internal)??))
    }

    async fn abandon_upload(&self, request: Request<AbandonUploadRequest>) -> Result<Response<()>, Status> {
        let caller = caller(&request)?;
        require_system(&caller)?;
        let (id, _) = self.own(&caller, &request.get_ref().name)?;
        self.shared.vault.abandon(id).await.map_err(|e| vault_failure(&e))?;
        Ok(Response::new(()))
    }

    async fn find_payload(&self, request: Request<FindPayloadRequest>) -> Result<Response<Payload>, Status> {
        let caller = caller(&request)?;
        let digest = Digest::try_from(request.get_ref().sha256.as_ref()).map_err(|e| Failure::from(Invalid::one("sha256", e)))?;
        let (found, _) = readable(&self.shared, &caller, &digest)?;
        Ok(Response::new(convert::payload::to_wire(&found.digest, found.size)))
    }

    type ReadPayloadStream = Pin<Box<dyn Stream<Item = Result<ReadPayloadResponse, Status>> + Send>>;

    async fn read_payload(&self, request: Request<ReadPayloadRequest>) -> Result<Response<Self::ReadPayloadStream>, Status> {
        let (caller, peer) = (caller(&request)?, peer(&request)?);
        let request = request.into_inner();
        let mut check = Checker::default();
        let digest = check.parse("name", request.name.strip_prefix("payloads/").unwrap_or_default().parse::<Digest>());
        let delivery = if request.delivery.is_empty() { None } else { check.parse("delivery", convert::name::delivery(&request.delivery)) };
        let offset = u64::try_from(request.offset_bytes).ok();
        let limit = u64::try_from(request.limit_bytes).ok();
        check.require(offset.is_some(), "offset_bytes", "must not be negative");
        check.require(limit.is_some(), "limit_bytes", "must not be negative");
        check.finish().map_err(Failure::from)?;
        let (Some(digest), Some(offset), Some(limit)) = (digest, offset, limit) else { return Err(Failure::Internal.into()) };
        let (found, right) = readable(&self.shared, &caller, &digest)?;
        if offset > found.size {
            return Err(Failure::from(Invalid::one("offset_bytes", format!("is beyond the payload's {} bytes", found.size))).into());
        }
        // Who names no copy takes the one that lets it read: nobody has a file and says that it never came.
        let taken = match right {
            Right::Copy(document, agency) => Some((document, agency)),
            Right::Own => None,
        };
        if let Some((document, agency)) = delivery.or(taken) {
            let command = delivery::Command::Arrive { agency, documents: vec![document], how: HandOver::Download };
            self.shared.carry_out(&caller, None, Command::Delivery(command)).await?;
        }
        let limit = if limit == 0 { u64::MAX } else { limit };
        let mut chunks = Box::pin(self.shared.vault.read(digest.0, offset, limit).await.map_err(|e| vault_failure(&e))?);
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        let head = ReadPayloadResponse { content: Some(Content::Payload(convert::payload::to_wire(&found.digest, found.size))) };
        let shared = self.shared.clone();
        tokio::spawn(async move {
            if sender.send(Ok(head)).await.is_err() {
                return;
            }
            while let Some(chunk) = chunks.next().await {
                if let Err(failure) = shared.caller_now(&peer, &caller) {
                    return drop(sender.send(Err(failure.into_status())).await);
                }
                let message = chunk.map(|chunk| ReadPayloadResponse { content: Some(Content::Chunk(chunk)) });
                // A reader that has gone closes the channel, and the file is let go of.
                if sender.send(message.map_err(|e| vault_failure(&e).into_status())).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// The payload, if the caller may read it; the same refusal whether it exists or not.
pub(super) fn readable(shared: &Shared, caller: &Caller, digest: &Digest) -> Result<(payload::Payload, Right), Failure> {
    let found = payload::find(&shared.tables, digest).map_err(fault)?;
    let right = payload::right(&shared.tables, caller, digest).map_err(fault)?;
    found.zip(right).ok_or_else(|| Refusal::Denied.into())
}

fn require_system(caller: &Caller) -> Result<(), Failure> {
    if matches!(caller.role, Role::AgencySystem { .. }) { Ok(()) } else { Err(Refusal::Denied.into()) }
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

const fn broken() -> Failure {
    Failure::StreamBroken
}

pub(crate) fn vault_failure(error: &VaultError) -> Failure {
    match error {
        VaultError::OffsetMismatch { have, .. } => Failure::UploadOffset { have: *have },
        VaultError::PastEnd { size, .. } => Failure::UploadTooLong { size: *size },
        VaultError::SizeMismatch { have, size } => Failure::UploadIncomplete { have: *have, size: *size },
        VaultError::DigestMismatch { expected, found } => Failure::ContentMismatch { expected: Digest(*expected), actual: Digest(*found) },
        VaultError::UnknownUpload(_) | VaultError::BadId => Failure::Refused(Refusal::Denied),
        // Another stream of the same principal has it, for example one whose line broke a moment ago.
        VaultError::Busy(_) => Failure::Overloaded { retry_after: std::time::Duration::from_millis(500) },
        VaultError::Finished(_) => Failure::UploadFinished,
        // Erased since, because the document that held it was recalled.
        VaultError::NotStored(digest) => Failure::Refused(Refusal::PayloadUnknown(Digest(*digest))),
        VaultError::Io(error) if matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) => {
            Failure::DiskLow
        }
        VaultError::Remote(_) | VaultError::NotKept => {
            tracing::error!(%error, "the payload store cannot be worked with; see whether it is up and payloads.s3 still holds");
            Failure::PayloadsUnavailable
        }
        VaultError::BadOwner
        | VaultError::AlreadyStarted(_)
        | VaultError::TooLarge { .. }
        | VaultError::OutOfRange { .. }
        | VaultError::Damaged(_)
        | VaultError::Io(_)
        | VaultError::Objects(_) => {
            tracing::error!(%error, "the payload vault is at fault");
            Failure::Internal
        }
    }
}
