//! Other programs: whether they are installed, a folder for their files, and what they say.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Whether a program starts; otherwise a line says what is skipped.
pub(crate) fn is_installed(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = status.is_ok_and(|status| status.success());
    if !is_there {
        println!("skipped: 1 oracle ({program}) is not installed");
    }
    is_there
}

/// A folder that goes with its owner.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("signature-oracle-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    /// Copies everything to a folder of `KEEP`, where that is set.
    pub(crate) fn keep(&self, number: usize) {
        let Some(kept) = std::env::var_os("KEEP").map(|kept| PathBuf::from(kept).join(number.to_string())) else { return };
        fs::create_dir_all(&kept).unwrap();
        for file in fs::read_dir(&self.0).unwrap().flatten() {
            fs::copy(file.path(), kept.join(file.file_name())).unwrap();
        }
    }

    /// Runs a program in the folder.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program).args(arguments).current_dir(&self.0).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a program that has to succeed.
    pub(crate) fn make(&self, program: &str, arguments: &[&str]) {
        let output = self.run(program, arguments);
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether `openssl` gave up on reading, and never came to judge: it reads everything, also what nobody signed (other
/// certificates, the list of digests in front, which RFC 5652, 5.1 calls advice, the issuer beside an ESS reference).
pub(crate) fn could_not_read(output: &Output) -> bool {
    let noted = String::from_utf8_lossy(&output.stderr);
    ["asn1 encoding routines", "unknown digest", "unable to find message digest"].iter().any(|words| noted.contains(words))
}

/// PEM around DER.
pub(crate) fn pem(kind: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

/// The first block of a PEM file.
pub(crate) fn der(pem: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(pem).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1);
    STANDARD.decode(lines.take_while(|line| !line.starts_with("-----")).collect::<String>()).unwrap()
}
