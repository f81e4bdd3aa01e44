//! CMS SignedData (RFC 5652), read from BER with the received bytes kept.

use std::borrow::Cow;

use crate::algorithm::AlgorithmId;
use crate::asn1::{Asn1Error, Element, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET};
use crate::evidence::other_revocation_info;
use crate::oid;

/// Attributes read per SignerInfo; real ones carry at most about ten.
const MAX_ATTRIBUTES: usize = 64;
/// SignerInfos read per CMS.
pub(crate) const MAX_SIGNERS: usize = 16;

/// Why bytes are not a SignedData.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CmsError {
    #[error(transparent)]
    Asn1(#[from] Asn1Error),
    #[error("the CMS content is not SignedData")]
    NotSignedData,
    #[error("the CMS carries more than {0} certificates")]
    TooManyCertificates(usize),
    #[error("the CMS carries too many attributes or signers")]
    TooMany,
}

/// A SignedData.
#[derive(Debug)]
pub(crate) struct SignedData<'a> {
    /// CMSVersion, if it is one.
    pub(crate) version: Option<u32>,
    /// The CMSVersion that certificates and revocation data of uncommon kinds demand (RFC 5652, 5.1).
    pub(crate) least_version: u32,
    pub(crate) content_type: &'a [u8],
    /// It is written with an indefinite length.
    pub(crate) is_indefinite: bool,
    /// Certificates that were given before.
    pub(crate) repeated_certificates: usize,
    /// The encapsulated content, if any.
    pub(crate) content: Option<Cow<'a, [u8]>>,
    /// Digest algorithms announced for the signers.
    pub(crate) digest_algorithms: Vec<&'a [u8]>,
    /// Raw certificates, in order, each once.
    pub(crate) certificates: Vec<&'a [u8]>,
    /// Raw CRLs and OCSP responses beside the certificates.
    pub(crate) lists: Vec<&'a [u8]>,
    pub(crate) responses: Vec<&'a [u8]>,
    pub(crate) signers: Vec<SignerInfo<'a>>,
    /// What archive time stamps are made over, as it was received.
    pub(crate) raw: RawData<'a>,
}

/// Parts of a SignedData with tags and lengths.
#[derive(Debug)]
pub(crate) struct RawData<'a> {
    pub(crate) content_type: &'a [u8],
    pub(crate) encapsulated: &'a [u8],
    /// The fields of certificates and of revocation data, empty where they are absent, and their members.
    pub(crate) certificates: &'a [u8],
    pub(crate) certificate_choices: Vec<&'a [u8]>,
    pub(crate) revocation: &'a [u8],
    pub(crate) revocation_choices: Vec<&'a [u8]>,
}

/// One SignerInfo.
#[derive(Debug)]
pub(crate) struct SignerInfo<'a> {
    /// CMSVersion, if it is one.
    pub(crate) version: Option<u32>,
    pub(crate) identifier: SignerId<'a>,
    pub(crate) digest_algorithm: AlgorithmId<'a>,
    pub(crate) signed_attributes: Option<SignedAttributes<'a>>,
    pub(crate) signature_algorithm: AlgorithmId<'a>,
    pub(crate) signature: Cow<'a, [u8]>,
    pub(crate) unsigned_attributes: Vec<Attribute<'a>>,
    /// Every field but the unsigned attributes, with tags and lengths.
    pub(crate) raw: Vec<&'a [u8]>,
}

/// The signed attributes, and the DER SET OF that was signed.
#[derive(Debug)]
pub(crate) struct SignedAttributes<'a> {
    pub(crate) attributes: Vec<Attribute<'a>>,
    pub(crate) der: Vec<u8>,
    /// They stand in the order of DER (X.690, 11.6).
    pub(crate) is_sorted: bool,
}

/// How a SignerInfo names its certificate.
#[derive(Debug)]
pub(crate) enum SignerId<'a> {
    IssuerSerial { issuer_raw: &'a [u8], serial: &'a [u8] },
    KeyId(Cow<'a, [u8]>),
}

/// One attribute with its values.
#[derive(Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) raw: &'a [u8],
    pub(crate) oid: &'a [u8],
    pub(crate) values: Vec<Element<'a>>,
}

