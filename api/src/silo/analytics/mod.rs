//! analytics: sessions and events, anonymous until identified.

pub mod preset;
