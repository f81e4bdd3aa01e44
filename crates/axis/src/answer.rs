//! Answers of either wire: told from outages first, then taken apart.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::axis::Listing;
use crate::base64_text::Decoder;
use crate::error::{Error, Outage};
use crate::http_client::Reply;
use crate::json::{Event, Fault, Head, Large, Plan, Scanner};

/// How a wire says whether it worked; asked when the answer has ended.
pub(crate) type Verdict = Arc<dyn Fn(&Head) -> Result<(), Error> + Send + Sync>;

/// An answer that comes in, with what it is to be taken for.
pub(crate) struct Answering {
    reply: Reply,
    plan: Plan,
    scanner: Option<Scanner>,
    verdict: Verdict,
    events: VecDeque<Event>,
    /// What was read of it before.
    first: Option<Bytes>,
    head: Option<Head>,
}

/// Bytes of an answer that are shown to whoever has to find out what it was.
const SHOWN: usize = 60;

impl Answering {
    /// An answer whose status has been looked at.
    ///
    /// # Errors
    /// Of a status other than 2xx: what the answer's own words make of it, if it has any; else the status.
    pub(crate) async fn new(reply: Reply, plan: Plan, verdict: Verdict) -> Result<Self, Error> {
        let status = reply.status;
        let answering = Self { reply, plan, scanner: Some(Scanner::new(plan)), verdict, events: VecDeque::new(), first: None, head: None };
        if status.is_success() { Ok(answering) } else { Err(answering.refused(status).await) }
    }

    /// Continues behind bytes that were read already.
    pub(crate) fn behind(mut self, first: Bytes) -> Self {
        self.first = Some(first);
        self
    }

    async fn refused(mut self, status: StatusCode) -> Error {
        let after = self.reply.retry_after();
        let is_json = self.reply.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if is_json {
            let told = loop {
                match self.next().await {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            match told {
                Some(error @ (Error::StopConnector { .. } | Error::Final { .. })) => return error,
                Some(Error::Retriable { why: why @ Outage::Fault { .. }, .. }) => return Error::Retriable { why, after },
                _ => {}
            }
        }
        match status {
            StatusCode::UNAUTHORIZED => Error::StopConnector { code: "HTTP 401".into(), description: "not authorised".into() },
            StatusCode::PAYLOAD_TOO_LARGE => {
                Error::Final { code: Error::TOO_LARGE.into(), description: "HTTP status 413".into(), receivers: Vec::new() }
            }
            _ => Error::Retriable { why: Outage::Status(status.as_u16()), after },
        }
    }

    /// The next piece of the large field; none when the answer has ended well.
    async fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let Some(scanner) = &mut self.scanner else { return Ok(None) };
            let bytes = match self.first.take() {
                Some(first) => Some(first),
                None => self.reply.next().await?,
            };
            if let Some(bytes) = bytes {
                let mut out = Vec::new();
                let fed = scanner.feed(&bytes, &mut out);
                fed.map_err(|fault| outage_of(&fault, &bytes))?;
                self.events.extend(out);
                continue;
            }
            let finished = self.scanner.take().map_or_else(|| Ok(Head::default()), Scanner::finish);
            let head = finished.map_err(|fault| outage_of(&fault, b""))?;
            (self.verdict)(&head)?;
            // An axis that says that all is well and then gives nothing is not one that has nothing.
            let is_null = self.plan.path.last().is_some_and(|name| head.is_null(name));
            if self.plan.large != Large::None && !head.has_large && !(is_null && self.plan.large == Large::Rows) {
                return Err(Outage::Malformed(format!("it has no `{}`", self.plan.path.join("."))).into());
            }
            self.head = Some(head);
        }
    }

    /// The short fields of an answer that worked.
    pub(crate) async fn head(mut self) -> Result<Head, Error> {
        while self.next().await?.is_some() {}
        Ok(self.head.take().unwrap_or_default())
    }

