//! What the policy makes of the verdicts on a document's files.

use super::{Action, Changed, Coverage, Report, Requirement, Rule, SignatureReport, SignerKind, Verdict};
use crate::agency::Tier;
use crate::document::{AttachmentRole, KindId};
use crate::refusal::SignatureCause;

/// What the policy makes of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    /// What the document is taken with, in sentences that name the file.
    pub warnings: Vec<String>,
    /// The gravest cause and all sentences, if the document is refused.
    pub refusal: Option<(SignatureCause, Vec<String>)>,
}

/// Changes after signing that a sentence tells of.
const TOLD_CHANGES: usize = 3;

/// Where no rule matches: a forged file is refused, an unsigned one is taken with a warning, anything else is recorded.
const DEFAULT: Rule = Rule {
    issuer_tier: None,
    kind: None,
    on_failed: Action::Refuse,
    on_indeterminate: Action::Record,
    on_unsigned: Action::Warn,
    on_weak_digest: Action::Record,
    requires: Requirement::None,
};

/// Applies the first rule that matches the issuer's tier and the document's kind to the verdicts on its files, each with the
/// file's name.
pub fn assess(rules: &[Rule], issuer_tier: Tier, kind: &KindId, reports: &[(AttachmentRole, String, &Report)]) -> Assessment {
    let rule = rules
        .iter()
        .find(|rule| rule.issuer_tier.is_none_or(|tier| tier == issuer_tier) && rule.kind.as_ref().is_none_or(|only| only == kind))
        .unwrap_or(&DEFAULT);
    let mut assessment = Assessment::default();
    for (role, file, report) in reports {
        assess_coverage(&mut assessment, rule, *role, file, report);
        for signature in &report.signatures {
            assess_signature(&mut assessment, rule, file, signature);
        }
        if *role == AttachmentRole::Main && is_signed(report) {
            assess_signers(&mut assessment, rule, file, report);
        }
    }
    assessment
}

fn assess_coverage(assessment: &mut Assessment, rule: &Rule, role: AttachmentRole, file: &str, report: &Report) {
    let unsigned = match &report.coverage {
        Coverage::Whole | Coverage::BytesAddedAfter { .. } if report.changed == Changed::Unexplained => {
            let changes: Vec<&str> = report.later_changes.iter().take(TOLD_CHANGES).map(String::as_str).collect();
            let sentence = format!("{file}: was changed after it was signed ({}); send the file as it was signed", changes.join(", "));
            return assessment.note(rule.on_failed, SignatureCause::Invalid, sentence);
        }
        Coverage::Whole => return,
        // A time stamp, validation data or what a signing program leaves behind follows; and no signature that is not vouched for.
        Coverage::BytesAddedAfter { .. } if report.changed != Changed::None && report.signatures.iter().all(is_sound) => return,
        Coverage::BytesAddedAfter { signed_end, length } => {
            let added = length.saturating_sub(*signed_end);
            let sentence = format!("{file}: {added} bytes were added after the last signature; send the file as it was signed");
            return assessment.note(rule.on_failed, SignatureCause::Invalid, sentence);
        }
        Coverage::NotSigned => "is not signed; have it signed and send it again",
        Coverage::Destroyed => "was rewritten after signing, which destroyed its signatures; send the file as it was signed",
        Coverage::NotPdf => "is not a PDF and has no detached signature beside it; sign it or send the signed PDF",
    };
    match role {
        AttachmentRole::Main => assessment.note(rule.on_unsigned, SignatureCause::Unsigned, format!("{file}: {unsigned}")),
        AttachmentRole::Appendix | AttachmentRole::DetachedSignature => {}
    }
}

