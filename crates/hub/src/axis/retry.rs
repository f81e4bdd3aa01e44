//! A packet that was set aside, taken in again from the bytes that were kept: once what it lacked is there, an admin asks for it.

use std::io::{self, Write as _};
use std::path::PathBuf;

use ::axis as wire;
use api::status::Failure;
use domain::axis::Quarantined;
use domain::digest::Digest;
use domain::event::{Outcome, REQUESTS, request_key};
use domain::principal;
use domain::state;
use edxml::ReadError;
use futures::StreamExt as _;

use super::Connector;
use super::inbound::{Taken, Trouble, parse};
use super::spool::{self, SpoolWriter, Spooled};
use crate::services::payload::vault_failure;
use crate::shared::fault;

impl Connector {
    /// Takes a packet that was set aside in as if it came now. It is refused as it would be then; what it is about is then as it was.
    /// Whoever asks drops it from the quarantine.
    pub async fn retry(&self, packet: &Quarantined) -> Result<(), Failure> {
        let _alone = self.inner.retrying.lock().await;
        let beside = self.beside();
        let outcome = beside.take_again(packet).await;
        if let Err(error) = std::fs::remove_dir_all(&beside.inner.spool) {
            tracing::warn!(connection = %self.inner.connection, %error, "what is left of a packet stays on disk until the next one");
        }
        match outcome? {
            Taken::Done => {
                self.inner.state.count(|counters| match wire::Message::parse(&packet.message_type) {
                    Some(wire::Message::Status) => counters.statuses_received += 1,
                    Some(wire::Message::Edoc) | None => counters.documents_received += 1,
                });
                Ok(())
            }
            Taken::Refused { reason, .. } => {
                let name = format!("axes/{}/quarantine/{}", packet.connection, packet.axis_id);
                Err(Failure::PacketRefused { name, reason })
            }
        }
    }

    /// What taking a packet in made or changed; nothing if it was not taken in, or there was nothing left to do.
    pub fn resource_of(&self, axis_id: &str) -> Result<Option<String>, Failure> {
        // The digest is no part of the name by which the outcome is kept.
        let request = self.request(axis_id, Digest([0; 32])).map_err(|trouble| self.failure(trouble))?;
        let key = request_key(&principal::Id::hub(), &request.id);
        let outcome = state::read::<Outcome>(&self.inner.shared.tables, REQUESTS, &key).map_err(fault)?;
        Ok(outcome.map(|outcome| outcome.resource))
    }

    /// The same connection with a spool of its own: what is tried again does not meet what comes in.
    fn beside(&self) -> Self {
        let inner = &self.inner;
        let spool = inner.spool.with_file_name("retry");
        Self::with_state(
            inner.shared.clone(),
            inner.connection.clone(),
            inner.wire.clone(),
            inner.settings.clone(),
            spool,
            (inner.directory.clone(), inner.state.clone()),
        )
    }

    async fn take_again(&self, packet: &Quarantined) -> Result<Taken, Failure> {
        let inner = &self.inner;
        inner.shared.require_space()?;
        spool::clear(&inner.spool).map_err(|error| self.failure(error.into()))?;
        let stem = inner.spool.join("in");
        let raw = self.kept(packet, stem.with_extension("edxml")).await?;
        let limits = edxml::Limits { packet_bytes: inner.settings.packet.0, ..edxml::Limits::default() };
        let path = raw.path.clone();
        let read = tokio::task::spawn_blocking(move || parse(&path, &limits, stem)).await.map_err(|_| Failure::Internal)?;
        let row = wire::Received {
            doc_id: packet.axis_id.clone(),
            message_type: packet.message_type.clone(),
            from: packet.from.clone(),
            ..wire::Received::default()
        };
        match read {
            Ok(parsed) => self.packet(&row, &raw, parsed).await.map_err(|trouble| self.failure(trouble)),
            Err(ReadError::Refused(fault)) => {
                let reason = format!("Gói tin không đúng quy chuẩn: {fault}");
                Ok(Taken::Refused { reason, from: packet.from.clone(), answer: None })
            }
            Err(ReadError::Io(error)) => Err(self.failure(error.into())),
        }
    }

    /// The bytes that were kept, in a file of the spool.
    async fn kept(&self, packet: &Quarantined, path: PathBuf) -> Result<Spooled, Failure> {
        let at_fault = |error: io::Error| self.failure(error.into());
        let vault = &self.inner.shared.vault;
        let mut pieces = Box::pin(vault.read(packet.raw.0, 0, u64::MAX).await.map_err(|error| vault_failure(&error))?);
        let mut writer = SpoolWriter::create(path).map_err(at_fault)?;
        while let Some(piece) = pieces.next().await {
            writer.write_all(&piece.map_err(|error| vault_failure(&error))?).map_err(at_fault)?;
        }
        writer.finish().map_err(at_fault)
    }

    fn failure(&self, trouble: Trouble) -> Failure {
        match trouble {
            Trouble::Wire(error) => Failure::AxisUnavailable { why: error.to_string() },
            Trouble::Hub(why) => {
                tracing::error!(connection = %self.inner.connection, why, "a packet that was set aside cannot be taken in now");
                Failure::Internal
            }
        }
    }
}
