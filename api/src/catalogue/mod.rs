//! The catalogue: staff, products, touchpoints, and the sources. What every silo refers to.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::access::{Silo, SiloKey};

pub mod check;
pub mod query;
pub mod record;
pub mod source;
pub mod store;
pub mod types;

/// Staff, products and touchpoints.
pub struct Catalogue;

impl Silo for Catalogue {
    const KEY: SiloKey = SiloKey::Catalogue;
}

/// Sources, their freshness, and what could not be taken in.
pub struct Intake;

impl Silo for Intake {
    const KEY: SiloKey = SiloKey::Intake;
}

/// The id of an entry of the catalogue: made from its key, so that a row that names a key needs no look-up.
pub fn id(table: &str, key: &str) -> Uuid {
    let hash = Sha256::new_with_prefix(table).chain_update([0]).chain_update(key).finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
