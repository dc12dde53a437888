//! surveys: questionnaires sent and answered.

pub mod preset;
