//! The rows of the axis: routes, the outbox, origins and the quarantine.

use super::{
    AXIS_ROUTES, Connection, DUE, Event, ITEMS, Item, ItemId, ItemState, LEFT, MAX_RECEIVERS, NAMES, ORIGINS, Origin, QUARANTINE,
    Quarantined, Route, What,
};
use crate::agency::{self, Agency, Scheme};
use crate::delivery::collect;
use crate::document;
use crate::event::Place;
use crate::state::{self, Fault, Overlay, State, scan_prefix};
use crate::time::{Date, Timestamp};

/// All routes.
pub fn routes(rows: &dyn State) -> Result<Vec<Route>, Fault> {
    Ok(state::read(rows, AXIS_ROUTES, &[])?.unwrap_or_default())
}

/// The entry that set the routes; 0 if none did.
pub fn routes_changed(rows: &dyn State) -> Result<u64, Fault> {
    Ok(state::read(rows, AXIS_ROUTES, ROUTES_CHANGED)?.unwrap_or_default())
}

/// The key of the entry that set the routes; the routes themselves have none.
const ROUTES_CHANGED: &[u8] = b"entry";

/// Over which connection an agency is reached on a day; `None` is here. The longest prefix that fits one of its codes decides.
pub fn route_of<'r>(routes: &'r [Route], agency: &Agency, day: Date) -> Option<&'r Connection> {
    let holds = |code: &&agency::CodeAssignment| {
        code.valid_from.is_none_or(|from| from <= day) && code.valid_until.is_none_or(|until| day <= until)
    };
    // An agency that has ended keeps the way it had: what it is asked still goes there.
    let current: Vec<_> = agency.codes.iter().filter(holds).collect();
    let codes: Vec<_> = if current.is_empty() { agency.codes.iter().collect() } else { current };
    let fitting = routes.iter().filter(|route| codes.iter().any(|code| fits(&route.prefix, &code.code)));
    fitting.max_by_key(|route| route.prefix.len()).and_then(|route| route.connection.as_ref())
}

/// A letter alone fits all level-1 codes that begin with it; otherwise whole groups count. A code of the old form, smallest unit
/// first, is looked at from its end.
fn fits(prefix: &str, code: &agency::Code) -> bool {
    let text = code.as_str();
    let starts = |text: &str| {
        let letter = prefix.len() == 1 && prefix.bytes().all(|byte| byte.is_ascii_uppercase());
        text.strip_prefix(prefix).is_some_and(|rest| letter || rest.is_empty() || rest.starts_with('.'))
    };
    match code.scheme() {
        Scheme::Old13 => {
            let forward: Vec<_> = text.rsplit('.').collect();
            starts(&forward.join("."))
        }
        Scheme::Qd20 | Scheme::Enterprise | Scheme::Registered => starts(text),
    }
}

/// Applies what happened on an axis.
pub fn apply(place: &Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::RoutesSet(routes) => {
            rows.put_row(AXIS_ROUTES, ROUTES_CHANGED, &place.seq)?;
            rows.put_row(AXIS_ROUTES, &[], routes)
        }
        Event::Sent { connection, item, receivers, axis_id } => {
            let sent = remove(rows, connection, *item)?;
            if let What::Document { document, .. } = &sent.what {
                for agency in receivers {
                    rows.put(LEFT, &left_key(document, agency), axis_id.as_bytes().to_vec());
                }
            }
            Ok(())
        }
        Event::Failed { connection, item, error, retry_at } => {
            let failed = remove(rows, connection, *item)?;
            let state = retry_at.map_or(ItemState::Dead(place.entry.at), ItemState::Due);
            put(rows, &Item { state, attempts: failed.attempts.saturating_add(1), error: error.clone(), ..failed })
        }
        Event::Requeued { connection, item } => {
            let again = remove(rows, connection, *item)?;
            put(rows, &Item { state: ItemState::Due(place.entry.at), attempts: 0, ..again })
        }
        Event::Cancelled { connection, item } => remove(rows, connection, *item).map(drop),
        Event::Received { document, origin } => {
            rows.put(NAMES, &name_key(&origin.from, &origin.document_id), document.0.to_vec());
            rows.put_row(ORIGINS, &document.0, origin)
        }
        Event::Quarantined { packet, refused } => {
            if let Some((agency, about)) = refused {
                let what = What::Status {
                    agency: agency.clone(),
                    about: about.clone(),
                    code: 2,
                    at: place.entry.at,
                    note: packet.reason.chars().take(500).collect(),
                    staff: String::new(),
                };
                put(rows, &Item::new(&packet.connection, place, 0, what, super::follow::STATUS_LANE))?;
            }
            rows.put_row(QUARANTINE, &quarantine_key(&packet.connection, &packet.axis_id), packet)
        }
        Event::Discarded { connection, axis_id } => {
            rows.remove(QUARANTINE, &quarantine_key(connection, axis_id));
            Ok(())
        }
    }
}

