//! The re-judge: follows the journal, and when the trust data changes, judges the documents that this touches again.
//!
//! What changed is recorded by the desk, document by document; what did not leaves no trace. The cursor moves on when all documents
//! of the entries read were looked at: after a crash they are looked at once more, and those that were recorded are found unchanged.
//! Without a cursor it begins at the first entry, and every signed document that was judged by other trust data than today's is
//! judged once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use api::status::Failure;
use bytes::Bytes;
use domain::command::Command;
use domain::digest::Digest;
use domain::document;
use domain::event::{Entry, Event};
use domain::principal::{self, Caller, Role};
use domain::refusal::Refusal;
use domain::signature::{self, Report, verdicts};
use domain::trust::{self, TrustObject};
use journal::Reader;
use tokio::sync::watch;

use crate::shared::{Shared, fault, stopped};
use crate::touched::{Change, touched};

/// Entries read at once.
const GROUP: usize = 1_000;
/// Bytes read at once.
const BYTES: usize = 4 << 20;
/// What cannot be judged for now is tried again after this: an object store may be down for a while.
const AGAIN: Duration = Duration::from_secs(10);

/// Why a document is judged again: the trust object and a sentence.
type Cause = (Digest, String);

/// Judges again what new trust data touches.
pub struct Rejudge {
    /// What it works with.
    pub shared: Shared,
    /// The journal it follows.
    pub reader: Reader,
    /// Where its cursor is kept: the last entry it has dealt with.
    pub cursor: PathBuf,
}

