//! Certificates with their keys, every field of which can be chosen.

use super::rsa::RsaKey;
use super::time;
use crate::cms::Digest;
use crate::der;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use std::sync::Arc;

use super::{NOW, YEAR};

const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const SUBJECT_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 14];
pub(crate) const TIME_STAMPING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 8];
const ECDSA_WITH_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];
const EC_KEY: &[u64] = &[1, 2, 840, 10045, 2, 1];
const P256: &[u64] = &[1, 2, 840, 10045, 3, 1, 7];
const ED25519: &[u64] = &[1, 3, 101, 112];
const RSA: &[u64] = &[1, 2, 840, 113549, 1, 1, 1];
const RSA_WITH_SHA256: &[u64] = &[1, 2, 840, 113549, 1, 1, 11];
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const BOOLEAN: u8 = 0x01;

/// Object identifier, critical flag and value of an extension.
pub type Extension = (Vec<u64>, bool, Vec<u8>);

/// A private key of any kind that occurs in forgeries.
pub enum NodeKey {
    /// ECDSA on P-256 with SHA-256.
    P256(EcdsaKeyPair),
    /// Ed25519.
    Ed25519(Ed25519KeyPair),
    /// RSA, PKCS #1 v1.5 with SHA-256 unless asked otherwise.
    Rsa(RsaKey),
    /// A public key alone: SubjectPublicKeyInfo. Whatever it signs is rubbish.
    Public(Vec<u8>),
}

impl NodeKey {
    /// A fresh key on P-256.
    #[must_use]
    pub fn fresh() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("the system gives randomness");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random);
        Self::P256(pair.expect("the key was just made"))
    }

    /// A fresh Ed25519 key.
    #[must_use]
    pub fn fresh_ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("the system gives randomness");
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("the key was just made"))
    }

    /// The published RSA key with the public exponent 65537.
    #[must_use]
    pub fn rsa() -> Self {
        Self::Rsa(RsaKey::usual())
    }

    /// The published RSA key with the public exponent 3.
    #[must_use]
    pub fn rsa_with_exponent_three() -> Self {
        Self::Rsa(RsaKey::with_exponent_three())
    }

    /// SubjectPublicKeyInfo.
    fn public(&self) -> Vec<u8> {
        match self {
            Self::P256(pair) => {
                der::sequence(&[&der::sequence(&[&der::oid(EC_KEY), &der::oid(P256)]), &bit_string(pair.public_key().as_ref())])
            }
            Self::Ed25519(pair) => der::sequence(&[&der::sequence(&[&der::oid(ED25519)]), &bit_string(pair.public_key().as_ref())]),
            Self::Rsa(key) => der::sequence(&[&der::sequence(&[&der::oid(RSA), &der::null()]), &bit_string(&key.public())]),
            Self::Public(info) => info.clone(),
        }
    }

    /// The AlgorithmIdentifier of what [`NodeKey::sign`] gives.
    pub(crate) fn algorithm(&self) -> Vec<u8> {
        match self {
            Self::P256(_) => der::sequence(&[&der::oid(ECDSA_WITH_SHA256)]),
            Self::Ed25519(_) => der::sequence(&[&der::oid(ED25519)]),
            Self::Rsa(_) | Self::Public(_) => der::sequence(&[&der::oid(RSA_WITH_SHA256), &der::null()]),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(pair) => pair.sign(&SystemRandom::new(), message).expect("the system gives randomness").as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(key) => key.sign(Digest::Sha256, message),
            Self::Public(_) => vec![1; 256],
        }
    }
}

/// A certificate and its key.
#[derive(Clone)]
pub struct Node {
    /// The certificate (DER).
    pub certificate: Vec<u8>,
    /// The serial number's content bytes.
    pub serial: Vec<u8>,
    /// The subject (DER).
    pub subject: Vec<u8>,
    /// The issuer's name (DER).
    pub issuer: Vec<u8>,
    key: Arc<NodeKey>,
}

/// What a certificate is made of.
#[derive(Clone, Debug)]
pub struct Template {
    /// The subject, a Name (DER).
    pub subject: Vec<u8>,
    /// First second of validity.
    pub not_before: i64,
    /// Last second of validity.
    pub not_after: i64,
    /// Serial number's content bytes; random where absent.
    pub serial: Option<Vec<u8>>,
    /// The first byte of the key usage bits.
    pub key_usage: Option<u8>,
    /// Purposes, and whether the extension is critical.
    pub purposes: Option<(bool, Vec<Vec<u64>>)>,
    /// Basic constraints of an authority, with its path length.
    pub authority: Option<Option<u8>>,
    /// Further extensions.
    pub extensions: Vec<Extension>,
    /// The key identifier, where it is not that of the key.
    pub key_identifier: Option<Vec<u8>>,
    /// Version 1 has no extensions and no version.
    pub is_version_one: bool,
    /// Encoded Validity, in place of the times above.
    pub validity: Option<Vec<u8>>,
}

impl Template {
    /// A signer of documents.
    #[must_use]
    pub fn signer() -> Self {
        Self {
            subject: attribute_name("Nguyen Van A"),
            not_before: NOW - YEAR,
            not_after: NOW + 2 * YEAR,
            serial: None,
            // digitalSignature and nonRepudiation.
            key_usage: Some(0b1100_0000),
            purposes: None,
            authority: None,
            extensions: Vec::new(),
            key_identifier: None,
            is_version_one: false,
            validity: None,
        }
    }

    /// An authority.
    #[must_use]
    pub fn authority(name: &str, path_length: Option<u8>) -> Self {
        Self {
            subject: attribute_name(name),
            not_before: NOW - 5 * YEAR,
            not_after: NOW + 20 * YEAR,
            // keyCertSign and cRLSign.
            key_usage: Some(0b0000_0110),
            authority: Some(path_length),
            ..Self::signer()
        }
    }

