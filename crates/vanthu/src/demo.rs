//! The demo: the main job played by real clients over real mutual TLS on a temporary home.
//!
//! Five agency systems (a ministry, the province's committee, a department, a district, a commune) send freshly signed documents
//! down and up the tiers. One is forged after signing and refused, one goes to all communes of a district, one is recalled, one
//! transfer breaks and goes on; the last act goes over a sandbox axis to a ministry and another province. Each step says what it expects; the exit code says whether all came.

mod across;
mod play;
mod table;

use std::error::Error;

use testkit::hub_box::{Centre, HubBox};
use testkit::pki::Pki;
use testkit::provinces::{CONNECTION, SECRET};

use crate::arguments::Demo;
use crate::serve::Outcome;

const WENT_WRONG: u8 = 2;
const AGENCIES: &str = include_str!("../../../seeds/agencies.csv");
const GROUPS: &str = include_str!("../../../seeds/groups.csv");

pub(crate) async fn run(arguments: &Demo) -> Outcome {
    println!("Văn Thư demo: a temporary hub, real mutual TLS, freshly signed documents.\n");
    let folder = testkit::provinces::folder()?;
    let axis = across::axis(folder.path()).await?;
    let centre = Centre { address: axis.address, code: "H12", secret: SECRET };
    let hub = start(arguments.exit, centre).await?;
    let pki = Pki::generate()?;
    hub.import(AGENCIES, "", GROUPS).await?;
    hub.trust(&pki, &[]).await?;
    println!("  hub on {}, directory of {} agencies, a three-level test PKI", hub.address()?, directory_size(AGENCIES));

    let mut play = play::Play::new(&hub, &pki).await?;
    let outcome = match play.run().await {
        Ok(()) => across::run(&mut play, &hub, &pki, &axis).await,
        broken_off => broken_off,
    };
    play.finish(outcome.as_ref().err().map(ToString::to_string));
    let all_went_well = play.all_went_well();
    if arguments.exit {
        let mut hub = hub;
        hub.stop().await?;
        return Ok(if all_went_well { 0 } else { WENT_WRONG });
    }
    stay_up(&hub, &play).await?;
    Ok(if all_went_well { 0 } else { WENT_WRONG })
}

/// On the usual ports, so that the lines at the end are always the same; on free ones if somebody else has those.
async fn start(exits: bool, centre: Centre<'_>) -> Result<HubBox, testkit::hub_box::Error> {
    let axes = [(CONNECTION, centre)];
    if !exits {
        let usual = HubBox::start_with_axes(&axes, |config| {
            config.listen.grpc.set_port(7443);
            config.listen.metrics.set_port(9464);
        });
        if let Ok(hub) = usual.await {
            return Ok(hub);
        }
    }
    HubBox::start_with_axes(&axes, |_| {}).await
}

async fn stay_up(hub: &HubBox, play: &play::Play<'_>) -> Result<(), Box<dyn Error>> {
    let (home, address) = (hub.home().display(), hub.address()?);
    println!("\nThe hub stays up until Ctrl-C. In another terminal, as the ministry's system and as the admin:\n");
    println!("  export HOME_DIR={home}");
    println!(
        "  alias call='grpcurl -cacert $HOME_DIR/tls/client-ca.pem -cert $HOME_DIR/clients/system-0.pem -key $HOME_DIR/clients/system-0.key'"
    );
    println!(
        "  alias admin='grpcurl -cacert $HOME_DIR/tls/client-ca.pem -cert $HOME_DIR/clients/admin.pem -key $HOME_DIR/clients/admin.key'"
    );
    println!("  call {address} list");
    println!("  call {address} describe vanthu.v1.DocumentService");
    println!("  call -d '{{\"name\": \"{}\"}}' {address} vanthu.v1.DocumentService/TraceDocument", play.traced());
    println!("  call -d '{{\"name\": \"{}\"}}' {address} vanthu.v1.DocumentService/GetDocument", play.traced());
    println!(
        "  admin -d '{{\"tier\": \"TIER_DISTRICT\", \"kind\": \"AGENCY_KIND_PEOPLES_COMMITTEE\"}}' {address} vanthu.v1.AgencyService/ListAgencies"
    );
    println!("  admin -d '{{\"page_size\": 5}}' {address} vanthu.v1.PrincipalService/ListPrincipals");
    println!("  curl http://{}/metrics\n", hub.running()?.metrics_address);
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn directory_size(csv: &str) -> usize {
    csv.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).count().saturating_sub(1)
}
