//! Deliveries.

use domain::delivery::{Asked, Delivery, Event, HandOver, Onward, Question, RefusalReason, Report, Rerouted, Role, Status};

use super::{DecodeError, Stored, known, pb, required};

impl Stored for Event {
    type Message = pb::DeliveryEvent;

    fn store(&self) -> pb::DeliveryEvent {
        use pb::delivery_event::{Arrived, Forwarded, HolderAsked, Kind, Reported};
        let kind = match self {
            Self::Arrived { document, agency, how } => {
                Kind::Arrived(Arrived { document: document.store(), agency: agency.store(), how: how.store() })
            }
            Self::Reported { document, agency, report } => {
                Kind::Reported(Reported { document: document.store(), agency: agency.store(), report: Some(report.store()) })
            }
            Self::Forwarded { document, by, deliveries, note } => Kind::Forwarded(Forwarded {
                document: document.store(),
                by: by.store(),
                deliveries: deliveries.store(),
                note: note.clone(),
            }),
            Self::Asked { document, agency, asked, reason } => Kind::Asked(HolderAsked {
                document: document.store(),
                agency: agency.store(),
                asked: asked.store(),
                reason: reason.clone(),
            }),
        };
        pb::DeliveryEvent { kind: Some(kind) }
    }

    fn load(message: pb::DeliveryEvent) -> Result<Self, DecodeError> {
        use pb::delivery_event::Kind;
        Ok(match known(message.kind, "delivery event")? {
            Kind::Arrived(event) => Self::Arrived {
                document: Stored::load(event.document)?,
                agency: Stored::load(event.agency)?,
                how: Stored::load(event.how)?,
            },
            Kind::Reported(event) => Self::Reported {
                document: Stored::load(event.document)?,
                agency: Stored::load(event.agency)?,
                report: required(event.report, "delivery event")?,
            },
            Kind::Forwarded(event) => Self::Forwarded {
                document: Stored::load(event.document)?,
                by: Stored::load(event.by)?,
                deliveries: Stored::load(event.deliveries)?,
                note: event.note,
            },
            Kind::Asked(event) => Self::Asked {
                document: Stored::load(event.document)?,
                agency: Stored::load(event.agency)?,
                asked: Stored::load(event.asked)?,
                reason: event.reason,
            },
        })
    }
}

stored_enum!(HandOver => HandOver { Watch, Download });

stored_enum!(Asked => Asked { Recall, Amendment });

stored_enum!(Status => DeliveryStatus {
    Sent,
    Arrived,
    Refused,
    Accepted,
    Assigned,
    InProgress,
    Done,
    TakeBackRequested,
    TakeBackAgreed,
    TakeBackDeclined,
});

stored_enum!(RefusalReason => RefusalReason { R1, R2, R3, R4, R5, R6, R7, R8 });

stored_enum!(Role => DeliveryRole { Recipient, SuperiorCopy, Forwarder });

stored_struct!(Onward => Onward { agency = agency: value, rerouted = rerouted: value, forwarded_at = forwarded_at_micros: value });

stored_struct!(Rerouted => Rerouted { from = from: value, code = code: value });

stored_struct!(Question => Question { asked = asked: value, reason = reason: plain, at = at_micros: value });

stored_struct!(Delivery => Delivery {
    document = document: value,
    agency = agency: value,
    sender = sender: value,
    forwarded_by = forwarded_by: value,
    role = role: value,
    onward = onward: value,
    rerouted = rerouted: value,
    urgency = urgency: value,
    status = status: value,
    question = question: value,
    reported_in = reported_in: plain,
    created_seq = created_seq: plain,
    created_at = created_at_micros: value,
    changed_seq = changed_seq: plain,
});

stored_struct!(Report => DeliveryReport {
    status = status: value,
    at = at_micros: value,
    note = note: plain,
    refusal = refusal: value,
    staff = staff: plain,
    register_number = register_number: plain,
});
