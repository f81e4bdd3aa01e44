//! The `openssl` command as an outside judge of what this crate makes; tests only.

use crate::pki::Pki;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;
use time::OffsetDateTime;

/// A directory with the PKI's certificates (`root.pem`, `issuing.pem`) where commands run.
pub(crate) struct Bench {
    directory: TempDir,
}

pub(crate) struct Outcome {
    pub(crate) success: bool,
    /// Standard output, then standard error.
    pub(crate) text: String,
}

impl Bench {
    /// `None`, with a printed line, on a machine without OpenSSL.
    pub(crate) fn new(pki: &Pki) -> Option<Self> {
        if let Err(error) = Command::new("openssl").arg("version").output() {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            println!("skipped: no openssl on this machine");
            return None;
        }
        let bench = Self { directory: tempfile::tempdir().unwrap() };
        for (name, certificate) in [("root", pki.root_der()), ("issuing", pki.intermediate_der())] {
            let der = bench.write(&format!("{name}.der"), certificate);
            let outcome = bench.run("x509", &["-inform", "DER", "-in", &der, "-out", &format!("{name}.pem")]);
            assert!(outcome.success, "{}", outcome.text);
        }
        Some(bench)
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> String {
        let path: PathBuf = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> Outcome {
        let output = Command::new("openssl").arg(command).args(arguments).current_dir(&self.directory).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        Outcome { success: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    /// `openssl cms -verify` with root and issuing certificate at hand.
    pub(crate) fn verify_cms(&self, cms: &[u8], content: &[u8], at: OffsetDateTime) -> Outcome {
        self.cms(cms, content, at, &["-certfile", "issuing.pem"])
    }

    /// The same where only the root is at hand.
    pub(crate) fn verify_cms_with_embedded_chain(&self, cms: &[u8], content: &[u8], at: OffsetDateTime) -> Outcome {
        self.cms(cms, content, at, &[])
    }

    fn cms(&self, cms: &[u8], content: &[u8], at: OffsetDateTime, more: &[&str]) -> Outcome {
        let signature = self.write("signature.der", cms);
        let content = self.write("content.bin", content);
        let at = at.unix_timestamp().to_string();
        // `-purpose any`: the default purpose is e-mail protection, which these certificates do not claim.
        let options = ["-verify", "-binary", "-inform", "DER", "-in", &signature, "-content", &content];
        let trust = ["-CAfile", "root.pem", "-purpose", "any", "-attime", &at, "-out", "verified.bin"];
        self.run("cms", &[&options[..], &trust[..], more].concat())
    }

    /// `openssl ts -verify` of a token over `data`.
    pub(crate) fn verify_time_stamp(&self, token: &[u8], data: &[u8], at: OffsetDateTime) -> Outcome {
        let token = self.write("token.der", token);
        let data = self.write("stamped.bin", data);
        let at = at.unix_timestamp().to_string();
        let input = ["-verify", "-in", &token, "-token_in", "-data", &data];
        let trust = ["-CAfile", "root.pem", "-untrusted", "issuing.pem", "-attime", &at];
        self.run("ts", &[&input[..], &trust[..]].concat())
    }
}
