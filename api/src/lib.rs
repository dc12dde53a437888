//! customer360: every silo in, one customer out, by role. This is the map of the house.
//!
//! **In.** `command` or `http` hands what a source sent to [`ingest`]: a door makes it an envelope, the raw record is kept,
//! a mapping (a TOML file, `silo/<silo>/preset/`) turns it into profiles and rows, [`identity`] decides which customer each
//! profile belongs to, and one transaction writes it all. What staff write goes the same way.
//!
//! **Out.** [`http`] takes a question and [`auth`] makes its token a viewer; [`graph`] applies the limits before anything
//! runs and gathers what one level of the question asks of the database into one statement; [`schema`] holds the roots;
//! [`customer`] and each folder of [`silo`] answer their part, starting every select from a permit of [`access`], which also
//! masks what a role may not see. [`export`] gives out whole tables and the feed of changes under the same permits. [`error`] keeps what may be shown apart from what never leaves.
//!
//! **Imports go downwards only, neighbours never import each other:**
//!
//! ```text
//! main → command → demo → app → {http, works} → {schema, ingest} → export → customer → silo → silo/<one>
//!      → {catalogue, auth} → identity → access → graph → database → {config, meter} → error
//! ```
//!
//! Only `store` files (and `metric`, `database`, `access`) build queries; only the files that make GraphQL types know
//! `async_graphql`; only `http`, `auth`, `ingest` and `app` know `axum`. `tests/it/architecture.rs` holds these rules and names the
//! line that breaks one.
//!
//! **Where to start.** A silo: `silo/reviews/`, the smallest; all have the same file names. A mapping: [`ingest::mapping`]. The
//! policy: `access/policy.toml`. A setting: [`config`]. How to add each: the README.

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
pub mod export;
pub mod graph;
pub mod http;
pub mod identity;
pub mod ingest;
pub mod meter;
pub mod schema;
pub mod silo;
mod works;
