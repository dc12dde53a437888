//! The meter: what the server counts for `/metrics`, in the text format that Prometheus reads (`OpenMetrics` 1.0).
//!
//! Labels are words of ours, keys of declared sources and patterns of routes, never what a client sent: the number of series is
//! bounded. Durations are in seconds, counters end in `_total`. Nothing is known here of HTTP, GraphQL or the database: whoever
//! works calls, and `http` gives the text out.

mod process;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub use words::{Door, Moment, Outcome, Standing};

/// The media type of what [`Meter::text`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Names and values of the labels of one series.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges = Family<Labels<1>, Gauge>;
type Times = Family<Labels<1>, Histogram, fn() -> Histogram>;
type Real = Gauge<f64, AtomicU64>;

/// Counts what happens. One for each server, shared by all that work in it.
pub struct Meter {
    registry: Registry,
    records: Counters<3>,
    bytes: Counters<2>,
    refused: Counters<2>,
    flushes: Times,
    queue: Gauges,
    graphql: Counters<2>,
    answers: Counters<2>,
    seconds: Times,
    in_flight: Gauge,
    busy: Gauge,
    most: Gauge,
    up: Gauge,
    stale: Gauges,
    paused: Gauges,
    last: Family<Labels<1>, Real>,
    waiting: Gauges,
    early: Gauges,
    memory: Gauge,
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

/// From a millisecond to a quarter of a minute.
fn times() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0])
}

impl Meter {
    /// A meter at zero.
    pub fn new() -> Self {
        let mut meter = Self {
            registry: Registry::with_prefix("customer360"),
            records: Counters::default(),
            bytes: Counters::default(),
            refused: Counters::default(),
            flushes: Times::new_with_constructor(times),
            queue: Gauges::default(),
            graphql: Counters::default(),
            answers: Counters::default(),
            seconds: Times::new_with_constructor(times),
            in_flight: Gauge::default(),
            busy: Gauge::default(),
            most: Gauge::default(),
            up: Gauge::default(),
            stale: Gauges::default(),
            paused: Gauges::default(),
            last: Family::default(),
            waiting: Gauges::default(),
            early: Gauges::default(),
            memory: Gauge::default(),
        };
        meter.register();
        meter
    }

    /// Names and explains every series. Counters get their `_total` when they are written down.
    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        all.register("intake_records", "Records by what became of them", self.records.clone());
        all.register_with_unit("intake_read", "What doors read, as it came", Unit::Bytes, self.bytes.clone());
        all.register("intake_refused_requests", "Requests that a door refused as a whole", self.refused.clone());
        let help = "How long a transaction of the intake took, with its waits and repetitions";
        all.register_with_unit("intake_flush", help, Unit::Seconds, self.flushes.clone());
        let help = "Records that wait in the lane of a source for their transaction";
        all.register("intake_queue_records", help, self.queue.clone());
        let help = "GraphQL requests by kind, and by the code of their first error or OK";
        all.register("graphql_requests", help, self.graphql.clone());
        all.register("http_answers", "Answers by route and status", self.answers.clone());
        let help = "How long it took until an answer began";
        all.register_with_unit("http_request", help, Unit::Seconds, self.seconds.clone());
        all.register("http_requests_in_flight", "Requests under way", self.in_flight.clone());
        all.register("database_connections_busy", "Connections to the database at work", self.busy.clone());
        let help = "Connections to the database that there may be";
        all.register("database_connections_limit", help, self.most.clone());
        all.register("database_up", "Whether the database answered when this was read", self.up.clone());
        let help = "1 where a source has been silent for longer than expected, and is not paused";
        all.register("source_stale", help, self.stale.clone());
        all.register("source_paused", "1 where a source is paused", self.paused.clone());
        let help = "When the last record of a source came";
        all.register_with_unit("source_last_record_timestamp", help, Unit::Seconds, self.last.clone());
        let help = "Rejected records of a source that are neither taken nor discarded yet";
        all.register("source_rejected_records", help, self.waiting.clone());
        let help = "Records of a source that wait for what they belong to";
        all.register("source_waiting_records", help, self.early.clone());
        let help = "Memory that the process holds";
        all.register_with_unit("process_resident_memory", help, Unit::Bytes, self.memory.clone());
    }

    /// So many records of a source came through a door, and this became of them.
    pub fn records(&self, door: Door, source: &str, outcome: Outcome, count: u64) {
        if count > 0 {
            let labels = [door.label(), of_source(source), ("outcome", outcome.as_str().into())];
            self.records.get_or_create(&labels).inc_by(count);
        }
    }

    /// A door read so many bytes of a source, as they came.
    pub fn bytes(&self, door: Door, source: &str, count: u64) {
        self.bytes.get_or_create(&[door.label(), of_source(source)]).inc_by(count);
    }

    /// A door refused a request as a whole, with this status.
    pub fn refused(&self, door: Door, status: u16) {
        self.refused.get_or_create(&[door.label(), ("status", status.to_string().into())]).inc();
    }

    /// A transaction of the intake is done.
    pub fn flushed(&self, door: Door, took: Duration) {
        self.flushes.get_or_create(&[door.label()]).observe(took.as_secs_f64());
    }

    /// So many records wait in the lane of a source now.
    pub fn queued(&self, source: &str, records: usize) {
        self.queue.get_or_create(&[of_source(source)]).set(whole(records));
    }

    /// A GraphQL request is answered: `kind` is query or mutation, `code` that of its first error, or `OK`.
    pub fn graphql(&self, kind: &'static str, code: &'static str) {
        self.graphql.get_or_create(&[("kind", kind.into()), ("code", code.into())]).inc();
    }

    /// A request is answered. The route is the pattern that it matched, never the path that was sent.
    pub fn answered(&self, route: &str, status: u16, took: Duration) {
        let route = ("route", Cow::Owned(route.to_owned()));
        self.answers.get_or_create(&[route.clone(), ("status", status.to_string().into())]).inc();
        self.seconds.get_or_create(&[route]).observe(took.as_secs_f64());
    }

    /// How the sources stand; `None`: that is not known, since the database is away.
    pub fn standing(&self, sources: Option<&[Standing]>) {
        // A source that is not declared any more is not told for ever.
        for gauges in [&self.stale, &self.paused, &self.waiting, &self.early] {
            gauges.clear();
        }
        self.last.clear();
        for standing in sources.unwrap_or_default() {
            let label = [of_source(&standing.source)];
            self.stale.get_or_create(&label).set(standing.stale.into());
            self.paused.get_or_create(&label).set(standing.paused.into());
            self.waiting.get_or_create(&label).set(standing.waiting);
            self.early.get_or_create(&label).set(standing.early);
            if let Some(at) = standing.last_record_seconds {
                self.last.get_or_create(&label).set(at);
            }
        }
        self.up.set(sources.is_some().into());
    }

    /// All of it, as text.
    pub fn text(&self, moment: Moment) -> String {
        self.in_flight.set(whole(moment.in_flight));
        self.busy.set(whole(moment.connections_busy));
        self.most.set(whole(moment.connections_limit));
        self.memory.set(process::resident_bytes().unwrap_or_default());
        let mut text = String::with_capacity(16 << 10);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn of_source(source: &str) -> (&'static str, Cow<'static, str>) {
    ("source", Cow::Owned(source.to_owned()))
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
