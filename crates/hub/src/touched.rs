//! Which documents a change of the trust data touches: those signed with certificates that it speaks of, those whose verdict rests
//! on what is gone, and those that wait for it. The work grows with them, and not with all documents.

use std::collections::{BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use domain::digest::Digest;
use domain::document;
use domain::signature::verdicts::{self, Wait};
use domain::state::{Fault, State};
use domain::trust::{self, Kind, TrustObject};
use signature::{CertificateFacts, OcspResponse, RevocationList};

/// Documents.
pub type Documents = BTreeSet<document::Id>;

/// A change of the trust data, with bytes.
pub enum Change {
    /// The object was added, and took the place of lists.
    Added {
        /// What was added.
        object: TrustObject,
        /// Its bytes.
        der: Bytes,
        /// The lists that were removed with it.
        replaced: Vec<Bytes>,
    },
    /// The object was removed.
    Removed {
        /// What was removed.
        object: TrustObject,
        /// Its bytes.
        der: Bytes,
    },
}

impl Change {
    /// Why verdicts are looked at again, in a sentence.
    pub fn reason(&self) -> String {
        let (object, what) = match self {
            Self::Added { object, .. } => (object, "was added"),
            Self::Removed { object, .. } => (object, "was removed"),
        };
        let kind = match object.kind {
            Kind::Anchor => "the trust anchor",
            Kind::Intermediate => "the intermediate certificate",
            Kind::RevocationList => "a revocation list of",
            Kind::OcspResponse => "an",
        };
        let subject: String = object.subject.chars().take(200).collect();
        format!("{kind} {subject} {what}")
    }

    /// The object's fingerprint.
    pub const fn fingerprint(&self) -> Digest {
        match self {
            Self::Added { object, .. } | Self::Removed { object, .. } => object.fingerprint,
        }
    }
}

/// The documents that a change touches, by the tables as they are.
pub fn touched(rows: &dyn State, change: &Change) -> Result<Documents, Fault> {
    match change {
        Change::Added { object, der, replaced } => match object.kind {
            Kind::Anchor | Kind::Intermediate => by_certificate(rows, object),
            Kind::RevocationList => by_list(rows, object, der, replaced),
            Kind::OcspResponse => by_response(rows, der),
        },
        Change::Removed { object, der } => {
            let evidence = match object.kind {
                Kind::Anchor | Kind::Intermediate | Kind::RevocationList => object.fingerprint,
                // Reports name a response by the part that is signed.
                Kind::OcspResponse => OcspResponse::parse(der).map_or(object.fingerprint, |read| Digest(read.evidence_sha256())),
            };
            verdicts::resting_on(rows, &evidence)
        }
    }
}

fn by_certificate(rows: &dyn State, object: &TrustObject) -> Result<Documents, Fault> {
    // A certificate whose window of trust changed is one that verdicts rest on already.
    let mut documents = verdicts::resting_on(rows, &object.fingerprint)?;
    documents.extend(verdicts::waiting_for(rows, Wait::Chain, "")?);
    documents.extend(verdicts::waiting_for(rows, Wait::ProvedTime, "")?);
    // It may have signed revocation data that is there already.
    for issuer in Authorities::read(rows)?.below(&object.subject) {
        documents.extend(verdicts::waiting_for(rows, Wait::Revocation, &issuer)?);
    }
    Ok(documents)
}

fn by_list(rows: &dyn State, object: &TrustObject, der: &[u8], replaced: &[Bytes]) -> Result<Documents, Fault> {
    let Ok(list) = RevocationList::parse(der) else { return Ok(Documents::new()) };
    let authorities = Authorities::read(rows)?;
    let earlier = match replaced {
        [one] => RevocationList::parse(one).ok(),
        // What several lists say together is not compared: all entries count as new.
        _ => None,
    };
    let mut documents = Documents::new();
    let mut speaks_of = |serial: String| speak_of(rows, &authorities, &serial, &mut documents);
    match &earlier {
        Some(earlier) => list.differences(earlier).try_for_each(&mut speaks_of)?,
        None => list.serials().try_for_each(&mut speaks_of)?,
    }
    let issuer = object.facts.as_ref().map_or_else(|| list.issuer(), |facts| facts.issuer.clone());
    for issuer in authorities.below(&issuer) {
        documents.extend(verdicts::waiting_for(rows, Wait::Revocation, &issuer)?);
    }
    documents.extend(verdicts::waiting_for(rows, Wait::ProvedTime, "")?);
    Ok(documents)
}

fn by_response(rows: &dyn State, der: &[u8]) -> Result<Documents, Fault> {
    let Ok(response) = OcspResponse::parse(der) else { return Ok(Documents::new()) };
    let authorities = Authorities::read(rows)?;
    let mut documents = verdicts::waiting_for(rows, Wait::ProvedTime, "")?;
    for serial in response.serials() {
        speak_of(rows, &authorities, &serial, &mut documents)?;
        for subject in authorities.numbered(&serial).map(|authority| authority.subject.clone()).collect::<Vec<_>>() {
            for issuer in authorities.below(&subject) {
                documents.extend(verdicts::waiting_for(rows, Wait::Revocation, &issuer)?);
            }
        }
    }
    Ok(documents)
}

/// Adds the documents that a certificate of this serial number signed, or whose path it is in.
fn speak_of(rows: &dyn State, authorities: &Authorities, serial: &str, documents: &mut Documents) -> Result<(), Fault> {
    documents.extend(verdicts::signed_by_serial(rows, serial)?);
    for authority in authorities.numbered(serial) {
        documents.extend(verdicts::resting_on(rows, &Digest(authority.sha256))?);
    }
    Ok(())
}

/// The certificates of the trust data.
struct Authorities {
    all: Vec<CertificateFacts>,
    by_serial: HashMap<String, Vec<usize>>,
}

impl Authorities {
    fn read(rows: &dyn State) -> Result<Self, Fault> {
        let objects = trust::all(rows)?;
        let certificates = objects.iter().filter(|object| matches!(object.kind, Kind::Anchor | Kind::Intermediate));
        let all: Vec<CertificateFacts> = certificates.filter_map(|object| CertificateFacts::of_der(&object.der).ok()).collect();
        let mut by_serial: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, certificate) in all.iter().enumerate() {
            by_serial.entry(certificate.serial.clone()).or_default().push(index);
        }
        Ok(Self { all, by_serial })
    }

    fn numbered(&self, serial: &str) -> impl Iterator<Item = &CertificateFacts> {
        self.by_serial.get(serial).into_iter().flatten().filter_map(|index| self.all.get(*index))
    }

    /// An issuer, and all whose certificates lead to it.
    fn below(&self, issuer: &str) -> HashSet<String> {
        let mut names = HashSet::from([issuer.to_lowercase()]);
        loop {
            let before = names.len();
            for certificate in &self.all {
                if names.contains(&certificate.issuer.to_lowercase()) {
                    names.insert(certificate.subject.to_lowercase());
                }
            }
            if names.len() == before {
                return names;
            }
        }
    }
}
