use domain::digest::Digest;
use domain::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::convert::agency::tests::any_selector;

fn content() -> Content {
    Content {
        issuer: agency::Id::parse("camau").expect("a slug"),
        number: "12".into(),
        notation: "UBND-TH".into(),
        kind: KindId::parse("cong-van").expect("a slug"),
        subject: "V/v phòng chống thiên tai".into(),
        signer: Signer {
            competence: "TM. ỦY BAN NHÂN DÂN".into(), position: "Chủ tịch".into(), full_name: "Nguyễn Văn A".into()
        },
        place: "Cà Mau".into(),
        date: "2022-12-31".parse().expect("a date"),
        urgency: Urgency::Ordinary,
        deliver_by: None,
        due_date: None,
        page_count: Some(3),
        printed_recipients: vec!["Như trên".into(), "Lưu: VT".into()],
        attachments: vec![Attachment { payload: Digest([5; 32]), size: 0, file_name: "cong-van.pdf".into(), role: AttachmentRole::Main }],
        in_reply_to: None,
        secrecy: String::new(),
    }
}

fn request(document: v1::Document) -> v1::SubmitDocumentRequest {
    let target = v1::selector::Target::Agency("agencies/camau.dam-doi".into());
    v1::SubmitDocumentRequest {
        request_id: "r".into(),
        document: Some(document),
        recipients: vec![v1::Selector { target: Some(target) }],
        ..Default::default()
    }
}

/// The faults of a document that differs from a good one by `change`.
fn faults(change: impl FnOnce(&mut v1::Document)) -> Vec<String> {
    let mut document = content_to_wire(&content());
    change(&mut document);
    let faults = submission(&request(document)).err().map(|invalid| invalid.faults().to_vec()).unwrap_or_default();
    faults.into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_document_without_an_urgency_is_ordinary() {
    assert_eq!(faults(|document| document.urgency = 0), Vec::<String>::new());
    let mut document = content_to_wire(&content());
    document.urgency = 0;
    let submission = submission(&request(document)).expect("a submission");
    assert_eq!(submission.content, content());
}

#[test]
fn lengths_are_counted_in_characters_as_the_standard_gives_them() {
    let none = Vec::<String>::new();
    assert_eq!(faults(|d| d.subject = "ữ".repeat(500)), none);
    assert_eq!(faults(|d| d.subject = "ữ".repeat(501)), ["document.subject"]);
    assert_eq!(faults(|d| d.number = "1".repeat(11)), none);
    assert_eq!(faults(|d| d.number = "1".repeat(12)), ["document.number"]);
    assert_eq!(faults(|d| d.notation = "Đ".repeat(30)), none);
    assert_eq!(faults(|d| d.notation = "Đ".repeat(31)), ["document.notation"]);
    assert_eq!(faults(|d| d.page_count = 999), none);
    assert_eq!(faults(|d| d.page_count = 1_000), ["document.page_count"]);
    assert_eq!(faults(|d| d.page_count = 65_537), ["document.page_count"]);
    assert_eq!(faults(|d| d.printed_recipients = vec!["ữ".repeat(500); 2]), none);
    assert_eq!(faults(|d| d.printed_recipients = vec!["ữ".repeat(501); 2]), ["document.printed_recipients"]);
}

#[test]
fn number_notation_and_file_names_have_their_forms() {
    for number in ["1 2", "1/2", "", " "] {
        assert!(faults(|d| d.number = number.into()).iter().all(|field| field == "document.number"), "{number}");
        assert!(!faults(|d| d.number = number.into()).is_empty(), "{number}");
    }
    assert_eq!(faults(|d| d.notation = "/UBND".into()), ["document.notation"]);
    assert_eq!(faults(|d| d.notation = "2022/QĐ-UBND".into()), Vec::<String>::new());
    for name in ["../a.pdf", "a\\b.pdf", "..", "."] {
        assert_eq!(faults(|d| d.attachments[0].file_name = name.into()), ["document.attachments[0].file_name"], "{name}");
    }
}

#[test]
fn the_hour_of_delivery_belongs_to_hoa_toc_hen_gio_alone() {
    let hour = Some(prost_types::Timestamp { seconds: 1_672_000_000, nanos: 0 });
    let at_time = v1::Urgency::ExpressAtTime.into();
    assert_eq!(faults(|d| d.urgency = at_time), ["document.deliver_by_time"]);
    assert_eq!(faults(|d| d.deliver_by_time = hour), ["document.deliver_by_time"]);
    assert_eq!(
        faults(|d| {
            d.urgency = at_time;
            d.deliver_by_time = hour;
        }),
        Vec::<String>::new()
    );
}

#[test]
fn exactly_one_file_is_the_main_one() {
    assert_eq!(faults(|d| d.attachments.clear()), ["document.attachments"]);
    assert_eq!(faults(|d| d.attachments.extend(d.attachments.clone())), ["document.attachments"]);
    assert_eq!(faults(|d| d.attachments[0].set_role(v1::AttachmentRole::Appendix)), ["document.attachments"]);
    let main = content_to_wire(&content()).attachments;
    let many = |count: usize| {
        let appendix = v1::Attachment { role: v1::AttachmentRole::Appendix.into(), ..main[0].clone() };
        [main.clone(), vec![appendix; count - 1]].concat()
    };
    assert_eq!(faults(|d| d.attachments = many(50)), Vec::<String>::new());
    assert_eq!(faults(|d| d.attachments = many(51)), ["document.attachments"]);
}

#[test]
fn all_faults_of_a_submission_are_named_at_once() {
    let request = v1::SubmitDocumentRequest {
        document: Some(v1::Document {
            issuer: "camau".into(),
            attachments: vec![v1::Attachment::default()],
            issue_date: "31/12/2022".into(),
            due_date: "2022-02-29".into(),
            urgency: 42,
            in_reply_to: "documents/1".into(),
            ..Default::default()
        }),
        recipients: vec![v1::Selector { target: None }],
        replaces: vec!["documents/2".into()],
        ..Default::default()
    };
    let invalid = submission(&request).expect_err("many faults");
    let fields: Vec<_> = invalid.faults().iter().map(|fault| fault.field.as_str()).collect();
    let expected = [
        "document.issuer",
        "document.number",
        "document.notation",
        "document.kind",
        "document.subject",
        "document.signer",
        "document.issue_date",
        "document.urgency",
        "document.due_date",
        "document.attachments[0].payload",
        "document.attachments[0].file_name",
        "document.attachments[0].role",
        "document.attachments",
        "document.in_reply_to",
        "recipients[0]",
        "replaces[0]",
        "replace_reason",
    ];
    assert_eq!(fields, expected);
    let empty = submission(&v1::SubmitDocumentRequest::default()).expect_err("nothing stated");
    let fields: Vec<_> = empty.faults().iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["document", "recipients"]);
}

