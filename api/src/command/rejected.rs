//! `rejected`, `replay`, `discard`: records that could not be taken in, or wait for what they belong to, seen, tried again and
//! put aside.

use std::io::{Write, stdout};

use clap::Args;
use uuid::Uuid;

use super::{BY, Outcome};
use crate::app::{open_intake, open_migrated};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ingest::rejected::{self, Bounds, Selection};

/// Which rejected records.
#[derive(Args)]
pub struct RejectedArguments {
    /// Of this source only.
    #[arg(long)]
    source: Option<String>,
    /// Go on after this number of the first column.
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// So many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

/// Which rejected records are meant.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// All of this source.
    #[arg(long)]
    source: Option<String>,
    /// One, by the id that `rejected` shows.
    #[arg(long)]
    record: Option<Uuid>,
}

impl Which {
    fn selection(self, stream: Option<String>, code: Option<String>) -> Result<Selection> {
        match (self.source, self.record) {
            (Some(source), _) => Ok(Selection::of_source(source, stream, code)),
            (None, Some(record)) => Ok(Selection::records(vec![record])),
            (None, None) => Err(Error::bad_input("Say which: --source KEY or --record ID.")),
        }
    }
}

/// Which rejected records to try again.
#[derive(Args)]
pub struct ReplayArguments {
    #[command(flatten)]
    which: Which,
    /// Of the source, only those of this stream.
    #[arg(long, conflicts_with = "record")]
    stream: Option<String>,
    /// Of the source, only those refused for this reason.
    #[arg(long, conflicts_with = "record")]
    code: Option<String>,
}

/// Which rejected records to put aside, and why.
#[derive(Args)]
pub struct DiscardArguments {
    #[command(flatten)]
    which: Which,
    /// Of the source, only those of this stream.
    #[arg(long, conflicts_with = "record")]
    stream: Option<String>,
    /// Of the source, only those refused for this reason.
    #[arg(long, conflicts_with = "record")]
    code: Option<String>,
    /// Why: it stays with them. With --undo it is not needed.
    #[arg(long, required_unless_present = "undo")]
    reason: Option<String>,
    /// Take back that this record was put aside.
    #[arg(long, requires = "record", conflicts_with_all = ["reason", "source"])]
    undo: bool,
}

/// Lists records that are rejected or wait, one a line: number, time, source, stream, code, id, reason.
pub async fn list(config: &Config, arguments: &RejectedArguments) -> Result<()> {
    let database = open_migrated(config).await?;
    let records = rejected::list(&database, arguments.source.as_deref(), arguments.after, arguments.limit).await?;
    let mut out = stdout().lock();
    for record in &records {
        let line = writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            record.intake_no,
            record.received_at.format("%Y-%m-%dT%H:%M:%SZ"),
            record.source,
            record.stream,
            record.code,
            record.id,
            record.reason
        );
        if line.is_err() {
            break;
        }
    }
    match records.last() {
        None => eprintln!("Nothing was rejected, and nothing waits."),
        Some(last) if records.len() == arguments.limit as usize => {
            eprintln!("There may be more: go on with --after {}.", last.intake_no);
        }
        Some(_) => {}
    }
    Ok(())
}

/// Tries rejected records again with the mapping as it is now.
pub async fn replay(config: &Config, arguments: ReplayArguments) -> Result<Outcome> {
    let intake = open_intake(config, open_migrated(config).await?)?;
    let one = arguments.which.record.is_some();
    let selection = arguments.which.selection(arguments.stream, arguments.code)?;
    let report = rejected::replay(&intake, &selection, Bounds::default()).await?;
    if one && report.tried == 0 {
        return Err(nobody());
    }
    for refused in report.rejected.iter().take(20) {
        eprintln!("still rejected: {}: {}: {}", refused.stream, refused.code.as_str(), refused.reason);
    }
    let waits =
        if report.waiting > 0 { format!(" {} wait for what they belong to.", report.waiting) } else { String::new() };
    let (taken, known, rejected) = (report.taken, report.superseded, report.rejected.len());
    eprintln!("{taken} taken, {known} known already, {rejected} still rejected.{waits}");
    intake.database().close().await;
    Ok(Outcome::of_rejected(report.rejected.len()))
}

/// So many are put aside in one transaction.
const AT_ONCE: u32 = 1_000;

/// Puts rejected records aside, or takes that back.
pub async fn discard(config: &Config, arguments: DiscardArguments) -> Result<()> {
    let intake = open_intake(config, open_migrated(config).await?)?;
    if let (true, Some(record)) = (arguments.undo, arguments.which.record) {
        if rejected::restore(&intake, vec![record]).await? == 0 {
            return Err(Error::not_found("There is no discarded record with this id."));
        }
        eprintln!("It is listed by `customer360 rejected` again: `customer360 replay` tries it.");
        return Ok(());
    }
    let one = arguments.which.record.is_some();
    let selection = arguments.which.selection(arguments.stream, arguments.code)?;
    let reason = arguments.reason.unwrap_or_default();
    if reason.trim().is_empty() {
        return Err(Error::bad_input("Say why: --reason TEXT."));
    }
    let mut all = 0;
    loop {
        let (discarded, remaining) = rejected::discard(&intake, &selection, AT_ONCE, BY, reason.trim()).await?;
        all += discarded;
        if discarded == 0 || remaining == 0 {
            break;
        }
    }
    if one && all == 0 {
        return Err(nobody());
    }
    eprintln!("{all} discarded. They stay to be seen, and are not tried again.");
    intake.database().close().await;
    Ok(())
}

fn nobody() -> Error {
    Error::not_found("There is no rejected record with this id. `customer360 rejected` lists them.")
}
