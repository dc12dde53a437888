//! `rebuild`: the graph once more from the records as they came.

use std::io::{Write, stdout};
use std::time::Instant;

use clap::Args;
use indicatif::HumanCount;

use super::Outcome;
use super::progress::Progress;
use crate::app::{database_settings, open_intake, open_migrated};
use crate::config::Config;
use crate::error::Result;
use crate::ingest::rebuild::{Rebuilt, Standing, rebuild};

/// Whether only to look.
#[derive(Args)]
pub struct RebuildArguments {
    /// Tell what would change, and change nothing.
    #[arg(long)]
    check: bool,
}

/// Computes the graph anew from the records as they came.
pub async fn run(config: &Config, arguments: &RebuildArguments) -> Result<Outcome> {
    let intake = open_intake(config, open_migrated(config).await?)?;
    let start = Instant::now();
    let progress = Progress::new();
    let settings = database_settings(config);
    let rebuilt = rebuild(&intake, &settings, arguments.check, |standing: &Standing| {
        progress.tell(standing.read, standing.rejected);
    });
    let rebuilt = rebuilt.await;
    progress.end();
    let rebuilt = rebuilt?;
    tell(&rebuilt, arguments.check, start);
    intake.database().close().await;
    let differs = !rebuilt.differences.is_empty();
    Ok(if arguments.check && differs { Outcome::Warned } else { Outcome::Done })
}

/// One line a table that differs: table, rows that go, rows that change, rows that come.
fn tell(rebuilt: &Rebuilt, check: bool, start: Instant) {
    let mut out = stdout().lock();
    for difference in &rebuilt.differences {
        let line =
            writeln!(out, "{}\t{}\t{}\t{}", difference.table, difference.gone, difference.changed, difference.new);
        if line.is_err() {
            break;
        }
    }
    let read = HumanCount(rebuilt.standing.read as u64);
    let rows = HumanCount(rebuilt.differences.iter().map(crate::ingest::rebuild::Difference::rows).sum());
    let seconds = start.elapsed().as_secs_f64();
    let held = rebuilt.held_ms;
    let rejected = HumanCount(rebuilt.standing.rejected as u64);
    eprintln!("{read} records read in {seconds:.1} s, {rejected} of them refused; writers waited {held} ms.");
    match (rebuilt.differences.is_empty(), check) {
        (true, _) => eprintln!("The graph is what the records say."),
        (false, true) => eprintln!("{rows} rows would change. Nothing was changed."),
        (false, false) => eprintln!("{rows} rows changed. The graph is what the records say."),
    }
}
