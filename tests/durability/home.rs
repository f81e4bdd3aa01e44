//! A home that a process of its own serves, so that it can be killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hub::config::{ByteCount, Config};
use hub::{home, offline, running};
use testkit::system::System;

const HOME: &str = "VANTHU_TEST_HOME";

/// The configuration of homes here: free ports, small segments so that several are written.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.listen.grpc.set_port(0);
    config.listen.metrics.set_port(0);
    config.data.journal_segment = ByteCount(256 << 10);
    config.data.table_cache = ByteCount(16 << 20);
    config.disk.low_mark = ByteCount(0);
    config
}

/// Serves a home until it is killed. Other tests run it as a child process.
#[tokio::test]
#[ignore = "run by other tests as a child process"]
async fn serves_the_home_that_a_test_names() {
    let Some(home) = std::env::var_os(HOME) else { return };
    let hub = running::start(Path::new(&home), config(), running::system_clock()).await.unwrap();
    println!("\nSERVING {}", hub.address);
    let cause = hub.failed().await;
    println!("ENDED {cause}");
    std::process::exit(1);
}

/// A hub in a process of its own.
pub(crate) struct Served {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Served {
    pub(crate) fn start(home: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "home::serves_the_home_that_a_test_names", "--ignored", "--nocapture"])
            .env(HOME, home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Where it serves, once it does; `None` if it ended before.
    pub(crate) fn address(&mut self) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix("SERVING ").map(str::to_owned))
    }

    /// Why it ended.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix("ENDED ").map(str::to_owned))
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A home with a directory and two agency systems, `system-0` of the province and `system-1` of the commune, and nothing served.
pub(crate) struct Prepared {
    _dir: tempfile::TempDir,
    pub(crate) home: PathBuf,
}

pub(crate) const PROVINCE: &str = "camau";
pub(crate) const COMMUNE: &str = "camau.xa";
pub(crate) const DIRECTORY: &str = "\
id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state
camau,province,peoples_committee,,Ủy ban nhân dân tỉnh Cà Mau,,H12,,false,2022-01-01,active
camau.xa,commune,peoples_committee,camau,Ủy ban nhân dân xã,,H12.31,,true,2022-01-01,active
";

impl Prepared {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        Self::at(&home).await;
        Self { _dir: dir, home }
    }

    /// Prepares a home in a directory of the caller's.
    pub(crate) async fn at(home: &Path) {
        home::init(home, &[]).unwrap();
        let hub = running::start(home, config(), running::system_clock()).await.unwrap();
        let address = hub.address.to_string();
        let admin = hub::client::connect(home, &address, home::FIRST_ADMIN).await.unwrap();
        let request = api::v1::ImportDirectoryRequest { agencies_csv: DIRECTORY.into(), ..Default::default() };
        api::v1::agency_service_client::AgencyServiceClient::new(admin.clone()).import_directory(request).await.unwrap();
        for (name, agency) in [("system-0", PROVINCE), ("system-1", COMMUNE)] {
            let id = domain::principal::Id::parse(name).unwrap();
            home::write_identity(&home.join("clients"), &id, &home::issue(home, &id).unwrap()).unwrap();
            let uri = api::v1::credential::Kind::Uri(home::principal_uri(&id));
            let principal = api::v1::Principal {
                display_name: name.into(),
                role: api::v1::Role::AgencySystem.into(),
                agencies: vec![format!("agencies/{agency}")],
                credentials: vec![api::v1::Credential { kind: Some(uri) }],
                ..Default::default()
            };
            let request = api::v1::EnrolPrincipalRequest { principal_id: name.into(), principal: Some(principal) };
            api::v1::principal_service_client::PrincipalServiceClient::new(admin.clone()).enrol_principal(request).await.unwrap();
        }
        hub.stop().await.unwrap();
    }
}

pub(crate) async fn province(home: &Path, address: &str) -> System {
    System::new(hub::client::connect(home, address, "system-0").await.unwrap(), PROVINCE)
}

/// The province's system, if the hub can still be reached.
pub(crate) async fn reach(home: &Path, address: &str) -> Option<System> {
    Some(System::new(hub::client::connect(home, address, "system-0").await.ok()?, PROVINCE))
}

/// An unsigned page as a payload.
pub(crate) fn page(text: &str) -> Vec<u8> {
    testkit::pdf::Draft { title: text.into(), lines: vec![text.into()], pages: 1, padding_bytes: 0 }.build()
}

/// The tables as they are, and as the journal makes them anew, are the same byte for byte.
pub(crate) fn assert_tables_are_the_journals(home: &Path) {
    let as_they_are = offline::rows(home, &config()).unwrap();
    assert!(offline::rebuild(home, &config()).unwrap() > 0);
    let anew = offline::rows(home, &config()).unwrap();
    assert!(as_they_are.len() > 20, "{} rows", as_they_are.len());
    assert_eq!(as_they_are.len(), anew.len());
    for ((key, value), (other_key, other_value)) in as_they_are.iter().zip(&anew) {
        assert_eq!((key, value), (other_key, other_value));
    }
}

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
