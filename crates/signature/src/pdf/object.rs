//! PDF objects (ISO 32000-1, 7.2 and 7.3), read with the offsets of strings and dictionaries.

use std::rc::Rc;

/// Objects made per call of the parser: an array of zeros would otherwise cost thirty times its size in memory.
const MAX_NODES: usize = 100_000;

/// A PDF object. Streams are dictionaries followed by the keyword, see [`Parser::stream_start`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Object {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Name(Vec<u8>),
    String(PdfString),
    Array(Vec<Self>),
    Dictionary(Dictionary),
    Reference(u32),
}

/// A string with its extent in the file, delimiters included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PdfString {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) is_hex: bool,
}

/// A dictionary in file order: duplicate keys are kept, because two readings of one file are a fault.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dictionary {
    /// Shared: a dictionary is handed out many times and never changed.
    entries: Rc<Vec<(Vec<u8>, Object)>>,
    pub(crate) start: usize,
}

impl Dictionary {
    /// Keys and values in file order.
    pub(crate) fn entries(&self) -> &[(Vec<u8>, Object)] {
        &self.entries
    }

    pub(super) fn entries_mut(&mut self) -> &mut [(Vec<u8>, Object)] {
        Rc::<Vec<_>>::make_mut(&mut self.entries).as_mut_slice()
    }

    pub(crate) fn lookup(&self, key: &str) -> Option<&Object> {
        self.entries.iter().find(|(name, _)| name == key.as_bytes()).map(|(_, value)| value)
    }

    pub(crate) fn count(&self, key: &str) -> usize {
        self.entries.iter().filter(|(name, _)| name == key.as_bytes()).count()
    }

    /// A key that stands there more than once with different values: which one counts depends on the reader.
    pub(crate) fn ambiguous_key(&self) -> Option<&[u8]> {
        let mut entries: Vec<&(Vec<u8>, Object)> = self.entries.iter().collect();
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        let differs = |one: &Object, other: &Object| match (one, other) {
            (Object::String(one), Object::String(other)) => one.bytes != other.bytes,
            (one, other) => one != other,
        };
        entries.windows(2).find(|pair| pair[0].0 == pair[1].0 && differs(&pair[0].1, &pair[1].1)).map(|pair| pair[0].0.as_slice())
    }

    pub(crate) fn name(&self, key: &str) -> Option<&[u8]> {
        match self.lookup(key) {
            Some(Object::Name(name)) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        match self.lookup(key) {
            Some(Object::Integer(value)) => Some(*value),
            _ => None,
        }
    }
}

/// Why bytes are not a PDF object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SyntaxError {
    #[error("the file ends inside an object")]
    Truncated,
    #[error("an object is malformed at offset {0}")]
    Malformed(usize),
    #[error("objects are nested too deeply at offset {0}")]
    TooDeep(usize),
    #[error("an object has too many parts at offset {0}")]
    TooLarge(usize),
}

/// Reads objects from `data`, starting at `position`.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    data: &'a [u8],
    pub(crate) position: usize,
    max_depth: usize,
    nodes: usize,
    /// References whose generation is not 0, in order: two objects that differ only there are not the same to every reader.
    pub(crate) generations: Vec<(u64, u64)>,
}

