use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;

use super::*;

const CHILD_DIR: &str = "STORE_TEST_CHILD_DIR";
const ID: UploadId = UploadId([0xab; 16]);
const OTHER: UploadId = UploadId([0xcd; 16]);
/// FIPS 180-4 example: SHA-256 of "abc".
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/// NIST long example: SHA-256 of one million times "a".
const MILLION_A: &str = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

fn digest(hex_digits: &str) -> Digest {
    hex::decode(hex_digits).unwrap().try_into().unwrap()
}

fn upload(size: u64) -> Upload {
    Upload { owner: "cn=Sở Nội vụ".to_owned(), size, expected: None, created_ms: 1_000 }
}

async fn local(dir: &Path) -> Vault {
    Vault::open(VaultOptions::new(dir)).await.unwrap()
}

async fn remote(dir: &Path, store: &Arc<InMemory>) -> Vault {
    let location = Location::Remote(Arc::clone(store) as Arc<dyn ObjectStore>);
    Vault::open(VaultOptions { location, ..VaultOptions::new(dir) }).await.unwrap()
}

async fn store(vault: &Vault, id: UploadId, bytes: &[u8]) -> Stored {
    vault.start(id, upload(bytes.len() as u64)).await.unwrap();
    let mut writer = vault.writer(id).await.unwrap();
    for chunk in bytes.chunks(100_000) {
        writer.write(writer.have(), Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    drop(writer);
    vault.finish(id).await.unwrap()
}

async fn read(vault: &Vault, digest: Digest, offset: u64, limit: u64) -> Vec<u8> {
    let chunks: Vec<Bytes> = vault.read(digest, offset, limit).await.unwrap().try_collect().await.unwrap();
    assert!(chunks.iter().all(|chunk| chunk.len() <= 256 * 1024));
    chunks.concat()
}

fn files(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn a_payload_is_stored_under_its_digest() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    let stored = store(&vault, ID, b"abc").await;
    assert_eq!(stored, Stored { digest: digest(ABC), size: 3 });
    assert_eq!(fs::read(dir.path().join("objects/ba").join(ABC)).unwrap(), b"abc");
    assert_eq!(vault.size(stored.digest).await.unwrap(), 3);
    assert_eq!(vault.finish(ID).await.unwrap(), stored, "finishing again is the same answer");
    assert!(matches!(vault.write(ID, 3, Bytes::from_static(b"d")).await, Err(VaultError::Finished(_))));
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let declared = Upload { expected: Some(digest(MILLION_A)), ..upload(1_000_000) };
    {
        let vault = local(dir.path()).await;
        vault.start(ID, declared.clone()).await.unwrap();
        let mut writer = vault.writer(ID).await.unwrap();
        assert_eq!(writer.write(0, Bytes::from(vec![b'a'; 600_001])).await.unwrap(), 600_001);
        assert_eq!(vault.status(ID).unwrap().safe, 0);
        assert_eq!(writer.sync().await.unwrap(), 600_001);
        assert_eq!(vault.status(ID).unwrap().safe, 600_001);
    }
    let vault = local(dir.path()).await;
    let progress = vault.status(ID).unwrap();
    assert_eq!(progress, Progress { upload: declared.clone(), have: 600_001, safe: 600_001, stored: None });
    assert_eq!(vault.start(ID, declared).await.unwrap(), progress, "starting again changes nothing");
    assert_eq!(vault.uploads_of("cn=Sở Nội vụ"), [(ID, progress)]);
    assert_eq!(vault.unfinished(), (1, 1_000_000));
    vault.write(ID, 600_001, Bytes::from(vec![b'a'; 399_999])).await.unwrap();
    assert_eq!(vault.finish(ID).await.unwrap().digest, digest(MILLION_A));

    let vault = local(dir.path()).await;
    assert_eq!(vault.finish(ID).await.unwrap().digest, digest(MILLION_A), "the answer survives a restart");
    assert_eq!(vault.unfinished(), (0, 0));
}

#[tokio::test]
async fn a_crash_between_seal_and_move_leaves_an_upload_that_finishes() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    vault.start(ID, upload(3)).await.unwrap();
    vault.write(ID, 0, Bytes::from_static(b"abc")).await.unwrap();
    vault.inner.seal(ID, digest(ABC)).unwrap();
    drop(vault);
    let vault = local(dir.path()).await;
    assert!(matches!(vault.size(digest(ABC)).await, Err(VaultError::NotStored(_))));
    assert_eq!(vault.finish(ID).await.unwrap().digest, digest(ABC));
    assert_eq!(vault.read_all(digest(ABC), 3).await.unwrap(), "abc");
}

#[tokio::test]
async fn a_chunk_at_another_offset_is_refused_with_the_right_one() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    vault.start(ID, upload(10)).await.unwrap();
    vault.write(ID, 0, Bytes::from_static(b"abc")).await.unwrap();
    for offset in [0, 2, 4, u64::MAX] {
        let error = vault.write(ID, offset, Bytes::from_static(b"d")).await.unwrap_err();
        assert!(matches!(error, VaultError::OffsetMismatch { have: 3, .. }), "{error}");
    }
    let error = vault.write(ID, 3, Bytes::from_static(b"12345678")).await.unwrap_err();
    assert!(matches!(error, VaultError::PastEnd { end: 11, size: 10 }), "{error}");
    assert_eq!(vault.status(ID).unwrap().have, 3);
}