impl<'a> SignedData<'a> {
    /// Reads one ContentInfo at the start of `input`, and returns what follows it.
    pub(crate) fn parse(input: &'a [u8], max_certificates: usize) -> Result<(Self, &'a [u8]), CmsError> {
        let mut reader = Reader::new(input);
        let info = reader.expect(SEQUENCE)?;
        let rest = reader.rest();
        let mut fields = info.reader();
        if fields.expect(OID)?.content != oid::SIGNED_DATA {
            return Err(CmsError::NotSignedData);
        }
        let signed = fields.expect(0xa0)?.reader().expect(SEQUENCE)?;
        fields.finish()?;
        Ok((Self::read(&signed, max_certificates)?, rest))
    }

    fn read(signed: &Element<'a>, max_certificates: usize) -> Result<Self, CmsError> {
        let mut fields = signed.reader();
        let version = fields.expect(INTEGER)?.small_integer().ok();
        let mut digest_algorithms = Vec::new();
        for algorithm in fields.expect(SET)?.children()?.iter().take(MAX_SIGNERS) {
            digest_algorithms.push(AlgorithmId::of(is_sequence(algorithm)?)?.oid);
        }
        let wrapped = fields.expect(SEQUENCE)?;
        let mut encapsulated = wrapped.reader();
        let content_type = encapsulated.expect(OID)?;
        let content = match encapsulated.optional(0xa0)? {
            Some(wrapper) => Some(wrapper.reader().expect(OCTET_STRING)?.octets()?),
            None => None,
        };
        encapsulated.finish()?;
        let mut least_version = 1;
        let certificate_set = fields.optional(0xa0)?;
        let (certificates, certificate_choices, repeated_certificates) = match &certificate_set {
            Some(set) => {
                least_version = uncommon(set, |tag| match tag {
                    0xa1 => 3,
                    0xa2 => 4,
                    0xa3 => 5,
                    _ => 1,
                })?;
                read_certificates(set, max_certificates)?
            }
            None => (Vec::new(), Vec::new(), 0),
        };
        // X.690, 8.1.3.6: the octet 80 in place of a length.
        let is_indefinite = signed.raw.get(1) == Some(&0x80);
        let (mut lists, mut responses) = (Vec::new(), Vec::new());
        let revocation_set = fields.optional(0xa1)?;
        let choices = revocation_set.map_or(Ok(Vec::new()), |set| set.children())?;
        for choice in &choices {
            match choice.tag {
                SEQUENCE => lists.push(choice.raw),
                0xa1 => {
                    least_version = 5;
                    responses.extend(other_revocation_info(choice.reader()));
                }
                _ => {}
            }
        }
        let infos = fields.expect(SET)?.children()?;
        fields.finish()?;
        if infos.len() > MAX_SIGNERS {
            return Err(CmsError::TooMany);
        }
        let signers = infos.iter().map(|info| SignerInfo::read(is_sequence(info)?)).collect::<Result<_, _>>()?;
        let raw = RawData {
            content_type: content_type.raw,
            encapsulated: wrapped.raw,
            certificates: certificate_set.map_or(&[], |set| set.raw),
            certificate_choices,
            revocation: revocation_set.map_or(&[], |set| set.raw),
            revocation_choices: choices.iter().map(|choice| choice.raw).collect(),
        };
        let content_type = content_type.content;
        Ok(Self {
            version,
            least_version,
            content_type,
            is_indefinite,
            repeated_certificates,
            content,
            digest_algorithms,
            certificates,
            lists,
            responses,
            signers,
            raw,
        })
    }
}

fn is_sequence<'e, 'a>(element: &'e Element<'a>) -> Result<&'e Element<'a>, CmsError> {
    if element.tag == SEQUENCE { Ok(element) } else { Err(Asn1Error::UnexpectedTag { expected: SEQUENCE, found: element.tag }.into()) }
}

/// The largest of what the tags of the members demand.
fn uncommon(set: &Element<'_>, demanded: fn(u8) -> u32) -> Result<u32, CmsError> {
    let mut reader = set.reader();
    let mut least = 1;
    while !reader.is_empty() {
        least = least.max(demanded(reader.read()?.tag));
    }
    Ok(least)
}

