//! Followers: what reacts to what happened, each with a cursor or a clock of its own.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::digest::Digest;
use domain::event::Event;
use domain::{payload, trust};
use journal::Reader;
use tokio::sync::watch;

use crate::shared::{Shared, stopped};

/// The tables are made durable so often; what they lack after a crash is replayed.
const CHECKPOINT: Duration = Duration::from_secs(5);
/// Free space is looked at so often.
const DISK: Duration = Duration::from_secs(2);
/// Unfinished uploads are swept so often.
const SWEEP: Duration = Duration::from_secs(600);
/// What cannot be erased is tried again after this: an object store may be down for a while.
const ERASE_AGAIN: Duration = Duration::from_secs(10);
/// Entries the eraser reads at once.
const ERASER_GROUP: usize = 1_000;
/// Bytes the eraser reads at once.
const ERASER_BYTES: usize = 4 << 20;

/// Brings the tables' rows to disk now and then, and says how far they are.
pub async fn checkpoint(shared: Shared, mut applied: watch::Receiver<u64>) {
    let mut stop = shared.stop.clone();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return,
            changed = applied.changed() => if changed.is_err() { return },
        }
        tokio::select! {
            () = stopped(&mut stop) => return,
            () = tokio::time::sleep(CHECKPOINT) => {}
        }
        shared.metrics.applied(*applied.borrow_and_update());
        let tables = shared.tables.clone();
        if let Ok(Err(fault)) = tokio::task::spawn_blocking(move || tables.checkpoint()).await {
            tracing::error!(%fault, "the tables cannot be made durable; they are made anew from the journal at the next start");
        }
    }
}

/// Watches free space.
pub async fn disk(shared: Shared) {
    let mut stop = shared.stop.clone();
    loop {
        match shared.vault.free_bytes() {
            Ok(free) => {
                shared.metrics.free_bytes(free);
                let low = free < shared.config.disk.low_mark.0;
                if shared.disk_low.swap(low, Ordering::Relaxed) != low {
                    if low {
                        tracing::error!(free, "free space is below disk.low_mark: submissions and uploads are refused until there is more");
                    } else {
                        tracing::info!(free, "there is enough free space again: submissions and uploads are taken");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "cannot tell the free space"),
        }
        tokio::select! {
            () = stopped(&mut stop) => return,
            () = tokio::time::sleep(DISK) => {}
        }
    }
}

/// Sweeps unfinished uploads that are too old.
pub async fn sweeper(shared: Shared) {
    let mut stop = shared.stop.clone();
    loop {
        let age = u64::try_from(shared.config.payloads.upload_age.0.as_millis()).unwrap_or(u64::MAX);
        let now = u64::try_from(shared.now().micros() / 1_000).unwrap_or_default();
        match shared.vault.sweep(age, now).await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "unfinished uploads were swept"),
            Err(error) => tracing::warn!(%error, "unfinished uploads cannot be swept"),
        }
        tokio::select! {
            () = stopped(&mut stop) => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

/// Erases the bytes of payloads that nobody holds any more.
pub struct Eraser {
    /// What it works with.
    pub shared: Shared,
    /// The journal it follows.
    pub reader: Reader,
    /// Where its cursor is kept: the last entry it has dealt with.
    pub cursor: PathBuf,
}

impl Eraser {
    /// Follows the journal until the hub stops.
    pub async fn run(self, mut applied: watch::Receiver<u64>) {
        let mut stop = self.shared.stop.clone();
        // A missing or unreadable cursor, or one of another journal, begins anew: erasing what is gone changes nothing.
        let cursor = std::fs::read_to_string(&self.cursor).ok().and_then(|text| text.trim().parse().ok());
        let mut done: u64 = cursor.filter(|done| *done <= *applied.borrow()).unwrap_or(0);
        // What could not be erased waits here and holds up nothing else; the cursor stays before it, for the next start.
        let mut left: Vec<Digest> = Vec::new();
        loop {
            let last = *applied.borrow_and_update();
            let mut outcome = self.erase_all(std::mem::take(&mut left), &mut left).await;
            while done < last && outcome.is_ok() {
                outcome = match self.step(done, last).await {
                    Ok((now, digests)) => {
                        done = now;
                        self.erase_all(digests, &mut left).await
                    }
                    Err(cause) => Err(cause),
                };
                if left.is_empty() && outcome.is_ok() {
                    outcome = std::fs::write(&self.cursor, format!("{done}\n")).map_err(|e| e.to_string());
                }
            }
            if let Err(cause) = &outcome {
                tracing::error!(cause, "payloads that were recalled cannot be erased; it is tried again");
            }
            tokio::select! {
                // Not at the next entry: uploads wait while an erasure tries a store that hangs.
                () = tokio::time::sleep(ERASE_AGAIN), if outcome.is_err() => {}
                () = stopped(&mut stop) => return,
                changed = applied.changed(), if outcome.is_ok() => if changed.is_err() { return },
            }
        }
    }

    /// The payloads that the entries after `done` erase, and the last of these entries.
    async fn step(&self, done: u64, last: u64) -> Result<(u64, Vec<Digest>), String> {
        let reader = self.reader.clone();
        let entries = tokio::task::spawn_blocking(move || reader.read(done + 1, ERASER_GROUP, ERASER_BYTES))
            .await
            .map_err(|e| e.to_string())?
            .map_err(|e| e.to_string())?;
        let (mut now, mut digests) = (done, Vec::new());
        for (seq, bytes) in entries.into_iter().filter(|(seq, _)| *seq <= last) {
            let entry = journal::stored::decode(&bytes).map_err(|e| e.to_string())?;
            digests.extend(entry.events.into_iter().filter_map(|event| match event {
                Event::Payload(payload::Event::Erased { digest }) => Some(digest),
                _ => None,
            }));
            now = seq;
        }
        if now == done { Err("the journal gave nothing".into()) } else { Ok((now, digests)) }
    }

    /// Erases each; those that cannot be are `left`, and the last cause is told.
    async fn erase_all(&self, digests: Vec<Digest>, left: &mut Vec<Digest>) -> Result<(), String> {
        let mut outcome = Ok(());
        for digest in digests {
            if let Err(cause) = self.erase(digest).await {
                left.push(digest);
                outcome = Err(cause);
            }
        }
        outcome
    }

    async fn erase(&self, digest: Digest) -> Result<(), String> {
        let _alone = self.shared.erasing.write().await;
        // The same bytes may have come in again since, or be those of a trust object.
        let tables = &self.shared.tables;
        if payload::find(tables, &digest).map_err(|e| e.to_string())?.is_some()
            || trust::keeps(tables, &digest).map_err(|e| e.to_string())?
        {
            return Ok(());
        }
        self.shared.vault.erase(digest.0).await.map_err(|e| e.to_string())?;
        tracing::info!(payload = %digest.to_string().get(..12).unwrap_or_default(), "a payload that nobody holds was erased");
        Ok(())
    }
}
