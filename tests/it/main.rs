//! The tests that need nothing but Rust and PostgreSQL. What needs npm, PyPI or Chromium is in `clients`.
#![cfg(test)]

mod access;
mod architecture;
mod bad_request;
mod bulk;
mod changes;
mod command;
mod cut;
mod demo;
mod executor;
mod export;
mod export_columns;
mod find;
mod first_screen;
mod graph;
mod harness;
mod import;
mod intake;
mod life;
mod migration;
mod mutation;
mod readme;
mod same_graph;
mod schema;
mod streams;
mod views;
