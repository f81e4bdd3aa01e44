//! Verdicts after submission: which documents new trust data touches, and how their verdicts changed.
//!
//! The verdict of the submission stays as it was stored; a later one lies beside it, with the trust object that brought it about.
//! Three indexes keep the work to what is touched: by serial number of the signer's certificate, by evidence used, and by what an
//! undecided verdict waits for.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{Report, SignatureReport, Verdict};
use crate::command::{Context, Ruling};
use crate::delivery;
use crate::digest::Digest;
use crate::document::{self, Document};
use crate::event::{self, Place};
use crate::principal::{self, Caller, Role};
use crate::refusal::Refusal;
use crate::state::{self, Fault, MAX_ROW_BYTES, Overlay, State, Table};
use crate::time::Timestamp;

/// Big-endian sequence and index: a verdict that changed.
pub const VERDICT_CHANGES: Table = Table { name: "changes of verdicts", number: 43 };
/// SHA-256 of a piece of evidence, document id: whose verdict rests on it.
pub const BY_EVIDENCE: Table = Table { name: "documents by evidence", number: 44 };
/// Serial number in hexadecimal, 0, document id: who signed with a certificate of that number.
pub const BY_SERIAL: Table = Table { name: "documents by serial number", number: 45 };
/// What is waited for, the issuer in lower case, 0, document id: whose verdict may be decided by more trust data.
pub const WAITING: Table = Table { name: "undecided documents", number: 49 };
/// Document id, big-endian index: the last verdict on an attachment that new trust data changed.
pub const REJUDGED: Table = Table { name: "changed verdicts", number: 66 };

/// Bytes of an issuer's name or a serial number in a key: longer ones share a key with what begins alike.
const KEY_TEXT: usize = 400;
/// A reason is one sentence of ours.
const MAX_REASON: usize = 300;
/// Rows that one page of changes looks at.
const LOOKED_AT: usize = 1_000;

/// What an undecided verdict waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// Revocation data of an issuer.
    Revocation,
    /// The same, while no time is proved either: data about the time-stamp authority, whose issuer is not known, may decide it.
    ProvedTime,
    /// An anchor or an intermediate certificate.
    Chain,
}

/// What the hub judged again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejudgement {
    /// The document.
    pub document: document::Id,
    /// Its version when it was judged.
    pub version: u32,
    /// A report for each attachment, in order.
    pub reports: Vec<Report>,
    /// The trust object that gave cause.
    pub cause: Digest,
    /// What about it, in a sentence.
    pub reason: String,
}

/// The verdict on one attachment, changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejudged {
    /// The document.
    pub document: document::Id,
    /// Which attachment.
    pub index: u32,
    /// The verdict now.
    pub report: Report,
    /// The trust object that gave cause.
    pub cause: Digest,
    /// What about it, in a sentence.
    pub reason: String,
}

/// The last changed verdict on an attachment, as its row keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// The journal entry.
    pub seq: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The verdict.
    pub report: Report,
    /// The trust object that gave cause.
    pub cause: Digest,
    /// What about it, in a sentence.
    pub reason: String,
}

/// Main and sub-indication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The main indication.
    pub verdict: Verdict,
    /// The sub-indication; empty when passed.
    pub sub_indication: String,
}

/// How the verdict on one signature changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The journal entry.
    pub seq: u64,
    /// Its place among the changes of the entry.
    pub index: u32,
    /// When it was recorded.
    pub at: Timestamp,
    /// The document.
    pub document: document::Id,
    /// The attachment's payload.
    pub payload: Digest,
    /// The form field of the signature.
    pub field: String,
    /// The verdict before; none where the signature could not be told apart before.
    pub before: Option<Mark>,
    /// The verdict now.
    pub now: Mark,
    /// The trust object that gave cause.
    pub cause: Digest,
    /// What about it, in a sentence.
    pub reason: String,
    /// SHA-256 over the trust data of the verdict now.
    pub trust_version: Digest,
}

