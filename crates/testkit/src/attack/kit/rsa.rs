//! RSA with any exponent and any padding: what ring refuses to make.

use crate::cms::Digest;
use crate::der;
use crate::pki::legacy_rsa;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use std::cmp::Ordering;

const EXPONENT_THREE: &str = include_str!("../../../fixtures/test-rsa-2048-exponent-3.pem");
const USUAL_EXPONENT: &str = include_str!("../../../fixtures/test-rsa-2048-one.pem");

/// A published RSA key.
#[derive(Clone, Debug)]
pub struct RsaKey {
    pkcs8: Vec<u8>,
    /// Big-endian, without leading zeros.
    pub(crate) modulus: Vec<u8>,
    exponent: u32,
}

impl RsaKey {
    /// The key whose public exponent is 3.
    pub(crate) fn with_exponent_three() -> Self {
        Self::read(EXPONENT_THREE, 3)
    }

    /// A key with the public exponent 65537.
    pub(crate) fn usual() -> Self {
        Self::read(USUAL_EXPONENT, 65537)
    }

    fn read(pem: &str, exponent: u32) -> Self {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).expect("the fixture is PEM");
        let pkcs8 = key.secret_pkcs8_der().to_vec();
        let (modulus, _) = legacy_rsa::private_numbers(&pkcs8).expect("the fixture is an RSA key");
        Self { pkcs8, modulus, exponent }
    }

    /// The RSAPublicKey (RFC 8017, A.1.1).
    pub(crate) fn public(&self) -> Vec<u8> {
        der::sequence(&[&der::unsigned(&self.modulus), &der::unsigned(&self.exponent.to_be_bytes())])
    }

    /// PKCS #1 v1.5 (RFC 8017, 8.2.1).
    pub(crate) fn sign(&self, digest: Digest, message: &[u8]) -> Vec<u8> {
        self.power(&self.encoded(&digest_info(digest, message)))
    }

    /// The private operation on an encoded message of the length of the modulus.
    pub(crate) fn power(&self, encoded: &[u8]) -> Vec<u8> {
        legacy_rsa::power(&self.pkcs8, encoded).expect("the fixture is an RSA key")
    }

    /// `00 01 FF … 00` and `info`, as long as the modulus (RFC 8017, 9.2).
    pub(crate) fn encoded(&self, info: &[u8]) -> Vec<u8> {
        [&[0, 1][..], &vec![0xff; self.modulus.len() - info.len() - 3], &[0], info].concat()
    }

    /// Bleichenbacher's forgery of 2006, which needs no private key: a cube whose first bytes read as a signature and whose
    /// last ones are rubbish. It deceives whoever does not look at what follows the digest.
    pub(crate) fn forged_without_key(&self, digest: Digest, message: &[u8]) -> Vec<u8> {
        let start = [&[0, 1][..], &[0xff; 8], &[0], &digest_info(digest, message)].concat();
        let mut target = start;
        target.resize(self.modulus.len(), 0);
        let root = cube_root(&target);
        [vec![0; self.modulus.len() - root.len()], root].concat()
    }
}

/// DigestInfo with the NULL that RFC 8017, A.2.4 wants.
pub(crate) fn digest_info(digest: Digest, message: &[u8]) -> Vec<u8> {
    let identifier = digest.identifier();
    let name = der::read(&identifier).and_then(|sequence| der::read(sequence.content)).expect("an AlgorithmIdentifier");
    der::sequence(&[&der::sequence(&[name.whole, &der::null()]), &der::octets(&digest.of(&[message]))])
}

/// The least number whose cube is not less than `target`, big-endian without leading zeros.
fn cube_root(target: &[u8]) -> Vec<u8> {
    let target = limbs(target);
    let bits = target.len() * 32;
    let mut root = vec![0_u32; bits / 3 / 32 + 1];
    // The largest number whose cube is less, bit by bit from the top; then one more.
    for bit in (0..root.len() * 32).rev() {
        root[bit / 32] |= 1 << (bit % 32);
        if compare(&multiply(&multiply(&root, &root), &root), &target) != Ordering::Less {
            root[bit / 32] &= !(1 << (bit % 32));
        }
    }
    let mut carry = true;
    for limb in &mut root {
        if carry {
            (*limb, carry) = limb.overflowing_add(1);
        }
    }
    root.iter().rev().flat_map(|limb| limb.to_be_bytes()).skip_while(|byte| *byte == 0).collect()
}

fn limbs(bytes: &[u8]) -> Vec<u32> {
    bytes.rchunks(4).map(|chunk| chunk.iter().fold(0, |limb, byte| limb << 8 | u32::from(*byte))).collect()
}

fn multiply(left: &[u32], right: &[u32]) -> Vec<u32> {
    let mut product = vec![0_u32; left.len() + right.len()];
    for (at, factor) in left.iter().enumerate() {
        let mut carry = 0_u64;
        for (limb, other) in product[at..].iter_mut().zip(right.iter().chain(std::iter::repeat(&0))) {
            let sum = u64::from(*factor) * u64::from(*other) + u64::from(*limb) + carry;
            *limb = sum as u32;
            carry = sum >> 32;
        }
    }
    product
}

fn compare(left: &[u32], right: &[u32]) -> Ordering {
    let length = left.len().max(right.len());
    let limb = |number: &[u32], at: usize| number.get(at).copied().unwrap_or(0);
    (0..length).rev().map(|at| limb(left, at).cmp(&limb(right, at))).find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    #[test]
    fn cube_roots_are_rounded_up() {
        assert_eq!(cube_root(&[27]), [3]);
        assert_eq!(cube_root(&[28]), [4]);
        // 1000³ = 1 000 000 000 = 3b9aca00.
        assert_eq!(cube_root(&[0x3b, 0x9a, 0xca, 0x00]), [0x03, 0xe8]);
        assert_eq!(cube_root(&[0x3b, 0x9a, 0xca, 0x01]), [0x03, 0xe9]);
    }

    #[test]
    fn ring_takes_sound_signatures_of_both_keys_and_not_the_cube() {
        for key in [RsaKey::usual(), RsaKey::with_exponent_three()] {
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public());
            public.verify(b"message", &key.sign(Digest::Sha256, b"message")).unwrap();
        }
        let key = RsaKey::with_exponent_three();
        let forged = key.forged_without_key(Digest::Sha256, b"message");
        // The cube does begin as a signature does.
        let number = limbs(&forged);
        let cube = multiply(&multiply(&number, &number), &number);
        let bytes: Vec<u8> = cube.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        let start = [&[0, 1][..], &[0xff; 8], &[0], &digest_info(Digest::Sha256, b"message")].concat();
        assert_eq!(bytes[bytes.len() - 256..][..start.len()], start);
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public()).verify(b"message", &forged).unwrap_err();
    }
}
