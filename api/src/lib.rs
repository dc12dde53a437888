//! customer360: every silo in, one customer out, by role.

pub mod access;
pub mod catalogue;
pub mod customer;
pub mod database;
pub mod error;
pub mod graph;
pub mod identity;
pub mod ingest;
pub mod silo;
