//! Verdicts on signatures, and the policy.

use domain::signature::verdicts::Rejudged;
use domain::signature::{
    Action, Changed, Coverage, Event, EvidenceKind, Finding, Reason, Report, Requirement, Rule, SignatureReport, SignerKind, UsedEvidence,
    Verdict,
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

impl Stored for SignatureReport {
    type Message = pb::SignatureReport;

    fn store(&self) -> pb::SignatureReport {
        pb::SignatureReport {
            field: self.field.clone(),
            sub_filter: self.sub_filter.clone(),
            verdict: self.verdict.store(),
            sub_indication: self.sub_indication.clone(),
            reasons: self.reasons.clone(),
            signer_kind: self.signer_kind.store(),
            signer: self.signer.clone(),
            organisation: self.organisation.clone(),
            issuer: self.issuer.clone(),
            serial: self.serial.clone(),
            certificate: self.certificate.store(),
            not_before_micros: self.not_before.store(),
            not_after_micros: self.not_after.store(),
            claimed_time_micros: self.claimed_time.store(),
            proved_time_micros: self.proved_time.store(),
            digest_algorithm: self.digest_algorithm.clone(),
            signature_algorithm: self.signature_algorithm.clone(),
            weak_digest: self.weak_digest,
            covers_whole_file: self.covers_whole_file,
            intact: Some(self.intact),
            signing_tool: self.signing_tool.clone(),
            weak: self.weak.clone(),
            organisation_identifier: self.organisation_identifier.clone(),
            value: self.value.store(),
            evidence: self.evidence.store(),
            covers: self.covers.clone(),
            is_weak_only: Some(self.is_weak_only),
        }
    }

    fn load(message: pb::SignatureReport) -> Result<Self, DecodeError> {
        let verdict = Stored::load(message.verdict)?;
        let intact = message.intact.unwrap_or(verdict == Verdict::TotalPassed);
        let names_weakness = message.sub_indication.starts_with("CRYPTO_CONSTRAINTS_FAILURE");
        Ok(Self {
            field: message.field,
            sub_filter: message.sub_filter,
            verdict,
            sub_indication: message.sub_indication,
            reasons: message.reasons,
            signer_kind: Stored::load(message.signer_kind)?,
            signer: message.signer,
            organisation: message.organisation,
            issuer: message.issuer,
            serial: message.serial,
            certificate: Stored::load(message.certificate)?,
            not_before: Stored::load(message.not_before_micros)?,
            not_after: Stored::load(message.not_after_micros)?,
            claimed_time: Stored::load(message.claimed_time_micros)?,
            proved_time: Stored::load(message.proved_time_micros)?,
            digest_algorithm: message.digest_algorithm,
            signature_algorithm: message.signature_algorithm,
            weak_digest: message.weak_digest,
            covers_whole_file: message.covers_whole_file,
            is_weak_only: message.is_weak_only.unwrap_or(message.weak_digest && intact && names_weakness),
            intact,
            signing_tool: message.signing_tool,
            weak: message.weak,
            organisation_identifier: message.organisation_identifier,
            value: Stored::load(message.value)?,
            evidence: Stored::load(message.evidence)?,
            covers: message.covers,
        })
    }
}

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
    remains = remains: value,
    producer = producer: plain,
});

stored_enum!(Reason => SignatureReason {
    SignatureInvalid,
    ChangedAfterSigning,
    SignatureIndeterminate,
    WeakDigest,
    NotSigned,
    SignatureWithoutContent,
    SignatureDestroyed,
    PersonalSignatureMissing,
    OrganisationSignatureMissing,
    SameCertificateForBoth,
    WrongSigningOrder,
    IssuerNotRegistered,
    SignerNotAuthorised,
    SignerOutOfTerm,
    SignerNotStated,
    AttachmentNotSigned,
    AttachmentSignedByAnother,
});

stored_struct!(Finding => SignatureFinding {
    reason = reason: value,
    action = action: value,
    fields = fields: plain,
    signatures = signatures: plain,
    english = english: plain,
    vietnamese = vietnamese: plain,
});

impl Stored for Rule {
    type Message = pb::SignatureRule;

    fn store(&self) -> pb::SignatureRule {
        pb::SignatureRule {
            issuer_tier: self.issuer_tier.store(),
            kind: self.kind.store(),
            on_failed: self.on_failed.store(),
            on_indeterminate: self.on_indeterminate.store(),
            on_unsigned: self.on_unsigned.store(),
            on_weak_digest: self.on_weak_digest.store(),
            requires: self.requires.store(),
            from: self.from.store(),
            until: self.until.store(),
            on_wrong_signer: self.on_wrong_signer.store(),
            on_wrong_order: self.on_wrong_order.store(),
            on_unregistered: self.on_unregistered.store(),
            on_attachment: self.on_attachment.store(),
            on_destroyed: self.on_destroyed.store(),
        }
    }

    fn load(message: pb::SignatureRule) -> Result<Self, DecodeError> {
        Ok(Self {
            issuer_tier: Stored::load(message.issuer_tier)?,
            kind: Stored::load(message.kind)?,
            on_failed: Stored::load(message.on_failed)?,
            on_indeterminate: Stored::load(message.on_indeterminate)?,
            on_unsigned: Stored::load(message.on_unsigned)?,
            on_weak_digest: Stored::load(message.on_weak_digest)?,
            requires: Stored::load(message.requires)?,
            from: Stored::load(message.from)?,
            until: Stored::load(message.until)?,
            on_wrong_signer: action_or(message.on_wrong_signer, Self::WRONG_SIGNER)?,
            on_wrong_order: action_or(message.on_wrong_order, Self::WRONG_ORDER)?,
            on_unregistered: action_or(message.on_unregistered, Self::UNREGISTERED)?,
            on_attachment: action_or(message.on_attachment, Self::ATTACHMENT)?,
            on_destroyed: Stored::load(message.on_destroyed)?,
        })
    }
}

/// An action that rules of older versions do not have.
fn action_or(number: i32, unstated: Action) -> Result<Action, DecodeError> {
    if number == 0 { Ok(unstated) } else { Action::load(number) }
}