    /// Its rows, at most `limit`. `read` makes nothing of a row that lacks what it must have.
    pub(crate) async fn listing<W: DeserializeOwned, T>(
        mut self,
        limit: usize,
        read: impl Fn(W) -> Option<T>,
    ) -> Result<Listing<T>, Error> {
        let mut listing = Listing::default();
        while let Some(event) = self.next().await? {
            let Event::Row(row) = event else { continue };
            if listing.rows.len() >= limit {
                listing.is_cut = true;
                continue;
            }
            match serde_json::from_slice(&row).ok().and_then(&read) {
                Some(row) => listing.rows.push(row),
                None => listing.unreadable += 1,
            }
        }
        Ok(listing)
    }

    /// Its rows as they come. A row that cannot be read ends them: a directory with holes would close agencies.
    pub(crate) fn rows<W, T>(self, read: impl Fn(W) -> Option<T> + Send + 'static) -> BoxStream<'static, Result<T, Error>>
    where
        W: DeserializeOwned + 'static,
        T: Send + 'static,
    {
        let stream = stream::try_unfold((self, read), |(mut answering, read)| async move {
            while let Some(event) = answering.next().await? {
                let Event::Row(row) = event else { continue };
                let wire = serde_json::from_slice(&row).map_err(|error| Outage::Malformed(format!("a row: {error}")))?;
                if let Some(row) = read(wire) {
                    return Ok(Some((row, (answering, read))));
                }
            }
            Ok(None)
        });
        stream.boxed()
    }

    /// The packet in it. What can be said against the call before the packet begins, or where there is none, is said at once.
    pub(crate) async fn packet(mut self) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let Some(Event::Text(first)) = self.next().await? else {
            return Err(Outage::Malformed("the packet is empty".into()).into());
        };
        // Base64, as the vendor's library expects it; some gateways put the XML itself there.
        let is_xml = first.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
        let decoder = (!is_xml).then(Decoder::default);
        self.events.push_front(Event::Text(first));
        let stream = stream::try_unfold((self, decoder, false), |(mut answering, mut decoder, is_ended)| async move {
            if is_ended {
                return Ok(None);
            }
            loop {
                let (bytes, is_ended) = match (answering.next().await?, &mut decoder) {
                    (Some(Event::Text(text)), Some(decoder)) => (decoder.feed(&text).map_err(|_| NOT_BASE64)?, false),
                    (Some(Event::Text(text)), None) => (text, false),
                    (Some(Event::Row(_)), _) => continue,
                    (None, decoder) => (decoder.take().map_or(Ok(Vec::new()), Decoder::finish).map_err(|_| NOT_BASE64)?, true),
                };
                if is_ended && bytes.is_empty() {
                    return Ok(None);
                }
                if !bytes.is_empty() {
                    return Ok::<_, Error>(Some((Bytes::from(bytes), (answering, decoder, is_ended))));
                }
            }
        });
        Ok(stream.boxed())
    }
}

const NOT_BASE64: Outage = Outage::Content("it is not base64");

fn outage_of(fault: &Fault, bytes: &[u8]) -> Outage {
    match fault {
        Fault::Empty => Outage::Empty,
        Fault::Cut => Outage::Malformed("it ends early".into()),
        Fault::Malformed(why) => Outage::Malformed((*why).into()),
        Fault::NotJson => page_or_noise(bytes),
    }
}

/// What something is that is no answer, with its beginning: somebody has to find out who sent it.
pub(crate) fn page_or_noise(bytes: &[u8]) -> Outage {
    let start: String = String::from_utf8_lossy(bytes.get(..bytes.len().min(SHOWN)).unwrap_or_default()).trim().escape_debug().collect();
    if start.starts_with('<') { Outage::Html(start) } else { Outage::NotJson(start) }
}

/// Raw bytes of an answer, to its end.
pub(crate) fn raw(reply: Reply, first: Bytes) -> BoxStream<'static, Result<Bytes, Error>> {
    stream::try_unfold((reply, Some(first)), |(mut reply, first)| async move {
        let bytes = match first {
            Some(first) => Some(first),
            None => reply.next().await?,
        };
        Ok(bytes.map(|bytes| (bytes, (reply, None))))
    })
    .boxed()
}
