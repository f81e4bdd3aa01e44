//! All cores on one queue, results in the order of the queue.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// Results on the way from the workers; a worker waits when there are more, because the teller is behind.
const ON_THE_WAY: usize = 256;

/// Items that are begun before an earlier one is told. Their results wait in memory while one huge file is read.
const AHEAD: usize = 4096;

/// Runs `work` on every item, on as many threads as there are cores, and hands each result to `tell` on this thread in order.
/// Each thread has one `S` for all its items. `work` must not panic.
pub(crate) fn run<T: Sync, R: Send, S: Default>(items: &[T], work: impl Fn(&mut S, &T) -> R + Sync, mut tell: impl FnMut(&T, R)) {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if workers <= 1 {
        let mut own = S::default();
        items.iter().for_each(|item| tell(item, work(&mut own, item)));
        return;
    }
    let next = AtomicUsize::new(0);
    let told = Told::default();
    let (sender, receiver) = sync_channel(ON_THE_WAY);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, told, work) = (sender.clone(), &next, &told, &work);
            scope.spawn(move || {
                let _rescue = Rescue(told);
                let mut own = S::default();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    told.wait_for(index.saturating_sub(AHEAD));
                    if sender.send((index, work(&mut own, item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let _rescue = Rescue(&told);
        let mut early = BTreeMap::new();
        let mut due = items.iter().enumerate().peekable();
        for (index, result) in receiver {
            early.insert(index, result);
            while let Some((position, item)) = due.next_if(|(position, _)| early.contains_key(position)) {
                if let Some((_, result)) = early.pop_first() {
                    tell(item, result);
                }
                told.advance(position + 1);
            }
        }
    });
}

/// How many items are told. The earliest item not yet told never waits, so that somebody always goes on.
#[derive(Default)]
struct Told {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Told {
    fn advance(&self, count: usize) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) = count;
        self.changed.notify_all();
    }

    fn wait_for(&self, count: usize) {
        let told = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(told, |told| *told < count));
    }
}

/// Lets nobody wait for a thread that panicked.
struct Rescue<'a>(&'a Told);

impl Drop for Rescue<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.advance(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_none_is_lost() {
        for count in [0, 1, 2, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let mut told = Vec::new();
            let slow_start = |_: &mut (), item: &usize| {
                // The others come in before the first.
                if *item == 0 {
                    (0..1000).for_each(|_| thread::yield_now());
                }
                *item
            };
            run(&items, slow_start, |item, result| told.push((*item, result)));
            assert_eq!(told, items.iter().map(|item| (*item, *item)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nobody_runs_far_ahead_of_what_is_told() {
        let items: Vec<usize> = (0..3 * AHEAD).collect();
        let told = AtomicUsize::new(0);
        let furthest = AtomicUsize::new(0);
        let work = |_: &mut (), item: &usize| {
            if *item == 0 {
                // Time for the others to go as far as they may.
                while thread::available_parallelism().map_or(1, NonZero::get) > 1 && furthest.load(Ordering::SeqCst) < AHEAD {
                    thread::yield_now();
                }
                (0..1000).for_each(|_| thread::yield_now());
            }
            furthest.fetch_max(*item, Ordering::SeqCst);
            assert!(*item <= told.load(Ordering::SeqCst) + AHEAD, "{item}");
        };
        run(&items, work, |_, ()| {
            told.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(told.load(Ordering::SeqCst), items.len());
    }

    #[test]
    fn a_panic_ends_the_run_and_nobody_waits() {
        let items: Vec<usize> = (0..3 * AHEAD).collect();
        let is_ended = |worker: usize, teller: usize| {
            let work = |_: &mut (), item: &usize| assert_ne!(*item, worker);
            std::panic::catch_unwind(|| run(&items, work, |item, ()| assert_ne!(*item, teller))).is_err()
        };
        assert!(is_ended(0, usize::MAX) && is_ended(usize::MAX, 2));
        assert!(!is_ended(usize::MAX, usize::MAX));
    }

    #[test]
    fn each_thread_keeps_its_own_from_item_to_item() {
        let items: Vec<usize> = (0..100).collect();
        let mut sum = 0;
        let count = |own: &mut Vec<usize>, item: &usize| {
            own.push(*item);
            own.len()
        };
        run(&items, count, |_, length| sum += usize::from(length == 1));
        assert!((1..=thread::available_parallelism().map_or(1, NonZero::get)).contains(&sum), "{sum}");
    }
}
