//! Who signed a document, how often and for what: four signatures of a usual file are one leader, and the office three times.

use std::collections::HashMap;

use crate::report::{SignatureReport, SignerKind};

/// Everything that one certificate signed in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerGroup {
    /// SHA-256 of the certificate: names are written in many ways.
    pub certificate: [u8; 32],
    /// First common name, masked as in [`crate::CertificateFacts`].
    pub common_name: String,
    /// First organisation name, masked likewise.
    pub organisation: String,
    /// Person or organisation, guessed from the subject.
    pub kind: SignerKind,
    /// Its intact signatures, as indices of [`crate::DocumentReport::signatures`], in their order.
    pub signatures: Vec<usize>,
    /// The first and last time of these, unix seconds: proved ones, otherwise claimed ones.
    pub first_time: Option<i64>,
    /// See `first_time`.
    pub last_time: Option<i64>,
}

/// What a signature shows on its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VisibleMark {
    /// Width and height in points (1/72 inch).
    pub size: (u32, u32),
    /// What it looks like.
    pub kind: MarkKind,
}

/// What a visible mark is for, guessed from the name of its field, otherwise from its size and from what else the same office
/// put on the document. Never a ground for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// The document's number.
    Number,
    /// Its date, or a part of it.
    Date,
    /// Number or date: a short line of text, and nothing beside it that would tell which.
    Line,
    /// The seal of an organisation.
    Seal,
    /// Any other picture: of a handwritten signature, or with the name of an organisation.
    Picture,
}

impl MarkKind {
    /// A stable name: `number`, `date`, `line`, `seal`, `picture`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Date => "date",
            Self::Line => "line",
            Self::Seal => "seal",
            Self::Picture => "picture",
        }
    }
}

impl VisibleMark {
    /// The mark of the field `name` by a signer of the kind `signer`, with sides in points; none where nothing is shown.
    pub(crate) fn new(name: &str, signer: SignerKind, (width, height): (u32, u32)) -> Option<Self> {
        if width == 0 || height == 0 {
            return None;
        }
        let kind = by_name(name).unwrap_or_else(|| match signer {
            // A person puts nothing but a signature, however small.
            SignerKind::Person => MarkKind::Picture,
            SignerKind::Organisation | SignerKind::Unknown => by_size(width, height),
        });
        Some(Self { size: (width, height), kind })
    }
}

/// Programs for clerks call their fields SO, NGAY, ANH_CON_DAU; most call them Signature1 to Signature4.
fn by_name(name: &str) -> Option<MarkKind> {
    let lower = name.to_lowercase();
    let mut words = lower.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
    words.find_map(|word| match word {
        "so" | "sovb" | "sovanban" | "sokyhieu" | "số" | "number" => Some(MarkKind::Number),
        "ngay" | "thang" | "nam" | "ngayvb" | "ngaythang" | "ngaythangnam" | "ngày" | "tháng" | "date" => Some(MarkKind::Date),
        "dau" | "condau" | "moc" | "dấu" | "mộc" | "seal" | "stamp" => Some(MarkKind::Seal),
        _ => None,
    })
}

/// Real marks: number and date up to 75 by 25 points, seals about 110 by 110, signature images in between and wider.
fn by_size(width: u32, height: u32) -> MarkKind {
    if height <= 30 && width <= 100 {
        MarkKind::Line
    } else if width.min(height) >= 70 && width.max(height) * 10 <= width.min(height) * 13 {
        MarkKind::Seal
    } else {
        MarkKind::Picture
    }
}

/// The groups of `signatures`, in the order in which their certificates first signed. Broken signatures are nobody's, and
/// time stamps no signatures.
pub(crate) fn group(signatures: &[SignatureReport]) -> Vec<SignerGroup> {
    let mut groups: Vec<SignerGroup> = Vec::new();
    let mut known: HashMap<[u8; 32], usize> = HashMap::new();
    for (index, one) in signatures.iter().enumerate().filter(|(_, one)| one.intact && !one.is_document_timestamp) {
        let Some(signer) = &one.signer else { continue };
        let at = *known.entry(signer.sha256).or_insert(groups.len());
        if at == groups.len() {
            groups.push(SignerGroup {
                certificate: signer.sha256,
                common_name: signer.common_name.clone(),
                organisation: signer.organisation.clone(),
                kind: one.signer_kind,
                signatures: Vec::new(),
                first_time: None,
                last_time: None,
            });
        }
        let Some(group) = groups.get_mut(at) else { continue };
        group.signatures.push(index);
        if let Some(time) = one.proved_time.or(one.claimed_time) {
            group.first_time = Some(group.first_time.map_or(time, |first| first.min(time)));
            group.last_time = Some(group.last_time.map_or(time, |last| last.max(time)));
        }
    }
    groups
}

