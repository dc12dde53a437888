//! The silos.

pub mod support;
