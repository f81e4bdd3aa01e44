//! A large packet goes out and comes in piece by piece: the client and the sandbox together take little more memory than for a small one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axis::sandbox::Faults;
use axis::vxp::{self, FetchBy};
use axis::{Axis, Message, Outgoing, Pieces, Source};
use common::{SECRET, clock, digest, endpoint, lgsp, packet, sandbox};
use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{StreamExt as _, TryStreamExt as _};

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A file; while it is read, the most memory seen is kept.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    peak: Arc<AtomicU64>,
}

impl Source for Watched {
    fn open(&self) -> BoxFuture<'_, io::Result<Pieces>> {
        async move {
            let peak = Arc::clone(&self.peak);
            let pieces = self.path.open().await?;
            Ok(pieces.inspect(move |_| _ = peak.fetch_max(resident(), Ordering::Relaxed)).boxed())
        }
        .boxed()
    }
}

/// Sends the file and fetches it again; returns the bytes that came and the most memory seen on the way.
async fn round(sender: &dyn Axis, receiver: &dyn Axis, outgoing: &Outgoing, watched: &AtomicU64) -> (u64, u64) {
    watched.store(resident(), Ordering::Relaxed);
    sender.send(outgoing).await.unwrap();
    let mut peak = watched.load(Ordering::Relaxed).max(resident());
    let waiting = receiver.received(Message::Edoc, None).await.unwrap();
    let doc_id = &waiting.rows.last().unwrap().doc_id;
    let mut stream = receiver.fetch(doc_id).await.unwrap();
    let mut length = 0;
    while let Some(piece) = stream.try_next().await.unwrap() {
        if length / (1 << 20) != (length + piece.len() as u64) / (1 << 20) {
            peak = peak.max(resident());
        }
        length += piece.len() as u64;
    }
    (length, peak)
}

#[tokio::test]
async fn memory_does_not_grow_with_the_packet() {
    const FILE: usize = 12_000_000;
    let peak = Arc::new(AtomicU64::new(0));
    let (running, dir) = sandbox(Faults::default()).await;
    let outgoing = |name: &str, number: u32, bytes: usize| {
        let packet = packet("H12", &["H41"], number, bytes);
        let path = dir.path().join(name);
        std::fs::write(&path, &packet).unwrap();
        let (length, digest) = (packet.len() as u64, digest(&packet));
        let source = Arc::new(Watched { path, peak: Arc::clone(&peak) });
        Outgoing { message: Message::Edoc, from: "H12".into(), to: vec![], receivers: vec![], length, digest, source }
    };
    let (small, large) = (outgoing("small", 1, 1_000), outgoing("large", 2, FILE));
    let vxp = |code: &str, fetch_by| {
        let options = vxp::Options { fetch_by, ..vxp::Options::new(endpoint(running.address), code, SECRET) };
        vxp::Client::new(options, clock()).unwrap()
    };
    let sender = vxp("H12", FetchBy::Either);
    let receivers: [(&str, Box<dyn Axis>); 3] = [
        ("downloadEdoc", Box::new(vxp("H41", FetchBy::DownloadEdoc))),
        ("getEdoc", Box::new(vxp("H41", FetchBy::GetEdoc))),
        ("LGSP", Box::new(lgsp(endpoint(running.address), "H41"))),
    ];
    for (name, receiver) in receivers {
        let (length, before) = round(&sender, receiver.as_ref(), &small, &peak).await;
        let hop = length - small.length;
        let (length, most) = round(&sender, receiver.as_ref(), &large, &peak).await;
        assert_eq!(length, large.length + hop);
        let growth = most.saturating_sub(before);
        println!("{name}: a packet of {} bytes took {growth} KiB more than one of {}", large.length, small.length);
        // A quarter of the packet: what buffers, threads and the allocator's habits may take.
        assert!(growth < 4 * 1024, "{name}: {growth} KiB");
    }
}
