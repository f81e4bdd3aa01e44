use domain::agency::Code;
use domain::{document, principal};
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_751_302_800);

fn agency_id(id: &str) -> agency::Id {
    agency::Id::parse(id).expect("a slug")
}

fn parse(message: &v1::DeliveryReport) -> Result<Report, Vec<String>> {
    let mut check = Checker::default();
    let report = report(Some(message), NOW, &mut check);
    match check.finish() {
        Ok(()) => Ok(report.expect("a clean report has a value")),
        Err(invalid) => Err(invalid.faults().iter().map(|fault| fault.field.clone()).collect()),
    }
}

fn of(status: v1::DeliveryStatus) -> v1::DeliveryReport {
    v1::DeliveryReport { status: status.into(), ..Default::default() }
}

#[test]
fn a_report_without_a_time_is_of_now() {
    let report = parse(&of(v1::DeliveryStatus::Accepted)).expect("a report");
    assert_eq!((report.status, report.at), (Status::Accepted, NOW));
}

#[test]
fn a_refusal_needs_its_reason_and_a_note() {
    let refused = of(v1::DeliveryStatus::Refused);
    assert_eq!(parse(&refused), Err(vec!["report.note".into(), "report.refusal_reason".into()]));
    let whole = v1::DeliveryReport { note: "sai địa chỉ".into(), refusal_reason: v1::RefusalReason::R1.into(), ..refused };
    assert_eq!(parse(&whole).map(|report| report.refusal), Ok(Some(RefusalReason::R1)));
    let elsewhere = v1::DeliveryReport { status: v1::DeliveryStatus::Done.into(), ..whole };
    assert_eq!(parse(&elsewhere), Err(vec!["report.refusal_reason".into()]));
    assert_eq!(parse(&of(v1::DeliveryStatus::TakeBackDeclined)), Err(vec!["report.note".into()]));
}

#[test]
fn statuses_that_only_the_hub_sets_are_refused() {
    for status in [v1::DeliveryStatus::Sent, v1::DeliveryStatus::TakeBackRequested, v1::DeliveryStatus::Unspecified] {
        assert_eq!(parse(&of(status)), Err(vec!["report.status".into()]), "{status:?}");
    }
    let mut check = Checker::default();
    assert_eq!(report(None, NOW, &mut check), None);
    assert_eq!(check.finish().map_err(|invalid| invalid.to_string()), Err("report is required".into()));
}

#[test]
fn a_delivery_tells_its_way() {
    let delivery = Delivery {
        document: document::Id([0x11; 16]),
        agency: agency_id("camau"),
        sender: agency_id("camau.dam-doi.tan-duyet"),
        forwarded_by: None,
        role: Role::Forwarder,
        onward: vec![Onward { agency: agency_id("bnv"), rerouted: None, forwarded_at: Some(NOW) }],
        rerouted: Some(Rerouted { from: agency_id("old"), code: Code::parse("H12.15").ok() }),
        urgency: Urgency::Express,
        status: Status::Arrived,
        question: Some(Question { asked: Asked::Amendment, reason: "sửa trích yếu".into(), at: NOW }),
        reported_in: vec![],
        created_seq: 3,
        created_at: NOW,
        changed_seq: 8,
    };
    let expected = v1::Delivery {
        name: "documents/11111111-1111-1111-1111-111111111111/deliveries/camau".into(),
        document: "documents/11111111-1111-1111-1111-111111111111".into(),
        agency: "agencies/camau".into(),
        sender: "agencies/camau.dam-doi.tan-duyet".into(),
        forwarded_by: String::new(),
        role: v1::DeliveryRole::Forwarder.into(),
        onward: vec![v1::Onward { agency: "agencies/bnv".into(), rerouted: None, forward_time: Some(time::timestamp(NOW)) }],
        rerouted: Some(v1::Rerouted { from_agency: "agencies/old".into(), code: "H12.15".into() }),
        urgency: v1::Urgency::Express.into(),
        status: v1::DeliveryStatus::Arrived.into(),
        question: Some(v1::Question {
            asked: v1::Asked::Amendment.into(),
            reason: "sửa trích yếu".into(),
            ask_time: Some(prost_types::Timestamp { seconds: 1_751_302_800, nanos: 0 }),
        }),
        create_time: Some(prost_types::Timestamp { seconds: 1_751_302_800, nanos: 0 }),
        create_seq: 3,
        etag: "8".into(),
    };
    assert_eq!(to_wire(&delivery), expected);

    let filter = |request: v1::ListDeliveriesRequest| {
        list(&v1::ListDeliveriesRequest { agency: "agencies/camau".into(), ..request }).expect("a filter").1
    };
    let none = v1::ListDeliveriesRequest::default;
    assert!(filter(none()).keeps(&delivery));
    assert!(filter(v1::ListDeliveriesRequest { awaiting_answer: true, status: expected.status, ..none() }).keeps(&delivery));
    assert!(!filter(v1::ListDeliveriesRequest { status: v1::DeliveryStatus::Done.into(), ..none() }).keeps(&delivery));
    assert!(!filter(v1::ListDeliveriesRequest { sender: "agencies/camau".into(), ..none() }).keeps(&delivery));
    assert!(list(&none()).is_err(), "an inbox has an owner");
}

