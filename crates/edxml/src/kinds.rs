//! Kinds of documents: the lists of the axis, and the hub's kinds that follow NĐ 30/2020/NĐ-CP.
//!
//! The two lists differ: the axis has four kinds that NĐ 30/2020 dropped (Bản cam kết, Giấy chứng nhận, Giấy đi đường, Giấy biên
//! nhận hồ sơ) and lacks Phiếu báo. Programs disagree on the numbers, so names come first.

use domain::document::Kind;
use domain::letters;

use crate::packet::DocumentType;

/// `Type` of group A: văn bản quy phạm pháp luật.
pub const LEGAL_NORMATIVE: u32 = 1;
/// `Type` of group B: văn bản hành chính.
pub const ADMINISTRATIVE: u32 = 2;

/// Group A of SĐ1:2022: names, their `TypeDetail` from 1.
pub const LEGAL_NORMATIVE_NAMES: [&str; 13] = [
    "Hiến pháp",
    "Luật",
    "Pháp lệnh",
    "Lệnh",
    "Nghị quyết",
    "Nghị quyết liên tịch",
    "Nghị định",
    "Quyết định",
    "Thông tư",
    "Thông tư liên tịch",
    "Chỉ thị",
    "Bộ luật",
    "Văn bản quy phạm pháp luật của chính quyền địa phương ở đơn vị hành chính - kinh tế đặc biệt",
];

/// Group B of SĐ1:2022: names, their `TypeDetail` from 1. The numbers 27 to 32 are not confirmed by a source.
pub const ADMINISTRATIVE_NAMES: [&str; 32] = [
    "Nghị quyết",
    "Quyết định",
    "Chỉ thị",
    "Quy chế",
    "Quy định",
    "Thông cáo",
    "Thông báo",
    "Hướng dẫn",
    "Chương trình",
    "Kế hoạch",
    "Phương án",
    "Đề án",
    "Dự án",
    "Báo cáo",
    "Biên bản",
    "Tờ trình",
    "Hợp đồng",
    "Công văn",
    "Công điện",
    "Bản ghi nhớ",
    "Bản cam kết",
    "Bản thỏa thuận",
    "Giấy chứng nhận",
    "Giấy ủy quyền",
    "Giấy mời",
    "Giấy giới thiệu",
    "Giấy nghỉ phép",
    "Giấy đi đường",
    "Giấy biên nhận hồ sơ",
    "Phiếu gửi",
    "Phiếu chuyển",
    "Thư công",
];

/// What goes into a packet for a document of this kind.
#[must_use]
pub fn to_axis(kind: &Kind) -> DocumentType {
    DocumentType {
        group: Some(u32::from(kind.qcvn_type)),
        detail: kind.qcvn_detail.map(u32::from),
        name: plain(&kind.name).to_owned(),
        extra: Vec::new(),
    }
}

/// The kind that a packet means, of those the hub has: by the name; else by the abbreviation that the notation begins with; else
/// by the numbers. None where the hub has no such kind: the name is all that is known then.
#[must_use]
pub fn from_axis<'k>(kinds: &'k [Kind], said: &DocumentType, notation: &str) -> Option<&'k Kind> {
    let wants_legal = said.group == Some(LEGAL_NORMATIVE);
    // "Quyết định" is in both groups. Where a packet does not say which, it is of those that every agency issues.
    let best = |fits: &dyn Fn(&Kind) -> bool| {
        let fitting = || kinds.iter().filter(|kind| fits(kind));
        fitting().find(|kind| kind.legal_normative == wants_legal).or_else(|| fitting().next())
    };
    let name = folded(&said.name);
    if !name.is_empty() {
        // A name that no kind has is not overruled by numbers: programs fill those in by habit.
        return best(&|kind| folded(&kind.name) == name).or_else(|| by_notation(&best, notation).filter(|_| !is_listed(&name)));
    }
    by_notation(&best, notation).or_else(|| {
        let (group, detail) = (u8::try_from(said.group?).ok()?, u8::try_from(said.detail?).ok()?);
        kinds.iter().find(|kind| kind.qcvn_type == group && kind.qcvn_detail == Some(detail))
    })
}

type Best<'b, 'k> = dyn Fn(&dyn Fn(&Kind) -> bool) -> Option<&'k Kind> + 'b;

