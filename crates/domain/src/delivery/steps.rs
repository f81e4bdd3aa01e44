//! Steps: the record of a document's life.
//!
//! The steps of one entry that follow each other on one document are one row, a run; a feed's row points at the run. A
//! document that goes to twenty agencies makes one row of steps, not twenty-one.

use crate::agency;
use crate::delivery::feed::{self, lane};
use crate::delivery::{Delivery, Direction, STEPS, Status, Step, StepKind, collect, of_document};
use crate::document::{self, Document, Urgency};
use crate::event::Place;
use crate::principal::{Caller, Role};
use crate::state::{self, Fault, Overlay, State};

/// A run is closed before it grows beyond this: with the largest step on top it still fits a row.
const RUN_BYTES: usize = 16 * 1024;

/// Which document a step is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Of {
    pub(crate) document: document::Id,
    issuer: agency::Id,
    urgency: Urgency,
}

impl Of {
    pub(crate) fn document(document: &Document) -> Self {
        Self { document: document.id, issuer: document.content.issuer.clone(), urgency: document.content.urgency }
    }

    pub(crate) fn delivery(delivery: &Delivery) -> Self {
        Self { document: delivery.document, issuer: delivery.sender.clone(), urgency: delivery.urgency }
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

/// A step of the entry that is being applied, and which holders' watchers are told of it.
#[derive(Debug)]
pub struct Noted {
    of: Of,
    step: Step,
    holders: Vec<agency::Id>,
}

impl Noted {
    pub(crate) fn document(&self) -> &document::Id {
        &self.of.document
    }

    pub(crate) fn step(&self) -> &Step {
        &self.step
    }
}

/// Notes a step of a document. The issuer's watchers are always told; the holder's only if `told`.
pub(crate) fn note(place: &mut Place<'_>, of: Of, agency: &agency::Id, kind: StepKind, told: Told) {
    let (seq, index) = (place.seq, u32::try_from(place.steps.len()).unwrap_or(u32::MAX));
    let step = Step { seq, index, at: place.entry.at, principal: place.entry.principal.clone(), agency: agency.clone(), kind };
    let holders = if told == Told::Holder { vec![agency.clone()] } else { vec![] };
    place.steps.push(Noted { of, step, holders });
}

/// Tells the watchers of every holder of the step that was noted last.
pub(crate) fn tell_holders(place: &mut Place<'_>, rows: &Overlay<'_>) -> Result<(), Fault> {
    let Some(last) = place.steps.last_mut() else { return Ok(()) };
    let copies = of_document(rows, &last.of.document, None, usize::MAX)?;
    let holds = |copy: &Delivery| !matches!(copy.status, Status::Refused | Status::TakeBackAgreed);
    last.holders.extend(copies.into_iter().filter(holds).map(|copy| copy.agency));
    Ok(())
}

/// Writes what was noted while an entry was applied: runs of steps, and the rows of the feeds that point at them.
pub(crate) fn write(steps: &[Noted], rows: &mut Overlay<'_>) -> Result<(), Fault> {
    let mut rest = steps;
    while let Some(first) = rest.first() {
        let mut run = Vec::new();
        let mut count = 0;
        for noted in rest.iter().take_while(|noted| noted.of.document == first.of.document) {
            run = postcard::to_extend(&noted.step, run).map_err(|e| Fault(format!("a step does not encode: {e}")))?;
            count += 1;
            if run.len() > RUN_BYTES {
                break;
            }
        }
        let (written, after) = rest.split_at(count);
        rest = after;
        let Some(last) = written.last() else { break };
        let (Of { document, issuer, .. }, lane, seq) = (&first.of, lane(first.of.urgency), first.step.seq);
        rows.put(STEPS, &run_key(document, seq, last.step.index), run);
        let begins = written.iter().any(|noted| noted.step.kind == StepKind::Submitted);
        let place = feed::Pointer { seq, index: first.step.index, document: *document, last: last.step.index };
        place.put(rows, issuer, Direction::Outgoing, lane, begins);
        for noted in written {
            let place = feed::Pointer { index: noted.step.index, ..place };
            for holder in &noted.holders {
                place.put(rows, holder, Direction::Incoming, lane, matches!(noted.step.kind, StepKind::Sent { .. }));
            }
        }
    }
    Ok(())
}

fn run_key(document: &document::Id, seq: u64, last: u32) -> Vec<u8> {
    [document.0.as_slice(), &seq.to_be_bytes(), &last.to_be_bytes()].concat()
}

/// The run of steps that ends with `last`.
pub(super) fn run(rows: &dyn State, document: &document::Id, seq: u64, last: u32) -> Result<Vec<Step>, Fault> {
    let bytes = rows.get(STEPS, &run_key(document, seq, last))?;
    decode_run(&bytes.ok_or_else(|| Fault(format!("the steps of documents/{document} in entry {seq} are missing")))?)
}

fn decode_run(mut bytes: &[u8]) -> Result<Vec<Step>, Fault> {
    let mut steps = Vec::new();
    while !bytes.is_empty() {
        let (step, rest) = postcard::take_from_bytes(bytes).map_err(|e| Fault(format!("a row of {} does not decode: {e}", STEPS.name)))?;
        steps.push(step);
        bytes = rest;
    }
    Ok(steps)
}

/// The steps of a document that a caller may see, oldest first: a holder sees those of its own copy and of the document itself.
pub fn trace(rows: &dyn State, caller: &Caller, document: &Document) -> Result<Vec<Step>, Fault> {
    let issuer = &document.content.issuer;
    let sees_all = !matches!(caller.role, Role::AgencySystem { .. }) || caller.acts_for(issuer);
    Ok(steps(rows, &document.id)?.into_iter().filter(|step| sees_all || step.agency == *issuer || caller.acts_for(&step.agency)).collect())
}

/// Every step of a document, oldest first.
pub(crate) fn steps(rows: &dyn State, document: &document::Id) -> Result<Vec<Step>, Fault> {
    under(rows, &document.0)
}

/// The steps of a document that one entry took.
pub(crate) fn steps_of_entry(rows: &dyn State, document: &document::Id, seq: u64) -> Result<Vec<Step>, Fault> {
    under(rows, &[document.0.as_slice(), &seq.to_be_bytes()].concat())
}

fn under(rows: &dyn State, prefix: &[u8]) -> Result<Vec<Step>, Fault> {
    let runs = collect(usize::MAX, |visit| state::scan_prefix(rows, STEPS, prefix, &[], visit), |_, value| decode_run(value).map(Some))?;
    Ok(runs.into_iter().flatten().collect())
}
