//! When a mirror is synchronised: at the first start, then every configured span, and sooner after a failure.

use std::time::Duration;

use ::axis as wire;

use super::super::outbound::backoff;
use super::super::{Connector, STOPPED_FOR};
use super::Error;
use crate::shared::stopped;

impl Connector {
    /// Keeps the mirror of the directory until the hub stops.
    pub async fn keep_directory(self) {
        let inner = &self.inner;
        let mut stop = inner.shared.stop.clone();
        let mut failures: u32 = 0;
        let mut wait = self.until_due();
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
            // With credentials that the axis has refused, each further call may lock the account.
            if inner.state.health().stopped.is_some() {
                wait = inner.settings.retry_most.0;
                continue;
            }
            wait = match inner.directory.sync(&*inner.wire, inner.shared.now()).await {
                Ok(()) => {
                    failures = 0;
                    let status = inner.directory.status();
                    tracing::info!(
                        connection = %inner.connection, agencies = status.agencies, version = status.version, "the directory is synchronised"
                    );
                    inner.settings.directory.0
                }
                Err(Error::Wire(wire::Error::Unsupported(operation))) => {
                    tracing::info!(connection = %inner.connection, operation, "this axis has no directory");
                    return;
                }
                Err(error) => {
                    inner.state.failed(inner.shared.now(), &format!("directory: {error}"));
                    let wait = backoff(inner.settings.retry.0, inner.settings.retry_most.0, failures);
                    failures = failures.saturating_add(1);
                    if let Error::Wire(wire::Error::StopConnector { .. }) = error {
                        tracing::error!(connection = %inner.connection, %error, "the directory is not synchronised");
                        wait.max(STOPPED_FOR)
                    } else {
                        tracing::warn!(connection = %inner.connection, %error, "the directory is not synchronised");
                        wait
                    }
                }
            };
        }
    }

    /// How long the mirror that was found is new enough. A clock that was set back does not put this off for longer than the span.
    fn until_due(&self) -> Duration {
        let inner = &self.inner;
        let span = inner.settings.directory.0;
        let Some(synced) = inner.directory.status().synced else { return Duration::ZERO };
        let age = inner.shared.now().micros().saturating_sub(synced.micros());
        span.saturating_sub(Duration::from_micros(u64::try_from(age).unwrap_or_default()))
    }
}
