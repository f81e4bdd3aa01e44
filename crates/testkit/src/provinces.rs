//! Two provinces, each with a hub of its own, and a sandbox axis between them; a ministry on the axis has no hub.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use api::v1;
use api::v1::axis_service_client::AxisServiceClient;
use axis::sandbox::{self, Agency, Faults};
use hub::config::Config;
use hub::running::system_clock;
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::hub_box::{Centre, Error, HubBox};
use crate::pdf::{Draft, SignOptions, sign};
use crate::pki::{KeyKind, Pki, Signer, SignerKind, SignerRequest};

/// The agencies of both provinces and a ministry: to each hub some of them are its own, and the rest is reached over the axis.
pub const DIRECTORY: &str = "\
id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state
bo-tai-chinh,central,ministry,,Bộ Tài chính,BTC,G12,000.00.00.G12,false,2022-01-01,active
camau,province,peoples_committee,,Ủy ban nhân dân tỉnh Cà Mau,UBND tỉnh Cà Mau,H12,000.00.00.H12,false,2022-01-01,active
camau.so,province,department,camau,Sở Tài chính tỉnh Cà Mau,Sở TC Cà Mau,H12.15,000.00.15.H12,false,2022-01-01,active
camau.tan-an,commune,peoples_committee,camau,Ủy ban nhân dân xã Tân Ân,Xã Tân Ân,H12.31,000.00.31.H12,false,2022-01-01,active
nghean,province,peoples_committee,,Ủy ban nhân dân tỉnh Nghệ An,UBND tỉnh Nghệ An,H41,000.00.00.H41,false,2022-01-01,active
nghean.so,province,department,nghean,Sở Tài chính tỉnh Nghệ An,Sở TC Nghệ An,H41.15,000.00.15.H41,false,2022-01-01,active
nghean.kim-lien,commune,peoples_committee,nghean,Ủy ban nhân dân xã Kim Liên,Xã Kim Liên,H41.7,000.00.07.H41,false,2022-01-01,active
";

/// The secret of every centre of the sandbox.
pub const SECRET: &str = "mat-khau-thu-nghiem";
/// How both hubs call their connection.
pub const CONNECTION: &str = "national";
/// The codes of the centres: two provinces, and the ministry.
pub const CENTRES: [&str; 3] = ["H12", "H41", "G12"];

/// What the sandbox knows of the directory.
#[must_use]
pub fn agencies() -> Vec<Agency> {
    DIRECTORY.lines().skip(1).filter_map(|line| agency(&line.split(',').collect::<Vec<_>>())).collect()
}

fn agency(columns: &[&str]) -> Option<Agency> {
    let (name, code, old_code) = (columns.get(4)?, columns.get(6)?, columns.get(7)?);
    let center = code.split('.').next()?;
    let is_center = center == *code;
    Some(Agency {
        code: (*code).into(),
        old_code: (*old_code).into(),
        name: (*name).into(),
        center: center.into(),
        parent: if is_center { String::new() } else { center.into() },
        secret: if is_center { SECRET.into() } else { String::new() },
        ..Agency::default()
    })
}

/// The routes of the province with this code: what is below it is here, everything else beyond the axis.
#[must_use]
pub fn routes(own: &str) -> Vec<v1::AxisRoute> {
    let route = |prefix: &str, axis: &str| v1::AxisRoute { prefix: prefix.into(), axis: axis.into() };
    let national = format!("axes/{CONNECTION}");
    vec![route("G", &national), route("H", &national), route(own, "")]
}

/// Both hubs and what is between them.
pub struct Provinces {
    /// The axis; taken out, it has stopped.
    pub sandbox: Option<sandbox::Running>,
    dir: TempDir,
    /// Cà Mau, H12.
    pub camau: HubBox,
    /// Nghệ An, H41.
    pub nghean: HubBox,
    /// Whom both hubs trust.
    pub pki: Pki,
}

impl Provinces {
    /// Starts all three with routes, directory and trust.
    ///
    /// # Errors
    /// What does not start.
    pub async fn start() -> Result<Self, Error> {
        Self::start_with(|_| {}).await
    }

