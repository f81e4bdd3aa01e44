//! Differential tests: random inputs, good and damaged, judged here and by another tool where that is installed; a message says
//! what was skipped. `SEED=N` changes the inputs, `ROUNDS=N` their number, `KEEP=DIR` keeps those on which the two differ.
//!
//! The tools are `openssl` (paths, CMS, time stamps, OCSP), `pdfsig` of poppler, pyHanko for Python and `xmlsec1`. Where a tool
//! is known to be wrong or to look at less, the module says so beside the comparison.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod der;
mod dice;
mod documents;
mod evidence;
mod messages;
mod paths;
mod pdfsig;
mod pki;
mod tool;
mod xml;
