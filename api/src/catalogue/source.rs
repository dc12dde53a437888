//! Sources as the graph shows them, and how fresh a silo is.

use async_graphql::{Context, Enum, SimpleObject};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Intake;
use super::standing::{Facts, SourceStatus};
use super::stream::{self, IntakeCounts, IntakeFault, RowsWithoutTouchpoint, SourceStream};
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
        /// Key of the mapping that reads its records.
        open mapping: text!,
        /// Version of that mapping when the source was last declared.
        open mapping_version: number!,
        /// When the last record came in, be it one that was rejected.
        open last_record_at: time,
        /// Since when it is paused: its doors refuse whatever comes, until it is resumed. Null where it is not.
        open paused_at: time,
        /// Who paused it: the subject of a token, or `command line`.
        staff paused_by: text,
        /// Why it was paused.
        free_text pause_reason: text,
        /// When it was first declared.
        open created_at: time!,
    } also {
        /// Whether the source has been silent for longer than expected.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        fn stale(&self, context: &Context<'_>) -> Result<bool> {
            Ok(self.row.stale_since(Scope::of(context)?.now).is_some())
        }

        /// Since when it has been silent for longer than expected: `expectedEverySeconds` after its last record; without any,
        /// since it was declared. Null where it is not. A pause does not change it.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        fn stale_since(&self, context: &Context<'_>) -> Result<Option<Timestamp>> {
            Ok(self.row.stale_since(Scope::of(context)?.now).map(Into::into))
        }

        /// Whether it is well.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        async fn status(&self, context: &Context<'_>) -> Option<Result<SourceStatus>> {
            let status = async {
                let streams = stream::of_source(context, &self.permit, self.row.id).await?;
                let is_failing = streams.iter().any(|row| row.failing_since.is_some() && row.waiting > 0);
                Ok(Facts { is_failing, ..self.row.facts() }.status(Scope::of(context)?.now))
            };
            Some(status.await)
        }

        /// Seconds since its last record came; null where none came.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        fn lag_seconds(&self, context: &Context<'_>) -> Result<Option<i64>> {
            let now = Scope::of(context)?.now;
            Ok(self.row.facts().last_record_at.map(|last| (now - last).num_seconds().max(0)))
        }

        /// Seconds between an event and its arrival, of the last record that tells of one; of several streams the slowest.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        async fn delivery_delay_seconds(&self, context: &Context<'_>) -> Option<Result<i64>> {
            let streams = stream::of_source(context, &self.permit, self.row.id).await;
            streams.map(|streams| streams.iter().filter_map(|row| row.last_delay_seconds).max()).transpose()
        }

        /// What became of its records, over all streams.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        async fn counts(&self, context: &Context<'_>) -> Option<Result<IntakeCounts>> {
            let streams = stream::of_source(context, &self.permit, self.row.id).await;
            Some(streams.map(|streams| IntakeCounts::sum(&streams)))
        }

        /// The same for each stream that anything came of, by name.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        async fn streams(&self, context: &Context<'_>) -> Option<Result<Vec<SourceStream>>> {
            let streams = stream::of_source(context, &self.permit, self.row.id).await;
            Some(streams.map(|streams| streams.into_iter().map(Into::into).collect()))
        }

        /// Why a record of it was last rejected.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        async fn last_error(&self, context: &Context<'_>) -> Option<Result<IntakeFault>> {
            let streams = stream::of_source(context, &self.permit, self.row.id).await;
            streams.map(|streams| IntakeFault::last(&streams)).transpose()
        }

        /// Rows of it that name no touchpoint, by kind: what the touchpoint rules of its mapping do not reach.
        #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
        async fn rows_without_touchpoint(&self, context: &Context<'_>) -> Option<Result<Vec<RowsWithoutTouchpoint>>> {
            Some(stream::untold(context, &self.permit, self.row.id).await)
        }
    }
}
connection!(Source, SourceConnection, SourceEdge, "sources");

/// Sources sort by key.
pub const BY_KEY: Order = Order { name: "SOURCE_KEY", by: "t.key", time: false, descending: false };

impl SourceRow {
    /// What the row itself says of how the source is.
    fn facts(&self) -> Facts {
        Facts {
            created_at: self.created_at.time().unwrap_or_default(),
            expected_every_seconds: self.expected_every_seconds,
            last_record_at: self.last_record_at.as_ref().and_then(Timestamp::time),
            is_paused: self.paused_at.is_some(),
            is_failing: false,
        }
    }

    fn stale_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.facts().stale_since(now)
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
        rows.iter().filter(|row| row.stale_since(scope.now).is_some()).map(|row| row.key.clone()).collect();
    Ok(Some(Freshness { last_record_at, stale: !stale_sources.is_empty(), stale_sources }))
}
