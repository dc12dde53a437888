//! The record of a transaction whose value the database cannot keep: found, and refused.

use super::envelope::{Reject, RejectCode};
use super::flush::{self, Keep, Way};
use super::lines::{Item, Rejected};
use super::prepare::Ordinals;
use crate::database::refuses_a_value;
use crate::error::{Error, Result};

/// The position of the record whose value the database cannot keep, found without writing anything.
pub(super) async fn culprit(way: &Way<'_>, items: &[Item], ordinals: &Ordinals) -> Result<usize> {
    let trial = Way { keep: Keep::Nothing, ..*way };
    let (mut start, mut end) = (0, items.len());
    while end - start > 1 {
        let middle = start.midpoint(end);
        match flush::flush(&trial, &items[start..middle], Vec::new(), &[], &mut ordinals.clone()).await {
            Ok(_) => start = middle,
            Err(error) if refuses_a_value(&error) => end = middle,
            Err(error) => return Err(error),
        }
    }
    Ok(start)
}

/// The same record, refused for what the database cannot keep.
pub(super) fn refused(item: &Item, error: Error) -> Result<Item> {
    let Ok(envelope) = item else { return Err(error) };
    let reason = "The database cannot keep a value of this record: it is too large. Shorten it, or leave it out.";
    let reject = Reject::new(RejectCode::TooLarge, reason);
    Ok(Err(Rejected { line: 0, envelope: envelope.clone(), reject }))
}
