//! The mappings of this silo that come with the product: a TOML file each, and beside it what tests it.

pub mod chatwoot;
pub mod csv_support;
pub mod freshdesk;
pub mod zammad;
pub mod zendesk;

/// Key and text of each.
pub const PRESETS: &[(&str, &str)] = &[
    (chatwoot::KEY, chatwoot::MAPPING),
    (freshdesk::KEY, freshdesk::MAPPING),
    (zammad::KEY, zammad::MAPPING),
    (zendesk::KEY, zendesk::MAPPING),
    (csv_support::KEY, csv_support::MAPPING),
];
