//! What the policy makes of the verdicts on a document's files.

use super::finding::Sentence;
use super::policy::rule_on;
use super::{Action, Changed, Coverage, Finding, Reason, Report, Rule, SignatureReport, Verdict, roles};
use crate::agency::Tier;
use crate::document::{self, AttachmentRole, Content};
use crate::refusal::SignatureCause;
use crate::signer::Authorised;
use crate::time::{Date, Timestamp};

/// What is assessed.
pub struct Submission<'a> {
    /// The tier of the issuer.
    pub issuer_tier: Tier,
    /// What the issuer states.
    pub content: &'a Content,
    /// When the document is submitted.
    pub at: Timestamp,
    /// The verdicts on the attachments, in their order.
    pub reports: &'a [Report],
    /// The issuer's registered signers, as far as these reports are concerned.
    pub authorised: &'a Authorised,
    /// Of each attachment: the document whose signatures are left over in it, where the caller may see one.
    pub originals: &'a [Option<Original>],
}

/// A document that a rewritten file was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The document.
    pub document: document::Id,
    /// Its file, as it was signed.
    pub payload: crate::digest::Digest,
}

/// What the policy makes of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    /// All findings, in the order of the files.
    pub findings: Vec<Finding>,
}

impl Assessment {
    /// What the document is taken with, in sentences that name the file.
    pub fn warnings(&self) -> Vec<String> {
        self.findings.iter().filter(|finding| finding.action == Action::Warn).map(|finding| finding.english.clone()).collect()
    }

    /// The gravest cause and the findings, if the document is refused.
    pub fn refusal(&self) -> Option<(SignatureCause, Vec<Finding>)> {
        let refused: Vec<Finding> = self.findings.iter().filter(|finding| finding.action == Action::Refuse).cloned().collect();
        refused.iter().map(|finding| finding.reason.cause()).max().map(|cause| (cause, refused))
    }
}

/// A file, its verdict, and the verdicts on the detached signatures over it.
pub(super) struct Signed<'a> {
    pub(super) index: usize,
    pub(super) file: &'a str,
    pub(super) role: AttachmentRole,
    pub(super) report: &'a Report,
    pub(super) detached: Vec<&'a Report>,
}

impl Signed<'_> {
    /// The path of the file in the request.
    pub(super) fn field(&self) -> String {
        format!("document.attachments[{}]", self.index)
    }

    pub(super) fn is_signed(&self) -> bool {
        let is_beside = |report: &&Report| report.coverage == Coverage::Whole && is_signed(report);
        is_signed(self.report) || self.detached.iter().any(is_beside)
    }

    /// The name is that of a signature file, which is no document.
    fn is_signature_file(&self) -> bool {
        let name = self.file.to_ascii_lowercase();
        [".p7s", ".sig"].iter().any(|extension| name.ends_with(extension))
    }
}

/// The files of a document, each with the detached signatures that follow it.
pub(super) fn files<'a>(content: &'a Content, reports: &'a [Report]) -> Vec<Signed<'a>> {
    let mut files: Vec<Signed<'a>> = Vec::new();
    for (index, (attachment, report)) in content.attachments.iter().zip(reports).enumerate() {
        match (attachment.role, files.last_mut()) {
            (AttachmentRole::DetachedSignature, Some(before)) => before.detached.push(report),
            (role, _) => files.push(Signed { index, file: &attachment.file_name, role, report, detached: Vec::new() }),
        }
    }
    files
}

/// Changes after signing that a sentence tells of.
const TOLD_CHANGES: usize = 3;

