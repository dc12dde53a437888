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
    /// Those of the taken that wait for the row that they belong to.
    pub waiting: usize,
    /// Records kept from before that waited for these, and are in their place now.
    pub woken: usize,
    /// Those that are still to be taken.
    pub(super) waking: Vec<Uuid>,
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
                self.waiting += usize::from(outcome.waits);
            }
            self.origins.push(outcome.origin_id);
        }
        self.waking.extend(done.woken);
    }
}

impl FlushReport {
    /// Adds what became of others, whose places among all these are.
    pub(super) fn join(&mut self, other: Self, places: &[usize]) {
        self.taken += other.taken;
        self.repeated += other.repeated;
        self.superseded += other.superseded;
        self.waiting += other.waiting;
        self.woken += other.woken;
        self.waking.extend(other.waking);
        let place = |at: usize| places.get(at).copied().unwrap_or(at);
        self.rejected.extend(other.rejected.into_iter().map(|one| Refused { position: place(one.position), ..one }));
        self.rejected.sort_by_key(|one| one.position);
        for (stream, counts) in other.streams {
            let sum = self.streams.entry(stream).or_default();
            sum.taken += counts.taken;
            sum.repeated += counts.repeated;
            sum.superseded += counts.superseded;
            sum.rejected += counts.rejected;
        }
        for (at, origin) in other.origins.into_iter().enumerate() {
            let place = place(at);
            self.origins.resize(self.origins.len().max(place + 1), None);
            self.origins[place] = origin;
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
