//! Connections to axes: routes, what waits to go out, what was set aside.

use domain::axis::{Connection, Item, ItemId, ItemState, Operation, Quarantined, Route, What};
use domain::invalid::Invalid;

use crate::convert::fields::{Fields, read, same};
use crate::convert::{name, time};
use crate::v1;

/// Routes that are looked at; how many there may be is for the rules.
const LOOKED_AT: usize = 10_000;

same! { AxisOperation = Operation { New, Recall, Update } }

/// The routes to set, and the entry whose routes the caller saw, if it cares.
pub fn routes(request: &v1::SetAxisRoutesRequest) -> Result<(Vec<Route>, Option<u64>), Invalid> {
    read(|at| {
        let etag = at.optional("etag", &request.etag, |etag| etag.parse().map_err(|_| "is not an etag that the hub gave"));
        Some((at.items("routes", &request.routes, (0, LOOKED_AT), parse_route), etag))
    })
}

fn parse_route(at: &mut Fields<'_>, message: &v1::AxisRoute) -> Option<Route> {
    let connection = at.optional("axis", &message.axis, name::axis);
    Some(Route { prefix: message.prefix.clone(), connection })
}

/// The message of all routes, which an entry set.
pub fn routes_to_wire(routes: &[Route], entry: u64) -> v1::AxisRoutes {
    let routes = routes.iter().map(|route| v1::AxisRoute { prefix: route.prefix.clone(), axis: way(route.connection.as_ref()) });
    v1::AxisRoutes { routes: routes.collect(), etag: entry.to_string() }
}

/// The name of a connection; empty is here.
pub fn way(connection: Option<&Connection>) -> String {
    connection.map(name::of_axis).unwrap_or_default()
}

/// Which items are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// Of this connection.
    pub connection: Connection,
    /// Only those that were given up, or only those that were not.
    pub dead: Option<bool>,
}

impl Items {
    /// Whether an item is among those asked for.
    pub fn keeps(&self, item: &Item) -> bool {
        self.dead.is_none_or(|dead| dead == matches!(item.state, ItemState::Dead(_)))
    }
}

/// Which items to list.
pub fn items(request: &v1::ListOutboxItemsRequest) -> Result<Items, Invalid> {
    read(|at| {
        let connection = at.required("parent", &request.parent, name::axis);
        let dead = at.any("state", request.state, |number| match v1::OutboxItemState::try_from(number).ok()? {
            v1::OutboxItemState::Unspecified => None,
            v1::OutboxItemState::Waiting => Some(false),
            v1::OutboxItemState::Dead => Some(true),
        });
        Some(Items { connection: connection?, dead })
    })
}

/// The message of an item.
pub fn item_to_wire(item: &Item) -> v1::OutboxItem {
    let (state, due, given_up) = match item.state {
        ItemState::Due(at) => (v1::OutboxItemState::Waiting, Some(at), None),
        ItemState::Dead(at) => (v1::OutboxItemState::Dead, None, Some(at)),
    };
    v1::OutboxItem {
        name: name::of_outbox_item(&item.connection, item.id),
        state: state.into(),
        what: Some(what(&item.what)),
        lane: item.lane.into(),
        create_time: Some(time::timestamp(item.created_at)),
        due_time: due.map(time::timestamp),
        give_up_time: given_up.map(time::timestamp),
        attempt_count: count(item.attempts),
        last_error: item.error.clone(),
    }
}

fn what(what: &What) -> v1::outbox_item::What {
    match what {
        What::Document { document, operation, receivers, reason } => v1::outbox_item::What::Document(v1::OutboxDocument {
            document: name::of_document(document),
            operation: v1::AxisOperation::from(*operation).into(),
            receivers: receivers.iter().map(name::of_agency).collect(),
            reason: reason.clone(),
        }),
        What::Status { agency, about, code, at, note, staff: _ } => v1::outbox_item::What::Status(v1::OutboxStatus {
            agency: name::of_agency(agency),
            receiver_code: about.organ_id.clone(),
            document_code: about.code.clone(),
            status_code: (*code).into(),
            note: note.clone(),
            report_time: Some(time::timestamp(*at)),
        }),
    }
}

/// An item that is gone: its name alone.
pub fn gone_item(connection: &Connection, item: ItemId) -> v1::OutboxItem {
    v1::OutboxItem { name: name::of_outbox_item(connection, item), ..Default::default() }
}

