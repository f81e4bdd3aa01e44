//! The tables are a projection: whatever happens to them, they are made anew from the journal.

use std::path::Path;

use hub::{offline, running};
use testkit::system::to_agency;

use crate::home::{COMMUNE, Prepared, assert_tables_are_the_journals, config, page, province};

async fn fill(home: &Path) -> String {
    let hub = running::start(home, config(), running::system_clock()).await.unwrap();
    let mut system = province(home, &hub.address.to_string()).await;
    let payload = system.upload(&page("Day")).await.unwrap();
    let letter = system.letter("1", "V/v bảng", &payload);
    let name = system.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap().name;
    hub.stop().await.unwrap();
    name
}

/// The hub starts and has the document.
async fn serves(home: &Path, name: &str) -> running::Running {
    let hub = running::start(home, config(), running::system_clock()).await.unwrap();
    let mut system = province(home, &hub.address.to_string()).await;
    let request = api::v1::GetDocumentRequest { name: name.into() };
    assert_eq!(system.documents.get_document(request).await.unwrap().into_inner().subject, "V/v bảng");
    hub
}

#[tokio::test]
async fn missing_tables_are_made_anew() {
    let prepared = Prepared::new().await;
    let name = fill(&prepared.home).await;
    let before = offline::rows(&prepared.home, &config()).unwrap();
    std::fs::remove_dir_all(prepared.home.join("data/tables")).unwrap();
    let hub = serves(&prepared.home, &name).await;
    assert!(hub.summary.replayed > 0);
    hub.stop().await.unwrap();
    assert_eq!(offline::rows(&prepared.home, &config()).unwrap(), before);
}

#[tokio::test]
async fn damaged_tables_are_set_aside_and_made_anew_whatever_the_damage() {
    let prepared = Prepared::new().await;
    let name = fill(&prepared.home).await;
    let db = prepared.home.join("data/tables/db");
    let damages: [(&str, &dyn Fn()); 2] = [
        ("the file is cut within what was written", &|| {
            let bytes = std::fs::read(&db).unwrap();
            let written = bytes.iter().rposition(|byte| *byte != 0).unwrap();
            std::fs::write(&db, &bytes[..written / 2]).unwrap();
        }),
        ("the file is overwritten", &|| {
            let length = std::fs::metadata(&db).unwrap().len();
            std::fs::write(&db, vec![0x5A; usize::try_from(length).unwrap()]).unwrap();
        }),
    ];
    for (what, damage) in damages {
        damage();
        let hub = serves(&prepared.home, &name).await;
        assert!(hub.summary.replayed > 0 || hub.summary.set_aside.is_some(), "{what}: {:?}", hub.summary);
        hub.stop().await.unwrap();
    }
    // sled makes do without its own settings, or not; the hub serves either way.
    std::fs::write(prepared.home.join("data/tables/conf"), b"nonsense").unwrap();
    serves(&prepared.home, &name).await.stop().await.unwrap();
    assert_tables_are_the_journals(&prepared.home);
}

#[tokio::test]
async fn damage_that_was_met_in_use_is_mended_at_the_next_start() {
    let prepared = Prepared::new().await;
    let name = fill(&prepared.home).await;
    std::fs::write(prepared.home.join("data/tables/fault"), "reading a row: corrupted").unwrap();
    let hub = serves(&prepared.home, &name).await;
    assert!(hub.summary.set_aside.is_some(), "{:?}", hub.summary);
    hub.stop().await.unwrap();
}

#[tokio::test]
async fn a_half_written_snapshot_of_the_tables_is_no_obstacle() {
    let prepared = Prepared::new().await;
    let name = fill(&prepared.home).await;
    std::fs::write(prepared.home.join("data/tables/snap.0000000000FFFFFF.generating"), [0; 100]).unwrap();
    serves(&prepared.home, &name).await.stop().await.unwrap();
}

#[tokio::test]
async fn large_values_never_leave_the_tables_for_files_of_their_own() {
    let prepared = Prepared::new().await;
    fill(&prepared.home).await;
    let blobs = prepared.home.join("data/tables/blobs");
    let count = std::fs::read_dir(blobs).map_or(0, Iterator::count);
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_rebuild_gives_the_same_tables() {
    let prepared = Prepared::new().await;
    fill(&prepared.home).await;
    assert_tables_are_the_journals(&prepared.home);
}
