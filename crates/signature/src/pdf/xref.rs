//! Cross-references: tables, streams and hybrid files, from the last revision back through `/Prev`.

use std::collections::{HashMap, HashSet};

use super::file::PdfError;
use super::object::{Dictionary, Object, Parser, is_white};
use super::stream;
use crate::options::Limits;

/// Real files have a few dozen revisions.
const MAX_SECTIONS: usize = 1024;
/// `startxref` stands near the end; some writers pad the file.
const TAIL: usize = 4096;

/// Beside twice the file's length: sections that are inflated are bounded by themselves.
const WORK_ALLOWANCE: usize = 1 << 20;

/// Where an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Free,
    Offset(u64),
    InStream { stream: u32, index: u32 },
}

/// The cross-references of the present revision, and its trailer.
#[derive(Debug, Default)]
pub(crate) struct Xref {
    pub(crate) entries: HashMap<u32, Entry>,
    pub(crate) trailer: Dictionary,
    /// Where the last section begins.
    pub(crate) start: u64,
    /// Steps that reading them took.
    pub(crate) work: usize,
}

/// Reads the cross-references of `data`, which starts at the header.
pub(crate) fn read(data: &[u8], limits: &Limits, inflate_budget: &mut usize) -> Result<Xref, PdfError> {
    let work = data.len().saturating_mul(2).saturating_add(WORK_ALLOWANCE);
    let mut reader =
        Sections { data, limits, inflate_budget, xref: Xref::default(), work, of_table: HashSet::new(), in_hybrid_stream: false };
    let mut visited = HashSet::new();
    let mut next = Some(last_startxref(data)?);
    let mut is_first = true;
    while let Some(offset) = next.take() {
        if !visited.insert(offset) {
            return Err(PdfError::XrefLoop);
        }
        if visited.len() > MAX_SECTIONS {
            return Err(PdfError::TooManyRevisions);
        }
        reader.of_table.clear();
        let trailer = reader.section(offset)?;
        if let Some(hybrid) = trailer.integer("XRefStm") {
            let hybrid = u64::try_from(hybrid).map_err(|_| PdfError::BadXref(offset))?;
            if !visited.insert(hybrid) {
                return Err(PdfError::XrefLoop);
            }
            reader.in_hybrid_stream = true;
            reader.section(hybrid)?;
            reader.in_hybrid_stream = false;
        }
        if let Some(previous) = trailer.integer("Prev") {
            next = Some(u64::try_from(previous).map_err(|_| PdfError::BadXref(offset))?);
        }
        if is_first {
            reader.xref.trailer = trailer;
            reader.xref.start = offset;
            is_first = false;
        }
    }
    reader.xref.work = work.saturating_sub(reader.work);
    Ok(reader.xref)
}

fn last_startxref(data: &[u8]) -> Result<u64, PdfError> {
    const KEYWORD: &[u8] = b"startxref";
    let tail = data.get(data.len().saturating_sub(TAIL)..).unwrap_or_default();
    let at = tail.windows(KEYWORD.len()).rposition(|window| window == KEYWORD).ok_or(PdfError::NoXref)?;
    Parser::new(tail, at + KEYWORD.len(), 1).unsigned().ok_or(PdfError::NoXref)
}

struct Sections<'a, 'b> {
    data: &'a [u8],
    limits: &'b Limits,
    inflate_budget: &'b mut usize,
    xref: Xref,
    /// Bytes that may still be read: sections may overlap, and a thousand of them could each be as long as the file.
    work: usize,
    /// Objects that the section being read was the first to name.
    of_table: HashSet<u32>,
    /// The section being read is the stream beside the table of a hybrid file.
    in_hybrid_stream: bool,
}

impl Sections<'_, '_> {
    /// Reads one section and returns its trailer dictionary. Entries of later revisions win.
    fn section(&mut self, offset: u64) -> Result<Dictionary, PdfError> {
        let bad = PdfError::BadXref(offset);
        let start = usize::try_from(offset).ok().filter(|&start| start < self.data.len()).ok_or(bad)?;
        let mut parser = Parser::new(self.data, start, self.limits.max_object_depth);
        if parser.take_keyword("xref") { self.table(parser, offset, start) } else { self.stream(parser, offset) }
    }

    fn spend(&mut self, work: usize) -> Result<(), PdfError> {
        self.work = self.work.checked_sub(work).ok_or(PdfError::TooMuchWork)?;
        Ok(())
    }