pub(crate) fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Parser<'a> {
    pub(crate) fn new(data: &'a [u8], position: usize, max_depth: usize) -> Self {
        Self { data, position, max_depth, nodes: 0, generations: Vec::new() }
    }

    fn rest(&self) -> &'a [u8] {
        self.data.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.data.get(self.position).copied()
    }

    /// Skips white space and comments.
    pub(crate) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let line = self.rest().iter().position(|&byte| byte == b'\n' || byte == b'\r');
                self.position = line.map_or(self.data.len(), |length| self.position + length);
            } else if is_white(byte) {
                self.position += 1;
            } else {
                break;
            }
        }
    }

    /// Takes `keyword` if it stands next as a whole word.
    pub(crate) fn take_keyword(&mut self, keyword: &str) -> bool {
        self.skip_space();
        let Some(after) = self.rest().strip_prefix(keyword.as_bytes()) else { return false };
        if after.first().is_some_and(|&byte| is_regular(byte)) {
            return false;
        }
        self.position += keyword.len();
        true
    }

    /// A non-negative integer of digits only.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        self.skip_space();
        let rest = self.rest();
        let length = rest.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
        let after = rest.get(length).copied();
        if length == 0 || length > 19 || after.is_some_and(is_regular) {
            return None;
        }
        let value = rest.get(..length)?.iter().try_fold(0u64, |value, byte| value.checked_mul(10)?.checked_add(u64::from(byte - b'0')))?;
        self.position += length;
        Some(value)
    }

    /// After a dictionary: where the stream's data begins, if `stream` follows.
    pub(crate) fn stream_start(&mut self) -> Option<usize> {
        if !self.take_keyword("stream") {
            return None;
        }
        // ISO 32000-1, 7.3.8.1: CR LF or LF; a lone CR is not enough.
        match self.rest() {
            [b'\r', b'\n', ..] => Some(self.position + 2),
            [b'\n', ..] => Some(self.position + 1),
            _ => None,
        }
    }

    pub(crate) fn object(&mut self) -> Result<Object, SyntaxError> {
        self.object_at_depth(0)
    }

    fn object_at_depth(&mut self, depth: usize) -> Result<Object, SyntaxError> {
        if depth > self.max_depth {
            return Err(SyntaxError::TooDeep(self.position));
        }
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(SyntaxError::TooLarge(self.position));
        }
        self.skip_space();
        let start = self.position;
        match self.peek().ok_or(SyntaxError::Truncated)? {
            b'/' => self.name().map(Object::Name),
            b'(' => self.literal_string().map(Object::String),
            b'[' => self.array(depth),
            b'<' if self.rest().starts_with(b"<<") => self.dictionary(depth).map(Object::Dictionary),
            b'<' => self.hex_string().map(Object::String),
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number_or_reference(),
            _ if self.take_keyword("null") => Ok(Object::Null),
            _ if self.take_keyword("true") => Ok(Object::Boolean(true)),
            _ if self.take_keyword("false") => Ok(Object::Boolean(false)),
            _ => Err(SyntaxError::Malformed(start)),
        }
    }

    fn name(&mut self) -> Result<Vec<u8>, SyntaxError> {
        self.position += 1;
        let rest = self.rest();
        let plain = rest.iter().take_while(|&&byte| is_regular(byte) && byte != b'#').count();
        let mut name = rest.get(..plain).unwrap_or_default().to_vec();
        self.position += plain;
        while let Some(byte) = self.peek().filter(|&byte| is_regular(byte)) {
            self.position += 1;
            let escaped = (byte == b'#').then(|| self.rest().get(..2).and_then(hex_pair)).flatten();
            if escaped.is_some() {
                self.position += 2;
            }
            name.push(escaped.unwrap_or(byte));
        }
        Ok(name)
    }

    fn literal_string(&mut self) -> Result<PdfString, SyntaxError> {
        let start = self.position;
        self.position += 1;
        let mut bytes = Vec::new();
        let mut open = 1usize;
        loop {
            let byte = self.peek().ok_or(SyntaxError::Truncated)?;
            self.position += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(PdfString { bytes, start, end: self.position, is_hex: false });
                    }
                }
                b'\\' => {
                    self.escape(&mut bytes)?;
                    continue;
                }
                _ => {}
            }
            bytes.push(byte);
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), SyntaxError> {
        let byte = self.peek().ok_or(SyntaxError::Truncated)?;
        self.position += 1;
        match byte {
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'0'..=b'7' => {
                let mut value = u16::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit) = self.peek().filter(|digit| (b'0'..=b'7').contains(digit)) else { break };
                    self.position += 1;
                    value = value * 8 + u16::from(digit - b'0');
                }
                bytes.push(value.to_le_bytes()[0]);
            }
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.position += 1;
                }
            }
            b'\n' => {}
            other => bytes.push(other),
        }
        Ok(())
    }

    fn hex_string(&mut self) -> Result<PdfString, SyntaxError> {
        let start = self.position;
        self.position += 1;
        let length = position_of(self.rest(), b'>').ok_or(SyntaxError::Truncated)?;
        let digits = self.rest().get(..length).unwrap_or_default();
        if let Some(bytes) = plain_hex(digits) {
            self.position += length + 1;
            return Ok(PdfString { bytes, start, end: self.position, is_hex: true });
        }
        let mut bytes = Vec::with_capacity(length / 2);
        let mut high = None;
        for &byte in digits.iter().filter(|&&byte| !is_white(byte)) {
            let digit = hex_digit(byte).ok_or(SyntaxError::Malformed(start))?;
            match high.take() {
                None => high = Some(digit),
                Some(first) => bytes.push(first << 4 | digit),
            }
        }
        // ISO 32000-1, 7.3.4.3: a missing last digit is zero.
        bytes.extend(high.map(|first: u8| first << 4));
        self.position += length + 1;
        Ok(PdfString { bytes, start, end: self.position, is_hex: true })
    }

    fn array(&mut self, depth: usize) -> Result<Object, SyntaxError> {
        self.position += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some(b']') {
                self.position += 1;
                return Ok(Object::Array(items));
            }
            items.push(self.object_at_depth(depth + 1)?);
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Dictionary, SyntaxError> {
        let start = self.position;
        self.position += 2;
        let mut entries = Vec::with_capacity(8);
        loop {
            self.skip_space();
            if self.rest().starts_with(b">>") {
                self.position += 2;
                return Ok(Dictionary { entries: Rc::new(entries), start });
            }
            if self.peek() != Some(b'/') {
                return Err(if self.rest().is_empty() { SyntaxError::Truncated } else { SyntaxError::Malformed(self.position) });
            }
            let key = self.name()?;
            entries.push((key, self.object_at_depth(depth + 1)?));
        }
    }

    fn number_or_reference(&mut self) -> Result<Object, SyntaxError> {
        let start = self.position;
        if let Some(number) = self.unsigned() {
            let after_number = self.position;
            if let Some(generation) = self.unsigned()
                && self.take_keyword("R")
            {
                if generation > 0 {
                    self.generations.push((number, generation));
                }
                return u32::try_from(number).map(Object::Reference).map_err(|_| SyntaxError::Malformed(start));
            }
            self.position = after_number;
            return Ok(i64::try_from(number).map_or(Object::Real(number as f64), Object::Integer));
        }
        let length = self.rest().iter().take_while(|&&byte| is_regular(byte)).count();
        let token = self.rest().get(..length).unwrap_or_default();
        self.position += length;
        let is_number = token.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'));
        if !is_number {
            return Err(SyntaxError::Malformed(start));
        }
        let text = std::str::from_utf8(token).unwrap_or_default();
        // What looks like a number and is none equals nothing, not even itself.
        Ok(text.parse().map_or_else(|_| Object::Real(text.parse().unwrap_or(f64::NAN)), Object::Integer))
    }
}

