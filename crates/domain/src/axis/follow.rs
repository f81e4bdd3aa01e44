//! From the steps of documents to what goes out.

use std::collections::BTreeMap;

use super::rows::{packets, put};
use super::{Connection, Item, Operation, Origin, Reference, Route, What, has_left, origin, route_of, routes};
use crate::agency;
use crate::delivery::{Asked, LANES, Report, Status, StepKind};
use crate::document::{self, Document};
use crate::event::Place;
use crate::state::{Fault, Overlay};
use crate::time::{Date, Timestamp};

/// Statuses go behind documents of the same haste, and before nothing else.
pub(super) const STATUS_LANE: u8 = LANES;

/// Fills the outboxes by the steps that an entry took. It depends on the rows alone, so that tables made anew are the same.
pub(crate) fn follow(place: &Place<'_>, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    let routes = routes(rows)?;
    if routes.is_empty() || place.steps.is_empty() {
        return Ok(());
    }
    let mut follower = Follower { routes, day: place.entry.at.date_in_vietnam(), documents: BTreeMap::new(), outgoing: Vec::new() };
    for noted in &place.steps {
        let step = noted.step();
        follower.step(rows, noted.document(), &step.agency, &step.kind, step.at)?;
    }
    let mut index = 1;
    for outgoing in follower.outgoing {
        for what in outgoing.packets() {
            put(rows, &Item::new(&outgoing.connection, place, index, what, outgoing.lane))?;
            index += 1;
        }
    }
    Ok(())
}

struct Outgoing {
    connection: Connection,
    lane: u8,
    what: What,
}

impl Outgoing {
    /// A document that goes to more receivers than one packet takes goes in several.
    fn packets(&self) -> Vec<What> {
        match &self.what {
            What::Document { document, operation, receivers, reason } => packets(receivers.clone())
                .into_iter()
                .map(|receivers| What::Document { document: *document, operation: *operation, receivers, reason: reason.clone() })
                .collect(),
            status @ What::Status { .. } => vec![status.clone()],
        }
    }
}

/// What is known of a document while its steps are followed.
struct Known {
    document: Document,
    origin: Option<Origin>,
}

struct Follower {
    routes: Vec<Route>,
    day: Date,
    documents: BTreeMap<document::Id, Option<Known>>,
    outgoing: Vec<Outgoing>,
}

impl Follower {
    fn step(&mut self, rows: &Overlay<'_>, id: &document::Id, agency: &agency::Id, kind: &StepKind, at: Timestamp) -> Result<(), Fault> {
        match kind {
            StepKind::Sent { .. } => {
                if let Some(connection) = self.connection_of(rows, agency)? {
                    self.document(rows, id, Operation::New, connection, agency, "")?;
                }
            }
            StepKind::Asked { asked, reason } => {
                if let Some(connection) = self.connection_of(rows, agency)?
                    && has_left(rows, id, agency)?
                {
                    let operation = match asked {
                        Asked::Recall => Operation::Recall,
                        Asked::Amendment => Operation::Update,
                    };
                    self.document(rows, id, operation, connection, agency, reason)?;
                }
            }
            StepKind::Arrived { .. } => {
                let report = Report {
                    status: Status::Arrived,
                    at,
                    note: String::new(),
                    refusal: None,
                    staff: String::new(),
                    register_number: String::new(),
                };
                self.report(rows, id, agency, &report)?;
            }
            StepKind::Reported(report) => self.report(rows, id, agency, report)?,
            StepKind::Submitted | StepKind::Forwarded { .. } | StepKind::Amended { .. } | StepKind::StateChanged(_) => {}
        }
        Ok(())
    }

    fn connection_of(&self, rows: &Overlay<'_>, agency: &agency::Id) -> Result<Option<Connection>, Fault> {
        Ok(agency::find(rows, agency)?.and_then(|agency| route_of(&self.routes, &agency, self.day).cloned()))
    }

    fn known(&mut self, rows: &Overlay<'_>, id: &document::Id) -> Result<Option<&Known>, Fault> {
        if !self.documents.contains_key(id) {
            let known = match document::find(rows, id)? {
                Some(document) => Some(Known { origin: origin(rows, id)?, document }),
                None => None,
            };
            self.documents.insert(*id, known);
        }
        Ok(self.documents.get(id).and_then(Option::as_ref))
    }

    /// Puts a receiver to the packet for this document, or begins one.
    fn document(
        &mut self,
        rows: &Overlay<'_>,
        id: &document::Id,
        operation: Operation,
        connection: Connection,
        agency: &agency::Id,
        reason: &str,
    ) -> Result<(), Fault> {
        let Some(known) = self.known(rows, id)? else { return Ok(()) };
        // What came over a connection does not go back over it.
        if known.origin.as_ref().is_some_and(|origin| origin.connection == connection) {
            return Ok(());
        }
        let lane = LANES - 1 - known.document.content.urgency as u8;
        let same = self.outgoing.iter_mut().rev().find_map(|outgoing| match &mut outgoing.what {
            What::Document { document, operation: other, receivers, .. }
                if *document == *id && *other == operation && outgoing.connection == connection =>
            {
                Some(receivers)
            }
            _ => None,
        });
        match same {
            Some(receivers) => receivers.push(agency.clone()),
            None => {
                let what = What::Document { document: *id, operation, receivers: vec![agency.clone()], reason: reason.to_owned() };
                self.outgoing.push(Outgoing { connection, lane, what });
            }
        }
        Ok(())
    }

    /// What an agency here says of a document that came over an axis goes back to its sender.
    fn report(&mut self, rows: &Overlay<'_>, id: &document::Id, agency: &agency::Id, report: &Report) -> Result<(), Fault> {
        if self.connection_of(rows, agency)?.is_some() {
            return Ok(());
        }
        let Some(Known { document, origin: Some(origin) }) = self.known(rows, id)? else { return Ok(()) };
        // A copy that nobody had taken was withdrawn by the hub: to the sender it was agreed to all the same.
        let content = &document.content;
        let about = Reference {
            organ_id: origin.from.clone(),
            code: format!("{}/{}", content.number, content.notation),
            date: Some(content.date),
            document_id: origin.document_id.clone(),
        };
        let number = if report.register_number.is_empty() { String::new() } else { format!("Số đến {}", report.register_number) };
        let parts = [report.note.as_str(), number.as_str()];
        let note: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let what = What::Status {
            agency: agency.clone(),
            about,
            code: report.status as u8,
            at: report.at,
            note: note.join(". ").chars().take(500).collect(),
            staff: report.staff.clone(),
        };
        let connection = origin.connection.clone();
        self.outgoing.push(Outgoing { connection, lane: STATUS_LANE, what });
        Ok(())
    }
}
