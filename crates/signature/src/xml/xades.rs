//! XAdES (ETSI EN 319 132-1 and its forerunners TS 101 903): the properties of a signature.
//!
//! Signed properties count only if the signature refers to them; that is for the caller to find out, by node. Unsigned
//! ones are evidence that is checked like any other.

use crate::algorithm::Digest;
use crate::asn1::{Element, INTEGER, SEQUENCE};
use crate::calendar::pdf_date;
use crate::certificate::Certificate;

use super::canonical::Method;
use super::signature::{Signature, base64_text};
use super::tree::{Document, NodeId};
use super::{DSIG, algorithms};

/// TS 101 903 V1.1.1, V1.2.2, V1.3.2 (which EN 319 132-1 keeps).
const NAMESPACES: &[&str] =
    &["http://uri.etsi.org/01903/v1.3.2#", "http://uri.etsi.org/01903/v1.2.2#", "http://uri.etsi.org/01903/v1.1.1#"];
const MAX_TIME_STAMPS: usize = 4;
const MAX_ARCHIVE_STAMPS: usize = 16;
const MAX_PINS: usize = 16;

/// The qualifying properties of one signature.
#[derive(Debug)]
pub(crate) struct Properties {
    /// The `QualifyingProperties` element.
    pub(crate) node: NodeId,
    pub(crate) signed: Option<NodeId>,
    /// `Target` names this signature, as it must.
    pub(crate) is_targeted: bool,
    pub(crate) signing_time: Option<i64>,
    pub(crate) pins: Vec<Pin>,
    pub(crate) time_stamps: Vec<TimeStamp>,
    /// Over everything before them (EN 319 132-1, 5.5.2), in document order.
    pub(crate) archive_stamps: Vec<TimeStamp>,
    /// Over all that is signed, before it was signed (EN 319 132-1, 5.2.8.1).
    pub(crate) content_stamps: Vec<TimeStamp>,
    /// DER of certificates and revocation lists among the unsigned values.
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
    /// DER of OCSP responses among them.
    pub(crate) responses: Vec<Vec<u8>>,
    pub(crate) notes: Vec<String>,
}

/// A digest in `SigningCertificate` or `SigningCertificateV2`.
#[derive(Debug)]
pub(crate) struct Pin {
    /// None where it is not supported.
    digest: Option<Digest>,
    value: Vec<u8>,
    /// Decimal (version 1) or the bytes of a DER integer (version 2).
    serial: Option<Serial>,
}

#[derive(Debug)]
enum Serial {
    Decimal(String),
    Der(Vec<u8>),
}

impl Pin {
    pub(crate) fn is_supported(&self) -> bool {
        self.digest.is_some()
    }

    pub(crate) fn fits(&self, certificate: &Certificate) -> bool {
        self.digest.is_some_and(|digest| digest.of(&[&certificate.der]).as_ref() == self.value)
    }

    /// The serial number beside the digest is another one. It is a hint (EN 319 102-1, 5.2.3.4), the digest decides.
    pub(crate) fn contradicts(&self, certificate: &Certificate) -> bool {
        match &self.serial {
            Some(Serial::Decimal(text)) => *text != decimal(&certificate.serial),
            Some(Serial::Der(bytes)) => *bytes != certificate.serial,
            None => false,
        }
    }
}

/// A `SignatureTimeStamp`: tokens over the canonical form of the SignatureValue element.
#[derive(Debug)]
pub(crate) struct TimeStamp {
    pub(crate) node: NodeId,
    /// None for one that is not known.
    pub(crate) canonical_form: Option<Method>,
    pub(crate) tokens: Vec<Vec<u8>>,
}

/// Whether a reference of this `Type` is one to signed properties.
pub(crate) fn is_signed_properties(kind: &str) -> bool {
    kind.starts_with("http://uri.etsi.org/01903") && kind.ends_with("#SignedProperties")
}

/// Whether `id` is an element `local` of XAdES, in any version.
pub(crate) fn is(document: &Document<'_>, id: NodeId, local: &str) -> bool {
    NAMESPACES.iter().any(|namespace| document.is(id, namespace, local))
}

fn child(document: &Document<'_>, id: NodeId, local: &str) -> Option<NodeId> {
    document.elements(id).find(|&child| is(document, child, local))
}

/// The child at the end of a path of names.
fn at(document: &Document<'_>, id: NodeId, path: &[&str]) -> Option<NodeId> {
    path.iter().try_fold(id, |id, local| child(document, id, local))
}

