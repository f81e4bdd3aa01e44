//! Trust data from a folder: who is an anchor, who stands between, who is revoked.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{PemObject, SectionKind};
use signature::{TrustError, TrustStore};
use x509_parser::error::X509Error;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

const EXTENSIONS: [&str; 5] = ["pem", "crt", "cer", "der", "crl"];
/// The largest CRLs of public authorities have some tens of megabytes.
const MAX_FILE_BYTES: u64 = 128 << 20;
/// A bundle of all public roots has about 150.
const MAX_SECTIONS: usize = 10_000;

/// What came of a folder.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) anchors: usize,
    /// Files, or parts of them, that were not taken.
    pub(crate) left_out: Vec<(PathBuf, LeftOut)>,
}

/// Why trust data was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    Unreadable(String),
    TooLarge,
    NothingInIt,
    /// DER that is no certificate; and why it is no CRL that can be used.
    Neither(String),
    /// The certificate of a person, organisation or service.
    NotAnAuthority,
    /// It names itself as issuer, and its own key did not sign it.
    NotSelfSigned,
    Refused(TrustError),
}

/// Takes every certificate and CRL in `folder` into `store`. Folders inside it, and files with other endings, are not looked at.
///
/// # Errors
/// `folder` itself cannot be listed.
pub(crate) fn load(folder: &Path, store: &mut TrustStore) -> io::Result<Taken> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
    });
    paths.sort();
    let mut taken = Taken::default();
    for path in paths {
        match read(&path) {
            Ok(bytes) => take_file(&path, &bytes, store, &mut taken),
            Err(why) => taken.left_out.push((path, why)),
        }
    }
    Ok(taken)
}

fn read(path: &Path) -> Result<Vec<u8>, LeftOut> {
    let unreadable = |error: io::Error| LeftOut::Unreadable(error.to_string());
    let facts = fs::metadata(path).map_err(unreadable)?;
    if !facts.is_file() {
        return Err(LeftOut::NothingInIt);
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES { Err(LeftOut::TooLarge) } else { Ok(bytes) }
}

fn take_file(path: &Path, bytes: &[u8], store: &mut TrustStore, taken: &mut Taken) {
    let mut leave = |why| taken.left_out.push((path.to_owned(), why));
    // DER starts with a sequence; a PEM file may start with any text.
    if bytes.first() == Some(&0x30) {
        let added = match take_certificate(bytes, store) {
            Err(LeftOut::Unreadable(_)) => store.add_crl(bytes).map(|()| 0).map_err(|error| LeftOut::Neither(error.to_string())),
            added => added,
        };
        return match added {
            Ok(anchors) => taken.anchors += anchors,
            Err(why) => leave(why),
        };
    }
    let mut sections = 0;
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).take(MAX_SECTIONS) {
        let added = match section {
            Ok((SectionKind::Certificate, der)) => take_certificate(&der, store),
            Ok((SectionKind::Crl, der)) => take_crl(&der, store),
            Ok(_) => continue,
            Err(error) => return leave(LeftOut::Unreadable(error.to_string())),
        };
        sections += 1;
        match added {
            Ok(anchors) => taken.anchors += anchors,
            Err(why) => leave(why),
        }
    }
    if sections == 0 {
        leave(LeftOut::NothingInIt);
    }
}

fn take_crl(der: &[u8], store: &mut TrustStore) -> Result<usize, LeftOut> {
    store.add_crl(der).map(|()| 0).map_err(LeftOut::Refused)
}

/// The number of anchors among this one certificate.
fn take_certificate(der: &[u8], store: &mut TrustStore) -> Result<usize, LeftOut> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| LeftOut::Unreadable(error.to_string()))?;
    let names_itself = certificate.subject().as_raw() == certificate.issuer().as_raw();
    if !is_authority(&certificate, names_itself) {
        return Err(LeftOut::NotAnAuthority);
    }
    if !names_itself {
        return store.add_intermediate(der).map(|()| 0).map_err(LeftOut::Refused);
    }
    // A rollover certificate names itself too, and an older key signed it: it is no anchor of its own.
    match certificate.verify_signature(None) {
        _ if key_ids_differ(&certificate) => store.add_intermediate(der).map(|()| 0).map_err(LeftOut::Refused),
        // An anchor is trusted for being in the folder; its own signature tells it from a rollover certificate, no more.
        Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm) => store.add_anchor(der, None, None).map(|()| 1).map_err(LeftOut::Refused),
        Err(_) => Err(LeftOut::NotSelfSigned),
    }
}

/// Roots before X.509 version 3 cannot say that they are authorities.
fn is_authority(certificate: &X509Certificate<'_>, names_itself: bool) -> bool {
    match certificate.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        Ok(None) => names_itself && certificate.version() == X509Version::V1,
        Err(_) => false,
    }
}

fn key_ids_differ(certificate: &X509Certificate<'_>) -> bool {
    let mut own = None;
    let mut issuers = None;
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own = Some(id.0),
            ParsedExtension::AuthorityKeyIdentifier(id) => issuers = id.key_identifier.as_ref().map(|id| id.0),
            _ => {}
        }
    }
    own.is_some() && issuers.is_some() && own != issuers
}

#[cfg(test)]
mod tests {
    use testkit::pki::Pki;
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn a_folder_is_sorted_into_anchors_intermediates_lists_and_what_is_left_out() {
        let pki = Pki::generate().unwrap();
        let now = OffsetDateTime::now_utc();
        let crl = pki.crl(&[], now, now + time::Duration::days(1)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let armour = |label: &str, der: &[u8]| {
            use base64::Engine as _;
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64::engine::general_purpose::STANDARD.encode(der))
        };
        let bundle = [armour("CERTIFICATE", pki.intermediate_der()), armour("X509 CRL", &crl)].concat();
        let files: [(&str, &[u8]); 8] = [
            ("root.der", pki.root_der()),
            ("bundle.pem", bundle.as_bytes()),
            ("issuing.CRL", &crl),
            ("tsa.crt", &pki.tsa().certificate),
            ("text.pem", b"no certificate"),
            ("broken.cer", b"\x30\x03\x02\x01"),
            ("key.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            ("readme.txt", b"not looked at"),
        ];
        files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
        let mut store = TrustStore::new();
        let taken = load(folder.path(), &mut store).unwrap();

        let mut expected = TrustStore::new();
        expected.add_anchor(pki.root_der(), None, None).unwrap();
        expected.add_intermediate(pki.intermediate_der()).unwrap();
        expected.add_crl(&crl).unwrap();
        assert_eq!(store.version(), expected.version());
        assert_eq!(taken.anchors, 1);
        let left: Vec<_> = taken.left_out.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(left, ["broken.cer", "key.pem", "text.pem", "tsa.crt"]);
        assert!(matches!(taken.left_out[0].1, LeftOut::Neither(_)));
        assert_eq!(taken.left_out[3].1, LeftOut::NotAnAuthority);
        assert_eq!(taken.left_out[2].1, LeftOut::NothingInIt);
    }

    #[test]
    fn a_root_whose_signature_is_broken_is_no_anchor() {
        let pki = Pki::generate().unwrap();
        let mut der = pki.root_der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("root.der"), &der).unwrap();
        let mut store = TrustStore::new();
        let taken = load(folder.path(), &mut store).unwrap();
        assert_eq!((taken.anchors, &taken.left_out[0].1), (0, &LeftOut::NotSelfSigned));
        assert_eq!(store.version(), TrustStore::new().version());
    }
}
