//! Records whose waiting is over, and that are not in their place all the same: the process ended, or the database failed, between
//! the transaction that brought what they waited for and the one that was to place them. The server looks for them at its start
//! and now and then.
//!
//! Several nodes may look at once: a note goes with the transaction that places its record, so each is placed once. A look is
//! bounded; the next goes on where it ended.

use std::time::Duration;

use uuid::Uuid;

use super::intake::Intake;
use super::store::waiting;
use crate::error::Result;

/// So many notes are read by one statement.
const PAGE: u16 = 2_000;

/// So many statements make a look.
const PAGES: usize = 10;

/// So many records are placed at a time.
const AT_ONCE: usize = 500;

/// Up to which note, by record and by what it waits for, it was looked; at first before all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Looked(Option<(Uuid, Uuid)>);

impl Looked {
    /// Whether every note was looked at.
    pub fn is_at_end(&self) -> bool {
        self.0.is_none()
    }
}

/// What a look found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Records that are in their place now.
    pub placed: usize,
    /// Records that could not be written: the next round tries them again.
    pub failed: usize,
}

impl Intake {
    /// Places the records whose waiting is over, from where the last look ended; after the last note the next look begins anew.
    pub async fn place_overdue(&self, looked: &mut Looked) -> Result<Found> {
        let mut found = Found::default();
        for _ in 0..PAGES {
            let notes = waiting::notes(self.database(), looked.0, PAGE).await?;
            looked.0 = notes.last().map(|note| (note.record_id, note.awaited_id));
            let mut due: Vec<Uuid> = notes.iter().filter(|note| note.due > 0).map(|note| note.record_id).collect();
            // They come by record.
            due.dedup();
            for ids in due.chunks(AT_ONCE) {
                let placed = self.place_noted(ids.to_vec()).await;
                found.placed += placed.placed;
                found.failed += placed.failed;
            }
            if notes.len() < usize::from(PAGE) {
                looked.0 = None;
                break;
            }
        }
        Ok(found)
    }
}

/// Looks at once, and then every so often for as long as it is let.
pub async fn look_after(intake: Intake, every: Duration) {
    let mut looked = Looked::default();
    loop {
        match intake.place_overdue(&mut looked).await {
            Ok(found) if found == Found::default() => {}
            Ok(Found { placed, failed }) => tracing::info!(placed, failed, "records that had waited were placed"),
            Err(error) => {
                tracing::warn!(code = error.code.as_str(), "it was not found out which records wait no longer");
            }
        }
        // Nodes that were started together do not look together for ever.
        tokio::time::sleep(every.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
    }
}
