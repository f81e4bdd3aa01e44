//! Requests about verdicts, and their answers.

use domain::digest::Digest;
use domain::document::{self, Attachment, Document};
use domain::invalid::Invalid;
use domain::signature::Report;
use domain::signature::verdicts::{Change, Later};
use domain::time::Timestamp;

use crate::convert::fields::{Fields, read};
use crate::convert::{name, signature, time};
use crate::v1;

/// A payload to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Which.
    pub payload: Digest,
    /// What a detached signature is over.
    pub content: Option<Digest>,
    /// As of when; `None` is now.
    pub as_of: Option<Timestamp>,
}

/// A document to judge again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejudgement {
    /// Which.
    pub document: document::Id,
    /// As of when; `None` is now.
    pub as_of: Option<Timestamp>,
    /// With the trust data of the stored verdict.
    pub replay: bool,
}

/// The payload to judge; nothing is judged as of a moment after `now`.
pub fn verification(request: &v1::VerifyPayloadRequest, now: Timestamp) -> Result<Verification, Invalid> {
    read(|at| {
        let payload = at.required("name", &request.name, name::payload);
        let content = at.optional("content", &request.content, name::payload);
        let as_of = as_of(at, &request.as_of_time, now);
        Some(Verification { payload: payload?, content, as_of })
    })
}

/// The document to judge again; nothing is judged as of a moment after `now`.
pub fn rejudgement(request: &v1::ReJudgeDocumentRequest, now: Timestamp) -> Result<Rejudgement, Invalid> {
    read(|at| {
        let document = at.required("name", &request.name, name::document);
        let as_of = as_of(at, &request.as_of_time, now);
        Some(Rejudgement { document: document?, as_of, replay: request.replay })
    })
}

fn as_of(at: &mut Fields<'_>, time: &Option<prost_types::Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let as_of = at.optional_time("as_of_time", time);
    at.require(as_of.is_none_or(|as_of| as_of <= now), "as_of_time", "must not lie ahead");
    as_of
}

/// The stored verdicts of a document.
pub fn report_to_wire(document: &Document, submitted: &[Report], later: &[Option<Later>]) -> v1::DocumentSignatureReport {
    let attachments = document.content.attachments.iter().enumerate().map(|(index, attachment)| {
        let later = later.get(index).and_then(Option::as_ref);
        v1::AttachmentVerdicts {
            payload: name::of_payload(&attachment.payload),
            file_name: attachment.file_name.clone(),
            submitted: submitted.get(index).map(signature::to_wire),
            changed: later.map(|later| signature::to_wire(&later.report)),
            change_reason: later.map(|later| later.reason.clone()).unwrap_or_default(),
        }
    });
    v1::DocumentSignatureReport { document: name::of_document(&document.id), attachments: attachments.collect() }
}

/// The stored verdict on an attachment and another one.
pub fn rejudged_to_wire(attachment: &Attachment, submitted: Option<&Report>, rejudged: &Report) -> v1::RejudgedAttachment {
    v1::RejudgedAttachment {
        payload: name::of_payload(&attachment.payload),
        file_name: attachment.file_name.clone(),
        submitted: submitted.map(signature::to_wire),
        rejudged: Some(signature::to_wire(rejudged)),
    }
}

/// The document whose changes to list, if one is named.
pub fn changes(request: &v1::ListVerdictChangesRequest) -> Result<Option<document::Id>, Invalid> {
    read(|at| Some(at.optional("document", &request.document, name::document)))
}

/// The message of a change.
pub fn change_to_wire(change: &Change) -> v1::VerdictChange {
    v1::VerdictChange {
        journal_seq: change.seq,
        record_time: Some(time::timestamp(change.at)),
        document: name::of_document(&change.document),
        payload: name::of_payload(&change.payload),
        field: change.field.clone(),
        old_verdict: change.before.as_ref().map_or(v1::Verdict::Unspecified, |mark| mark.verdict.into()).into(),
        old_sub_indication: change.before.as_ref().map(|mark| mark.sub_indication.clone()).unwrap_or_default(),
        new_verdict: v1::Verdict::from(change.now.verdict).into(),
        new_sub_indication: change.now.sub_indication.clone(),
        cause: name::of_trust(&change.cause),
        reason: change.reason.clone(),
        trust_sha256: change.trust_version.0.to_vec().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_751_302_800);

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    #[test]
    fn nothing_is_judged_as_of_a_moment_ahead() {
        let name = format!("payloads/{}", "0f".repeat(32));
        let request = |as_of_time| v1::VerifyPayloadRequest { name: name.clone(), content: String::new(), as_of_time };
        let expected = Verification { payload: Digest([0x0f; 32]), content: None, as_of: Some(NOW) };
        assert_eq!(verification(&request(at(1_751_302_800)), NOW), Ok(expected));
        assert_eq!(verification(&request(None), NOW).map(|asked| asked.as_of), Ok(None));
        let ahead = verification(&request(at(1_751_302_801)), NOW).expect_err("ahead");
        assert_eq!(ahead.faults()[0].field, "as_of_time");
    }

    #[test]
    fn every_fault_is_named() {
        let request = v1::VerifyPayloadRequest { name: "payloads/x".into(), content: "x".into(), as_of_time: at(i64::MAX) };
        let invalid = verification(&request, NOW).expect_err("three faults");
        assert_eq!(invalid.faults().iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["name", "content", "as_of_time"]);
        let missing = rejudgement(&v1::ReJudgeDocumentRequest::default(), NOW).expect_err("a name");
        assert_eq!(missing.faults()[0].field, "name");
    }
}
