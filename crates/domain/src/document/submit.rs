//! Submitting: is the statement well-formed, may the issuer make it, whom does it reach, and by which way.

use std::collections::BTreeSet;

use crate::agency::{self, Agency, Selector};
use crate::command::{Context, Ruling};
use crate::delivery::{self, Delivery, Onward, Rerouted, Role as CopyRole, Status};
use crate::document::secrecy;
use crate::document::{self, Attachment, AttachmentRole, Content, Document, Id, KINDS, NUMBERS, State, Urgency};
use crate::event;
use crate::invalid::{self, Checker};
use crate::letters::composed;
use crate::payload;
use crate::principal::{self, Role};
use crate::refusal::Refusal;
use crate::route::{self, Mode};
use crate::signature;
use crate::signer;
use crate::state::{self, Fault, State as Rows};

/// Attachments of a document at most.
const MAX_ATTACHMENTS: usize = 50;
/// Selectors of a submission at most; what they expand to has a limit of its own.
const MAX_SELECTORS: usize = 1_000;
/// Sentences of a report that are kept, and characters of each: a row holds 64 KiB.
const MAX_SENTENCES: usize = 12;
const MAX_SENTENCE: usize = 300;
/// Bytes of one encoded report at most.
const MAX_REPORT_BYTES: usize = 48 * 1024;

/// What `document::Command::Submit` carries.
pub(super) struct Submission<'a> {
    pub(super) id: Id,
    pub(super) content: &'a Content,
    pub(super) recipients: &'a [Selector],
    pub(super) replaces: &'a [Id],
    pub(super) replace_reason: &'a str,
    pub(super) reports: &'a [signature::Report],
}

/// Decides a submission.
pub(super) fn decide(rows: &dyn Rows, context: &Context<'_>, asked: &Submission<'_>) -> Result<Ruling, Refusal> {
    let issuer = issuer(rows, context, &asked.content.issuer)?;
    secrecy::refuse(asked.content)?;
    let mut check = Checker::default();
    content(rows, context, asked.content, None, &mut check)?;
    check.require(
        (1..=MAX_SELECTORS).contains(&asked.recipients.len()),
        "recipients",
        format!("must name 1 to {MAX_SELECTORS} recipients"),
    );
    if !asked.replaces.is_empty() {
        check.parse("replace_reason", invalid::text(asked.replace_reason, 1, 500));
    }
    check.distinct("replaces", asked.replaces);
    check.finish()?;
    let replaced = replaced(rows, &asked.content.issuer, asked.replaces)?;
    number_is_free(rows, asked.content)?;
    let content = with_sizes(rows, context, asked.content)?;
    let Judged { reports, warnings, findings } = judged(rows, context, &issuer, &content, asked.reports)?;
    let today = context.at.date_in_vietnam();
    let recipients = agency::expand(rows, &issuer, asked.recipients, today)?;
    let deliveries = route_out(rows, context, &issuer, recipients, asked.id, content.urgency)?;
    let mut events = Vec::new();
    for document in &replaced {
        events
            .push(event::Event::Document(document::Event::StateChanged { document: document.id, state: State::Replaced { by: asked.id } }));
    }
    let document = Document {
        id: asked.id,
        content,
        recipients: asked.recipients.to_vec(),
        state: State::Issued,
        version: 1,
        replaces: asked.replaces.to_vec(),
        replace_reason: if asked.replaces.is_empty() { String::new() } else { asked.replace_reason.to_owned() },
        warnings,
        findings,
        submitted_at: context.at,
        submitted_seq: 0,
        changed_seq: 0,
    };
    fits(&document)?;
    events.insert(0, event::Event::Document(document::Event::Submitted { document, reports, deliveries }));
    Ok(Ruling { resource: format!("documents/{}", asked.id), events })
}

/// The hub itself brings in what comes over an axis.
pub(crate) fn is_hub(context: &Context<'_>) -> bool {
    context.caller.principal == principal::Id::hub()
}

/// The issuing agency, if the caller may issue for it and it is active.
pub(super) fn issuer(rows: &dyn Rows, context: &Context<'_>, id: &agency::Id) -> Result<Agency, Refusal> {
    let may = matches!(context.caller.role, Role::AgencySystem { .. }) && context.caller.acts_for(id);
    let issuer = agency::find(rows, id)?.filter(|_| may).ok_or(Refusal::Denied)?;
    let state = match agency::as_of(&issuer, context.at.date_in_vietnam()) {
        agency::State::Active => return Ok(issuer),
        agency::State::Locked => "locked",
        agency::State::Closed => "closed",
    };
    Err(Refusal::IssuerInactive { agency: id.clone(), state })
}