#[tokio::test]
async fn wrong_size_and_wrong_digest_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    vault.start(ID, Upload { expected: Some(digest(MILLION_A)), ..upload(3) }).await.unwrap();
    vault.write(ID, 0, Bytes::from_static(b"ab")).await.unwrap();
    assert!(matches!(vault.finish(ID).await, Err(VaultError::SizeMismatch { have: 2, size: 3 })));
    vault.write(ID, 2, Bytes::from_static(b"c")).await.unwrap();
    let error = vault.finish(ID).await.unwrap_err();
    assert!(matches!(error, VaultError::DigestMismatch { found, .. } if found == digest(ABC)), "{error}");
    assert_eq!(files(&dir.path().join("objects")), 0);
    vault.abandon(ID).await.unwrap();
    assert_eq!(files(dir.path()), 0);
    assert!(matches!(vault.status(ID), Err(VaultError::UnknownUpload(_))));
}

#[tokio::test]
async fn declarations_out_of_bounds_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open(VaultOptions { max_payload_bytes: 9, ..VaultOptions::new(dir.path()) }).await.unwrap();
    assert!(matches!(vault.start(ID, upload(10)).await, Err(VaultError::TooLarge { size: 10, max: 9 })));
    for owner in ["a\nsealed -".to_owned(), "x".repeat(1025)] {
        assert!(matches!(vault.start(ID, Upload { owner, ..upload(1) }).await, Err(VaultError::BadOwner)));
    }
    vault.start(ID, upload(9)).await.unwrap();
    assert!(matches!(vault.start(ID, upload(8)).await, Err(VaultError::AlreadyStarted(_))));
}

#[tokio::test]
async fn ids_that_are_no_file_names_are_refused() {
    let good = "000102030405060708090a0b0c0d0e0f";
    assert_eq!(good.parse::<UploadId>().unwrap().to_string(), good);
    let long = "../".repeat(11);
    for bad in ["", "..", "../../../../etc/passwd", &long, "000102030405060708090A0B0C0D0E0F", &good[1..]] {
        assert!(matches!(bad.parse::<UploadId>(), Err(VaultError::BadId)), "{bad}");
    }
}

#[tokio::test]
async fn one_stream_at_a_time_writes_an_upload() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    vault.start(ID, upload(3)).await.unwrap();
    let writer = vault.writer(ID).await.unwrap();
    assert!(matches!(vault.writer(ID).await, Err(VaultError::Busy(_))));
    assert!(matches!(vault.finish(ID).await, Err(VaultError::Busy(_))));
    assert!(matches!(vault.abandon(ID).await, Err(VaultError::Busy(_))));
    drop(writer);
    vault.writer(ID).await.unwrap();
}

