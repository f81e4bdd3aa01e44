//! The one table from what went wrong to what a caller is told: a gRPC code, a stable reason (`google.rpc.ErrorInfo`), the values
//! concerned, and a sentence.
//!
//! Reasons are part of the interface: they are added, never renamed.

use std::time::Duration;

use domain::agency::Tier;
use domain::delivery::Status as DeliveryStatus;
use domain::digest::Digest;
use domain::invalid::{FieldFault, Invalid};
use domain::refusal::{Refusal, SignatureCause};
use domain::signature::Finding;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

/// `ErrorInfo.domain` of every reason here.
pub const DOMAIN: &str = "vanthu.vn";

/// Statuses travel in trailers, and common clients take 8 KiB of them in all, after percent and base64 encoding.
const MAX_SENTENCE: usize = 1_000;
/// As [`MAX_SENTENCE`], for all violations together.
const MAX_VIOLATIONS: usize = 2_400;
/// As [`MAX_SENTENCE`], for one value of the metadata.
const MAX_VALUE: usize = 300;
/// As [`MAX_SENTENCE`], for the sentences in Vietnamese, in bytes.
const MAX_LOCALIZED: usize = 900;
/// When to try again, where nothing better is known.
const LATER: Duration = Duration::from_secs(1);
/// As [`LATER`], for a store beside the hub that is down.
const PAYLOADS_LATER: Duration = Duration::from_secs(5);

/// As [`LATER`], for an axis: its operators lock those who hammer it.
const AXIS_LATER: Duration = Duration::from_secs(30);

/// Why a call fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The rules refuse.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No client certificate, or one of no active principal.
    #[error("the client certificate belongs to no active principal; ask the administrator of the hub to enrol it")]
    Unauthenticated,
    /// Too much at once.
    #[error("the hub has too much to do; try again in {} ms", .retry_after.as_millis())]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// Free space is below the mark.
    #[error("the hub is short of disk space and takes nothing in now; reading goes on")]
    DiskLow,
    /// The caller has as much as it may have.
    #[error("you have reached the limit of {limit} {what}")]
    QuotaExceeded {
        /// Of what, in the plural.
        what: String,
        /// How many.
        limit: u64,
    },
    /// A chunk does not follow what is there.
    #[error("the upload has {have} bytes; write on from there")]
    UploadOffset {
        /// How many bytes are durable.
        have: u64,
    },
    /// The bytes are not those that were declared.
    #[error("the bytes have SHA-256 {actual}, declared was {expected}; start a new upload")]
    ContentMismatch {
        /// What was declared.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// More bytes came than were declared.
    #[error("more bytes came than the {size} declared; start a new upload")]
    UploadTooLong {
        /// What was declared.
        size: u64,
    },
    /// Bytes are still missing.
    #[error("the upload has {have} of {size} bytes; write the rest first")]
    UploadIncomplete {
        /// How many bytes are durable.
        have: u64,
        /// How many were declared.
        size: u64,
    },
    /// The upload takes no more.
    #[error("the upload is finished; start another one")]
    UploadFinished,
    /// The caller's stream ended in the middle.
    #[error("the stream broke off; ask how far the hub got and go on from there")]
    StreamBroken,
    /// Nothing can be made durable now.
    #[error("the journal takes no entries now; nothing is recorded")]
    JournalUnavailable,
    /// The journal failed while an entry was being written.
    #[error("the hub failed while it recorded this and cannot tell whether it is recorded; repeat it with the same request_id")]
    OutcomeUnknown,
    /// The store of payloads cannot be worked with now.
    #[error("the store of payloads does not answer now; what was uploaded so far is kept: try again in {} s", PAYLOADS_LATER.as_secs())]
    PayloadsUnavailable,
    /// A packet from an axis that was set aside is refused once more.
    #[error("the packet is refused again and stays where it is: {reason}; mend what this names and try again, or discard it")]
    PacketRefused {
        /// The packet's resource name.
        name: String,
        /// Why, in Vietnamese.
        reason: String,
    },
    /// An axis cannot be asked now.
    #[error("the axis cannot be asked now: {why}; try again in {} s", AXIS_LATER.as_secs())]
    AxisUnavailable {
        /// Why, in the words of the axis or of its wire.
        why: String,
    },
    /// The hub is stopping.
    #[error("the hub is stopping; connect again")]
    Draining,
    /// The time for the call is over.
    #[error("the time for the call is over; a change may or may not be recorded: repeat it with the same request_id")]
    DeadlineExceeded,
    /// A fault of the hub. What it is, is in the log.
    #[error("the hub is at fault; tell its administrator when it happened")]
    Internal,
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Refused(invalid.into())
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        failure.into_status()
    }
}

