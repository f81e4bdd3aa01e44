//! Compiles the stored messages in pure Rust: no `protoc`, nothing but Rust installed.

use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("proto");
    println!("cargo::rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    for entry in fs::read_dir(root.join("vanthu/journal/v1"))? {
        files.push(entry?.path());
    }
    files.sort();
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    tonic_prost_build::configure().build_server(false).build_client(false).compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
