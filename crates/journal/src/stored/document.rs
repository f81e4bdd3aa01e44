//! Documents and their kinds.

use domain::document::{Attachment, AttachmentRole, Content, Document, Event, Kind, Signer, State, Urgency};

use super::{DecodeError, Stored, known, pb, required};

impl Stored for Event {
    type Message = pb::DocumentEvent;

    fn store(&self) -> pb::DocumentEvent {
        use pb::document_event::{Amended, Kind, StateChanged, Submitted};
        let kind = match self {
            Self::Submitted { document, reports, deliveries } => {
                Kind::Submitted(Submitted { document: Some(document.store()), reports: reports.store(), deliveries: deliveries.store() })
            }
            Self::Amended { document, reports, added, reason } => Kind::Amended(Amended {
                document: Some(document.store()),
                reports: reports.store(),
                added: added.store(),
                reason: reason.clone(),
            }),
            Self::StateChanged { document, state } => {
                Kind::StateChanged(StateChanged { document: document.store(), state: Some(state.store()) })
            }
            Self::KindsSet(kinds) => Kind::KindsSet(pb::DocumentKinds { kinds: kinds.store() }),
        };
        pb::DocumentEvent { kind: Some(kind) }
    }

    fn load(message: pb::DocumentEvent) -> Result<Self, DecodeError> {
        use pb::document_event::Kind;
        Ok(match known(message.kind, "document event")? {
            Kind::Submitted(event) => Self::Submitted {
                document: required(event.document, "document event")?,
                reports: Stored::load(event.reports)?,
                deliveries: Stored::load(event.deliveries)?,
            },
            Kind::Amended(event) => Self::Amended {
                document: required(event.document, "document event")?,
                reports: Stored::load(event.reports)?,
                added: Stored::load(event.added)?,
                reason: event.reason,
            },
            Kind::StateChanged(event) => {
                Self::StateChanged { document: Stored::load(event.document)?, state: required(event.state, "document event")? }
            }
            Kind::KindsSet(all) => Self::KindsSet(Stored::load(all.kinds)?),
        })
    }
}

stored_struct!(Document => Document {
    id = id: value,
    content = content: message,
    recipients = recipients: value,
    state = state: message,
    version = version: plain,
    replaces = replaces: value,
    replace_reason = replace_reason: plain,
    warnings = warnings: plain,
    findings = findings: value,
    submitted_at = submitted_at_micros: value,
    submitted_seq = submitted_seq: plain,
    changed_seq = changed_seq: plain,
});

stored_struct!(Content => Content {
    issuer = issuer: value,
    number = number: plain,
    notation = notation: plain,
    kind = kind: value,
    subject = subject: plain,
    signer = signer: message,
    place = place: plain,
    date = date: value,
    urgency = urgency: value,
    deliver_by = deliver_by_micros: value,
    due_date = due_date: value,
    page_count = page_count: value,
    printed_recipients = printed_recipients: plain,
    attachments = attachments: value,
    in_reply_to = in_reply_to: value,
    secrecy = secrecy: plain,
});

stored_struct!(Signer => Signer { competence = competence: plain, position = position: plain, full_name = full_name: plain });

stored_struct!(Attachment => Attachment { payload = payload: value, size = size: plain, file_name = file_name: plain, role = role: value });

stored_enum!(AttachmentRole => AttachmentRole { Main, Appendix, DetachedSignature });

stored_enum!(Urgency => Urgency { Ordinary, Urgent, VeryUrgent, Express, ExpressAtTime });

stored_struct!(Kind => DocumentKind {
    id = id: value,
    name = name: plain,
    abbreviation = abbreviation: plain,
    legal_normative = legal_normative: plain,
    qcvn_type = qcvn_type: value,
    qcvn_detail = qcvn_detail: value,
});

impl Stored for State {
    type Message = pb::DocumentState;

    fn store(&self) -> pb::DocumentState {
        use pb::document_state::{Issued, Kind, RecallDeclined, RecallPending, Recalled, Replaced};
        let kind = match self {
            Self::Issued => Kind::Issued(Issued {}),
            Self::RecallPending { reason } => Kind::RecallPending(RecallPending { reason: reason.clone() }),
            Self::Recalled { reason } => Kind::Recalled(Recalled { reason: reason.clone() }),
            Self::RecallDeclined { reason } => Kind::RecallDeclined(RecallDeclined { reason: reason.clone() }),
            Self::Replaced { by } => Kind::Replaced(Replaced { by: by.store() }),
        };
        pb::DocumentState { kind: Some(kind) }
    }

    fn load(message: pb::DocumentState) -> Result<Self, DecodeError> {
        use pb::document_state::{Issued, Kind};
        Ok(match known(message.kind, "document state")? {
            Kind::Issued(Issued {}) => Self::Issued,
            Kind::RecallPending(state) => Self::RecallPending { reason: state.reason },
            Kind::Recalled(state) => Self::Recalled { reason: state.reason },
            Kind::RecallDeclined(state) => Self::RecallDeclined { reason: state.reason },
            Kind::Replaced(state) => Self::Replaced { by: Stored::load(state.by)? },
        })
    }
}