/// The message of a packet that was set aside.
pub fn quarantined_to_wire(packet: &Quarantined) -> v1::QuarantinedPacket {
    v1::QuarantinedPacket {
        name: name::of_quarantined(&packet.connection, &packet.axis_id),
        message_type: packet.message_type.clone(),
        reason: packet.reason.clone(),
        sender_code: packet.from.clone(),
        size_bytes: i64::try_from(packet.size).unwrap_or(i64::MAX),
        sha256: packet.raw.0.to_vec().into(),
        quarantine_time: Some(time::timestamp(packet.at)),
    }
}

/// A packet that is gone: its name alone.
pub fn gone_packet(connection: &Connection, axis_id: &str) -> v1::QuarantinedPacket {
    v1::QuarantinedPacket { name: name::of_quarantined(connection, axis_id), ..Default::default() }
}

/// A count that a message has 32 bits for.
pub fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use domain::document;
    use domain::time::Timestamp;

    use super::*;

    fn connection() -> Connection {
        Connection::parse("national").expect("a slug")
    }

    #[test]
    fn routes_name_connections_and_every_fault_its_field() {
        let route = |prefix: &str, axis: &str| v1::AxisRoute { prefix: prefix.into(), axis: axis.into() };
        let request = |routes, etag: &str| v1::SetAxisRoutesRequest { routes, etag: etag.into(), ..Default::default() };
        let asked = request(vec![route("G", "axes/national"), route("H12", "")], "17");
        let expected = vec![Route { prefix: "G".into(), connection: Some(connection()) }, Route { prefix: "H12".into(), connection: None }];
        assert_eq!(routes(&asked), Ok((expected.clone(), Some(17))));
        let wire = routes_to_wire(&expected, 17);
        assert_eq!((wire.routes, wire.etag.as_str()), (asked.routes, "17"));
        let invalid = routes(&request(vec![route("G", "national"), route("H", "axes/National")], "x")).expect_err("three faults");
        let fields: Vec<_> = invalid.faults().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["etag", "routes[0].axis", "routes[1].axis"]);
        assert_eq!(routes(&request(vec![], "")), Ok((vec![], None)), "all agencies are here, whatever was before");
    }

    #[test]
    fn an_item_tells_when_it_goes_or_when_it_was_given_up() {
        let document = document::Id([0x11; 16]);
        let agency = domain::agency::Id::parse("bo").expect("a slug");
        let what = What::Document { document, operation: Operation::Recall, receivers: vec![agency], reason: "Gửi nhầm".into() };
        let due = Item {
            connection: connection(),
            id: ItemId { seq: 128, index: 3 },
            what,
            lane: 2,
            created_at: Timestamp::from_seconds(10),
            state: ItemState::Due(Timestamp::from_seconds(20)),
            attempts: 1,
            error: "HTTP 502".into(),
        };
        let dead = Item { state: ItemState::Dead(Timestamp::from_seconds(30)), ..due.clone() };
        let seconds = |time: Option<prost_types::Timestamp>| time.map(|time| time.seconds);
        let wire = item_to_wire(&due);
        assert_eq!(wire.name, "axes/national/outbox/128-3");
        assert_eq!((wire.state(), seconds(wire.due_time), seconds(wire.give_up_time)), (v1::OutboxItemState::Waiting, Some(20), None));
        let Some(v1::outbox_item::What::Document(what)) = &wire.what else { panic!("{wire:?}") };
        assert_eq!((what.operation(), what.receivers.as_slice()), (v1::AxisOperation::Recall, &["agencies/bo".to_owned()][..]));
        let wire = item_to_wire(&dead);
        assert_eq!((wire.state(), seconds(wire.due_time), seconds(wire.give_up_time)), (v1::OutboxItemState::Dead, None, Some(30)));
        let asked = |state: v1::OutboxItemState| {
            let request = v1::ListOutboxItemsRequest { parent: "axes/national".into(), state: state.into(), ..Default::default() };
            let items = items(&request).expect("well-formed");
            (items.keeps(&due), items.keeps(&dead))
        };
        assert_eq!(asked(v1::OutboxItemState::Unspecified), (true, true));
        assert_eq!(asked(v1::OutboxItemState::Waiting), (true, false));
        assert_eq!(asked(v1::OutboxItemState::Dead), (false, true));
    }
}
