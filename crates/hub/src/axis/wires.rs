//! Wires by the configuration: each section of `[axis]` is one, and a section that no wire can be made of is told at the start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::axis as wire;
use domain::axis::Connection;
use wire::{Endpoint, Secret, Tls, lgsp, vxp};

use crate::config::{AxisSettings, Config, FetchBy, Wire};
use crate::desk::Clock;
use crate::offline::open_to_others;

/// No wire can be made of a section.
#[derive(Debug, thiserror::Error)]
#[error("axis.{name}: {cause}")]
pub struct Error {
    name: String,
    cause: String,
}

/// The wire of the section `name`; files are looked for below `home`.
pub fn wire(home: &Path, name: &str, settings: &AxisSettings, clock: &Clock) -> Result<(Connection, Arc<dyn wire::Axis>), Error> {
    let fault = |cause: String| Error { name: name.to_owned(), cause };
    let connection = Connection::parse(name).map_err(|_| fault("is not a name such as national: small letters, digits, hyphens".into()))?;
    let made = match settings.wire {
        Wire::Vxp => vxp(home, settings, clock),
        Wire::Lgsp => lgsp(home, settings, clock),
    };
    Ok((connection, made.map_err(fault)?))
}

/// All that is wrong with the sections on axes, a sentence each; no axis is called.
pub fn check(home: &Path, config: &Config, clock: &Clock) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, settings) in &config.axis {
        problems.extend(wire(home, name, settings, clock).err().map(|error| error.to_string()));
        let secrets = [&settings.secret_file, &settings.password_file, &settings.key];
        let mut secrets: Vec<_> = secrets.into_iter().filter(|file| file.as_path() != Path::new("")).collect();
        // One file may hold both secrets of a wire.
        secrets.sort();
        secrets.dedup();
        problems.extend(secrets.into_iter().filter_map(|file| open_to_others(&home.join(file))));
    }
    problems
}

fn vxp(home: &Path, settings: &AxisSettings, clock: &Clock) -> Result<Arc<dyn wire::Axis>, String> {
    let system = present("system_id", &settings.system_id)?;
    let mut options = vxp::Options::new(endpoint(home, settings)?, system, secret(home, "secret_file", &settings.secret_file)?);
    options.hash_file = if settings.padded_hash { vxp::HashFile::Padded } else { vxp::HashFile::Unpadded };
    options.trailing_crlf = settings.trailing_crlf;
    options.fetch_by = match settings.fetch_by {
        FetchBy::Either => vxp::FetchBy::Either,
        FetchBy::GetEdoc => vxp::FetchBy::GetEdoc,
        FetchBy::DownloadEdoc => vxp::FetchBy::DownloadEdoc,
    };
    Ok(Arc::new(vxp::Client::new(options, Arc::clone(clock)).map_err(|error| error.to_string())?))
}

fn lgsp(home: &Path, settings: &AxisSettings, clock: &Clock) -> Result<Arc<dyn wire::Axis>, String> {
    let user = (present("username", &settings.username)?, secret(home, "password_file", &settings.password_file)?);
    let system = (present("system_id", &settings.system_id)?, secret(home, "secret_file", &settings.secret_file)?);
    let options = lgsp::Options::new(endpoint(home, settings)?, user, system);
    Ok(Arc::new(lgsp::Client::new(options, Arc::clone(clock)).map_err(|error| error.to_string())?))
}

fn endpoint(home: &Path, settings: &AxisSettings) -> Result<Endpoint, String> {
    let mut endpoint = Endpoint::new(present("endpoint", &settings.endpoint)?);
    endpoint.allow_plain_http = settings.allow_plain_http;
    // Base64 adds a third, and what is around the packet little.
    endpoint.packet_bytes = settings.packet.0.saturating_mul(3) / 2;
    if settings.authorities != PathBuf::new() {
        let identity = (settings.certificate != PathBuf::new())
            .then(|| Ok::<_, String>((file(home, "certificate", &settings.certificate)?, file(home, "key", &settings.key)?)))
            .transpose()?;
        let identity = identity.as_ref().map(|(chain, key)| (chain.as_slice(), key.as_slice()));
        let roots = file(home, "authorities", &settings.authorities)?;
        endpoint.tls = Some(Tls::from_pem(&roots, identity).map_err(|error| error.to_string())?);
    }
    Ok(endpoint)
}

