//! Ten defects that clients of the axis are known for (T1 to T10), and what an axis may bring beside: each is a test here.
//!
//! The other side is a ministry without a hub, whose system speaks to the axis by itself, in packets as they are found in the field.

use api::v1;
use api::v1::{DeliveryStatus, DocumentState};
use axis::Message;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edxml::{Packet, Status, StatusCode};
use testkit::office::Office;
use testkit::provinces::{DIRECTORY, Provinces, SECRET};
use testkit::system::System;

use crate::axis::{arrived, document, inbox, send, until};

/// A packet of the ministry for Cà Mau, as programs of the axis write them. `business` stands behind the traces.
fn packet(number: &str, to: &str, trace: &str, business: &str, files: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>G12</edXML:OrganId><edXML:OrganName>Bộ Tài chính</edXML:OrganName></edXML:From>
        <edXML:To><edXML:OrganId>{to}</edXML:OrganId><edXML:OrganName>Ủy ban nhân dân tỉnh Cà Mau</edXML:OrganName></edXML:To>
        <edXML:DocumentId>G12,2025/09/15,{number}/BTC-VP</edXML:DocumentId>
        <edXML:Code><edXML:CodeNumber>{number}</edXML:CodeNumber><edXML:CodeNotation>BTC-VP</edXML:CodeNotation></edXML:Code>
        <edXML:PromulgationInfo><edXML:Place>Hà Nội</edXML:Place><edXML:PromulgationDate>2025/09/15</edXML:PromulgationDate></edXML:PromulgationInfo>
        <edXML:DocumentType><edXML:Type>2</edXML:Type><edXML:TypeDetail>18</edXML:TypeDetail><edXML:TypeName>Công văn</edXML:TypeName></edXML:DocumentType>
        <edXML:Subject>V/v thử nghiệm số {number}</edXML:Subject>
        <edXML:Content>Nội dung</edXML:Content>
        <edXML:SignerInfo><edXML:Competence>TL. BỘ TRƯỞNG</edXML:Competence><edXML:Position>Chánh Văn phòng</edXML:Position><edXML:FullName>Nguyễn Văn Ví Dụ</edXML:FullName></edXML:SignerInfo>
        <edXML:OtherInfo><edXML:Priority>0</edXML:Priority><edXML:PageAmount>1</edXML:PageAmount></edXML:OtherInfo>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList>{trace}{business}</edXML:TraceHeaderList>
    </edXML:edXMLHeader>
  </edXML:edXMLEnvelope>
  {files}
</edXML>
"#
    )
}

const TRACE: &str =
    "<edXML:TraceHeader><edXML:OrganId>G12</edXML:OrganId><edXML:Timestamp>2025/09/15 09:12:44</edXML:Timestamp></edXML:TraceHeader>";

fn business(kind: u8, reason: &str, rest: &str) -> String {
    format!(
        "<edXML:Bussiness><edXML:BussinessDocType>{kind}</edXML:BussinessDocType>\
         <edXML:BussinessDocReason>{reason}</edXML:BussinessDocReason>{rest}<edXML:Paper>0</edXML:Paper></edXML:Bussiness>"
    )
}

/// `%PDF-1.4` and nothing that anybody would sign.
const PDF: &str = "JVBERi0xLjQKJSVFT0YK";

/// The only attachment, under this content id and label.
fn file(content_id: &str, name: &str, label: &str, base64: &str) -> String {
    format!(
        "<edXML:AttachmentEncoded xmlns:edXML=\"http://www.mic.gov.vn/TBT/QCVN_102_2016\"><edXML:Attachment>\
         <edXML:ContentId>{content_id}</edXML:ContentId><edXML:AttachmentName>{name}</edXML:AttachmentName>\
         <edXML:Description>Văn bản</edXML:Description><edXML:ContentType>{label}</edXML:ContentType>\
         <edXML:ContentTransferEncoded>{base64}</edXML:ContentTransferEncoded></edXML:Attachment></edXML:AttachmentEncoded>"
    )
}

