//! Trust objects as they come from outside: taken out of PEM, told apart by content, read for what they say of themselves.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::digest::Digest;
use domain::time::Timestamp;
use domain::trust::{Facts, Kind, MAX_DER, TrustObject};
use ring::digest::{SHA256, digest};
use signature::{CertificateFacts, OcspResponse, RevocationList};

/// Characters of a name that are kept.
const MAX_NAME: usize = 1_000;

/// An object and its bytes.
pub struct Read {
    /// The object; its `der` is empty where the vault is to keep the bytes.
    pub object: TrustObject,
    /// The bytes.
    pub der: Bytes,
}

/// Reads the object in these bytes. Certificates are what `stated` says, an intermediate if it says nothing: nobody is trusted
/// because a file says so. Objects of more than `inline` bytes are left to the vault.
pub fn read(der: Bytes, stated: Option<Kind>, inline: usize) -> Result<Read, String> {
    let size = der.len() as u64;
    let (kind, subject, facts) = match stated {
        Some(Kind::RevocationList) => list(&der, size)?,
        Some(Kind::OcspResponse) => response(&der, size)?,
        Some(kind @ (Kind::Anchor | Kind::Intermediate)) => certificate(&der, kind, size)?,
        None => certificate(&der, Kind::Intermediate, size)
            .or_else(|_| list(&der, size))
            .or_else(|_| response(&der, size))
            .map_err(|_| "is neither a certificate nor a revocation list nor an OCSP response".to_owned())?,
    };
    let kept = if der.len() > inline.min(MAX_DER) { Vec::new() } else { der.to_vec() };
    let object = TrustObject {
        fingerprint: sha256(&der),
        kind,
        der: kept,
        valid_from: None,
        valid_until: None,
        note: String::new(),
        subject,
        facts: Some(Box::new(facts)),
    };
    Ok(Read { object, der })
}

fn certificate(der: &[u8], kind: Kind, size: u64) -> Result<(Kind, String, Facts), String> {
    let read = CertificateFacts::of_der(der).map_err(|error| error.to_string())?;
    let facts = Facts { size, issuer: cut(read.issuer), series: None, number: Vec::new(), this_update: None, next_update: None };
    Ok((kind, cut(read.subject), facts))
}

fn list(der: &[u8], size: u64) -> Result<(Kind, String, Facts), String> {
    let read = RevocationList::parse(der).map_err(|error| error.to_string())?;
    let issuer = cut(read.issuer());
    let facts = Facts {
        size,
        issuer: issuer.clone(),
        series: read.series().map(Digest),
        number: read.number().to_vec(),
        this_update: Some(Timestamp::from_seconds(read.this_update())),
        next_update: read.next_update().map(Timestamp::from_seconds),
    };
    Ok((Kind::RevocationList, issuer, facts))
}

fn response(der: &[u8], size: u64) -> Result<(Kind, String, Facts), String> {
    let read = OcspResponse::parse(der).map_err(|error| error.to_string())?;
    let serials: Vec<String> = read.serials().take(4).collect();
    let subject = format!("OCSP response about {}", serials.join(", "));
    let facts = Facts { size, issuer: String::new(), series: None, number: Vec::new(), this_update: None, next_update: None };
    Ok((Kind::OcspResponse, cut(subject), facts))
}

fn cut(name: String) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// The objects in a file: each block of PEM, or the file itself. A block that cannot be read is an error at its place.
pub fn split(file: Bytes) -> Vec<Result<Bytes, String>> {
    const BEGIN: &str = "-----BEGIN ";
    let text = match std::str::from_utf8(&file) {
        Ok(text) if text.contains(BEGIN) => text,
        _ => return vec![if file.is_empty() { Err("is empty".into()) } else { Ok(file) }],
    };
    let blocks = text.split(BEGIN).skip(1).map(|block| {
        let (label, rest) = block.split_once("-----").ok_or("has a PEM block whose label does not end")?;
        let (body, _) = rest.split_once("-----END ").ok_or_else(|| format!("has a PEM block {label} without an end"))?;
        let body: String = body.split_ascii_whitespace().collect();
        STANDARD.decode(body).map(Bytes::from).map_err(|error| format!("has a PEM block {label} that is no base64: {error}"))
    });
    blocks.collect()
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut out = [0; 32];
    out.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
    Digest(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_blocks_come_apart_and_bad_ones_are_named() {
        let text = "giấy\n-----BEGIN A-----\nAQI=\n-----END A-----\n-----BEGIN B-----\nAQ\nI=\n-----END B-----\n-----BEGIN C-----\n!\n-----END C-----\n-----BEGIN D-----\nAQI=";
        let blocks = split(Bytes::from(text));
        let [one, two, three, four] = blocks.as_slice() else { panic!("{blocks:?}") };
        assert_eq!((one, two), (&Ok(Bytes::from_static(&[1, 2])), &Ok(Bytes::from_static(&[1, 2]))));
        assert!(three.as_ref().unwrap_err().contains("block C") && four.as_ref().unwrap_err().contains("block D without an end"));
        assert_eq!(split(Bytes::from_static(&[0x30, 0])), [Ok(Bytes::from_static(&[0x30, 0]))]);
        assert_eq!(split(Bytes::new()), [Err("is empty".to_owned())]);
    }

    #[test]
    fn what_is_no_trust_object_is_refused() {
        for stated in [None, Some(Kind::Anchor), Some(Kind::RevocationList), Some(Kind::OcspResponse)] {
            assert!(read(Bytes::from_static(b"0\x03\x02\x01\x01"), stated, MAX_DER).is_err());
        }
    }
}
