//! This crate beside pdfsig, `openssl cms` and pyHanko, on the same files, per second of processor time.
//!
//! `cargo bench -p signature --bench compare` makes the files, runs every tool that is installed and names those that are not.
//! pyHanko is looked for with the interpreter in `PYTHON`, or `python3`: `python3 -m venv v && v/bin/pip install pyHanko` and
//! `PYTHON=v/bin/python` will do. pdfsig and openssl are started once per file, as a shell script would; what starting them
//! alone costs is told beside it.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]

#[path = "../speed/clock.rs"]
#[expect(dead_code, reason = "the other benchmark measures more")]
mod clock;
#[path = "../speed/der.rs"]
mod der;
#[path = "../speed/make.rs"]
#[expect(dead_code, reason = "the other benchmark measures more")]
mod make;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use signature::{Options, TrustStore, Verdict, verify_detached, verify_pdf};

use crate::make::{KeyKind, Level, Pki};

const SMALL: (&str, usize, usize) = ("110 KiB", 110 << 10, 48);
const LARGE: (&str, usize, usize) = ("10 MiB", 10 << 20, 6);

/// What a tool took for all files of a folder.
struct Taken {
    tool: String,
    cost: Duration,
    files: usize,
    passed: usize,
    note: String,
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let pki = Pki::new(500);
    let root = std::env::temp_dir().join(format!("signature-compare-{}", std::process::id()));
    for (name, length, count) in [SMALL, LARGE] {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word)) {
            continue;
        }
        let folder = root.join(length.to_string());
        fs::create_dir_all(&folder).unwrap();
        let bytes = write(&pki, &folder, length, count);
        for (kind, tools) in
            [("PDF", &[own_pdf, pdfsig, pyhanko] as &[fn(&Pki, &Path) -> Result<Taken, String>]), ("CMS", &[own_cms, openssl])]
        {
            println!("{count} {kind} files of {name}, half RSA-2048 and half P-256, a third each B-B, B-T and B-LT");
            println!("  {:<34} {:>12} {:>10} {:>9} {:>8}", "", "ms per file", "MB/s", "passed", "ratio");
            let mut own = None;
            for tool in tools {
                match tool(&pki, &folder) {
                    Ok(taken) => tell(&taken, bytes, own.get_or_insert(taken.cost).as_secs_f64()),
                    Err(absent) => println!("  {absent}"),
                }
            }
        }
    }
    fs::remove_dir_all(&root).unwrap();
}

fn tell(taken: &Taken, bytes: usize, own: f64) {
    let Taken { tool, cost, files, passed, note } = taken;
    let seconds = cost.as_secs_f64();
    let (each, rate) = (1e3 * seconds / *files as f64, bytes as f64 / seconds / 1e6);
    println!("  {tool:<34} {each:>12.3} {rate:>10.1} {:>9} {:>8.1} {note}", format!("{passed}/{files}"), seconds / own);
}

/// Writes the files and the trust data, and returns the bytes of the PDF files.
fn write(pki: &Pki, folder: &Path, length: usize, count: usize) -> usize {
    let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let pem = |der: &[u8]| {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    put("root.pem", pem(&pki.root.der).as_bytes());
    put("issuer.pem", pem(&pki.issuer.der).as_bytes());
    put("both.pem", [pem(&pki.root.der), pem(&pki.issuer.der)].concat().as_bytes());
    put("issuer.crl", &pki.lists[0]);
    put("root.crl", &pki.lists[1]);
    let mut bytes = 0;
    for index in 0..count {
        let kind = if index % 2 == 0 { KeyKind::Rsa2048 } else { KeyKind::P256 };
        let level = [Level::Basic, Level::Stamped, Level::LongTerm][index % 3];
        let sample = make::pdf(pki, (kind, level, index), length, 1);
        bytes += sample.bytes.len();
        put(&format!("{index:03}.pdf"), &sample.bytes);
        let sample = make::detached(pki, (kind, level, index), length);
        put(&format!("{index:03}.bin"), &sample.content.unwrap());
        put(&format!("{index:03}.bin.p7s"), &sample.bytes);
    }
    bytes
}

fn paths(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|own| own == ending)).collect();
    paths.sort();
    paths
}

