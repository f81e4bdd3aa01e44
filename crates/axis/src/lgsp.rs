//! LGSP, the wire of provincial platforms (guide v2.2): JSON and multipart over a token that is renewed.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use domain::time::{Date, Timestamp};
use futures::future::FutureExt as _;
use futures::stream::{BoxStream, StreamExt as _};
use http::{HeaderValue, Method, Request, StatusCode, header};
use serde_json::json;
use tokio::sync::Mutex;

use crate::Clock;
use crate::answer::{Answering, Verdict};
use crate::axis::{Acknowledgement, AgencyRow, Answer, Axis, Directory, Listing, Message, Outgoing, Period, Received, Sent};
use crate::codes::Codes;
use crate::error::{Error, Outage};
use crate::http_client::{Call, Endpoint, EndpointError, HttpClient, Reply, RequestBody, full};
use crate::json::{Head, Large, Plan};
use crate::outgoing::{Around, Progress};
use crate::rows;
use crate::secret::Secret;

/// What is configured of an LGSP.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is; the operations are below its `/v1`.
    pub endpoint: Endpoint,
    /// Who logs in.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// `applicationCode` of the login.
    pub application_code: String,
    /// `X-SystemId`.
    pub system_id: String,
    /// `X-SecretKey`.
    pub secret_key: Secret,
    /// How long before its half hour is over a token is renewed, and after how long it is at the latest.
    pub token_seconds: u32,
    /// Days that are asked for where no period is given: the operation needs one.
    pub days: u16,
    /// What the error codes mean.
    pub codes: Codes,
}

impl Options {
    /// Options by the guide: tokens used for 25 of their 30 minutes, lists of the last 30 days.
    #[must_use]
    pub fn new(endpoint: Endpoint, user: (impl Into<String>, impl Into<Secret>), system: (impl Into<String>, impl Into<Secret>)) -> Self {
        Self {
            endpoint,
            username: user.0.into(),
            password: user.1.into(),
            application_code: "LGSP".into(),
            system_id: system.0.into(),
            secret_key: system.1.into(),
            token_seconds: 25 * 60,
            days: 30,
            codes: Codes::default(),
        }
    }
}

/// A client of an LGSP.
pub struct Client {
    http: Arc<HttpClient>,
    options: Options,
    clock: Clock,
    token: Mutex<Option<Token>>,
}

/// What a login gave.
#[derive(Clone)]
struct Token {
    text: Secret,
    since: Timestamp,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("lgsp::Client").field("options", &self.options).finish_non_exhaustive()
    }
}

const FIELDS: &[&str] = &[
    "success",
    "message",
    "docId",
    "count",
    "data",
    "errorCode",
    "errorDesc",
    "data.token",
    "data.docId",
    "data.errorCode",
    "data.errorDesc",
];
/// The path is gone down for the short fields in `data`; nothing is at its end.
const SHORT: Plan = Plan { path: &["data", ""], large: Large::None, wanted: FIELDS };
const ROWS: Plan = Plan { path: &["data"], large: Large::Rows, wanted: &["success", "message", "data", "count", "errorCode", "errorDesc"] };
const PACKET: Plan = Plan { path: &["data", "edxml"], large: Large::Text, wanted: FIELDS };

