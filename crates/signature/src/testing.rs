//! Test data made in code: a three-level PKI with fixed Ed25519 keys, CMS, time stamps, PDF files.

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::algorithm::{Digest, sha256};
use crate::asn1::{BIT_STRING, BOOLEAN, Element, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, encode};
use crate::certificate::Certificate;
use crate::name::tests::name_der;
use crate::oid;

/// 2026-11-27 00:00:00 UTC.
pub(crate) const NOW: i64 = 1_795_737_600;
pub(crate) const YEAR: i64 = 365 * 86_400;

/// A certificate and its key.
pub(crate) struct Node {
    name: String,
    seed: [u8; 32],
    der: Vec<u8>,
}

/// What a certificate is made of.
pub(crate) struct Template {
    pub(crate) name: String,
    /// Attributes of the subject behind its name; only for a certificate that issues none.
    pub(crate) identity: Vec<(&'static [u8], &'static str)>,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    pub(crate) key_usage: Option<u8>,
    pub(crate) extended: Vec<Vec<u8>>,
    pub(crate) authority: Option<Option<u8>>,
    pub(crate) extra: Vec<(Vec<u8>, bool, Vec<u8>)>,
}

impl Template {
    pub(crate) fn signer() -> Self {
        Self {
            name: "Nguyen Van A".to_owned(),
            identity: Vec::new(),
            not_before: NOW - YEAR,
            not_after: NOW + 2 * YEAR,
            // digitalSignature and nonRepudiation.
            key_usage: Some(0b1100_0000),
            extended: Vec::new(),
            authority: None,
            extra: Vec::new(),
        }
    }

    pub(crate) fn authority(name: &str, path_length: Option<u8>) -> Self {
        Self {
            name: name.to_owned(),
            not_before: NOW - 5 * YEAR,
            not_after: NOW + 20 * YEAR,
            // keyCertSign and cRLSign.
            key_usage: Some(0b0000_0110),
            authority: Some(path_length),
            ..Self::signer()
        }
    }

    pub(crate) fn time_stamper() -> Self {
        let extended = vec![oid::TIME_STAMPING.to_vec()];
        Self { name: "Clock".to_owned(), extended, not_after: NOW + 10 * YEAR, ..Self::signer() }
    }
}

/// Root, issuer, signer and time-stamp authority.
pub(crate) struct Pki {
    pub(crate) root: Node,
    pub(crate) issuer: Node,
    pub(crate) signer: Node,
    pub(crate) tsa: Node,
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    encode(SEQUENCE, &parts.concat())
}

pub(crate) fn algorithm(identifier: &[u8]) -> Vec<u8> {
    sequence(&[&encode(OID, identifier)])
}

pub(crate) fn generalized_time(unix: i64) -> Vec<u8> {
    let digits: String = crate::calendar::display(unix).chars().filter(char::is_ascii_digit).collect();
    encode(crate::asn1::GENERALIZED_TIME, format!("{digits}Z").as_bytes())
}

/// A Name of these attributes.
pub(crate) fn name_der_of(attributes: &[(&[u8], &str)]) -> Vec<u8> {
    name_der(attributes)
}

pub(crate) fn common_name(name: &str) -> Vec<u8> {
    name_der(&[(oid::COMMON_NAME, name)])
}

pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    encode(BIT_STRING, &[&[0], bytes].concat())
}

impl Node {
    fn self_signed(template: Template) -> Self {
        let seed = sha256(template.name.as_bytes());
        let der = certificate(&template, &seed, &template.name, &seed);
        Self { name: template.name, seed, der }
    }

    pub(crate) fn issue(&self, template: Template) -> Self {
        let seed = sha256(format!("{} / {}", self.name, template.name).as_bytes());
        self.issue_with_seed(template, seed)
    }

    /// A certificate for the key that `seed` gives.
    pub(crate) fn issue_with_seed(&self, template: Template, seed: [u8; 32]) -> Self {
        let der = certificate(&template, &seed, &self.name, &self.seed);
        Self { name: template.name, seed, der }
    }

