//! The arrows between crates point one way: who may know whom, and that the pure crates stay pure.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// ARCHITECTURE's table: a crate, and the crates of this workspace it may use outside its tests.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("edxml", &["domain"]),
    ("axis", &["domain", "edxml"]),
    ("api", &["domain"]),
    ("signature", &[]),
    ("journal", &["domain"]),
    ("store", &["domain"]),
    ("hub", &["api", "axis", "domain", "edxml", "journal", "signature", "store"]),
    ("testkit", &["api", "axis", "domain", "edxml", "hub", "journal", "signature", "store"]),
    ("vanthu", &["api", "axis", "domain", "edxml", "hub", "journal", "signature", "store", "testkit"]),
];

/// What the pure crates must not know, however far down.
const IMPURE: [&str; 8] = ["tokio", "sled", "tonic", "hyper", "object_store", "rustls", "mio", "socket2"];
const PURE: [&str; 3] = ["domain", "edxml", "signature"];
/// ring is the only cryptography.
const FORBIDDEN: [&str; 5] = ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls"];
/// Licences that a public administration can take in. Each package must offer at least one way through these.
const LICENCES: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
];

/// Packages that are data and not code, under a permissive licence for data: the root certificates that a client of HTTP carries
/// where the system has none, which no build for Linux holds.
const DATA: [(&str, &str); 1] = [("webpki-root-certs", "CDLA-Permissive-2.0")];

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).exec().unwrap()
}

/// Normal dependencies of every package, by name, workspace members by their crate names.
fn normal_dependencies(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let name = |id: &PackageId| metadata[id].name.to_string();
    let resolve = metadata.resolve.as_ref().unwrap();
    resolve
        .nodes
        .iter()
        .map(|node| {
            let uses = node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
            (name(&node.id), uses.map(|dep| name(&dep.pkg)).collect())
        })
        .collect()
}

#[test]
fn crates_use_only_those_below_them() {
    let metadata = metadata();
    let members: BTreeSet<String> = metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let uses = normal_dependencies(&metadata);
    let listed: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    for member in members.iter().filter(|member| *member != "stories") {
        let allowed = listed.get(member.as_str()).unwrap_or_else(|| panic!("{member} is not in the table of crates"));
        for used in uses[member].intersection(&members) {
            assert!(allowed.contains(&used.as_str()), "{member} must not use {used}");
        }
    }
}

#[test]
fn the_pure_crates_know_no_runtime_no_store_and_no_wire() {
    let uses = normal_dependencies(&metadata());
    for pure in PURE {
        let mut seen = BTreeSet::from([pure.to_owned()]);
        let mut open = vec![pure.to_owned()];
        while let Some(next) = open.pop() {
            for used in &uses[&next] {
                assert!(!IMPURE.contains(&used.as_str()), "{pure} reaches {used} through {next}");
                if seen.insert(used.clone()) {
                    open.push(used.clone());
                }
            }
        }
    }
}

#[test]
fn ring_is_the_only_cryptography() {
    for package in metadata().packages {
        assert!(!FORBIDDEN.contains(&package.name.as_str()), "{} is in the tree", package.name);
    }
}

#[test]
fn every_package_has_a_licence_that_may_be_used() {
    let mut refused = Vec::new();
    for package in metadata().packages {
        let licence = package.license.clone().unwrap_or_default().replace('/', " OR ");
        // Every part of an AND must be allowed, one part of an OR is enough.
        let allowed = licence.split(" AND ").all(|part| {
            part.trim_matches(|c| c == '(' || c == ')')
                .split(" OR ")
                .any(|one| LICENCES.contains(&one.trim_matches(|c| c == '(' || c == ')' || c == ' ')))
        });
        if !allowed && !DATA.contains(&(package.name.as_str(), licence.as_str())) {
            refused.push(format!("{} {}: {licence}", package.name, package.version));
        }
    }
    assert!(refused.is_empty(), "licences to look at:\n{}", refused.join("\n"));
}
