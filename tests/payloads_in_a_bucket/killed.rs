//! kill -9 of a hub whose payloads lie in a bucket: what was acknowledged is there; and what a large transfer holds in memory.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use api::v1;
use hub::config::Config;
use hub::running;
use testkit::system::System;

use crate::bucket::Bucket;
use crate::stored::rate;
use crate::{PROVINCE, bytes, hub, object_of};

const HOME: &str = "VANTHU_TEST_HOME";

/// Serves a home until it is killed. Other tests run it as a child process.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by other tests as a child process"]
async fn serves_the_home_that_a_test_names() {
    let Some(home) = std::env::var_os(HOME).map(std::path::PathBuf::from) else { return };
    let config = Config::load(&home.join(hub::home::CONFIG_FILE), std::env::vars()).unwrap();
    let hub = running::start(&home, config, running::system_clock()).await.unwrap();
    println!("\nSERVING {}", hub.address);
    hub.failed().await;
    std::process::exit(1);
}

/// A hub in a process of its own, by the configuration file of its home.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(home: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::serves_the_home_that_a_test_names", "--ignored", "--nocapture"])
            .env(HOME, home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("SERVING ").map(str::to_owned)).expect("it serves");
        Self { child, address }
    }

    async fn province(&self, home: &Path) -> System {
        System::new(hub::client::connect(home, &self.address, "system-0").await.unwrap(), PROVINCE)
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The most memory that was resident so far, in MiB.
    fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A home with a directory and one agency system, whose configuration names the bucket, and nothing served.
async fn home(bucket: &Bucket) -> testkit::hub_box::HubBox {
    let mut prepared = hub(bucket.s3()).await.unwrap();
    prepared.system(&[PROVINCE]).await.unwrap();
    prepared.stop().await.unwrap();
    let text = format!(
        "[listen]\ngrpc = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\n[disk]\nlow_mark = \"0 B\"\n[data]\n\
         journal_segment = \"4 MiB\"\n{}",
        bucket.section()
    );
    std::fs::write(prepared.home().join(hub::home::CONFIG_FILE), text).unwrap();
    prepared
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server"]
async fn what_was_acknowledged_is_there_after_the_hub_is_killed() {
    let Some(bucket) = Bucket::start() else { return };
    let home = home(&bucket).await;
    let home = home.home();
    let mut acknowledged = Vec::new();
    for (round, length) in [100 << 10, 12 << 20, 9 << 20].into_iter().enumerate() {
        let mut served = Served::start(home);
        let mut province = served.province(home).await;
        let content = bytes(10 + round as u64, length);
        acknowledged.push((province.upload(&content).await.unwrap(), content));
        // One more is under way when the kill comes: complete, and perhaps half sent to the bucket.
        let broken = bytes(20 + round as u64, 12 << 20);
        let upload = province.start_upload(&broken).await.unwrap();
        province.write_upload(&upload.name, 0, &broken).await.unwrap();
        let request = v1::FinishUploadRequest { name: upload.name.clone() };
        let finishing = tokio::spawn({
            let mut payloads = province.payloads.clone();
            let request = request.clone();
            async move { payloads.finish_upload(request).await }
        });
        tokio::time::sleep(std::time::Duration::from_millis(40 * round as u64)).await;
        served.kill();
        println!("round {round}: killed while an upload was finished; it was answered: {}", finishing.await.unwrap().is_ok());

        let mut served = Served::start(home);
        let mut province = served.province(home).await;
        let payload = province.payloads.finish_upload(request).await.unwrap().into_inner();
        acknowledged.push((payload.name, broken));
        for (name, content) in &acknowledged {
            assert!(province.download(name, "").await.unwrap() == *content);
        }
        served.kill();
    }
    let mut expected: Vec<_> = acknowledged.iter().map(|(_, content)| (object_of(content), content.len() as u64)).collect();
    expected.sort();
    let found: Vec<_> = bucket.objects().into_iter().filter(|(name, _)| name.starts_with("ca-mau/")).collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server, and moves 200 MiB"]
async fn two_hundred_mebibytes_pass_through_without_being_held() {
    let Some(bucket) = Bucket::start() else { return };
    let home = home(&bucket).await;
    let home = home.home();
    let served = Served::start(home);
    let mut province = served.province(home).await;
    let content = bytes(30, 200 << 20);
    let before = served.peak_mib();
    let upload = province.start_upload(&content).await.unwrap();
    province.write_upload(&upload.name, 0, &content).await.unwrap();
    let begun = Instant::now();
    let payload = province.payloads.finish_upload(v1::FinishUploadRequest { name: upload.name }).await.unwrap().into_inner();
    let sent = begun.elapsed();
    let begun = Instant::now();
    assert!(province.download(&payload.name, "").await.unwrap() == content);
    let (sent, read) = (rate(content.len(), sent), rate(content.len(), begun.elapsed()));
    let peak = served.peak_mib();
    println!("200 MiB to the bucket {sent}, read back {read}; at most {before} MiB resident before, {peak} MiB after");
    assert!(peak < before + 100, "{before} MiB before, {peak} MiB after");
}
