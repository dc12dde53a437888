//! support: tickets and their messages.

pub mod preset;
