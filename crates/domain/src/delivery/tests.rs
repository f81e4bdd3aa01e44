//! The life of a copy, against the transition table of national-axis §1.9.

use proptest::prelude::*;

use super::*;
use crate::agency::{Agency, Kind, Selector, State as AgencyState, Tier};
use crate::command::{self, Context, Decision};
use crate::digest::Digest;
use crate::document::{Attachment, AttachmentRole, Content, Document, KindId, Signer};
use crate::event::{self, Entry};
use crate::payload;
use crate::principal::{Caller, Role as PrincipalRole};
use crate::refusal::Refusal;
use crate::signature::{Coverage, Report as Verdicts};
use crate::state::{Memory, Overlay};

const FILE: Digest = Digest([7; 32]);
const DOCUMENT: document::Id = document::Id([1; 16]);

/// Rows, and the entries that made them.
#[derive(Default)]
struct Scene {
    rows: Memory,
    entries: Vec<Entry>,
}

fn id(text: &str) -> agency::Id {
    agency::Id::parse(text).unwrap()
}

fn caller(agency: &str) -> Caller {
    Caller { principal: principal::Id::parse(agency).unwrap(), role: PrincipalRole::AgencySystem { agencies: vec![id(agency)] } }
}

impl Scene {
    /// A province that sent one document to a commune.
    fn sent() -> Self {
        let mut scene = Self::default();
        let admin = Caller { principal: principal::Id::hub(), role: PrincipalRole::Admin };
        let agency = |name: &str, tier, parent: Option<&str>| Agency {
            id: id(name),
            tier,
            kind: Kind::PeoplesCommittee,
            parent: parent.map(id),
            name: name.into(),
            short_name: String::new(),
            codes: vec![],
            state: AgencyState::Active,
            valid_from: None,
            valid_until: None,
            changed_seq: 0,
        };
        let agencies = vec![agency("tinh", Tier::Province, None), agency("xa", Tier::Commune, Some("tinh"))];
        let import = agency::Command::Import { agencies, successions: vec![], groups: vec![] };
        scene.run(&admin, &command::Command::Agency(import)).unwrap();
        let system = principal::Principal {
            id: caller("tinh").principal,
            display_name: "Tỉnh".into(),
            role: caller("tinh").role,
            credentials: vec![principal::Credential::Uri("vanthu://principal/tinh".into())],
            state: principal::State::Active,
            changed_seq: 0,
        };
        scene.run(&admin, &command::Command::Principal(principal::Command::Enrol(system))).unwrap();
        let store = payload::Command::Store { digest: FILE, size: 10 };
        scene.run(&caller("tinh"), &command::Command::Payload(store)).unwrap();
        let submit = document::Command::Submit {
            id: DOCUMENT,
            content: content(),
            recipients: vec![Selector::Agency(id("xa"))],
            replaces: vec![],
            replace_reason: String::new(),
            reports: vec![Verdicts {
                payload: FILE,
                judged_at: Timestamp::default(),
                trust_version: FILE,
                coverage: Coverage::NotSigned,
                changed: crate::signature::Changed::None,
                later_changes: vec![],
                signatures: vec![],
                faults: vec![],
                remains: vec![],
                producer: String::new(),
            }],
        };
        scene.run(&caller("tinh"), &command::Command::Document(submit)).unwrap();
        scene
    }

    fn run(&mut self, caller: &Caller, command: &command::Command) -> Result<(), Refusal> {
        let at = Timestamp::from_seconds(1_700_000_000 + self.entries.len() as i64);
        match command::decide(&self.rows, &Context { caller, at, request: None }, command)? {
            Decision::Record(entry) => {
                let mut overlay = Overlay::new(&self.rows);
                event::apply(self.entries.len() as u64 + 1, &entry, &mut overlay)?;
                let changes = overlay.into_changes();
                self.rows.apply(changes);
                self.entries.push(entry);
            }
            Decision::Nothing { .. } | Decision::Repeated(_) => {}
        }
        Ok(())
    }

    fn report(&mut self, status: Status) -> Result<(), Refusal> {
        let refusal = (status == Status::Refused).then_some(RefusalReason::R1);
        let report = Report {
            status,
            at: Timestamp::from_seconds(1),
            note: "vì".into(),
            refusal,
            staff: String::new(),
            register_number: String::new(),
        };
        let command = Command::Report { document: DOCUMENT, agency: id("xa"), report };
        self.run(&caller("xa"), &command::Command::Delivery(command))
    }

    fn recall(&mut self) -> Result<(), Refusal> {
        let command = document::Command::Recall { document: DOCUMENT, reason: "nhầm".into() };
        self.run(&caller("tinh"), &command::Command::Document(command))
    }

    fn copy(&self) -> Delivery {
        find(&self.rows, &DOCUMENT, &id("xa")).unwrap().unwrap()
    }

    fn document(&self) -> Document {
        document::find(&self.rows, &DOCUMENT).unwrap().unwrap()
    }
}

fn content() -> Content {
    Content {
        issuer: id("tinh"),
        number: "1".into(),
        notation: "UBND".into(),
        kind: KindId::parse("cong-van").unwrap(),
        subject: "V/v".into(),
        signer: Signer { competence: String::new(), position: "Chủ tịch".into(), full_name: "Ví Dụ".into() },
        place: String::new(),
        date: crate::time::Date::new(2023, 1, 1).unwrap(),
        urgency: Urgency::Ordinary,
        deliver_by: None,
        due_date: None,
        page_count: None,
        printed_recipients: vec![],
        attachments: vec![Attachment { payload: FILE, size: 0, file_name: "a.pdf".into(), role: AttachmentRole::Main }],
        in_reply_to: None,
        secrecy: String::new(),
    }
}

