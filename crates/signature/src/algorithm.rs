//! Digests and signature schemes, as far as `ring` computes them. The rest is unsupported: neither valid nor broken.

use ring::{digest, signature};

use crate::asn1::{Asn1Error, Element, INTEGER, OID, Reader, SEQUENCE};
use crate::oid;

/// `ring` verifies RSA keys in this range of modulus bits; below 2048 they count as weak.
const RSA_BITS: std::ops::RangeInclusive<usize> = 1024..=8192;

/// A digest that can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(crate) fn from_oid(identifier: &[u8]) -> Option<Self> {
        match identifier {
            oid::SHA1 => Some(Self::Sha1),
            oid::SHA256 => Some(Self::Sha256),
            oid::SHA384 => Some(Self::Sha384),
            oid::SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    pub(crate) fn is_weak(self) -> bool {
        self == Self::Sha1
    }

    /// The state before the first byte.
    pub(crate) fn start(self) -> digest::Context {
        digest::Context::new(match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        })
    }

    /// The digest of the concatenated parts, without copying them.
    pub(crate) fn of(self, parts: &[&[u8]]) -> digest::Digest {
        let mut context = self.start();
        for part in parts {
            context.update(part);
        }
        context.finish()
    }
}

/// SHA-256, for identities inside this crate.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(Digest::Sha256.of(&[bytes]).as_ref()).for_each(|(to, from)| *to = *from);
    out
}

/// An AlgorithmIdentifier: `oid` and the DER of its parameters (empty where absent).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AlgorithmId<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) parameters: &'a [u8],
}

impl<'a> AlgorithmId<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Asn1Error> {
        Self::of(&reader.expect(SEQUENCE)?)
    }

    pub(crate) fn of(sequence: &Element<'a>) -> Result<Self, Asn1Error> {
        let mut inner = sequence.reader();
        let oid = inner.expect(OID)?.content;
        Ok(Self { oid, parameters: inner.rest() })
    }
}

/// A SubjectPublicKeyInfo, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) algorithm: Vec<u8>,
    pub(crate) parameters: Vec<u8>,
    pub(crate) bits: Vec<u8>,
}

/// A signature scheme that is fully determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    RsaPkcs1(Digest),
    RsaPss(Digest),
    Ecdsa(Digest),
    Ed25519,
}

/// Why a signature value was not found good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CryptoFault {
    #[error("{0} is not supported")]
    Unsupported(String),
    #[error("the signature value does not fit the key")]
    Mismatch,
    #[error("the signature algorithm names {signature} and the digest algorithm {digest}")]
    Contradiction { signature: &'static str, digest: &'static str },
}

/// Display name of a digest identifier.
pub(crate) fn digest_name(identifier: &[u8]) -> String {
    Digest::from_oid(identifier).map_or_else(|| oid::dotted(identifier), |digest| digest.name().to_owned())
}

impl Scheme {
    /// The scheme that `algorithm` names. `digest` is the digest the surrounding structure names, if there is one; it
    /// completes bare key identifiers (`rsaEncryption`) and has to agree with full ones.
    pub(crate) fn determine(algorithm: &AlgorithmId<'_>, digest: Option<Digest>) -> Result<Self, CryptoFault> {
        let unsupported = || CryptoFault::Unsupported(format!("signature algorithm {}", oid::dotted(algorithm.oid)));
        let (scheme, own) = match algorithm.oid {
            oid::RSA => (Self::RsaPkcs1(digest.ok_or_else(unsupported)?), None),
            oid::EC_KEY => (Self::Ecdsa(digest.ok_or_else(unsupported)?), None),
            oid::RSA_SHA1 | oid::RSA_SHA1_OIW => (Self::RsaPkcs1(Digest::Sha1), Some(Digest::Sha1)),
            oid::RSA_SHA256 => (Self::RsaPkcs1(Digest::Sha256), Some(Digest::Sha256)),
            oid::RSA_SHA384 => (Self::RsaPkcs1(Digest::Sha384), Some(Digest::Sha384)),
            oid::RSA_SHA512 => (Self::RsaPkcs1(Digest::Sha512), Some(Digest::Sha512)),
            oid::ECDSA_SHA1 => (Self::Ecdsa(Digest::Sha1), Some(Digest::Sha1)),
            oid::ECDSA_SHA256 => (Self::Ecdsa(Digest::Sha256), Some(Digest::Sha256)),
            oid::ECDSA_SHA384 => (Self::Ecdsa(Digest::Sha384), Some(Digest::Sha384)),
            oid::ECDSA_SHA512 => (Self::Ecdsa(Digest::Sha512), Some(Digest::Sha512)),
            oid::RSA_PSS => {
                let hash = pss_digest(algorithm.parameters)?;
                (Self::RsaPss(hash), Some(hash))
            }
            oid::ED25519 => (Self::Ed25519, None),
            _ => return Err(unsupported()),
        };
        match (own, digest) {
            (Some(own), Some(named)) if own != named => Err(CryptoFault::Contradiction { signature: own.name(), digest: named.name() }),
            _ => Ok(scheme),
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::RsaPkcs1(digest) => format!("RSA PKCS#1 v1.5 with {}", digest.name()),
            Self::RsaPss(digest) => format!("RSA-PSS with {}", digest.name()),
            Self::Ecdsa(digest) => format!("ECDSA with {}", digest.name()),
            Self::Ed25519 => "Ed25519".to_owned(),
        }
    }

