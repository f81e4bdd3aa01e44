//! A torn end is cut; a damaged middle refuses to start and names the segment; a home has one server.

use std::path::{Path, PathBuf};

use hub::{offline, recovery, running};
use testkit::system::to_agency;

use crate::home::{COMMUNE, Prepared, config, page, province};

fn segments(home: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = std::fs::read_dir(home.join("data/journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    list.sort();
    list
}

/// Submits documents and stops.
async fn fill(home: &Path, count: u32) -> Vec<String> {
    let hub = running::start(home, config(), running::system_clock()).await.unwrap();
    let mut system = province(home, &hub.address.to_string()).await;
    let payload = system.upload(&page("Day")).await.unwrap();
    let mut names = Vec::new();
    for n in 1..=count {
        let letter = system.letter(&n.to_string(), "V/v đầy", &payload);
        names.push(system.submit(letter, vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap().name);
    }
    hub.stop().await.unwrap();
    names
}

#[tokio::test]
async fn a_torn_end_of_the_journal_is_cut_and_the_hub_serves() {
    let prepared = Prepared::new().await;
    let names = fill(&prepared.home, 5).await;
    let path = segments(&prepared.home).pop().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    // A write that was under way when the power went: some bytes of a record, never acknowledged.
    bytes[end + 8..end + 40].fill(0xAB);
    std::fs::write(&path, &bytes).unwrap();
    let hub = running::start(&prepared.home, config(), running::system_clock()).await.unwrap();
    assert!(hub.summary.cut_bytes.is_some(), "{:?}", hub.summary);
    let mut system = province(&prepared.home, &hub.address.to_string()).await;
    for name in names {
        system.documents.get_document(api::v1::GetDocumentRequest { name }).await.unwrap();
    }
    hub.stop().await.unwrap();
}

#[tokio::test]
async fn a_damaged_middle_of_the_journal_refuses_to_start_and_names_the_segment() {
    let prepared = Prepared::new().await;
    fill(&prepared.home, 5).await;
    let path = segments(&prepared.home).pop().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end / 2] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = running::start(&prepared.home, config(), running::system_clock()).await.err().expect("it does not start").to_string();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(error.contains(&name), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing was changed");
    let problems = offline::check(&prepared.home, &config());
    assert!(problems.iter().any(|problem| problem.contains(&name)), "{problems:?}");
}

#[tokio::test]
async fn tables_that_are_ahead_of_the_journal_are_refused_with_nothing_changed() {
    let prepared = Prepared::new().await;
    fill(&prepared.home, 3).await;
    for path in segments(&prepared.home) {
        std::fs::remove_file(path).unwrap();
    }
    for entry in std::fs::read_dir(prepared.home.join("data/journal")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension != "lock") && path.is_file() {
            std::fs::remove_file(path).unwrap();
        }
    }
    let error = running::start(&prepared.home, config(), running::system_clock()).await.err().expect("it does not start");
    assert!(matches!(error, running::Error::Recovery(recovery::Error::TablesAhead { .. })), "{error}");
}

#[tokio::test]
async fn a_home_that_is_served_is_not_served_twice() {
    let prepared = Prepared::new().await;
    let hub = running::start(&prepared.home, config(), running::system_clock()).await.unwrap();
    let second = running::start(&prepared.home, config(), running::system_clock()).await.err().expect("a second is refused");
    assert!(matches!(second, running::Error::Recovery(recovery::Error::Journal(_))), "{second}");
    let rebuilt = offline::rebuild(&prepared.home, &config()).expect_err("tables in use are not made anew");
    assert!(matches!(rebuilt, recovery::Error::Journal(_)), "{rebuilt}");
    assert!(prepared.home.join("data/tables/db").exists(), "nor moved away");
    hub.stop().await.unwrap();
    running::start(&prepared.home, config(), running::system_clock()).await.unwrap().stop().await.unwrap();
}
