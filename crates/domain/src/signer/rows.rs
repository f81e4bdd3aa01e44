//! The rows of authorised signers, and which of them made the signatures of a document.

use std::ops::ControlFlow;

use super::{AuthorisedSigner, Event, KnownBy, OrganisationIdentifier, Role, SIGNERS};
use crate::agency;
use crate::signature::{Report, SignatureReport, SignerKind};
use crate::state::{self, Fault, Overlay, State};

/// The key of a signer's row: an agency's persons come before its organisations.
pub(super) fn key_of(signer: &AuthorisedSigner) -> Vec<u8> {
    key(&signer.agency, signer.role, &signer.known_by)
}

fn key(agency: &agency::Id, role: Role, known_by: &KnownBy) -> Vec<u8> {
    let mut key = prefix(agency, Some(role));
    match known_by {
        KnownBy::Certificate(digest) => {
            key.push(0);
            key.extend(digest.0);
        }
        KnownBy::Identifier(number) => {
            key.push(1);
            key.extend(number.as_str().as_bytes());
        }
    }
    key
}

fn prefix(agency: &agency::Id, role: Option<Role>) -> Vec<u8> {
    let mut prefix = [agency.as_str().as_bytes(), &[0]].concat();
    prefix.extend(role.map(|role| match role {
        Role::Person => 0,
        Role::Organisation => 1,
    }));
    prefix
}

/// Writes what happened to a signer.
pub fn apply(event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::Set(signer) => rows.put_row(SIGNERS, &key_of(signer), signer),
        Event::Removed { agency, role, known_by } => {
            rows.remove(SIGNERS, &key(agency, *role, known_by));
            Ok(())
        }
    }
}

/// The signer, if it is registered.
pub fn find(rows: &dyn State, agency: &agency::Id, role: Role, known_by: &KnownBy) -> Result<Option<AuthorisedSigner>, Fault> {
    state::read(rows, SIGNERS, &key(agency, role, known_by))
}

/// The signers of an agency after `after`, persons first: at most `limit`.
pub fn list(rows: &dyn State, agency: &agency::Id, after: Option<(Role, &KnownBy)>, limit: usize) -> Result<Vec<AuthorisedSigner>, Fault> {
    let prefix = prefix(agency, None);
    // What follows a key comes after the key with a zero behind it at the earliest.
    let from = after.map(|(role, known_by)| [key(agency, role, known_by), vec![0]].concat());
    let start = from.as_deref().and_then(|from| from.get(prefix.len()..)).unwrap_or_default();
    let mut signers = Vec::new();
    state::scan_prefix(rows, SIGNERS, &prefix, start, &mut |_, value| {
        signers.push(state::decode(SIGNERS, value));
        if signers.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    signers.into_iter().collect()
}

/// What is registered of an agency, as far as some reports are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorised {
    /// The agency has registered persons.
    pub has_persons: bool,
    /// The agency has registered organisations.
    pub has_organisations: bool,
    /// Those registered signers whose certificates signed.
    pub signers: Vec<AuthorisedSigner>,
}

/// Looks up who of an agency's registered signers made the signatures in `reports`.
pub fn authorised(rows: &dyn State, agency: &agency::Id, reports: &[Report]) -> Result<Authorised, Fault> {
    let has = |role| {
        let mut any = false;
        state::scan_prefix(rows, SIGNERS, &prefix(agency, Some(role)), &[], &mut |_, _| {
            any = true;
            ControlFlow::Break(())
        })?;
        Ok(any)
    };
    let mut found = Authorised { has_persons: has(Role::Person)?, has_organisations: has(Role::Organisation)?, signers: Vec::new() };
    for signature in reports.iter().flat_map(|report| &report.signatures) {
        let certificate = signature.certificate.map(KnownBy::Certificate);
        let number = signature.organisation_identifier.parse().ok().map(|number: OrganisationIdentifier| KnownBy::Identifier(number));
        let looked_for = [(Role::Person, &certificate), (Role::Organisation, &certificate), (Role::Organisation, &number)];
        for (role, known_by) in looked_for {
            let Some(known_by) = known_by else { continue };
            let signer = find(rows, agency, role, known_by)?;
            found.signers.extend(signer.filter(|signer| !found.signers.contains(signer)));
        }
    }
    Ok(found)
}

impl Authorised {
    /// The registered signer that made a signature in a role.
    pub fn signer_of(&self, signature: &SignatureReport, role: Role) -> Option<&AuthorisedSigner> {
        let with = |known_by: &KnownBy| self.signers.iter().find(|signer| signer.role == role && signer.known_by == *known_by);
        let pinned = signature.certificate.and_then(|digest| with(&KnownBy::Certificate(digest)));
        pinned.or_else(|| {
            // An employee's certificate bears the employer's number too, and is no seal.
            let number = signature.organisation_identifier.parse().ok().filter(|_| signature.signer_kind != SignerKind::Person)?;
            with(&KnownBy::Identifier(number))
        })
    }

    /// In which role a signature stands: as registered, otherwise as its certificate lets guess.
    pub fn role_of(&self, signature: &SignatureReport) -> Option<Role> {
        let registered = [Role::Person, Role::Organisation].into_iter().find(|role| self.signer_of(signature, *role).is_some());
        registered.or(match signature.signer_kind {
            SignerKind::Person => Some(Role::Person),
            SignerKind::Organisation => Some(Role::Organisation),
            SignerKind::Unknown => None,
        })
    }
}
