//! Which copies go out: the policy's modes over all pairs of tiers, and superiors that are, are not, or cannot be there.

use crate::agency::scene::{Scene, committee, date, id, succession};
use crate::agency::{self, Agency, Selector, State, SuccessionKind, Tier};
use crate::command::Decision;
use crate::delivery::{self, Delivery, Rerouted, Role, Status};
use crate::document::scene::{Letter, NOW, with_systems};
use crate::document::{self, Urgency};
use crate::refusal::Refusal;
use crate::route::{self, Mode, Rule};

const TIERS: [Tier; 4] = [Tier::Central, Tier::Province, Tier::District, Tier::Commune];
const MODES: [Mode; 4] = [Mode::Direct, Mode::DirectCopySuperior, Mode::ViaSuperior, Mode::Refused];

fn name(prefix: &str, tier: Tier) -> String {
    let tier = match tier {
        Tier::Central => "bo",
        Tier::Province => "tinh",
        Tier::District => "huyen",
        Tier::Commune => "xa",
    };
    format!("{prefix}{tier}")
}

/// `tren` with an agency of each tier below it that sends (`tren.…`), and one of each tier elsewhere that receives (`den-…`).
fn country() -> Scene {
    let senders = TIERS.map(|tier| committee(&name("tren.", tier), tier));
    let recipients = TIERS.map(|tier| committee(&name("den-", tier), tier));
    with_systems([committee("tren", Tier::Central)].into_iter().chain(senders).chain(recipients).collect())
}

fn set(scene: &mut Scene, rule: Rule) {
    scene.admin(crate::command::Command::Route(route::Command::Set(vec![rule]))).unwrap();
}

/// Sets one mode for whatever a commune sends to a province, urgent or not.
fn set_mode(scene: &mut Scene, mode: Mode) {
    set(scene, Rule { from: Tier::Commune, to: Tier::Province, ordinary: mode, urgent: mode });
}

/// Submits the `n`th letter of `from`.
fn send(scene: &mut Scene, n: u16, from: &str, to: &[&str], urgency: Urgency) -> Result<Vec<Delivery>, Refusal> {
    let asked = Letter::numbered(1, from, "tren").with(|asked| {
        asked.id = document::Id([[0; 14].as_slice(), &n.to_be_bytes()].concat().try_into().unwrap());
        asked.content.number = n.to_string();
        asked.content.urgency = urgency;
        asked.content.deliver_by = (urgency == Urgency::ExpressAtTime).then(|| crate::time::Timestamp::from_seconds(NOW.seconds() + 60));
        asked.recipients = to.iter().map(|to| Selector::Agency(id(to))).collect();
    });
    scene.submit(asked)
}

/// Holder, why it has the copy, and whom it shall forward it to.
type Copy = (String, Role, Vec<String>);

fn copies(sent: Result<Vec<Delivery>, Refusal>) -> Result<Vec<Copy>, Refusal> {
    let onward = |copy: &Delivery| copy.onward.iter().map(|onward| onward.agency.to_string()).collect();
    Ok(sent?.iter().map(|copy| (copy.agency.to_string(), copy.role, onward(copy))).collect())
}

fn direct(to: &str) -> Copy {
    (to.into(), Role::Recipient, vec![])
}

/// What a mode makes of a document of `from` for `to`, where the superior is `tren`.
fn expected(mode: Mode, from: Tier, to: Tier) -> Result<Vec<Copy>, Refusal> {
    let recipient = name("den-", to);
    match mode {
        Mode::Direct => Ok(vec![direct(&recipient)]),
        Mode::DirectCopySuperior => Ok(vec![direct(&recipient), ("tren".into(), Role::SuperiorCopy, vec![])]),
        Mode::ViaSuperior => Ok(vec![("tren".into(), Role::Forwarder, vec![recipient])]),
        Mode::Refused => Err(Refusal::RouteRefused { from, to, recipient: id(&recipient) }),
    }
}

fn pairs() -> impl Iterator<Item = (Tier, Tier)> {
    TIERS.into_iter().flat_map(|from| TIERS.map(|to| (from, to)))
}

#[test]
fn without_rules_everything_goes_straight_but_a_communes_ordinary_letter_to_the_central_tier() {
    let mut scene = country();
    let urgencies = [Urgency::Ordinary, Urgency::Urgent, Urgency::VeryUrgent, Urgency::Express, Urgency::ExpressAtTime];
    let mut n = 0;
    for ((from, to), urgency) in pairs().flat_map(|pair| urgencies.map(|urgency| (pair, urgency))) {
        n += 1;
        let is_held = (from, to, urgency) == (Tier::Commune, Tier::Central, Urgency::Ordinary);
        let mode = if is_held { Mode::ViaSuperior } else { Mode::Direct };
        let sent = send(&mut scene, n, &name("tren.", from), &[&name("den-", to)], urgency);
        assert_eq!(copies(sent), expected(mode, from, to), "{from:?} {to:?} {urgency:?}");
    }
}

