//! The arithmetic of one SignerInfo: which certificate, which algorithms, do the digest and the signature value fit.

use std::borrow::Cow;
use std::sync::Arc;

use crate::algorithm::{AlgorithmId, CryptoFault, Digest, PublicKey, Scheme, digest_name, sha256};
use crate::asn1::{Element, OCTET_STRING, OID, SEQUENCE, SET};
use crate::calendar::asn1_time;
use crate::certificate::Certificate;
use crate::cms::{SignedData, SignerId, SignerInfo};
use crate::evidence::Evidence;
use crate::judgement::Judgement;
use crate::name::Name;
use crate::oid;
use crate::report::SubIndication;
use crate::weakness::{Algorithm, AlgorithmUse};

/// What the arithmetic of a SignerInfo gave.
#[derive(Debug, Default)]
pub(crate) struct Arithmetic {
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// What the CMS and its surroundings bring along, the certificates of the CMS first.
    pub(crate) evidence: Evidence,
    pub(crate) digest_algorithm: String,
    pub(crate) signature_algorithm: String,
    pub(crate) weak_digest: bool,
    /// What it is made with, for the algorithm policy.
    pub(crate) used: Vec<(Algorithm, AlgorithmUse)>,
    pub(crate) claimed_time: Option<i64>,
    pub(crate) value_sha256: Option<[u8; 32]>,
    /// Digest and signature value both fit.
    pub(crate) intact: bool,
}

impl Arithmetic {
    /// Notes that the signature rests on `digest`.
    pub(crate) fn use_digest(&mut self, digest: Digest, used_for: AlgorithmUse) {
        self.weak_digest |= digest.is_weak();
        self.used.push((digest.algorithm(), used_for));
    }

    /// Notes that the signature value is made by `scheme` with `key`.
    pub(crate) fn use_scheme(&mut self, scheme: Scheme, key: &PublicKey) {
        if let Some(digest) = scheme.digest() {
            self.use_digest(digest, AlgorithmUse::SignatureValue);
        }
        self.use_key(key);
    }

    /// Notes that the signature value is made with `key`.
    pub(crate) fn use_key(&mut self, key: &PublicKey) {
        self.used.extend(key.strength().map(|strength| (strength, AlgorithmUse::SignatureValue)));
    }
}

/// What the surroundings demand of a SignerInfo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demands<'a> {
    /// The signed content, in parts.
    pub(crate) content: &'a [&'a [u8]],
    pub(crate) content_type: &'a [u8],
    /// CAdES demands a signing-certificate attribute.
    pub(crate) signing_certificate: SigningCertificateAttribute,
    /// What the surroundings bring along.
    pub(crate) evidence: &'a Evidence,
    /// The time the surroundings claim; it goes before the CMS signing time, into which signing programs put local time
    /// labelled UTC.
    pub(crate) claimed_time: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SigningCertificateAttribute {
    Required,
    Optional,
}

/// Checks one SignerInfo of `data` and adds to `judgement` whatever speaks against it.
pub(crate) fn check(data: &SignedData<'_>, info: &SignerInfo<'_>, demands: &Demands<'_>, judgement: &mut Judgement) -> Arithmetic {
    let pool = read_pool(data, judgement);
    let mut evidence = Evidence::default();
    evidence.add_cms(data, info, &pool);
    if evidence.left_out > 0 {
        judgement.note(format!("{} embedded pieces of evidence are unreadable or too many", evidence.left_out));
    }
    evidence.add_all(demands.evidence);
    let mut result = Arithmetic {
        certificate: pool.iter().find(|one| is_named(one, &info.identifier)).cloned(),
        evidence,
        digest_algorithm: digest_name(info.digest_algorithm.oid),
        signature_algorithm: oid::dotted(info.signature_algorithm.oid),
        claimed_time: demands.claimed_time.or_else(|| claimed_time(info)),
        value_sha256: Some(sha256(&info.signature)),
        ..Arithmetic::default()
    };
    let format_is_sound = check_form(data, info, demands, judgement);

    let Some(digest) = Digest::from_oid(info.digest_algorithm.oid) else {
        let reason = format!("digest algorithm {} is not supported", result.digest_algorithm);
        judgement.doubt(SubIndication::CryptoConstraintsFailure, reason);
        return result;
    };
    result.use_digest(digest, AlgorithmUse::MessageDigest);
    let digest_fits = check_digest(info, digest, demands, judgement);

    let Some(certificate) = result.certificate.clone() else {
        judgement.doubt(SubIndication::NoSigningCertificateFound, "the signing certificate is not in the signature");
        return result;
    };
    check_signing_certificate(info, &certificate, demands.signing_certificate, judgement);
    let scheme = match Scheme::determine(&info.signature_algorithm, Some(digest)) {
        Ok(scheme) => scheme,
        Err(fault) => {
            crypto_fault(&fault, judgement);
            return result;
        }
    };
    result.signature_algorithm = scheme.name();
    result.use_scheme(scheme, &certificate.key);
    let message = match &info.signed_attributes {
        Some(signed) => Cow::Borrowed(signed.der.as_slice()),
        None => joined(demands.content),
    };
    match scheme.verify(&certificate.key, &message, &info.signature) {
        Ok(()) => result.intact = digest_fits && format_is_sound,
        Err(fault) => crypto_fault(&fault, judgement),
    }
    result
}

