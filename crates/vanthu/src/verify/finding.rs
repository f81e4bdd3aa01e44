//! What is told of one file: the `signature` crate's report as the names of the interface, one small function for each.

use serde::Serialize;
use signature::{ChangeLevel, Coverage, DocumentReport, SignatureReport, SignerKind, SubIndication, Verdict, VisibleMark, Weakness, mask};

use crate::verify::moment;
use crate::verify::reason::Refusal;
use crate::verify::signers::{self, SignerFinding};

/// One file, as `--json` prints it. The names are an interface: README.md documents them.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) file: String,
    pub(crate) summary: Summary,
    pub(crate) changed_after_signing: Changed,
    pub(crate) reasons: Vec<String>,
    pub(crate) signatures: Vec<SignatureFinding>,
    /// Who signed, how often and when.
    pub(crate) signers: Vec<SignerFinding>,
    /// The program that wrote the file anew after it was signed, where that destroyed the signatures.
    pub(crate) rewritten_by: Option<String>,
    /// Why the file was not judged, for the report in the reader's language.
    #[serde(skip)]
    pub(crate) refusal: Option<Refusal>,
    #[serde(skip)]
    pub(crate) is_destroyed: bool,
}

/// The verdict on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Summary {
    /// Every signature passed, and nothing unexplained follows.
    Passed,
    Indeterminate,
    Failed,
    NotSigned,
    Unreadable,
}

impl Summary {
    /// From the best to the worst that a reader may meet.
    pub(crate) const ALL: [Self; 5] = [Self::Passed, Self::NotSigned, Self::Indeterminate, Self::Failed, Self::Unreadable];

    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Indeterminate => 1,
            Self::Failed => 2,
            Self::NotSigned => 3,
            Self::Unreadable => crate::verify::UNREADABLE,
        }
    }
}

/// What happened to the file after it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Changed {
    None,
    /// What the signers permitted.
    Permitted,
    /// Ordinary signing by the next in line, beyond what a strict reading permits.
    Workflow,
    Unexplained,
}

/// One signature.
#[derive(Debug, Serialize)]
pub(crate) struct SignatureFinding {
    pub(crate) field: String,
    pub(crate) kind: String,
    pub(crate) intact: bool,
    pub(crate) indication: &'static str,
    pub(crate) sub_indication: Option<&'static str>,
    pub(crate) reasons: Vec<String>,
    pub(crate) signer: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) claimed_time: Option<String>,
    pub(crate) proved_time: Option<String>,
    pub(crate) covers_whole_file: bool,
    pub(crate) weak: bool,
    pub(crate) weaknesses: Vec<WeaknessFinding>,
    pub(crate) signing_tool: Option<String>,
    pub(crate) mark: Option<&'static str>,
    /// What only the report for people says.
    #[serde(skip)]
    pub(crate) details: Details,
}

/// What is weak, and until when it counted as sound.
#[derive(Debug, Serialize)]
pub(crate) struct WeaknessFinding {
    pub(crate) algorithm: String,
    pub(crate) used_for: &'static str,
    pub(crate) acceptable_until: Option<String>,
}

/// The rest of a signature's report, for people.
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) verdict: Verdict,
    pub(crate) common_name: String,
    pub(crate) organisation: String,
    pub(crate) signer_kind: SignerKind,
    pub(crate) claimed_time: Option<i64>,
    pub(crate) proved_time: Option<i64>,
    pub(crate) digest_algorithm: String,
    pub(crate) signed_end: Option<u64>,
    pub(crate) is_document_timestamp: bool,
    pub(crate) is_weak_only: bool,
    pub(crate) mark: Option<VisibleMark>,
}

impl Finding {
    pub(crate) fn of_report(file: String, report: &DocumentReport) -> Self {
        Self {
            file,
            summary: summary(report),
            changed_after_signing: changed(report),
            reasons: report.faults.iter().map(|fault| mask::schemes(fault)).chain(changes(report)).collect(),
            signatures: report.signatures.iter().map(signature).collect(),
            signers: signers::of_report(report),
            rewritten_by: report.rewritten_by.as_deref().map(mask::schemes),
            refusal: None,
            is_destroyed: report.coverage == Coverage::Destroyed,
        }
    }