/// The properties in the objects of `signature`; none for a plain XML signature.
///
/// # Errors
/// A sentence, where there are several and it cannot be told which apply.
pub(crate) fn read(document: &Document<'_>, signature: &Signature, limit: usize) -> Result<Option<Properties>, String> {
    let children = signature.objects.iter().flat_map(|&object| document.elements(object));
    let mut found = children.filter(|&id| is(document, id, "QualifyingProperties"));
    let Some(node) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err("the signature has qualifying properties twice".to_owned());
    }
    let target = document.attribute(node, "Target").unwrap_or_default();
    let own = document.attribute(signature.node, "Id");
    let mut signed_properties = document.elements(node).filter(|&id| is(document, id, "SignedProperties"));
    let signed = signed_properties.next();
    if signed_properties.next().is_some() {
        return Err("the signature has signed properties twice".to_owned());
    }
    let namespace = |id| document.element(id).map(|element| document.element_namespace(element));
    if signed.is_some_and(|signed| namespace(signed) != namespace(node)) {
        return Err("the qualifying properties and the signed ones are of different versions of XAdES".to_owned());
    }
    let mut properties = Properties {
        node,
        signed,
        is_targeted: own.is_some_and(|own| target.strip_prefix('#') == Some(own)),
        signing_time: None,
        pins: Vec::new(),
        time_stamps: Vec::new(),
        archive_stamps: Vec::new(),
        content_stamps: Vec::new(),
        certificates: Vec::new(),
        crls: Vec::new(),
        responses: Vec::new(),
        notes: Vec::new(),
    };
    if let Some(signed) = signed.and_then(|signed| child(document, signed, "SignedSignatureProperties")) {
        properties.signing_time =
            child(document, signed, "SigningTime").and_then(|time| document.text(time)).and_then(|time| date_time(&time));
        if at(document, signed, &["SignaturePolicyIdentifier", "SignaturePolicyId"]).is_some() {
            properties.notes.push("the signature policy that the signer names is not checked".to_owned());
        }
        for name in ["SigningCertificate", "SigningCertificateV2"] {
            let list = child(document, signed, name);
            let certificates = list.into_iter().flat_map(|list| document.elements(list)).take(MAX_PINS);
            properties.pins.extend(certificates.filter_map(|certificate| pin(document, certificate)));
        }
    }
    if let Some(objects) = signed.and_then(|signed| child(document, signed, "SignedDataObjectProperties")) {
        let stamps = document.elements(objects).filter(|&id| is(document, id, "AllDataObjectsTimeStamp"));
        properties.content_stamps.extend(stamps.take(MAX_TIME_STAMPS).map(|id| time_stamp(document, id)));
        if document.elements(objects).any(|id| is(document, id, "IndividualDataObjectsTimeStamp")) {
            properties.notes.push("time stamps over single contents are not looked at".to_owned());
        }
    }
    if let Some(unsigned) = at(document, node, &["UnsignedProperties", "UnsignedSignatureProperties"]) {
        read_unsigned(document, unsigned, limit, &mut properties);
    }
    Ok(Some(properties))
}

fn read_unsigned(document: &Document<'_>, unsigned: NodeId, limit: usize, out: &mut Properties) {
    let mut others = 0;
    let mut references = false;
    for property in document.elements(unsigned) {
        let local = document.element(property).map_or("", |element| element.local);
        match local {
            "SignatureTimeStamp" if out.time_stamps.len() < MAX_TIME_STAMPS => out.time_stamps.push(time_stamp(document, property)),
            "ArchiveTimeStamp" | "ArchiveTimeStampV2" if out.archive_stamps.len() < MAX_ARCHIVE_STAMPS => {
                out.archive_stamps.push(time_stamp(document, property));
            }
            // Certificates and revocation data of a time-stamp authority (EN 319 132-1, 5.5.1).
            "TimeStampValidationData" | "AnyValidationData" => {
                for values in document.elements(property) {
                    read_values(document, values, limit, out);
                }
            }
            "CertificateValues" | "RevocationValues" => read_values(document, property, limit, out),
            "CompleteCertificateRefs" | "CompleteRevocationRefs" | "CompleteCertificateRefsV2" => references = true,
            "SealingEvidenceRecords" => out.notes.push("the evidence records of the signature are not looked at".to_owned()),
            "CounterSignature" => {}
            _ if local.ends_with("TimeStamp") || local.ends_with("TimeStampV2") => others += 1,
            _ => {}
        }
    }
    out.certificates.truncate(limit);
    out.crls.truncate(limit);
    out.responses.truncate(limit);
    if references {
        out.notes.push("references to certificates and revocation data are not looked at".to_owned());
    }
    if others > 0 {
        out.notes.push(format!("{others} further time stamps are not looked at"));
    }
}

