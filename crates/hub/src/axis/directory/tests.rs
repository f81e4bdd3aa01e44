//! The mirror over a sandbox, over generated rows, and over files that are damaged.

use std::collections::BTreeMap;
use std::path::Path;

use ::axis::sandbox::{self, Agency, Faults, Running};
use ::axis::{AgencyRow, Endpoint, lgsp, vxp};
use proptest::prelude::*;

use super::book::newer;
use super::gather::merge;
use super::*;
use crate::running::system_clock;

const SECRET: &str = "b1-mat-thu-nghiem";

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_000_000)
}

fn agency(code: &str, old_code: &str, name: &str, parent: &str) -> Agency {
    Agency {
        code: code.into(),
        old_code: old_code.into(),
        name: name.into(),
        parent: parent.into(),
        center: "H12".into(),
        ..Agency::default()
    }
}

fn agencies() -> Vec<Agency> {
    vec![
        Agency { secret: SECRET.into(), ..agency("H12", "000.00.00.H12", "Ủy ban nhân dân tỉnh Cà Mau", "") },
        agency("H12.15", "000.00.15.H12", "Sở Tài chính tỉnh Cà Mau", "H12"),
        agency("H12.16", "000.00.16.H12", "Sở Nông nghiệp và Môi trường tỉnh Cà Mau", "H12"),
        agency("H12.201", "", "Ủy ban nhân dân xã Đất Mũi", "H12"),
        Agency { is_closed: true, ..agency("H04", "000.00.00.H04", "Ủy ban nhân dân tỉnh Bạc Liêu", "") },
    ]
}

async fn start(dir: &Path, agencies: Vec<Agency>) -> Running {
    sandbox::start(sandbox::Options { agencies, ..sandbox::Options::new(dir, system_clock()) }).await.unwrap()
}

fn endpoint(axis: &Running) -> Endpoint {
    Endpoint { allow_plain_http: true, ..Endpoint::new(format!("http://{}", axis.address)) }
}

fn client(axis: &Running) -> vxp::Client {
    vxp::Client::new(vxp::Options::new(endpoint(axis), "H12", SECRET), system_clock()).unwrap()
}

fn codes(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.code.as_str()).collect()
}

#[tokio::test]
async fn a_mirror_knows_what_the_axis_lists_and_then_what_changes() {
    let dir = tempfile::tempdir().unwrap();
    let axis = start(&dir.path().join("axis"), agencies()).await;
    let path = dir.path().join("hub/directory");
    let mirror = Mirror::open(path.clone());
    assert_eq!(mirror.status(), Status::default());
    assert_eq!(mirror.lookup("H12"), None);
    mirror.sync(&client(&axis), now()).await.unwrap();
    assert_eq!(mirror.status(), Status { agencies: 4, rows: 5, version: 5, synced: Some(now()), failure: None });
    let department = Row {
        code: "H12.15".into(),
        old_code: "000.00.15.H12".into(),
        name: "Sở Tài chính tỉnh Cà Mau".into(),
        parent: "H12".into(),
        center: "H12".into(),
        standing: Standing::Listed,
        version: 2,
    };
    for form in ["H12.15", "000.00.15.H12", " h12.15 "] {
        assert_eq!(mirror.lookup(form).as_ref(), Some(&department), "{form}");
    }
    assert_eq!(mirror.lookup("H04").map(|row| row.standing), Some(Standing::Closed));

    axis.put_agency(Agency { is_closed: true, ..agency("H12.16", "000.00.16.H12", "Sở Nông nghiệp", "H12") }).await.unwrap();
    axis.put_agency(agency("H12.17", "", "Sở Khoa học và Công nghệ", "H12")).await.unwrap();
    let later = Timestamp::from_seconds(1_795_086_400);
    mirror.sync(&client(&axis), later).await.unwrap();
    assert_eq!(mirror.status(), Status { agencies: 4, rows: 6, version: 7, synced: Some(later), failure: None });
    let closed = mirror.lookup("H12.16").unwrap();
    assert_eq!((closed.standing, closed.name.as_str()), (Standing::Closed, "Sở Nông nghiệp"));
    assert_eq!(mirror.lookup("H12.17").map(|row| row.parent), Some("H12".into()));
    // Nothing has changed since: the answer is short, and no outage.
    mirror.sync(&client(&axis), later).await.unwrap();
    assert_eq!(mirror.status().rows, 6);

    let again = Mirror::open(path);
    assert_eq!(again.status(), mirror.status());
    assert_eq!(again.search("ca mau", 10), mirror.search("ca mau", 10));
    assert_eq!(again.lookup("000.00.15.H12"), Some(department));
}

