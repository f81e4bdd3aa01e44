//! What goes out: an item's packet is made from what is true now, and handed to the axis.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::axis as wire;
use domain::agency::{self, Agency};
use domain::axis::{self, Command, Item, Operation, What};
use domain::delivery::{self, Status};
use domain::document;
use domain::state::Fault;
use domain::time::Timestamp;
use edxml::{Outgoing, Packet, Reference};
use futures::TryStreamExt as _;
use ring::rand::{SecureRandom as _, SystemRandom};
use store::vault::Vault;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::packet::{self, PacketError};
use super::spool::{SpoolWriter, Spooled};
use super::{AT_ONCE, Connector, Stop};

/// After so many failures in a row the line is down, and not an item at fault.
const LINE_IS_DOWN: u32 = 3;

/// A packet that is to go.
struct Ready {
    packet: Packet,
    from: String,
    receivers: Vec<agency::Id>,
    files: Vec<document::Attachment>,
}

impl Connector {
    /// Sends what is due, the hastiest first; says how long nothing more is due.
    pub(super) async fn outbound(&self) -> Result<Duration, Stop> {
        let inner = &self.inner;
        let now = inner.shared.now();
        let (ready, next) = axis::due(&inner.shared.tables, &inner.connection, now, AT_ONCE).map_err(|fault| self.at_fault(&fault.0))?;
        let is_full = ready.len() == AT_ONCE;
        for item in ready {
            match self.go(item).await {
                // The item itself may be the trouble: the others are tried before the line is given up for now.
                Err(Stop::Line) if inner.state.health().failing < LINE_IS_DOWN => {}
                outcome => outcome?,
            }
        }
        let until = |at: Timestamp| Duration::from_micros(u64::try_from(at.micros() - now.micros()).unwrap_or_default());
        Ok(if is_full { Duration::ZERO } else { next.map_or(Duration::MAX, until) })
    }

    async fn go(&self, item: Item) -> Result<(), Stop> {
        let inner = &self.inner;
        let (connection, id) = (inner.connection.clone(), item.id);
        let ready = match self.prepare(&item) {
            Ok(Some(ready)) => ready,
            Ok(None) => {
                tracing::info!(%connection, item = %id, "nobody is left to send to; the item is dropped");
                return self.settle(Command::Cancel { connection, item: id }).await;
            }
            Err(error @ PacketError::NoCode(_)) => return self.give_up(&item, &error.to_string()).await,
            Err(PacketError::Fault(fault)) => return Err(self.at_fault(&fault.0)),
        };
        if let Err(faults) = edxml::check(&ready.packet) {
            let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
            return self.give_up(&item, &format!("the packet would break the rules of the axis: {}", faults.join("; "))).await;
        }
        let message = if matches!(ready.packet, Packet::Edoc(_)) { wire::Message::Edoc } else { wire::Message::Status };
        let path = inner.spool.join(format!("out-{id}.edxml"));
        let receivers = codes(&ready.packet);
        let (vault, files, packet) = (inner.shared.vault.clone(), ready.files, ready.packet);
        let written = tokio::task::spawn_blocking(move || write(&path, &vault, &files, &packet)).await;
        let spooled = match written {
            Ok(Ok(spooled)) => spooled,
            Ok(Err(error)) => return self.put_off(&item, &format!("the packet cannot be made: {error}"), None).await,
            Err(error) => return Err(self.at_fault(&error.to_string())),
        };
        let outgoing = wire::Outgoing {
            message,
            from: ready.from,
            to: Vec::new(),
            receivers,
            length: spooled.size,
            digest: spooled.digest,
            source: Arc::new(spooled.path.clone()),
        };
        match inner.wire.send(&outgoing).await {
            Ok(axis_id) => {
                inner.state.succeeded(inner.shared.now());
                tracing::info!(%connection, item = %id, %axis_id, "the axis took a packet");
                self.settle(Command::Sent { connection, item: id, receivers: ready.receivers, axis_id }).await?;
                inner.state.count(|counters| match message {
                    wire::Message::Edoc => counters.documents_sent += 1,
                    wire::Message::Status => counters.statuses_sent += 1,
                });
                Ok(())
            }
            Err(error @ wire::Error::Retriable { .. }) => {
                let after = if let wire::Error::Retriable { after, .. } = &error { *after } else { None };
                self.put_off(&item, &error.to_string(), after).await?;
                Err(self.failed(&error))
            }
            Err(error @ wire::Error::StopConnector { .. }) => Err(self.failed(&error)),
            Err(error @ (wire::Error::Final { .. } | wire::Error::Unsupported(_))) => {
                self.failed(&error);
                self.give_up(&item, &error.to_string()).await
            }
        }
    }

