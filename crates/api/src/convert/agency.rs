//! Agencies, codes, successions, groups and selectors.

use domain::agency::directory::{self, BadLine};
use domain::agency::{Agency, Code, CodeAssignment, Filter, Group, Id, Kind, Scheme, Selector, State, Succession, SuccessionKind, Tier};
use domain::invalid::Invalid;
use domain::time::Date;

use crate::convert::fields::{Fields, read, same};
use crate::convert::{name, time};
use crate::v1;

/// Members of a group at most.
const MAX_MEMBERS: usize = 1_000;
/// Successions of one request at most.
const MAX_SUCCESSIONS: usize = 10_000;
/// Codes of an agency at most.
const MAX_CODES: usize = 32;

same! {
    /// The tier of a number.
    tier: Tier = Tier { Central, Province, District, Commune }
}
same! {
    /// The kind of a number.
    kind: AgencyKind = Kind {
        PeoplesCommittee, PeoplesCouncil, Department, DistrictOffice, PartyBody, Ministry, MinistryUnit, PublicServiceUnit, Enterprise,
        MassOrganisation, Other,
    }
}
same! {
    /// The state of a number.
    state: AgencyState = State { Active, Locked, Closed }
}
same! {
    CodeScheme = Scheme { Qd20, Old13, Enterprise, Registered }
}
same! {
    /// The kind of succession of a number.
    succession_kind: SuccessionKind = SuccessionKind { Merge, Split, Transfer, Rename }
}

/// Agencies, each after its parent, successions between them, and groups of them.
pub type Directory = (Vec<Agency>, Vec<Succession>, Vec<Group>);

/// The filters of a list.
pub fn list(request: &v1::ListAgenciesRequest) -> Result<Filter, Invalid> {
    read(|at| {
        Some(Filter {
            tier: at.any("tier", request.tier, tier),
            subtree: at.optional("subtree", &request.subtree, name::agency),
            kind: at.any("kind", request.kind, kind),
            state: at.any("state", request.state, state),
            as_of: at.optional_date("as_of_date", &request.as_of_date),
        })
    })
}

/// The agency to create; its `changed_seq` is 0.
pub fn created(request: &v1::CreateAgencyRequest) -> Result<Agency, Invalid> {
    read(|at| {
        let id = at.required("agency_id", &request.agency_id, Id::parse);
        let message = at.present("agency", &request.agency)?;
        let at = &mut at.within("agency");
        let named = at.optional("name", &message.name, name::agency);
        at.require(named.is_none() || named == id, "name", "must be agencies/ and the agency_id, or empty");
        at.require(message.state() != v1::AgencyState::Closed, "state", "must not be CLOSED: use CloseAgency");
        parse(at, message, id)
    })
}

/// The agency as the update makes it of the `current` one, and the change the caller saw (0 if it does not care).
pub fn updated(request: &v1::UpdateAgencyRequest, current: &Agency) -> Result<(Agency, u64), Invalid> {
    read(|at| {
        let etag = at.optional("etag", &request.etag, parse_etag);
        let mask = at.present("update_mask", &request.update_mask);
        let new = at.present("agency", &request.agency)?;
        let mut merged = to_wire(current);
        let paths = &mask?.paths;
        at.require(!paths.is_empty(), "update_mask.paths", "is required");
        for (index, path) in paths.iter().enumerate().take(64) {
            match path.as_str() {
                "tier" => merged.tier = new.tier,
                "kind" => merged.kind = new.kind,
                "parent" => merged.parent.clone_from(&new.parent),
                "display_name" => merged.display_name.clone_from(&new.display_name),
                "short_name" => merged.short_name.clone_from(&new.short_name),
                "codes" => merged.codes.clone_from(&new.codes),
                "state" => {
                    at.require(new.state() != v1::AgencyState::Closed, "agency.state", "must not be CLOSED: use CloseAgency");
                    merged.state = new.state;
                }
                "valid_from" => merged.valid_from.clone_from(&new.valid_from),
                "valid_until" => merged.valid_until.clone_from(&new.valid_until),
                _ => at
                    .item("update_mask.paths", index)
                    .fault("", "must be tier, kind, parent, display_name, short_name, codes, state, valid_from or valid_until"),
            }
        }
        let agency = parse(&mut at.within("agency"), &merged, Some(current.id.clone()))?;
        Some((agency, etag.unwrap_or(0)))
    })
}

