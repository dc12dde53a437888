//! The mappings of this silo that come with the product: a TOML file each, and beside it what tests it.

pub mod csv_crm;
pub mod postgres_contacts;

/// Key and text of each.
pub const PRESETS: &[(&str, &str)] =
    &[(postgres_contacts::KEY, postgres_contacts::MAPPING), (csv_crm::KEY, csv_crm::MAPPING)];
