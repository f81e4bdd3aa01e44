//! VXP, the wire of the national axis (VPCP and VNPT's XRoad "knobstick"): every parameter a header, the headers signed.

mod sign;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use domain::time::{Date, Timestamp};
use futures::future::FutureExt as _;
use futures::stream::{BoxStream, StreamExt as _};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};

pub use self::sign::{HashFile, Signed, hash, moment, sign, timestamp};
pub(crate) use self::sign::{PREFIX, is_signed};

use crate::Clock;
use crate::answer::{Answering, Verdict, page_or_noise, raw};
use crate::axis::{Acknowledgement, AgencyRow, Answer, Axis, Directory, Listing, Message, Outgoing, Period, Received, Sent};
use crate::codes::Codes;
use crate::error::{Error, Outage};
use crate::http_client::{Endpoint, EndpointError, HttpClient, Reply, RequestBody, full};
use crate::json::{Head, Large, Plan};
use crate::outgoing::{Around, Progress};
use crate::rows;
use crate::secret::Secret;

/// How packets are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FetchBy {
    /// By `downloadEdoc` as long as the axis has it, else by `getEdoc`.
    #[default]
    Either,
    /// By `getEdoc`: base64 in JSON.
    GetEdoc,
    /// By `downloadEdoc`: the bytes as they are.
    DownloadEdoc,
}

/// How days are written in `fromDate` and `toDate`; nowhere documented for this wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DateForm {
    /// `2026/11/22`, as LGSP has it.
    #[default]
    YearFirst,
    /// `22/11/2026`.
    DayFirst,
    /// `2026-11-22`.
    Iso,
}

impl DateForm {
    fn write(self, day: Date) -> String {
        match self {
            Self::YearFirst => format!("{:04}/{:02}/{:02}", day.year(), day.month(), day.day()),
            Self::DayFirst => format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year()),
            Self::Iso => day.to_string(),
        }
    }
}

/// What is configured of a VXP axis. What the reference could not confirm is a choice here.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is.
    pub endpoint: Endpoint,
    /// `systemid`: the code of the connected centre (mã trung tâm liên thông).
    pub system_id: String,
    /// The key of the signatures.
    pub secret: Secret,
    /// `User-Agent`.
    pub user_agent: String,
    /// `XroadVnpt-version`.
    pub version: String,
    /// How `hash-file` is written.
    pub hash_file: HashFile,
    /// Whether CRLF follows the packet, as the vendor's library sends it.
    pub trailing_crlf: bool,
    /// How packets are fetched.
    pub fetch_by: FetchBy,
    /// How days are written.
    pub date_form: DateForm,
    /// What the error codes mean.
    pub codes: Codes,
}

impl Options {
    /// Options as the vendor's library has them.
    #[must_use]
    pub fn new(endpoint: Endpoint, system_id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self {
            endpoint,
            system_id: system_id.into(),
            secret: secret.into(),
            user_agent: "JAVASDKAgent/1.0.0 XRoad/VPCP".into(),
            version: "3.0.201608".into(),
            hash_file: HashFile::default(),
            trailing_crlf: true,
            fetch_by: FetchBy::default(),
            date_form: DateForm::default(),
            codes: Codes::default(),
        }
    }
}

/// An agency to register below our centre.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Registration {
    /// The row's id at the axis; empty for a new one.
    pub id: String,
    /// The code of the agency above.
    pub pcode: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its address for mail.
    pub mail: String,
    /// A telephone number.
    pub mobile: String,
    /// A fax number.
    pub fax: String,
}

/// A client of a VXP axis.
pub struct Client {
    http: Arc<HttpClient>,
    options: Options,
    clock: Clock,
    /// The axis has answered that it knows no `downloadEdoc`.
    has_no_download: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("vxp::Client").field("options", &self.options).finish_non_exhaustive()
    }
}