#[test]
fn an_amendment_may_leave_the_statement_as_it_is() {
    let name = "documents/018f3c5a-0000-7000-8000-000000000001";
    let request = v1::AmendDocumentRequest {
        name: name.into(),
        remove_recipients: vec!["agencies/a".into()],
        reason: "gửi nhầm".into(),
        ..Default::default()
    };
    let parsed = amendment(&request).expect("an amendment");
    assert_eq!((parsed.document.to_string().as_str(), parsed.content, parsed.add.len()), (&name[10..], None, 0));
    assert_eq!(parsed.remove, [agency::Id::parse("a").expect("a slug")]);
    let invalid =
        amendment(&v1::AmendDocumentRequest { document: Some(v1::Document::default()), ..request }).expect_err("an empty statement");
    assert!(invalid.faults().iter().all(|fault| fault.field.starts_with("document.")), "{invalid}");
}

#[test]
fn a_document_tells_where_it_stands() {
    let by = Id([0x22; 16]);
    for (state, wire, reason, replaced_by) in [
        (State::Issued, v1::DocumentState::Issued, "", ""),
        (State::RecallPending { reason: "sai".into() }, v1::DocumentState::RecallPending, "sai", ""),
        (State::Recalled { reason: "sai".into() }, v1::DocumentState::Recalled, "sai", ""),
        (State::RecallDeclined { reason: "sai".into() }, v1::DocumentState::RecallDeclined, "sai", ""),
        (State::Replaced { by }, v1::DocumentState::Replaced, "", "documents/22222222-2222-2222-2222-222222222222"),
    ] {
        let document = Document {
            id: Id([0x11; 16]),
            content: content(),
            recipients: Vec::new(),
            state,
            version: 2,
            replaces: vec![by],
            replace_reason: "Sai số liệu".into(),
            warnings: vec!["w".into()],
            findings: Vec::new(),
            submitted_at: Timestamp::from_seconds(1_672_000_000),
            submitted_seq: 4,
            changed_seq: 9,
        };
        let message = to_wire(&document, &[]);
        assert_eq!((message.state(), message.state_reason.as_str(), message.replaced_by.as_str()), (wire, reason, replaced_by));
        assert_eq!((message.name.as_str(), message.etag.as_str()), ("documents/11111111-1111-1111-1111-111111111111", "9"));
        let filter = |state| Filter { state: Some(state), from: Some(document.content.date), number: "12".into(), ..Filter::default() };
        assert!(filter(wire).keeps(&document));
        assert_eq!(filter(v1::DocumentState::Issued).keeps(&document), wire == v1::DocumentState::Issued);
        assert!(!Filter { number: "13".into(), ..filter(wire) }.keeps(&document));
        assert!(!Filter { until: Some("2022-12-30".parse().expect("a date")), ..filter(wire) }.keeps(&document));
    }
}

