//! Support: tickets of four kinds with their messages; internal notes are apart.
//!
//! `record` is what a mapping may fill, `store` holds all SQL, `types` is what GraphQL shows. The permission is
//! [`SiloKey::Support`]; each field's data class stands in `types`.

use crate::access::{Silo, SiloKey};

pub mod preset;
pub mod record;
pub mod store;
pub mod types;

/// The support silo.
pub struct Support;

impl Silo for Support {
    const KEY: SiloKey = SiloKey::Support;
}
