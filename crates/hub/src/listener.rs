//! The listener: accepts connections, shakes hands with a time limit, and reads the peer once per connection.
//!
//! Handshakes run beside each other, bounded in all and for each address, and take none of the places of connections: who says
//! nothing holds up nobody who does. A connection without a certificate of a configured authority never gets to HTTP/2.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::config::{Listen, Tls};
use crate::identity::Peer;
use crate::shared::stopped;

/// Connections that are ready and not yet taken by the server; when full, handshakes wait.
const READY: usize = 64;
/// Handshakes under way at once, and of one address.
const HANDSHAKES: usize = 512;
const HANDSHAKES_OF_ADDRESS: usize = 128;
/// Wait after the system refused to accept, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate or key file cannot be read.
    #[error("{path}: {cause}; `vanthu init` makes one")]
    File {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// The certificates and the key do not fit.
    #[error("TLS: {0}")]
    Tls(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Reads certificates and key, and makes the TLS configuration: mutual, ring, HTTP/2.
pub fn tls_config(home: &Path, tls: &Tls) -> Result<ServerConfig, Error> {
    let chain = certificates(&home.join(&tls.certificate))?;
    let key_path = home.join(&tls.key);
    let key = PrivateKeyDer::from_pem_file(&key_path).map_err(|e| file_error(&key_path, e))?;
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(&home.join(&tls.client_authorities))? {
        authorities.add(certificate).map_err(|e| Error::Tls(format!("a client authority: {e}")))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider))
        .build()
        .map_err(|e| Error::Tls(e.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Tls(e.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|e| Error::Tls(e.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| file_error(path, e))
        .and_then(|list| if list.is_empty() { Err(file_error(path, "holds no certificate")) } else { Ok(list) })
}

fn file_error(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::File { path: path.display().to_string(), cause: cause.to_string() }
}

/// One connection after its handshake. Reading and writing fail once it is cut: by the hub that stops, or because its peer goes on
/// calling though it is nobody.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Arc<Peer>,
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_cut: bool,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn look(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.is_cut = self.is_cut || self.peer.is_importunate() || self.cut.as_mut().poll(cx).is_ready();
        if self.is_cut { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl Connected for Connection {
    type ConnectInfo = Arc<Peer>;

    fn connect_info(&self) -> Arc<Peer> {
        Arc::clone(&self.peer)
    }
}

/// Binds the address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Bind { address, source })
}

/// Accepts connections until `stop` turns true; those that are ready come out of the receiver, and break off when `cut` turns true.
pub fn accept(
    listener: TcpListener,
    tls: ServerConfig,
    options: &Listen,
    handshake: Duration,
    mut stop: watch::Receiver<bool>,
    cut: watch::Receiver<bool>,
) -> mpsc::Receiver<io::Result<Connection>> {
    let (ready, connections) = mpsc::channel(READY);
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let (places, handshakes) = (Arc::new(Semaphore::new(options.connections)), Arc::new(Semaphore::new(HANDSHAKES)));
    let addresses = Addresses::default();
    tokio::spawn(async move {
        loop {
            let Ok(under_way) = Arc::clone(&handshakes).acquire_owned().await else { return };
            let (stream, address) = tokio::select! {
                () = stopped(&mut stop) => return,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            let Some(of_address) = addresses.enter(address.ip()) else {
                tracing::debug!(%address, "too many handshakes of this address are under way");
                continue;
            };
            let (acceptor, ready, cut, places) = (acceptor.clone(), ready.clone(), cut.clone(), Arc::clone(&places));
            tokio::spawn(async move {
                let _held = (under_way, of_address);
                match timeout(handshake, shake_hands(acceptor, stream, address, places, cut)).await {
                    Ok(Ok(connection)) => drop(ready.send(Ok(connection)).await),
                    Ok(Err(error)) => tracing::debug!(%address, %error, "the TLS handshake failed"),
                    Err(_) => tracing::debug!(%address, "the TLS handshake took too long"),
                }
            });
        }
    });
    connections
}

/// How many handshakes of each address are under way.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Addresses {
    /// A handshake begins, unless there are too many of its address; it ends when what is given is dropped.
    fn enter(&self, address: IpAddr) -> Option<OfAddress> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        (*count < HANDSHAKES_OF_ADDRESS).then(|| {
            *count += 1;
            OfAddress { addresses: self.clone(), address }
        })
    }
}

struct OfAddress {
    addresses: Addresses,
    address: IpAddr,
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut counts = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

async fn shake_hands(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    places: Arc<Semaphore>,
    mut cut: watch::Receiver<bool>,
) -> io::Result<Connection> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = certificate.ok_or_else(|| io::Error::other("no client certificate"))?;
    let peer = Arc::new(Peer::read(certificate, address));
    // Where every place is taken, the connection waits for one as long as a handshake may take.
    let place = places.acquire_owned().await.map_err(io::Error::other)?;
    let cut = Box::pin(async move { stopped(&mut cut).await });
    Ok(Connection { stream, peer, cut, is_cut: false, _place: place })
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.look(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.look(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.look(cx)?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
