//! The tests that need nothing but Rust and PostgreSQL. What needs npm, PyPI or Chromium is in `clients`.
#![cfg(test)]

mod access;
mod architecture;
mod executor;
mod first_screen;
mod graph;
mod harness;
mod import;
mod intake;
mod migration;
mod mutation;
mod readme;
mod schema;
