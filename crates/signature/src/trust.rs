//! Whom the operator trusts: anchors with validity in time, intermediates, CRLs, OCSP responses.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use ring::digest;

use crate::cache::Caches;
use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::name::Name;
use crate::ocsp::Response;

/// Entries of one revocation list of the store. The largest lists of public authorities hold a few million.
pub(crate) const MAX_LIST_ENTRIES: usize = 10_000_000;

/// Trust anchors, intermediate certificates, CRLs and OCSP responses. Clones share their [`Caches`], which change speed and
/// never a verdict.
#[derive(Clone, Default)]
pub struct TrustStore {
    anchors: Vec<Anchor>,
    intermediates: Vec<Arc<Certificate>>,
    crls: Vec<Arc<Crl>>,
    known: HashSet<[u8; 32]>,
    anchors_by_subject: HashMap<Vec<u8>, Vec<usize>>,
    intermediates_by_subject: HashMap<Vec<u8>, Vec<usize>>,
    intermediates_by_issuer: HashMap<Vec<u8>, Vec<usize>>,
    crls_by_issuer: HashMap<Vec<u8>, Vec<usize>>,
    responses: Vec<Arc<Response>>,
    responses_by_serial: HashMap<Vec<u8>, Vec<usize>>,
    caches: Caches,
    /// See [`TrustStore::version`]; empty from a change until it is asked for.
    version: OnceLock<[u8; 32]>,
}

/// A trusted certificate and when it is trusted.
#[derive(Clone, Debug)]
pub(crate) struct Anchor {
    pub(crate) certificate: Arc<Certificate>,
    from: i64,
    until: i64,
}

impl Anchor {
    pub(crate) fn is_trusted_at(&self, at: i64) -> bool {
        (self.from..=self.until).contains(&at)
    }
}

/// Why trust data was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The bytes are not one DER certificate.
    #[error("the bytes are not a certificate: {reason}")]
    NotACertificate {
        /// What the reader stumbled over.
        reason: String,
    },
    /// The bytes are not one DER CRL, or one with a critical extension that is not understood.
    #[error("the bytes are not a usable CRL: {reason}")]
    NotACrl {
        /// What the reader stumbled over.
        reason: String,
    },
    /// The bytes are not one DER OCSP response, or one without an answer.
    #[error("the bytes are not a usable OCSP response: {reason}")]
    NotAnOcspResponse {
        /// What the reader stumbled over, or the status in place of an answer.
        reason: String,
    },
    /// The window of an anchor ends before it begins.
    #[error("the validity of the anchor ends at {until}, before it begins at {from}")]
    EmptyWindow {
        /// Begin, unix seconds.
        from: i64,
        /// End, unix seconds.
        until: i64,
    },
}

/// How much it holds, and not what: names carry personal identifiers.
impl fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustStore")
            .field("anchors", &self.anchors.len())
            .field("intermediates", &self.intermediates.len())
            .field("crls", &self.crls.len())
            .field("responses", &self.responses.len())
            .finish_non_exhaustive()
    }
}

impl TrustStore {
    /// A store that trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that trusts nobody and remembers what `caches` do: stores built one after another for one purpose, or beside
    /// each other, then read and check each piece of evidence once.
    #[must_use]
    pub fn with_caches(caches: &Caches) -> Self {
        Self { caches: caches.clone(), ..Self::default() }
    }

    /// What this store remembers.
    #[must_use]
    pub fn caches(&self) -> &Caches {
        &self.caches
    }

    /// Trusts the DER certificate `der` between two unix times, both inclusive. A missing bound is the certificate's own.
    ///
    /// # Errors
    /// [`TrustError::NotACertificate`], [`TrustError::EmptyWindow`].
    pub fn add_anchor(&mut self, der: &[u8], valid_from: Option<i64>, valid_until: Option<i64>) -> Result<(), TrustError> {
        let certificate = self.read_certificate(der)?;
        let from = valid_from.unwrap_or(certificate.not_before);
        let until = valid_until.unwrap_or(certificate.not_after);
        if until < from {
            return Err(TrustError::EmptyWindow { from, until });
        }
        self.version = OnceLock::new();
        let subject = certificate.subject.comparable().to_vec();
        self.anchors_by_subject.entry(subject).or_default().push(self.anchors.len());
        self.anchors.push(Anchor { certificate, from, until });
        Ok(())
    }

