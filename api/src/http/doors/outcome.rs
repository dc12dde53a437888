//! What became of each request of a door, told in one place, [`Outcome::note`]: to the log and to the meter. Nothing here names a
//! person. The records themselves are counted where they are written.

use std::time::Instant;

use axum::http::StatusCode;

use crate::meter::{Door, Meter};

/// What became of a request.
#[derive(Debug)]
pub(in crate::http) struct Outcome {
    /// The door.
    pub door: Door,
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
    pub fn begin(door: Door) -> Self {
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
    pub fn note(self, meter: &Meter) {
        if let Some(source) = self.source.as_deref().filter(|_| self.bytes > 0) {
            meter.bytes(self.door, source, self.bytes);
        }
        if self.status.is_client_error() || self.status.is_server_error() {
            meter.refused(self.door, self.status.as_u16());
        }
        tracing::debug!(
            door = self.door.as_str(),
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
