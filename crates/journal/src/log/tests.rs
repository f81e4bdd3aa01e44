use std::fs;
use std::path::Path;
use std::time::Instant;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::check;
use crate::merkle::leaf_hash;

fn options(dir: &TempDir, segment_bytes: u64) -> Options {
    Options { dir: dir.path().into(), segment_bytes }
}

fn open(dir: &TempDir, segment_bytes: u64) -> (Log, Recovery) {
    Log::open(&options(dir, segment_bytes)).unwrap()
}

fn read_all(reader: &Reader) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    loop {
        let next = reader.read(entries.len() as u64 + 1, 7, 5_000).unwrap();
        if next.is_empty() {
            return entries;
        }
        for (seq, entry) in next {
            entries.push(entry);
            assert_eq!(seq, entries.len() as u64);
        }
    }
}

fn root_of(entries: &[Vec<u8>]) -> Hash {
    let mut frontier = Frontier::default();
    entries.iter().for_each(|entry| frontier.push(leaf_hash(entry)));
    frontier.root()
}

/// Appends `entries` one by one and closes the log.
fn filled(segment_bytes: u64, entries: &[&[u8]]) -> TempDir {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir, segment_bytes);
    for entry in entries {
        log.append(log.last() + 1, &[entry.to_vec()]).unwrap();
    }
    dir
}

/// Every file's name and bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

fn flip(path: &Path, at: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x40], at).unwrap();
}

/// The journal does not open, names this segment, and stays as it is.
fn refused(dir: &TempDir, segment: &str) {
    let before = files(dir.path());
    match Log::open(&options(dir, 4096)) {
        Err(Error::Damaged { segment: named, .. } | Error::Missing { segment: named, .. }) => assert_eq!(named, segment),
        other => panic!("{other:?}"),
    }
    assert!(check(dir.path()).is_err());
    assert_eq!(files(dir.path()), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_appended_is_read_back_and_survives_reopening(
        groups in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..900), 0..9), 1..12),
        segment_bytes in 200..6_000_u64,
        reopen in 0..12_usize,
    ) {
        let dir = TempDir::new().unwrap();
        let (mut log, recovery) = open(&dir, segment_bytes);
        prop_assert_eq!(recovery, Recovery { entries: 0, cut_bytes: None, segments: vec!["00000000000000000001.log".into()] });
        let mut all = Vec::new();
        for (i, group) in groups.iter().enumerate() {
            if i == reopen {
                drop(log);
                let (again, recovery) = open(&dir, segment_bytes);
                prop_assert_eq!((recovery.entries, recovery.cut_bytes), (all.len() as u64, None));
                log = again;
            }
            prop_assert_eq!(log.append(log.last() + 1, group).unwrap(), all.len() as u64 + 1);
            all.extend(group.iter().cloned());
            prop_assert_eq!(log.last(), all.len() as u64);
        }
        prop_assert_eq!(log.root(), root_of(&all));
        prop_assert_eq!(read_all(&log.reader()), all.clone());
        drop(log);
        let report = check(dir.path()).unwrap();
        prop_assert_eq!((report.entries, report.root, report.unfinished_bytes), (all.len() as u64, root_of(&all), None));
        // Without seals the segments are read.
        for (name, _) in files(dir.path()).iter().filter(|(name, _)| name.ends_with(".seal")) {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        let (log, _) = open(&dir, segment_bytes);
        prop_assert_eq!(log.root(), root_of(&all));
        prop_assert_eq!(read_all(&log.reader()), all);
    }
}

#[test]
fn a_write_cut_at_any_byte_leaves_the_entries_before_it() {
    let whole = filled(1024, &[b"first", b"second", b"the third and last"]);
    let path = whole.path().join(segment::name(1));
    let bytes = fs::read(&path).unwrap();
    let last = 64 + 64 + 5 + 64 + 6;
    let end = last + 64 + 18;
    assert!(bytes[end - 1] != 0 && bytes[end..].iter().all(|byte| *byte == 0));
    for cut in last..end {
        let mut torn = bytes.clone();
        torn[cut..].fill(0);
        fs::write(&path, &torn).unwrap();
        let used = torn.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let (mut log, recovery) = open(&whole, 1024);
        assert_eq!((recovery.entries, recovery.cut_bytes), (2, (used > last).then(|| (used - last) as u64)), "cut at {cut}");
        assert_eq!(log.append(3, &[b"again".to_vec()]).unwrap(), 3);
        assert_eq!(read_all(&log.reader()), [&b"first"[..], b"second", b"again"]);
        drop(log);
        let report = check(whole.path()).unwrap();
        assert_eq!((report.entries, report.unfinished_bytes), (3, None), "cut at {cut}");
    }
}