#[tokio::test]
async fn a_wire_without_versions_is_asked_for_all_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let axis = start(&dir.path().join("axis"), agencies()).await;
    let options = lgsp::Options::new(endpoint(&axis), ("H12", SECRET), ("H12", SECRET));
    let client = lgsp::Client::new(options, system_clock()).unwrap();
    let mirror = Mirror::open(dir.path().join("directory"));
    mirror.sync(&client, now()).await.unwrap();
    assert_eq!((mirror.status().agencies, mirror.status().version), (4, 0));
    assert_eq!(mirror.lookup("H12.15").map(|row| row.parent), Some("H12".into()));
    assert_eq!(mirror.lookup("000.00.15.H12").map(|row| row.code), Some("H12.15".into()), "an LGSP has no older codes: turned around");
    // An LGSP lists no closed agencies: what it leaves out is marked, and stays.
    axis.put_agency(Agency { is_closed: true, ..agencies().remove(1) }).await.unwrap();
    mirror.sync(&client, now()).await.unwrap();
    assert_eq!(mirror.lookup("H12.15").map(|row| (row.standing, row.name)), Some((Standing::Unlisted, "Sở Tài chính tỉnh Cà Mau".into())));
}

#[tokio::test]
async fn an_outage_empties_nothing_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let axis = start(&dir.path().join("axis"), agencies()).await;
    let mirror = Mirror::open(dir.path().join("directory"));
    mirror.sync(&client(&axis), now()).await.unwrap();
    let known = mirror.search("H12", 10);

    let faults = [
        Faults { bad_gateway: 1.0, ..Faults::default() },
        Faults { web_page: 1.0, ..Faults::default() },
        Faults { empty_answer: 1.0, ..Faults::default() },
        Faults { missing_status: 1.0, ..Faults::default() },
        Faults { system_error: 1.0, ..Faults::default() },
        Faults { drop_answer: 1.0, ..Faults::default() },
    ];
    for faults in faults {
        axis.set_faults(faults.clone());
        let error = mirror.sync(&client(&axis), now()).await.unwrap_err();
        assert!(matches!(error, Error::Wire(wire::Error::Retriable { .. })), "{faults:?}: {error}");
    }
    // An axis that lost its directory: there are versions, and they begin anew.
    let lost = start(&dir.path().join("lost"), agencies().into_iter().take(1).collect()).await;
    let error = mirror.sync(&client(&lost), now()).await.unwrap_err();
    assert!(matches!(error, Error::Shrunken { listed: 1, known: 4 }), "{error}");
    assert_eq!(mirror.status().failure, Some((now(), error.to_string())));
    assert_eq!(mirror.search("H12", 10), known);

    // One that was set up anew and is whole is taken, though its versions are smaller.
    let anew = start(&dir.path().join("anew"), agencies().into_iter().take(4).collect()).await;
    mirror.sync(&client(&anew), now()).await.unwrap();
    assert_eq!((mirror.status().version, mirror.status().failure), (4, None));
    assert_eq!(mirror.lookup("H04").map(|row| row.standing), Some(Standing::Closed), "what was closed stays so");
}

