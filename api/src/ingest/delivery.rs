//! Deliveries of webhooks into the intake: each once, however often it comes and whoever takes it at the same moment.
//!
//! What tells a delivery is noted in the transaction that writes its last record. So what was acknowledged is known after a
//! crash, and what was not is taken when it comes again. Here is nothing about signatures: that is `hook`.

use std::collections::HashSet;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

use super::hook::body::Delivery;
use super::intake::Intake;
use super::lane::Lanes;
use super::report::FlushReport;
use super::store::delivery as store;
use crate::error::{Error, Result};

/// So long a delivery is known. Longer than any tolerance of a timestamp, and than senders try again.
const KEPT: TimeDelta = TimeDelta::days(7);

/// So many are forgotten in one transaction.
const STEP: i64 = 1_000;

/// How often others may get in between.
const TRIES: usize = 5;

/// The ids of what is written up to a place among the items of a flush.
#[derive(Clone)]
pub(super) struct Mark {
    /// How many items there are with it.
    pub end: usize,
    /// Key of the source.
    pub source: String,
    /// Its ids.
    pub ids: Vec<String>,
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Of marks in their order, those whose last item is among these.
pub(super) fn ending(marks: &[Mark], items: Range<usize>) -> &[Mark] {
    let first = marks.partition_point(|mark| mark.end <= items.start);
    let after = marks.partition_point(|mark| mark.end <= items.end);
    marks.get(first..after).unwrap_or_default()
}

/// What became of deliveries.
#[derive(Debug, Clone, Default)]
pub struct DeliveryReport {
    /// Deliveries that were known.
    pub repeated: usize,
    /// What became of the records of the others.
    pub records: FlushReport,
}

impl Lanes {
    /// Takes the deliveries of a source that are not known yet, beside what else of it waits; done once they are committed.
    pub async fn take_deliveries(&self, source: &str, deliveries: Vec<Delivery>) -> Result<DeliveryReport> {
        let mut repeated = 0;
        let mut met = HashSet::new();
        let mut left = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            // Within one request too.
            if delivery.ids.iter().any(|id| met.contains(id)) {
                repeated += 1;
                continue;
            }
            met.extend(delivery.ids.iter().cloned());
            left.push(delivery);
        }
        for _ in 0..TRIES {
            let ids: Vec<String> = left.iter().flat_map(|delivery| delivery.ids.iter().cloned()).collect();
            if !ids.is_empty() {
                let known = store::known(self.intake().database(), source, ids).await?;
                let known: HashSet<String> = known.into_iter().map(|row| row.id).collect();
                let before = left.len();
                left.retain(|delivery| !delivery.ids.iter().any(|id| known.contains(id)));
                repeated += before - left.len();
            }
            let (mut items, mut marks) = (Vec::new(), Vec::new());
            for Delivery { ids, items: own } in left.iter().filter(|delivery| !delivery.items.is_empty()) {
                items.extend(own.iter().cloned());
                // One that could not be read at all may be sent again: when the mapping is mended, it is taken.
                if !ids.is_empty() && own.iter().any(Result::is_ok) {
                    marks.push(Mark { end: items.len(), source: source.to_owned(), ids: ids.clone(), at: now() });
                }
            }
            let (count, noted) = (items.len(), !marks.is_empty());
            let records = self.deliver(source, items, marks).await?;
            // What somebody else took meanwhile makes the flush stop before it.
            if records.origins.len() == count {
                self.intake().tidy(noted);
                return Ok(DeliveryReport { repeated, records });
            }
        }
        Err(Error::unavailable("the same deliveries are being taken by others"))
    }
}

impl Intake {
    /// Forgets deliveries that are older than their repetition can be, a bounded number; how many it were.
    pub async fn forget_deliveries(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut tx = self.database().begin().await?;
        let forgotten = store::forget(&mut tx, now - KEPT, STEP).await?;
        tx.commit().await?;
        Ok(forgotten)
    }

    /// Now and then, beside the requests: a few hundred deliveries leave a thousand places.
    fn tidy(&self, took: bool) {
        if took && fastrand::u8(..) == 0 {
            let intake = self.clone();
            tokio::spawn(async move {
                if let Err(error) = intake.forget_deliveries(Utc::now()).await {
                    tracing::debug!(error = ?error, "old deliveries stay until the next time");
                }
            });
        }
    }
}

/// The databases keep microseconds.
fn now() -> DateTime<Utc> {
    let now = Utc::now();
    DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_noted_where_its_last_record_is_written() {
        let mark = |end: usize| Mark { end, source: String::new(), ids: Vec::new(), at: Utc::now() };
        let marks = [mark(1), mark(4), mark(5), mark(9)];
        let ends = |items| ending(&marks, items).iter().map(|mark| mark.end).collect::<Vec<_>>();
        assert_eq!((ends(0..4), ends(4..8), ends(8..9)), (vec![1, 4], vec![5], vec![9]));
        assert_eq!(ending(&[], 0..4).len(), 0);
    }
}
