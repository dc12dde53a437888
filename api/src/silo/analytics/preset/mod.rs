//! The mappings of this silo that come with the product: a TOML file each, and beside it what tests it.

pub mod csv_analytics;
pub mod segment;

/// Key and text of each.
pub const PRESETS: &[(&str, &str)] = &[(segment::KEY, segment::MAPPING), (csv_analytics::KEY, csv_analytics::MAPPING)];
