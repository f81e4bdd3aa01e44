//! What this machine can do without a hub: sync, hash, write.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};

use crate::Outcome;
use crate::drive::percentile;

/// Bytes of the preallocated file.
const FILE: u64 = 16 << 20;
/// Bytes of one small write.
const BLOCK: usize = 4 << 10;

/// `fdatasync` of small writes to a preallocated file.
pub(crate) struct Sync {
    /// Syncs in a second.
    pub(crate) per_second: f64,
    /// The 99th percentile of one.
    pub(crate) p99: Duration,
}

/// Writes 4 KiB and syncs, again and again.
pub(crate) fn sync(dir: &Path, span: Duration) -> Outcome<Sync> {
    let path = dir.join("raw-sync");
    let mut file = File::create(&path)?;
    file.write_all(&vec![0; usize::try_from(FILE)?])?;
    file.sync_all()?;
    let (begun, mut times, mut at) = (Instant::now(), Vec::new(), 0);
    while begun.elapsed() < span {
        let one = Instant::now();
        file.write_all_at(&[7; BLOCK], at)?;
        file.sync_data()?;
        times.push(one.elapsed());
        at = (at + BLOCK as u64) % FILE;
    }
    let per_second = times.len() as f64 / begun.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(Sync { per_second, p99: percentile(&mut times, 0.99) })
}

/// Bytes that SHA-256 takes in a second on one core.
pub(crate) fn sha256(span: Duration) -> f64 {
    let block = vec![7; 1 << 20];
    let (begun, mut bytes) = (Instant::now(), 0);
    while begun.elapsed() < span {
        std::hint::black_box(digest(&SHA256, std::hint::black_box(&block)));
        bytes += block.len();
    }
    bytes as f64 / begun.elapsed().as_secs_f64()
}

/// Bytes in a second of new files of this size, each synced, one after another.
pub(crate) fn write_and_sync(dir: &Path, size: usize, span: Duration) -> Outcome<f64> {
    let block = vec![7; size];
    let path = dir.join("raw-write");
    let (begun, mut bytes) = (Instant::now(), 0);
    while begun.elapsed() < span {
        let mut file = File::create(&path)?;
        file.write_all(&block)?;
        file.sync_data()?;
        bytes += size;
    }
    std::fs::remove_file(path)?;
    Ok(bytes as f64 / begun.elapsed().as_secs_f64())
}
