use domain::agency::{self, Agency, Code, CodeAssignment, Group, Selector, Succession, SuccessionKind, Tier};
use domain::axis::{self, ItemId};
use domain::delivery::{self, Asked, Delivery, HandOver, Onward, Question, RefusalReason, Rerouted, Status};
use domain::digest::Digest;
use domain::document::{self, Attachment, AttachmentRole, Content, Document, KindId, Signer, Urgency};
use domain::principal::{self, Credential, Principal, Role};
use domain::signature::{self, Action, Coverage, Requirement, SignatureReport, SignerKind, Verdict};
use domain::signer::{self, AuthorisedSigner, KnownBy};
use domain::time::{Date, Timestamp};
use domain::trust::{self, TrustObject};
use domain::{payload, route};
use proptest::prelude::*;

use super::*;

fn entry(events: Vec<Event>) -> Entry {
    Entry {
        at: Timestamp::from_micros(1_751_328_000_123_456),
        principal: principal::Id::parse("camau.qlvb").unwrap(),
        request: Some(Request { id: "yêu cầu 1".into(), digest: Digest([9; 32]) }),
        resource: "documents/0197c000-0000-7000-8000-000000000001".into(),
        events,
    }
}

fn check(event: Event) {
    let entry = entry(vec![event]);
    assert_eq!(decode(&encode(&entry)), Ok(entry));
}

fn agency_id(text: &str) -> agency::Id {
    agency::Id::parse(text).unwrap()
}

