//! X.509 certificates, read once into what path building and reports need.

use std::fmt;

use crate::algorithm::{AlgorithmId, PublicKey, Scheme, sha256};
use crate::asn1::{Asn1Error, BIT_STRING, BOOLEAN, Element, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE};
use crate::calendar::validity_time;
use crate::constraints::NameConstraints;
use crate::distribution::DistributionPoint;
use crate::general_name::GeneralName;
use crate::identifier;
use crate::name::Name;
use crate::oid;
use crate::policy::Policies;
use crate::report::{CertificateFacts, EvidenceKind, UsedEvidence};

/// Extensions whose criticality this crate can honour.
const UNDERSTOOD: &[&[u8]] = &[
    oid::SUBJECT_KEY_ID,
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::ISSUER_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::AUTHORITY_KEY_ID,
    oid::POLICY_CONSTRAINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::FRESHEST_CRL,
    oid::INHIBIT_ANY_POLICY,
    oid::AUTHORITY_INFO_ACCESS,
    oid::QC_STATEMENTS,
    oid::OCSP_NO_CHECK,
];

/// A certificate.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) sha256: [u8; 32],
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer_raw: Vec<u8>,
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    pub(crate) key: PublicKey,
    pub(crate) key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_usages: Option<Vec<Vec<u8>>>,
    pub(crate) has_critical_usages: bool,
    /// Basic constraints: whether it is a CA, and how many intermediates may follow.
    pub(crate) authority: Option<(bool, Option<u32>)>,
    /// Subject alternative names, none where the extension is absent; `None` where they are unreadable.
    pub(crate) alternative_names: Option<Vec<GeneralName>>,
    pub(crate) name_constraints: Option<NameConstraints>,
    pub(crate) policies: Policies,
    /// Where the issuer says its revocation lists are; empty also where that is unreadable.
    pub(crate) distribution_points: Vec<DistributionPoint>,
    /// The issuer says of an OCSP responder that its status need not be asked (RFC 6960, 4.2.2.2.1).
    pub(crate) is_unchecked_responder: bool,
    /// Extensions that cannot be honoured, dotted.
    pub(crate) unsupported: Vec<String>,
    tbs: (usize, usize),
    signature_algorithm: (Vec<u8>, Vec<u8>),
    signature: Vec<u8>,
}

/// The bits of keyUsage that matter here (RFC 5280, 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyUsage(u8);

impl KeyUsage {
    pub(crate) fn allows_document_signatures(self) -> bool {
        // digitalSignature is bit 0, nonRepudiation bit 1, counted from the most significant one.
        self.0 & 0b1100_0000 != 0
    }

    pub(crate) fn allows_certificate_signatures(self) -> bool {
        self.0 & 0b0000_0100 != 0
    }

    pub(crate) fn allows_crl_signatures(self) -> bool {
        self.0 & 0b0000_0010 != 0
    }
}

