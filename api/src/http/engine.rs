//! What stands behind `/graphql`: the schema with its database, seen from here as three calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::doors::Doors;
use crate::auth::Claims;
use crate::error::Result;
use crate::export::{Exporting, Request};
#[cfg(test)]
pub use crate::graph::ask::Data;
pub use crate::graph::ask::{Response, Work};
use crate::meter::Meter;

/// A future of an engine.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The schema, ready to answer.
pub trait Engine: Send + Sync + 'static {
    /// The schema's SDL; read once at start, for costs and the types of variables.
    fn sdl(&self) -> String;

    /// Executes what is within the limits, for whoever the claims name.
    fn execute(&self, work: Work, claims: Arc<Claims>) -> Reply<'_, Response>;

    /// Begins to give out a table, for whoever the claims name.
    fn export(&self, request: Request, claims: Arc<Claims>) -> Reply<'_, Result<Exporting>>;

    /// Whether requests can be answered now: the database is there and migrated.
    fn ready(&self) -> Reply<'_, Result<()>>;

    /// The doors that sources bring their records by; none where there is no intake.
    fn doors(&self) -> Option<Arc<Doors>> {
        None
    }
    /// Where what happens is counted.
    fn meter(&self) -> Arc<Meter>;

    /// All that is counted, as text, with the requests under way and what the database says at the moment.
    fn metrics(&self, in_flight: usize) -> Reply<'_, String>;
}
