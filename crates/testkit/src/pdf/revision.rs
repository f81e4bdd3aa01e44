//! Reading and extending documents of the shape that this crate writes: classic cross-reference sections, dictionaries
//! as plain text.

use crate::Error;
use std::collections::BTreeMap;

/// A document of ours has one section per signature; a longer chain is a loop or a foreign file.
const MAX_SECTIONS: usize = 256;

/// The object numbers that ISO 32000-1, annex C promises every reader can take.
const MAX_OBJECT_NUMBER: u32 = 8_388_607;

/// What the cross-reference sections of a document say, the newest first.
pub(crate) struct Document<'a> {
    pdf: &'a [u8],
    offsets: BTreeMap<u32, usize>,
    /// Offset of the newest section, as the last `startxref` gives it.
    pub(crate) start: usize,
    /// The newest trailer dictionary.
    pub(crate) trailer: String,
    /// The first free object number.
    pub(crate) size: u32,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(pdf: &'a [u8]) -> Result<Self, Error> {
        let start = last_startxref(pdf).ok_or(Error::UnsupportedDocument("startxref"))?;
        let mut document = Self { pdf, offsets: BTreeMap::new(), start, trailer: String::new(), size: 0 };
        let mut next = Some(start);
        for _ in 0..MAX_SECTIONS {
            let Some(section) = next else { return Ok(document) };
            let trailer = document.read_section(section).ok_or(Error::UnsupportedDocument("cross-reference table"))?;
            next = number_after(&trailer, "/Prev").map(|prev| prev as usize);
            if document.trailer.is_empty() {
                let size = number_after(&trailer, "/Size").filter(|size| *size <= MAX_OBJECT_NUMBER);
                document.size = size.ok_or(Error::UnsupportedDocument("trailer with /Size"))?;
                document.trailer = trailer;
            }
        }
        Err(Error::UnsupportedDocument("end of its cross-reference sections"))
    }

    /// Takes over the entries of one section that no newer section has; returns its trailer.
    fn read_section(&mut self, section: usize) -> Option<String> {
        let mut rest = self.pdf.get(section..)?.strip_prefix(b"xref\n")?;
        while !rest.starts_with(b"trailer") {
            let line_end = find(rest, b"\n", 0)?;
            let line = std::str::from_utf8(&rest[..line_end]).ok()?;
            let (first, count) = line.trim().split_once(' ')?;
            let (first, count): (u32, usize) = (first.parse().ok()?, count.parse().ok()?);
            if first > MAX_OBJECT_NUMBER {
                return None;
            }
            let entries = rest.get(line_end + 1..line_end + 1 + count.checked_mul(20)?)?;
            for (number, entry) in (first..).zip(entries.chunks_exact(20)) {
                if entry[17] == b'n' {
                    let offset = std::str::from_utf8(&entry[..10]).ok()?.parse().ok()?;
                    self.offsets.entry(number).or_insert(offset);
                }
            }
            rest = &rest[line_end + 1 + entries.len()..];
        }
        let end = find(rest, b"startxref", 0)?;
        let trailer = std::str::from_utf8(&rest[b"trailer".len()..end]).ok()?;
        Some(trailer.trim().to_owned())
    }

    /// Where each object begins, by its number.
    pub(crate) fn offsets(&self) -> &BTreeMap<u32, usize> {
        &self.offsets
    }

    /// The body of an object, between `obj` and `endobj`.
    pub(crate) fn object(&self, number: u32) -> Result<&'a [u8], Error> {
        let body = || {
            let body = self.pdf.get(*self.offsets.get(&number)?..)?;
            let body = body.strip_prefix(format!("{number} 0 obj\n").as_bytes())?;
            body.get(..find(body, b"\nendobj", 0)?)
        };
        body().ok_or(Error::UnsupportedDocument("object where its table says"))
    }

    /// The text of a dictionary object.
    pub(crate) fn dictionary(&self, number: u32) -> Result<String, Error> {
        match std::str::from_utf8(self.object(number)?) {
            Ok(text) if text.starts_with("<<") && text.ends_with(">>") => Ok(text.to_owned()),
            _ => Err(Error::UnsupportedDocument("dictionary where its table says")),
        }
    }

    pub(crate) fn root(&self) -> Result<u32, Error> {
        number_after(&self.trailer, "/Root").ok_or(Error::UnsupportedDocument("/Root"))
    }

    /// The object number of the first page.
    pub(crate) fn first_page(&self) -> Result<u32, Error> {
        let catalog = self.dictionary(self.root()?)?;
        let pages = number_after(&catalog, "/Pages").ok_or(Error::UnsupportedDocument("/Pages"))?;
        let kids = self.dictionary(pages)?;
        number_after(&kids, "/Kids [").ok_or(Error::UnsupportedDocument("/Kids"))
    }

    /// The objects of the document in which all of `numbers` are replaced or added, appended as one more revision.
    pub(crate) fn append(&self, objects: &[(u32, Vec<u8>)]) -> Vec<u8> {
        let added: usize = objects.iter().map(|(_, object)| object.len() + 60).sum();
        let mut out = Vec::with_capacity(self.pdf.len() + added + 400);
        out.extend_from_slice(self.pdf);
        if !out.ends_with(b"\n") {
            out.push(b'\n');
        }
        let mut offsets = BTreeMap::new();
        for (number, object) in objects {
            offsets.insert(*number, out.len());
            out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
            out.extend_from_slice(object);
            out.extend_from_slice(b"\nendobj\n");
        }
        let start = out.len();
        out.extend_from_slice(self.section(&offsets, start, Some(self.start)).as_bytes());
        out
    }

    /// A cross-reference section that begins at `start`, with a trailer that leads on to `previous`.
    pub(crate) fn section(&self, offsets: &BTreeMap<u32, usize>, start: usize, previous: Option<usize>) -> String {
        let mut text = String::from("xref\n");
        if previous.is_none() {
            // ISO 32000-2, 7.5.4: the first section heads the list of free objects.
            text.push_str("0 1\n0000000000 65535 f \n");
        }
        let mut numbers = offsets.iter().peekable();
        while let Some((first, offset)) = numbers.next() {
            let mut run = vec![*offset];
            while let Some((_, offset)) = numbers.next_if(|(number, _)| **number == first + run.len() as u32) {
                run.push(*offset);
            }
            text.push_str(&format!("{first} {}\n", run.len()));
            for offset in run {
                text.push_str(&format!("{offset:010} 00000 n \n"));
            }
        }
        let used = offsets.keys().next_back().map_or(0, |number| number + 1);
        let trailer = without_entry(&without_entry(&self.trailer, "/Size"), "/Prev");
        let trailer = match previous {
            Some(previous) => append_entry(&trailer, &format!("/Size {} /Prev {previous}", self.size.max(used))),
            None => append_entry(&trailer, &format!("/Size {used}")),
        };
        text.push_str(&format!("trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n"));
        text
    }
}