/// `QĐ-UBND` is of the kind abbreviated QĐ. A công văn has no abbreviation: its notation begins with an agency's.
fn by_notation<'k>(best: &Best<'_, 'k>, notation: &str) -> Option<&'k Kind> {
    let notation = letters::composed(notation);
    let (abbreviation, _) = notation.split_once('-')?;
    if abbreviation.is_empty() { None } else { best(&|kind| kind.abbreviation == abbreviation) }
}

/// Whether the axis has a kind of this folded name.
fn is_listed(name: &str) -> bool {
    LEGAL_NORMATIVE_NAMES.iter().chain(&ADMINISTRATIVE_NAMES).any(|listed| folded(listed) == name)
}

/// The name without what NĐ 30/2020 puts behind it in brackets.
fn plain(name: &str) -> &str {
    name.split(" (").next().unwrap_or(name)
}

/// A name as it is compared: letters composed, small, single blanks.
fn folded(name: &str) -> String {
    let words: Vec<_> = plain(name.trim()).split_whitespace().map(|word| letters::composed(word).to_lowercase()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use domain::document::parse_kinds;

    use super::*;

    fn kinds() -> Vec<Kind> {
        parse_kinds(include_str!("../../../seeds/document-kinds.toml")).unwrap()
    }

    fn said(group: Option<u32>, detail: Option<u32>, name: &str) -> DocumentType {
        DocumentType { group, detail, name: name.into(), extra: Vec::new() }
    }

    #[test]
    fn every_kind_of_the_hub_goes_out_and_comes_back() {
        let kinds = kinds();
        assert_eq!(kinds.len(), 42, "29 of NĐ 30/2020 and 13 legal-normative");
        for kind in &kinds {
            let sent = to_axis(kind);
            assert_eq!(from_axis(&kinds, &sent, ""), Some(kind), "{}", kind.name);
            let listed = match (kind.legal_normative, kind.qcvn_detail) {
                (_, None) => continue,
                (true, Some(detail)) => LEGAL_NORMATIVE_NAMES[usize::from(detail) - 1],
                (false, Some(detail)) => ADMINISTRATIVE_NAMES[usize::from(detail) - 1],
            };
            assert_eq!(folded(listed), folded(&sent.name), "the seed and the list agree");
            assert_eq!(from_axis(&kinds, &DocumentType { name: String::new(), ..sent }, ""), Some(kind), "by numbers alone");
        }
        let bare: Vec<_> = kinds.iter().filter(|kind| kind.qcvn_detail.is_none()).map(|kind| kind.name.as_str()).collect();
        assert_eq!(bare, ["Phiếu báo"]);
    }

    #[test]
    fn names_come_before_notations_and_those_before_numbers() {
        let kinds = kinds();
        let found = |said: DocumentType, notation| from_axis(&kinds, &said, notation).map(|kind| (kind.id.as_str(), kind.legal_normative));
        // As the two libraries write a công văn.
        assert_eq!(found(said(Some(1), Some(0), "Công văn"), "VPCP-TTĐT"), Some(("cong-van", false)));
        assert_eq!(found(said(Some(18), Some(0), "CÔNG  VĂN"), "VPCP-TTĐT"), Some(("cong-van", false)));
        // Letters of two characters each, as one file system writes them.
        assert_eq!(found(said(None, None, "Co\u{302}ng va\u{306}n"), ""), Some(("cong-van", false)));
        assert_eq!(found(said(Some(1), Some(8), "Quyết định"), "").map(|found| found.1), Some(true));
        assert_eq!(found(said(Some(2), Some(2), "Quyết định"), ""), Some(("quyet-dinh", false)));
        assert_eq!(found(said(None, None, ""), "QĐ-UBND"), Some(("quyet-dinh", false)));
        assert_eq!(found(said(None, None, "Quyết định khen thưởng"), "QĐ-UBND"), Some(("quyet-dinh", false)));
        // A kind of the axis that NĐ 30/2020 does not have is none of the others.
        assert_eq!(found(said(Some(2), Some(23), "Giấy chứng nhận"), "GM-UBND"), None);
        assert_eq!(found(said(Some(2), Some(99), ""), ""), None);
        assert_eq!(found(said(None, None, ""), "-UBND"), None);
    }
}
