use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};

use domain::state::Memory;
use proptest::prelude::*;

use super::*;
use std::ops::ControlFlow;

const LEFT: Table = Table { name: "left", number: 1 };
const RIGHT: Table = Table { name: "right", number: 2 };
const CHILD_DIR: &str = "STORE_TEST_CHILD_DIR";

fn small(dir: &Path) -> Options {
    Options { dir: dir.to_owned(), cache_bytes: 4 << 20 }
}

fn rows(state: &dyn State, table: Table, from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    state
        .scan(table, from, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            if rows.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    rows
}

/// Every row of the group says the group's number, so that a torn group shows.
fn generation(number: u64, count: u32, bytes: usize) -> Changes {
    (0..count)
        .map(|row| {
            let mut value = number.to_be_bytes().to_vec();
            value.resize(bytes, u8::try_from(number % 251).unwrap());
            (full_key(LEFT, &row.to_be_bytes()), Some(value))
        })
        .collect()
}

fn whole_generation(tables: &Tables, count: usize) -> Result<u64, Fault> {
    tables.verify()?;
    let applied = tables.applied()?;
    let mut seen = 0;
    tables.scan(LEFT, b"", &mut |_, value| {
        assert_eq!(value[..8], applied.to_be_bytes(), "a torn group");
        seen += 1;
        ControlFlow::Continue(())
    })?;
    assert_eq!(seen, if applied == 0 { 0 } else { count });
    Ok(applied)
}

type Step = (bool, u8, Option<Vec<u8>>);

fn groups() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
    prop::collection::vec(prop::collection::vec((any::<bool>(), 0..24u8, value), 0..12), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_tables_read_as_their_twin_in_memory(groups in groups(), from in 0..24u8, limit in 1..30usize) {
        let dir = tempfile::tempdir().unwrap();
        let tables = Tables::open(&small(dir.path())).unwrap();
        let mut twin = Memory::default();
        for (index, group) in groups.iter().enumerate() {
            let changes: Changes = group
                .iter()
                .map(|(left, key, value)| (full_key(if *left { LEFT } else { RIGHT }, &[*key]), value.clone()))
                .collect();
            tables.apply(index as u64 + 1, &changes).unwrap();
            twin.apply(changes);
        }
        for table in [LEFT, RIGHT] {
            prop_assert_eq!(rows(&tables, table, &[from], limit), rows(&twin, table, &[from], limit));
            prop_assert_eq!(rows(&tables, table, b"", usize::MAX), rows(&twin, table, b"", usize::MAX));
            prop_assert_eq!(tables.get(table, &[from]).unwrap(), twin.get(table, &[from]).unwrap());
        }
        prop_assert_eq!(tables.applied().unwrap(), groups.len() as u64);
    }
}

#[test]
fn a_reopened_store_has_its_rows_and_its_sequence() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    assert_eq!(tables.applied().unwrap(), 0);
    tables.apply(7, &generation(7, 3, 8)).unwrap();
    let before: Vec<_> = tables.dump().collect::<Result<_, _>>().unwrap();
    tables.close().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    assert_eq!(tables.applied().unwrap(), 7);
    let after: Vec<_> = tables.dump().collect::<Result<_, _>>().unwrap();
    assert_eq!(before, after);
    // Three rows, the sequence and the schema.
    assert_eq!(after.len(), 5);
    assert_eq!(after[0], (b"\0applied_seq".to_vec(), 7u64.to_be_bytes().to_vec()));
}

#[test]
fn a_sequence_that_does_not_move_forward_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    tables.apply(5, &generation(5, 1, 8)).unwrap();
    assert!(tables.apply(5, &generation(6, 1, 8)).is_err());
    assert!(tables.apply(4, &generation(6, 1, 8)).is_err());
    assert_eq!(whole_generation(&tables, 1).unwrap(), 5);
}

#[test]
fn rows_and_keys_over_their_limits_are_faults_that_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    let bad: [(Vec<u8>, Vec<u8>); 4] =
        [(full_key(LEFT, b"k"), vec![0; 65_537]), (vec![1; 2049], vec![]), (vec![], vec![]), (b"\0applied_seq".to_vec(), vec![0; 8])];
    for (key, value) in bad {
        let mut changes = generation(1, 1, 8);
        changes.insert(key, Some(value));
        assert!(tables.apply(1, &changes).is_err());
        assert_eq!(tables.applied().unwrap(), 0);
        assert_eq!(tables.verify().unwrap(), 2);
    }
}

#[test]
fn rows_of_the_largest_legal_size_make_no_blob() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    for number in 1..=4 {
        tables.apply(number, &generation(number, 120, MAX_ROW_BYTES)).unwrap();
    }
    // One row per group as well: a leaf then grows by links instead of by one batch.
    for number in 5..=100u64 {
        let key = full_key(RIGHT, &(number % 40).to_be_bytes());
        let value = vec![u8::try_from(number).unwrap(); MAX_ROW_BYTES];
        tables.apply(number, &BTreeMap::from([(key, Some(value))])).unwrap();
    }
    tables.close().unwrap();
    assert_eq!(fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
    let tables = Tables::open(&small(dir.path())).unwrap();
    assert_eq!(tables.verify().unwrap(), 120 + 40 + 2);
}