/// Adds an entry at the end of a dictionary's text.
pub(crate) fn append_entry(dictionary: &str, entry: &str) -> String {
    let body = dictionary.strip_suffix(">>").unwrap_or(dictionary).trim_end();
    format!("{body} {entry} >>")
}

/// Adds an element to the array under `key`, and the array itself where there is none.
pub(crate) fn append_to_array(dictionary: &str, key: &str, element: &str) -> String {
    let Some(at) = dictionary.find(&format!("{key} [")) else {
        return append_entry(dictionary, &format!("{key} [{element}]"));
    };
    let Some(end) = dictionary[at..].find(']').map(|end| at + end) else { return dictionary.to_owned() };
    format!("{} {element}{}", &dictionary[..end], &dictionary[end..])
}

/// Sets the entry under `key`, whether or not there is one.
pub(crate) fn replace_entry(dictionary: &str, key: &str, value: &str) -> String {
    append_entry(&without_entry(dictionary, key), &format!("{key} {value}"))
}

/// The dictionary without the entry under `key`: a number, a reference, an array or a dictionary.
pub(crate) fn without_entry(dictionary: &str, key: &str) -> String {
    let Some(at) = dictionary.find(&format!("{key} ")) else { return dictionary.to_owned() };
    let value = &dictionary[at + key.len() + 1..];
    let end = match value.as_bytes() {
        [b'[', ..] => value.find(']').map(|end| end + 1),
        [b'<', b'<', ..] => value.find(">>").map(|end| end + 2),
        _ => value.find(['/', '>']),
    };
    format!("{}{}", &dictionary[..at], value[end.unwrap_or(value.len())..].trim_start())
}

