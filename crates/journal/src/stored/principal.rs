//! Principals.

use domain::principal::{Credential, Event, Principal, Role, State};

use super::{DecodeError, Stored, known, pb, required};

impl Stored for Event {
    type Message = pb::PrincipalEvent;

    fn store(&self) -> pb::PrincipalEvent {
        use pb::principal_event::Kind;
        let Self::Set(principal) = self;
        pb::PrincipalEvent { kind: Some(Kind::Set(principal.store())) }
    }

    fn load(message: pb::PrincipalEvent) -> Result<Self, DecodeError> {
        use pb::principal_event::Kind;
        let Kind::Set(principal) = known(message.kind, "principal event")?;
        Ok(Self::Set(Stored::load(principal)?))
    }
}

stored_struct!(Principal => Principal {
    id = id: value,
    display_name = display_name: plain,
    role = role: message,
    credentials = credentials: value,
    state = revocation: value,
    changed_seq = changed_seq: plain,
});

impl Stored for State {
    type Message = Option<pb::Revocation>;

    fn store(&self) -> Option<pb::Revocation> {
        match self {
            Self::Active => None,
            Self::Revoked { at, reason } => Some(pb::Revocation { at_micros: at.store(), reason: reason.clone() }),
        }
    }

    fn load(message: Option<pb::Revocation>) -> Result<Self, DecodeError> {
        Ok(match message {
            None => Self::Active,
            Some(revocation) => Self::Revoked { at: Stored::load(revocation.at_micros)?, reason: revocation.reason },
        })
    }
}

impl Stored for Role {
    type Message = pb::PrincipalRole;

    fn store(&self) -> pb::PrincipalRole {
        use pb::principal_role::{Admin, AgencySystem, Auditor, Kind, Supervisor};
        let kind = match self {
            Self::AgencySystem { agencies } => Kind::AgencySystem(AgencySystem { agencies: agencies.store() }),
            Self::Supervisor { subtrees } => Kind::Supervisor(Supervisor { subtrees: subtrees.store() }),
            Self::Auditor => Kind::Auditor(Auditor {}),
            Self::Admin => Kind::Admin(Admin {}),
        };
        pb::PrincipalRole { kind: Some(kind) }
    }

    fn load(message: pb::PrincipalRole) -> Result<Self, DecodeError> {
        use pb::principal_role::{Admin, Auditor, Kind};
        Ok(match known(message.kind, "role")? {
            Kind::AgencySystem(role) => Self::AgencySystem { agencies: Stored::load(role.agencies)? },
            Kind::Supervisor(role) => Self::Supervisor { subtrees: Stored::load(role.subtrees)? },
            Kind::Auditor(Auditor {}) => Self::Auditor,
            Kind::Admin(Admin {}) => Self::Admin,
        })
    }
}

impl Stored for Credential {
    type Message = pb::Credential;

    fn store(&self) -> pb::Credential {
        use pb::credential::Kind;
        let kind = match self {
            Self::Uri(uri) => Kind::Uri(uri.clone()),
            Self::Fingerprint(digest) => Kind::Fingerprint(digest.store()),
        };
        pb::Credential { kind: Some(kind) }
    }

    fn load(message: pb::Credential) -> Result<Self, DecodeError> {
        use pb::credential::Kind;
        Ok(match known(message.kind, "credential")? {
            Kind::Uri(uri) => Self::Uri(uri),
            Kind::Fingerprint(bytes) => Self::Fingerprint(Stored::load(bytes)?),
        })
    }
}
