//! A connection as admins and metrics see it: how it fares, and what waits.

use std::time::Duration;

use domain::axis::{self, Outbox};
use domain::state::Fault;
use domain::time::Timestamp;

use super::{Connector, Connectors, Health};
use crate::shared::{Shared, stopped};

/// The metrics of connections are as old as this at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A connection at a moment.
#[derive(Debug, Clone)]
pub struct View {
    /// How it fares.
    pub health: Health,
    /// Since when the hub works with it.
    pub started: Timestamp,
    /// What waits to go out.
    pub outbox: Outbox,
    /// Packets that were set aside.
    pub quarantined: u64,
    /// How long ago a call last worked; since the start if none did.
    pub success_age: Duration,
    /// How long ago the axis was last asked for what came in, with success; since the start if it was not.
    pub poll_age: Duration,
    /// How long the oldest item has waited; none if none waits.
    pub oldest_waiting_age: Option<Duration>,
}

impl Connector {
    /// The connection now. Looks at the key of each row that waits: not for a thread that must not block.
    pub fn view(&self) -> Result<View, Fault> {
        let inner = &self.inner;
        let tables = &inner.shared.tables;
        let (health, now) = (self.health(), inner.shared.now());
        let outbox = axis::outbox(tables, &inner.connection)?;
        let since = |moment: Option<Timestamp>| age(moment.unwrap_or(inner.started), now);
        Ok(View {
            started: inner.started,
            quarantined: axis::quarantined_count(tables, &inner.connection)?,
            success_age: since(health.last_success),
            poll_age: since(health.last_poll),
            oldest_waiting_age: outbox.oldest.map(|oldest| age(oldest, now)),
            outbox,
            health,
        })
    }
}

/// Keeps the metrics of all connections up to date until the hub stops.
pub async fn watch(connectors: Connectors, shared: Shared) {
    let mut stop = shared.stop.clone();
    loop {
        for connector in connectors.all() {
            let looked_at = connector.clone();
            match tokio::task::spawn_blocking(move || looked_at.view()).await {
                Ok(Ok(view)) => shared.metrics.axis(connector.connection(), &view),
                Ok(Err(fault)) => tracing::error!(connection = %connector.connection(), %fault, "a connection cannot be measured"),
                // The hub is ending.
                Err(_) => return,
            }
        }
        tokio::select! {
            () = stopped(&mut stop) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

fn age(moment: Timestamp, now: Timestamp) -> Duration {
    // A clock that was set back makes nothing older than it is.
    Duration::from_micros(u64::try_from(now.micros() - moment.micros()).unwrap_or_default())
}
