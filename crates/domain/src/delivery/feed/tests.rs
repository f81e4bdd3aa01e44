//! Feeds and boxes against what a list of all steps says.

use proptest::prelude::*;

use super::*;
use crate::delivery::{self, Asked, Event as Copy, HandOver, Onward, Report, Rerouted, Role, Status, Step, StepKind};
use crate::document::{Content, Document, Event as Issue, KindId, Signer, State as Standing};
use crate::event::{self, Entry, Event};
use crate::principal;
use crate::state::Memory;
use crate::time::Timestamp;

const ISSUER: &str = "tinh";

fn id(text: &str) -> agency::Id {
    agency::Id::parse(text).unwrap()
}

/// Holders in an order that is not that of their numbers.
fn holder(number: usize) -> agency::Id {
    id(&format!("xa-{:02}", (number * 37) % 100))
}

fn name(number: u8) -> document::Id {
    document::Id([number; 16])
}

fn document(number: u8, urgency: Urgency) -> Document {
    Document {
        id: name(number),
        content: Content {
            issuer: id(ISSUER),
            number: number.to_string(),
            notation: "CV-UBND".into(),
            kind: KindId::parse("cong-van").unwrap(),
            subject: "Về việc kiểm tra".into(),
            signer: Signer { competence: String::new(), position: "Chủ tịch".into(), full_name: "Trần Văn Ba".into() },
            place: String::new(),
            date: Timestamp::default().date_in_vietnam(),
            urgency,
            deliver_by: None,
            due_date: None,
            page_count: None,
            printed_recipients: vec![],
            attachments: vec![],
            in_reply_to: None,
            secrecy: String::new(),
        },
        recipients: vec![],
        state: Standing::Issued,
        version: 1,
        replaces: vec![],
        replace_reason: String::new(),
        warnings: vec![],
        findings: vec![],
        submitted_at: Timestamp::default(),
        submitted_seq: 0,
        changed_seq: 0,
    }
}

fn copy(number: u8, agency: agency::Id, urgency: Urgency) -> Delivery {
    Delivery {
        document: name(number),
        agency,
        sender: id(ISSUER),
        forwarded_by: None,
        role: Role::Recipient,
        onward: vec![],
        rerouted: None,
        urgency,
        status: Status::Sent,
        question: None,
        reported_in: vec![],
        created_seq: 0,
        created_at: Timestamp::default(),
        changed_seq: 0,
    }
}

fn submitted(number: u8, urgency: Urgency, holders: usize) -> Event {
    let deliveries = (0..holders).map(|h| copy(number, holder(h), urgency)).collect();
    Event::Document(Issue::Submitted { document: document(number, urgency), reports: vec![], deliveries })
}

fn reported(number: u8, agency: agency::Id, status: Status, note: &str) -> Event {
    let report =
        Report { status, at: Timestamp::default(), note: note.into(), refusal: None, staff: String::new(), register_number: String::new() };
    Event::Delivery(Copy::Reported { document: name(number), agency, report })
}

fn asked(number: u8, agency: agency::Id, reason: &str) -> Event {
    Event::Delivery(Copy::Asked { document: name(number), agency, asked: Asked::Recall, reason: reason.into() })
}

fn apply(rows: &mut Memory, seq: u64, events: Vec<Event>) {
    let entry = Entry {
        at: Timestamp::from_seconds(i64::try_from(seq).unwrap()),
        principal: principal::Id::parse(ISSUER).unwrap(),
        request: None,
        resource: String::new(),
        events,
    };
    let mut overlay = Overlay::new(rows);
    event::apply(seq, &entry, &mut overlay).unwrap();
    let changes = overlay.into_changes();
    assert!(changes.values().flatten().all(|row| row.len() <= state::MAX_ROW_BYTES));
    rows.apply(changes);
}