    /// A time-stamp authority (RFC 3161, 2.3).
    #[must_use]
    pub fn time_stamper() -> Self {
        Self {
            subject: attribute_name("Clock"),
            not_after: NOW + 10 * YEAR,
            purposes: Some((true, vec![TIME_STAMPING.to_vec()])),
            ..Self::signer()
        }
    }
}

impl Node {
    /// A root with a fresh key.
    #[must_use]
    pub fn self_signed(template: &Template) -> Self {
        let key = Arc::new(NodeKey::fresh());
        Self::make(template, Arc::clone(&key), &template.subject, &key)
    }

    /// A certificate with a fresh key.
    #[must_use]
    pub fn issue(&self, template: &Template) -> Self {
        self.issue_for(NodeKey::fresh(), template)
    }

    /// A certificate for a key.
    #[must_use]
    pub fn issue_for(&self, key: NodeKey, template: &Template) -> Self {
        Self::make(template, Arc::new(key), &self.subject, &self.key)
    }

    /// A certificate for the key of another node.
    #[must_use]
    pub fn issue_same_key(&self, other: &Self, template: &Template) -> Self {
        Self::make(template, Arc::clone(&other.key), &self.subject, &self.key)
    }

    fn make(template: &Template, key: Arc<NodeKey>, issuer: &[u8], issuer_key: &NodeKey) -> Self {
        let public = key.public();
        let serial = template.serial.clone().unwrap_or_else(random_serial);
        let validity = template.validity.clone().unwrap_or_else(|| der::sequence(&[&time(template.not_before), &time(template.not_after)]));
        let (version, extensions) = if template.is_version_one {
            (Vec::new(), Vec::new())
        } else {
            (der::context(0, &der::unsigned(&[2])), der::context(3, &der::sequence(&[&extensions(template, &public)])))
        };
        let to_be_signed = der::sequence(&[
            &version,
            &der::element(der::INTEGER, &serial),
            &issuer_key.algorithm(),
            issuer,
            &validity,
            &template.subject,
            &public,
            &extensions,
        ]);
        let value = issuer_key.sign(&to_be_signed);
        let certificate = der::sequence(&[&to_be_signed, &issuer_key.algorithm(), &bit_string(&value)]);
        Self { certificate, serial, subject: template.subject.clone(), issuer: issuer.to_vec(), key }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &NodeKey {
        &self.key
    }

    /// The bits of the public key, without the algorithm around them.
    pub(crate) fn public_bits(&self) -> Vec<u8> {
        key_bits(&self.key.public())
    }

    /// Issuer and serial number as CMS names a certificate.
    pub(crate) fn issuer_and_serial(&self) -> Vec<u8> {
        der::sequence(&[&self.issuer, &der::element(der::INTEGER, &self.serial)])
    }

    /// The key identifier in the certificate.
    #[must_use]
    pub fn key_identifier(&self) -> Vec<u8> {
        Digest::Sha1.of(&[&self.public_bits()])
    }
}

fn extensions(template: &Template, public: &[u8]) -> Vec<u8> {
    let identifier = template.key_identifier.clone().unwrap_or_else(|| Digest::Sha1.of(&[&key_bits(public)]));
    let mut list: Vec<Extension> = Vec::new();
    list.push((SUBJECT_KEY_IDENTIFIER.to_vec(), false, der::octets(&identifier)));
    if let Some(bits) = template.key_usage {
        list.push((KEY_USAGE.to_vec(), true, der::element(BIT_STRING, &[0, bits])));
    }
    if let Some((critical, purposes)) = &template.purposes {
        let purposes: Vec<u8> = purposes.iter().flat_map(|purpose| der::oid(purpose)).collect();
        list.push((EXTENDED_KEY_USAGE.to_vec(), *critical, der::sequence(&[&purposes])));
    }
    if let Some(length) = template.authority {
        let length = length.map(|length| der::unsigned(&[length])).unwrap_or_default();
        list.push((BASIC_CONSTRAINTS.to_vec(), true, der::sequence(&[&der::element(BOOLEAN, &[0xff]), &length])));
    }
    list.extend(template.extensions.iter().cloned());
    encode_extensions(&list)
}

/// The extensions one after the other, without the SEQUENCE around them.
pub(crate) fn encode_extensions(list: &[Extension]) -> Vec<u8> {
    list.iter()
        .flat_map(|(identifier, critical, value)| {
            let flag = if *critical { der::element(BOOLEAN, &[0xff]) } else { Vec::new() };
            der::sequence(&[&der::oid(identifier), &flag, &der::octets(value)])
        })
        .collect()
}

fn key_bits(public: &[u8]) -> Vec<u8> {
    let bits = der::read(public).and_then(|info| der::read(der::read(info.content)?.rest)).map(|bits| bits.content.to_vec());
    bits.and_then(|bits| bits.get(1..).map(<[u8]>::to_vec)).unwrap_or_default()
}

/// A Name of one common name.
#[must_use]
pub fn attribute_name(common_name: &str) -> Vec<u8> {
    const UTF8_STRING: u8 = 0x0c;
    let value = der::element(UTF8_STRING, common_name.as_bytes());
    der::sequence(&[&der::element(der::SET, &der::sequence(&[&der::oid(COMMON_NAME), &value]))])
}

pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    der::element(BIT_STRING, &[&[0], bytes].concat())
}

fn random_serial() -> Vec<u8> {
    let mut serial = [0; 12];
    SystemRandom::new().fill(&mut serial).expect("the system gives randomness");
    serial[0] = serial[0] & 0x3f | 0x40;
    serial.to_vec()
}
