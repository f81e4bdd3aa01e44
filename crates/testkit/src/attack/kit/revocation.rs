//! Revocation lists (RFC 5280, 5) and OCSP responses (RFC 6960).

use super::node::{BIT_STRING, Extension, Node, bit_string, encode_extensions};
use super::{NOW, generalized, time};
use crate::cms::Digest;
use crate::der;

const CRL_REASON: &[u64] = &[2, 5, 29, 21];
const OCSP_BASIC: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 1];
const ENUMERATED: u8 = 0x0a;

/// One entry of a list.
#[derive(Clone, Debug)]
pub struct ListEntry {
    /// The serial number's content bytes.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub date: i64,
    /// The reason code; none where it is absent.
    pub reason: Option<u8>,
    /// Further extensions of the entry.
    pub extensions: Vec<Extension>,
}

impl ListEntry {
    /// Revoked for a reason (RFC 5280, 5.3.1).
    #[must_use]
    pub fn new(node: &Node, date: i64, reason: u8) -> Self {
        Self { serial: node.serial.clone(), date, reason: Some(reason), extensions: Vec::new() }
    }
}

/// A revocation list before it is signed.
#[derive(Clone, Debug)]
pub struct List {
    /// When it was made.
    pub this_update: i64,
    /// When the next one is due.
    pub next_update: Option<i64>,
    /// What it revokes.
    pub entries: Vec<ListEntry>,
    /// Its extensions.
    pub extensions: Vec<Extension>,
    /// The issuer's name where it is not the one of who signs.
    pub issuer: Option<Vec<u8>>,
}

impl List {
    /// A list that revokes nothing, ten seconds old.
    #[must_use]
    pub fn empty() -> Self {
        Self { this_update: NOW - 10, next_update: Some(NOW + 1000), entries: Vec::new(), extensions: Vec::new(), issuer: None }
    }

    /// A list with these entries.
    #[must_use]
    pub fn of(entries: Vec<ListEntry>) -> Self {
        Self { entries, ..Self::empty() }
    }

    /// The list, signed by `issuer`.
    #[must_use]
    pub fn by(&self, issuer: &Node) -> Vec<u8> {
        let entries: Vec<u8> = self.entries.iter().flat_map(entry).collect();
        let entries = if entries.is_empty() { entries } else { der::sequence(&[&entries]) };
        let extensions = encode_extensions(&self.extensions);
        let extensions = if extensions.is_empty() { extensions } else { der::context(0, &der::sequence(&[&extensions])) };
        let to_be_signed = der::sequence(&[
            &der::unsigned(&[1]),
            &issuer.key().algorithm(),
            self.issuer.as_ref().unwrap_or(&issuer.subject),
            &time(self.this_update),
            &self.next_update.map(time).unwrap_or_default(),
            &entries,
            &extensions,
        ]);
        der::sequence(&[&to_be_signed, &issuer.key().algorithm(), &bit_string(&issuer.key().sign(&to_be_signed))])
    }
}

fn entry(entry: &ListEntry) -> Vec<u8> {
    let mut extensions = entry.extensions.clone();
    extensions.extend(entry.reason.map(|reason| (CRL_REASON.to_vec(), false, der::element(ENUMERATED, &[reason]))));
    let extensions = encode_extensions(&extensions);
    let extensions = if extensions.is_empty() { extensions } else { der::sequence(&[&extensions]) };
    der::sequence(&[&der::element(der::INTEGER, &entry.serial), &time(entry.date), &extensions])
}

/// An OCSP response before it is signed.
#[derive(Clone)]
pub struct Answer<'a> {
    /// Who signs it.
    pub responder: &'a Node,
    /// Certificates that go along.
    pub certificates: Vec<Vec<u8>>,
    /// Whose name and key are hashed into the certificate's identity.
    pub issuer: &'a Node,
    /// Serial number's content bytes.
    pub serial: Vec<u8>,
    /// Encoded CertStatus.
    pub status: Vec<u8>,
    /// When it was said.
    pub this_update: i64,
    /// Until when it holds.
    pub next_update: Option<i64>,
    /// Extensions of the response.
    pub extensions: Vec<Extension>,
    /// OCSPResponseStatus (RFC 6960, 4.2.1): 0 is successful.
    pub response_status: u8,
}

impl<'a> Answer<'a> {
    /// CertStatus good.
    pub const GOOD: [u8; 2] = [0x80, 0];
    /// CertStatus unknown.
    pub const UNKNOWN: [u8; 2] = [0x82, 0];

    /// CertStatus revoked.
    #[must_use]
    pub fn revoked(date: i64, reason: u8) -> Vec<u8> {
        der::context(1, &[generalized(date), der::context(0, &der::element(ENUMERATED, &[reason]))].concat())
    }

    /// Good, said by `responder` a minute ago of `subject`, which `issuer` issued.
    #[must_use]
    pub fn good(responder: &'a Node, subject: &Node, issuer: &'a Node) -> Self {
        Self {
            responder,
            certificates: Vec::new(),
            issuer,
            serial: subject.serial.clone(),
            status: Self::GOOD.to_vec(),
            this_update: NOW - 60,
            next_update: Some(NOW + 600),
            extensions: Vec::new(),
            response_status: 0,
        }
    }

    /// The OCSPResponse.
    #[must_use]
    pub fn response(&self) -> Vec<u8> {
        let id = der::sequence(&[
            &Digest::Sha256.identifier(),
            &der::octets(&Digest::Sha256.of(&[&self.issuer.subject])),
            &der::octets(&Digest::Sha256.of(&[&self.issuer.public_bits()])),
            &der::element(der::INTEGER, &self.serial),
        ]);
        let next = self.next_update.map(|at| der::context(0, &generalized(at))).unwrap_or_default();
        let answer = der::sequence(&[&id, &self.status, &generalized(self.this_update), &next]);
        let extensions = encode_extensions(&self.extensions);
        let extensions = if extensions.is_empty() { extensions } else { der::context(1, &der::sequence(&[&extensions])) };
        let data = der::sequence(&[
            &der::context(1, &self.responder.subject),
            &generalized(self.this_update),
            &der::sequence(&[&answer]),
            &extensions,
        ]);
        let certificates = self.certificates.concat();
        let certificates = if certificates.is_empty() { certificates } else { der::context(0, &der::sequence(&[&certificates])) };
        let value = der::element(BIT_STRING, &[&[0], self.responder.key().sign(&data).as_slice()].concat());
        let basic = der::sequence(&[&data, &self.responder.key().algorithm(), &value, &certificates]);
        let typed = der::sequence(&[&der::oid(OCSP_BASIC), &der::octets(&basic)]);
        let status = der::element(ENUMERATED, &[self.response_status]);
        if self.response_status == 0 { der::sequence(&[&status, &der::context(0, &typed)]) } else { der::sequence(&[&status]) }
    }
}
