//! The structure of a PDF file, as far as signatures need it: objects at exact offsets, cross-references through every
//! revision, form fields. Nothing is repaired and no page is interpreted.

mod byte_range;
mod cipher;
mod encryption;
mod fields;
mod file;
mod leftover;
mod memory;
mod object;
mod remains;
mod security_store;
mod stream;
mod tool;
mod xref;

pub(crate) use byte_range::{ByteRange, check as check_byte_range, numbers as byte_range_numbers};
pub(crate) use encryption::Security;
pub(crate) use fields::{Found, Signatures, find as find_signatures, text};
pub(crate) use file::{File, Located, PdfError, header_offset};
pub(crate) use leftover::leftover;
pub(crate) use memory::LOOKAHEAD;
pub(crate) use object::{Dictionary, Object, PdfString};
pub(crate) use remains::has_remains;
pub(crate) use security_store::read as security_store;
pub(crate) use tool::{Rewriter, rewriter, signing_tool};
pub(crate) use xref::Entry;
