//! Contacts, companies, consents and the catalogue from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-crm";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_crm.toml");
