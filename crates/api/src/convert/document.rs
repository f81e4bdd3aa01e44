//! Documents: what an issuer states, to whom, and what is told of it.

use domain::agency::{self, Selector};
use domain::document::{Attachment, AttachmentRole, Content, Document, Id, Kind, KindId, Signer, State, Urgency};
use domain::invalid::Invalid;
use domain::signature::Report;
use domain::time::Date;

use crate::convert::agency::{parse_selector, selector_to_wire};
use crate::convert::fields::{Fields, read, same};
use crate::convert::{name, signature, time};
use crate::v1;

/// Selectors of one request at most.
const MAX_SELECTORS: usize = 1_000;
/// Documents that one may replace.
const MAX_REPLACED: usize = 100;
/// Files of a document at most.
const MAX_ATTACHMENTS: usize = 50;
/// Lines of the printed recipients at most; their characters are counted in all.
const MAX_PRINTED_LINES: usize = 500;
/// Characters of the printed recipients in all.
const MAX_PRINTED: usize = 1_000;

same! {
    /// The urgency of a number.
    urgency: Urgency = Urgency { Ordinary, Urgent, VeryUrgent, Express, ExpressAtTime }
}
same! {
    /// The role of a number.
    attachment_role: AttachmentRole = AttachmentRole { Main, Appendix, DetachedSignature }
}

/// A document to issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// What the issuer states; sizes of attachments are 0, which the rules fill in.
    pub content: Content,
    /// Who shall receive it.
    pub recipients: Vec<Selector>,
    /// The documents it replaces.
    pub replaces: Vec<Id>,
}

/// A change to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// Which.
    pub document: Id,
    /// The new statement, if it changes.
    pub content: Option<Content>,
    /// Recipients to add.
    pub add: Vec<Selector>,
    /// Recipients to remove.
    pub remove: Vec<agency::Id>,
}

/// The document to issue.
pub fn submission(request: &v1::SubmitDocumentRequest) -> Result<Submission, Invalid> {
    read(|at| {
        let content = at.present("document", &request.document).and_then(|document| parse_content(&mut at.within("document"), document));
        let recipients = at.items("recipients", &request.recipients, (1, MAX_SELECTORS), parse_selector);
        let replaces = at.names("replaces", &request.replaces, (0, MAX_REPLACED), name::document);
        let replaces_any = !request.replaces.is_empty();
        at.text("replace_reason", &request.replace_reason, usize::from(replaces_any), 500);
        at.require(replaces_any || request.replace_reason.is_empty(), "replace_reason", "is for a document that replaces another");
        Some(Submission { content: content?, recipients, replaces })
    })
}

/// The change to make.
pub fn amendment(request: &v1::AmendDocumentRequest) -> Result<Amendment, Invalid> {
    read(|at| {
        let document = at.required("name", &request.name, name::document);
        let content = request.document.as_ref().and_then(|document| parse_content(&mut at.within("document"), document));
        let add = at.items("add_recipients", &request.add_recipients, (0, MAX_SELECTORS), parse_selector);
        let remove = at.names("remove_recipients", &request.remove_recipients, (0, MAX_SELECTORS), name::agency);
        at.text("reason", &request.reason, 1, 500);
        Some(Amendment { document: document?, content, add, remove })
    })
}

