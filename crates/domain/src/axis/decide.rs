//! What may be done on an axis, and by whom.

use std::collections::BTreeSet;

use super::outbox::keeps_too;
use super::{Command, Connection, Event, ItemId, ItemState, Origin, Route, find_item, named, quarantined, routes, routes_changed};
use crate::command::{Context, Ruling};
use crate::document;
use crate::event;
use crate::invalid::{self, Checker};
use crate::payload;
use crate::principal;
use crate::refusal::Refusal;
use crate::state::State;

/// Routes at most.
const MAX_ROUTES: usize = 1_000;

/// Decides a command about an axis. Admins set routes, and look after the outbox and the quarantine; the rest is the hub's own.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    match command {
        Command::SetRoutes(set) => {
            context.caller.require_admin()?;
            set_routes(rows, set)
        }
        Command::ReplaceRoutes { seen, routes } => {
            context.caller.require_admin()?;
            let (seen, current) = (*seen, routes_changed(rows)?);
            if seen != current {
                return Err(Refusal::Changed { seen, current });
            }
            set_routes(rows, routes)
        }
        Command::Sent { connection, item, receivers, axis_id } => {
            require_hub(context)?;
            waiting(rows, connection, *item)?;
            let (receivers, axis_id) = (receivers.clone(), shortened(axis_id, 200));
            let event = Event::Sent { connection: connection.clone(), item: *item, receivers, axis_id };
            Ok(ruling(item_name(connection, *item), vec![event]))
        }
        Command::Failed { connection, item, error, retry_at } => {
            require_hub(context)?;
            waiting(rows, connection, *item)?;
            let event = Event::Failed { connection: connection.clone(), item: *item, error: shortened(error, 1_000), retry_at: *retry_at };
            Ok(ruling(item_name(connection, *item), vec![event]))
        }
        Command::Requeue { connection, item } => {
            context.caller.require_admin()?;
            waiting(rows, connection, *item)?;
            Ok(ruling(item_name(connection, *item), vec![Event::Requeued { connection: connection.clone(), item: *item }]))
        }
        Command::Cancel { connection, item } => {
            if context.caller.principal != principal::Id::hub() {
                context.caller.require_admin()?;
            }
            waiting(rows, connection, *item)?;
            Ok(ruling(item_name(connection, *item), vec![Event::Cancelled { connection: connection.clone(), item: *item }]))
        }
        Command::Receive { origin, submission } => {
            require_hub(context)?;
            receive(rows, context, origin, submission)
        }
        Command::Quarantine { packet, refused } => {
            require_hub(context)?;
            let name = format!("axes/{}/quarantine/{}", packet.connection, packet.axis_id);
            // Its bytes are there before a row says so; the same bytes may just have been discarded under another id.
            if payload::find(rows, &packet.raw)?.is_none() {
                return Err(Refusal::PayloadUnknown(packet.raw));
            }
            let known = quarantined(rows, &packet.connection, &packet.axis_id)?.is_some();
            let event = Event::Quarantined { packet: packet.clone(), refused: refused.clone() };
            Ok(ruling(name, if known { vec![] } else { vec![event] }))
        }
        Command::Discard { connection, axis_id } => {
            context.caller.require_admin()?;
            discard(rows, connection, axis_id)
        }
    }
}

/// A document that came in is submitted like any other; the same packet twice, or the same document over two connections, changes
/// nothing.
fn receive(rows: &dyn State, context: &Context<'_>, origin: &Origin, submission: &document::Command) -> Result<Ruling, Refusal> {
    if let Some(known) = named(rows, &origin.from, &origin.document_id)? {
        return Ok(Ruling { resource: format!("documents/{known}"), events: vec![] });
    }
    let mut ruling = document::decide(rows, context, submission)?;
    if let document::Command::Submit { id, .. } = submission {
        ruling.events.push(event::Event::Axis(Event::Received { document: *id, origin: origin.clone() }));
    }
    Ok(ruling)
}

/// The bytes go with the packet, unless somebody else has them too.
fn discard(rows: &dyn State, connection: &Connection, axis_id: &str) -> Result<Ruling, Refusal> {
    let name = format!("axes/{connection}/quarantine/{axis_id}");
    let Some(packet) = quarantined(rows, connection, axis_id)? else { return Err(Refusal::NotFound { name }) };
    let is_last = payload::is_only_the_hubs(rows, &packet.raw)? && !keeps_too(rows, &packet)?;
    let mut ruling = ruling(name, vec![Event::Discarded { connection: connection.clone(), axis_id: axis_id.to_owned() }]);
    if is_last {
        ruling.events.push(event::Event::Payload(payload::Event::Erased { digest: packet.raw }));
    }
    Ok(ruling)
}

fn set_routes(rows: &dyn State, set: &[Route]) -> Result<Ruling, Refusal> {
    let set = checked(set)?;
    let events = if set == routes(rows)? { vec![] } else { vec![Event::RoutesSet(set)] };
    Ok(ruling("axis-routes".into(), events))
}

fn checked(set: &[Route]) -> Result<Vec<Route>, Refusal> {
    let mut check = Checker::default();
    check.require(set.len() <= MAX_ROUTES, "routes", format!("has {} routes, at most {MAX_ROUTES} are allowed", set.len()));
    let mut prefixes = BTreeSet::new();
    for (i, route) in set.iter().enumerate().take(MAX_ROUTES) {
        let field = format!("routes[{i}].prefix");
        check.parse(field.clone(), invalid::text(&route.prefix, 1, 35));
        let plain = route.prefix.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.');
        check.require(
            plain && !route.prefix.ends_with('.'),
            field.clone(),
            "is whole groups of a code, such as H12 or H12.15, or one letter",
        );
        check.require(prefixes.insert(&route.prefix), field, "is the prefix of another route");
    }
    check.finish()?;
    let mut sorted = set.to_vec();
    sorted.sort();
    Ok(sorted)
}

fn require_hub(context: &Context<'_>) -> Result<(), Refusal> {
    if context.caller.principal == principal::Id::hub() { Ok(()) } else { Err(Refusal::Denied) }
}

/// The item must not have gone.
fn waiting(rows: &dyn State, connection: &Connection, item: ItemId) -> Result<(), Refusal> {
    match find_item(rows, connection, item)?.map(|item| item.state) {
        Some(ItemState::Due(_) | ItemState::Dead(_)) => Ok(()),
        None => Err(Refusal::NotFound { name: item_name(connection, item) }),
    }
}

fn item_name(connection: &Connection, item: ItemId) -> String {
    format!("axes/{connection}/outbox/{item}")
}

fn ruling(resource: String, events: Vec<Event>) -> Ruling {
    Ruling { resource, events: events.into_iter().map(event::Event::Axis).collect() }
}

fn shortened(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
