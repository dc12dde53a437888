//! The binary `customer360`: reads the command line and runs one command of the library.

use std::process::ExitCode;

use clap::Parser;
use customer360::command::{Arguments, run};
use customer360::config::LOG_VARIABLE;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env(LOG_VARIABLE)
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,customer360=info")),
        )
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr)
        .init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(cause) = error.cause() {
                tracing::error!(code = error.code.as_str(), cause = %cause, "the command failed");
            }
            eprintln!("{}: {}", error.code.as_str(), error.message);
            ExitCode::FAILURE
        }
    }
}
