//! Principals: who calls, by which client certificate, and what each role may do.

mod decide;
mod lookup;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agency;
use crate::digest::Digest;
use crate::refusal::Refusal;
use crate::state::Table;
use crate::time::Timestamp;

pub use decide::{apply, decide};
pub use lookup::{by_credentials, find, list};

/// Principals by id.
pub const PRINCIPALS: Table = Table { name: "principals", number: 10 };
/// Credential (its text) to the id of the principal who holds it, revoked ones too: a credential is never given to another.
pub const CREDENTIALS: Table = Table { name: "credentials", number: 11 };

/// The name of a principal: 1 to 63 of `a-z`, `0-9`, `.`, `-`, beginning and ending with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Id(String);

/// The text is not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 63 characters of a-z, 0-9, '.', '-', beginning and ending with a letter or digit")]
pub struct NotASlug;

/// Whether `text` is a slug, the form of ids that people choose.
pub fn is_slug(text: &str) -> bool {
    let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|b| edge(*b) || matches!(b, b'.' | b'-'))
        && bytes.first().is_some_and(|b| edge(*b))
        && bytes.last().is_some_and(|b| edge(*b))
}

impl Id {
    /// The id, if `text` is a slug.
    pub fn parse(text: &str) -> Result<Self, NotASlug> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(NotASlug) }
    }

    /// The hub itself, which records hand-overs and sweeps.
    pub fn hub() -> Self {
        Self("hub".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Id {
    type Err = NotASlug;

    fn from_str(text: &str) -> Result<Self, NotASlug> {
        Self::parse(text)
    }
}

/// What a principal is and may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// An agency's document system: acts for the agencies it is enrolled for.
    AgencySystem {
        /// The agencies it acts for.
        agencies: Vec<agency::Id>,
    },
    /// Reads statistics and traces of documents that agencies under these roots sent or received.
    Supervisor {
        /// The roots of the subtrees.
        subtrees: Vec<agency::Id>,
    },
    /// Reads everything, writes nothing.
    Auditor,
    /// Manages agencies, principals, routes, policies and trust. Reads no documents.
    Admin,
}

/// What a client certificate is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Credential {
    /// A URI in the certificate's subject alternative names.
    Uri(String),
    /// SHA-256 of the certificate (DER).
    Fingerprint(Digest),
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uri(uri) => write!(f, "uri:{uri}"),
            Self::Fingerprint(digest) => write!(f, "sha256:{digest}"),
        }
    }
}

/// Whether a principal may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It may.
    Active,
    /// Cut off for good.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// Why, as the admin wrote it.
        reason: String,
    },
}

/// A principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Its name.
    pub id: Id,
    /// What people call it, at most 200 characters.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// What its certificates are recognised by: 1 to 8.
    pub credentials: Vec<Credential>,
    /// Whether it may call.
    pub state: State,
    /// Sequence of the last change.
    pub changed_seq: u64,
}

/// Who calls, as the rules see it: an active principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The principal.
    pub principal: Id,
    /// Its role at the time of the call.
    pub role: Role,
}

impl Caller {
    /// The caller that an active principal is; nobody if it is revoked.
    pub fn of(principal: &Principal) -> Option<Self> {
        match principal.state {
            State::Active => Some(Self { principal: principal.id.clone(), role: principal.role.clone() }),
            State::Revoked { .. } => None,
        }
    }

    /// Whether the caller is the document system of this agency.
    pub fn acts_for(&self, agency: &agency::Id) -> bool {
        match &self.role {
            Role::AgencySystem { agencies } => agencies.contains(agency),
            Role::Supervisor { .. } | Role::Auditor | Role::Admin => false,
        }
    }

    /// Refuses whoever is not an admin.
    pub fn require_admin(&self) -> Result<(), Refusal> {
        match self.role {
            Role::Admin => Ok(()),
            Role::AgencySystem { .. } | Role::Supervisor { .. } | Role::Auditor => Err(Refusal::Denied),
        }
    }
}

/// What an admin asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Enrols a principal; its id must be free.
    Enrol(Principal),
    /// Adds and removes credentials; at least one must stay.
    Rotate {
        /// Which principal.
        principal: Id,
        /// To add.
        add: Vec<Credential>,
        /// To remove.
        remove: Vec<Credential>,
    },
    /// Changes what an agency system or supervisor acts for.
    Assign {
        /// Which principal.
        principal: Id,
        /// The new role; its kind must stay.
        role: Role,
    },
    /// Cuts a principal off for good.
    Revoke {
        /// Which principal.
        principal: Id,
        /// Why.
        reason: String,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The principal is this from here on (`changed_seq` is set when applied).
    Set(Principal),
}
