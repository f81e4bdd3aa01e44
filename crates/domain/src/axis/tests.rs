//! What goes out over an axis, and what comes in, against national-axis §1.4, §1.9 and §3.5.

use super::*;
use crate::agency::scene::{Scene, code, committee, faults, id, with_code};
use crate::agency::{Agency, CodeAssignment, Tier};
use crate::command::{Command as Any, Context, Decision};
use crate::delivery::{self, Report, Status};
use crate::document::scene::{FILE, Letter, NOW, system, with_systems};
use crate::document::{State, Urgency};
use crate::payload;
use crate::principal::{self, Caller, Role};
use crate::refusal::Refusal;

fn national() -> Connection {
    Connection::parse("national").unwrap()
}

fn route(prefix: &str, connection: Option<&str>) -> Route {
    Route { prefix: prefix.into(), connection: connection.map(|name| Connection::parse(name).unwrap()) }
}

/// A province with a commune here, and two ministries and another province over the axis.
fn scene() -> Scene {
    let agencies = [("tinh", Tier::Province, "H12"), ("tinh.xa", Tier::Commune, "H12.201")];
    let remote = [("bo", Tier::Central, "G22"), ("bo-khac", Tier::Central, "G09"), ("tinh-khac", Tier::Province, "H41")];
    let all = agencies.into_iter().chain(remote).map(|(name, tier, code)| with_code(committee(name, tier), code));
    let mut scene = with_systems(all.collect());
    scene
        .admin(Any::Axis(Command::SetRoutes(vec![route("G", Some("national")), route("H", Some("national")), route("H12", None)])))
        .unwrap();
    upload(&mut scene, &hub_for("bo"));
    scene
}

fn upload(scene: &mut Scene, caller: &Caller) {
    call(scene, caller, Any::Payload(payload::Command::Store { digest: FILE, size: 10 })).unwrap();
}

/// The hub, acting for an agency that is reached over the axis.
fn hub_for(agency: &str) -> Caller {
    Caller { principal: principal::Id::hub(), role: Role::AgencySystem { agencies: vec![id(agency)] } }
}

fn call(scene: &mut Scene, caller: &Caller, command: impl Into<Any>) -> Result<Decision, Refusal> {
    scene.call(&Context { caller, at: NOW, request: None }, &command.into())
}

impl From<Command> for Any {
    fn from(command: Command) -> Self {
        Self::Axis(command)
    }
}

fn send(scene: &mut Scene, n: u8, to: &[&str]) -> document::Id {
    let letter = Letter::numbered(n, "tinh", "bo").with(|letter| {
        letter.recipients = to.iter().map(|to| agency::Selector::Agency(id(to))).collect();
    });
    let document = letter.id;
    scene.submit(letter).unwrap();
    document
}

fn outbox(scene: &Scene) -> Vec<Item> {
    items(&scene.rows, &national(), None, 100).unwrap()
}

fn what(item: &Item) -> (Operation, Vec<&str>, &str) {
    match &item.what {
        What::Document { operation, receivers, reason, .. } => (*operation, receivers.iter().map(agency::Id::as_str).collect(), reason),
        What::Status { .. } => panic!("a status: {item:?}"),
    }
}

fn sent(scene: &mut Scene, item: &Item, receivers: &[&str]) {
    let receivers = receivers.iter().map(|name| id(name)).collect();
    let command = Command::Sent { connection: national(), item: item.id, receivers, axis_id: "4711".into() };
    call(scene, &hub_for("bo"), command).unwrap();
}

fn report(
    scene: &mut Scene,
    caller: &Caller,
    document: document::Id,
    agency: &str,
    status: Status,
    note: &str,
) -> Result<Decision, Refusal> {
    let report = Report {
        status,
        at: NOW,
        note: note.into(),
        refusal: None,
        staff: "Trần Thị Ví Dụ".into(),
        register_number: if status == Status::Accepted { "415".into() } else { String::new() },
    };
    call(scene, caller, Any::Delivery(delivery::Command::Report { document, agency: id(agency), report }))
}

