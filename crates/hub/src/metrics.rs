//! What is counted, and the page that Prometheus reads. Labels come from closed sets.

mod axis;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use domain::axis::Connection;
use domain::signature::{SignatureReport, Verdict};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::axis::AxisMetrics;
use crate::shared::stopped;

/// Wait after the system refused to accept, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: String,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToolLabels {
    tool: &'static str,
    verdict: &'static str,
    weak_digest: &'static str,
}

/// Parts of the names of signing programs in use (small letters), and the label of each: what a file says is anybody's claim and
/// never becomes a label itself. The first that fits counts.
const TOOLS: [(&str, &str); 14] = [
    ("vgca", "vgca"),
    ("ban co yeu", "vgca"),
    ("smartca", "vnpt"),
    ("vnpt", "vnpt"),
    ("viettel", "viettel"),
    ("mysign", "viettel"),
    ("bkav", "bkav"),
    ("fpt", "fpt"),
    ("misa", "misa"),
    ("pdf tool", "pdf_tool"),
    ("itext", "itext"),
    ("openpdf", "openpdf"),
    ("adobe", "adobe"),
    ("foxit", "foxit"),
];

fn tool_label(tool: &str) -> &'static str {
    let small = tool.to_lowercase();
    match TOOLS.iter().find(|(part, _)| small.contains(part)) {
        Some((_, label)) => label,
        None if tool.is_empty() => "unknown",
        None => "other",
    }
}

/// All metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    calls: Family<CallLabels, Counter>,
    call_seconds: Histogram,
    entries: Counter,
    groups: Counter,
    sync_seconds: Histogram,
    verdicts: Family<VerdictLabels, Counter>,
    tools: Family<ToolLabels, Counter>,
    verdict_changes: Family<VerdictLabels, Counter>,
    free_bytes: Gauge<i64>,
    streams: Gauge<i64>,
    applied: Gauge<u64, AtomicU64>,
    axis: AxisMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("vanthu");
        let calls = Family::default();
        let call_seconds = Histogram::new(exponential_buckets(0.0005, 2.0, 18));
        let (entries, groups) = (Counter::default(), Counter::default());
        let sync_seconds = Histogram::new(exponential_buckets(0.0001, 2.0, 16));
        let (verdicts, tools) = (Family::default(), Family::default());
        let verdict_changes = Family::default();
        let (free_bytes, streams, applied) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("calls", "Calls answered, by method and gRPC code", calls.clone());
        registry.register_with_unit("call_duration", "Time from a call to the head of its answer", Unit::Seconds, call_seconds.clone());
        registry.register("journal_entries", "Journal entries made durable", entries.clone());
        registry.register("journal_groups", "Groups of entries, one sync each", groups.clone());
        registry.register_with_unit("journal_append", "Time to write and sync one group", Unit::Seconds, sync_seconds.clone());
        registry.register("signatures", "Signatures judged, by main indication", verdicts.clone());
        let help = "Signatures judged, by signing program, main indication, and whether they are intact by a weak digest";
        registry.register("signatures_by_tool", help, tools.clone());
        registry.register("verdict_changes", "Verdicts that new trust data changed, by what they are since", verdict_changes.clone());
        registry.register_with_unit("free", "Free space where data lies", Unit::Bytes, free_bytes.clone());
        registry.register("open_watches", "Watch streams that are open", streams.clone());
        registry.register("applied_sequence", "Last journal entry that the tables hold", applied.clone());
        let axis = AxisMetrics::register(&mut registry);
        Self {
            registry: Arc::new(registry),
            calls,
            call_seconds,
            entries,
            groups,
            sync_seconds,
            verdicts,
            tools,
            verdict_changes,
            free_bytes,
            streams,
            applied,
            axis,
        }
    }
}

impl Metrics {
    /// A call was answered. `method` is the path of a known method, or `unknown`.
    pub fn call(&self, method: &str, code: tonic::Code, took: Duration) {
        let labels = CallLabels { method: method.to_owned(), code: code_name(code) };
        self.calls.get_or_create(&labels).inc();
        self.call_seconds.observe(took.as_secs_f64());
    }

    /// A group became durable.
    pub fn journal_group(&self, entries: usize, took: Duration) {
        self.entries.inc_by(entries as u64);
        self.groups.inc();
        self.sync_seconds.observe(took.as_secs_f64());
    }