#[test]
fn a_group_whose_pages_came_to_disk_out_of_order_is_cut_and_does_not_stop_the_start() {
    let dir = filled(4096, &[b"before"]);
    let (mut log, _) = open(&dir, 4096);
    log.append(2, &[b"two".to_vec(), b"three".to_vec(), b"four".to_vec()]).unwrap();
    drop(log);
    // The first record of the last group is not there; the two behind it are whole.
    let file = File::options().write(true).open(dir.path().join(segment::name(1))).unwrap();
    file.write_all_at(&[0; 64], 64 + 64 + 6).unwrap();
    let (mut log, recovery) = open(&dir, 4096);
    assert_eq!((recovery.entries, recovery.cut_bytes), (1, Some(3 + 64 + 5 + 64 + 4 + 64)));
    assert_eq!(read_all(&log.reader()), [b"before"]);
    // A record of the same length leaves the place of the cut third record as the next.
    log.append(2, &[b"TWO".to_vec()]).unwrap();
    drop(log);
    let (log, recovery) = open(&dir, 4096);
    assert_eq!((recovery.entries, recovery.cut_bytes), (2, None));
    assert_eq!(read_all(&log.reader()), [&b"before"[..], b"TWO"]);
}

#[test]
fn a_damaged_durable_record_is_refused_and_its_segment_named() {
    // The second of three records: its length, its checksum, its sequence, its leaf hash, its payload.
    for at in [0, 4, 8, 40, 64] {
        let dir = filled(4096, &[b"first", b"second", b"third"]);
        flip(&dir.path().join(segment::name(1)), 64 + 64 + 5 + at);
        refused(&dir, "00000000000000000001.log");
    }
}

#[test]
fn a_damaged_segment_before_the_last_is_refused_or_found_by_the_check() {
    let entries: Vec<Vec<u8>> = (0..9_u8).map(|i| vec![i; 200]).collect();
    let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
    // Three records of 264 bytes fit 1000 bytes.
    let dir = filled(1000, &entries);
    let names: Vec<_> = files(dir.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "00000000000000000001.log",
            "00000000000000000001.seal",
            "00000000000000000004.log",
            "00000000000000000004.seal",
            "00000000000000000007.log",
            "lock",
            "next.prepared",
        ]
    );
    flip(&dir.path().join(segment::name(4)), 64 + 264 + 100);
    // Its seal stands for it at the start; a read of the entry, and the check, tell.
    let (log, recovery) = open(&dir, 1000);
    assert_eq!(recovery.segments, ["00000000000000000001.log", "00000000000000000004.log", "00000000000000000007.log"]);
    assert_eq!(log.reader().read(4, 1, 1000).unwrap().len(), 1);
    assert!(
        matches!(log.reader().read(5, 1, 1000), Err(Error::Damaged { segment, offset: 328, .. }) if segment == "00000000000000000004.log")
    );
    drop(log);
    assert!(matches!(check(dir.path()), Err(Error::Damaged { segment, .. }) if segment == "00000000000000000004.log"));
    fs::remove_file(dir.path().join("00000000000000000004.seal")).unwrap();
    refused(&dir, "00000000000000000004.log");
}

#[test]
fn a_missing_segment_is_named_by_the_one_behind_it() {
    let entry = [7; 200];
    let dir = filled(400, &[&entry, &entry, &entry]);
    fs::remove_file(dir.path().join(segment::name(2))).unwrap();
    refused(&dir, "00000000000000000003.log");
}

#[test]
fn a_damaged_header_is_refused() {
    for at in [0, 8, 20, 60] {
        let dir = filled(400, &[b"entry"]);
        flip(&dir.path().join(segment::name(1)), at);
        refused(&dir, "00000000000000000001.log");
    }
}

#[test]
fn a_seal_that_tells_other_hashes_is_found_by_the_check() {
    let entry = [7; 200];
    let dir = filled(400, &[&entry, &entry]);
    let mut frontier = Frontier::default();
    frontier.push([0; 32]);
    Seal { first: 1, epoch: 1, frontier }.write(dir.path()).unwrap();
    assert!(matches!(check(dir.path()), Err(Error::Damaged { segment, .. }) if segment == "00000000000000000001.log"));
}

#[test]
fn readers_see_the_entries_in_order_while_the_writer_goes_on() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir, 2_000);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let reader = log.reader();
            thread::spawn(move || {
                let mut next = 1_u64;
                while next <= 300 {
                    for (seq, entry) in reader.read(next, 10, 1 << 20).unwrap() {
                        assert_eq!((seq, entry), (next, next.to_le_bytes().repeat(5)));
                        assert!(seq <= reader.last());
                        next += 1;
                    }
                    thread::yield_now();
                }
            })
        })
        .collect();
    for first in (1..=300).step_by(3) {
        let group: Vec<_> = (first..first + 3).map(|seq: u64| seq.to_le_bytes().repeat(5)).collect();
        log.append(first, &group).unwrap();
    }
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