fn assess_signature(assessment: &mut Assessment, rule: &Rule, file: &str, signature: &SignatureReport) {
    let who = if signature.signer.is_empty() { &signature.field } else { &signature.signer };
    let why = if signature.reasons.is_empty() { signature.sub_indication.clone() } else { signature.reasons.join(", ") };
    match signature.verdict {
        Verdict::TotalFailed => {
            let sentence =
                format!("{file}: the signature of {who} failed ({why}); send the file as it was signed, or have it signed again");
            assessment.note(rule.on_failed, SignatureCause::Invalid, sentence);
        }
        Verdict::Indeterminate if !is_only_weak(signature) => {
            let sentence = format!(
                "{file}: the signature of {who} cannot be judged ({why}); ask the administrator of the hub whether its certificate authority is trusted here"
            );
            assessment.note(rule.on_indeterminate, SignatureCause::Indeterminate, sentence);
        }
        Verdict::Indeterminate | Verdict::TotalPassed if signature.weak_digest => {
            let algorithm = if signature.digest_algorithm.is_empty() { "a weak digest" } else { &signature.digest_algorithm };
            let sentence = format!("{file}: the signature of {who} uses {algorithm}, which is weak; sign with SHA-256");
            assessment.note(rule.on_weak_digest, SignatureCause::WeakDigest, sentence);
        }
        Verdict::Indeterminate | Verdict::TotalPassed => {}
    }
}

fn is_sound(signature: &SignatureReport) -> bool {
    signature.verdict == Verdict::TotalPassed || (signature.verdict == Verdict::Indeterminate && is_only_weak(signature))
}

/// EN 319 102-1, 5.1.3: `CRYPTO_CONSTRAINTS_FAILURE` and its `_NO_POE` form are what a weak algorithm alone leads to.
fn is_only_weak(signature: &SignatureReport) -> bool {
    signature.weak_digest && signature.sub_indication.starts_with("CRYPTO_CONSTRAINTS_FAILURE")
}

fn is_signed(report: &Report) -> bool {
    matches!(report.coverage, Coverage::Whole | Coverage::BytesAddedAfter { .. })
}

fn assess_signers(assessment: &mut Assessment, rule: &Rule, file: &str, report: &Report) {
    let signed_by = |kind| report.signatures.iter().any(|s| s.signer_kind == kind && s.verdict != Verdict::TotalFailed);
    let (person, organisation) = match rule.requires {
        Requirement::None => (false, false),
        Requirement::Personal => (true, false),
        Requirement::Organisation => (false, true),
        Requirement::Both => (true, true),
    };
    if person && !signed_by(SignerKind::Person) {
        let sentence = format!("{file}: the signature of the person who signed is missing; have it signed by the person");
        assessment.note(rule.on_unsigned, SignatureCause::Unsigned, sentence);
    }
    if organisation && !signed_by(SignerKind::Organisation) {
        let sentence = format!("{file}: the signature of the organisation is missing; have the clerical office sign it");
        assessment.note(rule.on_unsigned, SignatureCause::Unsigned, sentence);
    }
}