type Parameters = Vec<(&'static str, String)>;

const JSON: &str = "application/json";
const BINARY: &str = "application/octet-stream";

const STATUS: &[&str] = &["status", "ErrorCode", "ErrorDesc", "DocId", "count", "data"];
const SHORT: Plan = Plan { path: &[], large: Large::None, wanted: STATUS };
const ROWS: Plan = Plan { path: &["data"], large: Large::Rows, wanted: STATUS };
const TEXT: Plan = Plan { path: &["data"], large: Large::Text, wanted: &["status", "ErrorCode", "ErrorDesc"] };

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`EndpointError`] where the endpoint cannot be used.
    pub fn new(options: Options, clock: Clock) -> Result<Self, EndpointError> {
        let http = HttpClient::new(options.endpoint.clone())?;
        Ok(Self { http, options, clock, has_no_download: AtomicBool::new(false) })
    }

    /// Registers an agency below our centre. The axis does not protect the body of this call: use it over TLS only.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn register_agency(&self, agency: &Registration) -> Result<(), Error> {
        let body = serde_json::to_vec(agency).map_err(|error| Outage::Source(error.to_string()))?;
        self.short("registerAgency", vec![], full(body)).await.map(drop)
    }

    /// Takes an agency out of the directory.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn delete_agency(&self, code: &str) -> Result<(), Error> {
        self.short("deleteAgency", vec![("AgencyCode", code.into())], full("{}")).await.map(drop)
    }

    async fn short(&self, operation: &'static str, parameters: Parameters, body: RequestBody) -> Result<Head, Error> {
        let request = self.request(Method::POST, operation, parameters, JSON, body)?;
        let reply = self.http.send(self.http.call(request)).await?;
        Answering::new(reply, SHORT, self.verdict(Vec::new())).await?.head().await
    }

    async fn rows(&self, operation: &'static str, parameters: Parameters) -> Result<Answering, Error> {
        let request = self.request(Method::POST, operation, parameters, JSON, full(""))?;
        let mut call = self.http.call(request);
        call.whole *= 10;
        Answering::new(self.http.send(call).await?, ROWS, self.verdict(Vec::new())).await
    }

    async fn download(&self, doc_id: &str) -> Result<Reply, Error> {
        self.packet_call(Method::GET, "downloadEdoc", doc_id, full("")).await
    }

    async fn packet_call(&self, method: Method, operation: &'static str, doc_id: &str, body: RequestBody) -> Result<Reply, Error> {
        let request = self.request(method, operation, vec![("docId", doc_id.into())], JSON, body)?;
        let mut call = self.http.call(request);
        call.whole *= 10;
        call.limit = self.http.endpoint().packet_bytes;
        self.http.send(call).await
    }

    async fn fetch_packet(&self, doc_id: &str) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let by = match self.options.fetch_by {
            FetchBy::Either if self.has_no_download.load(Ordering::Relaxed) => FetchBy::GetEdoc,
            by => by,
        };
        if by != FetchBy::GetEdoc {
            let reply = self.download(doc_id).await?;
            let is_unknown = matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED);
            if by == FetchBy::DownloadEdoc || !is_unknown {
                return self.downloaded(reply).await;
            }
            self.has_no_download.store(true, Ordering::Relaxed);
        }
        let reply = self.packet_call(Method::POST, "getEdoc", doc_id, full("{}")).await?;
        Answering::new(reply, TEXT, self.verdict(Vec::new())).await?.packet().await
    }

    /// The bytes of a packet, unless they are an answer in JSON or a web page.
    async fn downloaded(&self, mut reply: Reply) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        if !reply.status.is_success() {
            Answering::new(reply, SHORT, self.verdict(Vec::new())).await?;
            return Err(Outage::Empty.into());
        }
        let is_page = reply.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let Some(first) = reply.next().await? else { return Err(Outage::Empty.into()) };
        let start = first.trim_ascii_start();
        if start.starts_with(b"{") {
            let head = Answering::new(reply, SHORT, self.verdict(Vec::new())).await?.behind(first).head().await;
            // An answer that says that all is well is no packet either.
            return Err(head.err().unwrap_or_else(|| Outage::Malformed("an answer came instead of a packet".into()).into()));
        }
        let lower = start.get(..start.len().min(14)).unwrap_or_default().to_ascii_lowercase();
        if is_page || lower.starts_with(b"<html") || lower.starts_with(b"<!doctype html") {
            return Err(page_or_noise(start).into());
        }
        Ok(raw(reply, first))
    }

    async fn send_packet(&self, outgoing: &Outgoing) -> Result<String, Error> {
        let mut parameters = vec![("servicetype", "eDoc".into()), ("messagetype", outgoing.message.as_str().into())];
        parameters.push(("from", outgoing.from.clone()));
        if !outgoing.to.is_empty() {
            parameters.push(("to", serde_json::Value::from(outgoing.to.clone()).to_string()));
        }
        parameters.push(("hash-file", self.options.hash_file.write(&outgoing.digest)));
        let pieces = outgoing.source.open().await.map_err(|error| Outage::Source(error.to_string()))?;
        let after = Bytes::from_static(if self.options.trailing_crlf { b"\r\n" } else { b"" });
        let around = Around { before: Bytes::new(), after, length: outgoing.length, digest: outgoing.digest };
        let (progress, length) = (Progress::default(), around.body_length());
        let mut request = self.request(Method::POST, "sendEdoc", parameters, BINARY, around.body(pieces, &progress))?;
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        let mut call = self.http.call(request);
        call.whole *= 10;
        call.progress = progress;
        let reply = self.http.send(call).await?;
        let head = Answering::new(reply, SHORT, self.verdict(outgoing.to.clone())).await?.head().await?;
        let doc_id = head.text("DocId").or_else(|| head.text("data"));
        doc_id.ok_or_else(|| Outage::Malformed("it has no `DocId`".into()).into())
    }

    fn list_parameters(&self, message: Message, period: Option<Period>) -> Parameters {
        let mut parameters = vec![("servicetype", "eDoc".into()), ("messagetype", message.as_str().into())];
        if let Some(period) = period {
            parameters.push(("fromDate", self.options.date_form.write(period.from)));
            parameters.push(("toDate", self.options.date_form.write(period.to)));
        }
        parameters
    }

    /// A request with its own parameters only: nothing of an earlier call goes along.
    fn request(
        &self,
        method: Method,
        operation: &'static str,
        parameters: Parameters,
        content_type: &'static str,
        body: RequestBody,
    ) -> Result<Request<RequestBody>, Error> {
        let at: Timestamp = (self.clock)();
        let mut all =
            vec![("systemid", self.options.system_id.clone()), ("timestamp", timestamp(at)), ("Content-Type", content_type.into())];
        all.extend(parameters);
        let signed = sign(self.options.secret.expose(), &all);
        all.push(("sign-header-key", signed.keys));
        all.push(("sign-header", signed.text));
        all.push(("hash-header", signed.hash));
        all.push(("version", self.options.version.clone()));
        let mut builder = Request::builder()
            .method(method)
            .uri(self.http.path(operation))
            .header(header::CONTENT_TYPE, content_type)
            .header(header::USER_AGENT, ascii("User-Agent", &self.options.user_agent)?);
        for (name, value) in &all {
            let header = HeaderName::from_bytes(format!("{PREFIX}{name}").as_bytes()).map_err(|_| not_ascii(name))?;
            builder = builder.header(header, ascii(name, value)?);
        }
        builder.body(body).map_err(|error| not_ascii(&error.to_string()))
    }

    fn verdict(&self, receivers: Vec<String>) -> Verdict {
        let codes = self.options.codes.clone();
        Arc::new(move |head| {
            let status = head.text("status").ok_or(Outage::MissingStatus("status"))?;
            let code = head.text("ErrorCode").unwrap_or_default();
            // Both must say so: neither alone is an answer that worked.
            if status.eq_ignore_ascii_case("OK") && (code.is_empty() || code == "0") {
                return Ok(());
            }
            Err(codes.error(&code, &head.text("ErrorDesc").unwrap_or_default(), &receivers))
        })
    }
}

