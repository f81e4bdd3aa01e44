//! Every class of attack that a verifier must refuse or flag, made with fresh keys and judged, each beside the same thing
//! without the attack, which passes.
//!
//! The classes are those of the checklist in `checklist.rs`; the expectations come from the standards that each class names
//! in its table and never from what the verifier says. `cargo test -p testkit --no-default-features --test attacks` needs no hub.

mod changes;
mod checklist;
mod containers;
mod evidence;
mod judge;
mod markup;
mod paths;
mod ranges;
mod stamps;
mod statements;
mod structure;
