//! The mappings of this silo that come with the product: a TOML file each, and beside it what tests it.

pub mod csv_support;

/// Key and text of each.
pub const PRESETS: &[(&str, &str)] = &[(csv_support::KEY, csv_support::MAPPING)];