    /// A signature was judged.
    pub fn verdict(&self, signature: &SignatureReport) {
        let verdict = verdict_name(signature.verdict);
        self.verdicts.get_or_create(&VerdictLabels { verdict }).inc();
        let weak_digest = if signature.weak_digest && signature.intact { "yes" } else { "no" };
        self.tools.get_or_create(&ToolLabels { tool: tool_label(&signature.signing_tool), verdict, weak_digest }).inc();
    }

    /// New trust data changed a verdict to this one.
    pub fn verdict_changed(&self, now: Verdict) {
        self.verdict_changes.get_or_create(&VerdictLabels { verdict: verdict_name(now) }).inc();
    }

    /// Free space was looked at.
    pub fn free_bytes(&self, bytes: u64) {
        self.free_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// The tables were brought to this entry.
    pub fn applied(&self, seq: u64) {
        self.applied.set(seq);
    }

    /// A connection to an axis was looked at.
    pub fn axis(&self, connection: &Connection, view: &crate::axis::View) {
        self.axis.set(connection, view);
    }

    /// A watch is open until the guard is dropped.
    pub fn watch_opened(&self) -> WatchGuard {
        self.streams.inc();
        WatchGuard(self.streams.clone())
    }

    /// The page.
    pub fn page(&self) -> String {
        let mut page = String::new();
        if encode(&mut page, &self.registry).is_err() {
            page.clear();
        }
        page
    }

    /// Serves the page over HTTP until `stop` turns true.
    pub async fn serve(self, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        loop {
            let accepted = tokio::select! {
                () = stopped(&mut stop) => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let metrics = self.clone();
            tokio::spawn(async move {
                let answer = service_fn(|request: http::Request<hyper::body::Incoming>| {
                    let found = request.uri().path() == "/metrics";
                    let page = if found { metrics.page() } else { "see /metrics\n".to_owned() };
                    async move {
                        http::Response::builder()
                            .status(if found { 200 } else { 404 })
                            .header("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
                            .body(Full::new(Bytes::from(page)))
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                // A reader of metrics that hangs is let go; what went wrong on its connection concerns nobody.
                drop(tokio::time::timeout(Duration::from_secs(10), connection).await);
            });
        }
    }
}

/// Counts one open watch.
pub struct WatchGuard(Gauge<i64>);

impl Drop for WatchGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::TotalPassed => "total_passed",
        Verdict::Indeterminate => "indeterminate",
        Verdict::TotalFailed => "total_failed",
    }
}

const fn code_name(code: tonic::Code) -> &'static str {
    match code {
        tonic::Code::Ok => "OK",
        tonic::Code::Cancelled => "CANCELLED",
        tonic::Code::Unknown => "UNKNOWN",
        tonic::Code::InvalidArgument => "INVALID_ARGUMENT",
        tonic::Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        tonic::Code::NotFound => "NOT_FOUND",
        tonic::Code::AlreadyExists => "ALREADY_EXISTS",
        tonic::Code::PermissionDenied => "PERMISSION_DENIED",
        tonic::Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        tonic::Code::FailedPrecondition => "FAILED_PRECONDITION",
        tonic::Code::Aborted => "ABORTED",
        tonic::Code::OutOfRange => "OUT_OF_RANGE",
        tonic::Code::Unimplemented => "UNIMPLEMENTED",
        tonic::Code::Internal => "INTERNAL",
        tonic::Code::Unavailable => "UNAVAILABLE",
        tonic::Code::DataLoss => "DATA_LOSS",
        tonic::Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_programs_are_told_apart_by_a_closed_set_of_labels() {
        for (tool, label) in [
            ("VGCASignService 1.0.11 ©2014 VGCA - Ban Co yeu Chinh phu", "vgca"),
            ("SmartCA (c) VNPT 2025", "vnpt"),
            ("PDF Tool 4.1.6.0", "pdf_tool"),
            ("iTextSharp 5.5.5 ©2000-2014 iText Group NV", "itext"),
            ("pdf", "other"),
            ("verdict=\"x\"", "other"),
            ("", "unknown"),
        ] {
            assert_eq!(tool_label(tool), label, "{tool}");
        }
    }
}
