//! What all requests share: settings, keys, documents, budgets and the count of requests under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::cors::Cors;
use super::engine::Engine;
use super::hooks::Hooks;
use super::rate::{Budgets, Failures};
use crate::auth::Verifier;
use crate::config::{Config, Http, Mode};
use crate::error::Result;
use crate::graph::document::Documents;

/// The shared state of the server.
pub(super) struct Shared {
    pub(super) http: Http,
    pub(super) development: bool,
    /// Whoever reads our source can sign a token: only this machine may be spoken to.
    pub(super) public_secret: bool,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) verifier: Verifier,
    pub(super) documents: Documents,
    pub(super) budgets: Budgets,
    pub(super) failures: Failures,
    pub(super) cors: Cors,
    pub(super) hooks: Hooks,
    pub(super) request_time: Duration,
    in_flight: AtomicUsize,
    draining: AtomicBool,
}

impl Shared {
    pub(super) fn try_new(config: &Config, engine: Arc<dyn Engine>) -> Result<Self> {
        Ok(Self {
            http: config.http.clone(),
            development: config.env == Mode::Development,
            public_secret: config.signs_with_the_public_secret(),
            verifier: Verifier::try_new(config)?,
            documents: Documents::try_new(&engine.sdl(), &config.graphql)?,
            budgets: Budgets::new(&config.rate),
            failures: Failures::new(config.rate.failed_auth_per_minute),
            cors: Cors::try_new(&config.http.allowed_origins)?,
            hooks: Hooks::try_new(config, engine.intake())?,
            request_time: Duration::from_secs(config.http.request_seconds),
            in_flight: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            engine,
        })
    }

    /// A place among the requests under way, given back when dropped; none when all are taken or the server is stopping.
    pub(super) fn enter(&self) -> Option<Place<'_>> {
        let place = Place(self);
        let before = self.in_flight.fetch_add(1, Ordering::AcqRel);
        (before < self.http.in_flight && !self.is_draining()).then_some(place)
    }

    /// Requests under way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// From now on nothing new is taken.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether the server is stopping.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

/// One request under way.
pub(super) struct Place<'a>(&'a Shared);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