#[test]
fn every_mode_holds_for_every_pair_of_tiers_and_urgent_letters_have_their_own() {
    let mut scene = country();
    let mut n = 0;
    for ((from, to), (ordinary, urgent)) in pairs().flat_map(|pair| MODES.map(|a| MODES.map(|b| (pair, (a, b))))).flatten() {
        set(&mut scene, Rule { from, to, ordinary, urgent });
        for (urgency, mode) in [(Urgency::Ordinary, ordinary), (Urgency::Urgent, urgent), (Urgency::Express, urgent)] {
            n += 1;
            let sent = send(&mut scene, n, &name("tren.", from), &[&name("den-", to)], urgency);
            assert_eq!(copies(sent), expected(mode, from, to), "{from:?} {to:?} {urgency:?} {mode:?}");
        }
    }
    assert_eq!(n, 16 * 16 * 3);
}

#[test]
fn a_superior_that_is_a_recipient_itself_gets_one_copy() {
    let mut scene = country();
    for (n, mode) in (1..).zip([Mode::Direct, Mode::DirectCopySuperior, Mode::ViaSuperior]) {
        set(&mut scene, Rule { from: Tier::Commune, to: Tier::Central, ordinary: mode, urgent: mode });
        let alone = send(&mut scene, n, "tren.xa", &["tren"], Urgency::Ordinary);
        assert_eq!(copies(alone), Ok(vec![direct("tren")]), "{mode:?}");
        let beside = send(&mut scene, 10 + n, "tren.xa", &["den-bo", "tren"], Urgency::Ordinary);
        let expected = match mode {
            Mode::ViaSuperior => vec![("tren".into(), Role::Recipient, vec!["den-bo".into()])],
            _ => vec![direct("den-bo"), direct("tren")],
        };
        assert_eq!(copies(beside), Ok(expected), "{mode:?}");
    }
}

#[test]
fn several_recipients_share_the_superiors_copy() {
    let mut scene = country();
    set_mode(&mut scene, Mode::DirectCopySuperior);
    let rule = Rule { from: Tier::Commune, to: Tier::District, ordinary: Mode::ViaSuperior, urgent: Mode::Direct };
    set(&mut scene, rule);
    let to = ["den-tinh", "den-huyen", "den-bo", "den-xa"];
    let held = ("tren".to_owned(), Role::Forwarder, vec!["den-huyen".to_owned(), "den-bo".to_owned()]);
    let ordinary = send(&mut scene, 1, "tren.xa", &to, Urgency::Ordinary);
    assert_eq!(copies(ordinary), Ok(vec![direct("den-tinh"), direct("den-xa"), held]));
    let urgent = send(&mut scene, 2, "tren.xa", &to, Urgency::Urgent);
    let copy = ("tren".to_owned(), Role::SuperiorCopy, vec![]);
    assert_eq!(copies(urgent), Ok(vec![direct("den-tinh"), direct("den-huyen"), direct("den-bo"), direct("den-xa"), copy]));
}

#[test]
fn one_closed_way_refuses_the_whole_document() {
    let mut scene = country();
    set_mode(&mut scene, Mode::Refused);
    let sent = send(&mut scene, 1, "tren.xa", &["den-xa", "den-tinh"], Urgency::Ordinary);
    assert_eq!(copies(sent), Err(Refusal::RouteRefused { from: Tier::Commune, to: Tier::Province, recipient: id("den-tinh") }));
}

#[test]
fn a_superior_that_is_absent_locked_closed_or_yet_to_come_passes_nothing_on() {
    type Change = fn(Agency) -> Option<Agency>;
    let superiors: [(&str, Change); 5] = [
        ("absent", |_| None),
        ("locked", |tren| Some(Agency { state: State::Locked, ..tren })),
        ("closed", |tren| Some(Agency { state: State::Closed, valid_until: Some(date("2025-06-30")), ..tren })),
        ("closed on an unknown day", |tren| Some(Agency { state: State::Closed, ..tren })),
        ("yet to come", |tren| Some(Agency { valid_from: Some(date("2025-07-02")), ..tren })),
    ];
    for (which, change) in superiors {
        let mut scene = country();
        let changed = change(scene.named("tren")).unwrap_or_else(|| Agency { parent: None, ..scene.named("tren.xa") });
        scene.admin(agency::Command::Update { agency: changed, etag: 0 }).unwrap();
        for (n, mode) in (1..).zip(MODES) {
            set_mode(&mut scene, mode);
            let expected = match mode {
                Mode::ViaSuperior => Err(Refusal::NoSuperior(id("tren.xa"))),
                Mode::Direct | Mode::DirectCopySuperior => Ok(vec![direct("den-tinh")]),
                Mode::Refused => expected(mode, Tier::Commune, Tier::Province),
            };
            let sent = send(&mut scene, n, "tren.xa", &["den-tinh"], Urgency::Ordinary);
            assert_eq!(copies(sent), expected, "{which} {mode:?}");
        }
    }
}