/// Checks what an issuer states; field paths are those of the public request. What time or an administrator changed since is not
/// held against what stays as it was before.
pub(super) fn content(
    rows: &dyn Rows,
    context: &Context<'_>,
    content: &Content,
    before: Option<&Content>,
    check: &mut Checker,
) -> Result<(), Refusal> {
    let text = |check: &mut Checker, field: &str, value: &str, min, max| {
        check.parse(format!("document.{field}"), invalid::text(value, min, max));
    };
    text(check, "number", &content.number, 1, 11);
    text(check, "notation", &content.notation, 1, 30);
    let joined = |value: &str| value.chars().any(char::is_whitespace);
    check.require(!content.number.contains('/') && !joined(&content.number), "document.number", "is only the number: no '/' and no blanks");
    check.require(!joined(&content.notation), "document.notation", "has no blanks");
    check.require(
        !content.notation.starts_with('/'),
        "document.notation",
        "begins with '/'; leave out the one that joins it to the number",
    );
    text(check, "subject", &content.subject, 1, 500);
    text(check, "signer.competence", &content.signer.competence, 0, 100);
    text(check, "signer.position", &content.signer.position, 1, 100);
    text(check, "signer.full_name", &content.signer.full_name, 1, 50);
    text(check, "place", &content.place, 0, 50);
    let printed: usize = content.printed_recipients.iter().map(|line| line.chars().count()).sum();
    check.require(printed <= 1_000, "document.printed_recipients", format!("have {printed} characters, at most 1,000 are allowed"));
    for (i, line) in content.printed_recipients.iter().enumerate() {
        text(check, &format!("printed_recipients[{i}]"), line, 1, 1_000);
    }
    check.require(content.date <= context.at.date_in_vietnam(), "document.issue_date", "must not be in the future");
    check.require(content.due_date.is_none_or(|due| due >= content.date), "document.due_date", "must not be before the issue date");
    check.require(content.page_count.is_none_or(|pages| (1..=999).contains(&pages)), "document.page_count", "must be 1 to 999");
    match (content.urgency, content.deliver_by) {
        (Urgency::ExpressAtTime, None) => check.fault("document.deliver_by_time", "is required for hỏa tốc hẹn giờ"),
        (Urgency::ExpressAtTime, Some(_)) if before.is_some_and(|before| before.deliver_by == content.deliver_by) => {}
        (Urgency::ExpressAtTime, Some(by)) => check.require(by > context.at, "document.deliver_by_time", "must lie in the future"),
        (_, Some(_)) => check.fault("document.deliver_by_time", "is only for hỏa tốc hẹn giờ"),
        (_, None) => {}
    }
    let is_new_kind = before.is_none_or(|before| before.kind != content.kind);
    // An axis has kinds that the hub has not: they are kept under their own names.
    if is_new_kind && !is_hub(context) && rows.get(KINDS, content.kind.as_str().as_bytes())?.is_none() && !document::kinds(rows)?.is_empty()
    {
        check.fault("document.kind", "is not a kind of document that the hub knows; see ListDocumentKinds");
    }
    if let Some(answered) = &content.in_reply_to {
        let known = match document::find(rows, answered)? {
            Some(document) => document.content.issuer == content.issuer || delivery::find(rows, answered, &content.issuer)?.is_some(),
            None => false,
        };
        check.require(known, "document.in_reply_to", "is not a document that the issuer sent or received");
    }
    attachments(&content.attachments, check);
    Ok(())
}

fn attachments(attachments: &[Attachment], check: &mut Checker) {
    let count = attachments.len();
    check.require((1..=MAX_ATTACHMENTS).contains(&count), "document.attachments", format!("must be 1 to {MAX_ATTACHMENTS} files"));
    let main = attachments.iter().filter(|attachment| attachment.role == AttachmentRole::Main).count();
    check.require(main == 1 || count == 0, "document.attachments", format!("must have exactly one main file, there are {main}"));
    let mut names = BTreeSet::new();
    for (i, attachment) in attachments.iter().enumerate() {
        let field = format!("document.attachments[{i}].file_name");
        let name = attachment.file_name.as_str();
        check.parse(&field, invalid::text(name, 1, 200));
        let plain = !name.contains(['/', '\\', '\n']) && !matches!(name, "." | "..");
        check.require(plain, &field, "is a bare file name, without a path");
        check.require(names.insert(composed(name).to_lowercase()), &field, "is the name of another file of this document");
        let follows = i.checked_sub(1).and_then(|before| attachments.get(before));
        let signs_something = attachment.role != AttachmentRole::DetachedSignature || follows.is_some();
        check.require(signs_something, format!("document.attachments[{i}].role"), "is a detached signature with no file before it");
    }
}