/// Applies to each finding the first rule that matches the issuer's tier, the document's kind and the day: of a signature the day
/// that a time stamp proves, of the document the latest such day of its main file, otherwise that of the submission.
pub fn assess(rules: &[Rule], submission: &Submission<'_>) -> Assessment {
    let mut notes = Notes { rules, submission, findings: Vec::new() };
    let files = files(submission.content, submission.reports);
    let main = files.iter().find(|file| file.role == AttachmentRole::Main);
    let day = main.map_or_else(|| submission.at.date_in_vietnam(), |main| notes.day_of(main));
    for file in &files {
        let rule = notes.rule(day);
        notes.coverage(file, rule);
        for (index, report) in std::iter::once(file.report).chain(file.detached.iter().copied()).enumerate() {
            // Where a rule says what rewritten files are worth, what is left over in them is not judged beside that.
            if report.coverage == Coverage::Destroyed && rule.on_destroyed.is_some() {
                continue;
            }
            let name = submission.content.attachments.get(file.index + index).map_or(file.file, |attachment| &attachment.file_name);
            for signature in &report.signatures {
                notes.signature(name, file.index + index, signature);
            }
        }
    }
    if let Some(main) = main.filter(|main| main.is_signed()) {
        let rule = notes.rule(day);
        roles::assess(&mut notes, main, &files, rule);
    }
    Assessment { findings: notes.findings }
}

/// The findings, while they are collected.
pub(super) struct Notes<'a> {
    rules: &'a [Rule],
    pub(super) submission: &'a Submission<'a>,
    findings: Vec<Finding>,
}