#[test]
fn every_kind_of_step_has_its_message() {
    use v1::step::Kind;
    let report = Report {
        status: Status::Refused,
        at: NOW,
        note: "thiếu phụ lục".into(),
        refusal: Some(RefusalReason::R4),
        staff: "VT".into(),
        register_number: "15".into(),
    };
    let rerouted = Rerouted { from: agency_id("old"), code: None };
    let steps: Vec<(StepKind, Kind)> = vec![
        (StepKind::Submitted, Kind::Submitted(v1::StepSubmitted {})),
        (
            StepKind::Sent { role: Role::SuperiorCopy, rerouted: Some(rerouted) },
            Kind::Sent(v1::StepSent {
                role: v1::DeliveryRole::SuperiorCopy.into(),
                rerouted: Some(v1::Rerouted { from_agency: "agencies/old".into(), code: String::new() }),
            }),
        ),
        (StepKind::Arrived { how: HandOver::Download }, Kind::Arrived(v1::StepArrived { how: v1::HandOver::Download.into() })),
        (
            StepKind::Reported(report),
            Kind::Reported(v1::DeliveryReport {
                status: v1::DeliveryStatus::Refused.into(),
                report_time: Some(time::timestamp(NOW)),
                note: "thiếu phụ lục".into(),
                refusal_reason: v1::RefusalReason::R4.into(),
                staff: "VT".into(),
                register_number: "15".into(),
            }),
        ),
        (
            StepKind::Forwarded { to: vec![agency_id("bnv")], note: "n".into() },
            Kind::Forwarded(v1::StepForwarded { to: vec!["agencies/bnv".into()], note: "n".into() }),
        ),
        (
            StepKind::Asked { asked: Asked::Recall, reason: "r".into() },
            Kind::Asked(v1::StepAsked { asked: v1::Asked::Recall.into(), reason: "r".into() }),
        ),
        (StepKind::Amended { version: 2, reason: "r".into() }, Kind::Amended(v1::StepAmended { version: 2, reason: "r".into() })),
        (
            StepKind::StateChanged(document::State::Recalled { reason: "r".into() }),
            Kind::StateChanged(v1::StepStateChanged {
                state: v1::DocumentState::Recalled.into(),
                reason: "r".into(),
                replaced_by: String::new(),
            }),
        ),
    ];
    for (kind, wire) in steps {
        let step = Step { seq: 9, index: 2, at: NOW, principal: principal::Id::hub(), agency: agency_id("camau"), kind };
        let message = step_to_wire(&step);
        assert_eq!(message.kind, Some(wire));
        assert_eq!((message.seq, message.index, message.principal.as_str()), (9, 2, "principals/hub"));
        assert_eq!(message.agency, "agencies/camau");
    }
}

proptest! {
    #[test]
    fn a_report_comes_back_as_it_went(
        choice in prop::sample::select(vec![
            (Status::Arrived, None),
            (Status::Refused, Some(RefusalReason::R1)),
            (Status::Refused, Some(RefusalReason::R8)),
            (Status::Accepted, None),
            (Status::Assigned, None),
            (Status::InProgress, None),
            (Status::Done, None),
            (Status::TakeBackAgreed, None),
            (Status::TakeBackDeclined, None),
        ]),
        micros in 0..2_000_000_000_000_000_i64,
        note in "[a-zÀ-ỹ]{1,100}",
        staff in "[a-zÀ-ỹ]{0,100}",
        register_number in "[0-9A-Z]{0,20}",
    ) {
        let (status, refusal) = choice;
        let report = Report { status, at: Timestamp::from_micros(micros), note, refusal, staff, register_number };
        prop_assert_eq!(parse(&report_to_wire(&report)), Ok(report));
    }
}