    pub(crate) fn is_weak(self) -> bool {
        match self {
            Self::RsaPkcs1(digest) | Self::RsaPss(digest) | Self::Ecdsa(digest) => digest.is_weak(),
            Self::Ed25519 => false,
        }
    }

    /// Checks `value` over `message` with `key`.
    pub(crate) fn verify(self, key: &PublicKey, message: &[u8], value: &[u8]) -> Result<(), CryptoFault> {
        let algorithm = self.ring_algorithm(key)?;
        signature::UnparsedPublicKey::new(algorithm, &key.bits).verify(message, value).map_err(|_| CryptoFault::Mismatch)
    }

    fn ring_algorithm(self, key: &PublicKey) -> Result<&'static dyn signature::VerificationAlgorithm, CryptoFault> {
        let unsupported = |what: String| Err(CryptoFault::Unsupported(what));
        match self {
            Self::RsaPkcs1(digest) if key.algorithm == oid::RSA => {
                let bits = key.rsa_bits()?;
                Ok(match digest {
                    Digest::Sha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
                    Digest::Sha256 => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                    Digest::Sha512 => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
                    Digest::Sha384 if bits >= 2048 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Digest::Sha384 => return unsupported(format!("SHA-384 with an RSA key of {bits} bits")),
                })
            }
            Self::RsaPss(digest) if key.algorithm == oid::RSA || key.algorithm == oid::RSA_PSS => {
                let bits = key.rsa_bits()?;
                match digest {
                    _ if bits < 2048 => unsupported(format!("RSA-PSS with a key of {bits} bits")),
                    Digest::Sha256 => Ok(&signature::RSA_PSS_2048_8192_SHA256),
                    Digest::Sha384 => Ok(&signature::RSA_PSS_2048_8192_SHA384),
                    Digest::Sha512 => Ok(&signature::RSA_PSS_2048_8192_SHA512),
                    Digest::Sha1 => unsupported("RSA-PSS with SHA-1".to_owned()),
                }
            }
            Self::Ecdsa(digest) if key.algorithm == oid::EC_KEY => {
                let curve = Element::parse(&key.parameters, OID).map(|curve| curve.content).unwrap_or_default();
                match (curve, digest) {
                    (oid::P256, Digest::Sha256) => Ok(&signature::ECDSA_P256_SHA256_ASN1),
                    (oid::P256, Digest::Sha384) => Ok(&signature::ECDSA_P256_SHA384_ASN1),
                    (oid::P384, Digest::Sha256) => Ok(&signature::ECDSA_P384_SHA256_ASN1),
                    (oid::P384, Digest::Sha384) => Ok(&signature::ECDSA_P384_SHA384_ASN1),
                    _ => unsupported(format!("ECDSA on curve {} with {}", oid::dotted(curve), digest.name())),
                }
            }
            Self::Ed25519 if key.algorithm == oid::ED25519 => Ok(&signature::ED25519),
            _ => unsupported(format!("{} with a key of type {}", self.name(), oid::dotted(&key.algorithm))),
        }
    }
}

impl PublicKey {
    pub(crate) fn read(spki: &Element<'_>) -> Result<Self, Asn1Error> {
        let mut reader = spki.reader();
        let algorithm = AlgorithmId::read(&mut reader)?;
        let bits = reader.expect(crate::asn1::BIT_STRING)?.bits()?.to_vec();
        reader.finish()?;
        Ok(Self { algorithm: algorithm.oid.to_vec(), parameters: algorithm.parameters.to_vec(), bits })
    }

    pub(crate) fn is_short_rsa(&self) -> bool {
        matches!(self.algorithm.as_slice(), oid::RSA | oid::RSA_PSS) && self.modulus_bits().is_ok_and(|bits| bits < 2048)
    }

    fn rsa_bits(&self) -> Result<usize, CryptoFault> {
        let bits = self.modulus_bits().map_err(|_| CryptoFault::Unsupported("an unreadable RSA key".to_owned()))?;
        if RSA_BITS.contains(&bits) { Ok(bits) } else { Err(CryptoFault::Unsupported(format!("an RSA key of {bits} bits"))) }
    }

    fn modulus_bits(&self) -> Result<usize, Asn1Error> {
        let modulus = Element::parse(&self.bits, SEQUENCE)?.reader().expect(INTEGER)?.content;
        let significant = modulus.iter().position(|&byte| byte != 0).and_then(|at| modulus.get(at..)).unwrap_or_default();
        let leading = significant.first().map_or(0, |byte| byte.leading_zeros() as usize);
        Ok(significant.len() * 8 - leading)
    }
}

