//! Watching an agency's feed: each change once and in order, hasty documents first, from a cursor that the watcher keeps.
//!
//! A feed has one lane per urgency, each in journal order. The cursor holds a place in every lane, so that a hasty document can go
//! ahead without anything being told twice or left out. The stream reads the tables at its own pace: a slow reader holds up only
//! itself.

use std::sync::Arc;
use std::time::Duration;

use api::page::Cursor;
use api::status::Failure;
use domain::agency;
use domain::command::Command;
use domain::delivery::{self, Change, Delivery, Direction, HandOver, Status as DeliveryStatus, Step};
use domain::document::{self, Document};
use domain::principal::Caller;
use tokio::sync::mpsc;
use tonic::Status;

use crate::identity::Peer;
use crate::shared::{Shared, fault, stopped};

/// Changes read at once.
const BATCH: usize = 64;
/// A stream that nothing wakes looks again after this: a wake-up is a hint.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// One change as a watcher is told of it.
pub struct Told {
    /// The copy concerned, unless the step is of the document itself.
    pub delivery: Option<Delivery>,
    /// The document.
    pub document: Document,
    /// What happened.
    pub step: Step,
    /// Where the watcher is, once it has this.
    pub cursor: Cursor,
}

/// A watch under way.
pub struct Watch {
    /// What every service works with.
    pub shared: Shared,
    /// Who watches.
    pub caller: Caller,
    /// By which certificate.
    pub peer: Arc<Peer>,
    /// Whose feed.
    pub agency: agency::Id,
    /// Which feed.
    pub direction: Direction,
    /// From where.
    pub cursor: Cursor,
}

impl Watch {
    /// Tells changes until the watcher goes, is cut off, or the hub stops.
    pub async fn run<M: Send + 'static>(
        mut self,
        sender: mpsc::Sender<Result<M, Status>>,
        message: impl Fn(&Shared, &Caller, Told) -> Result<M, Failure> + Send,
    ) {
        let _open = self.shared.metrics.watch_opened();
        let mut woken = self.shared.feeds.subscribe(&self.agency);
        let mut stop = self.shared.stop.clone();
        loop {
            woken.borrow_and_update();
            let told = match self.pass(&sender, &message).await {
                Ok(Passed::Told(told)) => told,
                Ok(Passed::WatcherGone) => return,
                Err(failure) => return drop(sender.send(Err(failure.into_status())).await),
            };
            if told > 0 {
                continue;
            }
            tokio::select! {
                () = sender.closed() => return,
                () = stopped(&mut stop) => return drop(sender.send(Err(Failure::Draining.into_status())).await),
                _ = woken.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// One look at the lanes: the first that has something is told a batch of it.
    async fn pass<M>(
        &mut self,
        sender: &mpsc::Sender<Result<M, Status>>,
        message: &impl Fn(&Shared, &Caller, Told) -> Result<M, Failure>,
    ) -> Result<Passed, Failure> {
        if *self.shared.stop.borrow() {
            return Err(Failure::Draining);
        }
        self.look_again()?;
        let until = self.shared.tables.applied().map_err(fault)?;
        for lane in 0..delivery::LANES {
            let changes = delivery::changes(&self.shared.tables, &self.agency, self.direction, lane, self.cursor.lane(lane), until, BATCH)
                .map_err(fault)?;
            if changes.is_empty() {
                continue;
            }
            return self.tell(lane, &changes, sender, message).await;
        }
        Ok(Passed::Told(0))
    }

    /// What the caller acts for, or whether its certificate still stands for it, may have changed since the stream began.
    fn look_again(&mut self) -> Result<(), Failure> {
        self.caller = self.shared.caller_now(&self.peer, &self.caller)?;
        if self.caller.acts_for(&self.agency) { Ok(()) } else { Err(domain::refusal::Refusal::Denied.into()) }
    }

    async fn tell<M>(
        &mut self,
        lane: u8,
        changes: &[Change],
        sender: &mpsc::Sender<Result<M, Status>>,
        message: &impl Fn(&Shared, &Caller, Told) -> Result<M, Failure>,
    ) -> Result<Passed, Failure> {
        let mut arrived = Vec::new();
        let mut passed = Passed::Told(changes.len());
        for change in changes {
            if let Err(failure) = self.look_again() {
                self.arrive(arrived).await?;
                return Err(failure);
            }
            self.cursor.advance(lane, (change.step.seq, change.step.index));
            let tables = &self.shared.tables;
            let Some(document) = document::find(tables, &change.document).map_err(fault)? else { continue };
            let step = change.step.clone();
            let whose = if self.direction == Direction::Incoming { &self.agency } else { &step.agency };
            let delivery = delivery::find(tables, &change.document, whose).map_err(fault)?;
            let hands_over = self.direction == Direction::Incoming && delivery.as_ref().is_some_and(|d| d.status == DeliveryStatus::Sent);
            let told = Told { delivery, document, step, cursor: self.cursor };
            if sender.send(Ok(message(&self.shared, &self.caller, told)?)).await.is_err() {
                passed = Passed::WatcherGone;
                break;
            }
            if hands_over {
                arrived.push(change.document);
            }
            // Something more urgent may have come while a slow reader took this.
            if lane > 0 && sender.capacity() == 0 {
                break;
            }
        }
        // Also of a watcher that is gone: it may have what it was told last.
        self.arrive(arrived).await?;
        Ok(passed)
    }

    async fn arrive(&self, mut documents: Vec<document::Id>) -> Result<(), Failure> {
        documents.dedup();
        if documents.is_empty() {
            return Ok(());
        }
        let command = delivery::Command::Arrive { agency: self.agency.clone(), documents, how: HandOver::Watch };
        self.shared.carry_out(&self.caller, None, Command::Delivery(command)).await?;
        Ok(())
    }
}

enum Passed {
    Told(usize),
    WatcherGone,
}
