//! What happened: an entry is the outcome of one command, and its events change the rows.

use crate::digest::Digest;
use crate::state::{Fault, Overlay, Table};
use crate::time::Timestamp;
use crate::{agency, axis, delivery, document, payload, principal, route, signature, signer, trust};

use serde::{Deserialize, Serialize};

/// Principal id, 0, request id: what became of the request.
pub const REQUESTS: Table = Table { name: "requests", number: 80 };

/// The caller's own name for a request, and what the request was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The caller's id, 1 to 64 characters.
    pub id: String,
    /// SHA-256 over the method's name and the request without its id: tells a repetition from a reuse.
    pub digest: Digest,
}

/// What became of a request, kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What the request was.
    pub digest: Digest,
    /// The journal entry.
    pub seq: u64,
    /// The resource it made or changed, for example `documents/…`.
    pub resource: String,
}

/// One journal entry: all that followed from one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was decided.
    pub at: Timestamp,
    /// Who asked.
    pub principal: principal::Id,
    /// By which request, where the caller named it.
    pub request: Option<Request>,
    /// The resource it made or changed.
    pub resource: String,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// What happened to one noun.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant carries its noun's event")]
#[expect(clippy::large_enum_variant, reason = "most events are of documents, which are the large ones")]
pub enum Event {
    Principal(principal::Event),
    Agency(agency::Event),
    Route(route::Event),
    Trust(trust::Event),
    Signature(signature::Event),
    Signer(signer::Event),
    Payload(payload::Event),
    Document(document::Event),
    Delivery(delivery::Event),
    Axis(axis::Event),
}

/// Where an event stands: its entry, and the steps that the events before it took.
pub struct Place<'a> {
    /// The entry's sequence.
    pub seq: u64,
    /// The entry.
    pub entry: &'a Entry,
    /// The steps of documents so far.
    pub steps: Vec<delivery::Noted>,
}

/// Applies an entry to the rows. The same entries in the same order give the same rows on every machine.
pub fn apply(seq: u64, entry: &Entry, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    let mut place = Place { seq, entry, steps: Vec::new() };
    for event in &entry.events {
        match event {
            Event::Principal(event) => principal::apply(&place, event, rows)?,
            Event::Agency(event) => agency::apply(&place, event, rows)?,
            Event::Route(event) => route::apply(event, rows)?,
            Event::Trust(event) => trust::apply(&place, event, rows)?,
            Event::Signature(event) => signature::apply(&place, event, rows)?,
            Event::Signer(event) => signer::apply(event, rows)?,
            Event::Payload(event) => payload::apply(&place, event, rows)?,
            Event::Document(event) => document::apply(&mut place, event, rows)?,
            Event::Delivery(event) => delivery::apply(&mut place, event, rows)?,
            Event::Axis(event) => axis::apply(&place, event, rows)?,
        }
    }
    axis::follow(&place, rows)?;
    delivery::write_steps(&place.steps, rows)?;
    if let Some(request) = &entry.request {
        let outcome = Outcome { digest: request.digest, seq, resource: entry.resource.clone() };
        rows.put_row(REQUESTS, &request_key(&entry.principal, &request.id), &outcome)?;
    }
    Ok(())
}

/// The key of a request's outcome.
pub fn request_key(principal: &principal::Id, request_id: &str) -> Vec<u8> {
    [principal.as_str().as_bytes(), &[0], request_id.as_bytes()].concat()
}
