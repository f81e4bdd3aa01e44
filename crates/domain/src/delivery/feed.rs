//! Steps and changes: the record of a document's life, and what watchers are told of it.

use std::ops::ControlFlow;

use crate::agency;
use crate::delivery::{CHANGES, Change, DELIVERIES, Delivery, Direction, INBOX, Onward, STEPS, Status, Step, StepKind};
use crate::document::{self, Document, Urgency};
use crate::event::Place;
use crate::principal::{Caller, Role};
use crate::state::{self, Fault, Overlay, State};

/// Writes a step of a document. The issuer's watchers are always told; the holder's only if `told`.
pub(crate) fn record(
    place: &mut Place<'_>,
    rows: &mut Overlay<'_>,
    of: &Of<'_>,
    agency: &agency::Id,
    kind: StepKind,
    told: Told,
) -> Result<(), Fault> {
    let (seq, index) = (place.seq, place.next_step);
    place.next_step += 1;
    let step = Step { seq, index, at: place.entry.at, principal: place.entry.principal.clone(), agency: agency.clone(), kind };
    rows.put_row(STEPS, &step_key(&of.document, seq, index), &step)?;
    let change = Change { document: of.document, agency: agency.clone(), seq, index };
    rows.put_row(CHANGES, &change_key(of.issuer, Direction::Outgoing, lane(of.urgency), seq, index), &change)?;
    if told == Told::Holder {
        rows.put_row(CHANGES, &change_key(agency, Direction::Incoming, lane(of.urgency), seq, index), &change)?;
    }
    Ok(())
}

/// Which document a step is of.
pub(crate) struct Of<'a> {
    pub(crate) document: document::Id,
    pub(crate) issuer: &'a agency::Id,
    pub(crate) urgency: Urgency,
}

impl<'a> Of<'a> {
    pub(crate) fn document(document: &'a Document) -> Self {
        Self { document: document.id, issuer: &document.content.issuer, urgency: document.content.urgency }
    }

    pub(crate) fn delivery(delivery: &'a Delivery) -> Self {
        Self { document: delivery.document, issuer: &delivery.sender, urgency: delivery.urgency }
    }
}

/// Whether the holder's own watchers are told of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// They are.
    Holder,
    /// Only the issuer's are: a hand-over is no news to the one it was handed to.
    IssuerOnly,
}

/// Hasty documents come first in key order.
const fn lane(urgency: Urgency) -> u8 {
    4 - urgency as u8
}

fn step_key(document: &document::Id, seq: u64, index: u32) -> Vec<u8> {
    [document.0.as_slice(), &seq.to_be_bytes(), &index.to_be_bytes()].concat()
}

fn change_prefix(agency: &agency::Id, direction: Direction, lane: u8) -> Vec<u8> {
    [agency.as_str().as_bytes(), &[0, direction as u8, lane]].concat()
}

fn change_key(agency: &agency::Id, direction: Direction, lane: u8, seq: u64, index: u32) -> Vec<u8> {
    [change_prefix(agency, direction, lane).as_slice(), &seq.to_be_bytes(), &index.to_be_bytes()].concat()
}

/// The key of a delivery.
pub(crate) fn delivery_key(document: &document::Id, agency: &agency::Id) -> Vec<u8> {
    [document.0.as_slice(), agency.as_str().as_bytes()].concat()
}

/// Writes a delivery that is new.
pub(crate) fn put_new(place: &Place<'_>, rows: &mut Overlay<'_>, delivery: &Delivery) -> Result<Delivery, Fault> {
    // A recipient that gave an earlier copy back is listed once, by the new one.
    if let Some(earlier) = find(rows, &delivery.document, &delivery.agency)? {
        rows.remove(INBOX, &inbox_key(&earlier));
    }
    let delivery = Delivery { created_seq: place.seq, created_at: place.entry.at, changed_seq: place.seq, ..delivery.clone() };
    rows.put(INBOX, &inbox_key(&delivery), vec![]);
    put(rows, &delivery)?;
    Ok(delivery)
}

fn inbox_key(delivery: &Delivery) -> Vec<u8> {
    [delivery.agency.as_str().as_bytes(), &[0], &(!delivery.created_seq).to_be_bytes(), &delivery.document.0].concat()
}

/// Adds to whom a superior that holds a copy shall forward it.
pub(crate) fn put_onward(place: &Place<'_>, rows: &mut Overlay<'_>, mut held: Delivery, onward: &[Onward]) -> Result<Delivery, Fault> {
    let new: Vec<Onward> = onward.iter().filter(|new| held.onward.iter().all(|known| known.agency != new.agency)).cloned().collect();
    held.onward.extend(new);
    held.changed_seq = place.seq;
    put(rows, &held)?;
    Ok(held)
}

/// Tells the watchers of every holder of the step that was recorded last.
pub(crate) fn tell_holders(place: &Place<'_>, rows: &mut Overlay<'_>, document: &Document) -> Result<(), Fault> {
    let index = place.next_step.saturating_sub(1);
    let change = Change { document: document.id, agency: document.content.issuer.clone(), seq: place.seq, index };
    for copy in of_document(rows, &document.id, None, usize::MAX)? {
        if !matches!(copy.status, Status::Refused | Status::TakeBackAgreed) {
            let key = change_key(&copy.agency, Direction::Incoming, lane(document.content.urgency), place.seq, index);
            rows.put_row(CHANGES, &key, &change)?;
        }
    }
    Ok(())
}