    /// A certificate for the key that `seed` gives, under a serial number of one's own.
    pub(crate) fn issue_with_serial(&self, template: &Template, seed: [u8; 32], serial: &[u8]) -> Self {
        let key = sequence(&[&algorithm(oid::ED25519), &bit_string(&public_key(&seed))]);
        let der = certificate_for(template, &key, serial, &self.name, &self.seed);
        Self { name: template.name.clone(), seed, der }
    }

    /// The DER of a certificate for another kind of key, by its SubjectPublicKeyInfo.
    pub(crate) fn issue_for_key(&self, template: &Template, key: &[u8]) -> Vec<u8> {
        certificate_for(template, key, &serial_of(&sha256(key)), &self.name, &self.seed)
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::parse(&self.der).unwrap()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.seed, message)
    }
}

fn sign(seed: &[u8; 32], message: &[u8]) -> Vec<u8> {
    Ed25519KeyPair::from_seed_unchecked(seed).unwrap().sign(message).as_ref().to_vec()
}

fn certificate(template: &Template, seed: &[u8; 32], issuer: &str, issuer_seed: &[u8; 32]) -> Vec<u8> {
    let key = sequence(&[&algorithm(oid::ED25519), &bit_string(&public_key(seed))]);
    certificate_for(template, &key, &serial_of(seed), issuer, issuer_seed)
}

fn public_key(seed: &[u8; 32]) -> Vec<u8> {
    Ed25519KeyPair::from_seed_unchecked(seed).unwrap().public_key().as_ref().to_vec()
}

fn serial_of(seed: &[u8; 32]) -> Vec<u8> {
    [&[0x01], &sha256(seed)[..8]].concat()
}

/// A certificate for the SubjectPublicKeyInfo `key`.
fn certificate_for(template: &Template, key: &[u8], serial: &[u8], issuer: &str, issuer_seed: &[u8; 32]) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(bits) = template.key_usage {
        extensions.extend(extension(oid::KEY_USAGE, true, &encode(BIT_STRING, &[0, bits])));
    }
    if !template.extended.is_empty() {
        let usages: Vec<u8> = template.extended.iter().flat_map(|usage| encode(OID, usage)).collect();
        extensions.extend(extension(oid::EXTENDED_KEY_USAGE, false, &encode(SEQUENCE, &usages)));
    }
    if let Some(length) = template.authority {
        let length = length.map(|length| encode(INTEGER, &[length])).unwrap_or_default();
        extensions.extend(extension(oid::BASIC_CONSTRAINTS, true, &sequence(&[&encode(BOOLEAN, &[0xff]), &length])));
    }
    for (identifier, critical, value) in &template.extra {
        extensions.extend(extension(identifier, *critical, value));
    }
    let tbs = sequence(&[
        &encode(0xa0, &encode(INTEGER, &[2])),
        &encode(INTEGER, serial),
        &algorithm(oid::ED25519),
        &common_name(issuer),
        &sequence(&[&generalized_time(template.not_before), &generalized_time(template.not_after)]),
        &name_der(&[&[(oid::COMMON_NAME, template.name.as_str())], template.identity.as_slice()].concat()),
        key,
        &encode(0xa3, &encode(SEQUENCE, &extensions)),
    ]);
    sequence(&[&tbs, &algorithm(oid::ED25519), &bit_string(&sign(issuer_seed, &tbs))])
}

impl Pki {
    pub(crate) fn new() -> Self {
        let root = Node::self_signed(Template::authority("Root", None));
        let issuer = root.issue(Template::authority("Issuer", Some(0)));
        let signer = issuer.issue(Template::signer());
        let tsa = issuer.issue(Template::time_stamper());
        Self { root, issuer, signer, tsa }
    }

    /// A certificate by the issuer.
    pub(crate) fn issue(&self, template: Template) -> Node {
        self.issuer.issue(template)
    }

    /// A CRL by the issuer: serial numbers and revocation times.
    pub(crate) fn crl(&self, this_update: i64, next_update: i64, revoked: &[(&[u8], i64)]) -> Vec<u8> {
        crl(&self.issuer, this_update, next_update, revoked)
    }

    /// An empty CRL by the root.
    pub(crate) fn root_crl(&self, this_update: i64, next_update: i64) -> Vec<u8> {
        crl(&self.root, this_update, next_update, &[])
    }
}

