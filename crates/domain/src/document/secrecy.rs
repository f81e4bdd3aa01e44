//! Marks of state secrecy (Mật, Tối mật, Tuyệt mật): what bears one does not travel here (QĐ 28/2018/QĐ-TTg, Điều 1.2).
//!
//! The field for the mark is the sure sign. A mark may also stand where people put it for want of a field: in brackets, or in
//! front of everything. The words are everyday ones too ("bảo mật", "mật độ", "bí mật nhà nước"), so that only an unmistakable
//! mark counts: officials who write about secrecy are not to be turned away.

use crate::document::Content;
use crate::letters::composed;
use crate::refusal::Refusal;

/// The levels as they are looked for, the longer before what it ends in, and as they are told.
const LEVELS: [(&str, &str); 3] = [("tuyệt mật", "Tuyệt mật"), ("tối mật", "Tối mật"), ("mật", "Mật")];
/// "Độ mật:" may stand before the level.
const LABEL: &str = "độ mật:";
const BRACKETS: [(char, char); 4] = [('[', ']'), ('(', ')'), ('{', '}'), ('<', '>')];

/// Refuses a document that is marked as a state secret: by its field, or plainly in notation, subject or a file's name.
pub(super) fn refuse(content: &Content) -> Result<(), Refusal> {
    let stated = content.secrecy.trim();
    if !stated.is_empty() {
        return Err(Refusal::Secret { field: "document.secrecy".into(), marking: stated.to_owned() });
    }
    let files = content.attachments.iter().enumerate();
    let names = files.map(|(i, file)| (format!("document.attachments[{i}].file_name"), in_file_name(&file.file_name)));
    let marks = [("document.notation".into(), in_notation(&content.notation)), ("document.subject".into(), in_text(&content.subject))];
    match marks.into_iter().chain(names).find_map(|(field, mark)| Some((field, mark?))) {
        Some((field, level)) => Err(Refusal::Secret { field, marking: level.to_owned() }),
        None => Ok(()),
    }
}

/// A group of a notation that is a level: no abbreviation is spelled so.
fn in_notation(notation: &str) -> Option<&'static str> {
    let words = canonical(&notation.replace(['-', '/', '.', '_'], " "));
    let words = words.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    LEVELS.iter().find(|(level, _)| format!(" {words} ").contains(&format!(" {level} "))).map(|(_, shown)| *shown)
}

/// A file's name without its endings, where `_` stands for a blank.
fn in_file_name(name: &str) -> Option<&'static str> {
    let mut stem = name;
    while let Some((rest, ending)) = stem.rsplit_once('.')
        && (1..=5).contains(&ending.len())
        && ending.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        stem = rest;
    }
    in_text(&stem.replace('_', " "))
}

fn in_text(text: &str) -> Option<&'static str> {
    let text = canonical(text);
    leading(&text).or_else(|| bracketed(&text))
}

/// "MẬT - …", "Tối mật: …", or nothing but the level. A hyphen without a blank beside it joins words ("mật-mã").
fn leading(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let labelled = lower.strip_prefix(LABEL).map(str::trim_start);
    let (rest, shown) = starting(labelled.unwrap_or(&lower))?;
    let mut after = rest.chars();
    let stands_apart = match after.next() {
        None => true,
        Some(':' | '|') => true,
        Some('-' | '–' | '—' | '.') => after.next().is_none_or(char::is_whitespace),
        Some(' ') => matches!(after.next(), Some('-' | '–' | '—' | ':' | '|')),
        Some(',' | ';') => labelled.is_some(),
        Some(_) => false,
    };
    stands_apart.then_some(shown)
}

