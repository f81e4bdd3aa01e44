//! Numbers of organisations and remains of signatures in the real documents beside the project: compared with a plain search
//! through the bytes. Skipped where the documents are absent.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use signature::{Coverage, Options, TrustStore, verify_pdf};

/// userId (RFC 4519, 2.39), as DER.
const USER_ID: &[u8] = &[0x06, 0x0a, 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1];
/// 2026-11-22T00:00:00Z.
const AT: i64 = 1_795_305_600;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/real-documents")
}

/// File and kind of every document.
fn documents() -> Vec<(String, String)> {
    let Ok(manifest) = std::fs::read_to_string(folder().join("manifest.tsv")) else { return Vec::new() };
    let mut lines = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let column = |name: &str| head.iter().position(|cell| *cell == name).unwrap();
    let (file, kind) = (column("file"), column("kind"));
    lines.map(|cells| (cells[file].to_owned(), cells[kind].to_owned())).collect()
}

/// Every long hexadecimal string of the file, decoded.
fn hexadecimal(bytes: &[u8]) -> Vec<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    bytes
        .split(|byte| *byte == b'<')
        .map(|part| part.split(|byte| *byte == b'>').next().unwrap_or_default())
        .filter(|text| text.len() > 2_000)
        .map(|text| text.iter().filter_map(digit).collect::<Vec<u8>>())
        .map(|digits| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        .collect()
}

/// What stands behind the object identifier of userId, anywhere.
fn user_ids(bytes: &[u8]) -> BTreeSet<String> {
    let places = (0..bytes.len().saturating_sub(USER_ID.len() + 2)).filter(|at| bytes[*at..].starts_with(USER_ID));
    places
        .filter_map(|at| {
            let value = at + USER_ID.len();
            let length = usize::from(bytes[value + 1]);
            Some(String::from_utf8_lossy(bytes.get(value + 2..value + 2 + length)?).into_owned())
        })
        .collect()
}

#[test]
fn the_number_of_an_organisation_is_the_one_in_its_certificate() {
    let documents = documents();
    if documents.is_empty() {
        println!("1 test skipped: {} is not there", folder().display());
        return;
    }
    let (mut told, mut silent) = (0, 0);
    for (file, kind) in documents {
        let bytes = std::fs::read(folder().join(&file)).unwrap();
        let report = verify_pdf(&bytes, &TrustStore::new(), &Options::at(AT));
        let written: BTreeSet<String> = hexadecimal(&bytes).iter().flat_map(|blob| user_ids(blob)).collect();
        for signature in &report.signatures {
            let Some(signer) = &signature.signer else {
                assert_ne!(kind, "live", "{file}: no signer");
                continue;
            };
            assert!(signature.value_sha256.is_some(), "{file}");
            match &signer.organisation_identifier {
                Some(number) => {
                    assert!(written.contains(number), "{file}: {number} is not among {written:?}");
                    told += 1;
                }
                // Older certificates and those of persons bear no number at all.
                None => {
                    assert!(!signer.subject.contains("UID=M"), "{file}: {}", signer.subject);
                    silent += 1;
                }
            }
        }
        assert!(kind != "live" || !report.signatures.is_empty(), "{file}");
    }
    println!("{told} signatures with a number of an organisation, {silent} without");
    assert!(told > 0, "the state's certificates bear numbers");
}

#[test]
fn remains_are_told_of_rewritten_documents_and_of_no_others() {
    let documents = documents();
    if documents.is_empty() {
        println!("1 test skipped: {} is not there", folder().display());
        return;
    }
    let mut known = 0;
    for (file, kind) in documents {
        let bytes = std::fs::read(folder().join(&file)).unwrap();
        let report = verify_pdf(&bytes, &TrustStore::new(), &Options::at(AT));
        let remains = &report.remains;
        assert!(report.coverage == Coverage::Destroyed || remains.is_empty(), "{file}: {remains:?}");
        if kind == "residual" {
            println!("{file}: {} values, {:?}", remains.len(), report.rewritten_by);
            known += usize::from(!remains.is_empty());
        }
    }
    println!("{known} rewritten documents hold signature values");
    assert!(known > 0, "some rewriters keep the values");
}