#[test]
fn a_blob_file_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    Tables::open(&small(dir.path())).unwrap().close().unwrap();
    fs::write(dir.path().join("blobs/1"), b"spilled").unwrap();
    assert!(matches!(Tables::open(&small(dir.path())), Err(OpenError::Damaged { .. })));
}

#[test]
fn a_half_written_snapshot_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    tables.apply(1, &generation(1, 10, 100)).unwrap();
    tables.close().unwrap();
    // sled sorts this name as the newest snapshot and answers Corruption on every open if it is left.
    let half = dir.path().join("snap.FFFFFFFFFFFFFFF0.generating");
    fs::write(&half, [7; 100]).unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    assert_eq!(whole_generation(&tables, 10).unwrap(), 1);
    assert!(!half.exists());
}

#[test]
fn a_second_holder_is_told_that_the_tables_are_locked() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    assert!(matches!(Tables::open(&small(dir.path())), Err(OpenError::Locked { .. })));
    tables.close().unwrap();
    Tables::open(&small(dir.path())).unwrap();
}

#[test]
fn closing_while_a_clone_lives_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    let clone = tables.clone();
    assert!(tables.close().is_err());
    clone.close().unwrap();
}

#[test]
fn tables_of_another_schema_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    tables.inner.db.insert(b"\0schema", &99u32.to_be_bytes()).unwrap();
    tables.close().unwrap();
    let error = Tables::open(&small(dir.path())).err().unwrap();
    assert!(matches!(error, OpenError::OtherSchema { found: 99, expected: SCHEMA }), "{error}");
}

#[test]
fn rows_without_a_schema_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    tables.apply(1, &generation(1, 1, 8)).unwrap();
    tables.inner.db.remove(b"\0schema").unwrap();
    tables.close().unwrap();
    assert!(matches!(Tables::open(&small(dir.path())), Err(OpenError::Damaged { .. })));
}

/// Damages the files, and answers what is found: a refusal, a fault on reading, or a whole generation.
fn damaged(sample: &Path, damage: impl FnOnce(&Path)) -> Result<u64, String> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("blobs")).unwrap();
    for entry in fs::read_dir(sample).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
    }
    damage(dir.path());
    let tables = Tables::open(&small(dir.path())).map_err(|error| {
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        error.to_string()
    })?;
    whole_generation(&tables, 40).map_err(|fault| fault.0)
}

#[test]
fn damaged_files_are_an_answer_and_never_a_panic_or_a_torn_group() {
    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(&small(dir.path())).unwrap();
    for number in 1..=30 {
        tables.apply(number, &generation(number, 40, 300)).unwrap();
    }
    tables.close().unwrap();
    let size = fs::metadata(dir.path().join("db")).unwrap().len();
    assert_eq!(damaged(dir.path(), |_| ()), Ok(30));

    let mut found = 0;
    for part in 1..12 {
        let at = 40_000 * part;
        found += usize::from(damaged(dir.path(), |dir| flip(&dir.join("db"), at)) != Ok(30));
        let cut = damaged(dir.path(), |dir| {
            fs::OpenOptions::new().write(true).open(dir.join("db")).unwrap().set_len(size.min(at)).unwrap();
        });
        found += usize::from(cut != Ok(30));
    }
    assert!(found > 4, "only {found} damages were noticed");
    // Without its first segment sled is empty: the journal is applied from its start.
    assert_ne!(damaged(dir.path(), |dir| flip(&dir.join("db"), 0)), Ok(30));
    assert!(damaged(dir.path(), |dir| fs::write(dir.join("conf"), [7; 64]).unwrap()).is_err());
}

fn flip(path: &Path, at: u64) {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut bytes = [0; 64];
    let read = file.read_at(&mut bytes, at).unwrap();
    bytes.iter_mut().for_each(|byte| *byte ^= 0xff);
    file.write_all_at(&bytes[..read], at).unwrap();
}

#[test]
fn setting_aside_keeps_the_last_two() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("tables");
    for number in 1..=3 {
        Tables::open(&small(&dir)).unwrap().close().unwrap();
        assert_eq!(Tables::set_aside(&dir).unwrap(), parent.path().join(format!("tables.damaged-{number}")));
    }
    let mut names: Vec<_> = fs::read_dir(&parent).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["tables.damaged-2", "tables.damaged-3"]);
    assert!(Tables::set_aside(&dir).is_err(), "there is nothing to move");
}

#[test]
#[ignore = "the child of the kill test: it writes until it is killed"]
fn child_applies_groups() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let tables = Tables::open(&small(Path::new(&dir))).unwrap();
    for number in tables.applied().unwrap() + 1.. {
        tables.apply(number, &generation(number, 50, 500)).unwrap();
        if number % 5 == 0 {
            tables.checkpoint().unwrap();
            eprintln!("durable {number}");
        }
    }
}

#[test]
fn a_killed_process_leaves_whole_groups_and_what_it_called_durable() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "tables::tests::child_applies_groups"])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut durable = 0;
        for _ in 0..3 + 4 * round {
            let line = lines.next().expect("the child writes").unwrap();
            durable = line.strip_prefix("durable ").expect(&line).parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let tables = Tables::open(&small(dir.path())).unwrap();
        let applied = whole_generation(&tables, 50).unwrap();
        assert!(applied >= durable, "round {round}: {durable} was durable and {applied} is there");
        tables.close().unwrap();
    }
}
