//! Digests and signature schemes. `ring` computes what it can; a few values more are computed from the public numbers of the key
//! (`rsa.rs`, `dsa.rs`, `ecdsa.rs`). The rest is unsupported: neither valid nor broken.

use ring::{digest, signature};

use crate::asn1::{Asn1Error, Element, INTEGER, OID, Reader, SEQUENCE};
use crate::oid;
use crate::rsa::{self, Fit, Pss};
use crate::weakness::Algorithm;
use crate::{dsa, ecdsa};

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

    pub(crate) fn oid(self) -> &'static [u8] {
        match self {
            Self::Sha1 => oid::SHA1,
            Self::Sha256 => oid::SHA256,
            Self::Sha384 => oid::SHA384,
            Self::Sha512 => oid::SHA512,
        }
    }

    /// Bytes.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
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

    /// What the algorithm policy calls it.
    pub(crate) fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha1 => Algorithm::Sha1,
            Self::Sha256 => Algorithm::Sha256,
            Self::Sha384 => Algorithm::Sha384,
            Self::Sha512 => Algorithm::Sha512,
        }
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
    RsaPss(Pss),
    Ecdsa(Digest),
    Dsa(Digest),
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
    match digest_algorithm(identifier) {
        Some(known) => known.to_string(),
        None => oid::dotted(identifier),
    }
}

/// What the algorithm policy calls the digest `identifier`, whether it can be computed or not.
pub(crate) fn digest_algorithm(identifier: &[u8]) -> Option<Algorithm> {
    match identifier {
        oid::MD5 => Some(Algorithm::Md5),
        oid::SHA224 => Some(Algorithm::Sha224),
        _ => Digest::from_oid(identifier).map(Digest::algorithm),
    }
}

impl Scheme {
    /// The scheme that `algorithm` names. `digest` is the digest the surrounding structure names, if there is one; it
    /// completes bare key identifiers (`rsaEncryption`) and has to agree with full ones.
    pub(crate) fn determine(algorithm: &AlgorithmId<'_>, digest: Option<Digest>) -> Result<Self, CryptoFault> {
        let unsupported = || CryptoFault::Unsupported(format!("signature algorithm {}", oid::dotted(algorithm.oid)));
        let (scheme, own) = match algorithm.oid {
            oid::RSA => (Self::RsaPkcs1(digest.ok_or_else(unsupported)?), None),
            oid::EC_KEY => (Self::Ecdsa(digest.ok_or_else(unsupported)?), None),
            oid::DSA => (Self::Dsa(digest.ok_or_else(unsupported)?), None),
            oid::RSA_SHA1 | oid::RSA_SHA1_OIW => (Self::RsaPkcs1(Digest::Sha1), Some(Digest::Sha1)),
            oid::RSA_SHA256 => (Self::RsaPkcs1(Digest::Sha256), Some(Digest::Sha256)),
            oid::RSA_SHA384 => (Self::RsaPkcs1(Digest::Sha384), Some(Digest::Sha384)),
            oid::RSA_SHA512 => (Self::RsaPkcs1(Digest::Sha512), Some(Digest::Sha512)),
            oid::ECDSA_SHA1 => (Self::Ecdsa(Digest::Sha1), Some(Digest::Sha1)),
            oid::ECDSA_SHA256 => (Self::Ecdsa(Digest::Sha256), Some(Digest::Sha256)),
            oid::ECDSA_SHA384 => (Self::Ecdsa(Digest::Sha384), Some(Digest::Sha384)),
            oid::ECDSA_SHA512 => (Self::Ecdsa(Digest::Sha512), Some(Digest::Sha512)),
            oid::RSA_PSS => {
                let pss = read_pss(algorithm.parameters)?;
                (Self::RsaPss(pss), Some(pss.digest))
            }
            oid::DSA_SHA1 => (Self::Dsa(Digest::Sha1), Some(Digest::Sha1)),
            oid::DSA_SHA256 => (Self::Dsa(Digest::Sha256), Some(Digest::Sha256)),
            oid::DSA_SHA384 => (Self::Dsa(Digest::Sha384), Some(Digest::Sha384)),
            oid::DSA_SHA512 => (Self::Dsa(Digest::Sha512), Some(Digest::Sha512)),
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
            Self::RsaPss(pss) => format!("RSA-PSS with {}", pss.digest.name()),
            Self::Ecdsa(digest) => format!("ECDSA with {}", digest.name()),
            Self::Dsa(digest) => format!("DSA with {}", digest.name()),
            Self::Ed25519 => "Ed25519".to_owned(),
        }
    }

