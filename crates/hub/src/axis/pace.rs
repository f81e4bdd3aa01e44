//! How fast packets go: an axis is everybody's.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets packets go one after the other at a steady pace.
#[derive(Debug)]
pub(super) struct Pace {
    step: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many in a second.
    pub(super) fn new(per_second: u32) -> Self {
        Self { step: Duration::from_secs(1) / per_second.max(1), next: Mutex::new(None) }
    }

    /// Waits until it is one's turn.
    pub(super) async fn wait(&self) {
        tokio::time::sleep_until(self.turn(Instant::now())).await;
    }

    fn turn(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        *next = Some(turn + self.step);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_go_in_a_second_and_idle_time_is_not_saved_up() {
        let pace = Pace::new(10);
        let begun = Instant::now();
        let waits: Vec<_> = (0..21).map(|_| pace.turn(begun) - begun).collect();
        assert_eq!((waits[0].as_millis(), waits[1].as_millis(), waits[20].as_millis()), (0, 100, 2_000));
        let later = begun + Duration::from_secs(60);
        let waits: Vec<_> = (0..11).map(|_| pace.turn(later) - later).collect();
        assert_eq!((waits[0].as_millis(), waits[10].as_millis()), (0, 1_000));
    }
}
