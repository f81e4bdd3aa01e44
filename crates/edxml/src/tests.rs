//! The crate as a whole: packets written, read, and refused.

use std::fs;
use std::path::Path;

use domain::time::{Date, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::*;

/// A packet as it stands on the wire, by the sample of the reference that this project's axis page shows.
const NEW: &str = include_str!("../samples/new.edxml");

fn read_text(text: &str) -> Result<Received<Vec<u8>>, ReadError> {
    read(text.as_bytes(), &Limits::default(), &mut InMemory::default())
}

/// Writes what was received, and reads that.
fn again(received: &Received<Vec<u8>>) -> Received<Vec<u8>> {
    let mut files: Vec<_> = received
        .attachments
        .iter()
        .map(|file| Outgoing { about: file.about.clone(), content: file.stored.as_slice(), extra: file.extra.clone() })
        .collect();
    let written = write(Vec::new(), &received.packet, &mut files).unwrap();
    read(written.as_slice(), &Limits::default(), &mut InMemory::default()).unwrap()
}

fn edoc(received: Received<Vec<u8>>) -> Edoc {
    match received.packet {
        Packet::Edoc(edoc) => *edoc,
        Packet::Status(status) => panic!("a status: {status:?}"),
    }
}

fn rules(notes: &[Fault]) -> Vec<(&str, &str)> {
    notes.iter().map(|note| (note.path.rsplit('/').next().unwrap(), note.rule.name())).collect()
}

#[test]
fn every_word_of_a_new_document_is_understood() {
    let received = read_text(NEW).unwrap();
    assert_eq!(rules(&received.notes), []);
    assert_eq!(received.missing, []);
    let [file] = received.attachments.as_slice() else { panic!("one file") };
    assert_eq!((file.media, file.size, file.about.name.as_str()), (Media::Pdf, 9, "128_SVD-VP.signed.pdf"));
    assert_eq!(file.stored, b"%PDF-1.4\n");
    assert_eq!(file.about.content_id, "6d0f4a52-3e3b-4f0a-9a3e-0f5b2c7d1a01");
    let edoc = edoc(received);
    let codes: Vec<_> = edoc.to.iter().map(|to| to.organ_id.as_str()).collect();
    assert_eq!((edoc.from.organ_id.as_str(), codes.as_slice()), ("H12.15", ["H12.201", "H12.202"].as_slice()));
    assert_eq!(edoc.from.organization_in_charge, "Ủy ban nhân dân tỉnh Cà Mau");
    assert_eq!((edoc.code.number.as_str(), edoc.code.notation.as_str()), ("128", "SVD-VP"));
    assert_eq!(DocumentId::parse(&edoc.document_id).map(|id| id.code), Some("128/SVD-VP".into()));
    assert_eq!((edoc.place.as_str(), edoc.promulgation_date), ("Cà Mau", "2025-09-15".parse().ok()));
    assert_eq!((edoc.document_type.group, edoc.document_type.detail), (Some(2), Some(18)));
    assert_eq!(edoc.document_type.name, "Công văn");
    assert_eq!(edoc.subject, "V/v báo cáo số liệu quý III & dự kiến quý IV");
    assert_eq!(edoc.signer.competence, "KT. GIÁM ĐỐC");
    assert_eq!(edoc.due_date, "2025-09-30".parse().ok());
    assert_eq!((edoc.other.priority, edoc.other.page_amount, edoc.steering_type), (Some(1), Some(1), Some(2)));
    assert_eq!(edoc.response_for[0].split_code(), Some(("12", "UBND-VX")));
    assert_eq!(edoc.to_places, ["Ủy ban nhân dân các xã, phường", "Lưu: VT, VP"]);
    // date -u -d '2025-09-15 09:40:12 +07:00' +%s
    assert_eq!(edoc.trace[0].timestamp, Some(Timestamp::from_seconds(1_757_904_012)));
    assert_eq!((edoc.business.operation.clone(), edoc.business.paper), (Operation::New, Some(false)));
    assert_eq!(edoc.business.staff.staff, "Trần Thị Ví Dụ");
    assert!(!edoc.has_signature);
    assert_eq!(edoc.extra.message_header[0].name, "ResponseForTask");
    assert_eq!(edoc.extra.message_header[0].nodes.len(), 1);
    assert!(edoc.targets(&[]).is_empty());
}

#[test]
fn what_is_read_is_written_so_that_it_reads_the_same() {
    let received = read_text(NEW).unwrap();
    assert_eq!(again(&received), received);
    assert_eq!(check(&received.packet), Ok(()));
}

#[test]
fn every_shared_packet_survives_reading_and_writing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/edxml");
    let Ok(manifest) = fs::read_to_string(folder.join("manifest.tsv")) else {
        println!("skipped 23 shared packets: they are not here");
        return;
    };
    let mut count = 0;
    for row in manifest.lines().skip(1) {
        let columns: Vec<_> = row.split('\t').collect();
        let bytes = fs::read(folder.join(columns[0])).unwrap();
        let received =
            read(bytes.as_slice(), &Limits::default(), &mut InMemory::default()).unwrap_or_else(|e| panic!("{}: {e}", columns[0]));
        println!("{:45} {:?}", columns[0], rules(&received.notes));
        assert_eq!(received.attachments.len().to_string(), columns[9], "{}", columns[0]);
        let second = again(&received);
        assert_eq!(second.packet, stripped(received.packet.clone()), "{}", columns[0]);
        assert_eq!(second.attachments, received.attachments, "{}", columns[0]);
        assert_eq!(again(&second), second, "{}", columns[0]);
        match received.packet {
            Packet::Status(status) => {
                assert_eq!(
                    ("status", status.code.to_string().as_str()),
                    (columns[4], columns[5].to_owned().as_str()).max(("status", columns[6]))
                );
                assert_eq!(status.response_for.split_code(), Some(("7816", "VPCP-TTĐT")), "{}", columns[0]);
            }
            Packet::Edoc(edoc) => {
                assert_eq!(
                    ("document", edoc.document_type.group.map(|group| group.to_string()).as_deref()),
                    (columns[4], Some(columns[6]))
                );
                assert_eq!(edoc.promulgation_date.map(|day| day.to_string().replace('-', "/")).as_deref(), Some(columns[7]));
                assert!(received.attachments.iter().all(|file| file.media == Media::Pdf), "{}", columns[0]);
            }
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}

/// Without the signature's shell, which is not written again.
fn stripped(packet: Packet) -> Packet {
    match packet {
        Packet::Edoc(edoc) => Packet::Edoc(Box::new(Edoc { has_signature: false, ..*edoc })),
        status => status,
    }
}

#[test]
fn what_real_packets_get_wrong_is_understood_and_said() {
    type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
    let cases: [Case; 9] = [
        (
            "<edXML:OrganId>H12.15</edXML:OrganId>\n          <edXML:Timestamp>",
            "<edXML:OrganId>null</edXML:OrganId><edXML:Timestamp>",
            &[("OrganId", "NULL"), ("TraceHeader", "MISSING")],
        ),
        (
            "2025/09/15</edXML:PromulgationDate>\n        </edXML:PromulgationInfo>",
            "15/09/2025</edXML:PromulgationDate></edXML:PromulgationInfo>",
            &[("PromulgationDate", "DATE_FORM")],
        ),
        (
            "cid:6d0f4a52-3e3b-4f0a-9a3e-0f5b2c7d1a01</edXML:ContentId>\n      <edXML:AttachmentName>",
            "cid:cid:6d0f4a52-3e3b-4f0a-9a3e-0f5b2c7d1a01</edXML:ContentId><edXML:AttachmentName>",
            &[],
        ),
        ("<edXML:Subject>", "<edXML:Subject></edXML:Subject><edXML:Subject>", &[("Subject", "REPEATED"), ("MessageHeader", "MISSING")]),
        ("<edXML:Priority>1<", "<edXML:Priority>khẩn<", &[("Priority", "NUMBER")]),
        ("<edXML:Paper>0<", "<edXML:Paper>12<", &[("Paper", "NUMBER")]),
        ("<edXML:TypeDetail>18<", "<edXML:TypeDetail>-1<", &[]),
        ("Trần Thị Ví Dụ</edXML:Staff>", "Trần Thị Ví Dụ</edXML:Staff><edXML:Unknown/>", &[]),
        ("<edXML:Notation>x</edXML:Notation>", "", &[]),
    ];
    for (from, to, expected) in cases {
        let text = NEW.replacen(from, to, 1);
        assert!(text != NEW || from.contains("Notation"), "{from}");
        assert_eq!(rules(&read_text(&text).unwrap().notes), expected, "{to}");
    }
    // No Bussiness: a new document (T8).
    let without = NEW.split("<edXML:Bussiness>").next().unwrap().to_owned() + NEW.split("</edXML:Bussiness>").nth(1).unwrap();
    let received = read_text(&without).unwrap();
    assert_eq!(rules(&received.notes), [("TraceHeaderList", "MISSING")]);
    assert_eq!(edoc(received).business.operation, Operation::New);
}

#[test]
fn hostile_packets_are_refused_by_name_and_place() {
    let deep = "<edXML:a>".repeat(40);
    let wide = "<edXML:To/>".repeat(100_001);
    let long = "x".repeat(70_000);
    let entity = "<!DOCTYPE edXML [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><edXML ";
    let attributes: String = (0..17).map(|i| format!(" a{i}=\"\"")).collect();
    let cases: Vec<(&str, String, &str)> = vec![
        ("junk", NEW.replacen("<?xml", "1212<?xml", 1), "JUNK_BEFORE_DECLARATION"),
        ("blanks before the declaration", format!(" {NEW}"), "JUNK_BEFORE_DECLARATION"),
        ("external entity", NEW.replacen("<edXML ", entity, 1), "DOCUMENT_TYPE"),
        ("entity", NEW.replacen("<edXML:Subject>", "<edXML:Subject>&a;", 1), "ENTITY"),
        (
            "entity in an attribute",
            NEW.replacen("version=\"1.0\"><edXML:Ref", "version=\"&a;\"><edXML:Ref", 1).replacen(
                "edXMLManifest version=\"1.0\"",
                "edXMLManifest version=\"&a;\"",
                1,
            ),
            "ENTITY",
        ),
        ("deep", NEW.replacen("<edXML:Subject>", &format!("{deep}<edXML:Subject>"), 1), "LIMIT"),
        ("many", NEW.replacen("<edXML:Subject>", &format!("{wide}<edXML:Subject>"), 1), "LIMIT"),
        ("long", NEW.replacen("<edXML:Subject>", &format!("<edXML:Subject>{long}"), 1), "LIMIT"),
        ("long name", NEW.replacen("<edXML:Subject>", &format!("<edXML:{long}"), 1), "LIMIT"),
        ("attributes", NEW.replacen("<edXML:Subject>", &format!("<edXML:Subject{attributes}>"), 1), "LIMIT"),
        ("namespace of 2014", NEW.replacen(NAMESPACE, "http://www.e-doc.vn/Schema/", 1), "NAMESPACE"),
        ("no namespace", NEW.replacen(&format!(" xmlns=\"{NAMESPACE}\""), "", 1), "NAMESPACE"),
        ("another root", NEW.replacen("<edXML xmlns", "<svg xmlns", 1).replace("</edXML>", "</svg>"), "ROOT"),
        ("prefix", NEW.replacen("<edXML:Subject>", "<x:Subject/><edXML:Subject>", 1), "NOT_WELL_FORMED"),
        ("tags that cross", NEW.replacen("</edXML:Subject>", "</edXML:Content>", 1), "NOT_WELL_FORMED"),
        ("an end", NEW[..NEW.len() / 2].to_owned(), "NOT_WELL_FORMED"),
        ("a second root", format!("{NEW}<edXML/>"), "NOT_WELL_FORMED"),
        ("text behind", format!("{NEW}x"), "NOT_WELL_FORMED"),
        ("a null", NEW.replacen("<edXML:Subject>", "<edXML:Subject>&#0;", 1), "NOT_WELL_FORMED"),
        ("encoding", NEW.replacen("UTF-8", "UTF-16", 1), "ENCODING"),
        ("base64", NEW.replacen("JVBERi0xLjQK", "JVBERi0*LjQK", 1), "BASE64"),
        (
            "two contents",
            NEW.replacen(
                "</edXML:ContentTransferEncoded>",
                "</edXML:ContentTransferEncoded><edXML:ContentTransferEncoded>AA==</edXML:ContentTransferEncoded>",
                1,
            ),
            "REPEATED",
        ),
        ("an unknown operation", NEW.replacen("DocType>0<", "DocType>4<", 1), "NUMBER"),
        ("no id", NEW.replace("<edXML:DocumentId>H12.15,2025/09/15,128/SVD-VP</edXML:DocumentId>", ""), "MISSING"),
        ("nobody to send to", NEW.replace("edXML:To>", "edXML:Cc>"), "MISSING"),
        ("empty", String::new(), "NOT_WELL_FORMED"),
    ];
    for (what, text, rule) in cases {
        let error = read_text(&text).expect_err(what);
        let fault = error.fault().unwrap_or_else(|| panic!("{what}: {error}"));
        assert_eq!(fault.rule.name(), rule, "{what}: {fault}");
    }
    let utf16: Vec<u8> = NEW.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = read(utf16.as_slice(), &Limits::default(), &mut InMemory::default()).unwrap_err();
    assert_eq!(error.fault().map(|fault| fault.rule.name()), Some("ENCODING"));
    let error = read_text(&NEW.replacen("<edXML:Subject>", "<edXML:Subject>&a;", 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "edXML/edXMLEnvelope/edXMLHeader/MessageHeader/Subject refers to an entity that XML does not define (line 39, byte 1881)"
    );
    let error = read_text(&format!("1212{NEW}")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the packet has bytes before the XML declaration; send the file as it is, from its first `<` (line 1, byte 0)"
    );
    let old = read_text(&NEW.replacen(NAMESPACE, "http://www.e-doc.vn/Schema/", 1)).unwrap_err();
    assert!(old.to_string().contains("`http://www.e-doc.vn/Schema/`, the SOAP form of 2014"), "{old}");
}

#[test]
fn a_packet_longer_than_allowed_stops_where_it_becomes_so() {
    let limits = Limits { packet_bytes: NEW.len() as u64 - 1, ..Limits::default() };
    let error = read(NEW.as_bytes(), &limits, &mut InMemory::default()).unwrap_err();
    assert!(matches!(error.fault().map(|fault| &fault.rule), Some(Rule::Limit { what: "bytes of the packet", .. })), "{error}");
    let limits = Limits { packet_bytes: NEW.len() as u64, ..Limits::default() };
    assert!(read(NEW.as_bytes(), &limits, &mut InMemory::default()).is_ok());
}

#[test]
fn the_target_of_an_operation_is_where_the_packet_names_it() {
    let mut edoc = edoc(read_text(NEW).unwrap());
    edoc.business.operation = Operation::Recall;
    assert_eq!(edoc.targets(&["H12.201"]), ["H12.15,2025/09/15,128/SVD-VP"], "the header's, if no other is named");
    edoc.business.document_id = "other".into();
    assert_eq!(edoc.targets(&["H12.201"]), ["other"]);
    edoc.business.operation = Operation::Update(Update::default());
    assert_eq!(edoc.targets(&["H12.201"]), ["other"]);
    let replacement = |id: &str, organ_ids: &[&str]| Replacement {
        document_id: id.into(),
        organ_ids: organ_ids.iter().map(|&organ_id| organ_id.into()).collect(),
    };
    edoc.business.operation = Operation::Replace(vec![replacement("a", &[]), replacement("b", &["H12.201"]), replacement("c", &["H12.9"])]);
    assert_eq!(edoc.targets(&["000.00.201.H12", "H12.201"]), ["a", "b"]);
}

#[test]
fn the_sink_gets_a_large_file_piece_by_piece() {
    struct Counting {
        largest: usize,
        size: usize,
    }
    impl Sink for Counting {
        type Stored = usize;
        fn begin(&mut self) -> std::io::Result<()> {
            Ok(())
        }
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
            self.largest = self.largest.max(bytes.len());
            self.size += bytes.len();
            Ok(())
        }
        fn end(&mut self) -> std::io::Result<usize> {
            Ok(self.size)
        }
    }
    let received = read_text(NEW).unwrap();
    let about = received.attachments[0].about.clone();
    let size = 20_000_000;
    let mut files = [Outgoing { about, content: std::io::Read::take(std::io::repeat(7), size), extra: Vec::new() }];
    let written = write(Vec::new(), &received.packet, &mut files).unwrap();
    let mut sink = Counting { largest: 0, size: 0 };
    let read = read(std::io::BufReader::new(written.as_slice()), &Limits::default(), &mut sink).unwrap();
    assert_eq!((read.attachments[0].stored as u64, read.attachments[0].size), (size, size));
    assert!(sink.largest <= 64 * 1024, "{}", sink.largest);
}

#[test]
fn a_text_that_xml_cannot_hold_is_not_written() {
    let mut packet = read_text(NEW).unwrap().packet;
    let Packet::Edoc(edoc) = &mut packet else { panic!("a document") };
    edoc.subject = "a\u{1}b".into();
    let error = write::<_, &[u8]>(Vec::new(), &packet, &mut []).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(check(&packet).is_err());
    let Packet::Edoc(edoc) = &mut packet else { panic!("a document") };
    edoc.subject = "x".repeat(501);
    edoc.signer.full_name = String::new();
    let faults = check(&packet).unwrap_err();
    assert_eq!(rules(&faults), [("Subject", "TOO_LONG"), ("SignerInfo", "MISSING")]);
}

fn text(limit: usize) -> impl Strategy<Value = String> {
    // What people type, what XML must escape, and letters of every length.
    proptest::string::string_regex(&format!("[ -~àĐữ𠀀\n\r\t\u{300}]{{0,{}}}", limit.min(30)))
        .unwrap()
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("programs write this for nothing", |text| text != "null")
}

fn needed(limit: usize) -> impl Strategy<Value = String> {
    text(limit).prop_filter("must be there", |text| !text.is_empty())
}

fn date() -> impl Strategy<Value = Date> {
    (1_u16..=9_999, 1_u8..=12, 1_u8..=28).prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (date(), 0_u32..86_400).prop_map(|(date, second)| Timestamp::from_vietnam(date, second))
}

fn element() -> impl Strategy<Value = Element> {
    let namespace = || prop_oneof![Just(String::new()), Just(NAMESPACE.to_owned()), Just("urn:a&b".to_owned())];
    let attribute = (namespace(), "[b-w]{1,4}", "[ -~\n\r\tđ]{0,8}");
    let leaf = (namespace(), "[b-w]{1,5}", vec(attribute, 0..3), "[ -~\n\r\tđ]{0,9}").prop_map(|(namespace, name, attributes, text)| {
        let mut attributes: Vec<_> = attributes;
        attributes.sort();
        attributes.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
        let nodes = if text.is_empty() { Vec::new() } else { vec![Node::Text(text)] };
        Element { namespace, name, attributes, nodes, ..Element::default() }
    });
    leaf.prop_recursive(3, 8, 3, move |inner| {
        (leaf_parts(), vec(inner, 1..3)).prop_map(|((namespace, name), children)| Element {
            namespace,
            name,
            nodes: children.into_iter().map(Node::Element).collect(),
            ..Element::default()
        })
    })
}

fn leaf_parts() -> impl Strategy<Value = (String, String)> {
    (prop_oneof![Just(String::new()), Just(NAMESPACE.to_owned())], "[b-w]{1,5}")
}

fn extra() -> impl Strategy<Value = Vec<Element>> {
    vec(element(), 0..2)
}

fn organ() -> impl Strategy<Value = Organ> {
    (needed(35), [text(200), text(250), text(100), text(50), text(50), text(100)], needed(200), extra()).prop_map(
        |(organ_id, [organization_in_charge, organ_add, email, telephone, fax, website], organ_name, extra)| Organ {
            organ_id,
            organization_in_charge,
            organ_name,
            organ_add,
            email,
            telephone,
            fax,
            website,
            extra,
        },
    )
}

fn response_for() -> impl Strategy<Value = ResponseFor> {
    ("[A-Z0-9.]{1,20}", "[0-9]{1,4}/[A-ZĐ-]{1,9}", option::of(date()), text(200), extra()).prop_map(
        |(organ_id, code, promulgation_date, document_id, extra)| ResponseFor { organ_id, code, promulgation_date, document_id, extra },
    )
}

fn staff() -> impl Strategy<Value = StaffInfo> {
    ([text(30), text(30), text(30), text(30)], extra()).prop_map(|([department, staff, email, mobile], extra)| StaffInfo {
        department,
        staff,
        email,
        mobile,
        extra,
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    let receiver = (needed(35), any::<bool>()).prop_map(|(organ_id, is_added)| Receiver { organ_id, is_added });
    let update = (any::<bool>(), any::<bool>(), vec(receiver, 0..3)).prop_map(|(document_info, document_receiver, receivers)| Update {
        document_info,
        document_receiver,
        receivers,
    });
    let replacement = (needed(200), vec(needed(35), 0..3)).prop_map(|(document_id, organ_ids)| Replacement { document_id, organ_ids });
    prop_oneof![
        Just(Operation::New),
        Just(Operation::Recall),
        update.prop_map(Operation::Update),
        vec(replacement, 0..3).prop_map(Operation::Replace),
    ]
}

fn business() -> impl Strategy<Value = Business> {
    (operation(), text(500), text(200), staff(), option::of(any::<bool>()), extra())
        .prop_map(|(operation, reason, document_id, staff, paper, extra)| Business { operation, reason, document_id, staff, paper, extra })
}

fn other_info() -> impl Strategy<Value = OtherInfo> {
    ([text(100), text(10)], [option::of(any::<u32>()), option::of(any::<u32>()), option::of(any::<u32>())], vec(needed(30), 0..3), extra())
        .prop_map(|([sphere, typer_notation], [priority, promulgation_amount, page_amount], appendixes, extra)| OtherInfo {
            priority,
            sphere,
            typer_notation,
            promulgation_amount,
            page_amount,
            appendixes,
            extra,
        })
}

prop_compose! {
    fn any_edoc()(
        (from, to) in (organ(), vec(organ(), 1..4)),
        [document_id, number, notation] in [needed(200), needed(11), needed(30)],
        [place, type_name, subject, content, competence, position, full_name] in
            [text(50), text(100), text(500), text(500), text(100), text(100), text(50)],
        (promulgation_date, due_date) in (option::of(date()), option::of(date())),
        [group, detail, steering_type] in [option::of(any::<u32>()), option::of(any::<u32>()), option::of(any::<u32>())],
        (other, response_for, business) in (other_info(), vec(response_for(), 0..3), business()),
        to_places in vec(needed(30), 0..3),
        trace in vec((text(35), option::of(moment()), extra()), 0..3),
        [message_header, trace_header_list, header, manifest, body, envelope, root] in
            [extra(), extra(), extra(), extra(), extra(), extra(), extra()],
        [code_extra, type_extra, signer_extra] in [extra(), extra(), extra()],
    ) -> Edoc {
        Edoc {
            from, to, document_id, place, promulgation_date, subject, content, due_date, other, response_for, steering_type, to_places,
            code: Code { number, notation, extra: code_extra },
            document_type: DocumentType { group, detail, name: type_name, extra: type_extra },
            signer: SignerInfo { competence, position, full_name, extra: signer_extra },
            trace: trace.into_iter().map(|(organ_id, timestamp, extra)| TraceHeader { organ_id, timestamp, extra }).collect(),
            business,
            has_signature: false,
            extra: Extra { message_header, trace_header_list, header, manifest, body, envelope, root },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_document_that_is_written_is_read_back_equal(
        edoc in any_edoc(),
        files in vec((vec(any::<u8>(), 0..200), text(100), text(100), extra()), 0..3),
    ) {
        let about = |number: usize, name: &str, description: &str| Reference {
            content_id: format!("id{number}"),
            content_type: "application/pdf".into(),
            description: description.into(),
            name: name.into(),
        };
        let mut outgoing: Vec<_> = files
            .iter()
            .enumerate()
            .map(|(number, (bytes, name, description, extra))| Outgoing {
                about: about(number, name, description),
                content: bytes.as_slice(),
                extra: extra.clone(),
            })
            .collect();
        let packet = Packet::Edoc(Box::new(edoc));
        let written = write(Vec::new(), &packet, &mut outgoing).unwrap();
        let received = read(written.as_slice(), &Limits::default(), &mut InMemory::default()).unwrap();
        prop_assert_eq!(&received.packet, &packet);
        prop_assert_eq!(received.attachments.len(), files.len());
        prop_assert!(received.missing.is_empty());
        for (number, (file, (bytes, name, description, extra))) in received.attachments.iter().zip(&files).enumerate() {
            prop_assert_eq!(&file.about, &about(number, name, description));
            prop_assert_eq!(&file.stored, bytes);
            prop_assert_eq!(&file.extra, extra);
        }
    }

    #[test]
    fn every_status_that_is_written_is_read_back_equal(
        (from, response_for, staff) in (organ(), response_for(), staff()),
        (code, description, timestamp, extra) in (0_u8..100, text(500), option::of(moment()), extra()),
    ) {
        let code = StatusCode(code);
        let packet = Packet::Status(Box::new(Status { from, response_for, staff, code, description, timestamp, extra }));
        let written = write::<_, &[u8]>(Vec::new(), &packet, &mut []).unwrap();
        let received = read(written.as_slice(), &Limits::default(), &mut InMemory::default()).unwrap();
        prop_assert_eq!(received.packet, packet);
    }

    #[test]
    fn no_bytes_bring_the_reader_down(position in any::<prop::sample::Index>(), noise in vec(any::<u8>(), 0..6), cut in any::<bool>()) {
        let mut bytes = NEW.as_bytes().to_vec();
        let at = position.index(bytes.len());
        bytes.splice(at..(at + noise.len()).min(NEW.len()), noise);
        if cut {
            bytes.truncate(at);
        }
        let _ = read(bytes.as_slice(), &Limits::default(), &mut InMemory::default());
    }
}