/// The number that follows `key`: a value, or the object number of a reference.
pub(crate) fn number_after(dictionary: &str, key: &str) -> Option<u32> {
    let at = dictionary.find(key)? + key.len();
    let value = dictionary[at..].trim_start();
    let end = value.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(value.len());
    value[..end].parse().ok()
}

pub(crate) fn last_startxref(pdf: &[u8]) -> Option<usize> {
    const KEYWORD: &[u8] = b"startxref";
    let at = pdf.windows(KEYWORD.len()).rposition(|window| window == KEYWORD)?;
    let text = std::str::from_utf8(pdf.get(at + KEYWORD.len()..)?.get(..20.min(pdf.len() - at - KEYWORD.len()))?);
    text.ok()?.split_ascii_whitespace().next()?.parse().ok()
}

pub(crate) fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = from;
    loop {
        at += haystack.get(at..)?.iter().position(|byte| *byte == first)?;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::Draft;

    #[test]
    fn an_added_revision_replaces_an_object_and_keeps_the_bytes_before_it() {
        let pdf = Draft::default().build();
        let document = Document::parse(&pdf).unwrap();
        let page = document.first_page().unwrap();
        assert_eq!((page, document.size), (5, 7));
        let changed = append_entry(&document.dictionary(page).unwrap(), "/Rotate 90");
        let longer = document.append(&[(page, changed.into_bytes()), (7, b"<< /New true >>".to_vec())]);
        assert!(longer.starts_with(&pdf));
        let document = Document::parse(&longer).unwrap();
        assert!(document.dictionary(page).unwrap().ends_with("/Contents 6 0 R /Rotate 90 >>"));
        assert_eq!(document.dictionary(7).unwrap(), "<< /New true >>");
        assert_eq!(document.size, 8);
        assert_eq!(number_after(&document.trailer, "/Prev").map(|prev| prev as usize), last_startxref(&pdf));
    }

    #[test]
    fn a_chain_of_sections_that_loops_is_refused() {
        let mut pdf = b"%PDF-1.7\n".to_vec();
        pdf.extend_from_slice(b"xref\n0 0\ntrailer\n<< /Size 1 /Prev 9 >>\nstartxref\n9\n%%EOF\n");
        assert!(matches!(Document::parse(&pdf), Err(Error::UnsupportedDocument(_))));
    }

    #[test]
    fn text_that_is_no_document_is_refused() {
        const HUGE: &str = "xref\n4294967295 0\ntrailer\n<< /Size 4294967295 >>\nstartxref 0";
        for text in ["", "startxref", "startxref 5", "xref\nstartxref 0", "xref\n1 99999999999\nstartxref 0", HUGE] {
            assert!(Document::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn entries_of_every_form_can_be_taken_out() {
        let dictionary = "<< /N 5 /R 6 0 R /A [1 0 R 2 0 R] /D << /X 1 >> /L /Last >>";
        assert_eq!(without_entry(dictionary, "/N"), "<< /R 6 0 R /A [1 0 R 2 0 R] /D << /X 1 >> /L /Last >>");
        assert_eq!(without_entry(dictionary, "/R"), "<< /N 5 /A [1 0 R 2 0 R] /D << /X 1 >> /L /Last >>");
        assert_eq!(without_entry(dictionary, "/A"), "<< /N 5 /R 6 0 R /D << /X 1 >> /L /Last >>");
        assert_eq!(without_entry(dictionary, "/D"), "<< /N 5 /R 6 0 R /A [1 0 R 2 0 R] /L /Last >>");
        assert_eq!(without_entry("<< /B 1 /N 5 >>", "/N"), "<< /B 1 >>");
        assert_eq!(without_entry(dictionary, "/Z"), dictionary);
    }

    #[test]
    fn arrays_grow_and_appear() {
        assert_eq!(append_to_array("<< /A [1 0 R] /B 2 >>", "/A", "3 0 R"), "<< /A [1 0 R 3 0 R] /B 2 >>");
        assert_eq!(append_to_array("<< /B 2 >>", "/A", "3 0 R"), "<< /B 2 /A [3 0 R] >>");
    }
}
