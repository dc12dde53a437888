//! Formbricks: people, surveys and responses, as its Singer tap sends them.

/// The key that a source file names.
pub const KEY: &str = "formbricks";

/// The mapping.
pub const MAPPING: &str = include_str!("formbricks.toml");
