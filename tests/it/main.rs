//! The tests that need nothing but Rust and PostgreSQL. What needs npm, PyPI or Chromium is in `clients`.
#![cfg(test)]

mod access;
mod architecture;
mod bad_request;
mod bulk;
mod command;
mod cut;
mod demo;
mod executor;
mod find;
mod first_screen;
mod graph;
mod harness;
mod hooks;
mod import;
mod intake;
mod life;
mod mapping;
mod migration;
mod mutation;
mod presets;
mod readme;
mod same_graph;
mod schema;
mod streams;
