//! Signed XML. Every part that is digested is written in its exclusive canonical form, so that its digest is that of its
//! text and no canonical form has to be computed. The elements around have prefixes of their own, so that no declaration
//! inside is superfluous.

use super::node::{Node, NodeKey};
use super::statement::time_stamp;
use crate::cms::Digest;

/// The transform that leaves the signature out.
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Exclusive canonical form.
pub const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// Inclusive canonical form.
pub const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const DS: &str = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
const XADES: &str = "xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\"";

/// A signature element before it is signed; [`XmlStatement::new`] is what a sound XAdES signer writes.
pub struct XmlStatement<'a> {
    /// Who signs.
    pub signer: &'a Node,
    /// The identifier of the signature.
    pub id: &'a str,
    /// References but for that to the signed properties.
    pub references: String,
    /// Whether there are signed properties.
    pub has_properties: bool,
    /// Whether they are referred to.
    pub refers_to_properties: bool,
    /// Whose digest the properties carry, if not the signer's.
    pub pinned: Option<&'a Node>,
    /// Replaces the certificate in KeyInfo.
    pub key_info: Option<String>,
    /// Further objects, as text.
    pub objects: String,
    /// A time stamp over the signature value.
    pub stamp: Option<(&'a Node, i64)>,
    /// The signature method, where it is another.
    pub method: Option<&'a str>,
    /// What stands in the signature method.
    pub method_content: &'a str,
}

impl<'a> XmlStatement<'a> {
    /// The default is sound.
    #[must_use]
    pub fn new(signer: &'a Node, references: String) -> Self {
        Self {
            signer,
            id: "s",
            references,
            has_properties: true,
            refers_to_properties: true,
            pinned: None,
            key_info: None,
            objects: String::new(),
            stamp: None,
            method: None,
            method_content: "",
        }
    }

    /// The signature element.
    #[must_use]
    pub fn sign(&self) -> String {
        let id = self.id;
        let properties = self.properties();
        let mut references = self.references.clone();
        if self.has_properties && self.refers_to_properties {
            references += &reference(&format!("#{id}-p"), &[EXCLUSIVE], &properties)
                .replace("<ds:Reference ", "<ds:Reference Type=\"http://uri.etsi.org/01903#SignedProperties\" ");
        }
        let method = self.method.unwrap_or_else(|| match self.signer.key() {
            NodeKey::P256(_) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            NodeKey::Ed25519(_) => "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
            NodeKey::Rsa(_) | NodeKey::Public(_) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        });
        let signed_info = format!(
            "<ds:SignedInfo {DS}><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{method}\">{}</ds:SignatureMethod>{references}</ds:SignedInfo>",
            self.method_content
        );
        let signature = xml_value(self.signer.key(), signed_info.as_bytes());
        let value = format!("<ds:SignatureValue {DS} Id=\"{id}-v\">{}</ds:SignatureValue>", base64(&signature));
        let key_info = self.key_info.clone().unwrap_or_else(|| {
            format!("<sig:X509Data><sig:X509Certificate>{}</sig:X509Certificate></sig:X509Data>", base64(&self.signer.certificate))
        });
        let unsigned = self.stamp.map(|(tsa, at)| {
            let token = base64(&time_stamp(tsa, value.as_bytes(), at));
            format!(
                "<q:UnsignedProperties><q:UnsignedSignatureProperties><q:SignatureTimeStamp><sig:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/><q:EncapsulatedTimeStamp>{token}</q:EncapsulatedTimeStamp></q:SignatureTimeStamp></q:UnsignedSignatureProperties></q:UnsignedProperties>"
            )
        });
        let qualifying = if self.has_properties {
            format!(
                "<sig:Object><q:QualifyingProperties xmlns:q=\"http://uri.etsi.org/01903/v1.3.2#\" Target=\"#{id}\">{properties}{}</q:QualifyingProperties></sig:Object>",
                unsigned.unwrap_or_default()
            )
        } else {
            String::new()
        };
        format!(
            "<sig:Signature xmlns:sig=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"{id}\">{signed_info}{value}<sig:KeyInfo>{key_info}</sig:KeyInfo>{}{qualifying}</sig:Signature>",
            self.objects
        )
    }

    fn properties(&self) -> String {
        let pinned = &self.pinned.unwrap_or(self.signer).certificate;
        format!(
            "<xades:SignedProperties {XADES} Id=\"{}-p\"><xades:SignedSignatureProperties><xades:SigningTime>2026-11-26T08:00:00+07:00</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod {DS} Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue {DS}>{}</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>",
            self.id,
            base64(&Digest::Sha256.of(&[pinned]))
        )
    }
}

/// A reference to what canonicalizes to `digested`. A transform may come with content behind a space.
#[must_use]
pub fn reference(uri: &str, transforms: &[&str], digested: &str) -> String {
    let transforms: String = transforms
        .iter()
        .map(|transform| {
            let (name, content) = transform.split_once(' ').unwrap_or((transform, ""));
            format!("<ds:Transform Algorithm=\"{name}\">{content}</ds:Transform>")
        })
        .collect();
    let transforms = if transforms.is_empty() { transforms } else { format!("<ds:Transforms>{transforms}</ds:Transforms>") };
    format!(
        "<ds:Reference URI=\"{uri}\">{transforms}<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue></ds:Reference>",
        base64(&Digest::Sha256.of(&[digested.as_bytes()]))
    )
}

/// What signs `<doc>` around `content` whole from within.
#[must_use]
pub fn enveloped<'a>(signer: &'a Node, content: &str) -> XmlStatement<'a> {
    XmlStatement::new(signer, reference("", &[ENVELOPED, EXCLUSIVE], &format!("<doc Id=\"d\">{content}</doc>")))
}

/// `<doc>` around `content` and a signature.
#[must_use]
pub fn enveloped_signature(content: &str, signature: &str) -> String {
    format!("<doc Id=\"d\">{content}{signature}</doc>")
}

/// A signature value as XMLDSig wants it: ECDSA as two numbers of equal length (RFC 4050, 3.3).
fn xml_value(key: &NodeKey, message: &[u8]) -> Vec<u8> {
    let value = key.sign(message);
    if !matches!(key, NodeKey::P256(_)) {
        return value;
    }
    let pair = crate::der::read(&value).map(|pair| pair.content.to_vec()).unwrap_or_default();
    let mut out = Vec::new();
    let mut rest = pair.as_slice();
    while let Some(number) = crate::der::read(rest) {
        let digits = number.content.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
        out.extend(std::iter::repeat_n(0, 32_usize.saturating_sub(digits.len())));
        out.extend(digits);
        rest = number.rest;
    }
    out
}

/// RFC 4648, 4.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, 10.
        for (text, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