/// The documents that shall be replaced: of this issuer, and in force.
fn replaced(rows: &dyn Rows, issuer: &agency::Id, ids: &[Id]) -> Result<Vec<Document>, Refusal> {
    let mut documents = Vec::new();
    for id in ids {
        let document = document::find(rows, id)?.filter(|document| document.content.issuer == *issuer).ok_or(Refusal::Denied)?;
        in_force(&document)?;
        documents.push(document);
    }
    Ok(documents)
}

/// Refuses what is no longer as it was issued.
pub(crate) fn in_force(document: &Document) -> Result<(), Refusal> {
    let state = match document.state {
        State::Issued | State::RecallDeclined { .. } => return Ok(()),
        State::RecallPending { .. } => "being recalled",
        State::Recalled { .. } => "recalled",
        State::Replaced { .. } => "replaced",
    };
    Err(Refusal::DocumentState { document: document.id, state, advice: "only a document in force can be recalled, amended or replaced" })
}

fn number_is_free(rows: &dyn Rows, content: &Content) -> Result<(), Refusal> {
    match rows.get(NUMBERS, &number_key(content))? {
        Some(earlier) => {
            let earlier = earlier.as_slice().try_into().map(Id).map_err(|_| Fault("a row of numbers is ill-formed".into()))?;
            let (number, notation) = (content.number.clone(), content.notation.clone());
            Err(Refusal::NumberTaken { number, notation, year: content.date.year(), earlier })
        }
        None => Ok(()),
    }
}

/// 05 and 5, UBND-VX and ubnd-vx are the same number, however their letters are composed (NĐ 30/2020, Điều 15: one series a year).
pub(super) fn number_key(content: &Content) -> Vec<u8> {
    series_key(&content.issuer, content.date.year(), &content.number, &content.notation)
}

pub(super) fn series_key(issuer: &agency::Id, year: u16, number: &str, notation: &str) -> Vec<u8> {
    let number = composed(number).trim_start_matches('0').to_uppercase();
    let notation = composed(notation).to_uppercase();
    [issuer.as_str().as_bytes(), &[0], &year.to_be_bytes(), &[0], number.as_bytes(), &[0], notation.as_bytes()].concat()
}

/// The content with the sizes that the hub has; refused if the caller may not use a payload.
pub(super) fn with_sizes(rows: &dyn Rows, context: &Context<'_>, content: &Content) -> Result<Content, Refusal> {
    let mut content = content.clone();
    for attachment in &mut content.attachments {
        let payload = payload::find(rows, &attachment.payload)?;
        let may = payload::may_read(rows, context.caller, &attachment.payload)?;
        let payload = payload.filter(|_| may).ok_or(Refusal::PayloadUnknown(attachment.payload))?;
        attachment.size = payload.size;
    }
    Ok(content)
}

/// The verdicts, bounded, and what the policy says to them.
pub(super) struct Judged {
    pub(super) reports: Vec<signature::Report>,
    pub(super) warnings: Vec<String>,
    pub(super) findings: Vec<signature::Finding>,
}

/// Puts the verdicts on the attachments before the policy.
pub(super) fn judged(
    rows: &dyn Rows,
    context: &Context<'_>,
    issuer: &Agency,
    content: &Content,
    reports: &[signature::Report],
) -> Result<Judged, Refusal> {
    let fits = reports.len() == content.attachments.len()
        && reports.iter().zip(&content.attachments).all(|(report, file)| report.payload == file.payload);
    if !fits {
        return Err(Fault("the verdicts are not those of the attachments".into()).into());
    }
    let originals = reports.iter().map(|report| signature::original(rows, context.caller, report)).collect::<Result<Vec<_>, Fault>>()?;
    let submission = signature::Submission {
        issuer_tier: issuer.tier,
        content,
        at: context.at,
        reports,
        authorised: &signer::authorised(rows, &issuer.id, reports)?,
        originals: &originals,
    };
    let assessment = signature::assess(&signature::policy(rows)?, &submission);
    if let Some((cause, findings)) = assessment.refusal() {
        return Err(Refusal::SignatureRefused { cause, findings });
    }
    let bounded: Vec<_> = reports.iter().map(bounded).collect();
    for report in &bounded {
        let bytes = postcard::to_stdvec(report).map_or(usize::MAX, |bytes| bytes.len());
        if bytes > MAX_REPORT_BYTES {
            return Err(Refusal::TooLarge(format!("the signature report of payload {} has {bytes} bytes", report.payload)));
        }
    }
    let kept = signature::Assessment { findings: signature::bounded(assessment.findings) };
    Ok(Judged { reports: bounded, warnings: kept.warnings(), findings: kept.findings })
}