/// The successions to record.
pub fn successions(request: &v1::SucceedAgenciesRequest) -> Result<Vec<Succession>, Invalid> {
    read(|at| Some(at.items("successions", &request.successions, (1, MAX_SUCCESSIONS), parse_succession)))
}

/// The group to set.
pub fn group(request: &v1::SetGroupRequest) -> Result<Group, Invalid> {
    read(|at| {
        let message = at.present("group", &request.group)?;
        parse_group(&mut at.within("group"), message)
    })
}

/// The agencies, successions and groups of a directory in CSV; every bad line of every file is a fault of
/// its own, in the field `agencies_csv:3` for the third line.
pub fn directory(request: &v1::ImportDirectoryRequest) -> Result<Directory, Invalid> {
    read(|at| {
        let agencies = file(at, "agencies_csv", &request.agencies_csv, directory::parse_agencies);
        let successions = file(at, "successions_csv", &request.successions_csv, directory::parse_successions);
        let groups = file(at, "groups_csv", &request.groups_csv, directory::parse_groups);
        Some((agencies, successions, groups))
    })
}

fn file<T>(at: &mut Fields<'_>, field: &str, csv: &str, parse: impl FnOnce(&str) -> Result<Vec<T>, Vec<BadLine>>) -> Vec<T> {
    if csv.is_empty() {
        return Vec::new();
    }
    parse(csv).unwrap_or_else(|lines| {
        lines.iter().for_each(|bad| at.fault(&format!("{field}:{}", bad.line), &bad.rule));
        Vec::new()
    })
}

/// An agency's facts. `id` is what the request names it; a fault about it is noted already.
fn parse(at: &mut Fields<'_>, message: &v1::Agency, id: Option<Id>) -> Option<Agency> {
    let tier = at.stated("tier", message.tier, tier);
    let kind = at.stated("kind", message.kind, kind);
    let parent = at.optional("parent", &message.parent, name::agency);
    let name = at.text("display_name", &message.display_name, 1, 200);
    let short_name = at.text("short_name", &message.short_name, 0, 100);
    let codes = at.items("codes", &message.codes, (0, MAX_CODES), parse_code);
    let state = at.any("state", message.state, state).unwrap_or(State::Active);
    let (valid_from, valid_until) = parse_validity(at, &message.valid_from, &message.valid_until);
    Some(Agency {
        id: id?,
        tier: tier?,
        kind: kind?,
        parent,
        name: name?,
        short_name: short_name?,
        codes,
        state,
        valid_from,
        valid_until,
        changed_seq: 0,
    })
}

fn parse_code(at: &mut Fields<'_>, message: &v1::CodeAssignment) -> Option<CodeAssignment> {
    let code = at.required("code", &message.code, Code::parse);
    let (valid_from, valid_until) = parse_validity(at, &message.valid_from, &message.valid_until);
    Some(CodeAssignment { code: code?, valid_from, valid_until, provisional: message.provisional })
}

fn parse_validity(at: &mut Fields<'_>, from: &str, until: &str) -> (Option<Date>, Option<Date>) {
    let from = at.optional_date("valid_from", from);
    let until = at.optional_date("valid_until", until);
    let ordered = from.zip(until).is_none_or(|(from, until)| from <= until);
    at.require(ordered, "valid_until", "is before valid_from");
    (from, until)
}

