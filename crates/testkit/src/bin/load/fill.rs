//! A home with many documents: what its hub holds in memory, and how long it takes to start.

use std::time::Instant;

use testkit::pki::Pki;

use crate::Outcome;
use crate::drive::{self, Until};
use crate::hub_process::{HubProcess, SENDER, commune};
use crate::measure::{CONNECTIONS, draft, submit};
use crate::table::{self, Row};

const IN_FLIGHT: usize = 256;
const MAX_RESIDENT: u64 = 400 << 20;
const MAX_START_SECONDS: f64 = 10.0;

/// Fills a home with so many documents of one recipient each, and starts its hub anew.
pub(crate) async fn run(count: u64) -> Outcome<()> {
    let home = tempfile::Builder::new().prefix("vanthu-load-").tempdir()?;
    hub::home::init(home.path(), &[])?;
    let process = HubProcess::start(home.path())?;
    process.furnish(&Pki::generate()?).await?;
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(process.system(SENDER).await?);
    }
    let mut first = clients.first().cloned().ok_or("no client")?;
    let payload = first.upload(&draft(0)).await?;
    let begun = Instant::now();
    drive::rate(&clients, IN_FLIGHT, Until::Count(count), move |client, number| {
        submit(client, format!("f{number}"), payload.clone(), vec![commune(usize::try_from(number % 20).unwrap_or(0))])
    })
    .await?;
    let filled = begun.elapsed().as_secs_f64();
    let resident = process.resident()?;
    process.stop()?;

    let process = HubProcess::start(home.path())?;
    let (start, anew) = (process.start.as_secs_f64(), process.resident()?);
    let mib = |bytes: u64| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
    let bytes = |name: &str| directory_bytes(&home.path().join("data").join(name));
    let mut rows = vec![
        Row::plain("documents", format!("{count}")),
        Row::plain("submissions", format!("{:.0}/s", count as f64 / filled)),
        Row::judged("resident after filling", mib(resident), "< 400 MiB".into(), resident < MAX_RESIDENT, ""),
        Row::judged("resident after a start", mib(anew), "< 400 MiB".into(), anew < MAX_RESIDENT, ""),
        Row::judged("start", format!("{start:.2} s"), "< 10 s".into(), start < MAX_START_SECONDS, ""),
    ];
    for entry in std::fs::read_dir(home.path().join("data"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        rows.push(Row::plain(format!("on disk: {name}"), mib(bytes(&name))));
    }
    table::print(&rows);
    process.stop()
}

fn directory_bytes(path: &std::path::Path) -> u64 {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| directory_bytes(&entry.path())).sum(),
        Err(_) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
    }
}