    pub(crate) fn of_refusal(file: String, refusal: Refusal) -> Self {
        let summary = match refusal {
            // EN 319 102-1, table 6, SIGNED_DATA_NOT_FOUND: indeterminate, for the content may turn up.
            Refusal::ContentMissing { .. } => Summary::Indeterminate,
            Refusal::UnsignedXml => Summary::NotSigned,
            _ => Summary::Unreadable,
        };
        Self {
            file,
            summary,
            changed_after_signing: Changed::None,
            reasons: vec![refusal.to_string()],
            signatures: Vec::new(),
            signers: Vec::new(),
            rewritten_by: None,
            refusal: Some(refusal),
            is_destroyed: false,
        }
    }

    /// The object on a line of its own, whatever characters a file or a name in it carries.
    pub(crate) fn json(&self) -> String {
        // A structure of strings, numbers and lists has nothing that JSON cannot write.
        let text = serde_json::to_string(self).unwrap_or_default();
        let mut line = String::with_capacity(text.len() + 1);
        for letter in text.chars() {
            // JSON lets these stand in a string; readers of lines and terminals take them for ends and commands.
            if matches!(letter, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}') {
                line.push_str(&format!("\\u{:04x}", u32::from(letter)));
            } else {
                line.push(letter);
            }
        }
        line.push('\n');
        line
    }
}

fn summary(report: &DocumentReport) -> Summary {
    let any = |verdict| report.signatures.iter().any(|one| one.verdict == verdict);
    match report.coverage {
        _ if is_unreadable(report) => Summary::Unreadable,
        Coverage::NotSigned if report.signatures.is_empty() => Summary::NotSigned,
        _ if any(Verdict::TotalFailed) || changed(report) == Changed::Unexplained => Summary::Failed,
        // A fault of the document, such as signatures beyond the limit, means that something was not judged.
        _ if covers_a_part(report) => Summary::Indeterminate,
        _ if any(Verdict::Indeterminate) || report.signatures.is_empty() || !report.faults.iter().all(|fault| is_remark(fault)) => {
            Summary::Indeterminate
        }
        _ => Summary::Passed,
    }
}

/// Evidence that says nothing leaves no signature unjudged: whether one can do without it, its own verdict says.
fn is_remark(fault: &str) -> bool {
    fault.ends_with("entries of the document security store are unreadable or too many")
        || fault.contains(" is an archive time stamp that proves nothing: ")
}

/// No signature was found, and a file that cannot be read may hold anything: it is not called unsigned.
pub(crate) fn is_unreadable(report: &DocumentReport) -> bool {
    let is_damaged = report.faults.iter().any(|fault| fault.starts_with("the structure of the file is unreadable"));
    report.coverage == Coverage::NotPdf || (report.coverage == Coverage::NotSigned && report.signatures.is_empty() && is_damaged)
}

fn changed(report: &DocumentReport) -> Changed {
    match (report.coverage, report.changed_after_signing) {
        (Coverage::Destroyed, _) => Changed::Unexplained,
        (Coverage::BytesAddedAfter { .. }, ChangeLevel::None) if !covers_a_part(report) => Changed::Unexplained,
        (_, ChangeLevel::None) => Changed::None,
        (_, ChangeLevel::Permitted) => Changed::Permitted,
        (_, ChangeLevel::Workflow) => Changed::Workflow,
        (_, ChangeLevel::Unexplained) => Changed::Unexplained,
    }
}

/// Nothing was added later: the signatures of an XML document or a container leave something out.
fn covers_a_part(report: &DocumentReport) -> bool {
    let is_short = matches!(report.coverage, Coverage::BytesAddedAfter { .. }) && report.changed_after_signing == ChangeLevel::None;
    is_short && report.signatures.iter().any(|one| one.verdict != Verdict::TotalFailed)
}

