//! The binary `customer360`: reads the command line and runs one command of the library.

use std::process::ExitCode;

use clap::Parser;
use customer360::command::{Arguments, Outcome, run};
use customer360::config::LOG_VARIABLE;
use customer360::error::Code;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit status of a command that did its work but could not take every record, or found something to look at.
const SOME_REJECTED: u8 = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env(LOG_VARIABLE)
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,customer360=info")),
        )
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("UNAVAILABLE: The system gives no threads to work with: {error}.");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(arguments));
    // A thread may still wait for a tap's next line: nobody would take it.
    runtime.shutdown_background();
    match ended {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeRejected | Outcome::Warned) => ExitCode::from(SOME_REJECTED),
        Err(error) => {
            eprintln!("{}: {}", error.code.as_str(), error.message);
            if let Some(cause) = error.cause() {
                // It may quote a statement or a value, so only whoever asks for it is shown it.
                tracing::debug!(code = error.code.as_str(), cause = %cause, "the command failed");
                if matches!(error.code, Code::Internal | Code::Unavailable) {
                    eprintln!("With {LOG_VARIABLE}=customer360=debug the cause is shown.");
                }
            }
            ExitCode::FAILURE
        }
    }
}
