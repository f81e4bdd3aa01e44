//! A certificate together with its private key, and the signatures that the key can make.

use super::legacy_rsa;
use crate::cms::{Digest, RsaPadding};
use crate::{Error, der};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use std::sync::atomic::{AtomicUsize, Ordering};

/// ring signs with RSA but cannot make RSA keys, hence these two public ones.
const RSA_TEST_KEYS: [&str; 2] =
    [include_str!("../../fixtures/test-rsa-2048-one.pem"), include_str!("../../fixtures/test-rsa-2048-two.pem")];
static RSA_KEYS_TAKEN: AtomicUsize = AtomicUsize::new(0);

const RSA_ENCRYPTION: &[u64] = &[1, 2, 840, 113549, 1, 1, 1];
const RSASSA_PSS: &[u64] = &[1, 2, 840, 113549, 1, 1, 10];
const MGF1: &[u64] = &[1, 2, 840, 113549, 1, 1, 8];
const ECDSA_WITH_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];
const ECDSA_WITH_SHA384: &[u64] = &[1, 2, 840, 10045, 4, 3, 3];
const ED25519: &[u64] = &[1, 3, 101, 112];

/// The kinds of key that a signer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on NIST P-256 with SHA-256.
    P256,
    /// ECDSA on NIST P-384 with SHA-384.
    P384,
    /// Ed25519.
    Ed25519,
    /// RSA with 2048 bits, PKCS #1 v1.5 padding; a public fixture key.
    Rsa2048,
}

/// Someone who can sign: certificate, the certificates above it, and the private key.
pub struct Signer {
    /// The signer's own certificate (DER).
    pub certificate: Vec<u8>,
    /// The certificates above it (DER), nearest first, the root last.
    pub chain: Vec<Vec<u8>>,
    issuer: Vec<u8>,
    serial_number: Vec<u8>,
    common_name: String,
    key: Key,
}

/// A finished signature with the AlgorithmIdentifier that CMS wants beside it.
pub(crate) struct Signature {
    pub(crate) algorithm: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Signer {
    pub(super) fn new(common_name: &str, certificate: Vec<u8>, chain: Vec<Vec<u8>>, key: Key) -> Result<Self, Error> {
        let (issuer, serial_number) = issuer_and_serial(&certificate).ok_or(Error::UnreadableCertificate)?;
        Ok(Self { certificate, chain, issuer, serial_number, common_name: common_name.to_owned(), key })
    }

    /// The common name in the certificate's subject.
    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// The kind of the private key.
    pub fn key_kind(&self) -> KeyKind {
        match &self.key {
            Key::P256(_) => KeyKind::P256,
            Key::P384(_) => KeyKind::P384,
            Key::Ed25519(_) => KeyKind::Ed25519,
            Key::Rsa { .. } => KeyKind::Rsa2048,
        }
    }

    /// The serial number's big-endian bytes, as [`super::Pki::crl`] takes them.
    pub fn serial_number(&self) -> &[u8] {
        &self.serial_number
    }

    /// The issuer's name as it stands in the certificate (DER).
    pub(crate) fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// The digest that goes with the key: the one CMS should name so that strict readers accept the signature.
    pub fn natural_digest(&self) -> Digest {
        match self.key {
            Key::P256(_) | Key::Rsa { .. } => Digest::Sha256,
            Key::P384(_) => Digest::Sha384,
            // RFC 8419, 3.1: signed attributes go with SHA-512.
            Key::Ed25519(_) => Digest::Sha512,
        }
    }

    /// Signs `message` with the key's natural digest. ECDSA signatures come as ASN.1 (RFC 3279, 2.2.3).
    ///
    /// # Errors
    /// Fails only if the system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.sign_with(message, self.natural_digest(), RsaPadding::Pkcs1)?.value)
    }

    /// Signs with `digest` where the key can, and with its natural digest where it cannot: ring ties each curve to one
    /// digest. The padding is for RSA alone.
    pub(crate) fn sign_with(&self, message: &[u8], digest: Digest, padding: RsaPadding) -> Result<Signature, Error> {
        let random = SystemRandom::new();
        let (algorithm, value) = match &self.key {
            Key::P256(key) => {
                (der::sequence(&[&der::oid(ECDSA_WITH_SHA256)]), key.sign(&random, message).map_err(rejected("P-256"))?.as_ref().to_vec())
            }
            Key::P384(key) => {
                (der::sequence(&[&der::oid(ECDSA_WITH_SHA384)]), key.sign(&random, message).map_err(rejected("P-384"))?.as_ref().to_vec())
            }
            Key::Ed25519(key) => (der::sequence(&[&der::oid(ED25519)]), key.sign(message).as_ref().to_vec()),
            Key::Rsa { pair, pkcs8 } => sign_rsa(pair, pkcs8, message, digest, padding)?,
        };
        Ok(Signature { algorithm, value })
    }
}

