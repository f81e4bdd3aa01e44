//! The hub in its own process, and the way to reach it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use api::v1;
use api::v1::agency_service_client::AgencyServiceClient;
use api::v1::principal_service_client::PrincipalServiceClient;
use api::v1::trust_service_client::TrustServiceClient;
use domain::principal;
use hub::config::{ByteCount, Config};
use hub::{home, running};
use testkit::pki::Pki;
use testkit::system::System;
use time::OffsetDateTime;
use tonic::transport::Channel;

use crate::Outcome;

/// The word that makes this program the hub.
pub(crate) const SERVE: &str = "serve";
/// The one who sends.
pub(crate) const SENDER: &str = "camau";
/// The principal that acts for every agency of the run.
pub(crate) const PRINCIPAL: &str = "load";
/// Recipients in the directory.
pub(crate) const COMMUNES: usize = 20;

/// `sysconf(_SC_CLK_TCK)` is 100 on every Linux that the hub is built for.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of the hub, seconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Processor {
    /// All threads.
    pub(crate) whole: f64,
    /// The desk's thread.
    pub(crate) desk: f64,
}

/// Serves a home until standard input ends, with `VANTHU_` variables laid over the defaults. Tells the address on the first line of
/// standard output.
pub(crate) async fn serve(home: &Path) -> Outcome<()> {
    let mut config = Config::parse("", std::env::vars())?;
    config.listen.grpc.set_port(0);
    config.listen.metrics.set_port(0);
    // The run measures the hub, not its limits.
    config.limits.calls_per_second = 10_000_000;
    config.disk.low_mark = ByteCount(0);
    let hub = running::start(home, config, running::system_clock()).await?;
    println!("{}", hub.address);
    std::io::stdout().flush()?;
    let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        ended = input => { ended??; }
        cause = hub.failed() => return Err(cause.into()),
    }
    Ok(hub.stop().await?)
}

/// A hub that this process started; it ends with this process.
pub(crate) struct HubProcess {
    child: Child,
    home: std::path::PathBuf,
    /// Where it listens.
    pub(crate) address: String,
    /// From the start of the process until it serves.
    pub(crate) start: Duration,
}

impl HubProcess {
    /// Starts a hub over a home.
    pub(crate) fn start(home: &Path) -> Outcome<Self> {
        let begun = Instant::now();
        let mut child = Command::new(std::env::current_exe()?).arg(SERVE).arg(home).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        let output = child.stdout.take().ok_or("the hub has no output")?;
        BufReader::new(output).read_line(&mut address)?;
        let start = begun.elapsed();
        let address = address.trim().to_owned();
        if address.is_empty() {
            return Err(format!("the hub did not start: {}", child.wait()?).into());
        }
        Ok(Self { child, home: home.to_owned(), address, start })
    }

    /// Stops it as SIGTERM would.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the hub ended with {status}").into()) }
    }

    /// Resident memory of the hub, bytes.
    pub(crate) fn resident(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS: not Linux?")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? << 10)
    }

    /// Processor time so far.
    pub(crate) fn processor(&self) -> Outcome<Processor> {
        let mut used = Processor::default();
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = std::fs::read_to_string(task?.path().join("stat"))?;
            let (name, rest) = stat.rsplit_once(')').ok_or("a stat file without a name")?;
            // proc(5): utime and stime are fields 14 and 15; the name is field 2.
            let ticks: u64 = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
            let seconds = ticks as f64 / TICKS_PER_SECOND;
            used.whole += seconds;
            if name.ends_with("(desk") {
                used.desk += seconds;
            }
        }
        Ok(used)
    }

    /// A new connection as that principal.
    pub(crate) async fn connect(&self, name: &str) -> Outcome<Channel> {
        let clients = self.home.join("clients");
        if !clients.join(format!("{name}.pem")).exists() {
            let id = principal::Id::parse(name).map_err(|e| e.to_string())?;
            home::write_identity(&clients, &id, &home::issue(&self.home, &id)?)?;
        }
        Ok(hub::client::connect(&self.home, &self.address, name).await?)
    }

    /// A new connection for an agency.
    pub(crate) async fn system(&self, agency: &str) -> Outcome<System> {
        Ok(System::new(self.connect(PRINCIPAL).await?, agency))
    }

    /// Brings in a province with its communes, a principal that acts for all of them, and a PKI.
    pub(crate) async fn furnish(&self, pki: &Pki) -> Outcome<()> {
        let admin = self.connect(home::FIRST_ADMIN).await?;
        let request = v1::ImportDirectoryRequest { agencies_csv: directory(), ..Default::default() };
        AgencyServiceClient::new(admin.clone()).import_directory(request).await?;

        let id = principal::Id::parse(PRINCIPAL).map_err(|e| e.to_string())?;
        let uri = v1::credential::Kind::Uri(home::principal_uri(&id));
        let agencies = std::iter::once(SENDER.to_owned()).chain((0..COMMUNES).map(commune));
        let principal = v1::Principal {
            display_name: "Load".into(),
            role: v1::Role::AgencySystem.into(),
            agencies: agencies.map(|id| format!("agencies/{id}")).collect(),
            credentials: vec![v1::Credential { kind: Some(uri) }],
            ..Default::default()
        };
        let request = v1::EnrolPrincipalRequest { principal_id: PRINCIPAL.into(), principal: Some(principal) };
        PrincipalServiceClient::new(admin.clone()).enrol_principal(request).await?;

        let now = OffsetDateTime::now_utc();
        let (begin, end) = (now - time::Duration::hours(1), now + time::Duration::days(7));
        let mut trust = TrustServiceClient::new(admin);
        for (kind, der) in [
            (v1::TrustKind::Anchor, pki.root_der().to_vec()),
            (v1::TrustKind::Intermediate, pki.intermediate_der().to_vec()),
            (v1::TrustKind::RevocationList, pki.root_crl(&[], begin, end)?),
            (v1::TrustKind::RevocationList, pki.crl(&[], begin, end)?),
        ] {
            let object = v1::TrustObject { kind: kind.into(), der: der.into(), ..Default::default() };
            trust.add_trust_object(v1::AddTrustObjectRequest { trust_object: Some(object) }).await?;
        }
        Ok(())
    }
}

/// The id of a commune.
pub(crate) fn commune(index: usize) -> String {
    format!("{SENDER}.xa-{index}")
}

fn directory() -> String {
    let mut csv = String::from(
        "id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state\n\
         camau,province,peoples_committee,,Ủy ban nhân dân tỉnh Cà Mau,UBND tỉnh,H12,000.00.00.H12,false,2022-01-01,active\n",
    );
    for index in 0..COMMUNES {
        let (id, code) = (commune(index), index + 1);
        let line = format!(
            "{id},commune,peoples_committee,camau,Ủy ban nhân dân xã {code},Xã {code},H12.{code:02},000.00.{code:02}.H12,true,2022-01-01,active\n"
        );
        csv.push_str(&line);
    }
    csv
}