fn parse_succession(at: &mut Fields<'_>, message: &v1::Succession) -> Option<Succession> {
    let kind = at.stated("kind", message.kind, succession_kind);
    let from = at.required("predecessor", &message.predecessor, name::agency);
    let to = at.required("successor", &message.successor, name::agency);
    let effective = at.date("effective_date", &message.effective_date);
    let scope = at.text("scope", &message.scope, 0, 500);
    Some(Succession { kind: kind?, from: from?, to: to?, effective: effective?, scope: scope? })
}

fn parse_group(at: &mut Fields<'_>, message: &v1::Group) -> Option<Group> {
    let id = at.required("name", &message.name, name::group);
    let name = at.text("display_name", &message.display_name, 1, 200);
    let members = at.items("members", &message.members, (1, MAX_MEMBERS), parse_selector);
    Some(Group { id: id?, name: name?, members })
}

/// Who is meant.
pub fn parse_selector(at: &mut Fields<'_>, message: &v1::Selector) -> Option<Selector> {
    use v1::selector::Target;
    match &message.target {
        None => {
            at.fault("", "must have one of agency, code, group and subtree");
            None
        }
        Some(Target::Agency(agency)) => at.required("agency", agency, name::agency).map(Selector::Agency),
        Some(Target::Code(code)) => at.required("code", code, Code::parse).map(Selector::Code),
        Some(Target::Group(group)) => at.required("group", group, name::group).map(Selector::Group),
        Some(Target::Subtree(subtree)) => {
            let at = &mut at.within("subtree");
            let root = at.required("root", &subtree.root, name::agency);
            let tier = at.any("tier", subtree.tier, tier);
            let kind = at.any("kind", subtree.kind, kind);
            Some(Selector::Subtree { root: root?, tier, kind })
        }
    }
}

/// The sequence in an etag.
fn parse_etag(etag: &str) -> Result<u64, &'static str> {
    etag.parse().map_err(|_| "is not an etag that the hub gave")
}

/// The message of an agency.
pub fn to_wire(agency: &Agency) -> v1::Agency {
    v1::Agency {
        name: name::of_agency(&agency.id),
        tier: v1::Tier::from(agency.tier).into(),
        kind: v1::AgencyKind::from(agency.kind).into(),
        parent: agency.parent.as_ref().map(name::of_agency).unwrap_or_default(),
        display_name: agency.name.clone(),
        short_name: agency.short_name.clone(),
        codes: agency.codes.iter().map(code_to_wire).collect(),
        state: v1::AgencyState::from(agency.state).into(),
        valid_from: time::date(agency.valid_from),
        valid_until: time::date(agency.valid_until),
        etag: agency.changed_seq.to_string(),
    }
}

fn code_to_wire(assignment: &CodeAssignment) -> v1::CodeAssignment {
    v1::CodeAssignment {
        code: assignment.code.to_string(),
        scheme: v1::CodeScheme::from(assignment.code.scheme()).into(),
        valid_from: time::date(assignment.valid_from),
        valid_until: time::date(assignment.valid_until),
        provisional: assignment.provisional,
    }
}

/// The message of a group.
pub fn group_to_wire(group: &Group) -> v1::Group {
    v1::Group {
        name: name::of_group(&group.id),
        display_name: group.name.clone(),
        members: group.members.iter().map(selector_to_wire).collect(),
    }
}

/// The message of a selector.
pub fn selector_to_wire(selector: &Selector) -> v1::Selector {
    use v1::selector::Target;
    let target = match selector {
        Selector::Agency(id) => Target::Agency(name::of_agency(id)),
        Selector::Code(code) => Target::Code(code.to_string()),
        Selector::Group(id) => Target::Group(name::of_group(id)),
        Selector::Subtree { root, tier, kind } => Target::Subtree(v1::Subtree {
            root: name::of_agency(root),
            tier: tier.map_or(v1::Tier::Unspecified, Into::into).into(),
            kind: kind.map_or(v1::AgencyKind::Unspecified, Into::into).into(),
        }),
    };
    v1::Selector { target: Some(target) }
}

#[cfg(test)]
pub(crate) mod tests;
