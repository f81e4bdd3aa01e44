//! Recall, amendment and replacement.

use api::v1;
use testkit::system::{System, to_agency};
use tonic::Code;

use crate::cast::{COMMUNE, Cast, DISTRICT, OTHER_COMMUNE, PROVINCE, reason};

async fn recall(system: &mut System, document: &str) -> Result<v1::Document, tonic::Status> {
    let request = v1::RecallDocumentRequest { request_id: system.request_id(), name: document.into(), reason: "Gửi nhầm tệp".into() };
    Ok(system.documents.recall_document(request).await?.into_inner())
}

async fn get(system: &mut System, document: &str) -> Result<v1::Document, tonic::Status> {
    Ok(system.documents.get_document(v1::GetDocumentRequest { name: document.into() }).await?.into_inner())
}

#[tokio::test]
async fn a_recall_freezes_is_answered_and_erases_when_the_last_holder_agreed() {
    let cast = Cast::new().await;
    let (mut province, mut district, mut commune) = (cast.system(PROVINCE).await, cast.system(DISTRICT).await, cast.system(COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(DISTRICT), to_agency(COMMUNE)]).await.document.unwrap();
    let payload = sent.attachments[0].payload.clone();
    for holder in [&mut district, &mut commune] {
        holder.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    }
    let pending = recall(&mut province, &sent.name).await.unwrap();
    assert_eq!(pending.state(), v1::DocumentState::RecallPending);
    let frozen = commune.report(&sent.name, v1::DeliveryStatus::Done, "").await.unwrap_err();
    assert_eq!((frozen.code(), reason(&frozen)), (Code::FailedPrecondition, "DELIVERY_FROZEN".into()));

    district.report(&sent.name, v1::DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    assert_eq!(get(&mut province, &sent.name).await.unwrap().state(), v1::DocumentState::RecallPending, "one has yet to answer");
    commune.report(&sent.name, v1::DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    let after = get(&mut province, &sent.name).await.unwrap();
    assert_eq!(after.state(), v1::DocumentState::Recalled);
    assert_eq!(
        (after.subject.as_str(), after.attachments.len(), after.number.as_str()),
        ("", 0, "1"),
        "content is erased, the record is kept"
    );
    for system in [&mut province, &mut district, &mut commune] {
        assert_eq!(system.download(&payload, "").await.unwrap_err().code(), Code::PermissionDenied);
    }
    assert_eq!(get(&mut commune, &sent.name).await.unwrap_err().code(), Code::PermissionDenied);
    let steps = province.trace(&sent.name).await.unwrap();
    assert!(steps.iter().any(|step| matches!(&step.kind, Some(v1::step::Kind::Asked(asked)) if asked.reason == "Gửi nhầm tệp")));
}

#[tokio::test]
async fn the_bytes_of_a_recalled_document_leave_the_disk() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap();
    let hex = sent.attachments[0].payload.trim_start_matches("payloads/").to_owned();
    commune.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    let payloads = cast.hub.home().join("data/payloads");
    assert!(holds(&payloads, &hex), "the payload lies in the vault");
    recall(&mut province, &sent.name).await.unwrap();
    commune.report(&sent.name, v1::DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    for _ in 0..200 {
        if !holds(&payloads, &hex) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the payload still lies in the vault");
}

/// Whether a file of that name lies anywhere below.
fn holds(dir: &std::path::Path, name: &str) -> bool {
    std::fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { holds(&path, name) } else { entry.file_name().to_string_lossy().contains(name) }
    })
}

#[tokio::test]
async fn a_declined_recall_leaves_the_document_with_its_holder() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap();
    commune.report(&sent.name, v1::DeliveryStatus::Done, "").await.unwrap();
    recall(&mut province, &sent.name).await.unwrap();
    let wordless = commune.report(&sent.name, v1::DeliveryStatus::TakeBackDeclined, "").await.unwrap_err();
    assert_eq!(wordless.code(), Code::InvalidArgument, "a declined recall needs a reason");
    commune.report(&sent.name, v1::DeliveryStatus::TakeBackDeclined, "đã xử lý xong").await.unwrap();
    assert_eq!(get(&mut province, &sent.name).await.unwrap().state(), v1::DocumentState::RecallDeclined);
    assert_eq!(get(&mut commune, &sent.name).await.unwrap().number, "1", "the holder keeps it");
}