    /// The packet of an item, for those who are still to have it.
    fn prepare(&self, item: &Item) -> Result<Option<Ready>, PacketError> {
        let shared = &self.inner.shared;
        let tables = &shared.tables;
        match &item.what {
            What::Document { document, operation, receivers, reason } => {
                let Some(document) = document::find(tables, document)? else { return Ok(None) };
                let mut to = Vec::new();
                for receiver in receivers {
                    let copy = delivery::find(tables, &document.id, receiver)?;
                    if copy.is_some_and(|copy| !matches!(copy.status, Status::Refused | Status::TakeBackAgreed)) {
                        to.push(find(tables, receiver)?);
                    }
                }
                if to.is_empty() {
                    return Ok(None);
                }
                let edoc = packet::edoc(tables, &document, *operation, &to, reason, shared.now())?;
                let from = edoc.from.organ_id.clone();
                // What is asked back is not sent once more.
                let files = if *operation == Operation::Recall { Vec::new() } else { document.content.attachments };
                let receivers = to.into_iter().map(|agency| agency.id).collect();
                Ok(Some(Ready { packet: Packet::Edoc(Box::new(edoc)), from, receivers, files }))
            }
            What::Status { agency, about, code, at, note, staff } => {
                let agency = find(tables, agency)?;
                let today = shared.now().date_in_vietnam();
                let own = packet::code_on(&agency, today).ok_or_else(|| PacketError::NoCode(agency.id.clone()))?.to_owned();
                let from = packet::organ(tables, &agency, &own)?;
                let status = packet::status(from, about, *code, *at, note, staff);
                Ok(Some(Ready { packet: Packet::Status(Box::new(status)), from: own, receivers: Vec::new(), files: Vec::new() }))
            }
        }
    }

    /// Tries again later, longer each time; gives up after the configured number of attempts.
    async fn put_off(&self, item: &Item, error: &str, after: Option<Duration>) -> Result<(), Stop> {
        let inner = &self.inner;
        if item.attempts + 1 >= inner.settings.attempts {
            return self.give_up(item, &format!("given up after {} attempts: {error}", item.attempts + 1)).await;
        }
        let wait = backoff(inner.settings.retry.0, inner.settings.retry_most.0, item.attempts).max(after.unwrap_or_default());
        let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX / 2);
        let retry_at = Timestamp::from_micros(inner.shared.now().micros().saturating_add(wait));
        let (connection, item) = (inner.connection.clone(), item.id);
        self.settle(Command::Failed { connection, item, error: error.to_owned(), retry_at: Some(retry_at) }).await
    }

    async fn give_up(&self, item: &Item, error: &str) -> Result<(), Stop> {
        let inner = &self.inner;
        tracing::error!(connection = %inner.connection, item = %item.id, error, "an item is given up; requeue or cancel it");
        inner.state.count(|counters| counters.dead += 1);
        let (connection, item) = (inner.connection.clone(), item.id);
        self.settle(Command::Failed { connection, item, error: error.to_owned(), retry_at: None }).await
    }

    async fn settle(&self, command: Command) -> Result<(), Stop> {
        match self.carry_out(command).await {
            Ok(_) => Ok(()),
            // An admin was faster: the item is gone.
            Err(api::status::Failure::Refused(domain::refusal::Refusal::NotFound { .. })) => Ok(()),
            Err(failure) => Err(self.at_fault(&failure.to_string())),
        }
    }

    /// Notes a failure of the axis, and says what it means for the connection.
    pub(super) fn failed(&self, error: &wire::Error) -> Stop {
        let inner = &self.inner;
        let (connection, words) = (&inner.connection, error.to_string());
        inner.state.failed(inner.shared.now(), &words);
        if let wire::Error::StopConnector { .. } = error {
            inner.state.stopped(&words);
            tracing::error!(%connection, error = words, "the connection stops until an admin asks for it");
            return Stop::Credentials;
        }
        if error.is_alarming() {
            tracing::error!(%connection, error = words, "a call to the axis failed");
        } else {
            tracing::warn!(%connection, error = words, "a call to the axis failed");
        }
        Stop::Line
    }

    /// Notes that this hub is at fault.
    pub(super) fn at_fault(&self, why: &str) -> Stop {
        tracing::error!(connection = %self.inner.connection, why, "a connection cannot go on now");
        Stop::Hub
    }
}

