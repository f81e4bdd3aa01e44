//! The desk: one thread that decides commands in order, makes their entries durable, applies them and answers.
//!
//! One group at a time: take what waits, decide each command against the tables with the group's own changes on top, append
//! all entries with one sync, apply all changes as one batch, answer. Nobody waits on a timer: a group is what came while the
//! one before was being written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use api::status::Failure;
use domain::command::{self, Command, Context, Decision};
use domain::event::{self, Entry, Event, Request};
use domain::principal::{self, Caller};
use domain::refusal::Refusal;
use domain::state::{Changes, Fault, MAX_ROW_BYTES, Overlay, State};
use domain::time::Timestamp;
use journal::Log;
use store::tables::Tables;
use tokio::sync::{mpsc, oneshot, watch};

use crate::feeds::Feeds;
use crate::metrics::Metrics;

/// Commands of one group at most; a group of this size is a third of a millisecond of work beside its sync.
const GROUP_COMMANDS: usize = 256;
/// Bytes of one group at most: larger writes cost more than the sync that they save.
const GROUP_BYTES: usize = 1 << 20;
/// Commands that may wait. When it is full, callers wait for a place, and their deadline runs.
const QUEUE: usize = 1_024;

/// Reads the clock. Tests bring their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The resource it made or changed.
    pub resource: String,
    /// Its journal entry; `None` if nothing changed.
    pub seq: Option<u64>,
    /// It was carried out before, under the same request id.
    pub repeated: bool,
}

/// What a caller waits for.
type Answer = Result<Done, Failure>;

struct Job {
    caller: Caller,
    request: Option<Request>,
    command: Command,
    answer: oneshot::Sender<Answer>,
}

/// What comes to the desk.
#[expect(clippy::large_enum_variant, reason = "all but the last message are jobs")]
enum Message {
    Job(Job),
    End,
}

/// Sends commands to the desk. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    jobs: mpsc::Sender<Message>,
    trust_generation: Arc<AtomicU64>,
}

impl Handle {
    /// Carries a command out. When it returns, what it changed is durable and visible. A caller that is dropped meanwhile does
    /// not stop the command.
    pub async fn carry_out(&self, caller: Caller, request: Option<Request>, command: Command) -> Result<Done, Failure> {
        let (answer, outcome) = oneshot::channel();
        let job = Job { caller, request, command, answer };
        self.jobs.send(Message::Job(job)).await.map_err(|_| Failure::JournalUnavailable)?;
        outcome.await.map_err(|_| Failure::JournalUnavailable)?
    }

    /// Ends the desk once it has answered what came before. Later commands are refused.
    pub async fn end(&self) {
        // An error means that it has ended.
        drop(self.jobs.send(Message::End).await);
    }

    /// Rises with every change of the trust data.
    pub fn trust_generation(&self) -> u64 {
        self.trust_generation.load(Ordering::Acquire)
    }
}

/// What the desk works with.
pub struct Desk {
    /// Where entries go.
    pub log: Log,
    /// The time of the last entry there.
    pub last_at: Timestamp,
    /// What is true.
    pub tables: Tables,
    /// Who is woken.
    pub feeds: Feeds,
    /// The time of entries.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Told the cause when the desk can no longer work; the process ends then.
    pub fatal: watch::Sender<Option<String>>,
    /// Told the last entry that is durable and applied.
    pub applied: watch::Sender<u64>,
}

impl Desk {
    /// Starts the desk's thread. It ends when it is told to, when every handle is gone, or on a fault.
    pub fn start(self) -> std::io::Result<(Handle, thread::JoinHandle<()>)> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let trust_generation = Arc::new(AtomicU64::new(0));
        let handle = Handle { jobs, trust_generation: Arc::clone(&trust_generation) };
        let thread = thread::Builder::new().name("desk".into()).spawn(move || self.run(queue, &trust_generation))?;
        Ok((handle, thread))
    }

    fn run(mut self, mut queue: mpsc::Receiver<Message>, trust_generation: &AtomicU64) {
        let mut last_at = self.last_at;
        let mut ends = false;
        while !ends && let Some(Message::Job(first)) = queue.blocking_recv() {
            let mut group = Group::default();
            let mut job = Some(first);
            while let Some(next) = job.take() {
                // Time in entries never runs back, whatever the clock does.
                last_at = last_at.max((self.clock)());
                if let Err(fault) = group.take_in(next, last_at, self.log.last(), &self.tables) {
                    return self.end(group, &fault);
                }
                if group.answers.len() < GROUP_COMMANDS && group.bytes < GROUP_BYTES {
                    job = match queue.try_recv() {
                        Ok(Message::Job(next)) => Some(next),
                        Ok(Message::End) => {
                            ends = true;
                            None
                        }
                        Err(_) => None,
                    };
                }
            }
            if let Err(fault) = self.commit(&group, trust_generation) {
                return self.end(group, &fault);
            }
            for (answer, result) in group.answers {
                // A caller that has gone does not need its answer; its command stands.
                drop(answer.send(result));
            }
        }
    }

    fn commit(&mut self, group: &Group, trust_generation: &AtomicU64) -> Result<(), String> {
        let Some(last) = self.log.last().checked_add(group.entries.len() as u64).filter(|_| !group.entries.is_empty()) else {
            return Ok(());
        };
        let begun = Instant::now();
        self.log.append(self.log.last() + 1, &group.entries).map_err(|e| format!("the journal cannot be written: {e}"))?;
        self.metrics.journal_group(group.entries.len(), begun.elapsed());
        self.tables.apply(last, &group.changes).map_err(|e| e.to_string())?;
        if group.changes_trust {
            trust_generation.fetch_add(1, Ordering::Release);
        }
        self.feeds.wake(last, &group.changes);
        self.applied.send_replace(last);
        Ok(())
    }

    /// Nothing is acknowledged any more: after a failed sync nobody knows what the disk holds. A restart recovers from it, and so
    /// the callers of this group are told that their commands may be found recorded.
    fn end(self, group: Group, cause: &str) {
        tracing::error!(cause, "the desk ends; restart the hub to recover from what is durable");
        for (answer, _) in group.answers {
            drop(answer.send(Err(Failure::OutcomeUnknown)));
        }
        self.fatal.send_replace(Some(cause.to_owned()));
    }
}