#[test]
fn the_longest_prefix_of_a_code_decides_how_an_agency_is_reached() {
    let routes = [
        route("G", Some("national")),
        route("H12", None),
        route("H12.9", Some("lgsp")),
        route("H", Some("national")),
        route("0109", Some("lgsp")),
    ];
    for (text, expected) in [
        ("G22", Some("national")),
        ("G22.11.01", Some("national")),
        ("H12", None),
        ("H12.15", None),
        ("H12.9", Some("lgsp")),
        ("H12.9.1", Some("lgsp")),
        ("H12.91", None),
        ("H41", Some("national")),
        ("000.00.00.G22", Some("national")),
        ("000.00.15.H12", None),
        ("0109123456", None),
        ("Z01ABC", None),
    ] {
        let agency = with_code(committee("x", Tier::Province), text);
        let found = route_of(&routes, &agency, "2025-07-01".parse().unwrap());
        assert_eq!(found.map(Connection::as_str), expected, "{text}");
    }
    // The code of the day counts; where none is left, the last ones do.
    let until = |text: &str, until: &str| CodeAssignment {
        code: code(text),
        valid_from: None,
        valid_until: until.parse().ok(),
        provisional: false,
    };
    let moved = Agency { codes: vec![until("H12.9", "2025-06-30"), until("H41", "")], ..committee("x", Tier::Province) };
    let on = |day: &str| route_of(&routes, &moved, day.parse().unwrap()).map(Connection::as_str);
    assert_eq!((on("2025-06-30"), on("2025-07-01")), (Some("lgsp"), Some("national")));
    let ended = Agency { codes: vec![until("H12.9", "2025-06-30")], ..committee("x", Tier::Province) };
    assert_eq!(route_of(&routes, &ended, "2025-07-01".parse().unwrap()).map(Connection::as_str), Some("lgsp"));
}

#[test]
fn routes_are_an_admins_and_well_formed() {
    let mut scene = scene();
    let set = |routes| Any::Axis(Command::SetRoutes(routes));
    assert_eq!(scene.by(Role::Auditor, &set(vec![])), Err(Refusal::Denied));
    let bad = scene.admin(set(vec![route("h12", None), route("H12.", None), route("G", None), route("G", Some("x"))]));
    let rule = "is whole groups of a code, such as H12 or H12.15, or one letter";
    assert_eq!(
        faults(bad),
        [format!("routes[0].prefix {rule}"), format!("routes[1].prefix {rule}"), "routes[3].prefix is the prefix of another route".into()]
    );
    assert_eq!(scene.admin(set(routes(&scene.rows).unwrap())), Ok(vec![]), "they are set already");
}

#[test]
fn a_document_goes_out_in_one_packet_to_all_that_the_axis_reaches() {
    let mut scene = scene();
    send(&mut scene, 1, &["bo", "tinh.xa", "tinh-khac"]);
    let [item] = outbox(&scene).try_into().unwrap();
    assert_eq!(what(&item), (Operation::New, vec!["bo", "tinh-khac"], ""));
    assert_eq!((item.state, item.attempts), (ItemState::Due(NOW), 0));
    send(&mut scene, 2, &["tinh.xa"]);
    assert_eq!(outbox(&scene).len(), 1, "what stays here does not go out");
}

#[test]
fn more_receivers_than_a_packet_takes_go_in_several() {
    let many: Vec<_> = (0..=MAX_RECEIVERS).map(|i| id(&format!("a{i}"))).collect();
    let sizes: Vec<_> = rows::packets(many).iter().map(Vec::len).collect();
    assert_eq!(sizes, [MAX_RECEIVERS, 1]);
}

