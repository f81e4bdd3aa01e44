//! What every service works with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::page::{Listed, Page, Sealer};
use api::status::Failure;
use domain::command::Command;
use domain::delivery::BoxPosition;
use domain::digest::Digest;
use domain::document;
use domain::event::{Outcome, REQUESTS, Request, request_key};
use domain::principal::{self, Caller};
use domain::state;
use domain::time::Timestamp;
use prost::Message;
use store::tables::Tables;
use store::vault::Vault;
use tokio::sync::{RwLock, watch};

use crate::config::Config;
use crate::desk::{self, Clock, Done};
use crate::feeds::Feeds;
use crate::identity::Peer;
use crate::judge::Judge;
use crate::metrics::Metrics;

/// What every service works with. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    /// What is true now.
    pub tables: Tables,
    /// The payloads.
    pub vault: Vault,
    /// Where commands go.
    pub desk: desk::Handle,
    /// Verdicts.
    pub judge: Judge,
    /// Wake-ups.
    pub feeds: Feeds,
    /// Counts.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// The configuration.
    pub config: Arc<Config>,
    /// Page and resume tokens.
    pub sealer: Arc<Sealer>,
    /// Held for reading while an upload becomes a payload, for writing while a payload is erased: an erasure never meets the
    /// same bytes coming in again.
    pub erasing: Arc<RwLock<()>>,
    /// Free space is below the mark.
    pub disk_low: Arc<AtomicBool>,
    /// Turns true when the hub drains.
    pub stop: watch::Receiver<bool>,
}

impl Shared {
    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Refuses while free space is below the mark.
    pub fn require_space(&self) -> Result<(), Failure> {
        if self.disk_low.load(Ordering::Relaxed) { Err(Failure::DiskLow) } else { Ok(()) }
    }

    /// Carries a command out for a caller.
    pub async fn carry_out(&self, caller: &Caller, request: Option<Request>, command: Command) -> Result<Done, Failure> {
        self.desk.carry_out(caller.clone(), request, command).await
    }

    /// What became of a request, if it was carried out; refused if its id was used for another.
    pub fn repeated(&self, caller: &Caller, request: &Request) -> Result<Option<Outcome>, Failure> {
        let key = request_key(&caller.principal, &request.id);
        let outcome = state::read::<Outcome>(&self.tables, REQUESTS, &key).map_err(fault)?;
        match outcome {
            Some(outcome) if outcome.digest != request.digest => {
                Err(domain::refusal::Refusal::RequestReused { request_id: request.id.clone(), seq: outcome.seq }.into())
            }
            outcome => Ok(outcome),
        }
    }

    /// The page that a caller asks for.
    pub fn page(&self, caller: &Caller, request: &impl Listed) -> Result<Page, Failure> {
        Ok(self.sealer.page(&caller.principal, request)?)
    }

    /// Cuts a list that was read one item beyond the page to the page, and gives the token of the next, if there is one.
    pub fn cut<T>(&self, page: &Page, mut items: Vec<T>, key: impl Fn(&T) -> Vec<u8>) -> (Vec<T>, String) {
        let more = items.len() > page.size;
        items.truncate(page.size);
        let next = items.last().filter(|_| more).map(|last| self.sealer.next_page(page, &key(last)));
        (items, next.unwrap_or_default())
    }

    /// A page of a box (inbox or outbox): reads on past what the filter leaves out, up to a bound, and gives the token of the next
    /// page. A page may be shorter than asked for, so that no message outgrows what a gRPC client takes by default.
    pub async fn listed<T, M: Message>(
        &self,
        page: &Page,
        read: impl Fn(Option<BoxPosition>, usize) -> Result<(Vec<T>, Option<BoxPosition>), state::Fault>,
        wire: impl Fn(&T) -> Option<M>,
    ) -> Result<(Vec<M>, String), Failure> {
        let mut after = page.after.as_deref().map(place_of).transpose()?;
        let mut kept: Vec<M> = Vec::new();
        let (mut looked_at, mut bytes) = (0, 0);
        while kept.len() < page.size && looked_at < LOOKED_AT && bytes < PAGE_BYTES {
            let wanted = (page.size - kept.len()).min(AT_ONCE);
            let (items, next) = read(after, wanted).map_err(fault)?;
            looked_at += AT_ONCE;
            kept.extend(items.iter().filter_map(&wire).inspect(|message| bytes += message.encoded_len()));
            after = next;
            if after.is_none() {
                break;
            }
            // A long look lets others have their turn.
            tokio::task::yield_now().await;
        }
        let token = after.map(|place| self.sealer.next_page(page, &[place.seq.to_be_bytes().as_slice(), &place.document.0].concat()));
        Ok((kept, token.unwrap_or_default()))
    }

