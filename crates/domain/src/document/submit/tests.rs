//! What a submission may state (national-axis §1.3 and §5: QCVN 102:2016/BTTTT, NĐ 30/2020/NĐ-CP, Appendix VI).

use super::*;
use crate::agency::scene::{Scene, committee, date, faults, fields, id};
use crate::agency::{Group, Tier};
use crate::digest::Digest;
use crate::document::Signer;
use crate::document::scene::{Letter, NOW, attachment, province, reports};
use crate::document::{Command, Kind, KindId};
use crate::time::Timestamp;

fn letter() -> Letter {
    Letter::numbered(1, "tinh", "tinh.xa")
}

fn after(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp::from_seconds(NOW.seconds() + seconds))
}

/// `count` characters in one of the two forms: ệ is one character composed (3 bytes) and three decomposed (5 bytes).
fn composed(count: usize) -> String {
    "\u{1ec7}".repeat(count)
}

fn decomposed(count: usize) -> String {
    "e\u{323}\u{302}".chars().cycle().take(count).collect()
}

type Change = fn(&mut Letter);

/// Every rule that one field can break, and a change that breaks it alone.
const BROKEN: [(&str, Change); 45] = [
    ("document.number", |a| a.content.number = String::new()),
    ("document.number", |a| a.content.number = "\u{a0}".into()),
    ("document.number", |a| a.content.number = "1/2".into()),
    ("document.number", |a| a.content.number = "1 2".into()),
    ("document.number", |a| a.content.number = "1\u{0}".into()),
    ("document.notation", |a| a.content.notation = String::new()),
    ("document.notation", |a| a.content.notation = "UBND VX".into()),
    ("document.notation", |a| a.content.notation = "UBND\nVX".into()),
    ("document.notation", |a| a.content.notation = "/UBND".into()),
    ("document.kind", |a| a.content.kind = KindId::parse("to-roi").unwrap()),
    ("document.subject", |a| a.content.subject = String::new()),
    ("document.subject", |a| a.content.subject = " \n\u{3000}".into()),
    ("document.subject", |a| a.content.subject = "V/v\u{7}".into()),
    ("document.signer.competence", |a| a.content.signer.competence = "\t".into()),
    ("document.signer.position", |a| a.content.signer.position = String::new()),
    ("document.signer.position", |a| a.content.signer.position = " ".into()),
    ("document.signer.full_name", |a| a.content.signer.full_name = String::new()),
    ("document.signer.full_name", |a| a.content.signer.full_name = "\u{85}".into()),
    ("document.place", |a| a.content.place = "\u{1b}[2J".into()),
    ("document.printed_recipients", |a| a.content.printed_recipients = vec![composed(500), composed(501)]),
    ("document.printed_recipients[1]", |a| a.content.printed_recipients = vec!["Như trên".into(), " ".into()]),
    ("document.issue_date", |a| a.content.date = date("2025-07-02")),
    ("document.due_date", |a| a.content.due_date = Some(date("2025-06-29"))),
    ("document.page_count", |a| a.content.page_count = Some(0)),
    ("document.page_count", |a| a.content.page_count = Some(1_000)),
    ("document.deliver_by_time", |a| a.content.urgency = Urgency::ExpressAtTime),
    ("document.deliver_by_time", |a| (a.content.urgency, a.content.deliver_by) = (Urgency::ExpressAtTime, after(0))),
    ("document.deliver_by_time", |a| (a.content.urgency, a.content.deliver_by) = (Urgency::Express, after(60))),
    ("document.deliver_by_time", |a| a.content.deliver_by = after(60)),
    ("document.in_reply_to", |a| a.content.in_reply_to = Some(Id([99; 16]))),
    ("document.attachments", |a| a.content.attachments = vec![]),
    ("document.attachments", |a| a.content.attachments = files(51)),
    ("document.attachments", |a| a.content.attachments[0].role = AttachmentRole::Appendix),
    ("document.attachments", |a| a.content.attachments.push(attachment("b.pdf", AttachmentRole::Main))),
    ("document.attachments[0].role", |a| {
        a.content.attachments = vec![attachment("a.p7s", AttachmentRole::DetachedSignature), attachment("a.pdf", AttachmentRole::Main)];
    }),
    ("document.attachments[0].file_name", |a| a.content.attachments[0].file_name = String::new()),
    ("document.attachments[0].file_name", |a| a.content.attachments[0].file_name = "..".into()),
    ("document.attachments[0].file_name", |a| a.content.attachments[0].file_name = "../a.pdf".into()),
    ("document.attachments[0].file_name", |a| a.content.attachments[0].file_name = "C:\\a.pdf".into()),
    ("document.attachments[0].file_name", |a| a.content.attachments[0].file_name = "a\n.pdf".into()),
    ("document.attachments[1].file_name", |a| a.content.attachments.push(attachment("A.PDF", AttachmentRole::Appendix))),
    ("recipients", |a| a.recipients = vec![]),
    ("recipients", |a| a.recipients = vec![Selector::Agency(id("tinh.xa")); 1_001]),
    ("replace_reason", |a| a.replaces = vec![Id([9; 16])]),
    ("replaces[1]", |a| (a.replaces, a.replace_reason) = (vec![Id([9; 16]), Id([9; 16])], "Ban hành lại".into())),
];

