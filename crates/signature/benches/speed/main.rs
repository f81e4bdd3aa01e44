//! How fast signatures are judged, as ratios to what `ring` alone takes for the same bytes in the same run.
//!
//! `cargo bench -p signature --bench speed` measures all; words after `--` choose rows by name, and with `--profile` the chosen
//! rows are only judged, for some seconds, under a profiler. The floor of a file is hashing it once and verifying its
//! signatures, the signer's and the time-stamp authority's, with bare `ring`.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]

mod clock;
mod der;
mod make;

use std::hint::black_box;
use std::io::Read as _;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use signature::{Options, TrustStore, Verdict, verify_detached, verify_pdf, verify_xml};

use crate::make::{KeyKind, Level, Pki, Sample};

/// Files per row: other bytes each, by eight signers in turn.
const SMALL_FILES: usize = 32;
const LARGE_FILES: usize = 2;
const SMALL: usize = 110 << 10;
const LARGE: usize = 10 << 20;
/// Entries of the issuing authority's list; with security stores the list is part of the file.
const REVOKED: u32 = 500;
const ROUNDS: usize = 15;

/// Whatever the caller wants to know of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pdf,
    /// A PDF from outside: whatever the verdict is.
    Real,
    Cms,
    Xml,
}

struct Row {
    name: String,
    kind: Kind,
    samples: Vec<Sample>,
}

impl Row {
    fn floor(&self) {
        for sample in &self.samples {
            black_box(digest(&SHA256, black_box(sample.hashed())));
            sample.signatures.iter().for_each(make::BareSignature::verify);
        }
    }

    fn hash(&self) {
        for sample in &self.samples {
            black_box(digest(&SHA256, black_box(sample.hashed())));
        }
    }

    fn judge(&self, trust: &TrustStore) {
        for sample in &self.samples {
            judge(self.kind, sample, trust);
        }
    }

    fn per_file(&self, all: Duration) -> f64 {
        all.as_secs_f64() * 1e6 / self.samples.len() as f64
    }
}

fn judge(kind: Kind, sample: &Sample, trust: &TrustStore) {
    let options = Options::at(make::NOW);
    let report = match (kind, &sample.content) {
        (Kind::Pdf | Kind::Real, _) => verify_pdf(black_box(&sample.bytes), trust, &options),
        (Kind::Cms, content) => verify_detached(black_box(&sample.bytes), content.as_deref().unwrap_or_default(), trust, &options),
        (Kind::Xml, _) => verify_xml(black_box(&sample.bytes), trust, &options).document,
    };
    let passed = kind == Kind::Real || report.signatures.iter().all(|one| one.verdict == Verdict::TotalPassed);
    assert!(passed && !(report.signatures.is_empty() && kind != Kind::Real), "{report:?}");
    black_box(report);
}

fn trust(pki: &Pki) -> TrustStore {
    let mut trust = TrustStore::new();
    trust.add_anchor(&pki.root.der, None, None).unwrap();
    trust.add_intermediate(&pki.issuer.der).unwrap();
    pki.lists.iter().for_each(|list| trust.add_crl(list).unwrap());
    trust
}

fn rows(pki: &Pki) -> Vec<(Row, bool)> {
    let mut rows = Vec::new();
    let keys = [KeyKind::Rsa2048, KeyKind::P256];
    let levels = [Level::Basic, Level::Stamped, Level::LongTerm];
    for (kind, level) in levels.into_iter().flat_map(|level| keys.map(|kind| (kind, level))) {
        let samples = (0..SMALL_FILES).map(|index| make::pdf(pki, (kind, level, index), SMALL, 1)).collect();
        rows.push((Row { name: format!("PDF 110 KiB {} {}", level.name(), kind.name()), kind: Kind::Pdf, samples }, false));
    }
    let samples = (0..SMALL_FILES).map(|index| make::pdf(pki, (KeyKind::Rsa2048, Level::Stamped, index), SMALL, 3)).collect();
    rows.push((Row { name: "PDF 110 KiB 3 signatures".to_owned(), kind: Kind::Pdf, samples }, false));
    for kind in keys {
        let samples = (0..SMALL_FILES).map(|index| make::detached(pki, (kind, Level::Stamped, index), SMALL)).collect();
        rows.push((Row { name: format!("CMS 110 KiB B-T {}", kind.name()), kind: Kind::Cms, samples }, false));
    }
    for kind in keys {
        let samples = (0..SMALL_FILES).map(|index| make::xml(pki, (kind, index), SMALL)).collect();
        rows.push((Row { name: format!("XML 110 KiB {}", kind.name()), kind: Kind::Xml, samples }, false));
    }
    rows.extend(real().map(|row| (row, false)));
    for (kind, level) in keys.into_iter().zip([Level::Basic, Level::Stamped]).chain([(KeyKind::Rsa2048, Level::LongTerm)]) {
        let samples = (0..LARGE_FILES).map(|index| make::pdf(pki, (kind, level, index), LARGE, 1)).collect();
        rows.push((Row { name: format!("PDF 10 MiB {} {}", level.name(), kind.name()), kind: Kind::Pdf, samples }, true));
    }
    rows
}

