//! `vanthu axis-sandbox`: an axis to test office systems against.

use axis::sandbox::{self, Agency, Faults, Options};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::AxisSandbox;
use crate::serve::Outcome;

pub(crate) async fn run(arguments: &AxisSandbox) -> Outcome {
    let read = |path: &std::path::PathBuf| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut agencies = match &arguments.directory {
        Some(path) => sandbox::directory(read(path)?.as_slice()).map_err(|error| format!("{}: {error}", path.display()))?,
        None => Vec::new(),
    };
    for text in &arguments.agencies {
        agencies.push(agency(text).ok_or_else(|| format!("`{text}` is not of the form CODE:SECRET or CODE=OLDCODE:SECRET:NAME"))?);
    }
    let tls = match (&arguments.certificate, &arguments.key) {
        (Some(certificate), Some(key)) => Some((read(certificate)?, read(key)?)),
        _ => None,
    };
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let options = Options {
        listen: arguments.listen,
        control: Some(arguments.control),
        tls,
        agencies,
        faults: arguments.faults.iter().try_fold(Faults::default(), |faults, text| faults.with(text))?,
        seed: arguments.seed,
        timestamp_window: arguments.timestamp_window,
        deduplicate: arguments.deduplicate,
        packet_bytes: arguments.packet_bytes,
        ..Options::new(&arguments.dir, hub::running::system_clock())
    };
    let running = sandbox::start(options).await?;
    eprintln!("vanthu axis-sandbox serves VXP on {scheme}://{0} and LGSP on {scheme}://{0}/v1", running.address);
    if let Some(control) = running.control {
        eprintln!("its faults and agencies are changed on http://{control} (faults, agencies/CODE, documents, counts)");
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop();
    Ok(0)
}

/// An agency of the command line.
fn agency(text: &str) -> Option<Agency> {
    let mut parts = text.splitn(3, ':');
    let (codes, secret, name) = (parts.next()?, parts.next()?, parts.next());
    let (code, old_code) = codes.split_once('=').unwrap_or((codes, ""));
    (!code.is_empty() && !secret.is_empty()).then(|| Agency {
        code: code.into(),
        old_code: old_code.into(),
        secret: secret.into(),
        name: name.unwrap_or(code).into(),
        ..Agency::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agencies_of_the_command_line_are_read() {
        let full = agency("H12=000.00.00.H12:s3cret:UBND tỉnh: Cà Mau").unwrap();
        assert_eq!((full.code.as_str(), full.old_code.as_str()), ("H12", "000.00.00.H12"));
        assert_eq!((full.secret.as_str(), full.name.as_str()), ("s3cret", "UBND tỉnh: Cà Mau"));
        assert_eq!(agency("H12:x").unwrap().name, "H12");
        for bad in ["H12", "H12:", ":x", "=1:x"] {
            assert!(agency(bad).is_none(), "{bad}");
        }
    }
}
