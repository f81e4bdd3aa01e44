//! The rows of documents: what happened is applied, and what is true is read.

use std::ops::ControlFlow;

use crate::agency;
use crate::delivery::{self, BoxPosition, Direction, Of, StepKind, Told};
use crate::digest::Digest;
use crate::document::{DOCUMENTS, Document, Event, Id, KINDS, Kind, NUMBERS, REPORTS, State, VERSIONS};
use crate::document::{recall, submit};
use crate::event::Place;
use crate::payload::{self, Right};
use crate::principal::{Caller, Role};
use crate::signature;
use crate::state::{self, Fault, Overlay, State as Rows};

/// Applies what happened to a document.
pub fn apply(place: &mut Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::Submitted { document, reports, deliveries } => {
            let document = Document { submitted_seq: place.seq, changed_seq: place.seq, submitted_at: place.entry.at, ..document.clone() };
            put(place, rows, &document)?;
            rows.put(NUMBERS, &submit::number_key(&document.content), document.id.0.to_vec());
            put_reports(rows, &document, reports)?;
            signature::statistics::count(rows, document.submitted_at, &document.content, reports)?;
            delivery::note(place, Of::document(&document), &document.content.issuer, StepKind::Submitted, Told::IssuerOnly);
            delivery::put_all_new(place, rows, deliveries)?;
            deliveries.iter().for_each(|copy| note_sent(place, &document, copy));
            Ok(())
        }
        Event::Amended { document, reports, added, reason } => {
            let before = find(rows, &document.id)?.ok_or_else(|| missing(&document.id))?;
            if document.version > before.version {
                rows.put_row(VERSIONS, &[document.id.0.as_slice(), &before.version.to_be_bytes()].concat(), &before)?;
            }
            let document = Document { changed_seq: place.seq, ..document.clone() };
            put(place, rows, &document)?;
            remove_reports(rows, &document.id)?;
            put_reports(rows, &document, reports)?;
            if document.content.urgency != before.content.urgency {
                delivery::put_urgency(rows, &document.id, document.content.urgency)?;
            }
            let step = StepKind::Amended { version: document.version, reason: reason.clone() };
            delivery::note(place, Of::document(&document), &document.content.issuer, step, Told::IssuerOnly);
            send_also(place, rows, &document, added)
        }
        Event::StateChanged { document, state } => {
            let mut document = find(rows, document)?.ok_or_else(|| missing(document))?;
            if let State::Recalled { .. } = state {
                erase(rows, &mut document)?;
            }
            document.state = state.clone();
            document.changed_seq = place.seq;
            put(place, rows, &document)?;
            let step = StepKind::StateChanged(state.clone());
            delivery::note(place, Of::document(&document), &document.content.issuer, step, Told::IssuerOnly);
            // What concerns the copies that stay with their holders is told to them too.
            if matches!(state, State::Replaced { .. } | State::RecallDeclined { .. }) {
                delivery::tell_holders(place, rows)?;
            }
            Ok(())
        }
        Event::KindsSet(kinds) => {
            for kind in self::kinds(rows)? {
                rows.remove(KINDS, kind.id.as_str().as_bytes());
            }
            kinds.iter().try_for_each(|kind| rows.put_row(KINDS, kind.id.as_str().as_bytes(), kind))
        }
    }
}

/// Sends an amended document to more recipients, some of which may hold a copy for another reason.
fn send_also(place: &mut Place<'_>, rows: &mut Overlay<'_>, document: &Document, deliveries: &[delivery::Delivery]) -> Result<(), Fault> {
    for copy in deliveries {
        let copy = match delivery::find(rows, &document.id, &copy.agency)? {
            Some(held) if !matches!(held.status, delivery::Status::Refused | delivery::Status::TakeBackAgreed) => {
                delivery::put_onward(place, rows, held, &copy.onward)?
            }
            Some(_) | None => delivery::put_new(place, rows, copy)?,
        };
        note_sent(place, document, &copy);
    }
    Ok(())
}

fn note_sent(place: &mut Place<'_>, document: &Document, copy: &delivery::Delivery) {
    let step = StepKind::Sent { role: copy.role, rerouted: copy.rerouted.clone() };
    delivery::note(place, Of::document(document), &copy.agency, step, Told::Holder);
}

fn put(place: &Place<'_>, rows: &mut Overlay<'_>, document: &Document) -> Result<(), Fault> {
    for attachment in &document.content.attachments {
        payload::hold(place, rows, &attachment.payload, &document.id)?;
    }
    rows.put_row(DOCUMENTS, &document.id.0, document)
}

fn put_reports(rows: &mut Overlay<'_>, document: &Document, reports: &[signature::Report]) -> Result<(), Fault> {
    for (index, report) in (0_u32..).zip(reports) {
        rows.put_row(REPORTS, &[document.id.0.as_slice(), &index.to_be_bytes()].concat(), report)?;
    }
    signature::note(rows, &document.id, reports);
    signature::verdicts::index(rows, &document.id, reports);
    Ok(())
}

fn remove_reports(rows: &mut Overlay<'_>, id: &Id) -> Result<(), Fault> {
    let reports = reports(rows, id)?;
    signature::forget(rows, id, &reports);
    signature::verdicts::forget(rows, id)?;
    remove_under(rows, REPORTS, id)
}