/// A lane read to its end in batches, as a watcher does that comes back with its cursor after each.
fn read(rows: &Memory, agency: &agency::Id, direction: Direction, lane: u8, batch: usize) -> Vec<(document::Id, Step)> {
    let mut told = Vec::new();
    let mut after = (0, 0);
    loop {
        let changes = changes(rows, agency, direction, lane, after, u64::MAX, batch).unwrap();
        assert!(changes.len() <= batch);
        let Some(last) = changes.last() else { return told };
        after = (last.step.seq, last.step.index);
        told.extend(changes.into_iter().map(|change| (change.document, change.step)));
    }
}

/// What a holder's own watchers are told of its copy: everything but that it arrived.
fn concerns(step: &Step, agency: &agency::Id) -> bool {
    step.agency == *agency && !matches!(step.kind, StepKind::Arrived { .. } | StepKind::Submitted)
}

#[test]
fn a_step_tells_the_issuer_and_the_holder_once_each() {
    let mut rows = Memory::default();
    apply(&mut rows, 1, vec![submitted(1, Urgency::Ordinary, 2)]);
    apply(&mut rows, 2, vec![Event::Delivery(Copy::Arrived { document: name(1), agency: holder(1), how: HandOver::Watch })]);
    let lane = lane(Urgency::Ordinary);
    let outgoing: Vec<_> =
        read(&rows, &id(ISSUER), Direction::Outgoing, lane, 1).into_iter().map(|(_, step)| (step.seq, step.index)).collect();
    assert_eq!(outgoing, [(1, 0), (1, 1), (1, 2), (2, 0)]);
    let incoming: Vec<_> =
        read(&rows, &holder(1), Direction::Incoming, lane, 1).into_iter().map(|(_, step)| (step.seq, step.index)).collect();
    assert_eq!(incoming, [(1, 2)]);
}

#[test]
fn what_came_after_the_look_began_is_left_for_the_next_look() {
    let mut rows = Memory::default();
    apply(&mut rows, 1, vec![submitted(1, Urgency::Ordinary, 1)]);
    apply(&mut rows, 2, vec![submitted(2, Urgency::Ordinary, 1)]);
    apply(&mut rows, 3, vec![reported(1, holder(0), Status::Accepted, "")]);
    let lane = lane(Urgency::Ordinary);
    let told = |after, until| -> Vec<u64> {
        let changes = changes(&rows, &holder(0), Direction::Incoming, lane, after, until, 9).unwrap();
        changes.iter().map(|change| change.step.seq).collect()
    };
    assert_eq!(told((0, 0), 1), [1]);
    assert_eq!(told((1, 1), 3), [2, 3]);
}

#[test]
fn the_steps_of_two_documents_in_one_entry_are_told_in_their_order() {
    let mut rows = Memory::default();
    apply(&mut rows, 1, vec![submitted(1, Urgency::Ordinary, 1)]);
    let replaced = |by| Event::Document(Issue::StateChanged { document: name(1), state: Standing::Replaced { by } });
    apply(&mut rows, 2, vec![submitted(2, Urgency::Ordinary, 1), replaced(name(2)), asked(2, holder(0), "Hỏi"), replaced(name(3))]);
    let told = read(&rows, &id(ISSUER), Direction::Outgoing, lane(Urgency::Ordinary), 1);
    let second: Vec<_> = told.iter().filter(|(_, step)| step.seq == 2).map(|(document, step)| (document.0[0], step.index)).collect();
    assert_eq!(second, [(2, 0), (2, 1), (1, 2), (2, 3), (1, 4)]);
}

#[test]
fn a_recall_of_many_copies_with_the_longest_reason_fits_its_rows() {
    let mut rows = Memory::default();
    apply(&mut rows, 1, vec![submitted(1, Urgency::Ordinary, 100)]);
    let reason = "ế".repeat(500);
    apply(&mut rows, 2, (0..100).map(|h| asked(1, holder(h), &reason)).collect());
    assert_eq!(read(&rows, &id(ISSUER), Direction::Outgoing, lane(Urgency::Ordinary), 64).len(), 201);
    assert_eq!(steps(&rows, &name(1)).unwrap().len(), 201);
}