/// Name, critical flag and value of an extension.
pub(crate) type Extension<'a> = (&'a [u8], bool, Vec<u8>);

fn extension(identifier: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { encode(BOOLEAN, &[0xff]) } else { Vec::new() };
    sequence(&[&encode(OID, identifier), &flag, &encode(OCTET_STRING, value)])
}

fn extensions(list: &[Extension<'_>]) -> Vec<u8> {
    let all: Vec<u8> = list.iter().flat_map(|(identifier, critical, value)| extension(identifier, *critical, value)).collect();
    if all.is_empty() { Vec::new() } else { encode(SEQUENCE, &all) }
}

fn crl(issuer: &Node, this_update: i64, next_update: i64, revoked: &[(&[u8], i64)]) -> Vec<u8> {
    let entries: Vec<_> = revoked.iter().map(|&(serial, date)| (serial, date, 0)).collect();
    crl_with(issuer, this_update, next_update, &entries, &[])
}

/// A CRL with entries (serial number, time, reason; none where it is 0) and extensions.
pub(crate) fn crl_with(issuer: &Node, this_update: i64, next_update: i64, revoked: &[(&[u8], i64, u8)], list: &[Extension<'_>]) -> Vec<u8> {
    let entries = revoked.iter().flat_map(|&(serial, date, reason)| {
        let reason = (oid::CRL_REASON, false, encode(crate::asn1::ENUMERATED, &[reason]));
        crl_entry(serial, date, if reason.2 == [10, 1, 0] { &[] } else { std::slice::from_ref(&reason) })
    });
    crl_of_entries(issuer, this_update, next_update, &entries.collect::<Vec<u8>>(), list)
}

/// One entry of a CRL.
pub(crate) fn crl_entry(serial: &[u8], date: i64, list: &[Extension<'_>]) -> Vec<u8> {
    sequence(&[&encode(INTEGER, serial), &generalized_time(date), &extensions(list)])
}

/// A CRL around encoded entries.
pub(crate) fn crl_of_entries(issuer: &Node, this_update: i64, next_update: i64, entries: &[u8], list: &[Extension<'_>]) -> Vec<u8> {
    let entries = if entries.is_empty() { Vec::new() } else { encode(SEQUENCE, entries) };
    let list = if list.is_empty() { Vec::new() } else { encode(0xa0, &extensions(list)) };
    let tbs = sequence(&[
        &encode(INTEGER, &[1]),
        &algorithm(oid::ED25519),
        &common_name(&issuer.name),
        &generalized_time(this_update),
        &generalized_time(next_update),
        &entries,
        &list,
    ]);
    sequence(&[&tbs, &algorithm(oid::ED25519), &bit_string(&issuer.sign(&tbs))])
}

/// An OCSP response, as far as tests vary it.
pub(crate) struct OcspTemplate<'a> {
    pub(crate) responder: &'a Node,
    pub(crate) by_key: bool,
    /// Whom the response names as its responder, where that is not who signs it.
    pub(crate) named: Option<&'a str>,
    pub(crate) certificates: &'a [&'a Node],
    /// Whose name and whose key are hashed into the certificate's identity.
    pub(crate) issuer: [&'a Node; 2],
    pub(crate) serial: Vec<u8>,
    /// Encoded CertStatus.
    pub(crate) status: Vec<u8>,
    pub(crate) this_update: i64,
    pub(crate) next_update: Option<i64>,
    /// The archive cutoff of the answer.
    pub(crate) keeps_since: Option<i64>,
    /// Encoded extensions of the response.
    pub(crate) extensions: Vec<Extension<'a>>,
}

/// CertStatus good.
pub(crate) const OCSP_GOOD: [u8; 2] = [0x80, 0];
/// CertStatus unknown.
pub(crate) const OCSP_UNKNOWN: [u8; 2] = [0x82, 0];

/// CertStatus revoked.
pub(crate) fn ocsp_revoked(date: i64, reason: u8) -> Vec<u8> {
    encode(0xa1, &[generalized_time(date), encode(0xa0, &encode(crate::asn1::ENUMERATED, &[reason]))].concat())
}

impl<'a> OcspTemplate<'a> {
    /// Good, said by `responder` a minute ago of `subject`, which `issuer` issued.
    pub(crate) fn good(responder: &'a Node, subject: &Node, issuer: &'a Node) -> Self {
        Self {
            responder,
            by_key: false,
            named: None,
            certificates: &[],
            issuer: [issuer, issuer],
            serial: subject.certificate().serial,
            status: OCSP_GOOD.to_vec(),
            this_update: NOW - 60,
            next_update: Some(NOW + 600),
            keeps_since: None,
            extensions: Vec::new(),
        }
    }

    /// The BasicOCSPResponse.
    pub(crate) fn basic(&self) -> Vec<u8> {
        let [name, key] = self.issuer;
        let id = sequence(&[
            &algorithm(oid::SHA256),
            &encode(OCTET_STRING, &sha256(&common_name(&name.name))),
            &encode(OCTET_STRING, &sha256(&key.certificate().key.bits)),
            &encode(INTEGER, &self.serial),
        ]);
        let next = self.next_update.map(|time| encode(0xa0, &generalized_time(time))).unwrap_or_default();
        let kept = self.keeps_since.map(|since| (oid::OCSP_ARCHIVE_CUTOFF, false, generalized_time(since)));
        let kept = kept.map(|kept| encode(0xa1, &extensions(&[kept]))).unwrap_or_default();
        let answer = sequence(&[&id, &self.status, &generalized_time(self.this_update), &next, &kept]);
        let responder = if self.by_key {
            let key = self.responder.certificate().key.bits;
            encode(0xa2, &encode(OCTET_STRING, Digest::Sha1.of(&[&key]).as_ref()))
        } else {
            encode(0xa1, &common_name(self.named.unwrap_or(&self.responder.name)))
        };
        let list = extensions(&self.extensions);
        let list = if list.is_empty() { list } else { encode(0xa1, &list) };
        let data = sequence(&[&responder, &generalized_time(self.this_update), &sequence(&[&answer]), &list]);
        let certificates: Vec<u8> = self.certificates.iter().flat_map(|node| node.der.clone()).collect();
        let certificates = if certificates.is_empty() { certificates } else { encode(0xa0, &encode(SEQUENCE, &certificates)) };
        sequence(&[&data, &algorithm(oid::ED25519), &bit_string(&self.responder.sign(&data)), &certificates])
    }

    /// The OCSPResponse.
    pub(crate) fn response(&self) -> Vec<u8> {
        let typed = sequence(&[&encode(OID, oid::OCSP_BASIC), &encode(OCTET_STRING, &self.basic())]);
        sequence(&[&encode(crate::asn1::ENUMERATED, &[0]), &encode(0xa0, &typed)])
    }
}

/// How a CMS is made; the default is what a sound PAdES signer writes.
pub(crate) struct CmsTemplate<'a> {
    pub(crate) content_type: &'a [u8],
    pub(crate) enclose: bool,
    pub(crate) signing_certificate: bool,
    pub(crate) signed_attributes: bool,
    pub(crate) digest: Digest,
    pub(crate) signers: usize,
    /// Time-stamp authority and time.
    pub(crate) stamp: Option<(&'a Node, i64)>,
    pub(crate) extra_attributes: Vec<Vec<u8>>,
    pub(crate) unsigned_attributes: Vec<Vec<u8>>,
    /// CRLs and the like beside the certificates.
    pub(crate) revocation: Vec<u8>,
}

impl Default for CmsTemplate<'_> {
    fn default() -> Self {
        Self {
            content_type: oid::DATA,
            enclose: false,
            signing_certificate: true,
            signed_attributes: true,
            digest: Digest::Sha256,
            signers: 1,
            stamp: None,
            extra_attributes: Vec::new(),
            unsigned_attributes: Vec::new(),
            revocation: Vec::new(),
        }
    }
}

pub(crate) fn attribute(identifier: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&encode(OID, identifier), &encode(SET, value)])
}

