//! HTTP/1.1 to one endpoint: a few connections that are used again, three timeouts, bounds, and outages told apart.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsConnector;

use crate::error::{Error, Outage, Phase};
use crate::outgoing::Progress;
use crate::tls::Tls;

/// Where an axis is, and how long to wait for it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `https://host[:port][/path]`; operations go below it.
    pub url: String,
    /// Allows `http://`: only within the closed government network, or to a sandbox.
    pub allow_plain_http: bool,
    /// Whom to trust; needed for `https`.
    pub tls: Option<Tls>,
    /// How long to wait for a connection, with TLS.
    pub connect_timeout: Duration,
    /// How long to wait for the next piece, in either direction.
    pub idle_timeout: Duration,
    /// How long a whole call may take; packets and directories have ten times as long.
    pub call_timeout: Duration,
    /// Connections at a time; the vendor's client allows itself 1 to 10.
    pub connections: usize,
    /// Bytes of a packet that is fetched, as it stands in the answer: base64 adds a third.
    pub packet_bytes: u64,
    /// Bytes of a list or a directory: 125,000 agencies take some 30 MB.
    pub list_bytes: u64,
    /// Rows of a list that are kept at a time.
    pub list_rows: usize,
}

impl Endpoint {
    /// An endpoint with the usual bounds: packets of 50 MB, lists of 256 MiB and 10,000 rows, 10, 30 and 60 seconds, 4 connections.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            allow_plain_http: false,
            tls: None,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(60),
            connections: 4,
            packet_bytes: 72 << 20,
            list_bytes: 256 << 20,
            list_rows: 10_000,
        }
    }
}

/// Why an endpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The URL is none, or has neither `http` nor `https`.
    #[error("`{0}` is not a URL of the form https://host/path")]
    Url(String),
    /// `http` without the word that allows it.
    #[error("`{0}` is plain HTTP: say allow_plain_http = true if the line is closed, or use https")]
    PlainHttp(String),
    /// `https` without anybody to trust.
    #[error("`{0}` needs the certificates of the authorities to trust")]
    NoRoots(String),
    /// The host is no name that TLS can check.
    #[error("`{0}` is not a host name")]
    Host(String),
}

/// A body that is sent.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, io::Error>;

/// A body that is in memory.
pub(crate) fn full(bytes: impl Into<Bytes>) -> RequestBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Connections that nobody uses are closed by most servers after a minute.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// A client of one endpoint.
pub(crate) struct HttpClient {
    endpoint: Endpoint,
    host: String,
    port: u16,
    authority: HeaderValue,
    path: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    idle: Mutex<Vec<(SendRequest<RequestBody>, Instant)>>,
    permits: Arc<Semaphore>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("url", &self.endpoint.url).finish_non_exhaustive()
    }
}

/// What is asked of a call beside the request.
pub(crate) struct Call {
    pub(crate) request: Request<RequestBody>,
    /// Moves while the body goes out.
    pub(crate) progress: Progress,
    /// Bytes that the answer may have.
    pub(crate) limit: u64,
    /// How long it may take.
    pub(crate) whole: Duration,
}