/// Where `wanted` first stands: `contains` looks at many bytes at a time, and `position` at one.
fn position_of(bytes: &[u8], wanted: u8) -> Option<usize> {
    const STEP: usize = 512;
    let steps = bytes.chunks(STEP).enumerate().find(|(_, step)| step.contains(&wanted));
    let (index, step) = steps?;
    step.iter().position(|&byte| byte == wanted).map(|at| index * STEP + at)
}

/// The bytes of whole pairs of digits without anything between them, as signing programs write `/Contents`. No branch depends
/// on a digit, so that the compiler takes many at a time: most of the sixteen thousand digits of a signature are padding.
fn plain_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let is_digit = |byte: u8| byte.wrapping_sub(b'0') < 10 || (byte | 0x20).wrapping_sub(b'a') < 6;
    let value = |byte: u8| (byte & 0x0f) + 9 * (byte >> 6);
    let is_plain = digits.len().is_multiple_of(2) && digits.iter().fold(true, |all, &byte| all & is_digit(byte));
    let pairs = digits.chunks_exact(2);
    is_plain.then(|| pairs.map(|pair| pair.iter().fold(0, |byte, &digit| byte << 4 | value(digit))).collect())
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    match pair {
        [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Object, SyntaxError> {
        Parser::new(text.as_bytes(), 0, 100).object()
    }

    fn text(text: &str) -> Vec<u8> {
        match parse(text).unwrap() {
            Object::String(string) => string.bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn strings_are_decoded_as_the_standard_says() {
        assert_eq!(text(r"(a\(b\)(c)\n\053\\)"), b"a(b)(c)\n+\\");
        assert_eq!(text("<90 1fA>"), [0x90, 0x1f, 0xa0]);
        assert!(parse("<9g>").is_err());
    }

    #[test]
    fn digits_are_read_alike_whatever_their_case_and_whatever_stands_between_them() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3000).collect();
        let lower: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let spaced: String = bytes.iter().map(|byte| format!("{byte:02X} ")).collect();
        for digits in [&lower, &lower.to_uppercase(), &spaced] {
            assert_eq!(text(&format!("<{digits}>")), bytes);
        }
        for byte in (0..=255u8).filter(|byte| !byte.is_ascii_hexdigit() && !is_white(*byte) && *byte != b'>') {
            assert!(Parser::new(&[b'<', byte, b'0', b'>'], 0, 1).object().is_err(), "{byte}");
            assert!(Parser::new(&[b'<', b'0', byte, b'>'], 0, 1).object().is_err(), "{byte}");
        }
    }

    #[test]
    fn dictionaries_keep_offsets_and_duplicates() {
        let Object::Dictionary(dictionary) = parse("  <</A 1/B#43 2 0 R/A<00>>>").unwrap() else { panic!() };
        assert_eq!(dictionary.start, 2);
        assert_eq!(dictionary.integer("A"), Some(1));
        assert_eq!(dictionary.count("A"), 2);
        assert_eq!(dictionary.lookup("BC"), Some(&Object::Reference(2)));
    }

    #[test]
    fn numbers_are_told_from_references() {
        let expected = vec![Object::Integer(1), Object::Integer(0), Object::Reference(2), Object::Real(1.5), Object::Integer(-3)];
        assert_eq!(parse("[1 0 2 0 R 1.5 -3]"), Ok(Object::Array(expected)));
    }

    #[test]
    fn nesting_and_size_are_bounded() {
        assert!(matches!(parse(&"[".repeat(100_000)), Err(SyntaxError::TooDeep(_))));
        assert!(matches!(parse(&format!("[{}]", "0 ".repeat(MAX_NODES + 1))), Err(SyntaxError::TooLarge(_))));
    }
}
