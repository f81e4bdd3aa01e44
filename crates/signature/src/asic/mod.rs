//! ASiC containers (ETSI EN 319 162-1): a ZIP file of documents and of the signatures over them.
//!
//! `zip.rs` reads the container strictly, `manifest.rs` what a CAdES signature of an ASiC-E covers, `verify.rs` hands each
//! signature to the XML or CMS verifier and says which files it covers.

mod archive;
mod manifest;
mod verify;
mod zip;

pub use verify::{AsicReport, AsicSignature, verify_asic};

#[cfg(test)]
pub(crate) use zip::tests::zip as zip_of;