impl Item {
    pub(super) fn new(connection: &Connection, place: &Place<'_>, index: u32, what: What, lane: u8) -> Self {
        Self {
            connection: connection.clone(),
            id: ItemId { seq: place.seq, index },
            what,
            lane,
            created_at: place.entry.at,
            state: ItemState::Due(place.entry.at),
            attempts: 0,
            error: String::new(),
        }
    }
}

pub(super) fn put(rows: &mut Overlay<'_>, item: &Item) -> Result<(), Fault> {
    if let ItemState::Due(at) = item.state {
        rows.put(DUE, &due_key(&item.connection, item.lane, at, item.id), Vec::new());
    }
    rows.put_row(ITEMS, &item_key(&item.connection, item.id), item)
}

fn remove(rows: &mut Overlay<'_>, connection: &Connection, id: ItemId) -> Result<Item, Fault> {
    let item = find_item(rows, connection, id)?.ok_or_else(|| Fault(format!("the item {connection}/{id} is not in the tables")))?;
    if let ItemState::Due(at) = item.state {
        rows.remove(DUE, &due_key(connection, item.lane, at, id));
    }
    rows.remove(ITEMS, &item_key(connection, id));
    Ok(item)
}

/// The item of this name, if it has not gone.
pub fn find_item(rows: &dyn State, connection: &Connection, id: ItemId) -> Result<Option<Item>, Fault> {
    state::read(rows, ITEMS, &item_key(connection, id))
}

/// The items of a connection that are to go at `now`, the hastiest first, then those that have waited longest; and the moment at
/// which the next one is to go, if none is.
pub fn due(rows: &dyn State, connection: &Connection, now: Timestamp, limit: usize) -> Result<(Vec<Item>, Option<Timestamp>), Fault> {
    let prefix = under(connection);
    let mut ready = Vec::new();
    let mut next: Option<Timestamp> = None;
    // Lane by lane: what waits in a hasty lane for its next try holds nothing up.
    for lane in 0..=super::follow::STATUS_LANE {
        let lane_prefix = [prefix.as_slice(), &[lane]].concat();
        let waiting = collect(
            limit.saturating_sub(ready.len()).max(1),
            |visit| scan_prefix(rows, DUE, &lane_prefix, &[], visit),
            |key, _| due_place(key.get(lane_prefix.len()..).unwrap_or_default()).map(Some),
        )?;
        for (at, id) in waiting {
            if at > now {
                next = Some(next.map_or(at, |next| next.min(at)));
                break;
            }
            if ready.len() < limit {
                let item = find_item(rows, connection, id)?;
                ready.push(item.ok_or_else(|| Fault(format!("the item {connection}/{id} is due and not in the tables")))?);
            }
        }
    }
    Ok((ready, next))
}

/// The items of a connection in the order in which they were made, from behind `after` on.
pub fn items(rows: &dyn State, connection: &Connection, after: Option<ItemId>, limit: usize) -> Result<Vec<Item>, Fault> {
    let from = after.map(|id| [id.seq.to_be_bytes().as_slice(), &id.index.to_be_bytes()].concat()).unwrap_or_default();
    collect(
        limit,
        |visit| scan_prefix(rows, ITEMS, &under(connection), &from, visit),
        |_, value| {
            let item: Item = state::decode(ITEMS, value)?;
            Ok(Some(item).filter(|item| after.is_none_or(|after| item.id > after)))
        },
    )
}

