//! Recall and amendment: what holders are asked, and what follows from their answers (national-axis §3.5).

use crate::agency::{self, Selector};
use crate::axis;
use crate::command::{Context, Ruling};
use crate::delivery::{self, Asked, Delivery, Report, Status};
use crate::digest::Digest;
use crate::document::{self, Content, Document, Id, State, VERSIONS};
use crate::document::{secrecy, submit};
use crate::event::Event;
use crate::invalid::{self, Checker, Invalid};
use crate::payload;
use crate::principal::Role;
use crate::refusal::Refusal;
use crate::signature;
use crate::state::{self, Fault, State as Rows};
use crate::time::Timestamp;

/// Copies looked at at once.
const AT_ONCE: usize = 64;

/// Decides a recall: every holder is asked; a copy that nobody has taken yet is withdrawn at once.
pub(super) fn decide_recall(rows: &dyn Rows, context: &Context<'_>, id: &Id, reason: &str) -> Result<Ruling, Refusal> {
    let document = own(rows, context, id)?;
    submit::in_force(&document)?;
    invalid::text(reason, 1, 500).map_err(|rule| Invalid::one("reason", rule))?;
    let state = State::RecallPending { reason: reason.to_owned() };
    let mut events = vec![Event::Document(document::Event::StateChanged { document: *id, state })];
    let mut open = 0;
    let mut held = false;
    for copy in holders(rows, id)? {
        let taken = ask(rows, &copy, Asked::Recall, reason, context.at, &mut events)?;
        open += usize::from(taken);
        held |= taken;
    }
    if open == 0 {
        events.extend(ended(rows, &document, reason, held)?);
    }
    Ok(Ruling { resource: format!("documents/{id}"), events })
}

/// Asks one holder; true if it has taken its copy and must answer.
fn ask(rows: &dyn Rows, copy: &Delivery, asked: Asked, reason: &str, at: Timestamp, events: &mut Vec<Event>) -> Result<bool, Fault> {
    let (document, agency) = (copy.document, copy.agency.clone());
    events.push(question(copy, asked, reason));
    if is_taken(rows, copy)? {
        return Ok(true);
    }
    // Nobody has seen this copy: withdrawing or changing it is the answer.
    let report = Report {
        status: Status::TakeBackAgreed,
        at,
        note: String::new(),
        refusal: None,
        staff: String::new(),
        register_number: String::new(),
    };
    events.push(Event::Delivery(delivery::Event::Reported { document, agency, report }));
    Ok(false)
}

fn question(copy: &Delivery, asked: Asked, reason: &str) -> Event {
    let (document, agency) = (copy.document, copy.agency.clone());
    Event::Delivery(delivery::Event::Asked { document, agency, asked, reason: reason.to_owned() })
}

/// Whether somebody may have seen the copy: its holder's system took it, or an axis is carrying it there.
fn is_taken(rows: &dyn Rows, copy: &Delivery) -> Result<bool, Fault> {
    Ok(copy.status != Status::Sent || axis::has_left(rows, &copy.document, &copy.agency)?)
}

/// Those who hold the document: neither refused nor given back.
fn holders(rows: &dyn Rows, id: &Id) -> Result<Vec<Delivery>, Fault> {
    let copies = delivery::of_document(rows, id, None, usize::MAX)?;
    Ok(copies.into_iter().filter(holds).collect())
}

fn holds(copy: &Delivery) -> bool {
    !matches!(copy.status, Status::Refused | Status::TakeBackAgreed)
}

/// What follows from a holder's answer to a recall, given that `answering` says `agrees`.
pub(crate) fn answered(rows: &dyn Rows, document: &Document, answering: &agency::Id, agrees: bool) -> Result<Vec<Event>, Fault> {
    let State::RecallPending { reason } = &document.state else { return Ok(vec![]) };
    let mut held = !agrees;
    let mut after = None;
    loop {
        // Read in parts: while a recall is young, one of the first holders has yet to answer.
        let copies = delivery::of_document(rows, &document.id, after.as_ref(), AT_ONCE)?;
        let Some(last) = copies.last() else { break };
        after = Some(last.agency.clone());
        let mut others = copies.iter().filter(|copy| holds(copy) && copy.agency != *answering).peekable();
        held |= others.peek().is_some();
        if others.any(asked_back) {
            return Ok(vec![]);
        }
    }
    ended(rows, document, reason, held)
}

/// The end of a recall: declined if anybody still holds the document, else everything is erased.
fn ended(rows: &dyn Rows, document: &Document, reason: &str, held: bool) -> Result<Vec<Event>, Fault> {
    let reason = reason.to_owned();
    let state = if held { State::RecallDeclined { reason } } else { State::Recalled { reason } };
    let mut events = vec![Event::Document(document::Event::StateChanged { document: document.id, state })];
    if !held {
        for digest in payloads(rows, document)? {
            if payload::is_last_of(rows, &digest, document)? {
                events.push(Event::Payload(payload::Event::Erased { digest }));
            }
        }
    }
    Ok(events)
}

