//! The report for people: a verdict in one line, then every signature.

use signature::{SignerKind, Verdict};

use crate::verify::finding::{Changed, Finding, SignatureFinding, Summary};
use crate::verify::reason::translated;
use crate::verify::signers::mark_told;
use crate::verify::{Language, moment};

/// The report on one file, ended by an empty line.
pub(crate) fn report(finding: &Finding, language: Language) -> String {
    let mut out = String::new();
    line(&mut out, 0, &finding.file);
    line(&mut out, 2, &verdict(finding, language));
    if let Some(told) = explained_change(finding.changed_after_signing, language) {
        line(&mut out, 2, told);
    }
    if finding.refusal.is_none() {
        finding.reasons.iter().for_each(|reason| line(&mut out, 2, &format!("- {}", translated(reason, language))));
    }
    if finding.signatures.len() > 1 && !finding.signers.is_empty() {
        line(&mut out, 2, language.choose("Những người ký:", "Signers:"));
        finding.signers.iter().for_each(|signer| line(&mut out, 4, &signer.told(language)));
    }
    for (index, one) in finding.signatures.iter().enumerate() {
        signature(&mut out, index + 1, one, language);
    }
    out.push('\n');
    out
}

/// How many files came out how.
pub(crate) fn totals(counts: &[(Summary, usize)], language: Language) -> String {
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let parts = counts.iter().filter(|(_, count)| *count > 0).map(|(summary, count)| format!("{count} {}", short(*summary, language)));
    let parts = parts.collect::<Vec<_>>().join(", ");
    match language {
        Language::Vi => format!("Tổng cộng {total} tệp: {parts}.\n"),
        Language::En => format!("{total} files in all: {parts}.\n"),
    }
}

