//! Tickets and their messages from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-support";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_support.toml");
