//! `import`: records from files and taps.

use std::io::{BufReader, ErrorKind, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::sync::watch;

use super::Outcome;
use super::progress::Progress;
use crate::app::{open_intake, open_migrated};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::http::asked_to_end;
use crate::ingest::import::{Catalogue, ImportOptions, Reading, Summary, import_files, import_singer};

/// What to import.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct ImportArguments {
    /// Key of the source: a file in the folder of sources, or a preset.
    #[arg(long)]
    source: String,
    /// The stream; else each file's name without its ending.
    #[arg(long)]
    stream: Option<String>,
    /// Read what a Singer tap or an Airbyte source writes from standard input; states go to standard output once everything
    /// before them is committed.
    #[arg(long, visible_alias = "airbyte", conflicts_with = "files")]
    singer: bool,
    /// The configured catalogue of an Airbyte source: which fields make the keys of its records.
    #[arg(long, value_name = "FILE", requires = "singer")]
    catalog: Option<PathBuf>,
    /// Stop at the first record that cannot be taken; nothing of its transaction is written.
    #[arg(long)]
    strict: bool,
    /// For large first loads: large transactions, and indexes afterwards.
    #[arg(long)]
    bulk: bool,
    /// What parts the cells of CSV files: one of , ; | and tab; else it is seen from the header.
    #[arg(long, conflicts_with = "singer")]
    delimiter: Option<String>,
    /// The encoding of files that are not UTF-8: windows-1252, iso-8859-1, utf-16, …
    #[arg(long, conflicts_with = "singer")]
    encoding: Option<String>,
    /// Read files from their start, although an import of them did not end.
    #[arg(long, conflicts_with = "singer")]
    from_start: bool,
    /// Files to read: .csv, .tsv, .jsonl, .ndjson, .json, .parquet, packed as .gz or .zst or not; `-` for standard input.
    #[arg(required_unless_present = "singer")]
    files: Vec<PathBuf>,
}

/// Imports, with progress on a terminal and a summary at the end.
pub async fn import(config: &Config, arguments: ImportArguments) -> Result<Outcome> {
    let reading = Reading::new(arguments.delimiter.as_deref(), arguments.encoding.as_deref())?;
    let catalogue = arguments.catalog.as_deref().map(catalogue).transpose()?.unwrap_or_default();
    let database = open_migrated(config).await?;
    let intake = open_intake(config, database)?;
    let bar = Progress::new();
    let progress = |summary: &Summary| bar.show(summary);
    let (stopper, stop) = watch::channel(false);
    tokio::spawn(async move {
        asked_to_end().await;
        // Whoever waits for it may be done.
        let _ = stopper.send(true);
        std::future::pending::<()>().await;
    });
    let options = ImportOptions {
        source: arguments.source,
        stream: arguments.stream,
        strict: arguments.strict,
        bulk: arguments.bulk,
        reading,
        from_start: arguments.from_start,
        catalogue,
        stop: Some(stop),
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
    bar.end();
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

fn catalogue(file: &Path) -> Result<Catalogue> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::bad_input("The file that --catalog names cannot be read, or is not UTF-8.").because(error)
    })?;
    Catalogue::parse(&text)
}

fn report(summary: &Summary) {
    for resumed in &summary.resumed {
        eprintln!("{}: went on after {} records that were written before", resumed.name, resumed.records);
    }
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
    if summary.waiting > 0 {
        eprintln!("{} came before what they belong to or after it was deleted, and waited for it.", summary.waiting);
    }
    if summary.woken > 0 {
        eprintln!("{} of these, or from before, found their place when it came.", summary.woken);
    }
    if summary.rejected > 0 && summary.stopped.is_none() {
        eprintln!("`customer360 rejected` lists what was rejected; `customer360 replay` tries it again.");
    }
}
