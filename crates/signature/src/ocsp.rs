//! OCSP responses (RFC 6960): what a responder said of single certificates, and how it names itself.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::algorithm::{AlgorithmId, Digest, sha256};
use crate::asn1::{Asn1Error, BIT_STRING, ENUMERATED, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE};
use crate::calendar::asn1_time;
use crate::certificate::{Certificate, Extension};
use crate::crl::Entry;
use crate::name::Name;
use crate::oid;
use crate::signed::Signed;

/// Answers read per response. Responders answer what was asked, and clients ask about one chain at most.
const MAX_ANSWERS: usize = 128;
/// Certificates read per response; a delegated responder sends its own and perhaps its issuers'.
const MAX_CERTIFICATES: usize = 16;

/// Why bytes are no usable response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OcspError {
    #[error(transparent)]
    Asn1(#[from] Asn1Error),
    #[error("the responder answered {0}")]
    NotSuccessful(&'static str),
    #[error("the response is of an unknown type")]
    UnknownType,
    #[error("the response carries a critical extension that is not understood")]
    CriticalExtension,
    #[error("the response carries too many answers or certificates")]
    TooMany,
}

/// A basic response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) sha256: [u8; 32],
    responder: Responder,
    pub(crate) signed: Signed,
    pub(crate) certificates: Vec<Arc<Certificate>>,
    answers: Vec<Answer>,
}

#[derive(Debug)]
enum Responder {
    Name(Name),
    /// SHA-1 of the bits of the responder's key.
    KeyHash(Vec<u8>),
}

/// What is said of one certificate.
#[derive(Debug)]
pub(crate) struct Answer {
    digest: Digest,
    issuer_name_hash: Vec<u8>,
    issuer_key_hash: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) state: State,
    pub(crate) this_update: i64,
    pub(crate) next_update: Option<i64>,
    /// What is said of certificates that expired then or later still counts (RFC 6960, 4.4.4, archive cutoff).
    pub(crate) keeps_since: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Good,
    Revoked(Entry),
    /// The responder does not know the certificate, which says neither good nor bad of it.
    Unknown,
}