/// Its bytes and alternative names carry personal identifiers: they are left out.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("subject", &self.subject).field("sha256", &oid::hex(&self.sha256)).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads one certificate that fills `der`.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Asn1Error> {
        let outer = Element::parse(der, SEQUENCE)?;
        let mut reader = outer.reader();
        let tbs = reader.expect(SEQUENCE)?;
        let algorithm = AlgorithmId::read(&mut reader)?;
        let signature = reader.expect(BIT_STRING)?.bits()?.to_vec();
        reader.finish()?;

        let mut fields = tbs.reader();
        fields.optional(0xa0)?;
        let serial = fields.expect(INTEGER)?.content.to_vec();
        // RFC 5280, 4.1.1.2: both algorithm fields are the same.
        if AlgorithmId::read(&mut fields)? != algorithm {
            return Err(Asn1Error::Malformed);
        }
        let issuer = fields.expect(SEQUENCE)?;
        let mut validity = fields.expect(SEQUENCE)?.reader();
        let not_before = validity_time(&validity.read()?)?;
        let not_after = validity_time(&validity.read()?)?;
        let subject = fields.expect(SEQUENCE)?;
        let key = PublicKey::read(&fields.expect(SEQUENCE)?)?;
        fields.optional(0x81)?;
        fields.optional(0x82)?;
        let extensions = fields.optional(0xa3)?;
        fields.finish()?;

        let start = outer.raw.len() - outer.content.len();
        let mut certificate = Self {
            der: der.to_vec(),
            sha256: sha256(der),
            serial,
            issuer_raw: issuer.raw.to_vec(),
            issuer: Name::read(&issuer)?,
            subject: Name::read(&subject)?,
            not_before,
            not_after,
            key,
            key_id: None,
            authority_key_id: None,
            key_usage: None,
            extended_usages: None,
            has_critical_usages: false,
            authority: None,
            alternative_names: Some(Vec::new()),
            name_constraints: None,
            policies: Policies::default(),
            distribution_points: Vec::new(),
            is_unchecked_responder: false,
            unsupported: Vec::new(),
            tbs: (start, start + tbs.raw.len()),
            signature_algorithm: (algorithm.oid.to_vec(), algorithm.parameters.to_vec()),
            signature,
        };
        if let Some(extensions) = extensions {
            certificate.read_extensions(&extensions)?;
        }
        Ok(certificate)
    }

    fn read_extensions(&mut self, wrapper: &Element<'_>) -> Result<(), Asn1Error> {
        for Extension { oid: identifier, critical, value } in Extension::list(wrapper)? {
            let mut inner = Reader::new(value);
            match identifier {
                oid::SUBJECT_KEY_ID => self.key_id = Some(inner.expect(OCTET_STRING)?.octets()?.into_owned()),
                oid::AUTHORITY_KEY_ID => {
                    let id = inner.expect(SEQUENCE)?.reader().optional(0x80)?;
                    self.authority_key_id = id.map(|id| id.content.to_vec());
                }
                oid::KEY_USAGE => {
                    let bits = inner.expect(BIT_STRING)?.content;
                    self.key_usage = Some(KeyUsage(bits.get(1).copied().unwrap_or(0)));
                }
                oid::EXTENDED_KEY_USAGE => {
                    let usages = inner.expect(SEQUENCE)?.children()?;
                    self.has_critical_usages = critical;
                    self.extended_usages = Some(usages.iter().map(|usage| usage.content.to_vec()).collect());
                }
                oid::BASIC_CONSTRAINTS => {
                    let mut constraints = inner.expect(SEQUENCE)?.reader();
                    let is_authority = constraints.optional(BOOLEAN)?.is_some_and(|flag| flag.content != [0]);
                    let length = constraints.optional(INTEGER)?.map(|length| length.small_integer()).transpose()?;
                    self.authority = Some((is_authority, length));
                }
                oid::SUBJECT_ALT_NAME => {
                    self.alternative_names = inner.expect(SEQUENCE).and_then(|names| GeneralName::read_all(&names)).ok();
                    if critical && self.alternative_names.is_none() {
                        self.unsupported.push(oid::dotted(identifier));
                    }
                }
                oid::CRL_DISTRIBUTION_POINTS => match inner.expect(SEQUENCE).and_then(|list| DistributionPoint::read_all(&list)) {
                    Ok(points) => self.distribution_points = points,
                    Err(_) if critical => self.unsupported.push(oid::dotted(identifier)),
                    // Only lists that need no distribution point can then speak of the certificate.
                    Err(_) => {}
                },
                oid::OCSP_NO_CHECK => self.is_unchecked_responder = true,
                // What restricts and cannot be read is not judged good, whether it is marked critical or not.
                _ if self.read_restriction(identifier, &mut inner).is_err() => self.unsupported.push(oid::dotted(identifier)),
                _ => {}
            }
            if critical && !UNDERSTOOD.contains(&identifier) {
                self.unsupported.push(oid::dotted(identifier));
            }
        }
        Ok(())
    }

    /// Name constraints and the policy extensions.
    fn read_restriction(&mut self, identifier: &[u8], inner: &mut Reader<'_>) -> Result<(), Asn1Error> {
        match identifier {
            oid::NAME_CONSTRAINTS => self.name_constraints = Some(NameConstraints::read(&inner.expect(SEQUENCE)?)?),
            oid::CERTIFICATE_POLICIES => self.policies.read_asserted(&inner.expect(SEQUENCE)?)?,
            oid::POLICY_MAPPINGS => self.policies.read_mappings(&inner.expect(SEQUENCE)?)?,
            oid::POLICY_CONSTRAINTS => self.policies.read_constraints(&inner.expect(SEQUENCE)?)?,
            oid::INHIBIT_ANY_POLICY => self.policies.read_inhibit_any(&inner.expect(INTEGER)?)?,
            _ => return Ok(()),
        }
        inner.finish()
    }

    /// Whether basic constraints make it an authority.
    pub(crate) fn is_authority(&self) -> bool {
        self.authority.is_some_and(|(is_authority, _)| is_authority)
    }

    /// Issuer and subject are the same name (RFC 5280, 3.2): a change of key, not a step down.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer.comparable() == self.subject.comparable()
    }

    /// The scheme of the issuer's signature on this certificate.
    pub(crate) fn issuer_scheme(&self) -> Option<Scheme> {
        let (oid, parameters) = &self.signature_algorithm;
        Scheme::determine(&AlgorithmId { oid, parameters }, None).ok()
    }

    /// The identifier of the algorithm that the issuer signed with.
    pub(crate) fn issuer_algorithm(&self) -> String {
        oid::dotted(&self.signature_algorithm.0)
    }

    /// The same certificate, its key under other parameters.
    pub(crate) fn with_key(&self, key: PublicKey) -> Self {
        Self { key, ..self.clone() }
    }

    /// Whether `issuer`'s key made the signature on this certificate.
    pub(crate) fn is_signed_by(&self, issuer: &Self) -> bool {
        let tbs = self.der.get(self.tbs.0..self.tbs.1).unwrap_or_default();
        self.issuer_scheme().is_some_and(|scheme| scheme.verify(&issuer.key, tbs, &self.signature).is_ok())
    }

    pub(crate) fn is_valid_at(&self, at: i64) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    /// Neither key identifier contradicts that `issuer` issued this certificate.
    pub(crate) fn key_ids_fit(&self, issuer: &Self) -> bool {
        match (&self.authority_key_id, &issuer.key_id) {
            (Some(wanted), Some(own)) => wanted == own,
            _ => true,
        }
    }

    pub(crate) fn as_evidence(&self) -> UsedEvidence {
        UsedEvidence { kind: EvidenceKind::Certificate, sha256: self.sha256 }
    }

    pub(crate) fn facts(&self) -> CertificateFacts {
        CertificateFacts {
            subject: self.subject.display(),
            common_name: self.subject.label(),
            organisation: self.subject.masked(self.subject.first(oid::ORGANISATION)),
            organisation_identifier: identifier::of_organisation(&self.subject),
            issuer: self.issuer.display(),
            serial: oid::hex(&self.serial),
            not_before: self.not_before,
            not_after: self.not_after,
            sha256: self.sha256,
        }
    }
}

