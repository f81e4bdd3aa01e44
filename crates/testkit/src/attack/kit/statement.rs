//! CMS SignedData (RFC 5652) and time-stamp tokens, every part of which can be replaced.

use super::generalized;
use super::node::Node;
use crate::cms::Digest;
use crate::der;

const SIGNED_DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 2];
const DATA: &[u64] = &[1, 2, 840, 113549, 1, 7, 1];
const TST_INFO: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 1, 4];
const CONTENT_TYPE: &[u64] = &[1, 2, 840, 113549, 1, 9, 3];
const MESSAGE_DIGEST: &[u64] = &[1, 2, 840, 113549, 1, 9, 4];
const SIGNING_CERTIFICATE_V2: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 2, 47];
const SIGNATURE_TIME_STAMP: &[u64] = &[1, 2, 840, 113549, 1, 9, 16, 2, 14];

type EditAttributes<'a> = Box<dyn Fn(&mut Vec<Vec<u8>>) + 'a>;
type MakeValue<'a> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'a>;
type MakeUnsigned<'a> = Box<dyn Fn(&[u8]) -> Vec<Vec<u8>> + 'a>;

/// A SignedData before it is signed; [`Statement::new`] is what a sound CAdES signer writes.
pub struct Statement<'a> {
    /// Who signs.
    pub signer: &'a Node,
    /// The certificates that go along (DER).
    pub certificates: Vec<Vec<u8>>,
    /// The type of the content.
    pub content_type: Vec<u64>,
    /// The content inside.
    pub enclosed: Option<Vec<u8>>,
    /// The digest of the content.
    pub digest: Digest,
    /// The digest that SignerInfo names, where it is another.
    pub named_digest: Option<Digest>,
    /// The digest in the list of digests, where it is another.
    pub announced_digest: Option<Digest>,
    /// The AlgorithmIdentifier of the signature, where it is another.
    pub algorithm: Option<Vec<u8>>,
    /// How SignerInfo names the certificate, where not by the signer's issuer and serial number: encoded SignerIdentifier.
    pub identifier: Option<Vec<u8>>,
    /// Whether attributes are signed.
    pub has_attributes: bool,
    /// Whether the attribute `signingCertificateV2` is among them.
    pub pins_certificate: bool,
    /// Changes the signed attributes (encoded, before they are sorted).
    pub edit: Option<EditAttributes<'a>>,
    /// Whether the attributes are signed and carried in the order of DER.
    pub is_sorted: bool,
    /// Makes the signature value from what is to be signed.
    pub value: Option<MakeValue<'a>>,
    /// Makes unsigned attributes from the signature value.
    pub unsigned: Option<MakeUnsigned<'a>>,
    /// How often the SignerInfo stands there.
    pub signers: usize,
}

impl<'a> Statement<'a> {
    /// The default is sound.
    #[must_use]
    pub fn new(signer: &'a Node) -> Self {
        Self {
            signer,
            certificates: vec![signer.certificate.clone()],
            content_type: DATA.to_vec(),
            enclosed: None,
            digest: Digest::Sha256,
            named_digest: None,
            announced_digest: None,
            algorithm: None,
            identifier: None,
            has_attributes: true,
            pins_certificate: true,
            edit: None,
            is_sorted: true,
            value: None,
            unsigned: None,
            signers: 1,
        }
    }

    /// With a time stamp over the signature value by `tsa`.
    #[must_use]
    pub fn stamped(signer: &'a Node, tsa: &'a Node, at: i64) -> Self {
        let unsigned: MakeUnsigned<'a> = Box::new(move |value: &[u8]| vec![attribute(SIGNATURE_TIME_STAMP, &time_stamp(tsa, value, at))]);
        Self { unsigned: Some(unsigned), ..Self::new(signer) }
    }