/// A SignedData by `signer` over `content`, carrying `certificates`.
pub(crate) fn cms(signer: &Node, certificates: &[&Node], content: &[u8], template: &CmsTemplate<'_>) -> Vec<u8> {
    let digest_oid = if template.digest == Digest::Sha1 { oid::SHA1 } else { oid::SHA256 };
    let digest = template.digest.of(&[content]);
    let mut attributes = vec![
        attribute(oid::CONTENT_TYPE, &encode(OID, template.content_type)),
        attribute(oid::MESSAGE_DIGEST, &encode(OCTET_STRING, digest.as_ref())),
    ];
    if template.signing_certificate {
        let hash = encode(OCTET_STRING, &sha256(&signer.der));
        attributes.push(attribute(oid::SIGNING_CERTIFICATE_V2, &sequence(&[&sequence(&[&sequence(&[&hash])])])));
    }
    attributes.extend(template.extra_attributes.iter().cloned());
    attributes.sort();
    let attributes = attributes.concat();
    let (signed, attributes) =
        if template.signed_attributes { (encode(SET, &attributes), encode(0xa0, &attributes)) } else { (content.to_vec(), Vec::new()) };
    let value = signer.sign(&signed);
    let stamp = template.stamp.map(|(tsa, time)| attribute(oid::SIGNATURE_TIME_STAMP, &time_stamp(tsa, &value, time)));
    let unsigned = [stamp.unwrap_or_default(), template.unsigned_attributes.concat()].concat();
    let unsigned = if unsigned.is_empty() { unsigned } else { encode(0xa1, &unsigned) };
    let certificate = signer.certificate();
    let info = sequence(&[
        &encode(INTEGER, &[1]),
        &sequence(&[&certificate.issuer_raw, &encode(INTEGER, &certificate.serial)]),
        &algorithm(digest_oid),
        &attributes,
        &algorithm(oid::ED25519),
        &encode(OCTET_STRING, &value),
        &unsigned,
    ]);
    let enclosed = if template.enclose { encode(0xa0, &encode(OCTET_STRING, content)) } else { Vec::new() };
    let certificates: Vec<u8> = certificates.iter().flat_map(|node| node.der.clone()).collect();
    // RFC 5652, 5.1: revocation data of another kind than lists demands the highest.
    let revocation = encode(0xa1, &template.revocation);
    let choices = Element::parse(&revocation, 0xa1).unwrap().children().unwrap();
    let version = match (choices.iter().any(|choice| choice.tag == 0xa1), template.content_type == oid::DATA) {
        (true, _) => 5,
        (false, false) => 3,
        (false, true) => 1,
    };
    let signed_data = sequence(&[
        &encode(INTEGER, &[version]),
        &encode(SET, &algorithm(digest_oid)),
        &sequence(&[&encode(OID, template.content_type), &enclosed]),
        &encode(0xa0, &certificates),
        &(if template.revocation.is_empty() { Vec::new() } else { encode(0xa1, &template.revocation) }),
        &encode(SET, &info.repeat(template.signers)),
    ]);
    sequence(&[&encode(OID, oid::SIGNED_DATA), &encode(0xa0, &signed_data)])
}

