//! What a flush adds to the counts of its streams: one row for each, written in the flush's own transaction, so that what is
//! counted is what is there. The rows come after that of the source, which every flush of it waits for already.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::envelope::Reject;
use super::heads::Fate;
use super::prepare::Prepared;
use super::store::watch;
use crate::database::Transaction;
use crate::error::Result;

/// What is added to the counts of a stream.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    /// Records whose rows were written.
    pub taken: i64,
    /// Records that were known already.
    pub repeated: i64,
    /// Records older than what is known.
    pub superseded: i64,
    /// Records that were refused, and are kept.
    pub rejected: i64,
    /// When the last record came; none of those that are tried again.
    pub last_record_at: Option<DateTime<Utc>>,
    /// The newest moment that a record told of; not one ahead of its arrival.
    pub last_event_at: Option<DateTime<Utc>>,
    /// How long after its event the last of them came, in seconds.
    pub delay_seconds: Option<i64>,
    /// The first record that could not be taken.
    pub failed_at: Option<DateTime<Utc>>,
    /// Whether any could.
    pub any_good: bool,
    /// The last that was refused, and why.
    pub refusal: Option<(DateTime<Utc>, &'a Reject)>,
}

impl<'a> Tally<'a> {
    fn count(&mut self, record: &'a Prepared<'_>, fate: Fate, again: bool) {
        match fate {
            Fate::Applied(_) => self.taken += 1,
            Fate::Superseded(_) => self.superseded += 1,
            // That it was refused was counted when it came.
            Fate::Repeated | Fate::Rejected(_) if again => {}
            Fate::Repeated => self.repeated += 1,
            Fate::Rejected(_) => self.rejected += 1,
        }
        if again {
            self.any_good |= matches!(fate, Fate::Applied(_));
            return;
        }
        let came = record.envelope.received_at;
        self.last_record_at = self.last_record_at.max(Some(came));
        match &record.content {
            Ok(content) => {
                self.any_good = true;
                let happened = content.occurred_at.or(record.envelope.occurred_at).filter(|at| *at <= came);
                if let Some(at) = happened {
                    self.last_event_at = self.last_event_at.max(Some(at));
                    self.delay_seconds = Some((came - at).num_seconds());
                }
            }
            Err(reject) => {
                self.failed_at.get_or_insert(came);
                self.refusal = Some((came, reject));
            }
        }
    }
}

/// Adds up what became of the records, and keeps it. `again`: they were refused before, and are tried again.
pub(super) async fn keep(tx: &mut Transaction, prepared: &[Prepared<'_>], fates: &[Fate], again: bool) -> Result<()> {
    let mut tallies: BTreeMap<(&str, &str), Tally<'_>> = BTreeMap::new();
    let mut names: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (record, fate) in prepared.iter().zip(fates) {
        let (source, stream) = (record.source.key.as_str(), record.envelope.stream.as_str());
        // The names of streams that the mapping does not know are the sender's: they share one row.
        let is_known = || record.source.mapping.streams().contains(&stream);
        let name = *names.entry((source, stream)).or_insert_with(|| if is_known() { stream } else { "" });
        tallies.entry((source, name)).or_default().count(record, *fate, again);
    }
    for ((source, stream), tally) in tallies {
        watch::add(tx, source, stream, &tally, Utc::now()).await?;
    }
    Ok(())
}