/// The payloads of a document in all its versions, each once.
pub(super) fn payloads(rows: &dyn Rows, document: &Document) -> Result<Vec<Digest>, Fault> {
    let mut digests: Vec<Digest> = document.content.attachments.iter().map(|file| file.payload).collect();
    for version in earlier(rows, &document.id)? {
        digests.extend(version.content.attachments.iter().map(|file| file.payload));
    }
    digests.sort();
    digests.dedup();
    Ok(digests)
}

/// Earlier versions, oldest first.
pub(super) fn earlier(rows: &dyn Rows, id: &Id) -> Result<Vec<Document>, Fault> {
    delivery::collect(
        usize::MAX,
        |visit| state::scan_prefix(rows, VERSIONS, &id.0, &[], visit),
        |_, value| state::decode(VERSIONS, value).map(Some),
    )
}

/// What `document::Command::Amend` carries.
pub(super) struct Amendment<'a> {
    pub(super) document: &'a Id,
    pub(super) content: Option<&'a Content>,
    pub(super) reports: &'a [signature::Report],
    pub(super) add: &'a [Selector],
    pub(super) remove: &'a [agency::Id],
    pub(super) reason: &'a str,
}

/// Decides an amendment.
pub(super) fn decide_amendment(rows: &dyn Rows, context: &Context<'_>, asked: &Amendment<'_>) -> Result<Ruling, Refusal> {
    let mut document = own(rows, context, asked.document)?;
    submit::in_force(&document)?;
    let issuer = submit::issuer(rows, context, &document.content.issuer)?;
    let mut check = Checker::default();
    check.parse("reason", invalid::text(asked.reason, 1, 500));
    let something = asked.content.is_some() || !asked.add.is_empty() || !asked.remove.is_empty();
    check.require(something, "document", "or recipients must change");
    if let Some(content) = asked.content {
        let same = |new: &str, old: &str| new == old;
        check.require(content.issuer == document.content.issuer, "document.issuer", "cannot change: that would be another document");
        check.require(same(&content.number, &document.content.number), "document.number", "cannot change: that would be another document");
        check.require(
            same(&content.notation, &document.content.notation),
            "document.notation",
            "cannot change: that would be another document",
        );
        check.require(content.date.year() == document.content.date.year(), "document.issue_date", "cannot move to another year");
        secrecy::refuse(content)?;
        submit::content(rows, context, content, Some(&document.content), &mut check)?;
    }
    let copies = holders(rows, asked.document)?;
    check.distinct("remove_recipients", asked.remove);
    for (i, id) in asked.remove.iter().enumerate() {
        check.require(copies.iter().any(|copy| copy.agency == *id), format!("remove_recipients[{i}]"), "does not hold the document");
    }
    check.finish()?;

    let mut reports = document::reports(rows, asked.document)?;
    if let Some(content) = asked.content {
        document.content = submit::with_sizes(rows, context, content)?;
        let judged = submit::judged(rows, context, &issuer, &document.content, asked.reports)?;
        (reports, document.warnings, document.findings) = (judged.reports, judged.warnings, judged.findings);
        document.version += 1;
    }
    let mut added = Vec::new();
    if !asked.add.is_empty() {
        let recipients = agency::expand(rows, &issuer, asked.add, context.at.date_in_vietnam())?;
        let new = recipients.into_iter().filter(|recipient| copies.iter().all(|copy| copy.agency != recipient.agency.id)).collect();
        added = submit::route_out(rows, context, &issuer, new, *asked.document, document.content.urgency)?;
        // A superior that holds a copy already is only told whom else to forward to.
        added.retain(|copy| !copy.onward.is_empty() || copies.iter().all(|held| held.agency != copy.agency));
        document.recipients.extend(asked.add.iter().cloned());
    }
    submit::fits(&document)?;
    let mut events = vec![Event::Document(document::Event::Amended { document, reports, added, reason: asked.reason.to_owned() })];
    for copy in &copies {
        if asked.remove.contains(&copy.agency) {
            ask(rows, copy, Asked::Recall, asked.reason, context.at, &mut events)?;
        } else if asked.content.is_some() && !asked_back(copy) {
            // Whoever sends an update over an axis waits for an answer, and gets the hub's where nobody has seen the copy.
            if is_taken(rows, copy)? {
                events.push(question(copy, Asked::Amendment, asked.reason));
            } else if submit::is_hub(context) {
                ask(rows, copy, Asked::Amendment, asked.reason, context.at, &mut events)?;
            }
        }
    }
    Ok(Ruling { resource: format!("documents/{}", asked.document), events })
}

/// A removed recipient that has yet to answer stays asked for that.
fn asked_back(copy: &Delivery) -> bool {
    copy.question.as_ref().is_some_and(|question| question.asked == Asked::Recall)
}

/// The document, if the caller issued it; the same refusal whether it exists or not.
fn own(rows: &dyn Rows, context: &Context<'_>, id: &Id) -> Result<Document, Refusal> {
    let is_system = matches!(context.caller.role, Role::AgencySystem { .. });
    document::find(rows, id)?.filter(|document| is_system && context.caller.acts_for(&document.content.issuer)).ok_or(Refusal::Denied)
}
