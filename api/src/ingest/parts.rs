//! A piece of records in parts that touch nothing in common, so that PostgreSQL writes them at once: one of its connections
//! works on one core.
//!
//! What they touch is locked once, by a transaction of its own that outlives theirs. Each part is a transaction: a request or a
//! file that is cut off between two of them is sent or read again, and what was written of it is a repetition then.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use super::begun::Begun;
use super::files::Piece;
use super::intake::{Extra, Intake};
use super::lines::Item;
use super::prepare::{self, Maker, Ordinals};
use super::report::FlushReport;
use super::slots::{self, Slots};
use super::store;
use crate::database::{Transaction, without_values};
use crate::error::{Code, Result};

/// How many parts there are: while one is thought about, the others are written.
const PARTS: usize = 3;

/// Below this the locks of the parts cost more than they save.
const WORTH_PARTING: usize = 150;

/// So long connections for all parts are waited for.
const PATIENCE: Duration = Duration::from_millis(250);

/// Part of a piece.
#[derive(Default)]
struct Part {
    piece: Piece,
    /// Where its items stood in the whole.
    places: Vec<usize>,
}

impl Intake {
    /// The most records that are worth being written together.
    pub(super) fn most(&self) -> usize {
        let batch = self.settings().batch;
        match self.is_bulk() {
            true => self.settings().bulk_batch,
            false if batch * PARTS >= WORTH_PARTING && self.has_room_for_parts() => batch * PARTS,
            false => batch,
        }
    }

    /// Takes a piece of a file, all or nothing of it if that is strict. Where that leaves the file is noted with the last of it.
    pub(super) async fn flush_piece(
        &self,
        mut piece: Piece,
        strict: bool,
        noted: Option<&entity::import_progress::Model>,
    ) -> Result<FlushReport> {
        if !strict && let Some(report) = self.flush_parts(&mut piece).await? {
            if let Some(noted) = noted {
                let mut tx = self.database().begin().await?;
                if self.is_hasty() {
                    store::hasten(&mut tx).await?;
                }
                store::progress::note(&mut tx, noted).await?;
                tx.commit().await?;
            }
            return Ok(report);
        }
        self.run(&piece.items, piece.ready, strict, &[], Extra { noted, ..Extra::default() }).await
    }

    /// Takes a piece, in parts where that is faster. The items stay the caller's.
    pub(super) async fn flush_together(&self, piece: &mut Piece) -> Result<FlushReport> {
        match self.flush_parts(piece).await? {
            Some(report) => Ok(report),
            None => self.run(&piece.items, std::mem::take(&mut piece.ready), false, &[], Extra::default()).await,
        }
    }

    /// Each part has a connection, the locks have one, and one stays for whoever else writes.
    fn has_room_for_parts(&self) -> bool {
        self.database().writers() as usize >= PARTS + 2
    }

    /// Takes a piece in parts, those that could not be written beside the others once more by themselves; none, if it is to be
    /// taken whole.
    async fn flush_parts(&self, piece: &mut Piece) -> Result<Option<FlushReport>> {
        if piece.items.len() < WORTH_PARTING || !self.has_room_for_parts() {
            return Ok(None);
        }
        let sources = self.sources(&piece.items).await?;
        let maker = self.maker(&sources);
        if piece.ready.is_empty() {
            piece.ready = maker.make(&piece.items, &HashMap::new(), &mut Ordinals::new());
        }
        // Whom they call theirs may be what any other record waits for.
        if piece.ready.iter().any(|ready| ready.writes("staff")) {
            return Ok(None);
        }
        // Two that wait for several connections each could wait for each other.
        let Ok(_turn) = self.parting().try_lock() else { return Ok(None) };
        // Before the locks: who waits for these may have the connection that we would wait for. And not for long: nodes behind one
        // pooler may wait for one another's.
        let all = tokio::time::timeout(PATIENCE, Begun::several(self.database(), PARTS + 1)).await;
        let Ok(Ok(mut begun)) = all else { return Ok(None) };
        let Some(mut tx) = begun.pop().and_then(|begun| begun.take()) else { return Ok(None) };
        if self.is_bulk() {
            store::bulk::patient(&mut tx).await?;
        } else {
            store::hold(&mut tx).await?;
        }
        let (slots, mut parts) = match part(&mut tx, &maker, piece).await {
            Ok(parted) => parted,
            // Whole it is tried several times.
            Err(error) if error.code == Code::Unavailable => return Ok(None),
            Err(error) => return Err(error),
        };
        let written = parts.iter_mut().zip(&begun).map(|(part, begun)| {
            let extra = Extra { held: Some(&slots), begun: Some(begun), ..Extra::default() };
            let Piece { items, ready } = &mut part.piece;
            self.run(items, std::mem::take(ready), false, &[], extra)
        });
        let written = futures_util::future::join_all(written).await;
        // It wrote nothing: if it is lost, so are its locks, which is all that is wanted.
        let _ = tx.commit().await;
        drop(begun);
        let report = self.join(&parts, written).await;
        whole(piece, parts);
        let mut report = report?;
        self.wake(&mut report).await;
        Ok(Some(report))
    }

