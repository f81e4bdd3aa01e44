//! Signature reports, and the policy of what to do about them.

use domain::document::KindId;
use domain::invalid::Invalid;
use domain::signature::{
    Action, Changed, Coverage, EvidenceKind, Finding, Report, Requirement, Rule, SignatureReport, SignerKind, UsedEvidence, Verdict,
};

use crate::convert::agency::tier;
use crate::convert::fields::{Fields, read, same};
use crate::convert::{name, time};
use crate::v1;

/// Rules of the policy at most.
const MAX_RULES: usize = 1_000;

same! {
    Verdict = Verdict { TotalPassed, Indeterminate, TotalFailed }
}
same! {
    ChangedAfterSigning = Changed { None, Permitted, Workflow, Unexplained }
}
same! {
    EvidenceKind = EvidenceKind { Certificate, RevocationList, OcspResponse }
}
same! {
    SignerKind = SignerKind { Person, Organisation, Unknown }
}
same! {
    /// The action of a number.
    action: SignatureAction = Action { Record, Warn, Refuse }
}
same! {
    /// The requirement of a number.
    requirement: SignatureRequirement = Requirement { None, Personal, Organisation, Both }
}

/// The policy to set.
pub fn policy(request: &v1::SetSignaturePolicyRequest) -> Result<Vec<Rule>, Invalid> {
    read(|at| {
        let policy = at.present("policy", &request.policy)?;
        Some(at.within("policy").items("rules", &policy.rules, (1, MAX_RULES), parse_rule))
    })
}

fn parse_rule(at: &mut Fields<'_>, message: &v1::SignatureRule) -> Option<Rule> {
    let issuer_tier = at.any("issuer_tier", message.issuer_tier, tier);
    let kind = at.optional("document_kind", &message.document_kind, KindId::parse);
    let on_failed = at.stated("on_failed", message.on_failed, action);
    let on_indeterminate = at.stated("on_indeterminate", message.on_indeterminate, action);
    let on_unsigned = at.stated("on_unsigned", message.on_unsigned, action);
    let on_weak_digest = at.stated("on_weak_digest", message.on_weak_digest, action);
    let requires = at.stated("requires", message.requires, requirement);
    let from = at.optional_date("from_date", &message.from_date);
    let until = at.optional_date("until_date", &message.until_date);
    let on_wrong_signer = at.any("on_wrong_signer", message.on_wrong_signer, action).unwrap_or(Rule::WRONG_SIGNER);
    let on_wrong_order = at.any("on_wrong_order", message.on_wrong_order, action).unwrap_or(Rule::WRONG_ORDER);
    let on_unregistered = at.any("on_unregistered", message.on_unregistered, action).unwrap_or(Rule::UNREGISTERED);
    let on_attachment = at.any("on_attachment", message.on_attachment, action).unwrap_or(Rule::ATTACHMENT);
    let on_destroyed = at.any("on_destroyed", message.on_destroyed, action);
    Some(Rule {
        issuer_tier,
        kind,
        on_failed: on_failed?,
        on_indeterminate: on_indeterminate?,
        on_unsigned: on_unsigned?,
        on_weak_digest: on_weak_digest?,
        requires: requires?,
        from,
        until,
        on_wrong_signer,
        on_wrong_order,
        on_unregistered,
        on_attachment,
        on_destroyed,
    })
}