fn sign_rsa(pair: &RsaKeyPair, pkcs8: &[u8], message: &[u8], digest: Digest, padding: RsaPadding) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let plain = || der::sequence(&[&der::oid(RSA_ENCRYPTION), &der::null()]);
    let (encoding, algorithm): (&dyn signature::RsaEncoding, _) = match (padding, digest) {
        (RsaPadding::Pkcs1, Digest::Sha1) => {
            let action = "signing with SHA-1";
            let value = legacy_rsa::sign_sha1(pkcs8, message).ok_or(Error::Key { kind: "RSA", action })?;
            return Ok((plain(), value));
        }
        (RsaPadding::Pkcs1, Digest::Sha256) => (&signature::RSA_PKCS1_SHA256, plain()),
        (RsaPadding::Pkcs1, Digest::Sha384) => (&signature::RSA_PKCS1_SHA384, plain()),
        (RsaPadding::Pkcs1, Digest::Sha512) => (&signature::RSA_PKCS1_SHA512, plain()),
        (RsaPadding::Pss, Digest::Sha1 | Digest::Sha256) => (&signature::RSA_PSS_SHA256, pss_algorithm(Digest::Sha256, 32)),
        (RsaPadding::Pss, Digest::Sha384) => (&signature::RSA_PSS_SHA384, pss_algorithm(digest, 48)),
        (RsaPadding::Pss, Digest::Sha512) => (&signature::RSA_PSS_SHA512, pss_algorithm(digest, 64)),
    };
    let mut value = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut value).map_err(rejected("RSA"))?;
    Ok((algorithm, value))
}

/// RFC 4055, 3.1: digest, mask generation with the same digest, and the length of the salt.
fn pss_algorithm(digest: Digest, salt_bytes: u8) -> Vec<u8> {
    let digest = digest.identifier();
    let parameters = der::sequence(&[
        &der::context(0, &digest),
        &der::context(1, &der::sequence(&[&der::oid(MGF1), &digest])),
        &der::context(2, &der::unsigned(&[salt_bytes])),
    ]);
    der::sequence(&[&der::oid(RSASSA_PSS), &parameters])
}

pub(super) enum Key {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa { pair: RsaKeyPair, pkcs8: Vec<u8> },
}

impl Key {
    /// A key for signing, and the same key in the form that rcgen certifies.
    pub(super) fn generate(kind: KeyKind) -> Result<(Self, KeyPair), Error> {
        let pair = match kind {
            KeyKind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
            KeyKind::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?,
            KeyKind::Ed25519 => KeyPair::generate_for(&PKCS_ED25519)?,
            KeyKind::Rsa2048 => {
                let turn = RSA_KEYS_TAKEN.fetch_add(1, Ordering::Relaxed);
                KeyPair::from_pkcs8_pem_and_sign_algo(RSA_TEST_KEYS[turn % RSA_TEST_KEYS.len()], &PKCS_RSA_SHA256)?
            }
        };
        let pkcs8 = pair.serialized_der();
        let random = SystemRandom::new();
        let ecdsa = |algorithm, name| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &random).map_err(unreadable(name));
        let key = match kind {
            KeyKind::P256 => Self::P256(ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, "P-256")?),
            KeyKind::P384 => Self::P384(ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING, "P-384")?),
            KeyKind::Ed25519 => Self::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(unreadable("Ed25519"))?),
            KeyKind::Rsa2048 => Self::Rsa { pair: RsaKeyPair::from_pkcs8(pkcs8).map_err(unreadable("RSA"))?, pkcs8: pkcs8.to_vec() },
        };
        Ok((key, pair))
    }
}

fn unreadable(kind: &'static str) -> impl FnOnce(ring::error::KeyRejected) -> Error {
    move |_| Error::Key { kind, action: "reading the private key" }
}

fn rejected(kind: &'static str) -> impl FnOnce(ring::error::Unspecified) -> Error {
    move |_| Error::Key { kind, action: "signing" }
}

/// Issuer name (whole DER) and serial number (content bytes) of a certificate: RFC 5280, 4.1.
fn issuer_and_serial(certificate: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let to_be_signed = der::read(der::read(certificate)?.content)?;
    let version = der::read(to_be_signed.content)?;
    let serial = der::read(version.rest)?;
    let algorithm = der::read(serial.rest)?;
    let issuer = der::read(algorithm.rest)?;
    if serial.tag != der::INTEGER || issuer.tag != der::SEQUENCE {
        return None;
    }
    Some((issuer.whole.to_vec(), serial.content.to_vec()))
}