#[tokio::test]
async fn a_file_that_is_cut_or_changed_is_noticed_and_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let axis = start(&dir.path().join("axis"), agencies()).await;
    let path = dir.path().join("directory");
    Mirror::open(path.clone()).sync(&client(&axis), now()).await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    let is_noticed = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Mirror::open(path.clone()).status() == Status::default()
    };
    assert!(!is_noticed(&whole));
    for length in 0..whole.len() {
        assert!(is_noticed(&whole[..length]), "cut to {length} bytes");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(is_noticed(&changed), "byte {at}");
    }
    // A hub that was killed while it wrote leaves half of a new file beside the old one.
    std::fs::write(&path, &whole).unwrap();
    std::fs::write(path.with_extension("new"), &whole[..100]).unwrap();
    assert_eq!(Mirror::open(path.clone()).status().rows, 5);
    std::fs::write(&path, &whole[..100]).unwrap();
    let mirror = Mirror::open(path.clone());
    mirror.sync(&client(&axis), now()).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[tokio::test]
async fn what_cannot_be_written_is_known_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let axis = start(&dir.path().join("axis"), agencies()).await;
    std::fs::write(dir.path().join("file"), "").unwrap();
    let mirror = Mirror::open(dir.path().join("file/directory"));
    assert!(matches!(mirror.sync(&client(&axis), now()).await, Err(Error::Disk(_))));
    assert_eq!(mirror.status().agencies, 4);
    assert!(mirror.status().failure.is_some());
}

fn row(code: &str, old_code: &str, name: &str) -> AgencyRow {
    AgencyRow { code: code.into(), old_code: old_code.into(), name: name.into(), is_agency: true, ..AgencyRow::default() }
}

fn gathered(rows: &[AgencyRow]) -> Gathered {
    let mut gathered = Gathered::default();
    rows.iter().for_each(|row| gathered.push(row).unwrap());
    gathered
}

fn whole(rows: &[AgencyRow]) -> Book {
    merge(&Book::default(), &gathered(rows), Scope::Whole, now()).unwrap()
}

fn found(book: &Book, code: &str) -> Option<Row> {
    book.find(code).and_then(|row| book.row(row))
}

#[test]
fn a_code_that_was_taken_over_leads_to_who_has_it() {
    let closed = AgencyRow { is_deleted: true, ..row("H04.7", "000.00.07.H04", "Sở Y tế tỉnh Bạc Liêu") };
    let successor = row("H12.7", "000.00.07.H04", "Sở Y tế tỉnh Cà Mau");
    for rows in [[closed.clone(), successor.clone()], [successor, closed]] {
        let book = whole(&rows);
        assert_eq!(found(&book, "000.00.07.H04").unwrap().code, "H12.7");
        assert_eq!(found(&book, "H04.7").map(|row| (row.code, row.standing)), Some(("H04.7".into(), Standing::Closed)));
    }
}

#[test]
fn what_the_directory_says_of_an_older_code_goes_before_what_its_form_says() {
    let closed = AgencyRow { is_deleted: true, ..row("H12.9", "000.00.15.H12", "Sở cũ") };
    let book = whole(&[closed, row("H12.15", "000.00.77.H12", "Sở mới"), row("H12.16", "", "Sở khác")]);
    assert_eq!(found(&book, "000.00.15.H12").unwrap().name, "Sở cũ");
    assert_eq!(found(&book, "000.00.16.H12").unwrap().name, "Sở khác");
    assert_eq!(found(&book, "000.00.17.H12"), None);
}

#[test]
fn an_older_code_alone_is_kept_under_the_newer_one() {
    let book = whole(&[row("000.00.15.H12", "", "Sở"), row("28.22.H17", "", "Phòng")]);
    for code in ["H12.15", "000.00.15.H12"] {
        let row = found(&book, code).unwrap();
        assert_eq!((row.code.as_str(), row.old_code.as_str()), ("H12.15", "000.00.15.H12"));
    }
    assert_eq!(found(&book, "28.22.H17").unwrap().name, "Phòng", "what is in no form is kept as it is");
}

#[test]
fn of_two_rows_with_one_code_the_newer_one_counts() {
    let at = |version, name| AgencyRow { version, ..row("H12", "", name) };
    let book = whole(&[at(3, "ba"), at(9, "chín"), at(4, "bốn")]);
    assert_eq!((book.len(), found(&book, "H12").unwrap().name.as_str()), (1, "chín"));
}

