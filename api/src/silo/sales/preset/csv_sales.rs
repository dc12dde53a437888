//! Notes, opportunities, purchases and contracts from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-sales";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_sales.toml");
