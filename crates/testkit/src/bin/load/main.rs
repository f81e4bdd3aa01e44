//! The load run: how fast a real hub is, as ratios within one run on one machine.
//!
//! `load [--quick]` makes a temporary home, starts a hub in a second process, drives it over mutual TLS and prints one table.
//! `load fill N` fills a home with N documents, starts its hub anew and tells its memory and how long the start took.
//! Set `TMPDIR` to measure another disk. Nothing here is a test: a busy machine is slow, not wrong.

mod drive;
mod fill;
mod hub_process;
mod measure;
mod raw;
mod table;

use std::error::Error;

/// The allocator of the `vanthu` command, whose hub this program stands in for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a part of the run ends with.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "load [--quick] | load fill N";

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => measure::run(&measure::Plan::full()).await,
        ["--quick"] => measure::run(&measure::Plan::quick()).await,
        ["fill", count] => fill::run(count.parse()?).await,
        [hub_process::SERVE, home] => hub_process::serve(home.as_ref()).await,
        _ => Err(USAGE.into()),
    }
}