fn parse_content(at: &mut Fields<'_>, message: &v1::Document) -> Option<Content> {
    let issuer = at.required("issuer", &message.issuer, name::agency);
    let number = at.text("number", &message.number, 1, 11);
    let is_plain = !message.number.contains(|c: char| c.is_whitespace() || c == '/');
    at.require(is_plain, "number", "holds blanks or '/'");
    let notation = at.text("notation", &message.notation, 1, 30);
    at.require(!message.notation.starts_with('/'), "notation", "begins with '/'; leave out the one that joins it to the number");
    let kind = at.required("kind", &message.kind, KindId::parse);
    let subject = at.text("subject", &message.subject, 1, 500);
    let signer = at.present("signer", &message.signer).and_then(|signer| parse_signer(&mut at.within("signer"), signer));
    let place = at.text("place", &message.place, 0, 50);
    let date = at.date("issue_date", &message.issue_date);
    let urgency = match message.urgency {
        0 => Some(Urgency::Ordinary),
        number => at.any("urgency", number, urgency),
    };
    let deliver_by = at.optional_time("deliver_by_time", &message.deliver_by_time);
    if let Some(urgency) = urgency {
        let wants_hour = urgency == Urgency::ExpressAtTime;
        let has_hour = message.deliver_by_time.is_some();
        at.require(has_hour || !wants_hour, "deliver_by_time", "is required with URGENCY_EXPRESS_AT_TIME");
        at.require(wants_hour || !has_hour, "deliver_by_time", "is for URGENCY_EXPRESS_AT_TIME only");
    }
    let due_date = at.optional_date("due_date", &message.due_date);
    let page_count = u16::try_from(message.page_count).ok().filter(|pages| *pages <= 999);
    at.require(page_count.is_some(), "page_count", "is not 1 to 999, or 0 for not stated");
    let printed =
        at.items("printed_recipients", &message.printed_recipients, (0, MAX_PRINTED_LINES), |at, line| at.text("", line, 0, MAX_PRINTED));
    let characters = printed.iter().map(|line| line.chars().count()).sum::<usize>();
    let rule = format_args!("has {characters} characters in all, at most {MAX_PRINTED} are allowed");
    at.require(characters <= MAX_PRINTED, "printed_recipients", rule);
    let attachments = at.items("attachments", &message.attachments, (1, MAX_ATTACHMENTS), parse_attachment);
    let mains = message.attachments.iter().filter(|file| file.role() == v1::AttachmentRole::Main).count();
    at.require(message.attachments.is_empty() || mains == 1, "attachments", format_args!("has {mains} main files, must have exactly one"));
    let in_reply_to = at.optional("in_reply_to", &message.in_reply_to, name::document);
    let secrecy = at.text("secrecy", &message.secrecy, 0, 100);
    Some(Content {
        issuer: issuer?,
        number: number?,
        notation: notation?,
        kind: kind?,
        subject: subject?,
        signer: signer?,
        place: place?,
        date: date?,
        urgency: urgency?,
        deliver_by,
        due_date,
        page_count: page_count.filter(|pages| *pages > 0),
        printed_recipients: printed,
        attachments,
        in_reply_to,
        secrecy: secrecy?,
    })
}

fn parse_signer(at: &mut Fields<'_>, message: &v1::Signer) -> Option<Signer> {
    let competence = at.text("competence", &message.competence, 0, 100);
    let position = at.text("position", &message.position, 1, 100);
    let full_name = at.text("full_name", &message.full_name, 1, 50);
    Some(Signer { competence: competence?, position: position?, full_name: full_name? })
}

fn parse_attachment(at: &mut Fields<'_>, message: &v1::Attachment) -> Option<Attachment> {
    let payload = at.required("payload", &message.payload, name::payload);
    let file_name = at.text("file_name", &message.file_name, 1, 200);
    let is_bare = !message.file_name.contains(['/', '\\']) && !matches!(message.file_name.as_str(), "." | "..");
    at.require(is_bare, "file_name", "is not the bare name of a file");
    let role = at.stated("role", message.role, attachment_role);
    Some(Attachment { payload: payload?, size: 0, file_name: file_name?, role: role? })
}

/// The filters of a list of an issuer's documents; what is `None` or empty does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only this state.
    pub state: Option<v1::DocumentState>,
    /// Only this kind.
    pub kind: Option<KindId>,
    /// Only issued on this day or later.
    pub from: Option<Date>,
    /// Only issued on this day or earlier.
    pub until: Option<Date>,
    /// Only this number.
    pub number: String,
    /// Only this notation.
    pub notation: String,
}

impl Filter {
    /// Whether a document is among those asked for.
    pub fn keeps(&self, document: &Document) -> bool {
        let content = &document.content;
        self.state.is_none_or(|state| state == state_parts(&document.state).0)
            && self.kind.as_ref().is_none_or(|kind| *kind == content.kind)
            && self.from.is_none_or(|from| from <= content.date)
            && self.until.is_none_or(|until| content.date <= until)
            && (self.number.is_empty() || self.number == content.number)
            && (self.notation.is_empty() || self.notation == content.notation)
    }
}

