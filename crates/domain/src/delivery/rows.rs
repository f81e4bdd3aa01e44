//! What happened to copies is applied to their rows.

use crate::agency;
use crate::delivery::copies::{find, put, put_new};
use crate::delivery::report::displayed;
use crate::delivery::steps::{Of, Told, note};
use crate::delivery::{Delivery, Event, Question, Status, StepKind};
use crate::document;
use crate::event::Place;
use crate::state::{Fault, Overlay};

/// Reports of one copy among which a repetition is looked for.
const REPORTS_KEPT: usize = 16;

/// Applies what happened to a copy.
pub fn apply(place: &mut Place<'_>, event: &Event, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    match event {
        Event::Arrived { document, agency, how } => {
            let mut copy = existing(rows, document, agency)?;
            copy.status = displayed(copy.status, Status::Arrived);
            changed(place, rows, copy, StepKind::Arrived { how: *how }, Told::IssuerOnly)
        }
        Event::Reported { document, agency, report } => {
            let mut copy = existing(rows, document, agency)?;
            let answers = matches!(report.status, Status::TakeBackAgreed | Status::TakeBackDeclined);
            let gives_back = copy.question.as_ref().is_some_and(|question| question.asked == crate::delivery::Asked::Recall);
            // 15 to an amendment is consent to the new version: the copy stays where it was.
            if !answers || gives_back {
                copy.status = displayed(copy.status, report.status);
            }
            if answers {
                copy.question = None;
            }
            if copy.reported_in.len() >= REPORTS_KEPT {
                copy.reported_in.remove(0);
            }
            copy.reported_in.push(place.seq);
            changed(place, rows, copy, StepKind::Reported(report.clone()), Told::Holder)
        }
        Event::Forwarded { document, by, deliveries, note } => {
            let mut copy = existing(rows, document, by)?;
            for onward in &mut copy.onward {
                if deliveries.iter().any(|delivery| delivery.agency == onward.agency) {
                    onward.forwarded_at = Some(place.entry.at);
                }
            }
            let to = deliveries.iter().map(|delivery| delivery.agency.clone()).collect();
            changed(place, rows, copy, StepKind::Forwarded { to, note: note.clone() }, Told::Holder)?;
            for delivery in deliveries {
                // A recipient that has a copy of its own keeps it, unless it refused it or gave it back.
                let held = find(rows, document, &delivery.agency)?;
                if held.is_none_or(|copy| matches!(copy.status, Status::Refused | Status::TakeBackAgreed)) {
                    let copy = put_new(place, rows, delivery)?;
                    let step = StepKind::Sent { role: copy.role, rerouted: copy.rerouted.clone() };
                    self::note(place, Of::delivery(&copy), &copy.agency, step, Told::Holder);
                }
            }
            Ok(())
        }
        Event::Asked { document, agency, asked, reason } => {
            let mut copy = existing(rows, document, agency)?;
            copy.question = Some(Question { asked: *asked, reason: reason.clone(), at: place.entry.at });
            changed(place, rows, copy, StepKind::Asked { asked: *asked, reason: reason.clone() }, Told::Holder)
        }
    }
}

fn existing(rows: &Overlay<'_>, document: &document::Id, agency: &agency::Id) -> Result<Delivery, Fault> {
    find(rows, document, agency)?.ok_or_else(|| Fault(format!("documents/{document}/deliveries/{agency} is not in the tables")))
}

fn changed(place: &mut Place<'_>, rows: &mut Overlay<'_>, mut copy: Delivery, step: StepKind, told: Told) -> Result<(), Fault> {
    copy.changed_seq = place.seq;
    put(rows, &copy)?;
    note(place, Of::delivery(&copy), &copy.agency, step, told);
    Ok(())
}
