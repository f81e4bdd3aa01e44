//! The part of `AxisService` about what could not be taken in.

use std::sync::Arc;

use api::convert::axis::{gone_packet, quarantined_to_wire};
use api::convert::name;
use api::status::Failure;
use api::v1;
use api::v1::download_quarantined_packet_response::Content;
use domain::axis::{self, Connection, Quarantined};
use domain::command::Command;
use domain::event::Request;
use domain::invalid::{Checker, Invalid};
use domain::principal::Caller;
use domain::refusal::Refusal;
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::axis::{find as connector, require_known};
use super::payload::{CHUNKS_AHEAD, vault_failure};
use crate::axis::Connectors;
use crate::identity::Peer;
use crate::shared::{Shared, after, fault, named};

/// Lists packets of a connection.
pub(super) fn list(
    shared: &Shared,
    caller: &Caller,
    request: &v1::ListQuarantinedPacketsRequest,
) -> Result<v1::ListQuarantinedPacketsResponse, Failure> {
    let connection = name::axis(&request.parent).map_err(|rule| Failure::from(Invalid::one("parent", rule)))?;
    require_known(shared, &connection)?;
    let page = shared.page(caller, request)?;
    let last = after(&page, |text| Ok::<_, Failure>(text.to_owned()))?;
    // A row has at most 1,000 characters of reason and an id or two: a page of a thousand fits a message.
    let packets = axis::quarantine(&shared.tables, &connection, last.as_deref(), page.size + 1).map_err(fault)?;
    let (packets, next_page_token) = shared.cut(&page, packets, |packet| packet.axis_id.clone().into_bytes());
    Ok(v1::ListQuarantinedPacketsResponse { quarantined_packets: packets.iter().map(quarantined_to_wire).collect(), next_page_token })
}

/// Reads what is known of a packet.
pub(super) fn get(shared: &Shared, request: &v1::GetQuarantinedPacketRequest) -> Result<v1::QuarantinedPacket, Failure> {
    let (connection, axis_id) = parse(&request.name)?;
    Ok(quarantined_to_wire(&find(shared, &connection, &axis_id)?))
}

/// Reads the bytes of a packet.
pub(super) async fn download(
    shared: &Shared,
    caller: Caller,
    peer: Arc<Peer>,
    request: &v1::DownloadQuarantinedPacketRequest,
) -> Result<ReceiverStream<Result<v1::DownloadQuarantinedPacketResponse, Status>>, Failure> {
    let mut check = Checker::default();
    let names = check.parse("name", name::quarantined(&request.name));
    let (offset, limit) = (u64::try_from(request.offset_bytes).ok(), u64::try_from(request.limit_bytes).ok());
    check.require(offset.is_some(), "offset_bytes", "must not be negative");
    check.require(limit.is_some(), "limit_bytes", "must not be negative");
    check.finish()?;
    let (Some((connection, axis_id)), Some(offset), Some(limit)) = (names, offset, limit) else { return Err(Failure::Internal) };
    let packet = find(shared, &connection, &axis_id)?;
    if offset > packet.size {
        return Err(Invalid::one("offset_bytes", format!("is beyond the packet's {} bytes", packet.size)).into());
    }
    tracing::info!(%connection, axis_id, principal = %caller.principal, "an admin reads a packet that was set aside");
    let limit = if limit == 0 { u64::MAX } else { limit };
    let mut chunks = Box::pin(shared.vault.read(packet.raw.0, offset, limit).await.map_err(|error| vault_failure(&error))?);
    let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
    let shared = shared.clone();
    tokio::spawn(async move {
        let message = |content| v1::DownloadQuarantinedPacketResponse { content: Some(content) };
        if sender.send(Ok(message(Content::Packet(quarantined_to_wire(&packet))))).await.is_err() {
            return;
        }
        while let Some(chunk) = chunks.next().await {
            if let Err(failure) = shared.caller_now(&peer, &caller) {
                return drop(sender.send(Err(failure.into_status())).await);
            }
            let next = chunk.map(|chunk| message(Content::Chunk(chunk))).map_err(|error| vault_failure(&error).into_status());
            // A reader that has gone closes the channel, and the packet is let go of.
            if sender.send(next).await.is_err() {
                return;
            }
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// Takes a packet in again and drops it from the quarantine.
pub(super) async fn retry(
    shared: &Shared,
    connectors: &Connectors,
    caller: &Caller,
    request: v1::RetryQuarantinedPacketRequest,
) -> Result<v1::RetryQuarantinedPacketResponse, Failure> {
    let (connection, axis_id) = parse(&request.name)?;
    let connector = connector(connectors, &connection)?;
    let blank = v1::RetryQuarantinedPacketRequest { request_id: String::new(), ..request.clone() };
    let named = named("RetryQuarantinedPacket", &request.request_id, &blank)?;
    let repeated = named.as_ref().map(|named| shared.repeated(caller, named)).transpose()?.flatten();
    let packet = if repeated.is_some() {
        gone_packet(&connection, &axis_id)
    } else {
        let packet = find(shared, &connection, &axis_id)?;
        connector.retry(&packet).await?;
        tracing::info!(%connection, axis_id, principal = %caller.principal, "a packet that was set aside was taken in");
        drop_packet(shared, caller, named, &connection, &axis_id).await?;
        quarantined_to_wire(&packet)
    };
    let resource = connector.resource_of(&axis_id)?.unwrap_or_default();
    Ok(v1::RetryQuarantinedPacketResponse { packet: Some(packet), resource })
}

/// Drops a packet.
pub(super) async fn discard(
    shared: &Shared,
    caller: &Caller,
    request: v1::DiscardQuarantinedPacketRequest,
) -> Result<v1::QuarantinedPacket, Failure> {
    let (connection, axis_id) = parse(&request.name)?;
    let blank = v1::DiscardQuarantinedPacketRequest { request_id: String::new(), ..request.clone() };
    let named = named("DiscardQuarantinedPacket", &request.request_id, &blank)?;
    let before = axis::quarantined(&shared.tables, &connection, &axis_id).map_err(fault)?;
    drop_packet(shared, caller, named, &connection, &axis_id).await?;
    Ok(before.as_ref().map_or_else(|| gone_packet(&connection, &axis_id), quarantined_to_wire))
}

async fn drop_packet(
    shared: &Shared,
    caller: &Caller,
    named: Option<Request>,
    connection: &Connection,
    axis_id: &str,
) -> Result<(), Failure> {
    let command = axis::Command::Discard { connection: connection.clone(), axis_id: axis_id.to_owned() };
    shared.carry_out(caller, named, Command::Axis(command)).await.map(drop)
}

fn find(shared: &Shared, connection: &Connection, axis_id: &str) -> Result<Quarantined, Failure> {
    let found = axis::quarantined(&shared.tables, connection, axis_id).map_err(fault)?;
    found.ok_or_else(|| Refusal::NotFound { name: name::of_quarantined(connection, axis_id) }.into())
}

fn parse(text: &str) -> Result<(Connection, String), Failure> {
    name::quarantined(text).map_err(|rule| Failure::from(Invalid::one("name", rule)))
}
