//! DER, written.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// One element.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|&digit| digit == 0).collect();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(length as u8);
    } else {
        out.push(0x80 | digits.len() as u8);
        out.extend(digits);
    }
    out.extend(content);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

/// A non-negative number.
pub(crate) fn integer(value: u64) -> Vec<u8> {
    let mut digits: Vec<u8> = value.to_be_bytes().into_iter().skip_while(|&digit| digit == 0).collect();
    if digits.first().is_none_or(|&first| first >= 0x80) {
        digits.insert(0, 0);
    }
    element(INTEGER, &digits)
}

pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes].concat())
}

/// An object identifier in dotted form.
pub(crate) fn identifier(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = Vec::new();
    for arc in [&[arcs[0] * 40 + arcs[1]], &arcs[2..]].concat() {
        let digits: Vec<u8> = (0..10).rev().map(|place| (arc >> (7 * place) & 0x7f) as u8).skip_while(|&digit| digit == 0).collect();
        let (last, front) = digits.split_last().map_or((0, &[][..]), |(last, front)| (*last, front));
        content.extend(front.iter().map(|digit| digit | 0x80));
        content.push(last);
    }
    element(OBJECT_IDENTIFIER, &content)
}

/// `20261127000000Z`.
pub(crate) fn time(digits: &str) -> Vec<u8> {
    element(GENERALIZED_TIME, format!("{digits}Z").as_bytes())
}

/// An extension of a certificate or list.
pub(crate) fn extension(dotted: &str, is_critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if is_critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&identifier(dotted), flag, &element(OCTET_STRING, value)])
}
