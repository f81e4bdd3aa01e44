//! TLS to an axis: trusted are the configured roots and nothing else.

use std::fmt;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Why a TLS configuration cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text is not PEM, or holds no certificate or key.
    #[error("the {what} cannot be read: {why}")]
    Pem {
        /// Roots, certificate or key.
        what: &'static str,
        /// What the reader says.
        why: String,
    },
    /// rustls does not take it: a key that does not fit its certificate, an unusable root.
    #[error("the certificates cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// Whom to trust, and who we are.
#[derive(Clone)]
pub struct Tls {
    pub(crate) config: Arc<ClientConfig>,
}

impl Tls {
    /// Trusts the authorities of `roots` (PEM). `identity` is our certificate chain and its key (PEM), for an axis that asks who calls.
    ///
    /// # Errors
    /// [`TlsError`] where a text is not what it should be. No root at all is an error: nobody would be trusted.
    pub fn from_pem(roots: &[u8], identity: Option<(&[u8], &[u8])>) -> Result<Self, TlsError> {
        let mut store = rustls::RootCertStore::empty();
        for root in certificates(roots, "roots")? {
            store.add(root)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?.with_root_certificates(store);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder.with_client_auth_cert(certificates(chain, "certificate")?, private_key(key)?)?,
        };
        Ok(Self { config: Arc::new(config) })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

pub(crate) fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |why: String| TlsError::Pem { what, why };
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| unreadable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(unreadable("no certificate is in it".into()));
    }
    Ok(certificates)
}

pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| TlsError::Pem { what: "key", why: error.to_string() })
}