impl Assessment {
    fn note(&mut self, action: Action, cause: SignatureCause, sentence: String) {
        match action {
            Action::Record => {}
            Action::Warn => self.warnings.push(sentence),
            Action::Refuse => {
                let (gravest, sentences) = self.refusal.get_or_insert_with(|| (cause, Vec::new()));
                *gravest = cause.max(*gravest);
                sentences.push(sentence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::time::Timestamp;

    fn signature(verdict: Verdict, sub_indication: &str) -> SignatureReport {
        SignatureReport {
            field: "Signature1".into(),
            sub_filter: "adbe.pkcs7.detached".into(),
            verdict,
            sub_indication: sub_indication.into(),
            reasons: Vec::new(),
            signer_kind: SignerKind::Person,
            signer: "Nguyễn Văn A".into(),
            organisation: String::new(),
            issuer: String::new(),
            serial: "01".into(),
            certificate: None,
            not_before: None,
            not_after: None,
            claimed_time: None,
            proved_time: None,
            digest_algorithm: "SHA-256".into(),
            signature_algorithm: "RSA".into(),
            weak_digest: false,
            covers_whole_file: true,
            evidence: vec![],
            covers: vec![],
        }
    }

    fn weak(verdict: Verdict, sub_indication: &str) -> SignatureReport {
        SignatureReport { weak_digest: true, digest_algorithm: "SHA-1".into(), ..signature(verdict, sub_indication) }
    }

    fn report(coverage: Coverage, signatures: Vec<SignatureReport>) -> Report {
        Report {
            payload: Digest([0; 32]),
            judged_at: Timestamp::default(),
            trust_version: Digest([0; 32]),
            coverage,
            changed: Changed::None,
            later_changes: Vec::new(),
            signatures,
            faults: Vec::new(),
        }
    }

    fn check(rules: &[Rule], role: AttachmentRole, report: &Report) -> Assessment {
        let kind = KindId::parse("cong-van").unwrap();
        assess(rules, Tier::Commune, &kind, &[(role, "cv.pdf".into(), report)])
    }

    fn strict() -> Rule {
        Rule {
            on_indeterminate: Action::Refuse,
            on_unsigned: Action::Refuse,
            on_weak_digest: Action::Refuse,
            requires: Requirement::Both,
            ..DEFAULT
        }
    }

    fn causes(rule: Rule, report: &Report) -> Option<SignatureCause> {
        check(&[rule], AttachmentRole::Main, report).refusal.map(|(cause, _)| cause)
    }

    #[test]
    fn without_rules_a_forged_file_is_refused_and_an_unsigned_one_warned_of() {
        let forged = report(Coverage::Whole, vec![signature(Verdict::TotalFailed, "HASH_FAILURE")]);
        let sentence =
            "cv.pdf: the signature of Nguyễn Văn A failed (HASH_FAILURE); send the file as it was signed, or have it signed again";
        let assessed = check(&[], AttachmentRole::Appendix, &forged);
        assert_eq!(assessed.refusal, Some((SignatureCause::Invalid, vec![sentence.into()])));

        let changed = report(Coverage::BytesAddedAfter { signed_end: 90, length: 100 }, vec![signature(Verdict::TotalPassed, "")]);
        let sentence = "cv.pdf: 10 bytes were added after the last signature; send the file as it was signed";
        let assessed = check(&[], AttachmentRole::Main, &changed);
        assert_eq!(assessed.refusal, Some((SignatureCause::Invalid, vec![sentence.into()])));

        for coverage in [Coverage::NotSigned, Coverage::Destroyed, Coverage::NotPdf] {
            let unsigned = report(coverage, Vec::new());
            let assessed = check(&[], AttachmentRole::Main, &unsigned);
            assert_eq!((assessed.warnings.len(), assessed.refusal), (1, None));
            assert_eq!(check(&[strict()], AttachmentRole::Appendix, &unsigned), Assessment::default());
        }

        let unknown = report(Coverage::Whole, vec![signature(Verdict::Indeterminate, "NO_CERTIFICATE_CHAIN_FOUND")]);
        assert_eq!(check(&[], AttachmentRole::Main, &unknown), Assessment::default());
    }

    #[test]
    fn a_change_between_two_good_signatures_is_refused_and_what_signing_brings_is_not() {
        let good = || signature(Verdict::TotalPassed, "");
        let with = |coverage, changed, signatures| Report {
            changed,
            later_changes: vec!["a page's /Contents was changed".into()],
            ..report(coverage, signatures)
        };
        let added = Coverage::BytesAddedAfter { signed_end: 90, length: 100 };
        for coverage in [Coverage::Whole, added.clone()] {
            let sentence = "cv.pdf: was changed after it was signed (a page's /Contents was changed); send the file as it was signed";
            let assessed = check(&[], AttachmentRole::Main, &with(coverage.clone(), Changed::Unexplained, vec![good(), good()]));
            assert_eq!(assessed.refusal, Some((SignatureCause::Invalid, vec![sentence.into()])));
            for changed in [Changed::Permitted, Changed::Workflow] {
                let taken = with(coverage.clone(), changed, vec![good(), weak(Verdict::Indeterminate, "CRYPTO_CONSTRAINTS_FAILURE")]);
                assert_eq!(check(&[], AttachmentRole::Main, &taken), Assessment::default());
            }
        }
        // A signature that nobody vouches for, on top of the last good one, is no lawful addition.
        let stranger = signature(Verdict::Indeterminate, "NO_CERTIFICATE_CHAIN_FOUND");
        let topped = with(added, Changed::Permitted, vec![good(), stranger]);
        assert_eq!(causes(DEFAULT, &topped), Some(SignatureCause::Invalid));
    }

    #[test]
    fn the_first_matching_rule_decides() {
        let unsigned = report(Coverage::NotSigned, Vec::new());
        let other_tier = Rule { issuer_tier: Some(Tier::Province), ..strict() };
        let other_kind = Rule { kind: KindId::parse("quyet-dinh").ok(), ..strict() };
        let this = Rule { issuer_tier: Some(Tier::Commune), kind: KindId::parse("cong-van").ok(), on_unsigned: Action::Record, ..DEFAULT };
        let rules = [other_tier, other_kind, this, strict()];
        assert_eq!(check(&rules, AttachmentRole::Main, &unsigned), Assessment::default());
        let refused = check(&rules[..2], AttachmentRole::Main, &unsigned);
        assert_eq!((refused.warnings.len(), refused.refusal), (1, None), "the default decides where no rule matches");
    }

    #[test]
    fn a_signature_that_is_only_weak_is_treated_as_weak() {
        let only_weak = report(Coverage::Whole, vec![weak(Verdict::Indeterminate, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")]);
        let lenient = Rule { on_indeterminate: Action::Refuse, ..DEFAULT };
        assert_eq!(causes(lenient.clone(), &only_weak), None);
        let warning = Rule { on_weak_digest: Action::Warn, ..DEFAULT };
        let warnings = check(&[warning], AttachmentRole::Main, &only_weak).warnings;
        assert_eq!(warnings, ["cv.pdf: the signature of Nguyễn Văn A uses SHA-1, which is weak; sign with SHA-256"]);
        let untrusted = report(Coverage::Whole, vec![weak(Verdict::Indeterminate, "NO_CERTIFICATE_CHAIN_FOUND")]);
        assert_eq!(causes(lenient, &untrusted), Some(SignatureCause::Indeterminate));
    }

    #[test]
    fn required_signatures_that_are_missing_count_as_unsigned() {
        let organisation = SignatureReport { signer_kind: SignerKind::Organisation, ..signature(Verdict::TotalPassed, "") };
        let person = signature(Verdict::TotalPassed, "");
        let failed = signature(Verdict::TotalFailed, "HASH_FAILURE");
        let unsigned = Some(SignatureCause::Unsigned);
        for (requires, signatures, cause) in [
            (Requirement::Both, vec![person.clone(), organisation.clone()], None),
            (Requirement::Both, vec![person.clone()], unsigned),
            (Requirement::Personal, vec![organisation.clone()], unsigned),
            (Requirement::Personal, vec![person.clone()], None),
            (Requirement::Organisation, vec![person], unsigned),
            (Requirement::Organisation, vec![organisation.clone()], None),
            (Requirement::None, vec![organisation.clone()], None),
        ] {
            let rule = Rule { requires, ..strict() };
            assert_eq!(causes(rule, &report(Coverage::Whole, signatures)), cause, "{requires:?}");
        }
        // The gravest cause is the one that is named, and every sentence is told.
        let both = check(&[strict()], AttachmentRole::Main, &report(Coverage::Whole, vec![organisation, failed]));
        assert_eq!(both.refusal.map(|(cause, reasons)| (cause, reasons.len())), Some((SignatureCause::Invalid, 2)));
    }
}
