//! What all connections to the sandbox share: packets are taken, acknowledged and handed out here, and promised by the log.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::time::Timestamp;
use futures::stream::StreamExt as _;
use tokio::io::AsyncReadExt as _;

use super::book::{Agency, Book, Delivery, Document, Event, Refusal, State};
use super::faults::Dice;
use super::intake::{FinishError, Incoming, KeepError, Whole};
use super::log::Log;
use super::{Options, StartError};
use crate::axis::{Acknowledgement, Message};
use crate::source::{Pieces, pieces};

/// What all connections share.
pub(crate) struct Core {
    pub(crate) options: Options,
    book: Mutex<Book>,
    log: Log,
    pub(crate) dice: Dice,
    /// Ids are given before they are used: those of packets that come to nothing are never used again while this process runs.
    last_id: AtomicU64,
    /// Signs the tokens of LGSP; another one after every start, as tokens of a restarted server are good for nothing.
    pub(crate) token_key: ring::hmac::Key,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(Refusal),
    TooLarge,
    Io(io::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<FinishError> for Failure {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::Refused(refusal) => Self::Refused(refusal),
            FinishError::Keep(KeepError::TooLarge) => Self::TooLarge,
            FinishError::Keep(KeepError::Io(error)) => Self::Io(error),
        }
    }
}

/// What a sender says beside the packet.
pub(crate) struct Envelope {
    pub(crate) message: Message,
    pub(crate) center: String,
    /// `from`, where the wire has it.
    pub(crate) from: Option<String>,
    /// `to`: some of the packet's receivers; all where empty.
    pub(crate) to: Vec<String>,
    /// `hash-file`, where the wire has it.
    pub(crate) hash_file: Option<String>,
}