impl Failure {
    /// The status of a call whose purpose needs no words.
    pub fn into_status(self) -> Status {
        self.status_of("carry out the call")
    }

    /// The status of a call that was to `action`, for example "submit the document".
    pub fn status_of(&self, action: &str) -> Status {
        let row = self.row();
        let shown = match self {
            Self::Refused(Refusal::Fault(_)) => Self::Internal.to_string(),
            shown => shown.to_string(),
        };
        let metadata = row.values.iter().map(|(key, value)| ((*key).to_owned(), shorten(value, MAX_VALUE)));
        let mut details = ErrorDetails::with_error_info(row.reason, DOMAIN, metadata.collect::<std::collections::HashMap<_, _>>());
        self.add_details(&mut details);
        Status::with_error_details(row.code, shorten(&format!("cannot {action}: {shown}"), MAX_SENTENCE), details)
    }

    /// The code and the stable reason, for logs and metrics.
    pub fn code_and_reason(&self) -> (Code, &'static str) {
        let row = self.row();
        (row.code, row.reason)
    }

    fn row(&self) -> Row {
        match self {
            Self::Refused(refusal) => refused(refusal),
            Self::Unauthenticated => row(Code::Unauthenticated, "CALLER_UNKNOWN", []),
            Self::Overloaded { .. } => row(Code::Unavailable, "OVERLOADED", []),
            Self::DiskLow => row(Code::ResourceExhausted, "DISK_LOW", []),
            Self::QuotaExceeded { what, limit } => {
                row(Code::ResourceExhausted, "QUOTA_EXCEEDED", [("what", what.clone()), ("limit", limit.to_string())])
            }
            Self::UploadOffset { have } => row(Code::Aborted, "UPLOAD_OFFSET", [("committed_bytes", have.to_string())]),
            Self::ContentMismatch { expected, actual } => row(
                Code::InvalidArgument,
                "CONTENT_MISMATCH",
                [("expected_sha256", expected.to_string()), ("actual_sha256", actual.to_string())],
            ),
            Self::UploadTooLong { size } => row(Code::InvalidArgument, "UPLOAD_TOO_LONG", [("size_bytes", size.to_string())]),
            Self::UploadIncomplete { have, size } => row(
                Code::FailedPrecondition,
                "UPLOAD_INCOMPLETE",
                [("committed_bytes", have.to_string()), ("size_bytes", size.to_string())],
            ),
            Self::UploadFinished => row(Code::FailedPrecondition, "UPLOAD_FINISHED", []),
            Self::StreamBroken => row(Code::Aborted, "STREAM_BROKEN", []),
            Self::JournalUnavailable => row(Code::Unavailable, "JOURNAL_UNAVAILABLE", []),
            Self::OutcomeUnknown => row(Code::Unavailable, "OUTCOME_UNKNOWN", []),
            Self::PayloadsUnavailable => row(Code::Unavailable, "PAYLOADS_UNAVAILABLE", []),
            Self::PacketRefused { name, reason } => {
                row(Code::FailedPrecondition, "PACKET_REFUSED", [("name", name.clone()), ("why", reason.clone())])
            }
            Self::AxisUnavailable { why } => row(Code::Unavailable, "AXIS_UNAVAILABLE", [("why", why.clone())]),
            Self::Draining => row(Code::Unavailable, "DRAINING", []),
            Self::DeadlineExceeded => row(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", []),
            Self::Internal => row(Code::Internal, "INTERNAL", []),
        }
    }

    fn add_details(&self, details: &mut ErrorDetails) {
        match self {
            Self::Refused(Refusal::Invalid(invalid)) => {
                details.set_bad_request(violations(invalid.faults()));
            }
            Self::Refused(Refusal::Secret { field, .. }) => {
                details.add_bad_request_violation(field, "must bear no mark of secrecy: state secrets are not exchanged over this hub");
            }
            Self::Refused(Refusal::NotFound { name } | Refusal::Exists { name }) => {
                details.set_resource_info(kind_of(name), name, "", "");
            }
            Self::Refused(Refusal::NumberTaken { earlier, .. }) => {
                details.set_resource_info("document", format!("documents/{earlier}"), "", "has the number already");
            }
            Self::Refused(Refusal::RecipientClosed { agency, .. } | Refusal::IssuerInactive { agency, .. }) => {
                details.set_resource_info("agency", format!("agencies/{agency}"), "", "");
            }
            Self::Refused(Refusal::SignatureRefused { findings, .. }) => {
                let subject = |finding: &Finding| format!("{} {}", finding.reason.name(), finding.fields.join(","));
                let fits = fitting(findings.iter().map(|finding| (subject(finding).len() + finding.english.len(), finding)));
                let violations = fits.map(|finding| {
                    let (subject, sentence) = (shorten(&subject(finding), MAX_VALUE), shorten(&finding.english, MAX_VALUE));
                    PreconditionViolation::new("SIGNATURE", subject, sentence)
                });
                details.set_precondition_failure(violations.collect::<Vec<_>>());
                let vietnamese: Vec<&str> = findings.iter().map(|finding| finding.vietnamese.as_str()).collect();
                details.set_localized_message("vi", bytes_of(&vietnamese.join("; "), MAX_LOCALIZED));
            }
            Self::QuotaExceeded { what, limit } => {
                details.add_quota_failure_violation(what, format!("at most {limit}"));
            }
            Self::Overloaded { retry_after } => {
                details.set_retry_info(Some(*retry_after));
            }
            Self::JournalUnavailable | Self::OutcomeUnknown | Self::Draining => {
                details.set_retry_info(Some(LATER));
            }
            Self::PacketRefused { name, reason } => {
                details.set_resource_info(kind_of(name), name, "", "");
                details.set_localized_message("vi", bytes_of(reason, MAX_LOCALIZED));
            }
            Self::AxisUnavailable { .. } => {
                details.set_retry_info(Some(AXIS_LATER));
            }
            Self::PayloadsUnavailable => {
                details.set_retry_info(Some(PAYLOADS_LATER));
            }
            _ => {}
        }
    }
}

/// One row of the table.
struct Row {
    code: Code,
    reason: &'static str,
    values: Vec<(&'static str, String)>,
}

fn row<const N: usize>(code: Code, reason: &'static str, values: [(&'static str, String); N]) -> Row {
    Row { code, reason, values: values.into() }
}

