//! The doors that sources use over HTTP: `POST /ingest/{source}` takes streams, `/ingest/{source}/files` files, `/v1/*` takes
//! tracking events, `POST /hooks/{source}` webhooks.
//!
//! A door knows its protocol: who may bring what, how a body is packed, what the answer looks like. What comes in goes
//! through the lane of its source ([`crate::ingest::lane`]; a file is written as an import writes it), and is acknowledged once it is
//! committed. How many records a second a source may bring is one budget for all doors. A door is a file here and a route in
//! [`routes`]; what streams have in common is in [`stream`], and what became of each request is told in one place, [`outcome`].

mod body;
mod hooks;
mod ingest;
mod outcome;
mod proof;
mod stream;
mod told;
mod tracking;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, post};
use tokio::sync::Semaphore;

use super::rate::Budgets;
use super::reply;
use super::shared::Shared;
use crate::access::Policy;
use crate::config::{self, Config, Rate};
use crate::error::{Code, Error, Result};
use crate::ingest::intake::Intake;
use crate::ingest::keyring::Purpose;
use crate::ingest::lane::{LaneSettings, Lanes};
use crate::ingest::source::Source;
use crate::ingest::staff;

/// After so many seconds it is worth asking again what was away.
const RETRY: u64 = 5;

/// How long a stop waits for what nobody waits for any more.
const DRAIN: Duration = Duration::from_secs(5);

/// A source's rate is an average over so many seconds.
const RATE_SECONDS: u32 = 10;

/// What the doors stand on.
pub struct Doors {
    intake: Intake,
    lanes: Lanes,
    policy: Policy,
    settings: config::Doors,
    memory: body::Memory,
    rates: Budgets,
    streams: Arc<Semaphore>,
    /// The sources that take webhooks.
    hooks: hooks::Hooks,
    /// The sources that take tracking events.
    tracked: Vec<String>,
}

impl Doors {
    /// The doors into this intake. A write key that two sources share is an error: it would not tell which of them is meant.
    pub fn try_new(config: &Config, intake: Intake, policy: Policy) -> Result<Self> {
        let settings = config.doors.clone();
        let tracks = |source: &&Source| source.purpose() == Purpose::WriteKey;
        let tracked: Vec<String> = intake.declared().filter(tracks).map(|source| source.key.clone()).collect();
        if let Some((one, other)) = intake.keyring().shared(tracked.iter().map(String::as_str)) {
            return Err(Error::bad_input(format!(
                "Settings: the sources `{one}` and `{other}` have the same secret. Events are told apart by it: give each its own."
            )));
        }
        let rate = settings.records_per_second;
        let lanes =
            LaneSettings { records: settings.queue_records, bytes: settings.queue_bytes, writers: settings.writers };
        Ok(Self {
            hooks: hooks::Hooks::try_new(config, &intake)?,
            lanes: Lanes::new(intake.clone(), lanes),
            intake,
            policy,
            memory: body::Memory::new(settings.memory_bytes),
            rates: Budgets::new(&Rate {
                points: rate.saturating_mul(RATE_SECONDS),
                refill_per_second: rate,
                failed_auth_per_minute: 0,
            }),
            streams: Arc::new(Semaphore::new(settings.streams)),
            settings,
            tracked,
        })
    }

    /// The lanes of their sources.
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The source that is named, if it is one that delivers from outside.
    async fn source(&self, key: &str) -> Result<Arc<Source>> {
        if key == staff::KEY {
            return Err(Error::not_found("There is no such source."));
        }
        self.intake.source(key).await.map_err(|error| match error.code {
            Code::NotFound => error.with_message("There is no such source. Declare it in a TOML file: key, mapping."),
            _ => error,
        })
    }

    /// The source that is named, if it is one that delivers from outside and nobody has paused it.
    async fn open_source(&self, key: &str) -> Result<Arc<Source>> {
        let source = self.source(key).await?;
        self.intake.refuse_if_paused(&source.key).await?;
        Ok(source)
    }

    /// Writes into the meter how much waits at the doors.
    pub fn measure(&self) {
        self.lanes.measure();
    }

    /// Whether a source may bring so many records now.
    fn admit(&self, source: &str, records: usize) -> std::result::Result<(), Box<Response>> {
        // More than the whole budget counts as that.
        let most = self.settings.records_per_second.saturating_mul(RATE_SECONDS);
        self.rates.take(source, points(records).min(most)).map(drop).map_err(|seconds| {
            let message = format!(
                "More records a second than this source may bring (doors.records_per_second). Try again in {seconds} s."
            );
            reply::retry_after(refusal(&Error::new(Code::RateLimited, message), ""), seconds).into()
        })
    }

    /// Takes records that a stream brought from the budget of its source; whether it has to wait before it brings more.
    fn spend(&self, source: &str, records: usize) -> bool {
        self.rates.spend(source, points(records))
    }
}

fn points(records: usize) -> u32 {
    u32::try_from(records).unwrap_or(u32::MAX)
}

/// The addresses of the doors.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/{call}", post(tracking::answer))
        .route("/ingest/{source}", post(ingest::answer))
        .route("/ingest/{source}/files", post(upload::answer))
        .route("/hooks/{source}", any(hooks::answer))
}

/// Whether pages of any origin may send here: a browser's write key is public.
pub(super) fn is_public(path: &str) -> bool {
    path.starts_with("/v1/")
}

/// Waits until what was accepted is written. Who brought it is answered by now, or went away.
pub(super) async fn drained(doors: &Doors) {
    if tokio::time::timeout(DRAIN, doors.lanes.drained()).await.is_err() {
        tracing::warn!("records that were not acknowledged wait still and are not kept");
    }
}

/// The answer to what could not be taken as a whole.
fn refusal(error: &Error, request_id: &str) -> Response {
    let status = match error.code {
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        Code::TooComplex => StatusCode::PAYLOAD_TOO_LARGE,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let response = reply::error(status, error, request_id);
    match error.code {
        Code::RateLimited => reply::retry_after(response, Lanes::RETRY_SECONDS),
        Code::Unavailable => reply::retry_after(response, RETRY),
        _ => response,
    }
}
