use std::collections::HashMap;

use domain::agency::{self, Code as OrganisationCode};
use domain::state::Fault;
use domain::{document, principal};

use super::*;

/// One row: the failure, its code, its reason and the values told.
fn check(failure: impl Into<Failure>, code: Code, reason: &str, values: &[(&str, &str)]) -> Status {
    let failure = failure.into();
    assert_eq!(failure.code_and_reason(), (code, reason_of(reason)), "{failure:?}");
    let sentence = failure.to_string();
    let status = failure.status_of("submit the document");
    assert_eq!(status.code(), code, "{reason}");
    assert!(status.message().starts_with("cannot submit the document: "), "{}", status.message());
    if code != Code::Internal {
        assert_eq!(status.message(), format!("cannot submit the document: {sentence}"));
    }
    let info = status.get_details_error_info().expect("ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "vanthu.vn"));
    let values: HashMap<_, _> = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(info.metadata, values, "{reason}");
    status
}

/// Reasons are UPPER_SNAKE_CASE of at most 63 characters (google/rpc/error_details.proto).
fn reason_of(reason: &str) -> &str {
    assert!(reason.len() <= 63 && reason.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{reason}");
    reason
}

fn agency(id: &str) -> agency::Id {
    agency::Id::parse(id).expect("a slug")
}

const DOCUMENT: document::Id = document::Id([0x11; 16]);
const DOCUMENT_NAME: &str = "documents/11111111-1111-1111-1111-111111111111";

#[test]
fn faults_of_fields_are_invalid_argument_with_every_field_named() {
    let mut checker = domain::invalid::Checker::default();
    checker.fault("document.subject", "is required");
    checker.fault("recipients[2].agency", "is not a name of the form agencies/{id}");
    let invalid = checker.finish().expect_err("two faults");
    let status = check(Refusal::Invalid(invalid), Code::InvalidArgument, "FIELD_INVALID", &[("fault_count", "2")]);
    let fields = status.get_details_bad_request().expect("BadRequest").field_violations;
    let fields: Vec<_> = fields.iter().map(|violation| (violation.field.as_str(), violation.description.as_str())).collect();
    let expected = [("document.subject", "is required"), ("recipients[2].agency", "is not a name of the form agencies/{id}")];
    assert_eq!(fields, expected);
}

#[test]
fn denials_tell_nothing() {
    let status = check(Refusal::Denied, Code::PermissionDenied, "ACCESS_DENIED", &[]);
    assert!(status.get_details_resource_info().is_none());
}

#[test]
fn a_reused_request_id_is_already_exists() {
    let refusal = Refusal::RequestReused { request_id: "r-1".into(), seq: 7 };
    check(refusal, Code::AlreadyExists, "REQUEST_ID_REUSED", &[("request_id", "r-1"), ("journal_seq", "7")]);
}

#[test]
fn what_does_not_exist_is_named() {
    let refusal = Refusal::NotFound { name: "agencies/camau".into() };
    let status = check(refusal, Code::NotFound, "RESOURCE_NOT_FOUND", &[("name", "agencies/camau")]);
    let resource = status.get_details_resource_info().expect("ResourceInfo");
    assert_eq!((resource.resource_type.as_str(), resource.resource_name.as_str()), ("agency", "agencies/camau"));
}

#[test]
fn what_exists_already_is_named() {
    let name = format!("{DOCUMENT_NAME}/deliveries/camau");
    let status = check(Refusal::Exists { name: name.clone() }, Code::AlreadyExists, "RESOURCE_EXISTS", &[("name", &name)]);
    assert_eq!(status.get_details_resource_info().map(|info| info.resource_type), Some("delivery".into()));
}

#[test]
fn a_change_in_between_is_aborted() {
    let refusal = Refusal::Changed { seen: 3, current: 5 };
    check(refusal, Code::Aborted, "RESOURCE_CHANGED", &[("seen_etag", "3"), ("current_etag", "5")]);
}

#[test]
fn a_taken_code_is_already_exists() {
    let refusal = Refusal::CodeTaken { code: OrganisationCode::parse("H12.15").expect("a code"), holder: agency("camau") };
    check(refusal, Code::AlreadyExists, "CODE_TAKEN", &[("code", "H12.15"), ("holder", "agencies/camau")]);
}

#[test]
fn a_taken_credential_is_already_exists() {
    let refusal = Refusal::CredentialTaken { holder: principal::Id::hub() };
    check(refusal, Code::AlreadyExists, "CREDENTIAL_TAKEN", &[("holder", "principals/hub")]);
}

#[test]
fn a_revoked_principal_is_failed_precondition() {
    let refusal = Refusal::PrincipalRevoked(principal::Id::hub());
    check(refusal, Code::FailedPrecondition, "PRINCIPAL_REVOKED", &[("principal", "principals/hub")]);
}

#[test]
fn the_last_admin_is_failed_precondition() {
    let refusal = Refusal::LastAdmin(principal::Id::hub());
    check(refusal, Code::FailedPrecondition, "LAST_ADMIN", &[("principal", "principals/hub")]);
}

#[test]
fn an_inactive_issuer_is_permission_denied() {
    let refusal = Refusal::IssuerInactive { agency: agency("camau"), state: "locked" };
    let status = check(refusal, Code::PermissionDenied, "AGENCY_SUSPENDED", &[("agency", "agencies/camau"), ("state", "locked")]);
    assert_eq!(status.get_details_resource_info().map(|info| info.resource_name), Some("agencies/camau".into()));
}

#[test]
fn a_locked_recipient_is_failed_precondition() {
    check(Refusal::RecipientLocked(agency("camau")), Code::FailedPrecondition, "RECIPIENT_LOCKED", &[("agency", "agencies/camau")]);
}

#[test]
fn a_closed_recipient_lists_its_successors() {
    let refusal = Refusal::RecipientClosed { agency: agency("old"), successors: vec![agency("a"), agency("b")] };
    let values = [("agency", "agencies/old"), ("successors", "agencies/a,agencies/b")];
    check(refusal, Code::FailedPrecondition, "RECIPIENT_CLOSED", &values);
}

#[test]
fn recipients_that_are_none_or_too_many_are_failed_precondition() {
    check(Refusal::NoRecipient, Code::FailedPrecondition, "NO_RECIPIENT", &[]);
    let refusal = Refusal::TooManyRecipients { count: 1_201, limit: 1_000 };
    check(refusal, Code::FailedPrecondition, "TOO_MANY_RECIPIENTS", &[("count", "1201"), ("limit", "1000")]);
}

#[test]
fn a_closed_route_is_permission_denied() {
    let refusal = Refusal::RouteRefused { from: Tier::Commune, to: Tier::Central, recipient: agency("bnv") };
    let values = [("sender_tier", "TIER_COMMUNE"), ("recipient_tier", "TIER_CENTRAL"), ("recipient", "agencies/bnv")];
    check(refusal, Code::PermissionDenied, "ROUTE_NOT_ALLOWED", &values);
}

#[test]
fn a_missing_superior_is_failed_precondition() {
    check(Refusal::NoSuperior(agency("xa")), Code::FailedPrecondition, "NO_SUPERIOR", &[("agency", "agencies/xa")]);
}

#[test]
fn a_taken_number_names_the_earlier_document() {
    let refusal = Refusal::NumberTaken { number: "12".into(), notation: "UBND-TH".into(), year: 2022, earlier: DOCUMENT };
    let values = [("number", "12"), ("notation", "UBND-TH"), ("year", "2022"), ("document", DOCUMENT_NAME)];
    let status = check(refusal, Code::AlreadyExists, "NUMBER_TAKEN", &values);
    assert_eq!(status.get_details_resource_info().map(|info| info.resource_name), Some(DOCUMENT_NAME.into()));
}

#[test]
fn a_state_secret_is_invalid_argument_at_its_field() {
    for field in ["document.secrecy", "document.attachments[1].file_name"] {
        let refusal = Refusal::Secret { field: field.into(), marking: "Mật".into() };
        let status = check(refusal, Code::InvalidArgument, "STATE_SECRET", &[("secrecy", "Mật")]);
        let fields = status.get_details_bad_request().expect("BadRequest").field_violations;
        assert_eq!(fields.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), [field]);
    }
}

#[test]
fn an_unknown_payload_is_failed_precondition() {
    let name = format!("payloads/{}", "ab".repeat(32));
    check(Refusal::PayloadUnknown(Digest([0xab; 32])), Code::FailedPrecondition, "PAYLOAD_UNKNOWN", &[("payload", &name)]);
}

#[test]
fn a_refused_signature_has_the_reason_of_its_cause_and_a_violation_for_each_file() {
    for (cause, reason) in [
        (SignatureCause::Unsigned, "SIGNATURE_MISSING"),
        (SignatureCause::Indeterminate, "SIGNATURE_INDETERMINATE"),
        (SignatureCause::WeakDigest, "SIGNATURE_WEAK_DIGEST"),
        (SignatureCause::Invalid, "SIGNATURE_INVALID"),
        (SignatureCause::Destroyed, "SIGNATURE_DESTROYED"),
        (SignatureCause::WrongSigner, "SIGNATURE_WRONG_SIGNER"),
        (SignatureCause::WrongOrder, "SIGNATURE_WRONG_ORDER"),
        (SignatureCause::Attachment, "SIGNATURE_ATTACHMENT"),
        (SignatureCause::NotRegistered, "SIGNATURE_ISSUER_NOT_REGISTERED"),
    ] {
        let finding = |file: &str| Finding {
            reason: domain::signature::Reason::ChangedAfterSigning,
            action: domain::signature::Action::Refuse,
            fields: vec!["document.attachments[0]".into()],
            signatures: vec![],
            english: format!("{file}: changed"),
            vietnamese: format!("{file}: đã bị thay đổi"),
        };
        let refusal = Refusal::SignatureRefused { cause, findings: vec![finding("a.pdf"), finding("b.pdf")] };
        let status = check(refusal, Code::FailedPrecondition, reason, &[]);
        let violations = status.get_details_precondition_failure().expect("PreconditionFailure").violations;
        let violations: Vec<_> = violations.iter().map(|v| (v.r#type.as_str(), v.description.as_str())).collect();
        assert_eq!(violations, [("SIGNATURE", "a.pdf: changed"), ("SIGNATURE", "b.pdf: changed")]);
        let subject = status.get_details_precondition_failure().map(|failure| failure.violations[0].subject.clone());
        assert_eq!(subject.as_deref(), Some("CHANGED_AFTER_SIGNING document.attachments[0]"));
        let vietnamese = status.get_details_localized_message().expect("LocalizedMessage");
        assert_eq!((vietnamese.locale.as_str(), vietnamese.message.as_str()), ("vi", "a.pdf: đã bị thay đổi; b.pdf: đã bị thay đổi"));
    }
}

#[test]
fn a_refusal_for_many_signatures_fits_the_trailers_that_clients_take() {
    let finding = |n: usize| Finding {
        reason: domain::signature::Reason::SignerNotAuthorised,
        action: domain::signature::Action::Refuse,
        fields: vec![format!("document.attachments[{n}]")],
        signatures: vec!["Signature1".into(); 64],
        english: format!("{n}-{}: was signed by {}", "ệ".repeat(200), "ộ".repeat(2_000)),
        vietnamese: format!("{n}-{}: được ký bởi {}", "ệ".repeat(200), "ộ".repeat(2_000)),
    };
    let refusal = Refusal::SignatureRefused { cause: SignatureCause::WrongSigner, findings: (0..50).map(finding).collect() };
    let status = Failure::from(refusal).status_of("submit the document");
    let message: usize = status.message().bytes().map(|byte| if byte.is_ascii_graphic() || byte == b' ' { 1 } else { 3 }).sum();
    let details = status.details().len().div_ceil(3) * 4;
    assert!(message + details < 8 * 1024 - 256, "{message} and {details} bytes");
    assert!(status.get_details_localized_message().is_some_and(|told| told.message.starts_with("0-ệ") && told.message.ends_with('…')));
}

#[test]
fn a_step_that_is_not_allowed_tells_both_ends() {
    let refusal = Refusal::StepRefused { from: DeliveryStatus::Done, to: DeliveryStatus::Refused };
    let values = [("from_status", "DELIVERY_STATUS_DONE"), ("to_status", "DELIVERY_STATUS_REFUSED")];
    check(refusal, Code::FailedPrecondition, "STEP_NOT_ALLOWED", &values);
}

#[test]
fn states_that_do_not_allow_the_step_are_failed_precondition() {
    check(Refusal::NothingAsked, Code::FailedPrecondition, "NOTHING_ASKED", &[]);
    check(Refusal::Frozen, Code::FailedPrecondition, "DELIVERY_FROZEN", &[]);
    check(Refusal::NothingToForward("agencies/a".into()), Code::FailedPrecondition, "NOTHING_TO_FORWARD", &[("to", "agencies/a")]);
    let refusal = Refusal::DocumentState { document: DOCUMENT, state: "recalled", advice: "submit a new one" };
    check(refusal, Code::FailedPrecondition, "DOCUMENT_STATE", &[("document", DOCUMENT_NAME), ("state", "recalled")]);
}

#[test]
fn a_request_beyond_a_row_is_invalid_argument() {
    check(Refusal::TooLarge("an agency".into()), Code::InvalidArgument, "REQUEST_TOO_LARGE", &[("what", "an agency")]);
}

#[test]
fn faults_of_the_hub_show_no_detail() {
    for failure in [Failure::Internal, Refusal::Fault(Fault("a row of agencies at /var/lib".into())).into()] {
        let status = check(failure, Code::Internal, "INTERNAL", &[]);
        assert!(!status.message().contains("/var/lib"), "{}", status.message());
    }
}

#[test]
fn an_unknown_caller_is_unauthenticated() {
    check(Failure::Unauthenticated, Code::Unauthenticated, "CALLER_UNKNOWN", &[]);
}

#[test]
fn what_passes_says_when_to_try_again() {
    let retry = |status: &Status| status.get_details_retry_info().and_then(|info| info.retry_delay);
    let overloaded = Failure::Overloaded { retry_after: Duration::from_millis(250) };
    assert_eq!(retry(&check(overloaded, Code::Unavailable, "OVERLOADED", &[])), Some(Duration::from_millis(250)));
    let journal = check(Failure::JournalUnavailable, Code::Unavailable, "JOURNAL_UNAVAILABLE", &[]);
    check(Failure::OutcomeUnknown, Code::Unavailable, "OUTCOME_UNKNOWN", &[]);
    assert_eq!(retry(&journal), Some(Duration::from_secs(1)));
    let payloads = check(Failure::PayloadsUnavailable, Code::Unavailable, "PAYLOADS_UNAVAILABLE", &[]);
    assert_eq!(retry(&payloads), Some(Duration::from_secs(5)));
    assert_eq!(retry(&check(Failure::Draining, Code::Unavailable, "DRAINING", &[])), Some(Duration::from_secs(1)));
    check(Failure::DeadlineExceeded, Code::DeadlineExceeded, "DEADLINE_EXCEEDED", &[]);
}

#[test]
fn limits_are_resource_exhausted() {
    check(Failure::DiskLow, Code::ResourceExhausted, "DISK_LOW", &[]);
    let quota = Failure::QuotaExceeded { what: "open uploads".into(), limit: 16 };
    let status = check(quota, Code::ResourceExhausted, "QUOTA_EXCEEDED", &[("what", "open uploads"), ("limit", "16")]);
    let violations = status.get_details_quota_failure().expect("QuotaFailure").violations;
    assert_eq!(violations.first().map(|violation| violation.subject.as_str()), Some("open uploads"));
}

#[test]
fn uploads_say_where_they_stand() {
    check(Failure::UploadOffset { have: 4_096 }, Code::Aborted, "UPLOAD_OFFSET", &[("committed_bytes", "4096")]);
    check(Failure::StreamBroken, Code::Aborted, "STREAM_BROKEN", &[]);
    check(Failure::UploadFinished, Code::FailedPrecondition, "UPLOAD_FINISHED", &[]);
    let incomplete = Failure::UploadIncomplete { have: 1, size: 2 };
    check(incomplete, Code::FailedPrecondition, "UPLOAD_INCOMPLETE", &[("committed_bytes", "1"), ("size_bytes", "2")]);
    check(Failure::UploadTooLong { size: 9 }, Code::InvalidArgument, "UPLOAD_TOO_LONG", &[("size_bytes", "9")]);
    let (expected, actual) = ("00".repeat(32), "ff".repeat(32));
    let mismatch = Failure::ContentMismatch { expected: Digest([0; 32]), actual: Digest([0xff; 32]) };
    check(mismatch, Code::InvalidArgument, "CONTENT_MISMATCH", &[("expected_sha256", &expected), ("actual_sha256", &actual)]);
}

#[test]
fn a_status_stays_within_the_trailers_of_common_clients() {
    let mut checker = domain::invalid::Checker::default();
    for line in 0..5_000 {
        checker.fault("agencies_csv", format!("line {line}: tên cơ quan vượt quá độ dài cho phép, tối đa 200 ký tự"));
    }
    let invalid = checker.finish().expect_err("faults");
    let status = Failure::from(invalid).into_status();
    // Base64 makes 4 bytes of 3; a message byte that is not ASCII becomes 3.
    let message: usize = status.message().bytes().map(|b| if b.is_ascii() { 1 } else { 3 }).sum();
    let wire = message + status.details().len().div_ceil(3) * 4;
    assert!(wire < 7_000, "{wire}");
    assert!(status.message().ends_with('…'));
    let violations = status.get_details_bad_request().expect("BadRequest").field_violations;
    let told = violations.len() - 1;
    assert!(told > 10, "{told}");
    let last = violations.last().map(|violation| violation.description.clone());
    assert_eq!(last, Some(format!("and {} more faults, to be told once these are mended", 5_000 - told)));
    assert_eq!(status.get_details_error_info().map(|info| info.metadata["fault_count"].clone()), Some("5000".into()));
}

#[test]
fn a_packet_that_is_refused_again_is_failed_precondition_with_the_reason_in_vietnamese() {
    let (name, reason) = ("axes/national/quarantine/4711", "Không có đơn vị nhận nào thuộc hệ thống này");
    let failure = Failure::PacketRefused { name: name.into(), reason: reason.into() };
    let status = check(failure, Code::FailedPrecondition, "PACKET_REFUSED", &[("name", name), ("why", reason)]);
    assert_eq!(status.get_details_resource_info().map(|info| info.resource_type), Some("quarantined packet".into()));
    assert_eq!(status.get_details_localized_message().map(|message| message.message), Some(reason.into()));
}

#[test]
fn an_axis_that_cannot_be_asked_is_unavailable() {
    let failure = Failure::AxisUnavailable { why: "HTTP 502".into() };
    let status = check(failure, Code::Unavailable, "AXIS_UNAVAILABLE", &[("why", "HTTP 502")]);
    assert_eq!(status.get_details_retry_info().and_then(|info| info.retry_delay), Some(Duration::from_secs(30)));
}

#[test]
fn what_does_not_exist_on_an_axis_is_told_by_its_sort() {
    for (name, sort) in [("axes/x", "axis"), ("axes/x/outbox/1-0", "outbox item"), ("axes/x/quarantine/a/b", "quarantined packet")] {
        let status = check(Refusal::NotFound { name: name.into() }, Code::NotFound, "RESOURCE_NOT_FOUND", &[("name", name)]);
        assert_eq!(status.get_details_resource_info().map(|info| info.resource_type), Some(sort.into()));
    }
}
