//! The sandbox as a process of its own: killed between taking and answering; a directory of 125,000 agencies in bounded memory.
//!
//! The process is this test binary again, with a name of its own in the environment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axis::sandbox::{self, Agency, Faults};
use axis::{Acknowledgement, Axis, Directory, Endpoint, Error, Message, Outage};
use common::{endpoint, fetch, options, outgoing, packet};
use futures::TryStreamExt as _;

const DIR: &str = "AXIS_SANDBOX_OF_TEST";
const FAULTS: &str = "AXIS_SANDBOX_FAULTS";
const AGENCIES: &str = "AXIS_SANDBOX_AGENCIES";

/// Not a test: the process that the tests kill.
#[test]
fn serves_where_a_test_asks_for_it() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut options = options(Path::new(&dir));
        options.faults = Faults::default().with(&std::env::var(FAULTS).unwrap()).unwrap();
        let more: usize = std::env::var(AGENCIES).unwrap().parse().unwrap();
        options.agencies.extend((0..more).map(|number| Agency {
            code: format!("G{:02}.{}.{}", number % 100, number / 100 % 100, number),
            old_code: format!("{:03}.{:02}.{:02}.X{number}", number % 1_000, number % 100, number % 100),
            name: format!("Ủy ban nhân dân xã Ví Dụ Số {number}, tỉnh Cà Mau"),
            mail: format!("xa{number}@camau.example"),
            parent: "H12".into(),
            center: "H12".into(),
            ..Agency::default()
        }));
        let running = sandbox::start(options).await.unwrap();
        println!("\nserves {}", running.address);
        std::future::pending::<()>().await;
    });
}

struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(dir: &Path, faults: &str, agencies: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "serves_where_a_test_asks_for_it", "--nocapture", "--test-threads=1"]);
        command.env(DIR, dir).env(FAULTS, faults).env(AGENCIES, agencies.to_string());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("serves ").map(str::to_owned)).unwrap();
        Self { child, address }
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn at(process: &Process) -> Endpoint {
    Endpoint { idle_timeout: Duration::from_secs(5), ..endpoint(&process.address) }
}

#[tokio::test]
async fn what_was_taken_before_a_kill_is_there_after_it_whether_the_sender_heard_of_it_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let first = Process::start(dir.path(), "hang_answer=0", 0);
    let document = packet("H12", &["H41", "H41.7"], 1, 100_000);
    let heard = common::vxp(at(&first), "H12").send(&outgoing(Message::Edoc, "H12", document.clone())).await.unwrap();
    first.kill();

    // Taken, and the answer withheld until the kill.
    let second = Process::start(dir.path(), "hang_answer=1", 0);
    let (sender, receiver) = (common::vxp(at(&second), "H12"), common::vxp(at(&second), "H41"));
    let unheard = outgoing(Message::Edoc, "H12", packet("H12", &["H41"], 2, 100_000));
    let sending = tokio::spawn(async move { sender.send(&unheard).await });
    while receiver.count(Message::Edoc).await.unwrap() < 3 {
        tokio::task::yield_now().await;
    }
    second.kill();
    let lost = sending.await.unwrap().unwrap_err();
    assert!(matches!(lost.outage(), Some(Outage::Dropped(_))), "{lost:?}");

    let third = Process::start(dir.path(), "hang_answer=0", 0);
    let (sender, receiver) = (common::vxp(at(&third), "H12"), common::vxp(at(&third), "H41"));
    let listing = receiver.received(Message::Edoc, None).await.unwrap();
    assert_eq!(listing.rows.len(), 3);
    for row in &listing.rows {
        let bytes = fetch(&receiver, &row.doc_id).await.unwrap();
        edxml::read(bytes.as_slice(), &edxml::Limits::default(), &mut edxml::InMemory::default()).unwrap();
        receiver.acknowledge(&row.doc_id, Acknowledgement::Done).await.unwrap();
    }
    // The sender that heard nothing finds its packet by number and notation before it sends again.
    let sent = sender.sent(Message::Edoc, None, None).await.unwrap();
    assert_eq!(sent.rows.iter().map(|row| row.notation.as_str()).collect::<Vec<_>>(), ["1/UBND-VX", "1/UBND-VX", "2/UBND-VX"]);
    assert_eq!(sent.rows[0].sender_doc_id, heard);
    third.kill();

    let fourth = Process::start(dir.path(), "hang_answer=0", 0);
    assert_eq!(common::vxp(at(&fourth), "H41").count(Message::Edoc).await, Ok(0));
}

