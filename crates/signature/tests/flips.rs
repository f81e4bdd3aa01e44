//! Sign, flip any bit of any byte, anywhere: nothing passes over the whole of it any more.
//!
//! One bit of every byte in the normal tests, all eight by
//! `cargo test -p signature --release --test flips -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use signature::{
    ChangeLevel, Coverage, DocumentReport, Options, TrustStore, Verdict, verify_asic, verify_detached, verify_pdf, verify_xml,
};
use testkit::attack::kit::{Archive, Bench, NOW, Paper, Signing, Statement, enveloped, enveloped_signature};

fn trust(bench: &Bench) -> TrustStore {
    let mut store = TrustStore::new();
    let evidence = bench.trust();
    evidence.anchors.iter().for_each(|one| store.add_anchor(one, None, None).unwrap());
    evidence.intermediates.iter().for_each(|one| store.add_intermediate(one).unwrap());
    evidence.lists.iter().for_each(|one| store.add_crl(one).unwrap());
    store
}

/// Every signature passes, over everything, and nothing was changed.
fn is_whole(report: &DocumentReport) -> bool {
    !report.signatures.is_empty()
        && report.signatures.iter().all(|one| one.verdict == Verdict::TotalPassed)
        && report.coverage == Coverage::Whole
        && report.changed_after_signing == ChangeLevel::None
}

/// Which bits are flipped.
#[derive(Clone, Copy)]
enum Bits {
    /// One per byte, in turn.
    One,
    All,
}

/// Flips bits of `bytes` and returns the places where the result still passes, but for those where `means_nothing` is true.
fn survivors(bytes: &[u8], bits: Bits, judge: impl Fn(&[u8]) -> DocumentReport, means_nothing: impl Fn(&[u8]) -> bool) -> Vec<(usize, u8)> {
    let original = judge(bytes);
    assert!(is_whole(&original), "{original:?}");
    // A time stamp that was touched proves nothing, and the signature may pass without it (EN 319 102-1, 5.5.4).
    let proofs = |report: &DocumentReport| report.signatures.iter().map(|one| one.proved_time).collect::<Vec<_>>();
    let mut survivors = Vec::new();
    let mut flipped = bytes.to_vec();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            if matches!(bits, Bits::One) && bit != at % 8 {
                continue;
            }
            flipped[at] ^= 1 << bit;
            let report = judge(&flipped);
            if is_whole(&report) && proofs(&report) == proofs(&original) && !means_nothing(&flipped) {
                survivors.push((at, 1 << bit));
            }
            flipped[at] = bytes[at];
        }
    }
    println!("{} bytes, {} of them survive", bytes.len(), survivors.len());
    survivors
}

/// The bytes that the hexadecimal digits of `/Contents` mean, without the zeros that fill them up.
fn contents(pdf: &[u8]) -> Option<Vec<u8>> {
    let key = b"/Contents <";
    let start = pdf.windows(key.len()).rposition(|window| window == key)? + key.len();
    let end = start + pdf[start..].iter().position(|byte| *byte == b'>')?;
    let digits: Vec<u8> = pdf[start..end].iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != 0).copied().collect();
    let nibble = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let mut bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| Some(nibble(pair[0])? << 4 | pair.get(1).map_or(Some(0), |digit| nibble(*digit))?))
        .collect::<Option<_>>()?;
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    Some(bytes)
}

fn check_pdf(bits: Bits) {
    let bench = Bench::new();
    let trust = trust(&bench);
    for statement in [Statement::new(&bench.signer), Statement::stamped(&bench.signer, &bench.tsa, NOW - 60)] {
        let pdf = Paper::new().sign(&Signing { spare: 4, ..Signing::with(statement) }).bytes;
        let signed = contents(&pdf);
        assert!(signed.as_ref().is_some_and(|cms| cms.len() > 500));
        // The same CMS in other digits: capital letters, and white space among the zeros behind it.
        let means_nothing = |flipped: &[u8]| contents(flipped) == signed;
        let survivors = survivors(&pdf, bits, |bytes| verify_pdf(bytes, &trust, &Options::at(NOW)), means_nothing);
        assert_eq!(survivors, [], "{}", String::from_utf8_lossy(&pdf));
    }
}

