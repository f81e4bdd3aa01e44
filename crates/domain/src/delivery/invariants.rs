//! What holds whatever issuer, superior and recipients do to one document, in any order: sent through a superior, forwarded,
//! amended, asked back, replaced, reported on.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::agency::scene::{Scene, committee, id};
use crate::agency::{Selector, Tier};
use crate::command;
use crate::digest::Digest;
use crate::document::scene::{FILE, Letter, NOW, reports, with_systems};
use crate::document::{Command as Ask, State};
use crate::payload;
use crate::refusal::Refusal;
use crate::route::{self, Mode, Rule};

const DOCUMENT: document::Id = document::Id([1; 16]);
const ISSUER: &str = "tinh.xa";
/// The first passes on to the second.
const OTHERS: [&str; 5] = ["tinh", "bo", "huyen", "xa-a", "xa-b"];
const SECOND_FILE: Digest = Digest([8; 32]);

#[derive(Debug, Clone)]
enum Action {
    HandOver(usize),
    Report(usize, Status),
    Forward,
    Recall,
    /// New words and perhaps another file; recipients to add and to remove.
    Amend(Option<bool>, Vec<usize>, Vec<usize>),
    Replace,
}

fn any_action() -> impl Strategy<Value = Action> {
    use Status::{Accepted, Arrived, Done, Refused, TakeBackAgreed, TakeBackDeclined};
    let statuses = vec![Arrived, Accepted, Done, Refused, TakeBackAgreed, TakeBackAgreed, TakeBackDeclined, TakeBackDeclined];
    let who = || prop::sample::subsequence((0..OTHERS.len()).collect::<Vec<_>>(), 0..3);
    prop_oneof![
        2 => (0..OTHERS.len()).prop_map(Action::HandOver),
        10 => (0..OTHERS.len(), prop::sample::select(statuses)).prop_map(|(who, status)| Action::Report(who, status)),
        2 => Just(Action::Forward),
        3 => Just(Action::Recall),
        4 => (prop::option::of(any::<bool>()), who(), who()).prop_map(|(content, add, remove)| Action::Amend(content, add, remove)),
        1 => Just(Action::Replace),
    ]
}

fn country() -> Scene {
    let tiers = [("bo", Tier::Central), ("huyen", Tier::District), ("xa-a", Tier::Commune), ("xa-b", Tier::Commune)];
    let family = [("tinh", Tier::Province), (ISSUER, Tier::Commune)];
    let mut scene = with_systems(family.into_iter().chain(tiers).map(|(name, tier)| committee(name, tier)).collect());
    let rule = Rule { from: Tier::Commune, to: Tier::District, ordinary: Mode::DirectCopySuperior, urgent: Mode::Direct };
    scene.admin(command::Command::Route(route::Command::Set(vec![rule]))).unwrap();
    let store = command::Command::Payload(payload::Command::Store { digest: SECOND_FILE, size: 20 });
    scene.as_system(ISSUER, NOW, None, store).unwrap();
    scene
}

fn agencies(which: &[usize]) -> Vec<agency::Id> {
    which.iter().map(|i| id(OTHERS[*i])).collect()
}

fn carry_out(scene: &mut Scene, n: u8, action: &Action) -> Result<command::Decision, Refusal> {
    let (caller, command) = match action {
        Action::HandOver(who) => {
            let command = Command::Arrive { agency: id(OTHERS[*who]), documents: vec![DOCUMENT], how: HandOver::Watch };
            (OTHERS[*who], command::Command::Delivery(command))
        }
        Action::Report(who, status) => {
            let report = Report {
                status: *status,
                at: NOW,
                note: "lý do".into(),
                refusal: (*status == Status::Refused).then_some(RefusalReason::R8),
                staff: String::new(),
                register_number: String::new(),
            };
            let command = Command::Report { document: DOCUMENT, agency: id(OTHERS[*who]), report };
            (OTHERS[*who], command::Command::Delivery(command))
        }
        Action::Forward => {
            let command = Command::Forward { document: DOCUMENT, agency: id("tinh"), to: vec![], note: String::new() };
            ("tinh", command::Command::Delivery(command))
        }
        Action::Recall => (ISSUER, Ask::Recall { document: DOCUMENT, reason: "Gửi nhầm".into() }.into()),
        Action::Amend(content, add, remove) => {
            let content = content.map(|other_file| {
                let mut content = Letter::numbered(1, ISSUER, "bo").content;
                content.subject = format!("V/v sửa lần {n}");
                content.attachments[0].payload = if other_file { SECOND_FILE } else { FILE };
                content
            });
            let amend = Ask::Amend {
                document: DOCUMENT,
                reports: content.as_ref().map(reports).unwrap_or_default(),
                content,
                add: agencies(add).into_iter().map(Selector::Agency).collect(),
                remove: agencies(remove),
                reason: "Sửa".into(),
            };
            (ISSUER, amend.into())
        }
        Action::Replace => {
            let new = Letter::numbered(100 + n, ISSUER, "bo");
            let new = new.with(|asked| (asked.replaces, asked.replace_reason) = (vec![DOCUMENT], "Ban hành lại".into()));
            (ISSUER, new.command().into())
        }
    };
    scene.as_system(caller, NOW, None, command)
}