/// The report with few and short sentences.
pub(crate) fn bounded(report: &signature::Report) -> signature::Report {
    let mut report = report.clone();
    for signature in &mut report.signatures {
        cut(&mut signature.reasons);
    }
    cut(&mut report.faults);
    cut(&mut report.later_changes);
    report
}

fn cut(sentences: &mut Vec<String>) {
    sentences.truncate(MAX_SENTENCES);
    for sentence in sentences {
        if let Some((at, _)) = sentence.char_indices().nth(MAX_SENTENCE) {
            sentence.truncate(at);
        }
    }
}

/// Refuses what would not fit a row.
pub(super) fn fits(document: &Document) -> Result<(), Refusal> {
    let bytes = postcard::to_stdvec(document).map_or(usize::MAX, |bytes| bytes.len());
    // Sequences and states that come later take a few bytes more.
    if bytes + 2_048 > state::MAX_ROW_BYTES {
        return Err(Refusal::TooLarge(format!(
            "the document has {bytes} bytes without its files; name fewer recipients one by one, use groups"
        )));
    }
    Ok(())
}

/// The copies that go out to recipients by the policy.
pub(super) fn route_out(
    rows: &dyn Rows,
    context: &Context<'_>,
    issuer: &Agency,
    recipients: Vec<agency::Recipient>,
    document: Id,
    urgency: Urgency,
) -> Result<Vec<Delivery>, Refusal> {
    let at = context.at;
    let today = at.date_in_vietnam();
    let superior = agency::superior(rows, issuer)?.filter(|superior| agency::as_of(superior, today) == agency::State::Active);
    let copy = |agency: &agency::Id, role, rerouted: Option<Rerouted>| Delivery {
        document,
        agency: agency.clone(),
        sender: issuer.id.clone(),
        forwarded_by: None,
        role,
        onward: vec![],
        rerouted,
        urgency,
        status: Status::Sent,
        question: None,
        reported_in: vec![],
        created_seq: 0,
        created_at: at,
        changed_seq: 0,
    };
    let mut copies: Vec<Delivery> = Vec::new();
    let mut copied = false;
    let mut onward = Vec::new();
    for recipient in recipients {
        let to = &recipient.agency;
        let above = superior.as_ref().filter(|superior| superior.id != to.id);
        // What comes over an axis was routed where it was issued.
        let mode = if is_hub(context) { Mode::Direct } else { route::mode(rows, issuer.tier, to.tier, urgency > Urgency::Ordinary)? };
        match (mode, above) {
            (Mode::Refused, _) => return Err(Refusal::RouteRefused { from: issuer.tier, to: to.tier, recipient: to.id.clone() }),
            (Mode::ViaSuperior, Some(_)) => {
                onward.push(Onward { agency: to.id.clone(), rerouted: recipient.rerouted, forwarded_at: None });
            }
            (Mode::ViaSuperior, None) if superior.is_none() => return Err(Refusal::NoSuperior(issuer.id.clone())),
            (Mode::DirectCopySuperior, above) => {
                copied |= above.is_some();
                copies.push(copy(&to.id, CopyRole::Recipient, recipient.rerouted));
            }
            (Mode::Direct | Mode::ViaSuperior, _) => copies.push(copy(&to.id, CopyRole::Recipient, recipient.rerouted)),
        }
    }
    if let Some(superior) = superior.filter(|_| copied || !onward.is_empty()) {
        let role = if onward.is_empty() { CopyRole::SuperiorCopy } else { CopyRole::Forwarder };
        match copies.iter_mut().find(|copy| copy.agency == superior.id) {
            Some(own) => own.onward = onward,
            None => copies.push(Delivery { onward, ..copy(&superior.id, role, None) }),
        }
    }
    Ok(copies)
}

#[cfg(test)]
mod numbers;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod tests;
