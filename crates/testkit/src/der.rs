//! A small DER writer (X.690), and as much of a reader as our own certificates need.

use crate::Error;
use time::OffsetDateTime;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// One element: tag, definite length, content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let skipped = bytes.iter().take_while(|byte| **byte == 0).count();
        out.push(0x80 | (bytes.len() - skipped) as u8);
        out.extend_from_slice(&bytes[skipped..]);
    }
    out.extend_from_slice(content);
    out
}

/// A constructed element of indefinite length, which BER allows and DER does not.
pub(crate) fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// SET OF: DER wants the elements in ascending order of their encodings (X.690, 11.6).
pub(crate) fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort();
    element(SET, &elements.concat())
}

/// A constructed context-specific element, `[number]`.
pub(crate) fn context(number: u8, content: &[u8]) -> Vec<u8> {
    element(0xa0 | number, content)
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    element(OCTET_STRING, content)
}

pub(crate) fn null() -> Vec<u8> {
    element(NULL, &[])
}

/// A non-negative INTEGER from its big-endian bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let skipped = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = Vec::with_capacity(bytes.len() + 1);
    if bytes.get(skipped).is_none_or(|byte| *byte >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(&bytes[skipped..]);
    element(INTEGER, &content)
}

pub(crate) fn oid(arcs: &[u64]) -> Vec<u8> {
    let mut content = Vec::new();
    let (head, tail) = arcs.split_at(2);
    push_base128(&mut content, head[0] * 40 + head[1]);
    for arc in tail {
        push_base128(&mut content, *arc);
    }
    element(OBJECT_IDENTIFIER, &content)
}

fn push_base128(out: &mut Vec<u8>, value: u64) {
    let groups = (64 - value.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let more = if group > 0 { 0x80 } else { 0 };
        out.push(((value >> (group * 7)) & 0x7f) as u8 | more);
    }
}

/// UTCTime up to 2049, GeneralizedTime from 2050 on: the rule of RFC 5652, 11.3.
pub(crate) fn time_choice(at: OffsetDateTime) -> Result<Vec<u8>, Error> {
    let text = digits(at)?;
    if (1950..2050).contains(&at.to_offset(time::UtcOffset::UTC).year()) {
        return Ok(element(UTC_TIME, format!("{}Z", &text[2..]).as_bytes()));
    }
    generalized_time(at)
}

/// GeneralizedTime with whole seconds, as RFC 3161 wants `genTime`.
pub(crate) fn generalized_time(at: OffsetDateTime) -> Result<Vec<u8>, Error> {
    Ok(element(GENERALIZED_TIME, format!("{}Z", digits(at)?).as_bytes()))
}

fn digits(at: OffsetDateTime) -> Result<String, Error> {
    let utc = at.to_offset(time::UtcOffset::UTC);
    if !(0..=9999).contains(&utc.year()) {
        return Err(Error::Time(at));
    }
    Ok(format!("{:04}{:02}{:02}{:02}{:02}{:02}", utc.year(), u8::from(utc.month()), utc.day(), utc.hour(), utc.minute(), utc.second()))
}

/// One element of the input: its tag, its whole encoding and its content.
pub(crate) struct Read<'a> {
    pub(crate) tag: u8,
    pub(crate) whole: &'a [u8],
    pub(crate) content: &'a [u8],
    pub(crate) rest: &'a [u8],
}

/// Reads the element that `input` starts with; `None` if it is cut short or its length is indefinite.
pub(crate) fn read(input: &[u8]) -> Option<Read<'_>> {
    let tag = *input.first()?;
    let first = *input.get(1)?;
    let (length, header) = match first {
        0..=0x7f => (usize::from(first), 2),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let bytes = input.get(2..2 + count)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + count)
        }
        _ => return None,
    };
    let end = header.checked_add(length)?;
    Some(Read { tag, whole: input.get(..end)?, content: input.get(header..end)?, rest: input.get(end..)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_short_form_up_to_127_and_the_long_form_above() {
        assert_eq!(element(OCTET_STRING, &[0; 127])[..2], [0x04, 0x7f]);
        assert_eq!(element(OCTET_STRING, &[0; 128])[..3], [0x04, 0x81, 0x80]);
        assert_eq!(element(OCTET_STRING, &[0; 256])[..4], [0x04, 0x82, 0x01, 0x00]);
    }

    #[test]
    fn integers_stay_positive_and_minimal() {
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn object_identifiers_match_the_encoding_in_the_standards() {
        // RFC 8017, appendix B.1 and X.690, 8.19.5 (the example 2.999.3).
        assert_eq!(oid(&[1, 2, 840, 113549, 1]), [6, 7, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01]);
        assert_eq!(oid(&[2, 999, 3]), [6, 3, 0x88, 0x37, 0x03]);
    }

    #[test]
    fn times_change_their_form_in_2050() {
        let before = time::macros::datetime!(2049-12-31 23:59:59 UTC);
        assert_eq!(time_choice(before).unwrap(), b"\x17\x0d491231235959Z");
        let after = time::macros::datetime!(2050-01-01 07:00:00 +7);
        assert_eq!(time_choice(after).unwrap(), b"\x18\x0f20500101000000Z");
    }

    #[test]
    fn what_was_written_reads_back_and_a_cut_does_not() {
        let written = sequence(&[&octets(&[7; 300]), &null()]);
        let outer = read(&written).unwrap();
        let inner = read(outer.content).unwrap();
        assert_eq!((inner.tag, inner.content), (OCTET_STRING, &[7; 300][..]));
        assert!(read(&written[..written.len() - 1]).is_none());
    }
}
