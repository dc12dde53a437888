//! A record whose value the database cannot keep: found among the others, which are written without it.

use super::envelope::{Envelope, Reject, RejectCode};
use super::flush::{self, Done, Keep, Way};
use super::intake::Intake;
use super::lines::{Item, Rejected};
use super::prepare::Ordinals;
use crate::database::refuses_a_value;
use crate::error::{Error, Result};
use uuid::Uuid;

impl Intake {
    /// Finds the record whose value the database cannot keep: the others are written without it.
    pub(super) async fn apart(
        &self,
        way: &Way<'_>,
        items: &[Item],
        replaces: &[Uuid],
        ordinals: &mut Ordinals,
        error: Error,
    ) -> Result<Done> {
        if way.keep == Keep::AllOrNothing {
            let position = culprit(way, items, ordinals).await?;
            let mut items = items.to_vec();
            items[position] = refused(&items[position], error)?;
            return flush::flush(way, &items, Vec::new(), replaces, ordinals).await;
        }
        if let [item] = items {
            return flush::flush(way, &[refused(item, error)?], Vec::new(), replaces, ordinals).await;
        }
        let middle = items.len() / 2;
        let (first, second) = items.split_at(middle);
        let (first_ids, second_ids) = replaces.split_at(middle.min(replaces.len()));
        // A delivery is noted with its last record, and so is how far a file is read.
        let before = Way { deliveries: &[], noted: None, ..*way };
        let mut done = Box::pin(self.write(&before, first, Vec::new(), first_ids, ordinals)).await?;
        let rest = Box::pin(self.write(way, second, Vec::new(), second_ids, ordinals)).await?;
        done.outcomes.extend(rest.outcomes);
        done.woken.extend(rest.woken);
        Ok(done)
    }
}

/// The position of the record whose value the database cannot keep, found without writing anything.
async fn culprit(way: &Way<'_>, items: &[Item], ordinals: &Ordinals) -> Result<usize> {
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

/// The same record, refused for what the database cannot keep. Nothing of what may be the cause is kept but what it says.
fn refused(item: &Item, error: Error) -> Result<Item> {
    let Ok(envelope) = item else { return Err(error) };
    let reason = "The database cannot keep a value of this record: it is too large. Shorten it, or leave it out.";
    let reject = Reject::new(RejectCode::TooLarge, reason);
    let envelope = Envelope {
        key: None,
        dedupe_key: None,
        occurred_at: None,
        payload: envelope.payload.replace('\0', "").into(),
        ..envelope.clone()
    };
    Ok(Err(Rejected { line: 0, envelope, reject }))
}
