//! Whether a source is well: a rule over what is known of it at a moment. Nothing is read here.

use async_graphql::Enum;
use chrono::{DateTime, TimeDelta, Utc};

/// Whether a source is well. Of several that hold, the first of this list is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum SourceStatus {
    /// Someone paused it: its doors refuse whatever comes, until it is resumed.
    Paused,
    /// It is declared, and no record ever came, be it one that was rejected.
    NeverSeen,
    /// Records come, but of a stream none could be taken in the last transaction that had any, and rejected ones still wait.
    Failing,
    /// No record came for longer than the source is expected to be silent.
    Stale,
    /// None of these.
    Ok,
}

impl SourceStatus {
    /// The word, as GraphQL writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "PAUSED",
            Self::NeverSeen => "NEVER_SEEN",
            Self::Failing => "FAILING",
            Self::Stale => "STALE",
            Self::Ok => "OK",
        }
    }
}

/// What is known of a source.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// When it was first declared.
    pub created_at: DateTime<Utc>,
    /// A record is expected at least this often.
    pub expected_every_seconds: Option<i64>,
    /// When the last record came.
    pub last_record_at: Option<DateTime<Utc>>,
    /// Whether someone paused it.
    pub is_paused: bool,
    /// Whether nothing could be taken of a stream lately, and rejected records wait.
    pub is_failing: bool,
}

impl Facts {
    /// Since when it has been silent for longer than expected: that long after its last record; without any, since it was
    /// declared. A pause does not change it: what was not sent is missing all the same.
    pub fn stale_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let every = TimeDelta::try_seconds(self.expected_every_seconds?)?;
        let Some(last) = self.last_record_at else { return Some(self.created_at) };
        last.checked_add_signed(every).filter(|due| *due < now)
    }

    /// Whether it is well.
    pub fn status(&self, now: DateTime<Utc>) -> SourceStatus {
        if self.is_paused {
            SourceStatus::Paused
        } else if self.last_record_at.is_none() {
            SourceStatus::NeverSeen
        } else if self.is_failing {
            SourceStatus::Failing
        } else if self.stale_since(now).is_some() {
            SourceStatus::Stale
        } else {
            SourceStatus::Ok
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_holds_is_told() {
        let at = |second| DateTime::<Utc>::from_timestamp(second, 0).unwrap();
        let well = Facts {
            created_at: at(0),
            expected_every_seconds: Some(60),
            last_record_at: Some(at(100)),
            is_paused: false,
            is_failing: false,
        };
        assert_eq!(well.status(at(160)), SourceStatus::Ok);
        assert_eq!((well.status(at(161)), well.stale_since(at(161))), (SourceStatus::Stale, Some(at(160))));
        assert_eq!(Facts { is_failing: true, ..well }.status(at(161)), SourceStatus::Failing);
        let unseen = Facts { last_record_at: None, is_failing: true, ..well };
        assert_eq!((unseen.status(at(1)), unseen.stale_since(at(1))), (SourceStatus::NeverSeen, Some(at(0))));
        assert_eq!(Facts { is_paused: true, ..unseen }.status(at(1)), SourceStatus::Paused);
        assert_eq!(Facts { expected_every_seconds: None, ..well }.status(at(1_000_000)), SourceStatus::Ok);
        assert_eq!(Facts { expected_every_seconds: Some(i64::MAX), ..well }.stale_since(at(200)), None);
    }
}
