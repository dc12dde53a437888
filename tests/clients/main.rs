//! The server as other people's programs meet it: GraphQL clients from npm and PyPI, a browser, scripts. `.ci/run` installs them;
//! these tests are apart so that `./tests/run` needs nothing but Rust and PostgreSQL.
#![cfg(test)]

mod browser;
mod doors;
mod hooks;
mod http;
mod taps;
mod tools;
mod tracking;