#[test]
fn rows_that_no_code_can_have_are_counted() {
    let gathered =
        gathered(&[row("", "", "nhóm"), row(&"1".repeat(101), "", "dài"), row("H12", &"1".repeat(101), "dài"), row("H12", "", "Sở")]);
    assert_eq!((gathered.left_out, gathered.rows.slots.len()), (3, 1));
}

#[test]
fn what_shrinks_by_half_is_still_a_directory_and_what_shrinks_more_is_none() {
    let rows: Vec<AgencyRow> = (10..20).map(|number| row(&format!("H{number}"), "", "Tỉnh")).collect();
    let book = whole(&rows);
    let after = |count: usize, scope| merge(&book, &gathered(&rows[..count]), scope, now());
    let half = after(5, Scope::Whole).unwrap();
    assert_eq!((half.listed(), half.len()), (5, 10));
    assert_eq!(found(&half, "H19").unwrap().standing, Standing::Unlisted);
    assert!(matches!(after(4, Scope::Whole), Err(Error::Shrunken { listed: 4, known: 10 })));
    assert!(matches!(after(0, Scope::Whole), Err(Error::Shrunken { listed: 0, known: 10 })));
    assert_eq!(after(0, Scope::Changes).unwrap().listed(), 10);
    let closed: Vec<AgencyRow> = rows[..6].iter().map(|row| AgencyRow { is_deleted: true, ..row.clone() }).collect();
    assert!(matches!(merge(&book, &gathered(&closed), Scope::Changes, now()), Err(Error::Shrunken { listed: 4, known: 10 })));
    assert!(matches!(merge(&Book::default(), &gathered(&[]), Scope::Whole, now()), Err(Error::Shrunken { listed: 0, known: 0 })));
    let group = AgencyRow { is_agency: false, ..row("H12", "", "Nhóm") };
    assert!(matches!(merge(&Book::default(), &gathered(&[group]), Scope::Whole, now()), Err(Error::Shrunken { .. })));
}

#[test]
fn people_search_as_they_type() {
    let mut rows = vec![
        row("H12", "000.00.00.H12", "Ủy ban nhân dân tỉnh Cà Mau"),
        row("H12.15", "000.00.15.H12", "Sở Tài chính tỉnh Cà Mau"),
        row("H12.15.3", "003.00.15.H12", "Phòng Tài chính - Kế hoạch (Đầm Dơi)"),
        row("G12", "000.00.00.G12", "Bộ Ta\u{300}i chi\u{301}nh"),
        row("G12.18", "", "Tổng cục Thuế"),
        row("0100109106", "", "Tập đoàn Công nghiệp – Viễn thông"),
    ];
    rows.extend((0..100).map(|number| row(&format!("H41.{number}"), "", &format!("Ủy ban nhân dân xã số {number}"))));
    let book = whole(&rows);
    let find = |text: &str| search::search(&book, text, 5);
    for (text, expected) in [
        ("tài chính", vec!["G12", "H12.15", "H12.15.3"]),
        ("TAI CHINH", vec!["G12", "H12.15", "H12.15.3"]),
        ("chính tài", vec!["G12", "H12.15", "H12.15.3"]),
        ("tai ch cà mau", vec!["H12.15"]),
        ("tai chinh h12", vec!["H12.15", "H12.15.3"]),
        ("H12.15", vec!["H12.15", "H12.15.3"]),
        ("h12.15.", vec!["H12.15", "H12.15.3"]),
        ("000.00.15.H12", vec!["H12.15"]),
        ("003.00", vec!["H12.15.3"]),
        ("01001", vec!["0100109106"]),
        ("đầm-dơi", vec!["H12.15.3"]),
        ("dam doi)", vec!["H12.15.3"]),
        ("mau ca", vec!["H12", "H12.15"]),
        ("au", vec![]),
        ("", vec![]),
        (" - . ", vec![]),
        ("xã số 42", vec!["H41.42"]),
        ("h41", vec!["H41.0", "H41.1", "H41.10", "H41.11", "H41.12"]),
    ] {
        assert_eq!(codes(&find(text)), expected, "{text}");
    }
    assert!(search::search(&book, "xã", 0).is_empty());
    assert_eq!(search::search(&book, "uy ban", 200).len(), 101);
    assert!(find(&"a ".repeat(10_000)).is_empty());
}