/// A boundary that no XML text can hold on a line of its own.
const BOUNDARY: &str = "----vanthu-edxml-3f1c9a72d05e4b68";

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`EndpointError`] where the endpoint cannot be used.
    pub fn new(options: Options, clock: Clock) -> Result<Self, EndpointError> {
        let http = HttpClient::new(options.endpoint.clone())?;
        Ok(Self { http, options, clock, token: Mutex::new(None) })
    }

    /// A token that is still good; `stale` is one that the server has just refused.
    async fn token(&self, stale: Option<&Token>) -> Result<Token, Error> {
        let mut kept = self.token.lock().await;
        let now = (self.clock)();
        let is_good = |token: &Token| {
            let age = now.seconds() - token.since.seconds();
            (0..i64::from(self.options.token_seconds)).contains(&age) && stale.is_none_or(|stale| stale.text != token.text)
        };
        if let Some(token) = kept.as_ref().filter(|token| is_good(token)) {
            return Ok(token.clone());
        }
        *kept = None;
        let token = Token { text: self.login().await?.into(), since: now };
        Ok(kept.insert(token).clone())
    }

    async fn login(&self) -> Result<String, Error> {
        let body = json!({
            "username": self.options.username, "password": self.options.password.expose(),
            "applicationCode": self.options.application_code, "otp": null, "twoFactorProvider": null, "typeObjs": [0, 1],
        });
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.http.path("v1/auth/login?allow_anonymous=true"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(full(body.to_string()))
            .map_err(|error| Outage::Source(error.to_string()))?;
        let reply = self.http.send(self.http.call(request)).await?;
        let codes = self.options.codes.clone();
        // A login that is refused is one of wrong credentials, whatever else it says.
        let verdict: Verdict = Arc::new(move |head| match succeeded(head)? {
            true => Ok(()),
            false => match fault_of(head, &codes, &[]) {
                fault @ Error::Retriable { why: Outage::Fault { .. }, .. } => Err(fault),
                _ => Err(Error::StopConnector { code: "login".into(), description: head.text("message").unwrap_or_default() }),
            },
        });
        let head = Answering::new(reply, SHORT, verdict).await?.head().await?;
        head.text("data.token").ok_or_else(|| Outage::Malformed("the login has no `data.token`".into()).into())
    }

    /// Makes the call with a token, once again with a new one if the server does not know it any more. `call` makes the request
    /// anew for each attempt: a packet is read from its start again.
    async fn with_token<F>(&self, call: impl Fn() -> F) -> Result<Reply, Error>
    where
        F: Future<Output = Result<(http::request::Builder, RequestBody, Shape), Error>>,
    {
        let token = self.token(None).await?;
        let reply = self.send_with(&token, call().await?).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        let token = self.token(Some(&token)).await?;
        let reply = self.send_with(&token, call().await?).await?;
        if reply.status == StatusCode::UNAUTHORIZED {
            let description = "a token of a moment ago is not accepted".into();
            return Err(Error::StopConnector { code: "HTTP 401".into(), description });
        }
        Ok(reply)
    }

    async fn send_with(&self, token: &Token, (builder, body, shape): (http::request::Builder, RequestBody, Shape)) -> Result<Reply, Error> {
        let secret = |text: String| {
            let mut value = HeaderValue::from_str(&text).map_err(|_| Error::Final {
                code: Error::NOT_ASCII.into(),
                description: "a credential has letters that a header cannot carry".into(),
                receivers: Vec::new(),
            })?;
            value.set_sensitive(true);
            Ok::<_, Error>(value)
        };
        let request = builder
            .header(header::AUTHORIZATION, secret(format!("Bearer {}", token.text.expose()))?)
            .header("X-SystemId", secret(self.options.system_id.clone())?)
            .header("X-SecretKey", secret(self.options.secret_key.expose().to_owned())?)
            .body(body)
            .map_err(|error| Outage::Source(error.to_string()))?;
        let Call { request, progress, limit, whole } = self.http.call(request);
        let call = match shape {
            Shape::Short => Call { request, progress, limit, whole },
            Shape::Long => Call { request, progress, limit, whole: whole * 10 },
            Shape::Fetch => Call { request, progress, limit: self.http.endpoint().packet_bytes * 2, whole: whole * 10 },
            Shape::Send(progress) => Call { request, progress, limit, whole: whole * 10 },
        };
        self.http.send(call).await
    }

    fn get(&self, operation: &str, query: &[(&str, &str)]) -> http::request::Builder {
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        Request::builder().method(Method::GET).uri(format!("{}{mark}{}", self.http.path(&format!("v1/{operation}")), query.join("&")))
    }

    fn verdict(&self, receivers: Vec<String>) -> Verdict {
        let codes = self.options.codes.clone();
        Arc::new(move |head| if succeeded(head)? { Ok(()) } else { Err(fault_of(head, &codes, &receivers)) })
    }

    async fn list(&self, message: Message, period: Option<Period>) -> Result<Answering, Error> {
        let period = period.unwrap_or_else(|| self.last_days());
        let (from, to) = (day(period.from), day(period.to));
        let query = [("messageType", message.as_str()), ("fromDate", &from), ("toDate", &to)];
        let reply = self.with_token(async || Ok((self.get("syncReceivedEdocList", &query), full(""), Shape::Long))).await?;
        Answering::new(reply, ROWS, self.verdict(Vec::new())).await
    }

    fn last_days(&self) -> Period {
        let now = (self.clock)();
        let back = Timestamp::from_seconds(now.seconds() - i64::from(self.options.days) * 86_400);
        Period { from: back.date_in_vietnam(), to: now.date_in_vietnam() }
    }

    async fn send_packet(&self, outgoing: &Outgoing) -> Result<String, Error> {
        if !outgoing.to.is_empty() {
            return Err(Error::Unsupported("sending to some of a packet's receivers"));
        }
        let before = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"messageType\"\r\n\r\n{}\r\n--{BOUNDARY}\r\n\
             Content-Disposition: form-data; name=\"edocFile\"; filename=\"packet.edxml\"\r\nContent-Type: application/xml\r\n\r\n",
            outgoing.message.as_str()
        );
        let after = format!("\r\n--{BOUNDARY}--\r\n");
        let reply = self
            .with_token(async || {
                let pieces = outgoing.source.open().await.map_err(|error| Outage::Source(error.to_string()))?;
                let (before, after) = (before.clone().into(), after.clone().into());
                let around = Around { before, after, length: outgoing.length, digest: outgoing.digest };
                let progress = Progress::default();
                let builder = Request::builder()
                    .method(Method::POST)
                    .uri(self.http.path("v1/sendEdoc"))
                    .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
                    .header(header::CONTENT_LENGTH, around.body_length());
                Ok((builder, around.body(pieces, &progress), Shape::Send(progress)))
            })
            .await?;
        let head = Answering::new(reply, SHORT, self.verdict(Vec::new())).await?.head().await?;
        let doc_id = head.text("docId").or_else(|| head.text("data.docId"));
        doc_id.ok_or_else(|| Outage::Malformed("it has no `docId`".into()).into())
    }
}

