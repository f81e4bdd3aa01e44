//! A home: the directory that holds a hub's configuration, certificates and data; and the client certificates it issues.

use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use domain::principal;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use time::{Duration, OffsetDateTime};

/// The configuration file's name within a home.
pub const CONFIG_FILE: &str = "vanthu.toml";
/// The first admin.
pub const FIRST_ADMIN: &str = "admin";

const CONFIG: &str = include_str!("home/vanthu.toml");
const CA_YEARS: i64 = 10;
const LEAF_YEARS: i64 = 2;

/// The home cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is a home already.
    #[error("{0} holds a home already; choose an empty directory")]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// A certificate and its key, PEM.
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

/// The URI that stands for a principal in its certificate.
pub fn principal_uri(principal: &principal::Id) -> String {
    format!("vanthu://principal/{principal}")
}

/// Makes a home: configuration, authority for client certificates, the hub's certificate, the first admin's certificate.
/// `names` are the host names and addresses the hub is called by, besides `localhost`.
pub fn init(dir: &Path, names: &[String]) -> Result<(), Error> {
    let config = dir.join(CONFIG_FILE);
    if config.exists() {
        return Err(Error::Exists(dir.to_owned()));
    }
    for part in ["tls", "clients", "data"] {
        let path = dir.join(part);
        std::fs::create_dir_all(&path).map_err(|source| Error::File { path, source })?;
    }
    let authority_key = KeyPair::generate()?;
    let authority = authority_params().self_signed(&authority_key)?;
    write(&dir.join("tls/client-ca.pem"), &authority.pem(), 0o644)?;
    write(&dir.join("tls/client-ca.key"), &authority_key.serialize_pem(), 0o600)?;

    let issuer = Issuer::new(authority_params(), authority_key);
    let hub_key = KeyPair::generate()?;
    let mut params = leaf_params("Văn Thư hub", ExtendedKeyUsagePurpose::ServerAuth);
    params.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(IpAddr::from([127, 0, 0, 1])),
        SanType::IpAddress(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])),
    ];
    for name in names {
        params.subject_alt_names.push(match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.as_str().try_into()?),
        });
    }
    let hub = params.signed_by(&hub_key, &issuer)?;
    write(&dir.join("tls/hub.pem"), &hub.pem(), 0o644)?;
    write(&dir.join("tls/hub.key"), &hub_key.serialize_pem(), 0o600)?;

    if let Ok(admin) = principal::Id::parse(FIRST_ADMIN) {
        let identity = issue_with(&issuer, &admin)?;
        write_identity(&dir.join("clients"), &admin, &identity)?;
    }
    // Last, so that a home that was half made is no home.
    write(&config, CONFIG, 0o644)
}

/// Issues a client certificate for a principal by the home's own authority.
pub fn issue(dir: &Path, principal: &principal::Id) -> Result<Identity, Error> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read_to_string(&path).map_err(|source| Error::File { path, source })
    };
    let key = KeyPair::from_pem(&read("tls/client-ca.key")?)?;
    // The authority's certificate gives the subject that the client's certificate names as its issuer.
    issue_with(&Issuer::new(authority_params(), key), principal)
}

/// Writes `<principal>.pem` and `<principal>.key` (mode 0600); refuses to overwrite a key.
pub fn write_identity(dir: &Path, principal: &principal::Id, identity: &Identity) -> Result<(), Error> {
    write(&dir.join(format!("{principal}.key")), &identity.key, 0o600)?;
    write(&dir.join(format!("{principal}.pem")), &identity.certificate, 0o644)
}

fn issue_with(issuer: &Issuer<'_, KeyPair>, principal: &principal::Id) -> Result<Identity, Error> {
    let key = KeyPair::generate()?;
    let mut params = leaf_params(principal.as_str(), ExtendedKeyUsagePurpose::ClientAuth);
    params.subject_alt_names = vec![SanType::URI(principal_uri(principal).as_str().try_into()?)];
    let certificate = params.signed_by(&key, issuer)?;
    Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Văn Thư client authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    last(&mut params, CA_YEARS);
    params
}

fn leaf_params(name: &str, usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    last(&mut params, LEAF_YEARS);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut dn = DistinguishedName::new();
    dn.push(DnType::CommonName, name);
    dn
}

fn last(params: &mut CertificateParams, years: i64) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::hours(1);
    params.not_after = now + Duration::days(365 * years);
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let file_error = |source| Error::File { path: path.to_owned(), source };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(file_error)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(file_error)
}
