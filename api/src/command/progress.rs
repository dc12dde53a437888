//! The progress of an import on a terminal: of files how much is read and how long it will take, of a tap how much came.

use std::cell::Cell;
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::ingest::import::Summary;

/// Whose end is known.
const OF_FILES: &str = "{bar:24} {percent}% of {binary_total_bytes}, {msg}, {eta} left";
/// Whose end is not.
const OF_STREAM: &str = "{spinner} {msg}";

/// Where an import stands; nothing where standard error is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    start: Instant,
    has_end: Cell<bool>,
}

impl Progress {
    /// At its beginning.
    pub fn new() -> Self {
        let bar = if stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
        let progress = Self { bar, start: Instant::now(), has_end: Cell::new(false) };
        progress.style(OF_STREAM);
        if !progress.bar.is_hidden() {
            progress.bar.enable_steady_tick(Duration::from_millis(200));
        }
        progress
    }

    /// Shows where it stands.
    pub fn show(&self, summary: &Summary) {
        if let Some(bytes) = summary.of_bytes {
            if !self.has_end.replace(true) {
                self.bar.set_length(bytes);
                self.style(OF_FILES);
            }
            self.bar.set_position(summary.bytes);
        }
        for resumed in summary.resumed.iter().filter(|_| summary.total() == 0) {
            self.bar.println(format!("{} goes on after {} records.", resumed.name, resumed.records));
        }
        self.tell(summary.total(), summary.rejected);
    }

    /// Shows how many records were read, of what has no end that is known.
    pub fn tell(&self, read: usize, rejected: usize) {
        let rate = self.rate(read);
        self.bar.set_message(format!("{read} records, {rate:.0}/s, {rejected} rejected"));
    }

    /// Clears it away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate to read")]
    fn rate(&self, records: usize) -> f64 {
        records as f64 / self.start.elapsed().as_secs_f64().max(0.001)
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }
}