prop_compose! {
    fn any_row()(
        code in "[GH](1[0-9])(\\.[0-9A-Z]{1,3}){0,3}|[0-9]{10}|[a-z.]{1,6}",
        old_code in "|0[0-9]{2}\\.0[0-9]\\.[0-9]{2}\\.[GH]1[0-9]",
        name in "[ A-Za-zĐđÀ-ỹ\u{300}-\u{309}.,()-]{0,30}",
        parent in "[0-9]{0,2}|H1[0-9]",
        id in "[0-9]{0,2}",
        center in "H1[0-9]",
        version in 0..50u64,
        is_deleted in proptest::bool::weighted(0.2),
    ) -> AgencyRow {
        AgencyRow { id, parent, code, old_code, name, version, center_code: center, is_deleted, is_agency: true, ..AgencyRow::default() }
    }
}

proptest! {
    // Names of any letters take their time in a build for tests.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_rows_are_found_again_by_each_of_their_codes(rows in prop::collection::vec(any_row(), 0..60)) {
        let mut newest: BTreeMap<&str, &AgencyRow> = BTreeMap::new();
        for row in &rows {
            let known = newest.entry(&row.code).or_insert(row);
            if row.version >= known.version {
                *known = row;
            }
        }
        prop_assume!(newest.values().any(|row| !row.is_deleted));
        let book = merge(&Book::default(), &gathered(&rows), Scope::Whole, now()).unwrap();
        prop_assert_eq!(book.len(), newest.len());
        for row in newest.values() {
            let by_code = found(&book, &row.code).unwrap();
            prop_assert!(by_code.code == row.code || by_code.standing == Standing::Listed, "{:?}", by_code);
            if !row.is_deleted {
                prop_assert_eq!((&by_code.code, by_code.version), (&row.code, row.version));
            }
            if row.old_code.is_empty() {
                continue;
            }
            let by_old = found(&book, &row.old_code).unwrap();
            let has_it = by_old.old_code == row.old_code || Some(by_old.code) == newer(&row.old_code);
            prop_assert!(has_it);
            prop_assert!(row.is_deleted || by_old.standing == Standing::Listed);
        }
    }

    #[test]
    fn a_search_gives_what_a_look_at_every_row_gives(rows in prop::collection::vec(any_row(), 1..40), text in "[ a-eA-E0-9.H]{0,8}") {
        let Ok(book) = merge(&Book::default(), &gathered(&rows), Scope::Whole, now()) else { return Ok(()) };
        let found = search::search(&book, &text, 100);
        for row in &found {
            let hay = format!("{} {} {}", words::folded(&row.name), row.code, row.old_code).to_lowercase();
            for word in text.to_lowercase().split([' ', '.']).filter(|word| !word.is_empty()) {
                prop_assert!(hay.contains(word), "{text:?} {row:?}");
            }
        }
        let mut codes: Vec<_> = found.iter().map(|row| row.code.clone()).collect();
        codes.sort();
        codes.dedup();
        prop_assert_eq!(codes.len(), found.len(), "no row twice");
    }
}

proptest! {
    // Each case makes a file durable.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_file_gives_back_what_was_written(rows in prop::collection::vec(any_row(), 0..40)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("directory");
        let Ok(book) = merge(&Book::default(), &gathered(&rows), Scope::Whole, now()) else { return Ok(()) };
        file::write(&path, &book).unwrap();
        let read = file::read(&path).unwrap().unwrap();
        prop_assert_eq!(&read.slots, &book.slots);
        prop_assert_eq!(&read.text, &book.text);
        prop_assert_eq!((read.version, read.synced, read.listed()), (book.version, book.synced, book.listed()));
    }
}