/// What is asked of a call beside its request.
enum Shape {
    Short,
    Long,
    Fetch,
    Send(Progress),
}

fn succeeded(head: &Head) -> Result<bool, Error> {
    let success = head.text("success").ok_or(Outage::MissingStatus("success"))?;
    Ok(success.eq_ignore_ascii_case("true"))
}

fn fault_of(head: &Head, codes: &Codes, receivers: &[String]) -> Error {
    let first = |names: [&str; 2]| names.into_iter().find_map(|name| head.text(name));
    let code = first(["data.errorCode", "errorCode"]).unwrap_or_default();
    let description = first(["data.errorDesc", "errorDesc"]).or_else(|| head.text("message")).unwrap_or_default();
    codes.error(&code, &description, receivers)
}

fn day(date: Date) -> String {
    format!("{:04}/{:02}/{:02}", date.year(), date.month(), date.day())
}

/// A value in a query: RFC 3986, 2.3, all but the unreserved.
fn percent_encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

impl Axis for Client {
    fn received(&self, message: Message, period: Option<Period>) -> Answer<'_, Listing<Received>> {
        async move { self.list(message, period).await?.listing(self.http.endpoint().list_rows, rows::received).await }.boxed()
    }

    fn fetch<'a>(&'a self, doc_id: &'a str) -> Answer<'a, BoxStream<'static, Result<Bytes, Error>>> {
        async move {
            let reply = self.with_token(async || Ok((self.get("getEdoc", &[("docId", doc_id)]), full(""), Shape::Fetch))).await?;
            Answering::new(reply, PACKET, self.verdict(Vec::new())).await?.packet().await
        }
        .boxed()
    }

    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> Answer<'a, String> {
        self.send_packet(outgoing).boxed()
    }

    fn acknowledge<'a>(&'a self, doc_id: &'a str, acknowledgement: Acknowledgement) -> Answer<'a, ()> {
        async move {
            let body = json!({"docId": doc_id, "status": acknowledgement.as_str()}).to_string();
            let reply = self
                .with_token(async || {
                    let builder = Request::builder().method(Method::POST).uri(self.http.path("v1/updateStatus"));
                    Ok((builder.header(header::CONTENT_TYPE, "application/json"), full(body.clone()), Shape::Short))
                })
                .await?;
            Answering::new(reply, SHORT, self.verdict(Vec::new())).await?.head().await.map(drop)
        }
        .boxed()
    }

    fn sent<'a>(&'a self, _: Message, _: Option<&'a str>, _: Option<Period>) -> Answer<'a, Listing<Sent>> {
        async { Err(Error::Unsupported("getSentEdocList")) }.boxed()
    }

    fn directory(&self, directory: Directory) -> Answer<'_, BoxStream<'static, Result<AgencyRow, Error>>> {
        async move {
            match directory {
                Directory::All => {}
                Directory::Qd20 { .. } => return Err(Error::Unsupported("getAgenciesListQD20")),
                Directory::Changes { .. } => return Err(Error::Unsupported("getSynchronizeUnit")),
            }
            let reply = self.with_token(async || Ok((self.get("getAgenciesList", &[]), full(""), Shape::Long))).await?;
            Ok(Answering::new(reply, ROWS, self.verdict(Vec::new())).await?.rows(rows::agency).boxed())
        }
        .boxed()
    }

    fn count(&self, message: Message) -> Answer<'_, u64> {
        async move {
            let listing = self.list(message, None).await?.listing(usize::MAX, |_: serde::de::IgnoredAny| Some(())).await?;
            Ok(listing.rows.len() as u64)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_queries_are_encoded() {
        assert_eq!(percent_encoded("a-1._~"), "a-1._~");
        assert_eq!(percent_encoded("2026/11/22 ă&="), "2026%2F11%2F22%20%C4%83%26%3D");
    }

    #[test]
    fn no_secret_is_in_debug_output() {
        let endpoint = Endpoint { allow_plain_http: true, ..Endpoint::new("http://127.0.0.1:9") };
        let options = Options::new(endpoint, ("user", "pass-word"), ("H37", "secret-key"));
        let shown = format!("{:?} {:?}", options, Client::new(options.clone(), Arc::new(Timestamp::default)).unwrap());
        assert!(!shown.contains("pass-word") && !shown.contains("secret-key") && shown.contains("H37"), "{shown}");
    }
}