/// Documents from outside, where they are at hand. Their floor is hashing alone.
fn real() -> Option<Row> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/real-documents/pdf");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("skipped: 1 folder (real-documents) is not present");
        return None;
    };
    let files = entries.filter_map(|entry| std::fs::read(entry.ok()?.path()).ok());
    let samples: Vec<Sample> = files.map(|bytes| Sample { bytes, content: None, signatures: Vec::new() }).collect();
    Some(Row { name: format!("PDF {} real documents", samples.len()), kind: Kind::Real, samples })
}

fn main() {
    if let Some(folder) = std::env::args().skip_while(|word| word != MEMORY).nth(1) {
        return grow(std::path::Path::new(&folder));
    }
    let is_profile = std::env::args().any(|word| word == "--profile");
    // Cargo hands over `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let pki = Pki::new(REVOKED);
    let trust = trust(&pki);
    println!("{:<28} {:>9} {:>9} {:>9} {:>8} {:>9}  target", "microseconds per file", "hash", "floor", "judged", "of floor", "of SHA256");
    let rows = rows(&pki);
    let rows: Vec<_> = rows.iter().filter(|(row, _)| wanted.is_empty() || wanted.iter().any(|word| row.name.contains(word))).collect();
    if is_profile {
        return profile(&rows, &trust);
    }
    for (row, is_large) in &rows {
        // Warm: what is remembered of chains and lists, and the processor.
        row.judge(&trust);
        let (hash, _) = clock::least_of_two(ROUNDS, || row.hash(), || {});
        let (floor, judged) = clock::least_of_two(ROUNDS, || row.floor(), || row.judge(&trust));
        let percent = |of: Duration| 100.0 * of.as_secs_f64() / judged.as_secs_f64();
        let target = if *is_large { "85 % of SHA256" } else { "40 % of floor" };
        println!(
            "{:<28} {:>9.1} {:>9.1} {:>9.1} {:>6.1} % {:>7.1} %  {target}",
            row.name,
            row.per_file(hash),
            row.per_file(floor),
            row.per_file(judged),
            percent(floor),
            percent(hash)
        );
    }
    if wanted.is_empty() {
        cold(&pki, &rows[0].0);
        threads(&rows, &trust);
        folder(&rows, &trust);
        memory(&pki, &rows);
    }
}

fn profile(rows: &[&(Row, bool)], trust: &TrustStore) {
    for (row, _) in rows {
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_secs(5) {
            row.judge(trust);
        }
    }
}

/// The first judgement with fresh trust data, nothing remembered.
fn cold(pki: &Pki, row: &Row) {
    let least = (0..ROUNDS).map(|_| {
        let trust = trust(pki);
        clock::cost(|| judge(row.kind, &row.samples[0], &trust))
    });
    println!("{:<28} {:>39.1}", "first judgement, cold", least.min().unwrap_or_default().as_secs_f64() * 1e6);
}

