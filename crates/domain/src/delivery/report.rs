//! What recipients report, and what a superior passes on (national-axis §1.9).

use crate::agency;
use crate::command::{Context, Ruling};
use crate::delivery::{self, Command, Delivery, Event, Onward, Report, Role, Status, Step, StepKind};
use crate::document;
use crate::event;
use crate::invalid::{self, Checker};
use crate::principal;
use crate::refusal::Refusal;
use crate::state::State;

/// Agencies that one forwarding names, at most.
const MAX_FORWARDED: usize = 1_000;

/// Decides a command about deliveries.
pub fn decide(rows: &dyn State, context: &Context<'_>, command: &Command) -> Result<Ruling, Refusal> {
    match command {
        Command::Arrive { agency, documents, how } => {
            if context.caller.principal != principal::Id::hub() && !context.caller.acts_for(agency) {
                return Err(Refusal::Denied);
            }
            let mut events = Vec::new();
            for document in documents {
                let waits = delivery::find(rows, document, agency)?.is_some_and(|copy| copy.status == Status::Sent);
                if waits {
                    events.push(event::Event::Delivery(Event::Arrived { document: *document, agency: agency.clone(), how: *how }));
                }
            }
            Ok(Ruling { resource: format!("agencies/{agency}"), events })
        }
        Command::Report { document, agency, report } => self::report(rows, context, document, agency, report),
        Command::Forward { document, agency, to, note } => forward(rows, context, (document, agency), to, note),
    }
}

/// The copy, if the caller acts for its holder; the same refusal whether it exists or not.
fn own(rows: &dyn State, context: &Context<'_>, document: &document::Id, agency: &agency::Id) -> Result<Delivery, Refusal> {
    delivery::find(rows, document, agency)?.filter(|_| context.caller.acts_for(agency)).ok_or(Refusal::Denied)
}

fn report(
    rows: &dyn State,
    context: &Context<'_>,
    document: &document::Id,
    agency: &agency::Id,
    report: &Report,
) -> Result<Ruling, Refusal> {
    let copy = own(rows, context, document, agency)?;
    let mut check = Checker::default();
    let answers = matches!(report.status, Status::TakeBackAgreed | Status::TakeBackDeclined);
    let reports = (Status::Arrived..=Status::Done).contains(&report.status);
    check.require(answers || reports, "report.status", "must be ARRIVED to DONE, TAKE_BACK_AGREED or TAKE_BACK_DECLINED");
    let reason_needed = matches!(report.status, Status::Refused | Status::TakeBackDeclined);
    check.parse("report.note", invalid::text(&report.note, usize::from(reason_needed), 500));
    check.parse("report.staff", invalid::text(&report.staff, 0, 100));
    check.parse("report.register_number", invalid::text(&report.register_number, 0, 20));
    let refuses = report.status == Status::Refused;
    check.require(!refuses || report.refusal.is_some(), "report.refusal_reason", "is required for a refusal: R1 to R8");
    check.require(refuses || report.refusal.is_none(), "report.refusal_reason", "is only for a refusal");
    check.finish()?;

    let resource = format!("documents/{document}/deliveries/{agency}");
    let step = StepAsked { from: copy.status, to: report.status };
    if matches!(copy.status, Status::Refused | Status::TakeBackAgreed) {
        return if repeats(rows, &copy, report)? { Ok(Ruling { resource, events: vec![] }) } else { Err(step.refused()) };
    }
    if answers {
        let Some(question) = &copy.question else {
            return if repeats(rows, &copy, report)? { Ok(Ruling { resource, events: vec![] }) } else { Err(Refusal::NothingAsked) };
        };
        let mut events =
            vec![event::Event::Delivery(Event::Reported { document: *document, agency: agency.clone(), report: report.clone() })];
        if question.asked == delivery::Asked::Recall
            && let Some(document) = document::find(rows, document)?
        {
            events.extend(document::answered(rows, &document, agency, report.status == Status::TakeBackAgreed)?);
        }
        return Ok(Ruling { resource, events });
    }
    // Beyond an axis it was reported before the question was known: what happened there happened.
    if copy.question.is_some() && report.status != Status::Arrived && !document::is_hub(context) {
        return Err(Refusal::Frozen);
    }
    if refuses && copy.status > Status::Arrived {
        return Err(step.refused());
    }
    // A repetition is never ahead of what is displayed; only then are the steps looked through.
    let events = if report.status <= copy.status && repeats(rows, &copy, report)? {
        vec![]
    } else {
        vec![event::Event::Delivery(Event::Reported { document: *document, agency: agency.clone(), report: report.clone() })]
    };
    Ok(Ruling { resource, events })
}