#[tokio::test]
async fn a_write_that_is_dropped_half_way_still_writes_the_whole_chunk() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    vault.start(ID, upload(1_000_000)).await.unwrap();
    let mut writer = vault.writer(ID).await.unwrap();
    let write = writer.write(0, Bytes::from(vec![b'a'; 400_000]));
    // Polled once, so that the work is under way, and dropped; on an idle machine it may be done already.
    let _ = futures::poll!(Box::pin(write));
    drop(writer);
    let mut writer = loop {
        match vault.writer(ID).await {
            Ok(writer) => break writer,
            Err(VaultError::Busy(_)) => tokio::task::yield_now().await,
            Err(e) => panic!("{e}"),
        }
    };
    let have = writer.have();
    assert_eq!(have, 400_000);
    writer.write(have, Bytes::from(vec![b'a'; 1_000_000 - usize::try_from(have).unwrap()])).await.unwrap();
    drop(writer);
    assert_eq!(vault.finish(ID).await.unwrap().digest, digest(MILLION_A));
}

#[tokio::test]
async fn one_content_is_stored_once_in_either_location() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let far = Arc::new(InMemory::new());
    for (vault, dir) in [(local(dirs[0].path()).await, &dirs[0]), (remote(dirs[1].path(), &far).await, &dirs[1])] {
        let first = store(&vault, ID, b"abc").await;
        assert_eq!(store(&vault, OTHER, b"abc").await, first);
        assert_eq!(vault.list(None, 10).await.unwrap(), [digest(ABC)]);
        // Two records remember the answers; the spools are gone.
        assert_eq!(files(&dir.path().join("uploads")), 2);
    }
    assert_eq!(files(&dirs[0].path().join("objects")), 1);
}

#[tokio::test]
async fn reading_has_an_offset_and_a_limit_in_either_location() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let far = Arc::new(InMemory::new());
    // Longer than two parts of a remote upload, and no multiple of anything.
    let bytes: Vec<u8> = (0..17_000_003u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for vault in [local(dirs[0].path()).await, remote(dirs[1].path(), &far).await] {
        let stored = store(&vault, ID, &bytes).await;
        assert_eq!(vault.size(stored.digest).await.unwrap(), 17_000_003);
        assert!(read(&vault, stored.digest, 0, u64::MAX).await == bytes);
        assert!(vault.read_all(stored.digest, 17_000_003).await.unwrap() == bytes);
        assert!(matches!(vault.read_all(stored.digest, 17_000_002).await, Err(VaultError::TooLarge { .. })));
        assert_eq!(read(&vault, stored.digest, 262_143, 2).await, &bytes[262_143..262_145]);
        assert_eq!(read(&vault, stored.digest, 17_000_000, 99).await, &bytes[17_000_000..]);
        assert_eq!(read(&vault, stored.digest, 17_000_003, 99).await, b"");
        assert!(matches!(vault.read(stored.digest, 17_000_004, 1).await.err(), Some(VaultError::OutOfRange { size: 17_000_003, .. })));
    }
}

#[tokio::test]
async fn an_empty_payload_is_a_payload() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    let stored = store(&vault, ID, b"").await;
    // FIPS 180-4: SHA-256 of nothing.
    assert_eq!(stored.digest, digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert_eq!(read(&vault, stored.digest, 0, 9).await, b"");
    assert_eq!(vault.read_all(stored.digest, 9).await.unwrap(), "");
}

#[tokio::test]
async fn an_erased_payload_is_gone_in_either_location() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let far = Arc::new(InMemory::new());
    for vault in [local(dirs[0].path()).await, remote(dirs[1].path(), &far).await] {
        let stored = store(&vault, ID, b"abc").await;
        assert!(vault.erase(stored.digest).await.unwrap());
        assert!(!vault.erase(stored.digest).await.unwrap());
        assert!(matches!(vault.size(stored.digest).await, Err(VaultError::NotStored(_))));
        assert!(matches!(vault.finish(ID).await, Err(VaultError::NotStored(_))));
        assert!(vault.list(None, 10).await.unwrap().is_empty());
        assert_eq!(store(&vault, OTHER, b"abc").await, stored, "it can be uploaded again");
    }
}

#[tokio::test]
async fn a_payload_that_rotted_is_not_given_out_as_whole() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    let stored = store(&vault, ID, b"abc").await;
    fs::write(vault.inner.object_file(&stored.digest), b"abd").unwrap();
    assert!(matches!(vault.read_all(stored.digest, 9).await, Err(VaultError::Damaged(_))));
    let chunks: Vec<_> = vault.read(stored.digest, 0, 9).await.unwrap().collect().await;
    assert!(matches!(chunks.last(), Some(Err(VaultError::Damaged(_)))));
}

