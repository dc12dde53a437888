//! How the intake works: its sizes and waits, as the settings of the server say them.

use std::path::PathBuf;
use std::time::Duration;

use super::keyring::Keyring;
use super::lines::MAX_LINE;

/// How the intake works.
#[derive(Debug, Clone)]
pub struct IntakeSettings {
    /// Country of phone numbers where neither the record nor its source names one.
    pub default_country: Option<String>,
    /// The most records of one transaction.
    pub batch: usize,
    /// The most records of one transaction of a bulk import.
    pub bulk_batch: usize,
    /// The longest that a tap's record waits for its transaction.
    pub flush_after: Duration,
    /// The longest line that is read, in bytes.
    pub line_bytes: usize,
    /// The only folder that files of a tap's BATCH are read from; none: they are not read.
    pub batch_folder: Option<PathBuf>,
    /// What its sources prove themselves with.
    pub keyring: Keyring,
}

impl Default for IntakeSettings {
    fn default() -> Self {
        Self {
            default_country: None,
            batch: 500,
            bulk_batch: 5_000,
            flush_after: Duration::from_secs(1),
            line_bytes: MAX_LINE,
            batch_folder: None,
            keyring: Keyring::default(),
        }
    }
}
