//! Reading agencies, codes and groups.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::de::DeserializeOwned;

use super::tree::below;
use super::{AGENCIES, Agency, CODES, Code, CodeAssignment, GROUPS, Group, Id, Kind, State, Tier};
use crate::state::{self, Fault, State as Rows, Table, scan_prefix};
use crate::time::Date;

/// The agency of this name.
pub fn find(rows: &dyn Rows, id: &Id) -> Result<Option<Agency>, Fault> {
    state::read(rows, AGENCIES, id.as_str().as_bytes())
}

/// The group of this name.
pub fn group(rows: &dyn Rows, id: &Id) -> Result<Option<Group>, Fault> {
    state::read(rows, GROUPS, id.as_str().as_bytes())
}

/// At most `limit` groups in the order of their names, from behind `after` on.
pub fn groups(rows: &dyn Rows, after: Option<&Id>, limit: usize) -> Result<Vec<Group>, Fault> {
    page(rows, GROUPS, after, limit, &|_: &Group| true)
}

/// What an agency was on a day: its last day ends it, a closed one was active until then. One that did not exist yet counts as
/// closed.
pub fn as_of(agency: &Agency, day: Date) -> State {
    match agency.state {
        _ if !exists(agency, day) => State::Closed,
        // Closed without a last day: nobody knows when it ended, so that it counts as ended.
        State::Closed if agency.valid_until.is_none() => State::Closed,
        State::Closed | State::Active => State::Active,
        State::Locked => State::Locked,
    }
}

fn exists(agency: &Agency, day: Date) -> bool {
    agency.valid_from.is_none_or(|from| from <= day) && agency.valid_until.is_none_or(|until| day <= until)
}

/// Which agencies a list shows; what is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only this tier.
    pub tier: Option<Tier>,
    /// Only this agency and those below it.
    pub subtree: Option<Id>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only those in this state.
    pub state: Option<State>,
    /// The state is that of this day; agencies that did not exist yet are left out, and those that ended before unless the
    /// filter asks for closed ones.
    pub as_of: Option<Date>,
}

impl Filter {
    fn admits(&self, agency: &Agency) -> bool {
        let is_in_state = match (self.as_of, self.state) {
            (None, None) => true,
            (None, Some(state)) => state == agency.state,
            (Some(day), _) if agency.valid_from.is_some_and(|from| day < from) => false,
            (Some(day), None) => as_of(agency, day) != State::Closed,
            (Some(day), Some(state)) => as_of(agency, day) == state,
        };
        is_in_state && self.tier.is_none_or(|tier| tier == agency.tier) && self.kind.is_none_or(|kind| kind == agency.kind)
    }
}

/// At most `limit` agencies that the filter admits, in the order of their names, from behind `after` on.
pub fn list(rows: &dyn Rows, filter: &Filter, after: Option<&Id>, limit: usize) -> Result<Vec<Agency>, Fault> {
    let within: Option<BTreeSet<Id>> = match &filter.subtree {
        Some(root) => Some(below(rows, root)?.0.into_iter().chain([root.clone()]).collect()),
        None => None,
    };
    page(rows, AGENCIES, after, limit, &|agency: &Agency| {
        filter.admits(agency) && within.as_ref().is_none_or(|within| within.contains(&agency.id))
    })
}

fn page<T: DeserializeOwned>(
    rows: &dyn Rows,
    table: Table,
    after: Option<&Id>,
    limit: usize,
    admits: &dyn Fn(&T) -> bool,
) -> Result<Vec<T>, Fault> {
    let from = after.map_or(&b""[..], |id| id.as_str().as_bytes());
    let mut page = Vec::new();
    let mut fault = None;
    rows.scan(table, from, &mut |key, value| {
        if page.len() >= limit {
            return ControlFlow::Break(());
        }
        if after.is_some() && key == from {
            return ControlFlow::Continue(());
        }
        match state::decode(table, value) {
            Ok(item) if admits(&item) => page.push(item),
            Ok(_) => {}
            Err(e) => {
                fault = Some(e);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    fault.map_or(Ok(page), Err)
}

/// The agency that has the code on a day. Where nobody who exists on that day has it, the agency that ended with it: its
/// successors are the answer then ([`super::successors`]). Codes are looked up and never computed: after 2025 neither the
/// numbers nor the order of their parts tell who is meant.
pub fn resolve_code(rows: &dyn Rows, code: &Code, day: Date) -> Result<Option<Agency>, Fault> {
    let covers = |a: &CodeAssignment| {
        a.code == *code && a.valid_from.is_none_or(|from| from <= day) && a.valid_until.is_none_or(|until| day <= until)
    };
    let mut ended: Option<Agency> = None;
    for agency in holders(rows, code)? {
        if !agency.codes.iter().any(covers) {
            continue;
        }
        if exists(&agency, day) {
            return Ok(Some(agency));
        }
        let later = agency.valid_until.is_some_and(|until| until < day)
            && ended.as_ref().is_none_or(|other| other.valid_until < agency.valid_until);
        if later {
            ended = Some(agency);
        }
    }
    Ok(ended)
}

/// The agency that had the code last, of those whose time with it ended before `day`.
pub(super) fn last_holder(rows: &dyn Rows, code: &Code, day: Date) -> Result<Option<Agency>, Fault> {
    let mut last: Option<(Date, Agency)> = None;
    for agency in holders(rows, code)? {
        let until = agency.codes.iter().filter(|a| a.code == *code).filter_map(|a| a.valid_until).filter(|until| *until < day).max();
        if let Some(until) = until
            && last.as_ref().is_none_or(|(other, _)| *other < until)
        {
            last = Some((until, agency));
        }
    }
    Ok(last.map(|(_, agency)| agency))
}

/// Every agency that ever had the code, in the order of their ids.
pub(super) fn holders(rows: &dyn Rows, code: &Code) -> Result<Vec<Agency>, Fault> {
    let prefix = [code.as_str().as_bytes(), &[0]].concat();
    let mut ids = Vec::new();
    scan_prefix(rows, CODES, &prefix, &[], &mut |key, _| {
        ids.push(key.get(prefix.len()..).and_then(|rest| std::str::from_utf8(rest).ok()).and_then(|text| Id::parse(text).ok()));
        ControlFlow::Continue(())
    })?;
    let mut holders = Vec::new();
    for id in ids {
        let agency = id.map(|id| find(rows, &id)).transpose()?.flatten();
        holders.push(agency.ok_or_else(|| Fault("a key of codes leads to no agency".into()))?);
    }
    Ok(holders)
}
