//! The entry functions of the fuzz targets, run on stable: mutations that know the structure of the generated seeds, byte
//! noise, and noise from nothing.
//!
//! Short by default. `ROUNDS=100000 cargo test -p signature --release --test fuzz` runs long, and `SEED=…` repeats a run; a
//! failure prints the seed and the bytes' place. The targets themselves are in `fuzz/`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "../fuzz/src/entries.rs"]
mod entries;

use std::panic::{AssertUnwindSafe, catch_unwind};

use testkit::attack::kit::{Case, Input};
use testkit::attack::{changes, containers, evidence, markup, paths, ranges, stamps, statements, structure};

const ROUNDS: u64 = 400;

/// Marsaglia's xorshift: every run of a seed is the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Feeds mutations of `seeds` to `entry`. `words` are what the format is made of.
fn run(name: &str, seeds: &[Vec<u8>], words: &[&[u8]], entry: fn(&[u8])) {
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let (rounds, seed) = (number("ROUNDS", ROUNDS), number("SEED", 0x9e37_79b9_7f4a_7c15));
    let mut random = Random(seed | 1);
    // The seeds themselves first, as far as the rounds go.
    for bytes in seeds.iter().take(rounds as usize) {
        entry(bytes);
    }
    for round in 0..rounds {
        let bytes = mutated(seeds, words, &mut random);
        let outcome = catch_unwind(AssertUnwindSafe(|| entry(&bytes)));
        if outcome.is_err() {
            let path = std::env::temp_dir().join(format!("signature-fuzz-{name}-{seed}-{round}"));
            std::fs::write(&path, &bytes).unwrap();
            panic!("{name}: SEED={seed}, round {round}: {} bytes in {}", bytes.len(), path.display());
        }
    }
    println!("{name}: {} seeds, {rounds} mutations", seeds.len());
}

fn mutated(seeds: &[Vec<u8>], words: &[&[u8]], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(5) {
        let at = random.below(bytes.len() + 1);
        let span = random.below(40).min(bytes.len() - at);
        match random.below(10) {
            0 => bytes.truncate(at),
            1 => _ = bytes.drain(at..at + span),
            2 => {
                let again = bytes[at..at + span].to_vec();
                bytes.splice(at..at, again.repeat(1 + random.below(20)));
            }
            3 | 4 => {
                let word = words[random.below(words.len())];
                let end = if random.below(2) == 0 { at } else { (at + word.len()).min(bytes.len()) };
                bytes.splice(at..end, word.iter().copied());
            }
            5 => {
                // A piece of another seed.
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let piece = other[from..(from + random.below(400)).min(other.len())].to_vec();
                bytes.splice(at..at + span, piece);
            }
            6 => {
                // A digit: offsets, lengths and numbers are where the structure is.
                let digits: Vec<usize> =
                    bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit()).map(|(place, _)| place).collect();
                if !digits.is_empty() {
                    bytes[digits[random.below(digits.len())]] = b'0' + random.below(10) as u8;
                }
            }
            _ => {
                if at < bytes.len() {
                    bytes[at] = if random.below(2) == 0 { bytes[at] ^ 1 << random.below(8) } else { random.next() as u8 };
                }
            }
        }
    }
    bytes
}

fn inputs(cases: &[Case], take: fn(&Input) -> Option<&Vec<u8>>) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = cases.iter().flat_map(|case| [&case.forged, &case.twin]).filter_map(take).cloned().collect();
    seeds.dedup();
    seeds
}

#[test]
fn mutated_documents_never_panic() {
    let cases: Vec<Case> = [ranges::cases(), changes::cases(), structure::cases(), stamps::cases()].concat();
    let seeds = inputs(&cases, |input| if let Input::Pdf(bytes) = input { Some(bytes) } else { None });
    let words: [&[u8]; 18] = [
        b"<<",
        b">>",
        b"[",
        b"]",
        b"(",
        b")",
        b"<",
        b">",
        b" 0 R",
        b"null",
        b"endobj\n",
        b"stream\n",
        b"endstream",
        b"xref\n0 1\n",
        b"trailer",
        b"startxref\n9\n%%EOF",
        b"/Prev 15",
        b"%",
    ];
    run("pdf", &seeds, &words, entries::pdf);
}

#[test]
fn mutated_statements_never_panic() {
    let seeds =
        inputs(
            &[statements::cases(), ranges::cases()].concat(),
            |input| if let Input::Detached { cms, .. } = input { Some(cms) } else { None },
        );
    run("cms", &seeds, DER_WORDS, entries::cms);
}

const DER_WORDS: &[&[u8]] = &[
    &[0x30, 0x80],
    &[0, 0],
    &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
    &[0x24, 0x80],
    &[0x31, 0],
    &[0xa0, 0],
    &[0x02, 1, 0x80],
    &[0x03, 1, 7],
    &[0x06, 0],
    &[0x1f, 0x81, 0],
    &[0x17, 13],
    &[0x05, 0],
    &[0x81],
];

#[test]
fn mutated_certificates_lists_and_responses_never_panic() {
    let cases: Vec<Case> = [paths::cases(), evidence::cases()].concat();
    let certificates: Vec<Vec<u8>> =
        cases.iter().flat_map(|case| [&case.trust.anchors, &case.trust.intermediates]).flatten().cloned().collect();
    run("x509", &certificates, DER_WORDS, entries::x509);
    let lists: Vec<Vec<u8>> = cases.iter().flat_map(|case| [&case.trust.lists, &case.trust.responses]).flatten().cloned().collect();
    run("crl_ocsp", &lists, DER_WORDS, entries::crl_ocsp);
}

#[test]
fn mutated_markup_never_panics() {
    let seeds = inputs(&markup::cases(), |input| if let Input::Xml(bytes) = input { Some(bytes) } else { None });
    // The deepest ones take long, and show nothing new when they are mutated.
    let seeds: Vec<Vec<u8>> = seeds.into_iter().filter(|seed| seed.len() < 20_000).collect();
    let words: [&[u8]; 14] = [
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?x ?>",
        b"&amp;",
        b"&#x0;",
        b"</",
        b"/>",
        b" xmlns:p=\"\"",
        b" Id=\"a\"",
        b"\"",
        b"=",
        b"\xc3",
    ];
    run("xml", &seeds, &words, entries::xml);
}

#[test]
fn mutated_containers_never_panic() {
    let seeds = inputs(&containers::cases(), |input| if let Input::Asic(bytes) = input { Some(bytes) } else { None });
    let seeds: Vec<Vec<u8>> = seeds.into_iter().filter(|seed| seed.len() < 20_000).collect();
    let words: [&[u8]; 8] =
        [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"PK\x06\x06", b"\xff\xff\xff\xff", b"../", b"\0\0\0\0"];
    run("asic", &seeds, &words, entries::asic);
}

#[test]
fn noise_from_nothing_never_panics() {
    type Entry = fn(&[u8]);
    let starts: [(&[u8], Entry); 6] = [
        (b"%PDF-1.7\n", entries::pdf),
        (&[0x30, 0x80], entries::cms),
        (&[0x30, 0x82], entries::x509),
        (&[0x30, 0x82], entries::crl_ocsp),
        (b"<a>", entries::xml),
        (b"PK\x03\x04", entries::asic),
    ];
    let mut random = Random(number("SEED", 77) | 1);
    for _ in 0..number("ROUNDS", ROUNDS) {
        let noise: Vec<u8> = (0..random.below(300)).map(|_| random.next() as u8).collect();
        for (start, entry) in starts {
            entry(&[start, &noise].concat());
            entry(&noise);
        }
    }
}
