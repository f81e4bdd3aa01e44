//! RSA signatures with SHA-1 (RFC 8017, 8.2), which ring verifies but refuses to make. Documents signed before 2018 carry
//! them, and a verifier has to say so rather than call them broken.
//!
//! Nothing is done against timing attacks: the only keys that come here are published fixtures.

use crate::cms::Digest;
use crate::der;
use std::cmp::Ordering;

/// DigestInfo of SHA-1 up to the digest (RFC 8017, 9.2, note 1).
const SHA1_PREFIX: [u8; 15] = [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

/// Signs `message` with the key in `pkcs8`; `None` if it is no RSA key or too short for the padding.
pub(super) fn sign_sha1(pkcs8: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let (modulus, exponent) = private_numbers(pkcs8)?;
    let info = [&SHA1_PREFIX[..], &Digest::Sha1.of(&[message])].concat();
    let filling = modulus.len().checked_sub(info.len() + 3).filter(|filling| *filling >= 8)?;
    let encoded = [&[0, 1][..], &vec![0xff; filling], &[0], &info].concat();
    let signature = Modulus::new(&modulus)?.power(&encoded, &exponent);
    Some(to_bytes(&signature, modulus.len()))
}

/// The private operation on a message that is encoded already and as long as the modulus.
pub(crate) fn power(pkcs8: &[u8], encoded: &[u8]) -> Option<Vec<u8>> {
    let (modulus, exponent) = private_numbers(pkcs8)?;
    Some(to_bytes(&Modulus::new(&modulus)?.power(encoded, &exponent), modulus.len()))
}

/// Modulus and private exponent, big-endian without leading zeros: RFC 5208, 5 around RFC 8017, A.1.2.
pub(crate) fn private_numbers(pkcs8: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let version = der::read(der::read(pkcs8)?.content)?;
    let algorithm = der::read(version.rest)?;
    let private_key = der::read(algorithm.rest)?;
    let version = der::read(der::read(private_key.content)?.content)?;
    let modulus = der::read(version.rest)?;
    let public_exponent = der::read(modulus.rest)?;
    let private_exponent = der::read(public_exponent.rest)?;
    let trimmed = |bytes: &[u8]| bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    Some((trimmed(modulus.content), trimmed(private_exponent.content)))
}

/// Arithmetic modulo an odd number in Montgomery's form, limbs from the least significant on.
struct Modulus {
    limbs: Vec<u64>,
    /// -1 / modulus, modulo 2⁶⁴.
    negated_inverse: u64,
}

impl Modulus {
    fn new(bytes: &[u8]) -> Option<Self> {
        let limbs = to_limbs(bytes);
        let lowest = limbs.first().filter(|lowest| **lowest % 2 == 1)?;
        // Newton's iteration doubles the number of right bits: 1, 2, 4, … 64.
        let inverse = (0..6).fold(1_u64, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse))));
        Some(Self { negated_inverse: inverse.wrapping_neg(), limbs })
    }

    /// `base` to the power of `exponent`, for a `base` as long as the modulus and smaller.
    fn power(&self, base: &[u8], exponent: &[u8]) -> Vec<u64> {
        let mut one = vec![0; self.limbs.len()];
        one[0] = 1;
        let bits = 64 * self.limbs.len();
        let radix = (0..bits).fold(one.clone(), |value, _| self.double(&value));
        let radix_squared = (0..bits).fold(radix.clone(), |value, _| self.double(&value));

        let base = self.multiply(&to_limbs(base), &radix_squared);
        let mut result = radix;
        for byte in exponent {
            for bit in (0..8).rev() {
                result = self.multiply(&result, &result);
                if byte >> bit & 1 == 1 {
                    result = self.multiply(&result, &base);
                }
            }
        }
        self.multiply(&result, &one)
    }

    fn double(&self, value: &[u64]) -> Vec<u64> {
        let mut carry = 0;
        let doubled: Vec<u64> = value.iter().map(|limb| limb << 1 | std::mem::replace(&mut carry, limb >> 63)).collect();
        self.reduce_once(doubled, carry)
    }

    /// `left` × `right` / 2^(64 × limbs), interleaving product and reduction (CIOS).
    fn multiply(&self, left: &[u64], right: &[u64]) -> Vec<u64> {
        let count = self.limbs.len();
        let mut sum = vec![0_u64; count + 2];
        for factor in right {
            let carry = add_product(&mut sum[..count], left, *factor);
            add_carry(&mut sum[count..], carry);
            let quotient = sum[0].wrapping_mul(self.negated_inverse);
            let carry = add_product(&mut sum[..count], &self.limbs, quotient);
            add_carry(&mut sum[count..], carry);
            // The lowest limb is zero by the choice of the quotient.
            sum.rotate_left(1);
        }
        let carry = sum[count];
        sum.truncate(count);
        self.reduce_once(sum, carry)
    }

    fn reduce_once(&self, mut value: Vec<u64>, carry: u64) -> Vec<u64> {
        if carry == 0 && value.iter().rev().cmp(self.limbs.iter().rev()) == Ordering::Less {
            return value;
        }
        let mut borrow = false;
        for (limb, subtrahend) in value.iter_mut().zip(&self.limbs) {
            let (difference, first) = limb.overflowing_sub(*subtrahend);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (difference, first || second);
        }
        value
    }
}

/// Adds `factor` × `other` to `sum`; returns the carry.
fn add_product(sum: &mut [u64], other: &[u64], factor: u64) -> u64 {
    let mut carry = 0_u64;
    for (limb, other) in sum.iter_mut().zip(other) {
        let total = u128::from(*other) * u128::from(factor) + u128::from(*limb) + u128::from(carry);
        *limb = total as u64;
        carry = (total >> 64) as u64;
    }
    carry
}

fn add_carry(limbs: &mut [u64], carry: u64) {
    let mut carry = carry;
    for limb in limbs {
        let (total, overflow) = limb.overflowing_add(carry);
        *limb = total;
        carry = u64::from(overflow);
    }
}

fn to_limbs(bytes: &[u8]) -> Vec<u64> {
    bytes.rchunks(8).map(|chunk| chunk.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte))).collect()
}

fn to_bytes(limbs: &[u64], length: usize) -> Vec<u8> {
    let bytes: Vec<u8> = limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
    bytes[bytes.len().saturating_sub(length)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_powers_match_a_calculation_by_hand() {
        // 3^5 = 243 = 2 × 101 + 41; 2^10 = 1024 = 10 × 101 + 14; 100 = -1 modulo 101.
        let modulus = Modulus::new(&[101]).unwrap();
        assert_eq!(modulus.power(&[3], &[5]), [41]);
        assert_eq!(modulus.power(&[2], &[10]), [14]);
        assert_eq!(modulus.power(&[100], &[2]), [1]);
        assert_eq!(modulus.power(&[7], &[0]), [1]);
    }

    #[test]
    fn fermats_theorem_holds_for_a_prime_of_several_limbs() {
        // 2^127 - 1 is prime, so that a^(p-1) = 1 for every a below it.
        let prime = (u128::MAX >> 1).to_be_bytes();
        let below = ((u128::MAX >> 1) - 1).to_be_bytes();
        let base = 0x0123_4567_89ab_cdef_0011_2233_4455_6677_u128.to_be_bytes();
        assert_eq!(Modulus::new(&prime).unwrap().power(&base, &below), [1, 0]);
    }

    #[test]
    fn an_even_modulus_and_a_foreign_key_are_refused() {
        assert!(Modulus::new(&[100]).is_none());
        assert!(sign_sha1(b"no key", b"message").is_none());
    }
}
