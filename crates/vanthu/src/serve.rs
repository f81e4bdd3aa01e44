//! The commands that work on a home: init, serve, check, rebuild, principal issue.

use std::error::Error;
use std::path::{Path, PathBuf};

use domain::principal;
use hub::config::Config;
use hub::{axis, home, offline, payload_location, running};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{Init, Principal, PrincipalCommand};

pub(crate) type Outcome = Result<u8, Box<dyn Error>>;

const FINDINGS: u8 = 2;

pub(crate) fn init(arguments: &Init) -> Outcome {
    home::init(&arguments.dir, &arguments.names)?;
    let dir = arguments.dir.display();
    println!("A home was made in {dir}.");
    println!("  configuration   {dir}/{}", home::CONFIG_FILE);
    println!("  first admin     {dir}/clients/admin.pem and admin.key");
    println!("Next: vanthu serve --home {dir}");
    Ok(0)
}

pub(crate) fn config(home: &Path) -> Result<Config, hub::config::Error> {
    Config::load(&home.join(home::CONFIG_FILE), std::env::vars())
}

pub(crate) async fn serve(home: &Path) -> Outcome {
    let config = config(home)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let hub = running::start(home, config, running::system_clock()).await?;
    eprintln!("vanthu serves gRPC on {} and metrics on http://{}/metrics", hub.address, hub.metrics_address);
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
        _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
        cause = hub.failed() => tracing::error!(cause, "ending"),
    }
    hub.stop().await?;
    Ok(0)
}

pub(crate) async fn check(home: &Path) -> Outcome {
    let config = config(home)?;
    let mut problems = offline::check(home, &config);
    problems.extend(axis::wires::check(home, &config, &running::system_clock()));
    problems.extend(payload_location::check(home, &home.join(&config.data.dir), &config.payloads).await);
    problems.iter().for_each(|problem| println!("{problem}"));
    if problems.is_empty() {
        println!("{} is in order", home.display());
        return Ok(0);
    }
    Ok(FINDINGS)
}

pub(crate) fn rebuild(home: &Path) -> Outcome {
    let config = config(home)?;
    let entries = offline::rebuild(home, &config)?;
    println!("the tables were made anew from {entries} journal entries");
    Ok(0)
}

pub(crate) fn principal(arguments: &Principal) -> Outcome {
    let PrincipalCommand::Issue { home, id, out } = &arguments.command;
    let id = principal::Id::parse(id).map_err(|rule| format!("the id {rule}"))?;
    let out: PathBuf = out.clone().unwrap_or_else(|| home.join("clients"));
    home::write_identity(&out, &id, &home::issue(home, &id)?)?;
    println!("{}/{id}.pem and {id}.key were written.", out.display());
    println!("It stands for {}; enrol it with PrincipalService/EnrolPrincipal.", home::principal_uri(&id));
    Ok(0)
}
