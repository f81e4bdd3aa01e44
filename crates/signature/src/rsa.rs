//! RSA values that `ring` does not verify: RSASSA-PKCS1-v1_5 without the NULL of its DigestInfo or with short keys, RSASSA-PSS
//! with any salt and mask (RFC 8017). The public key operation is all there is to it.

use num_bigint::BigUint;

use crate::algorithm::Digest;
use crate::asn1::{NULL, OCTET_STRING, OID, SEQUENCE, encode};
use crate::public_integers;

/// Bits of a modulus: as `ring` takes them.
const MODULUS_BITS: std::ops::RangeInclusive<u64> = 1024..=8192;
/// An exponent is odd and below this, as `ring` has it: the bound on the work.
const EXPONENT_END: u64 = 1 << 33;

/// How an RSASSA-PKCS1-v1_5 value fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The encoded message is the one of RFC 8017, 9.2.
    Exact,
    /// It is, but for the NULL parameters of the digest, which are absent. RFC 8017, appendix A.2.4 and RFC 4055, 2.1: a verifier
    /// takes both.
    WithoutNull,
}

/// Parameters of RSASSA-PSS with MGF1 (RFC 8017, A.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pss {
    pub(crate) digest: Digest,
    /// The digest of the mask function.
    pub(crate) mask: Digest,
    /// Bytes of salt.
    pub(crate) salt: usize,
}

impl Pss {
    /// What most programs write: the same digest for the mask, and a salt as long as it.
    pub(crate) fn plain(digest: Digest) -> Self {
        Self { digest, mask: digest, salt: digest.length() }
    }
}

/// Whether `value` is an RSASSA-PKCS1-v1_5 signature over `message` by the RSAPublicKey `key`, and how.
///
/// The whole encoded message is compared, byte for byte: nothing in it is parsed, so that nothing can hide in it.
pub(crate) fn verify_pkcs1(key: &[u8], digest: Digest, message: &[u8], value: &[u8]) -> Option<Fit> {
    let (encoded, _) = open(key, value)?;
    let hash = digest.of(&[message]);
    let identifier = encode(OID, digest.oid());
    [(Fit::Exact, encode(NULL, &[])), (Fit::WithoutNull, Vec::new())].into_iter().find_map(|(fit, null)| {
        let algorithm = encode(SEQUENCE, &[identifier.as_slice(), &null].concat());
        let info = encode(SEQUENCE, &[algorithm, encode(OCTET_STRING, hash.as_ref())].concat());
        // RFC 8017, 9.2: at least eight bytes of padding.
        let padding = encoded.len().checked_sub(info.len() + 3).filter(|&padding| padding >= 8)?;
        let expected = [&[0, 1], vec![0xff; padding].as_slice(), &[0], info.as_slice()].concat();
        (expected == encoded).then_some(fit)
    })
}

/// Whether the key made `value` at all: under its public key the value shows the padding of RSASSA-PKCS1-v1_5, which no other key
/// gives but by a chance of one in 2^80.
pub(crate) fn is_by(key: &[u8], value: &[u8]) -> bool {
    let Some((encoded, _)) = open(key, value) else { return false };
    let Some(padded) = encoded.strip_prefix(&[0, 1]) else { return false };
    let padding = padded.iter().take_while(|&&byte| byte == 0xff).count();
    padding >= 8 && padded.get(padding) == Some(&0)
}

/// Whether `value` is an RSASSA-PSS signature over `message` by the RSAPublicKey `key` (RFC 8017, 8.1.2 and 9.1.2).
pub(crate) fn verify_pss(key: &[u8], pss: Pss, message: &[u8], value: &[u8]) -> bool {
    open(key, value).is_some_and(|(encoded, bits)| is_pss(&encoded, bits, pss, message).unwrap_or(false))
}

/// EMSA-PSS-VERIFY. `encoded` is as long as the modulus, which has `bits` bits; the encoded message has one bit less.
fn is_pss(encoded: &[u8], bits: u64, pss: Pss, message: &[u8]) -> Option<bool> {
    let bits = usize::try_from(bits.checked_sub(1)?).ok()?;
    let length = bits.div_ceil(8);
    // Where the modulus is a byte longer than the encoded message, that byte is zero.
    let (front, encoded) = encoded.split_at_checked(encoded.len().checked_sub(length)?)?;
    let hash_length = pss.digest.length();
    if front.iter().any(|&byte| byte != 0) || length < hash_length.checked_add(pss.salt)?.checked_add(2)? {
        return Some(false);
    }
    let (masked, rest) = encoded.split_at_checked(length - hash_length - 1)?;
    let (hash, trailer) = rest.split_at_checked(hash_length)?;
    let unused = u32::try_from(8 * length - bits).ok()?;
    let used = 0xff_u8.checked_shr(unused)?;
    if trailer != [0xbc] || masked.first()? & !used != 0 {
        return Some(false);
    }
    let mut data: Vec<u8> = mask(pss.mask, hash, masked.len()).iter().zip(masked).map(|(mask, byte)| mask ^ byte).collect();
    *data.first_mut()? &= used;
    let (padding, salt) = data.split_at_checked(data.len().checked_sub(pss.salt)?)?;
    let (one, zeros) = padding.split_last()?;
    if *one != 1 || zeros.iter().any(|&byte| byte != 0) {
        return Some(false);
    }
    let expected = pss.digest.of(&[&[0; 8], pss.digest.of(&[message]).as_ref(), salt]);
    Some(expected.as_ref() == hash)
}

/// MGF1 (RFC 8017, B.2.1).
fn mask(digest: Digest, seed: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + digest.length());
    let mut counter = 0_u32;
    while out.len() < length {
        out.extend_from_slice(digest.of(&[seed, &counter.to_be_bytes()]).as_ref());
        counter += 1;
    }
    out.truncate(length);
    out
}

/// RSAVP1: the encoded message in `value`, as long as the modulus, and the bits of the modulus.
fn open(key: &[u8], value: &[u8]) -> Option<(Vec<u8>, u64)> {
    let (modulus, exponent) = public_integers::read_pair(key).ok()?;
    let length = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
    let is_sound = MODULUS_BITS.contains(&modulus.bits())
        && modulus.bit(0)
        && exponent.bit(0)
        && exponent >= BigUint::from(3_u8)
        && exponent < BigUint::from(EXPONENT_END);
    // RFC 8017, 8.2.2, step 1: the value is exactly as long as the modulus.
    if !is_sound || value.len() != length {
        return None;
    }
    let value = BigUint::from_bytes_be(value);
    (value < modulus).then(|| (public_integers::to_bytes(&value.modpow(&exponent, &modulus), length), modulus.bits()))
}
