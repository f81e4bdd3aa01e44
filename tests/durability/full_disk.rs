//! A full disk ends acknowledgements, then the process; what was acknowledged stays.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::system::to_agency;
use tokio::time::timeout;

use crate::home::{COMMUNE, PATIENCE, Prepared, Served, page, province};

/// A file system of its own, in memory; unmounted when dropped.
struct Small {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Small {
    /// `None` where this process may not mount.
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().ok()?;
        let path = dir.path().join("small");
        std::fs::create_dir(&path).ok()?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path).output().ok()?;
        mounted.status.success().then_some(Self { path, _dir: dir })
    }

    fn grow(&self, size: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.path).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazy: a child that was just killed may still hold a file.
        drop(Command::new("umount").arg("-l").arg(&self.path).status());
    }
}

#[tokio::test]
async fn on_a_full_file_system_nothing_acknowledged_is_lost() {
    let Some(small) = Small::mount("24m") else {
        println!("skipped 1 test: a small file system cannot be mounted here (needs root)");
        return;
    };
    let home = small.path.join("home");
    Prepared::at(&home).await;
    let mut served = Served::start(&home);
    let address = served.address().unwrap();
    let mut system = province(&home, &address).await;
    let payload = system.upload(&page("Day")).await.unwrap();
    fill_up(&small.path);
    let mut acknowledged = Vec::new();
    for n in 1..100_000 {
        let letter = system.letter(&n.to_string(), &"đầy ".repeat(100), &payload);
        match system.submit(letter, vec![to_agency(COMMUNE)]).await {
            Ok(answer) => acknowledged.push(answer.document.unwrap().name),
            Err(_) => break,
        }
    }
    let cause =
        timeout(PATIENCE, tokio::task::spawn_blocking(move || (served.ended(), served))).await.expect("the hub ends itself").unwrap();
    assert!(cause.0.is_some_and(|cause| cause.contains("journal")), "it says why");
    cause.1.kill();

    small.grow("96m");
    let mut served = Served::start(&home);
    let address = served.address().expect("with more room it serves again");
    let mut system = province(&home, &address).await;
    assert!(!acknowledged.is_empty());
    for name in acknowledged {
        system.documents.get_document(api::v1::GetDocumentRequest { name }).await.unwrap();
    }
    served.kill();
}

/// Leaves room for no further segment of the journal.
fn fill_up(dir: &Path) {
    let mut size = 8 << 20;
    let mut n = 0;
    while size >= 4096 {
        let path = dir.join(format!("ballast-{n}"));
        if std::fs::write(&path, vec![1_u8; size]).is_err() {
            drop(std::fs::remove_file(&path));
            size /= 2;
        }
        n += 1;
    }
}
