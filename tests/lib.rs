//! The stories live in the test targets of this package.
