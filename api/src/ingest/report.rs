//! What became of the records of a flush, as its caller counts it.

use std::collections::BTreeMap;
use std::ops::Range;

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
    /// What became of each.
    pub became: Vec<Became>,
}

/// What became of one record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Became {
    /// Nothing: the flush was strict, and another of its records was refused.
    #[default]
    Nothing,
    /// Its rows were written.
    Taken,
    /// It was known already.
    Repeated,
    /// It is older than what is known.
    Superseded,
    /// It was refused.
    Rejected,
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
            let mut became = Became::Nothing;
            if let Some(reject) = outcome.reject {
                became = Became::Rejected;
                self.rejected.push(Refused {
                    position: start + index,
                    source: envelope.source.clone(),
                    stream: envelope.stream.clone(),
                    code: reject.code,
                    reason: reject.reason,
                });
            } else if done.written {
                became = match outcome.fate {
                    Fate::Applied(_) => Became::Taken,
                    Fate::Superseded(_) => Became::Superseded,
                    Fate::Repeated | Fate::Rejected(_) => Became::Repeated,
                };
                self.waiting += usize::from(outcome.waits);
            }
            self.count(envelope, became);
            self.origins.push(outcome.origin_id);
        }
        self.waking.extend(done.woken);
    }
}

impl FlushReport {
    fn count(&mut self, envelope: &Envelope, became: Became) {
        let counts = self.streams.entry((envelope.source.clone(), envelope.stream.clone())).or_default();
        match became {
            Became::Nothing => {}
            Became::Taken => {
                self.taken += 1;
                counts.taken += 1;
            }
            Became::Repeated => {
                self.repeated += 1;
                counts.repeated += 1;
            }
            Became::Superseded => {
                self.superseded += 1;
                counts.superseded += 1;
            }
            Became::Rejected => counts.rejected += 1,
        }
        self.became.push(became);
    }

    /// What became of some of these items: those in the range.
    pub(super) fn part(&self, items: &[Item], range: Range<usize>) -> Self {
        let mut part = Self::default();
        for (item, became) in items[range.clone()].iter().zip(self.became.get(range.clone()).unwrap_or_default()) {
            part.count(envelope_of(item), *became);
        }
        let refused = self.rejected.iter().filter(|one| range.contains(&one.position));
        part.rejected = refused.map(|one| Refused { position: one.position - range.start, ..one.clone() }).collect();
        part.origins = self.origins.get(range).unwrap_or_default().to_vec();
        part
    }

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
        for (at, became) in other.became.into_iter().enumerate() {
            let place = place(at);
            self.became.resize(self.became.len().max(place + 1), Became::default());
            self.became[place] = became;
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
