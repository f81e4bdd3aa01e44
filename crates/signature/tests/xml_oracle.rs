//! XML signatures against those of the Java platform, where it is installed: what it makes is intact, and of damaged copies
//! none is intact that it does not call valid.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signature::{Options, TrustStore, WeakDigest, verify_xml};

/// 2026-11-27 00:00:00 UTC.
const NOW: i64 = 1_795_737_600;

#[test]
fn signatures_of_another_library_come_out_as_it_says() {
    let has_compiler = Command::new("javac").arg("-version").stdout(Stdio::null()).status().is_ok_and(|one| one.success());
    if !has_compiler {
        println!("skipped: 1 oracle (a Java development kit) is not installed");
        return;
    }
    let rounds = std::env::var("ROUNDS").unwrap_or_else(|_| "60".to_owned());
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/SignXml.java");
    let output = Command::new("java").args([program, &rounds]).stderr(Stdio::null()).output().unwrap();
    assert!(output.status.success());
    let options = Options { weak_digest: WeakDigest::Accept, ..Options::at(NOW) };
    let (mut agree, mut stricter) = (0, 0);
    let mut wrong = Vec::new();
    for (index, line) in String::from_utf8(output.stdout).unwrap().lines().enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let bytes = STANDARD.decode(fields[2]).unwrap();
        let report = verify_xml(&bytes, &TrustStore::new(), &options);
        let is_intact = report.signatures.first().is_some_and(|one| one.intact);
        let is_valid = fields[0] == "valid";
        // The first of five is whole; the others are damaged, and that may be in what only one of the two looks at.
        if is_intact == is_valid {
            agree += 1;
        } else if is_valid && index % 5 > 0 {
            stricter += 1;
            if std::env::var_os("REASONS").is_some() {
                println!("{:?} {:?}", report.document.signatures.first().map(|one| &one.reasons), report.document.faults);
            }
        } else {
            let reasons = report.document.signatures.first().map(|one| &one.reasons);
            wrong.push(format!(
                "{} {}: {reasons:?} {:?}\n{}",
                fields[0],
                fields[1],
                report.document.faults,
                String::from_utf8_lossy(&bytes)
            ));
        }
    }
    println!("java: {agree} agree, {stricter} damaged copies refused here only");
    assert!(wrong.is_empty(), "{} differ, the first: {}", wrong.len(), wrong[0]);
    assert!(agree > 0);
}
