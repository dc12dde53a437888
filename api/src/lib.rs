//! customer360: every silo in, one customer out, by role.

pub mod access;
pub mod app;
pub mod auth;
pub mod catalogue;
pub mod command;
pub mod config;
pub mod customer;
pub mod database;
pub mod demo;
pub mod error;
pub mod graph;
pub mod http;
pub mod identity;
pub mod ingest;
pub mod schema;
pub mod silo;
