//! The mappings of this silo that come with the product: a TOML file each, and beside it what tests it.

pub mod csv_analytics;
pub mod ga4;
pub mod matomo;
pub mod posthog;
pub mod segment;

/// Key and text of each.
pub const PRESETS: &[(&str, &str)] = &[
    (ga4::KEY, ga4::MAPPING),
    (matomo::KEY, matomo::MAPPING),
    (posthog::KEY, posthog::MAPPING),
    (segment::KEY, segment::MAPPING),
    (csv_analytics::KEY, csv_analytics::MAPPING),
];
