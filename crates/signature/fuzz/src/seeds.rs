//! Writes seeds for every target: each forgery of `testkit` and its sound twin, with what they are judged with.
//!
//! `cargo run --no-default-features --bin seeds -- corpus` beside this crate's `Cargo.toml`; then
//! `cargo +nightly fuzz run pdf corpus/pdf`, and the other targets likewise.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use testkit::attack::kit::{Case, Input, Trust};
use testkit::attack::{changes, containers, evidence, markup, paths, ranges, stamps, statements, structure};

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else { return Err("usage: seeds FOLDER".into()) };
    for target in ["pdf", "cms", "x509", "crl_ocsp", "xml", "asic"] {
        fs::create_dir_all(folder.join(target))?;
    }
    let classes: [fn() -> Vec<Case>; 9] = [
        ranges::cases,
        changes::cases,
        structure::cases,
        statements::cases,
        paths::cases,
        evidence::cases,
        stamps::cases,
        markup::cases,
        containers::cases,
    ];
    let mut count = 0;
    for case in classes.iter().flat_map(|cases| cases()) {
        let name: String = case.name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
        count += write_input(&folder, &name, &case.forged)?;
        count += write_input(&folder, &format!("{name}.twin"), &case.twin)?;
        count += write_trust(&folder, &name, &case.trust)?;
    }
    println!("{count} seeds");
    Ok(())
}

fn write_input(folder: &Path, name: &str, input: &Input) -> Result<usize, Box<dyn Error>> {
    let (target, bytes) = match input {
        Input::Pdf(bytes) => ("pdf", bytes),
        Input::Detached { cms, .. } => ("cms", cms),
        Input::Xml(bytes) => ("xml", bytes),
        Input::Asic(bytes) => ("asic", bytes),
    };
    fs::write(folder.join(target).join(name), bytes)?;
    Ok(1)
}

fn write_trust(folder: &Path, name: &str, trust: &Trust) -> Result<usize, Box<dyn Error>> {
    let kinds = [("x509", [&trust.anchors, &trust.intermediates]), ("crl_ocsp", [&trust.lists, &trust.responses])];
    let mut count = 0;
    for (target, lists) in kinds {
        for (index, bytes) in lists.into_iter().flatten().take(8).enumerate() {
            fs::write(folder.join(target).join(format!("{name}.{index}")), bytes)?;
            count += 1;
        }
    }
    Ok(count)
}