fn plain(number: &str) -> String {
    packet(number, "H12", TRACE, &business(0, "Văn bản mới", ""), &file("cid:1", "van-ban.pdf", "application/pdf", PDF))
}

fn office_of(provinces: &Provinces, code: &'static str) -> Office {
    Office::new(provinces.axis().unwrap().address, code, "Đơn vị").unwrap()
}

/// The next status with this code that comes for the office.
async fn status(office: &Office, code: StatusCode) -> Status {
    until(&format!("status {}", code.0), async || {
        let packets = office.fetch(Message::Status).await.unwrap();
        packets.into_iter().find_map(|packet| match packet {
            Packet::Status(status) if status.code == code => Some(*status),
            Packet::Status(_) | Packet::Edoc(_) => None,
        })
    })
    .await
}

async fn cast() -> (Provinces, Office, System) {
    let provinces = Provinces::start().await.unwrap();
    let office = office_of(&provinces, "G12");
    let system = provinces.camau.system(&["camau"]).await.unwrap();
    (provinces, office, system)
}

/// Nothing waits at the axis: whatever came was acknowledged.
async fn nothing_waits(provinces: &Provinces) {
    until("an axis on which nothing waits", async || (provinces.axis().unwrap().counts().1 == 0).then_some(())).await;
}