/// The packet that a document came in, if it came over an axis.
pub fn origin(rows: &dyn State, document: &document::Id) -> Result<Option<Origin>, Fault> {
    state::read(rows, ORIGINS, &document.0)
}

/// The document that a sender's packets call by this id.
pub fn named(rows: &dyn State, from: &str, document_id: &str) -> Result<Option<document::Id>, Fault> {
    let row = rows.get(NAMES, &name_key(from, document_id))?;
    let parse = |bytes: Vec<u8>| bytes.as_slice().try_into().map(document::Id);
    row.map(parse).transpose().map_err(|_| Fault(format!("a row of {} is ill-formed", NAMES.name)))
}

/// Whether an axis took the packet of a document for this recipient.
pub fn has_left(rows: &dyn State, document: &document::Id, agency: &agency::Id) -> Result<bool, Fault> {
    Ok(rows.get(LEFT, &left_key(document, agency))?.is_some())
}

/// The packet of this id that was set aside, if it still is.
pub fn quarantined(rows: &dyn State, connection: &Connection, axis_id: &str) -> Result<Option<Quarantined>, Fault> {
    state::read(rows, QUARANTINE, &quarantine_key(connection, axis_id))
}

/// The packets of a connection that were set aside, in the order of their ids, from behind `after` on.
pub fn quarantine(rows: &dyn State, connection: &Connection, after: Option<&str>, limit: usize) -> Result<Vec<Quarantined>, Fault> {
    collect(
        limit,
        |visit| scan_prefix(rows, QUARANTINE, &under(connection), after.unwrap_or_default().as_bytes(), visit),
        |_, value| {
            let packet: Quarantined = state::decode(QUARANTINE, value)?;
            Ok(Some(packet).filter(|packet| after.is_none_or(|after| packet.axis_id.as_str() > after)))
        },
    )
}

pub(super) fn under(connection: &Connection) -> Vec<u8> {
    [connection.as_str().as_bytes(), &[0]].concat()
}

fn item_key(connection: &Connection, id: ItemId) -> Vec<u8> {
    [under(connection).as_slice(), &id.seq.to_be_bytes(), &id.index.to_be_bytes()].concat()
}

fn due_key(connection: &Connection, lane: u8, at: Timestamp, id: ItemId) -> Vec<u8> {
    // Moments before 1970 do not occur; they would only come first.
    let at = u64::try_from(at.micros()).unwrap_or_default();
    [under(connection).as_slice(), &[lane], &at.to_be_bytes(), &id.seq.to_be_bytes(), &id.index.to_be_bytes()].concat()
}

pub(super) fn due_place(key: &[u8]) -> Result<(Timestamp, ItemId), Fault> {
    let parse = || {
        let (at, rest) = key.split_first_chunk()?;
        let (seq, index) = rest.split_first_chunk()?;
        let id = ItemId { seq: u64::from_be_bytes(*seq), index: u32::from_be_bytes(index.try_into().ok()?) };
        Some((Timestamp::from_micros(i64::try_from(u64::from_be_bytes(*at)).ok()?), id))
    };
    parse().ok_or_else(|| Fault(format!("a row of {} is ill-formed", DUE.name)))
}

fn left_key(document: &document::Id, agency: &agency::Id) -> Vec<u8> {
    [document.0.as_slice(), agency.as_str().as_bytes()].concat()
}

fn name_key(from: &str, document_id: &str) -> Vec<u8> {
    [from.as_bytes(), &[0], document_id.as_bytes()].concat()
}

fn quarantine_key(connection: &Connection, axis_id: &str) -> Vec<u8> {
    [under(connection).as_slice(), axis_id.as_bytes()].concat()
}

/// Receivers in parts that one packet takes.
pub(super) fn packets(receivers: Vec<agency::Id>) -> Vec<Vec<agency::Id>> {
    receivers.chunks(MAX_RECEIVERS).map(<[agency::Id]>::to_vec).collect()
}
