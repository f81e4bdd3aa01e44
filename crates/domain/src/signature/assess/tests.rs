//! What the policy makes of verdicts and of rewritten files.

use super::*;
use crate::digest::Digest;
use crate::document::KindId;
use crate::document::scene::{Letter, NOW, attachment};
use crate::signature::Requirement;
use crate::signature::SignerKind;
use crate::signature::policy::DEFAULT;
use crate::time::Timestamp;

pub(crate) fn signature(verdict: Verdict, sub_indication: &str) -> SignatureReport {
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
        is_weak_only: false,
        covers_whole_file: true,
        intact: verdict != Verdict::TotalFailed,
        signing_tool: String::new(),
        weak: Vec::new(),
        organisation_identifier: String::new(),
        value: None,
        evidence: vec![],
        covers: vec![],
    }
}

fn weak(verdict: Verdict, sub_indication: &str) -> SignatureReport {
    let is_weak_only = sub_indication.starts_with("CRYPTO_CONSTRAINTS_FAILURE");
    SignatureReport { weak_digest: true, is_weak_only, digest_algorithm: "SHA-1".into(), ..signature(verdict, sub_indication) }
}

pub(crate) fn report(coverage: Coverage, signatures: Vec<SignatureReport>) -> Report {
    Report {
        payload: Digest([0; 32]),
        judged_at: Timestamp::default(),
        trust_version: Digest([0; 32]),
        coverage,
        changed: Changed::None,
        later_changes: Vec::new(),
        signatures,
        faults: Vec::new(),
        remains: Vec::new(),
        producer: String::new(),
    }
}

/// What is told: warnings, and what the document is refused for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    warnings: Vec<String>,
    refusal: Option<(SignatureCause, Vec<String>)>,
}

fn check(rules: &[Rule], role: AttachmentRole, report: &Report) -> Told {
    let assessed = assess_one(rules, role, report, None);
    let refusal = assessed.refusal();
    let refusal = refusal.map(|(cause, findings)| (cause, findings.into_iter().map(|finding| finding.english).collect()));
    Told { warnings: assessed.warnings(), refusal }
}

