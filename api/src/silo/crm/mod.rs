//! crm: master data, consents and preferences.

pub mod preset;
