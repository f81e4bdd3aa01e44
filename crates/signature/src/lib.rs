//! Bytes in, report out: the signatures of PDF and XML documents, ASiC containers and CMS files, judged by ETSI
//! EN 319 102-1.
//!
//! This crate owns the reading of hostile bytes (PDF structure, XML, ZIP, BER, X.509, CMS, RFC 3161), the arithmetic (through
//! `ring`), certificate paths, revocation data and the verdict. It never does I/O, never reads a clock, never repairs a
//! signed file and never panics on what it is given: the judgement time and the trust data are parameters.
//!
//! Start reading at [`verify_pdf`] (`document.rs`): it finds the signatures (`pdf/`), judges each one (`judge.rs`, on
//! `signer.rs` for arithmetic, `timestamp.rs` for proved times, `path.rs` and `revocation.rs` for trust) and says what of
//! the file is covered. [`verify_xml`] (`xml/`), [`verify_asic`] (`asic/`) and [`verify_cms`] (`cms_file.rs`) do the same on
//! the same ground. Stamps over stamps (`existence.rs`, `archive.rs`) carry a signature beyond its certificates. What the
//! crate cannot judge comes out as [`Verdict::Indeterminate`] with its reason.

mod algorithm;
mod algorithm_policy;
mod archive;
mod armour;
mod asic;
mod asn1;
mod cache;
mod calendar;
mod certificate;
mod certification;
mod cms;
mod cms_file;
mod constraints;
mod counter;
mod crl;
mod detached;
mod distribution;
mod document;
mod dsa;
mod ecdsa;
#[cfg(test)]
mod encrypted;
mod evidence;
mod existence;
mod facts;
mod general_name;
mod identifier;
mod judge;
mod judgement;
mod kind;
#[cfg(test)]
mod known_answers;
mod limit;
#[cfg(test)]
mod long_term;
pub mod mask;
mod name;
mod ocsp;
#[cfg(test)]
mod oddities;
mod oid;
mod options;
mod path;
mod pdf;
mod policy;
mod prefix;
#[cfg(test)]
mod privacy;
mod public_integers;
mod report;
#[cfg(test)]
mod responders;
mod revisions;
mod revocation;
mod rsa;
mod signed;
mod signer;
mod signers;
#[cfg(test)]
mod testing;
mod times;
mod timestamp;
mod trust;
mod value;
mod weakness;
mod xml;

pub use algorithm_policy::{Acceptable, AlgorithmPolicy, AlgorithmRule};
pub use armour::CmsEncoding;
pub use asic::{AsicReport, AsicSignature, verify_asic};
pub use cache::Caches;
pub use certification::{CertificateQuestion, CertificateReport, CertificateUse, PolicyDemands, verify_certificate};
pub use cms_file::{CmsReport, CounterSignature, verify_cms, verify_cms_over};
pub use detached::verify_detached;
pub use document::verify_pdf;
pub use facts::{OcspResponse, RevocationList};
pub use kind::ContentKind;
pub use options::{Limits, Options, RevocationPolicy, WeakDigest};
pub use report::{
    CertificateFacts, ChangeLevel, Coverage, DocumentReport, Encryption, EvidenceKind, LaterChange, SignatureReport, SignerKind,
    SubIndication, UsedEvidence, Verdict,
};
pub use signers::{MarkKind, SignerGroup, VisibleMark};
pub use trust::{TrustError, TrustStore};
pub use weakness::{Algorithm, AlgorithmUse, Weakness};
pub use xml::{ReferenceOutcome, XmlElement, XmlReference, XmlReport, XmlSignature, XmlSignatureRole, verify_xml, verify_xml_with};

/// The examples of the README, compiled and run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
