//! The mappings of this silo that come with the product: a TOML file each, and beside it what tests it.

pub mod csv_sales;
pub mod hubspot;
pub mod pipedrive;
pub mod salesforce;

/// Key and text of each.
pub const PRESETS: &[(&str, &str)] = &[
    (hubspot::KEY, hubspot::MAPPING),
    (pipedrive::KEY, pipedrive::MAPPING),
    (salesforce::KEY, salesforce::MAPPING),
    (csv_sales::KEY, csv_sales::MAPPING),
];