/// Commands that become durable together.
#[derive(Default)]
struct Group {
    entries: Vec<Vec<u8>>,
    bytes: usize,
    changes: Changes,
    changes_trust: bool,
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl Group {
    fn take_in(&mut self, job: Job, at: Timestamp, durable: u64, tables: &Tables) -> Result<(), String> {
        let seq = durable + 1 + self.entries.len() as u64;
        let group = Overlay::with_changes(tables, std::mem::take(&mut self.changes));
        let mut own_changes = Changes::new();
        let Some(caller) = still_active(&group, &job.caller).map_err(|fault| fault.to_string())? else {
            self.changes = group.into_changes();
            self.answers.push((job.answer, Err(Failure::Unauthenticated)));
            return Ok(());
        };
        let context = Context { caller: &caller, at, request: job.request.as_ref() };
        let result = match command::decide(&group, &context, &job.command) {
            Ok(Decision::Record(entry)) => {
                // The entry's own changes lie on top until it is known that they fit: a refused request leaves nothing behind.
                let mut own = Overlay::new(&group);
                event::apply(seq, &entry, &mut own).map_err(|fault| fault.to_string())?;
                let own = own.into_changes();
                let bytes = journal::stored::encode(&entry);
                match too_large(&bytes, &own) {
                    Some(what) => Err(Failure::Refused(Refusal::TooLarge(what))),
                    None => {
                        own_changes = own;
                        self.changes_trust |= entry.events.iter().any(|event| matches!(event, Event::Trust(_)));
                        self.bytes += bytes.len();
                        self.entries.push(bytes);
                        Ok(done(&entry, seq))
                    }
                }
            }
            Ok(Decision::Repeated(outcome)) => Ok(Done { resource: outcome.resource, seq: Some(outcome.seq), repeated: true }),
            Ok(Decision::Nothing { resource }) => Ok(Done { resource, seq: None, repeated: false }),
            Err(Refusal::Fault(fault)) => return Err(fault.to_string()),
            Err(refusal) => Err(Failure::Refused(refusal)),
        };
        self.changes = group.into_changes();
        self.changes.extend(own_changes);
        // Answers wait for the group, refusals too: a refusal may rest on a command that is not durable yet.
        self.answers.push((job.answer, result));
        Ok(())
    }
}

/// The caller as it is now: what it acts for may have changed, and it may be cut off, since its call came in.
fn still_active(rows: &dyn State, caller: &Caller) -> Result<Option<Caller>, Fault> {
    if caller.principal == principal::Id::hub() {
        return Ok(Some(caller.clone()));
    }
    Ok(principal::find(rows, &caller.principal)?.as_ref().and_then(Caller::of))
}

/// What is larger than the journal or a table takes, if anything is. Found here, it is a refusal; found later, it would end the hub.
fn too_large(entry: &[u8], changes: &Changes) -> Option<String> {
    if entry.len() > journal::MAX_ENTRY_BYTES {
        return Some(format!("its journal entry has {} bytes, at most {} fit", entry.len(), journal::MAX_ENTRY_BYTES));
    }
    let largest = changes.values().flatten().map(Vec::len).max().unwrap_or(0);
    (largest > MAX_ROW_BYTES)
        .then(|| format!("one row has {largest} bytes, at most {MAX_ROW_BYTES} fit; split the request, for example by recipients"))
}

fn done(entry: &Entry, seq: u64) -> Done {
    Done { resource: entry.resource.clone(), seq: Some(seq), repeated: false }
}

#[cfg(test)]
mod tests;