/// NĐ 30/2020, Appendix VI, III.8: only the record of the recall itself is kept.
fn erase(rows: &mut Overlay<'_>, document: &mut Document) -> Result<(), Fault> {
    let digests: Vec<Digest> = recall::payloads(rows, document)?;
    for digest in digests {
        payload::let_go(rows, &digest, document)?;
    }
    remove_reports(rows, &document.id)?;
    remove_under(rows, VERSIONS, &document.id)?;
    let content = &mut document.content;
    content.subject.clear();
    content.signer.competence.clear();
    content.signer.position.clear();
    content.signer.full_name.clear();
    content.printed_recipients.clear();
    content.attachments.clear();
    document.warnings.clear();
    document.findings.clear();
    document.replace_reason.clear();
    Ok(())
}

fn remove_under(rows: &mut Overlay<'_>, table: state::Table, id: &Id) -> Result<(), Fault> {
    let mut keys = Vec::new();
    state::scan_prefix(rows, table, &id.0, &[], &mut |key, _| {
        keys.push(key.to_vec());
        ControlFlow::Continue(())
    })?;
    keys.iter().for_each(|key| rows.remove(table, key));
    Ok(())
}

fn missing(id: &Id) -> Fault {
    Fault(format!("documents/{id} is not in the tables"))
}

/// The document, if there is one.
pub fn find(rows: &dyn Rows, id: &Id) -> Result<Option<Document>, Fault> {
    state::read(rows, DOCUMENTS, &id.0)
}

/// The document of an issuer's series of a year with this number and notation.
pub fn numbered(rows: &dyn Rows, issuer: &agency::Id, year: u16, number: &str, notation: &str) -> Result<Option<Document>, Fault> {
    match rows.get(NUMBERS, &submit::series_key(issuer, year, number, notation))? {
        Some(id) => {
            let id = id.as_slice().try_into().map(Id).map_err(|_| Fault("a row of numbers is ill-formed".into()))?;
            find(rows, &id)
        }
        None => Ok(None),
    }
}

/// The verdicts on a document's attachments, in their order.
pub fn reports(rows: &dyn Rows, id: &Id) -> Result<Vec<signature::Report>, Fault> {
    delivery::collect(
        usize::MAX,
        |visit| state::scan_prefix(rows, REPORTS, &id.0, &[], visit),
        |_, value| state::decode(REPORTS, value).map(Some),
    )
}

/// Whether a caller may read a document: the issuer's system, a holder's, or an auditor.
pub fn may_read(rows: &dyn Rows, caller: &Caller, document: &Document) -> Result<bool, Fault> {
    Ok(right(rows, caller, document, |_| true)?.is_some())
}

/// Why a caller may read a document's files: as [`may_read`], and not while its copy is asked back.
pub(crate) fn right_to_files(rows: &dyn Rows, caller: &Caller, document: &Document) -> Result<Option<Right>, Fault> {
    let asked_back = |copy: &delivery::Delivery| copy.question.as_ref().is_some_and(|question| question.asked == delivery::Asked::Recall);
    right(rows, caller, document, |copy| !asked_back(copy))
}

fn right(
    rows: &dyn Rows,
    caller: &Caller,
    document: &Document,
    counts: impl Fn(&delivery::Delivery) -> bool,
) -> Result<Option<Right>, Fault> {
    match &caller.role {
        Role::Auditor => Ok(Some(Right::Own)),
        Role::Supervisor { .. } | Role::Admin => Ok(None),
        Role::AgencySystem { agencies } => {
            if agencies.contains(&document.content.issuer) {
                return Ok(Some(Right::Own));
            }
            for agency in agencies {
                let copy = delivery::find(rows, &document.id, agency)?;
                if copy.is_some_and(|copy| copy.status != delivery::Status::TakeBackAgreed && counts(&copy)) {
                    return Ok(Some(Right::Copy(document.id, agency.clone())));
                }
            }
            Ok(None)
        }
    }
}

/// Whether a caller may see the steps of a document: whoever holds or held a copy, and the supervisor of the issuer or a holder.
pub fn may_trace(rows: &dyn Rows, caller: &Caller, document: &Document) -> Result<bool, Fault> {
    let subtrees = match &caller.role {
        Role::Supervisor { subtrees } => subtrees,
        Role::AgencySystem { .. } | Role::Auditor | Role::Admin => return may_read(rows, caller, document),
    };
    let within = |agency: &agency::Id| -> Result<bool, Fault> {
        for root in subtrees {
            if agency::is_within(rows, root, agency)? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    if within(&document.content.issuer)? {
        return Ok(true);
    }
    for copy in delivery::of_document(rows, &document.id, None, usize::MAX)? {
        if within(&copy.agency)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The documents an agency issued, newest first: up to `limit`, and where to go on if there are more.
pub fn outbox(
    rows: &dyn Rows,
    issuer: &agency::Id,
    after: Option<BoxPosition>,
    limit: usize,
) -> Result<(Vec<Document>, Option<BoxPosition>), Fault> {
    let (places, next) = delivery::box_places(rows, issuer, Direction::Outgoing, after, limit)?;
    let mut documents = Vec::new();
    for place in places {
        documents.extend(find(rows, &place.document)?);
    }
    Ok((documents, next))
}

/// The kinds of documents, in the order of their ids.
pub fn kinds(rows: &dyn Rows) -> Result<Vec<Kind>, Fault> {
    delivery::collect(usize::MAX, |visit| rows.scan(KINDS, &[], visit), |_, value| state::decode(KINDS, value).map(Some))
}