fn present<'a>(key: &str, value: &'a str) -> Result<&'a str, String> {
    if value.is_empty() { Err(format!("{key} is missing")) } else { Ok(value) }
}

/// What a file holds, without the line break that editors put behind it.
fn secret(home: &Path, key: &str, path: &Path) -> Result<Secret, String> {
    let text = String::from_utf8(file(home, key, path)?).map_err(|_| format!("{key}: {} is no text", path.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(format!("{key}: {} is empty", path.display())) } else { Ok(Secret::from(text)) }
}

fn file(home: &Path, key: &str, path: &Path) -> Result<Vec<u8>, String> {
    if path == Path::new("") {
        return Err(format!("{key} is missing"));
    }
    std::fs::read(home.join(path)).map_err(|error| format!("{key}: {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::running::system_clock;

    #[test]
    fn a_section_says_what_it_lacks() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("secret"), "abc\n").unwrap();
        std::fs::write(home.path().join("empty"), "\n").unwrap();
        let plain = AxisSettings { endpoint: "http://127.0.0.1:9/".into(), allow_plain_http: true, ..AxisSettings::default() };
        let vxp = AxisSettings { system_id: "H12".into(), secret_file: "secret".into(), ..plain };
        let lgsp = AxisSettings { wire: Wire::Lgsp, username: "u".into(), password_file: "secret".into(), ..vxp.clone() };
        let fault = |name: &str, settings: &AxisSettings| {
            wire(home.path(), name, settings, &system_clock()).map(drop).map_err(|error| error.to_string()).unwrap_err()
        };
        assert!(wire(home.path(), "national", &vxp, &system_clock()).is_ok());
        assert!(wire(home.path(), "lgsp", &lgsp, &system_clock()).is_ok());
        assert!(fault("National Axis", &vxp).starts_with("axis.National Axis: is not a name"));
        assert_eq!(fault("a", &AxisSettings { endpoint: String::new(), ..vxp.clone() }), "axis.a: endpoint is missing");
        assert_eq!(fault("a", &AxisSettings { system_id: String::new(), ..vxp.clone() }), "axis.a: system_id is missing");
        assert_eq!(fault("a", &AxisSettings { secret_file: PathBuf::new(), ..vxp.clone() }), "axis.a: secret_file is missing");
        assert!(fault("a", &AxisSettings { secret_file: "empty".into(), ..vxp.clone() }).contains("is empty"));
        assert!(fault("a", &AxisSettings { secret_file: "none".into(), ..vxp.clone() }).contains("secret_file: none: "));
        assert_eq!(fault("a", &AxisSettings { username: String::new(), ..lgsp }), "axis.a: username is missing");
        assert!(fault("a", &AxisSettings { allow_plain_http: false, ..vxp.clone() }).contains("http"));
        assert!(fault("a", &AxisSettings { authorities: "secret".into(), ..vxp }).contains("roots"));
    }
    #[test]
    fn a_check_names_each_section_that_no_wire_can_be_made_of_and_secrets_that_others_may_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let secret = home.path().join("secret");
        std::fs::write(&secret, "abc").unwrap();
        let mode = |mode| std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        let good = AxisSettings {
            wire: Wire::Lgsp,
            endpoint: "http://127.0.0.1:9/".into(),
            allow_plain_http: true,
            system_id: "H12".into(),
            secret_file: "secret".into(),
            username: "u".into(),
            password_file: "secret".into(),
            ..AxisSettings::default()
        };
        let mut config = Config::default();
        config.axis.insert("national".into(), good);
        config.axis.insert("empty".into(), AxisSettings::default());
        mode(0o600);
        assert_eq!(check(home.path(), &config, &system_clock()), ["axis.empty: system_id is missing"]);
        config.axis.remove("empty");
        mode(0o644);
        let [open] = check(home.path(), &config, &system_clock()).try_into().unwrap();
        assert!(open.contains("secret may be read by others (mode 644)"), "{open}");
    }
}