    /// Offers the DER certificate `der` to path building; it is not trusted by itself.
    ///
    /// # Errors
    /// [`TrustError::NotACertificate`].
    pub fn add_intermediate(&mut self, der: &[u8]) -> Result<(), TrustError> {
        let certificate = self.read_certificate(der)?;
        if self.known.insert(certificate.sha256) {
            self.version = OnceLock::new();
            let subject = certificate.subject.comparable().to_vec();
            self.intermediates_by_subject.entry(subject).or_default().push(self.intermediates.len());
            let issuer = certificate.issuer.comparable().to_vec();
            self.intermediates_by_issuer.entry(issuer).or_default().push(self.intermediates.len());
            self.intermediates.push(certificate);
        }
        Ok(())
    }

    /// Adds a DER CRL: complete, partitioned, indirect or delta. Its signature is checked when it is used, and it speaks
    /// only of the certificates in its scope.
    ///
    /// # Errors
    /// [`TrustError::NotACrl`], also for every unknown critical extension.
    pub fn add_crl(&mut self, der: &[u8]) -> Result<(), TrustError> {
        let crl = self.caches.list(der, MAX_LIST_ENTRIES).map_err(|error| TrustError::NotACrl { reason: error.to_string() })?;
        if self.known.insert(crl.sha256) {
            self.version = OnceLock::new();
            let issuer = crl.issuer.comparable().to_vec();
            self.crls_by_issuer.entry(issuer).or_default().push(self.crls.len());
            self.crls.push(crl);
        }
        Ok(())
    }

    /// Adds a DER OCSP response (RFC 6960), or the BasicOCSPResponse within one. Its signature and the right of its
    /// responder are checked when it is used.
    ///
    /// # Errors
    /// [`TrustError::NotAnOcspResponse`], also for every status but `successful` and every unknown critical extension.
    pub fn add_ocsp(&mut self, der: &[u8]) -> Result<(), TrustError> {
        let response = self.caches.response(der).map_err(|error| TrustError::NotAnOcspResponse { reason: error.to_string() })?;
        if self.known.insert(response.sha256) {
            self.version = OnceLock::new();
            let serials: HashSet<&Vec<u8>> = response.serials().collect();
            for serial in serials {
                self.responses_by_serial.entry(serial.clone()).or_default().push(self.responses.len());
            }
            self.responses.push(response);
        }
        Ok(())
    }

    /// SHA-256 over the sorted content: equal for stores that judge alike, whatever the order of insertion. It is computed
    /// once after each change.
    #[must_use]
    pub fn version(&self) -> [u8; 32] {
        *self.version.get_or_init(|| self.compute_version())
    }

    fn compute_version(&self) -> [u8; 32] {
        let mut entries: Vec<Vec<u8>> = Vec::with_capacity(self.anchors.len() + self.known.len());
        entries.extend(self.anchors.iter().map(|anchor| {
            let window = [anchor.from.to_be_bytes(), anchor.until.to_be_bytes()].concat();
            [b"A".as_slice(), &anchor.certificate.sha256, &window].concat()
        }));
        entries.extend(self.intermediates.iter().map(|one| [b"I".as_slice(), &one.sha256].concat()));
        entries.extend(self.crls.iter().map(|one| [b"C".as_slice(), &one.sha256].concat()));
        entries.extend(self.responses.iter().map(|one| [b"O".as_slice(), &one.sha256].concat()));
        entries.sort_unstable();
        entries.dedup();
        let mut context = digest::Context::new(&digest::SHA256);
        entries.iter().for_each(|entry| context.update(entry));
        let mut out = [0; 32];
        out.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        out
    }

    /// Whether `issuer` signed `certificate`, computed once per pair: it is the dearest step for small documents.
    pub(crate) fn is_signed_by(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        self.caches.is_signed_by(certificate, issuer)
    }

    /// Whether the operator put this very certificate into the store.
    pub(crate) fn holds(&self, certificate: &Certificate) -> bool {
        self.known.contains(&certificate.sha256)
            || self.anchors_named(&certificate.subject).any(|anchor| anchor.certificate.sha256 == certificate.sha256)
    }

