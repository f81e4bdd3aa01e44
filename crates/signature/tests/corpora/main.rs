//! One run over every shared corpus: reads each manifest, compares every statement in it with what this crate says, and prints
//! one line per set.
//!
//! `cargo test -p signature --test corpora` runs all sets, `-- NAME…` those whose names contain a word. `REASONS=1` prints each
//! statement that is not agreed on, listed ones too, and `REASONS=FILE` everything about a file. The run fails on a disagreement
//! that `tests/exceptions.tsv` does not list, on a listed one that is none any more, on a set that agrees less than it did, and
//! on a crash or a file that takes too long. Start reading at `ledger.rs`, which counts, and `manifest.rs`, which reads
//! expectations; the sets stand in one module per kind of input.

#![allow(clippy::unwrap_used, reason = "a test may panic on a corpus that is not what it was")]

mod asic;
mod attacks;
mod cms;
mod documents;
mod ledger;
mod manifest;
mod ocsp;
mod paths;
mod real;
#[path = "../shared/mod.rs"]
mod shared;
mod xml;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use ledger::{Exception, Ledger};

/// A corpus and how it is compared.
struct Set {
    name: &'static str,
    run: fn(&Path, &mut Ledger),
    /// Statements on which this crate has agreed; fewer are a step back, also where the rest is "unsupported".
    at_least: usize,
}

const fn set(name: &'static str, run: fn(&Path, &mut Ledger), at_least: usize) -> Set {
    Set { name, run, at_least }
}

/// Every folder of the corpora, and the real documents.
const SETS: &[Set] = &[
    set("attacks-own", attacks::run, 231),
    set("cms-misc", cms::samples, 59),
    set("dss-asic-cades", asic::run, 14),
    set("dss-asic-xades", asic::run, 26),
    set("dss-cades", cms::signatures, 73),
    set("dss-pades", documents::run, 227),
    set("dss-xades", xml::signatures, 116),
    set("hostile-xml", xml::hostile, 2),
    set("malformed-pdf", documents::run, 50),
    set("misc-pdf", documents::run, 22),
    set("ocsp-delegation", ocsp::delegation, 4),
    set("ocsp-misc", ocsp::samples, 26),
    set("ocsp-openssl", ocsp::openssl, 50),
    set("pkits", paths::run, 244),
    set("pyhanko", documents::run, 111),
    set("real-documents", real::run, 324),
    set("revocation-freshness", ocsp::freshness, 11),
    set("xades-signxml", xml::samples, 4),
    set("xmldsig-vectors", xml::vectors, 18),
];

/// Packets of the document axis: the crate `edxml` reads them.
const ELSEWHERE: &[&str] = &["edxml"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|one| one == "--list") {
        // What other test runners ask for.
        println!("corpora: test");
        return ExitCode::SUCCESS;
    }
    let words = words(&arguments);
    let is_wanted = |set: &&Set| words.is_empty() || words.iter().any(|word| set.name.contains(word.as_str()));
    let wanted: Vec<&Set> = SETS.iter().filter(is_wanted).collect();
    let exceptions = Exception::read_all();
    let outcomes = in_parallel(&wanted, |set| judge(set, &exceptions));

    let mut has_failed = false;
    let mut absent = 0;
    for (set, outcome) in wanted.iter().zip(&outcomes) {
        let Some(ledger) = outcome else {
            absent += 1;
            continue;
        };
        println!("{}", ledger.line());
        let mut complaints = ledger.complaints(&exceptions);
        if ledger.agree < set.at_least {
            complaints.push(format!("agrees on {} statements, and has agreed on {}", ledger.agree, set.at_least));
        }
        complaints.iter().for_each(|complaint| println!("  {complaint}"));
        has_failed |= !complaints.is_empty();
    }
    for name in ELSEWHERE {
        println!("{name}: agree 0, disagree 0, unsupported 0, skipped all (read by the crate of that name)");
    }
    if absent > 0 {
        println!("skipped: {absent} folders are not present");
    }
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The arguments that are words; options of the usual harness are taken and mean nothing.
fn words(arguments: &[String]) -> Vec<&String> {
    const WITH_VALUE: &[&str] = &["--test-threads", "--skip", "--format", "--color", "--logfile", "-Z"];
    let before = std::iter::once("").chain(arguments.iter().map(String::as_str));
    let words = arguments.iter().zip(before).filter(|(one, before)| !one.starts_with('-') && !WITH_VALUE.contains(before));
    words.map(|(one, _)| one).filter(|one| *one != "corpora").collect()
}

/// Nothing, where the folder is absent.
fn judge(set: &Set, exceptions: &[Exception]) -> Option<Ledger> {
    let folder = if set.name == "real-documents" { set.name.to_owned() } else { format!("corpora/{}", set.name) };
    let folder = shared::folder(&folder)?;
    let mut ledger = Ledger::new(set.name, exceptions);
    if catch_unwind(AssertUnwindSafe(|| (set.run)(&folder, &mut ledger))).is_err() {
        ledger.enter("(the whole set)", "run", "stopped", "finished");
    }
    Some(ledger)
}

/// Two threads, because the longest set takes about half of the time; outcomes come in the order of the sets.
fn in_parallel<'a>(sets: &[&'a Set], judge: impl Fn(&'a Set) -> Option<Ledger> + Sync) -> Vec<Option<Ledger>> {
    let queue = Mutex::new(sets.iter().enumerate());
    let outcomes = Mutex::new(sets.iter().map(|_| None).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((index, set)) = next else { break };
                    let outcome = judge(set);
                    outcomes.lock().unwrap()[index] = outcome;
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}