    /// The ContentInfo over `content`.
    #[must_use]
    pub fn over(&self, content: &[u8]) -> Vec<u8> {
        let mut attributes = vec![
            attribute(CONTENT_TYPE, &der::oid(&self.content_type)),
            attribute(MESSAGE_DIGEST, &der::octets(&self.digest.of(&[content]))),
        ];
        if self.pins_certificate {
            attributes.push(pin(&self.signer.certificate));
        }
        if let Some(edit) = &self.edit {
            edit(&mut attributes);
        }
        if self.is_sorted {
            attributes.sort();
        }
        let set = der::element(der::SET, &attributes.concat());
        let (message, carried) =
            if self.has_attributes { (set, der::context(0, &attributes.concat())) } else { (content.to_vec(), Vec::new()) };
        let value = self.value.as_ref().map_or_else(|| self.signer.key().sign(&message), |make| make(&message));
        let unsigned = self.unsigned.as_ref().map(|make| make(&value).concat()).unwrap_or_default();
        let unsigned = if unsigned.is_empty() { unsigned } else { der::context(1, &unsigned) };
        let by_key = self.identifier.as_ref().is_some_and(|identifier| identifier.first() == Some(&0x80));
        let info = der::sequence(&[
            &der::unsigned(&[if by_key { 3 } else { 1 }]),
            &self.identifier.clone().unwrap_or_else(|| self.signer.issuer_and_serial()),
            &self.named_digest.unwrap_or(self.digest).identifier(),
            &carried,
            &self.algorithm.clone().unwrap_or_else(|| self.signer.key().algorithm()),
            &der::octets(&value),
            &unsigned,
        ]);
        let enclosed = self.enclosed.as_ref().map(|content| der::context(0, &der::octets(content))).unwrap_or_default();
        let certificates = self.certificates.concat();
        let certificates = if certificates.is_empty() { certificates } else { der::context(0, &certificates) };
        // RFC 5652, 5.1: what is no plain data, or signed by a key identifier, has version 3.
        let version = if by_key || self.content_type != DATA { 3 } else { 1 };
        let signed_data = der::sequence(&[
            &der::unsigned(&[version]),
            &der::element(der::SET, &self.announced_digest.unwrap_or(self.digest).identifier()),
            &der::sequence(&[&der::oid(&self.content_type), &enclosed]),
            &certificates,
            &der::element(der::SET, &info.repeat(self.signers)),
        ]);
        der::sequence(&[&der::oid(SIGNED_DATA), &der::context(0, &signed_data)])
    }
}

/// An attribute of one value.
#[must_use]
pub fn attribute(kind: &[u64], value: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::oid(kind), &der::element(der::SET, value)])
}

/// `signingCertificateV2` for a certificate.
pub(crate) fn pin(certificate: &[u8]) -> Vec<u8> {
    let identifier = der::sequence(&[&der::octets(&Digest::Sha256.of(&[certificate]))]);
    attribute(SIGNING_CERTIFICATE_V2, &der::sequence(&[&der::sequence(&[&identifier])]))
}

/// A sound RFC 3161 token over `stamped`.
#[must_use]
pub fn time_stamp(tsa: &Node, stamped: &[u8], at: i64) -> Vec<u8> {
    token_with(tsa, &Digest::Sha256.of(&[stamped]), at, |_| {})
}

/// A token with any imprint, whose statement the caller may change.
#[must_use]
pub fn token_with<'a>(tsa: &'a Node, imprint: &[u8], at: i64, edit: impl FnOnce(&mut Statement<'a>)) -> Vec<u8> {
    // A policy of nobody: the enterprise number for examples (RFC 5612).
    const POLICY: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 1];
    let info = der::sequence(&[
        &der::unsigned(&[1]),
        &der::oid(POLICY),
        &der::sequence(&[&Digest::Sha256.identifier(), &der::octets(imprint)]),
        &der::unsigned(&[7]),
        &generalized(at),
    ]);
    let mut statement = Statement { content_type: TST_INFO.to_vec(), enclosed: Some(info.clone()), ..Statement::new(tsa) };
    edit(&mut statement);
    statement.over(&info)
}
