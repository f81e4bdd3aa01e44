//! The checklist of what a verifier must refuse or flag, and which cases stand for each of its lines.

use std::collections::BTreeSet;
use std::path::Path;

use testkit::attack::{changes, containers, evidence, markup, paths, ranges, stamps, statements, structure};

/// How a line begins, the classes of cases that stand for it, and what of it is tested elsewhere.
const CHECKLIST: &[(&str, &[&str], &str)] = &[
    ("digest mismatch, signature mismatch", &["mismatch"], ""),
    ("ByteRange missing", &["byte range"], ""),
    ("gap differs", &["gap"], ""),
    ("/Contents missing", &["contents"], ""),
    ("non-zero bytes after the CMS", &["trailing bytes"], ""),
    ("/Contents or /ByteRange given twice", &["given twice"], ""),
    ("signature dictionary itself inside", &["object stream"], "the crate's own tests of decryption"),
    ("bytes after the signed end", &["bytes after the end"], ""),
    ("later revision changes", &["later content"], ""),
    ("shadow hide", &["shadow"], ""),
    ("certified P=1", &["certified"], ""),
    ("FieldMDP lock", &["locks and permissions"], ""),
    ("signature field removed", &["fields"], ""),
    ("DSS update", &["security store"], ""),
    ("xref of a later revision", &["re-pointed"], ""),
    ("hybrid file", &["cross-references"], ""),
    ("ambiguous parse", &["ambiguous"], ""),
    ("encrypted document", &["encrypted"], "the crate's own tests of decryption"),
    ("content type or messageDigest", &["attributes"], ""),
    ("digest in SignerInfo", &["digests"], ""),
    ("detached signature that carries", &["enclosed content"], ""),
    ("more than one SignerInfo", &["signers"], ""),
    ("signing-certificate(-v2) missing", &["signing certificate"], ""),
    ("signer chosen by SKI", &["signing certificate"], ""),
    ("no signedAttrs", &["attribute confusion"], ""),
    ("adbe.pkcs7.sha1", &["weak algorithms"], "the crate's own tests of the dated policy"),
    ("BER with indefinite length", &["encoding"], ""),
    ("RSA PKCS#1 padding forgeries", &["signature values"], ""),
    ("same-name root", &["roots and loops"], ""),
    ("leaf used as issuer", &["authorities"], ""),
    ("name constraints incl.", &["constraints"], "the NIST path validation suite"),
    ("keyUsage without", &["usage", "time-stamp tokens", "OCSP responses"], ""),
    ("certificate not valid at signing time", &["validity"], ""),
    ("v1 certificates", &["certificate form"], ""),
    ("revoked before / after", &["revoked"], "removeFromCRL: the crate's own tests of delta lists"),
    ("CRL: wrong issuer", &["revocation lists"], ""),
    ("OCSP: other serial", &["OCSP responses"], ""),
    ("revocation data embedded", &["embedded evidence"], ""),
    ("imprint mismatch", &["time-stamp tokens"], ""),
    ("DocTimeStamp not covering", &["document time stamps"], ""),
    ("an invalid timestamp gives no time", &["time-stamp tokens"], ""),
    ("wrapping: reference by Id", &["XML wrapping"], ""),
    ("DTD, entities", &["hostile XML"], ""),
    ("C14N: comments", &["canonical forms"], ""),
    ("manifest or counter-signature", &["manifests and counter-signatures"], "older namespaces: the conformance samples"),
    ("every required role", &[], "the role policy of `domain`"),
    ("the same certificate used for both roles", &[], "the role policy of `domain`"),
    ("detached signature without content", &["several documents"], ""),
    ("container tricks", &["containers", "cross-references"], ""),
    ("verdict at signing time and now", &[], "the hub, which stores verdicts with their evidence"),
    ("inflate bombs", &["containers"], "`limits` and `growth` of the crate's tests"),
];

#[test]
fn every_line_of_the_checklist_has_its_cases() {
    let cases = [
        ranges::cases(),
        changes::cases(),
        structure::cases(),
        statements::cases(),
        paths::cases(),
        evidence::cases(),
        stamps::cases(),
        markup::cases(),
        containers::cases(),
    ];
    let made: BTreeSet<&str> = cases.iter().flatten().map(|case| case.line).collect();
    let listed: BTreeSet<&str> = CHECKLIST.iter().flat_map(|(_, classes, _)| classes.iter().copied()).collect();
    assert_eq!(made, listed);
    for (line, classes, elsewhere) in CHECKLIST {
        assert!(!classes.is_empty() || !elsewhere.is_empty(), "{line}");
    }
    println!("{} cases in {} classes", cases.iter().map(Vec::len).sum::<usize>(), made.len());
}

#[test]
fn the_checklist_is_the_one_of_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/signature-verification.md");
    let Ok(text) = std::fs::read_to_string(path) else { return println!("skipped: 1 reference is not here") };
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("- [ ] ")).collect();
    assert!(!lines.is_empty());
    for line in &lines {
        assert!(CHECKLIST.iter().any(|(start, _, _)| line.starts_with(start)), "{line}");
    }
    for (start, _, _) in CHECKLIST {
        assert!(lines.iter().any(|line| line.starts_with(start)), "{start}");
    }
}
