//! The arithmetic of one SignerInfo: which certificate, which algorithms, do the digest and the signature value fit.

use std::borrow::Cow;
use std::sync::Arc;

use crate::algorithm::{AlgorithmId, CryptoFault, Digest, PublicKey, Scheme, digest_algorithm, digest_name, sha256};
use crate::asn1::{Element, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use crate::cache::Caches;
use crate::calendar::asn1_time;
use crate::certificate::Certificate;
use crate::cms::{SignedData, SignerId, SignerInfo};
use crate::evidence::Evidence;
use crate::judgement::Judgement;
use crate::name::Name;
use crate::oid;
use crate::prefix::Prefixes;
use crate::report::SubIndication;
use crate::rsa::{self, Fit};
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
#[derive(Clone, Copy)]
pub(crate) struct Demands<'a> {
    /// The signed content, in parts.
    pub(crate) content: &'a [&'a [u8]],
    /// What was hashed of the file that the content is part of.
    pub(crate) prefixes: Option<&'a Prefixes<'a>>,
    /// [`oid::NO_CONTENT_TYPE`] for a counter-signature.
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
    let pool = read_pool(data, &demands.evidence.caches, judgement);
    tell_of_encoding(data, judgement);
    let mut evidence = Evidence::with_caches(&demands.evidence.caches);
    evidence.add_cms(data, info, &pool);
    if evidence.left_out > 0 {
        judgement.note(format!("{} embedded pieces of evidence are unreadable or too many", evidence.left_out));
    }
    evidence.add_all(demands.evidence);
    let mut result = Arithmetic {
        certificate: named_certificate(info, &pool).cloned(),
        evidence,
        digest_algorithm: digest_name(info.digest_algorithm.oid),
        signature_algorithm: oid::dotted(info.signature_algorithm.oid),
        claimed_time: demands.claimed_time.or_else(|| signing_time(info)),
        value_sha256: Some(sha256(&info.signature)),
        ..Arithmetic::default()
    };
    let format_is_sound = check_form(data, info, demands, judgement);
    check_unsigned_fields(data, info, result.certificate.as_deref(), judgement);

    let Some(digest) = Digest::from_oid(info.digest_algorithm.oid) else {
        let reason = format!("digest algorithm {} is not supported", result.digest_algorithm);
        result.used.extend(digest_algorithm(info.digest_algorithm.oid).map(|algorithm| (algorithm, AlgorithmUse::MessageDigest)));
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
    match scheme.fit(&certificate.key, &message, &info.signature) {
        Ok(fit) => {
            note_fit(fit, judgement);
            result.intact = digest_fits && format_is_sound;
        }
        Err(fault) => {
            crypto_fault(&fault, judgement);
            explain_misfit(&fault, scheme, &certificate.key, &info.signature, judgement);
        }
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

/// A value that fits in an unusual way is told of.
pub(crate) fn note_fit(fit: Fit, judgement: &mut Judgement) {
    match fit {
        Fit::Exact => {}
        Fit::WithoutNull => judgement.note("the signature value leaves out the NULL parameters of its digest, as RFC 4055 lets it"),
    }
}

/// Tells of a value that does not fit what may have happened: the two look alike in a verdict and not to whoever has to act.
pub(crate) fn explain_misfit(fault: &CryptoFault, scheme: Scheme, key: &PublicKey, value: &[u8], judgement: &mut Judgement) {
    if *fault != CryptoFault::Mismatch || !matches!(scheme, Scheme::RsaPkcs1(_)) {
        return;
    }
    judgement.note(if rsa::is_by(&key.bits, value) {
        "the certificate's key made the signature value, but over something else: what it signed was changed"
    } else {
        "another key than the certificate's made the signature value, or the value is damaged"
    });
}

/// What an arithmetic fault means for the verdict.
pub(crate) fn crypto_fault(fault: &CryptoFault, judgement: &mut Judgement) {
    match fault {
        CryptoFault::Unsupported(_) => judgement.doubt(SubIndication::CryptoConstraintsFailure, fault.to_string()),
        CryptoFault::Mismatch => judgement.fail(SubIndication::SigCryptoFailure, fault.to_string()),
        CryptoFault::Contradiction { .. } => judgement.fail(SubIndication::FormatFailure, fault.to_string()),
    }
}

/// Lawful, and strict decoders fail on it: whoever compares verdicts with another tool wants to know.
fn tell_of_encoding(data: &SignedData<'_>, judgement: &mut Judgement) {
    if data.is_indefinite {
        judgement.note("the CMS is BER with indefinite lengths, which is lawful");
    }
    if data.repeated_certificates > 0 {
        judgement.note("the CMS carries a certificate more than once");
    }
}

fn read_pool(data: &SignedData<'_>, caches: &Caches, judgement: &mut Judgement) -> Vec<Arc<Certificate>> {
    let mut pool = Vec::with_capacity(data.certificates.len());
    for raw in &data.certificates {
        match caches.certificate(raw) {
            Ok(certificate) => pool.push(certificate),
            Err(error) => judgement.note(format!("an embedded certificate is unreadable: {error}")),
        }
    }
    pool
}

/// Anybody can add a certificate of the same name to a signature: where several answer to it, what was signed tells which is meant.
fn named_certificate<'p>(info: &SignerInfo<'_>, pool: &'p [Arc<Certificate>]) -> Option<&'p Arc<Certificate>> {
    let mut named = pool.iter().filter(|one| is_named(one, &info.identifier));
    let first = named.next()?;
    let is_pinned = |one: &&Arc<Certificate>| {
        let pins = [(oid::SIGNING_CERTIFICATE, Digest::Sha1), (oid::SIGNING_CERTIFICATE_V2, Digest::Sha256)];
        pins.into_iter().any(|(identifier, default)| {
            let values = info.signed(identifier).filter_map(|attribute| pinned_digest(attribute.values.first()?, default));
            values.into_iter().any(|(digest, hash)| digest.is_some_and(|digest| digest.of(&[&one.der]).as_ref() == hash.as_slice()))
        })
    };
    let mut others = named.peekable();
    if others.peek().is_none() {
        return Some(first);
    }
    std::iter::once(first).chain(others).find(is_pinned).or(Some(first))
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
pub(crate) fn signing_time(info: &SignerInfo<'_>) -> Option<i64> {
    info.signed(oid::SIGNING_TIME).next()?.values.first().and_then(|value| asn1_time(value).ok())
}

/// RFC 5652, 5.3 and 11: which attributes there must be, and how often.
fn check_form(data: &SignedData<'_>, info: &SignerInfo<'_>, demands: &Demands<'_>, judgement: &mut Judgement) -> bool {
    let mut faults: Vec<String> = Vec::new();
    let is_counter = demands.content_type == oid::NO_CONTENT_TYPE;
    if data.content_type != demands.content_type && !is_counter {
        faults.push(format!("the CMS content type is {}", oid::dotted(data.content_type)));
    }
    match &info.signed_attributes {
        None => {
            // Without signed attributes a content that reads as a set of attributes could be one taken from elsewhere.
            let starts_as_set = demands.content.iter().find(|part| !part.is_empty()).is_some_and(|part| part.starts_with(&[SET]));
            if starts_as_set || !(demands.content_type == oid::DATA || is_counter) {
                faults.push("the signature has no signed attributes".to_owned());
            } else {
                judgement.note("the signature has no signed attributes");
            }
        }
        Some(signed) => {
            // Some programs sign them in the order in which they carry them, and every verifier takes that.
            if !signed.is_sorted {
                judgement.note("the signed attributes do not stand in the order of DER");
            }
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
            let content_type = if is_counter { None } else { once(oid::CONTENT_TYPE, "content-type") };
            once(oid::MESSAGE_DIGEST, "message-digest");
            if is_counter && info.signed(oid::CONTENT_TYPE).next().is_some() {
                faults.push("a counter-signature has no content type, and this one signs one".to_owned());
            }
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

/// RFC 5652, 5.1 and 5.3: what nobody signs and every sound program writes alike. Other values change nothing of what was
/// signed, and show that somebody touched the signature afterwards or made it by hand.
fn check_unsigned_fields(data: &SignedData<'_>, info: &SignerInfo<'_>, certificate: Option<&Certificate>, judgement: &mut Judgement) {
    if !data.digest_algorithms.contains(&info.digest_algorithm.oid) {
        judgement.doubt(SubIndication::Generic, "the signer's digest algorithm is not among those announced");
    }
    let by_key = |info: &SignerInfo<'_>| matches!(info.identifier, SignerId::KeyId(_));
    if info.version != Some(if by_key(info) { 3 } else { 1 }) {
        judgement.doubt(SubIndication::Generic, "the version of the SignerInfo is not the one that belongs to its content");
    }
    if let (SignerId::IssuerSerial { issuer_raw, .. }, Some(certificate)) = (&info.identifier, certificate)
        && !is_spelled_alike(issuer_raw, &certificate.issuer_raw)
    {
        judgement.doubt(SubIndication::Generic, "the signature spells its certificate's issuer in another way than the certificate");
    }
    let least = if data.content_type != oid::DATA || data.signers.iter().any(by_key) { 3 } else { 1 };
    if data.version != Some(data.least_version.max(least)) {
        judgement.doubt(SubIndication::Generic, "the version of the CMS is not the one that belongs to its content");
    }
}

/// The same name in the same letters; BER may write its lengths in another way.
fn is_spelled_alike(issuer: &[u8], certified: &[u8]) -> bool {
    let der = || Element::parse(issuer, SEQUENCE).and_then(|name| name.to_der(SEQUENCE)).ok();
    issuer == certified || der().is_some_and(|der| der == certified)
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
    let found = demands.prefixes.map_or_else(|| digest.of(demands.content), |prefixes| prefixes.digest(digest, demands.content));
    if *expected == *found.as_ref() {
        return true;
    }
    if is_digest_passed_through_text(&expected, digest.of(demands.content).as_ref()) {
        let reason = "the signed digest is damaged: the signing program passed it through text, and the content is what it was";
        judgement.fail(SubIndication::HashFailure, reason);
    } else {
        judgement.fail(SubIndication::HashFailure, "the digest of the content is not the signed one: the content was changed");
    }
    false
}

/// Whether `signed` is `actual` with every unpaired surrogate of its UTF-16 reading replaced by U+FFFD, as a program does that
/// keeps bytes in a string. All other bytes have to be the same, and they are enough to know the content by.
fn is_digest_passed_through_text(signed: &[u8], actual: &[u8]) -> bool {
    let replaced_in = |unit: fn([u8; 2]) -> u16| {
        let units = |bytes: &[u8]| bytes.chunks_exact(2).filter_map(|pair| Some(unit(pair.try_into().ok()?))).collect::<Vec<u16>>();
        let (signed_units, actual_units) = (units(signed), units(actual));
        let through: Vec<u16> = char::decode_utf16(actual_units.iter().copied())
            .flat_map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf16(&mut [0; 2]).to_vec())
            .collect();
        let kept = actual_units.iter().zip(&through).filter(|(actual, through)| actual == through).count();
        // A digest whose units are half replaced is no longer recognisable for certain.
        signed_units == through && 2 * kept >= actual_units.len()
    };
    signed != actual && signed.len() == actual.len() && (replaced_in(u16::from_le_bytes) || replaced_in(u16::from_be_bytes))
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
            // The digest pins the certificate by itself, so that another name beside it is a slip of the signing program.
            if attribute.values.first().is_some_and(|value| names_another(value, certificate)) {
                judgement.note("the signed reference to the certificate names another issuer or serial number than the certificate");
            }
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

/// Whether the IssuerSerial of the first ESSCertID is there, and is not that of `certificate` (RFC 5035, 5).
fn names_another(value: &Element<'_>, certificate: &Certificate) -> bool {
    let read = || {
        let ids = value.reader().expect(SEQUENCE).ok()?;
        let mut fields = ids.reader().expect(SEQUENCE).ok()?.reader();
        fields.optional(SEQUENCE).ok()?;
        fields.expect(OCTET_STRING).ok()?;
        let mut pair = fields.optional(SEQUENCE).ok()??.reader();
        let names = pair.expect(SEQUENCE).ok()?;
        let serial = pair.expect(INTEGER).ok()?.content;
        let mut names = names.reader();
        let is_issuer = match names.optional(0xa4).ok()? {
            Some(name) => {
                name.reader().expect(SEQUENCE).and_then(|name| Name::read(&name)).ok()?.comparable() == certificate.issuer.comparable()
            }
            None => true,
        };
        Some(serial == certificate.serial && is_issuer)
    };
    read() == Some(false)
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

#[cfg(test)]
mod tests {
    use crate::testing::{CmsTemplate, NOW, Pki, Template, cms};
    use crate::{Options, RevocationPolicy, SubIndication, TrustStore, Verdict, verify_detached};

    #[test]
    fn a_certificate_of_the_same_name_beside_the_signers_changes_nothing_where_one_is_pinned() {
        let pki = Pki::new();
        let serial = pki.signer.certificate().serial;
        let impostor = pki.root.issue_with_serial(&Template { name: "Issuer".to_owned(), ..Template::signer() }, [9; 32], &[7]);
        let double = pki.issuer.issue_with_serial(&Template::signer(), [9; 32], &serial);
        assert_eq!(double.certificate().serial, serial);
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        trust.add_intermediate(pki.issuer.der()).unwrap();
        let options = Options { revocation: RevocationPolicy::Accept, ..Options::at(NOW) };
        let judge = |certificates: &[&crate::testing::Node], signing_certificate| {
            let template = CmsTemplate { signing_certificate, ..CmsTemplate::default() };
            let report = verify_detached(&cms(&pki.signer, certificates, b"x", &template), b"x", &trust, &options);
            (report.signatures[0].verdict, report.signatures[0].sub_indication)
        };
        for certificates in [[&double, &pki.signer], [&pki.signer, &double], [&impostor, &pki.signer]] {
            assert_eq!(judge(&certificates, true), (Verdict::TotalPassed, None));
        }
        // Nothing says which is meant: the first is, and it did not sign.
        assert_eq!(judge(&[&double, &pki.signer], false), (Verdict::TotalFailed, Some(SubIndication::SigCryptoFailure)));
        assert_eq!(judge(&[&double], true), (Verdict::TotalFailed, Some(SubIndication::SigCryptoFailure)));
    }
}