    fn add(&mut self, number: u64, entry: Entry) -> Result<(), PdfError> {
        let Ok(number) = u32::try_from(number) else { return Ok(()) };
        let Some(known) = self.xref.entries.get_mut(&number) else {
            if self.xref.entries.len() >= self.limits.max_objects {
                return Err(PdfError::TooManyObjects);
            }
            self.xref.entries.insert(number, entry);
            if !self.in_hybrid_stream {
                self.of_table.insert(number);
            }
            return Ok(());
        };
        // ISO 32000-1, 7.5.8.4: the table of a hybrid file hides an object by calling it free, and the stream beside it
        // says where it is. Two places for one object are two readings of one file.
        if self.in_hybrid_stream && self.of_table.contains(&number) && entry != Entry::Free {
            match *known {
                Entry::Free => *known = entry,
                same if same == entry => {}
                Entry::Offset(_) | Entry::InStream { .. } => return Err(PdfError::TwoReadings(number)),
            }
        }
        Ok(())
    }

    fn table(&mut self, mut parser: Parser<'_>, offset: u64, start: usize) -> Result<Dictionary, PdfError> {
        let bad = PdfError::BadXref(offset);
        while !parser.take_keyword("trailer") {
            let first = parser.unsigned().ok_or(bad)?;
            let count = parser.unsigned().ok_or(bad)?;
            for index in 0..count {
                let at = parser.unsigned().ok_or(bad)?;
                parser.unsigned().ok_or(bad)?;
                let entry = if parser.take_keyword("n") {
                    Entry::Offset(at)
                } else if parser.take_keyword("f") {
                    Entry::Free
                } else {
                    return Err(bad);
                };
                self.add(first.saturating_add(index), entry)?;
            }
        }
        let trailer = parser.object()?;
        self.spend(parser.position.saturating_sub(start))?;
        match trailer {
            Object::Dictionary(trailer) => Ok(trailer),
            _ => Err(bad),
        }
    }

    fn stream(&mut self, mut parser: Parser<'_>, offset: u64) -> Result<Dictionary, PdfError> {
        let bad = PdfError::BadXref(offset);
        parser.unsigned().ok_or(bad)?;
        parser.unsigned().ok_or(bad)?;
        if !parser.take_keyword("obj") {
            return Err(bad);
        }
        let Object::Dictionary(dictionary) = parser.object()? else { return Err(bad) };
        if dictionary.name("Type") != Some(b"XRef") {
            return Err(bad);
        }
        let start = parser.stream_start().ok_or(bad)?;
        // A cross-reference stream cannot look up its own length.
        let length = dictionary.integer("Length").and_then(|length| usize::try_from(length).ok()).ok_or(bad)?;
        let end = start.checked_add(length).ok_or(bad)?;
        let raw = self.data.get(start..end).ok_or(bad)?;
        let after = self.data.get(end..).unwrap_or_default();
        let after = after.iter().position(|&byte| !is_white(byte)).and_then(|at| after.get(at..)).unwrap_or_default();
        if !after.starts_with(b"endstream") {
            return Err(bad);
        }
        self.spend(raw.len().saturating_add(start.saturating_sub(usize::try_from(offset).unwrap_or(start))))?;
        let decoded = stream::decode(&dictionary, raw, self.inflate_budget)?;
        self.stream_entries(&dictionary, &decoded, bad)?;
        Ok(dictionary)
    }

