//! Pauses: a source of which nothing is taken until it is resumed. Every door asks before it takes anything.
//!
//! Replays of what was taken earlier, and what staff write, are no matter of a pause.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::intake::Intake;
use super::staff;
use super::store::watch;
use crate::error::{Code, Error, Result};

/// How long an answer is believed: another node's pause holds here a second later.
const BELIEVED: Duration = Duration::from_secs(1);

/// After so many seconds it is worth sending again to a source that is paused: what doors answer as `Retry-After`.
pub const RETRY_SECONDS: u64 = 60;

/// What is known of pauses, by source: since when it is paused, and when that was read.
#[derive(Default)]
pub(super) struct Pauses(Mutex<HashMap<String, (Option<DateTime<Utc>>, Instant)>>);

impl Pauses {
    fn map(&self) -> MutexGuard<'_, HashMap<String, (Option<DateTime<Utc>>, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intake {
    /// Refuses, as [`Code::Unavailable`], where the source is paused; doors answer that with 503 and [`RETRY_SECONDS`].
    pub async fn refuse_if_paused(&self, source: &str) -> Result<()> {
        let known = self.pauses().map().get(source).copied();
        let paused_at = match known {
            Some((paused_at, read)) if read.elapsed() < BELIEVED => paused_at,
            _ => {
                let read = Instant::now();
                let paused_at = watch::paused_at(self.database(), source).await?;
                self.pauses().map().insert(source.to_owned(), (paused_at, read));
                paused_at
            }
        };
        match paused_at {
            None => Ok(()),
            Some(at) => Err(Error::new(
                Code::Unavailable,
                format!(
                    "The source `{source}` is paused since {}: nothing of it is taken until it is resumed. Send it again then.",
                    at.format("%Y-%m-%dT%H:%M:%SZ")
                ),
            )),
        }
    }

    /// Pauses a source, for whom and why; one that is paused stays as it was paused first. False: nobody knows the source.
    pub async fn pause(&self, source: &str, by: &str, reason: &str) -> Result<bool> {
        // One that is declared and was not met yet becomes known by it.
        if source == staff::KEY || !self.knows(source).await? {
            return Ok(false);
        }
        let mut tx = self.database().begin().await?;
        let known = watch::pause(&mut tx, source, Utc::now(), by, reason).await?;
        tx.commit().await?;
        self.pauses().map().remove(source);
        tracing::info!(source, "the source is paused");
        Ok(known)
    }

    /// Takes from a source again; one that is not paused stays as it is. False: nobody knows the source.
    pub async fn resume(&self, source: &str) -> Result<bool> {
        let mut tx = self.database().begin().await?;
        let known = watch::resume(&mut tx, source).await?;
        tx.commit().await?;
        self.pauses().map().remove(source);
        tracing::info!(source, "the source is resumed");
        Ok(known)
    }

    /// Whether there is a source of that key.
    async fn knows(&self, key: &str) -> Result<bool> {
        match self.source(key).await {
            Ok(_) => Ok(true),
            // A source whose declaration is gone or broken can still be paused where it was known before.
            Err(error) if matches!(error.code, Code::NotFound | Code::BadUserInput) => {
                watch::is_known(self.database(), key).await
            }
            Err(error) => Err(error),
        }
    }
}