/// One main file and appendices, `count` in all.
fn files(count: usize) -> Vec<Attachment> {
    let role = |i| if i == 0 { AttachmentRole::Main } else { AttachmentRole::Appendix };
    (0..count).map(|i| attachment(&format!("{i}.pdf"), role(i))).collect()
}

fn kind(name: &str) -> Kind {
    let id = KindId::parse(name).unwrap();
    Kind { id, name: "Thể loại".into(), abbreviation: String::new(), legal_normative: false, qcvn_type: 2, qcvn_detail: None }
}

fn scene() -> Scene {
    let mut scene = province();
    scene.admin(command(Command::SetKinds(vec![kind("cong-van"), kind("quyet-dinh")]))).unwrap();
    scene
}

fn command(command: Command) -> crate::command::Command {
    command.into()
}

#[test]
fn a_rule_that_is_broken_alone_names_its_field_and_no_other() {
    let mut scene = scene();
    for (i, (field, change)) in BROKEN.into_iter().enumerate() {
        assert_eq!(fields(scene.submit(letter().with(change))), [field], "change {i}");
    }
    scene.submit(letter()).unwrap();
}

#[test]
fn all_rules_that_are_broken_together_are_told_at_once() {
    let every = |a: &mut Letter| {
        let content = &mut a.content;
        content.number = "1/2".into();
        content.notation = composed(31);
        content.kind = KindId::parse("to-roi").unwrap();
        content.subject = composed(501);
        content.signer = Signer { competence: composed(101), position: String::new(), full_name: composed(51) };
        content.place = composed(51);
        content.date = date("2025-07-02");
        content.urgency = Urgency::ExpressAtTime;
        content.due_date = Some(date("2025-07-01"));
        content.page_count = Some(1_000);
        content.printed_recipients = vec![composed(1_000), String::new(), "x".into()];
        content.in_reply_to = Some(Id([99; 16]));
        content.attachments = vec![attachment("a/b", AttachmentRole::DetachedSignature), attachment("a/b", AttachmentRole::Appendix)];
        a.recipients = vec![];
        (a.replaces, a.replace_reason) = (vec![Id([9; 16]); 3], composed(501));
    };
    let expected = [
        "document.number",
        "document.notation",
        "document.subject",
        "document.signer.competence",
        "document.signer.position",
        "document.signer.full_name",
        "document.place",
        "document.printed_recipients",
        "document.printed_recipients[1]",
        "document.issue_date",
        "document.due_date",
        "document.page_count",
        "document.deliver_by_time",
        "document.kind",
        "document.in_reply_to",
        "document.attachments",
        "document.attachments[0].file_name",
        "document.attachments[0].role",
        "document.attachments[1].file_name",
        "recipients",
        "replace_reason",
        "replaces[1]",
        "replaces[2]",
    ];
    let told: BTreeSet<String> = fields(scene().submit(letter().with(every))).into_iter().collect();
    assert_eq!(told, expected.map(String::from).into());
}

type Set = fn(&mut Letter, String);