#[test]
fn a_read_keeps_to_its_limits_and_always_gives_one_entry() {
    let dir = filled(4096, &[&[1; 100], &[2; 100], &[3; 100]]);
    let (log, _) = open(&dir, 4096);
    let seqs = |from, max_entries, max_bytes| -> Vec<u64> {
        log.reader().read(from, max_entries, max_bytes).unwrap().into_iter().map(|(seq, _)| seq).collect()
    };
    assert_eq!(seqs(1, 2, 1000), [1, 2]);
    assert_eq!(seqs(1, 9, 200), [1, 2]);
    assert_eq!(seqs(2, 9, 199), [2]);
    assert_eq!(seqs(3, 9, 1), [3]);
    assert_eq!(seqs(4, 9, 1000), []);
    assert_eq!(seqs(1, 0, 1000), []);
}

#[test]
fn a_wrong_sequence_or_a_long_entry_is_refused_and_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir, 4096);
    assert!(matches!(log.append(2, &[vec![1]]), Err(Error::Sequence { expected: 2, next: 1 })));
    assert!(matches!(log.append(1, &[vec![1], vec![0; MAX_ENTRY_BYTES + 1]]), Err(Error::TooLarge { bytes: 16_777_217, max: 16_777_216 })));
    assert_eq!(log.append(1, &[vec![1; MAX_ENTRY_BYTES]]).unwrap(), 1);
    drop(log);
    let (log, recovery) = open(&dir, 4096);
    assert_eq!((recovery.entries, recovery.segments.len()), (1, 1));
    assert_eq!(log.reader().read(1, 1, 1).unwrap().first().map(|(seq, entry)| (*seq, entry.len())), Some((1, MAX_ENTRY_BYTES)));
}

#[test]
fn a_second_opening_is_refused_while_the_first_lasts() {
    let dir = TempDir::new().unwrap();
    let (log, _) = open(&dir, 4096);
    assert!(matches!(Log::open(&options(&dir, 4096)), Err(Error::Locked { .. })));
    drop(log);
    open(&dir, 4096);
}

/// The log takes nothing more after `device` in the place of its file, and what was durable before is there.
fn poisoned_by(device: &str) {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir, 4096);
    log.append(1, &[b"kept".to_vec()]).unwrap();
    log.current.file = File::options().write(true).open(device).unwrap();
    assert!(matches!(log.append(2, &[b"lost".to_vec()]), Err(Error::Io { .. })));
    assert_eq!((log.last(), log.root()), (1, leaf_hash(b"kept")));
    assert!(matches!(log.append(2, &[b"lost".to_vec()]), Err(Error::Poisoned)));
    assert_eq!(read_all(&log.reader()), [b"kept"]);
    drop(log);
    assert_eq!(open(&dir, 4096).1.entries, 1);
}

#[test]
fn a_full_disk_poisons_the_log() {
    // Every write to it fails with ENOSPC.
    poisoned_by("/dev/full");
}

#[test]
fn a_failed_sync_poisons_the_log() {
    // It takes every write and refuses fdatasync with EINVAL.
    poisoned_by("/dev/null");
}

#[test]
#[ignore = "prints rates; run it alone on a quiet disk"]
fn appends_per_second_beside_a_bare_write_and_sync() {
    for group in [1_usize, 64] {
        let (rounds, entry) = (500, vec![7; 3_000]);
        let dir = TempDir::new().unwrap();
        let (mut log, _) = open(&dir, Options::DEFAULT_SEGMENT_BYTES);
        let entries = vec![entry; group];
        let started = Instant::now();
        for _ in 0..rounds {
            log.append(log.last() + 1, &entries).unwrap();
        }
        let appended = started.elapsed();
        let bare = dir.path().join("bare");
        let file = File::create(&bare).unwrap();
        segment::write_zeros(&file, 0, 64 << 20).unwrap();
        file.sync_all().unwrap();
        let bytes = vec![7; group * 3_064];
        let started = Instant::now();
        for i in 0..rounds {
            file.write_all_at(&bytes, (i * bytes.len() as u64) % (60 << 20)).unwrap();
            file.sync_data().unwrap();
        }
        let bare = started.elapsed();
        let rate = |time: std::time::Duration| (rounds * group as u64) as f64 / time.as_secs_f64();
        println!("groups of {group}: {:.0} entries/s, bare write and fdatasync {:.0}/s", rate(appended), rate(bare));
    }
}
