//! Payloads.

use domain::payload::Event;

use super::{DecodeError, Stored, known, pb};

impl Stored for Event {
    type Message = pb::PayloadEvent;

    fn store(&self) -> pb::PayloadEvent {
        use pb::payload_event::{Erased, Kind, Stored as StoredMessage};
        let kind = match self {
            Self::Stored { digest, size } => Kind::Stored(StoredMessage { digest: digest.store(), size: *size }),
            Self::Erased { digest } => Kind::Erased(Erased { digest: digest.store() }),
        };
        pb::PayloadEvent { kind: Some(kind) }
    }

    fn load(message: pb::PayloadEvent) -> Result<Self, DecodeError> {
        use pb::payload_event::Kind;
        Ok(match known(message.kind, "payload event")? {
            Kind::Stored(event) => Self::Stored { digest: Stored::load(event.digest)?, size: event.size },
            Kind::Erased(event) => Self::Erased { digest: Stored::load(event.digest)? },
        })
    }
}