    /// As [`Provinces::start`], the configuration of both hubs changed first.
    ///
    /// # Errors
    /// What does not start.
    pub async fn start_with(change: impl Fn(&mut Config)) -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let sandbox = serve(dir.path(), SocketAddr::from(([127, 0, 0, 1], 0)), Faults::default()).await?;
        let pki = Pki::generate()?;
        let [camau, nghean] = [province(&sandbox, "H12", &pki, &change).await?, province(&sandbox, "H41", &pki, &change).await?];
        Ok(Self { sandbox: Some(sandbox), dir, camau, nghean, pki })
    }

    /// Changes what goes wrong on the axis.
    ///
    /// # Errors
    /// A fault that there is not.
    pub fn faults(&self, faults: &[&str]) -> Result<(), Error> {
        let mut all = Faults::default();
        for fault in faults {
            all = all.with(fault).map_err(|error| Error::Unexpected(error.to_string()))?;
        }
        self.axis()?.set_faults(all);
        Ok(())
    }

    /// The axis.
    ///
    /// # Errors
    /// It does not run.
    pub fn axis(&self) -> Result<&sandbox::Running, Error> {
        self.sandbox.as_ref().ok_or_else(|| Error::Unexpected("the axis does not run".into()))
    }

    /// Ends the axis, and starts it again where it was, with what it had taken.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart_axis(&mut self, away: Duration) -> Result<(), Error> {
        let before = self.sandbox.take().ok_or_else(|| Error::Unexpected("the axis does not run".into()))?;
        let address = before.address;
        before.stop();
        tokio::time::sleep(away).await;
        self.sandbox = Some(serve(self.dir.path(), address, Faults::default()).await?);
        Ok(())
    }

    /// Somebody who signs.
    ///
    /// # Errors
    /// No certificate can be made.
    pub fn signer(&self) -> Result<Signer, Error> {
        let now = OffsetDateTime::now_utc();
        let request = SignerRequest {
            common_name: "Nguyễn Văn Ví Dụ".into(),
            organisation: "Ủy ban nhân dân tỉnh".into(),
            organisation_id: Some("2000100001".into()),
            kind: SignerKind::Person,
            not_before: now - time::Duration::days(30),
            not_after: now + time::Duration::days(700),
            key: KeyKind::P256,
        };
        Ok(self.pki.issue(&request)?)
    }

    /// A document that was signed a minute ago, with a time stamp.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn signed(&self, title: &str) -> Result<Vec<u8>, Error> {
        let draft = Draft { title: title.into(), lines: vec![title.into()], pages: 1, padding_bytes: 0 }.build();
        let mut options = SignOptions::at(OffsetDateTime::now_utc() - time::Duration::minutes(1));
        options.timestamp = Some(self.pki.tsa());
        Ok(sign(&draft, &self.signer()?, &options)?)
    }
}

/// A folder for an axis, gone when it is let go of.
///
/// # Errors
/// It cannot be made.
pub fn folder() -> Result<TempDir, Error> {
    Ok(tempfile::tempdir()?)
}

async fn serve(dir: &Path, listen: SocketAddr, faults: Faults) -> Result<sandbox::Running, Error> {
    let options = sandbox::Options { agencies: agencies(), listen, faults, ..sandbox::Options::new(dir, system_clock()) };
    // The port of the axis before may take a moment to come free.
    let begun = Instant::now();
    loop {
        match sandbox::start(options.clone()).await {
            Ok(running) => return Ok(running),
            Err(_) if begun.elapsed() < Duration::from_secs(5) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => return Err(Error::Unexpected(error.to_string())),
        }
    }
}

async fn province(sandbox: &sandbox::Running, code: &str, pki: &Pki, change: &impl Fn(&mut Config)) -> Result<HubBox, Error> {
    let centre = Centre { address: sandbox.address, code, secret: SECRET };
    let hub = HubBox::start_with_axes(&[(CONNECTION, centre)], |config| change(config)).await?;
    hub.import(DIRECTORY, "", "").await?;
    hub.trust(pki, &[]).await?;
    let mut admin = AxisServiceClient::new(hub.connect(hub::home::FIRST_ADMIN).await?);
    admin.set_axis_routes(v1::SetAxisRoutesRequest { routes: routes(code), ..Default::default() }).await?;
    Ok(hub)
}