#[test]
fn a_box_lists_the_newest_first_whatever_their_haste() {
    let mut rows = Memory::default();
    let haste = [Urgency::Ordinary, Urgency::Express, Urgency::Ordinary, Urgency::Urgent, Urgency::ExpressAtTime];
    for (number, urgency) in (1..).zip(haste) {
        apply(&mut rows, u64::from(number) * 10, vec![submitted(number, urgency, 3)]);
    }
    apply(&mut rows, 60, vec![reported(1, holder(0), Status::Accepted, "")]);
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let (copies, next) = inbox(&rows, &holder(0), after, 2).unwrap();
        pages.push(copies.iter().map(|copy| copy.document.0[0]).collect::<Vec<_>>());
        let (documents, outbox_next) = document::outbox(&rows, &id(ISSUER), after, 2).unwrap();
        assert_eq!(documents.iter().map(|document| document.id.0[0]).collect::<Vec<_>>(), *pages.last().unwrap());
        assert_eq!(outbox_next, next);
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(pages, [vec![5, 4], vec![3, 2], vec![1]]);
    assert_eq!(inbox(&rows, &id("xa-99"), None, 2).unwrap(), (vec![], None));
}

#[test]
fn a_copy_that_was_given_back_and_sent_again_is_listed_once() {
    let mut rows = Memory::default();
    apply(&mut rows, 1, vec![submitted(1, Urgency::Ordinary, 2)]);
    apply(&mut rows, 2, vec![asked(1, holder(0), "Nhầm"), reported(1, holder(0), Status::TakeBackAgreed, "")]);
    let added = vec![copy(1, holder(0), Urgency::Ordinary)];
    let amended = Issue::Amended { document: document(1, Urgency::Ordinary), reports: vec![], added, reason: "Gửi lại".into() };
    apply(&mut rows, 3, vec![Event::Document(amended)]);
    let (copies, _) = inbox(&rows, &holder(0), None, 10).unwrap();
    assert_eq!(copies.iter().map(|copy| (copy.created_seq, copy.status)).collect::<Vec<_>>(), [(3, Status::Sent)]);
}

#[test]
fn a_forwarders_copy_stands_beside_those_sent_together() {
    let mut rows = Memory::default();
    let mut deliveries: Vec<_> = (0..3).map(|h| copy(1, holder(h), Urgency::Ordinary)).collect();
    deliveries[1].onward = vec![Onward { agency: id("bo"), rerouted: None, forwarded_at: None }];
    let submitted = Issue::Submitted { document: document(1, Urgency::Ordinary), reports: vec![], deliveries };
    apply(&mut rows, 1, vec![Event::Document(submitted)]);
    for h in 0..3 {
        assert_eq!(find(&rows, &name(1), &holder(h)).unwrap().unwrap().onward.len(), usize::from(h == 1));
    }
    assert_eq!(delivery::of_document(&rows, &name(1), None, 10).unwrap().len(), 3);
}

#[test]
fn a_forwarded_copy_says_that_its_address_led_elsewhere() {
    let mut rows = Memory::default();
    let rerouted = Rerouted { from: id("bo-cu"), code: None };
    let onward = vec![Onward { agency: id("bo"), rerouted: Some(rerouted.clone()), forwarded_at: None }];
    let superior = Delivery { onward, ..copy(1, id("huyen"), Urgency::Ordinary) };
    let submitted = Issue::Submitted { document: document(1, Urgency::Ordinary), reports: vec![], deliveries: vec![superior] };
    apply(&mut rows, 1, vec![Event::Document(submitted)]);
    let deliveries = vec![Delivery { onward: vec![], rerouted: Some(rerouted.clone()), ..copy(1, id("bo"), Urgency::Ordinary) }];
    apply(&mut rows, 2, vec![Event::Delivery(Copy::Forwarded { document: name(1), by: id("huyen"), deliveries, note: String::new() })]);
    let sent = steps(&rows, &name(1)).unwrap().into_iter().find(|step| step.agency == id("bo")).unwrap();
    assert_eq!(sent.kind, StepKind::Sent { role: Role::Recipient, rerouted: Some(rerouted) });
}