fn any_content() -> impl Strategy<Value = Content> {
    let text = |max: usize| proptest::string::string_regex(&format!("[a-zA-ZÀ-ỹ][ a-zA-ZÀ-ỹ.,]{{0,{}}}", max - 1)).expect("a pattern");
    let day = || (1..=9_999_u16, 1..=12_u8, 1..=28_u8).prop_map(|(y, m, d)| Date::new(y, m, d).expect("a day"));
    let urgency = prop::sample::select(vec![
        (Urgency::Ordinary, false),
        (Urgency::Urgent, false),
        (Urgency::VeryUrgent, false),
        (Urgency::Express, false),
        (Urgency::ExpressAtTime, true),
    ]);
    let signer = (text(100), text(100), text(50)).prop_map(|(competence, position, full_name)| Signer { competence, position, full_name });
    let role = prop::sample::select(vec![AttachmentRole::Appendix, AttachmentRole::DetachedSignature]);
    let files = prop::collection::vec((any::<[u8; 32]>(), text(200), role), 0..49).prop_map(|files| {
        let main = Attachment { payload: Digest([1; 32]), size: 0, file_name: "main.pdf".into(), role: AttachmentRole::Main };
        let others = files.into_iter().map(|(digest, name, role)| Attachment {
            payload: Digest(digest),
            size: 0,
            file_name: format!("{}.pdf", name.chars().take(190).collect::<String>()),
            role,
        });
        std::iter::once(main).chain(others).collect::<Vec<_>>()
    });
    let stated = ("[0-9]{1,6}[a-z]{0,5}", "[A-ZĐ0-9-]{1,30}", text(500), signer, text(50), day());
    let times = (urgency, -62_135_596_800_000_000..253_402_300_799_999_999_i64, prop::option::of(day()), prop::option::of(1..=999_u16));
    let rest = (prop::collection::vec(text(90), 0..10), files, prop::option::of(any::<[u8; 16]>()));
    (stated, times, rest).prop_map(
        |(
            (number, notation, subject, signer, place, date),
            ((urgency, timed), micros, due_date, page_count),
            (printed, attachments, reply),
        )| {
            Content {
                issuer: agency::Id::parse("camau").expect("a slug"),
                number,
                notation,
                kind: KindId::parse("quyet-dinh").expect("a slug"),
                subject,
                signer,
                place,
                date,
                urgency,
                deliver_by: timed.then(|| Timestamp::from_micros(micros)),
                due_date,
                page_count,
                printed_recipients: printed,
                attachments,
                in_reply_to: reply.map(Id),
                secrecy: String::new(),
            }
        },
    )
}

proptest! {
    #[test]
    fn a_submission_comes_back_as_it_went(
        content in any_content(),
        recipients in prop::collection::vec(any_selector(), 1..10),
        replaces in prop::collection::vec(any::<[u8; 16]>().prop_map(Id), 1..4),
    ) {
        let request = v1::SubmitDocumentRequest {
            document: Some(content_to_wire(&content)),
            recipients: recipients.iter().map(selector_to_wire).collect(),
            replaces: replaces.iter().map(name::of_document).collect(),
            replace_reason: "thay thế".into(),
            ..Default::default()
        };
        prop_assert_eq!(submission(&request), Ok(Submission { content, recipients, replaces }));
    }

    #[test]
    fn no_bytes_make_the_conversions_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        use prost::Message;
        if let Ok(request) = v1::SubmitDocumentRequest::decode(bytes.as_slice()) {
            drop(submission(&request));
        }
        if let Ok(request) = v1::AmendDocumentRequest::decode(bytes.as_slice()) {
            drop(amendment(&request));
        }
    }
}