fn check_detached(bits: Bits) {
    let bench = Bench::new();
    let trust = trust(&bench);
    let cms = Statement::new(&bench.signer).over(b"content");
    let found = survivors(&cms, bits, |bytes| verify_detached(bytes, b"content", &trust, &Options::at(NOW)), |_| false);
    assert_eq!(found, [], "{cms:02x?}");
    let found = survivors(b"content", Bits::All, |bytes| verify_detached(&cms, bytes, &trust, &Options::at(NOW)), |_| false);
    assert_eq!(found, []);
}

fn check_xml(bits: Bits) {
    let bench = Bench::new();
    let trust = trust(&bench);
    let content = "<amount Id=\"a\">100</amount>";
    let text = enveloped_signature(content, &enveloped(&bench.signer, content).sign());
    // An identifier that nothing refers to, of an element that holds the signature value and cannot be signed.
    let identifier = " Id=\"s-v\"";
    let place = text.find(identifier).unwrap();
    let place = place..place + identifier.len();
    let means_nothing =
        |flipped: &[u8]| flipped.iter().zip(text.as_bytes()).position(|(one, other)| one != other).is_some_and(|at| place.contains(&at));
    let found = survivors(text.as_bytes(), bits, |bytes| verify_xml(bytes, &trust, &Options::at(NOW)).document, means_nothing);
    let told: Vec<String> =
        found.iter().map(|(at, bit)| format!("{bit:02x} at {}", &text[at.saturating_sub(30)..(at + 20).min(text.len())])).collect();
    assert_eq!(told, [] as [&str; 0]);
}

/// A container without what its records remark beside names, sizes and contents (APPNOTE 6.3, 4.3.7 and 4.3.12): the version of
/// the program, hints of the compressor, the time, and attributes in file systems.
fn without_remarks(archive: &[u8]) -> Vec<u8> {
    let mut out = archive.to_vec();
    for at in 0..archive.len() {
        let ranges: &[std::ops::Range<usize>] = match archive.get(at..at + 4) {
            Some(b"PK\x03\x04") => &[4..8, 10..14],
            Some(b"PK\x01\x02") => &[4..10, 12..16, 36..42],
            _ => continue,
        };
        ranges.iter().for_each(|range| out[at + range.start..at + range.end].fill(0));
    }
    out
}

fn check_asic(bits: Bits) {
    let bench = Bench::new();
    let trust = trust(&bench);
    let cms = Statement::new(&bench.signer).over(b"mot tram dong");
    let mimetype = ("mimetype", b"application/vnd.etsi.asic-s+zip".as_slice());
    let archive = Archive::of(&[mimetype, ("a.txt", b"mot tram dong"), ("META-INF/signature.p7s", &cms)]).build();
    let plain = without_remarks(&archive);
    let judge = |bytes: &[u8]| verify_asic(bytes, &trust, &Options::at(NOW)).document;
    let found = survivors(&archive, bits, judge, |flipped| without_remarks(flipped) == plain);
    assert_eq!(found, [], "{archive:02x?}");
}

#[test]
fn no_flipped_byte_of_a_document_passes() {
    check_pdf(Bits::One);
}

#[test]
fn no_flipped_byte_of_a_detached_signature_passes() {
    check_detached(Bits::One);
}

#[test]
fn no_flipped_byte_of_signed_markup_passes() {
    check_xml(Bits::One);
}

#[test]
fn no_flipped_byte_of_a_container_passes() {
    check_asic(Bits::One);
}

#[test]
#[ignore = "eight times as many"]
fn no_flipped_bit_passes() {
    check_pdf(Bits::All);
    check_detached(Bits::All);
    check_xml(Bits::All);
    check_asic(Bits::All);
}