#[tokio::test]
async fn t1_and_t2_a_packet_of_each_type_is_carried_out_and_acknowledged() {
    let (provinces, office, mut camau) = cast().await;
    office.hand_over(Message::Edoc, plain("1").into()).await.unwrap();
    let first = arrived(&mut camau, "1").await;
    camau.report(&first.name, DeliveryStatus::Accepted, "").await.unwrap();
    nothing_waits(&provinces).await;

    let id = "<edXML:DocumentId>G12,2025/09/15,1/BTC-VP</edXML:DocumentId>";
    let info = "<edXML:BussinessDocumentInfo><edXML:DocumentInfo>1</edXML:DocumentInfo><edXML:DocumentReceiver>0</edXML:DocumentReceiver></edXML:BussinessDocumentInfo>";
    let pdf = file("cid:1", "van-ban.pdf", "application/pdf", PDF);
    let update = packet("1", "H12", TRACE, &business(2, "Sửa trích yếu", &format!("{info}{id}")), &pdf);
    office.hand_over(Message::Edoc, update.replace("V/v thử nghiệm số 1", "V/v thử nghiệm số 1 (sửa)").into()).await.unwrap();
    let amended = until("the update", async || document(&mut camau, &first.name).await.filter(|one| one.version == 2)).await;
    assert_eq!(amended.subject, "V/v thử nghiệm số 1 (sửa)");
    camau.report(&first.name, DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    status(&office, StatusCode::AGREED).await;

    let replaced = "<edXML:ReplacementInfoList><edXML:ReplacementInfo><edXML:DocumentId>G12,2025/09/15,1/BTC-VP</edXML:DocumentId></edXML:ReplacementInfo></edXML:ReplacementInfoList>";
    office.hand_over(Message::Edoc, packet("2", "H12", TRACE, &business(3, "Thay thế", replaced), &pdf).into()).await.unwrap();
    let second = arrived(&mut camau, "2").await;
    assert_eq!(second.replaces, std::slice::from_ref(&first.name));
    assert_eq!(document(&mut camau, &first.name).await.unwrap().state(), DocumentState::Replaced);

    camau.report(&second.name, DeliveryStatus::Accepted, "").await.unwrap();
    let id = "<edXML:DocumentId>G12,2025/09/15,2/BTC-VP</edXML:DocumentId>";
    office.hand_over(Message::Edoc, packet("2", "H12", TRACE, &business(1, "Ban hành nhầm", id), "").into()).await.unwrap();
    until("the recall", async || (document(&mut camau, &second.name).await?.state() == DocumentState::RecallPending).then_some(())).await;
    // T5: the reason is there for the one receiver, too.
    let steps = camau.trace(&second.name).await.unwrap();
    assert!(steps.iter().any(|step| matches!(&step.kind, Some(v1::step::Kind::Asked(asked)) if asked.reason == "Ban hành nhầm")));
    camau.report(&second.name, DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    let agreed = status(&office, StatusCode::AGREED).await;
    assert_eq!(agreed.response_for.document_id, "G12,2025/09/15,2/BTC-VP");
    assert!(document(&mut camau, &second.name).await.is_none(), "it is erased");
    nothing_waits(&provinces).await;
}

#[tokio::test]
async fn t3_and_t4_each_status_is_sent_when_it_is_reached_and_only_then() {
    let (_provinces, office, mut camau) = cast().await;
    office.hand_over(Message::Edoc, plain("3").into()).await.unwrap();
    let received = arrived(&mut camau, "3").await;
    let mut codes = Vec::new();
    for (status, code) in [(DeliveryStatus::Accepted, 3), (DeliveryStatus::InProgress, 5), (DeliveryStatus::Done, 6)] {
        camau.report(&received.name, status, "").await.unwrap();
        until("the status", async || {
            for packet in office.fetch(Message::Status).await.unwrap() {
                let Packet::Status(status) = packet else { panic!("a document among the statuses") };
                codes.push(status.code.0);
            }
            (codes.last() == Some(&code)).then_some(())
        })
        .await;
    }
    assert_eq!(codes, [3, 5, 6], "nothing but what was reported, in its order");
}

#[tokio::test]
async fn t5_the_reason_of_our_recall_reaches_the_one_receiver() {
    let (provinces, office, mut camau) = cast().await;
    let sent = send(&provinces, &mut camau, "5", &["bo-tai-chinh"]).await;
    let edoc = until("our document", async || office.fetch(Message::Edoc).await.unwrap().pop()).await;
    let Packet::Edoc(edoc) = edoc else { panic!("a status") };
    assert_eq!((edoc.code.number.as_str(), edoc.to.len()), ("5", 1));
    let request = v1::RecallDocumentRequest { request_id: camau.request_id(), name: sent.name, reason: "Sai thẩm quyền".into() };
    camau.documents.recall_document(request).await.unwrap();
    let recall = until("our recall", async || office.fetch(Message::Edoc).await.unwrap().pop()).await;
    let Packet::Edoc(recall) = recall else { panic!("a status") };
    assert_eq!((&recall.business.operation, recall.business.reason.as_str()), (&edxml::Operation::Recall, "Sai thẩm quyền"));
    assert_eq!(recall.business.document_id, edoc.document_id);
}

#[tokio::test]
async fn t7_a_trace_of_null_is_read() {
    let (_provinces, office, mut camau) = cast().await;
    let trace = TRACE.replace("G12", "null");
    let packet = packet("7", "H12", &trace, &business(0, "", ""), &file("cid:1", "a.pdf", "application/pdf", PDF));
    office.hand_over(Message::Edoc, packet.into()).await.unwrap();
    assert_eq!(arrived(&mut camau, "7").await.issuer, "agencies/bo-tai-chinh");
}

#[tokio::test]
async fn t8_a_packet_that_does_not_say_what_it_is_for_is_a_new_document() {
    let (_provinces, office, mut camau) = cast().await;
    office.hand_over(Message::Edoc, packet("8", "H12", TRACE, "", &file("cid:1", "a.pdf", "application/pdf", PDF)).into()).await.unwrap();
    assert_eq!(arrived(&mut camau, "8").await.state(), DocumentState::Issued);
}

#[tokio::test]
async fn t9_a_zip_under_the_label_of_pdf_is_unwrapped_and_cid_cid_is_paired() {
    let (_provinces, office, mut camau) = cast().await;
    let zip = zip_of("a.pdf", b"%PDF-1.4\n%%EOF\n");
    let packet = packet("9", "H12", TRACE, "", &file("cid:cid:1", "a.pdf", "application/pdf", &zip));
    office.hand_over(Message::Edoc, packet.into()).await.unwrap();
    let received = arrived(&mut camau, "9").await;
    let copy = camau.copy_of(&received.name);
    assert_eq!(camau.download(&received.attachments[0].payload, &copy).await.unwrap(), b"%PDF-1.4\n%%EOF\n");
}

/// A zip with one stored file, in base64.
fn zip_of(name: &str, content: &[u8]) -> String {
    let crc = content.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    // APPNOTE.TXT 4.3.7: version, flags, method 0, time, date, crc, sizes, length of the name, no extra field.
    let common = [&[10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x50], (!crc).to_le_bytes().as_slice(), &size, &size, &length, &[0, 0]].concat();
    let local = [b"PK\x03\x04".as_slice(), &common, name.as_bytes(), content].concat();
    let central = [b"PK\x01\x02\x14\x00".as_slice(), &common, &[0; 14], name.as_bytes()].concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(),
        &u32::try_from(central.len()).unwrap().to_le_bytes(),
        &u32::try_from(local.len()).unwrap().to_le_bytes(),
        &[0, 0],
    ]
    .concat();
    STANDARD.encode([local, central, end].concat())
}

#[tokio::test]
async fn a_packet_under_another_name_than_the_axis_knows_is_not_taken() {
    let (provinces, office, mut camau) = cast().await;
    // The axis knows who handed a packet over; what stands in it is anybody's claim.
    provinces.faults(&["other_sender=1"]).unwrap();
    office.hand_over(Message::Edoc, plain("11").into()).await.unwrap();
    nothing_waits(&provinces).await;
    assert!(inbox(&mut camau).await.is_empty(), "nobody else speaks for a ministry");
}

#[tokio::test]
async fn an_unknown_sender_is_taken_up_and_an_unknown_receiver_is_answered() {
    let (provinces, office, mut camau) = cast().await;
    let answered = plain("12").replace("<edXML:OrganId>H12</edXML:OrganId>", "<edXML:OrganId>H12.99</edXML:OrganId>");
    let unknown =
        axis::sandbox::Agency { code: "H12.99".into(), name: "Đơn vị lạ".into(), center: "H12".into(), ..Default::default() };
    provinces.axis().unwrap().put_agency(unknown).await.unwrap();
    office.hand_over(Message::Edoc, answered.into()).await.unwrap();
    // The province is connected to the axis, and answers for an agency that it does not know.
    let refusal = status(&office, StatusCode::REFUSED).await;
    assert_eq!((refusal.from.organ_id.as_str(), refusal.response_for.code.as_str()), ("H12", "12/BTC-VP"));
    nothing_waits(&provinces).await;
    assert!(inbox(&mut camau).await.is_empty());

    let new = axis::sandbox::Agency { code: "G22".into(), name: "Bộ Nội vụ".into(), secret: SECRET.into(), ..Default::default() };
    provinces.axis().unwrap().put_agency(new).await.unwrap();
    let stranger = office_of(&provinces, "G22");
    stranger.hand_over(Message::Edoc, plain("13").replace("G12", "G22").replace("Bộ Tài chính", "Bộ Nội vụ").into()).await.unwrap();
    let received = arrived(&mut camau, "13").await;
    assert_eq!(received.issuer, "agencies/axis.g22");
    camau.report(&received.name, DeliveryStatus::Done, "").await.unwrap();
    status(&stranger, StatusCode::DONE).await;
}

#[tokio::test]
async fn a_document_with_a_forged_signature_is_refused_and_its_sender_told() {
    let (provinces, office, mut camau) = cast().await;
    let mut forged = provinces.signed("Cong van").unwrap();
    let shown = forged.windows(3).position(|part| part == b" Tj").unwrap();
    forged[shown - 2] ^= 1;
    let forged = STANDARD.encode(&forged);
    office
        .hand_over(Message::Edoc, packet("14", "H12", TRACE, "", &file("cid:1", "a.pdf", "application/pdf", &forged)).into())
        .await
        .unwrap();
    let refusal = status(&office, StatusCode::REFUSED).await;
    assert!(refusal.description.starts_with("Chữ ký số không được chấp nhận"), "{}", refusal.description);
    assert_eq!(refusal.response_for.document_id, "G12,2025/09/15,14/BTC-VP");
    assert!(inbox(&mut camau).await.is_empty());
    nothing_waits(&provinces).await;
}

#[tokio::test]
async fn a_take_back_by_status_13_is_a_recall() {
    let (_provinces, office, mut camau) = cast().await;
    office.hand_over(Message::Edoc, plain("15").into()).await.unwrap();
    let received = arrived(&mut camau, "15").await;
    camau.report(&received.name, DeliveryStatus::Accepted, "").await.unwrap();
    let take_back = r#"<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
<edXML:edXMLHeader><edXML:MessageHeader>
<edXML:From><edXML:OrganId>G12</edXML:OrganId><edXML:OrganName>Bộ Tài chính</edXML:OrganName></edXML:From>
<edXML:ResponseFor><edXML:OrganId>H12</edXML:OrganId><edXML:Code>15/BTC-VP</edXML:Code>
<edXML:PromulgationDate>2025/09/15</edXML:PromulgationDate><edXML:DocumentId>G12,2025/09/15,15/BTC-VP</edXML:DocumentId></edXML:ResponseFor>
<edXML:StatusCode>13</edXML:StatusCode><edXML:Description>Gửi nhầm nơi nhận</edXML:Description>
<edXML:Timestamp>2025/09/16 08:00:00</edXML:Timestamp>
</edXML:MessageHeader></edXML:edXMLHeader></edXML:edXMLEnvelope></edXML>"#;
    office.hand_over(Message::Status, take_back.into()).await.unwrap();
    until("the take-back", async || (document(&mut camau, &received.name).await?.state() == DocumentState::RecallPending).then_some(()))
        .await;
    camau.report(&received.name, DeliveryStatus::TakeBackDeclined, "đã ban hành văn bản trả lời").await.unwrap();
    let declined = status(&office, StatusCode::DECLINED).await;
    assert_eq!(declined.description, "đã ban hành văn bản trả lời");
}

#[tokio::test]
async fn what_is_sent_to_a_closed_agency_under_either_code_goes_to_its_successor() {
    let (provinces, office, mut camau) = cast().await;
    let closed = "camau.cu,commune,peoples_committee,camau,Ủy ban nhân dân xã Cũ,,H12.40,000.00.40.H12,false,2022-01-01,closed\n";
    let directory = format!("{DIRECTORY}{closed}");
    let successions = "kind,from,to,effective,scope\nmerge,camau.cu,camau.tan-an,2025-07-01,\n";
    provinces.camau.import(&directory, successions, "").await.unwrap();
    let old = axis::sandbox::Agency {
        code: "H12.40".into(),
        old_code: "000.00.40.H12".into(),
        name: "Xã Cũ".into(),
        center: "H12".into(),
        ..Default::default()
    };
    provinces.axis().unwrap().put_agency(old).await.unwrap();
    let mut successor = provinces.camau.system(&["camau.tan-an"]).await.unwrap();
    for (number, code) in [("16", "H12.40"), ("17", "000.00.40.H12")] {
        let files = file("cid:1", "a.pdf", "application/pdf", PDF);
        office.hand_over(Message::Edoc, packet(number, code, TRACE, "", &files).into()).await.unwrap();
        let received = arrived(&mut successor, number).await;
        successor.report(&received.name, DeliveryStatus::Done, "").await.unwrap();
        let done = status(&office, StatusCode::DONE).await;
        assert_eq!(done.from.organ_id, "H12.31", "the successor answers under its own name");
        assert_eq!(done.response_for.document_id, format!("G12,2025/09/15,{number}/BTC-VP"), "about the document as it was sent");
    }
    assert!(inbox(&mut camau).await.is_empty());
}
