//! Names of documents, their kinds, and who may read them.

use proptest::prelude::*;

use super::*;
use crate::agency::scene::{Scene, faults, id};
use crate::document::scene::{Letter, NOW, province, system};
use crate::principal::{Caller, Role};

proptest! {
    #[test]
    fn an_id_is_read_as_it_is_written(bytes in any::<[u8; 16]>()) {
        let text = Id(bytes).to_string();
        prop_assert_eq!(text.len(), 36);
        prop_assert_eq!(text.parse(), Ok(Id(bytes)));
    }

    #[test]
    fn no_text_upsets_the_reader_of_ids(text in "\\PC{0,40}|[0-9a-f-]{30,40}") {
        if let Ok(id) = text.parse::<Id>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}

#[test]
fn an_id_has_one_spelling() {
    // The example of RFC 9562, A.6 (version 7).
    let text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    let bytes = [0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
    assert_eq!(text.parse(), Ok(Id(bytes)));
    for other in [
        "",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
        " 017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    ] {
        assert_eq!(other.parse::<Id>(), Err(NotAnId), "{other}");
    }
}

fn kind(name: &str) -> Kind {
    let id = KindId::parse(name).unwrap();
    Kind { id, name: "Công văn".into(), abbreviation: String::new(), legal_normative: false, qcvn_type: 2, qcvn_detail: Some(18) }
}

fn set(kinds: Vec<Kind>) -> crate::command::Command {
    Command::SetKinds(kinds).into()
}

#[test]
fn kinds_are_set_as_a_whole_by_an_admin_and_nothing_happens_twice() {
    let mut scene = Scene::default();
    assert_eq!(scene.by(Role::Auditor, &set(vec![kind("b")])), Err(Refusal::Denied));
    scene.admin(set(vec![kind("b"), kind("a")])).unwrap();
    assert_eq!(kinds(&scene.rows), Ok(vec![kind("a"), kind("b")]));
    assert_eq!(scene.admin(set(vec![kind("a"), kind("b")])), Ok(vec![]), "their order is no matter");
    scene.admin(set(vec![kind("c")])).unwrap();
    assert_eq!(kinds(&scene.rows), Ok(vec![kind("c")]));
}

#[test]
fn all_faults_of_kinds_are_told_at_once() {
    let bad = vec![
        kind("a"),
        Kind { name: String::new(), abbreviation: "x".repeat(11), ..kind("a") },
        Kind { name: "ệ".repeat(100), abbreviation: "QĐ-ệệệệệệệ".into(), ..kind("b") },
        Kind { name: "x".repeat(101), ..kind("c") },
    ];
    assert_eq!(
        faults(Scene::default().admin(set(bad))),
        [
            "kinds[1].name is required",
            "kinds[1].abbreviation has 11 characters, at most 10 are allowed",
            "kinds[1].id is the id of another kind",
            "kinds[3].name has 101 characters, at most 100 are allowed",
        ]
    );
    assert_eq!(faults(Scene::default().admin(set(vec![]))), ["kinds must be 1 to 1,000"]);
}

#[test]
fn kinds_are_read_from_a_file_and_a_bad_line_is_refused() {
    let text = "[[kind]]\nid = \"cong-van\"\nname = \"Công văn\"\ngroup = \"administrative\"\nqcvn_type = 2\nqcvn_detail = 18\n";
    assert_eq!(parse_kinds(text), Ok(vec![kind("cong-van")]));
    let normative = text.replace("administrative", "legal_normative");
    assert_eq!(parse_kinds(&normative), Ok(vec![Kind { legal_normative: true, ..kind("cong-van") }]));
    for bad in [
        String::new(),
        format!("{text}colour = \"red\"\n"),
        text.replace("qcvn_type = 2", "qcvn_type = 256"),
        text.replace("administrative", "other"),
        text.replace("name = \"Công văn\"\n", ""),
    ] {
        assert!(parse_kinds(&bad).is_err(), "{bad}");
    }
    let invalid = parse_kinds(&text.replace("cong-van", "Công văn")).unwrap_err();
    assert_eq!(invalid.faults()[0].field, "kind[0].id");
}

fn sent() -> (Scene, Document) {
    let mut scene = province();
    scene.submit(Letter::numbered(1, "tinh.huyen", "tinh.xa")).unwrap();
    let document = scene.document(&Id([1; 16]));
    (scene, document)
}

fn supervisor(root: &str) -> Caller {
    Caller { principal: principal::Id::hub(), role: Role::Supervisor { subtrees: vec![id(root)] } }
}

#[test]
fn a_document_is_read_by_issuer_holders_and_auditors_and_traced_by_supervisors_too() {
    let (scene, document) = sent();
    let auditor = Caller { principal: principal::Id::hub(), role: Role::Auditor };
    let admin = Caller { principal: principal::Id::hub(), role: Role::Admin };
    for (caller, reads, traces) in [
        (system("tinh.huyen"), true, true),
        (system("tinh.xa"), true, true),
        (system("tinh"), false, false),
        (system("tinh.huyen.xa"), false, false),
        (auditor, true, true),
        (admin, false, false),
        (supervisor("tinh"), false, true),
        (supervisor("tinh.huyen"), false, true),
        (supervisor("tinh.xa"), false, true),
        (supervisor("tinh.huyen.xa"), false, false),
    ] {
        assert_eq!(may_read(&scene.rows, &caller, &document), Ok(reads), "{caller:?}");
        assert_eq!(right_to_files(&scene.rows, &caller, &document).map(|right| right.is_some()), Ok(reads), "{caller:?}");
        assert_eq!(may_trace(&scene.rows, &caller, &document), Ok(traces), "{caller:?}");
    }
}

#[test]
fn a_removed_recipient_reads_no_files_while_it_is_asked_and_nothing_once_it_agreed() {
    let (mut scene, _) = sent();
    let holder = system("tinh.xa");
    let report = |status| {
        let note = "lý do".to_owned();
        let report = delivery::Report { status, at: NOW, note, refusal: None, staff: String::new(), register_number: String::new() };
        crate::command::Command::Delivery(delivery::Command::Report { document: Id([1; 16]), agency: id("tinh.xa"), report })
    };
    scene.as_system("tinh.xa", NOW, None, report(delivery::Status::Accepted)).unwrap();
    let remove = Command::Amend {
        document: Id([1; 16]),
        content: None,
        reports: vec![],
        add: vec![],
        remove: vec![id("tinh.xa")],
        reason: "Gửi nhầm nơi nhận".into(),
    };
    scene.as_system("tinh.huyen", NOW, None, remove).unwrap();
    let document = scene.document(&Id([1; 16]));
    assert_eq!((&document.state, document.version), (&State::Issued, 1), "the document itself stays as it is");
    assert_eq!(may_read(&scene.rows, &holder, &document), Ok(true));
    assert_eq!(right_to_files(&scene.rows, &holder, &document), Ok(None));
    scene.as_system("tinh.xa", NOW, None, report(delivery::Status::TakeBackAgreed)).unwrap();
    let document = scene.document(&Id([1; 16]));
    assert_eq!(document.state, State::Issued);
    assert_eq!(may_read(&scene.rows, &holder, &document), Ok(false));
}

#[test]
fn a_removed_recipient_stays_asked_for_its_copy_when_the_document_is_amended() {
    let mut scene = province();
    let both = |letter: &mut Letter| letter.recipients = vec![Selector::Agency(id("tinh.xa")), Selector::Agency(id("tinh.huyen.xa"))];
    scene.submit(Letter::numbered(1, "tinh", "tinh.xa").with(both)).unwrap();
    for agency in ["tinh.xa", "tinh.huyen.xa"] {
        let command = delivery::Command::Arrive { agency: id(agency), documents: vec![Id([1; 16])], how: delivery::HandOver::Watch };
        scene.as_system(agency, NOW, None, crate::command::Command::Delivery(command)).unwrap();
    }
    let amend = |content: Option<Content>, remove: &[&str]| Command::Amend {
        document: Id([1; 16]),
        reports: content.as_ref().map(scene::reports).unwrap_or_default(),
        content,
        add: vec![],
        remove: remove.iter().map(|name| id(name)).collect(),
        reason: "Sửa".into(),
    };
    scene.as_system("tinh", NOW, None, amend(None, &["tinh.xa"])).unwrap();
    let mended = Content { subject: "V/v đính chính".into(), ..Letter::numbered(1, "tinh", "tinh.xa").content };
    scene.as_system("tinh", NOW, None, amend(Some(mended), &[])).unwrap();
    let asked =
        |agency: &str| delivery::find(&scene.rows, &Id([1; 16]), &id(agency)).unwrap().unwrap().question.map(|question| question.asked);
    assert_eq!(asked("tinh.xa"), Some(delivery::Asked::Recall));
    assert_eq!(asked("tinh.huyen.xa"), Some(delivery::Asked::Amendment));
}
