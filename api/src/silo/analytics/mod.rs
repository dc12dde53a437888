//! Analytics: web sessions and events, anonymous until identified.
//!
//! `record` is what a mapping may fill, `store` holds all SQL, `types` is what GraphQL shows. The permission is
//! [`SiloKey::Analytics`]; each field's data class stands in `types`. A visitor who is not known yet is a customer like any
//! other, with a cookie for an identifier: when they identify, their rows come along.

use crate::access::{Silo, SiloKey};

pub mod preset;
pub mod record;
pub mod store;
pub mod types;

/// The analytics silo.
pub struct Analytics;

impl Silo for Analytics {
    const KEY: SiloKey = SiloKey::Analytics;
}