/// Time stamps vouch for no content: anybody can have anything stamped.
fn is_only_stamped(report: &DocumentReport) -> bool {
    !report.signatures.is_empty() && report.signatures.iter().all(|one| one.is_document_timestamp)
}

/// What was done after signing, beyond what the signatures themselves permit.
fn changes(report: &DocumentReport) -> impl Iterator<Item = String> {
    let beyond = report.later_changes.iter().filter(|change| change.level > ChangeLevel::Permitted);
    let part = covers_a_part(report).then(|| "the signatures do not cover the whole document".to_owned());
    let stamped = is_only_stamped(report).then(|| "the document bears a time stamp and nobody's signature".to_owned());
    part.into_iter().chain(stamped).chain(beyond.map(|change| mask::schemes(&change.what)))
}

fn signature(report: &SignatureReport) -> SignatureFinding {
    SignatureFinding {
        field: report.field.clone(),
        kind: report.sub_filter.clone(),
        intact: report.intact,
        indication: report.verdict.name(),
        sub_indication: report.sub_indication.map(SubIndication::name),
        reasons: reasons(report),
        signer: report.signer.as_ref().map(|facts| masked(report, &facts.subject)),
        issuer: report.signer.as_ref().map(|facts| mask::schemes(&facts.issuer)),
        serial: report.signer.as_ref().map(|facts| facts.serial.clone()),
        claimed_time: report.claimed_time.and_then(moment::rfc3339),
        proved_time: report.proved_time.and_then(moment::rfc3339),
        covers_whole_file: report.covers_whole_file,
        weak: weak(report),
        weaknesses: report.weak.iter().map(weakness).collect(),
        signing_tool: report.signing_tool.as_deref().map(mask::schemes),
        mark: report.mark.map(|mark| mark.kind.name()),
        details: details(report),
    }
}

fn weakness(weakness: &Weakness) -> WeaknessFinding {
    WeaknessFinding {
        algorithm: weakness.algorithm.to_string(),
        used_for: weakness.used_for.name(),
        acceptable_until: weakness.acceptable_until.and_then(moment::rfc3339),
    }
}

/// SHA-1 or a key too short, in the signature or among its certificates.
fn weak(report: &SignatureReport) -> bool {
    report.weak_digest || !report.weak.is_empty()
}

/// The common name of a person may carry an identifier, and reasons quote common names.
fn reasons(report: &SignatureReport) -> Vec<String> {
    let name = report.signer.as_ref().map(|facts| facts.common_name.as_str()).filter(|name| !name.is_empty());
    let without_name = |reason: &String| name.map_or_else(|| reason.clone(), |name| reason.replace(name, &masked(report, name)));
    report.reasons.iter().map(|reason| mask::schemes(&without_name(reason))).collect()
}

fn masked(report: &SignatureReport, text: &str) -> String {
    match report.signer_kind {
        // Its tax code is public, and how it is told apart from others.
        SignerKind::Organisation => mask::citizens(text),
        SignerKind::Person | SignerKind::Unknown => mask::numbers(text),
    }
}

fn details(report: &SignatureReport) -> Details {
    let name = |text: &str| masked(report, text);
    Details {
        verdict: report.verdict,
        common_name: report.signer.as_ref().map(|facts| name(&facts.common_name)).unwrap_or_default(),
        organisation: report.signer.as_ref().map(|facts| name(&facts.organisation)).unwrap_or_default(),
        signer_kind: report.signer_kind,
        claimed_time: report.claimed_time,
        proved_time: report.proved_time,
        digest_algorithm: report.digest_algorithm.clone(),
        signed_end: report.byte_range.and_then(|[_, _, start, length]| start.checked_add(length)),
        is_document_timestamp: report.is_document_timestamp,
        is_weak_only: report.is_weak_only,
        mark: report.mark,
    }
}

#[cfg(test)]
mod tests {
    use signature::{Algorithm, AlgorithmUse, CertificateFacts, SignerGroup};