/// Text from outside without what would steer a terminal or turn the reading order.
pub(crate) fn printable(text: &str) -> String {
    let steers =
        |letter: char| letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|letter| if steers(letter) { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

fn line(out: &mut String, indent: usize, text: &str) {
    out.push_str(&" ".repeat(indent));
    out.push_str(&printable(text));
    out.push('\n');
}

fn verdict(finding: &Finding, language: Language) -> String {
    let told = match finding.summary {
        Summary::Passed if finding.signatures.iter().all(|one| one.details.is_document_timestamp) => language.choose(
            "HỢP LỆ: dấu thời gian hợp lệ, nhưng tệp chưa được ai ký.",
            "PASSED: the time stamp is valid, and nobody signed the file.",
        ),
        Summary::Passed if finding.changed_after_signing != Changed::None => {
            language.choose("HỢP LỆ: mọi chữ ký đều hợp lệ.", "PASSED: every signature is valid.")
        }
        Summary::Passed => language.choose(
            "HỢP LỆ: mọi chữ ký đều hợp lệ, tệp không bị thay đổi sau khi ký.",
            "PASSED: every signature is valid, and the file was not changed after signing.",
        ),
        Summary::NotSigned => language.choose("CHƯA KÝ: tệp không có chữ ký số nào.", "NOT SIGNED: there is no signature in the file."),
        Summary::Indeterminate | Summary::Unreadable if finding.refusal.is_some() => return refused(finding, language),
        Summary::Unreadable => language.choose(
            "KHÔNG ĐỌC ĐƯỢC: tệp bị hỏng, không thể kết luận.",
            "UNREADABLE: the file is damaged, and nothing can be said about it.",
        ),
        Summary::Indeterminate if is_intact_and_weak(finding) => language.choose(
            "CHƯA THỂ KẾT LUẬN: nội dung còn nguyên vẹn như khi ký, nhưng chữ ký dùng thuật toán đã yếu.",
            "INDETERMINATE: the content is as it was signed, but the signature uses a weak algorithm.",
        ),
        Summary::Indeterminate if finding.signatures.iter().all(|one| one.intact) => language.choose(
            "CHƯA THỂ KẾT LUẬN: nội dung còn nguyên vẹn như khi ký, nhưng chưa đủ căn cứ để tin chữ ký.",
            "INDETERMINATE: the content is as it was signed, but there is not enough to trust the signature.",
        ),
        Summary::Indeterminate => language.choose(
            "CHƯA THỂ KẾT LUẬN: chưa đủ căn cứ để nói chữ ký hợp lệ hay không.",
            "INDETERMINATE: there is not enough to say whether the signature is valid.",
        ),
        Summary::Failed if finding.is_destroyed => language.choose(
            "KHÔNG HỢP LỆ: chữ ký không còn gắn với tệp: tệp đã bị ghi lại hoặc bị cắt sau khi ký, hoặc chữ ký bị can thiệp.",
            "FAILED: the signatures no longer fit the file: it was rewritten or cut after signing, or they were tampered with.",
        ),
        Summary::Failed if finding.signatures.iter().any(is_of_other_content) => {
            language.choose("KHÔNG HỢP LỆ: nội dung đã bị thay đổi sau khi ký.", "FAILED: the content was changed after signing.")
        }
        Summary::Failed if finding.signatures.iter().any(|one| one.details.verdict == Verdict::TotalFailed) => {
            language.choose("KHÔNG HỢP LỆ: có chữ ký không hợp lệ.", "FAILED: a signature is not valid.")
        }
        Summary::Failed => language.choose(
            "KHÔNG HỢP LỆ: tệp có phần được thêm sau khi ký mà không chữ ký nào bao phủ.",
            "FAILED: a part of the file was added after signing, and no signature covers it.",
        ),
    };
    told.to_owned()
}

/// A change that is explained; of one that is not the verdict speaks.
fn explained_change(changed: Changed, language: Language) -> Option<&'static str> {
    match changed {
        Changed::None | Changed::Unexplained => None,
        Changed::Permitted => Some(language.choose(
            "Sau khi ký, tệp có thay đổi trong phạm vi người ký cho phép.",
            "After signing, the file was changed within what the signers permit.",
        )),
        Changed::Workflow => Some(language.choose(
            "Sau khi ký, tệp được bổ sung theo quy trình ký thông thường (chữ ký, số, ngày, dấu).",
            "After signing, the file was added to by ordinary signing (signatures, number, date, seal).",
        )),
    }
}

fn refused(finding: &Finding, language: Language) -> String {
    let why = finding.refusal.as_ref().map(|refusal| refusal.told(language)).unwrap_or_default();
    let label = match finding.summary {
        Summary::Indeterminate => language.choose("CHƯA THỂ KẾT LUẬN", "INDETERMINATE"),
        _ => language.choose("KHÔNG ĐỌC ĐƯỢC", "UNREADABLE"),
    };
    format!("{label}: {why}.")
}

fn is_intact_and_weak(finding: &Finding) -> bool {
    let doubtful = || finding.signatures.iter().filter(|one| one.details.verdict != Verdict::TotalPassed);
    finding.signatures.iter().all(|one| one.intact) && doubtful().next().is_some() && doubtful().all(|one| one.details.is_weak_only)
}

fn short(summary: Summary, language: Language) -> &'static str {
    match summary {
        Summary::Passed => language.choose("hợp lệ", "passed"),
        Summary::NotSigned => language.choose("chưa ký", "not signed"),
        Summary::Indeterminate => language.choose("chưa thể kết luận", "indeterminate"),
        Summary::Failed => language.choose("không hợp lệ", "failed"),
        Summary::Unreadable => language.choose("không đọc được", "unreadable"),
    }
}

