//! The program that made a signature, as the document names it: for reports by signing tool, and never for a verdict.

use super::file::File;
use super::object::{Dictionary, Object};
use crate::options::Limits;

/// Names of real programs have at most about 90 characters; the rest would be no name.
const MAX_CHARACTERS: usize = 100;

/// The name in `/Prop_Build`, `/App` of the signature `dictionary`, otherwise the producer of the revision that ends at
/// `end`. `file` is the present document.
pub(crate) fn signing_tool(dictionary: &Dictionary, file: &File<'_>, end: Option<usize>, limits: &Limits) -> Option<String> {
    built_by(dictionary, file).or_else(|| producer_at(file, end?, limits))
}

/// The producer in the document information of `file`; that of an encrypted document cannot be read here.
pub(crate) fn producer(file: &File<'_>) -> Option<String> {
    if file.xref.trailer.lookup("Encrypt").is_some() {
        return None;
    }
    let information = file.dictionary(file.xref.trailer.lookup("Info"))?;
    text_of(&file.resolve(information.lookup("Producer")?).ok()?.object)
}

/// The program that wrote a file anew.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rewriter {
    pub(crate) name: String,
    /// It puts the stamp of the receiving office on documents that come in ("ký dấu đến").
    pub(crate) stamps_incoming: bool,
}

/// Words in the names of programs that put the stamp of the receiving office on documents, letters alone.
const INCOMING_STAMP: [&str; 3] = ["dauden", "congvanden", "vanbanden"];
/// Entries of the document information looked at; the standard names nine.
const MAX_ENTRIES: usize = 32;

/// Who wrote `file`, by its document information: an incoming-stamp tool wherever that names itself, otherwise the producer,
/// otherwise the creator.
pub(crate) fn rewriter(file: &File<'_>) -> Option<Rewriter> {
    if file.xref.trailer.lookup("Encrypt").is_some() {
        return None;
    }
    let information = file.dictionary(file.xref.trailer.lookup("Info"))?;
    let text = |value: &Object| text_of(&file.resolve(value).ok()?.object);
    // What the document is about says nothing of who wrote it.
    let entries = information.entries().iter().take(MAX_ENTRIES).filter(|(key, _)| !matches!(key.as_slice(), b"Title" | b"Subject"));
    let stamps = |name: &String| INCOMING_STAMP.iter().any(|word| plain_letters(name).contains(word));
    if let Some(name) = entries.filter_map(|(_, value)| text(value)).find(stamps) {
        return Some(Rewriter { name, stamps_incoming: true });
    }
    let name = ["Producer", "Creator"].iter().find_map(|key| text(information.lookup(key)?))?;
    Some(Rewriter { name, stamps_incoming: false })
}

/// Lower case, without the marks of Vietnamese, letters and digits alone.
fn plain_letters(text: &str) -> String {
    let plain = |letter: char| match letter {
        'à' | 'á' | 'ạ' | 'ả' | 'ã' | 'â' | 'ầ' | 'ấ' | 'ậ' | 'ẩ' | 'ẫ' | 'ă' | 'ằ' | 'ắ' | 'ặ' | 'ẳ' | 'ẵ' => {
            'a'
        }
        'è' | 'é' | 'ẹ' | 'ẻ' | 'ẽ' | 'ê' | 'ề' | 'ế' | 'ệ' | 'ể' | 'ễ' => 'e',
        'ì' | 'í' | 'ị' | 'ỉ' | 'ĩ' => 'i',
        'ò' | 'ó' | 'ọ' | 'ỏ' | 'õ' | 'ô' | 'ồ' | 'ố' | 'ộ' | 'ổ' | 'ỗ' | 'ơ' | 'ờ' | 'ớ' | 'ợ' | 'ở' | 'ỡ' => {
            'o'
        }
        'ù' | 'ú' | 'ụ' | 'ủ' | 'ũ' | 'ư' | 'ừ' | 'ứ' | 'ự' | 'ử' | 'ữ' => 'u',
        'ỳ' | 'ý' | 'ỵ' | 'ỷ' | 'ỹ' => 'y',
        'đ' => 'd',
        other => other,
    };
    text.to_lowercase().chars().map(plain).filter(char::is_ascii_alphanumeric).collect()
}