/// Whose documents are listed, and which of them.
pub fn list(request: &v1::ListDocumentsRequest) -> Result<(agency::Id, Filter), Invalid> {
    read(|at| {
        let issuer = at.required("issuer", &request.issuer, name::agency);
        let filter = Filter {
            state: at.any("state", request.state, |number| v1::DocumentState::try_from(number).ok()),
            kind: at.optional("kind", &request.kind, KindId::parse),
            from: at.optional_date("issued_from_date", &request.issued_from_date),
            until: at.optional_date("issued_until_date", &request.issued_until_date),
            number: at.text("number", &request.number, 0, 11).unwrap_or_default(),
            notation: at.text("notation", &request.notation, 0, 30).unwrap_or_default(),
        };
        Some((issuer?, filter))
    })
}

/// The message of a document with the verdicts on its files.
pub fn to_wire(document: &Document, reports: &[Report]) -> v1::Document {
    let (state, state_reason, replaced_by) = state_parts(&document.state);
    v1::Document {
        name: name::of_document(&document.id),
        recipients: document.recipients.iter().map(selector_to_wire).collect(),
        state: state.into(),
        state_reason,
        replaced_by,
        replaces: document.replaces.iter().map(name::of_document).collect(),
        replace_reason: document.replace_reason.clone(),
        version: document.version,
        warnings: document.warnings.clone(),
        signature_reports: reports.iter().map(signature::to_wire).collect(),
        signature_findings: document.findings.iter().map(signature::finding_to_wire).collect(),
        submit_time: Some(time::timestamp(document.submitted_at)),
        submit_seq: document.submitted_seq,
        etag: document.changed_seq.to_string(),
        ..content_to_wire(&document.content)
    }
}

/// The message of what an issuer states, as it would be submitted.
pub fn content_to_wire(content: &Content) -> v1::Document {
    v1::Document {
        issuer: name::of_agency(&content.issuer),
        number: content.number.clone(),
        notation: content.notation.clone(),
        kind: content.kind.as_str().to_owned(),
        subject: content.subject.clone(),
        signer: Some(v1::Signer {
            competence: content.signer.competence.clone(),
            position: content.signer.position.clone(),
            full_name: content.signer.full_name.clone(),
        }),
        place: content.place.clone(),
        issue_date: content.date.to_string(),
        urgency: v1::Urgency::from(content.urgency).into(),
        deliver_by_time: content.deliver_by.map(time::timestamp),
        due_date: time::date(content.due_date),
        page_count: content.page_count.map_or(0, u32::from),
        printed_recipients: content.printed_recipients.clone(),
        attachments: content.attachments.iter().map(attachment_to_wire).collect(),
        in_reply_to: content.in_reply_to.as_ref().map(name::of_document).unwrap_or_default(),
        secrecy: content.secrecy.clone(),
        ..Default::default()
    }
}

fn attachment_to_wire(attachment: &Attachment) -> v1::Attachment {
    v1::Attachment {
        payload: name::of_payload(&attachment.payload),
        file_name: attachment.file_name.clone(),
        role: v1::AttachmentRole::from(attachment.role).into(),
        size_bytes: attachment.size,
    }
}

/// The state, the reason of a recall, and the document that took the place.
pub(super) fn state_parts(state: &State) -> (v1::DocumentState, String, String) {
    match state {
        State::Issued => (v1::DocumentState::Issued, String::new(), String::new()),
        State::RecallPending { reason } => (v1::DocumentState::RecallPending, reason.clone(), String::new()),
        State::Recalled { reason } => (v1::DocumentState::Recalled, reason.clone(), String::new()),
        State::RecallDeclined { reason } => (v1::DocumentState::RecallDeclined, reason.clone(), String::new()),
        State::Replaced { by } => (v1::DocumentState::Replaced, String::new(), name::of_document(by)),
    }
}

/// The message of a kind of document.
pub fn kind_to_wire(kind: &Kind) -> v1::DocumentKind {
    v1::DocumentKind {
        id: kind.id.as_str().to_owned(),
        display_name: kind.name.clone(),
        abbreviation: kind.abbreviation.clone(),
        legal_normative: kind.legal_normative,
        qcvn_type: kind.qcvn_type.into(),
        qcvn_detail: kind.qcvn_detail.map_or(0, u32::from),
    }
}

#[cfg(test)]
mod tests;