impl Rejudge {
    /// Follows the journal until the hub stops.
    pub async fn run(self, mut applied: watch::Receiver<u64>) {
        let mut stop = self.shared.stop.clone();
        // A missing or unreadable cursor, or one of another journal, begins anew: what is judged already is found unchanged.
        let cursor = std::fs::read_to_string(&self.cursor).ok().and_then(|text| text.trim().parse().ok());
        let mut done: u64 = cursor.filter(|done| *done <= *applied.borrow()).unwrap_or(0);
        loop {
            let last = *applied.borrow_and_update();
            let mut outcome = Ok(());
            while done < last && outcome.is_ok() && !*stop.borrow() {
                outcome = match self.step(done, last).await {
                    Ok(now) => {
                        done = now;
                        std::fs::write(&self.cursor, format!("{done}\n")).map_err(|error| error.to_string())
                    }
                    Err(cause) => Err(cause),
                };
            }
            if let Err(cause) = &outcome {
                tracing::error!(cause, "documents that new trust data touches cannot be judged again; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN), if outcome.is_err() => {}
                () = stopped(&mut stop) => return,
                changed = applied.changed(), if outcome.is_ok() => if changed.is_err() { return },
            }
        }
    }

    /// Deals with the entries after `done`; gives the last of them.
    async fn step(&self, done: u64, last: u64) -> Result<u64, String> {
        let reader = self.reader.clone();
        let entries = tokio::task::spawn_blocking(move || reader.read(done + 1, GROUP, BYTES))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        let (mut now, mut waiting) = (done, BTreeMap::new());
        for (seq, bytes) in entries.into_iter().filter(|(seq, _)| *seq <= last) {
            let entry = journal::stored::decode(&bytes).map_err(|error| error.to_string())?;
            self.look_at(&entry, &mut waiting).await.map_err(|failure| failure.to_string())?;
            now = seq;
        }
        for (document, cause) in waiting {
            if *self.shared.stop.borrow() {
                return Err("the hub stops".into());
            }
            self.judge(document, cause).await.map_err(|failure| failure.to_string())?;
        }
        if now == done { Err("the journal gave nothing".into()) } else { Ok(now) }
    }

    /// Notes the documents that an entry touches.
    async fn look_at(&self, entry: &Entry, waiting: &mut BTreeMap<document::Id, Cause>) -> Result<(), Failure> {
        for change in self.changes(entry).await? {
            let tables = self.shared.tables.clone();
            let looked = tokio::task::spawn_blocking(move || touched(&tables, &change).map(|documents| (change, documents)));
            let (change, documents) = looked.await.map_err(|_| Failure::Internal)?.map_err(fault)?;
            if !documents.is_empty() {
                tracing::info!(trust = %change.fingerprint(), documents = documents.len(), "documents are judged again: {}", change.reason());
            }
            let cause = (change.fingerprint(), change.reason());
            waiting.extend(documents.into_iter().map(|document| (document, cause.clone())));
        }
        for event in &entry.events {
            let Event::Document(document::Event::Submitted { document, reports, .. } | document::Event::Amended { document, reports, .. }) =
                event
            else {
                continue;
            };
            // Judged before trust data came and recorded after it: nobody looked at the document since.
            let version = Digest(self.shared.judge.trust().await?.version());
            let is_behind = |report: &Report| report.trust_version != version && !report.signatures.is_empty();
            if reports.iter().any(is_behind)
                && let Some(newest) = trust::newest(&self.shared.tables).map_err(fault)?
            {
                let reason = "trust data came while the document was submitted".to_owned();
                waiting.insert(document.id, (newest.fingerprint, reason));
            }
        }
        Ok(())
    }

    /// The changes of trust data in an entry, with the bytes that are still at hand.
    async fn changes(&self, entry: &Entry) -> Result<Vec<Change>, Failure> {
        let mut removed: Vec<(TrustObject, Bytes)> = Vec::new();
        for event in &entry.events {
            let Event::Trust(trust::Event::Removed(fingerprint)) = event else { continue };
            let object = trust::find_retired(&self.shared.tables, fingerprint).map_err(fault)?;
            if let Some(object) = object {
                let der = self.shared.judge.der(&object).await?.unwrap_or_default();
                removed.push((object, der));
            }
        }
        let mut changes = Vec::new();
        for event in &entry.events {
            let Event::Trust(trust::Event::Set(object)) = event else { continue };
            let series = object.facts.as_ref().and_then(|facts| facts.series);
            let same = |one: &mut (TrustObject, Bytes)| series.is_some() && one.0.facts.as_ref().and_then(|facts| facts.series) == series;
            let replaced = removed.extract_if(.., same).map(|(_, der)| der).collect();
            let Some(der) = self.shared.judge.der(object).await? else { continue };
            changes.push(Change::Added { object: object.clone(), der, replaced });
        }
        changes.extend(removed.into_iter().map(|(object, der)| Change::Removed { object, der }));
        Ok(changes)
    }

    /// Judges a document again, and has the desk record what changed.
    async fn judge(&self, id: document::Id, (cause, reason): Cause) -> Result<(), Failure> {
        let Some(document) = document::find(&self.shared.tables, &id).map_err(fault)? else { return Ok(()) };
        let hub = Caller { principal: principal::Id::hub(), role: Role::Admin };
        let reports = match self.shared.judge.attachments(&hub, &document.content.attachments, self.shared.now()).await {
            Ok(reports) => reports,
            // Erased since: the document was recalled.
            Err(Failure::Refused(Refusal::PayloadUnknown(_))) => return Ok(()),
            Err(failure @ (Failure::PayloadsUnavailable | Failure::JournalUnavailable)) => return Err(failure),
            Err(failure) => {
                tracing::error!(document = %id, %failure, "a document cannot be judged again; its verdict stays as it was");
                return Ok(());
            }
        };
        let before = verdicts::latest(&self.shared.tables, &id).map_err(fault)?;
        let rejudgement = verdicts::Rejudgement { document: id, version: document.version, reports: reports.clone(), cause, reason };
        let command = Command::Signature(signature::Command::Rejudge(rejudgement));
        match self.shared.carry_out(&hub, None, command).await {
            Ok(done) if done.seq.is_some() => self.tell(id, cause, &before, &reports),
            Ok(_) => {}
            Err(Failure::Refused(refusal @ Refusal::TooLarge(_))) => {
                tracing::error!(document = %id, %refusal, "a changed verdict cannot be recorded");
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn tell(&self, document: document::Id, trust: Digest, before: &[Report], now: &[Report]) {
        for (before, now) in before.iter().zip(now) {
            for (before, now) in before.signatures.iter().zip(&now.signatures) {
                if (before.verdict, &before.sub_indication) != (now.verdict, &now.sub_indication) {
                    self.shared.metrics.verdict_changed(now.verdict);
                    tracing::warn!(
                        %document,
                        %trust,
                        old = ?before.verdict,
                        old_sub = before.sub_indication,
                        new = ?now.verdict,
                        new_sub = now.sub_indication,
                        "new trust data changed a verdict"
                    );
                }
            }
        }
    }
}
