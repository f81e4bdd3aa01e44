//! A reader of BER that keeps the received bytes.
//!
//! Real CMS comes with indefinite lengths and constructed strings (about one blob in ten), so strict DER is not enough;
//! signed attributes on the other hand are hashed as DER, so [`Element::to_der`] rewrites lengths. Depth is bounded and
//! nothing is allocated by a declared length.

use std::borrow::Cow;

/// Real CMS with embedded tokens and certificates stays below 25 levels.
const MAX_DEPTH: u8 = 48;

/// A collected child costs fifty bytes where its input costs two; lists that may be long are read one by one instead.
const MAX_CHILDREN: usize = 65_536;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
const CONSTRUCTED: u8 = 0x20;

/// Why bytes are not the BER that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Asn1Error {
    #[error("the ASN.1 data ends too early")]
    Truncated,
    #[error("the ASN.1 data is nested too deeply")]
    TooDeep,
    #[error("ASN.1 tag {found:#04x} where {expected:#04x} was expected")]
    UnexpectedTag { expected: u8, found: u8 },
    #[error("an ASN.1 value has too many members")]
    TooMany,
    #[error("bytes are left over after an ASN.1 value")]
    Trailing,
    #[error("an ASN.1 value is malformed")]
    Malformed,
}

/// One value: `raw` with tag and length, `content` without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) raw: &'a [u8],
    pub(crate) content: &'a [u8],
    depth: u8,
}

/// Reads values one after another.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    input: &'a [u8],
    depth: u8,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input, depth: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.input.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.input
    }

    pub(crate) fn read(&mut self) -> Result<Element<'a>, Asn1Error> {
        let (element, rest) = read_element(self.input, self.depth)?;
        self.input = rest;
        Ok(element)
    }

    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Asn1Error> {
        let found = *self.input.first().ok_or(Asn1Error::Truncated)?;
        if !same_tag(tag, found) {
            return Err(Asn1Error::UnexpectedTag { expected: tag, found });
        }
        self.read()
    }

    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Asn1Error> {
        match self.input.first() {
            Some(&found) if same_tag(tag, found) => self.read().map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) fn finish(&self) -> Result<(), Asn1Error> {
        if self.is_empty() { Ok(()) } else { Err(Asn1Error::Trailing) }
    }
}

/// A string may come constructed under BER; every other tag is taken as it is.
fn same_tag(expected: u8, found: u8) -> bool {
    found == expected || (matches!(expected, OCTET_STRING | BIT_STRING) && found == expected | CONSTRUCTED)
}

fn read_element(input: &[u8], depth: u8) -> Result<(Element<'_>, &[u8]), Asn1Error> {
    if depth > MAX_DEPTH {
        return Err(Asn1Error::TooDeep);
    }
    let (&tag, after_tag) = input.split_first().ok_or(Asn1Error::Truncated)?;
    // Universal tag 0 ends an indefinite length and is no value; the long tag form occurs nowhere in CMS or X.509.
    if tag == 0 || tag & 0x1f == 0x1f {
        return Err(Asn1Error::Malformed);
    }
    let (&first, after_length) = after_tag.split_first().ok_or(Asn1Error::Truncated)?;
    if first == 0x80 {
        return read_indefinite(input, after_length, tag, depth);
    }
    let (length, body) = if first < 0x80 {
        (usize::from(first), after_length)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = after_length.get(..count).ok_or(Asn1Error::Truncated)?;
        let length = digits.iter().try_fold(0usize, |value, &digit| value.checked_mul(256).map(|shifted| shifted | usize::from(digit)));
        (length.ok_or(Asn1Error::Truncated)?, after_length.get(count..).ok_or(Asn1Error::Truncated)?)
    };
    let content = body.get(..length).ok_or(Asn1Error::Truncated)?;
    let rest = body.get(length..).ok_or(Asn1Error::Truncated)?;
    let raw = input.get(..input.len() - rest.len()).ok_or(Asn1Error::Truncated)?;
    Ok((Element { tag, raw, content, depth }, rest))
}

fn read_indefinite<'a>(input: &'a [u8], body: &'a [u8], tag: u8, depth: u8) -> Result<(Element<'a>, &'a [u8]), Asn1Error> {
    if tag & CONSTRUCTED == 0 {
        return Err(Asn1Error::Malformed);
    }
    let mut inner = body;
    loop {
        if let Some(rest) = inner.strip_prefix(&[0, 0]) {
            let content = body.get(..body.len() - inner.len()).ok_or(Asn1Error::Truncated)?;
            let raw = input.get(..input.len() - rest.len()).ok_or(Asn1Error::Truncated)?;
            return Ok((Element { tag, raw, content, depth }, rest));
        }
        inner = read_element(inner, depth + 1)?.1;
    }
}

impl<'a> Element<'a> {
    /// Reads `input` as exactly one value with `tag`.
    pub(crate) fn parse(input: &'a [u8], tag: u8) -> Result<Self, Asn1Error> {
        let mut reader = Reader::new(input);
        let element = reader.expect(tag)?;
        reader.finish()?;
        Ok(element)
    }

