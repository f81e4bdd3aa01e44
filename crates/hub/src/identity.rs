//! Who is at the other end: the client certificate, read once per connection, and the principal it stands for.

use std::net::SocketAddr;

use domain::digest::Digest;
use domain::principal::Credential;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The peer of one connection. Its certificate was verified against the client authorities.
#[derive(Debug, Clone)]
pub struct Peer {
    /// What its certificate is recognised by: the fingerprint, then the URIs.
    pub credentials: Vec<Credential>,
    /// Where it calls from.
    pub address: SocketAddr,
}

/// URIs of one certificate that are looked at.
const MAX_URIS: usize = 8;

impl Peer {
    /// Reads the client's certificate.
    pub fn read(certificate: &[u8], address: SocketAddr) -> Self {
        let fingerprint = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut credentials: Vec<Credential> =
            Digest::try_from(fingerprint.as_ref()).ok().map(Credential::Fingerprint).into_iter().collect();
        if let Ok((_, certificate)) = X509Certificate::from_der(certificate)
            && let Ok(Some(names)) = certificate.subject_alternative_name()
        {
            let uris = names.value.general_names.iter().filter_map(|name| match name {
                GeneralName::URI(uri) => Some(Credential::Uri((*uri).to_owned())),
                _ => None,
            });
            credentials.extend(uris.take(MAX_URIS));
        }
        Self { credentials, address }
    }
}