/// The digest of RSASSA-PSS parameters that `ring` can verify: MGF1 with the same digest, salt as long as the digest.
fn pss_digest(parameters: &[u8]) -> Result<Digest, CryptoFault> {
    let unsupported = |what: &str| CryptoFault::Unsupported(format!("RSA-PSS with {what}"));
    let malformed = |_: Asn1Error| unsupported("unreadable parameters");
    let sequence = Element::parse(parameters, SEQUENCE).map_err(malformed)?;
    let mut reader = sequence.reader();
    // RFC 4055, 3.1: absent fields mean SHA-1, MGF1 with SHA-1 and a salt of 20 bytes.
    let hash = reader.optional(0xa0).map_err(malformed)?.ok_or_else(|| unsupported("SHA-1"))?;
    let hash = AlgorithmId::read(&mut hash.reader()).map_err(malformed)?;
    let digest = Digest::from_oid(hash.oid).ok_or_else(|| unsupported(&format!("digest {}", oid::dotted(hash.oid))))?;
    let mask = reader.optional(0xa1).map_err(malformed)?.ok_or_else(|| unsupported("MGF1 over SHA-1"))?;
    let mask = AlgorithmId::read(&mut mask.reader()).map_err(malformed)?;
    let mask_hash = AlgorithmId::read(&mut Reader::new(mask.parameters)).map_err(malformed)?;
    if mask.oid != oid::MGF1 || Digest::from_oid(mask_hash.oid) != Some(digest) {
        return Err(unsupported("another mask digest"));
    }
    let salt = match reader.optional(0xa2).map_err(malformed)? {
        Some(salt) => salt.reader().expect(INTEGER).and_then(|salt| salt.small_integer()).map_err(malformed)?,
        None => 20,
    };
    let expected = match digest {
        Digest::Sha1 => 20,
        Digest::Sha256 => 32,
        Digest::Sha384 => 48,
        Digest::Sha512 => 64,
    };
    if salt == expected { Ok(digest) } else { Err(unsupported(&format!("a salt of {salt} bytes"))) }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

    use super::*;
    use crate::asn1::encode;

    #[test]
    fn digests_of_parts_equal_the_digest_of_the_whole() {
        // FIPS 180-4 example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(oid::hex(Digest::Sha256.of(&[b"a", b"", b"bc"]).as_ref()), expected);
        assert_eq!(oid::hex(Digest::Sha1.of(&[b"abc"]).as_ref()), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn a_signature_algorithm_that_names_another_digest_is_a_contradiction() {
        let algorithm = AlgorithmId { oid: oid::RSA_SHA256, parameters: &[] };
        assert_eq!(Scheme::determine(&algorithm, Some(Digest::Sha256)), Ok(Scheme::RsaPkcs1(Digest::Sha256)));
        assert!(matches!(Scheme::determine(&algorithm, Some(Digest::Sha1)), Err(CryptoFault::Contradiction { .. })));
    }

    #[test]
    fn unknown_algorithms_are_unsupported_and_not_broken() {
        // 1.2.840.10040.4.3, DSA with SHA-1.
        let dsa = AlgorithmId { oid: &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3], parameters: &[] };
        assert!(matches!(Scheme::determine(&dsa, None), Err(CryptoFault::Unsupported(_))));
    }

    #[test]
    fn ed25519_and_ecdsa_values_are_told_good_from_bad() {
        let random = SystemRandom::new();
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let key = PublicKey { algorithm: oid::ED25519.to_vec(), parameters: Vec::new(), bits: pair.public_key().as_ref().to_vec() };
        let value = pair.sign(b"message");
        assert_eq!(Scheme::Ed25519.verify(&key, b"message", value.as_ref()), Ok(()));
        assert_eq!(Scheme::Ed25519.verify(&key, b"massage", value.as_ref()), Err(CryptoFault::Mismatch));

        let algorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let key =
            PublicKey { algorithm: oid::EC_KEY.to_vec(), parameters: encode(OID, oid::P256), bits: pair.public_key().as_ref().to_vec() };
        let value = pair.sign(&random, b"message").unwrap();
        assert_eq!(Scheme::Ecdsa(Digest::Sha256).verify(&key, b"message", value.as_ref()), Ok(()));
        assert!(matches!(Scheme::Ecdsa(Digest::Sha512).verify(&key, b"message", value.as_ref()), Err(CryptoFault::Unsupported(_))));
    }

    #[test]
    fn only_pss_parameters_that_ring_verifies_are_taken() {
        let hash = encode(SEQUENCE, &encode(OID, oid::SHA256));
        let mask = encode(SEQUENCE, &[encode(OID, oid::MGF1), hash.clone()].concat());
        let parameters = |salt: u8| {
            let fields = [encode(0xa0, &hash), encode(0xa1, &mask), encode(0xa2, &[2, 1, salt])].concat();
            encode(SEQUENCE, &fields)
        };
        assert_eq!(pss_digest(&parameters(32)), Ok(Digest::Sha256));
        assert!(matches!(pss_digest(&parameters(20)), Err(CryptoFault::Unsupported(_))));
        assert!(matches!(pss_digest(&[0x30, 0]), Err(CryptoFault::Unsupported(_))));
    }
}