    use super::*;

    fn one(verdict: Verdict, sub_indication: Option<SubIndication>) -> SignatureReport {
        SignatureReport {
            field: "Sig1".into(),
            sub_filter: "adbe.pkcs7.detached".into(),
            verdict,
            sub_indication,
            reasons: Vec::new(),
            intact: true,
            signer: Some(CertificateFacts {
                subject: "UID=CCCD:***78, CN=Nguyễn Văn A 096012345678".into(),
                common_name: "Nguyễn Văn A 096012345678".into(),
                organisation: "Sở A".into(),
                organisation_identifier: None,
                issuer: "CN=CA".into(),
                serial: "0102".into(),
                not_before: 0,
                not_after: 1,
                sha256: [0; 32],
            }),
            signer_kind: SignerKind::Person,
            claimed_time: Some(1_676_515_129),
            proved_time: None,
            digest_algorithm: "SHA-256".into(),
            signature_algorithm: "Ed25519".into(),
            weak_digest: false,
            weak: Vec::new(),
            is_weak_only: false,
            signing_tool: None,
            mark: None,
            value_sha256: None,
            byte_range: Some([0, 10, 20, 5]),
            evidence: Vec::new(),
            covers_whole_file: true,
            is_document_timestamp: false,
        }
    }

    fn passed() -> SignatureReport {
        one(Verdict::TotalPassed, None)
    }

    fn report(coverage: Coverage, signatures: Vec<SignatureReport>, faults: &[&str]) -> DocumentReport {
        let faults = faults.iter().map(|fault| (*fault).to_owned()).collect();
        let (later_changes, signers) = (Vec::new(), Vec::new());
        let changed_after_signing = ChangeLevel::None;
        DocumentReport {
            coverage,
            signatures,
            faults,
            changed_after_signing,
            later_changes,
            rewritten_by: None,
            signers,
            encryption: signature::Encryption::None,
            remains: Vec::new(),
        }
    }

    #[test]
    fn the_summary_is_that_of_the_worst_thing_known() {
        let added = Coverage::BytesAddedAfter { signed_end: 25, length: 30 };
        let doubtful = || one(Verdict::Indeterminate, Some(SubIndication::TryLater));
        let failed = || one(Verdict::TotalFailed, Some(SubIndication::HashFailure));
        for (coverage, signatures, faults, expected, code) in [
            (Coverage::Whole, vec![passed(), passed()], vec![], Summary::Passed, 0),
            (Coverage::Whole, vec![passed(), doubtful()], vec![], Summary::Indeterminate, 1),
            (Coverage::Whole, vec![passed(), doubtful(), failed()], vec![], Summary::Failed, 2),
            (Coverage::Whole, vec![passed()], vec!["the document has 3 more signatures than are judged"], Summary::Indeterminate, 1),
            (Coverage::Whole, vec![passed()], vec!["22 bytes stand in front of the PDF header"], Summary::Indeterminate, 1),
            (
                Coverage::Whole,
                vec![passed()],
                vec!["2 entries of the document security store are unreadable or too many"],
                Summary::Passed,
                0,
            ),
            (Coverage::Whole, vec![passed()], vec!["META-INF/a.tst is an archive time stamp that proves nothing: x"], Summary::Passed, 0),
            (added, vec![passed()], vec![], Summary::Indeterminate, 1),
            (Coverage::Destroyed, vec![], vec!["remains"], Summary::Failed, 2),
            (Coverage::NotSigned, vec![], vec![], Summary::NotSigned, 3),
            (Coverage::NotSigned, vec![], vec!["the document is encrypted"], Summary::NotSigned, 3),
            (Coverage::NotSigned, vec![failed()], vec!["the CMS is unreadable"], Summary::Failed, 2),
            (Coverage::NotSigned, vec![], vec!["the structure of the file is unreadable: loop"], Summary::Unreadable, 4),
            (Coverage::NotPdf, vec![], vec!["the file has no PDF header"], Summary::Unreadable, 4),
        ] {
            let report = report(coverage, signatures, &faults);
            assert_eq!(summary(&report), expected, "{report:?}");
            assert_eq!(summary(&report).exit_code(), code);
            assert_eq!(changed(&report) == Changed::Unexplained, matches!(coverage, Coverage::Destroyed));
        }
    }

