//! Signed XML made in code, with no help from the canonical forms under test: every part that is digested is written in its
//! exclusive canonical form, so that its digest is that of its text. The elements around them have prefixes of their own, so
//! that no declaration inside is superfluous.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::algorithm::sha256;
use crate::testing::{Node, time_stamp};

pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const DS: &str = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
const XADES: &str = "xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\"";

/// How a signature is made; the default is what a sound XAdES signer writes.
pub(crate) struct XmlTemplate<'a> {
    pub(crate) signer: &'a Node,
    pub(crate) id: &'a str,
    /// References but for that to the signed properties.
    pub(crate) references: String,
    pub(crate) has_properties: bool,
    pub(crate) refers_to_properties: bool,
    /// Whose digest the properties carry, if not the signer's.
    pub(crate) pinned: Option<&'a Node>,
    /// Replaces the certificate in KeyInfo.
    pub(crate) key_info: Option<String>,
    /// Further objects, as text.
    pub(crate) objects: String,
    pub(crate) stamp: Option<(&'a Node, i64)>,
    pub(crate) method: &'a str,
}

impl<'a> XmlTemplate<'a> {
    pub(crate) fn new(signer: &'a Node, references: String) -> Self {
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
            method: "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
        }
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A reference to what canonicalizes to `digested`. A transform may come with content behind a space.
pub(crate) fn reference(uri: &str, transforms: &[&str], digested: &str) -> String {
    let transforms: String = transforms
        .iter()
        .map(|transform| {
            let (name, content) = transform.split_once(' ').unwrap_or((transform, ""));
            format!("<ds:Transform Algorithm=\"{name}\">{content}</ds:Transform>")
        })
        .collect();
    format!(
        "<ds:Reference URI=\"{uri}\"><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue></ds:Reference>",
        base64(&sha256(digested.as_bytes()))
    )
}

/// A signature element.
pub(crate) fn signature(template: &XmlTemplate<'_>) -> String {
    let XmlTemplate { signer, id, .. } = template;
    let pinned = template.pinned.unwrap_or(signer);
    let properties = format!(
        "<xades:SignedProperties {XADES} Id=\"{id}-p\"><xades:SignedSignatureProperties><xades:SigningTime>2026-11-26T08:00:00+07:00</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod {DS} Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue {DS}>{}</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>",
        base64(&sha256(pinned.der()))
    );
    let mut references = template.references.clone();
    if template.has_properties && template.refers_to_properties {
        references += &reference(&format!("#{id}-p"), &[EXCLUSIVE], &properties)
            .replace("<ds:Reference ", "<ds:Reference Type=\"http://uri.etsi.org/01903#SignedProperties\" ");
    }
    let signed_info = format!(
        "<ds:SignedInfo {DS}><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod>{references}</ds:SignedInfo>",
        template.method
    );
    let value = format!("<ds:SignatureValue {DS} Id=\"{id}-v\">{}</ds:SignatureValue>", base64(&signer.sign(signed_info.as_bytes())));
    let key_info = template
        .key_info
        .clone()
        .unwrap_or_else(|| format!("<sig:X509Data><sig:X509Certificate>{}</sig:X509Certificate></sig:X509Data>", base64(signer.der())));
    let unsigned = template.stamp.map(|(tsa, time)| {
        let token = base64(&time_stamp(tsa, value.as_bytes(), time));
        format!(
            "<q:UnsignedProperties><q:UnsignedSignatureProperties><q:SignatureTimeStamp><sig:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/><q:EncapsulatedTimeStamp>{token}</q:EncapsulatedTimeStamp></q:SignatureTimeStamp></q:UnsignedSignatureProperties></q:UnsignedProperties>"
        )
    });
    let qualifying = if template.has_properties {
        format!(
            "<sig:Object><q:QualifyingProperties xmlns:q=\"http://uri.etsi.org/01903/v1.3.2#\" Target=\"#{id}\">{properties}{}</q:QualifyingProperties></sig:Object>",
            unsigned.unwrap_or_default()
        )
    } else {
        String::new()
    };
    format!(
        "<sig:Signature xmlns:sig=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"{id}\">{signed_info}{value}<sig:KeyInfo>{key_info}</sig:KeyInfo>{}{qualifying}</sig:Signature>",
        template.objects
    )
}

/// `<doc>` around `content`, signed whole from within.
pub(crate) fn enveloped<'a>(signer: &'a Node, content: &str) -> (XmlTemplate<'a>, impl Fn(&str) -> String) {
    let whole = format!("<doc Id=\"d\">{content}</doc>");
    let template = XmlTemplate::new(signer, reference("", &[ENVELOPED, EXCLUSIVE], &whole));
    let content = content.to_owned();
    (template, move |signature: &str| format!("<doc Id=\"d\">{content}{signature}</doc>"))
}

/// How long this thread has had a processor: what else the machine does is not counted.
fn processor_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// How many times as long `run` takes on `large` as on `small`: the least of some trials. What grows quadratically does so in
/// every trial.
pub(crate) fn slowdown(small: &str, large: &str, enough: f64, run: impl Fn(&str)) -> f64 {
    let time = |text: &str| {
        let started = processor_seconds();
        run(text);
        processor_seconds() - started
    };
    let mut least = f64::INFINITY;
    for _ in 0..8 {
        least = least.min(time(large) / time(small));
        if least < enough {
            break;
        }
    }
    least
}