fn date(year: u16, month: u8, day: u8) -> Date {
    Date::new(year, month, day).unwrap()
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

#[test]
fn principals_keep_every_role_credential_and_state() {
    let roles = [
        Role::AgencySystem { agencies: vec![agency_id("camau"), agency_id("camau.dam-doi")] },
        Role::Supervisor { subtrees: vec![agency_id("camau")] },
        Role::Auditor,
        Role::Admin,
    ];
    let states = [principal::State::Active, principal::State::Revoked { at: time(-5), reason: "lộ khóa".into() }];
    for role in roles {
        for state in &states {
            check(Event::Principal(principal::Event::Set(Principal {
                id: principal::Id::parse("p1").unwrap(),
                display_name: "Hệ thống QLVB".into(),
                role: role.clone(),
                credentials: vec![Credential::Uri("urn:x".into()), Credential::Fingerprint(Digest([3; 32]))],
                state: state.clone(),
                changed_seq: 17,
            })));
        }
    }
}

fn selectors() -> Vec<Selector> {
    vec![
        Selector::Agency(agency_id("a")),
        Selector::Code(Code::parse("H12.15").unwrap()),
        Selector::Group(agency_id("g")),
        Selector::Subtree { root: agency_id("r"), tier: None, kind: None },
        Selector::Subtree { root: agency_id("r"), tier: Some(Tier::Commune), kind: Some(agency::Kind::PartyBody) },
    ]
}

#[test]
fn agencies_keep_every_tier_kind_and_state() {
    use agency::Kind::*;
    let kinds = [
        PeoplesCommittee,
        PeoplesCouncil,
        Department,
        DistrictOffice,
        PartyBody,
        Ministry,
        MinistryUnit,
        PublicServiceUnit,
        Enterprise,
        MassOrganisation,
        Other,
    ];
    let tiers = [Tier::Central, Tier::Province, Tier::District, Tier::Commune];
    let states = [agency::State::Active, agency::State::Locked, agency::State::Closed];
    for (i, kind) in kinds.into_iter().enumerate() {
        check(Event::Agency(agency::Event::Set(Agency {
            id: agency_id("camau.dam-doi"),
            tier: tiers[i % 4],
            kind,
            parent: (i != 1).then(|| agency_id("camau")),
            name: "Ủy ban nhân dân xã Đầm Dơi".into(),
            short_name: "UBND xã".into(),
            codes: vec![
                CodeAssignment {
                    code: Code::parse("000.00.15.H12").unwrap(),
                    valid_from: None,
                    valid_until: Some(date(2025, 6, 30)),
                    provisional: false,
                },
                CodeAssignment {
                    code: Code::parse("Z01ABC").unwrap(),
                    valid_from: Some(date(2025, 7, 1)),
                    valid_until: None,
                    provisional: true,
                },
            ],
            state: states[i % 3],
            valid_from: Some(date(1, 1, 1)),
            valid_until: Some(date(9999, 12, 31)),
            changed_seq: u64::MAX,
        })));
    }
}

#[test]
fn successions_and_groups_are_kept() {
    for kind in [SuccessionKind::Merge, SuccessionKind::Split, SuccessionKind::Transfer, SuccessionKind::Rename] {
        check(Event::Agency(agency::Event::Succeeded(Succession {
            kind,
            from: agency_id("cu"),
            to: agency_id("moi"),
            effective: date(2025, 7, 1),
            scope: "đất đai".into(),
        })));
    }
    check(Event::Agency(agency::Event::GroupSet(Group { id: agency_id("so-nganh"), name: "Sở, ngành".into(), members: selectors() })));
}

#[test]
fn what_happens_on_an_axis_is_kept() {
    let connection = axis::Connection::parse("national").unwrap();
    let item = ItemId { seq: 7, index: 2 };
    let origin = axis::Origin {
        connection: connection.clone(),
        axis_id: "4711".into(),
        from: "G22".into(),
        document_id: "G22,2025/09/15,1/BC".into(),
        to: vec![(agency_id("camau"), "H12".into()), (agency_id("camau.x"), "000.00.15.H12".into())],
    };
    let packet = axis::Quarantined {
        connection: connection.clone(),
        axis_id: "4712".into(),
        message_type: "edoc".into(),
        raw: Digest([8; 32]),
        size: 99,
        reason: "hỏng".into(),
        from: String::new(),
        at: time(5),
    };
    let about = |date| axis::Reference { organ_id: "G22".into(), code: "1/BC".into(), date, document_id: "x".into() };
    let routes = vec![
        axis::Route { prefix: "H12".into(), connection: None },
        axis::Route { prefix: "G".into(), connection: Some(connection.clone()) },
    ];
    for event in [
        axis::Event::RoutesSet(routes),
        axis::Event::Begun { connection: connection.clone(), item, receivers: vec![agency_id("a")] },
        axis::Event::Sent { connection: connection.clone(), item, receivers: vec![agency_id("a")], axis_id: "1".into() },
        axis::Event::Failed { connection: connection.clone(), item, error: "HTTP 502".into(), retry_at: Some(time(9)) },
        axis::Event::Failed { connection: connection.clone(), item, error: "hết".into(), retry_at: None },
        axis::Event::Requeued { connection: connection.clone(), item },
        axis::Event::Cancelled { connection: connection.clone(), item },
        axis::Event::Received { document: document::Id([4; 16]), origin },
        axis::Event::Quarantined { packet: packet.clone(), refused: None },
        axis::Event::Quarantined { packet: packet.clone(), refused: Some((agency_id("camau"), about(None))) },
        axis::Event::Quarantined { packet, refused: Some((agency_id("camau"), about(Some(date(2025, 9, 15))))) },
        axis::Event::Discarded { connection, axis_id: "4712".into() },
    ] {
        check(Event::Axis(event));
    }
}

#[test]
fn routes_keep_every_mode() {
    use route::Mode::*;
    check(Event::Route(route::Event::Set(vec![
        route::Rule { from: Tier::Central, to: Tier::Commune, ordinary: Direct, urgent: DirectCopySuperior },
        route::Rule { from: Tier::Commune, to: Tier::Province, ordinary: ViaSuperior, urgent: Refused },
    ])));
    check(Event::Route(route::Event::Set(Vec::new())));
}

#[test]
fn trust_objects_keep_every_kind() {
    for kind in [trust::Kind::Anchor, trust::Kind::Intermediate, trust::Kind::RevocationList, trust::Kind::OcspResponse] {
        let facts = trust::Facts {
            size: 20 << 20,
            issuer: "CN=CA".into(),
            series: Some(Digest([6; 32])),
            number: vec![1, 0],
            this_update: Some(time(3)),
            next_update: None,
        };
        check(Event::Trust(trust::Event::Set(TrustObject {
            fingerprint: Digest([4; 32]),
            kind,
            der: vec![0x30, 0x00],
            valid_from: Some(time(0)),
            valid_until: Some(time(2)),
            note: "ghi chú".into(),
            subject: "CN=Root".into(),
            facts: Some(Box::new(facts)).filter(|_| kind != trust::Kind::Anchor),
        })));
    }
    check(Event::Trust(trust::Event::Removed(Digest([5; 32]))));
}

#[test]
fn signature_rules_keep_every_action_and_requirement() {
    use Action::*;
    let rule = signature::Rule {
        issuer_tier: Some(Tier::District),
        kind: Some(KindId::parse("cong-van").unwrap()),
        on_failed: Refuse,
        on_indeterminate: Warn,
        on_unsigned: Record,
        on_weak_digest: Warn,
        requires: Requirement::Both,
        from: Some(date(2026, 1, 1)),
        until: None,
        on_wrong_signer: Refuse,
        on_wrong_order: Record,
        on_unregistered: Warn,
        on_attachment: Refuse,
        on_destroyed: Some(Refuse),
    };
    check(Event::Signature(signature::Event::PolicySet(vec![
        signature::Rule { issuer_tier: None, kind: None, requires: Requirement::None, on_destroyed: None, ..rule.clone() },
        signature::Rule { on_failed: Warn, on_unsigned: Refuse, requires: Requirement::Personal, ..rule.clone() },
        signature::Rule { on_indeterminate: Record, on_weak_digest: Refuse, requires: Requirement::Organisation, ..rule.clone() },
        rule,
    ])));
}

#[test]
fn what_versions_before_authorised_signers_wrote_is_read_as_it_was_meant() {
    // A rule of then, put together from the numbers in proto/: 3 to 6 on_failed, …, 7 requires; and a report of then.
    let rule = pb::SignatureRule::decode(&[0x18, 3, 0x20, 1, 0x28, 2, 0x30, 1, 0x38, 1][..]).unwrap();
    let rule = signature::Rule::load(rule).unwrap();
    assert_eq!((rule.on_failed, rule.on_unsigned, rule.on_destroyed), (Action::Refuse, Action::Warn, None));
    assert_eq!((rule.on_wrong_signer, rule.on_wrong_order), (Action::Warn, Action::Warn));
    assert_eq!((rule.on_unregistered, rule.on_attachment, rule.from, rule.until), (Action::Record, Action::Record, None, None));
    for (verdict, intact) in [(1, true), (2, false), (3, false)] {
        let report = pb::SignatureReport::decode(&[0x18, verdict, 0x30, 1][..]).unwrap();
        assert_eq!(SignatureReport::load(report).map(|report| report.intact), Ok(intact), "{verdict}");
    }
    // Before it was told apart, a weak digest that the verdict named was all; whoever does not know leaves the new field alone.
    let stored = reports()[0].signatures[0].store();
    for (sub_indication, told, is_weak_only) in [
        ("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", None, true),
        ("TRY_LATER", None, false),
        ("CRYPTO_CONSTRAINTS_FAILURE", Some(false), false),
        ("CRYPTO_CONSTRAINTS_FAILURE", Some(true), true),
    ] {
        let report = pb::SignatureReport { sub_indication: sub_indication.into(), is_weak_only: told, ..stored.clone() };
        assert_eq!(SignatureReport::load(report).map(|report| report.is_weak_only), Ok(is_weak_only), "{sub_indication} {told:?}");
    }
}

fn findings() -> Vec<signature::Finding> {
    use signature::Reason::*;
    let reasons = [
        SignatureInvalid,
        ChangedAfterSigning,
        SignatureIndeterminate,
        WeakDigest,
        NotSigned,
        SignatureWithoutContent,
        SignatureDestroyed,
        PersonalSignatureMissing,
        OrganisationSignatureMissing,
        SameCertificateForBoth,
        WrongSigningOrder,
        IssuerNotRegistered,
        SignerNotAuthorised,
        SignerOutOfTerm,
        SignerNotStated,
        AttachmentNotSigned,
        AttachmentSignedByAnother,
    ];
    let finding = |reason| signature::Finding {
        reason,
        action: Action::Warn,
        fields: vec!["document.attachments[0]".into()],
        signatures: vec!["Signature1".into()],
        english: "is not signed".into(),
        vietnamese: "chưa được ký số".into(),
    };
    reasons.map(finding).into()
}

#[test]
fn authorised_signers_keep_every_role_and_way_to_know_them() {
    let signer = AuthorisedSigner {
        agency: agency_id("camau"),
        role: signer::Role::Person,
        known_by: KnownBy::Certificate(Digest([1; 32])),
        name: "Nguyễn Văn Ví Dụ".into(),
        position: "Chủ tịch".into(),
        valid_from: Some(date(2025, 7, 1)),
        valid_until: None,
        note: "Quyết định số 01".into(),
    };
    let (agency, role) = (signer.agency.clone(), signer::Role::Organisation);
    let known_by = KnownBy::Identifier("MST:2000100001".parse().unwrap());
    let organisation = AuthorisedSigner { role, known_by: known_by.clone(), valid_until: Some(date(2030, 1, 1)), ..signer.clone() };
    check(Event::Signer(signer::Event::Set(signer)));
    check(Event::Signer(signer::Event::Set(organisation)));
    check(Event::Signer(signer::Event::Removed { agency, role, known_by }));
}

#[test]
fn changed_verdicts_are_kept() {
    check(Event::Signature(signature::Event::Rejudged(Box::new(signature::verdicts::Rejudged {
        document: document::Id([1; 16]),
        index: 3,
        report: reports().remove(2),
        cause: Digest([9; 32]),
        reason: "a revocation list lists the certificate".into(),
    }))));
}

/// Bytes that the version before wrote: field 4 of an entry's event, a trust object without facts.
#[test]
fn a_trust_object_of_an_earlier_version_is_read_as_one_without_facts() {
    let object = TrustObject {
        fingerprint: Digest([4; 32]),
        kind: trust::Kind::RevocationList,
        der: vec![0x30, 0],
        valid_from: None,
        valid_until: None,
        note: String::new(),
        subject: "CN=Root".into(),
        facts: None,
    };
    let event = [&[0x0a, 34 + 2 + 4 + 9, 0x0a, 32][..], &[4; 32], &[0x10, 3, 0x1a, 2, 0x30, 0, 0x3a, 7], b"CN=Root"].concat();
    let message = pb::TrustEvent::decode(event.as_slice()).unwrap();
    assert_eq!(trust::Event::load(message), Ok(trust::Event::Set(object)));
}

#[test]
fn payloads_are_kept() {
    check(Event::Payload(payload::Event::Stored { digest: Digest([6; 32]), size: 1 << 40 }));
    check(Event::Payload(payload::Event::Erased { digest: Digest([7; 32]) }));
}

fn reports() -> Vec<signature::Report> {
    let signature = SignatureReport {
        field: "Signature1".into(),
        sub_filter: "ETSI.CAdES.detached".into(),
        verdict: Verdict::Indeterminate,
        sub_indication: "NO_CERTIFICATE_CHAIN_FOUND".into(),
        reasons: vec!["một".into(), "hai".into()],
        signer_kind: SignerKind::Organisation,
        signer: "CN=UBND".into(),
        organisation: "UBND".into(),
        issuer: "CN=CA".into(),
        serial: "01ab".into(),
        certificate: Some(Digest([8; 32])),
        not_before: Some(time(1)),
        not_after: Some(time(2)),
        claimed_time: Some(time(3)),
        proved_time: Some(time(4)),
        digest_algorithm: "SHA-1".into(),
        signature_algorithm: "RSA".into(),
        weak_digest: true,
        is_weak_only: true,
        covers_whole_file: false,
        intact: true,
        signing_tool: "VGCASignService 1.0.11".into(),
        weak: vec!["SHA-1 (message_digest)".into()],
        organisation_identifier: "MST:2000100001".into(),
        value: Some(Digest([9; 32])),
        evidence: [signature::EvidenceKind::Certificate, signature::EvidenceKind::RevocationList, signature::EvidenceKind::OcspResponse]
            .map(|kind| signature::UsedEvidence { kind, digest: Digest([7; 32]) })
            .to_vec(),
        covers: vec!["/hồ-sơ/nội-dung".into()],
    };
    let person = SignatureReport {
        verdict: Verdict::TotalPassed,
        signer_kind: SignerKind::Person,
        weak_digest: false,
        covers_whole_file: true,
        certificate: None,
        proved_time: None,
        value: None,
        ..signature.clone()
    };
    let unknown = SignatureReport { verdict: Verdict::TotalFailed, intact: false, signer_kind: SignerKind::Unknown, ..signature.clone() };
    [
        Coverage::NotSigned,
        Coverage::Whole,
        Coverage::BytesAddedAfter { signed_end: 100, length: 120 },
        Coverage::Destroyed,
        Coverage::NotPdf,
    ]
    .into_iter()
    .map(|coverage| signature::Report {
        payload: Digest([1; 32]),
        judged_at: time(1_700_000_000),
        trust_version: Digest([2; 32]),
        coverage,
        changed: signature::Changed::Workflow,
        later_changes: vec!["object 7, which nothing uses, was added".into()],
        signatures: vec![signature.clone(), person.clone(), unknown.clone()],
        faults: vec!["lỗi".into()],
        remains: vec![Digest([3; 32])],
        producer: "Ký dấu đến".into(),
    })
    .collect()
}

fn deliveries() -> Vec<Delivery> {
    let full = Delivery {
        document: document::Id([1; 16]),
        agency: agency_id("nhan"),
        sender: agency_id("gui"),
        forwarded_by: Some(agency_id("cap-tren")),
        role: delivery::Role::Forwarder,
        onward: vec![
            Onward { agency: agency_id("x"), rerouted: None, forwarded_at: None },
            Onward { agency: agency_id("y"), rerouted: Some(Rerouted { from: agency_id("z"), code: None }), forwarded_at: Some(time(0)) },
        ],
        rerouted: Some(Rerouted { from: agency_id("cu"), code: Some(Code::parse("H12").unwrap()) }),
        urgency: Urgency::VeryUrgent,
        status: Status::TakeBackRequested,
        question: Some(Question { asked: Asked::Amendment, reason: "sửa".into(), at: time(6) }),
        reported_in: vec![4, 5],
        created_seq: 3,
        created_at: time(7),
        changed_seq: 4,
    };
    let plain = Delivery {
        forwarded_by: None,
        role: delivery::Role::Recipient,
        onward: Vec::new(),
        rerouted: None,
        question: None,
        ..full.clone()
    };
    let copy = Delivery {
        role: delivery::Role::SuperiorCopy,
        rerouted: Some(Rerouted { from: agency_id("cu"), code: None }),
        question: Some(Question { asked: Asked::Recall, reason: "thu hồi".into(), at: time(6) }),
        ..full.clone()
    };
    vec![full, plain, copy]
}

fn document(urgency: Urgency, state: document::State) -> Document {
    Document {
        id: document::Id([0xab; 16]),
        content: Content {
            issuer: agency_id("camau"),
            number: "15".into(),
            notation: "UBND-VP".into(),
            kind: KindId::parse("cong-van").unwrap(),
            subject: "V/v triển khai".into(),
            signer: Signer { competence: "TM.".into(), position: "Chủ tịch".into(), full_name: "Nguyễn Văn A".into() },
            place: "Cà Mau".into(),
            date: date(2024, 2, 29),
            urgency,
            deliver_by: Some(time(8)),
            due_date: Some(date(2024, 3, 1)),
            page_count: Some(999),
            printed_recipients: vec!["Như trên".into(), "Lưu: VT".into()],
            attachments: [AttachmentRole::Main, AttachmentRole::Appendix, AttachmentRole::DetachedSignature]
                .map(|role| Attachment { payload: Digest([1; 32]), size: 5, file_name: "a.pdf".into(), role })
                .into(),
            in_reply_to: Some(document::Id([2; 16])),
            secrecy: "không".into(),
        },
        recipients: selectors(),
        state,
        version: 2,
        replaces: vec![document::Id([3; 16])],
        replace_reason: "Sai số liệu".into(),
        warnings: vec!["cảnh báo".into()],
        findings: findings(),
        submitted_at: time(9),
        submitted_seq: 10,
        changed_seq: 11,
    }
}

fn states() -> [document::State; 5] {
    use document::State::*;
    let reason = || "lý do".to_owned();
    [
        Issued,
        RecallPending { reason: reason() },
        Recalled { reason: reason() },
        RecallDeclined { reason: reason() },
        Replaced { by: document::Id([4; 16]) },
    ]
}

#[test]
fn documents_keep_every_urgency_and_state() {
    use Urgency::*;
    for (urgency, state) in [Ordinary, Urgent, VeryUrgent, Express, ExpressAtTime].into_iter().zip(states()) {
        let document = document(urgency, state.clone());
        let id = document.id;
        check(Event::Document(document::Event::StateChanged { document: id, state }));
        let mut bare = document.clone();
        bare.content.deliver_by = None;
        bare.content.due_date = None;
        bare.content.page_count = None;
        bare.content.in_reply_to = None;
        check(Event::Document(document::Event::Submitted { document, reports: reports(), deliveries: deliveries() }));
        let reason = "sửa ngày".into();
        check(Event::Document(document::Event::Amended { document: bare, reports: reports(), added: deliveries(), reason }));
    }
}

#[test]
fn kinds_of_documents_are_kept() {
    let kind = document::Kind {
        id: KindId::parse("quyet-dinh").unwrap(),
        name: "Quyết định".into(),
        abbreviation: "QĐ".into(),
        legal_normative: true,
        qcvn_type: 255,
        qcvn_detail: Some(0),
    };
    check(Event::Document(document::Event::KindsSet(vec![document::Kind { qcvn_detail: None, ..kind.clone() }, kind])));
}

#[test]
fn deliveries_keep_every_status_and_reason() {
    use RefusalReason::*;
    use Status::*;
    let (document, agency) = (document::Id([1; 16]), agency_id("nhan"));
    for how in [HandOver::Watch, HandOver::Download] {
        check(Event::Delivery(delivery::Event::Arrived { document, agency: agency.clone(), how }));
    }
    let statuses = [Sent, Arrived, Refused, Accepted, Assigned, InProgress, Done, TakeBackRequested, TakeBackAgreed, TakeBackDeclined];
    let reasons = [Some(R1), Some(R2), Some(R3), Some(R4), Some(R5), Some(R6), Some(R7), Some(R8), None, None];
    for (status, refusal) in statuses.into_iter().zip(reasons) {
        let report =
            delivery::Report { status, at: time(12), note: "ghi chú".into(), refusal, staff: "B".into(), register_number: "77".into() };
        check(Event::Delivery(delivery::Event::Reported { document, agency: agency.clone(), report }));
    }
    let (by, note) = (agency_id("cap-tren"), "chuyển".into());
    check(Event::Delivery(delivery::Event::Forwarded { document, by, deliveries: deliveries(), note }));
    for asked in [Asked::Recall, Asked::Amendment] {
        check(Event::Delivery(delivery::Event::Asked { document, agency: agency.clone(), asked, reason: "vì".into() }));
    }
}

fn small() -> Entry {
    Entry {
        at: Timestamp::from_micros(1_000_000),
        principal: principal::Id::hub(),
        request: Some(Request { id: "r1".into(), digest: Digest([0x11; 32]) }),
        resource: "payloads/x".into(),
        events: vec![Event::Payload(payload::Event::Stored { digest: Digest([0x22; 32]), size: 300 })],
    }
}

#[test]
fn the_bytes_of_an_entry_never_change() {
    // Put together by hand from the numbers in proto/ and the rules of the protobuf encoding.
    let parts: [&[u8]; 13] = [
        &[0x08, 0xc0, 0x84, 0x3d],       // 1: at_micros, 1000000 = 61 * 128 * 128 + 4 * 128 + 64
        &[0x12, 3, b'h', b'u', b'b'],    // 2: principal
        &[0x1a, 38],                     // 3: request
        &[0x0a, 2, b'r', b'1'],          //    1: id
        &[0x12, 32],                     //    2: digest
        &[0x11; 32],                     //
        &[0x22, 10],                     // 4: resource
        b"payloads/x",                   //
        &[0x2a, 41, 0x32, 39, 0x0a, 37], // 5: event, 6: payload, 1: stored
        &[0x0a, 32],                     //    1: digest
        &[0x22; 32],                     //
        &[0x10],                         //    2: size, 300 = 2 * 128 + 44
        &[0xac, 0x02],                   //
    ];
    let bytes = parts.concat();
    assert_eq!(encode(&small()), bytes);
    assert_eq!(decode(&bytes), Ok(small()));
}

#[test]
fn what_a_newer_version_wrote_is_refused() {
    let bytes = encode(&small());
    let with = |more: &[u8]| decode(&[&bytes, more].concat());
    // A field 9 in an entry; an event of a noun 10; an event without a noun; a principal event of kind 2.
    assert_eq!(with(&[0x48, 1]), Err(DecodeError::UnknownFields { bytes: 2 }));
    assert_eq!(with(&[0x2a, 2, 0x52, 0]), Err(DecodeError::UnknownFields { bytes: 2 }));
    assert_eq!(with(&[0x2a, 0]), Err(DecodeError::Unknown { what: "event" }));
    assert_eq!(with(&[0x2a, 4, 0x0a, 2, 0x12, 0]), Err(DecodeError::UnknownFields { bytes: 2 }));

    let message = |how| {
        let event = pb::delivery_event::Arrived { document: vec![1; 16], agency: "a".into(), how };
        let event = pb::DeliveryEvent { kind: Some(pb::delivery_event::Kind::Arrived(event)) };
        let event = pb::Event { noun: Some(pb::event::Noun::Delivery(event)) };
        decode(&pb::Entry { events: vec![event], ..small().store() }.encode_to_vec())
    };
    assert!(message(2).is_ok());
    for unknown in [0, 3, -1] {
        assert_eq!(message(unknown), Err(DecodeError::Unknown { what: "HandOver" }));
    }
    let text = DecodeError::Unknown { what: "event" }.to_string();
    assert_eq!(text, "it holds an unknown event: it was written by a newer version");
}

#[test]
fn a_value_that_breaks_its_rules_is_refused() {
    let entry = small().store();
    let principal = pb::Entry { principal: "Not A Slug".into(), ..entry.clone() };
    assert!(matches!(decode(&principal.encode_to_vec()), Err(DecodeError::Invalid { what: "principal id", .. })));
    let request = pb::Entry { request: Some(pb::Request { id: "r".into(), digest: vec![0; 31] }), ..entry };
    assert!(matches!(decode(&request.encode_to_vec()), Err(DecodeError::Invalid { what: "digest", .. })));
    for number in [0, 20_250_229, 20_251_301, 100_000_101, u32::MAX] {
        assert!(matches!(Date::load(number), Err(DecodeError::Invalid { what: "date", .. })), "{number}");
    }
    assert_eq!(Date::load(20_240_229), Ok(date(2024, 2, 29)));
}

#[test]
fn a_cut_entry_is_never_taken_for_the_whole() {
    let whole = entry(vec![Event::Document(document::Event::Submitted {
        document: document(Urgency::Express, document::State::Issued),
        reports: reports(),
        deliveries: deliveries(),
    })]);
    let bytes = encode(&whole);
    for cut in 0..bytes.len() {
        assert_ne!(decode(&bytes[..cut]).as_ref(), Ok(&whole), "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn an_entry_keeps_any_text_and_number(
        micros in any::<i64>(),
        resource in any::<String>(),
        request in prop::option::of((any::<String>(), any::<[u8; 32]>())),
        sizes in prop::collection::vec((any::<[u8; 32]>(), any::<u64>()), 0..5),
    ) {
        let entry = Entry {
            at: Timestamp::from_micros(micros),
            principal: principal::Id::hub(),
            request: request.map(|(id, digest)| Request { id, digest: Digest(digest) }),
            resource,
            events: sizes.into_iter().map(|(digest, size)| Event::Payload(payload::Event::Stored { digest: Digest(digest), size })).collect(),
        };
        prop_assert_eq!(decode(&encode(&entry)), Ok(entry));
    }

    #[test]
    fn no_bytes_upset_the_reader(at in any::<prop::sample::Index>(), bit in 0..8_u8, tail in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut bytes = encode(&small());
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        bytes.truncate(at + 1 + tail.len() * 3);
        bytes.extend(tail);
        if let Ok(entry) = decode(&bytes) {
            prop_assert_eq!(decode(&encode(&entry)), Ok(entry));
        }
    }
}
