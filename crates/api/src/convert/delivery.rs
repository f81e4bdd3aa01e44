//! Deliveries, reports about them, and the steps of a document's life.

use domain::agency;
use domain::delivery::{Asked, Delivery, HandOver, Onward, Question, RefusalReason, Report, Rerouted, Role, Status, Step, StepKind};
use domain::document::Urgency;
use domain::invalid::{Checker, Invalid};
use domain::time::Timestamp;

use crate::convert::document::{state_parts, urgency};
use crate::convert::fields::{Fields, read, same};
use crate::convert::{name, time};
use crate::v1;

same! {
    /// The status of a number.
    status: DeliveryStatus = Status {
        Sent, Arrived, Refused, Accepted, Assigned, InProgress, Done, TakeBackRequested, TakeBackAgreed, TakeBackDeclined,
    }
}
same! {
    /// The reason of a number.
    refusal_reason: RefusalReason = RefusalReason { R1, R2, R3, R4, R5, R6, R7, R8 }
}
same! {
    /// The role of a number.
    role: DeliveryRole = Role { Recipient, SuperiorCopy, Forwarder }
}
same! {
    Asked = Asked { Recall, Amendment }
}
same! {
    HandOver = HandOver { Watch, Download }
}

/// The filters of a list of an agency's inbox; what is `None` or false does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only this status.
    pub status: Option<Status>,
    /// Only this role.
    pub role: Option<Role>,
    /// Only from this issuer.
    pub sender: Option<agency::Id>,
    /// Only of this urgency.
    pub urgency: Option<Urgency>,
    /// Only those whose holder is asked for something and has not answered.
    pub awaiting_answer: bool,
}

impl Filter {
    /// Whether a delivery is among those asked for.
    pub fn keeps(&self, delivery: &Delivery) -> bool {
        self.status.is_none_or(|status| status == delivery.status)
            && self.role.is_none_or(|role| role == delivery.role)
            && self.sender.as_ref().is_none_or(|sender| *sender == delivery.sender)
            && self.urgency.is_none_or(|urgency| urgency == delivery.urgency)
            && (!self.awaiting_answer || delivery.question.is_some())
    }
}

/// Whose inbox is listed, and what of it.
pub fn list(request: &v1::ListDeliveriesRequest) -> Result<(agency::Id, Filter), Invalid> {
    read(|at| {
        let agency = at.required("agency", &request.agency, name::agency);
        let filter = Filter {
            status: at.any("status", request.status, status),
            role: at.any("role", request.role, role),
            sender: at.optional("sender", &request.sender, name::agency),
            urgency: at.any("urgency", request.urgency, urgency),
            awaiting_answer: request.awaiting_answer,
        };
        Some((agency?, filter))
    })
}

/// What a holder reports, in the field `report`; one without a time is of `now`.
pub fn report(message: Option<&v1::DeliveryReport>, now: Timestamp, check: &mut Checker) -> Option<Report> {
    let at = &mut Fields::of(check);
    let Some(message) = message else {
        at.fault("report", "is required");
        return None;
    };
    let at = &mut at.within("report");
    let status = at.stated("status", message.status, status);
    let reportable = !matches!(status, Some(Status::Sent | Status::TakeBackRequested));
    at.require(reportable, "status", "is the hub's own; report 01 to 06, 15 or 16");
    let reported_at = at.optional_time("report_time", &message.report_time);
    let refuses = status == Some(Status::Refused);
    let wants_note = refuses || status == Some(Status::TakeBackDeclined);
    let note = at.text("note", &message.note, usize::from(wants_note), 500);
    let refusal = at.any("refusal_reason", message.refusal_reason, refusal_reason);
    if status.is_some() {
        at.require(!refuses || message.refusal_reason != 0, "refusal_reason", "is required for a refusal");
        at.require(refuses || message.refusal_reason == 0, "refusal_reason", "is for refusals only");
    }
    let staff = at.text("staff", &message.staff, 0, 100);
    let register_number = at.text("register_number", &message.register_number, 0, 20);
    Some(Report { status: status?, at: reported_at.unwrap_or(now), note: note?, refusal, staff: staff?, register_number: register_number? })
}

