//! customer360: every silo in, one customer out, by role.

pub mod auth;
pub mod config;
pub mod error;
pub mod graph;
pub mod http;