    /// The caller as it is now, by its certificate; streams ask again and again, so that revocation and rotation end them.
    pub fn caller_now(&self, peer: &Peer, caller: &Caller) -> Result<Caller, Failure> {
        let principal = principal::by_credentials(&self.tables, &peer.credentials).map_err(fault)?;
        let now = principal.as_ref().and_then(Caller::of).filter(|now| now.principal == caller.principal);
        now.ok_or(Failure::Unauthenticated)
    }
}

/// Waits until the hub drains.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the hub is gone, which is a stop as well.
    drop(stop.wait_for(|stop| *stop).await);
}

/// A fault of the tables, as a failure of the call.
pub fn fault(fault: state::Fault) -> Failure {
    Failure::Refused(fault.into())
}

/// Items of a box that one call looks at, at most. A call that finds nothing among them gives a token to go on with.
const LOOKED_AT: usize = 4_000;
/// Items of a box that are read at once: at 64 KiB a row, as much again as a page is allowed.
const AT_ONCE: usize = 20;
/// A page is full when it has so many bytes; gRPC clients take 4 MiB by default.
const PAGE_BYTES: usize = 1 << 20;

fn place_of(key: &[u8]) -> Result<BoxPosition, Failure> {
    let (seq, document) = key.split_first_chunk().ok_or(Failure::Internal)?;
    let document = document::Id(document.try_into().map_err(|_| Failure::Internal)?);
    Ok(BoxPosition { seq: u64::from_be_bytes(*seq), document })
}

/// The key after which a page begins, as its type. A sealed token holds what the hub put in; anything else is the hub's fault.
pub fn after<T, E>(page: &Page, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<Option<T>, Failure> {
    let Some(key) = &page.after else { return Ok(None) };
    std::str::from_utf8(key).ok().and_then(|text| parse(text).ok()).map(Some).ok_or(Failure::Internal)
}

/// The caller that the gate put into the request.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<Caller, Failure> {
    request.extensions().get::<Caller>().cloned().ok_or(Failure::Unauthenticated)
}

/// The peer of the call's connection.
pub fn peer<T>(request: &tonic::Request<T>) -> Result<Arc<Peer>, Failure> {
    request.extensions().get::<Arc<Peer>>().cloned().ok_or(Failure::Unauthenticated)
}

/// The caller's name for a request: its id, and the digest of method and content that tells a repetition from a reuse.
/// `content` is the request with its id left blank.
pub fn named(method: &str, id: &str, content: &impl Message) -> Result<Option<Request>, Failure> {
    if id.is_empty() {
        return Ok(None);
    }
    if let Err(rule) = domain::invalid::text(id, 1, 64) {
        return Err(domain::refusal::Refusal::from(domain::invalid::Invalid::one("request_id", rule)).into());
    }
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(method.as_bytes());
    context.update(&[0]);
    context.update(&content.encode_to_vec());
    let digest = Digest::try_from(context.finish().as_ref()).map_err(|_| Failure::Internal)?;
    Ok(Some(Request { id: id.to_owned(), digest }))
}

/// As [`named`], for methods that agency systems write by: the id is required.
pub fn required_name(method: &str, id: &str, content: &impl Message) -> Result<Request, Failure> {
    named(method, id, content)?
        .ok_or_else(|| domain::refusal::Refusal::from(domain::invalid::Invalid::one("request_id", "is required")).into())
}