    fn stream_entries(&mut self, dictionary: &Dictionary, decoded: &[u8], bad: PdfError) -> Result<(), PdfError> {
        let numbers = |key: &str| match dictionary.lookup(key) {
            Some(Object::Array(items)) => Some(
                items
                    .iter()
                    .map(|item| match item {
                        Object::Integer(value) => u64::try_from(*value).ok(),
                        _ => None,
                    })
                    .collect::<Option<Vec<u64>>>(),
            ),
            _ => None,
        };
        let widths = numbers("W").flatten().ok_or(bad)?;
        let widths: [usize; 3] = match widths.as_slice() {
            [a, b, c] if *a <= 8 && *b <= 8 && *c <= 8 && *b > 0 => [*a, *b, *c].map(|width| usize::try_from(width).unwrap_or(8)),
            _ => return Err(bad),
        };
        let index = match numbers("Index") {
            Some(index) => index.ok_or(bad)?,
            None => vec![0, u64::try_from(dictionary.integer("Size").unwrap_or(0)).map_err(|_| bad)?],
        };
        let mut rows = decoded.chunks_exact(widths.iter().sum());
        for pair in index.chunks_exact(2) {
            let [first, count] = pair else { continue };
            for step in 0..*count {
                // A declared size beyond the data ends the section; it is never allocated.
                let Some(row) = rows.next() else { return Ok(()) };
                let (kind, rest) = row.split_at(widths[0]);
                let (second, third) = rest.split_at(widths[1]);
                let kind = if kind.is_empty() { 1 } else { big_endian(kind) };
                let entry = match kind {
                    0 => Entry::Free,
                    1 => Entry::Offset(big_endian(second)),
                    2 => Entry::InStream {
                        stream: u32::try_from(big_endian(second)).map_err(|_| bad)?,
                        index: u32::try_from(big_endian(third)).map_err(|_| bad)?,
                    },
                    // ISO 32000-1, 7.5.8.3: other types are null.
                    _ => Entry::Free,
                };
                self.add(first.saturating_add(step), entry)?;
            }
        }
        Ok(())
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::super::file::File;
    use super::*;

    fn open(data: &[u8]) -> Result<HashMap<u32, Entry>, PdfError> {
        read(data, &Limits::default(), &mut 1000).map(|xref| xref.entries)
    }

    /// A file with a cross-reference stream at `at`, whose rows are (type, two bytes, one byte).
    fn with_stream(mut data: Vec<u8>, extra: &str, rows: &[[u8; 4]]) -> Vec<u8> {
        let at = data.len();
        let head = format!("9 0 obj<</Type/XRef/W[1 2 1]/Root 1 0 R/Length {}{extra}>>stream\n", rows.len() * 4);
        data.extend(head.bytes());
        data.extend(rows.concat());
        data.extend(format!("\nendstream endobj\nstartxref {at}\n%%EOF").bytes());
        data
    }

    #[test]
    fn tables_are_read_through_their_revisions_and_the_latest_entry_wins() {
        let first = b"%PDF-1.4\nxref\n0 2\n0000000000 65535 f \n0000000111 00000 n \ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n";
        let at = first.len();
        let second = format!("xref\n1 2\n0000000222 00000 n \n0000000333 00000 n \ntrailer<</Prev 9>>startxref {at}\n%%EOF");
        let entries = open(&[first.as_slice(), second.as_bytes()].concat()).unwrap();
        let expected = [(0, Entry::Free), (1, Entry::Offset(222)), (2, Entry::Offset(333))];
        assert_eq!(entries, HashMap::from(expected));
    }

    #[test]
    fn streams_give_offsets_and_places_in_object_streams() {
        let mut data = b"%PDF-1.5\n".to_vec();
        let objects = data.len();
        data.extend(b"5 0 obj<</Type/ObjStm/N 2/First 8/Length 27>>stream\n1 0 2 13 <</A 2 0 R>>(text)\nendstream endobj\n");
        let place = u8::try_from(objects).unwrap();
        let data = with_stream(data, "/Index[1 2 5 1]", &[[2, 0, 5, 0], [2, 0, 5, 1], [1, 0, place, 0]]);
        let limits = Limits::default();
        let file = File::open(&data, &limits).unwrap();
        assert_eq!(file.xref.entries[&2], Entry::InStream { stream: 5, index: 1 });
        let root = file.dictionary(file.xref.trailer.lookup("Root")).unwrap();
        let text = file.resolve(root.lookup("A").unwrap()).unwrap();
        assert!(!text.in_file);
        assert!(matches!(text.object, Object::String(string) if string.bytes == b"text"));
    }

    #[test]
    fn a_hybrid_stream_shows_what_the_table_hides_and_may_not_contradict_it() {
        let hybrid = |row: [u8; 4]| {
            let data = with_stream(b"%PDF-1.5\n".to_vec(), "/Index[1 1]", &[row]);
            let at = data.len();
            let table = |kind| format!("xref\n1 1\n0000000111 00000 {kind} \ntrailer<</Root 1 0 R/XRefStm 9>>startxref {at}\n%%EOF");
            ["f", "n"].map(|kind| open(&[data.as_slice(), table(kind).as_bytes()].concat()).map(|entries| entries[&1]))
        };
        assert_eq!(hybrid([1, 0, 222, 0]), [Ok(Entry::Offset(222)), Err(PdfError::TwoReadings(1))]);
        assert_eq!(hybrid([1, 0, 111, 0]), [Ok(Entry::Offset(111)), Ok(Entry::Offset(111))]);
    }

    #[test]
    fn loops_and_declared_sizes_are_bounded() {
        let looping = b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer<</Prev 9>>startxref 9\n%%EOF";
        assert_eq!(open(looping), Err(PdfError::XrefLoop));
        let huge = b"%PDF-1.4\nxref\n0 4000000000\n0000000000 65535 f \ntrailer<<>>startxref 9\n%%EOF";
        assert_eq!(open(huge), Err(PdfError::BadXref(9)));
        let stream = with_stream(b"%PDF-1.5\n".to_vec(), "/Size 2147483647", &[[0, 0, 0, 0]]);
        assert_eq!(open(&stream).map(|entries| entries.len()), Ok(1));
    }
}
