//! The part of `AxisService` that searches the directories of axes.

use api::convert::fields::read;
use api::convert::{name, time};
use api::status::Failure;
use api::v1;
use domain::agency::{self, Code};
use domain::axis::Connection;
use domain::principal::{Caller, Role};
use domain::refusal::Refusal;
use domain::time::Date;
use tonic::{Response, Status};

use crate::axis::directory::{Row, Standing};
use crate::axis::{Connector, Connectors};
use crate::shared::{Shared, fault};

/// Entries of one directory in one answer.
const MOST: usize = 100;
const USUAL: usize = 20;
/// Longer than the longest name of an agency; a search for more finds nothing.
const MAX_QUERY: usize = 200;

/// Searches the directories. Who sends documents looks for receivers here, whether or not this hub has met them: agencies' systems may,
/// and admins. What is found is what the axis shows to all who are connected to it.
pub(super) fn search(
    shared: &Shared,
    connectors: &Connectors,
    caller: &Caller,
    request: &v1::SearchAxisDirectoryRequest,
) -> Result<Response<v1::SearchAxisDirectoryResponse>, Status> {
    let is_admin = match caller.role {
        Role::Admin => true,
        Role::AgencySystem { .. } => false,
        Role::Supervisor { .. } | Role::Auditor => return Err(Failure::from(Refusal::Denied).into()),
    };
    let (wanted, limit) = parse(request)?;
    if let Some(wanted) = &wanted
        && connectors.find(wanted).is_none()
    {
        return Err(Failure::from(Refusal::NotFound { name: name::of_axis(wanted) }).into());
    }
    let today = shared.now().date_in_vietnam();
    let mut response = v1::SearchAxisDirectoryResponse::default();
    for connector in connectors.all().filter(|one| wanted.as_ref().is_none_or(|wanted| one.connection() == wanted)) {
        let axis = name::of_axis(connector.connection());
        for row in connector.directory().search(&request.query, limit) {
            let agency = agency_of(shared, &row, today)?;
            response.entries.push(entry(&axis, row, agency));
        }
        let mirror = mirror(connector);
        // Why it failed is for those who can do something about it.
        let failure = if is_admin { mirror.failure } else { String::new() };
        response.directories.push(v1::AxisDirectory { failure, ..mirror });
    }
    Ok(Response::new(response))
}

/// How the mirror of a connection's directory fares.
pub(super) fn mirror(connector: &Connector) -> v1::AxisDirectory {
    let status = connector.directory().status();
    let (failed, why) = status.failure.unzip();
    v1::AxisDirectory {
        axis: name::of_axis(connector.connection()),
        agency_count: count(status.agencies),
        entry_count: count(status.rows),
        version: status.version,
        sync_time: status.synced.map(time::timestamp),
        failure_time: failed.map(time::timestamp),
        failure: why.unwrap_or_default(),
    }
}

fn parse(request: &v1::SearchAxisDirectoryRequest) -> Result<(Option<Connection>, usize), Failure> {
    let wanted = read(|at| {
        let characters = request.query.chars().count();
        at.require(!request.query.trim().is_empty(), "query", "is required");
        at.require(characters <= MAX_QUERY, "query", format_args!("has {characters} characters, at most {MAX_QUERY} are allowed"));
        at.require(request.limit >= 0, "limit", "must not be negative");
        Some(at.optional("axis", &request.axis, name::axis))
    })?;
    let limit = match usize::try_from(request.limit) {
        Ok(0) | Err(_) => USUAL,
        Ok(limit) => limit.min(MOST),
    };
    Ok((wanted, limit))
}

/// The agency here that has one of the row's codes today.
fn agency_of(shared: &Shared, row: &Row, today: Date) -> Result<Option<agency::Id>, Status> {
    for code in [&row.code, &row.old_code] {
        let Ok(code) = code.parse::<Code>() else { continue };
        if let Some(agency) = agency::resolve_code(&shared.tables, &code, today).map_err(fault)? {
            return Ok(Some(agency.id));
        }
    }
    Ok(None)
}

fn entry(axis: &str, row: Row, agency: Option<agency::Id>) -> v1::AxisDirectoryEntry {
    v1::AxisDirectoryEntry {
        axis: axis.to_owned(),
        code: row.code,
        old_code: row.old_code,
        display_name: row.name,
        parent_code: row.parent,
        center_code: row.center,
        standing: standing(row.standing).into(),
        agency: agency.as_ref().map(name::of_agency).unwrap_or_default(),
    }
}

fn standing(standing: Standing) -> v1::AxisDirectoryStanding {
    match standing {
        Standing::Listed => v1::AxisDirectoryStanding::Listed,
        Standing::Closed => v1::AxisDirectoryStanding::Closed,
        Standing::Unlisted => v1::AxisDirectoryStanding::Unlisted,
        Standing::Group => v1::AxisDirectoryStanding::Group,
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
