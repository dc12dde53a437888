//! The tests that need nothing but Rust and PostgreSQL. What needs npm, PyPI or Chromium is in `clients`.
#![cfg(test)]

mod access;
mod any_order;
mod architecture;
mod bad_request;
mod bulk;
mod command;
mod cut;
mod demo;
mod doors;
mod doors_life;
mod executor;
mod files;
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
mod order;
mod presets;
mod readme;
mod same_graph;
mod schema;
mod streams;
mod target;
mod tracking;
mod upload;
mod watch;
