//! What trust data says of itself, for those who keep a store of it: names, numbers and what it speaks of.
//!
//! Names are written as in [`crate::CertificateFacts`], so that they can be compared with those in reports.

use crate::algorithm::sha256;
use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::ocsp::Response;
use crate::oid;
use crate::report::CertificateFacts;
use crate::trust::{MAX_LIST_ENTRIES, TrustError};

impl CertificateFacts {
    /// Reads a DER certificate.
    ///
    /// # Errors
    /// [`TrustError::NotACertificate`].
    pub fn of_der(der: &[u8]) -> Result<Self, TrustError> {
        let certificate = Certificate::parse(der).map_err(|error| TrustError::NotACertificate { reason: error.to_string() })?;
        Ok(certificate.facts())
    }
}

/// A revocation list that was read, not verified.
#[derive(Debug)]
pub struct RevocationList(Crl);

impl RevocationList {
    /// Reads a DER CRL as [`crate::TrustStore::add_crl`] does.
    ///
    /// # Errors
    /// [`TrustError::NotACrl`].
    pub fn parse(der: &[u8]) -> Result<Self, TrustError> {
        Crl::parse(der, MAX_LIST_ENTRIES).map(Self).map_err(|error| TrustError::NotACrl { reason: error.to_string() })
    }

    /// Who issued it.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.0.issuer.display()
    }

    /// When it was made, unix seconds.
    #[must_use]
    pub fn this_update(&self) -> i64 {
        self.0.this_update
    }

    /// When the next one comes, unix seconds.
    #[must_use]
    pub fn next_update(&self) -> Option<i64> {
        self.0.next_update()
    }

    /// The CRL number (RFC 5280, 5.2.3), big-endian without leading zeros; empty if there is none, or if it is zero.
    #[must_use]
    pub fn number(&self) -> &[u8] {
        self.0.number.digits()
    }

    /// SHA-256 over issuer, scope and key identifier: a complete list takes the place of an earlier one with the same. None for a
    /// delta list, which continues others.
    #[must_use]
    pub fn series(&self) -> Option<[u8; 32]> {
        let (scope, key) = self.0.series();
        let issuer = self.0.issuer.comparable();
        let part = |bytes: &[u8]| [&(bytes.len() as u64).to_be_bytes(), bytes].concat();
        self.0.base.is_none().then(|| sha256(&[part(issuer), part(scope), part(key)].concat()))
    }

    /// Serial numbers of the certificates that it lists, whoever issued them, as in [`CertificateFacts::serial`].
    pub fn serials(&self) -> impl Iterator<Item = String> {
        self.0.serials().map(oid::hex)
    }

    /// The serial numbers that one of the two lists names and the other does not.
    pub fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = String> + 'a {
        let missing = |one: &'a Self, in_other: &'a Self| one.0.entries_missing_in(&in_other.0).map(oid::hex);
        missing(self, other).chain(missing(other, self))
    }
}

/// An OCSP response that was read, not verified.
#[derive(Debug)]
pub struct OcspResponse(Response);

impl OcspResponse {
    /// Reads a response as [`crate::TrustStore::add_ocsp`] does.
    ///
    /// # Errors
    /// [`TrustError::NotAnOcspResponse`].
    pub fn parse(der: &[u8]) -> Result<Self, TrustError> {
        Response::parse(der).map(Self).map_err(|error| TrustError::NotAnOcspResponse { reason: error.to_string() })
    }

    /// SHA-256 by which reports name it as evidence.
    #[must_use]
    pub fn evidence_sha256(&self) -> [u8; 32] {
        self.0.sha256
    }

    /// Serial numbers of the certificates that it speaks of, as in [`CertificateFacts::serial`].
    pub fn serials(&self) -> impl Iterator<Item = String> {
        self.0.serials().map(|serial| oid::hex(serial))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Pki;

    #[test]
    fn bytes_of_another_kind_are_refused() {
        let pki = Pki::new();
        assert!(RevocationList::parse(pki.root.der()).is_err());
        assert!(OcspResponse::parse(pki.root.der()).is_err());
        assert!(CertificateFacts::of_der(b"no").is_err());
        let facts = CertificateFacts::of_der(pki.root.der()).unwrap();
        assert_eq!(facts.subject, facts.issuer);
    }
}
