//! Trust objects.

use domain::trust::{Event, Facts, Kind, TrustObject};

use super::{DecodeError, Stored, known, pb};

impl Stored for Event {
    type Message = pb::TrustEvent;

    fn store(&self) -> pb::TrustEvent {
        use pb::trust_event::Kind;
        let kind = match self {
            Self::Set(object) => Kind::Set(object.store()),
            Self::Removed(fingerprint) => Kind::Removed(fingerprint.store()),
        };
        pb::TrustEvent { kind: Some(kind) }
    }

    fn load(message: pb::TrustEvent) -> Result<Self, DecodeError> {
        use pb::trust_event::Kind;
        Ok(match known(message.kind, "trust event")? {
            Kind::Set(object) => Self::Set(Stored::load(object)?),
            Kind::Removed(fingerprint) => Self::Removed(Stored::load(fingerprint)?),
        })
    }
}

stored_enum!(Kind => TrustKind { Anchor, Intermediate, RevocationList, OcspResponse });

stored_struct!(TrustObject => TrustObject {
    fingerprint = fingerprint: value,
    kind = kind: value,
    der = der: plain,
    valid_from = valid_from_micros: value,
    valid_until = valid_until_micros: value,
    note = note: plain,
    subject = subject: plain,
    facts = facts: value,
});

stored_struct!(Facts => TrustFacts {
    size = size: plain,
    issuer = issuer: plain,
    series = series: value,
    number = number: plain,
    this_update = this_update_micros: value,
    next_update = next_update_micros: value,
});