    /// The digest that the signature value is made over, where the scheme leaves a choice.
    pub(crate) fn digest(self) -> Option<Digest> {
        match self {
            Self::RsaPkcs1(digest) | Self::RsaPss(Pss { digest, .. }) | Self::Ecdsa(digest) | Self::Dsa(digest) => Some(digest),
            Self::Ed25519 => None,
        }
    }

    pub(crate) fn is_dsa(self) -> bool {
        matches!(self, Self::Dsa(_))
    }

    /// It costs much more to check with `key` than what `ring` computes.
    pub(crate) fn is_slow(self, key: &PublicKey) -> bool {
        match self {
            Self::Dsa(_) => true,
            Self::Ecdsa(_) => self.ring_algorithm(key).is_ok_and(|algorithm| algorithm.is_none()),
            Self::RsaPkcs1(_) | Self::RsaPss(_) | Self::Ed25519 => false,
        }
    }

    /// Checks `value` over `message` with `key`.
    pub(crate) fn verify(self, key: &PublicKey, message: &[u8], value: &[u8]) -> Result<(), CryptoFault> {
        self.fit(key, message, value).map(|_| ())
    }

    /// Checks `value` over `message` with `key`, and says how it fits.
    pub(crate) fn fit(self, key: &PublicKey, message: &[u8], value: &[u8]) -> Result<Fit, CryptoFault> {
        match self {
            Self::Dsa(digest) if key.algorithm == oid::DSA => {
                return dsa::verify(&key.parameters, &key.bits, digest, message, value).map(|()| Fit::Exact);
            }
            Self::RsaPss(pss) if key.is_rsa() => {
                key.rsa_bits()?;
                key.allows(pss)?;
            }
            _ => {}
        }
        let by_ring = self.ring_algorithm(key)?.map(|algorithm| {
            let key = signature::UnparsedPublicKey::new(algorithm, &key.bits);
            key.verify(message, value).is_ok()
        });
        let fit = match self {
            _ if by_ring == Some(true) => Some(Fit::Exact),
            Self::RsaPkcs1(digest) => rsa::verify_pkcs1(&key.bits, digest, message, value),
            Self::RsaPss(pss) => rsa::verify_pss(&key.bits, pss, message, value).then_some(Fit::Exact),
            Self::Ecdsa(digest) if by_ring.is_none() => {
                ecdsa::verify(key.curve(), &key.bits, digest, message, value)?;
                Some(Fit::Exact)
            }
            Self::Ecdsa(_) | Self::Dsa(_) | Self::Ed25519 => None,
        };
        fit.ok_or(CryptoFault::Mismatch)
    }

