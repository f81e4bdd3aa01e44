//! Hubs and the axis as processes of their own, so that they can be killed. Each is this test binary again.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use axis::sandbox::{self, Faults};
use hub::config::{AxisSettings, ByteCount, Config, Span};
use hub::running::{self, system_clock};
use testkit::provinces::{CONNECTION, agencies};

const HOME: &str = "VANTHU_TEST_HOME";
const AXIS: &str = "VANTHU_TEST_AXIS";
const CODE: &str = "VANTHU_TEST_CODE";
const DIR: &str = "VANTHU_TEST_DIR";
const FAULTS: &str = "VANTHU_TEST_FAULTS";
const LISTEN: &str = "VANTHU_TEST_LISTEN";

/// The configuration of a hub that is killed now and then: short waits, so that the test need not wait.
pub(crate) fn config(home: &Path, axis: SocketAddr, code: &str) -> Config {
    let span = |millis| Span(Duration::from_millis(millis));
    let mut config = Config::default();
    config.listen.grpc.set_port(0);
    config.listen.metrics.set_port(0);
    config.data.journal_segment = ByteCount(4 << 20);
    config.data.table_cache = ByteCount(16 << 20);
    config.disk.low_mark = ByteCount(0);
    let settings = AxisSettings {
        endpoint: format!("http://{axis}"),
        allow_plain_http: true,
        system_id: code.into(),
        secret_file: home.join("axis.secret"),
        poll: span(200),
        retry: span(200),
        retry_most: span(1_000),
        timeout: span(2_000),
        packets_per_second: 100_000,
        connections: 8,
        ..AxisSettings::default()
    };
    config.axis.insert(CONNECTION.into(), settings);
    config
}

/// Serves a hub until it is killed.
#[tokio::test]
#[ignore = "run by other tests as a child process"]
async fn serves_a_hub() {
    let (Some(home), Ok(axis), Ok(code)) = (std::env::var_os(HOME), std::env::var(AXIS), std::env::var(CODE)) else { return };
    let home = PathBuf::from(home);
    let hub = running::start(&home, config(&home, axis.parse().unwrap(), &code), system_clock()).await.unwrap();
    println!("\nSERVING {}", hub.address);
    eprintln!("{}", hub.failed().await);
    std::process::exit(1);
}

/// Serves the axis until it is killed.
#[tokio::test]
#[ignore = "run by other tests as a child process"]
async fn serves_the_axis() {
    let (Some(dir), Ok(listen), Ok(faults)) = (std::env::var_os(DIR), std::env::var(LISTEN), std::env::var(FAULTS)) else { return };
    let faults = faults.split_whitespace().fold(Faults::default(), |faults, fault| faults.with(fault).unwrap());
    let seed = std::process::id().into();
    let options = sandbox::Options { agencies: agencies(), faults, seed, ..sandbox::Options::new(dir, system_clock()) };
    let options = sandbox::Options { listen: listen.parse().unwrap(), ..options };
    let axis = loop {
        // The port of the axis before may take a moment to come free.
        match sandbox::start(options.clone()).await {
            Ok(axis) => break axis,
            Err(error) if error.to_string().contains("in use") => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    };
    println!("\nSERVING {}", axis.address);
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        println!("WAITING {}", axis.counts().1);
    }
}

/// A process that serves, until it is dropped or killed.
pub(crate) struct Process {
    child: Child,
    lines: Option<Lines<BufReader<ChildStdout>>>,
    pub(crate) address: String,
}

impl Process {
    fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix("SERVING ").map(str::to_owned));
        Self { child, lines: Some(lines), address: address.expect("a process that was killed starts again") }
    }

    pub(crate) fn hub(home: &Path, axis: &str, code: &str) -> Self {
        Self::start("process::serves_a_hub", &[(HOME, &home.to_string_lossy()), (AXIS, axis), (CODE, code)])
    }

    /// The axis; how many items wait there is told to `waiting` again and again.
    pub(crate) fn axis(dir: &Path, listen: &str, faults: &str, waiting: impl Fn(u64) + Send + 'static) -> Self {
        let mut this = Self::start("process::serves_the_axis", &[(DIR, &dir.to_string_lossy()), (LISTEN, listen), (FAULTS, faults)]);
        if let Some(lines) = this.lines.take() {
            std::thread::spawn(move || {
                for line in lines.map_while(Result::ok) {
                    if let Some(count) = line.strip_prefix("WAITING ").and_then(|count| count.parse().ok()) {
                        waiting(count);
                    }
                }
            });
        }
        this
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
