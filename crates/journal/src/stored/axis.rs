//! Connections to an axis.

use domain::agency;
use domain::axis::{Connection, Event, ItemId, Origin, Quarantined, Reference, Route};

use super::{DecodeError, Stored, known, pb, required};

impl Stored for Event {
    type Message = pb::AxisEvent;

    fn store(&self) -> pb::AxisEvent {
        use pb::axis_event::{ItemBegun, ItemFailed, ItemSent, Kind, PacketDiscarded, PacketQuarantined, Received, RoutesSet};
        let kind = match self {
            Self::RoutesSet(routes) => Kind::RoutesSet(RoutesSet { routes: routes.store() }),
            Self::Begun { connection, item, receivers } => {
                Kind::Begun(ItemBegun { item: Some(name(connection, *item)), receivers: receivers.store() })
            }
            Self::Sent { connection, item, receivers, axis_id } => {
                Kind::Sent(ItemSent { item: Some(name(connection, *item)), receivers: receivers.store(), axis_id: axis_id.clone() })
            }
            Self::Failed { connection, item, error, retry_at } => {
                Kind::Failed(ItemFailed { item: Some(name(connection, *item)), error: error.clone(), retry_at_micros: retry_at.store() })
            }
            Self::Requeued { connection, item } => Kind::Requeued(name(connection, *item)),
            Self::Cancelled { connection, item } => Kind::Cancelled(name(connection, *item)),
            Self::Received { document, origin } => Kind::Received(Received { document: document.store(), origin: Some(origin.store()) }),
            Self::Quarantined { packet, refused } => {
                Kind::Quarantined(PacketQuarantined { packet: Some(packet.store()), refused: refused.store() })
            }
            Self::Discarded { connection, axis_id } => {
                Kind::Discarded(PacketDiscarded { connection: connection.store(), axis_id: axis_id.clone() })
            }
        };
        pb::AxisEvent { kind: Some(kind) }
    }

    fn load(message: pb::AxisEvent) -> Result<Self, DecodeError> {
        use pb::axis_event::Kind;
        Ok(match known(message.kind, "axis event")? {
            Kind::RoutesSet(event) => Self::RoutesSet(Stored::load(event.routes)?),
            Kind::Begun(event) => {
                let (connection, item) = named(event.item)?;
                Self::Begun { connection, item, receivers: Stored::load(event.receivers)? }
            }
            Kind::Sent(event) => {
                let (connection, item) = named(event.item)?;
                Self::Sent { connection, item, receivers: Stored::load(event.receivers)?, axis_id: event.axis_id }
            }
            Kind::Failed(event) => {
                let (connection, item) = named(event.item)?;
                Self::Failed { connection, item, error: event.error, retry_at: Stored::load(event.retry_at_micros)? }
            }
            Kind::Requeued(item) => {
                let (connection, item) = named(Some(item))?;
                Self::Requeued { connection, item }
            }
            Kind::Cancelled(item) => {
                let (connection, item) = named(Some(item))?;
                Self::Cancelled { connection, item }
            }
            Kind::Received(event) => {
                Self::Received { document: Stored::load(event.document)?, origin: required(event.origin, "axis event")? }
            }
            Kind::Quarantined(event) => {
                Self::Quarantined { packet: required(event.packet, "axis event")?, refused: Stored::load(event.refused)? }
            }
            Kind::Discarded(event) => Self::Discarded { connection: Stored::load(event.connection)?, axis_id: event.axis_id },
        })
    }
}

fn name(connection: &Connection, item: ItemId) -> pb::AxisItemName {
    pb::AxisItemName { connection: connection.store(), seq: item.seq, index: item.index }
}

fn named(message: Option<pb::AxisItemName>) -> Result<(Connection, ItemId), DecodeError> {
    let message = message.ok_or_else(|| DecodeError::Invalid { what: "axis event", rule: "lacks its item".into() })?;
    Ok((Stored::load(message.connection)?, ItemId { seq: message.seq, index: message.index }))
}

impl Stored for (agency::Id, Reference) {
    type Message = pb::AxisRefusal;

    fn store(&self) -> pb::AxisRefusal {
        pb::AxisRefusal { agency: self.0.store(), about: Some(self.1.store()) }
    }

    fn load(message: pb::AxisRefusal) -> Result<Self, DecodeError> {
        Ok((Stored::load(message.agency)?, required(message.about, "refusal of a packet")?))
    }
}

impl Stored for (agency::Id, String) {
    type Message = pb::AxisAddress;

    fn store(&self) -> pb::AxisAddress {
        pb::AxisAddress { agency: self.0.store(), code: self.1.clone() }
    }

    fn load(message: pb::AxisAddress) -> Result<Self, DecodeError> {
        Ok((Stored::load(message.agency)?, message.code))
    }
}

stored_struct!(Route => AxisRoute { prefix = prefix: plain, connection = connection: value });

stored_struct!(Origin => AxisOrigin {
    connection = connection: value,
    axis_id = axis_id: plain,
    from = from: plain,
    document_id = document_id: plain,
    to = to: value,
});

stored_struct!(Quarantined => AxisPacket {
    connection = connection: value,
    axis_id = axis_id: plain,
    message_type = message_type: plain,
    raw = raw: value,
    size = size: plain,
    reason = reason: plain,
    from = from: plain,
    at = at_micros: value,
});

stored_struct!(Reference => AxisReference {
    organ_id = organ_id: plain,
    code = code: plain,
    date = date: value,
    document_id = document_id: plain,
});