    #[test]
    fn a_signature_that_cannot_be_judged_is_no_change_of_what_it_signs() {
        let short = Coverage::BytesAddedAfter { signed_end: 0, length: 30 };
        let unsupported = || one(Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailure));
        let undecided = report(short, vec![unsupported()], &[]);
        assert_eq!((changed(&undecided), summary(&undecided)), (Changed::None, Summary::Indeterminate));
        let broken = report(short, vec![one(Verdict::TotalFailed, Some(SubIndication::HashFailure))], &[]);
        assert_eq!((changed(&broken), summary(&broken)), (Changed::Unexplained, Summary::Failed));
    }

    #[test]
    fn a_change_is_told_by_its_level_and_only_an_unexplained_one_fails_the_file() {
        let added = Coverage::BytesAddedAfter { signed_end: 25, length: 30 };
        for (coverage, level, expected, summed, told) in [
            (Coverage::Whole, ChangeLevel::Permitted, Changed::Permitted, Summary::Passed, 0),
            (added, ChangeLevel::Permitted, Changed::Permitted, Summary::Passed, 0),
            (added, ChangeLevel::Workflow, Changed::Workflow, Summary::Passed, 1),
            (Coverage::Whole, ChangeLevel::Unexplained, Changed::Unexplained, Summary::Failed, 1),
            (Coverage::Destroyed, ChangeLevel::None, Changed::Unexplained, Summary::Failed, 1),
        ] {
            let what = "object 7, which nothing uses, was added".to_owned();
            let mut report = report(coverage, vec![passed()], &[]);
            report.changed_after_signing = level;
            report.later_changes = vec![signature::LaterChange { signed_end: 25, level, what }];
            assert_eq!((changed(&report), summary(&report)), (expected, summed), "{report:?}");
            let finding = Finding::of_report("a.pdf".into(), &report);
            assert!(finding.reasons.len() == told || coverage == Coverage::Destroyed, "{finding:?}");
        }
    }

    #[test]
    fn what_the_policy_calls_weak_is_weak_even_where_the_digest_is_sound() {
        let short = Weakness { algorithm: Algorithm::Rsa(1024), used_for: AlgorithmUse::SignatureValue, acceptable_until: None };
        assert!(weak(&SignatureReport { weak_digest: true, ..passed() }) && !weak(&passed()));
        assert!(weak(&SignatureReport { weak: vec![short], ..passed() }));
    }

    #[test]
    fn a_clerk_is_told_who_is_to_blame() {
        let told = |indication, reason: &str| {
            let failed = SignatureReport { reasons: vec![reason.to_owned()], intact: false, ..one(Verdict::TotalFailed, Some(indication)) };
            let finding = Finding::of_report("a.pdf".into(), &report(Coverage::Whole, vec![failed], &[]));
            crate::verify::text::report(&finding, crate::verify::Language::Vi)
        };
        let changed = "nội dung đã bị thay đổi sau khi ký";
        let spoiled = "the signed digest is damaged: the signing program passed it through text, and the content is what it was";
        let text = told(SubIndication::HashFailure, spoiled);
        assert!(!text.to_lowercase().contains(changed) && text.contains("cần ký lại. [TOTAL_FAILED / HASH_FAILURE]"), "{text}");
        let text = told(SubIndication::HashFailure, "the digest of the content is not the signed one: the content was changed");
        assert!(text.contains("KHÔNG HỢP LỆ: nội dung đã bị thay đổi sau khi ký."), "{text}");
        let own = "the certificate's key made the signature value, but over something else: what it signed was changed";
        let text = told(SubIndication::SigCryptoFailure, own);
        assert!(text.contains("Phần được ký đã bị thay đổi sau khi ký. [TOTAL_FAILED / SIG_CRYPTO_FAILURE]"), "{text}");
        let text = told(SubIndication::SigCryptoFailure, "the signature value does not fit the key");
        assert!(text.contains("Chữ ký không phải do chứng thư này tạo ra."), "{text}");
    }

    #[test]
    fn a_time_stamp_alone_is_not_told_as_somebodys_signature() {
        let stamp = || SignatureReport { is_document_timestamp: true, ..passed() };
        let told = |signatures| {
            let finding = Finding::of_report("a.pdf".into(), &report(Coverage::Whole, signatures, &[]));
            (finding.summary, crate::verify::text::report(&finding, crate::verify::Language::Vi))
        };
        let (summary, text) = told(vec![stamp()]);
        assert!(summary == Summary::Passed && text.contains("HỢP LỆ: dấu thời gian hợp lệ, nhưng tệp chưa được ai ký."), "{text}");
        assert!(text.contains("- văn bản chỉ có dấu thời gian, không có chữ ký của ai"), "{text}");
        let (_, text) = told(vec![passed(), stamp()]);
        assert!(text.contains("HỢP LỆ: mọi chữ ký đều hợp lệ") && !text.contains("chỉ có dấu thời gian"), "{text}");
    }

    #[test]
    fn a_weak_algorithm_is_told_as_the_ground_only_where_it_is_the_only_one() {
        let told = |is_weak_only| {
            let weak = SignatureReport {
                weak_digest: true,
                is_weak_only,
                ..one(Verdict::Indeterminate, Some(SubIndication::CryptoConstraintsFailure))
            };
            let finding = Finding::of_report("a.pdf".into(), &report(Coverage::Whole, vec![passed(), weak], &[]));
            crate::verify::text::report(&finding, crate::verify::Language::Vi)
        };
        assert!(told(true).contains("nhưng chữ ký dùng thuật toán đã yếu."));
        // Its sub-indication goes before that of missing revocation data.
        assert!(told(false).contains("nhưng chưa đủ căn cứ để tin chữ ký."));
    }

    #[test]
    fn identifiers_of_a_person_are_masked_everywhere() {
        let name = "the certificate \"Nguyễn Văn A 096012345678\" was revoked";
        let mut signed = one(Verdict::Indeterminate, Some(SubIndication::RevokedNoPoe));
        signed.reasons = vec![name.to_owned()];
        signed.signing_tool = Some("Ký bởi CCCD 096012345678".into());
        let mut report = report(Coverage::Whole, vec![signed], &["the certificate \"CCCD:096012345678\" is odd"]);
        report.rewritten_by = Some("cmnd 096012345678".into());
        report.signers = vec![SignerGroup {
            certificate: [0; 32],
            common_name: "Nguyễn Văn A 096012345678".into(),
            organisation: String::new(),
            kind: SignerKind::Person,
            signatures: vec![0],
            first_time: None,
            last_time: None,
        }];
        let finding = Finding::of_report("a.pdf".into(), &report);
        let json = finding.json();
        assert!(!json.contains("0960") && json.contains("UID=CCCD:***78, CN=Nguyễn Văn A ***78"), "{json}");
        assert!(!format!("{finding:?}").contains("0960"));
    }

    #[test]
    fn an_object_is_one_line_whatever_is_in_it() {
        let mut signed = passed();
        signed.field = "a\nb\u{2028}c\u{85}d\u{9b}e\"".into();
        let json = Finding::of_report("x\ny".into(), &report(Coverage::Whole, vec![signed], &[])).json();
        assert_eq!(json.matches(['\n', '\u{2028}', '\u{85}', '\u{9b}']).count(), 1);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["signatures"][0]["field"], "a\nb\u{2028}c\u{85}d\u{9b}e\"");
        assert_eq!(read["signatures"][0]["claimed_time"], "2023-02-16T02:38:49Z");
        assert_eq!(read["file"], "x\ny");
    }
}