#[test]
fn a_recall_follows_a_packet_that_has_left_and_stops_one_that_has_not() {
    let mut scene = scene();
    let recall = |scene: &mut Scene, document| {
        let command = document::Command::Recall { document, reason: "Gửi nhầm".into() };
        call(scene, &system("tinh"), Any::Document(command)).unwrap();
    };
    let state = |scene: &Scene, document| document::find(&scene.rows, &document).unwrap().unwrap().state;
    let first = send(&mut scene, 1, &["bo"]);
    recall(&mut scene, first);
    assert_eq!(state(&scene, first), State::Recalled { reason: "Gửi nhầm".into() }, "nobody can have seen it");
    assert_eq!(outbox(&scene).len(), 1, "the packet finds nobody left to go to");
    let [item] = outbox(&scene).try_into().unwrap();
    call(&mut scene, &hub_for("bo"), Command::Cancel { connection: national(), item: item.id }).unwrap();

    upload(&mut scene, &system("tinh"));
    let second = send(&mut scene, 2, &["bo", "tinh-khac"]);
    let [item] = outbox(&scene).try_into().unwrap();
    sent(&mut scene, &item, &["bo", "tinh-khac"]);
    assert_eq!(outbox(&scene), []);
    recall(&mut scene, second);
    let [item] = outbox(&scene).try_into().unwrap();
    assert_eq!(what(&item), (Operation::Recall, vec!["bo", "tinh-khac"], "Gửi nhầm"));
    assert!(matches!(state(&scene, second), State::RecallPending { .. }));
    // 15 of one and 16 of the other come back over the axis, and are not reported over it again.
    report(&mut scene, &hub_for("bo"), second, "bo", Status::TakeBackAgreed, "").unwrap();
    report(&mut scene, &hub_for("tinh-khac"), second, "tinh-khac", Status::TakeBackDeclined, "Đã giải quyết").unwrap();
    assert!(matches!(state(&scene, second), State::RecallDeclined { .. }));
    assert_eq!(outbox(&scene).len(), 1);
}

#[test]
fn an_amendment_is_told_to_those_who_have_the_document_and_sent_to_those_who_have_not() {
    let mut scene = scene();
    let document = send(&mut scene, 1, &["bo"]);
    let [item] = outbox(&scene).try_into().unwrap();
    sent(&mut scene, &item, &["bo"]);
    let content = Letter::numbered(1, "tinh", "bo").with(|letter| letter.content.subject = "V/v báo cáo (sửa)".into()).content;
    let reports = document::scene::reports(&content);
    let add = vec![agency::Selector::Agency(id("bo-khac"))];
    let amend =
        document::Command::Amend { document, content: Some(content), reports, add, remove: vec![], reason: "Sửa trích yếu".into() };
    call(&mut scene, &system("tinh"), Any::Document(amend)).unwrap();
    let items = outbox(&scene);
    let mut all: Vec<_> = items.iter().map(what).collect();
    all.sort();
    assert_eq!(all, [(Operation::New, vec!["bo-khac"], ""), (Operation::Update, vec!["bo"], "Sửa trích yếu")]);
}

fn received(n: u8) -> Command {
    let letter = Letter::numbered(n, "bo", "tinh.xa");
    let origin = Origin {
        connection: national(),
        axis_id: format!("axis-{n}"),
        from: "000.00.00.G22".into(),
        document_id: format!("000.00.00.G22,2025/06/30,{n}/UBND-VX"),
        to: vec![(id("tinh.xa"), "H12.201".into())],
    };
    let Any::Document(submission) = Any::Document(letter.command()) else { unreachable!() };
    Command::Receive { origin, submission: Box::new(submission) }
}

