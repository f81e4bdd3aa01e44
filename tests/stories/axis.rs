//! Two provinces exchange documents over an axis: what one sends arrives at the other, and what becomes of it comes back.

use std::time::{Duration, Instant};

use api::v1;
use api::v1::{DeliveryStatus, DocumentState};
use testkit::provinces::Provinces;
use testkit::system::{System, to_agency};

/// Waits until something is so; half a minute is far beyond what it takes.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} does not come");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// The deliveries in an agency's inbox, newest first.
pub(crate) async fn inbox(system: &mut System) -> Vec<v1::Delivery> {
    let request = v1::ListDeliveriesRequest { agency: system.agency.clone(), page_size: 100, ..Default::default() };
    system.deliveries.list_deliveries(request).await.unwrap().into_inner().deliveries
}

pub(crate) async fn document(system: &mut System, name: &str) -> Option<v1::Document> {
    Some(system.documents.get_document(v1::GetDocumentRequest { name: name.into() }).await.ok()?.into_inner())
}

/// The document with this number, once it has come.
pub(crate) async fn arrived(system: &mut System, number: &str) -> v1::Document {
    until(&format!("document {number} in the inbox of {}", system.agency.clone()), async || {
        for delivery in inbox(system).await {
            let name = delivery.name.split("/deliveries").next().unwrap_or_default().to_owned();
            if let Some(document) = document(system, &name).await
                && document.number == number
            {
                return Some(document);
            }
        }
        None
    })
    .await
}

/// Waits until a holder's copy stands like that where the sender looks.
async fn reaches(sender: &mut System, document: &str, holder: &str, status: DeliveryStatus) {
    let name = format!("{document}/deliveries/{holder}");
    until(&format!("{status:?} of {holder} on {document}"), async || {
        let request = v1::GetDeliveryRequest { name: name.clone() };
        let copy = sender.deliveries.get_delivery(request).await.ok()?.into_inner();
        (copy.status() == status).then_some(())
    })
    .await;
}

/// Sends a signed document.
pub(crate) async fn send(provinces: &Provinces, from: &mut System, number: &str, to: &[&str]) -> v1::Document {
    let payload = from.upload(&provinces.signed(&format!("Van ban so {number}")).unwrap()).await.unwrap();
    let letter = from.letter(number, &format!("V/v liên thông số {number}"), &payload);
    from.submit(letter, to.iter().map(|id| to_agency(id)).collect()).await.unwrap().document.unwrap()
}

#[tokio::test]
async fn a_document_crosses_the_axis_and_what_becomes_of_it_comes_back() {
    let provinces = Provinces::start().await.unwrap();
    let mut sender = provinces.camau.system(&["camau"]).await.unwrap();
    let mut office = provinces.nghean.system(&["nghean"]).await.unwrap();
    let mut commune = provinces.nghean.system(&["nghean.kim-lien"]).await.unwrap();
    let sent = send(&provinces, &mut sender, "128", &["nghean", "nghean.kim-lien", "camau.so"]).await;

    let received = arrived(&mut office, "128").await;
    assert_eq!((received.subject.as_str(), received.issuer.as_str()), ("V/v liên thông số 128", "agencies/camau"));
    assert_eq!(received.issue_date, sent.issue_date);
    assert_eq!(received.signer, sent.signer);
    // One packet for both, and so one document.
    assert_eq!(arrived(&mut commune, "128").await.name, received.name);
    let ours = sender.download(&sent.attachments[0].payload, "").await.unwrap();
    let copy = office.copy_of(&received.name);
    assert_eq!(office.download(&received.attachments[0].payload, &copy).await.unwrap(), ours, "the bytes are those that were signed");
    let verdict = &received.signature_reports[0].signatures[0];
    assert_eq!(verdict.verdict(), v1::Verdict::TotalPassed, "{verdict:?}");

    reaches(&mut sender, &sent.name, "nghean", DeliveryStatus::Arrived).await;
    commune.report(&received.name, DeliveryStatus::Accepted, "số đến 415").await.unwrap();
    reaches(&mut sender, &sent.name, "nghean.kim-lien", DeliveryStatus::Accepted).await;
    commune.report(&received.name, DeliveryStatus::InProgress, "").await.unwrap();
    commune.report(&received.name, DeliveryStatus::Done, "").await.unwrap();
    reaches(&mut sender, &sent.name, "nghean.kim-lien", DeliveryStatus::Done).await;
    let refusal = v1::DeliveryReport {
        status: DeliveryStatus::Refused.into(),
        note: "gửi nhầm nơi nhận".into(),
        refusal_reason: v1::RefusalReason::R1.into(),
        ..Default::default()
    };
    office.report_with(&received.name, refusal).await.unwrap();
    reaches(&mut sender, &sent.name, "nghean", DeliveryStatus::Refused).await;
    let steps = sender.trace(&sent.name).await.unwrap();
    let notes: Vec<_> = steps
        .iter()
        .filter_map(|step| match &step.kind {
            Some(v1::step::Kind::Reported(report)) => Some(report.note.as_str()),
            _ => None,
        })
        .collect();
    assert!(notes.contains(&"gửi nhầm nơi nhận") && notes.contains(&"số đến 415"), "{notes:?}");
}

