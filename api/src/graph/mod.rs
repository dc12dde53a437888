//! What every part of the graph uses and that knows no customer: times, sealed cursors, the batch that waits for the
//! database once per level, and the thin module around async-graphql: documents, requests and answers. No policy and no
//! table is known here.

pub mod answer;
pub mod ask;
pub mod at_hand;
pub mod batch;
pub mod cursor;
pub mod document;
pub mod json;
pub mod leaves;
pub mod run;
pub mod timestamp;
#[cfg(test)]
pub(crate) mod tiny;
