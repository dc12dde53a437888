//! What came of the streams of a source: counts, the last record, the last refusal; and rows that name no touchpoint.

use async_graphql::{Context, SimpleObject};

use super::Intake;
use crate::access::{Order, Permit, Scope, SiloRow, access};
use crate::error::Result;
use crate::graph::timestamp::Timestamp;

crate::row! {
    /// A stream of a source.
    pub struct StreamRow {
        /// Its name; empty for those that the mapping does not know.
        stream: String = Text,
        /// Records taken.
        taken: i64 = Number,
        /// Records known already.
        repeated: i64 = Number,
        /// Records older than what was known.
        superseded: i64 = Number,
        /// Records rejected when they came.
        rejected: i64 = Number,
        /// Since when it is counted.
        counted_since: Timestamp = Time,
        /// The last record.
        last_record_at: Option<Timestamp> = Time,
        /// The newest moment told of.
        last_event_at: Option<Timestamp> = Time,
        /// How long after its event the last record came.
        last_delay_seconds: Option<i64> = Number,
        /// Since when nothing could be taken.
        failing_since: Option<Timestamp> = Time,
        /// The last refusal.
        last_rejected_at: Option<Timestamp> = Time,
        /// Its code.
        last_rejected_code: Option<String> = Text,
        /// Its sentence.
        last_rejected_reason: Option<String> = Text,
        /// Records rejected still.
        waiting: i64 = Number as "(CASE WHEN t.stream = '' THEN (SELECT count(*) FROM record r WHERE r.source = t.source AND r.state = 'REJECTED' AND NOT EXISTS (SELECT 1 FROM source_stream s WHERE s.source = r.source AND s.stream = r.stream AND s.stream <> '')) ELSE (SELECT count(*) FROM record r WHERE r.source = t.source AND r.stream = t.stream AND r.state = 'REJECTED') END)",
        /// Records that wait for what they belong to. Of a stream that the mapping does not know none is taken.
        early: i64 = Number as "(SELECT count(*) FROM record r WHERE r.source = t.source AND r.stream = t.stream AND r.state = 'WAITING')",
        /// Records put aside.
        discarded: i64 = Number as "(CASE WHEN t.stream = '' THEN (SELECT count(*) FROM record r WHERE r.source = t.source AND r.state = 'DISCARDED' AND NOT EXISTS (SELECT 1 FROM source_stream s WHERE s.source = r.source AND s.stream = r.stream AND s.stream <> '')) ELSE (SELECT count(*) FROM record r WHERE r.source = t.source AND r.stream = t.stream AND r.state = 'DISCARDED') END)",
    }
}

impl SiloRow for StreamRow {
    type Silo = Intake;
    const TABLE: &'static str = "source_stream";
    const OWNER: Option<&'static str> = None;
    const CUSTOMER: Option<&'static str> = None;
    const TIE: &'static str = "stream";
}

const BY_STREAM: Order = Order { name: "SOURCE_STREAM", by: "t.stream", time: false, descending: false };

/// The streams of a source, by name. A mapping has no more than it lists.
pub(super) async fn of_source(
    context: &Context<'_>,
    permit: &Permit<Intake>,
    source: uuid::Uuid,
) -> Result<Vec<StreamRow>> {
    let select = permit.select::<StreamRow>().of_parent("source_id").order(BY_STREAM, false).limit(200);
    Scope::of(context)?.batch.rows(select.fetch(), Some(source)).await
}

/// Why a record was last rejected.
#[derive(Debug, Clone, SimpleObject)]
pub struct IntakeFault {
    /// The stable code, such as `MISSING_FIELD`.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub code: String,
    /// What is wrong, and what to do. It names fields, never values.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub message: String,
    /// When the record came.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub at: Timestamp,
}

impl IntakeFault {
    fn of(row: &StreamRow) -> Option<Self> {
        Some(Self {
            code: row.last_rejected_code.clone()?,
            message: row.last_rejected_reason.clone().unwrap_or_default(),
            at: row.last_rejected_at.clone()?,
        })
    }

    /// The last of all streams.
    pub(super) fn last(rows: &[StreamRow]) -> Option<Self> {
        rows.iter().filter_map(Self::of).max_by(|one, other| one.at.cmp(&other.at))
    }
}

/// What became of records, counted with each transaction that wrote them.
#[derive(Debug, Clone, SimpleObject)]
pub struct IntakeCounts {
    /// Records whose rows were written, at once or when they were tried again.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub taken: i64,
    /// Records that were known already; nothing was written.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub repeated: i64,
    /// Records older than what was known; kept, and shown nowhere.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub superseded: i64,
    /// Records that were rejected when they came, whatever became of them since.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub rejected: i64,
    /// Records that are rejected now: neither taken since nor discarded.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub waiting: i64,
    /// Records that wait for what they belong to, such as a message for its ticket: they are placed by themselves when it comes.
    /// They were taken, and are counted there too.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub early: i64,
    /// Records that were put aside.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub discarded: i64,
    /// Since when it is counted; null where nothing ever came. `waiting`, `early` and `discarded` are as of now.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub since: Option<Timestamp>,
}

impl IntakeCounts {
    /// The sums over streams.
    pub(super) fn sum(rows: &[StreamRow]) -> Self {
        let sum = |count: fn(&StreamRow) -> i64| rows.iter().map(count).sum();
        Self {
            taken: sum(|row| row.taken),
            repeated: sum(|row| row.repeated),
            superseded: sum(|row| row.superseded),
            rejected: sum(|row| row.rejected),
            waiting: sum(|row| row.waiting),
            early: sum(|row| row.early),
            discarded: sum(|row| row.discarded),
            since: rows.iter().map(|row| row.counted_since.clone()).min(),
        }
    }
}

