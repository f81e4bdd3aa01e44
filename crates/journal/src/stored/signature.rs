//! Verdicts on signatures, and the policy.

use domain::signature::verdicts::Rejudged;
use domain::signature::{
    Action, Changed, Coverage, Event, EvidenceKind, Report, Requirement, Rule, SignatureReport, SignerKind, UsedEvidence, Verdict,
};

use super::{DecodeError, Stored, known, pb, required};

impl Stored for Event {
    type Message = pb::SignatureEvent;

    fn store(&self) -> pb::SignatureEvent {
        use pb::signature_event::Kind;
        let kind = match self {
            Self::PolicySet(rules) => Kind::PolicySet(pb::SignatureRules { rules: rules.store() }),
            Self::Rejudged(rejudged) => Kind::Rejudged(rejudged.store()),
        };
        pb::SignatureEvent { kind: Some(kind) }
    }

    fn load(message: pb::SignatureEvent) -> Result<Self, DecodeError> {
        use pb::signature_event::Kind;
        Ok(match known(message.kind, "signature event")? {
            Kind::PolicySet(all) => Self::PolicySet(Stored::load(all.rules)?),
            Kind::Rejudged(rejudged) => Self::Rejudged(Stored::load(rejudged)?),
        })
    }
}

stored_enum!(Verdict => Verdict { TotalPassed, Indeterminate, TotalFailed });

stored_enum!(SignerKind => SignerKind { Person, Organisation, Unknown });

stored_enum!(Action => SignatureAction { Record, Warn, Refuse });

stored_enum!(Requirement => SignatureRequirement { None, Personal, Organisation, Both });

impl Stored for Coverage {
    type Message = pb::Coverage;

    fn store(&self) -> pb::Coverage {
        use pb::coverage::{BytesAddedAfter, Destroyed, Kind, NotPdf, NotSigned, Whole};
        let kind = match self {
            Self::NotSigned => Kind::NotSigned(NotSigned {}),
            Self::Whole => Kind::Whole(Whole {}),
            Self::BytesAddedAfter { signed_end, length } => {
                Kind::BytesAddedAfter(BytesAddedAfter { signed_end: *signed_end, length: *length })
            }
            Self::Destroyed => Kind::Destroyed(Destroyed {}),
            Self::NotPdf => Kind::NotPdf(NotPdf {}),
        };
        pb::Coverage { kind: Some(kind) }
    }

    fn load(message: pb::Coverage) -> Result<Self, DecodeError> {
        use pb::coverage::{BytesAddedAfter, Destroyed, Kind, NotPdf, NotSigned, Whole};
        Ok(match known(message.kind, "coverage")? {
            Kind::NotSigned(NotSigned {}) => Self::NotSigned,
            Kind::Whole(Whole {}) => Self::Whole,
            Kind::BytesAddedAfter(BytesAddedAfter { signed_end, length }) => Self::BytesAddedAfter { signed_end, length },
            Kind::Destroyed(Destroyed {}) => Self::Destroyed,
            Kind::NotPdf(NotPdf {}) => Self::NotPdf,
        })
    }
}

stored_struct!(SignatureReport => SignatureReport {
    field = field: plain,
    sub_filter = sub_filter: plain,
    verdict = verdict: value,
    sub_indication = sub_indication: plain,
    reasons = reasons: plain,
    signer_kind = signer_kind: value,
    signer = signer: plain,
    organisation = organisation: plain,
    issuer = issuer: plain,
    serial = serial: plain,
    certificate = certificate: value,
    not_before = not_before_micros: value,
    not_after = not_after_micros: value,
    claimed_time = claimed_time_micros: value,
    proved_time = proved_time_micros: value,
    digest_algorithm = digest_algorithm: plain,
    signature_algorithm = signature_algorithm: plain,
    weak_digest = weak_digest: plain,
    covers_whole_file = covers_whole_file: plain,
    evidence = evidence: value,
    covers = covers: plain,
});

stored_struct!(Rejudged => VerdictChanged {
    document = document: value,
    index = index: plain,
    report = report: message,
    cause = cause: value,
    reason = reason: plain,
});

stored_struct!(UsedEvidence => Evidence { kind = kind: value, digest = digest: value });

stored_enum!(EvidenceKind => EvidenceKind { Certificate, RevocationList, OcspResponse });

stored_enum!(Changed => ChangedAfterSigning { None, Permitted, Workflow, Unexplained });

stored_struct!(Report => PayloadReport {
    payload = payload: value,
    judged_at = judged_at_micros: value,
    trust_version = trust_version: value,
    coverage = coverage: message,
    changed = changed: value,
    later_changes = later_changes: plain,
    signatures = signatures: value,
    faults = faults: plain,
});

stored_struct!(Rule => SignatureRule {
    issuer_tier = issuer_tier: value,
    kind = kind: value,
    on_failed = on_failed: value,
    on_indeterminate = on_indeterminate: value,
    on_unsigned = on_unsigned: value,
    on_weak_digest = on_weak_digest: value,
    requires = requires: value,
});