#[test]
fn lengths_are_counted_in_characters_and_the_limit_itself_is_allowed() {
    let texts: [(&str, usize, Set); 10] = [
        ("document.number", 11, |a, text| a.content.number = text),
        ("document.notation", 30, |a, text| a.content.notation = text),
        ("document.subject", 500, |a, text| a.content.subject = text),
        ("document.signer.competence", 100, |a, text| a.content.signer.competence = text),
        ("document.signer.position", 100, |a, text| a.content.signer.position = text),
        ("document.signer.full_name", 50, |a, text| a.content.signer.full_name = text),
        ("document.place", 50, |a, text| a.content.place = text),
        ("document.printed_recipients", 1_000, |a, text| a.content.printed_recipients = vec![text, String::from("x")]),
        ("document.attachments[0].file_name", 200, |a, text| a.content.attachments[0].file_name = text),
        ("replace_reason", 500, |a, text| (a.replaces, a.replace_reason) = (vec![Id([9; 16])], text)),
    ];
    let mut n = 20;
    for (field, max, set) in texts {
        // The second printed line takes a character of the limit.
        let max = if field == "document.printed_recipients" { max - 1 } else { max };
        for form in [composed as fn(usize) -> String, decomposed] {
            let mut scene = scene();
            scene.submit(Letter::numbered(9, "tinh", "tinh.xa")).unwrap();
            n += 1;
            let asked = Letter::numbered(n, "tinh", "tinh.xa");
            assert_eq!(fields(scene.submit(asked.clone().with(|a| set(a, form(max + 1))))), [field]);
            let within = asked.with(|a| set(a, form(max)));
            scene.submit(within.clone()).unwrap_or_else(|refusal| panic!("{field}: {refusal}"));
            let kept = scene.document(&within.id).content;
            let sized =
                Content { attachments: kept.attachments.iter().map(|file| Attachment { size: 0, ..file.clone() }).collect(), ..kept };
            assert_eq!(sized, within.content, "{field}: the text is kept as it was sent");
        }
    }
}

#[test]
fn what_is_just_within_the_rules_is_taken() {
    let within: [Change; 13] = [
        |a| a.content.number = "01a".into(),
        |a| a.content.notation = "2024/QĐ-UBND".into(),
        |a| a.content.subject = "V/v\nhai dòng".into(),
        |a| a.content.signer.competence = String::new(),
        |a| a.content.place = String::new(),
        |a| a.content.printed_recipients = vec![],
        |a| a.content.date = date("2025-07-01"),
        |a| a.content.due_date = Some(date("2025-06-30")),
        |a| a.content.page_count = Some(1),
        |a| a.content.page_count = Some(999),
        |a| (a.content.urgency, a.content.deliver_by) = (Urgency::ExpressAtTime, Some(Timestamp::from_micros(NOW.micros() + 1))),
        |a| a.content.attachments = files(50),
        |a| a.recipients = vec![Selector::Agency(id("tinh.xa")); 1_000],
    ];
    for (i, change) in within.into_iter().enumerate() {
        assert!(scene().submit(letter().with(change)).is_ok(), "change {i}");
    }
    for urgency in [Urgency::Ordinary, Urgency::Urgent, Urgency::VeryUrgent, Urgency::Express] {
        let copies = scene().submit(letter().with(|a| a.content.urgency = urgency)).unwrap();
        assert_eq!(copies[0].urgency, urgency);
    }
    let unknown = |a: &mut Letter| a.content.kind = KindId::parse("to-roi").unwrap();
    assert!(province().submit(letter().with(unknown)).is_ok(), "a hub without a list of kinds takes all");
}

#[test]
fn the_day_of_issue_is_compared_with_the_day_in_vietnam() {
    // 2025-12-31T17:00:00Z is the first moment of 2026 in Vietnam (date -ud @1767200400).
    let new_year = Timestamp::from_seconds(1_767_200_400);
    let of_2026 = |a: &mut Letter| a.content.date = date("2026-01-01");
    let before = Timestamp::from_micros(new_year.micros() - 1);
    assert_eq!(faults(scene().submit_at(before, letter().with(of_2026))), ["document.issue_date must not be in the future"]);
    assert!(scene().submit_at(new_year, letter().with(of_2026)).is_ok());
}

#[test]
fn a_detached_signature_stands_behind_the_file_it_signs() {
    let behind = |a: &mut Letter| {
        a.content.attachments = vec![attachment("a.pdf", AttachmentRole::Main), attachment("a.p7s", AttachmentRole::DetachedSignature)];
    };
    assert!(scene().submit(letter().with(behind)).is_ok());
}

#[test]
fn state_secrets_are_refused_by_their_field_or_by_a_plain_mark() {
    let mut scene = scene();
    let marked: [(&str, &str, Change); 5] = [
        ("document.secrecy", "Mật", |a| a.content.secrecy = " Mật ".into()),
        ("document.secrecy", "x", |a| (a.content.secrecy, a.content.subject) = ("x".into(), "[MẬT] V/v".into())),
        ("document.notation", "Tối mật", |a| a.content.notation = "TỐI-MẬT/UBND".into()),
        ("document.subject", "Tuyệt mật", |a| a.content.subject = "TUYỆT MẬT - Kế hoạch".into()),
        ("document.attachments[1].file_name", "Mật", |a| {
            a.content.attachments.push(attachment("Phụ lục (mật).pdf", AttachmentRole::Appendix));
        }),
    ];
    for (field, marking, change) in marked {
        let refused = scene.submit(letter().with(change));
        assert_eq!(refused, Err(Refusal::Secret { field: field.into(), marking: marking.into() }));
    }
    let ordinary = |a: &mut Letter| {
        a.content.secrecy = " ".into();
        a.content.subject = "Kế hoạch bảo vệ bí mật nhà nước năm 2025".into();
        a.content.attachments.push(attachment("Mật độ dân số.pdf", AttachmentRole::Appendix));
    };
    scene.submit(letter().with(ordinary)).unwrap();
    let amended = Content { subject: "(Tối mật) Kế hoạch".into(), ..letter().content };
    let refused = scene.as_system("tinh", NOW, None, amend(letter().id, Some(amended), vec![], &[]));
    assert_eq!(refused, Err(Refusal::Secret { field: "document.subject".into(), marking: "Tối mật".into() }));
}

