//! Time and memory, measured so that other work on the machine disturbs them least.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this thread.
pub(crate) fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// What `work` costs this thread.
pub(crate) fn cost(work: impl FnOnce()) -> Duration {
    let before = thread_time();
    work();
    thread_time() - before
}

/// The least that each of two works costs, measured in turns: whatever slows the machine down hits both.
pub(crate) fn least_of_two(rounds: usize, first: impl Fn(), second: impl Fn()) -> (Duration, Duration) {
    (0..rounds).fold((Duration::MAX, Duration::MAX), |(one, other), _| (one.min(cost(&first)), other.min(cost(&second))))
}

/// The shortest time by the clock on the wall in which `threads` threads do `work` once each.
pub(crate) fn wall(rounds: usize, threads: usize, work: impl Fn(usize) + Sync) -> Duration {
    let once = || {
        let started = Instant::now();
        std::thread::scope(|scope| {
            for index in 0..threads {
                let work = &work;
                scope.spawn(move || work(index));
            }
        });
        started.elapsed()
    };
    (0..rounds).map(|_| once()).min().unwrap_or_default()
}

/// How much the resident memory of this process grows at most while `work` runs, in KiB; `None` where the system does not tell.
pub(crate) fn peak_growth(work: impl FnOnce()) -> Option<u64> {
    // proc(5): 5 sets the peak back to what is resident.
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = status("VmRSS:")?;
    work();
    Some(status("VmHWM:")?.saturating_sub(before))
}

fn status(key: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
