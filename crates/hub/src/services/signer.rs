//! The part of `TrustService` that is about who may sign for whom.

use api::convert;
use api::status::Failure;
use api::v1;
use domain::agency;
use domain::command::{self, Command, Context};
use domain::invalid::Invalid;
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use domain::signer::{self, AuthorisedSigner};
use tonic::{Response, Status};

use crate::shared::{Shared, after, fault};

/// Registers one signer.
pub(super) async fn add(
    shared: &Shared,
    caller: &Caller,
    request: &v1::AddAuthorisedSignerRequest,
) -> Result<Response<v1::AuthorisedSigner>, Status> {
    let signer = convert::signer::added(request).map_err(Failure::from)?;
    let wire = convert::signer::to_wire(&signer);
    shared.carry_out(caller, None, Command::Signer(signer::Command::Set(signer))).await?;
    Ok(Response::new(wire))
}

/// Strikes one signer off.
pub(super) async fn remove(
    shared: &Shared,
    caller: &Caller,
    request: &v1::RemoveAuthorisedSignerRequest,
) -> Result<Response<v1::AuthorisedSigner>, Status> {
    let named = AuthorisedSigner::parse_name(&request.name).map_err(|e| Failure::from(Invalid::one("name", e)))?;
    let (agency, role, known_by) = named;
    let signer = signer::find(&shared.tables, &agency, role, &known_by).map_err(fault)?;
    let signer = signer.ok_or_else(|| Failure::Refused(Refusal::NotFound { name: request.name.clone() }))?;
    shared.carry_out(caller, None, Command::Signer(signer::Command::Remove { agency, role, known_by })).await?;
    Ok(Response::new(convert::signer::to_wire(&signer)))
}

/// Lists the signers of an agency.
pub(super) fn list(
    shared: &Shared,
    caller: &Caller,
    request: &v1::ListAuthorisedSignersRequest,
) -> Result<Response<v1::ListAuthorisedSignersResponse>, Status> {
    let agency = convert::signer::list(request).map_err(Failure::from)?;
    require_sight(shared, caller, &agency)?;
    let page = shared.page(caller, request)?;
    let last = after(&page, AuthorisedSigner::parse_name)?;
    let last = last.as_ref().map(|(_, role, known_by)| (*role, known_by));
    let signers = signer::list(&shared.tables, &agency, last, page.size + 1).map_err(fault)?;
    let (signers, next_page_token) = shared.cut(&page, signers, |signer| signer.resource_name().into_bytes());
    Ok(Response::new(v1::ListAuthorisedSignersResponse {
        signers: signers.iter().map(convert::signer::to_wire).collect(),
        next_page_token,
    }))
}

/// Registers the signers of a file.
pub(super) async fn import(
    shared: &Shared,
    caller: &Caller,
    request: &v1::ImportAuthorisedSignersRequest,
) -> Result<Response<v1::ImportAuthorisedSignersResponse>, Status> {
    let signers = convert::signer::imported(request).map_err(Failure::from)?;
    let signer_count = u32::try_from(signers.len()).unwrap_or(u32::MAX);
    let command = Command::Signer(signer::Command::Import(signers));
    let mut journal_seq = 0;
    if request.validate_only {
        let context = Context { caller, at: shared.now(), request: None };
        command::decide(&shared.tables, &context, &command).map_err(Failure::from)?;
    } else {
        journal_seq = shared.carry_out(caller, None, command).await?.seq.unwrap_or_default();
    }
    Ok(Response::new(v1::ImportAuthorisedSignersResponse { signer_count, journal_seq }))
}

/// Whether a caller may know how an agency signs: its own system, the supervisor of its subtree, auditors and admins. Nobody else
/// learns whether the agency exists.
pub(super) fn require_sight(shared: &Shared, caller: &Caller, agency: &agency::Id) -> Result<(), Failure> {
    let may = match &caller.role {
        Role::Admin | Role::Auditor => true,
        Role::AgencySystem { .. } => caller.acts_for(agency),
        Role::Supervisor { subtrees } => {
            let mut within = false;
            for root in subtrees {
                within |= agency::is_within(&shared.tables, root, agency).map_err(fault)?;
            }
            within
        }
    };
    if may { Ok(()) } else { Err(Refusal::Denied.into()) }
}
