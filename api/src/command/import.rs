//! `import`: records from files and taps.

use std::io::{BufReader, ErrorKind, IsTerminal, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Outcome;
use crate::app::{open_intake, open_migrated};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ingest::import::{ImportOptions, Summary, import_files, import_singer};

/// What to import.
#[derive(Args)]
pub struct ImportArguments {
    /// Key of the source: a file in the folder of sources, or a preset.
    #[arg(long)]
    source: String,
    /// The stream; else each file's name without its ending.
    #[arg(long)]
    stream: Option<String>,
    /// Read Singer lines from standard input; states go to standard output once everything before them is committed.
    #[arg(long, conflicts_with = "files")]
    singer: bool,
    /// Stop at the first record that cannot be taken; nothing of its transaction is written.
    #[arg(long)]
    strict: bool,
    /// For large first loads: large transactions, and indexes afterwards.
    #[arg(long)]
    bulk: bool,
    /// Files to read, JSONL or CSV by their ending; `-` for standard input.
    #[arg(required_unless_present = "singer")]
    files: Vec<PathBuf>,
}

/// Imports, with progress on a terminal and a summary at the end.
pub async fn import(config: &Config, arguments: ImportArguments) -> Result<Outcome> {
    let database = open_migrated(config).await?;
    let intake = open_intake(config, database)?;
    let bar = progress_bar();
    let progress = |summary: &Summary| {
        bar.set_position(summary.total() as u64);
        bar.set_message(format!("{} rejected", summary.rejected));
    };
    let options = ImportOptions {
        source: arguments.source,
        stream: arguments.stream,
        strict: arguments.strict,
        bulk: arguments.bulk,
    };
    let summary = if arguments.singer {
        let state = |state: &str| {
            let mut out = stdout().lock();
            match writeln!(out, "{state}").and_then(|()| out.flush()) {
                // A tap that has gone away does not need its state any more.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::unavailable(error).with_message(
                    "The state cannot be written to standard output: the tap will send again what is here.",
                )),
                _ => Ok(()),
            }
        };
        import_singer(&intake, &options, BufReader::new(stdin()), state, progress).await
    } else {
        import_files(&intake, &options, arguments.files, progress).await
    };
    bar.finish_and_clear();
    let summary = summary?;
    report(&summary);
    intake.database().close().await;
    if let Some(fault) = summary.fault {
        return Err(fault);
    }
    match summary.stopped {
        None => Ok(Outcome::of_rejected(summary.rejected)),
        Some(refused) => Err(Error::bad_input(format!(
            "Stopped at a record of `{}` that cannot be taken: {}",
            refused.stream, refused.reason
        ))),
    }
}

fn progress_bar() -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} records, {per_sec}, {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn report(summary: &Summary) {
    for notice in &summary.notices {
        eprintln!("line {}: {}: {}", notice.line, notice.kind, notice.text);
    }
    if summary.more_notices > 0 {
        eprintln!("and {} more notices like these", summary.more_notices);
    }
    for (stream, counts) in &summary.streams {
        eprintln!(
            "{stream}: {} taken, {} repeated, {} superseded, {} rejected",
            counts.taken, counts.repeated, counts.superseded, counts.rejected
        );
    }
    for reason in &summary.reasons {
        eprintln!("  {} of {} rejected, {}: {}", reason.count, reason.stream, reason.code, reason.first);
    }
    let seconds = summary.elapsed.as_secs_f64().max(0.001);
    // A rate for people to read: the loss of digits beyond 2^52 records does not matter.
    #[expect(clippy::cast_precision_loss, reason = "a rate to read")]
    let rate = summary.total() as f64 / seconds;
    eprintln!(
        "{} records in {seconds:.1} s ({rate:.0}/s): {} taken, {} repeated, {} superseded, {} rejected.",
        summary.total(),
        summary.taken,
        summary.repeated,
        summary.superseded,
        summary.rejected
    );
    if summary.rejected > 0 && summary.stopped.is_none() {
        eprintln!("`customer360 rejected` lists what was rejected; `customer360 replay` tries it again.");
    }
}
