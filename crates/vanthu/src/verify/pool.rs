//! All cores on one queue, results in the order of the queue.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

/// Results on the way from the workers; a worker waits when there are more, because the teller is behind.
const ON_THE_WAY: usize = 256;

/// Runs `work` on every item, on as many threads as there are cores, and hands each result to `tell` on this thread in order.
/// `work` must not panic.
pub(crate) fn run<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync, mut tell: impl FnMut(&T, R)) {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if workers <= 1 {
        items.iter().for_each(|item| tell(item, work(item)));
        return;
    }
    let next = AtomicUsize::new(0);
    let (sender, receiver) = sync_channel(ON_THE_WAY);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    if sender.send((index, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = items.iter().enumerate().peekable();
        for (index, result) in receiver {
            early.insert(index, result);
            while let Some((_, item)) = due.next_if(|(position, _)| early.contains_key(position)) {
                if let Some((_, result)) = early.pop_first() {
                    tell(item, result);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_none_is_lost() {
        for count in [0, 1, 2, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let mut told = Vec::new();
            let slow_start = |item: &usize| {
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
}
