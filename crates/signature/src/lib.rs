//! Bytes in, report out: the signatures of PDF and XML documents, ASiC containers and detached CMS files, judged by ETSI
//! EN 319 102-1.
//!
//! This crate owns the reading of hostile bytes (PDF structure, XML, ZIP, BER, X.509, CMS, RFC 3161), the arithmetic (through
//! `ring`), certificate paths, revocation data and the verdict. It never does I/O, never reads a clock, never repairs a
//! signed file and never panics on what it is given: the judgement time and the trust data are parameters.
//!
//! Start reading at [`verify_pdf`] (`document.rs`): it finds the signatures (`pdf/`), judges each one (`judge.rs`, on
//! `signer.rs` for arithmetic, `timestamp.rs` for proved times, `path.rs` and `revocation.rs` for trust) and says what of
//! the file is covered. [`verify_xml`] (`xml/`) and [`verify_asic`] (`asic/`) do the same on the same ground. What the
//! crate cannot judge comes out as [`Verdict::Indeterminate`] with its reason.

mod algorithm;
mod algorithm_policy;
mod asic;
mod asn1;
mod calendar;
mod certificate;
mod cms;
mod constraints;
mod crl;
mod detached;
mod distribution;
mod document;
mod evidence;
mod facts;
mod general_name;
mod identifier;
mod judge;
mod judgement;
mod kind;
mod name;
mod ocsp;
mod oid;
mod options;
mod path;
mod pdf;
#[cfg(test)]
mod pkits;
mod policy;
mod report;
#[cfg(test)]
mod responders;
mod revisions;
mod revocation;
mod signed;
mod signer;
#[cfg(test)]
mod testing;
mod timestamp;
mod trust;
mod value;
mod weakness;
mod xml;

pub use algorithm_policy::{Acceptable, AlgorithmPolicy, AlgorithmRule};
pub use asic::{AsicReport, AsicSignature, verify_asic};
pub use detached::verify_detached;
pub use document::verify_pdf;
pub use facts::{OcspResponse, RevocationList};
pub use kind::ContentKind;
pub use options::{Limits, Options, RevocationPolicy, WeakDigest};
pub use report::{
    CertificateFacts, ChangeLevel, Coverage, DocumentReport, EvidenceKind, LaterChange, Remains, SignatureReport, SignerKind,
    SubIndication, UsedEvidence, Verdict,
};
pub use trust::{TrustError, TrustStore};
pub use weakness::{Algorithm, AlgorithmUse, Weakness};
pub use xml::{ReferenceOutcome, XmlElement, XmlReference, XmlReport, XmlSignature, XmlSignatureRole, verify_xml, verify_xml_with};