/// An RFC 3161 token over `stamped`.
pub(crate) fn time_stamp(tsa: &Node, stamped: &[u8], time: i64) -> Vec<u8> {
    time_stamp_with(tsa, stamped, time, Vec::new())
}

/// Likewise, with unsigned attributes.
pub(crate) fn time_stamp_with(tsa: &Node, stamped: &[u8], time: i64, unsigned_attributes: Vec<Vec<u8>>) -> Vec<u8> {
    let info = sequence(&[
        &encode(INTEGER, &[1]),
        &encode(OID, &[0x2a, 3]),
        &sequence(&[&algorithm(oid::SHA256), &encode(OCTET_STRING, &sha256(stamped))]),
        &encode(INTEGER, &[7]),
        &generalized_time(time),
    ]);
    let template = CmsTemplate { content_type: oid::TST_INFO, enclose: true, unsigned_attributes, ..CmsTemplate::default() };
    cms(tsa, &[tsa], &info, &template)
}

const PLACEHOLDER: &str = "/ByteRange[0 0000000001 0000000002 0000000003]";
/// Bytes reserved for a CMS.
const RESERVED: usize = 6000;

/// A PDF of one page with an empty form.
pub(crate) fn plain_pdf() -> Vec<u8> {
    let objects = [
        (1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[]>>>>".to_owned()),
        (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned()),
        (3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>".to_owned()),
    ];
    revise(b"%PDF-1.7\n", None, &objects)
}

/// `pdf` with a revision of `objects` appended.
pub(crate) fn revise(pdf: &[u8], previous: Option<usize>, objects: &[(u32, String)]) -> Vec<u8> {
    let objects: Vec<_> = objects.iter().map(|(number, body)| (*number, body.clone().into_bytes())).collect();
    revise_bytes(pdf, previous, &objects)
}

fn revise_bytes(pdf: &[u8], previous: Option<usize>, objects: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut out = pdf.to_vec();
    let mut table = String::new();
    for (number, body) in objects {
        table += &format!("{number} 1\n{:010} 00000 n \n", out.len());
        out.extend([format!("{number} 0 obj\n").as_bytes(), body, b"\nendobj\n"].concat());
    }
    let start = out.len();
    let previous = previous.map(|at| format!("/Prev {at}")).unwrap_or_default();
    out.extend(format!("xref\n{table}trailer\n<</Size 100/Root 1 0 R{previous}>>\nstartxref\n{start}\n%%EOF\n").bytes());
    out
}

/// `pdf`, which has one signature, with a security store of certificates, CRLs and OCSP responses in a new revision.
pub(crate) fn add_security_store(pdf: &[u8], store: [&[Vec<u8>]; 3]) -> Vec<u8> {
    let mut objects = Vec::new();
    let mut dictionary = String::new();
    for (key, items) in ["Certs", "CRLs", "OCSPs"].iter().zip(store) {
        dictionary += &format!("/{key}[");
        for item in items {
            let number = 50 + u32::try_from(objects.len()).unwrap();
            dictionary += &format!("{number} 0 R ");
            objects.push((number, [format!("<</Length {}>>stream\n", item.len()).as_bytes(), item, b"\nendstream"].concat()));
        }
        dictionary += "]";
    }
    let catalog = format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]/SigFlags 3>>/DSS<<{dictionary}>>>>");
    objects.insert(0, (1, catalog.into_bytes()));
    revise_bytes(pdf, Some(last_xref(pdf)), &objects)
}

/// What the last `startxref` says.
pub(crate) fn last_xref(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.lines().rev().skip_while(|line| *line != "%%EOF").find_map(|line| line.parse().ok()).unwrap()
}

/// `pdf` with a signature by `make` (content in, CMS out) in a new revision. `index` counts from 0.
pub(crate) fn sign_pdf(pdf: &[u8], index: u32, sub_filter: &str, make: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (field, value) = (10 + 2 * index, 11 + 2 * index);
    let fields: String = (0..=index).map(|index| format!("{} 0 R ", 10 + 2 * index)).collect();
    let objects = [
        (1, format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[{fields}]/SigFlags 3>>>>")),
        (field, format!("<</FT/Sig/T(Sig{})/V {value} 0 R>>", index + 1)),
        (value, format!("<<{}>>", empty_signature(sub_filter))),
    ];
    fill_signature(revise(pdf, Some(last_xref(pdf)), &objects), make)
}

/// A signature dictionary without its brackets, to be filled by [`fill_signature`].
pub(crate) fn empty_signature(sub_filter: &str) -> String {
    format!(
        "/Type/Sig/Filter/Adobe.PPKLite/SubFilter/{sub_filter}/M(D:20261126080000+07'00'){PLACEHOLDER}/Contents<{}>",
        "00".repeat(RESERVED)
    )
}

/// `out` with its last signature filled by `make`.
pub(crate) fn fill_signature(mut out: Vec<u8>, make: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let find = |out: &[u8], needle: &[u8]| out.windows(needle.len()).rposition(|window| window == needle).unwrap();
    let range_at = find(&out, PLACEHOLDER.as_bytes());
    let start = find(&out, b"/Contents<") + 9;
    let end = start + 2 * RESERVED + 2;
    let range = format!("/ByteRange[0 {start:010} {end:010} {:010}]", out.len() - end);
    out.splice(range_at..range_at + range.len(), range.bytes());
    let cms = make(&[&out[..start], &out[end..]].concat());
    let hex = oid::hex(&cms);
    out.splice(start + 1..start + 1 + hex.len(), hex.bytes());
    out
}
