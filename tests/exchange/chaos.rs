//! What goes wrong: which process is killed when, and what the axis does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::process::Process;

/// Numbers that look random and are the same at each run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `below` - 1 (splitmix64).
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % below
    }
}

/// Every fault that there is, now this one more and now that one.
fn faults(dice: &mut Dice) -> String {
    const OFTEN: [&str; 9] = [
        "bad_gateway",
        "web_page",
        "empty_answer",
        "missing_status",
        "system_error",
        "drop_request",
        "drop_answer",
        "lose_answer",
        "unknown_code",
    ];
    const SELDOM: [&str; 5] = ["hang_answer", "wrong_secret", "locked_receiver", "unknown_receiver", "oversize"];
    let often = OFTEN.iter().map(|fault| format!("{fault}={:.3}", dice.roll(40) as f64 / 1e3));
    let mut all: Vec<String> = often.collect();
    all.extend(SELDOM.iter().map(|fault| format!("{fault}={:.4}", dice.roll(30) as f64 / 1e4)));
    all.push(format!("latency={:.2} latency_ms={}", dice.roll(50) as f64 / 1e2, dice.roll(60)));
    all.push(format!("duplicate_listing={:.1} shuffle_listing={:.1}", dice.roll(10) as f64 / 10.0, dice.roll(10) as f64 / 10.0));
    all.push(format!("clock_skew_seconds={}", dice.roll(600)));
    all.join(" ")
}

/// A home with its code, and where it is served now.
pub(crate) struct Hub {
    pub(crate) home: PathBuf,
    pub(crate) code: &'static str,
    pub(crate) address: Mutex<String>,
    pub(crate) kills: AtomicU64,
}

/// Two hubs and the axis.
pub(crate) struct World {
    pub(crate) hubs: [Arc<Hub>; 2],
    dir: PathBuf,
    listen: String,
    /// Items that wait at the axis, as it says.
    pub(crate) waiting: Arc<AtomicU64>,
    pub(crate) kills_of_axis: AtomicU64,
    processes: Mutex<Vec<Process>>,
}

impl World {
    pub(crate) fn start(dir: &Path, hubs: [Hub; 2], listen: String) -> Self {
        let this = Self {
            hubs: hubs.map(Arc::new),
            dir: dir.to_owned(),
            listen,
            waiting: Arc::new(AtomicU64::new(u64::MAX)),
            kills_of_axis: AtomicU64::new(0),
            processes: Mutex::default(),
        };
        let axis = this.axis("");
        let hubs: Vec<_> = this.hubs.iter().map(|hub| this.hub(hub)).collect();
        *this.processes.lock().unwrap() = std::iter::once(axis).chain(hubs).collect();
        this
    }

    fn axis(&self, faults: &str) -> Process {
        let waiting = Arc::clone(&self.waiting);
        Process::axis(&self.dir, &self.listen, faults, move |count| waiting.store(count, Ordering::Relaxed))
    }

    fn hub(&self, hub: &Hub) -> Process {
        let process = Process::hub(&hub.home, &self.listen, hub.code);
        *hub.address.lock().unwrap() = process.address.clone();
        process
    }

    /// Kills one of the three, and starts it again.
    pub(crate) fn strike(&self, dice: &mut Dice) {
        let victim = usize::try_from(dice.roll(3)).unwrap();
        let mut processes = self.processes.lock().unwrap();
        processes[victim].kill();
        std::thread::sleep(Duration::from_millis(dice.roll(200)));
        processes[victim] = match victim {
            0 => {
                self.kills_of_axis.fetch_add(1, Ordering::Relaxed);
                self.axis(&faults(dice))
            }
            hub => {
                self.hubs[hub - 1].kills.fetch_add(1, Ordering::Relaxed);
                self.hub(&self.hubs[hub - 1])
            }
        };
    }

    /// From now on the axis goes wrong.
    pub(crate) fn weather(&self, dice: &mut Dice) {
        self.restart_axis(&faults(dice));
    }

    /// Nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        self.restart_axis("");
        self.waiting.store(u64::MAX, Ordering::Relaxed);
    }

    fn restart_axis(&self, faults: &str) {
        let mut processes = self.processes.lock().unwrap();
        processes[0].kill();
        self.kills_of_axis.fetch_add(1, Ordering::Relaxed);
        processes[0] = self.axis(faults);
    }
}