/// The message of the policy.
pub fn policy_to_wire(rules: &[Rule]) -> v1::SignaturePolicy {
    let rules = rules.iter().map(|rule| v1::SignatureRule {
        issuer_tier: rule.issuer_tier.map_or(v1::Tier::Unspecified, Into::into).into(),
        document_kind: rule.kind.as_ref().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        on_failed: v1::SignatureAction::from(rule.on_failed).into(),
        on_indeterminate: v1::SignatureAction::from(rule.on_indeterminate).into(),
        on_unsigned: v1::SignatureAction::from(rule.on_unsigned).into(),
        on_weak_digest: v1::SignatureAction::from(rule.on_weak_digest).into(),
        requires: v1::SignatureRequirement::from(rule.requires).into(),
        from_date: time::date(rule.from),
        until_date: time::date(rule.until),
        on_wrong_signer: v1::SignatureAction::from(rule.on_wrong_signer).into(),
        on_wrong_order: v1::SignatureAction::from(rule.on_wrong_order).into(),
        on_unregistered: v1::SignatureAction::from(rule.on_unregistered).into(),
        on_attachment: v1::SignatureAction::from(rule.on_attachment).into(),
        on_destroyed: rule.on_destroyed.map_or(v1::SignatureAction::Unspecified, Into::into).into(),
    });
    v1::SignaturePolicy { rules: rules.collect() }
}

/// The message of a report.
pub fn to_wire(report: &Report) -> v1::SignatureReport {
    let (coverage, signed_end_bytes, size_bytes) = match report.coverage {
        Coverage::NotSigned => (v1::Coverage::NotSigned, 0, 0),
        Coverage::Whole => (v1::Coverage::Whole, 0, 0),
        Coverage::BytesAddedAfter { signed_end, length } => (v1::Coverage::BytesAddedAfter, signed_end, length),
        Coverage::Destroyed => (v1::Coverage::Destroyed, 0, 0),
        Coverage::NotPdf => (v1::Coverage::NotPdf, 0, 0),
    };
    v1::SignatureReport {
        payload: name::of_payload(&report.payload),
        judge_time: Some(time::timestamp(report.judged_at)),
        trust_sha256: report.trust_version.0.to_vec().into(),
        coverage: coverage.into(),
        changed_after_signing: v1::ChangedAfterSigning::from(report.changed).into(),
        later_changes: report.later_changes.clone(),
        signed_end_bytes,
        size_bytes,
        signatures: report.signatures.iter().map(signature_to_wire).collect(),
        faults: report.faults.clone(),
        producer: report.producer.clone(),
    }
}

/// The message of a finding.
pub fn finding_to_wire(finding: &Finding) -> v1::SignatureFinding {
    v1::SignatureFinding {
        reason: finding.reason.name().to_owned(),
        fields: finding.fields.clone(),
        signatures: finding.signatures.clone(),
        sentence: finding.english.clone(),
        sentence_vi: finding.vietnamese.clone(),
        warns: finding.action >= Action::Warn,
    }
}

fn signature_to_wire(signature: &SignatureReport) -> v1::Signature {
    v1::Signature {
        field: signature.field.clone(),
        sub_filter: signature.sub_filter.clone(),
        verdict: v1::Verdict::from(signature.verdict).into(),
        sub_indication: signature.sub_indication.clone(),
        reasons: signature.reasons.clone(),
        signer_kind: v1::SignerKind::from(signature.signer_kind).into(),
        signer: signature.signer.clone(),
        organisation: signature.organisation.clone(),
        issuer: signature.issuer.clone(),
        serial: signature.serial.clone(),
        certificate_sha256: signature.certificate.map(|digest| digest.0.to_vec()).unwrap_or_default().into(),
        not_before_time: signature.not_before.map(time::timestamp),
        not_after_time: signature.not_after.map(time::timestamp),
        claimed_time: signature.claimed_time.map(time::timestamp),
        proved_time: signature.proved_time.map(time::timestamp),
        digest_algorithm: signature.digest_algorithm.clone(),
        signature_algorithm: signature.signature_algorithm.clone(),
        weak_digest: signature.weak_digest,
        covers_whole_file: signature.covers_whole_file,
        intact: signature.intact,
        signing_tool: signature.signing_tool.clone(),
        weak: signature.weak.clone(),
        organisation_identifier: signature.organisation_identifier.clone(),
        evidence: signature.evidence.iter().map(evidence_to_wire).collect(),
        covers: signature.covers.clone(),
    }
}

