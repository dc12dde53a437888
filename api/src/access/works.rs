//! What may be done to the intake itself: sources paused, refused records tried again or put aside. A grant is needed to reach
//! it; behind it stands the intake, which is only known here as a trait, since it stands above.

use std::future::Future;
use std::pin::Pin;

use uuid::Uuid;

use super::policy::Rows;
use super::scope::Scope;
use super::viewer::{Grant, Writes};
use crate::error::{Error, Result};

/// An effect under way.
pub type Effect<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Which rejected records.
#[derive(Debug, Clone)]
pub enum Which {
    /// These.
    Records(Vec<Uuid>),
    /// Those of a source; of one stream, or refused for one reason, where that is named.
    OfSource {
        /// Key of the source.
        source: String,
        /// The stream.
        stream: Option<String>,
        /// The stable code of the reason.
        code: Option<String>,
    },
}

/// What came of trying again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Replayed {
    /// Records that are taken now.
    pub taken: usize,
    /// Records that say nothing new any more.
    pub superseded: usize,
    /// Records that wait for what they belong to.
    pub waiting: usize,
    /// Records that are refused still.
    pub rejected: usize,
    /// Records that were not tried.
    pub remaining: i64,
    /// The place in the intake to go on after; none when all were tried.
    pub next: Option<i64>,
}

/// Works on the intake.
pub trait Works: Send + Sync {
    /// Pauses a source; one that is paused stays as it is. False: there is none.
    fn pause(&self, source: String, by: String, reason: String) -> Effect<'_, bool>;

    /// Takes from a source again. False: there is none.
    fn resume(&self, source: String) -> Effect<'_, bool>;

    /// Tries so many rejected records at most again, from a place in the intake on.
    fn replay(&self, which: Which, most: usize, after: i64) -> Effect<'_, Replayed>;

    /// Puts so many rejected records at most aside. Gives how many were, and how many of them are left.
    fn discard(&self, which: Which, most: u32, by: String, reason: String) -> Effect<'_, (u64, i64)>;

    /// Takes back that records were put aside. Gives how many were.
    fn restore(&self, records: Vec<Uuid>) -> Effect<'_, u64>;
}

impl<W: Writes> Grant<W> {
    /// The works, for whoever may change this. Sources are nobody's own, and neither is what they sent.
    pub fn works<'a>(&self, scope: &'a Scope) -> Result<&'a dyn Works> {
        match self.rows() {
            Rows::All => Ok(scope.works.as_ref()),
            Rows::Own => Err(Error::forbidden(format!(
                "Your roles may change {} of their own only, and these are nobody's own.",
                W::TARGET
            ))),
        }
    }
}
