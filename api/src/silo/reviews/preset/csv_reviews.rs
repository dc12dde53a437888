//! Reviews from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-reviews";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_reviews.toml");
