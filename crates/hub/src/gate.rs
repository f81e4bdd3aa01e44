//! The gate: every call passes it. It turns the peer into a caller, holds to the limits of that principal, and sees to deadlines,
//! spans, metrics and panics. Whether the caller may do what it asks is for the rules to say, not for the gate.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use api::status::Failure;
use domain::principal::{self, Caller};
use futures::FutureExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;
use tonic::codegen::Service;
use tower::Layer;
use tracing::Instrument;

use crate::config::Limits;
use crate::identity::Peer;
use crate::metrics::Metrics;
use store::tables::Tables;

/// Methods that run as long as their stream does.
const STREAMS: [&str; 5] = ["WriteUpload", "ReadPayload", "WatchDeliveries", "WatchDocuments", "ServerReflectionInfo"];

/// Wraps the router.
#[derive(Clone)]
pub struct GateLayer {
    shared: Arc<Shared>,
}

struct Shared {
    tables: Tables,
    limits: Limits,
    metrics: Metrics,
    usage: Mutex<HashMap<principal::Id, Usage>>,
}

/// What one principal uses now.
struct Usage {
    calls: Arc<Semaphore>,
    tokens: f64,
    refilled: Instant,
}

impl GateLayer {
    /// A gate over these principals and limits.
    pub fn new(tables: Tables, limits: Limits, metrics: Metrics) -> Self {
        Self { shared: Arc::new(Shared { tables, limits, metrics, usage: Mutex::new(HashMap::new()) }) }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, shared: Arc::clone(&self.shared) }
    }
}

/// The router behind the gate.
#[derive(Clone)]
pub struct Gate<S> {
    inner: S,
    shared: Arc<Shared>,
}

type Answer = http::Response<Body>;

impl<S> Service<http::Request<Body>> for Gate<S>
where
    S: Service<http::Request<Body>, Response = Answer, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let ready = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, ready);
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let begun = Instant::now();
            let path = request.uri().path().to_owned();
            let (answer, admitted) = match shared.admit(&request) {
                Ok((caller, place)) => {
                    let span = tracing::info_span!("call", method = %path, principal = %caller.principal);
                    (shared.pass(inner, request, caller, place, &path).instrument(span).await, true)
                }
                Err(failure) => (failure.into_status().into_http(), false),
            };
            let code = tonic::Status::from_header_map(answer.headers()).map_or(tonic::Code::Ok, |status| status.code());
            // Only the router knows which paths are methods; any other path is the caller's own text and must not become a label.
            let method = if admitted && code != tonic::Code::Unimplemented { path.as_str() } else { "unknown" };
            shared.metrics.call(method, code, begun.elapsed());
            tracing::debug!(method, ?code, "answered");
            Ok(answer)
        })
    }
}

impl Shared {
    /// The caller behind the connection's certificate, and its place among its own calls.
    fn admit(&self, request: &http::Request<Body>) -> Result<(Caller, OwnedSemaphorePermit), Failure> {
        let peer = request.extensions().get::<Arc<Peer>>().ok_or(Failure::Unauthenticated)?;
        let principal = principal::by_credentials(&self.tables, &peer.credentials).map_err(|fault| Failure::Refused(fault.into()))?;
        let caller = principal.as_ref().and_then(Caller::of).ok_or_else(|| {
            if peer.note_refused() {
                tracing::warn!(address = %peer.address, "a certificate that is not enrolled, or revoked, was shown");
            }
            Failure::Unauthenticated
        })?;
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = f64::from(self.limits.calls_per_second);
        let own = usage.entry(caller.principal.clone()).or_insert_with(|| Usage {
            calls: Arc::new(Semaphore::new(self.limits.concurrent_calls)),
            tokens: rate,
            refilled: Instant::now(),
        });
        own.tokens = (own.tokens + own.refilled.elapsed().as_secs_f64() * rate).min(rate);
        own.refilled = Instant::now();
        let wait = Duration::from_secs_f64(1.0 / rate.max(1.0));
        if own.tokens < 1.0 {
            return Err(Failure::Overloaded { retry_after: wait.max(Duration::from_millis(100)) });
        }
        let place = Arc::clone(&own.calls).try_acquire_owned().map_err(|_| Failure::Overloaded { retry_after: Duration::from_secs(1) })?;
        own.tokens -= 1.0;
        Ok((caller, place))
    }

    async fn pass<S>(
        &self,
        mut inner: S,
        mut request: http::Request<Body>,
        caller: Caller,
        place: OwnedSemaphorePermit,
        path: &str,
    ) -> Answer
    where
        S: Service<http::Request<Body>, Response = Answer, Error = Infallible>,
    {
        request.extensions_mut().insert(caller);
        let streams = path.rsplit('/').next().is_some_and(|method| STREAMS.contains(&method));
        let deadline = if streams { Duration::MAX } else { self.limits.call_deadline.0 };
        let handled = AssertUnwindSafe(tokio::time::timeout(deadline, inner.call(request))).catch_unwind().await;
        let failure = match handled {
            Ok(Ok(Ok(answer))) => return answer.map(|body| Body::new(Held { body, _place: place })),
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_)) => Failure::DeadlineExceeded,
            Err(_) => {
                tracing::error!(method = path, "a handler panicked; this is a fault of the hub");
                Failure::Internal
            }
        };
        failure.into_status().into_http()
    }
}

/// A body that keeps its call's place until it has been sent or given up.
struct Held {
    body: Body,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = bytes::Bytes;
    type Error = tonic::Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<bytes::Bytes>, tonic::Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