struct StepAsked {
    from: Status,
    to: Status,
}

impl StepAsked {
    const fn refused(&self) -> Refusal {
        Refusal::StepRefused { from: self.from, to: self.to }
    }
}

/// Whether the very same report is among the last ones of this copy already.
fn repeats(rows: &dyn State, copy: &Delivery, report: &Report) -> Result<bool, Refusal> {
    let same = |step: &Step| step.agency == copy.agency && matches!(&step.kind, StepKind::Reported(known) if known == report);
    for seq in &copy.reported_in {
        if delivery::steps_of_entry(rows, &copy.document, *seq)?.iter().any(same) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The status that is displayed after a report: the furthest reached, never back, except to a refusal or a give-back.
pub(crate) fn displayed(before: Status, reported: Status) -> Status {
    match reported {
        Status::Refused | Status::TakeBackAgreed => reported,
        Status::TakeBackDeclined | Status::TakeBackRequested => before,
        Status::Sent | Status::Arrived | Status::Accepted | Status::Assigned | Status::InProgress | Status::Done => before.max(reported),
    }
}

fn forward(
    rows: &dyn State,
    context: &Context<'_>,
    (document, agency): (&document::Id, &agency::Id),
    to: &[agency::Id],
    note: &str,
) -> Result<Ruling, Refusal> {
    let copy = own(rows, context, document, agency)?;
    let mut check = Checker::default();
    check.parse("note", invalid::text(note, 0, 500));
    check.require(to.len() <= MAX_FORWARDED, "to", format!("must name at most {MAX_FORWARDED} agencies; leave it out for all that wait"));
    check.distinct("to", to.get(..MAX_FORWARDED).unwrap_or(to));
    check.finish()?;
    if copy.question.is_some() {
        return Err(Refusal::Frozen);
    }
    // A copy that was given back or refused, and a document that is recalled or replaced, goes no further.
    if matches!(copy.status, Status::Refused | Status::TakeBackAgreed) {
        return Err(Refusal::NothingToForward("anybody: this copy was given back or refused".into()));
    }
    let document_itself = document::find(rows, document)?.ok_or(Refusal::Denied)?;
    document::in_force(&document_itself)?;
    let waits = |onward: &&Onward| onward.forwarded_at.is_none();
    let chosen: Vec<agency::Id> =
        if to.is_empty() { copy.onward.iter().filter(waits).map(|onward| onward.agency.clone()).collect() } else { to.to_vec() };
    if let Some(stranger) = chosen.iter().find(|to| !copy.onward.iter().filter(waits).any(|onward| onward.agency == **to)) {
        return Err(Refusal::NothingToForward(format!("agencies/{stranger}")));
    }
    if chosen.is_empty() {
        return Err(Refusal::NothingToForward("anybody".into()));
    }
    let today = context.at.date_in_vietnam();
    let mut deliveries = Vec::new();
    for to in chosen {
        let rerouted = copy.onward.iter().find(|onward| onward.agency == to).and_then(|onward| onward.rerouted.clone());
        match agency::find(rows, &to)?.map(|agency| agency::as_of(&agency, today)) {
            Some(agency::State::Active) => {}
            Some(agency::State::Locked) => return Err(Refusal::RecipientLocked(to)),
            Some(agency::State::Closed) | None => {
                let successors = agency::successors(rows, &to, today)?;
                return Err(Refusal::RecipientClosed { agency: to, successors });
            }
        }
        deliveries.push(Delivery {
            agency: to,
            forwarded_by: Some(agency.clone()),
            role: Role::Recipient,
            onward: vec![],
            rerouted,
            status: Status::Sent,
            question: None,
            created_at: context.at,
            ..copy.clone()
        });
    }
    let events =
        vec![event::Event::Delivery(Event::Forwarded { document: *document, by: agency.clone(), deliveries, note: note.to_owned() })];
    Ok(Ruling { resource: format!("documents/{document}/deliveries/{agency}"), events })
}
