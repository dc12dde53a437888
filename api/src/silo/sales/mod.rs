//! sales: notes, opportunities, purchases and contracts.

pub mod preset;