#[test]
fn what_agencies_here_report_goes_back_to_the_sender_of_the_packet() {
    let mut scene = scene();
    call(&mut scene, &hub_for("bo"), received(1)).unwrap();
    let document = document::Id([1; 16]);
    assert_eq!(outbox(&scene), [], "it does not go back over the axis it came by");
    assert_eq!(named(&scene.rows, "000.00.00.G22", "000.00.00.G22,2025/06/30,1/UBND-VX"), Ok(Some(document)));
    let arrive = delivery::Command::Arrive { agency: id("tinh.xa"), documents: vec![document], how: delivery::HandOver::Download };
    call(&mut scene, &system("tinh.xa"), Any::Delivery(arrive)).unwrap();
    report(&mut scene, &system("tinh.xa"), document, "tinh.xa", Status::Accepted, "Văn thư đã tiếp nhận").unwrap();
    let said: Vec<_> = outbox(&scene)
        .into_iter()
        .map(|item| match item.what {
            What::Status { agency, about, code, note, staff, .. } => {
                assert_eq!((agency.as_str(), about.organ_id.as_str()), ("tinh.xa", "000.00.00.G22"));
                assert_eq!((about.code.as_str(), about.document_id.as_str()), ("1/UBND-VX", "000.00.00.G22,2025/06/30,1/UBND-VX"));
                (code, note, staff)
            }
            What::Document { .. } => panic!("a document"),
        })
        .collect();
    let expected = [(1, String::new(), String::new()), (3, "Văn thư đã tiếp nhận. Số đến 415".into(), "Trần Thị Ví Dụ".into())];
    assert_eq!(said, expected);
}

#[test]
fn a_packet_that_comes_twice_changes_nothing() {
    let mut scene = scene();
    call(&mut scene, &hub_for("bo"), received(1)).unwrap();
    let rows = scene.rows.clone();
    let Command::Receive { origin, .. } = received(1) else { unreachable!() };
    let Command::Receive { submission, .. } = received(2) else { unreachable!() };
    let again = call(&mut scene, &hub_for("bo"), Command::Receive { origin, submission });
    assert_eq!(again, Ok(Decision::Nothing { resource: format!("documents/{}", document::Id([1; 16])) }));
    assert!(scene.rows == rows);
}

#[test]
fn items_go_by_haste_then_by_age_and_those_that_failed_wait() {
    let mut scene = scene();
    let hasty = |n, urgency| {
        Letter::numbered(n, "tinh", "bo").with(|letter| {
            letter.content.urgency = urgency;
        })
    };
    for letter in [hasty(1, Urgency::Ordinary), hasty(2, Urgency::Express), hasty(3, Urgency::Ordinary), hasty(4, Urgency::Urgent)] {
        scene.submit(letter).unwrap();
    }
    let order = |scene: &Scene, now, limit| {
        let (ready, next) = due(&scene.rows, &national(), now, limit).unwrap();
        let documents: Vec<_> = ready
            .iter()
            .map(|item| match &item.what {
                What::Document { document, .. } => document.0[0],
                What::Status { .. } => panic!("a status"),
            })
            .collect();
        (documents, next)
    };
    assert_eq!(order(&scene, NOW, 10), (vec![2, 4, 1, 3], None));
    assert_eq!(order(&scene, NOW, 2), (vec![2, 4], None));
    let first = due(&scene.rows, &national(), NOW, 1).unwrap().0.remove(0);
    let later = Timestamp::from_seconds(NOW.seconds() + 30);
    let failed = |retry_at| Command::Failed { connection: national(), item: first.id, error: "HTTP 502".into(), retry_at };
    call(&mut scene, &hub_for("bo"), failed(Some(later))).unwrap();
    assert_eq!(order(&scene, NOW, 10), (vec![4, 1, 3], Some(later)));
    assert_eq!(order(&scene, later, 10), (vec![2, 4, 1, 3], None));
    call(&mut scene, &hub_for("bo"), failed(None)).unwrap();
    assert_eq!(order(&scene, later, 10), (vec![4, 1, 3], None));
    let dead = find_item(&scene.rows, &national(), first.id).unwrap().unwrap();
    assert_eq!((dead.state, dead.attempts, dead.error.as_str()), (ItemState::Dead(NOW), 2, "HTTP 502"));
    let requeue = Command::Requeue { connection: national(), item: first.id };
    assert_eq!(call(&mut scene, &system("tinh"), requeue.clone()), Err(Refusal::Denied));
    scene.admin(Any::Axis(requeue)).unwrap();
    assert_eq!(order(&scene, later, 10).0, [2, 4, 1, 3]);
    scene.admin(Any::Axis(Command::Cancel { connection: national(), item: first.id })).unwrap();
    assert_eq!(order(&scene, later, 10).0, [4, 1, 3]);
    let gone = scene.admin(Any::Axis(Command::Cancel { connection: national(), item: first.id }));
    assert_eq!(gone, Err(Refusal::NotFound { name: format!("axes/national/outbox/{}", first.id) }));
}