impl<'a> Notes<'a> {
    fn rule(&self, day: Date) -> &'a Rule {
        rule_on(self.rules, self.submission.issuer_tier, &self.submission.content.kind, day)
    }

    /// The day a signature was provably there; otherwise the day of the submission.
    pub(super) fn day_signed(&self, signature: &SignatureReport) -> Date {
        signature.proved_time.unwrap_or(self.submission.at).date_in_vietnam()
    }

    fn day_of(&self, main: &Signed<'_>) -> Date {
        let reports = std::iter::once(main.report).chain(main.detached.iter().copied());
        let proved = reports.flat_map(|report| &report.signatures).filter_map(|signature| signature.proved_time).max();
        proved.unwrap_or(self.submission.at).date_in_vietnam()
    }

    pub(super) fn note(&mut self, action: Action, reason: Reason, fields: Vec<String>, signatures: Vec<String>, sentence: Sentence) {
        let Sentence { english, vietnamese } = sentence;
        self.findings.push(Finding { reason, action, fields, signatures, english, vietnamese });
    }

    fn coverage(&mut self, file: &Signed<'_>, rule: &Rule) {
        let (name, report) = (file.file, file.report);
        let fields = vec![file.field()];
        match &report.coverage {
            Coverage::Whole | Coverage::BytesAddedAfter { .. } if report.changed == Changed::Unexplained => {
                let changes: Vec<&str> = report.later_changes.iter().take(TOLD_CHANGES).map(String::as_str).collect();
                let changes = changes.join(", ");
                let sentence = Sentence {
                    english: format!("{name}: was changed after it was signed ({changes}); send the file as it was signed"),
                    vietnamese: format!("{name}: đã bị thay đổi sau khi ký ({changes}); hãy gửi đúng tệp đã ký"),
                };
                self.note(rule.on_failed, Reason::ChangedAfterSigning, fields, vec![], sentence);
            }
            Coverage::Whole if file.is_signed() => {}
            // Anybody can have anything stamped.
            Coverage::Whole => self.only_stamped(file, rule),
            // A time stamp, validation data or what a signing program leaves behind follows; and no signature that is not vouched for.
            Coverage::BytesAddedAfter { .. } if report.changed != Changed::None && report.signatures.iter().all(is_sound) => {
                if !file.is_signed() {
                    self.only_stamped(file, rule);
                }
            }
            Coverage::BytesAddedAfter { signed_end, length } => {
                let added = length.saturating_sub(*signed_end);
                let sentence = Sentence {
                    english: format!("{name}: {added} bytes were added after the last signature; send the file as it was signed"),
                    vietnamese: format!("{name}: có {added} byte được thêm vào sau chữ ký cuối cùng; hãy gửi đúng tệp đã ký"),
                };
                self.note(rule.on_failed, Reason::ChangedAfterSigning, fields, vec![], sentence);
            }
            Coverage::Destroyed => self.destroyed(file, rule),
            Coverage::NotSigned | Coverage::NotPdf if file.is_signed() => {}
            Coverage::NotPdf if file.is_signature_file() => {
                let action = if file.role == AttachmentRole::Main { rule.on_unsigned } else { rule.on_attachment };
                let sentence = Sentence {
                    english: format!(
                        "{name}: is a signature without the content that it signs; send the signed file, and behind it the signature as a detached one"
                    ),
                    vietnamese: format!(
                        "{name}: chỉ là tệp chữ ký, không có nội dung được ký; hãy gửi tệp đã ký và kèm tệp chữ ký rời ngay sau tệp đó"
                    ),
                };
                self.note(action, Reason::SignatureWithoutContent, fields, vec![], sentence);
            }
            Coverage::NotSigned if file.role == AttachmentRole::Main => {
                let sentence = Sentence {
                    english: format!("{name}: is not signed; have it signed and send it again"),
                    vietnamese: format!("{name}: chưa được ký số; hãy ký số rồi gửi lại"),
                };
                self.note(rule.on_unsigned, Reason::NotSigned, fields, vec![], sentence);
            }
            Coverage::NotPdf if file.role == AttachmentRole::Main => {
                let sentence = Sentence {
                    english: format!("{name}: is not a PDF and has no detached signature beside it; sign it or send the signed PDF"),
                    vietnamese: format!("{name}: không phải PDF và không có tệp chữ ký rời đi kèm; hãy ký số hoặc gửi tệp PDF đã ký"),
                };
                self.note(rule.on_unsigned, Reason::NotSigned, fields, vec![], sentence);
            }
            Coverage::NotSigned | Coverage::NotPdf => {}
        }
    }

    fn only_stamped(&mut self, file: &Signed<'_>, rule: &Rule) {
        if file.role == AttachmentRole::Main {
            let name = file.file;
            let sentence = Sentence {
                english: format!("{name}: bears a time stamp and nobody's signature; have it signed and send it again"),
                vietnamese: format!("{name}: chỉ có dấu thời gian, chưa được ai ký số; hãy ký số rồi gửi lại"),
            };
            self.note(rule.on_unsigned, Reason::NotSigned, vec![file.field()], vec![], sentence);
        }
    }

    /// A file that was rewritten after it was signed, for example by the tool with which an office stamps what comes in.
    fn destroyed(&mut self, file: &Signed<'_>, rule: &Rule) {
        let is_main = file.role == AttachmentRole::Main;
        let unstated = if is_main { rule.on_unsigned } else { Action::Warn };
        // Nothing but the rule tells a clumsy program from a forger who broke what he could not make.
        let has_failed = file.report.signatures.iter().any(|signature| signature.verdict == Verdict::TotalFailed);
        let unstated = if has_failed { unstated.max(rule.on_failed) } else { unstated };
        let action = rule.on_destroyed.unwrap_or(unstated);
        let producer = &file.report.producer;
        let (by, by_vietnamese) = match (producer.is_empty(), is_incoming_stamp(producer)) {
            (true, _) => (String::new(), String::new()),
            (false, true) => (format!(" by the incoming-stamp tool {producer}"), format!(" bởi công cụ đóng dấu đến {producer}")),
            (false, false) => (format!(" by {producer}"), format!(" bởi {producer}")),
        };
        let original = self.submission.originals.get(file.index).and_then(Option::as_ref);
        let (advice, advice_vietnamese) = match original {
            Some(Original { document, payload }) => (
                format!("it is a copy of documents/{document}: send the original bytes, payloads/{payload}"),
                format!("đây là bản sao của documents/{document}: hãy gửi đúng tệp gốc, payloads/{payload}"),
            ),
            None => {
                ("send the file as it was signed, and stamp a copy".into(), "hãy gửi đúng tệp gốc đã ký, chỉ đóng dấu lên bản sao".into())
            }
        };
        let name = file.file;
        let sentence = Sentence {
            english: format!("{name}: was rewritten after signing{by}, which destroyed its signatures; {advice}"),
            vietnamese: format!("{name}: đã bị ghi lại sau khi ký{by_vietnamese}, chữ ký số không còn giá trị; {advice_vietnamese}"),
        };
        self.note(action, Reason::SignatureDestroyed, vec![file.field()], vec![], sentence);
    }

    fn signature(&mut self, file: &str, index: usize, signature: &SignatureReport) {
        let rule = self.rule(self.day_signed(signature));
        let who = if signature.signer.is_empty() { &signature.field } else { &signature.signer };
        let why = if signature.reasons.is_empty() { signature.sub_indication.clone() } else { signature.reasons.join(", ") };
        let (fields, signatures) = (vec![format!("document.attachments[{index}]")], vec![signature.field.clone()]);
        match signature.verdict {
            Verdict::TotalFailed => {
                let sentence = Sentence {
                    english: format!(
                        "{file}: the signature of {who} failed ({why}); send the file as it was signed, or have it signed again"
                    ),
                    vietnamese: format!("{file}: chữ ký của {who} không hợp lệ ({why}); hãy gửi đúng tệp đã ký hoặc ký lại"),
                };
                self.note(rule.on_failed, Reason::SignatureInvalid, fields, signatures, sentence);
            }
            Verdict::Indeterminate if !is_only_weak(signature) => {
                let sentence = Sentence {
                    english: format!(
                        "{file}: the signature of {who} cannot be judged ({why}); ask the administrator of the hub whether its certificate authority is trusted here"
                    ),
                    vietnamese: format!(
                        "{file}: chưa kết luận được về chữ ký của {who} ({why}); hãy hỏi quản trị viên xem tổ chức cấp chứng thư có được tin cậy ở đây không"
                    ),
                };
                self.note(rule.on_indeterminate, Reason::SignatureIndeterminate, fields, signatures, sentence);
            }
            Verdict::Indeterminate | Verdict::TotalPassed if signature.weak_digest => {
                let named = !signature.digest_algorithm.is_empty();
                let algorithm = if named { &signature.digest_algorithm } else { "a weak digest" };
                let thuat_toan = if named { &signature.digest_algorithm } else { "hàm băm yếu" };
                let sentence = Sentence {
                    english: format!("{file}: the signature of {who} uses {algorithm}, which is weak; sign with SHA-256"),
                    vietnamese: format!("{file}: chữ ký của {who} dùng {thuat_toan}, là thuật toán yếu; hãy ký bằng SHA-256"),
                };
                self.note(rule.on_weak_digest, Reason::WeakDigest, fields, signatures, sentence);
            }
            Verdict::Indeterminate | Verdict::TotalPassed => {}
        }
    }
}

