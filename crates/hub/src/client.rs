//! Reaching a hub as a client: mutual TLS from PEM files, for the command line, the demo and tests.

use std::path::Path;
use std::time::Duration;

use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// The hub cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The connection cannot be set up.
    #[error("cannot reach the hub at {address}: {source}; is it running?")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: tonic::transport::Error,
    },
}

/// Connects to `address` (host and port) as the principal whose certificate and key lie in `clients/<name>.pem` and `.key` of
/// the home, trusting the home's own authority.
pub async fn connect(home: &Path, address: &str, name: &str) -> Result<Channel, Error> {
    let clients = home.join("clients");
    connect_with(&home.join("tls/client-ca.pem"), &clients.join(format!("{name}.pem")), &clients.join(format!("{name}.key")), address).await
}

/// Connects with these files.
pub async fn connect_with(authority: &Path, certificate: &Path, key: &Path, address: &str) -> Result<Channel, Error> {
    let read = |path: &Path| std::fs::read(path).map_err(|source| Error::File { path: path.display().to_string(), source });
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(authority)?))
        .identity(Identity::from_pem(read(certificate)?, read(key)?))
        .domain_name("localhost");
    let refused = |source| Error::Connect { address: address.to_owned(), source };
    Endpoint::from_shared(format!("https://{address}"))
        .and_then(|endpoint| endpoint.tls_config(tls))
        .map_err(refused)?
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .connect_timeout(Duration::from_secs(10))
        .connect()
        .await
        .map_err(refused)
}
