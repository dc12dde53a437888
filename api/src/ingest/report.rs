//! What became of the records of a flush, as its caller counts it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::envelope::{Envelope, RejectCode};
use super::flush::Done;
use super::heads::Fate;
use super::lines::Item;
use crate::meter::{Door, Meter, Outcome as Word};

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

impl FlushReport {
    /// Adds what became of others, whose places among all these are.
    pub(super) fn join(&mut self, other: Self, places: &[usize]) {
        self.taken += other.taken;
        self.repeated += other.repeated;
        self.superseded += other.superseded;
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

/// Counts what became of these items, by source.
pub(super) fn count(meter: &Meter, door: Door, items: &[Item], done: &Done) {
    let mut counts: BTreeMap<(&str, &'static str), (Word, u64)> = BTreeMap::new();
    for (item, outcome) in items.iter().zip(&done.outcomes) {
        let word = match (&outcome.reject, outcome.fate) {
            (Some(_), _) => Word::Rejected,
            (None, Fate::Applied(_)) => Word::Taken,
            (None, Fate::Superseded(_)) => Word::Superseded,
            (None, Fate::Repeated | Fate::Rejected(_)) => Word::Repeated,
        };
        counts.entry((envelope_of(item).source.as_str(), word.as_str())).or_insert((word, 0)).1 += 1;
    }
    for ((source, _), (word, count)) in counts {
        meter.records(door, source, word, count);
    }
}

/// The envelope of what a reader gave, refused or not.
pub(super) fn envelope_of(item: &Item) -> &Envelope {
    match item {
        Ok(envelope) => envelope,
        Err(rejected) => &rejected.envelope,
    }
}