    /// What became of the whole.
    async fn join(&self, parts: &[Part], written: Vec<Result<FlushReport>>) -> Result<FlushReport> {
        let mut report = FlushReport::default();
        for (part, done) in parts.iter().zip(written) {
            let done = match done {
                Ok(done) => done,
                // What came between the parts does not come between one and itself.
                Err(error) => {
                    tracing::debug!(
                        cause = error.cause().map(|cause| without_values(cause)),
                        "a part is written by itself"
                    );
                    self.run(&part.piece.items, Vec::new(), false, &[], Extra::default()).await?
                }
            };
            report.join(done, &part.places);
        }
        Ok(report)
    }
}

/// Locks what the piece touches, and parts it. Where all of it hangs together, only the first part has anything.
async fn part(tx: &mut Transaction, maker: &Maker<'_>, piece: &mut Piece) -> Result<(Slots, [Part; PARTS])> {
    let (prepared, records) = maker.join(&piece.items, std::mem::take(&mut piece.ready));
    let carried = slots::carried(tx, &prepared).await?;
    let mut marks: Vec<Vec<u64>> = prepared.iter().map(slots::marks).collect();
    for (marks, record) in marks.iter_mut().zip(&prepared) {
        // Equal rows of a keyless stream are counted, and any record may yet be refused.
        marks.push(slots::payload(record));
    }
    let mut bound = Bound::new(marks.len());
    for (item, marks) in marks.iter().enumerate() {
        bound.bind(item, marks);
    }
    for row in &carried {
        let both = vec![slots::profile(&row.source, &row.key), slots::identifier(&row.kind, &row.value)];
        if let Some(item) = bound.met(both[0]) {
            bound.bind(item, &both);
        }
        marks.push(both);
    }
    let slots = Slots::lock(tx, marks.into_iter().flatten()).await?;
    let numbers = bound.parts();
    let mut parts = <[Part; PARTS]>::default();
    let ready = prepare::part(prepared, records);
    let items = std::mem::take(&mut piece.items);
    for (place, ((item, ready), number)) in items.into_iter().zip(ready).zip(numbers).enumerate() {
        let part = &mut parts[number];
        part.piece.items.push(item);
        part.piece.ready.push(ready);
        part.places.push(place);
    }
    Ok((slots, parts))
}

/// The items in the order that they came in.
fn whole(piece: &mut Piece, parts: [Part; PARTS]) {
    let items = parts.into_iter().flat_map(|part| part.places.into_iter().zip(part.piece.items));
    let mut items: Vec<_> = items.collect();
    items.sort_unstable_by_key(|(place, _)| *place);
    (_, piece.items) = items.into_iter().unzip::<usize, Item, Vec<_>, Vec<_>>();
}

/// Which items hang together, by the marks they share.
struct Bound {
    /// Another item of the same group; the first of a group names itself.
    leads: Vec<usize>,
    met: HashMap<u64, usize>,
}

impl Bound {
    fn new(items: usize) -> Self {
        Self { leads: (0..items).collect(), met: HashMap::with_capacity(items * 3) }
    }

    /// An item with this mark.
    fn met(&self, mark: u64) -> Option<usize> {
        self.met.get(&mark).copied()
    }

    fn bind(&mut self, item: usize, marks: &[u64]) {
        for mark in marks {
            match self.met.entry(*mark) {
                Entry::Vacant(free) => {
                    free.insert(item);
                }
                Entry::Occupied(known) => {
                    let known = *known.get();
                    let (one, other) = (self.lead(known), self.lead(item));
                    self.leads[one.max(other)] = one.min(other);
                }
            }
        }
    }

    fn lead(&mut self, mut item: usize) -> usize {
        while self.leads[item] != item {
            self.leads[item] = self.leads[self.leads[item]];
            item = self.leads[item];
        }
        item
    }

    /// The part that each item goes to: whole groups, each to the part that is the smallest so far.
    fn parts(mut self) -> Vec<usize> {
        let leads: Vec<usize> = (0..self.leads.len()).map(|item| self.lead(item)).collect();
        let mut sizes = vec![0_usize; leads.len()];
        for lead in &leads {
            sizes[*lead] += 1;
        }
        let mut taken = [0; PARTS];
        let mut part = vec![0; leads.len()];
        for (item, lead) in leads.iter().enumerate() {
            if item == *lead {
                part[item] = (0..PARTS).min_by_key(|part| taken[*part]).unwrap_or_default();
                taken[part[item]] += sizes[item];
            }
        }
        leads.into_iter().map(|lead| part[lead]).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn items_that_share_a_mark_stay_together(items in prop::collection::vec(prop::collection::vec(0_u64..40, 1..4), 0..60)) {
            let mut bound = Bound::new(items.len());
            for (item, marks) in items.iter().enumerate() {
                bound.bind(item, marks);
            }
            let parts = bound.parts();
            for (one, its) in items.iter().enumerate() {
                for (other, others) in items.iter().enumerate() {
                    if its.iter().any(|mark| others.contains(mark)) {
                        prop_assert_eq!(parts[one], parts[other]);
                    }
                }
            }
        }
    }

    #[test]
    fn what_shares_nothing_is_parted_evenly() {
        let mut bound = Bound::new(4 * PARTS);
        for item in 0..4 * PARTS {
            bound.bind(item, &[u64::try_from(item).unwrap()]);
        }
        let parts = bound.parts();
        assert!((0..PARTS).all(|part| parts.iter().filter(|its| **its == part).count() == 4), "{parts:?}");
    }
}
