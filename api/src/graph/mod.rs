//! What every part of the graph uses and that knows no customer: times, sealed cursors, the batch that waits for the
//! database once per level. No policy and no table is known here.

pub mod batch;
pub mod cursor;
pub mod timestamp;