/// The codes by which the axis names receivers that it refuses.
fn codes(packet: &Packet) -> Vec<String> {
    match packet {
        Packet::Edoc(edoc) => edoc.to.iter().map(|organ| organ.organ_id.clone()).collect(),
        Packet::Status(status) => vec![status.response_for.organ_id.clone()],
    }
}

fn find(tables: &dyn domain::state::State, id: &agency::Id) -> Result<Agency, Fault> {
    agency::find(tables, id)?.ok_or_else(|| Fault(format!("agencies/{id} is not there")))
}

/// Doubles from `first` up to `most`, a fifth more or less, so that items do not come back all at once.
pub(super) fn backoff(first: Duration, most: Duration, attempts: u32) -> Duration {
    let plain = first.saturating_mul(1 << attempts.min(16)).min(most);
    let mut byte = [0];
    // Without random numbers there is no jitter, which is no harm.
    let jitter = if SystemRandom::new().fill(&mut byte).is_ok() { u32::from(byte[0]) } else { 128 };
    plain.mul_f64(0.8 + 0.4 * f64::from(jitter) / 255.0)
}

/// Writes the packet to the spool, its files from the vault as they come. Runs where it may block.
fn write(path: &Path, vault: &Vault, files: &[document::Attachment], packet: &Packet) -> io::Result<Spooled> {
    let handle = tokio::runtime::Handle::current();
    let mut outgoing = Vec::new();
    for file in files {
        let chunks = handle.block_on(vault.read(file.payload.0, 0, u64::MAX)).map_err(io::Error::other)?;
        let reader = StreamReader::new(Box::pin(chunks.map_err(io::Error::other)));
        outgoing.push(Outgoing {
            about: Reference {
                content_id: file.payload.to_string(),
                content_type: label(&file.file_name),
                description: String::new(),
                name: file.file_name.clone(),
            },
            content: SyncIoBridge::new_with_handle(reader, handle.clone()),
            extra: Vec::new(),
        });
    }
    edxml::write(SpoolWriter::create(path.to_owned())?, packet, &mut outgoing)?.finish()
}

/// `application/` and the extension, as programs of the axis label files.
fn label(name: &str) -> String {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    let is_plain = !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    format!("application/{}", if is_plain { extension.as_str() } else { "octet-stream" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_a_bound_a_fifth_more_or_less() {
        let seconds = Duration::from_secs;
        for (attempts, plain) in [(0, 30), (1, 60), (3, 240), (10, 1_800), (40, 1_800)] {
            let wait = backoff(seconds(30), seconds(1_800), attempts);
            assert!(wait >= seconds(plain).mul_f64(0.79) && wait <= seconds(plain).mul_f64(1.21), "{attempts}: {wait:?}");
        }
    }

    #[test]
    fn files_are_labelled_by_their_extension() {
        for (name, expected) in [("a.PDF", "application/pdf"), ("a", "application/octet-stream"), ("a.p d", "application/octet-stream")] {
            assert_eq!(label(name), expected);
        }
    }
}