#[tokio::test]
async fn only_the_issuer_recalls() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap();
    let theirs = recall(&mut commune, &sent.name).await.unwrap_err();
    let nothing = recall(&mut commune, "documents/00000000-0000-7000-8000-000000000000").await.unwrap_err();
    assert_eq!((theirs.code(), theirs.message()), (nothing.code(), nothing.message()));
    assert_eq!(theirs.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_amendment_changes_recipients_and_keeps_the_number() {
    let cast = Cast::new().await;
    let (mut province, mut commune, mut other) =
        (cast.system(PROVINCE).await, cast.system(COMMUNE).await, cast.system(OTHER_COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap();
    commune.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    let mut changed = sent.clone();
    changed.subject = "V/v văn bản số 1 (sửa)".into();
    let request = v1::AmendDocumentRequest {
        request_id: province.request_id(),
        name: sent.name.clone(),
        document: Some(changed.clone()),
        add_recipients: vec![to_agency(OTHER_COMMUNE)],
        remove_recipients: vec![],
        reason: "Sửa trích yếu".into(),
    };
    let answer = province.documents.amend_document(request).await.unwrap().into_inner().document.unwrap();
    assert_eq!((answer.version, answer.subject.as_str()), (2, "V/v văn bản số 1 (sửa)"));
    assert_eq!(get(&mut other, &sent.name).await.unwrap().version, 2, "the added recipient has it");
    commune.report(&sent.name, v1::DeliveryStatus::TakeBackAgreed, "").await.unwrap();

    changed.number = "2".into();
    let request = v1::AmendDocumentRequest {
        request_id: province.request_id(),
        name: sent.name.clone(),
        document: Some(changed),
        reason: "Sửa số".into(),
        ..Default::default()
    };
    let refused = province.documents.amend_document(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "another number is another document");
}

#[tokio::test]
async fn a_replacement_links_both_documents() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let first = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap();
    let payload = province.upload(&cast.signed("Hai")).await.unwrap();
    let request = v1::SubmitDocumentRequest {
        request_id: province.request_id(),
        document: Some(province.letter("2", "V/v thay thế", &payload)),
        recipients: vec![to_agency(COMMUNE)],
        replaces: vec![first.name.clone()],
        replace_reason: "Thay thế công văn số 1".into(),
        ..Default::default()
    };
    let second = province.documents.submit_document(request).await.unwrap().into_inner().document.unwrap();
    assert_eq!(second.replaces, std::slice::from_ref(&first.name));
    assert_eq!(second.replace_reason, "Thay thế công văn số 1");
    let old = get(&mut commune, &first.name).await.unwrap();
    assert_eq!((old.state(), old.replaced_by), (v1::DocumentState::Replaced, second.name));
}

async fn amend(system: &mut System, sent: &v1::Document, subject: &str, remove: &[&str]) -> Result<v1::Document, tonic::Status> {
    let document = if subject.is_empty() { None } else { Some(v1::Document { subject: subject.into(), ..sent.clone() }) };
    let request = v1::AmendDocumentRequest {
        request_id: system.request_id(),
        name: sent.name.clone(),
        document,
        remove_recipients: remove.iter().map(|id| format!("agencies/{id}")).collect(),
        reason: "Sửa".into(),
        ..Default::default()
    };
    Ok(system.documents.amend_document(request).await?.into_inner().document.unwrap())
}

#[tokio::test]
async fn a_removed_recipient_stays_removed_when_the_document_is_amended_again() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE), to_agency(DISTRICT)]).await.document.unwrap();
    let payload = sent.attachments[0].payload.clone();
    commune.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    amend(&mut province, &sent, "", &[COMMUNE]).await.unwrap();
    amend(&mut province, &sent, "V/v sửa lần hai", &[]).await.unwrap();
    let name = commune.copy_of(&sent.name);
    let copy = commune.deliveries.get_delivery(v1::GetDeliveryRequest { name }).await.unwrap().into_inner();
    assert_eq!(copy.question.unwrap().asked(), v1::Asked::Recall, "it is still asked to give the document back");
    assert_eq!(commune.download(&payload, "").await.unwrap_err().code(), Code::PermissionDenied);
    commune.report(&sent.name, v1::DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    assert_eq!(get(&mut commune, &sent.name).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_document_that_is_being_recalled_goes_no_further() {
    let cast = Cast::new().await;
    let (mut commune, mut district) = (cast.system(COMMUNE).await, cast.system(DISTRICT).await);
    let sent = cast.send(&mut commune, "7", vec![to_agency(crate::cast::MINISTRY), to_agency(PROVINCE)]).await.document.unwrap();
    cast.system(PROVINCE).await.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    // The superior has not taken its copy: it is withdrawn at once, and must not be forwarded after.
    recall(&mut commune, &sent.name).await.unwrap();
    let request = v1::ForwardDeliveryRequest { request_id: "chuyen".into(), name: district.copy_of(&sent.name), ..Default::default() };
    let refused = district.deliveries.forward_delivery(request).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "NOTHING_TO_FORWARD".into()));
}

