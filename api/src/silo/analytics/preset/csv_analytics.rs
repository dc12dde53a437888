//! Sessions and events from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-analytics";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_analytics.toml");
