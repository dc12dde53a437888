//! Support: tickets.

use crate::access::{Silo, SiloKey};

pub mod types;

/// The support silo.
pub struct Support;

impl Silo for Support {
    const KEY: SiloKey = SiloKey::Support;
}
