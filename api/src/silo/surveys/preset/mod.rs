//! The mappings of this silo that come with the product: a TOML file each, and beside it what tests it.

pub mod csv_surveys;
pub mod formbricks;
pub mod limesurvey;
pub mod qualtrics;
pub mod typeform;

/// Key and text of each.
pub const PRESETS: &[(&str, &str)] = &[
    (formbricks::KEY, formbricks::MAPPING),
    (limesurvey::KEY, limesurvey::MAPPING),
    (qualtrics::KEY, qualtrics::MAPPING),
    (typeform::KEY, typeform::MAPPING),
    (csv_surveys::KEY, csv_surveys::MAPPING),
];
