//! What is counted: statements of a manifest, each agreed on, disagreed on, not supported or not comparable.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Debug builds on a busy machine need up to a second for the largest files.
const LONGEST: Duration = Duration::from_secs(10);

/// What this crate says where it leaves a question open for want of an algorithm, a transform or a form of input.
pub(crate) const UNSUPPORTED: &str = "unsupported";

/// A reviewed disagreement: a row of `tests/exceptions.tsv`.
#[derive(Debug)]
pub(crate) struct Exception {
    set: String,
    file: String,
    field: String,
    ours: String,
    theirs: String,
}

impl Exception {
    /// Every row; a row without a reason is refused.
    pub(crate) fn read_all() -> Vec<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exceptions.tsv");
        let text = fs::read_to_string(path).unwrap();
        let rows = text.lines().skip(1).filter(|line| !line.is_empty());
        let read = rows.map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [set, file, field, ours, theirs, reason] = columns[..] else { panic!("not six columns: {line}") };
            assert!(reason.len() > 20, "no reason is given: {line}");
            Self { set: set.into(), file: file.into(), field: field.into(), ours: ours.into(), theirs: theirs.into() }
        });
        read.collect()
    }
}

/// One statement on which the two differ.
#[derive(Debug)]
struct Difference {
    file: String,
    field: String,
    ours: String,
    theirs: String,
    is_listed: bool,
}

/// The account of one set.
#[derive(Debug)]
pub(crate) struct Ledger {
    set: &'static str,
    pub(crate) agree: usize,
    unsupported: usize,
    skipped: usize,
    differences: Vec<Difference>,
    listed: Vec<(String, String, String, String)>,
    /// Statements that were compared, so that an exception for one that was not is told from one that has gone.
    seen: BTreeSet<(String, String)>,
}

impl Ledger {
    pub(crate) fn new(set: &'static str, exceptions: &[Exception]) -> Self {
        let own = exceptions.iter().filter(|one| one.set == set);
        let listed = own.map(|one| (one.file.clone(), one.field.clone(), one.ours.clone(), one.theirs.clone())).collect();
        Self { set, agree: 0, unsupported: 0, skipped: 0, differences: Vec::new(), listed, seen: BTreeSet::new() }
    }

    /// Compares what this crate says of `field` with what the manifest says.
    pub(crate) fn enter(&mut self, file: &str, field: &str, ours: &str, theirs: &str) {
        self.seen.insert((file.to_owned(), field.to_owned()));
        if is_asked_for(file) {
            println!("{}\t{file}\t{field}\t{ours}\t{theirs}", self.set);
        }
        if ours == theirs {
            self.agree += 1;
        } else if ours == UNSUPPORTED {
            self.unsupported += 1;
            if is_asked_for("1") {
                println!("{}\t{file}\t{field}\t{ours}\t{theirs}", self.set);
            }
        } else {
            let is_listed = self.listed.iter().any(|(a, b, c, d)| a == file && b == field && c == ours && d == theirs);
            let [file, field, ours, theirs] = [file, field, ours, theirs].map(str::to_owned);
            self.differences.push(Difference { file, field, ours, theirs, is_listed });
        }
    }

    /// A row that is an input of others, or a statement that says nothing comparable.
    pub(crate) fn skip(&mut self) {
        self.skipped += 1;
    }

    /// A bar that holds for every file: it counts only where it is broken.
    pub(crate) fn forbid(&mut self, file: &str, what: &str, is_broken: bool) {
        if is_broken {
            self.enter(file, what, "yes", "no");
        }
    }

    /// Judges one file; a crash and a long time are disagreements, and nothing else is counted.
    pub(crate) fn judge<T>(&mut self, file: &str, verify: impl FnOnce() -> T) -> Option<T> {
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(verify)).ok();
        self.forbid(file, "crashed", outcome.is_none());
        self.forbid(file, "took too long", started.elapsed() > LONGEST);
        outcome
    }

    pub(crate) fn line(&self) -> String {
        let Self { set, agree, unsupported, skipped, .. } = self;
        format!("{set}: agree {agree}, disagree {}, unsupported {unsupported}, skipped {skipped}", self.differences.len())
    }

    /// Every ground on which the run fails.
    pub(crate) fn complaints(&self, exceptions: &[Exception]) -> Vec<String> {
        let is_shown = |one: &&Difference| !one.is_listed || is_asked_for("1");
        let mut complaints = Vec::new();
        for Difference { file, field, ours, theirs, is_listed } in self.differences.iter().filter(is_shown) {
            let line = format!("{}\t{file}\t{field}\t{ours}\t{theirs}", self.set);
            if *is_listed {
                println!("  listed: {line}");
            } else {
                complaints.push(format!("not listed: {line}"));
            }
        }
        for one in exceptions.iter().filter(|one| one.set == self.set) {
            let is_met = self
                .differences
                .iter()
                .any(|found| found.file == one.file && found.field == one.field && found.ours == one.ours && found.theirs == one.theirs);
            if !is_met {
                let was_compared = self.seen.contains(&(one.file.clone(), one.field.clone()));
                let what = if was_compared { "the two agree, or differ in another way" } else { "no such statement was compared" };
                complaints.push(format!("stale exception, delete it: {}\t{}\t{}: {what}", one.set, one.file, one.field));
            }
        }
        complaints
    }
}

/// Whether the caller wants to see more of `what`.
pub(crate) fn is_asked_for(what: &str) -> bool {
    std::env::var("REASONS").is_ok_and(|asked| asked == what)
}
