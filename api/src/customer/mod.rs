//! The customer: golden values, identifiers, relations, timeline, and how one is found. The silos add their parts.
//!
//! `types` is what GraphQL shows of the customer's own row, `node` the customer put together with its silos, `store` holds
//! all SQL, `find` looks one up, `search` ranks, `timeline` reads across silos, `golden` tells where a value comes from,
//! `relation` who belongs to whom. The permission is [`SiloKey::Customer`].

use crate::access::{Silo, SiloKey};

pub mod entry;
pub mod find;
pub mod golden;
pub mod identifier;
pub mod list;
pub mod mutation;
pub mod node;
pub mod relation;
pub mod search;
pub mod store;
pub mod timeline;
pub mod types;

pub use node::CustomerNode;

/// The customer record: what stands above the silos.
pub struct CustomerRecord;

impl Silo for CustomerRecord {
    const KEY: SiloKey = SiloKey::Customer;
}