#[test]
fn reports_follow_the_transition_table() {
    use Status::{Accepted, Arrived, Assigned, Done, InProgress, Refused, Sent};
    // From, reported, displayed afterwards (`None` is refused). Late reports are kept and never move the state back.
    let table = [
        (Sent, Arrived, Some(Arrived)),
        (Arrived, Refused, Some(Refused)),
        (Arrived, Accepted, Some(Accepted)),
        (Accepted, Assigned, Some(Assigned)),
        (Accepted, InProgress, Some(InProgress)),
        (Accepted, Done, Some(Done)),
        (Assigned, InProgress, Some(InProgress)),
        (Assigned, Done, Some(Done)),
        (InProgress, Done, Some(Done)),
        (Done, Accepted, Some(Done)),
        (InProgress, Assigned, Some(InProgress)),
        (Accepted, Refused, None),
        (Done, Refused, None),
        (Refused, Accepted, None),
        (Refused, Arrived, None),
    ];
    for (from, reported, displayed) in table {
        let mut scene = Scene::sent();
        if from != Sent {
            scene.report(from).unwrap();
        }
        match (scene.report(reported), displayed) {
            (Ok(()), Some(displayed)) => assert_eq!(scene.copy().status, displayed, "{from:?} {reported:?}"),
            (Err(refused), None) => assert_eq!(refused, Refusal::StepRefused { from, to: reported }),
            other => panic!("{from:?} {reported:?}: {other:?}"),
        }
    }
}

#[test]
fn what_was_not_asked_is_not_answered() {
    for answer in [Status::TakeBackAgreed, Status::TakeBackDeclined] {
        assert_eq!(Scene::sent().report(answer), Err(Refusal::NothingAsked));
    }
    for foreign in [Status::Sent, Status::TakeBackRequested] {
        assert!(matches!(Scene::sent().report(foreign), Err(Refusal::Invalid(_))));
    }
}

#[test]
fn a_copy_that_nobody_took_is_withdrawn_with_the_recall_and_everything_is_erased() {
    let mut scene = Scene::sent();
    scene.recall().unwrap();
    assert_eq!(scene.copy().status, Status::TakeBackAgreed);
    assert!(matches!(scene.document().state, document::State::Recalled { .. }));
    assert_eq!(scene.document().content.attachments, vec![]);
    assert_eq!(payload::find(&scene.rows, &FILE).unwrap(), None, "nobody holds the bytes");
}

#[test]
fn a_taken_copy_is_frozen_until_its_holder_answers() {
    let mut scene = Scene::sent();
    scene.report(Status::Accepted).unwrap();
    scene.recall().unwrap();
    assert_eq!(scene.report(Status::Done), Err(Refusal::Frozen));
    assert!(matches!(scene.recall(), Err(Refusal::DocumentState { .. })), "it is being recalled already");
    scene.report(Status::TakeBackDeclined).unwrap();
    assert!(matches!(scene.document().state, document::State::RecallDeclined { .. }));
    assert_eq!(scene.copy().status, Status::Accepted, "the copy stays where it was");
    scene.report(Status::Done).unwrap();
}

#[test]
fn a_stranger_and_a_document_that_does_not_exist_are_the_same_refusal() {
    let mut scene = Scene::sent();
    let report = |document| {
        let report = Report {
            status: Status::Accepted,
            at: Timestamp::default(),
            note: String::new(),
            refusal: None,
            staff: String::new(),
            register_number: String::new(),
        };
        command::Command::Delivery(Command::Report { document, agency: id("xa"), report })
    };
    assert_eq!(scene.run(&caller("tinh"), &report(DOCUMENT)), Err(Refusal::Denied));
    assert_eq!(scene.run(&caller("xa"), &report(document::Id([2; 16]))), Err(Refusal::Denied));
}

proptest! {
    #[test]
    fn reports_in_any_order_display_the_furthest(order in Just(vec![Status::Arrived, Status::Accepted, Status::Assigned, Status::InProgress, Status::Done]).prop_shuffle(), kept in 1..6_usize) {
        let mut scene = Scene::sent();
        let reported: Vec<Status> = order.into_iter().take(kept).collect();
        for status in &reported {
            scene.report(*status).unwrap();
        }
        prop_assert_eq!(Some(scene.copy().status), reported.iter().max().copied());
        let steps = steps(&scene.rows, &DOCUMENT).unwrap();
        let kept_steps = steps.iter().filter(|step| matches!(step.kind, StepKind::Reported(_))).count();
        prop_assert_eq!(kept_steps, reported.len(), "every report is kept");

        // The same entries give the same rows, one by one or as one group.
        let mut one_by_one = Memory::default();
        let empty = Memory::default();
        let mut group = Overlay::new(&empty);
        for (seq, entry) in (1..).zip(&scene.entries) {
            let mut overlay = Overlay::new(&one_by_one);
            event::apply(seq, entry, &mut overlay).unwrap();
            let changes = overlay.into_changes();
            one_by_one.apply(changes);
            event::apply(seq, entry, &mut group).unwrap();
        }
        let mut at_once = Memory::default();
        at_once.apply(group.into_changes());
        prop_assert_eq!(&one_by_one, &scene.rows);
        prop_assert_eq!(&at_once, &scene.rows);
    }
}