impl Core {
    pub(crate) fn open(options: Options) -> Result<Self, StartError> {
        let packets = options.dir.join("packets");
        let incoming = options.dir.join("incoming");
        for dir in [&packets, &incoming] {
            std::fs::create_dir_all(dir).map_err(StartError::io(dir.display().to_string()))?;
        }
        let mut book = Book::default();
        let path = options.dir.join("log");
        let log = Log::open(&path, |event: Event| book.apply(event)).map_err(StartError::io(path.display().to_string()))?;
        forget_strangers(&incoming, |_| false).map_err(StartError::io(incoming.display().to_string()))?;
        forget_strangers(&packets, |id| book.documents().contains_key(&id)).map_err(StartError::io(packets.display().to_string()))?;
        let random = ring::rand::SystemRandom::new();
        let token_key = ring::hmac::Key::generate(ring::hmac::HMAC_SHA256, &random)
            .map_err(|_| StartError::io("random numbers")(io::Error::other("the system gives none")))?;
        let dice = Dice::new(options.faults.clone(), options.seed);
        let last_id = AtomicU64::new(book.last_id());
        Ok(Self { options, book: Mutex::new(book), log, dice, last_id, token_key })
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The axis's clock, skew and all.
    pub(crate) fn now(&self) -> Timestamp {
        let skew = self.dice.faults().clock_skew_seconds.saturating_mul(1_000_000);
        Timestamp::from_micros((self.options.clock)().micros().saturating_add(skew))
    }

    fn id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Decides with the book locked, takes the events in, and waits until they are durable.
    async fn commit<T, E: From<io::Error>>(&self, decide: impl FnOnce(&Book) -> Result<(Vec<Event>, T), E>) -> Result<T, E> {
        let (synced, decided) = {
            let mut book = self.book();
            let (events, decided) = decide(&book)?;
            if events.is_empty() {
                return Ok(decided);
            }
            // Under the lock, so that the log's order is the book's.
            let synced = self.log.append(&events);
            for event in events {
                book.apply(event).map_err(io::Error::other)?;
            }
            (synced, decided)
        };
        match synced.await {
            Ok(Ok(())) => Ok(decided),
            Ok(Err(kind)) => Err(io::Error::from(kind).into()),
            Err(_) => Err(io::Error::other("the log has ended").into()),
        }
    }

    /// Puts agencies into the directory, all of them under one sync; those before one that cannot be put are put.
    pub(crate) async fn put_agencies(&self, agencies: Vec<Agency>) -> Result<(), (String, String)> {
        let now = self.now();
        let (mut events, mut refused) = (Vec::new(), None);
        let synced = {
            let mut book = self.book();
            for agency in agencies {
                let code = agency.code.clone();
                let put = book.change(agency, now).and_then(|event| match event {
                    None => Ok(None),
                    Some(event) => book.apply(event.clone()).map(|()| Some(event)),
                });
                match put {
                    Ok(event) => events.extend(event),
                    Err(why) => {
                        refused = Some((code, why));
                        break;
                    }
                }
            }
            self.log.append(&events)
        };
        match (refused, synced.await) {
            (Some(refused), _) => Err(refused),
            (None, Ok(Ok(()))) => Ok(()),
            (None, failed) => Err((String::new(), format!("the log cannot be written: {failed:?}"))),
        }
    }

    pub(crate) fn incoming(&self) -> io::Result<Incoming> {
        Incoming::new(self.options.dir.join("incoming").join(self.id().to_string()), self.options.packet_bytes)
    }

    fn packet_path(&self, document: u64) -> PathBuf {
        self.options.dir.join("packets").join(document.to_string())
    }

    /// Takes a packet, or refuses it and forgets it.
    pub(crate) async fn take(self: &Arc<Self>, incoming: Incoming, envelope: Envelope) -> Result<u64, Failure> {
        let core = Arc::clone(self);
        let prepared = tokio::task::spawn_blocking(move || core.prepare(incoming, envelope)).await.map_err(io::Error::other)?;
        match prepared? {
            Prepared::Again(id) => Ok(id),
            Prepared::New(document) => {
                let id = document.id;
                self.commit(|book| {
                    // Between preparing and now a receiver may have been closed.
                    document.deliveries.iter().try_for_each(|one| book.receiver(&one.to).map(drop))?;
                    Ok::<_, Failure>((vec![Event::Taken(*document)], id))
                })
                .await
            }
        }
    }

    fn prepare(&self, incoming: Incoming, envelope: Envelope) -> Result<Prepared, Failure> {
        let whole: Whole = incoming.finish(envelope.hash_file.as_deref())?;
        let now = self.now();
        let known = whole.read(envelope.message, &self.options.axis_code, now)?;
        let mut to = known.to;
        if !envelope.to.is_empty() {
            if let Some(stranger) = envelope.to.iter().find(|code| !to.contains(code)) {
                return Err(Refusal::new("22", format!("Gói tin không gửi cho {stranger}")).into());
            }
            to.retain(|code| envelope.to.contains(code));
        }
        if to.len() > MAX_RECEIVERS {
            return Err(Refusal::new("22", format!("Gói tin có {} nơi nhận, tối đa {MAX_RECEIVERS}", to.len())).into());
        }
        let (id, digest) = (self.id(), whole.digest.to_string());
        let mut deliveries: Vec<Delivery> = Vec::new();
        {
            let book = self.book();
            if book.documents().len() >= self.options.documents {
                return Err(Refusal::new("20", "Trục thử nghiệm đã đầy").into());
            }
            let sender = book.agency(&known.from).filter(|agency| agency.center() == envelope.center && !agency.is_closed);
            let sender = sender.ok_or_else(|| Refusal::new("19", format!("Đơn vị gửi chưa đăng ký với hệ thống này: {}", known.from)))?;
            if let Some(from) = &envelope.from
                && book.agency(from).is_none_or(|agency| agency.code != sender.code)
            {
                return Err(Refusal::new("19", format!("Tiêu đề from là {from}, gói tin là của {}", known.from)).into());
            }
            for (at_fault, code, words) in [
                (self.dice.roll(|faults| faults.unknown_receiver), "18", "Đơn vị nhận không tồn tại"),
                (self.dice.roll(|faults| faults.locked_receiver), "23", "Đơn vị nhận đang bị khóa"),
            ] {
                if at_fault && let Some(first) = to.first() {
                    return Err(Refusal::new(code, format!("{words}: {first}")).into());
                }
            }
            for code in to {
                let agency = book.receiver(&code)?.code.clone();
                // Named twice, perhaps in either form: one copy.
                if deliveries.iter().all(|one| one.agency != agency) {
                    deliveries.push(Delivery { id: self.id(), to: code, agency, state: State::Initial, at: now.micros() });
                }
            }
            if self.options.deduplicate {
                let is_same = |one: &&Document| {
                    let receivers = one.deliveries.iter().map(|one| &one.agency);
                    one.center == envelope.center && receivers.eq(deliveries.iter().map(|one| &one.agency))
                };
                if let Some(first) = book.same(&digest).find(is_same) {
                    return Ok(Prepared::Again(first.id));
                }
            }
        }
        let document = Document {
            id,
            kind: envelope.message.into(),
            center: envelope.center,
            from: known.from,
            document_id: known.document_id,
            title: known.title,
            notation: known.notation,
            size: whole.length,
            digest,
            at: now.micros(),
            hop: known.hop,
            deliveries,
        };
        whole.keep_as(&self.packet_path(id))?;
        Ok(Prepared::New(Box::new(document)))
    }

    pub(crate) async fn acknowledge(&self, center: &str, doc_id: &str, acknowledgement: Acknowledgement) -> Result<(), Failure> {
        let at = self.now().micros();
        self.commit(|book| {
            let (_, delivery) = book.own_delivery(center, doc_id)?;
            let state = State::from(acknowledgement);
            // What is done stays done: a client that repeats itself is told that all is well.
            let is_settled = matches!(delivery.state, State::Done | State::Fail);
            let events = if is_settled { vec![] } else { vec![Event::Acknowledged { delivery: delivery.id, state, at }] };
            Ok((events, ()))
        })
        .await
    }

    /// A packet as it is handed out, the axis's hop in it, with its length.
    pub(crate) async fn packet(&self, document: &Document) -> io::Result<(Pieces, u64)> {
        let file = tokio::fs::File::open(self.packet_path(document.id)).await?;
        let Some(hop) = &document.hop else { return Ok((pieces(file), document.size)) };
        let mut rest = tokio::fs::File::open(self.packet_path(document.id)).await?;
        tokio::io::AsyncSeekExt::seek(&mut rest, io::SeekFrom::Start(hop.at)).await?;
        let text = bytes::Bytes::from(hop.text.clone());
        let length = document.size + text.len() as u64;
        let text = futures::stream::once(async move { Ok(text) });
        Ok((pieces(file.take(hop.at)).chain(text).chain(pieces(rest)).boxed(), length))
    }
}

/// More than all communes of the country together.
const MAX_RECEIVERS: usize = 10_000;

enum Prepared {
    New(Box<Document>),
    /// It had been taken before.
    Again(u64),
}

/// Removes files that the log does not know: of packets that were promised to nobody.
fn forget_strangers(dir: &Path, is_known: impl Fn(u64) -> bool) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if !id.is_some_and(&is_known) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
