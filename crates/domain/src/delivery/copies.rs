//! Copies: one row each, or one row for many of them as they were sent.
//!
//! A submission to many writes its copies together; a copy has a row of its own from its first change on, and that row counts.

use std::collections::BTreeMap;

use crate::agency;
use crate::delivery::{DELIVERIES, Delivery, Onward, SENT, collect};
use crate::document::{self, Urgency};
use crate::event::Place;
use crate::state::{self, Fault, Overlay, State};

/// Copies in one row, at most: reading one of them decodes them all.
const TOGETHER: usize = 64;

/// The key of a delivery.
fn delivery_key(document: &document::Id, agency: &agency::Id) -> Vec<u8> {
    [document.0.as_slice(), agency.as_str().as_bytes()].concat()
}

/// Writes the copies of a document that is new. Copies to be forwarded, and a single one, have their own row at once.
pub(crate) fn put_all_new(place: &Place<'_>, rows: &mut Overlay<'_>, deliveries: &[Delivery]) -> Result<(), Fault> {
    let (mut together, mut alone): (Vec<_>, Vec<_>) =
        deliveries.iter().map(|delivery| begun(place, delivery)).partition(|copy| copy.onward.is_empty());
    if together.len() == 1 {
        alone.append(&mut together);
    }
    together.sort_by(|one, other| one.agency.cmp(&other.agency));
    for copies in together.chunks(TOGETHER) {
        if let Some(last) = copies.last() {
            rows.put_row(SENT, &delivery_key(&last.document, &last.agency), &copies)?;
        }
    }
    alone.iter().try_for_each(|copy| put(rows, copy))
}

/// Writes a delivery that is new.
pub(crate) fn put_new(place: &Place<'_>, rows: &mut Overlay<'_>, delivery: &Delivery) -> Result<Delivery, Fault> {
    let delivery = begun(place, delivery);
    put(rows, &delivery)?;
    Ok(delivery)
}

fn begun(place: &Place<'_>, delivery: &Delivery) -> Delivery {
    Delivery { created_seq: place.seq, created_at: place.entry.at, changed_seq: place.seq, ..delivery.clone() }
}

/// Adds to whom a superior that holds a copy shall forward it; whom it forwarded to before, it shall forward to again.
pub(crate) fn put_onward(place: &Place<'_>, rows: &mut Overlay<'_>, mut held: Delivery, onward: &[Onward]) -> Result<Delivery, Fault> {
    held.onward.retain(|known| onward.iter().all(|new| new.agency != known.agency));
    held.onward.extend(onward.iter().cloned());
    held.changed_seq = place.seq;
    put(rows, &held)?;
    Ok(held)
}

/// Gives the copies of a document another haste.
pub(crate) fn put_urgency(rows: &mut Overlay<'_>, document: &document::Id, urgency: Urgency) -> Result<(), Fault> {
    for copy in of_document(rows, document, None, usize::MAX)? {
        put(rows, &Delivery { urgency, ..copy })?;
    }
    Ok(())
}

/// Writes a delivery.
pub(super) fn put(rows: &mut Overlay<'_>, delivery: &Delivery) -> Result<(), Fault> {
    rows.put_row(DELIVERIES, &delivery_key(&delivery.document, &delivery.agency), delivery)
}

/// One recipient's copy of a document.
pub fn find(rows: &dyn State, document: &document::Id, agency: &agency::Id) -> Result<Option<Delivery>, Fault> {
    if let Some(own) = state::read(rows, DELIVERIES, &delivery_key(document, agency))? {
        return Ok(Some(own));
    }
    // The first row that ends with this agency or a later one is the one that would hold it.
    let read = |visit: &mut state::Visit<'_>| state::scan_prefix(rows, SENT, &document.0, agency.as_str().as_bytes(), visit);
    let copies = collect(1, read, |_, value| state::decode::<Vec<Delivery>>(SENT, value).map(Some))?;
    Ok(copies.into_iter().flatten().find(|copy| copy.agency == *agency))
}

/// The copies of a document, in the order of their holders' ids, after `after`.
pub fn of_document(rows: &dyn State, document: &document::Id, after: Option<&agency::Id>, limit: usize) -> Result<Vec<Delivery>, Fault> {
    let from = after.map(|after| [after.as_str().as_bytes(), &[0]].concat()).unwrap_or_default();
    let own = collect(
        limit,
        |visit| state::scan_prefix(rows, DELIVERIES, &document.0, &from, visit),
        |_, value| state::decode::<Delivery>(DELIVERIES, value).map(Some),
    )?;
    // One row more than are full: the first may begin before `after`.
    let sent = collect(
        (limit / TOGETHER).saturating_add(2),
        |visit| state::scan_prefix(rows, SENT, &document.0, &from, visit),
        |_, value| state::decode::<Vec<Delivery>>(SENT, value).map(Some),
    )?;
    let sent = sent.into_iter().flatten().filter(|copy| after.is_none_or(|after| copy.agency > *after));
    // Rows of their own come last and so replace what was sent.
    let copies: BTreeMap<agency::Id, Delivery> = sent.chain(own).map(|copy| (copy.agency.clone(), copy)).collect();
    Ok(copies.into_values().take(limit).collect())
}
