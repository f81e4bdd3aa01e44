//! Whatever is reported, handed over and asked back, in any order: the rules against a model a page long (national-axis §1.9, §3.5).

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::agency::Selector;
use crate::agency::scene::{Scene, id};
use crate::command;
use crate::document::scene::{Letter, NOW, province};
use crate::refusal::Refusal;

const DOCUMENT: document::Id = document::Id([1; 16]);
const HOLDER: &str = "tinh.xa";

#[derive(Debug, Clone, Copy)]
enum Action {
    HandOver,
    /// A report, with one of a few notes: the same note again is the same report.
    Report(Status, u8),
    Recall,
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum No {
    Step,
    Frozen,
    NothingAsked,
    DocumentState,
}

/// Where the document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Issued,
    Pending,
    Recalled,
    Declined,
}

/// One document and its one copy, as the reference tells their lives.
struct Model {
    displayed: Status,
    frozen: bool,
    stands: Stands,
    /// Every report that was taken, each once but for answers.
    reports: Vec<(Status, u8)>,
}

impl Model {
    fn carry_out(&mut self, action: Action) -> Result<(), No> {
        match action {
            Action::HandOver => self.displayed = self.displayed.max(Status::Arrived),
            Action::Recall if matches!(self.stands, Stands::Pending | Stands::Recalled) => return Err(No::DocumentState),
            Action::Recall if self.displayed == Status::Sent => (self.displayed, self.stands) = (Status::TakeBackAgreed, Stands::Recalled),
            Action::Recall if self.displayed == Status::Refused => self.stands = Stands::Recalled,
            Action::Recall => (self.frozen, self.stands) = (true, Stands::Pending),
            Action::Report(status, note) => return self.report(status, note),
        }
        Ok(())
    }

    fn report(&mut self, status: Status, note: u8) -> Result<(), No> {
        use Status::{Arrived, Refused, TakeBackAgreed, TakeBackDeclined};
        let is_known = self.reports.contains(&(status, note));
        match status {
            _ if matches!(self.displayed, Refused | TakeBackAgreed) => return if is_known { Ok(()) } else { Err(No::Step) },
            TakeBackAgreed | TakeBackDeclined if !self.frozen => return if is_known { Ok(()) } else { Err(No::NothingAsked) },
            TakeBackAgreed => (self.frozen, self.stands, self.displayed) = (false, Stands::Recalled, TakeBackAgreed),
            TakeBackDeclined => (self.frozen, self.stands) = (false, Stands::Declined),
            _ if self.frozen && status != Arrived => return Err(No::Frozen),
            Refused if self.displayed > Arrived => return Err(No::Step),
            _ if is_known => return Ok(()),
            Refused => self.displayed = Refused,
            _ => self.displayed = self.displayed.max(status),
        }
        self.reports.push((status, note));
        Ok(())
    }
}

fn carry_out(scene: &mut Scene, holder: &str, action: Action) -> Result<(), Refusal> {
    let agency = id(holder);
    let (caller, command) = match action {
        Action::HandOver => {
            let command = Command::Arrive { agency, documents: vec![DOCUMENT], how: HandOver::Watch };
            (holder, command::Command::Delivery(command))
        }
        Action::Report(status, note) => {
            let report = Report {
                status,
                at: NOW,
                note: format!("lý do {note}"),
                refusal: (status == Status::Refused).then_some(RefusalReason::R8),
                staff: String::new(),
                register_number: String::new(),
            };
            (holder, command::Command::Delivery(Command::Report { document: DOCUMENT, agency, report }))
        }
        Action::Recall => ("tinh", document::Command::Recall { document: DOCUMENT, reason: "nhầm".into() }.into()),
    };
    scene.as_system(caller, NOW, None, command).map(drop)
}

fn kind(refusal: &Refusal) -> No {
    match refusal {
        Refusal::StepRefused { .. } => No::Step,
        Refusal::Frozen => No::Frozen,
        Refusal::NothingAsked => No::NothingAsked,
        Refusal::DocumentState { .. } => No::DocumentState,
        other => panic!("{other}"),
    }
}

fn stands(scene: &Scene) -> Stands {
    match scene.document(&DOCUMENT).state {
        document::State::Issued => Stands::Issued,
        document::State::RecallPending { .. } => Stands::Pending,
        document::State::Recalled { .. } => Stands::Recalled,
        document::State::RecallDeclined { .. } => Stands::Declined,
        document::State::Replaced { .. } => panic!("nothing replaces it"),
    }
}

fn copy(scene: &Scene, holder: &str) -> Delivery {
    find(&scene.rows, &DOCUMENT, &id(holder)).unwrap().unwrap()
}

/// The reports among a copy's steps, but those that withdrew a copy nobody had taken.
fn reported(scene: &Scene, holder: &str) -> Vec<(Status, String)> {
    let steps = steps(&scene.rows, &DOCUMENT).unwrap().into_iter().filter(|step| step.agency == id(holder));
    let reports = steps.filter_map(|step| match step.kind {
        StepKind::Reported(report) if !report.note.is_empty() => Some((report.status, report.note)),
        _ => None,
    });
    reports.collect()
}