#[test]
fn an_amended_haste_moves_what_comes_later_to_its_lane() {
    let mut rows = Memory::default();
    apply(&mut rows, 1, vec![submitted(1, Urgency::Ordinary, 2)]);
    let amended = Issue::Amended { document: document(1, Urgency::Express), reports: vec![], added: vec![], reason: "Gấp".into() };
    apply(&mut rows, 2, vec![Event::Document(amended), asked(1, holder(0), "Gấp")]);
    assert_eq!(read(&rows, &holder(0), Direction::Incoming, lane(Urgency::Express), 9).len(), 1);
    assert_eq!(find(&rows, &name(1), &holder(1)).unwrap().unwrap().urgency, Urgency::Express);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_feed_and_every_list_of_copies_says_what_the_steps_say(
        entries in prop::collection::vec(prop::collection::vec((0..4u8, 0..3u8, 0..100usize), 1..5), 1..12),
        sizes in prop::collection::vec(1..150usize, 3),
        batch in 1..70usize,
        limit in 1..130usize,
    ) {
        let mut rows = Memory::default();
        // Three documents, each of another haste, to up to a hundred holders.
        let haste = [Urgency::Ordinary, Urgency::Urgent, Urgency::Ordinary];
        for (number, (size, urgency)) in (0..).zip(sizes.iter().zip(haste)) {
            apply(&mut rows, u64::from(number) + 1, vec![submitted(number, urgency, (*size).min(100))]);
        }
        for (seq, steps) in (4..).zip(&entries) {
            let events = steps.iter().map(|(what, number, h)| {
                let agency = holder(h % sizes[usize::from(*number)].min(100));
                match what {
                    0 => Event::Delivery(Copy::Arrived { document: name(*number), agency, how: HandOver::Watch }),
                    1 => reported(*number, agency, Status::Accepted, "đã nhận"),
                    2 => asked(*number, agency, "xin lại"),
                    _ => reported(*number, agency, Status::InProgress, ""),
                }
            });
            apply(&mut rows, seq, events.collect());
        }
        let mut all: Vec<(document::Id, Urgency, Step)> = Vec::new();
        for (number, urgency) in (0..3u8).zip(haste) {
            all.extend(steps(&rows, &name(number)).unwrap().into_iter().map(|step| (name(number), urgency, step)));
        }
        all.sort_by_key(|(_, _, step)| (step.seq, step.index));
        let pairs = all.windows(2).all(|pair| (pair[0].2.seq, pair[0].2.index) < (pair[1].2.seq, pair[1].2.index));
        prop_assert!(pairs, "every step has a place of its own");

        for urgency in [Urgency::Ordinary, Urgency::Urgent] {
            let of_lane = |wanted: &dyn Fn(&Step) -> bool| -> Vec<_> {
                all.iter().filter(|(_, of, step)| *of == urgency && wanted(step)).map(|(document, _, step)| (*document, step.clone())).collect()
            };
            prop_assert_eq!(read(&rows, &id(ISSUER), Direction::Outgoing, lane(urgency), batch), of_lane(&|_| true));
            for h in [0, 1, 50, 99] {
                let wanted = of_lane(&|step| concerns(step, &holder(h)));
                prop_assert_eq!(read(&rows, &holder(h), Direction::Incoming, lane(urgency), batch), wanted);
            }
        }
        for (number, size) in (0..3u8).zip(&sizes) {
            let mut holders: Vec<_> = (0..(*size).min(100)).map(holder).collect();
            holders.sort();
            let mut listed = Vec::new();
            loop {
                let page = delivery::of_document(&rows, &name(number), listed.last(), limit).unwrap();
                if page.is_empty() {
                    break;
                }
                for copy in &page {
                    let alone = find(&rows, &name(number), &copy.agency).unwrap();
                    prop_assert_eq!(alone.as_ref(), Some(copy));
                }
                listed.extend(page.into_iter().map(|copy| copy.agency));
            }
            prop_assert_eq!(listed, holders);
        }
    }
}
