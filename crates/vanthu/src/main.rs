//! `vanthu`, the command an operator types: reads, builds, binds, announces, runs, drains.
//!
//! Exit codes: 0 all is well, 1 it could not be done, 2 findings (`check`) or a demo that did not go as it should, 64 usage or
//! configuration; those of `verify` are its own (see `verify.rs`).

mod agency;
mod arguments;
mod axis_sandbox;
mod demo;
mod logging;
mod serve;
mod verify;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;

/// The tables turn over many small pieces of memory between threads: the system's allocator costs a fifth of the hub's rate.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, everything else is wrong usage.
            let usage = if std::env::args_os().nth(1).is_some_and(|command| command == "verify") { verify::UNREADABLE } else { USAGE };
            let code = if error.use_stderr() { usage } else { 0 };
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    match arguments.command {
        // It needs neither runtime nor log, and starts the faster.
        Command::Verify(verify) => ExitCode::from(verify::run(&verify)),
        command => operate(command),
    }
}

fn operate(command: Command) -> ExitCode {
    let quiet = matches!(command, Command::Demo(_));
    logging::start(quiet);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = runtime.block_on(async {
        match command {
            Command::Init(init) => serve::init(&init),
            Command::Serve(at) => serve::serve(&at.home).await,
            Command::Demo(demo) => demo::run(&demo).await,
            Command::Check(at) => serve::check(&at.home).await,
            Command::Rebuild(at) => serve::rebuild(&at.home),
            Command::Verify(verify) => Ok(verify::run(&verify)),
            Command::Principal(principal) => serve::principal(&principal),
            Command::Agency(agency) => agency::run(&agency).await,
            Command::AxisSandbox(sandbox) => axis_sandbox::run(&sandbox).await,
        }
    });
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => failed(error.as_ref()),
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    let mut told = error.to_string();
    eprintln!("vanthu: {told}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Many errors say their cause in their own words already.
        let text = inner.to_string();
        if !told.contains(&text) {
            eprintln!("  because: {text}");
        }
        told = text;
        cause = inner.source();
    }
    ExitCode::from(if error.is::<hub::config::Error>() { USAGE } else { 1 })
}