impl HttpClient {
    pub(crate) fn new(endpoint: Endpoint) -> Result<Arc<Self>, EndpointError> {
        let url = || endpoint.url.clone();
        let uri: Uri = endpoint.url.parse().map_err(|_| EndpointError::Url(url()))?;
        let authority = uri.authority().ok_or_else(|| EndpointError::Url(url()))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        // A user or a query in the URL would be a secret in a log, or lost.
        if authority.as_str().contains('@') || uri.query().is_some() || host.is_empty() {
            return Err(EndpointError::Url(url()));
        }
        let tls = match (uri.scheme_str(), &endpoint.tls) {
            (Some("https"), Some(tls)) => {
                let name = ServerName::try_from(host.clone()).map_err(|_| EndpointError::Host(host.clone()))?;
                Some((TlsConnector::from(Arc::clone(&tls.config)), name))
            }
            (Some("https"), None) => return Err(EndpointError::NoRoots(url())),
            (Some("http"), _) if endpoint.allow_plain_http => None,
            (Some("http"), _) => return Err(EndpointError::PlainHttp(url())),
            _ => return Err(EndpointError::Url(url())),
        };
        let port = authority.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
        let authority = HeaderValue::from_str(authority.as_str()).map_err(|_| EndpointError::Url(url()))?;
        let path = uri.path().trim_end_matches('/').to_owned();
        let permits = Arc::new(Semaphore::new(endpoint.connections.clamp(1, 100)));
        Ok(Arc::new(Self { endpoint, host, port, authority, path, tls, idle: Mutex::default(), permits }))
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The path of an operation below the endpoint's.
    pub(crate) fn path(&self, operation: &str) -> String {
        format!("{}/{operation}", self.path)
    }

    /// A call with a short answer.
    pub(crate) fn call(&self, request: Request<RequestBody>) -> Call {
        Call { request, progress: Progress::default(), limit: self.endpoint.list_bytes, whole: self.endpoint.call_timeout }
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(self: &Arc<Self>, call: Call) -> Result<Reply, Error> {
        let deadline = tokio::time::Instant::now() + call.whole;
        let whole = Outage::Timeout { phase: Phase::Whole, limit: call.whole };
        let outcome = tokio::time::timeout_at(deadline, self.exchange(call.request, &call.progress)).await;
        let (response, connection) = outcome.map_err(|_| whole.clone())??;
        let (head, body) = response.into_parts();
        let rest = Rest { body, left: call.limit, limit: call.limit, deadline, whole, connection: Some(connection) };
        Ok(Reply { status: head.status, headers: head.headers, rest, client: Arc::clone(self) })
    }

    async fn exchange(
        &self,
        mut request: Request<RequestBody>,
        progress: &Progress,
    ) -> Result<(http::Response<Incoming>, Connection), Outage> {
        request.headers_mut().insert(header::HOST, self.authority.clone());
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Outage::Dropped("the client is closed".into()))?;
        loop {
            let (mut sender, is_reused) = match self.idle_connection().await {
                Some(sender) => (sender, true),
                None => (self.connect().await?, false),
            };
            match self.watch(sender.try_send_request(request), progress).await? {
                Ok(response) => return Ok((response, Connection { sender, _permit: permit })),
                Err(mut failure) => {
                    // The server had closed the idle connection: nothing has left this machine.
                    let unsent = failure.take_message().filter(|_| is_reused);
                    request = unsent.ok_or_else(|| outage_of(&failure.into_error()))?;
                }
            }
        }
    }

    /// Waits for an answer as long as something moves.
    async fn watch<T>(&self, answer: impl Future<Output = T>, progress: &Progress) -> Result<T, Outage> {
        let limit = self.endpoint.idle_timeout;
        let mut answer = std::pin::pin!(answer);
        progress.touch();
        loop {
            let until = progress.last() + limit;
            match tokio::time::timeout_at(until, &mut answer).await {
                Ok(answer) => return Ok(answer),
                Err(_) if progress.last() + limit > until => {}
                Err(_) => return Err(Outage::Timeout { phase: Phase::Idle, limit }),
            }
        }
    }

    async fn idle_connection(&self) -> Option<SendRequest<RequestBody>> {
        loop {
            let (mut sender, since) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let is_fresh = since.elapsed() < IDLE_CONNECTION;
            if is_fresh && matches!(tokio::time::timeout(Duration::from_millis(100), sender.ready()).await, Ok(Ok(()))) {
                return Some(sender);
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<RequestBody>, Outage> {
        let limit = self.endpoint.connect_timeout;
        let connected = tokio::time::timeout(limit, async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| match error.kind() {
                io::ErrorKind::ConnectionRefused => Outage::Refused(error.to_string()),
                _ => Outage::Unreachable(error.to_string()),
            })?;
            stream.set_nodelay(true).map_err(|error| Outage::Unreachable(error.to_string()))?;
            match &self.tls {
                None => handshake(stream).await,
                Some((connector, name)) => {
                    let stream = connector.connect(name.clone(), stream).await.map_err(|error| Outage::Tls(error.to_string()))?;
                    handshake(stream).await
                }
            }
        });
        connected.await.map_err(|_| Outage::Timeout { phase: Phase::Connect, limit })?
    }
}

async fn handshake(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<SendRequest<RequestBody>, Outage> {
    let (sender, connection) =
        http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(stream)).await.map_err(|error| outage_of(&error))?;
    // What ends the connection reaches whoever waits for its answer; nobody else has a use for it.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// A connection in use. Dropped before its answer is read to the end, it is closed.
struct Connection {
    sender: SendRequest<RequestBody>,
    _permit: OwnedSemaphorePermit,
}

/// The head of an answer, and the rest as it comes.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    rest: Rest,
    client: Arc<HttpClient>,
}

struct Rest {
    body: Incoming,
    left: u64,
    limit: u64,
    deadline: tokio::time::Instant,
    whole: Outage,
    connection: Option<Connection>,
}

impl Reply {
    /// The next bytes; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let limit = self.client.endpoint.idle_timeout;
        loop {
            let until = self.rest.deadline.min(tokio::time::Instant::now() + limit);
            let frame = tokio::time::timeout_at(until, self.rest.body.frame()).await.map_err(|_| {
                if until == self.rest.deadline { self.rest.whole.clone() } else { Outage::Timeout { phase: Phase::Idle, limit } }
            })?;
            let Some(frame) = frame else {
                if let Some(connection) = self.rest.connection.take() {
                    let mut idle = self.client.idle.lock().unwrap_or_else(PoisonError::into_inner);
                    idle.push((connection.sender, Instant::now()));
                }
                return Ok(None);
            };
            let Ok(bytes) = frame.map_err(|error| outage_of(&error))?.into_data() else { continue };
            self.rest.left = self.rest.left.checked_sub(bytes.len() as u64).ok_or(Outage::TooLong { limit: self.rest.limit })?;
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }

    /// How long the server asks to be left alone, where it says so in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds: u64 = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        // A day is longer than any maintenance; more is a mistake of the server's.
        Some(Duration::from_secs(seconds.min(86_400)))
    }
}

/// What a failure of the connection means, by its causes.
fn outage_of(error: &hyper::Error) -> Outage {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if let Some(changed) = one.downcast_ref::<crate::outgoing::SourceError>() {
            return Outage::Source(changed.to_string());
        }
        if let Some(tls) = one.downcast_ref::<rustls::Error>() {
            return Outage::Tls(tls.to_string());
        }
        // An I/O error shows its inner one only when asked for it.
        let inner = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => one.source(),
        };
    }
    if error.is_parse() {
        return Outage::Malformed(format!("not HTTP: {error}"));
    }
    let mut text = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        text = format!("{text}: {cause}");
    }
    Outage::Dropped(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_and_https_without_roots_are_refused() {
        let made = |url: &str, allow_plain_http| HttpClient::new(Endpoint { allow_plain_http, ..Endpoint::new(url) }).map(|_| ());
        let plain = "http://10.0.0.1:8080/knobstick";
        assert_eq!(made(plain, false), Err(EndpointError::PlainHttp(plain.into())));
        assert_eq!(made(plain, true), Ok(()));
        assert_eq!(made("https://axis.example", true), Err(EndpointError::NoRoots("https://axis.example".into())));
        for bad in ["axis.example", "ftp://axis.example", "http://user:pass@axis.example", "http://axis.example/?a=b", "http://", ""] {
            assert_eq!(made(bad, true), Err(EndpointError::Url(bad.into())), "{bad}");
        }
    }
}