    /// None where only `rsa.rs` computes it.
    fn ring_algorithm(self, key: &PublicKey) -> Result<Option<&'static dyn signature::VerificationAlgorithm>, CryptoFault> {
        let unsupported = |what: String| Err(CryptoFault::Unsupported(what));
        let known = |algorithm: &'static dyn signature::VerificationAlgorithm| Ok(Some(algorithm));
        match self {
            Self::RsaPkcs1(digest) if key.algorithm == oid::RSA => {
                let bits = key.rsa_bits()?;
                match digest {
                    Digest::Sha1 => known(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
                    Digest::Sha256 => known(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
                    Digest::Sha512 => known(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
                    Digest::Sha384 if bits >= 2048 => known(&signature::RSA_PKCS1_2048_8192_SHA384),
                    Digest::Sha384 => Ok(None),
                }
            }
            Self::RsaPss(pss) if key.is_rsa() => match pss.digest {
                _ if pss != Pss::plain(pss.digest) || key.rsa_bits()? < 2048 => Ok(None),
                Digest::Sha256 => known(&signature::RSA_PSS_2048_8192_SHA256),
                Digest::Sha384 => known(&signature::RSA_PSS_2048_8192_SHA384),
                Digest::Sha512 => known(&signature::RSA_PSS_2048_8192_SHA512),
                Digest::Sha1 => Ok(None),
            },
            Self::Ecdsa(digest) if key.algorithm == oid::EC_KEY => match (key.curve(), digest) {
                (oid::P256, Digest::Sha256) => known(&signature::ECDSA_P256_SHA256_ASN1),
                (oid::P256, Digest::Sha384) => known(&signature::ECDSA_P256_SHA384_ASN1),
                (oid::P384, Digest::Sha256) => known(&signature::ECDSA_P384_SHA256_ASN1),
                (oid::P384, Digest::Sha384) => known(&signature::ECDSA_P384_SHA384_ASN1),
                (curve, _) if ecdsa::order_bits(curve).is_some() => Ok(None),
                (curve, digest) => unsupported(format!("ECDSA on curve {} with {}", oid::dotted(curve), digest.name())),
            },
            Self::Ed25519 if key.algorithm == oid::ED25519 => known(&signature::ED25519),
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

    /// What the algorithm policy calls it; none for a kind that it does not know.
    pub(crate) fn strength(&self) -> Option<Algorithm> {
        match self.algorithm.as_slice() {
            oid::RSA | oid::RSA_PSS => self.modulus_bits().ok().map(Algorithm::Rsa),
            oid::DSA => dsa::p_bits(&self.parameters).map(Algorithm::Dsa),
            oid::ED25519 => Some(Algorithm::EllipticCurve(253)),
            oid::EC_KEY => ecdsa::order_bits(self.curve()).map(Algorithm::EllipticCurve),
            _ => None,
        }
    }

    /// The curve of an elliptic-curve key, as an identifier; empty where it is given in another way.
    pub(crate) fn curve(&self) -> &[u8] {
        Element::parse(&self.parameters, OID).map(|curve| curve.content).unwrap_or_default()
    }

    pub(crate) fn is_dsa(&self) -> bool {
        self.algorithm == oid::DSA
    }

    /// RFC 3279, 2.3.2: a DSA key without parameters has those of its issuer's key.
    pub(crate) fn inherits_parameters(&self) -> bool {
        self.is_dsa() && dsa::inherits(&self.parameters)
    }

    /// The key under the parameters of `issuer`, where it inherits them.
    pub(crate) fn with_parameters_of(&self, issuer: &Self) -> Option<Self> {
        let gives = issuer.is_dsa() && !dsa::inherits(&issuer.parameters);
        (self.inherits_parameters() && gives).then(|| Self { parameters: issuer.parameters.clone(), ..self.clone() })
    }

    fn is_rsa(&self) -> bool {
        matches!(self.algorithm.as_slice(), oid::RSA | oid::RSA_PSS)
    }

    /// RFC 4055, 3.3: parameters in a key of the kind RSASSA-PSS bind the signatures made with it; their salt is the shortest.
    fn allows(&self, pss: Pss) -> Result<(), CryptoFault> {
        if self.algorithm != oid::RSA_PSS || self.parameters.is_empty() {
            return Ok(());
        }
        let own = read_pss(&self.parameters)?;
        if (own.digest, own.mask) == (pss.digest, pss.mask) && own.salt <= pss.salt {
            return Ok(());
        }
        Err(CryptoFault::Unsupported("RSA-PSS with other parameters than the key was made for".to_owned()))
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

/// RSASSA-PSS parameters. RFC 4055, 3.1: absent fields mean SHA-1, MGF1 with SHA-1, a salt of 20 bytes and the trailer 1.
fn read_pss(parameters: &[u8]) -> Result<Pss, CryptoFault> {
    let unsupported = |what: &str| CryptoFault::Unsupported(format!("RSA-PSS with {what}"));
    let malformed = |_: Asn1Error| unsupported("unreadable parameters");
    let digest_of =
        |identifier: &[u8]| Digest::from_oid(identifier).ok_or_else(|| unsupported(&format!("digest {}", digest_name(identifier))));
    let sequence = Element::parse(parameters, SEQUENCE).map_err(malformed)?;
    let mut reader = sequence.reader();
    let digest = match reader.optional(0xa0).map_err(malformed)? {
        Some(hash) => digest_of(AlgorithmId::read(&mut hash.reader()).map_err(malformed)?.oid)?,
        None => Digest::Sha1,
    };
    let mask = match reader.optional(0xa1).map_err(malformed)? {
        Some(mask) => {
            let mask = AlgorithmId::read(&mut mask.reader()).map_err(malformed)?;
            if mask.oid != oid::MGF1 {
                return Err(unsupported(&format!("the mask function {}", oid::dotted(mask.oid))));
            }
            digest_of(AlgorithmId::read(&mut Reader::new(mask.parameters)).map_err(malformed)?.oid)?
        }
        None => Digest::Sha1,
    };
    let salt = match reader.optional(0xa2).map_err(malformed)? {
        Some(salt) => salt.reader().expect(INTEGER).and_then(|salt| salt.small_integer()).map_err(malformed)?,
        None => 20,
    };
    let trailer = match reader.optional(0xa3).map_err(malformed)? {
        Some(trailer) => trailer.reader().expect(INTEGER).and_then(|trailer| trailer.small_integer()).map_err(malformed)?,
        None => 1,
    };
    reader.finish().map_err(malformed)?;
    match usize::try_from(salt) {
        Ok(salt) if trailer == 1 => Ok(Pss { digest, mask, salt }),
        _ => Err(unsupported("another trailer")),
    }
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
        // 2.16.840.1.101.3.4.3.1, DSA with SHA-224, and 1.2.840.113549.1.1.4, RSA with MD5.
        for oid in [&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 1][..], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4]] {
            assert!(matches!(Scheme::determine(&AlgorithmId { oid, parameters: &[] }, None), Err(CryptoFault::Unsupported(_))));
        }
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
        assert_eq!(Scheme::Ecdsa(Digest::Sha512).verify(&key, b"message", value.as_ref()), Err(CryptoFault::Mismatch));
        let other = PublicKey { parameters: encode(OID, &[0x2b, 0x81, 4, 0, 10]), ..key };
        assert!(matches!(Scheme::Ecdsa(Digest::Sha256).verify(&other, b"message", value.as_ref()), Err(CryptoFault::Unsupported(_))));
    }

    #[test]
    fn pss_parameters_are_read_with_their_defaults_and_bind_the_key_they_stand_in() {
        let hash = encode(SEQUENCE, &encode(OID, oid::SHA256));
        let mask = encode(SEQUENCE, &[encode(OID, oid::MGF1), hash.clone()].concat());
        let parameters = |salt: u8| {
            let fields = [encode(0xa0, &hash), encode(0xa1, &mask), encode(0xa2, &[2, 1, salt])].concat();
            encode(SEQUENCE, &fields)
        };
        assert_eq!(read_pss(&parameters(32)), Ok(Pss::plain(Digest::Sha256)));
        assert_eq!(read_pss(&parameters(20)), Ok(Pss { salt: 20, ..Pss::plain(Digest::Sha256) }));
        assert_eq!(read_pss(&[0x30, 0]), Ok(Pss::plain(Digest::Sha1)));
        assert_eq!(read_pss(&encode(SEQUENCE, &encode(0xa0, &hash))), Ok(Pss { digest: Digest::Sha256, mask: Digest::Sha1, salt: 20 }));
        for odd in [encode(SEQUENCE, &encode(0xa3, &[2, 1, 2])), encode(SEQUENCE, &[4, 0]), Vec::new()] {
            assert!(matches!(read_pss(&odd), Err(CryptoFault::Unsupported(_))), "{odd:?}");
        }
        let key = PublicKey { algorithm: oid::RSA_PSS.to_vec(), parameters: parameters(32), bits: Vec::new() };
        let with = |salt| Pss { salt, ..Pss::plain(Digest::Sha256) };
        assert!(key.allows(with(32)).is_ok() && key.allows(with(33)).is_ok());
        assert!(key.allows(with(31)).is_err() && key.allows(Pss::plain(Digest::Sha512)).is_err());
    }
}
