//! Integers of public keys and signature values: everything here is known to everybody, so that time may depend on it.

use num_bigint::BigUint;

use crate::asn1::{Asn1Error, Element, INTEGER, Reader, SEQUENCE};

/// The longest number read: the modulus of the longest RSA key, with its sign byte.
const MAX_BYTES: usize = 8192 / 8 + 1;

/// The positive INTEGER that `reader` stands at, in its shortest form (X.690, 8.3.2).
pub(crate) fn read(reader: &mut Reader<'_>) -> Result<BigUint, Asn1Error> {
    let content = reader.expect(INTEGER)?.content;
    let is_shortest = match content {
        [0, low, ..] => *low >= 0x80,
        [first, ..] => (1..0x80).contains(first),
        [] => false,
    };
    if is_shortest && content.len() <= MAX_BYTES { Ok(BigUint::from_bytes_be(content)) } else { Err(Asn1Error::Malformed) }
}

/// Two positive integers that make up a SEQUENCE, and nothing else: an RSA key, a DSA or ECDSA value.
pub(crate) fn read_pair(der: &[u8]) -> Result<(BigUint, BigUint), Asn1Error> {
    let sequence = Element::parse(der, SEQUENCE)?;
    let mut reader = sequence.reader();
    let pair = (read(&mut reader)?, read(&mut reader)?);
    reader.finish()?;
    Ok(pair)
}

/// The `length` bytes, at least, of `number`, zeros in front.
pub(crate) fn to_bytes(number: &BigUint, length: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let mut out = vec![0; length.saturating_sub(bytes.len())];
    out.extend(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_numbers_in_their_shortest_form_are_read() {
        let number = |der: &[u8]| read(&mut Reader::new(der));
        assert_eq!(number(&[2, 2, 0, 0x80]), Ok(BigUint::from(0x80_u8)));
        assert_eq!(number(&[2, 1, 0x7f]), Ok(BigUint::from(0x7f_u8)));
        for der in [&[2, 0][..], &[2, 1, 0], &[2, 1, 0x80], &[2, 2, 0, 0x7f], &[4, 1, 1]] {
            assert!(number(der).is_err(), "{der:?}");
        }
        assert_eq!(to_bytes(&BigUint::from(0x0102_u16), 4), [0, 0, 1, 2]);
        assert!(read_pair(&[0x30, 6, 2, 1, 1, 2, 1, 2]).is_ok() && read_pair(&[0x30, 9, 2, 1, 1, 2, 1, 2, 2, 1, 3]).is_err());
    }
}
