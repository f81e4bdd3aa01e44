//! Who signed a file, how often and for what, so that the four signatures of a usual document read as one leader and the office
//! three times.

use serde::Serialize;
use signature::{DocumentReport, MarkKind, SignerGroup, SignerKind, mask};

use crate::verify::{Language, moment};

/// Everything that one certificate signed, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct SignerFinding {
    name: String,
    kind: &'static str,
    /// How many intact signatures are its.
    signatures: usize,
    fields: Vec<String>,
    /// What they show on their pages, one for each that shows something.
    marks: Vec<&'static str>,
    first_time: Option<String>,
    last_time: Option<String>,
    #[serde(skip)]
    details: Details,
}

/// The rest, for people.
#[derive(Debug)]
struct Details {
    kind: SignerKind,
    marks: Vec<MarkKind>,
    first_time: Option<i64>,
    last_time: Option<i64>,
}

/// The signers of a document in the order in which they first signed.
pub(crate) fn of_report(report: &DocumentReport) -> Vec<SignerFinding> {
    report.signers.iter().map(|group| signer(report, group)).collect()
}

fn signer(report: &DocumentReport, group: &SignerGroup) -> SignerFinding {
    let own = || group.signatures.iter().filter_map(|&index| report.signatures.get(index));
    let marks: Vec<MarkKind> = own().filter_map(|one| Some(one.mark?.kind)).collect();
    SignerFinding {
        name: masked(group),
        kind: match group.kind {
            SignerKind::Person => "person",
            SignerKind::Organisation => "organisation",
            SignerKind::Unknown => "unknown",
        },
        signatures: group.signatures.len(),
        fields: own().map(|one| one.field.clone()).collect(),
        marks: marks.iter().map(|mark| mark.name()).collect(),
        first_time: group.first_time.and_then(moment::rfc3339),
        last_time: group.last_time.and_then(moment::rfc3339),
        details: Details { kind: group.kind, marks, first_time: group.first_time, last_time: group.last_time },
    }
}

fn masked(group: &SignerGroup) -> String {
    let name = if group.common_name.is_empty() { &group.organisation } else { &group.common_name };
    match group.kind {
        SignerKind::Organisation => mask::citizens(name),
        SignerKind::Person | SignerKind::Unknown => mask::numbers(name),
    }
}

impl SignerFinding {
    /// One line for a reader.
    pub(crate) fn told(&self, language: Language) -> String {
        let say = |vietnamese, english| language.choose(vietnamese, english);
        let kind = match self.details.kind {
            SignerKind::Person => say(" (cá nhân)", " (person)"),
            SignerKind::Organisation => say(" (cơ quan, tổ chức)", " (organisation)"),
            SignerKind::Unknown => "",
        };
        let count = match self.signatures {
            1 => say("1 chữ ký", "1 signature").to_owned(),
            count => format!("{count} {}", say("chữ ký", "signatures")),
        };
        let mut marks: Vec<&str> = Vec::new();
        for mark in &self.details.marks {
            let told = mark_told(*mark, language);
            if !marks.contains(&told) {
                marks.push(told);
            }
        }
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
        let [first, last] = [self.details.first_time, self.details.last_time].map(|time| time.and_then(moment::in_vietnam));
        let when = match (first, last) {
            (Some(first), Some(last)) if first != last => format!("; {first} - {last}"),
            (Some(time), _) | (None, Some(time)) => format!("; {time}"),
            (None, None) => String::new(),
        };
        format!("{}{kind}: {count}{marks}{when}", self.name)
    }
}

/// What a mark on a page is, for a reader.
pub(crate) fn mark_told(mark: MarkKind, language: Language) -> &'static str {
    match mark {
        MarkKind::Number => language.choose("số", "number"),
        MarkKind::Date => language.choose("ngày", "date"),
        MarkKind::Line => language.choose("số hoặc ngày", "number or date"),
        MarkKind::Seal => language.choose("con dấu", "seal"),
        MarkKind::Picture => language.choose("hình ảnh chữ ký", "picture"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signer_is_told_in_one_line() {
        let signer = |kind, signatures, marks: &[MarkKind], times: [Option<i64>; 2]| SignerFinding {
            name: "Sở Tư pháp".into(),
            kind: "",
            signatures,
            fields: Vec::new(),
            marks: Vec::new(),
            first_time: None,
            last_time: None,
            details: Details { kind, marks: marks.to_vec(), first_time: times[0], last_time: times[1] },
        };
        // 2023-02-16 02:38:49 and 02:39:01 UTC.
        let times = [Some(1_676_515_129), Some(1_676_515_141)];
        let office = signer(SignerKind::Organisation, 3, &[MarkKind::Line, MarkKind::Line, MarkKind::Seal], times);
        assert_eq!(
            office.told(Language::Vi),
            "Sở Tư pháp (cơ quan, tổ chức): 3 chữ ký (số hoặc ngày, con dấu); 16/02/2023 09:38:49 - 16/02/2023 09:39:01"
        );
        let one = signer(SignerKind::Unknown, 1, &[], [None, None]);
        assert_eq!(one.told(Language::En), "Sở Tư pháp: 1 signature");
    }
}
