//! Signature algorithms against `openssl`, where it is installed: fresh keys of every kind, a CMS by each, and the same damaged.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use signature::{Algorithm, Options, SubIndication, TrustStore, Verdict, verify_detached};

/// 2026-11-27 00:00:00 UTC.
const NOW: i64 = 1_795_737_600;
const CONTENT: &[u8] = b"Quyet dinh so 1";

/// How `openssl genpkey` makes the key, how `openssl cms` signs with it, and what is weak about it.
type Case = (&'static str, &'static [&'static str], &'static [&'static str], &'static [Algorithm]);

const PSS: &str = "rsa_padding_mode:pss";

const CASES: &[Case] = &[
    ("RSA with SHA-256", RSA_2048, &["-md", "sha256"], &[]),
    ("RSA with SHA-384", RSA_2048, &["-md", "sha384"], &[]),
    ("RSA with SHA-1", RSA_2048, &["-md", "sha1"], &[Algorithm::Sha1, Algorithm::Sha1]),
    ("RSA of 1024 bits with SHA-384", RSA_1024, &["-md", "sha384"], &[Algorithm::Rsa(1024)]),
    ("RSA of 1024 bits with SHA-512", RSA_1024, &["-md", "sha512"], &[Algorithm::Rsa(1024)]),
    ("RSA of 3072 bits with SHA-512", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"], &["-md", "sha512"], &[]),
    ("PSS, salt as long as the digest", RSA_2048, &["-md", "sha256", "-keyopt", PSS, "-keyopt", "rsa_pss_saltlen:32"], &[]),
    ("PSS, a short salt", RSA_2048, &["-md", "sha256", "-keyopt", PSS, "-keyopt", "rsa_pss_saltlen:20"], &[]),
    ("PSS, no salt", RSA_2048, &["-md", "sha512", "-keyopt", PSS, "-keyopt", "rsa_pss_saltlen:0"], &[]),
    ("PSS, the longest salt", RSA_2048, &["-md", "sha384", "-keyopt", PSS, "-keyopt", "rsa_pss_saltlen:max"], &[]),
    ("PSS, another mask", RSA_2048, &["-md", "sha256", "-keyopt", PSS, "-keyopt", "rsa_mgf1_md:sha512"], &[]),
    ("PSS by a short key", RSA_1024, &["-md", "sha256", "-keyopt", PSS, "-keyopt", "rsa_pss_saltlen:32"], &[Algorithm::Rsa(1024)]),
    ("a key for PSS alone", RSA_PSS, &["-md", "sha256", "-keyopt", PSS], &[]),
    (
        "a key for PSS with SHA-384 and longer salts",
        RSA_PSS_SHA_384,
        &["-md", "sha384", "-keyopt", PSS, "-keyopt", "rsa_pss_saltlen:60"],
        &[],
    ),
    ("P-256 with SHA-256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &["-md", "sha256"], &[]),
    ("P-256 with SHA-512", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &["-md", "sha512"], &[]),
    ("P-384 with SHA-512", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], &["-md", "sha512"], &[]),
    ("P-521 with SHA-512", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], &["-md", "sha512"], &[]),
    ("brainpoolP256r1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"], &["-md", "sha256"], &[]),
    ("brainpoolP384r1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP384r1"], &["-md", "sha384"], &[]),
    ("brainpoolP512r1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP512r1"], &["-md", "sha512"], &[]),
];

const RSA_PSS: &[&str] = &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"];
const RSA_PSS_SHA_384: &[&str] = &[
    "-algorithm",
    "RSA-PSS",
    "-pkeyopt",
    "rsa_keygen_bits:2048",
    "-pkeyopt",
    "rsa_pss_keygen_md:sha384",
    "-pkeyopt",
    "rsa_pss_keygen_mgf1_md:sha384",
    "-pkeyopt",
    "rsa_pss_keygen_saltlen:48",
];
const RSA_1024: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
const RSA_2048: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

struct Bench(PathBuf);