/// One contiguous message: `ring` verifies no precomputed digest.
fn joined<'a>(parts: &'a [&'a [u8]]) -> Cow<'a, [u8]> {
    match parts {
        [only] => Cow::Borrowed(only),
        parts => Cow::Owned(parts.concat()),
    }
}

/// What an arithmetic fault means for the verdict.
pub(crate) fn crypto_fault(fault: &CryptoFault, judgement: &mut Judgement) {
    match fault {
        CryptoFault::Unsupported(_) => judgement.doubt(SubIndication::CryptoConstraintsFailure, fault.to_string()),
        CryptoFault::Mismatch => judgement.fail(SubIndication::SigCryptoFailure, fault.to_string()),
        CryptoFault::Contradiction { .. } => judgement.fail(SubIndication::FormatFailure, fault.to_string()),
    }
}

fn read_pool(data: &SignedData<'_>, judgement: &mut Judgement) -> Vec<Arc<Certificate>> {
    let mut pool = Vec::with_capacity(data.certificates.len());
    for raw in &data.certificates {
        match Certificate::parse(raw) {
            Ok(certificate) => pool.push(Arc::new(certificate)),
            Err(error) => judgement.note(format!("an embedded certificate is unreadable: {error}")),
        }
    }
    pool
}

fn is_named(certificate: &Certificate, identifier: &SignerId<'_>) -> bool {
    match identifier {
        SignerId::IssuerSerial { issuer_raw, serial } => {
            let same_issuer = || {
                certificate.issuer_raw == *issuer_raw
                    || Element::parse(issuer_raw, SEQUENCE)
                        .and_then(|element| Name::read(&element))
                        .is_ok_and(|name| name.comparable() == certificate.issuer.comparable())
            };
            certificate.serial == *serial && same_issuer()
        }
        SignerId::KeyId(id) => certificate.key_id.as_deref() == Some(id),
    }
}

/// The CMS signing time: what the signer says.
fn claimed_time(info: &SignerInfo<'_>) -> Option<i64> {
    info.signed(oid::SIGNING_TIME).next()?.values.first().and_then(|value| asn1_time(value).ok())
}

/// RFC 5652, 5.3 and 11: which attributes there must be, and how often.
fn check_form(data: &SignedData<'_>, info: &SignerInfo<'_>, demands: &Demands<'_>, judgement: &mut Judgement) -> bool {
    let mut faults: Vec<String> = Vec::new();
    if data.content_type != demands.content_type {
        faults.push(format!("the CMS content type is {}", oid::dotted(data.content_type)));
    }
    if !data.digest_algorithms.contains(&info.digest_algorithm.oid) {
        judgement.note("the signer's digest algorithm is not among those announced");
    }
    match &info.signed_attributes {
        None => {
            // Without signed attributes a content that reads as a set of attributes could be one taken from elsewhere.
            let starts_as_set = demands.content.iter().find(|part| !part.is_empty()).is_some_and(|part| part.starts_with(&[SET]));
            if starts_as_set || demands.content_type != oid::DATA {
                faults.push("the signature has no signed attributes".to_owned());
            } else {
                judgement.note("the signature has no signed attributes");
            }
        }
        Some(_) => {
            let mut once = |identifier: &[u8], what: &str| {
                let found: Vec<_> = info.signed(identifier).collect();
                match found.as_slice() {
                    [attribute] if attribute.values.len() == 1 => attribute.values.first().copied(),
                    [] => {
                        faults.push(format!("the signed attribute {what} is missing"));
                        None
                    }
                    _ => {
                        faults.push(format!("the signed attribute {what} occurs more than once"));
                        None
                    }
                }
            };
            let content_type = once(oid::CONTENT_TYPE, "content-type");
            once(oid::MESSAGE_DIGEST, "message-digest");
            if content_type.is_some_and(|value| value.tag != OID || value.content != demands.content_type) {
                faults.push("the signed content type is not the one of the content".to_owned());
            }
            if !algorithms_are_protected(info) {
                faults.push("the protected algorithm identifiers differ from those used".to_owned());
            }
        }
    }
    let sound = faults.is_empty();
    for fault in faults {
        judgement.fail(SubIndication::FormatFailure, fault);
    }
    sound
}

/// RFC 6211: where the attribute is present it names the algorithms that are used.
fn algorithms_are_protected(info: &SignerInfo<'_>) -> bool {
    info.signed(oid::ALGORITHM_PROTECTION).all(|attribute| {
        let read = || {
            let mut fields = attribute.values.first()?.reader();
            let digest = AlgorithmId::read(&mut fields).ok()?;
            let signature = fields.optional(0xa1).ok()??;
            Some((digest.oid, AlgorithmId::of(&signature).ok()?.oid))
        };
        read() == Some((info.digest_algorithm.oid, info.signature_algorithm.oid))
    })
}

fn check_digest(info: &SignerInfo<'_>, digest: Digest, demands: &Demands<'_>, judgement: &mut Judgement) -> bool {
    if info.signed_attributes.is_none() {
        return true;
    }
    let Some(attribute) = info.signed(oid::MESSAGE_DIGEST).next() else { return false };
    let expected = attribute.values.first().and_then(|value| value.octets().ok()).unwrap_or_default();
    if *expected == *digest.of(demands.content).as_ref() {
        return true;
    }
    judgement.fail(SubIndication::HashFailure, "the digest of the content is not the signed one: the content was changed");
    false
}

/// RFC 2634, 5.4 and RFC 5035: the signed attribute that pins the signing certificate.
fn check_signing_certificate(
    info: &SignerInfo<'_>,
    certificate: &Certificate,
    attribute: SigningCertificateAttribute,
    judgement: &mut Judgement,
) {
    let mut pinned = false;
    for (identifier, default) in [(oid::SIGNING_CERTIFICATE, Digest::Sha1), (oid::SIGNING_CERTIFICATE_V2, Digest::Sha256)] {
        for attribute in info.signed(identifier) {
            pinned = true;
            match attribute.values.first().and_then(|value| pinned_digest(value, default)) {
                Some((Some(digest), hash)) if digest.of(&[&certificate.der]).as_ref() == hash.as_slice() => {}
                Some((None, _)) => {
                    judgement.doubt(SubIndication::CryptoConstraintsFailure, "the signing certificate is pinned with an unsupported digest")
                }
                _ => judgement.doubt(
                    SubIndication::NoSigningCertificateFound,
                    "the signature was made for another certificate than the one it carries",
                ),
            }
        }
    }
    if !pinned && attribute == SigningCertificateAttribute::Required {
        let reason = "the signing-certificate attribute, which CAdES demands, is missing";
        judgement.doubt(SubIndication::SigConstraintsFailure, reason);
    }
}

/// Digest and hash of the first ESSCertID: that is the signing certificate's.
fn pinned_digest(value: &Element<'_>, default: Digest) -> Option<(Option<Digest>, Vec<u8>)> {
    let ids = value.reader().expect(SEQUENCE).ok()?;
    let first = ids.reader().expect(SEQUENCE).ok()?;
    let mut fields = first.reader();
    let digest = match fields.optional(SEQUENCE).ok()? {
        Some(algorithm) => Digest::from_oid(AlgorithmId::of(&algorithm).ok()?.oid),
        None => Some(default),
    };
    Some((digest, fields.expect(OCTET_STRING).ok()?.octets().ok()?.into_owned()))
}