/// The message of a piece of evidence.
pub fn evidence_to_wire(evidence: &UsedEvidence) -> v1::SignatureEvidence {
    v1::SignatureEvidence { kind: v1::EvidenceKind::from(evidence.kind).into(), sha256: evidence.digest.0.to_vec().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::agency::Tier;
    use domain::digest::Digest;
    use domain::time::Timestamp;

    #[test]
    fn a_policy_comes_back_as_it_went() {
        let rule = |issuer_tier, kind: Option<&str>, on_failed, requires| Rule {
            issuer_tier,
            kind: kind.map(|kind| KindId::parse(kind).expect("a slug")),
            on_failed,
            on_indeterminate: Action::Record,
            on_unsigned: Action::Warn,
            on_weak_digest: Action::Refuse,
            requires,
            from: None,
            until: "2026-12-31".parse().ok(),
            on_wrong_signer: Action::Refuse,
            on_wrong_order: Action::Record,
            on_unregistered: Action::Warn,
            on_attachment: Action::Refuse,
            on_destroyed: issuer_tier.map(|_| Action::Refuse),
        };
        let rules = vec![
            rule(Some(Tier::Commune), Some("cong-van"), Action::Refuse, Requirement::Both),
            rule(None, None, Action::Warn, Requirement::None),
        ];
        let request = v1::SetSignaturePolicyRequest { policy: Some(policy_to_wire(&rules)) };
        assert_eq!(policy(&request), Ok(rules));
        assert!(policy(&v1::SetSignaturePolicyRequest { policy: Some(v1::SignaturePolicy::default()) }).is_err());
    }

    #[test]
    fn a_rule_of_an_older_client_says_nothing_of_signers_and_means_the_defaults() {
        let (refuse, warn) = (v1::SignatureAction::Refuse.into(), v1::SignatureAction::Warn.into());
        let rule = v1::SignatureRule {
            on_failed: refuse,
            on_indeterminate: warn,
            on_unsigned: warn,
            on_weak_digest: warn,
            requires: v1::SignatureRequirement::None.into(),
            ..Default::default()
        };
        let rules = policy(&v1::SetSignaturePolicyRequest { policy: Some(v1::SignaturePolicy { rules: vec![rule] }) }).expect("a policy");
        let told =
            (rules[0].on_wrong_signer, rules[0].on_wrong_order, rules[0].on_unregistered, rules[0].on_attachment, rules[0].on_destroyed);
        assert_eq!(told, (Action::Warn, Action::Warn, Action::Record, Action::Record, None));
    }

    #[test]
    fn a_report_tells_where_the_signed_part_ends() {
        let report = Report {
            payload: Digest([1; 32]),
            judged_at: Timestamp::from_seconds(1_751_302_800),
            trust_version: Digest([2; 32]),
            coverage: Coverage::BytesAddedAfter { signed_end: 100, length: 130 },
            changed: Changed::Workflow,
            later_changes: vec!["object 7, which nothing uses, was added".into()],
            signatures: Vec::new(),
            faults: vec!["the cross-reference table is damaged".into()],
            remains: Vec::new(),
            producer: "Ký dấu đến".into(),
        };
        let message = to_wire(&report);
        assert_eq!((message.coverage(), message.signed_end_bytes, message.size_bytes), (v1::Coverage::BytesAddedAfter, 100, 130));
        assert_eq!(message.changed_after_signing(), v1::ChangedAfterSigning::Workflow);
        assert_eq!((&message.later_changes, &message.producer), (&report.later_changes, &report.producer));
        assert_eq!(message.payload, format!("payloads/{}", "01".repeat(32)));
        assert_eq!(message.judge_time.map(|time| time.seconds), Some(1_751_302_800));
        assert_eq!(message.trust_sha256.as_ref(), [2; 32]);
    }
}