    pub(crate) fn anchors_named<'a>(&'a self, name: &Name) -> impl Iterator<Item = &'a Anchor> {
        let indices = self.anchors_by_subject.get(name.comparable()).map(Vec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|&index| self.anchors.get(index))
    }

    pub(crate) fn intermediates_named<'a>(&'a self, name: &Name) -> impl Iterator<Item = &'a Arc<Certificate>> {
        let indices = self.intermediates_by_subject.get(name.comparable()).map(Vec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|&index| self.intermediates.get(index))
    }

    /// Certificates of the store that say `name` issued them.
    pub(crate) fn intermediates_issued_by<'a>(&'a self, name: &Name) -> impl Iterator<Item = &'a Arc<Certificate>> {
        let indices = self.intermediates_by_issuer.get(name.comparable()).map(Vec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|&index| self.intermediates.get(index))
    }

    pub(crate) fn crls_of<'a>(&'a self, issuer: &Name) -> impl Iterator<Item = &'a Arc<Crl>> {
        let indices = self.crls_by_issuer.get(issuer.comparable()).map(Vec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|&index| self.crls.get(index))
    }

    pub(crate) fn responses_about<'a>(&'a self, serial: &[u8]) -> impl Iterator<Item = &'a Arc<Response>> {
        let indices = self.responses_by_serial.get(serial).map(Vec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|&index| self.responses.get(index))
    }

    fn read_certificate(&self, der: &[u8]) -> Result<Arc<Certificate>, TrustError> {
        self.caches.certificate(der).map_err(|error| TrustError::NotACertificate { reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, OcspTemplate, Pki};

    #[test]
    fn the_version_depends_on_content_and_not_on_order() {
        let pki = Pki::new();
        let (root, issuer) = (pki.root.der(), pki.issuer.der());
        let mut one = TrustStore::new();
        one.add_anchor(root, None, None).unwrap();
        one.add_intermediate(issuer).unwrap();
        let mut two = TrustStore::new();
        two.add_intermediate(issuer).unwrap();
        two.add_intermediate(issuer).unwrap();
        two.add_anchor(root, None, None).unwrap();
        assert_eq!(one.version(), two.version());
        two.add_anchor(root, Some(0), None).unwrap();
        assert_ne!(one.version(), two.version());
    }

    #[test]
    fn every_addition_gives_another_version_and_a_repeated_one_the_same() {
        let pki = Pki::new();
        let response = OcspTemplate::good(&pki.issuer, &pki.signer, &pki.issuer).response();
        let mut store = TrustStore::new();
        let mut versions = vec![store.version()];
        for step in [0, 1, 2, 3, 1, 2, 3] {
            match step {
                0 => store.add_anchor(pki.root.der(), None, None).unwrap(),
                1 => store.add_intermediate(pki.issuer.der()).unwrap(),
                2 => store.add_crl(&pki.crl(NOW, NOW + 1, &[])).unwrap(),
                _ => store.add_ocsp(&response).unwrap(),
            }
            assert_eq!(store.version(), store.clone().compute_version());
            versions.push(store.version());
        }
        let (first, repeated) = versions.split_at(5);
        assert!(repeated.iter().all(|version| version == &first[4]));
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), 5);
    }

    #[test]
    fn bytes_that_are_no_certificate_are_refused() {
        assert!(matches!(TrustStore::new().add_anchor(b"no", None, None), Err(TrustError::NotACertificate { .. })));
        assert!(matches!(TrustStore::new().add_crl(b"no"), Err(TrustError::NotACrl { .. })));
        // tryLater.
        let refused = TrustStore::new().add_ocsp(&[0x30, 3, 0x0a, 1, 3]).unwrap_err();
        assert_eq!(refused.to_string(), "the bytes are not a usable OCSP response: the responder answered tryLater");
        let pki = Pki::new();
        let refused = TrustStore::new().add_anchor(pki.root.der(), Some(9), Some(8));
        assert_eq!(refused, Err(TrustError::EmptyWindow { from: 9, until: 8 }));
    }
}