pub(super) fn is_sound(signature: &SignatureReport) -> bool {
    signature.verdict == Verdict::TotalPassed || (signature.verdict == Verdict::Indeterminate && is_only_weak(signature))
}

/// The sub-indication does not tell: a weak digest goes before missing revocation data (EN 319 102-1, table 6).
fn is_only_weak(signature: &SignatureReport) -> bool {
    signature.weak_digest && signature.is_weak_only
}

pub(super) fn is_signed(report: &Report) -> bool {
    let is_covered = matches!(report.coverage, Coverage::Whole | Coverage::BytesAddedAfter { .. });
    is_covered && !report.signatures.iter().all(is_time_stamp)
}

/// A time stamp over a document or over files is nobody's signature.
pub(super) fn is_time_stamp(signature: &SignatureReport) -> bool {
    matches!(signature.sub_filter.as_str(), "ETSI.RFC3161" | "RFC3161")
}

/// Whether the state of an unsigned file has a finding of its own.
pub(super) fn has_been_told(file: &Signed<'_>) -> bool {
    file.report.coverage == Coverage::Destroyed || (file.report.coverage == Coverage::NotPdf && file.is_signature_file())
}

/// Tools that stamp what comes in say so in their names ("ký dấu đến", with and without its marks).
fn is_incoming_stamp(producer: &str) -> bool {
    let plain: String = crate::letters::unmarked(producer);
    plain.split(|letter: char| !letter.is_alphanumeric()).collect::<Vec<_>>().join(" ").contains("dau den")
}

#[cfg(test)]
pub(crate) mod tests;
