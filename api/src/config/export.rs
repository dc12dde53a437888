//! Settings of the way out: how much may leave at a time.

use serde::{Deserialize, Serialize};

/// Giving whole tables out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Export {
    /// Exports over HTTP at once; above it the answer is 429. Default 4.
    pub at_once: usize,
    /// Those of one subject. Default 2.
    pub per_subject: usize,
    /// Rows read at a time at most, by one statement. Default 8,192.
    pub page_rows: usize,
}

impl Default for Export {
    fn default() -> Self {
        Self { at_once: 4, per_subject: 2, page_rows: 8_192 }
    }
}
