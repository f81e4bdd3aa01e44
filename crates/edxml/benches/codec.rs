//! How fast packets are written and read, against what must be done in any case: base64, and SHA-256 over the file.
//!
//! `cargo bench -p edxml`. Ratios are to the limit measured in the same run.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::io::{self, BufReader};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edxml::{InMemory, Limits, Outgoing, Reference, Sink, read, write};
use ring::digest::{Context, SHA256, digest};

/// Takes the digest of each file, as the hub's payload vault does.
struct Digests(Context);

impl Sink for Digests {
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
        Ok(self.0.clone().finish().as_ref().try_into().unwrap())
    }
}

/// The shortest of several runs: what the machine can do when left alone.
fn best(mut run: impl FnMut()) -> Duration {
    let times = (0..15).map(|_| {
        let started = Instant::now();
        run();
        started.elapsed()
    });
    times.min().unwrap()
}

fn main() {
    let sample = include_bytes!("../samples/new.edxml");
    let packet = read(sample.as_slice(), &Limits::default(), &mut InMemory::default()).unwrap().packet;
    println!(
        "{:>10} {:>12} {:>12} {:>12} {:>7} {:>12} {:>12} {:>7}",
        "file", "limit in", "read", "MB/s", "ratio", "limit out", "write", "ratio"
    );
    for size in [10_000, 100_000, 1_000_000, 10_000_000] {
        let content: Vec<u8> = (0..size).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let about = Reference { content_id: "1".into(), name: "a.pdf".into(), ..Reference::default() };
        let written = |out| {
            let mut files = [Outgoing { about: about.clone(), content: content.as_slice(), extra: Vec::new() }];
            write(out, &packet, &mut files).unwrap()
        };
        let bytes = written(Vec::new());
        let text = STANDARD.encode(&content);
        let limit_in = best(|| {
            let decoded = STANDARD.decode(black_box(&text)).unwrap();
            black_box(digest(&SHA256, &decoded));
        });
        let limit_out = best(|| {
            black_box(digest(&SHA256, &content));
            black_box(STANDARD.encode(black_box(&content)));
        });
        let read = best(|| {
            let reader = BufReader::with_capacity(64 * 1024, bytes.as_slice());
            black_box(read(reader, &Limits::default(), &mut Digests(Context::new(&SHA256))).unwrap());
        });
        let write = best(|| {
            black_box(digest(&SHA256, &content));
            black_box(written(Vec::with_capacity(bytes.len())));
        });
        let ratio = |limit: Duration, took: Duration| limit.as_secs_f64() / took.as_secs_f64() * 100.0;
        println!(
            "{size:>10} {limit_in:>12.1?} {read:>12.1?} {:>12.0} {:>5.0} % {limit_out:>12.1?} {write:>12.1?} {:>5.0} %",
            f64::from(size) / read.as_secs_f64() / 1e6,
            ratio(limit_in, read),
            ratio(limit_out, write),
        );
    }
}