#[tokio::test]
async fn listing_goes_on_from_the_last_digest() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    let mut all = Vec::new();
    for n in 0..40u8 {
        all.push(store(&vault, UploadId([n; 16]), &[n]).await.digest);
    }
    all.sort_unstable();
    let mut listed: Vec<Digest> = Vec::new();
    loop {
        let page = vault.list(listed.last().copied(), 7).await.unwrap();
        assert!(page.len() <= 7);
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert_eq!(listed, all);
}

#[tokio::test]
async fn a_sweep_takes_old_uploads_and_leaves_payloads_and_streams() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    let stored = store(&vault, OTHER, b"abc").await;
    vault.start(ID, upload(5)).await.unwrap();
    vault.start(UploadId([1; 16]), Upload { created_ms: 5_000, ..upload(5) }).await.unwrap();
    let writer = vault.writer(ID).await.unwrap();
    assert_eq!(vault.sweep(1_000, 2_000).await.unwrap(), 0, "exactly as old as allowed");
    assert_eq!(vault.sweep(1_000, 2_001).await.unwrap(), 1, "one is finished, one is being written, one is young");
    drop(writer);
    assert_eq!(vault.sweep(1_000, 2_001).await.unwrap(), 1);
    assert_eq!(vault.unfinished(), (1, 5));
    assert_eq!(vault.size(stored.digest).await.unwrap(), 3);
}

#[tokio::test]
async fn opening_removes_what_belongs_to_no_record() {
    let dir = tempfile::tempdir().unwrap();
    let vault = local(dir.path()).await;
    vault.start(ID, upload(5)).await.unwrap();
    drop(vault);
    let uploads = dir.path().join("uploads");
    fs::write(uploads.join(OTHER.to_string()), b"a spool without a record").unwrap();
    fs::write(uploads.join(format!("{OTHER}.scratch")), b"half a rec").unwrap();
    fs::write(uploads.join(format!("{}.upload", UploadId([7; 16]))), b"another format").unwrap();
    let vault = local(dir.path()).await;
    assert_eq!(vault.unfinished().0, 1);
    let mut names: Vec<_> = fs::read_dir(uploads).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let kept = [UploadId([7; 16]).to_string() + ".upload", ID.to_string(), ID.to_string() + ".upload"];
    assert_eq!(names, kept);
}

#[tokio::test]
async fn free_space_is_what_statvfs_says() {
    let dir = tempfile::tempdir().unwrap();
    let free = local(dir.path()).await.free_bytes().unwrap();
    let df = Command::new("df").args(["-B1", "--output=avail"]).arg(dir.path()).output().unwrap();
    let df: u64 = String::from_utf8(df.stdout).unwrap().lines().nth(1).unwrap().trim().parse().unwrap();
    assert!(free.abs_diff(df) < 1 << 30, "{free} and {df}");
}

#[tokio::test]
#[ignore = "the child of the kill test: it uploads until it is killed"]
async fn child_uploads() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let vault = local(Path::new(&dir)).await;
    vault.start(ID, upload(1_000_000)).await.unwrap();
    let mut writer = vault.writer(ID).await.unwrap();
    while writer.have() < 990_000 {
        writer.write(writer.have(), Bytes::from(vec![b'a'; 10_000])).await.unwrap();
        eprintln!("safe {}", writer.sync().await.unwrap());
    }
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_loses_no_chunk_that_it_called_safe() {
    let dir = tempfile::tempdir().unwrap();
    let mut safe: u64 = 0;
    for lines_read in [1, 7, 20] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "vault::tests::child_uploads"])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for _ in 0..lines_read {
            let Some(line) = lines.next() else { break };
            let line = line.unwrap();
            safe = line.strip_prefix("safe ").expect(&line).parse().unwrap();
            if safe == 990_000 {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let have = local(dir.path()).await.status(ID).unwrap().have;
        assert!(safe > 0 && have >= safe, "{safe} bytes were safe and {have} are there");
        if have == 990_000 {
            break;
        }
    }
    let vault = local(dir.path()).await;
    let have = vault.status(ID).unwrap().have;
    vault.write(ID, have, Bytes::from(vec![b'a'; 1_000_000 - usize::try_from(have).unwrap()])).await.unwrap();
    assert_eq!(vault.finish(ID).await.unwrap().digest, digest(MILLION_A));
}
