//! How the sources stand: for the command line, for the metrics, and for the log when one falls silent.
//!
//! Nothing runs on its own: it is found out when somebody asks, from what the flushes wrote.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::intake::Intake;
use super::store::watch;
use crate::catalogue::standing::{Facts, SourceStatus};
use crate::error::Result;
use crate::meter::Standing;

/// How a source stands.
#[derive(Debug, Clone)]
pub struct SourceStanding {
    /// Its key.
    pub key: String,
    /// Its silo.
    pub silo: String,
    /// How people call it.
    pub name: String,
    /// Whether it is well.
    pub status: SourceStatus,
    /// Since when it is silent for longer than expected.
    pub stale_since: Option<DateTime<Utc>>,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// When the last record came.
    pub last_record_at: Option<DateTime<Utc>>,
    /// Records taken since it is counted.
    pub taken: i64,
    /// Its records that are rejected still.
    pub waiting: i64,
    /// Its records that wait for what they belong to.
    pub early: i64,
}

impl SourceStanding {
    /// Whether someone should look after a source that fell silent.
    fn alarms(&self) -> bool {
        self.stale_since.is_some() && self.paused_at.is_none()
    }
}

/// The sources that were told to be stale already, so that the log says it once.
#[derive(Default)]
pub(super) struct Told(Mutex<HashSet<String>>);

impl Intake {
    /// How all sources stand now, by key.
    pub async fn standings(&self) -> Result<Vec<SourceStanding>> {
        let now = Utc::now();
        let rows = watch::standings(self.database()).await?;
        let standings = rows.into_iter().map(|row| {
            let facts = Facts {
                created_at: row.created_at,
                expected_every_seconds: row.expected_every_seconds,
                last_record_at: row.last_record_at,
                is_paused: row.paused_at.is_some(),
                is_failing: row.failing > 0 && row.waiting > 0,
            };
            SourceStanding {
                status: facts.status(now),
                stale_since: facts.stale_since(now),
                key: row.key,
                silo: row.silo,
                name: row.name,
                paused_at: row.paused_at,
                last_record_at: row.last_record_at,
                taken: row.taken,
                waiting: row.waiting,
                early: row.early,
            }
        });
        Ok(standings.collect())
    }

    /// Writes into the meter how the sources stand, and into the log which of them have fallen silent since it was last asked.
    pub async fn measure(&self) {
        let standings = match self.standings().await {
            Ok(standings) => standings,
            Err(error) => {
                tracing::warn!(code = error.code.as_str(), "how the sources stand is not known");
                return self.meter().standing(None);
            }
        };
        let silent: HashSet<String> =
            standings.iter().filter(|standing| standing.alarms()).map(|standing| standing.key.clone()).collect();
        let before = {
            let mut told = self.told().0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *told, silent.clone())
        };
        for standing in standings.iter().filter(|standing| standing.alarms() && !before.contains(&standing.key)) {
            let since = standing.stale_since.map(|at| at.to_rfc3339());
            tracing::warn!(source = standing.key, since, "the source has been silent for longer than expected");
        }
        for source in before.difference(&silent) {
            tracing::info!(source, "the source is silent no longer");
        }
        #[expect(clippy::cast_precision_loss, reason = "a double holds milliseconds of any year to come")]
        let seconds = |at: DateTime<Utc>| at.timestamp_millis() as f64 / 1_000.0;
        let standings: Vec<Standing> = standings
            .into_iter()
            .map(|standing| Standing {
                stale: standing.alarms(),
                paused: standing.paused_at.is_some(),
                last_record_seconds: standing.last_record_at.map(seconds),
                waiting: standing.waiting,
                early: standing.early,
                source: standing.key,
            })
            .collect();
        self.meter().standing(Some(&standings));
    }
}
