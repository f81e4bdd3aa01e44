//! Everything that a test, the demo or a load run needs from outside the hub, made at run time: certificates of a real
//! three-level PKI, freshly signed PDF documents, and forgeries of them.
//!
//! This crate owns the *making* of evidence and never the judging of it: nothing here verifies a signature, so that a
//! mistake in the verifier cannot hide behind the same mistake in the maker. Its output is checked against OpenSSL.
//!
//! Nothing made here deserves trust: keys are generated for one run, and the RSA keys under `fixtures` are public.
//!
//! Start at [`pki::Pki::generate`], then [`pdf::Draft`] and [`pdf::sign`], then [`attack`].

mod der;
mod error;

pub mod pki;

pub mod cms;

pub mod pdf;

pub mod attack;

#[cfg(feature = "hub")]
pub mod system;

#[cfg(feature = "hub")]
pub mod hub_box;

#[cfg(feature = "hub")]
pub mod office;

#[cfg(feature = "hub")]
pub mod provinces;

pub use error::Error;

#[cfg(test)]
mod openssl;
