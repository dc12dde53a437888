//! Questionnaires, invitations, responses and answers from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-surveys";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_surveys.toml");