/// Two threads against one, beside two bare `ring` threads against one.
fn threads(rows: &[&(Row, bool)], trust: &TrustStore) {
    for (row, _) in rows.iter().filter(|(row, _)| row.name.contains("B-T RSA") || row.name.contains("10 MiB B-T")) {
        let passes = if row.samples.len() == LARGE_FILES { 8 } else { 20 };
        let judging = |_| (0..passes).for_each(|_| row.judge(trust));
        let floor = |_| (0..passes).for_each(|_| row.floor());
        let scaling = |one: Duration, two: Duration| 2.0 * one.as_secs_f64() / two.as_secs_f64();
        // In turns, so that other work on the machine hits all four alike.
        let walls =
            (0..7).map(|_| [clock::wall(1, 1, floor), clock::wall(1, 2, floor), clock::wall(1, 1, judging), clock::wall(1, 2, judging)]);
        let least = walls.reduce(|least, now| std::array::from_fn(|index| least[index].min(now[index]))).unwrap_or_default();
        let [ring, own] = [scaling(least[0], least[1]), scaling(least[2], least[3])];
        println!("{:<28} two threads do {own:.2} times the work of one; bare ring {ring:.2}", row.name);
    }
}

/// All small PDF files, written to a folder, read from it and judged by one thread and by two.
fn folder(rows: &[&(Row, bool)], trust: &TrustStore) {
    let folder = std::env::temp_dir().join(format!("signature-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let samples = rows.iter().filter(|(row, is_large)| row.kind == Kind::Pdf && !is_large).flat_map(|(row, _)| &row.samples);
    let put = |(index, sample): (usize, &Sample)| {
        let path = folder.join(index.to_string());
        std::fs::write(&path, &sample.bytes).unwrap();
        path
    };
    let paths: Vec<_> = samples.enumerate().map(put).collect();
    let rate = |threads: usize| {
        let part = paths.len().div_ceil(threads);
        let work = |index: usize| {
            let mut bytes = Vec::new();
            for path in paths.iter().skip(index * part).take(part) {
                bytes.clear();
                std::fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
                let report = verify_pdf(&bytes, trust, &Options::at(make::NOW));
                assert!(report.signatures.iter().all(|one| one.verdict == Verdict::TotalPassed));
            }
        };
        paths.len() as f64 / clock::wall(7, threads, work).as_secs_f64()
    };
    println!("{:<28} {:.0} files per second by one thread, {:.0} by two", format!("{} files of a folder", paths.len()), rate(1), rate(2));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// What a large file costs beside its own bytes, in a process of its own that has done nothing before.
fn memory(pki: &Pki, rows: &[&(Row, bool)]) {
    let folder = std::env::temp_dir().join(format!("signature-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    for (name, bytes) in TRUSTED.iter().zip([&pki.root.der, &pki.issuer.der, &pki.lists[0], &pki.lists[1]]) {
        put(name, bytes);
    }
    for (row, _) in rows.iter().filter(|(_, is_large)| *is_large) {
        put(JUDGED, &row.samples[0].bytes);
        let alone = std::process::Command::new(std::env::current_exe().unwrap()).arg(MEMORY).arg(&folder).output().unwrap();
        let told = String::from_utf8_lossy(&alone.stdout).into_owned();
        match told.trim().parse::<u64>() {
            Ok(kib) => println!("{:<28} {:.1} MiB beside the file at the peak; target below 64", row.name, kib as f64 / 1024.0),
            Err(_) => println!("{:<28} the system does not tell the peak of memory", row.name),
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

const MEMORY: &str = "--memory";
const TRUSTED: [&str; 4] = ["root", "issuer", "issuer.crl", "root.crl"];
const JUDGED: &str = "judged.pdf";

/// The other process: judges the file in `folder` and prints by how many KiB that made it grow.
fn grow(folder: &std::path::Path) {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let [root, issuer, lists @ ..] = TRUSTED.map(read);
    let mut trust = TrustStore::new();
    trust.add_anchor(&root, None, None).unwrap();
    trust.add_intermediate(&issuer).unwrap();
    lists.iter().for_each(|list| trust.add_crl(list).unwrap());
    let sample = Sample { bytes: read(JUDGED), content: None, signatures: Vec::new() };
    if let Some(kib) = clock::peak_growth(|| judge(Kind::Pdf, &sample, &trust)) {
        println!("{kib}");
    }
}
