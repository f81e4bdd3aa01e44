//! Authorised signers.

use domain::signer::{AuthorisedSigner, Event, KnownBy, OrganisationIdentifier, Role};

use super::{DecodeError, Stored, known, pb, required};

impl Stored for Event {
    type Message = pb::SignerEvent;

    fn store(&self) -> pb::SignerEvent {
        use pb::signer_event::{Kind, Removed};
        let kind = match self {
            Self::Set(signer) => Kind::Set(signer.store()),
            Self::Removed { agency, role, known_by } => {
                Kind::Removed(Removed { agency: agency.store(), role: role.store(), known_by: Some(known_by.store()) })
            }
        };
        pb::SignerEvent { kind: Some(kind) }
    }

    fn load(message: pb::SignerEvent) -> Result<Self, DecodeError> {
        use pb::signer_event::Kind;
        Ok(match known(message.kind, "signer event")? {
            Kind::Set(signer) => Self::Set(Stored::load(signer)?),
            Kind::Removed(event) => Self::Removed {
                agency: Stored::load(event.agency)?,
                role: Stored::load(event.role)?,
                known_by: required(event.known_by, "signer event")?,
            },
        })
    }
}

stored_enum!(Role => SignerRole { Person, Organisation });

impl Stored for KnownBy {
    type Message = pb::SignerKnownBy;

    fn store(&self) -> pb::SignerKnownBy {
        use pb::signer_known_by::Kind;
        let kind = match self {
            Self::Certificate(digest) => Kind::Certificate(digest.store()),
            Self::Identifier(number) => Kind::Identifier(number.to_string()),
        };
        pb::SignerKnownBy { kind: Some(kind) }
    }

    fn load(message: pb::SignerKnownBy) -> Result<Self, DecodeError> {
        use pb::signer_known_by::Kind;
        Ok(match known(message.kind, "way to know a signer")? {
            Kind::Certificate(digest) => Self::Certificate(Stored::load(digest)?),
            Kind::Identifier(number) => Self::Identifier(Stored::load(number)?),
        })
    }
}

impl Stored for OrganisationIdentifier {
    type Message = String;

    fn store(&self) -> String {
        self.as_str().into()
    }

    fn load(text: String) -> Result<Self, DecodeError> {
        Self::parse(&text).map_err(|error| DecodeError::Invalid { what: "number of an organisation", rule: error.to_string() })
    }
}

stored_struct!(AuthorisedSigner => AuthorisedSigner {
    agency = agency: value,
    role = role: value,
    known_by = known_by: message,
    name = name: plain,
    position = position: plain,
    valid_from = valid_from: value,
    valid_until = valid_until: value,
    note = note: plain,
});
