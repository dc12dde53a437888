//! Contacts and notes of a PostgreSQL database, as its Singer tap sends them.

/// The key that a source file names.
pub const KEY: &str = "postgres-contacts";

/// The mapping.
pub const MAPPING: &str = include_str!("postgres_contacts.toml");
