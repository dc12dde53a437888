//! The settings of the doors that take records over HTTP: how large, how fast, how much at once.

use serde::{Deserialize, Serialize};

/// The doors that take records over HTTP. What is above a bound is refused with 413 or 429, never dropped.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Doors {
    /// Largest body of `/v1`, in bytes as sent. Default 512 KiB.
    pub tracking_body_bytes: usize,
    /// Largest body of `/v1` once unpacked, in bytes. Default 4 MiB.
    pub tracking_inflated_bytes: usize,
    /// Largest event of `/v1`, in bytes; a larger one is kept as rejected, those beside it are taken. Default 32 KiB.
    pub tracking_event_bytes: usize,
    /// Events of one request of `/v1`. Default 5,000.
    pub tracking_events: usize,
    /// Memory for the bodies that are being read, in bytes; above it a request waits until there is room. Default 64 MiB.
    pub memory_bytes: usize,
    /// Streams of `/ingest` at once; above it the answer is 503. Default 16.
    pub streams: usize,
    /// How long a stream of `/ingest` may be silent, in seconds. Default 30.
    pub idle_seconds: u64,
    /// Records of one source that wait to be written; above it the answer is 429. Default 20,000.
    pub queue_records: usize,
    /// The same in bytes. Default 32 MiB.
    pub queue_bytes: usize,
    /// Sources that write at once on PostgreSQL; SQLite has one writer. Default 4.
    pub writers: u32,
    /// Records of one source a second, on average over the last ten; above it the answer is 429. Default 20,000.
    pub records_per_second: u32,
}

impl Default for Doors {
    fn default() -> Self {
        Self {
            tracking_body_bytes: 512 * 1024,
            tracking_inflated_bytes: 4 * 1024 * 1024,
            tracking_event_bytes: 32 * 1024,
            tracking_events: 5_000,
            memory_bytes: 64 * 1024 * 1024,
            streams: 16,
            idle_seconds: 30,
            queue_records: 20_000,
            queue_bytes: 32 * 1024 * 1024,
            writers: 4,
            records_per_second: 20_000,
        }
    }
}

impl Doors {
    /// What must be at least 1.
    pub(super) fn positive(&self) -> [(&'static str, u64); 11] {
        [
            ("doors.tracking_body_bytes", self.tracking_body_bytes as u64),
            ("doors.tracking_inflated_bytes", self.tracking_inflated_bytes as u64),
            ("doors.tracking_event_bytes", self.tracking_event_bytes as u64),
            ("doors.tracking_events", self.tracking_events as u64),
            ("doors.memory_bytes", self.memory_bytes as u64),
            ("doors.streams", self.streams as u64),
            ("doors.idle_seconds", self.idle_seconds),
            ("doors.queue_records", self.queue_records as u64),
            ("doors.queue_bytes", self.queue_bytes as u64),
            ("doors.writers", self.writers.into()),
            ("doors.records_per_second", self.records_per_second.into()),
        ]
    }
}
