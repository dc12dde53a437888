//! The words of the labels, and what the meter is told when it is read.

use std::borrow::Cow;

/// A door that records come through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Door {
    /// Files, by the command line or by upload.
    File,
    /// Lines of a tap, on standard input or over `/ingest/{source}`.
    Tap,
    /// The tracking API `/v1`.
    Track,
    /// `/hooks/{source}`.
    Hook,
    /// What staff write.
    Staff,
    /// Rejected records that are tried again.
    Replay,
    /// Whoever says nothing else.
    #[default]
    Other,
}

impl Door {
    /// The word of the label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Tap => "tap",
            Self::Track => "track",
            Self::Hook => "hook",
            Self::Staff => "staff",
            Self::Replay => "replay",
            Self::Other => "other",
        }
    }

    pub(super) const fn label(self) -> (&'static str, Cow<'static, str>) {
        ("door", Cow::Borrowed(self.as_str()))
    }
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its rows were written.
    Taken,
    /// It was known already.
    Repeated,
    /// It is older than what is known.
    Superseded,
    /// It was refused, be it once more.
    Rejected,
}

impl Outcome {
    /// The word of the label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Repeated => "repeated",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
        }
    }
}

/// How a source stands when the metrics are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its key.
    pub source: String,
    /// Whether it has been silent for longer than expected, and is not paused.
    pub stale: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// When its last record came, in seconds since 1970; none if none came.
    pub last_record_seconds: Option<f64>,
    /// Its rejected records that are neither taken nor discarded yet.
    pub waiting: i64,
    /// Its records that wait for what they belong to.
    pub early: i64,
}

/// What is true of the process at the moment of reading.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// Requests under way.
    pub in_flight: usize,
    /// Connections to the database that are at work.
    pub connections_busy: usize,
    /// Connections to the database that there may be.
    pub connections_limit: usize,
}
