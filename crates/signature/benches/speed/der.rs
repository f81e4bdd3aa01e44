//! The little DER that the measured files are written in.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(crate) const CONTEXT: u8 = 0xa0;

/// One value around `parts`.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
        out.push(0x80 | digits.len() as u8);
        out.extend(digits);
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A bit string of whole bytes.
pub(crate) fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], bytes])
}

/// Tag, content and rest of the value at the start of `input`.
fn split(input: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (length, head) = match input[1] {
        short if short < 0x80 => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            (input[2..2 + count].iter().fold(0, |value, digit| value << 8 | usize::from(*digit)), 2 + count)
        }
    };
    (&input[..head + length], &input[head..head + length], &input[head + length..])
}

/// The issuer's name in a certificate.
pub(crate) fn issuer_of(certificate: &[u8]) -> Vec<u8> {
    let (_, outer, _) = split(certificate);
    let (_, tbs, _) = split(outer);
    // Version, serial number and algorithm stand in front.
    let after = (0..3).fold(tbs, |rest, _| split(rest).2);
    split(after).0.to_vec()
}

/// The numbers of an ECDSA signature, 32 bytes each.
pub(crate) fn fixed_pair(signature: &[u8]) -> Vec<u8> {
    let (_, pair, _) = split(signature);
    let (_, first, rest) = split(pair);
    let fixed = |number: &[u8]| {
        let digits = &number[number.iter().take_while(|digit| **digit == 0).count()..];
        [&vec![0; 32 - digits.len()], digits].concat()
    };
    [fixed(first), fixed(split(rest).1)].concat()
}