/// "[MẬT]", "(Tối mật)": a level alone in brackets, before or behind everything else, or in capitals anywhere. A text that
/// brackets several levels speaks about them.
fn bracketed(text: &str) -> Option<&'static str> {
    let mut marked = None;
    let mut seen = None;
    for (open, bracket) in text.char_indices() {
        let Some((inside, before, after)) = enclosed(text, open, bracket) else { continue };
        let lower = inside.to_lowercase();
        let Some(("", level)) = starting(lower.strip_prefix(LABEL).map_or(lower.as_str(), str::trim_start)) else { continue };
        if seen.is_some_and(|other| other != level) {
            return None;
        }
        seen = Some(level);
        let is_at_an_end = [before, after].iter().any(|side| !side.contains(char::is_alphanumeric));
        let is_capital = inside != lower && inside == inside.to_uppercase();
        if is_at_an_end || is_capital {
            marked = Some(level);
        }
    }
    marked
}

/// What a bracket encloses, what stands before it and what behind.
fn enclosed(text: &str, open: usize, bracket: char) -> Option<(&str, &str, &str)> {
    let (_, closing) = BRACKETS.iter().find(|(opening, _)| *opening == bracket)?;
    let (inside, after) = text.get(open + bracket.len_utf8()..)?.split_once(*closing)?;
    Some((inside.trim(), text.get(..open)?, after))
}

fn starting(lower: &str) -> Option<(&str, &'static str)> {
    LEVELS.iter().find_map(|(level, shown)| Some((lower.strip_prefix(level)?, *shown)))
}

