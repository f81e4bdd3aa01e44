//! What is weak in a signature: which algorithm or key, and what it was used for.

use std::fmt;

/// An algorithm or key size that the policy knows by a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// An RSA key, by the bits of its modulus.
    Rsa(usize),
    /// A DSA key, by the bits of its prime `p`.
    Dsa(usize),
    /// A key on an elliptic curve, Edwards curves too, by the bits of its order.
    EllipticCurve(usize),
}

impl Algorithm {
    /// A kind of key, and not a digest.
    #[must_use]
    pub fn is_key(self) -> bool {
        match self {
            Self::Rsa(_) | Self::Dsa(_) | Self::EllipticCurve(_) => true,
            Self::Md5 | Self::Sha1 | Self::Sha224 | Self::Sha256 | Self::Sha384 | Self::Sha512 => false,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Md5 => f.write_str("MD5"),
            Self::Sha1 => f.write_str("SHA-1"),
            Self::Sha224 => f.write_str("SHA-224"),
            Self::Sha256 => f.write_str("SHA-256"),
            Self::Sha384 => f.write_str("SHA-384"),
            Self::Sha512 => f.write_str("SHA-512"),
            Self::Rsa(bits) => write!(f, "RSA-{bits}"),
            Self::Dsa(bits) => write!(f, "DSA-{bits}"),
            Self::EllipticCurve(bits) => write!(f, "EC-{bits}"),
        }
    }
}

/// What an algorithm is used for: a digest that may no longer be signed with may still do for an imprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlgorithmUse {
    /// The digest of what is signed.
    MessageDigest,
    /// The signature value: its digest, and the signer's key.
    SignatureValue,
    /// A certificate of the signer's path: the digest that its issuer signed, and the issuer's key.
    Certificate,
    /// The digest by which a time-stamp token names what it stamps.
    TimeStampImprint,
    /// The signature of a time-stamp token, and the certificates of its authority.
    TimeStamp,
}

impl AlgorithmUse {
    /// A stable name, such as `message_digest`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MessageDigest => "message_digest",
            Self::SignatureValue => "signature_value",
            Self::Certificate => "certificate",
            Self::TimeStampImprint => "time_stamp_imprint",
            Self::TimeStamp => "time_stamp",
        }
    }
}

impl fmt::Display for AlgorithmUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MessageDigest => "the message digest",
            Self::SignatureValue => "the signature value",
            Self::Certificate => "a certificate",
            Self::TimeStampImprint => "the time-stamp imprint",
            Self::TimeStamp => "the time stamp",
        })
    }
}

/// One thing that is weak at the judgement time, whether it speaks against the signature or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weakness {
    /// What is weak.
    pub algorithm: Algorithm,
    /// Where it is used.
    pub used_for: AlgorithmUse,
    /// The end of the time for which it counted as sound (unix seconds); absent where it never did.
    pub acceptable_until: Option<i64>,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.algorithm, self.used_for)
    }
}
