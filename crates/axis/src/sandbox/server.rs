//! Connections to the sandbox: TLS or not, faults before and after, one of two wires.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming as RequestBody;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::exchange::{Core, Failure};
use super::intake::Incoming;
use super::reply::{Answer, answer, cut, full, json};
use super::{lgsp, vxp};
use crate::tls::{TlsError, certificates, private_key};

/// Connections at a time.
const CONNECTIONS: usize = 1_024;
/// How long a client may be silent in the middle of a request.
const IDLE: Duration = Duration::from_secs(60);
/// A request without a packet.
const SHORT_BODY: usize = 64 * 1024;

pub(crate) fn tls(chain: &[u8], key: &[u8]) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?.with_no_client_auth();
    let config = builder.with_single_cert(certificates(chain, "certificate")?, private_key(key)?)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves both wires until it is aborted.
pub(crate) async fn serve(core: Arc<Core>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    // Connections end with the task that took them.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        drop(stream.set_nodelay(true));
        let (core, tls) = (Arc::clone(&core), tls.clone());
        connections.spawn(async move {
            let _permit = permit;
            match tls {
                None => connection(core, stream).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(IDLE, tls.accept(stream)).await {
                        connection(core, stream).await;
                    }
                }
            }
        });
    }
}

async fn connection(core: Arc<Core>, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let service = service_fn(move |request| {
        let core = Arc::clone(&core);
        async move { respond(&core, request).await }
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(IDLE).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended");
    }
}

/// The connection ends here, by a switch or because the client has gone.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped")]
pub(crate) struct Dropped;

/// What a wire made of a request.
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    /// Something was promised by it: its loss is the nastiest of faults.
    pub(crate) has_changed: bool,
}

async fn respond(core: &Arc<Core>, request: Request<RequestBody>) -> Result<Answer, Dropped> {
    let faults = core.dice.faults();
    if core.dice.roll(|faults| faults.latency) {
        tokio::time::sleep(Duration::from_millis(faults.latency_ms)).await;
    }
    let is_lgsp = request.uri().path().split('/').any(|part| part == "v1");
    let early = if core.dice.roll(|faults| faults.bad_gateway) {
        Some(answer(StatusCode::BAD_GATEWAY, "text/html", full("<html><body><h1>502 Bad Gateway</h1></body></html>")))
    } else if core.dice.roll(|faults| faults.web_page) {
        Some(answer(StatusCode::OK, "text/html", full("<html><body>Hệ thống đang bảo trì</body></html>")))
    } else if core.dice.roll(|faults| faults.empty_answer) {
        Some(answer(StatusCode::OK, "application/json", full("")))
    } else if core.dice.roll(|faults| faults.missing_status) {
        Some(json(&json!({"data": []})))
    } else if core.dice.roll(|faults| faults.unknown_code) {
        Some(refused(is_lgsp, "777", "Lỗi không xác định"))
    } else if core.dice.roll(|faults| faults.system_error) {
        Some(refused(is_lgsp, "20", "Lỗi hệ thống trục"))
    } else if core.dice.roll(|faults| faults.wrong_secret) {
        Some(refused(is_lgsp, "15", "Sai SystemId hoặc SecretKey"))
    } else {
        None
    };
    if let Some(early) = early {
        drain(core, request.into_body()).await;
        return Ok(early);
    }
    let outcome = if is_lgsp { lgsp::respond(core, request).await? } else { vxp::respond(core, request).await? };
    if outcome.has_changed && core.dice.roll(|faults| faults.lose_answer) {
        return Err(Dropped);
    }
    if outcome.has_changed && core.dice.roll(|faults| faults.hang_answer) {
        return std::future::pending().await;
    }
    if core.dice.roll(|faults| faults.drop_answer) {
        return Ok(cut(outcome.answer).await);
    }
    Ok(outcome.answer)
}

/// A refusal in the words of a wire.
pub(crate) fn refused(is_lgsp: bool, code: &str, words: &str) -> Answer {
    if is_lgsp { lgsp::refused(code, words) } else { vxp::refused(code, words) }
}

/// A failure in the words of a wire.
pub(crate) fn failed(is_lgsp: bool, failure: &Failure) -> Answer {
    match failure {
        Failure::Refused(refusal) => refused(is_lgsp, refusal.code, &refusal.words),
        Failure::TooLarge => answer(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", full("")),
        Failure::Io(error) => {
            tracing::error!(%error, "the sandbox cannot do its work");
            refused(is_lgsp, "20", "Lỗi hệ thống trục")
        }
    }
}

/// The next bytes of a request; none at its end.
pub(crate) async fn next(body: &mut RequestBody) -> Result<Option<bytes::Bytes>, Dropped> {
    loop {
        match tokio::time::timeout(IDLE, body.frame()).await {
            Err(_) | Ok(Some(Err(_))) => return Err(Dropped),
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

/// A short request in memory.
pub(crate) async fn short(body: &mut RequestBody) -> Result<Vec<u8>, Dropped> {
    let mut bytes = Vec::new();
    while let Some(piece) = next(body).await? {
        if bytes.len() + piece.len() > SHORT_BODY {
            return Err(Dropped);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Reads a request to its end, so that a client that only sends gets to hear the answer; not for ever.
pub(crate) async fn drain(core: &Core, mut body: RequestBody) {
    let mut left = core.options.packet_bytes.saturating_mul(2);
    while let Ok(Some(piece)) = next(&mut body).await {
        match left.checked_sub(piece.len() as u64) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// A packet of a request on its way to the disk.
pub(crate) struct Intake {
    incoming: Result<Incoming, Failure>,
    /// After so many bytes the connection is dropped.
    drop_after: Option<u64>,
    seen: u64,
}

impl Intake {
    pub(crate) fn new(core: &Core) -> Self {
        let oversize = core.dice.roll(|faults| faults.oversize);
        let incoming = if oversize { Err(Failure::TooLarge) } else { core.incoming().map_err(Failure::Io) };
        Self { incoming, drop_after: core.dice.roll(|faults| faults.drop_request).then_some(512), seen: 0 }
    }

    /// Keeps bytes. A packet that cannot be kept is read on: its sender is told at the end.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Dropped> {
        self.seen += bytes.len() as u64;
        if self.drop_after.is_some_and(|limit| self.seen > limit) {
            return Err(Dropped);
        }
        if let Ok(incoming) = &mut self.incoming
            && let Err(error) = incoming.write(bytes)
        {
            self.incoming = Err(super::intake::FinishError::Keep(error).into());
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Incoming, Failure> {
        self.incoming
    }
}