#[tokio::test]
async fn kills_in_the_middle_of_many_sendings_lose_nothing_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    for round in 0..4_u32 {
        let process = Process::start(dir.path(), "hang_answer=0", 0);
        // The kill falls somewhere into what follows the last of these answers.
        let (answers, enough) = (Arc::new(AtomicU32::new(0)), 10 + round * 7);
        let senders = (0..3_u32).map(|sender| {
            let (client, answers) = (common::vxp(at(&process), "H12"), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut answered = Vec::new();
                for number in 0.. {
                    let number = round * 1_000_000 + sender * 100_000 + number + 1;
                    match client.send(&outgoing(Message::Edoc, "H12", packet("H12", &["H41"], number, 3_000))).await {
                        Ok(doc_id) => {
                            answered.push((doc_id, format!("{number}/UBND-VX")));
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(Error::Retriable { .. }) => return answered,
                        Err(error) => panic!("{error}"),
                    }
                }
                answered
            })
        });
        let senders: Vec<_> = senders.collect();
        while answers.load(Ordering::Relaxed) < enough {
            tokio::task::yield_now().await;
        }
        process.kill();
        for sender in senders {
            answered.extend(sender.await.unwrap());
        }
    }
    let process = Process::start(dir.path(), "hang_answer=0", 0);
    let sent = common::vxp(at(&process), "H12").sent(Message::Edoc, None, None).await.unwrap();
    let there: std::collections::HashMap<&str, &str> =
        sent.rows.iter().map(|row| (row.sender_doc_id.as_str(), row.notation.as_str())).collect();
    for (doc_id, notation) in &answered {
        assert_eq!(there.get(doc_id.as_str()), Some(&notation.as_str()));
    }
    assert_eq!(there.len(), sent.rows.len(), "an id was given twice");
    println!("{} packets were answered in 4 lives, {} are there", answered.len(), sent.rows.len());
    assert!(answered.len() >= 10 + 17 + 24 + 31);
    // One more than answered per sender and life at most: taken, and not heard of.
    assert!(sent.rows.len() <= answered.len() + 12);
}

/// A figure of this process in KiB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_directory_of_125_000_agencies_is_read_row_by_row() {
    const AGENCIES_OF_THE_COUNTRY: usize = 125_000;
    let dir = tempfile::tempdir().unwrap();
    let process = Process::start(dir.path(), "hang_answer=0", AGENCIES_OF_THE_COUNTRY);
    let client = common::vxp(at(&process), "H12");
    let (before, started) = (memory("VmRSS"), Instant::now());
    let mut rows = client.directory(Directory::Changes { after: 0 }).await.unwrap();
    let (mut count, mut newest, mut bytes, mut peak) = (0, 0, 0, before);
    while let Some(row) = rows.try_next().await.unwrap() {
        count += 1;
        newest = newest.max(row.version);
        bytes += row.name.len() + row.code.len() + row.old_code.len() + row.mail.len();
        if count % 5_000 == 0 {
            peak = peak.max(memory("VmRSS"));
        }
    }
    let (taken, growth) = (started.elapsed(), peak - before);
    println!("{count} agencies ({bytes} bytes of texts) in {taken:?}, {growth} KiB more resident");
    assert_eq!(count, AGENCIES_OF_THE_COUNTRY + common::agencies().len());
    assert_eq!(newest, count as u64);
    // The rows alone are more than 20 MB of JSON; the other tests of this file run beside this one.
    assert!(growth < 16 * 1024, "{growth} KiB");
    assert!(taken < Duration::from_secs(60));
    // Nothing has changed since: nothing comes.
    let none: Vec<_> = client.directory(Directory::Changes { after: newest }).await.unwrap().try_collect().await.unwrap();
    assert_eq!(none, []);
}
