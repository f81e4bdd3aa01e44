//! CMS files that `openssl` makes, and damaged copies of them: it and this crate have to agree. Skipped where it is missing.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use signature::{Coverage, Options, RevocationPolicy, TrustStore, Verdict, verify_cms, verify_cms_over};

const CONTENT: &[u8] =
    b"Quy\xe1\xba\xbft \xc4\x91\xe1\xbb\x8bnh\r\nv\xe1\xbb\x81 vi\xe1\xbb\x87c ban h\xc3\xa0nh quy ch\xe1\xba\xbf\r\n\x00\xff";

struct Bench {
    folder: PathBuf,
}

impl Bench {
    /// A folder with two signers of their own, `None` where `openssl` is missing.
    fn new(name: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("signature-cms-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let bench = Self { folder };
        fs::write(bench.path("content"), CONTENT).unwrap();
        for (signer, kind) in [("a", "ec"), ("b", "rsa:2048")] {
            let mut arguments = vec!["req", "-x509", "-nodes", "-days", "30", "-newkey", kind];
            if kind == "ec" {
                arguments.extend(["-pkeyopt", "ec_paramgen_curve:P-256"]);
            }
            let (key, certificate) = (format!("{signer}.key"), format!("{signer}.pem"));
            let subject = format!("/CN=Signer {signer}");
            arguments.extend(["-keyout", &key, "-out", &certificate, "-subj", &subject]);
            if bench.run(&arguments).is_none() {
                println!("skipped: openssl is not installed");
                return None;
            }
        }
        Some(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether `openssl` succeeds; `None` where there is none.
    fn run(&self, arguments: &[&str]) -> Option<bool> {
        let run = Command::new("openssl").current_dir(&self.folder).args(arguments).output().ok()?;
        Some(run.status.success())
    }

    fn sign(&self, more: &[&str]) -> Vec<u8> {
        let mut arguments = vec!["cms", "-sign", "-binary", "-in", "content", "-out", "out"];
        for signer in ["a", "b"].iter().take(1 + usize::from(more.contains(&"two"))) {
            arguments.extend(match *signer {
                "a" => ["-signer", "a.pem", "-inkey", "a.key"],
                _ => ["-signer", "b.pem", "-inkey", "b.key"],
            });
        }
        arguments.extend(more.iter().filter(|one| **one != "two"));
        assert_eq!(self.run(&arguments), Some(true), "{more:?}");
        fs::read(self.path("out")).unwrap()
    }

    /// What `openssl` says of the arithmetic of `cms`, over `content` where that is not enclosed.
    fn accepts(&self, cms: &[u8], form: &str, content: Option<&Path>) -> bool {
        fs::write(self.path("in"), cms).unwrap();
        let content = content.map(|path| path.display().to_string());
        let mut arguments = vec!["cms", "-verify", "-binary", "-noverify", "-inform", form, "-in", "in", "-out", "/dev/null"];
        if let Some(content) = &content {
            arguments.extend(["-content", content]);
        }
        self.run(&arguments).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn options() -> Options {
    // 2026-11-27: only arithmetic counts here, nobody is trusted.
    Options { revocation: RevocationPolicy::Accept, ..Options::at(1_795_737_600) }
}

#[test]
fn messages_of_openssl_give_their_content_in_every_form() {
    let Some(bench) = Bench::new("forms") else { return };
    for more in [
        &["-nodetach", "-outform", "DER"][..],
        &["-nodetach", "-outform", "PEM"],
        &["-nodetach", "-outform", "DER", "-stream"],
        &["-nodetach", "-outform", "DER", "-keyid"],
        &["-nodetach", "-outform", "DER", "-noattr"],
        &["-nodetach", "-outform", "DER", "-cades"],
        &["-nodetach", "-outform", "DER", "-md", "sha512", "two"],
        &["-nodetach", "-outform", "PEM", "two"],
    ] {
        let cms = bench.sign(more);
        let report = verify_cms(&cms, &TrustStore::new(), &options());
        assert_eq!(report.content.as_deref(), Some(CONTENT), "{more:?}");
        assert_eq!(report.document.signatures.len(), 1 + usize::from(more.contains(&"two")), "{more:?}");
        let supported = !more.contains(&"sha512");
        for one in report.document.signatures.iter().filter(|_| supported) {
            assert!(one.covers_whole_file && one.verdict == Verdict::Indeterminate, "{more:?}: {one:?}");
        }
        assert_eq!(report.document.coverage, Coverage::Whole, "{more:?}: {report:?}");
    }
}

#[test]
fn detached_signatures_of_openssl_are_intact_over_their_content_alone() {
    let Some(bench) = Bench::new("detached") else { return };
    for more in [&["-outform", "DER"][..], &["-outform", "PEM"], &["-outform", "DER", "-stream"]] {
        let cms = bench.sign(more);
        let over = |content: &[u8]| verify_cms_over(&cms, content, &TrustStore::new(), &options()).document.coverage;
        assert_eq!(over(CONTENT), Coverage::Whole, "{more:?}");
        assert_ne!(over(b"other"), Coverage::Whole, "{more:?}");
        assert_ne!(over(b""), Coverage::Whole, "{more:?}");
    }
}

#[test]
fn damaged_messages_are_intact_only_where_openssl_says_so() {
    let Some(bench) = Bench::new("damaged") else { return };
    let cms = bench.sign(&["-nodetach", "-outform", "DER"]);
    assert!(bench.accepts(&cms, "DER", None));
    let mut refused = 0;
    for step in 0..60 {
        let at = step * cms.len() / 60;
        let mut damaged = cms.clone();
        damaged[at] ^= 0x10;
        let report = verify_cms(&damaged, &TrustStore::new(), &options());
        if report.document.coverage == Coverage::Whole {
            assert!(bench.accepts(&damaged, "DER", None), "a bit of byte {at}");
        } else {
            refused += 1;
        }
    }
    assert!(refused > 30, "{refused}");
    let trailing = [cms.as_slice(), b"\0\0"].concat();
    assert_ne!(verify_cms(&trailing, &TrustStore::new(), &options()).document.coverage, Coverage::Whole);
}
