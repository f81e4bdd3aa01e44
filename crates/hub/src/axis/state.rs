//! How a connection fares: for admins, and for metrics.

use std::sync::{Arc, Mutex, PoisonError};

use domain::time::Timestamp;

/// What a connection did since the hub started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets of documents that the axis took.
    pub documents_sent: u64,
    /// Packets of statuses that the axis took.
    pub statuses_sent: u64,
    /// Packets of documents that were taken in.
    pub documents_received: u64,
    /// Packets of statuses that were taken in.
    pub statuses_received: u64,
    /// Packets that were set aside.
    pub quarantined: u64,
    /// Items that were given up.
    pub dead: u64,
    /// Calls that failed.
    pub failures: u64,
}

/// How a connection fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Why it does nothing until an admin asks, if so: its credentials were refused.
    pub stopped: Option<String>,
    /// When a call last worked.
    pub last_success: Option<Timestamp>,
    /// When the axis was last looked at for what came in, with success.
    pub last_poll: Option<Timestamp>,
    /// The last failure, and when; it stays when calls work again.
    pub last_failure: Option<(Timestamp, String)>,
    /// Failures in a row.
    pub failing: u32,
    /// What it did.
    pub counters: Counters,
}

/// Shared between a connector and those who look at it.
#[derive(Clone, Default)]
pub struct State {
    health: Arc<Mutex<Health>>,
}

impl State {
    /// How it fares.
    pub fn health(&self) -> Health {
        self.change(|health| health.clone())
    }

    pub(super) fn succeeded(&self, now: Timestamp) {
        self.change(|health| {
            health.last_success = Some(now);
            health.failing = 0;
        });
    }

    pub(super) fn polled(&self, now: Timestamp) {
        self.change(|health| health.last_poll = Some(now));
    }

    pub(super) fn failed(&self, now: Timestamp, why: &str) {
        self.change(|health| {
            health.last_failure = Some((now, why.to_owned()));
            health.failing = health.failing.saturating_add(1);
            health.counters.failures += 1;
        });
    }

    pub(super) fn stopped(&self, why: &str) {
        self.change(|health| health.stopped = Some(why.to_owned()));
    }

    pub(super) fn resumed(&self) {
        self.change(|health| health.stopped = None);
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Counters)) {
        self.change(|health| count(&mut health.counters));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Health) -> T) -> T {
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
