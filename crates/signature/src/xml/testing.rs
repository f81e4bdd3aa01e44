//! Signed XML made in code.
