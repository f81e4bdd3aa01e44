//! Reading principals.

use std::ops::ControlFlow;

use super::{CREDENTIALS, Credential, Id, PRINCIPALS, Principal, State};
use crate::state::{self, Fault, State as Rows};

/// The principal of this name.
pub fn find(rows: &dyn Rows, id: &Id) -> Result<Option<Principal>, Fault> {
    state::read(rows, PRINCIPALS, id.as_str().as_bytes())
}

/// At most `limit` principals in the order of their names, from behind `after` on.
pub fn list(rows: &dyn Rows, after: Option<&Id>, limit: usize) -> Result<Vec<Principal>, Fault> {
    let from = after.map_or(&b""[..], |id| id.as_str().as_bytes());
    let mut principals = Vec::new();
    let mut fault = None;
    rows.scan(PRINCIPALS, from, &mut |key, value| {
        if principals.len() >= limit {
            return ControlFlow::Break(());
        }
        if after.is_some() && key == from {
            return ControlFlow::Continue(());
        }
        match state::decode(PRINCIPALS, value) {
            Ok(principal) => {
                principals.push(principal);
                ControlFlow::Continue(())
            }
            Err(e) => {
                fault = Some(e);
                ControlFlow::Break(())
            }
        }
    })?;
    fault.map_or(Ok(principals), Err)
}

/// The principal that holds one of these credentials: the first active one, otherwise a revoked one.
///
/// A fingerprint that was taken from its principal, or whose principal is revoked, blocks its certificate whatever else the
/// certificate says: so one stolen certificate is shut out among others of the same name. A URI that was taken leads nowhere.
pub fn by_credentials(rows: &dyn Rows, credentials: &[Credential]) -> Result<Option<Principal>, Fault> {
    let mut revoked = None;
    for credential in credentials {
        let Some(principal) = holder(rows, credential)?.map(|id| find(rows, &id)).transpose()?.flatten() else { continue };
        let blocks = matches!(credential, Credential::Fingerprint(_));
        match principal.state {
            _ if !principal.credentials.contains(credential) => {
                if blocks {
                    return Ok(None);
                }
            }
            State::Active => return Ok(Some(principal)),
            State::Revoked { .. } if blocks => return Ok(Some(principal)),
            State::Revoked { .. } => revoked = revoked.or(Some(principal)),
        }
    }
    Ok(revoked)
}

/// Who has, or had, the credential.
pub(super) fn holder(rows: &dyn Rows, credential: &Credential) -> Result<Option<Id>, Fault> {
    state::read(rows, CREDENTIALS, credential.to_string().as_bytes())
}
