//! All faults at once: what a connector has to do with the errors of this crate, so that every document arrives once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axis::sandbox::Faults;
use axis::{Acknowledgement, Axis, Endpoint, Error, Message, Outage};
use common::{endpoint, fetch, outgoing, packet, sandbox};
use edxml::{InMemory, Limits, Packet};

const DOCUMENTS: u32 = 40;

fn notation(number: u32) -> String {
    format!("{number}/UBND-VX")
}

/// Repeats a call that may be repeated, until the axis answers.
async fn stubborn<T>(outages: &mut BTreeMap<&'static str, u32>, mut call: impl AsyncFnMut() -> Result<T, Error>) -> T {
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(error) => *outages.entry(error.outage().map_or("refused by a switch", Outage::name)).or_default() += 1,
        }
    }
}

/// Sends a document once: where nobody knows whether it was taken, the axis is asked before it goes out again.
async fn send_once(axis: &dyn Axis, number: u32, outages: &mut BTreeMap<&'static str, u32>) {
    let outgoing = outgoing(Message::Edoc, "H12", packet("H12", &["H41"], number, 2_000));
    loop {
        let Err(error) = axis.send(&outgoing).await else { return };
        *outages.entry(error.outage().map_or("refused by a switch", Outage::name)).or_default() += 1;
        if error.outage().is_some_and(Outage::is_in_doubt) {
            let sent = stubborn(outages, async || axis.sent(Message::Edoc, None, None).await).await;
            if sent.rows.iter().any(|row| row.notation == notation(number)) {
                return;
            }
        }
    }
}

#[tokio::test]
async fn every_document_arrives_once_whatever_goes_wrong() {
    let often = 0.08;
    let faults = Faults {
        latency: often,
        latency_ms: 20,
        bad_gateway: often,
        web_page: often,
        empty_answer: often,
        missing_status: often,
        unknown_code: often,
        system_error: often,
        drop_request: often,
        drop_answer: often,
        lose_answer: often,
        hang_answer: 0.02,
        duplicate_listing: 0.5,
        shuffle_listing: 0.5,
        // The wire carries what it is told; whom to believe is the connector's to say.
        other_sender: 0.0,
        wrong_secret: 0.02,
        locked_receiver: often,
        unknown_receiver: often,
        oversize: often,
        clock_skew_seconds: 90,
    };
    let (running, _dir) = sandbox(faults).await;
    let endpoint = Endpoint { idle_timeout: Duration::from_millis(400), ..endpoint(running.address) };
    let (sender, receiver) = (common::vxp(endpoint.clone(), "H12"), common::vxp(endpoint, "H41"));
    let mut outages = BTreeMap::new();
    for number in 1..=DOCUMENTS {
        send_once(&sender, number, &mut outages).await;
    }
    assert_eq!(running.counts(), (DOCUMENTS as usize, DOCUMENTS as usize));

    let (mut fetched, mut arrived) = (BTreeSet::new(), BTreeSet::new());
    while running.counts().1 > 0 {
        let listing = stubborn(&mut outages, async || receiver.received(Message::Edoc, None).await).await;
        for row in listing.rows {
            if !fetched.insert(row.doc_id.clone()) {
                continue;
            }
            let bytes = stubborn(&mut outages, async || fetch(&receiver, &row.doc_id).await).await;
            let read = edxml::read(bytes.as_slice(), &Limits::default(), &mut InMemory::default()).unwrap();
            let Packet::Edoc(edoc) = read.packet else { panic!("it is a document") };
            assert_eq!(read.attachments[0].size, 2_000);
            assert!(arrived.insert(edoc.document_id), "it arrived twice");
            stubborn(&mut outages, async || receiver.acknowledge(&row.doc_id, Acknowledgement::Done).await).await;
        }
    }
    assert_eq!(arrived.len(), DOCUMENTS as usize);
    println!("{DOCUMENTS} documents arrived once each, through {outages:?}");
    for expected in ["status", "html", "empty", "missing_status", "unknown_code", "fault", "dropped"] {
        assert!(outages.contains_key(expected), "{expected} did not befall: {outages:?}");
    }
}
