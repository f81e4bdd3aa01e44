//! Who took over from whom.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::lookup::{as_of, find};
use super::{Id, SUCCESSIONS, State, Succession, SuccessionKind};
use crate::state::{self, Fault, State as Rows, scan_prefix};
use crate::time::Date;

/// Agencies that a chain of successions may pass: more than all the units of a province.
const MAX_PASSED: usize = 1_000;

/// Whether the succession ends its predecessor.
pub(super) const fn closes(kind: SuccessionKind) -> bool {
    match kind {
        SuccessionKind::Merge | SuccessionKind::Split | SuccessionKind::Rename => true,
        SuccessionKind::Transfer => false,
    }
}

/// The key of a succession: one pair may follow each other again on another day.
pub(super) fn key(succession: &Succession) -> Vec<u8> {
    let Succession { from, to, effective, .. } = succession;
    format!("{from}\0{to}\0{effective}").into_bytes()
}

/// All successions, in the order of their predecessors.
pub fn all_successions(rows: &dyn Rows) -> Result<Vec<Succession>, Fault> {
    collect(rows, &[])
}

/// The successions of one predecessor.
pub(super) fn of(rows: &dyn Rows, from: &Id) -> Result<Vec<Succession>, Fault> {
    collect(rows, &[from.as_str().as_bytes(), &[0]].concat())
}

fn collect(rows: &dyn Rows, prefix: &[u8]) -> Result<Vec<Succession>, Fault> {
    let mut found = Vec::new();
    scan_prefix(rows, SUCCESSIONS, prefix, &[], &mut |_, value| {
        found.push(state::decode(SUCCESSIONS, value));
        ControlFlow::Continue(())
    })?;
    found.into_iter().collect()
}

/// Who acts in place of an agency on a day, in the order of their ids: chains are followed through successors that are closed
/// themselves. Transfers count only where nothing merged, split or renamed the agency, for they hand over parts.
pub fn successors(rows: &dyn Rows, id: &Id, day: Date) -> Result<Vec<Id>, Fault> {
    let mut found = BTreeSet::new();
    let mut passed = BTreeSet::from([id.clone()]);
    let mut waiting = vec![id.clone()];
    while let Some(closed) = waiting.pop() {
        let mut next = of(rows, &closed)?;
        next.retain(|succession| succession.effective <= day);
        if next.iter().any(|succession| closes(succession.kind)) {
            next.retain(|succession| closes(succession.kind));
        }
        for Succession { to, .. } in next {
            if passed.len() > MAX_PASSED || !passed.insert(to.clone()) {
                continue;
            }
            match find(rows, &to)? {
                Some(agency) if as_of(&agency, day) == State::Closed => waiting.push(to),
                Some(_) => drop(found.insert(to)),
                None => return Err(Fault(format!("agencies/{closed} is succeeded by agencies/{to}, which is not there"))),
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Those of `added`, by their place, that lie on a circle together with what is recorded.
pub(super) fn circular(recorded: &[Succession], added: &[Succession]) -> Vec<usize> {
    let edges: Vec<(&Id, &Id)> = recorded.iter().chain(added).map(|s| (&s.from, &s.to)).collect();
    // What has no successor left, or no predecessor, lies on no circle: peel it off, from either end, until nothing changes.
    let reached = peel(&edges, |(from, to)| (from, to));
    let reaching = peel(&edges, |(from, to)| (to, from));
    let on_circle = |s: &Succession| [&s.from, &s.to].iter().all(|id| reached.contains(*id) && reaching.contains(*id));
    added.iter().enumerate().filter(|(_, s)| on_circle(s)).map(|(i, _)| i).collect()
}

fn peel<'a>(edges: &[(&'a Id, &'a Id)], turn: impl Fn((&'a Id, &'a Id)) -> (&'a Id, &'a Id)) -> BTreeSet<&'a Id> {
    let mut incoming: BTreeMap<&Id, usize> = BTreeMap::new();
    let mut outgoing: BTreeMap<&Id, Vec<&Id>> = BTreeMap::new();
    for (from, to) in edges.iter().map(|edge| turn(*edge)) {
        incoming.entry(from).or_default();
        *incoming.entry(to).or_default() += 1;
        outgoing.entry(from).or_default().push(to);
    }
    let mut free: Vec<&Id> = incoming.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    while let Some(id) = free.pop() {
        incoming.remove(id);
        for to in outgoing.remove(id).unwrap_or_default() {
            if let Some(count) = incoming.get_mut(to) {
                *count -= 1;
                if *count == 0 {
                    free.push(to);
                }
            }
        }
    }
    incoming.into_keys().collect()
}