/// One extension of a certificate or CRL.
pub(crate) struct Extension<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) critical: bool,
    pub(crate) value: &'a [u8],
}

impl<'a> Extension<'a> {
    /// The extensions in `wrapper`. RFC 5280, 4.2: each occurs once; the count bound keeps the comparison linear in practice.
    pub(crate) fn list(wrapper: &Element<'a>) -> Result<Vec<Self>, Asn1Error> {
        let mut extensions: Vec<Self> = Vec::new();
        for element in wrapper.reader().expect(SEQUENCE)?.children()? {
            let extension = Self::read(&element)?;
            if extensions.iter().any(|known| known.oid == extension.oid) || extensions.len() >= 64 {
                return Err(Asn1Error::Malformed);
            }
            extensions.push(extension);
        }
        Ok(extensions)
    }

    pub(crate) fn read(element: &Element<'a>) -> Result<Self, Asn1Error> {
        let mut reader = element.reader();
        let oid = reader.expect(OID)?.content;
        let critical = reader.optional(BOOLEAN)?.is_some_and(|flag| flag.content != [0]);
        let value = reader.expect(OCTET_STRING)?;
        if value.is_constructed() {
            return Err(Asn1Error::Malformed);
        }
        reader.finish()?;
        Ok(Self { oid, critical, value: value.content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, Pki, Template};

    #[test]
    fn the_facts_agree_with_an_independent_reader() {
        let pki = Pki::new();
        let (_, other) = x509_parser::parse_x509_certificate(pki.signer.der()).unwrap();
        let own = pki.signer.certificate();
        assert_eq!(own.not_before, other.validity().not_before.timestamp());
        assert_eq!(own.not_after, other.validity().not_after.timestamp());
        assert_eq!(own.serial, other.raw_serial());
        assert_eq!(own.facts().subject, other.subject().to_string());
        assert_eq!(own.key.bits, &*other.public_key().subject_public_key.data);
        assert!(own.is_valid_at(NOW));
    }

    #[test]
    fn signatures_fit_the_issuer_and_nobody_else() {
        let pki = Pki::new();
        assert!(pki.signer.certificate().is_signed_by(&pki.issuer.certificate()));
        assert!(!pki.signer.certificate().is_signed_by(&pki.root.certificate()));
        let mut changed = pki.signer.der().to_vec();
        let at = changed.windows(6).position(|window| window == b"Nguyen").unwrap();
        changed[at] = b'M';
        assert!(!Certificate::parse(&changed).unwrap().is_signed_by(&pki.issuer.certificate()));
    }

    #[test]
    fn an_extension_that_occurs_twice_is_refused() {
        let twice = vec![(oid::KEY_USAGE.to_vec(), true, vec![3, 2, 0, 0xc0])];
        let template = Template { extra: twice, ..Template::signer() };
        let node = Pki::new().issue(template);
        assert!(Certificate::parse(node.der()).is_err());
    }
}