#[tokio::test]
async fn a_recipient_added_behind_a_superior_that_holds_a_copy_is_forwarded_to() {
    let cast = Cast::new().await;
    let (mut commune, mut district, mut ministry) =
        (cast.system(COMMUNE).await, cast.system(DISTRICT).await, cast.system(crate::cast::MINISTRY).await);
    let sent = cast.send(&mut commune, "7", vec![to_agency(DISTRICT)]).await.document.unwrap();
    district.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    let request = v1::AmendDocumentRequest {
        request_id: commune.request_id(),
        name: sent.name.clone(),
        add_recipients: vec![to_agency(crate::cast::MINISTRY)],
        reason: "Thêm nơi nhận".into(),
        ..Default::default()
    };
    commune.documents.amend_document(request).await.unwrap();
    let name = district.copy_of(&sent.name);
    district
        .deliveries
        .forward_delivery(v1::ForwardDeliveryRequest { request_id: "chuyen".into(), name, ..Default::default() })
        .await
        .unwrap();
    ministry.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    let request = v1::ListDeliveriesRequest { agency: district.agency.clone(), ..Default::default() };
    assert_eq!(
        district.deliveries.list_deliveries(request).await.unwrap().into_inner().deliveries.len(),
        1,
        "and its own copy is listed once"
    );
}

