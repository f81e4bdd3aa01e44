//! Who is at the other end: the client certificate, read once per connection, and the principal it stands for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::digest::Digest;
use domain::principal::Credential;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The peer of one connection. Its certificate was verified against the client authorities.
#[derive(Debug)]
pub struct Peer {
    /// What its certificate is recognised by: the fingerprint, then the URIs.
    pub credentials: Vec<Credential>,
    /// Where it calls from.
    pub address: SocketAddr,
    refused: AtomicU32,
}

/// Calls that a peer who is nobody is told so before its connection ends.
const PATIENCE: u32 = 1_000;

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
        Self { credentials, address, refused: AtomicU32::new(0) }
    }

    /// Notes that a call was refused because the peer is nobody; true the first time.
    pub fn note_refused(&self) -> bool {
        self.refused.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Whether it went on calling though it was told that it is nobody.
    pub fn is_importunate(&self) -> bool {
        self.refused.load(Ordering::Relaxed) > PATIENCE
    }
}
