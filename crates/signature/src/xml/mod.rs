//! XML: a strict reader, canonical forms, XMLDSig and XAdES.
//!
//! `reader.rs` turns bytes into a `tree.rs`, once; `canonical.rs` writes parts of it in a canonical form; everything a
//! signature says or covers is read from that same tree, so that what is reported is what was digested.

mod canonical;
mod reader;
mod tree;
mod xml_base;