/// Writes a delivery.
pub(crate) fn put(rows: &mut Overlay<'_>, delivery: &Delivery) -> Result<(), Fault> {
    rows.put_row(DELIVERIES, &delivery_key(&delivery.document, &delivery.agency), delivery)
}

/// One recipient's copy of a document.
pub fn find(rows: &dyn State, document: &document::Id, agency: &agency::Id) -> Result<Option<Delivery>, Fault> {
    state::read(rows, DELIVERIES, &delivery_key(document, agency))
}

/// The copies of a document, in the order of their holders' ids, after `after`.
pub fn of_document(rows: &dyn State, document: &document::Id, after: Option<&agency::Id>, limit: usize) -> Result<Vec<Delivery>, Fault> {
    let from = after.map(|after| [after.as_str().as_bytes(), &[0]].concat()).unwrap_or_default();
    collect(
        limit,
        |visit| state::scan_prefix(rows, DELIVERIES, &document.0, &from, visit),
        |_, value| state::decode(DELIVERIES, value).map(Some),
    )
}

/// What an inbox list leaves out; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct InboxFilter {}

/// A place in an inbox: sequence and document of the last delivery that was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxPosition {
    /// The sequence that created it.
    pub seq: u64,
    /// Of which document.
    pub document: document::Id,
}

/// An agency's inbox, newest first.
pub fn inbox(
    rows: &dyn State,
    agency: &agency::Id,
    _: &InboxFilter,
    after: Option<InboxPosition>,
    limit: usize,
) -> Result<(Vec<Delivery>, Option<InboxPosition>), Fault> {
    let prefix = [agency.as_str().as_bytes(), &[0]].concat();
    let places = box_places(rows, INBOX, &prefix, after.map(|after| (after.seq, after.document)), limit)?;
    let next = if places.len() > limit {
        places.get(limit.wrapping_sub(1)).map(|(seq, document)| InboxPosition { seq: *seq, document: *document })
    } else {
        None
    };
    let mut deliveries = Vec::new();
    for (_, document) in places.iter().take(limit) {
        deliveries.extend(find(rows, document, agency)?);
    }
    Ok((deliveries, next))
}

/// Places of an inbox or outbox after one: up to `limit` and one more that tells whether there are more.
pub(crate) fn box_places(
    rows: &dyn State,
    table: state::Table,
    prefix: &[u8],
    after: Option<(u64, document::Id)>,
    limit: usize,
) -> Result<Vec<(u64, document::Id)>, Fault> {
    let from = after.map(|(seq, document)| [(!seq).to_be_bytes().as_slice(), &document.0, &[0]].concat()).unwrap_or_default();
    collect(
        limit.saturating_add(1),
        |visit| state::scan_prefix(rows, table, prefix, &from, visit),
        |key, _| {
            let rest = key.get(prefix.len()..).unwrap_or_default();
            let place = rest
                .split_first_chunk::<8>()
                .and_then(|(seq, document)| Some((!u64::from_be_bytes(*seq), document::Id(document.try_into().ok()?))));
            place.map(Some).ok_or_else(|| Fault(format!("a key of {} is ill-formed", table.name)))
        },
    )
}

/// Changes of one lane of an agency's feed after a place, oldest first.
pub fn changes(
    rows: &dyn State,
    agency: &agency::Id,
    direction: Direction,
    lane: u8,
    after: (u64, u32),
    limit: usize,
) -> Result<Vec<Change>, Fault> {
    let prefix = change_prefix(agency, direction, lane);
    // The key after the last one taken.
    let from = [after.0.to_be_bytes().as_slice(), &after.1.to_be_bytes(), &[0]].concat();
    collect(limit, |visit| state::scan_prefix(rows, CHANGES, &prefix, &from, visit), |_, value| state::decode(CHANGES, value).map(Some))
}

/// One step.
pub fn step(rows: &dyn State, document: &document::Id, seq: u64, index: u32) -> Result<Option<Step>, Fault> {
    state::read(rows, STEPS, &step_key(document, seq, index))
}

/// The steps of a document that a caller may see, oldest first: a holder sees those of its own copy and of the document itself.
pub fn trace(rows: &dyn State, caller: &Caller, document: &Document) -> Result<Vec<Step>, Fault> {
    let issuer = &document.content.issuer;
    let sees_all = !matches!(caller.role, Role::AgencySystem { .. }) || caller.acts_for(issuer);
    Ok(steps(rows, &document.id)?.into_iter().filter(|step| sees_all || step.agency == *issuer || caller.acts_for(&step.agency)).collect())
}

/// Every step of a document, oldest first.
pub(crate) fn steps(rows: &dyn State, document: &document::Id) -> Result<Vec<Step>, Fault> {
    collect(usize::MAX, |visit| state::scan_prefix(rows, STEPS, &document.0, &[], visit), |_, value| state::decode(STEPS, value).map(Some))
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
