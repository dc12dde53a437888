//! Reviews: the three R, ratings, reviews and recommendations, with their origin, and mentions.
//!
//! `record` is what a mapping may fill, `store` holds all SQL, `types` is what GraphQL shows. The permission is
//! [`SiloKey::Reviews`]; each field's data class stands in `types`.

use crate::access::{Silo, SiloKey};

pub mod preset;
pub mod record;
pub mod store;
pub mod types;

/// The silo of reviews.
pub struct Reviews;

impl Silo for Reviews {
    const KEY: SiloKey = SiloKey::Reviews;
}