fn read_values(document: &Document<'_>, property: NodeId, limit: usize, out: &mut Properties) {
    match document.element(property).map_or("", |element| element.local) {
        "CertificateValues" => {
            let values = document.elements(property).filter(|&id| is(document, id, "EncapsulatedX509Certificate"));
            out.certificates.extend(values.filter_map(|id| base64_text(document, id)).take(limit));
        }
        "RevocationValues" => {
            let lists = child(document, property, "CRLValues").into_iter().flat_map(|list| document.elements(list));
            out.crls.extend(lists.filter_map(|id| base64_text(document, id)).take(limit));
            let responses = child(document, property, "OCSPValues").into_iter().flat_map(|list| document.elements(list));
            out.responses.extend(responses.filter_map(|id| base64_text(document, id)).take(limit));
        }
        _ => {}
    }
}

fn time_stamp(document: &Document<'_>, node: NodeId) -> TimeStamp {
    let method = document.child(node, DSIG, "CanonicalizationMethod");
    // Some programs write the element and leave the name empty.
    let method = method.filter(|&id| document.attribute(id, "Algorithm").is_some_and(|name| !name.is_empty()));
    let canonical_form = method.map_or(Some(Method::DEFAULT), |id| algorithms::canonical_form(document, id));
    let tokens = document.elements(node).filter(|&id| is(document, id, "EncapsulatedTimeStamp"));
    TimeStamp { node, canonical_form, tokens: tokens.filter_map(|id| base64_text(document, id)).take(MAX_TIME_STAMPS).collect() }
}

fn pin(document: &Document<'_>, certificate: NodeId) -> Option<Pin> {
    let digest = child(document, certificate, "CertDigest")?;
    let part = |local| document.child(digest, DSIG, local).or_else(|| child(document, digest, local));
    let name = document.attribute(part("DigestMethod")?, "Algorithm")?;
    let value = base64_text(document, part("DigestValue")?)?;
    let version_1 = || {
        let number = document.child(child(document, certificate, "IssuerSerial")?, DSIG, "X509SerialNumber")?;
        Some(Serial::Decimal(document.text(number)?.trim().to_owned()))
    };
    let version_2 = || {
        // RFC 5035: IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber INTEGER }.
        let der = base64_text(document, child(document, certificate, "IssuerSerialV2")?)?;
        let mut fields = Element::parse(&der, SEQUENCE).ok()?.reader();
        fields.expect(SEQUENCE).ok()?;
        Some(Serial::Der(fields.expect(INTEGER).ok()?.content.to_vec()))
    };
    Some(Pin { digest: algorithms::digest(name), value, serial: version_1().or_else(version_2) })
}

/// `2026-11-27T10:00:00.5+07:00` to unix seconds; no zone means UTC.
pub(crate) fn date_time(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once('T')?;
    let (seconds, zone) = time.split_at_checked(8)?;
    let zone = zone.trim_start_matches(|character: char| character == '.' || character.is_ascii_digit());
    let is_plain = |text: &str, separator: char| text.split(separator).all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let is_zone = matches!(zone.len(), 0 | 6) || zone == "Z";
    if date.len() != 10 || !is_plain(date, '-') || !is_plain(seconds, ':') || !is_zone {
        return None;
    }
    let (date, seconds, zone) = (date.replace('-', ""), seconds.replace(':', ""), zone.replace(':', ""));
    pdf_date(format!("D:{date}{seconds}{zone}").as_bytes())
}

/// A positive DER integer in decimal.
fn decimal(bytes: &[u8]) -> String {
    // Certificates' serial numbers have up to 20 bytes; a longer one is compared as its hex.
    if bytes.len() > 64 {
        return crate::oid::hex(bytes);
    }
    let mut digits: Vec<u8> = vec![0];
    for &byte in bytes {
        let mut carry = u32::from(byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or_default();
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_times_are_read_with_their_zone() {
        // `date -u -d 2026-11-27T03:00:00Z +%s`.
        let expected = Some(1_795_748_400);
        for text in ["2026-11-27T03:00:00Z", "2026-11-27T10:00:00+07:00", "2026-11-26T22:00:00.123-05:00", " 2026-11-27T03:00:00 "] {
            assert_eq!(date_time(text), expected, "{text}");
        }
        for text in ["", "2026-11-27", "2026-13-27T03:00:00Z", "2026-11-27T3:00:00Z", "x026-11-27T03:00:00Z", "2026-11-27T03:00:00+7"] {
            assert_eq!(date_time(text), None, "{text}");
        }
    }

    #[test]
    fn serial_numbers_are_written_in_decimal() {
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[1, 0]), "256");
        assert_eq!(decimal(&[0, 0xff, 0xff, 0xff, 0xff]), "4294967295");
    }
}
