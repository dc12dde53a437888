//! Sources as the graph shows them, and how fresh a silo is.

use async_graphql::{Context, Enum, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::Intake;
use crate::access::{Order, Scope, SiloKey, access, permit};
use crate::error::Result;
use crate::graph::timestamp::Timestamp;
use crate::{connection, object};

/// The kinds of systems that customers leave traces in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[graphql(name = "Silo")]
#[serde(rename_all = "lowercase")]
pub enum SiloName {
    /// Questionnaires sent and answered.
    Surveys,
    /// Notes, opportunities, purchases, contracts.
    Sales,
    /// Web sessions and events.
    Analytics,
    /// Tickets.
    Support,
    /// Ratings, reviews, recommendations.
    Reviews,
    /// Master data, consents, preferences.
    Crm,
}

impl SiloName {
    /// All silos.
    pub const ALL: [Self; 6] = [Self::Surveys, Self::Sales, Self::Analytics, Self::Support, Self::Reviews, Self::Crm];

    /// The silo's key in the policy.
    pub const fn key(self) -> SiloKey {
        match self {
            Self::Surveys => SiloKey::Surveys,
            Self::Sales => SiloKey::Sales,
            Self::Analytics => SiloKey::Analytics,
            Self::Support => SiloKey::Support,
            Self::Reviews => SiloKey::Reviews,
            Self::Crm => SiloKey::Crm,
        }
    }
}

object! {
    /// An installed system that records come from.
    Source, SourceRow of Intake from "source" id "src" {
        /// Key of the source.
        open key: text!,
        /// What kind of system it is.
        open silo: [SiloName],
        /// How people call it.
        open name: text!,
        /// Survivorship: the value of a source with a higher priority wins.
        open priority: number,
        /// A record is expected at least this often, in seconds; null when nothing is expected.
        open expected_every_seconds: number,
        /// When the last record came in.
        open last_record_at: time,
    } also {
        /// Whether the source has been silent for longer than expected.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        fn stale(&self, context: &Context<'_>) -> Result<bool> {
            Ok(self.row.is_stale(Scope::of(context)?.now))
        }
    }
}
connection!(Source, SourceConnection, SourceEdge, "sources");

/// Sources sort by key.
pub const BY_KEY: Order = Order { name: "SOURCE_KEY", by: "t.key", time: false, descending: false };

impl SourceRow {
    fn is_stale(&self, now: DateTime<Utc>) -> bool {
        let (Some(every), Some(last)) = (self.expected_every_seconds, self.last_record_at.as_ref()) else {
            return self.expected_every_seconds.is_some();
        };
        last.time().is_none_or(|last| now - last > TimeDelta::seconds(every))
    }
}

/// How fresh what a silo says is.
#[derive(Debug, Clone, SimpleObject)]
pub struct Freshness {
    /// When the last record of any source of the silo came in.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    pub last_record_at: Option<Timestamp>,
    /// Whether a source of the silo has been silent for longer than expected.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    pub stale: bool,
    /// Keys of the sources that have been silent for longer than expected.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    pub stale_sources: Vec<String>,
}

/// How fresh a silo is; null for those who may not read sources.
pub async fn freshness(context: &Context<'_>, object: &str, silo: SiloKey) -> Result<Option<Freshness>> {
    let Some(permit) = permit::<Intake>(context, object)? else { return Ok(None) };
    let scope = Scope::of(context)?;
    let select =
        permit.select::<SourceRow>().filter("t.silo = ?", [silo.name().into()]).order(BY_KEY, false).limit(100);
    let rows: Vec<SourceRow> = scope.batch.rows(select.fetch(), None).await?;
    let last_record_at = rows.iter().filter_map(|row| row.last_record_at.clone()).max();
    let stale_sources: Vec<String> =
        rows.iter().filter(|row| row.is_stale(scope.now)).map(|row| row.key.clone()).collect();
    Ok(Some(Freshness { last_record_at, stale: !stale_sources.is_empty(), stale_sources }))
}