fn own(pki: &Pki, folder: &Path, ending: &str, judge: impl Fn(&Path, &TrustStore) -> bool) -> Taken {
    let mut trust = TrustStore::new();
    trust.add_anchor(&pki.root.der, None, None).unwrap();
    trust.add_intermediate(&pki.issuer.der).unwrap();
    pki.lists.iter().for_each(|list| trust.add_crl(list).unwrap());
    let paths = paths(folder, ending);
    let mut passed = 0;
    let costs = (0..5).map(|_| clock::cost(|| passed = paths.iter().filter(|path| judge(path, &trust)).count()));
    let cost = costs.min().unwrap();
    Taken { tool: "this crate, in process".to_owned(), cost, files: paths.len(), passed, note: "reading included".to_owned() }
}

#[expect(clippy::unnecessary_wraps, reason = "one of the tools, and never absent")]
fn own_pdf(pki: &Pki, folder: &Path) -> Result<Taken, String> {
    Ok(own(pki, folder, "pdf", |path, trust| {
        let report = verify_pdf(&fs::read(path).unwrap(), trust, &Options::at(make::NOW));
        report.signatures.iter().all(|one| one.verdict == Verdict::TotalPassed)
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "one of the tools, and never absent")]
fn own_cms(pki: &Pki, folder: &Path) -> Result<Taken, String> {
    Ok(own(pki, folder, "p7s", |path, trust| {
        let content = fs::read(path.with_extension("")).unwrap();
        let report = verify_detached(&fs::read(path).unwrap(), &content, trust, &Options::at(make::NOW));
        report.signatures.iter().all(|one| one.verdict == Verdict::TotalPassed)
    }))
}

/// Processor time of all ended children, to a hundredth of a second.
fn children_time() -> Option<Duration> {
    // proc(5): the 16th and 17th field; the second one, in brackets, may hold anything.
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(13..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(10 * ticks))
}

/// One process per file; and one per file that does nothing, for comparison.
fn children(
    folder: &Path,
    ending: &str,
    tool: &str,
    command: impl Fn(&Path) -> Command,
    says_valid: fn(&str, bool) -> bool,
) -> Result<Taken, String> {
    let start_only = |_: &Path| {
        let mut command = Command::new(tool);
        command.arg(if tool == "openssl" { "version" } else { "-v" });
        command
    };
    start_only(folder).output().map_err(|error| format!("{tool} is absent: {error}"))?;
    let paths = paths(folder, ending);
    let run = |command: &dyn Fn(&Path) -> Command| {
        let before = children_time().ok_or("the system does not tell the time of children")?;
        let mut passed = 0;
        for path in &paths {
            let output = command(path).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
            passed += usize::from(says_valid(&String::from_utf8_lossy(&output.stdout), output.status.success()));
        }
        let after = children_time().unwrap_or(before);
        Ok::<_, String>((after - before, passed))
    };
    let (starting, _) = run(&start_only)?;
    let (cost, passed) = run(&command)?;
    let note = format!("of it {:.1} ms for starting", 1e3 * starting.as_secs_f64() / paths.len() as f64);
    Ok(Taken { tool: format!("{tool}, a process per file"), cost, files: paths.len(), passed, note })
}

fn pdfsig(_: &Pki, folder: &Path) -> Result<Taken, String> {
    let command = |path: &Path| {
        let mut command = Command::new("pdfsig");
        // Without certificates: its trust is a database of NSS.
        command.arg("-nocert").arg(path);
        command
    };
    children(folder, "pdf", "pdfsig", command, |text, _| text.contains("Signature is Valid"))
}

fn openssl(_: &Pki, folder: &Path) -> Result<Taken, String> {
    let command = |path: &Path| {
        let mut command = Command::new("openssl");
        command.args(["cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-attime"]).arg(make::NOW.to_string());
        command.arg("-in").arg(path).arg("-content").arg(path.with_extension(""));
        // The issuing authority is taken for an anchor too: other certificates are not looked at for the path.
        command.arg("-CAfile").arg(folder.join("both.pem"));
        command.args(["-out", "/dev/null"]);
        command
    };
    children(folder, "p7s", "openssl", command, |_, succeeded| succeeded)
}

fn pyhanko(_: &Pki, folder: &Path) -> Result<Taken, String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/compare/pyhanko_validate.py");
    let output = Command::new(&python).arg(script).arg(folder).arg(make::NOW.to_string()).output();
    let output = output.map_err(|error| format!("{python} is absent: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [cost, files, passed] = numbers.as_slice() else {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("pyHanko is absent or fails: {}", told.lines().last().unwrap_or_default()));
    };
    let (files, passed) = (*files as usize, *passed as usize);
    Ok(Taken { tool: "pyHanko, in process".to_owned(), cost: Duration::from_secs_f64(*cost), files, passed, note: String::new() })
}
