//! What a connector carries over an axis, beside what the axis itself carries for clients that do nothing with it.
//!
//! `cargo bench -p testkit --bench connector`: small documents from one hub's outbox to another hub's inbox, as a share of the
//! rate at which bare clients hand packets of the same size over, fetch and acknowledge them at the same sandbox; and the memory
//! that a large document takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use api::v1;
use axis::{Acknowledgement, Axis, Endpoint, Message, Outgoing, vxp};
use bytes::Bytes;
use domain::digest::Digest;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use hub::config::{ByteCount, Span};
use hub::running::system_clock;
use testkit::provinces::{CONNECTION, Provinces, SECRET};
use testkit::system::{System, to_agency};

type Failure = Box<dyn std::error::Error>;

const DOCUMENTS: usize = 1_500;
/// Calls at a time, of the connectors and of the bare clients.
const CONNECTIONS: usize = 8;

fn main() -> Result<(), Failure> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let provinces = Provinces::start_with(|config| {
            if let Some(settings) = config.axis.get_mut(CONNECTION) {
                settings.connections = CONNECTIONS;
                settings.packets_per_second = 100_000;
                settings.poll = Span(Duration::from_millis(100));
                settings.packet = ByteCount(128 << 20);
            }
        })
        .await?;
        let bare = echo(&provinces, DOCUMENTS).await?;
        println!("bare clients: {bare:.0} packets/s sent, fetched and acknowledged, {CONNECTIONS} calls at a time");
        let (queued, carried) = carry(&provinces, DOCUMENTS).await?;
        println!("two hubs:     {carried:.0} documents/s from outbox to inbox ({:.0} % of it; wanted: 60 %)", 100.0 * carried / bare);
        println!("              {queued:.0} documents/s into the outbox while the axis was away");
        for megabytes in [1, 40] {
            let peak = large(&provinces, megabytes).await?;
            println!("a document of {megabytes:2} MB: both hubs, the axis and the client together at most {peak} MiB");
        }
        Ok(())
    })
}

/// Packets per second by clients that do nothing with them.
async fn echo(provinces: &Provinces, count: usize) -> Result<f64, Failure> {
    let endpoint =
        Endpoint { allow_plain_http: true, connections: CONNECTIONS, ..Endpoint::new(format!("http://{}", provinces.axis()?.address)) };
    let client = |code: &str| vxp::Client::new(vxp::Options::new(endpoint.clone(), code, SECRET), system_clock());
    let (sender, receiver) = (client("H12")?, client("G12")?);
    let begun = Instant::now();
    let sent = AtomicUsize::new(0);
    let sending = async {
        stream::iter(0..count)
            .map(|number| {
                let packet = packet(number);
                let (sender, sent) = (&sender, &sent);
                async move {
                    sender.send(&packet?).await?;
                    sent.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, Failure>(())
                }
            })
            .buffer_unordered(CONNECTIONS)
            .try_collect::<Vec<()>>()
            .await
    };
    let receiving = async {
        let mut received = 0;
        while received < count {
            let rows = receiver.received(Message::Edoc, None).await?.rows;
            received += rows.len();
            stream::iter(rows)
                .map(|row| {
                    let receiver = &receiver;
                    async move {
                        let pieces = receiver.fetch(&row.doc_id).await?;
                        pieces.try_collect::<Vec<Bytes>>().await?;
                        receiver.acknowledge(&row.doc_id, Acknowledgement::Done).await?;
                        Ok::<_, Failure>(())
                    }
                })
                .buffer_unordered(CONNECTIONS)
                .try_collect::<Vec<()>>()
                .await?;
        }
        Ok::<_, Failure>(())
    };
    let (sent, received) = tokio::join!(sending, receiving);
    sent?;
    received?;
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// A packet as small as those of the hubs.
fn packet(number: usize) -> Result<Outgoing, Failure> {
    let organ = |code: &str| edxml::Organ { organ_id: code.into(), organ_name: format!("Đơn vị {code}"), ..edxml::Organ::default() };
    let edoc = edxml::Edoc {
        from: organ("H12"),
        to: vec![organ("G12")],
        document_id: format!("H12,2026/01/15,{number}/UBND-VX"),
        code: edxml::Code { number: number.to_string(), notation: "UBND-VX".into(), extra: vec![] },
        promulgation_date: "2026-01-15".parse().ok(),
        subject: format!("V/v đo đạc số {number}"),
        ..edxml::Edoc::default()
    };
    let page = page(number);
    let about = edxml::Reference {
        content_id: "1".into(),
        content_type: "application/pdf".into(),
        name: "van-ban.pdf".into(),
        ..edxml::Reference::default()
    };
    let mut files = [edxml::Outgoing { about, content: page.as_slice(), extra: vec![] }];
    let bytes = edxml::write(Vec::new(), &edxml::Packet::Edoc(Box::new(edoc)), &mut files)?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    Ok(Outgoing {
        message: Message::Edoc,
        from: "H12".into(),
        to: vec![],
        receivers: vec![],
        length: bytes.len() as u64,
        digest: Digest::try_from(digest.as_ref())?,
        source: Arc::new(Bytes::from(bytes)),
    })
}

fn page(number: usize) -> Vec<u8> {
    testkit::pdf::Draft { title: format!("Van ban {number}"), lines: vec![], pages: 1, padding_bytes: 0 }.build()
}

/// Documents per second into the outbox, and from there into the inbox at the other hub.
async fn carry(provinces: &Provinces, count: usize) -> Result<(f64, f64), Failure> {
    let mut sender = provinces.camau.system(&["camau"]).await?;
    let mut receiver = provinces.nghean.system(&["nghean"]).await?;
    let payload = sender.upload(&page(0)).await?;
    // As if the axis were away: everything is in the outbox before anything goes.
    provinces.faults(&["bad_gateway=1"])?;
    let begun = Instant::now();
    for number in 1..=count {
        let letter = sender.letter(&number.to_string(), "V/v đo đạc", &payload);
        sender.submit(letter, vec![to_agency("nghean")]).await?;
    }
    let queued = count as f64 / begun.elapsed().as_secs_f64();
    provinces.faults(&[])?;
    let begun = Instant::now();
    while received(&mut receiver).await? < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok((queued, count as f64 / begun.elapsed().as_secs_f64()))
}

async fn received(system: &mut System) -> Result<usize, Failure> {
    let mut request = v1::ListDeliveriesRequest { agency: system.agency.clone(), page_size: 1_000, ..Default::default() };
    let mut count = 0;
    loop {
        let page = system.deliveries.list_deliveries(request.clone()).await?.into_inner();
        count += page.deliveries.len();
        if page.next_page_token.is_empty() {
            return Ok(count);
        }
        request.page_token = page.next_page_token;
    }
}

/// The peak of this process's memory while a document of so many megabytes goes from hub to hub, in MiB.
async fn large(provinces: &Provinces, megabytes: usize) -> Result<u64, Failure> {
    let mut sender = provinces.camau.system(&["camau"]).await?;
    let mut receiver = provinces.nghean.system(&["nghean"]).await?;
    let before = received(&mut receiver).await?;
    let number = format!("9{megabytes}");
    let payload = {
        let page = testkit::pdf::Draft { title: number.clone(), lines: vec![], pages: 1, padding_bytes: megabytes * 1_000_000 }.build();
        sender.upload(&page).await?
    };
    // Linux: what was the highest until now is forgotten.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let letter = sender.letter(&number, "V/v tệp lớn", &payload);
    sender.submit(letter, vec![to_agency("nghean")]).await?;
    while received(&mut receiver).await? == before {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    Ok(peak.unwrap_or_default() / 1_024)
}
