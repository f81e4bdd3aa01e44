//! Routes.

use domain::route::{Event, Mode, Rule};

use super::{DecodeError, Stored, known, pb};

impl Stored for Event {
    type Message = pb::RouteEvent;

    fn store(&self) -> pb::RouteEvent {
        use pb::route_event::Kind;
        let Self::Set(rules) = self;
        pb::RouteEvent { kind: Some(Kind::Set(pb::RouteRules { rules: rules.store() })) }
    }

    fn load(message: pb::RouteEvent) -> Result<Self, DecodeError> {
        use pb::route_event::Kind;
        let Kind::Set(all) = known(message.kind, "route event")?;
        Ok(Self::Set(Stored::load(all.rules)?))
    }
}

stored_enum!(Mode => RouteMode { Direct, DirectCopySuperior, ViaSuperior, Refused });

stored_struct!(Rule => RouteRule { from = from: value, to = to: value, ordinary = ordinary: value, urgent = urgent: value });
