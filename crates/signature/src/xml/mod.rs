//! XML: a strict reader, canonical forms, XMLDSig and XAdES.
//!
//! `reader.rs` turns bytes into a `tree.rs`, once; `canonical.rs` writes parts of it in a canonical form. `verify.rs` goes
//! through the signatures, `judge.rs` takes each apart (`signature.rs`), digests what it refers to (`reference.rs`), finds its
//! signer (`key_info.rs`, `xades.rs`) and says what is covered (`coverage.rs`). Everything is read from that one tree, so that what is reported is
//! what was digested.

pub(crate) mod algorithms;
mod canonical;
mod coverage;
mod existence;
mod judge;
mod key_info;
mod reader;
mod reference;
mod report;
mod scopes;
mod signature;
#[cfg(test)]
pub(crate) mod testing;
mod tree;
mod verify;
mod xades;
mod xml_base;

pub(crate) use canonical::Budget;
pub(crate) use reader::parse;
pub(crate) use reference::percent_decoded;
pub(crate) use signature::base64_text;
pub(crate) use tree::{Document, NodeId};
pub(crate) use verify::verify_within;

pub use report::{ReferenceOutcome, XmlElement, XmlReference, XmlReport, XmlSignature, XmlSignatureRole};
pub use verify::{verify_xml, verify_xml_with};

/// The namespace of XML signatures.
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