/// Decides what the hub judged: only changes happen. A document that was amended or recalled meanwhile is left alone.
pub fn decide(rows: &dyn State, context: &Context<'_>, rejudgement: &Rejudgement) -> Result<Ruling, Refusal> {
    if context.caller.principal != principal::Id::hub() {
        return Err(Refusal::Denied);
    }
    let resource = format!("documents/{}", rejudgement.document);
    let same = |document: &Document| {
        let payloads = document.content.attachments.iter().map(|file| file.payload);
        document.version == rejudgement.version && payloads.eq(rejudgement.reports.iter().map(|report| report.payload))
    };
    if !document::find(rows, &rejudgement.document)?.as_ref().is_some_and(same) {
        return Ok(Ruling { resource, events: Vec::new() });
    }
    let mut events = Vec::new();
    let standing = latest(rows, &rejudgement.document)?;
    for ((index, report), standing) in (0_u32..).zip(&rejudgement.reports).zip(&standing) {
        if marks(report).eq(marks(standing)) {
            continue;
        }
        let report = document::bounded(report);
        let reason: String = rejudgement.reason.chars().take(MAX_REASON).collect();
        let rejudged = Rejudged { document: rejudgement.document, index, report, cause: rejudgement.cause, reason };
        let bytes = postcard::to_stdvec(&rejudged.report).map_or(usize::MAX, |bytes| bytes.len());
        if bytes + 2_048 > MAX_ROW_BYTES {
            return Err(Refusal::TooLarge(format!("the signature report of payload {} has {bytes} bytes", rejudged.report.payload)));
        }
        events.push(event::Event::Signature(super::Event::Rejudged(Box::new(rejudged))));
    }
    Ok(Ruling { resource, events })
}

/// Writes a changed verdict beside the stored one, and what changed into the list of changes.
pub fn apply(place: &Place<'_>, rejudged: &Rejudged, rows: &mut Overlay<'_>) -> Result<(), Fault> {
    let before = latest(rows, &rejudged.document)?;
    unindex(rows, &rejudged.document, &before);
    let standing = usize::try_from(rejudged.index).ok().and_then(|index| before.get(index));
    let changes = changes(place, rejudged, standing);
    let taken = number_of_changes(rows, place.seq)?;
    for (index, change) in (taken..).zip(changes) {
        let key = [place.seq.to_be_bytes().as_slice(), &index.to_be_bytes()].concat();
        rows.put_row(VERDICT_CHANGES, &key, &Change { index, ..change })?;
    }
    let later = Later {
        seq: place.seq,
        at: place.entry.at,
        report: rejudged.report.clone(),
        cause: rejudged.cause,
        reason: rejudged.reason.clone(),
    };
    rows.put_row(REJUDGED, &attachment_key(&rejudged.document, rejudged.index), &later)?;
    let now = latest(rows, &rejudged.document)?;
    index(rows, &rejudged.document, &now);
    Ok(())
}

fn changes(place: &Place<'_>, rejudged: &Rejudged, standing: Option<&Report>) -> Vec<Change> {
    let was: Vec<&SignatureReport> = standing.iter().flat_map(|report| &report.signatures).collect();
    let mut changes = Vec::new();
    for (index, signature) in rejudged.report.signatures.iter().enumerate() {
        let before = was.get(index).map(|before| mark(before));
        let now = mark(signature);
        if before.as_ref() == Some(&now) {
            continue;
        }
        changes.push(Change {
            seq: place.seq,
            index: 0,
            at: place.entry.at,
            document: rejudged.document,
            payload: rejudged.report.payload,
            field: signature.field.clone(),
            before,
            now,
            cause: rejudged.cause,
            reason: rejudged.reason.clone(),
            trust_version: rejudged.report.trust_version,
        });
    }
    changes
}

