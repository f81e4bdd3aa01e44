//! Rates in one run: the edXML codec beside base64 and SHA-256 alone, and what the sandbox answers by itself.
//!
//! `cargo bench -p axis`. Figures are ratios and rates of this machine; nothing is judged here.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark tells its figures, and ends where it cannot go on")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::io;
use std::time::{Duration, Instant};

use axis::sandbox::Faults;
use axis::{Acknowledgement, Axis, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{digest, endpoint, fetch, outgoing, packet, sandbox};
use edxml::{Limits, Outgoing, Packet, Reference, Sink};
use ring::digest::{Context, SHA256};

const MB: f64 = 1_000_000.0;

/// Hashes files as the payload vault does, and keeps nothing.
struct Hashing(Context);

impl Sink for Hashing {
    type Stored = [u8; 32];

    fn begin(&mut self) -> io::Result<()> {
        self.0 = Context::new(&SHA256);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.update(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<[u8; 32]> {
        let digest = std::mem::replace(&mut self.0, Context::new(&SHA256)).finish();
        digest.as_ref().try_into().map_err(io::Error::other)
    }
}

/// Bytes that come through a buffer, as those of a file do: no reader sees more of them at a time.
struct Unseen<'a>(&'a [u8]);

impl io::Read for Unseen<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// The best of some runs: what the machine can do when nobody disturbs it.
fn best(mut run: impl FnMut()) -> Duration {
    (0..7)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .unwrap()
}

fn codec(bytes: usize) {
    let file: Vec<u8> = (0..bytes).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let text = STANDARD.encode(&file);
    let whole = packet("H12", &["H41"], 1, bytes);
    let mut decoded = vec![0; bytes + 3];
    let limit_read = best(|| {
        let length = STANDARD.decode_slice(&text, &mut decoded).unwrap();
        assert_ne!(digest(&decoded[..length]), digest(b""));
    });
    let read = best(|| {
        edxml::read(whole.as_slice(), &Limits::default(), &mut Hashing(Context::new(&SHA256))).unwrap();
    });
    let buffered = best(|| {
        let packet = io::BufReader::with_capacity(64 * 1024, Unseen(&whole));
        edxml::read(packet, &Limits::default(), &mut Hashing(Context::new(&SHA256))).unwrap();
    });
    let mut encoded = String::with_capacity(text.len());
    let limit_write = best(|| {
        encoded.clear();
        STANDARD.encode_string(&file, &mut encoded);
    });
    let Packet::Edoc(edoc) = edxml::read(whole.as_slice(), &Limits::default(), &mut Hashing(Context::new(&SHA256))).unwrap().packet else {
        panic!("it is a document")
    };
    let document = Packet::Edoc(edoc);
    let write = best(|| {
        let about = Reference { content_id: "1".into(), name: "a.pdf".into(), ..Reference::default() };
        let mut files = [Outgoing { about, content: file.as_slice(), extra: vec![] }];
        edxml::write(Vec::with_capacity(whole.len() + 1_000), &document, &mut files).unwrap();
    });
    let rate = |time: Duration| bytes as f64 / MB / time.as_secs_f64();
    println!(
        "codec, {:>5.2} MB: read from memory {:>4.0} MB/s, {:>3.0} %, by 64 KiB {:>4.0} MB/s, {:>3.0} % of base64 and SHA-256 alone ({:.0} MB/s); \
         write {:>5.0} MB/s, {:>3.0} % of base64 alone ({:.0} MB/s)",
        bytes as f64 / MB,
        rate(read),
        100.0 * limit_read.as_secs_f64() / read.as_secs_f64(),
        rate(buffered),
        100.0 * limit_read.as_secs_f64() / buffered.as_secs_f64(),
        rate(limit_read),
        rate(write),
        100.0 * limit_write.as_secs_f64() / write.as_secs_f64(),
        rate(limit_write),
    );
}

/// A packet's whole life, by so many at a time: sent, listed with the others, fetched, acknowledged.
async fn echo(at_a_time: u32, packets: u32, bytes: usize) {
    let (running, _dir) = sandbox(Faults::default()).await;
    let start = Instant::now();
    let senders = (0..at_a_time).map(|one| {
        let client = common::vxp(endpoint(running.address), "H12");
        tokio::spawn(async move {
            for number in (one..packets).step_by(at_a_time as usize) {
                client.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], number, bytes))).await.unwrap();
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
    let sent = start.elapsed();
    let receiver = common::vxp(endpoint(running.address), "H41");
    let waiting: Vec<String> = receiver.received(Message::Edoc, None).await.unwrap().rows.into_iter().map(|row| row.doc_id).collect();
    assert_eq!(waiting.len(), packets as usize);
    let start = Instant::now();
    let receivers = (0..at_a_time as usize).map(|one| {
        let client = common::vxp(endpoint(running.address), "H41");
        let mine: Vec<String> = waiting.iter().skip(one).step_by(at_a_time as usize).cloned().collect();
        tokio::spawn(async move {
            for doc_id in mine {
                fetch(&client, &doc_id).await.unwrap();
                client.acknowledge(&doc_id, Acknowledgement::Done).await.unwrap();
            }
        })
    });
    for receiver in receivers.collect::<Vec<_>>() {
        receiver.await.unwrap();
    }
    let rate = |time: Duration| f64::from(packets) / time.as_secs_f64();
    println!(
        "sandbox, {bytes:>8} bytes, {at_a_time:>2} at a time: {:>5.0} packets/s sent, {:>5.0} packets/s fetched and acknowledged",
        rate(sent),
        rate(start.elapsed())
    );
}

fn main() {
    for bytes in [10_000, 1_000_000, 10_000_000] {
        codec(bytes);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (at_a_time, packets, bytes) in [(1, 200, 3_000), (16, 1_600, 3_000), (4, 20, 10_000_000)] {
        runtime.block_on(echo(at_a_time, packets, bytes));
    }
}
