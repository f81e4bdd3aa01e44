//! The part of `SignatureService` that counts: how well agencies sign what they send.

use api::convert;
use api::status::Failure;
use api::v1;
use domain::agency;
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use domain::signature::statistics::{self, Counts};
use tonic::{Response, Status};

use super::signer::require_sight;
use crate::shared::{Shared, after, fault};

/// Agencies that one call looks at; a call that leaves most of them out gives a token to go on with.
const LOOKED_AT: usize = 4_000;

/// Lists the counts of the agencies that a caller may see, with the sum of the page.
pub(super) fn list(
    shared: &Shared,
    caller: &Caller,
    request: &v1::ListSignatureStatisticsRequest,
) -> Result<Response<v1::ListSignatureStatisticsResponse>, Status> {
    // An agency's system asks for its own by name; a filter that leaves everything out would look like an answer.
    if matches!(caller.role, Role::AgencySystem { .. }) && request.agency.is_empty() {
        return Err(Failure::from(Refusal::Denied).into());
    }
    let filter = convert::statistics::list(request).map_err(Failure::from)?;
    for named in [&filter.agency, &filter.subtree].into_iter().flatten() {
        require_sight(shared, caller, named)?;
    }
    let page = shared.page(caller, request)?;
    let mut last = after(&page, agency::Id::parse)?;
    let mut found: Vec<(agency::Id, Counts)> = Vec::new();
    let tables = &shared.tables;
    let sum = |agency: &agency::Id| statistics::of_agency(tables, agency, filter.from, filter.until).map_err(fault);
    let fits = |counts: &Counts| counts.documents > 0 && filter.signed_percent_below.is_none_or(|below| counts.signed_percent() < below);
    let mut next_page_token = String::new();
    if let Some(agency) = &filter.agency {
        let within = match &filter.subtree {
            Some(root) => agency::is_within(tables, root, agency).map_err(fault)?,
            None => true,
        };
        let counts = sum(agency)?;
        if within && fits(&counts) {
            found.push((agency.clone(), counts));
        }
    } else {
        let mut looked_at = 0;
        while let Some(agency) = statistics::next_agency(tables, last.as_ref()).map_err(fault)? {
            if found.len() >= page.size || looked_at >= LOOKED_AT {
                next_page_token = last.as_ref().map(|last| shared.sealer.next_page(&page, last.as_str().as_bytes())).unwrap_or_default();
                break;
            }
            looked_at += 1;
            let within = match &filter.subtree {
                Some(root) => agency::is_within(tables, root, &agency).map_err(fault)?,
                None => true,
            };
            let may = match require_sight(shared, caller, &agency) {
                Ok(()) => true,
                Err(Failure::Refused(Refusal::Denied)) => false,
                Err(failure) => return Err(failure.into()),
            };
            if within && may {
                let counts = sum(&agency)?;
                if fits(&counts) {
                    found.push((agency.clone(), counts));
                }
            }
            last = Some(agency);
        }
    }
    let mut total = Counts::default();
    found.iter().for_each(|(_, counts)| total.add(counts));
    Ok(Response::new(v1::ListSignatureStatisticsResponse {
        statistics: found.iter().map(|(agency, counts)| convert::statistics::to_wire(Some(agency), counts)).collect(),
        page_total: Some(convert::statistics::to_wire(None, &total)),
        next_page_token,
    }))
}