impl Response {
    /// Reads an OCSPResponse, or the BasicOCSPResponse within one, as CAdES stores it.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, OcspError> {
        let outer = Element::parse(der, SEQUENCE)?;
        let mut fields = outer.reader();
        let first = fields.read()?;
        if first.tag != ENUMERATED {
            return Self::read_basic(der);
        }
        match first.content {
            [0] => {}
            [1] => return Err(OcspError::NotSuccessful("malformedRequest")),
            [2] => return Err(OcspError::NotSuccessful("internalError")),
            [3] => return Err(OcspError::NotSuccessful("tryLater")),
            [5] => return Err(OcspError::NotSuccessful("sigRequired")),
            [6] => return Err(OcspError::NotSuccessful("unauthorized")),
            _ => return Err(OcspError::NotSuccessful("an unknown status")),
        }
        let mut typed = fields.expect(0xa0)?.reader().expect(SEQUENCE)?.reader();
        fields.finish()?;
        if typed.expect(OID)?.content != oid::OCSP_BASIC {
            return Err(OcspError::UnknownType);
        }
        Self::read_basic(&typed.expect(OCTET_STRING)?.octets()?)
    }

    fn read_basic(der: &[u8]) -> Result<Self, OcspError> {
        let mut fields = Element::parse(der, SEQUENCE)?.reader();
        let data = fields.expect(SEQUENCE)?;
        let algorithm = AlgorithmId::read(&mut fields)?;
        let signature = fields.expect(BIT_STRING)?.bits()?;
        let mut certificates = Vec::new();
        if let Some(wrapper) = fields.optional(0xa0)? {
            for certificate in wrapper.reader().expect(SEQUENCE)?.children()? {
                if certificates.len() >= MAX_CERTIFICATES {
                    return Err(OcspError::TooMany);
                }
                // One that cannot be read cannot vouch for the response either.
                certificates.extend(Certificate::parse(certificate.raw).map(Arc::new));
            }
        }
        fields.finish()?;

        let mut reader = data.reader();
        reader.optional(0xa0)?;
        let responder = match reader.read()? {
            by_name if by_name.tag == 0xa1 => Responder::Name(Name::read(&by_name.reader().expect(SEQUENCE)?)?),
            by_key if by_key.tag == 0xa2 => Responder::KeyHash(by_key.reader().expect(OCTET_STRING)?.octets()?.into_owned()),
            _ => return Err(Asn1Error::Malformed.into()),
        };
        asn1_time(&reader.expect(GENERALIZED_TIME)?)?;
        let mut answers = Vec::new();
        let mut list = reader.expect(SEQUENCE)?.reader();
        while !list.is_empty() {
            if answers.len() >= MAX_ANSWERS {
                return Err(OcspError::TooMany);
            }
            answers.extend(Answer::read(&list.expect(SEQUENCE)?)?);
        }
        check_extensions(reader.optional(0xa1)?)?;
        reader.finish()?;
        let signed = Signed::new(data.raw, &algorithm, signature);
        Ok(Self { sha256: sha256(der), responder, signed, certificates, answers })
    }

    /// Whether the responder names `certificate` as its own.
    pub(crate) fn is_responder(&self, certificate: &Certificate) -> bool {
        match &self.responder {
            Responder::Name(name) => name.comparable() == certificate.subject.comparable(),
            Responder::KeyHash(hash) => Digest::Sha1.of(&[&certificate.key.bits]).as_ref() == hash.as_slice(),
        }
    }

    /// The answers about the certificate that `identity` names.
    pub(crate) fn answers<'a>(&'a self, identity: &'a Identity<'a>) -> impl Iterator<Item = &'a Answer> {
        self.answers.iter().filter(|answer| answer.serial == identity.serial && identity.has(answer))
    }

    pub(crate) fn serials(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.answers.iter().map(|answer| &answer.serial)
    }
}

/// How responses name a certificate: its serial number, and its issuer's name and key under some digest.
pub(crate) struct Identity<'a> {
    serial: &'a [u8],
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    /// Name and key, hashed with the digests that answers ask for: most certificates are asked about where there is no answer.
    hashes: [OnceCell<[ring::digest::Digest; 2]>; 4],
}

impl<'a> Identity<'a> {
    pub(crate) fn new(certificate: &'a Certificate, issuer: &'a Certificate) -> Self {
        Self { serial: &certificate.serial, issuer_name: &certificate.issuer_raw, issuer_key: &issuer.key.bits, hashes: Default::default() }
    }

    fn has(&self, answer: &Answer) -> bool {
        let Some(hashes) = self.hashes.get(answer.digest as usize) else { return false };
        let [name, key] = hashes.get_or_init(|| [self.issuer_name, self.issuer_key].map(|bytes| answer.digest.of(&[bytes])));
        name.as_ref() == answer.issuer_name_hash && key.as_ref() == answer.issuer_key_hash
    }
}

