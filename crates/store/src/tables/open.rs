//! Opening sled on files that a crash may have left, and moving aside those that it cannot read.

use std::any::Any;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::{OpenError, Options};
use crate::disk;

/// How long a lock may outlive its holder: after a kill, or when sled's last thread drops its handle late.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(20);

/// Recovery reads the log since the last open: minutes for a large one. Beyond this it hangs, and a rebuild is quicker.
const OPEN_PATIENCE: Duration = Duration::from_secs(600);

/// A quarter of a segment is where sled starts to spill into blobs: a leaf of 17 rows of the largest legal size stays below.
/// It cannot be changed for tables that exist.
const SEGMENT_BYTES: usize = 8 << 20;

/// Drives segment cleaning too; durability does not depend on it.
const FLUSH_EVERY_MS: u64 = 500;

/// The file that says that these tables met damage while they were in use.
pub(super) const MARK: &str = "fault";

/// How many damaged directories are kept for somebody to look at.
const KEPT_ASIDE: usize = 2;

pub(super) fn open(options: &Options) -> Result<(sled::Db, File), OpenError> {
    let dir = &options.dir;
    let is_new = !dir.join("db").try_exists()?;
    fs::create_dir_all(dir)?;
    if let Ok(cause) = fs::read_to_string(dir.join(MARK)) {
        return Err(OpenError::Damaged { dir: dir.clone(), cause: format!("met in use: {cause}") });
    }
    let deadline = Instant::now() + LOCK_PATIENCE;
    if !wait_until_unlocked(dir, LOCK_PATIENCE)? {
        return Err(OpenError::Locked { dir: dir.clone() });
    }
    // After the look at the lock: the process that holds it may be writing exactly this file.
    remove_half_snapshots(dir)?;
    refuse_blobs(dir)?;
    let db = loop {
        match open_on_a_thread(options) {
            Err(OpenError::Locked { .. }) if Instant::now() < deadline => thread::sleep(LOCK_POLL),
            result => break result?,
        }
    };
    let file = File::open(dir.join("db"))?;
    if is_new {
        sync_new_files(dir)?;
    }
    Ok((db, file))
}

/// Waits until nobody holds the lock on sled's file; false if somebody still does after `patience`.
pub(super) fn wait_until_unlocked(dir: &Path, patience: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + patience;
    let file = match File::open(dir.join("db")) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(e) => return Err(e),
    };
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            // Closing the descriptor gives the lock back.
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(LOCK_POLL),
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
            Err(e) => return Err(e.into()),
        }
    }
}

/// A crash while recovery writes its snapshot leaves `snap.X.generating`, which the next open takes for the newest snapshot
/// and fails over for good (spacejam/sled#1527).
fn remove_half_snapshots(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(file = %entry.path().display(), "a half-written snapshot is removed");
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn refuse_blobs(dir: &Path) -> Result<(), OpenError> {
    match fs::read_dir(dir.join("blobs")) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(OpenError::Damaged { dir: dir.to_owned(), cause: "blobs/ is not empty".to_owned() }),
            None => Ok(()),
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e.into()),
    }
}

fn open_on_a_thread(options: &Options) -> Result<sled::Db, OpenError> {
    let config = sled::Config::new()
        .path(&options.dir)
        .segment_size(SEGMENT_BYTES)
        .cache_capacity(options.cache_bytes)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .use_compression(false);
    let damaged = |cause: String| OpenError::Damaged { dir: options.dir.clone(), cause };
    let (send, receive) = mpsc::sync_channel(1);
    thread::Builder::new().name("open tables".to_owned()).spawn(move || {
        // Nobody listens any more if opening took too long; the database is dropped then.
        let _ = send.send(catch_unwind(AssertUnwindSafe(|| config.open())));
    })?;
    match receive.recv_timeout(OPEN_PATIENCE) {
        Ok(Ok(Ok(db))) => Ok(db),
        Ok(Ok(Err(e))) => Err(open_error(&options.dir, e)),
        Ok(Err(panic)) => Err(damaged(format!("sled panicked: {}", panic_text(&*panic)))),
        Err(_) => Err(damaged(format!("sled did not open within {} s", OPEN_PATIENCE.as_secs()))),
    }
}

fn open_error(dir: &Path, error: sled::Error) -> OpenError {
    match error {
        // sled wraps the refusal of its lock into a text.
        sled::Error::Io(e) if e.to_string().contains("could not acquire lock") => OpenError::Locked { dir: dir.to_owned() },
        sled::Error::Io(e) if e.raw_os_error().is_some() => OpenError::Io(e),
        other => OpenError::Damaged { dir: dir.to_owned(), cause: other.to_string() },
    }
}

pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no text".to_owned())
}

fn sync_new_files(dir: &Path) -> io::Result<()> {
    File::open(dir.join("conf"))?.sync_all()?;
    File::open(dir.join("db"))?.sync_all()?;
    match disk::sync_dir(&dir.join("blobs")) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    disk::sync_dir(dir)?;
    disk::sync_parent(dir)
}

/// See [`Tables::set_aside`](super::Tables::set_aside).
pub(super) fn set_aside(dir: &Path) -> io::Result<PathBuf> {
    let name = dir.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the directory has no name"))?;
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut prefix = name.to_owned();
    prefix.push(".damaged-");
    let mut numbers = aside_numbers(parent, &prefix)?;
    let next = numbers.last().map_or(1, |last| last.saturating_add(1));
    let target = parent.join(numbered(&prefix, next));
    fs::rename(dir, &target)?;
    disk::sync_dir(parent)?;
    numbers.push(next);
    for old in numbers.iter().rev().skip(KEPT_ASIDE) {
        fs::remove_dir_all(parent.join(numbered(&prefix, *old)))?;
    }
    Ok(target)
}

fn aside_numbers(parent: &Path, prefix: &OsString) -> io::Result<Vec<u64>> {
    let prefix = prefix.to_string_lossy();
    let mut numbers = Vec::new();
    for entry in fs::read_dir(parent)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let number = name.strip_prefix(&*prefix).and_then(|number| number.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn numbered(prefix: &OsString, number: u64) -> OsString {
    let mut name = prefix.clone();
    name.push(number.to_string());
    name
}