/// What came of a stream of a source.
#[derive(Debug, Clone, SimpleObject)]
pub struct SourceStream {
    /// Name of the stream; empty for all those together that the mapping does not know.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub name: String,
    /// What became of its records.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub counts: IntakeCounts,
    /// When its last record came, be it one that was rejected.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    pub last_record_at: Option<Timestamp>,
    /// The newest moment that one of its records told of.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    pub last_event_at: Option<Timestamp>,
    /// How long after its event the last record came that tells of one, in seconds.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    pub delivery_delay_seconds: Option<i64>,
    /// Since when none of its records could be taken; null where the last transaction could take some.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    pub failing_since: Option<Timestamp>,
    /// Why a record of it was last rejected.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    pub last_error: Option<IntakeFault>,
}

impl From<StreamRow> for SourceStream {
    fn from(row: StreamRow) -> Self {
        Self {
            counts: IntakeCounts::sum(std::slice::from_ref(&row)),
            last_error: IntakeFault::of(&row),
            name: row.stream,
            last_record_at: row.last_record_at,
            last_event_at: row.last_event_at,
            delivery_delay_seconds: row.last_delay_seconds,
            failing_since: row.failing_since,
        }
    }
}

/// More rows than this are not counted.
const MOST: i64 = 10_000;

crate::row! {
    /// Rows of a source that name no touchpoint, by kind; one more than [`MOST`] at most. The index behind it holds only such
    /// rows, so that counting looks at nothing else.
    pub struct UntoldRow {
        /// Tickets.
        tickets: i64 = Number as "(SELECT count(*) FROM (SELECT 1 FROM interaction i WHERE i.source = t.key AND i.kind = 'TICKET' AND i.touchpoint IS NULL AND NOT i.internal LIMIT 10001) n)",
        /// Invitations.
        invitations: i64 = Number as "(SELECT count(*) FROM (SELECT 1 FROM interaction i WHERE i.source = t.key AND i.kind = 'SURVEY_INVITATION' AND i.touchpoint IS NULL AND NOT i.internal LIMIT 10001) n)",
        /// Responses.
        responses: i64 = Number as "(SELECT count(*) FROM (SELECT 1 FROM interaction i WHERE i.source = t.key AND i.kind = 'SURVEY_RESPONSE' AND i.touchpoint IS NULL AND NOT i.internal LIMIT 10001) n)",
        /// Notes.
        notes: i64 = Number as "(SELECT count(*) FROM (SELECT 1 FROM interaction i WHERE i.source = t.key AND i.kind = 'CONTACT_NOTE' AND i.touchpoint IS NULL AND NOT i.internal LIMIT 10001) n)",
        /// Purchases.
        purchases: i64 = Number as "(SELECT count(*) FROM (SELECT 1 FROM interaction i WHERE i.source = t.key AND i.kind = 'PURCHASE' AND i.touchpoint IS NULL AND NOT i.internal LIMIT 10001) n)",
        /// Sessions.
        sessions: i64 = Number as "(SELECT count(*) FROM (SELECT 1 FROM interaction i WHERE i.source = t.key AND i.kind = 'WEB_SESSION' AND i.touchpoint IS NULL AND NOT i.internal LIMIT 10001) n)",
        /// Events.
        events: i64 = Number as "(SELECT count(*) FROM (SELECT 1 FROM interaction i WHERE i.source = t.key AND i.kind = 'WEB_EVENT' AND i.touchpoint IS NULL AND NOT i.internal LIMIT 10001) n)",
        /// Reviews.
        reviews: i64 = Number as "(SELECT count(*) FROM (SELECT 1 FROM interaction i WHERE i.source = t.key AND i.kind = 'REVIEW' AND i.touchpoint IS NULL AND NOT i.internal LIMIT 10001) n)",
    }
}

impl SiloRow for UntoldRow {
    type Silo = Intake;
    const TABLE: &'static str = "source";
    const OWNER: Option<&'static str> = None;
    const CUSTOMER: Option<&'static str> = None;
}

/// Rows of a table that name no touchpoint.
#[derive(Debug, Clone, SimpleObject)]
pub struct RowsWithoutTouchpoint {
    /// What they are: `TICKET`, `SURVEY_INVITATION`, `SURVEY_RESPONSE`, `CONTACT_NOTE`, `PURCHASE`, `WEB_SESSION`, `WEB_EVENT` or
    /// `REVIEW`.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub kind: String,
    /// How many; no more than 10,000 are counted. Internal ones are not.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub count: i64,
    /// Whether there are more than were counted.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub more: bool,
}

/// The rows of a source that name no touchpoint; kinds without any are left out.
pub(super) async fn untold(
    context: &Context<'_>,
    permit: &Permit<Intake>,
    source: uuid::Uuid,
) -> Result<Vec<RowsWithoutTouchpoint>> {
    let fetch = permit.select::<UntoldRow>().of_parent("id").limit(1).fetch();
    let rows: Vec<UntoldRow> = Scope::of(context)?.batch.rows(fetch, Some(source)).await?;
    let kinds = rows.into_iter().flat_map(|row| {
        [
            ("TICKET", row.tickets),
            ("SURVEY_INVITATION", row.invitations),
            ("SURVEY_RESPONSE", row.responses),
            ("CONTACT_NOTE", row.notes),
            ("PURCHASE", row.purchases),
            ("WEB_SESSION", row.sessions),
            ("WEB_EVENT", row.events),
            ("REVIEW", row.reviews),
        ]
    });
    let some = kinds.filter(|(_, count)| *count > 0);
    Ok(some
        .map(|(kind, count)| RowsWithoutTouchpoint {
            kind: kind.to_owned(),
            count: count.min(MOST),
            more: count > MOST,
        })
        .collect())
}
