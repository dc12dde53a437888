//! What stands behind `/graphql`: the schema with its database, seen from here as three calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::auth::Claims;
use crate::error::Result;
#[cfg(test)]
pub use crate::graph::ask::Data;
pub use crate::graph::ask::{Response, Work};
use crate::ingest::intake::Intake;

/// A future of an engine.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The schema, ready to answer.
pub trait Engine: Send + Sync + 'static {
    /// The schema's SDL; read once at start, for costs and the types of variables.
    fn sdl(&self) -> String;

    /// Executes what is within the limits, for whoever the claims name.
    fn execute(&self, work: Work, claims: Arc<Claims>) -> Reply<'_, Response>;

    /// Whether requests can be answered now: the database is there and migrated.
    fn ready(&self) -> Reply<'_, Result<()>>;

    /// What takes the records of webhooks, if anything does.
    fn intake(&self) -> Option<&Intake> {
        None
    }
}