fn refused(refusal: &Refusal) -> Row {
    use Code::{Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied};
    match refusal {
        Refusal::Invalid(invalid) => row(InvalidArgument, "FIELD_INVALID", [("fault_count", invalid.faults().len().to_string())]),
        Refusal::Denied => row(PermissionDenied, "ACCESS_DENIED", []),
        Refusal::RequestReused { request_id, seq } => {
            row(AlreadyExists, "REQUEST_ID_REUSED", [("request_id", request_id.clone()), ("journal_seq", seq.to_string())])
        }
        Refusal::NotFound { name } => row(NotFound, "RESOURCE_NOT_FOUND", [("name", name.clone())]),
        Refusal::Exists { name } => row(AlreadyExists, "RESOURCE_EXISTS", [("name", name.clone())]),
        Refusal::Changed { seen, current } => {
            row(Aborted, "RESOURCE_CHANGED", [("seen_etag", seen.to_string()), ("current_etag", current.to_string())])
        }
        Refusal::CodeTaken { code, holder } => {
            row(AlreadyExists, "CODE_TAKEN", [("code", code.to_string()), ("holder", format!("agencies/{holder}"))])
        }
        Refusal::CredentialTaken { holder } => row(AlreadyExists, "CREDENTIAL_TAKEN", [("holder", format!("principals/{holder}"))]),
        Refusal::PrincipalRevoked(id) => row(FailedPrecondition, "PRINCIPAL_REVOKED", [("principal", format!("principals/{id}"))]),
        Refusal::LastAdmin(id) => row(FailedPrecondition, "LAST_ADMIN", [("principal", format!("principals/{id}"))]),
        Refusal::IssuerInactive { agency, state } => {
            row(PermissionDenied, "AGENCY_SUSPENDED", [("agency", format!("agencies/{agency}")), ("state", (*state).to_owned())])
        }
        Refusal::RecipientLocked(id) => row(FailedPrecondition, "RECIPIENT_LOCKED", [("agency", format!("agencies/{id}"))]),
        Refusal::RecipientClosed { agency, successors } => {
            let successors: Vec<_> = successors.iter().map(|id| format!("agencies/{id}")).collect();
            row(FailedPrecondition, "RECIPIENT_CLOSED", [("agency", format!("agencies/{agency}")), ("successors", successors.join(","))])
        }
        Refusal::NoRecipient => row(FailedPrecondition, "NO_RECIPIENT", []),
        Refusal::TooManyRecipients { count, limit } => {
            row(FailedPrecondition, "TOO_MANY_RECIPIENTS", [("count", count.to_string()), ("limit", limit.to_string())])
        }
        Refusal::RouteRefused { from, to, recipient } => row(
            PermissionDenied,
            "ROUTE_NOT_ALLOWED",
            [
                ("sender_tier", tier(*from).to_owned()),
                ("recipient_tier", tier(*to).to_owned()),
                ("recipient", format!("agencies/{recipient}")),
            ],
        ),
        Refusal::NoSuperior(id) => row(FailedPrecondition, "NO_SUPERIOR", [("agency", format!("agencies/{id}"))]),
        Refusal::NumberTaken { number, notation, year, earlier } => row(
            AlreadyExists,
            "NUMBER_TAKEN",
            [
                ("number", number.clone()),
                ("notation", notation.clone()),
                ("year", year.to_string()),
                ("document", format!("documents/{earlier}")),
            ],
        ),
        Refusal::Secret { marking, .. } => row(InvalidArgument, "STATE_SECRET", [("secrecy", marking.clone())]),
        Refusal::PayloadUnknown(digest) => row(FailedPrecondition, "PAYLOAD_UNKNOWN", [("payload", format!("payloads/{digest}"))]),
        Refusal::SignatureRefused { cause, .. } => {
            let reason = match cause {
                SignatureCause::Unsigned => "SIGNATURE_MISSING",
                SignatureCause::Indeterminate => "SIGNATURE_INDETERMINATE",
                SignatureCause::WeakDigest => "SIGNATURE_WEAK_DIGEST",
                SignatureCause::Invalid => "SIGNATURE_INVALID",
                SignatureCause::Destroyed => "SIGNATURE_DESTROYED",
                SignatureCause::WrongSigner => "SIGNATURE_WRONG_SIGNER",
                SignatureCause::WrongOrder => "SIGNATURE_WRONG_ORDER",
                SignatureCause::Attachment => "SIGNATURE_ATTACHMENT",
                SignatureCause::NotRegistered => "SIGNATURE_ISSUER_NOT_REGISTERED",
            };
            row(FailedPrecondition, reason, [])
        }
        Refusal::StepRefused { from, to } => {
            row(FailedPrecondition, "STEP_NOT_ALLOWED", [("from_status", status(*from)), ("to_status", status(*to))])
        }
        Refusal::NothingAsked => row(FailedPrecondition, "NOTHING_ASKED", []),
        Refusal::Frozen => row(FailedPrecondition, "DELIVERY_FROZEN", []),
        Refusal::DocumentState { document, state, .. } => {
            row(FailedPrecondition, "DOCUMENT_STATE", [("document", format!("documents/{document}")), ("state", (*state).to_owned())])
        }
        Refusal::NothingToForward(to) => row(FailedPrecondition, "NOTHING_TO_FORWARD", [("to", to.clone())]),
        Refusal::TooLarge(what) => row(InvalidArgument, "REQUEST_TOO_LARGE", [("what", what.clone())]),
        Refusal::Fault(_) => row(Code::Internal, "INTERNAL", []),
    }
}