impl Answer {
    /// `None` where the certificate is named with a digest that cannot be computed.
    fn read(element: &Element<'_>) -> Result<Option<Self>, OcspError> {
        let mut fields = element.reader();
        let mut id = fields.expect(SEQUENCE)?.reader();
        let digest = Digest::from_oid(AlgorithmId::read(&mut id)?.oid);
        let issuer_name_hash = id.expect(OCTET_STRING)?.octets()?.into_owned();
        let issuer_key_hash = id.expect(OCTET_STRING)?.octets()?.into_owned();
        let serial = id.expect(INTEGER)?.content.to_vec();
        id.finish()?;
        let state = match fields.read()? {
            good if good.tag == 0x80 => State::Good,
            revoked if revoked.tag == 0xa1 => State::Revoked(read_entry(&revoked)?),
            unknown if unknown.tag == 0x82 => State::Unknown,
            _ => return Err(Asn1Error::Malformed.into()),
        };
        let this_update = asn1_time(&fields.expect(GENERALIZED_TIME)?)?;
        let next_update = fields.optional(0xa0)?.map(|time| time.reader().expect(GENERALIZED_TIME)).transpose()?;
        let next_update = next_update.map(|time| asn1_time(&time)).transpose()?;
        let extensions = fields.optional(0xa1)?;
        let keeps_since = archive_cutoff(extensions.as_ref())?;
        check_extensions(extensions)?;
        fields.finish()?;
        Ok(digest.map(|digest| Self { digest, issuer_name_hash, issuer_key_hash, serial, state, this_update, next_update, keeps_since }))
    }
}

fn read_entry(revoked: &Element<'_>) -> Result<Entry, Asn1Error> {
    let mut fields = revoked.reader();
    let date = asn1_time(&fields.expect(GENERALIZED_TIME)?)?;
    let reason = match fields.optional(0xa0)? {
        Some(wrapper) => wrapper.reader().expect(ENUMERATED)?.content.first().copied().unwrap_or(0),
        None => 0,
    };
    fields.finish()?;
    Ok(Entry { date, reason })
}

fn archive_cutoff(wrapper: Option<&Element<'_>>) -> Result<Option<i64>, Asn1Error> {
    let Some(wrapper) = wrapper else { return Ok(None) };
    for extension in wrapper.reader().expect(SEQUENCE)?.children()? {
        let extension = Extension::read(&extension)?;
        if extension.oid == oid::OCSP_ARCHIVE_CUTOFF {
            // One that cannot be read promises nothing.
            return Ok(Element::parse(extension.value, GENERALIZED_TIME).and_then(|time| asn1_time(&time)).ok());
        }
    }
    Ok(None)
}

