//! The catalogue: staff, products, touchpoints, and the sources. What every silo refers to.

use crate::access::{Silo, SiloKey};
/// Entries of the catalogue are told by their key.
pub use crate::identity::place::fixed_id as id;

pub mod check;
pub mod mutation;
pub mod query;
pub mod record;
pub mod rejected;
mod shape;
pub mod source;
pub mod standing;
pub mod store;
pub mod stream;
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