    pub(crate) fn is_constructed(&self) -> bool {
        self.tag & CONSTRUCTED != 0
    }

    /// The values inside.
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader { input: self.content, depth: self.depth + 1 }
    }

    pub(crate) fn children(&self) -> Result<Vec<Self>, Asn1Error> {
        let mut reader = self.reader();
        let mut children = Vec::new();
        while !reader.is_empty() {
            if children.len() >= MAX_CHILDREN {
                return Err(Asn1Error::TooMany);
            }
            children.push(reader.read()?);
        }
        Ok(children)
    }

    /// The bytes of an octet string, its pieces joined where it came constructed.
    pub(crate) fn octets(&self) -> Result<Cow<'a, [u8]>, Asn1Error> {
        if !self.is_constructed() {
            return Ok(Cow::Borrowed(self.content));
        }
        let mut joined = Vec::new();
        let mut reader = self.reader();
        while !reader.is_empty() {
            joined.extend_from_slice(&reader.expect(OCTET_STRING)?.octets()?);
        }
        Ok(Cow::Owned(joined))
    }

    /// The bytes of a bit string that fills whole bytes.
    pub(crate) fn bits(&self) -> Result<&'a [u8], Asn1Error> {
        match self.content.split_first() {
            Some((0, bytes)) if !self.is_constructed() => Ok(bytes),
            _ => Err(Asn1Error::Malformed),
        }
    }

    /// A non-negative integer that fits.
    pub(crate) fn small_integer(&self) -> Result<u32, Asn1Error> {
        match self.content {
            [] => Err(Asn1Error::Malformed),
            [first, ..] if first & 0x80 != 0 => Err(Asn1Error::Malformed),
            bytes => bytes
                .iter()
                .try_fold(0u32, |value, &byte| value.checked_mul(256).map(|shifted| shifted | u32::from(byte)))
                .ok_or(Asn1Error::Malformed),
        }
    }

    /// The value rewritten with definite, minimal lengths and primitive strings; the order of members is kept. DER input
    /// comes back unchanged.
    pub(crate) fn to_der(self, tag: u8) -> Result<Vec<u8>, Asn1Error> {
        match self.tag {
            0x24 => Ok(encode(OCTET_STRING, &self.octets()?)),
            _ if self.is_constructed() => {
                let mut content = Vec::with_capacity(self.content.len());
                for child in self.children()? {
                    content.extend_from_slice(&child.to_der(child.tag)?);
                }
                Ok(encode(tag, &content))
            }
            _ => Ok(encode(tag, self.content)),
        }
    }
}

/// Writes one value with a minimal definite length.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    let length = content.len();
    if let Ok(short) = u8::try_from(length)
        && short < 0x80
    {
        out.push(short);
    } else {
        let digits = length.to_be_bytes();
        let skip = digits.iter().take_while(|&&digit| digit == 0).count();
        out.push(0x80 | u8::try_from(digits.len() - skip).unwrap_or(8));
        out.extend(digits.iter().skip(skip));
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definite_and_indefinite_forms_give_the_same_content() {
        let definite = Element::parse(&[0x30, 3, 2, 1, 5], SEQUENCE).unwrap();
        let indefinite = Element::parse(&[0x30, 0x80, 2, 1, 5, 0, 0], SEQUENCE).unwrap();
        assert_eq!(definite.content, indefinite.content);
        assert_eq!(indefinite.to_der(SEQUENCE).unwrap(), definite.raw);
    }

    #[test]
    fn constructed_octet_strings_are_joined() {
        let element = Element::parse(&[0x24, 0x80, 4, 1, 0xaa, 4, 2, 0xbb, 0xcc, 0, 0], OCTET_STRING).unwrap();
        assert_eq!(&*element.octets().unwrap(), &[0xaa, 0xbb, 0xcc]);
        assert_eq!(element.to_der(OCTET_STRING).unwrap(), [4, 3, 0xaa, 0xbb, 0xcc]);
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let bytes = [0x30, 0x80].repeat(100_000);
        assert_eq!(Reader::new(&bytes).read().unwrap_err(), Asn1Error::TooDeep);
    }

    #[test]
    fn members_are_counted_before_they_are_kept() {
        let many = encode(SEQUENCE, &[5, 0].repeat(MAX_CHILDREN + 1));
        assert_eq!(Element::parse(&many, SEQUENCE).unwrap().children().unwrap_err(), Asn1Error::TooMany);
    }

    #[test]
    fn a_declared_length_beyond_the_input_is_refused() {
        let huge = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(Reader::new(&huge).read().unwrap_err(), Asn1Error::Truncated);
        assert_eq!(Reader::new(&[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]).read().unwrap_err(), Asn1Error::Truncated);
    }

    #[test]
    fn non_minimal_lengths_become_minimal() {
        let element = Element::parse(&[0x31, 0x82, 0, 3, 2, 1, 7], SET).unwrap();
        assert_eq!(element.to_der(SET).unwrap(), [0x31, 3, 2, 1, 7]);
        assert_eq!(encode(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(encode(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }
}