#[tokio::test]
async fn a_recall_freezes_the_copy_beyond_the_axis_and_erases_it_when_its_holder_agrees() {
    let provinces = Provinces::start().await.unwrap();
    let mut sender = provinces.camau.system(&["camau"]).await.unwrap();
    let mut commune = provinces.nghean.system(&["nghean.kim-lien"]).await.unwrap();
    let mut office = provinces.nghean.system(&["nghean"]).await.unwrap();
    let sent = send(&provinces, &mut sender, "7", &["nghean.kim-lien", "nghean"]).await;
    let received = arrived(&mut commune, "7").await;
    for holder in [&mut commune, &mut office] {
        holder.report(&received.name, DeliveryStatus::Accepted, "").await.unwrap();
    }
    reaches(&mut sender, &sent.name, "nghean.kim-lien", DeliveryStatus::Accepted).await;
    reaches(&mut sender, &sent.name, "nghean", DeliveryStatus::Accepted).await;

    let request =
        v1::RecallDocumentRequest { request_id: sender.request_id(), name: sent.name.clone(), reason: "Gửi nhầm tệp".into() };
    sender.documents.recall_document(request).await.unwrap();
    until("the recall", async || (document(&mut commune, &received.name).await?.state() == DocumentState::RecallPending).then_some(()))
        .await;
    let frozen = commune.report(&received.name, DeliveryStatus::Done, "").await.unwrap_err();
    assert_eq!(crate::cast::reason(&frozen), "DELIVERY_FROZEN");
    let reasons: Vec<_> = commune.trace(&received.name).await.unwrap().into_iter().filter_map(|step| step.kind).collect();
    assert!(reasons.iter().any(|kind| matches!(kind, v1::step::Kind::Asked(asked) if asked.reason == "Gửi nhầm tệp")), "{reasons:?}");

    commune.report(&received.name, DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    reaches(&mut sender, &sent.name, "nghean.kim-lien", DeliveryStatus::TakeBackAgreed).await;
    office.report(&received.name, DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    until("the end of the recall", async || (document(&mut sender, &sent.name).await?.state() == DocumentState::Recalled).then_some(()))
        .await;
    assert!(document(&mut commune, &received.name).await.is_none(), "it is gone there");
}

#[tokio::test]
async fn a_holder_beyond_the_axis_may_decline_a_recall() {
    let provinces = Provinces::start().await.unwrap();
    let mut sender = provinces.camau.system(&["camau"]).await.unwrap();
    let mut commune = provinces.nghean.system(&["nghean.kim-lien"]).await.unwrap();
    let sent = send(&provinces, &mut sender, "8", &["nghean.kim-lien"]).await;
    let received = arrived(&mut commune, "8").await;
    commune.report(&received.name, DeliveryStatus::Done, "").await.unwrap();
    reaches(&mut sender, &sent.name, "nghean.kim-lien", DeliveryStatus::Done).await;
    let request = v1::RecallDocumentRequest { request_id: sender.request_id(), name: sent.name.clone(), reason: "Thu hồi".into() };
    sender.documents.recall_document(request).await.unwrap();
    until("the recall", async || (document(&mut commune, &received.name).await?.state() == DocumentState::RecallPending).then_some(()))
        .await;
    commune.report(&received.name, DeliveryStatus::TakeBackDeclined, "đã xử lý xong").await.unwrap();
    until("the refusal", async || (document(&mut sender, &sent.name).await?.state() == DocumentState::RecallDeclined).then_some(())).await;
    assert_eq!(document(&mut commune, &received.name).await.unwrap().number, "8", "the holder keeps it");
}

#[tokio::test]
async fn an_update_and_a_replacement_reach_those_who_have_the_document() {
    let provinces = Provinces::start().await.unwrap();
    let mut sender = provinces.camau.system(&["camau"]).await.unwrap();
    let mut commune = provinces.nghean.system(&["nghean.kim-lien"]).await.unwrap();
    let mut department = provinces.nghean.system(&["nghean.so"]).await.unwrap();
    let sent = send(&provinces, &mut sender, "9", &["nghean.kim-lien"]).await;
    let received = arrived(&mut commune, "9").await;
    commune.report(&received.name, DeliveryStatus::Accepted, "").await.unwrap();
    reaches(&mut sender, &sent.name, "nghean.kim-lien", DeliveryStatus::Accepted).await;

    let mut changed = sent.clone();
    changed.subject = "V/v liên thông số 9 (sửa)".into();
    let request = v1::AmendDocumentRequest {
        request_id: sender.request_id(),
        name: sent.name.clone(),
        document: Some(changed),
        add_recipients: vec![to_agency("nghean.so")],
        reason: "Sửa trích yếu".into(),
        ..Default::default()
    };
    sender.documents.amend_document(request).await.unwrap();
    let amended = until("the update", async || document(&mut commune, &received.name).await.filter(|one| one.version == 2)).await;
    assert_eq!(amended.subject, "V/v liên thông số 9 (sửa)");
    let added = arrived(&mut department, "9").await;
    assert_eq!(added.name, received.name);
    until("the update for who was added", async || document(&mut department, &added.name).await.filter(|one| one.version == 2)).await;
    let copy = v1::GetDeliveryRequest { name: format!("{}/deliveries/nghean.kim-lien", sent.name) };
    let asked = sender.deliveries.get_delivery(copy.clone()).await.unwrap().into_inner().question;
    assert!(asked.is_some(), "the holder is asked whether it takes the update");
    commune.report(&received.name, DeliveryStatus::TakeBackAgreed, "").await.unwrap();
    until("the answer to the update", async || {
        sender.deliveries.get_delivery(copy.clone()).await.ok()?.into_inner().question.is_none().then_some(())
    })
    .await;

    let payload = sender.upload(&provinces.signed("Van ban thay the").unwrap()).await.unwrap();
    let request = v1::SubmitDocumentRequest {
        request_id: sender.request_id(),
        document: Some(sender.letter("10", "V/v thay thế văn bản số 9", &payload)),
        recipients: vec![to_agency("nghean.kim-lien")],
        replaces: vec![sent.name.clone()],
        replace_reason: "Thay thế toàn bộ".into(),
        ..Default::default()
    };
    sender.documents.submit_document(request).await.unwrap();
    let replacement = arrived(&mut commune, "10").await;
    assert_eq!(replacement.replaces, std::slice::from_ref(&received.name));
    assert_eq!(document(&mut commune, &received.name).await.unwrap().state(), DocumentState::Replaced);
}

#[tokio::test]
async fn whatever_the_line_does_a_document_arrives_once() {
    let mut provinces = Provinces::start().await.unwrap();
    let mut sender = provinces.camau.system(&["camau"]).await.unwrap();
    let mut commune = provinces.nghean.system(&["nghean.kim-lien"]).await.unwrap();
    for (number, faults) in [
        ("21", &["bad_gateway=1"][..]),
        ("22", &["web_page=1"]),
        ("23", &["empty_answer=1"]),
        ("24", &["lose_answer=1"]),
        ("25", &["drop_answer=0.5", "drop_request=0.5", "duplicate_listing=1", "shuffle_listing=1"]),
        ("26", &["system_error=1", "latency=1", "latency_ms=20"]),
    ] {
        provinces.faults(faults).unwrap();
        let sent = send(&provinces, &mut sender, number, &["nghean.kim-lien"]).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        provinces.faults(&[]).unwrap();
        let received = arrived(&mut commune, number).await;
        let copy = commune.copy_of(&received.name);
        commune.download(&received.attachments[0].payload, &copy).await.unwrap();
        reaches(&mut sender, &sent.name, "nghean.kim-lien", DeliveryStatus::Arrived).await;
        commune.report(&received.name, DeliveryStatus::Done, "").await.unwrap();
        reaches(&mut sender, &sent.name, "nghean.kim-lien", DeliveryStatus::Done).await;
    }
    provinces.restart_axis(Duration::from_millis(300)).await.unwrap();
    send(&provinces, &mut sender, "27", &["nghean.kim-lien"]).await;
    arrived(&mut commune, "27").await;
    // Restarts of both hubs change nothing either.
    for hub in [&mut provinces.camau, &mut provinces.nghean] {
        hub.stop().await.unwrap();
        hub.serve().await.unwrap();
    }
    let mut commune = System::new(provinces.nghean.connect("system-0").await.unwrap(), "nghean.kim-lien");
    let mut numbers = Vec::new();
    for delivery in inbox(&mut commune).await {
        let name = delivery.name.split("/deliveries").next().unwrap_or_default().to_owned();
        numbers.push(document(&mut commune, &name).await.unwrap().number);
    }
    numbers.sort();
    assert_eq!(numbers, ["21", "22", "23", "24", "25", "26", "27"], "each once");
}