/// The extensions of RFC 6960, 4.4 add to an answer and take nothing from it; of others that is not known.
fn check_extensions(wrapper: Option<Element<'_>>) -> Result<(), OcspError> {
    let Some(wrapper) = wrapper else { return Ok(()) };
    for extension in wrapper.reader().expect(SEQUENCE)?.children()? {
        let extension = Extension::read(&extension)?;
        if extension.critical && !extension.oid.starts_with(oid::OCSP_ARC) {
            return Err(OcspError::CriticalExtension);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::Evidence;
    use crate::options::Limits;
    use crate::revocation::{Inquiry, Status};
    use crate::testing::{NOW, Node, OCSP_UNKNOWN, OcspTemplate, Pki, Template, ocsp_revoked};
    use crate::trust::TrustStore;

    /// The signer's status by `responses`, seen from `at`.
    fn status_at(pki: &Pki, responses: &[Vec<u8>], at: i64) -> Status {
        let mut trust = TrustStore::new();
        trust.add_anchor(pki.root.der(), None, None).unwrap();
        responses.iter().for_each(|response| trust.add_ocsp(response).unwrap());
        let path = [pki.signer.certificate(), pki.issuer.certificate(), pki.root.certificate()].map(Arc::new);
        Inquiry { trust: &trust, evidence: &Evidence::default(), limits: &Limits::default(), proved: at, at }.statuses(&path).remove(0)
    }

    fn status(pki: &Pki, response: &OcspTemplate<'_>) -> Status {
        status_at(pki, &[response.response()], NOW)
    }

    fn is_unknown(status: &Status) -> bool {
        matches!(status, Status::Unknown(_))
    }

    /// A responder's certificate with these usages; `unchecked` as RFC 6960, 4.2.2.2.1 marks it.
    fn responder(issuer: &Node, usage: &[u8], unchecked: bool) -> Node {
        let extra = if unchecked { vec![(oid::OCSP_NO_CHECK.to_vec(), false, vec![5, 0])] } else { Vec::new() };
        issuer.issue(Template { name: "Responder".to_owned(), extended: vec![usage.to_vec()], extra, ..Template::signer() })
    }

    #[test]
    fn the_issuer_answers_by_name_or_by_key() {
        let pki = Pki::new();
        let good = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer);
        assert_eq!(status(&pki, &good), Status::Good);
        assert_eq!(status_at(&pki, &[good.basic()], NOW), Status::Good);
        let by_key = OcspTemplate { by_key: true, ..OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer) };
        assert_eq!(status(&pki, &by_key), Status::Good);
    }

    #[test]
    fn revoked_counts_also_when_stale_and_unknown_never_means_good() {
        let pki = Pki::new();
        let revoked = OcspTemplate { status: ocsp_revoked(NOW - 500, 1), ..OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer) };
        let good = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer);
        let expected = Status::Revoked { date: NOW - 500, reason: "keyCompromise" };
        assert_eq!(status(&pki, &revoked), expected);
        assert_eq!(status_at(&pki, &[revoked.response(), good.response()], NOW + 5000), expected);
        let unknown = OcspTemplate { status: OCSP_UNKNOWN.to_vec(), ..OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer) };
        assert!(is_unknown(&status(&pki, &unknown)));
    }

    #[test]
    fn an_answer_after_expiry_counts_where_the_responder_keeps_it() {
        let pki = Pki::new();
        let end = pki.signer.certificate().not_after;
        let at = end + 1000;
        let asked = |keeps_since| {
            let good = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer);
            let response = OcspTemplate { this_update: at - 60, next_update: Some(at + 600), keeps_since, ..good }.response();
            status_at(&pki, &[response], at)
        };
        assert_eq!(asked(Some(end)), Status::Good);
        assert!(is_unknown(&asked(Some(end + 1))) && is_unknown(&asked(None)));
    }

    #[test]
    fn stale_future_and_endless_answers_are_not_good() {
        let pki = Pki::new();
        let good = |this_update, next_update| {
            let template = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer);
            status(&pki, &OcspTemplate { this_update, next_update, ..template })
        };
        assert_eq!(good(NOW, None), Status::Good);
        assert!(is_unknown(&good(NOW - 60, None)));
        assert!(is_unknown(&good(NOW - 60, Some(NOW - 1))));
        assert!(is_unknown(&good(NOW + 1, Some(NOW + 60))));
    }

    #[test]
    fn a_delegated_responder_needs_the_purpose_from_the_issuer_itself() {
        let pki = Pki::new();
        let judge = |node: &Node| {
            let template = OcspTemplate::good(node, &pki.signer, &pki.issuer);
            status(&pki, &OcspTemplate { certificates: &[node], ..template })
        };
        assert_eq!(judge(&responder(&pki.issuer, oid::OCSP_SIGNING, true)), Status::Good);
        // Without the mark its own status has to be known, and is not.
        assert!(is_unknown(&judge(&responder(&pki.issuer, oid::OCSP_SIGNING, false))));
        assert!(is_unknown(&judge(&responder(&pki.issuer, oid::TIME_STAMPING, true))));
        assert!(is_unknown(&judge(&responder(&pki.root, oid::OCSP_SIGNING, true))));
        assert!(is_unknown(&judge(&pki.signer)));
        let expired = Template { not_after: NOW - 1, ..Template::signer() };
        let extra = vec![(oid::OCSP_NO_CHECK.to_vec(), false, vec![5, 0])];
        let expired = pki.issue(Template { extended: vec![oid::OCSP_SIGNING.to_vec()], extra, name: "Old".to_owned(), ..expired });
        assert!(is_unknown(&judge(&expired)));
    }

    #[test]
    fn a_delegated_responder_is_held_to_its_own_certificate() {
        let pki = Pki::new();
        let with = |key_usage: u8, extension: Option<(Vec<u8>, bool, Vec<u8>)>| {
            let mut extra = vec![(oid::OCSP_NO_CHECK.to_vec(), false, vec![5, 0])];
            extra.extend(extension);
            let extended = vec![oid::OCSP_SIGNING.to_vec()];
            let template = Template { name: "Responder".to_owned(), extended, extra, key_usage: Some(key_usage), ..Template::signer() };
            let node = pki.issue(template);
            status(&pki, &OcspTemplate { certificates: &[&node], ..OcspTemplate::good(&node, &pki.signer, &pki.issuer) })
        };
        assert_eq!(with(0x80, None), Status::Good);
        // keyEncipherment.
        assert!(is_unknown(&with(0x20, None)));
        assert!(is_unknown(&with(0x80, Some((vec![0x2a, 3, 4], true, vec![5, 0])))));
    }

    #[test]
    fn whoever_signs_is_the_one_named() {
        let pki = Pki::new();
        let named = |node: &Node, named: &str| {
            let template = OcspTemplate::good(node, &pki.signer, &pki.issuer);
            status(&pki, &OcspTemplate { named: Some(named), certificates: &[node], ..template })
        };
        let delegated = responder(&pki.issuer, oid::OCSP_SIGNING, true);
        assert_eq!((named(&pki.issuer, "ISSUER"), named(&delegated, "Responder")), (Status::Good, Status::Good));
        assert!(is_unknown(&named(&pki.issuer, "Responder")));
        assert!(is_unknown(&named(&delegated, "Issuer")));
    }

    #[test]
    fn a_responder_does_not_vouch_for_itself() {
        let pki = Pki::new();
        let node = responder(&pki.issuer, oid::OCSP_SIGNING, true);
        let response = OcspTemplate { certificates: &[&node], ..OcspTemplate::good(&node, &node, &pki.issuer) }.response();
        let mut trust = TrustStore::new();
        trust.add_ocsp(&response).unwrap();
        let path = [node.certificate(), pki.issuer.certificate(), pki.root.certificate()].map(Arc::new);
        let inquiry = Inquiry { trust: &trust, evidence: &Evidence::default(), limits: &Limits::default(), proved: NOW, at: NOW };
        assert!(is_unknown(&inquiry.statuses(&path)[0]));
    }

    #[test]
    fn an_answer_about_another_certificate_or_issuer_is_none() {
        let pki = Pki::new();
        assert!(is_unknown(&status(&pki, &OcspTemplate::good(&pki.issuer, &pki.tsa, &pki.issuer))));
        for issuer in [[&pki.root, &pki.issuer], [&pki.issuer, &pki.root]] {
            assert!(is_unknown(&status(&pki, &OcspTemplate { issuer, ..OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer) })));
        }
        let mut forged = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer).response();
        *forged.last_mut().unwrap() ^= 1;
        assert!(is_unknown(&status_at(&pki, &[forged], NOW)));
    }

    #[test]
    fn a_critical_extension_that_is_not_understood_spoils_the_response() {
        let pki = Pki::new();
        let with = |identifier: &'static [u8]| {
            let extensions = vec![(identifier, true, vec![5, 0])];
            OcspTemplate { extensions, ..OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer) }.response()
        };
        assert_eq!(Response::parse(&with(&[0x2a, 3, 4])).unwrap_err(), OcspError::CriticalExtension);
        // The nonce.
        assert!(Response::parse(&with(&[0x2b, 6, 1, 5, 5, 7, 48, 1, 2])).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn a_damaged_response_never_panics_and_never_speaks_well_of_a_revoked_certificate(
            edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        ) {
            let pki = Pki::new();
            let template = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer);
            let mut bytes = OcspTemplate { status: ocsp_revoked(NOW - 500, 1), ..template }.response();
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if Response::parse(&bytes).is_ok() {
                prop_assert_ne!(status_at(&pki, &[bytes], NOW), Status::Good);
            }
        }
    }
}
