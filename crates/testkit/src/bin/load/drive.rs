//! Calls in flight: so many at once, for a span of time or a number of calls.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Outcome;

/// When to stop.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// After so long.
    Elapsed(Duration),
    /// After so many calls.
    Count(u64),
}

/// Keeps `in_flight` calls under way, spread over the clients; gives calls in a second. Every call has its own number.
pub(crate) async fn rate<C, F, R>(clients: &[C], in_flight: usize, until: Until, call: F) -> Outcome<f64>
where
    C: Clone + Send + 'static,
    F: Fn(C, u64) -> R + Clone + Send + 'static,
    R: Future<Output = Outcome<()>> + Send + 'static,
{
    let (next, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for client in clients.iter().cycle().take(in_flight) {
        let (client, next, done, call) = (client.clone(), Arc::clone(&next), Arc::clone(&done), call.clone());
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let over = match until {
                    Until::Elapsed(span) => begun.elapsed() >= span,
                    Until::Count(count) => number >= count,
                };
                if over {
                    return Ok(());
                }
                call(client.clone(), number).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        let ended: Outcome<()> = ended?;
        ended?;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// The value that this part of the values does not exceed; zero if there are none.
pub(crate) fn percentile(values: &mut [Duration], part: f64) -> Duration {
    values.sort_unstable();
    let index = (values.len() as f64 * part).ceil() as usize;
    values.get(index.saturating_sub(1)).copied().unwrap_or_default()
}