/// Tells the short lines of one signer apart: clerks put the number first, and the day and month after it.
pub(crate) fn tell_lines_apart(signatures: &mut [SignatureReport], groups: &[SignerGroup]) {
    for group in groups.iter().filter(|group| group.kind == SignerKind::Organisation) {
        let is_line = |one: &SignatureReport| one.mark.is_some_and(|mark| mark.kind == MarkKind::Line);
        let lines: Vec<usize> = group.signatures.iter().copied().filter(|&index| signatures.get(index).is_some_and(is_line)).collect();
        // A lone line may be either.
        for (place, &index) in lines.iter().enumerate().filter(|_| lines.len() > 1) {
            if let Some(mark) = signatures.get_mut(index).and_then(|one| one.mark.as_mut()) {
                mark.kind = if place == 0 { MarkKind::Number } else { MarkKind::Date };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::report::DocumentReport;
    use crate::testing::{CmsTemplate, NOW, Node, Pki, Template, cms, plain_pdf, sign_pdf};
    use crate::trust::TrustStore;

    #[test]
    fn a_mark_is_guessed_from_its_name_and_otherwise_from_its_size() {
        let office = SignerKind::Organisation;
        let kind = |name: &str, width, height| VisibleMark::new(name, office, (width, height)).map(|mark| mark.kind);
        assert_eq!(kind("Signature1", 45, 20), Some(MarkKind::Line));
        assert_eq!(kind("Signature4", 110, 110), Some(MarkKind::Seal));
        assert_eq!(kind("Signature4", 123, 128), Some(MarkKind::Seal));
        assert_eq!(kind("Signature1", 210, 70), Some(MarkKind::Picture));
        assert_eq!(kind("ANH_CON_DAU_1", 45, 20), Some(MarkKind::Seal));
        assert_eq!(kind("SO", 200, 200), Some(MarkKind::Number));
        assert_eq!(kind("form[0].NGAY", 20, 20), Some(MarkKind::Date));
        assert_eq!(kind("sometimes", 45, 20), Some(MarkKind::Line));
        assert_eq!(kind("SO", 0, 20), None);
        let person = |name: &str| VisibleMark::new(name, SignerKind::Person, (45, 20)).map(|mark| mark.kind);
        assert_eq!((person("Signature1"), person("NGAY")), (Some(MarkKind::Picture), Some(MarkKind::Date)));
    }

    /// The document that the steps make, judged.
    fn signed(steps: &[(&Node, &str)]) -> DocumentReport {
        let mut pdf = plain_pdf();
        for (index, (signer, entry)) in steps.iter().enumerate() {
            let kind = format!("ETSI.CAdES.detached{entry}");
            pdf = sign_pdf(&pdf, u32::try_from(index).unwrap(), &kind, |content| cms(signer, &[signer], content, &CmsTemplate::default()));
        }
        crate::verify_pdf(&pdf, &TrustStore::new(), &Options::at(NOW))
    }

    #[test]
    fn four_signatures_read_as_one_leader_and_the_office_three_times() {
        let pki = Pki::new();
        let office = pki.issue(Template { name: "Sở Tư pháp".to_owned(), ..Template::signer() });
        let report = signed(&[(&pki.signer, ""), (&office, ""), (&office, ""), (&office, "")]);
        let told: Vec<_> = report.signers.iter().map(|one| (one.common_name.as_str(), one.kind, one.signatures.as_slice())).collect();
        let expected: [(&str, SignerKind, &[usize]); 2] =
            [("Nguyen Van A", SignerKind::Person, &[0]), ("Sở Tư pháp", SignerKind::Organisation, &[1, 2, 3])];
        assert_eq!(told, expected);
        // 2026-11-26 08:00:00 in Hanoi.
        assert_eq!((report.signers[1].first_time, report.signers[1].last_time), (Some(NOW - 23 * 3600), Some(NOW - 23 * 3600)));
    }

    #[test]
    fn the_first_line_of_an_office_is_the_number_and_the_others_are_the_date() {
        let pki = Pki::new();
        let office = pki.issue(Template { name: "Sở Tư pháp".to_owned(), ..Template::signer() });
        let mut report = signed(&[(&pki.signer, ""), (&office, ""), (&office, ""), (&office, ""), (&office, "")]);
        let sizes = [(45, 20), (31, 20), (24, 20), (17, 20), (110, 110)];
        let mut kinds = |shown: &[usize]| {
            for (index, one) in report.signatures.iter_mut().enumerate() {
                let size = if shown.contains(&index) { sizes[index] } else { (0, 0) };
                one.mark = VisibleMark::new("Signature", one.signer_kind, size);
            }
            tell_lines_apart(&mut report.signatures, &report.signers);
            report.signatures.iter().filter_map(|one| Some(one.mark?.kind.name())).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&[0, 1, 2, 3, 4]), ["picture", "number", "date", "date", "seal"]);
        assert_eq!(kinds(&[0, 2, 4]), ["picture", "line", "seal"]);
    }

    #[test]
    fn a_broken_signature_is_nobodys() {
        let pki = Pki::new();
        let pdf = sign_pdf(&plain_pdf(), 0, "ETSI.CAdES.detached", |_| cms(&pki.signer, &[&pki.signer], b"other", &CmsTemplate::default()));
        let report = crate::verify_pdf(&pdf, &TrustStore::new(), &Options::at(NOW));
        assert!(report.signatures[0].signer.is_some() && report.signers.is_empty());
    }
}