impl Bench {
    /// None where there is no `openssl`.
    fn new(name: &str) -> Option<Self> {
        let is_installed = Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
        if !is_installed {
            println!("skipped: 1 oracle (openssl) is not installed");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("signature-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("content"), CONTENT).unwrap();
        Some(Self(folder))
    }

    fn run(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(&self.0).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A CMS over [`CONTENT`] by a fresh key.
    fn cms(&self, generate: &[&str], sign: &[&str]) -> Vec<u8> {
        self.run(&[&["genpkey", "-out", "key.pem"], generate].concat());
        self.sign(sign)
    }

    fn sign(&self, sign: &[&str]) -> Vec<u8> {
        let subject = ["-subj", "/CN=Nguyen Van A", "-days", "20000"];
        self.run(
            &[
                &["req", "-x509", "-new", sign[1].replace("sha", "-sha").as_str(), "-key", "key.pem", "-out", "certificate.pem"],
                subject.as_slice(),
            ]
            .concat(),
        );
        let files = ["-in", "content", "-signer", "certificate.pem", "-inkey", "key.pem", "-outform", "DER", "-out", "cms"];
        self.run(&[&["cms", "-sign", "-binary", "-noattr"], files.as_slice(), sign].concat());
        let bare = fs::read(self.0.join("cms")).unwrap();
        let report = verify_detached(&bare, CONTENT, &TrustStore::new(), &Options::at(NOW));
        assert!(report.signatures[0].intact, "without signed attributes, {sign:?}: {:?}", report.signatures[0]);
        self.run(&[&["cms", "-sign", "-binary"], files.as_slice(), sign].concat());
        fs::read(self.0.join("cms")).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all::<&Path>(&self.0);
    }
}

fn check(what: &str, cms: &[u8], weak: &[Algorithm]) {
    let report = verify_detached(cms, CONTENT, &TrustStore::new(), &Options::at(NOW));
    let one = &report.signatures[0];
    assert!(one.intact, "{what}: {:?}", one.reasons);
    let found: Vec<Algorithm> = one.weak.iter().map(|weakness| weakness.algorithm).collect();
    assert_eq!(found, weak, "{what}");
    assert!(!judge_other(cms), "{what}");
    // The value stands at the end of a CMS without unsigned attributes.
    for back in [1, 7, 20] {
        let mut damaged = cms.to_vec();
        let at = damaged.len() - back;
        damaged[at] ^= 0x10;
        let report = verify_detached(&damaged, CONTENT, &TrustStore::new(), &Options::at(NOW));
        let one = &report.signatures[0];
        assert!(!one.intact && one.verdict == Verdict::TotalFailed, "{what}, {back} from the end: {:?}", one.reasons);
        assert_eq!(one.sub_indication, Some(SubIndication::SigCryptoFailure), "{what}");
    }
}

fn judge_other(cms: &[u8]) -> bool {
    verify_detached(cms, b"Quyet dinh so 2", &TrustStore::new(), &Options::at(NOW)).signatures[0].intact
}

#[test]
fn every_kind_of_key_and_digest_that_is_named_as_supported_verifies() {
    let Some(bench) = Bench::new("supported") else { return };
    for (what, generate, sign, weak) in CASES {
        check(what, &bench.cms(generate, sign), weak);
    }
    // DSA takes its parameters from a file of their own.
    let parameters = ["-pkeyopt", "dsa_paramgen_bits:2048", "-pkeyopt", "dsa_paramgen_q_bits:256", "-out", "parameters.pem"];
    bench.run(&[&["genpkey", "-genparam", "-algorithm", "DSA"], parameters.as_slice()].concat());
    let dsa = bench.cms(&["-paramfile", "parameters.pem"], &["-md", "sha256"]);
    check("DSA with SHA-256", &dsa, &[Algorithm::Dsa(2048)]);
    println!("openssl: {} algorithms agree, 0 disagree", CASES.len() + 1);
}

#[test]
fn what_is_not_computed_is_neither_valid_nor_broken() {
    let Some(bench) = Bench::new("unsupported") else { return };
    bench.run(&[&["genpkey", "-out", "key.pem"], RSA_2048].concat());
    let subject = ["-subj", "/CN=Nguyen Van A", "-days", "20000"];
    bench.run(&[&["req", "-x509", "-new", "-sha256", "-key", "key.pem", "-out", "certificate.pem"], subject.as_slice()].concat());
    for (digest, weak) in [("md5", vec![Algorithm::Md5]), ("sha224", vec![]), ("sha3-256", vec![])] {
        let files = ["-in", "content", "-signer", "certificate.pem", "-inkey", "key.pem", "-outform", "DER", "-out", "cms", "-md", digest];
        bench.run(&[&["cms", "-sign", "-binary"], files.as_slice()].concat());
        let cms = fs::read(bench.0.join("cms")).unwrap();
        let report = verify_detached(&cms, CONTENT, &TrustStore::new(), &Options::at(NOW));
        let one = &report.signatures[0];
        assert_eq!((one.verdict, one.intact), (Verdict::Indeterminate, false), "{digest}: {:?}", one.reasons);
        assert!(one.reasons.iter().any(|reason| reason.starts_with("digest algorithm") && reason.ends_with("is not supported")));
        assert_eq!(one.weak.iter().map(|weakness| weakness.algorithm).collect::<Vec<_>>(), weak, "{digest}");
    }
}
