//! Feeds: what an agency's watchers are told of, and its inbox and outbox, which are the beginnings in its feeds.

use std::ops::ControlFlow;

use crate::agency;
use crate::delivery::{CHANGES, Change, Delivery, Direction, find, steps};
use crate::document::{self, Urgency};
use crate::state::{self, Fault, Overlay, State};

/// Lanes of a feed, hastiest first: one for each urgency.
pub const LANES: u8 = 5;

/// Hasty documents come first in key order.
pub(super) const fn lane(urgency: Urgency) -> u8 {
    LANES - 1 - urgency as u8
}

/// A row of a feed points at the run of steps that holds what is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pointer {
    /// The entry.
    pub(super) seq: u64,
    /// The step told of; in an outgoing feed the first of the run, all of which is told.
    pub(super) index: u32,
    /// Of which document.
    pub(super) document: document::Id,
    /// The last step of the run.
    pub(super) last: u32,
}

impl Pointer {
    /// Writes the row. What begins a copy or a document is listed in the agency's box.
    pub(super) fn put(self, rows: &mut Overlay<'_>, agency: &agency::Id, direction: Direction, lane: u8, begins: bool) {
        let key = [prefix(agency, direction, lane, begins).as_slice(), &self.seq.to_be_bytes(), &self.index.to_be_bytes()].concat();
        rows.put(CHANGES, &key, [self.document.0.as_slice(), &self.last.to_be_bytes()].concat());
    }

    /// What stands under a key after its prefix, and its value.
    fn read(key: &[u8], value: &[u8]) -> Result<Self, Fault> {
        let parse = || {
            let (seq, index) = key.split_first_chunk()?;
            let (document, last) = value.split_first_chunk()?;
            Some(Self {
                seq: u64::from_be_bytes(*seq),
                index: u32::from_be_bytes(index.try_into().ok()?),
                document: document::Id(*document),
                last: u32::from_be_bytes(last.try_into().ok()?),
            })
        };
        parse().ok_or_else(|| Fault(format!("a row of {} is ill-formed", CHANGES.name)))
    }
}

fn prefix(agency: &agency::Id, direction: Direction, lane: u8, begins: bool) -> Vec<u8> {
    [agency.as_str().as_bytes(), &[0, direction as u8, lane, u8::from(!begins)]].concat()
}

/// Changes of one lane of an agency's feed after a place, oldest first, up to the entry `until`.
///
/// `until` is the applied sequence as it was read before: a feed is two ranges of rows, read one after the other, and a later entry
/// might be seen in one of them while one between is missed in the other.
pub fn changes(
    rows: &dyn State,
    agency: &agency::Id,
    direction: Direction,
    lane: u8,
    after: (u64, u32),
    until: u64,
    limit: usize,
) -> Result<Vec<Change>, Fault> {
    let whole_runs = direction == Direction::Outgoing;
    let mut pointers = Vec::new();
    for begins in [true, false] {
        let prefix = prefix(agency, direction, lane, begins);
        pointers.extend(collect(
            limit,
            |visit| state::scan_prefix(rows, CHANGES, &prefix, &after.0.to_be_bytes(), visit),
            |key, value| {
                let pointer = Pointer::read(key.get(prefix.len()..).unwrap_or_default(), value)?;
                let told = if whole_runs { pointer.last } else { pointer.index };
                Ok(Some(pointer).filter(|pointer| (pointer.seq, told) > after && pointer.seq <= until))
            },
        )?);
    }
    pointers.sort_by_key(|pointer| (pointer.seq, pointer.index));
    let mut changes = Vec::new();
    for pointer in pointers {
        let told = |step: &&super::Step| (step.seq, step.index) > after && (whole_runs || step.index == pointer.index);
        let run = steps::run(rows, &pointer.document, pointer.seq, pointer.last)?;
        changes.extend(run.iter().filter(told).map(|step| Change { document: pointer.document, step: step.clone() }));
        if changes.len() >= limit {
            break;
        }
    }
    changes.truncate(limit);
    Ok(changes)
}

/// A place in an inbox or outbox: sequence and document of the last item that was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxPosition {
    /// The sequence that put it there.
    pub seq: u64,
    /// Which document.
    pub document: document::Id,
}

/// An agency's inbox, newest first: up to `limit` deliveries, and where to go on if there are more.
pub fn inbox(
    rows: &dyn State,
    agency: &agency::Id,
    after: Option<BoxPosition>,
    limit: usize,
) -> Result<(Vec<Delivery>, Option<BoxPosition>), Fault> {
    let (places, next) = box_places(rows, agency, Direction::Incoming, after, limit)?;
    let mut deliveries = Vec::new();
    for place in places {
        // A recipient that gave an earlier copy back is listed once, by the new one.
        deliveries.extend(find(rows, &place.document, agency)?.filter(|copy| copy.created_seq == place.seq));
    }
    Ok((deliveries, next))
}

/// Places of an inbox or outbox after one, newest first, and the last of them if there are more.
pub(crate) fn box_places(
    rows: &dyn State,
    agency: &agency::Id,
    direction: Direction,
    after: Option<BoxPosition>,
    limit: usize,
) -> Result<(Vec<BoxPosition>, Option<BoxPosition>), Fault> {
    let before = after.map_or(u64::MAX, |after| after.seq).to_be_bytes();
    let mut places = Vec::new();
    for lane in 0..LANES {
        let prefix = prefix(agency, direction, lane, true);
        places.extend(collect(
            limit.saturating_add(1),
            |visit| {
                rows.scan_back(CHANGES, &[prefix.as_slice(), &before].concat(), &mut |key, value| {
                    if key.starts_with(&prefix) { visit(key, value) } else { ControlFlow::Break(()) }
                })
            },
            |key, value| {
                let pointer = Pointer::read(key.get(prefix.len()..).unwrap_or_default(), value)?;
                Ok(Some(BoxPosition { seq: pointer.seq, document: pointer.document }))
            },
        )?);
    }
    places.sort_by_key(|place| std::cmp::Reverse(place.seq));
    let more = places.len() > limit;
    places.truncate(limit);
    let next = places.last().copied().filter(|_| more);
    Ok((places, next))
}

/// Runs a scan and collects what `take` makes of its rows, up to `limit`.
pub(crate) fn collect<T>(
    limit: usize,
    scan: impl FnOnce(&mut state::Visit<'_>) -> Result<(), Fault>,
    mut take: impl FnMut(&[u8], &[u8]) -> Result<Option<T>, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut items = Vec::new();
    let mut failed = None;
    if limit > 0 {
        scan(&mut |key, value| {
            match take(key, value) {
                Ok(item) => items.extend(item),
                Err(fault) => failed = Some(fault),
            }
            if failed.is_some() || items.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    failed.map_or(Ok(items), Err)
}

#[cfg(test)]
mod tests;