fn signature(out: &mut String, number: usize, one: &SignatureFinding, language: Language) {
    let say = |vietnamese, english| language.choose(vietnamese, english);
    let details = &one.details;
    let what = if details.is_document_timestamp { say("Dấu thời gian", "Time stamp") } else { say("Chữ ký", "Signature") };
    let outcome = match details.verdict {
        Verdict::TotalPassed => say("hợp lệ", "valid"),
        Verdict::Indeterminate => say("chưa thể kết luận", "indeterminate"),
        Verdict::TotalFailed => say("không hợp lệ", "not valid"),
    };
    line(out, 2, &format!("{what} {number} ({}, {}): {outcome}", one.field, one.kind));
    let mut row = |label: &str, value: &str| {
        if !value.is_empty() {
            line(out, 4, &format!("{label}: {value}"));
        }
    };
    let kind = match details.signer_kind {
        SignerKind::Person => say(" (cá nhân)", " (person)"),
        SignerKind::Organisation => say(" (cơ quan, tổ chức)", " (organisation)"),
        SignerKind::Unknown => "",
    };
    match &one.signer {
        Some(subject) => {
            let name = if details.common_name.is_empty() { subject } else { &details.common_name };
            row(say("Người ký", "Signer"), &format!("{name}{kind}"));
        }
        None => row(say("Người ký", "Signer"), say("không xác định được", "unknown")),
    }
    row(say("Cơ quan, tổ chức", "Organisation"), &details.organisation);
    row(say("Đơn vị cấp chứng thư", "Issuer"), one.issuer.as_deref().unwrap_or_default());
    row(say("Số chứng thư", "Serial number"), one.serial.as_deref().unwrap_or_default());
    let claimed = details.claimed_time.and_then(|time| moment_text(time, language));
    row(say("Thời điểm ký (tự khai)", "Claimed time"), &claimed.unwrap_or_default());
    let proved = details.proved_time.and_then(|time| moment_text(time, language));
    let no_proof = say("không có", "none");
    row(say("Thời điểm ký (có dấu thời gian)", "Proved time"), proved.as_deref().unwrap_or(no_proof));
    row(say("Nội dung", "Content"), if one.intact { say("nguyên vẹn", "intact") } else { say("KHÔNG nguyên vẹn", "NOT intact") });
    row(say("Phạm vi", "Covers"), &covers(one, language));
    if one.weak {
        row(say("Thuật toán yếu", "Weak"), &weak(one, language));
    }
    let mark = details.mark.map(|mark| format!("{}, {} x {} pt", mark_told(mark.kind, language), mark.size.0, mark.size.1));
    row(say("Hiển thị trên trang", "Shown on the page"), mark.as_deref().unwrap_or_default());
    row(say("Phần mềm ký", "Signed with"), one.signing_tool.as_deref().unwrap_or_default());
    if let Some(name) = one.sub_indication {
        let meaning =
            particular_meaning(one, language).or_else(|| meaning(name, language)).map(|meaning| format!("{meaning} ")).unwrap_or_default();
        row(say("Kết luận", "Indication"), &format!("{meaning}[{} / {name}]", one.indication));
    }
    for reason in &one.reasons {
        line(out, 4, &format!("- {}", translated(reason, language)));
    }
}

/// The weak algorithms, each once; the digest where nothing else is known.
fn weak(one: &SignatureFinding, language: Language) -> String {
    let mut told: Vec<String> = Vec::new();
    for weakness in &one.weaknesses {
        let until = weakness.acceptable_until.as_deref().and_then(|time| time.get(..10)).map_or_else(String::new, |day| match language {
            Language::Vi => format!(" (an toàn đến {})", translated(day, language)),
            Language::En => format!(" (sound until {day})"),
        });
        let name = format!("{}{until}", weakness.algorithm);
        if !told.contains(&name) {
            told.push(name);
        }
    }
    if told.is_empty() { one.details.digest_algorithm.clone() } else { told.join(", ") }
}

fn moment_text(time: i64, language: Language) -> Option<String> {
    match language {
        Language::Vi => moment::in_vietnam(time),
        Language::En => moment::in_vietnam(time).map(|text| format!("{text} (UTC+7)")),
    }
}