#[test]
fn a_superior_is_what_it_is_on_the_day_of_the_submission() {
    let mut scene = country();
    // Its last day is the day of the submission in Vietnam.
    let closing = Agency { state: State::Closed, valid_until: Some(date("2025-07-01")), ..scene.named("tren") };
    scene.admin(agency::Command::Update { agency: closing, etag: 0 }).unwrap();
    set_mode(&mut scene, Mode::ViaSuperior);
    let sent = send(&mut scene, 1, "tren.xa", &["den-tinh"], Urgency::Ordinary);
    assert_eq!(copies(sent), expected(Mode::ViaSuperior, Tier::Commune, Tier::Province));
}

#[test]
fn a_closed_superior_is_not_replaced_by_its_successor_in_silence() {
    let mut scene = country();
    set_mode(&mut scene, Mode::ViaSuperior);
    let merged = vec![succession(SuccessionKind::Merge, "tren", "den-bo", "2025-07-01")];
    scene.admin(agency::Command::Succeed(merged)).unwrap();
    let sent = send(&mut scene, 1, "tren.xa", &["den-tinh"], Urgency::Ordinary);
    assert_eq!(copies(sent), Err(Refusal::NoSuperior(id("tren.xa"))));
    let moved = Agency { parent: Some(id("den-bo")), ..scene.named("tren.xa") };
    scene.admin(agency::Command::Update { agency: moved, etag: 0 }).unwrap();
    let sent = send(&mut scene, 2, "tren.xa", &["den-tinh"], Urgency::Ordinary);
    assert_eq!(copies(sent), Ok(vec![("den-bo".into(), Role::Forwarder, vec!["den-tinh".into()])]));
}

#[test]
fn the_tier_of_the_successor_counts_for_a_rerouted_copy() {
    let mut scene = country();
    // Commune to district goes straight; the district's only successor is a province, for which the way is closed.
    scene.admin(agency::Command::Succeed(vec![succession(SuccessionKind::Merge, "den-huyen", "den-tinh", "2025-07-01")])).unwrap();
    let sent = send(&mut scene, 1, "tren.xa", &["den-huyen"], Urgency::Ordinary).unwrap();
    assert_eq!(sent[0].rerouted, Some(Rerouted { from: id("den-huyen"), code: None }));
    assert_eq!(copies(Ok(sent)), Ok(vec![direct("den-tinh")]));
    set_mode(&mut scene, Mode::Refused);
    let sent = send(&mut scene, 2, "tren.xa", &["den-huyen"], Urgency::Ordinary);
    assert_eq!(copies(sent), expected(Mode::Refused, Tier::Commune, Tier::Province));
}

fn forward(scene: &mut Scene, n: u16, to: &[&str]) -> Result<Vec<Copy>, Refusal> {
    let document = document::Id([[0; 14].as_slice(), &n.to_be_bytes()].concat().try_into().unwrap());
    let to = to.iter().map(|to| id(to)).collect();
    let command = delivery::Command::Forward { document, agency: id("tren"), to, note: String::new() };
    let Decision::Record(entry) = scene.as_system("tren", NOW, None, crate::command::Command::Delivery(command))? else {
        panic!("nothing was recorded")
    };
    match entry.events.into_iter().next() {
        Some(crate::event::Event::Delivery(delivery::Event::Forwarded { deliveries, .. })) => {
            assert!(deliveries.iter().all(|copy| copy.forwarded_by == Some(id("tren")) && copy.status == Status::Sent));
            copies(Ok(deliveries))
        }
        other => panic!("not a forward: {other:?}"),
    }
}

#[test]
fn a_superior_forwards_to_those_that_wait_each_once() {
    let mut scene = country();
    set_mode(&mut scene, Mode::ViaSuperior);
    send(&mut scene, 1, "tren.xa", &["den-tinh", "den-bo", "den-xa"], Urgency::Ordinary).unwrap();
    let nothing = |to: &str| Err(Refusal::NothingToForward(to.into()));
    assert_eq!(forward(&mut scene, 1, &["den-xa"]), nothing("agencies/den-xa"), "it went there straight");
    assert_eq!(forward(&mut scene, 1, &["den-bo"]), Ok(vec![direct("den-bo")]));
    assert_eq!(forward(&mut scene, 1, &["den-bo"]), nothing("agencies/den-bo"));
    assert_eq!(forward(&mut scene, 1, &[]), Ok(vec![direct("den-tinh")]), "to all that wait");
    assert_eq!(forward(&mut scene, 1, &[]), nothing("anybody"));
    let holders = delivery::of_document(&scene.rows, &document::Id([[0; 15].as_slice(), &[1]].concat().try_into().unwrap()), None, 9);
    let names: Vec<_> = holders.unwrap().iter().map(|copy| copy.agency.to_string()).collect();
    assert_eq!(names, ["den-bo", "den-tinh", "den-xa", "tren"]);
}

