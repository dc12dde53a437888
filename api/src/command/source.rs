//! `sources`, `pause`, `resume`: how the sources stand, and which of them nothing is taken from.

use std::io::{Write, stdout};

use chrono::{DateTime, Utc};
use clap::Args;

use super::BY;
use crate::app::{open_intake, open_migrated};
use crate::config::Config;
use crate::error::{Error, Result};

/// Which source to pause, and why.
#[derive(Args)]
pub struct PauseArguments {
    /// Key of the source.
    source: String,
    /// Why: it is shown to whoever asks how the source stands.
    #[arg(long)]
    reason: String,
}

/// Which source to take from again.
#[derive(Args)]
pub struct ResumeArguments {
    /// Key of the source.
    source: String,
}

/// Lists the sources, one a line: key, status, silo, last record, records taken, records rejected still, records that wait for
/// what they belong to, since when it is silent for longer than expected, name.
pub async fn list(config: &Config) -> Result<()> {
    let intake = open_intake(config, open_migrated(config).await?)?;
    intake.declare().await?;
    let time = |at: Option<DateTime<Utc>>| at.map_or("-".to_owned(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    let mut out = stdout().lock();
    for standing in intake.standings().await? {
        let line = writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            standing.key,
            standing.status.as_str(),
            standing.silo,
            time(standing.last_record_at),
            standing.taken,
            standing.waiting,
            standing.early,
            time(standing.stale_since),
            standing.name
        );
        if line.is_err() {
            break;
        }
    }
    Ok(())
}

/// Pauses a source.
pub async fn pause(config: &Config, arguments: PauseArguments) -> Result<()> {
    let intake = open_intake(config, open_migrated(config).await?)?;
    if arguments.reason.trim().is_empty() {
        return Err(Error::bad_input("Say why: --reason TEXT."));
    }
    if !intake.pause(&arguments.source, BY, arguments.reason.trim()).await? {
        return Err(unknown());
    }
    eprintln!("Nothing is taken from it until `customer360 resume {}`.", arguments.source);
    intake.database().close().await;
    Ok(())
}

/// Takes from a source again.
pub async fn resume(config: &Config, arguments: ResumeArguments) -> Result<()> {
    let intake = open_intake(config, open_migrated(config).await?)?;
    if !intake.resume(&arguments.source).await? {
        return Err(unknown());
    }
    eprintln!("It is taken from again.");
    intake.database().close().await;
    Ok(())
}

fn unknown() -> Error {
    Error::not_found("There is no such source. `customer360 sources` lists them.")
}