const fn is_final(status: Status) -> bool {
    matches!(status, Status::Refused | Status::TakeBackAgreed)
}

fn check(scene: &Scene, amended: u32) -> Result<(), TestCaseError> {
    let rows = &scene.rows;
    let document = scene.document(&DOCUMENT);
    let copies = of_document(rows, &DOCUMENT, None, usize::MAX).unwrap();
    prop_assert_eq!(document.version, 1 + amended);

    let asked_back = |copy: &Delivery| copy.question.as_ref().is_some_and(|question| question.asked == Asked::Recall);
    let is_pending = matches!(document.state, State::RecallPending { .. });
    prop_assert!(!is_pending || copies.iter().any(asked_back), "a recall waits for somebody");
    prop_assert!(copies.iter().all(|copy| copy.question.is_none() || !is_final(copy.status)), "who is done is asked nothing");
    prop_assert!(copies.iter().all(|copy| copy.question.is_none() || copy.status != Status::Sent), "who has not taken it is not asked");

    let is_recalled = matches!(document.state, State::Recalled { .. });
    prop_assert_eq!(document.content.attachments.is_empty(), is_recalled);
    prop_assert_eq!(document.content.subject.is_empty(), is_recalled);
    prop_assert!(!is_recalled || copies.iter().all(|copy| is_final(copy.status)), "nobody holds what is erased");
    for digest in [FILE, SECOND_FILE] {
        let holds = payload::holders(rows, &digest).unwrap().iter().any(|(holder, _)| *holder == DOCUMENT);
        let states = document.content.attachments.iter().any(|file| file.payload == digest);
        prop_assert!(holds || !states, "what a document states it holds");
        prop_assert!(!holds || !is_recalled, "what is erased holds nothing");
        prop_assert!(!states || payload::find(rows, &digest).unwrap().is_some(), "what a document states is there");
    }

    for copy in &copies {
        let (listed, _) = inbox(rows, &copy.agency, None, 9).unwrap();
        prop_assert_eq!(listed.iter().filter(|listed| listed.document == DOCUMENT).count(), 1, "an inbox lists a copy once");
        let waits: BTreeSet<_> = copy.onward.iter().map(|onward| &onward.agency).collect();
        prop_assert_eq!(waits.len(), copy.onward.len(), "whom to pass it on to is named once");
    }
    let steps = steps(rows, &DOCUMENT).unwrap();
    prop_assert!(steps.is_sorted_by(|a, b| (a.seq, a.index) < (b.seq, b.index)));
    for agency in OTHERS.iter().chain([&ISSUER]).map(|name| id(name)) {
        for direction in [Direction::Incoming, Direction::Outgoing] {
            for change in changes(rows, &agency, direction, 4, (0, 0), u64::MAX, usize::MAX).unwrap() {
                prop_assert!(change.document != DOCUMENT || steps.contains(&change.step), "a change tells of a step");
            }
        }
    }
    let outgoing = changes(rows, &id(ISSUER), Direction::Outgoing, 4, (0, 0), u64::MAX, usize::MAX).unwrap();
    let outgoing: Vec<_> = outgoing.into_iter().filter(|change| change.document == DOCUMENT).map(|change| change.step).collect();
    prop_assert_eq!(outgoing, steps, "the issuer is told every step");
    Ok(())
}

proptest! {
    #[test]
    fn whatever_is_done_to_a_document_leaves_it_whole(
        first in prop::sample::subsequence((0..OTHERS.len()).collect::<Vec<_>>(), 1..4),
        actions in prop::collection::vec(any_action(), 1..20),
    ) {
        let mut scene = country();
        let recipients = agencies(&first).into_iter().map(Selector::Agency).collect();
        scene.submit(Letter::numbered(1, ISSUER, "bo").with(|asked| asked.recipients = recipients)).unwrap();
        let mut amended = 0;
        check(&scene, amended)?;
        for (n, action) in (0..).zip(&actions) {
            let before = scene.rows.clone();
            match carry_out(&mut scene, n, action) {
                Ok(command::Decision::Record(_)) => amended += u32::from(matches!(action, Action::Amend(Some(_), ..))),
                Ok(_) => {}
                Err(Refusal::Fault(fault)) => prop_assert!(false, "{action:?}: {fault}"),
                Err(_) => prop_assert!(scene.rows == before, "a refusal leaves nothing behind"),
            }
            check(&scene, amended)?;
        }
    }
}
