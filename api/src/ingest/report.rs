//! What became of the records of a flush, as its caller counts it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::envelope::{Envelope, RejectCode};
use super::flush::Done;
use super::heads::Fate;
use super::lines::Item;

/// What became of a flush.
#[derive(Debug, Clone, Default)]
pub struct FlushReport {
    /// Records whose rows were written.
    pub taken: usize,
    /// Records that were known already.
    pub repeated: usize,
    /// Records older than what is known; kept, and shown nowhere.
    pub superseded: usize,
    /// Records that were refused; kept with their reason unless the flush was strict.
    pub rejected: Vec<Refused>,
    /// Taken and refused by source and stream.
    pub streams: BTreeMap<(String, String), Counts>,
    /// For each envelope the id of its row, where it was understood.
    pub origins: Vec<Option<Uuid>>,
}

/// Counts of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records whose rows were written.
    pub taken: usize,
    /// Records that were known already.
    pub repeated: usize,
    /// Records older than what is known.
    pub superseded: usize,
    /// Records that were refused.
    pub rejected: usize,
}

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its position in the flush.
    pub position: usize,
    /// Key of its source.
    pub source: String,
    /// Its stream.
    pub stream: String,
    /// The stable code.
    pub code: RejectCode,
    /// What is wrong and what to do.
    pub reason: String,
}

impl FlushReport {
    /// Adds what became of these items, the first of which is at `start`.
    pub(super) fn add(&mut self, items: &[Item], start: usize, done: Done) {
        for (index, (item, outcome)) in items.iter().zip(done.outcomes).enumerate() {
            let envelope = envelope_of(item);
            let counts = self.streams.entry((envelope.source.clone(), envelope.stream.clone())).or_default();
            if let Some(reject) = outcome.reject {
                counts.rejected += 1;
                self.rejected.push(Refused {
                    position: start + index,
                    source: envelope.source.clone(),
                    stream: envelope.stream.clone(),
                    code: reject.code,
                    reason: reject.reason,
                });
            } else if done.written {
                let (total, of_stream) = match outcome.fate {
                    Fate::Applied(_) => (&mut self.taken, &mut counts.taken),
                    Fate::Superseded(_) => (&mut self.superseded, &mut counts.superseded),
                    Fate::Repeated | Fate::Rejected(_) => (&mut self.repeated, &mut counts.repeated),
                };
                *total += 1;
                *of_stream += 1;
            }
            self.origins.push(outcome.origin_id);
        }
    }
}

/// The envelope of what a reader gave, refused or not.
pub(super) fn envelope_of(item: &Item) -> &Envelope {
    match item {
        Ok(envelope) => envelope,
        Err(rejected) => &rejected.envelope,
    }
}
