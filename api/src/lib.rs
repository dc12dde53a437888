//! customer360: every silo in, one customer out, by role.

pub mod error;
pub mod identity;
pub mod ingest;
pub mod silo;