fn tier(tier: Tier) -> &'static str {
    crate::v1::Tier::from(tier).as_str_name()
}

fn status(status: DeliveryStatus) -> String {
    crate::v1::DeliveryStatus::from(status).as_str_name().to_owned()
}

/// The sort of resource a name is of, for `ResourceInfo`: its collection in the singular.
fn kind_of(name: &str) -> &'static str {
    match name.split('/').collect::<Vec<_>>().as_slice() {
        ["agencies", _, "signers", ..] => "authorised signer",
        ["agencies", ..] => "agency",
        ["groups", ..] => "group",
        ["principals", ..] => "principal",
        ["documents", _, "deliveries", ..] => "delivery",
        ["documents", ..] => "document",
        ["payloads", ..] => "payload",
        ["uploads", ..] => "upload",
        ["trust", ..] => "trust object",
        ["axes", _, "outbox", ..] => "outbox item",
        ["axes", _, "quarantine", ..] => "quarantined packet",
        ["axes", ..] => "axis",
        _ => "resource",
    }
}

/// As many faults as fit, and a last one that tells how many more there are.
fn violations(faults: &[FieldFault]) -> Vec<FieldViolation> {
    let shown = faults.iter().map(|fault| (fault.field.len() + fault.rule.len(), fault));
    let mut violations: Vec<_> =
        fitting(shown).map(|fault| FieldViolation::new(shorten(&fault.field, MAX_VALUE), shorten(&fault.rule, MAX_VALUE))).collect();
    let left = faults.len() - violations.len();
    if left > 0 {
        violations.push(FieldViolation::new("", format!("and {left} more faults, to be told once these are mended")));
    }
    violations
}

fn fitting<'a, T: ?Sized + 'a>(items: impl Iterator<Item = (usize, &'a T)>) -> impl Iterator<Item = &'a T> {
    let mut room = MAX_VIOLATIONS;
    items.map_while(move |(length, item)| {
        // Tags and lengths of the two nested messages take about 8 bytes.
        room = room.checked_sub(length.min(2 * MAX_VALUE) + 8)?;
        Some(item)
    })
}

/// The text, cut at a character so that it has at most `max` bytes: details travel in base64, where every byte costs the same.
fn bytes_of(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= max).last().unwrap_or_default();
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// The text, cut at a character so that it takes at most `max` bytes on the wire, where percent encoding makes three of each byte
/// that is not printable ASCII.
fn shorten(text: &str, max: usize) -> String {
    let mut room = max;
    let mut end = text.len();
    for (at, character) in text.char_indices() {
        let cost = if character.is_ascii_graphic() || character == ' ' { 1 } else { 3 * character.len_utf8() };
        match room.checked_sub(cost) {
            Some(left) => room = left,
            None => {
                end = at;
                break;
            }
        }
    }
    if end == text.len() { text.to_owned() } else { format!("{}…", text.get(..end).unwrap_or_default()) }
}

#[cfg(test)]
mod tests;