/// Headers carry ASCII: 0x20 to 0x7e.
fn ascii(name: &str, value: &str) -> Result<HeaderValue, Error> {
    let is_ascii = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    HeaderValue::from_str(value).ok().filter(|_| is_ascii).ok_or_else(|| not_ascii(name))
}

fn not_ascii(name: &str) -> Error {
    Error::Final {
        code: Error::NOT_ASCII.into(),
        description: format!("`{name}` has letters that a header cannot carry"),
        receivers: Vec::new(),
    }
}

impl Axis for Client {
    fn received(&self, message: Message, period: Option<Period>) -> Answer<'_, Listing<Received>> {
        let parameters = self.list_parameters(message, period);
        async move { self.rows("getReceivedEdocList", parameters).await?.listing(self.http.endpoint().list_rows, rows::received).await }
            .boxed()
    }

    fn fetch<'a>(&'a self, doc_id: &'a str) -> Answer<'a, BoxStream<'static, Result<Bytes, Error>>> {
        self.fetch_packet(doc_id).boxed()
    }

    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> Answer<'a, String> {
        self.send_packet(outgoing).boxed()
    }

    fn acknowledge<'a>(&'a self, doc_id: &'a str, acknowledgement: Acknowledgement) -> Answer<'a, ()> {
        let parameters = vec![("docId", doc_id.into()), ("status", acknowledgement.as_str().into())];
        async move { self.short("updateStatus", parameters, full("{}")).await.map(drop) }.boxed()
    }

    fn sent<'a>(&'a self, message: Message, doc_id: Option<&'a str>, period: Option<Period>) -> Answer<'a, Listing<Sent>> {
        let mut parameters = self.list_parameters(message, period);
        if let Some(doc_id) = doc_id {
            parameters.push(("docId", doc_id.into()));
        }
        async move { self.rows("getSentEdocList", parameters).await?.listing(self.http.endpoint().list_rows, rows::sent).await }.boxed()
    }

    fn directory(&self, directory: Directory) -> Answer<'_, BoxStream<'static, Result<AgencyRow, Error>>> {
        async move {
            let (operation, parameters, after) = match directory {
                Directory::All => ("getAgenciesList", vec![], 0),
                Directory::Qd20 { level } => {
                    ("getAgenciesListQD20", level.map(|level| ("level", level.to_string())).into_iter().collect(), 0)
                }
                Directory::Changes { after } => ("getSynchronizeUnit", vec![], after),
            };
            let known = move |row: AgencyRow| (after == 0 || row.version > after).then_some(row);
            let answering = self.rows(operation, parameters).await?;
            Ok(answering.rows(move |wire| rows::agency(wire).and_then(known)).boxed())
        }
        .boxed()
    }

    fn count(&self, message: Message) -> Answer<'_, u64> {
        let operation = match message {
            Message::Edoc => "countReceiveEdoc",
            Message::Status => "countReceiveStatus",
        };
        let parameters = self.list_parameters(message, None);
        async move {
            let head = self.short(operation, parameters, full("{}")).await?;
            let count = head.text("count").and_then(|count| count.parse().ok());
            count.ok_or_else(|| Outage::Malformed("it has no `count`".into()).into())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        let endpoint = Endpoint { allow_plain_http: true, ..Endpoint::new("http://127.0.0.1:9/base/") };
        Client::new(Options::new(endpoint, "H12", "s3cr3t-test"), Arc::new(|| Timestamp::from_micros(1_795_287_798_434_000))).unwrap()
    }

    #[test]
    fn a_request_carries_its_own_parameters_and_their_signature() {
        let client = client();
        let request = |parameters| client.request(Method::POST, "updateStatus", parameters, JSON, full("{}")).unwrap();
        request(vec![("docId", "1".into())]);
        let request = request(vec![("status", "done".into())]);
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(request.uri(), "/base/updateStatus");
        let text = r#"{"XroadVnpt-systemid":"H12","XroadVnpt-timestamp":"22112026T020318+0434","XroadVnpt-Content-Type":"application/json","XroadVnpt-status":"done"}"#;
        assert_eq!(header("XroadVnpt-sign-header").as_deref(), Some(text));
        assert_eq!(header("XroadVnpt-sign-header-key").as_deref(), Some("systemid;timestamp;Content-Type;status"));
        assert_eq!(header("XroadVnpt-hash-header"), Some(hash("s3cr3t-test", text)));
        assert_eq!(header("XroadVnpt-Content-Type").as_deref(), Some("application/json"));
        assert_eq!(header("User-Agent").as_deref(), Some("JAVASDKAgent/1.0.0 XRoad/VPCP"));
        assert_eq!(header("XroadVnpt-version").as_deref(), Some("3.0.201608"));
        assert_eq!(header("XroadVnpt-docId"), None);
    }

    #[test]
    fn letters_that_a_header_cannot_carry_are_refused_for_good() {
        for value in ["Sở", "a\nb", "a\tb", "\u{7f}"] {
            let refused = client().request(Method::POST, "updateStatus", vec![("docId", value.into())], JSON, full("{}"));
            assert!(matches!(refused, Err(Error::Final { code, .. }) if code == Error::NOT_ASCII), "{value:?}");
        }
    }

    #[test]
    fn days_are_written_in_the_form_that_is_configured() {
        let day = "2026-11-02".parse().unwrap();
        let written = [DateForm::YearFirst, DateForm::DayFirst, DateForm::Iso].map(|form| form.write(day));
        assert_eq!(written, ["2026/11/02", "02/11/2026", "2026-11-02"]);
    }

    #[test]
    fn the_secret_is_in_no_debug_output() {
        let shown = format!("{:?} {:?}", client(), client().options);
        assert!(!shown.contains("s3cr3t-test") && shown.contains("H12"), "{shown}");
    }
}