/// The text with its letters composed and its blanks made one, so that a mark reads the same whichever way it was typed.
fn canonical(text: &str) -> String {
    composed(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_in_brackets_or_in_front_counts() {
        for (text, level) in [
            ("[MẬT] Kế hoạch phòng thủ", "Mật"),
            ("(Tối mật) Kế hoạch phòng thủ", "Tối mật"),
            ("{tuyệt mật} Kế hoạch", "Tuyệt mật"),
            ("< Mật > Kế hoạch", "Mật"),
            ("Kế hoạch phòng thủ năm 2025 (mật)", "Mật"),
            ("Kế hoạch phòng thủ năm 2025 (Tối  mật).", "Tối mật"),
            ("Kế hoạch phòng thủ (MẬT) năm 2025", "Mật"),
            ("V/v diễn tập [TUYỆT MẬT] năm 2025", "Tuyệt mật"),
            ("[Độ mật: Tối mật] Kế hoạch", "Tối mật"),
            ("MẬT - Kế hoạch phòng thủ", "Mật"),
            ("MẬT- Kế hoạch phòng thủ", "Mật"),
            ("Mật – Kế hoạch phòng thủ", "Mật"),
            ("TỐI MẬT — Kế hoạch", "Tối mật"),
            ("TỐI\u{a0}MẬT: Kế hoạch", "Tối mật"),
            ("  Tuyệt mật. Kế hoạch", "Tuyệt mật"),
            ("Tuyệt mật : Kế hoạch", "Tuyệt mật"),
            ("MẬT | Kế hoạch", "Mật"),
            ("Độ mật: Mật, Kế hoạch", "Mật"),
            ("MẬT", "Mật"),
        ] {
            assert_eq!(in_text(text), Some(level), "{text}");
        }
    }

    #[test]
    fn ordinary_subjects_pass() {
        for text in [
            "",
            "Kế hoạch bảo vệ bí mật nhà nước năm 2025",
            "V/v tăng cường công tác bảo mật thông tin",
            "Mật độ dân số tỉnh Cà Mau - năm 2025",
            "MẬT ĐỘ XÂY DỰNG KHU DÂN CƯ",
            "Mật khẩu: hướng dẫn đổi định kỳ",
            "Mật mã: chương trình tập huấn",
            "Mật-mã học đại cương",
            "Mật ong – sản phẩm OCOP 4 sao",
            "MẬT ONG - SẢN PHẨM OCOP",
            "Mật, tối mật, tuyệt mật: cách xác định",
            "Tối mật thư và các trò chơi lớn",
            "Hướng dẫn xác định độ mật (mật, tối mật, tuyệt mật) của tài liệu",
            "Hướng dẫn đóng dấu độ mật (mật), (tối mật) và (tuyệt mật) trên tài liệu",
            "V/v đóng dấu chỉ mức độ (MẬT), (TỐI MẬT)",
            "V/v giải mật tài liệu (giải mật)",
            "Giải mật - danh mục năm 2025",
            "Danh mục bí mật nhà nước độ Tối mật, Tuyệt mật",
            "Quy chế (bí mật kinh doanh)",
            "[Bảo mật] Cập nhật phần mềm",
            "(Mật độ) bảng tổng hợp",
            "Về việc xác định (độ mật)",
            "Độ mật: hướng dẫn xác định",
            "Báo cáo (mật khẩu đã đổi)",
            "(Không mật) Báo cáo",
            "Báo cáo (mật",
            "[] () {} <>",
            "Mặt trận Tổ quốc - kế hoạch",
            "Mát - xa",
        ] {
            assert_eq!(in_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_mark_reads_the_same_however_it_is_composed() {
        // NFC, NFD, and the two half-composed forms of ậ; keyboards and file systems make all of them.
        for mat in ["M\u{1eac}T", "MA\u{323}\u{302}T", "M\u{c2}\u{323}T", "M\u{1ea0}\u{302}T", "MA\u{302}\u{323}T"] {
            assert_eq!(in_text(&format!("[{mat}] Kế hoạch")), Some("Mật"), "{mat}");
            assert_eq!(in_notation(&format!("{mat}-UBND")), Some("Mật"), "{mat}");
        }
        for toi in ["T\u{1ed0}I", "TO\u{302}\u{301}I", "T\u{d4}\u{301}I"] {
            assert_eq!(in_text(&format!("({toi} MẬT) Kế hoạch")), Some("Tối mật"), "{toi}");
        }
        for tuyet in ["Tuy\u{1ec7}t", "Tuye\u{323}\u{302}t", "Tuy\u{ea}\u{323}t", "Tuy\u{1eb9}\u{302}t"] {
            assert_eq!(in_text(&format!("{tuyet} mật - Kế hoạch")), Some("Tuyệt mật"), "{tuyet}");
        }
        assert_eq!(in_text("[ma\u{323}\u{302}t đo\u{323}\u{302}] Bảng"), None);
        assert_eq!(in_text("ba\u{309}o ma\u{323}\u{302}t - thông báo"), None);
    }

    #[test]
    fn a_notation_is_marked_by_a_group_of_its_own() {
        for (notation, level) in [
            ("MẬT-UBND", Some("Mật")),
            ("KH-UBND-MẬT", Some("Mật")),
            ("KH-UBND(MẬT)", None),
            ("[MẬT]", Some("Mật")),
            ("TỐI-MẬT/UBND", Some("Tối mật")),
            ("tuyệt_mật.BC", Some("Tuyệt mật")),
            ("UBND-VX", None),
            ("2024/QĐ-UBND", None),
            ("BMNN-BẢOMẬT", None),
            ("BCĐ-BVBMNN", None),
            ("MAT-TQ", None),
        ] {
            assert_eq!(in_notation(notation), level, "{notation}");
        }
    }

    #[test]
    fn a_file_is_marked_by_its_name_without_its_endings() {
        for (name, level) in [
            ("MẬT.pdf", Some("Mật")),
            ("MẬT_-_Kế_hoạch.pdf", Some("Mật")),
            ("MẬT - Kế hoạch.signed.pdf.p7s", Some("Mật")),
            ("(Tối mật) KH 12.pdf", Some("Tối mật")),
            ("[TUYỆT_MẬT]_KH_12.docx", Some("Tuyệt mật")),
            ("KH 12 (mật).pdf", Some("Mật")),
            ("Mật_độ_dân_số.pdf", None),
            ("mật-độ-dân-số.xlsx", None),
            ("Kế hoạch bảo vệ bí mật nhà nước.pdf", None),
            ("Mật khẩu - hướng dẫn.pdf", None),
            ("phu luc.mật", None),
            ("", None),
            (".pdf", None),
        ] {
            assert_eq!(in_file_name(name), level, "{name}");
        }
    }
}