/// The message of a report.
pub fn report_to_wire(report: &Report) -> v1::DeliveryReport {
    v1::DeliveryReport {
        status: v1::DeliveryStatus::from(report.status).into(),
        report_time: Some(time::timestamp(report.at)),
        note: report.note.clone(),
        refusal_reason: report.refusal.map_or(v1::RefusalReason::Unspecified, Into::into).into(),
        staff: report.staff.clone(),
        register_number: report.register_number.clone(),
    }
}

/// The message of a delivery.
pub fn to_wire(delivery: &Delivery) -> v1::Delivery {
    v1::Delivery {
        name: name::of_delivery(&delivery.document, &delivery.agency),
        document: name::of_document(&delivery.document),
        agency: name::of_agency(&delivery.agency),
        sender: name::of_agency(&delivery.sender),
        forwarded_by: delivery.forwarded_by.as_ref().map(name::of_agency).unwrap_or_default(),
        role: v1::DeliveryRole::from(delivery.role).into(),
        onward: delivery.onward.iter().map(onward_to_wire).collect(),
        rerouted: delivery.rerouted.as_ref().map(rerouted_to_wire),
        urgency: v1::Urgency::from(delivery.urgency).into(),
        status: v1::DeliveryStatus::from(delivery.status).into(),
        question: delivery.question.as_ref().map(question_to_wire),
        create_time: Some(time::timestamp(delivery.created_at)),
        create_seq: delivery.created_seq,
        etag: delivery.changed_seq.to_string(),
    }
}

fn onward_to_wire(onward: &Onward) -> v1::Onward {
    v1::Onward {
        agency: name::of_agency(&onward.agency),
        rerouted: onward.rerouted.as_ref().map(rerouted_to_wire),
        forward_time: onward.forwarded_at.map(time::timestamp),
    }
}

fn rerouted_to_wire(rerouted: &Rerouted) -> v1::Rerouted {
    v1::Rerouted { from_agency: name::of_agency(&rerouted.from), code: rerouted.code.as_ref().map(ToString::to_string).unwrap_or_default() }
}

fn question_to_wire(question: &Question) -> v1::Question {
    v1::Question {
        asked: v1::Asked::from(question.asked).into(),
        reason: question.reason.clone(),
        ask_time: Some(time::timestamp(question.at)),
    }
}

/// The message of a step.
pub fn step_to_wire(step: &Step) -> v1::Step {
    v1::Step {
        seq: step.seq,
        index: step.index,
        step_time: Some(time::timestamp(step.at)),
        principal: name::of_principal(&step.principal),
        agency: name::of_agency(&step.agency),
        kind: Some(step_kind_to_wire(&step.kind)),
    }
}

fn step_kind_to_wire(kind: &StepKind) -> v1::step::Kind {
    use v1::step::Kind;
    match kind {
        StepKind::Submitted => Kind::Submitted(v1::StepSubmitted {}),
        StepKind::Sent { role, rerouted } => {
            Kind::Sent(v1::StepSent { role: v1::DeliveryRole::from(*role).into(), rerouted: rerouted.as_ref().map(rerouted_to_wire) })
        }
        StepKind::Arrived { how } => Kind::Arrived(v1::StepArrived { how: v1::HandOver::from(*how).into() }),
        StepKind::Reported(report) => Kind::Reported(report_to_wire(report)),
        StepKind::Forwarded { to, note } => {
            Kind::Forwarded(v1::StepForwarded { to: to.iter().map(name::of_agency).collect(), note: note.clone() })
        }
        StepKind::Asked { asked, reason } => Kind::Asked(v1::StepAsked { asked: v1::Asked::from(*asked).into(), reason: reason.clone() }),
        StepKind::Amended { version, reason } => Kind::Amended(v1::StepAmended { version: *version, reason: reason.clone() }),
        StepKind::StateChanged(state) => {
            let (state, reason, replaced_by) = state_parts(state);
            Kind::StateChanged(v1::StepStateChanged { state: state.into(), reason, replaced_by })
        }
    }
}

#[cfg(test)]
mod tests;