#[tokio::test]
async fn bytes_that_another_agency_uploaded_too_outlive_the_recall() {
    let cast = Cast::new().await;
    let (mut province, mut district) = (cast.system(PROVINCE).await, cast.system(DISTRICT).await);
    let pdf = cast.signed("Chung");
    let payload = province.upload(&pdf).await.unwrap();
    assert_eq!(district.upload(&pdf).await.unwrap(), payload, "one copy per content");
    let sent = province.submit(province.letter("1", "V/v chung", &payload), vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap();
    assert_eq!(recall(&mut province, &sent.name).await.unwrap().state(), v1::DocumentState::Recalled);
    district.submit(district.letter("1", "V/v chung", &payload), vec![to_agency(COMMUNE)]).await.unwrap();
    assert_eq!(district.download(&payload, "").await.unwrap(), pdf);
}

#[tokio::test]
async fn bytes_leave_the_disk_when_the_last_of_two_uploaders_has_recalled() {
    let cast = Cast::new().await;
    let (mut province, mut district) = (cast.system(PROVINCE).await, cast.system(DISTRICT).await);
    let pdf = cast.signed("Chung");
    let payload = province.upload(&pdf).await.unwrap();
    district.upload(&pdf).await.unwrap();
    let hex = payload.trim_start_matches("payloads/").to_owned();
    let payloads = cast.hub.home().join("data/payloads");
    for system in [&mut province, &mut district] {
        assert!(holds(&payloads, &hex), "until the second recall somebody has them");
        let sent = system.submit(system.letter("1", "V/v chung", &payload), vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap();
        assert_eq!(recall(system, &sent.name).await.unwrap().state(), v1::DocumentState::Recalled);
        assert_eq!(system.download(&payload, "").await.unwrap_err().code(), Code::PermissionDenied);
    }
    for _ in 0..100 {
        if !holds(&payloads, &hex) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the bytes that nobody has any more are still on the disk");
}

#[tokio::test]
async fn a_file_uploaded_again_while_its_document_is_recalled_is_there_for_the_next_one() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let pdf = cast.signed("Sai nơi nhận");
    let payload = province.upload(&pdf).await.unwrap();
    let sent = province.submit(province.letter("1", "V/v sai", &payload), vec![to_agency(COMMUNE)]).await.unwrap().document.unwrap();
    commune.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    recall(&mut province, &sent.name).await.unwrap();
    province.upload(&pdf).await.unwrap();
    commune.report(&sent.name, v1::DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    assert_eq!(get(&mut province, &sent.name).await.unwrap().state(), v1::DocumentState::Recalled);
    province.submit(province.letter("2", "V/v đúng", &payload), vec![to_agency(OTHER_COMMUNE)]).await.unwrap();
}

#[tokio::test]
async fn who_downloads_without_naming_its_copy_has_it_all_the_same() {
    let cast = Cast::new().await;
    let (mut province, mut commune) = (cast.system(PROVINCE).await, cast.system(COMMUNE).await);
    let sent = cast.send(&mut province, "1", vec![to_agency(COMMUNE)]).await.document.unwrap();
    commune.download(&sent.attachments[0].payload, "").await.unwrap();
    assert_eq!(
        recall(&mut province, &sent.name).await.unwrap().state(),
        v1::DocumentState::RecallPending,
        "it has seen the document, and so it is asked"
    );
}

#[tokio::test]
async fn a_recipient_behind_a_superior_that_refused_can_be_sent_to_again() {
    let cast = Cast::new().await;
    let (mut commune, mut district, mut ministry) =
        (cast.system(COMMUNE).await, cast.system(DISTRICT).await, cast.system(crate::cast::MINISTRY).await);
    let sent = cast.send(&mut commune, "7", vec![to_agency(crate::cast::MINISTRY)]).await.document.unwrap();
    let forward = |id: &str, name: String| v1::ForwardDeliveryRequest { request_id: id.into(), name, ..Default::default() };
    let copy = district.copy_of(&sent.name);
    district.deliveries.forward_delivery(forward("mot", copy.clone())).await.unwrap();
    let refusal = v1::DeliveryReport {
        status: v1::DeliveryStatus::Refused.into(),
        note: "Sai thẩm quyền".into(),
        refusal_reason: v1::RefusalReason::R1.into(),
        ..Default::default()
    };
    ministry.report_with(&sent.name, refusal).await.unwrap();
    let request = v1::AmendDocumentRequest {
        request_id: commune.request_id(),
        name: sent.name.clone(),
        add_recipients: vec![to_agency(crate::cast::MINISTRY)],
        reason: "Gửi lại".into(),
        ..Default::default()
    };
    commune.documents.amend_document(request).await.unwrap();
    district.deliveries.forward_delivery(forward("hai", copy)).await.unwrap();
    let again = ministry.report(&sent.name, v1::DeliveryStatus::Accepted, "").await.unwrap();
    assert_eq!(again.status(), v1::DeliveryStatus::Accepted);
}