#[test]
fn an_amendment_leaves_alone_what_it_does_not_change() {
    let mut scene = scene();
    let in_time = |a: &mut Letter| (a.content.urgency, a.content.deliver_by) = (Urgency::ExpressAtTime, after(60));
    let issued = letter().with(in_time);
    scene.submit(issued.clone()).unwrap();
    scene.admin(command(Command::SetKinds(vec![kind("quyet-dinh")]))).unwrap();
    // The hour is over and the kind is off the list: neither is what the amendment is about.
    let later = after(120).unwrap();
    let mended = Content { subject: "V/v đính chính".into(), ..issued.content.clone() };
    scene.as_system("tinh", later, None, amend(issued.id, Some(mended.clone()), vec![], &[])).unwrap();
    assert_eq!((scene.document(&issued.id).content.subject, scene.document(&issued.id).version), (mended.subject.clone(), 2));
    // What it does change is judged as ever.
    let worse = Content { deliver_by: after(119), kind: KindId::parse("to-roi").unwrap(), ..mended };
    let refused = faults(scene.as_system("tinh", later, None, amend(issued.id, Some(worse), vec![], &[])));
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].starts_with("document.deliver_by_time ") && refused[1].starts_with("document.kind "), "{refused:?}");
}

fn amend(document: Id, content: Option<Content>, add: Vec<Selector>, remove: &[&str]) -> Command {
    let reports = content.as_ref().map(reports).unwrap_or_default();
    let remove = remove.iter().map(|name| id(name)).collect();
    Command::Amend { document, content, reports, add, remove, reason: "Sửa".into() }
}

#[test]
fn only_the_system_of_an_active_issuer_may_submit() {
    let mut scene = scene();
    let command = letter().command();
    assert_eq!(scene.as_system("tinh.xa", NOW, None, command.clone()), Err(Refusal::Denied));
    let unknown = letter().with(|a| a.content.issuer = id("gone")).command();
    assert_eq!(scene.as_system("gone", NOW, None, unknown), Err(Refusal::Denied));
    for role in [Role::Admin, Role::Auditor, Role::Supervisor { subtrees: vec![id("tinh")] }] {
        assert_eq!(scene.by(role, &command.clone().into()), Err(Refusal::Denied));
    }
    let locked = Agency { state: agency::State::Locked, ..scene.named("tinh") };
    scene.admin(agency::Command::Update { agency: locked, etag: 0 }).unwrap();
    assert_eq!(scene.submit(letter()), Err(Refusal::IssuerInactive { agency: id("tinh"), state: "locked" }));
    let closed = Agency { state: agency::State::Closed, valid_until: Some(date("2025-06-30")), ..scene.named("tinh") };
    scene.admin(agency::Command::Update { agency: closed, etag: 0 }).unwrap();
    assert_eq!(scene.submit(letter()), Err(Refusal::IssuerInactive { agency: id("tinh"), state: "closed" }));
    let last_moment = Timestamp::from_micros(NOW.micros() - 1);
    assert!(scene.submit_at(last_moment, letter()).is_ok(), "it acts to the end of its last day in Vietnam");
}

#[test]
fn a_reply_answers_a_document_that_the_issuer_sent_or_received() {
    let mut scene = scene();
    scene.submit(Letter::numbered(1, "tinh", "tinh.xa")).unwrap();
    let reply = |n, from, to| Letter::numbered(n, from, to).with(|a| a.content.in_reply_to = Some(Id([1; 16])));
    assert!(scene.submit(reply(2, "tinh.xa", "tinh")).is_ok(), "the recipient answers");
    assert!(scene.submit(reply(3, "tinh", "tinh.xa")).is_ok(), "the issuer goes back to its own");
    let stranger = fields(scene.submit(reply(4, "tinh.huyen", "tinh")));
    assert_eq!(stranger, ["document.in_reply_to"], "whether it exists is not told");
}