fn assess_one(rules: &[Rule], role: AttachmentRole, report: &Report, original: Option<Original>) -> Assessment {
    let mut content = Letter::numbered(1, "tinh.xa", "tinh").content;
    content.attachments = vec![attachment("cv.pdf", role)];
    let submission = Submission {
        issuer_tier: Tier::Commune,
        content: &content,
        at: NOW,
        reports: std::slice::from_ref(report),
        authorised: &Authorised::default(),
        originals: &[original],
    };
    assess(rules, &submission)
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
    let sentence = "cv.pdf: the signature of Nguyễn Văn A failed (HASH_FAILURE); send the file as it was signed, or have it signed again";
    let assessed = check(&[], AttachmentRole::Appendix, &forged);
    assert_eq!(assessed.refusal, Some((SignatureCause::Invalid, vec![sentence.into()])));

    let changed = report(Coverage::BytesAddedAfter { signed_end: 90, length: 100 }, vec![signature(Verdict::TotalPassed, "")]);
    let sentence = "cv.pdf: 10 bytes were added after the last signature; send the file as it was signed";
    let assessed = check(&[], AttachmentRole::Main, &changed);
    assert_eq!(assessed.refusal, Some((SignatureCause::Invalid, vec![sentence.into()])));

    for coverage in [Coverage::NotSigned, Coverage::Destroyed, Coverage::NotPdf] {
        let unsigned = report(coverage.clone(), Vec::new());
        let assessed = check(&[], AttachmentRole::Main, &unsigned);
        assert_eq!((assessed.warnings.len(), assessed.refusal), (1, None));
        let appendix = check(&[strict()], AttachmentRole::Appendix, &unsigned);
        // Remains of signatures are told of wherever they are, and refused where a rule says so.
        assert_eq!((appendix.warnings.len(), appendix.refusal), (usize::from(coverage == Coverage::Destroyed), None));
    }

    let unknown = report(Coverage::Whole, vec![signature(Verdict::Indeterminate, "NO_CERTIFICATE_CHAIN_FOUND")]);
    assert_eq!(check(&[], AttachmentRole::Main, &unknown), Told::default());
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
            assert_eq!(check(&[], AttachmentRole::Main, &taken), Told::default());
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
    assert_eq!(check(&rules, AttachmentRole::Main, &unsigned), Told::default());
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
    assert_eq!(causes(lenient.clone(), &untrusted), Some(SignatureCause::Indeterminate));
    // Revocation data are missing too; of two grounds the verdict names the weak digest.
    let doubtful = SignatureReport { is_weak_only: false, ..weak(Verdict::Indeterminate, "CRYPTO_CONSTRAINTS_FAILURE") };
    assert_eq!(causes(lenient, &report(Coverage::Whole, vec![doubtful])), Some(SignatureCause::Indeterminate));
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

#[test]
fn a_rewritten_file_is_told_with_the_program_that_did_it_and_the_document_it_was_made_of() {
    let mut stamped = report(Coverage::Destroyed, Vec::new());
    stamped.producer = "VOffice - Ký dấu đến 2.0".into();
    let told = |rule: Rule, role, original| {
        let mut found = assess_one(&[rule], role, &stamped, original).findings;
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    };
    let finding = told(DEFAULT, AttachmentRole::Main, None);
    assert_eq!(
        (finding.reason.name(), finding.action, finding.fields),
        ("SIGNATURE_DESTROYED", Action::Warn, vec!["document.attachments[0]".into()])
    );
    assert_eq!(
        finding.english,
        "cv.pdf: was rewritten after signing by the incoming-stamp tool VOffice - Ký dấu đến 2.0, which destroyed its signatures; \
         send the file as it was signed, and stamp a copy"
    );
    assert_eq!(
        finding.vietnamese,
        "cv.pdf: đã bị ghi lại sau khi ký bởi công cụ đóng dấu đến VOffice - Ký dấu đến 2.0, chữ ký số không còn giá trị; \
         hãy gửi đúng tệp gốc đã ký, chỉ đóng dấu lên bản sao"
    );
    let original = Original { document: document::Id([1; 16]), payload: Digest([2; 32]) };
    let named = told(DEFAULT, AttachmentRole::Main, Some(original)).english;
    let advice = format!("it is a copy of documents/{}: send the original bytes, payloads/{}", document::Id([1; 16]), "02".repeat(32));
    assert!(named.ends_with(&advice), "{named}");

    // Not stated, the rule for unsigned files holds; stated, it holds for every file.
    let unsigned = Rule { on_unsigned: Action::Refuse, ..DEFAULT };
    assert_eq!(told(unsigned.clone(), AttachmentRole::Main, None).action, Action::Refuse);
    assert_eq!(told(unsigned.clone(), AttachmentRole::Appendix, None).action, Action::Warn);
    let stated = Rule { on_destroyed: Some(Action::Record), ..unsigned };
    assert_eq!(told(stated, AttachmentRole::Main, None).action, Action::Record);
    let refused = Rule { on_destroyed: Some(Action::Refuse), ..DEFAULT };
    assert_eq!(told(refused.clone(), AttachmentRole::Appendix, None).action, Action::Refuse);
    assert_eq!(causes(refused, &stamped), Some(SignatureCause::Destroyed));

    // A field that is left over fails: refused as any that failed, unless the rule says what rewritten files are worth.
    let mut with_a_field = stamped.clone();
    with_a_field.signatures = vec![signature(Verdict::TotalFailed, "FORMAT_FAILURE")];
    let reasons = |rule: Rule| {
        let found = assess_one(&[rule], AttachmentRole::Main, &with_a_field, None).findings;
        found.iter().map(|finding| (finding.reason.name(), finding.action)).collect::<Vec<_>>()
    };
    let both = |action, failed| vec![("SIGNATURE_DESTROYED", action), ("SIGNATURE_INVALID", failed)];
    assert_eq!(reasons(DEFAULT), both(Action::Refuse, Action::Refuse));
    assert_eq!(reasons(Rule { on_failed: Action::Record, ..DEFAULT }), both(Action::Warn, Action::Record));
    assert_eq!(reasons(Rule { on_destroyed: Some(Action::Warn), ..DEFAULT }), [("SIGNATURE_DESTROYED", Action::Warn)]);

    for (producer, by) in
        [("iText 5.5", " by iText 5.5,"), ("", " after signing, which"), ("KY-DAU-DEN", " incoming-stamp tool KY-DAU-DEN,")]
    {
        stamped.producer = producer.into();
        let english = assess_one(&[DEFAULT], AttachmentRole::Main, &stamped, None).findings.remove(0).english;
        assert!(english.contains(by), "{english}");
    }
}

#[test]
fn a_weak_digest_is_judged_by_the_rule_of_the_day_that_a_time_stamp_proves() {
    let day = |text: &str| Some(text.parse::<Date>().unwrap());
    let lenient = Rule { until: day("2024-12-31"), ..DEFAULT };
    let strict = Rule { on_weak_digest: Action::Refuse, ..DEFAULT };
    let cause = |proved: Option<i64>| {
        let mut signed = weak(Verdict::TotalPassed, "");
        signed.proved_time = proved.map(Timestamp::from_seconds);
        check(&[lenient.clone(), strict.clone()], AttachmentRole::Main, &report(Coverage::Whole, vec![signed]))
            .refusal
            .map(|(cause, _)| cause)
    };
    // 2024-12-31T23:59:59+07:00 and a second later; without a time stamp the day of the submission counts, which is in 2025.
    assert_eq!(cause(Some(1_735_664_399)), None);
    assert_eq!(cause(Some(1_735_664_400)), Some(SignatureCause::WeakDigest));
    assert_eq!(cause(None), Some(SignatureCause::WeakDigest));
}

#[test]
fn a_signature_file_alone_is_no_document_and_one_behind_its_file_signs_it() {
    let content = |files: &[(&str, AttachmentRole)]| {
        let mut content = Letter::numbered(1, "tinh.xa", "tinh").content;
        content.attachments = files.iter().map(|(name, role)| attachment(name, *role)).collect();
        content
    };
    let reasons = |files: &[(&str, AttachmentRole)], reports: &[Report]| -> Vec<&'static str> {
        let authorised = Authorised::default();
        let submission =
            Submission { issuer_tier: Tier::Commune, content: &content(files), at: NOW, reports, authorised: &authorised, originals: &[] };
        let found = assess(&[Rule { requires: Requirement::Personal, ..DEFAULT }], &submission).findings;
        found.iter().filter(|finding| finding.reason != Reason::IssuerNotRegistered).map(|finding| finding.reason.name()).collect()
    };
    let (main, detached) = (AttachmentRole::Main, AttachmentRole::DetachedSignature);
    let no_pdf = || report(Coverage::NotPdf, vec![]);
    assert_eq!(reasons(&[("cv.docx.p7s", main)], &[no_pdf()]), ["SIGNATURE_WITHOUT_CONTENT"]);
    assert_eq!(reasons(&[("cv.docx", main)], &[no_pdf()]), ["SIGNATURE_MISSING"]);
    let beside = report(Coverage::Whole, vec![signature(Verdict::TotalPassed, "")]);
    assert_eq!(reasons(&[("cv.docx", main), ("cv.p7s", detached)], &[no_pdf(), beside]), Vec::<&str>::new());
    let other = report(Coverage::BytesAddedAfter { signed_end: 0, length: 9 }, vec![signature(Verdict::TotalFailed, "HASH_FAILURE")]);
    let told = reasons(&[("cv.docx", main), ("cv.p7s", detached)], &[no_pdf(), other]);
    assert_eq!(told, ["SIGNATURE_MISSING", "SIGNATURE_INVALID"]);
}

#[test]
fn a_file_that_only_bears_a_time_stamp_is_not_signed() {
    let stamp = SignatureReport { sub_filter: "ETSI.RFC3161".into(), ..signature(Verdict::TotalPassed, "") };
    let added = Coverage::BytesAddedAfter { signed_end: 5, length: 9 };
    for (coverage, changed) in [(Coverage::Whole, Changed::None), (added, Changed::Permitted)] {
        let with = |signatures| Report { changed, ..report(coverage.clone(), signatures) };
        let stamped = with(vec![stamp.clone()]);
        assert_eq!(causes(strict(), &stamped), Some(SignatureCause::Unsigned));
        let warning = Rule { on_unsigned: Action::Warn, ..DEFAULT };
        let told = ["cv.pdf: bears a time stamp and nobody's signature; have it signed and send it again"];
        assert_eq!(check(std::slice::from_ref(&warning), AttachmentRole::Main, &stamped).warnings, told);
        assert_eq!(check(&[warning], AttachmentRole::Appendix, &stamped), Told::default());
        let signed = with(vec![signature(Verdict::TotalPassed, ""), stamp.clone()]);
        assert_eq!(causes(Rule { requires: Requirement::None, ..strict() }, &signed), None);
    }
}