fn covers(one: &SignatureFinding, language: Language) -> String {
    if one.covers_whole_file {
        return language.choose("toàn bộ tệp", "the whole file").to_owned();
    }
    match (one.details.signed_end, language) {
        (Some(end), Language::Vi) => format!("{end} byte đầu, không phải toàn bộ tệp"),
        (Some(end), Language::En) => format!("the first {end} bytes, not the whole file"),
        (None, _) => language.choose("không xác định được", "unknown").to_owned(),
    }
}

/// What was signed was changed, as far as the arithmetic tells.
fn is_of_other_content(one: &SignatureFinding) -> bool {
    match one.sub_indication {
        Some("HASH_FAILURE") => !has_damaged_digest(one),
        Some("SIG_CRYPTO_FAILURE") => is_by_its_key(one),
        _ => false,
    }
}

/// The program that signed spoiled the digest, and the content is what it was.
fn has_damaged_digest(one: &SignatureFinding) -> bool {
    one.reasons.iter().any(|reason| reason.starts_with("the signed digest is damaged"))
}

fn is_by_its_key(one: &SignatureFinding) -> bool {
    one.reasons.iter().any(|reason| reason.starts_with("the certificate's key made the signature value"))
}

/// What the reasons say more exactly than the sub-indication.
fn particular_meaning(one: &SignatureFinding, language: Language) -> Option<&'static str> {
    match one.sub_indication {
        Some("HASH_FAILURE") if has_damaged_digest(one) => Some(language.choose(
            "Phần mềm ký làm hỏng chữ ký ngay khi ký; cần ký lại.",
            "The signing program spoiled the signature when it was made; it has to be signed again.",
        )),
        Some("SIG_CRYPTO_FAILURE") if is_by_its_key(one) => {
            Some(language.choose("Phần được ký đã bị thay đổi sau khi ký.", "What was signed was changed after signing."))
        }
        _ => None,
    }
}

/// What a sub-indication of EN 319 102-1 means, for a clerk.
fn meaning(name: &str, language: Language) -> Option<&'static str> {
    let (_, vietnamese, english) = MEANINGS.iter().find(|(own, _, _)| *own == name)?;
    Some(language.choose(vietnamese, english))
}