/// Adobe's build properties of the signing handler and program (PDF Signature Build Dictionary Specification).
fn built_by(dictionary: &Dictionary, file: &File<'_>) -> Option<String> {
    let properties = file.dictionary(dictionary.lookup("Prop_Build"))?;
    let program = file.dictionary(properties.lookup("App"))?;
    let name = file.resolve(program.lookup("Name")?).ok()?.object;
    // Encryption covers strings and leaves names as they are.
    let is_readable = file.xref.trailer.lookup("Encrypt").is_none() || matches!(name, Object::Name(_));
    text_of(&name).filter(|_| is_readable)
}

fn producer_at(file: &File<'_>, end: usize, limits: &Limits) -> Option<String> {
    if end == file.data.len() {
        return producer(file);
    }
    producer(&File::open(file.data.get(..end)?, limits).ok()?)
}

/// The text of a name or string, whatever its encoding, on one line.
fn text_of(object: &Object) -> Option<String> {
    let bytes = match object {
        Object::Name(name) => name,
        Object::String(string) => &string.bytes,
        Object::Null
        | Object::Boolean(_)
        | Object::Integer(_)
        | Object::Real(_)
        | Object::Array(_)
        | Object::Dictionary(_)
        | Object::Reference(_) => return None,
    };
    // Four bytes make one character in every encoding at most.
    let bytes = bytes.get(..bytes.len().min(4 * MAX_CHARACTERS)).unwrap_or_default();
    let decoded = decode(bytes);
    let words: Vec<&str> =
        decoded.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty()).collect();
    let text: String = words.join(" ").chars().take(MAX_CHARACTERS).collect();
    Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
}

/// UTF-16 by its mark, UTF-8 where it is that, otherwise Latin-1: signing programs write all of them.
fn decode(bytes: &[u8]) -> String {
    let utf16 = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = units.chunks_exact(2).filter_map(|pair| Some(unit(pair.try_into().ok()?)));
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xfe, 0xff, units @ ..] => utf16(units, u16::from_be_bytes),
        [0xff, 0xfe, units @ ..] => utf16(units, u16::from_le_bytes),
        _ => {
            let plain = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
            match std::str::from_utf8(plain) {
                Ok(text) => text.to_owned(),
                Err(_) => plain.iter().map(|&byte| char::from(byte)).collect(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::PdfString;

    fn string(bytes: &[u8]) -> Option<String> {
        text_of(&Object::String(PdfString { bytes: bytes.to_vec(), start: 0, end: 0, is_hex: false }))
    }

    #[test]
    fn a_name_is_read_in_every_encoding_in_use() {
        assert_eq!(text_of(&Object::Name(b"VGCASignService 1.0.11 \xa92014".to_vec())).as_deref(), Some("VGCASignService 1.0.11 ©2014"));
        assert_eq!(string(b"\xfe\xff\0K\x1e\xf9").as_deref(), Some("K\u{1ef9}"));
        assert_eq!(string(b"\xff\xfeK\0").as_deref(), Some("K"));
        assert_eq!(string("\u{feff}Công cụ".as_bytes()).as_deref(), Some("Công cụ"));
        assert_eq!(string(b"a\r\n\0 b\x1b[2J").as_deref(), Some("a b [2J"));
    }

    #[test]
    fn an_incoming_stamp_is_known_however_it_is_written() {
        for name in ["KY DAU DEN 2.1", "Ký dấu đến", "ky_dau_den", "iText - công văn đến"] {
            assert!(INCOMING_STAMP.iter().any(|word| plain_letters(name).contains(word)), "{name}");
        }
        assert_eq!(plain_letters("Đóng Dấu-Ỹ 1"), "dongdauy1");
    }

    #[test]
    fn a_name_is_bounded_and_nothing_is_no_name() {
        assert_eq!(string(&[b'x'; 1000]).map(|text| text.len()), Some(MAX_CHARACTERS));
        assert_eq!(string("ỹ".repeat(1000).as_bytes()).map(|text| text.chars().count() <= MAX_CHARACTERS), Some(true));
        assert_eq!((string(b" \n"), text_of(&Object::Integer(1))), (None, None));
    }
}