#[test]
fn a_replacement_names_documents_of_the_issuer_that_are_in_force_each_once() {
    let mut scene = scene();
    for n in [1, 2] {
        scene.submit(Letter::numbered(n, "tinh", "tinh.xa")).unwrap();
    }
    scene.submit(Letter::numbered(3, "tinh.xa", "tinh")).unwrap();
    let replacing = |ids: &[u8]| {
        let ids = ids.iter().map(|n| Id([*n; 16])).collect();
        Letter::numbered(9, "tinh", "tinh.xa").with(|a| (a.replaces, a.replace_reason) = (ids, "Ban hành lại".into()))
    };
    let twice = faults(scene.submit(replacing(&[1, 2, 1, 2, 2])));
    assert_eq!(twice, ["replaces[2] is named twice", "replaces[3] is named twice", "replaces[4] is named twice"]);
    assert_eq!(scene.submit(replacing(&[1, 3])), Err(Refusal::Denied), "of another issuer");
    assert_eq!(scene.submit(replacing(&[1, 77])), Err(Refusal::Denied), "of nobody");
    assert_eq!(scene.document(&Id([1; 16])).state, State::Issued, "a refusal leaves nothing behind");

    scene.submit(replacing(&[1, 2])).unwrap();
    for n in [1, 2] {
        assert_eq!(scene.document(&Id([n; 16])).state, State::Replaced { by: Id([9; 16]) });
    }
    let again = scene.submit(replacing(&[2]).with(|a| (a.id, a.content.number) = (Id([10; 16]), "10".into())));
    assert!(matches!(again, Err(Refusal::DocumentState { state: "replaced", .. })), "{again:?}");
}

#[test]
fn a_removed_recipient_and_one_to_forward_to_are_named_once() {
    let mut scene = scene();
    scene.submit(letter()).unwrap();
    let removed = scene.as_system("tinh", NOW, None, amend(letter().id, None, vec![], &["tinh.xa", "tinh.xa"]));
    assert_eq!(faults(removed), ["remove_recipients[1] is named twice"]);
    let forward = delivery::Command::Forward {
        document: letter().id,
        agency: id("tinh.xa"),
        to: vec![id("tinh"), id("tinh.huyen"), id("tinh")],
        note: decomposed(501),
    };
    let forwarded = scene.as_system("tinh.xa", NOW, None, crate::command::Command::Delivery(forward));
    assert_eq!(faults(forwarded), ["note has 501 characters, at most 500 are allowed", "to[2] is named twice"]);
}

#[test]
fn a_payload_must_be_uploaded_by_the_caller_or_come_with_a_document_it_holds() {
    let mut scene = scene();
    let own = Digest([8; 32]);
    let with_own = |asked: Letter| asked.with(|a| a.content.attachments[0].payload = own);
    assert_eq!(scene.submit(with_own(letter())), Err(Refusal::PayloadUnknown(own)));
    let store = crate::command::Command::Payload(payload::Command::Store { digest: own, size: 1_234 });
    scene.as_system("tinh.xa", NOW, None, store).unwrap();
    assert_eq!(scene.submit(with_own(letter())), Err(Refusal::PayloadUnknown(own)), "another's upload");
    scene.submit(with_own(Letter::numbered(2, "tinh.xa", "tinh"))).unwrap();
    scene.submit(with_own(letter())).unwrap();
    assert_eq!(scene.document(&letter().id).content.attachments[0].size, 1_234);
}

#[test]
fn a_document_that_does_not_fit_a_row_is_refused_and_a_group_mends_it() {
    let mut scene = scene();
    // 1,000 names of 63 bytes are 65,000 bytes with their lengths, more than a row's 65,536 with the rest of the document.
    let names: Vec<String> = (0..1_000).map(|i| format!("tinh.{i:0>58}")).collect();
    let agencies = names.iter().map(|name| committee(name, Tier::Commune)).collect();
    let members: Vec<Selector> = names.iter().map(|name| Selector::Agency(id(name))).collect();
    let groups = vec![Group { id: id("xa"), name: "Các xã".into(), members: members.clone() }];
    scene.admin(agency::Command::Import { agencies, successions: vec![], groups }).unwrap();
    let refused = scene.submit(letter().with(|a| a.recipients = members));
    assert!(matches!(refused, Err(Refusal::TooLarge(_))), "{:?}", refused.map(|copies| copies.len()));
    let copies = scene.submit(letter().with(|a| a.recipients = vec![Selector::Group(id("xa"))]));
    assert_eq!(copies.map(|copies| copies.len()), Ok(1_000));
}