#[test]
fn a_packet_that_cannot_be_taken_in_is_set_aside_and_its_sender_told() {
    let mut scene = scene();
    let packet = Quarantined {
        connection: national(),
        axis_id: "a-1".into(),
        message_type: "edoc".into(),
        raw: Digest([7; 32]),
        size: 10,
        reason: "Không có đơn vị nhận H12.999".into(),
        from: "G22".into(),
        at: NOW,
    };
    let about = Reference { organ_id: "G22".into(), code: "1/BC".into(), date: None, document_id: "x".into() };
    let refused = Some((id("tinh"), about.clone()));
    let command = Command::Quarantine { packet: packet.clone(), refused };
    assert_eq!(call(&mut scene, &system("tinh"), command.clone()), Err(Refusal::Denied), "only a connection may");
    call(&mut scene, &hub_for("bo"), command.clone()).unwrap();
    assert_eq!(call(&mut scene, &hub_for("bo"), command), Ok(Decision::Nothing { resource: "axes/national/quarantine/a-1".into() }));
    assert_eq!(quarantine(&scene.rows, &national(), None, 10), Ok(vec![packet]));
    let [item] = outbox(&scene).try_into().unwrap();
    let What::Status { agency, about: said, code, note, .. } = &item.what else { panic!("{item:?}") };
    assert_eq!((agency.as_str(), said, *code, note.as_str()), ("tinh", &about, 2, "Không có đơn vị nhận H12.999"));
    scene.admin(Any::Axis(Command::Discard { connection: national(), axis_id: "a-1".into() })).unwrap();
    assert_eq!(quarantine(&scene.rows, &national(), None, 10), Ok(vec![]));
}

#[test]
fn an_outbox_is_counted_and_knows_since_when_its_oldest_item_waits() {
    let mut scene = scene();
    assert_eq!(outbox_of(&scene, "national"), Outbox::default());
    let submit_at = |scene: &mut Scene, n, urgency, at| {
        let letter = Letter::numbered(n, "tinh", "bo").with(|letter| letter.content.urgency = urgency);
        scene.as_system("tinh", at, None, letter.command()).unwrap();
    };
    let later = Timestamp::from_seconds(NOW.seconds() + 60);
    submit_at(&mut scene, 1, Urgency::Ordinary, NOW);
    upload(&mut scene, &system("tinh"));
    // The hastier one goes first, and has not waited longest.
    submit_at(&mut scene, 2, Urgency::Express, later);
    let [first, second] = outbox(&scene).try_into().unwrap();
    assert_eq!(outbox_of(&scene, "national"), Outbox { waiting: 2, dead: 0, oldest: Some(NOW) });
    let failed = |item: ItemId| Command::Failed { connection: national(), item, error: "HTTP 502".into(), retry_at: None };
    call(&mut scene, &hub_for("bo"), failed(first.id)).unwrap();
    assert_eq!(outbox_of(&scene, "national"), Outbox { waiting: 1, dead: 1, oldest: Some(later) });
    call(&mut scene, &hub_for("bo"), failed(second.id)).unwrap();
    assert_eq!(outbox_of(&scene, "national"), Outbox { waiting: 0, dead: 2, oldest: None });
    // Another connection whose name begins alike has nothing of it.
    assert_eq!((outbox_of(&scene, "nation"), outbox_of(&scene, "national2")), Default::default());
    assert_eq!(connections(&scene.rows).unwrap(), [national()].into());
}