type Members<'a> = Vec<&'a [u8]>;

/// The certificates, each once, all members as they come, and how many certificates were given again.
fn read_certificates<'a>(set: &Element<'a>, limit: usize) -> Result<(Members<'a>, Members<'a>, usize), CmsError> {
    let (mut certificates, mut choices): (Members<'a>, Members<'a>) = (Vec::new(), Vec::new());
    let mut repeated = 0;
    let mut reader = set.reader();
    while !reader.is_empty() {
        let choice = reader.read()?;
        if choices.len() >= limit.saturating_mul(4) {
            return Err(CmsError::TooManyCertificates(limit));
        }
        choices.push(choice.raw);
        // Attribute certificates and other choices ([0] to [3]) are of no use here. Real files repeat a certificate.
        if choice.tag != SEQUENCE {
            continue;
        }
        if certificates.contains(&choice.raw) {
            repeated += 1;
        } else {
            if certificates.len() >= limit {
                return Err(CmsError::TooManyCertificates(limit));
            }
            certificates.push(choice.raw);
        }
    }
    Ok((certificates, choices, repeated))
}

impl<'a> SignerInfo<'a> {
    pub(crate) fn read(element: &Element<'a>) -> Result<Self, CmsError> {
        let mut fields = element.reader();
        let version = fields.expect(INTEGER)?.small_integer().ok();
        let identifier = fields.read()?;
        let children = element.children()?;
        let identifier = match identifier.tag {
            SEQUENCE => {
                let mut pair = identifier.reader();
                let issuer_raw = pair.expect(SEQUENCE)?.raw;
                SignerId::IssuerSerial { issuer_raw, serial: pair.expect(INTEGER)?.content }
            }
            0x80 | 0xa0 => SignerId::KeyId(identifier.octets()?),
            _ => return Err(Asn1Error::Malformed.into()),
        };
        let digest_algorithm = AlgorithmId::read(&mut fields)?;
        let signed_attributes = match fields.optional(0xa0)? {
            // RFC 5652, 5.4: the digest covers the attributes as a DER SET OF, whatever their wire form.
            Some(set) => {
                let is_sorted = set.children()?.is_sorted_by(|one, next| one.raw <= next.raw);
                Some(SignedAttributes { attributes: read_attributes(&set)?, der: set.to_der(SET)?, is_sorted })
            }
            None => None,
        };
        let signature_algorithm = AlgorithmId::read(&mut fields)?;
        let signature = fields.expect(OCTET_STRING)?.octets()?;
        let unsigned_attributes = match fields.optional(0xa1)? {
            Some(set) => read_attributes(&set)?,
            None => Vec::new(),
        };
        fields.finish()?;
        let raw = children.iter().filter(|field| field.tag != 0xa1).map(|field| field.raw).collect();
        Ok(Self { version, identifier, digest_algorithm, signed_attributes, signature_algorithm, signature, unsigned_attributes, raw })
    }

    pub(crate) fn signed<'s>(&'s self, identifier: &'s [u8]) -> impl Iterator<Item = &'s Attribute<'a>> {
        let attributes = self.signed_attributes.iter().flat_map(|signed| &signed.attributes);
        attributes.filter(move |attribute| attribute.oid == identifier)
    }

    pub(crate) fn unsigned<'s>(&'s self, identifier: &'s [u8]) -> impl Iterator<Item = &'s Attribute<'a>> {
        self.unsigned_attributes.iter().filter(move |attribute| attribute.oid == identifier)
    }
}

fn read_attributes<'a>(set: &Element<'a>) -> Result<Vec<Attribute<'a>>, CmsError> {
    let mut attributes = Vec::new();
    let mut reader = set.reader();
    while !reader.is_empty() {
        if attributes.len() >= MAX_ATTRIBUTES {
            return Err(CmsError::TooMany);
        }
        let attribute = reader.expect(SEQUENCE)?;
        let mut pair = attribute.reader();
        let oid = pair.expect(OID)?.content;
        let values = pair.expect(SET)?.children()?;
        pair.finish()?;
        attributes.push(Attribute { raw: attribute.raw, oid, values });
    }
    Ok(attributes)
}
