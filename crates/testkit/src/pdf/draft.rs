//! An unsigned document: PDF 1.7 with a classic cross-reference table, a title and pages of text.

use crate::cms::Digest;

/// A4 upright, in points.
const MEDIA_BOX: &str = "[0 0 595 842]";
/// At 11 points with 16 points from line to line, between margins of 60 points.
const LINES_PER_PAGE: usize = 44;

/// What a document says.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The title in the document's information, any Unicode text.
    pub title: String,
    /// Lines of text from the first page on. Letters outside ASCII lose their marks on the page (the base fonts of PDF
    /// have no Vietnamese), not in the title.
    pub lines: Vec<String>,
    /// The least number of pages; at least one, and more if the lines need them.
    pub pages: u32,
    /// Size of a stream of incompressible bytes to make the file large; zero for none.
    pub padding_bytes: usize,
}

impl Draft {
    /// Writes the document. The same draft gives the same bytes.
    pub fn build(&self) -> Vec<u8> {
        let page_count = self.lines.len().div_ceil(LINES_PER_PAGE).max(self.pages as usize).max(1);
        // 1 catalog, 2 page tree, 3 information, 4 font, then page and text in turn, then the padding.
        let page_number = |page: usize| 5 + 2 * page;
        let padding_number = page_number(page_count);

        let mut catalog = "<< /Type /Catalog /Pages 2 0 R /Lang (vi-VN) >>".to_owned();
        if self.padding_bytes > 0 {
            // ISO 32000-2, 14.5: the place for an application's private data.
            let private = format!(" /PieceInfo << /Testkit << /LastModified (D:20240101000000Z) /Private {padding_number} 0 R >> >> >>");
            catalog.replace_range(catalog.len() - 3.., &private);
        }
        let kids: Vec<String> = (0..page_count).map(|page| format!("{} 0 R", page_number(page))).collect();
        let mut objects = vec![
            catalog.into_bytes(),
            format!("<< /Type /Pages /Kids [{}] /Count {page_count} >>", kids.join(" ")).into_bytes(),
            format!("<< /Title {} /Producer (testkit) >>", text_string(&self.title)).into_bytes(),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
        ];
        for page in 0..page_count {
            let text = page_number(page) + 1;
            objects.push(
                format!(
                    "<< /Type /Page /Parent 2 0 R /MediaBox {MEDIA_BOX} /Resources << /Font << /F1 4 0 R >> >> /Contents {text} 0 R >>"
                )
                .into_bytes(),
            );
            let lines = self.lines.iter().skip(page * LINES_PER_PAGE).take(LINES_PER_PAGE);
            let footer = format!("Trang {}/{page_count}", page + 1);
            objects.push(stream(page_text(lines.map(String::as_str), &footer).as_bytes()));
        }
        if self.padding_bytes > 0 {
            objects.push(stream(&incompressible(self.padding_bytes)));
        }
        write_file(&objects)
    }
}

fn write_file(objects: &[Vec<u8>]) -> Vec<u8> {
    let body: usize = objects.iter().map(Vec::len).sum();
    let mut out = Vec::with_capacity(body + objects.len() * 50 + 300);
    // ISO 32000-2, 7.5.2: four bytes above 127 tell transfer programs that the file is binary.
    out.extend_from_slice(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n");
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let id: String = Digest::Sha256.of(&[&out])[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let start = out.len();
    let trailer =
        format!("trailer\n<< /Size {} /Root 1 0 R /Info 3 0 R /ID [<{id}> <{id}>] >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    out.extend_from_slice(table.as_bytes());
    out.extend_from_slice(trailer.as_bytes());
    out
}

pub(crate) fn stream(content: &[u8]) -> Vec<u8> {
    let head = format!("<< /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// The operators that write lines of text from the top of a page, and a footer.
pub(crate) fn page_text<'a>(lines: impl Iterator<Item = &'a str>, footer: &str) -> String {
    let mut text = String::from("BT /F1 11 Tf 16 TL 60 780 Td\n");
    for line in lines {
        text.push_str(&format!("({}) Tj T*\n", escape(&fold(line))));
    }
    text.push_str("ET\n");
    text.push_str(&format!("BT /F1 9 Tf 60 40 Td ({}) Tj ET", escape(&fold(footer))));
    text
}

/// A text string object: ASCII as a literal, everything else as UTF-16BE in hexadecimal (ISO 32000-2, 7.9.2.2).
pub(crate) fn text_string(text: &str) -> String {
    if text.is_ascii() {
        return format!("({})", escape(text));
    }
    let units: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    format!("<FEFF{units}>")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '(' | ')' | '\\') {
            out.push('\\');
        }
        out.push(if letter.is_ascii_control() { ' ' } else { letter });
    }
    out
}

/// Vietnamese without its marks; what is neither ASCII nor Vietnamese becomes a question mark.
fn fold(text: &str) -> String {
    text.chars().filter(|letter| !is_combining(*letter)).map(fold_letter).collect()
}

fn is_combining(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

fn fold_letter(letter: char) -> char {
    const BASES: [(char, &str); 7] = [
        ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
        ('d', "đ"),
        ('e', "èéẻẽẹêềếểễệ"),
        ('i', "ìíỉĩị"),
        ('o', "òóỏõọôồốổỗộơờớởỡợ"),
        ('u', "ùúủũụưừứửữự"),
        ('y', "ỳýỷỹỵ"),
    ];
    if letter.is_ascii() {
        return letter;
    }
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    let Some((base, _)) = BASES.iter().find(|(_, marked)| marked.contains(lower)) else { return '?' };
    if lower == letter { *base } else { base.to_ascii_uppercase() }
}

/// Bytes of an xorshift generator: nothing compresses them, and every run makes the same.
fn incompressible(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut out = Vec::with_capacity(count + 8);
    while out.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(count);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_loses_its_marks_and_nothing_else() {
        assert_eq!(fold("QUYẾT ĐỊNH số 12/QĐ-UBND"), "QUYET DINH so 12/QD-UBND");
        assert_eq!(fold("e\u{302}\u{301}"), "e");
        assert_eq!(fold("漢"), "?");
    }

    #[test]
    fn a_title_outside_ascii_is_utf16_with_a_byte_order_mark() {
        assert_eq!(text_string("Đỏ"), "<FEFF01101ECF>");
        assert_eq!(text_string("a(b)"), "(a\\(b\\))");
    }

    #[test]
    fn every_entry_of_the_table_points_at_its_object() {
        let draft = Draft { title: "t".into(), lines: vec!["x".into(); 100], pages: 2, padding_bytes: 100 };
        let pdf = draft.build();
        let text = String::from_utf8_lossy(&pdf);
        // 100 lines take three pages: catalog, tree, information, font, 3 × (page, text), padding.
        assert!(text.contains("/Count 3 ") && text.contains("xref\n0 12\n"), "{text}");
        let table = super::super::revision::find(&pdf, b"xref\n0 12\n", 0).unwrap() + 10;
        for number in 1..12 {
            let entry = std::str::from_utf8(&pdf[table + number * 20..][..10]).unwrap();
            let offset: usize = entry.parse().unwrap();
            assert!(pdf[offset..].starts_with(format!("{number} 0 obj\n").as_bytes()), "object {number}");
        }
    }

    #[test]
    fn padding_has_the_size_that_was_asked_for() {
        let plain = Draft::default().build().len();
        let padded = Draft { padding_bytes: 1_000_003, ..Draft::default() }.build().len();
        assert!((1_000_003..1_000_603).contains(&(padded - plain)), "{}", padded - plain);
    }
}
