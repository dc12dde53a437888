//! Leaves that any folder may use, and the thin module around async-graphql: what depends on its version is here.
//! Nothing here knows a customer, a silo or HTTP.

pub mod answer;
pub mod ask;
pub mod document;
