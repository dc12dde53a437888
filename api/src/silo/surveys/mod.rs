//! Surveys: questionnaires, the invitations to them, and the responses with their answers.
//!
//! `record` is what a mapping may fill, `store` holds all SQL, `types` is what GraphQL shows of a row, `query` what it
//! shows of a customer. The permission is [`SiloKey::Surveys`]; each field's data class stands in `types` and `query`.

use crate::access::{Silo, SiloKey};

pub mod preset;
pub mod query;
pub mod record;
pub mod store;
pub mod types;

/// The silo of surveys.
pub struct Surveys;

impl Silo for Surveys {
    const KEY: SiloKey = SiloKey::Surveys;
}
