//! Wake-ups for streams. A wake-up is a hint and carries nothing: a stream's own cursor is the truth.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::agency;
use domain::delivery::CHANGES;
use domain::principal::PRINCIPALS;
use domain::state::Changes;
use tokio::sync::watch;

/// Who waits for what. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Feeds {
    waiting: Arc<Mutex<HashMap<String, watch::Sender<u64>>>>,
}

impl Feeds {
    /// A receiver that changes whenever the agency's feeds, or any principal, changed.
    pub fn subscribe(&self, agency: &agency::Id) -> watch::Receiver<u64> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Streams that ended leave their agency's sender without receivers.
        if waiting.len() > 64 {
            waiting.retain(|_, sender| sender.receiver_count() > 0);
        }
        waiting.entry(agency.as_str().to_owned()).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Wakes those whom the changes concern. A change of any principal wakes all: one of them may be cut off.
    pub fn wake(&self, seq: u64, changes: &Changes) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return;
        }
        if changes.range(vec![PRINCIPALS.number]..vec![PRINCIPALS.number + 1]).next().is_some() {
            waiting.values().for_each(|sender| sender.send_modify(|last| *last = seq));
            return;
        }
        let mut last: &[u8] = &[];
        for key in changes.range(vec![CHANGES.number]..vec![CHANGES.number + 1]).map(|(key, _)| key) {
            let agency = key.get(1..).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default();
            if agency == last {
                continue;
            }
            last = agency;
            if let Some(sender) = std::str::from_utf8(agency).ok().and_then(|agency| waiting.get(agency)) {
                sender.send_modify(|last| *last = seq);
            }
        }
    }

    /// Wakes everybody, at shutdown.
    pub fn wake_all(&self) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.values().for_each(|sender| sender.send_modify(|_| {}));
    }
}
