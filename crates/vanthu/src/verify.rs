//! `vanthu verify`: a stand-alone verifier for anyone, without home, hub or network.
//!
//! Files are found (`targets.rs`), told apart by content (`kind.rs`), judged on all cores (`pool.rs`, `file.rs`) by the trust data
//! of a folder (`trust.rs`), and told in the order of the command line, as text (`text.rs`) or JSON. What a report of the
//! `signature` crate means in either form is in `finding.rs` alone.
//!
//! Exit codes by the worst file: 0 all passed, 3 not signed, 1 something indeterminate, 2 something failed or was changed after
//! signing, 4 unreadable or wrong usage; worse from left to right.

mod file;
mod finding;
mod kind;
mod language;
pub(crate) mod moment;
mod pool;
mod progress;
mod reason;
mod sentences;
mod signers;
mod targets;
mod text;
mod tools;
mod trust;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

pub(crate) use language::Language;
use signature::{Options, TrustStore};

use crate::arguments::Verify;
use file::{Buffer, Judge};
use finding::{Finding, Summary};
use progress::Progress;
use targets::Target;
use tools::WeakByTool;

/// The exit code for what cannot be read, and for wrong usage.
pub(crate) const UNREADABLE: u8 = 4;

/// Exit codes from the least bad to the worst.
const BADNESS: [u8; 5] = [0, 3, 1, 2, UNREADABLE];

/// Judges everything that was named, and returns the exit code.
pub(crate) fn run(arguments: &Verify) -> u8 {
    let language = arguments.lang.unwrap_or_else(Language::of_environment);
    let trust = match trusted(arguments, language) {
        Ok(trust) => trust,
        Err(told) => {
            warn(&told);
            return UNREADABLE;
        }
    };
    if arguments.content.is_some() && (arguments.files.len() != 1 || arguments.files.iter().any(|file| file.is_dir())) {
        warn(language.content_needs_one_file());
        return UNREADABLE;
    }
    let options = Options::at(arguments.as_of.unwrap_or_else(moment::now));
    let judge = Judge { trust, options, content: arguments.content.clone() };
    let targets = targets::find(&arguments.files);
    let mut teller = Teller::new(arguments.json, language, targets.len());
    let mut worst = Worst::default();
    let mut judged_of_root = vec![0_usize; arguments.files.len()];
    pool::run(
        &targets,
        |buffer: &mut Buffer, target: &Target| judge.judge(buffer, target),
        |target, finding| {
            if let Some(finding) = finding {
                worst.see(finding.summary.exit_code());
                if let Some(judged) = judged_of_root.get_mut(target.root) {
                    *judged += 1;
                }
                teller.tell(&finding);
            }
            teller.advance();
        },
    );
    if let Err(error) = teller.finish() {
        warn(&language.cannot_write(&error));
        worst.see(UNREADABLE);
    }
    for (root, _) in arguments.files.iter().zip(&judged_of_root).filter(|(_, judged)| **judged == 0) {
        warn(&language.nothing_to_judge(&root.display().to_string()));
        worst.see(UNREADABLE);
    }
    worst.0
}

fn trusted(arguments: &Verify, language: Language) -> Result<TrustStore, String> {
    let mut store = TrustStore::new();
    let mut anchors = 0;
    for folder in &arguments.trust {
        let taken = trust::load(folder, &mut store).map_err(|error| language.trust_folder_unreadable(&shown(folder), &error))?;
        anchors += taken.anchors;
        let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, why) in &taken.left_out {
            by_reason.entry(language.why_left_out(why)).or_default().push(shown(path));
        }
        by_reason.iter().for_each(|(why, files)| warn(&language.trust_left_out(&files.join(", "), why)));
    }
    if anchors == 0 {
        warn(language.nobody_is_trusted());
    }
    Ok(store)
}

fn shown(path: &Path) -> String {
    text::printable(&path.display().to_string())
}

/// A closed standard error is no reason to end.
fn warn(told: &str) {
    drop(writeln!(io::stderr(), "vanthu: {told}"));
}

/// The worst exit code so far.
#[derive(Debug, Default)]
struct Worst(u8);

impl Worst {
    fn see(&mut self, code: u8) {
        let badness = |code: u8| BADNESS.iter().position(|one| *one == code);
        if badness(code) > badness(self.0) {
            self.0 = code;
        }
    }
}

/// Writes findings as they come, and the counts at the end.
struct Teller {
    out: io::BufWriter<io::Stdout>,
    json: bool,
    language: Language,
    progress: Progress,
    counts: Vec<(Summary, usize)>,
    weak: WeakByTool,
    /// The first error of standard output; nothing is written after it. The files are judged all the same, for the exit code.
    error: Option<io::Error>,
}

impl Teller {
    fn new(json: bool, language: Language, total: usize) -> Self {
        let counts = Summary::ALL.iter().map(|summary| (*summary, 0)).collect();
        Self {
            out: io::BufWriter::new(io::stdout()),
            json,
            language,
            progress: Progress::new(total),
            counts,
            weak: WeakByTool::default(),
            error: None,
        }
    }

    fn tell(&mut self, finding: &Finding) {
        if let Some((_, count)) = self.counts.iter_mut().find(|(summary, _)| *summary == finding.summary) {
            *count += 1;
        }
        self.weak.count(finding);
        let told = if self.json { finding.json() } else { text::report(finding, self.language) };
        self.write(&told);
    }

    fn advance(&mut self) {
        self.progress.advance();
    }

    fn write(&mut self, told: &str) {
        if self.error.is_some() {
            return;
        }
        self.progress.clear();
        self.error = self.out.write_all(told.as_bytes()).and_then(|()| self.out.flush()).err();
    }

    /// A reader that has seen enough is no error.
    fn finish(mut self) -> io::Result<()> {
        self.progress.clear();
        if !self.json && self.counts.iter().map(|(_, count)| count).sum::<usize>() > 1 {
            let told = text::totals(&self.counts, self.language) + &self.weak.told(self.language);
            self.write(&told);
        }
        // What a failed write left in the buffer is not written again when the buffer goes.
        let (_, _) = self.out.into_parts();
        self.error.filter(|error| error.kind() != ErrorKind::BrokenPipe).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_code_is_kept_whatever_the_order() {
        for (codes, expected) in
            [(vec![], 0), (vec![0, 0], 0), (vec![0, 3], 3), (vec![1, 3], 1), (vec![2, 1, 0], 2), (vec![4, 2], 4), (vec![0, 2, 4, 1], 4)]
        {
            let mut worst = Worst::default();
            codes.iter().for_each(|code| worst.see(*code));
            assert_eq!(worst.0, expected, "{codes:?}");
        }
    }
}
