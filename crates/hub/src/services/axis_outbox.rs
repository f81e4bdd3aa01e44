//! The part of `AxisService` about what waits to go out.

use api::convert::axis::{gone_item, item_to_wire};
use api::convert::{self, name};
use api::status::Failure;
use api::v1;
use domain::axis::{self, Connection, ItemId};
use domain::command::Command;
use domain::event::Request;
use domain::invalid::Invalid;
use domain::principal::Caller;
use domain::refusal::Refusal;
use prost::Message as _;

use super::axis::require_known;
use crate::shared::{Shared, after, fault, named};

/// Items that one call looks at, at most; a call that leaves most of them out gives a token to go on with.
const LOOKED_AT: usize = 4_000;
/// Items that are read at once.
const AT_ONCE: usize = 100;
/// A page is full when it has so many bytes; gRPC clients take 4 MiB by default.
const PAGE_BYTES: usize = 1 << 20;

/// Lists items of a connection.
pub(super) async fn list(
    shared: &Shared,
    caller: &Caller,
    request: &v1::ListOutboxItemsRequest,
) -> Result<v1::ListOutboxItemsResponse, Failure> {
    let filter = convert::axis::items(request)?;
    require_known(shared, &filter.connection)?;
    let page = shared.page(caller, request)?;
    let mut last = after(&page, str::parse::<ItemId>)?;
    let (mut outbox_items, mut looked_at, mut bytes, mut is_end) = (Vec::new(), 0, 0, false);
    while outbox_items.len() < page.size && looked_at < LOOKED_AT && bytes < PAGE_BYTES && !is_end {
        let items = axis::items(&shared.tables, &filter.connection, last, AT_ONCE).map_err(fault)?;
        is_end = items.len() < AT_ONCE;
        for item in items {
            if outbox_items.len() >= page.size || bytes >= PAGE_BYTES {
                is_end = false;
                break;
            }
            looked_at += 1;
            last = Some(item.id);
            if filter.keeps(&item) {
                let message = item_to_wire(&item);
                bytes += message.encoded_len();
                outbox_items.push(message);
            }
        }
        // A long look lets others have their turn.
        tokio::task::yield_now().await;
    }
    let next = last.filter(|_| !is_end).map(|last| shared.sealer.next_page(&page, last.to_string().as_bytes()));
    Ok(v1::ListOutboxItemsResponse { outbox_items, next_page_token: next.unwrap_or_default() })
}

/// Reads an item.
pub(super) fn get(shared: &Shared, request: &v1::GetOutboxItemRequest) -> Result<v1::OutboxItem, Failure> {
    let (connection, item) = parse(&request.name)?;
    find(shared, &connection, item)?.ok_or_else(|| Refusal::NotFound { name: request.name.clone() }.into())
}

/// Lets an item go again.
pub(super) async fn requeue(shared: &Shared, caller: &Caller, request: v1::RequeueOutboxItemRequest) -> Result<v1::OutboxItem, Failure> {
    let (connection, item) = parse(&request.name)?;
    let blank = v1::RequeueOutboxItemRequest { request_id: String::new(), ..request.clone() };
    let named = named("RequeueOutboxItem", &request.request_id, &blank)?;
    shared.carry_out(caller, named, Command::Axis(axis::Command::Requeue { connection: connection.clone(), item })).await?;
    // It may have gone in the meantime.
    Ok(find(shared, &connection, item)?.unwrap_or_else(|| gone_item(&connection, item)))
}

/// Drops an item.
pub(super) async fn cancel(shared: &Shared, caller: &Caller, request: v1::CancelOutboxItemRequest) -> Result<v1::OutboxItem, Failure> {
    let (connection, item) = parse(&request.name)?;
    let blank = v1::CancelOutboxItemRequest { request_id: String::new(), ..request.clone() };
    let named: Option<Request> = named("CancelOutboxItem", &request.request_id, &blank)?;
    let before = find(shared, &connection, item)?;
    shared.carry_out(caller, named, Command::Axis(axis::Command::Cancel { connection: connection.clone(), item })).await?;
    Ok(before.unwrap_or_else(|| gone_item(&connection, item)))
}

fn find(shared: &Shared, connection: &Connection, item: ItemId) -> Result<Option<v1::OutboxItem>, Failure> {
    Ok(axis::find_item(&shared.tables, connection, item).map_err(fault)?.as_ref().map(item_to_wire))
}

fn parse(text: &str) -> Result<(Connection, ItemId), Failure> {
    name::outbox_item(text).map_err(|rule| Failure::from(Invalid::one("name", rule)))
}