#[test]
fn nothing_is_forwarded_to_an_agency_that_was_locked_or_closed_meanwhile() {
    let mut scene = country();
    set_mode(&mut scene, Mode::ViaSuperior);
    send(&mut scene, 1, "tren.xa", &["den-tinh", "den-bo"], Urgency::Ordinary).unwrap();
    let locked = Agency { state: State::Locked, ..scene.named("den-bo") };
    scene.admin(agency::Command::Update { agency: locked, etag: 0 }).unwrap();
    scene.admin(agency::Command::Succeed(vec![succession(SuccessionKind::Merge, "den-tinh", "tren.tinh", "2025-07-01")])).unwrap();
    assert_eq!(forward(&mut scene, 1, &["den-bo"]), Err(Refusal::RecipientLocked(id("den-bo"))));
    let closed = Refusal::RecipientClosed { agency: id("den-tinh"), successors: vec![id("tren.tinh")] };
    assert_eq!(forward(&mut scene, 1, &["den-tinh"]), Err(closed));
}

#[test]
fn an_amendment_tells_a_superior_that_holds_a_copy_whom_else_to_forward_to() {
    let mut scene = country();
    set_mode(&mut scene, Mode::ViaSuperior);
    send(&mut scene, 1, "tren.xa", &["den-tinh"], Urgency::Ordinary).unwrap();
    forward(&mut scene, 1, &[]).unwrap();
    let document = document::Id([[0; 15].as_slice(), &[1]].concat().try_into().unwrap());
    let add = vec![Selector::Agency(id("den-bo")), Selector::Agency(id("den-tinh")), Selector::Agency(id("den-xa"))];
    let amend = document::Command::Amend { document, content: None, reports: vec![], add, remove: vec![], reason: "Thêm".into() };
    scene.as_system("tren.xa", NOW, None, amend).unwrap();
    let copy = |name: &str| delivery::find(&scene.rows, &document, &id(name)).unwrap();
    let waiting: Vec<_> = copy("tren").unwrap().onward.into_iter().map(|onward| (onward.agency.to_string(), onward.forwarded_at)).collect();
    assert_eq!(waiting, [("den-tinh".into(), Some(NOW)), ("den-bo".into(), None)]);
    assert_eq!(copy("den-xa").map(|copy| copy.role), Some(Role::Recipient));
    assert_eq!(copy("den-bo"), None);
    assert_eq!(forward(&mut scene, 1, &[]), Ok(vec![direct("den-bo")]));
}

#[test]
fn what_is_asked_back_or_replaced_is_not_forwarded_and_what_stays_is() {
    let mut scene = country();
    set_mode(&mut scene, Mode::ViaSuperior);
    for n in [1, 2] {
        send(&mut scene, n, "tren.xa", &["den-tinh"], Urgency::Ordinary).unwrap();
    }
    let document = |n: u8| document::Id([[0; 15].as_slice(), &[n]].concat().try_into().unwrap());
    let report = |scene: &mut Scene, status| {
        let note = "lý do".to_owned();
        let report = delivery::Report { status, at: NOW, note, refusal: None, staff: String::new(), register_number: String::new() };
        let command = delivery::Command::Report { document: document(1), agency: id("tren"), report };
        scene.as_system("tren", NOW, None, crate::command::Command::Delivery(command)).unwrap();
    };
    report(&mut scene, Status::Accepted);
    scene.as_system("tren.xa", NOW, None, document::Command::Recall { document: document(1), reason: "Nhầm".into() }).unwrap();
    assert_eq!(forward(&mut scene, 1, &[]), Err(Refusal::Frozen));
    report(&mut scene, Status::TakeBackDeclined);
    assert_eq!(forward(&mut scene, 1, &[]), Ok(vec![direct("den-tinh")]), "the superior keeps its copy and its task");

    let replacing = Letter::numbered(9, "tren.xa", "den-xa");
    let replacing = replacing.with(|asked| (asked.replaces, asked.replace_reason) = (vec![document(2)], "Ban hành lại".into()));
    scene.submit(replacing).unwrap();
    let refused = forward(&mut scene, 2, &[]);
    assert!(matches!(refused, Err(Refusal::DocumentState { state: "replaced", .. })), "{refused:?}");
}
