//! Sales: contact notes, opportunities, purchases and contracts.
//!
//! `record` is what a mapping may fill, `store` holds all SQL, `types` is what GraphQL shows. The permission is
//! [`SiloKey::Sales`]; each field's data class stands in `types`. Contact notes of all departments live here: those of the
//! department `SALES` are the sales notes. A note for its department only is internal, and one that was taken back is
//! never read.

use crate::access::{Silo, SiloKey};

pub mod preset;
pub mod record;
pub mod store;
pub mod types;

/// The sales silo.
pub struct Sales;

impl Silo for Sales {
    const KEY: SiloKey = SiloKey::Sales;
}
