//! A piece of a bulk import in two halves that touch nothing in common, so that PostgreSQL writes both at once.
//!
//! What both touch is locked once, by a transaction of its own that outlives them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::files::Piece;
use super::prepare::Maker;
use super::slots::{self, Slots};
use crate::database::Transaction;
use crate::error::Result;

/// Half of a piece.
#[derive(Default)]
pub(super) struct Half {
    pub piece: Piece,
    /// Where its items stood in the whole.
    pub places: Vec<usize>,
}

/// Locks what the piece touches, and halves it. A lone second half that has nothing: all of it hangs together.
pub(super) async fn halve(tx: &mut Transaction, maker: &Maker<'_>, piece: Piece) -> Result<(Slots, [Half; 2])> {
    let (prepared, records) = maker.join(&piece.items, piece.ready);
    let carried = slots::carried(tx, &prepared).await?;
    let mut marks: Vec<Vec<u64>> = prepared.iter().map(slots::marks).collect();
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
    let sides = bound.sides();
    let mut halves = <[Half; 2]>::default();
    let ready = maker.part(prepared, records);
    for (place, ((item, ready), side)) in piece.items.into_iter().zip(ready).zip(sides).enumerate() {
        let half = &mut halves[usize::from(side)];
        half.piece.items.push(item);
        half.piece.ready.push(ready);
        half.places.push(place);
    }
    Ok((slots, halves))
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

    /// For each item whether it goes to the second half: whole groups, each to the half that is the smaller so far.
    fn sides(mut self) -> Vec<bool> {
        let leads: Vec<usize> = (0..self.leads.len()).map(|item| self.lead(item)).collect();
        let mut sizes = vec![0_usize; leads.len()];
        for lead in &leads {
            sizes[*lead] += 1;
        }
        let mut taken = [0, 0];
        let mut side = vec![false; leads.len()];
        for (item, lead) in leads.iter().enumerate() {
            if item == *lead {
                side[item] = taken[1] < taken[0];
                taken[usize::from(side[item])] += sizes[item];
            }
        }
        leads.into_iter().map(|lead| side[lead]).collect()
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
            let sides = bound.sides();
            for (one, its) in items.iter().enumerate() {
                for (other, others) in items.iter().enumerate() {
                    if its.iter().any(|mark| others.contains(mark)) {
                        prop_assert_eq!(sides[one], sides[other]);
                    }
                }
            }
        }
    }

    #[test]
    fn what_shares_nothing_is_halved() {
        let mut bound = Bound::new(10);
        for item in 0..10 {
            bound.bind(item, &[u64::try_from(item).unwrap()]);
        }
        assert_eq!(bound.sides().into_iter().filter(|second| *second).count(), 5);
    }
}
