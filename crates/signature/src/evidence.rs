//! What a document brings along for its own judgement: certificates, revocation lists and OCSP responses. Nothing of it is
//! trusted: a list or response counts only by its signature, as those of the store do.

use std::sync::Arc;

use crate::asn1::{Asn1Error, OID, Reader, SEQUENCE};
use crate::cache::Caches;
use crate::certificate::Certificate;
use crate::cms::{SignedData, SignerInfo};
use crate::crl::Crl;
use crate::ocsp::Response;
use crate::oid;

/// Certificates kept beside those of the signature itself; the richest real document brings about thirty.
const MAX_CERTIFICATES: usize = 128;
/// Lists kept per document.
const MAX_LISTS: usize = 64;
/// Entries of all lists together; lists of this size are not embedded, because they would outweigh the document.
const MAX_LIST_ENTRIES: usize = 300_000;
/// Responses kept per document: one per certificate and signature in the worst real case.
const MAX_RESPONSES: usize = 256;

/// Embedded evidence, each piece once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) certificates: Vec<Arc<Certificate>>,
    pub(crate) lists: Vec<Arc<Crl>>,
    pub(crate) responses: Vec<Arc<Response>>,
    /// Pieces that cannot be read, or that are beyond the limits.
    pub(crate) left_out: usize,
    /// What was read before.
    pub(crate) caches: Caches,
}

impl Evidence {
    /// None, to be read with the help of `caches`.
    pub(crate) fn with_caches(caches: &Caches) -> Self {
        Self { caches: caches.clone(), ..Self::default() }
    }

    pub(crate) fn add_certificate(&mut self, der: &[u8]) {
        match self.caches.certificate(der) {
            Ok(certificate) => self.add_parsed(&certificate),
            Err(_) => self.left_out += 1,
        }
    }

    pub(crate) fn add_parsed(&mut self, certificate: &Arc<Certificate>) {
        if self.certificates.iter().any(|known| known.sha256 == certificate.sha256) {
            return;
        }
        if self.certificates.len() >= MAX_CERTIFICATES {
            self.left_out += 1;
            return;
        }
        self.certificates.push(Arc::clone(certificate));
    }

    pub(crate) fn add_list(&mut self, der: &[u8]) {
        let held: usize = self.lists.iter().map(|list| list.length()).sum();
        match self.caches.list(der, MAX_LIST_ENTRIES.saturating_sub(held)) {
            Ok(list) if self.lists.iter().any(|known| known.sha256 == list.sha256) => {}
            Ok(list) if self.lists.len() < MAX_LISTS => self.lists.push(list),
            _ => self.left_out += 1,
        }
    }

    pub(crate) fn add_response(&mut self, der: &[u8]) {
        match self.caches.response(der) {
            Ok(response) if self.responses.iter().any(|known| known.sha256 == response.sha256) => {}
            Ok(response) if self.responses.len() < MAX_RESPONSES => self.responses.push(response),
            _ => self.left_out += 1,
        }
    }

    /// Takes what `other` holds and this does not.
    pub(crate) fn add_all(&mut self, other: &Self) {
        other.certificates.iter().for_each(|certificate| self.add_parsed(certificate));
        for list in &other.lists {
            if self.lists.iter().all(|known| known.sha256 != list.sha256) {
                self.lists.push(Arc::clone(list));
            }
        }
        for response in &other.responses {
            if self.responses.iter().all(|known| known.sha256 != response.sha256) {
                self.responses.push(Arc::clone(response));
            }
        }
    }

    /// Takes what a CMS carries: the CRLs beside its certificates (RFC 5652, 10.2.1), and of the signer's attributes the
    /// Adobe archive (ISO 32000-2, 12.8.3.3.2) and the CAdES values (EN 319 122-1, A.1.1.2 and A.1.2.2). `pool` are the
    /// readable certificates of the CMS.
    pub(crate) fn add_cms(&mut self, data: &SignedData<'_>, info: &SignerInfo<'_>, pool: &[Arc<Certificate>]) {
        pool.iter().for_each(|certificate| self.add_parsed(certificate));
        data.lists.iter().for_each(|list| self.add_list(list));
        data.responses.iter().for_each(|response| self.add_response(response));
        let archives = info.signed(oid::REVOCATION_INFO_ARCHIVAL).chain(info.unsigned(oid::REVOCATION_VALUES));
        for value in archives.flat_map(|attribute| &attribute.values) {
            if self.add_values(value.raw).is_err() {
                self.left_out += 1;
            }
        }
        for value in info.unsigned(oid::CERTIFICATE_VALUES).flat_map(|attribute| &attribute.values) {
            match value.children() {
                Ok(certificates) => certificates.iter().for_each(|one| self.add_certificate(one.raw)),
                Err(_) => self.left_out += 1,
            }
        }
    }

    /// RevocationInfoArchival and RevocationValues have one shape: lists, responses, others, each of them optional.
    fn add_values(&mut self, value: &[u8]) -> Result<(), Asn1Error> {
        let mut fields = Reader::new(value).expect(SEQUENCE)?.reader();
        if let Some(lists) = fields.optional(0xa0)? {
            lists.reader().expect(SEQUENCE)?.children()?.iter().for_each(|list| self.add_list(list.raw));
        }
        if let Some(responses) = fields.optional(0xa1)? {
            responses.reader().expect(SEQUENCE)?.children()?.iter().for_each(|response| self.add_response(response.raw));
        }
        Ok(())
    }
}

/// The response in an OtherRevocationInfoFormat, whose content is given: whole (RFC 5940), or its basic response by itself,
/// as some writers have it.
pub(crate) fn other_revocation_info<'a>(mut fields: Reader<'a>) -> Option<&'a [u8]> {
    let kind = fields.expect(OID).ok()?;
    [oid::REVOCATION_INFO_OCSP, oid::OCSP_BASIC].contains(&kind.content).then_some(())?;
    fields.read().ok().map(|response| response.raw)
}