fn outbox_of(scene: &Scene, connection: &str) -> Outbox {
    super::outbox(&scene.rows, &Connection::parse(connection).unwrap()).unwrap()
}

#[test]
fn routes_that_somebody_else_changed_meanwhile_are_not_replaced() {
    let mut scene = scene();
    let seen = routes_changed(&scene.rows).unwrap();
    assert_ne!(seen, 0);
    let replace = |seen, connection| Any::Axis(Command::ReplaceRoutes { seen, routes: vec![route("G", Some(connection))] });
    scene.admin(replace(seen, "lgsp")).unwrap();
    let current = routes_changed(&scene.rows).unwrap();
    assert_eq!(scene.admin(replace(seen, "national")), Err(Refusal::Changed { seen, current }));
    assert_eq!(routes(&scene.rows), Ok(vec![route("G", Some("lgsp"))]));
    scene.admin(replace(current, "national")).unwrap();
    assert_eq!(scene.by(Role::Auditor, &replace(current, "national")), Err(Refusal::Denied));
}

#[test]
fn an_item_has_one_name() {
    let id = ItemId { seq: 128, index: 3 };
    assert_eq!((id.to_string().as_str(), "128-3".parse()), ("128-3", Ok(id)));
    for wrong in ["", "128", "128-", "-3", "+128-3", "0128-3", "128-3-1", "128-99999999999"] {
        assert_eq!(wrong.parse::<ItemId>(), Err(NotAnItem), "{wrong}");
    }
}

impl From<payload::Command> for Any {
    fn from(command: payload::Command) -> Self {
        Self::Payload(command)
    }
}

#[test]
fn the_bytes_of_a_packet_go_with_it_unless_somebody_else_has_them() {
    let mut scene = scene();
    let set_aside = |scene: &mut Scene, axis_id: &str, raw| {
        let packet = Quarantined {
            connection: national(),
            axis_id: axis_id.into(),
            message_type: "edoc".into(),
            raw,
            size: 10,
            reason: "Gói tin không đúng quy chuẩn".into(),
            from: String::new(),
            at: NOW,
        };
        call(scene, &hub_for("bo"), Command::Quarantine { packet, refused: None })
    };
    let store = |scene: &mut Scene, caller: &Caller, digest| {
        call(scene, caller, payload::Command::Store { digest, size: 10 }).unwrap();
    };
    let discard = |scene: &mut Scene, axis_id: &str| {
        scene.admin(Any::Axis(Command::Discard { connection: national(), axis_id: axis_id.into() })).unwrap();
    };
    let is_kept = |scene: &Scene, digest| payload::find(&scene.rows, &digest).unwrap().is_some();
    let (twice, shared) = (Digest([0x21; 32]), Digest([0x22; 32]));
    assert_eq!(set_aside(&mut scene, "a-1", twice), Err(Refusal::PayloadUnknown(twice)), "bytes first");

    store(&mut scene, &hub_for("bo"), twice);
    set_aside(&mut scene, "a-1", twice).unwrap();
    set_aside(&mut scene, "a-2", twice).unwrap();
    discard(&mut scene, "a-1");
    assert!(is_kept(&scene, twice), "a-2 has them still");
    discard(&mut scene, "a-2");
    assert!(!is_kept(&scene, twice));

    store(&mut scene, &hub_for("bo"), shared);
    store(&mut scene, &system("tinh"), shared);
    set_aside(&mut scene, "a-3", shared).unwrap();
    discard(&mut scene, "a-3");
    assert!(is_kept(&scene, shared), "an agency uploaded the same bytes");
}
