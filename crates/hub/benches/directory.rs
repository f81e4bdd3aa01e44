//! The mirror of a directory of 125,000 agencies: how long a synchronisation over HTTP takes, a lookup and a search, and how much the
//! process grows.
//!
//! `cargo bench -p hub --bench directory`. The sandbox axis runs in a process of its own, so that what grows is the mirror. Figures are
//! those of this machine; nothing is judged here.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark tells its figures, and ends where it cannot go on")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use axis::sandbox::{self, Agency};
use axis::{Endpoint, vxp};
use hub::axis::directory::Mirror;
use hub::running::system_clock;

const AGENCIES: usize = 125_000;
const SECRET: &str = "b1-mat-thu-nghiem";
/// As which argument the benchmark is the axis.
const AXIS: &str = "--be-the-axis";

const BODIES: [&str; 8] = [
    "Sở Tài chính",
    "Sở Nông nghiệp và Môi trường",
    "Văn phòng Đăng ký đất đai",
    "Trung tâm Phục vụ hành chính công",
    "Ủy ban nhân dân xã",
    "Hội đồng nhân dân xã",
    "Trường Trung học phổ thông",
    "Phòng Kinh tế, Hạ tầng và Đô thị",
];
const PLACES: [&str; 12] = [
    "Đất Mũi",
    "Năm Căn",
    "Đầm Dơi",
    "Thới Bình",
    "Hồng Dân",
    "Gành Hào",
    "Vĩnh Châu",
    "Nghi Lộc",
    "Quỳnh Lưu",
    "Sa Pa",
    "Đồng Văn",
    "Cồn Cỏ",
];

/// A root, 63 provinces of the older map with some two thousand agencies each, three levels deep.
fn agencies() -> Vec<Agency> {
    let mut agencies = vec![Agency {
        code: "H12".into(),
        old_code: "000.00.00.H12".into(),
        name: "Ủy ban nhân dân tỉnh 12".into(),
        secret: SECRET.into(),
        ..Agency::default()
    }];
    for number in 0.. {
        if agencies.len() >= AGENCIES {
            break;
        }
        let (province, rest) = (1 + number % 63, number / 63);
        let (department, unit) = (rest % 90, rest / 90);
        let top = format!("H{province:02}");
        let (code, old_code, parent) = match (department, unit) {
            (0, 0) => (top.clone(), format!("000.00.00.{top}"), String::new()),
            (_, 0) => (format!("{top}.{department:02}"), format!("000.00.{department:02}.{top}"), top.clone()),
            _ => (
                format!("{top}.{department:02}.{unit:02}"),
                format!("000.{unit:02}.{department:02}.{top}"),
                format!("{top}.{department:02}"),
            ),
        };
        if code == "H12" {
            continue;
        }
        let name = format!("{} {} số {number}, tỉnh {province}", BODIES[number % BODIES.len()], PLACES[number % PLACES.len()]);
        let mail = format!("vanthu{number}@tinh{province}.example");
        agencies.push(Agency { code, old_code, name, parent, mail, center: top, ..Agency::default() });
    }
    agencies
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|argument| argument == AXIS) {
        runtime.block_on(be_the_axis());
    } else {
        runtime.block_on(measure());
    }
}

async fn be_the_axis() {
    let dir = tempfile::tempdir().unwrap();
    let options = sandbox::Options { agencies: agencies(), ..sandbox::Options::new(dir.path(), system_clock()) };
    let running = sandbox::start(options).await.unwrap();
    println!("{}", running.address);
    // Until the other end of the pipe is closed.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
}

async fn measure() {
    let mut child = Command::new(std::env::current_exe().unwrap()).arg(AXIS).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let endpoint = Endpoint { allow_plain_http: true, ..Endpoint::new(format!("http://{}", address.trim())) };
    let client = vxp::Client::new(vxp::Options::new(endpoint, "H12", SECRET), system_clock()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("directory");
    let clock = system_clock();

    let before = resident();
    let mirror = Mirror::open(path.clone());
    let start = Instant::now();
    mirror.sync(&client, clock()).await.unwrap();
    let first = start.elapsed();
    let peak = peak().saturating_sub(before);
    let status = mirror.status();
    println!("{} agencies, version {}", status.agencies, status.version);
    println!(
        "first synchronisation: {first:.2?}; the process grew by {} MiB, at most {} MiB",
        mib(resident().saturating_sub(before)),
        mib(peak)
    );
    let start = Instant::now();
    mirror.sync(&client, clock()).await.unwrap();
    println!("synchronisation without changes: {:.2?}", start.elapsed());
    println!("after it the process is larger by {} MiB than without a mirror", mib(resident().saturating_sub(before)));
    println!("the file has {} MiB", mib(std::fs::metadata(&path).unwrap().len()));
    let start = Instant::now();
    let again = Mirror::open(path);
    println!("read from the file: {:.2?}", start.elapsed());
    assert_eq!(again.status(), mirror.status());
    drop(again);

    let all = agencies();
    let step = |round: usize| round.wrapping_mul(2_654_435_761) % all.len();
    latency("lookup by code", |round| mirror.lookup(&all[step(round)].code).is_some());
    latency("lookup by older code", |round| mirror.lookup(&all[step(round)].old_code).is_some());
    latency("lookup of nobody", |round| mirror.lookup(&format!("K{}.{round}", 10 + round % 90)).is_none());
    for text in
        ["H12.15", "so tai chinh nam can", "dat mui 41", "ủy ban nhân dân", "u", "số 124999", "dong van sa pa", "uy so", "xa cua ai"]
    {
        let rows = mirror.search(text, 20).len();
        latency(&format!("search `{text}` ({rows} rows)"), |_| mirror.search(text, 20).len() == rows);
    }
    drop(child.stdin.take());
    child.wait().unwrap();
}

/// The median and the slowest of a hundred of a thousand.
fn latency(what: &str, run: impl Fn(usize) -> bool) {
    let mut times: Vec<Duration> = (0..1_000)
        .map(|round| {
            let start = Instant::now();
            assert!(run(round), "{what}");
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("{what}: median {:.1?}, 99 of 100 within {:.1?}", times[500], times[990]);
}

fn resident() -> u64 {
    status_line("VmRSS:")
}

fn peak() -> u64 {
    status_line("VmHWM:")
}

/// Bytes, as Linux tells them of this process.
fn status_line(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}

fn mib(bytes: u64) -> u64 {
    bytes >> 20
}
