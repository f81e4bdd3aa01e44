//! The value of one PDF signature, read by its `/SubFilter` and judged over the signed ranges.

use std::sync::Arc;

use crate::algorithm::{Digest, Scheme};
use crate::algorithm_policy::weigh;
use crate::archive::{contradiction, contradicts};
use crate::asn1::{OCTET_STRING, Reader};
use crate::calendar::pdf_date;
use crate::certificate::Certificate;
use crate::cms::SignedData;
use crate::counter;
use crate::evidence::Evidence;
use crate::judge::{self, Judged, Proof};
use crate::judgement::Judgement;
use crate::limit;
use crate::oid;
use crate::options::Options;
use crate::pdf::{Dictionary, Object};
use crate::prefix::Prefixes;
use crate::report::SubIndication;
use crate::signer::{self, Arithmetic, Demands, SigningCertificateAttribute};
use crate::timestamp;
use crate::trust::TrustStore;
use crate::weakness::{Algorithm, AlgorithmUse};

/// A signature value and what it is judged with.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) dictionary: &'a Dictionary,
    /// The bytes of `/Contents`, padding included.
    pub(crate) contents: &'a [u8],
    /// The signed ranges.
    pub(crate) content: &'a [&'a [u8]],
    /// What was hashed of the file for other signatures.
    pub(crate) prefixes: &'a Prefixes<'a>,
    /// What the document brings along.
    pub(crate) evidence: &'a Evidence,
    /// When the value provably existed, from document time stamps over it.
    pub(crate) existed: Option<&'a Proof>,
    pub(crate) trust: &'a TrustStore,
    pub(crate) options: &'a Options,
}

/// A judgement that ends at the form.
pub(crate) fn malformed(reason: impl Into<String>) -> Judged {
    let mut judgement = Judgement::default();
    limit::reject(&mut judgement, reason);
    Judged { judgement, ..Judged::default() }
}

impl<'a> Value<'a> {
    pub(crate) fn judge(&self, sub_filter: &str) -> Judged {
        match sub_filter {
            "ETSI.CAdES.detached" => self.judge_cms(SigningCertificateAttribute::Required),
            "adbe.pkcs7.detached" => self.judge_cms(SigningCertificateAttribute::Optional),
            "adbe.pkcs7.sha1" => self.judge_enclosed_digest(),
            "adbe.x509.rsa_sha1" => self.judge_bare_rsa(),
            "ETSI.RFC3161" => self.judge_document_timestamp(),
            other => {
                let mut judged = Judged::default();
                judged.judgement.doubt(SubIndication::Generic, format!("signatures of the kind {other:?} are not supported"));
                judged
            }
        }
    }

    /// The time in `/M`, which carries its zone.
    fn claimed_time(&self) -> Option<i64> {
        match self.dictionary.lookup("M") {
            Some(Object::String(date)) => pdf_date(&date.bytes),
            _ => None,
        }
    }

