//! What became of each request of a door, told in one place: whoever counts or measures the doors hooks in at
//! [`Outcome::note`]. Nothing here names a person.

use std::time::Instant;

use axum::http::StatusCode;

/// What became of a request.
#[derive(Debug)]
pub(in crate::http) struct Outcome {
    /// The door: `tracking`, `ingest`, `hooks`.
    pub door: &'static str,
    /// Key of the source, once it is known.
    pub source: Option<String>,
    /// The status it was answered with.
    pub status: StatusCode,
    /// Bytes that came, as sent.
    pub bytes: u64,
    /// Records whose rows were written.
    pub taken: usize,
    /// Records that were known already.
    pub repeated: usize,
    /// Records older than what is known.
    pub superseded: usize,
    /// Records that were refused, and are kept with their reason.
    pub rejected: usize,
    began: Instant,
}

impl Outcome {
    /// A request that begins now.
    pub fn begin(door: &'static str) -> Self {
        Self {
            door,
            source: None,
            status: StatusCode::OK,
            bytes: 0,
            taken: 0,
            repeated: 0,
            superseded: 0,
            rejected: 0,
            began: Instant::now(),
        }
    }

    /// Tells it: the request is answered, or its stream has ended.
    pub fn note(self) {
        tracing::debug!(
            door = self.door,
            source = self.source,
            status = self.status.as_u16(),
            bytes = self.bytes,
            taken = self.taken,
            repeated = self.repeated,
            superseded = self.superseded,
            rejected = self.rejected,
            seconds = self.began.elapsed().as_secs_f64(),
            "a door was used"
        );
    }
}