fn sent_to(holders: &[&str]) -> Scene {
    let mut scene = province();
    let recipients = holders.iter().map(|holder| Selector::Agency(id(holder))).collect();
    scene.submit(Letter::numbered(1, "tinh", HOLDER).with(|asked| asked.recipients = recipients)).unwrap();
    scene
}

fn progress() -> impl Strategy<Value = Status> {
    prop::sample::select(vec![Status::Arrived, Status::Accepted, Status::Assigned, Status::InProgress, Status::Done])
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        2 => Just(Action::HandOver),
        2 => Just(Action::Recall),
        8 => (progress(), 0..2_u8).prop_map(|(status, note)| Action::Report(status, note)),
        1 => (0..2_u8).prop_map(|note| Action::Report(Status::Refused, note)),
        1 => (0..2_u8).prop_map(|note| Action::Report(Status::TakeBackAgreed, note)),
        2 => (0..2_u8).prop_map(|note| Action::Report(Status::TakeBackDeclined, note)),
    ]
}

proptest! {
    #[test]
    fn a_copy_lives_as_the_model_does(actions in prop::collection::vec(any_action(), 0..14)) {
        let mut scene = sent_to(&[HOLDER]);
        let mut model = Model { displayed: Status::Sent, frozen: false, stands: Stands::Issued, reports: vec![] };
        for action in actions {
            let (rows, expected) = (scene.rows.clone(), model.carry_out(action));
            let done = carry_out(&mut scene, HOLDER, action);
            prop_assert_eq!(done.as_ref().map_err(kind), expected.as_ref().map_err(|no| *no), "{:?}", action);
            prop_assert!(done.is_ok() || scene.rows == rows, "a refusal leaves nothing behind");
            let copy = copy(&scene, HOLDER);
            prop_assert_eq!(
                (copy.status, copy.question.is_some(), stands(&scene)),
                (model.displayed, model.frozen, model.stands),
                "{:?}",
                action
            );
        }
        let kept: Vec<_> = model.reports.iter().map(|(status, note)| (*status, format!("lý do {note}"))).collect();
        prop_assert_eq!(reported(&scene, HOLDER), kept, "every report is kept in the order it came");
    }

    #[test]
    fn the_greatest_rank_is_displayed_whatever_the_order(
        (reports, shuffled) in prop::collection::vec((progress(), 0..3_u8), 1..12)
            .prop_flat_map(|reports| (Just(reports.clone()), Just(reports).prop_shuffle())),
        handed_over in prop::option::of(0..12_usize),
    ) {
        for reports in [&reports, &shuffled] {
            let mut scene = sent_to(&[HOLDER]);
            for (i, (status, note)) in reports.iter().enumerate() {
                if handed_over == Some(i) {
                    carry_out(&mut scene, HOLDER, Action::HandOver).unwrap();
                }
                carry_out(&mut scene, HOLDER, Action::Report(*status, *note)).unwrap();
            }
            prop_assert_eq!(Some(copy(&scene, HOLDER).status), reports.iter().map(|(status, _)| *status).max());
            let different: BTreeSet<_> = reports.iter().collect();
            prop_assert_eq!(reported(&scene, HOLDER).len(), different.len(), "each report is kept once");
        }
    }

    #[test]
    fn a_recall_ends_with_the_last_answer_and_erases_only_if_all_agreed(
        taken in prop::collection::vec(prop::option::of(prop_oneof![progress(), Just(Status::Refused)]), 3),
        agrees in prop::collection::vec(any::<bool>(), 3),
        order in Just(vec![0_usize, 1, 2]).prop_shuffle(),
    ) {
        let holders = [HOLDER, "tinh.huyen", "tinh.huyen.xa"];
        let mut scene = sent_to(&holders);
        for (holder, status) in holders.iter().zip(&taken) {
            if let Some(status) = status {
                carry_out(&mut scene, holder, Action::Report(*status, 0)).unwrap();
            }
        }
        carry_out(&mut scene, HOLDER, Action::Recall).unwrap();
        // Who has taken its copy and not refused it is asked; the others have nothing to give back.
        let asked: Vec<usize> = order.into_iter().filter(|i| taken[*i].is_some_and(|status| status != Status::Refused)).collect();
        for (answered, i) in asked.iter().enumerate() {
            prop_assert_eq!(stands(&scene), Stands::Pending, "{} of {} answered", answered, asked.len());
            prop_assert!(!scene.document(&DOCUMENT).content.attachments.is_empty());
            let answer = if agrees[*i] { Status::TakeBackAgreed } else { Status::TakeBackDeclined };
            carry_out(&mut scene, holders[*i], Action::Report(answer, 0)).unwrap();
        }
        let all_agreed = asked.iter().all(|i| agrees[*i]);
        prop_assert_eq!(stands(&scene), if all_agreed { Stands::Recalled } else { Stands::Declined });
        prop_assert_eq!(scene.document(&DOCUMENT).content.attachments.is_empty(), all_agreed);
        for (i, holder) in holders.iter().enumerate() {
            let copy = copy(&scene, holder);
            prop_assert_eq!(&copy.question, &None);
            let expected = match taken[i] {
                None => Status::TakeBackAgreed,
                Some(Status::Refused) => Status::Refused,
                Some(_) if agrees[i] => Status::TakeBackAgreed,
                Some(status) => status,
            };
            prop_assert_eq!(copy.status, expected);
        }
    }
}