    /// The one SignedData of `/Contents`; zeros may follow it, because writers reserve space before they sign.
    fn read_cms(&self) -> Result<SignedData<'a>, String> {
        let (data, rest) = SignedData::parse(self.contents, self.options.limits.max_certificates)
            .map_err(|error| limit::unreadable_cms("the CMS", &error))?;
        if rest.iter().all(|&byte| byte == 0) { Ok(data) } else { Err("bytes are hidden behind the CMS in /Contents".to_owned()) }
    }

    fn judge_cms(&self, signing_certificate: SigningCertificateAttribute) -> Judged {
        let data = match self.read_cms() {
            Ok(data) => data,
            Err(reason) => return malformed(reason),
        };
        // ISO 32000-2, 12.8.3.3: exactly one signer, and the content is not enclosed.
        let [info] = data.signers.as_slice() else {
            return malformed(format!("the CMS has {} signers, and a PDF signature has one", data.signers.len()));
        };
        if data.content.is_some() {
            return malformed("the CMS encloses content, and a detached signature does not");
        }
        let demands = Demands {
            content: self.content,
            prefixes: Some(self.prefixes),
            content_type: oid::DATA,
            signing_certificate,
            evidence: self.evidence,
            claimed_time: self.claimed_time(),
        };
        let mut judged = judge::signature_existing(&data, info, &demands, self.existed, self.trust, self.options);
        counter::judge(&data, info, "the signature", &mut judged.judgement, &mut Vec::new(), self.trust, self.options);
        judged
    }

    /// `adbe.pkcs7.sha1`: the CMS encloses the SHA-1 digest of the ranges and signs that.
    fn judge_enclosed_digest(&self) -> Judged {
        let data = match self.read_cms() {
            Ok(data) => data,
            Err(reason) => return malformed(reason),
        };
        let ([info], Some(enclosed)) = (data.signers.as_slice(), data.content.as_deref()) else {
            return malformed("a signature of this kind has one signer and encloses a digest");
        };
        let demands = Demands {
            content: &[enclosed],
            prefixes: None,
            content_type: oid::DATA,
            signing_certificate: SigningCertificateAttribute::Optional,
            evidence: self.evidence,
            claimed_time: self.claimed_time(),
        };
        let mut judged = judge::signature_existing(&data, info, &demands, self.existed, self.trust, self.options);
        judged.arithmetic.use_digest(Digest::Sha1, AlgorithmUse::MessageDigest);
        if self.prefixes.digest(Digest::Sha1, self.content).as_ref() != enclosed {
            judged.judgement.fail(SubIndication::HashFailure, "the enclosed digest is not that of the document");
        }
        let usage = judge::usage(Algorithm::Sha1, AlgorithmUse::MessageDigest, &judged.arithmetic, judged.proved_time);
        weigh(usage, self.options, &mut judged.judgement, || "the document's digest is SHA-1".to_owned());
        judged
    }

    /// `adbe.x509.rsa_sha1`: a bare RSA value in an octet string, the certificates in the dictionary, the signer's first.
    fn judge_bare_rsa(&self) -> Judged {
        let mut reader = Reader::new(self.contents);
        let value = reader.expect(OCTET_STRING).and_then(|value| value.octets());
        let value = match value {
            Ok(value) if reader.rest().iter().all(|&byte| byte == 0) => value,
            _ => return malformed("/Contents is not an RSA value"),
        };
        let pool: Vec<Arc<Certificate>> = match self.dictionary.lookup("Cert") {
            Some(Object::Array(items)) => items.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        }
        .iter()
        .take(self.options.limits.max_certificates)
        .filter_map(|item| match item {
            Object::String(der) => self.trust.caches().certificate(&der.bytes).ok(),
            _ => None,
        })
        .collect();
        let mut evidence = Evidence::with_caches(self.trust.caches());
        pool.iter().for_each(|certificate| evidence.add_parsed(certificate));
        evidence.add_all(self.evidence);
        let scheme = Scheme::RsaPkcs1(Digest::Sha1);
        let mut judgement = Judgement::default();
        let mut arithmetic = Arithmetic {
            certificate: pool.first().cloned(),
            evidence,
            digest_algorithm: Digest::Sha1.name().to_owned(),
            signature_algorithm: scheme.name(),
            claimed_time: self.claimed_time(),
            ..Arithmetic::default()
        };
        arithmetic.use_digest(Digest::Sha1, AlgorithmUse::MessageDigest);
        match arithmetic.certificate.clone() {
            None => judgement.doubt(SubIndication::NoSigningCertificateFound, "the signing certificate is not in the signature"),
            // The digest is inside the RSA value: a changed document and a wrong key give the same verdict.
            Some(certificate) => {
                arithmetic.use_scheme(scheme, &certificate.key);
                match scheme.fit(&certificate.key, &self.content.concat(), &value) {
                    Ok(fit) => {
                        signer::note_fit(fit, &mut judgement);
                        arithmetic.intact = true;
                    }
                    Err(fault) => {
                        signer::crypto_fault(&fault, &mut judgement);
                        signer::explain_misfit(&fault, scheme, &certificate.key, &value, &mut judgement);
                    }
                }
            }
        }
        let proof = self.existed.cloned().unwrap_or_default();
        judge::judge_trust(&arithmetic, &proof, self.trust, self.options, &mut judgement);
        Judged { judgement, arithmetic, proved_time: proof.time }
    }

    /// `ETSI.RFC3161`: a time-stamp token over the ranges (EN 319 142-1, 5.4.3).
    fn judge_document_timestamp(&self) -> Judged {
        let existed = self.existed.and_then(|proof| proof.time);
        let (mut token, rest) = timestamp::verify_existing(self.contents, self.content, self.evidence, existed, self.trust, self.options);
        if let (Some(time), Some(existed)) = (token.proof(), existed)
            && contradicts(time, existed)
        {
            contradiction("the document time stamp", time, existed, &mut token.judgement);
        }
        if rest.iter().any(|&byte| byte != 0) {
            token.judgement.fail(SubIndication::FormatFailure, "bytes are hidden behind the token in /Contents");
        }
        let mut judged = token.judged(self.options);
        judged.arithmetic.claimed_time = self.claimed_time();
        judged
    }
}
