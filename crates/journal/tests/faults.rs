//! What another process leaves behind: killed while it appends, or stopped by a full disk.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use journal::{Error, Log, Options, check};

/// Makes the test binary the writer: its directory.
const DIR: &str = "JOURNAL_TEST_DIR";
const SEGMENT_BYTES: u64 = 16 << 10;

fn entry(seq: u64) -> Vec<u8> {
    vec![seq as u8; (seq % 700) as usize + 1]
}

fn options(dir: &Path) -> Options {
    Options { dir: dir.to_owned(), segment_bytes: SEGMENT_BYTES }
}

fn acknowledge(last: u64) {
    // The line begins after whatever the test harness has printed.
    println!("\nacked {last}");
    std::io::stdout().flush().unwrap();
}

#[test]
#[ignore = "a process that another test starts"]
fn writer_that_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { panic!("{DIR} is not set") };
    let (mut log, _) = Log::open(&options(Path::new(&dir))).unwrap();
    loop {
        let first = log.last() + 1;
        let group: Vec<_> = (first..first + first % 5 + 1).map(entry).collect();
        log.append(first, &group).unwrap();
        acknowledge(log.last());
    }
}

#[test]
#[ignore = "a process that another test starts"]
fn writer_that_meets_a_full_disk() {
    let Some(dir) = std::env::var_os(DIR) else { panic!("{DIR} is not set") };
    let (mut log, _) = Log::open(&options(Path::new(&dir))).unwrap();
    for seq in 1..=100 {
        log.append(seq, &[entry(seq)]).unwrap();
    }
    // It needs a longer segment than the limit lets a file be.
    assert!(matches!(log.append(101, &[vec![1; 200 << 10]]), Err(Error::Io { .. })));
    assert!(matches!(log.append(101, &[entry(101)]), Err(Error::Poisoned)));
    acknowledge(log.last());
}

fn writer(test: &str, dir: &Path, shell: &str) -> Child {
    Command::new("/bin/sh")
        .args(["-c", &format!("{shell} exec \"$0\" --exact {test} --ignored --nocapture")])
        .arg(std::env::current_exe().unwrap())
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The acknowledgements of a writer, as they come.
fn acks(child: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("acked ")?.parse().ok())
}

fn assert_entries(log: &Log) {
    let reader = log.reader();
    let mut next = 1;
    while next <= log.last() {
        for (seq, bytes) in reader.read(next, 100, 1 << 20).unwrap() {
            assert_eq!((seq, bytes), (next, entry(next)));
            next += 1;
        }
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 0..5 {
        let mut child = writer("writer_that_is_killed", dir.path(), "");
        let mut acked = acks(&mut child);
        let wanted = acked.by_ref().nth(20 + 7 * round).unwrap();
        child.kill().unwrap();
        let last = acked.last().unwrap_or(wanted);
        child.wait().unwrap();
        assert!(last > before);
        let (log, recovery) = Log::open(&options(dir.path())).unwrap();
        assert!(recovery.entries >= last, "{recovery:?}, acknowledged {last}");
        assert_entries(&log);
        before = log.last();
        let root = log.root();
        drop(log);
        assert_eq!(check(dir.path()).map(|report| (report.entries, report.root)).unwrap(), (before, root));
    }
}

#[test]
fn a_writer_on_a_full_disk_keeps_what_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    // Files of at most 128 KiB (POSIX counts blocks of 512 bytes); the signal is ignored, so that a write fails as on a full disk.
    let mut child = writer("writer_that_meets_a_full_disk", dir.path(), "trap '' XFSZ; ulimit -f 256;");
    assert_eq!(acks(&mut child).collect::<Vec<_>>(), [100]);
    assert!(child.wait().unwrap().success());
    let (mut log, recovery) = Log::open(&options(dir.path())).unwrap();
    assert_eq!((recovery.entries, recovery.cut_bytes), (100, None));
    assert_entries(&log);
    assert_eq!(log.append(101, &[entry(101)]).unwrap(), 101);
    assert_entries(&log);
}