fn number_of_changes(rows: &dyn State, seq: u64) -> Result<u32, Fault> {
    let mut count = 0;
    state::scan_prefix(rows, VERDICT_CHANGES, &seq.to_be_bytes(), &[], &mut |_, _| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

fn mark(signature: &SignatureReport) -> Mark {
    Mark { verdict: signature.verdict, sub_indication: signature.sub_indication.clone() }
}

/// What counts as the same verdict: the indications, signature by signature.
fn marks(report: &Report) -> impl Iterator<Item = (Verdict, &str)> {
    report.signatures.iter().map(|signature| (signature.verdict, signature.sub_indication.as_str()))
}

/// The verdicts on a document's attachments that hold now: the changed ones, otherwise those of the submission.
pub fn latest(rows: &dyn State, document: &document::Id) -> Result<Vec<Report>, Fault> {
    let mut reports = document::reports(rows, document)?;
    for (index, report) in (0_u32..).zip(&mut reports) {
        if let Some(later) = later(rows, document, index)? {
            *report = later.report;
        }
    }
    Ok(reports)
}

/// The changed verdict on an attachment, if there is one.
pub fn later(rows: &dyn State, document: &document::Id, index: u32) -> Result<Option<Later>, Fault> {
    state::read(rows, REJUDGED, &attachment_key(document, index))
}

/// Puts a document into the indexes by its reports.
pub(crate) fn index(rows: &mut Overlay<'_>, document: &document::Id, reports: &[Report]) {
    for (table, key) in keys(document, reports) {
        rows.put(table, &key, Vec::new());
    }
}

fn unindex(rows: &mut Overlay<'_>, document: &document::Id, reports: &[Report]) {
    for (table, key) in keys(document, reports) {
        rows.remove(table, &key);
    }
}

/// Takes a document out of the indexes, and its changed verdicts away.
pub(crate) fn forget(rows: &mut Overlay<'_>, document: &document::Id) -> Result<(), Fault> {
    let reports = latest(rows, document)?;
    unindex(rows, document, &reports);
    for (index, _) in (0_u32..).zip(&reports) {
        rows.remove(REJUDGED, &attachment_key(document, index));
    }
    Ok(())
}

fn keys(document: &document::Id, reports: &[Report]) -> BTreeSet<(Table, Vec<u8>)> {
    let mut keys = BTreeSet::new();
    for signature in reports.iter().flat_map(|report| &report.signatures) {
        for evidence in &signature.evidence {
            keys.insert((BY_EVIDENCE, [evidence.digest.0.as_slice(), &document.0].concat()));
        }
        if !signature.serial.is_empty() {
            keys.insert((BY_SERIAL, [serial_key(&signature.serial), document.0.to_vec()].concat()));
        }
        for (wait, issuer) in waits(signature) {
            keys.insert((WAITING, [waiting_key(wait, issuer), document.0.to_vec()].concat()));
        }
    }
    keys
}

/// What may decide the verdict on a signature.
fn waits(signature: &SignatureReport) -> Vec<(Wait, &str)> {
    if signature.verdict != Verdict::Indeterminate {
        return Vec::new();
    }
    match signature.sub_indication.as_str() {
        "NO_CERTIFICATE_CHAIN_FOUND" | "CERTIFICATE_CHAIN_GENERAL_FAILURE" | "NO_SIGNING_CERTIFICATE_FOUND" => vec![(Wait::Chain, "")],
        // What was not proved to be older may be, by a time stamp whose own path could not be judged.
        "TRY_LATER" | "NO_POE" | "REVOKED_NO_POE" | "REVOKED_CA_NO_POE" | "OUT_OF_BOUNDS_NO_POE" | "CRYPTO_CONSTRAINTS_FAILURE_NO_POE" => {
            let mut waits = vec![(Wait::Revocation, signature.issuer.as_str())];
            if signature.proved_time.is_none() {
                waits.push((Wait::ProvedTime, ""));
            }
            waits
        }
        _ => Vec::new(),
    }
}

fn cut(text: &str) -> Vec<u8> {
    let lower = text.to_lowercase().into_bytes();
    // A zero ends the text; there is none in it then.
    lower.into_iter().filter(|byte| *byte != 0).take(KEY_TEXT).collect()
}

fn serial_key(serial: &str) -> Vec<u8> {
    [cut(serial), vec![0]].concat()
}

fn waiting_key(wait: Wait, issuer: &str) -> Vec<u8> {
    let wait = match wait {
        Wait::Revocation => 1,
        Wait::ProvedTime => 2,
        Wait::Chain => 3,
    };
    [vec![wait], cut(issuer), vec![0]].concat()
}

fn attachment_key(document: &document::Id, index: u32) -> Vec<u8> {
    [document.0.as_slice(), &index.to_be_bytes()].concat()
}

/// The documents that were signed with a certificate of this serial number, in hexadecimal, whoever issued it.
pub fn signed_by_serial(rows: &dyn State, serial: &str) -> Result<BTreeSet<document::Id>, Fault> {
    documents_under(rows, BY_SERIAL, &serial_key(serial))
}

/// The documents whose verdict rests on this piece of evidence.
pub fn resting_on(rows: &dyn State, evidence: &Digest) -> Result<BTreeSet<document::Id>, Fault> {
    documents_under(rows, BY_EVIDENCE, &evidence.0)
}

/// The documents whose verdict waits for this, of an issuer by its name where revocation data is waited for.
pub fn waiting_for(rows: &dyn State, wait: Wait, issuer: &str) -> Result<BTreeSet<document::Id>, Fault> {
    documents_under(rows, WAITING, &waiting_key(wait, issuer))
}

fn documents_under(rows: &dyn State, table: Table, prefix: &[u8]) -> Result<BTreeSet<document::Id>, Fault> {
    let mut documents = BTreeSet::new();
    state::scan_prefix(rows, table, prefix, &[], &mut |key, _| {
        let id = key.get(prefix.len()..).and_then(|id| id.try_into().ok());
        documents.extend(id.map(document::Id));
        ControlFlow::Continue(())
    })?;
    Ok(documents)
}

/// Changes, and where to go on if there may be more.
type Changes = (Vec<Change>, Option<(u64, u32)>);

/// The changes of verdicts that a caller may see after a place (sequence and index), oldest first: up to `limit`, and where to go on
/// if there may be more. Auditors and admins see all, a supervisor those of its subtrees, an agency's system those of documents
/// that it issued or holds. With `only`, those of one document.
pub fn changes_for(
    rows: &dyn State,
    caller: &Caller,
    only: Option<&document::Id>,
    after: Option<(u64, u32)>,
    limit: usize,
) -> Result<Changes, Fault> {
    let from = after.map_or((0, 0), |(seq, index)| (seq, index.saturating_add(1)));
    let from = [from.0.to_be_bytes().as_slice(), &from.1.to_be_bytes()].concat();
    let read = delivery::collect(
        LOOKED_AT + 1,
        |visit| rows.scan(VERDICT_CHANGES, &from, visit),
        |_, value| state::decode::<Change>(VERDICT_CHANGES, value).map(Some),
    )?;
    let more = read.len() > LOOKED_AT;
    let (mut kept, mut last) = (Vec::new(), None);
    for change in read.into_iter().take(LOOKED_AT) {
        if kept.len() == limit {
            return Ok((kept, last));
        }
        last = Some((change.seq, change.index));
        if only.is_none_or(|only| change.document == *only) && may_see(rows, caller, &change.document)? {
            kept.push(change);
        }
    }
    Ok((kept, last.filter(|_| more)))
}

fn may_see(rows: &dyn State, caller: &Caller, id: &document::Id) -> Result<bool, Fault> {
    match &caller.role {
        Role::Auditor | Role::Admin => Ok(true),
        Role::AgencySystem { .. } | Role::Supervisor { .. } => {
            let document = document::find(rows, id)?;
            document.map_or(Ok(false), |document| document::may_trace(rows, caller, &document))
        }
    }
}

#[cfg(test)]
mod tests;
