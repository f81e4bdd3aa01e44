//! Compiles `/proto` in pure Rust: no `protoc`, nothing but Rust installed.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    for entry in fs::read_dir(root.join("vanthu/v1"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    files.sort();

    let mut compiler = protox::Compiler::new([root])?;
    // The comments travel with the descriptors: they are the manual that grpcurl users read through reflection.
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("vanthu.binpb"), compiler.encode_file_descriptor_set())?;

    tonic_prost_build::configure().build_server(true).build_client(true).bytes(".").compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