const MEANINGS: &[(&str, &str, &str)] = &[
    ("FORMAT_FAILURE", "Chữ ký sai định dạng hoặc bị can thiệp.", "The signature is malformed or was tampered with."),
    ("SIGNED_DATA_NOT_FOUND", "Không có nội dung được ký.", "The signed content is not at hand."),
    ("HASH_FAILURE", "Nội dung đã bị thay đổi sau khi ký.", "The content was changed after signing."),
    ("SIG_CRYPTO_FAILURE", "Chữ ký không phải do chứng thư này tạo ra.", "This certificate's key did not make the signature."),
    ("NO_SIGNING_CERTIFICATE_FOUND", "Không có chứng thư của người ký.", "The signer's certificate is missing."),
    ("SIG_CONSTRAINTS_FAILURE", "Chữ ký không đáp ứng yêu cầu của loại chữ ký này.", "The signature lacks what its kind demands."),
    ("REVOKED", "Chứng thư đã bị thu hồi khi ký.", "The certificate was revoked when the signature was made."),
    ("EXPIRED", "Chứng thư đã hết hạn khi ký.", "The certificate had expired when the signature was made."),
    ("NOT_YET_VALID", "Chứng thư chưa có hiệu lực khi ký.", "The certificate was not yet valid when the signature was made."),
    ("NO_CERTIFICATE_CHAIN_FOUND", "Không nối được chứng thư với gốc tin cậy.", "No path leads from the certificate to a trust anchor."),
    ("CERTIFICATE_CHAIN_GENERAL_FAILURE", "Không xử lý được đường dẫn chứng thư.", "The certificate path could not be processed."),
    ("CHAIN_CONSTRAINTS_FAILURE", "Chứng thư được dùng sai mục đích cho phép.", "A certificate is used for what it does not allow."),
    (
        "REVOKED_NO_POE",
        "Chứng thư đã bị thu hồi, không chứng minh được là ký trước đó.",
        "The certificate is revoked, and nothing proves that the signature is older.",
    ),
    (
        "REVOKED_CA_NO_POE",
        "Chứng thư của đơn vị cấp đã bị thu hồi, không chứng minh được là ký trước đó.",
        "An issuing certificate is revoked, and nothing proves that the signature is older.",
    ),
    (
        "OUT_OF_BOUNDS_NO_POE",
        "Chứng thư ngoài thời hạn hiệu lực, không chứng minh được là ký trong thời hạn.",
        "The certificate is out of its validity, and nothing proves that it was valid at signing.",
    ),
    ("CRYPTO_CONSTRAINTS_FAILURE", "Thuật toán hoặc độ dài khóa yếu hoặc chưa được hỗ trợ.", "An algorithm or key is weak or unknown."),
    (
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        "Thuật toán nay đã yếu, không chứng minh được là ký trước đó.",
        "An algorithm has become weak, and nothing proves that the signature is older.",
    ),
    ("TIMESTAMP_ORDER_FAILURE", "Các dấu thời gian mâu thuẫn nhau.", "Time stamps contradict one another."),
    ("NO_POE", "Không chứng minh được thời điểm ký.", "Nothing proves when the signature was made."),
    (
        "TRY_LATER",
        "Chưa có dữ liệu thu hồi (CRL) để biết chứng thư còn hiệu lực.",
        "There is no revocation data to tell whether the certificate is still good.",
    ),
    ("GENERIC", "Chưa hỗ trợ hoặc có lý do khác, xem bên dưới.", "It is not supported, or see the reasons below."),
];

#[cfg(test)]
mod tests {
    use signature::SubIndication;

    use super::*;

    #[test]
    fn every_sub_indication_has_its_sentence() {
        for indication in SubIndication::ALL {
            assert!(meaning(indication.name(), Language::Vi).is_some(), "{indication}");
        }
        assert_eq!(meaning("HASH_FAILURE", Language::Vi), Some("Nội dung đã bị thay đổi sau khi ký."));
    }

    #[test]
    fn a_change_that_is_explained_is_told_and_is_no_fault() {
        let mut finding = Finding {
            file: "a.pdf".into(),
            summary: Summary::Passed,
            changed_after_signing: Changed::Workflow,
            reasons: Vec::new(),
            signatures: Vec::new(),
            signers: Vec::new(),
            rewritten_by: None,
            refusal: None,
            is_destroyed: false,
        };
        let told = report(&finding, Language::Vi);
        assert!(told.contains("  HỢP LỆ: ") && told.contains("theo quy trình ký thông thường"), "{told}");
        finding.changed_after_signing = Changed::Permitted;
        assert!(report(&finding, Language::En).contains("within what the signers permit"));
        finding.changed_after_signing = Changed::None;
        assert_eq!(report(&finding, Language::En).lines().count(), 3);
    }

    #[test]
    fn text_from_outside_cannot_steer_a_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{202e}c\u{9b}d\ne"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e");
        assert_eq!(printable("Nguyễn Văn A"), "Nguyễn Văn A");
    }

    #[test]
    fn the_counts_are_told_from_the_best_to_the_worst() {
        let counts = [(Summary::Passed, 58), (Summary::NotSigned, 0), (Summary::Failed, 2)];
        assert_eq!(totals(&counts, Language::Vi), "Tổng cộng 60 tệp: 58 hợp lệ, 2 không hợp lệ.\n");
        assert_eq!(totals(&counts, Language::En), "60 files in all: 58 passed, 2 failed.\n");
    }
}
