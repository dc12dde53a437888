//! Watch source: pauses, what came of each stream, refused records that were put aside, and rows that name no touchpoint.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "ALTER TABLE source ADD COLUMN paused_at {time}",
    "ALTER TABLE source ADD COLUMN paused_by TEXT",
    "ALTER TABLE source ADD COLUMN pause_reason TEXT",
    "CREATE TABLE source_stream (
    source {key} NOT NULL,
    stream {key} NOT NULL,
    source_id {uuid} NOT NULL,
    taken BIGINT NOT NULL,
    repeated BIGINT NOT NULL,
    superseded BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    counted_since {time} NOT NULL,
    last_record_at {time},
    last_event_at {time},
    last_delay_seconds BIGINT,
    failing_since {time},
    last_rejected_at {time},
    last_rejected_code TEXT,
    last_rejected_reason TEXT,
    PRIMARY KEY (source, stream)
)",
    "CREATE INDEX source_stream_source ON source_stream (source_id)",
    // What came before it was counted. A stream that the mapping did not know is counted without its name, as later ones are.
    "INSERT INTO source_stream (source, stream, source_id, taken, repeated, superseded, rejected, counted_since, last_record_at, last_event_at)
    SELECT r.source, r.stream, s.id, sum(r.taken), 0, sum(r.superseded), sum(r.rejected), min(r.received_at), max(r.received_at),
        max(r.occurred_at)
    FROM (SELECT source, CASE WHEN reason_code = 'UNKNOWN_STREAM' THEN '' ELSE stream END AS stream, received_at, occurred_at,
        CASE WHEN state = 'APPLIED' THEN 1 ELSE 0 END AS taken, CASE WHEN state = 'SUPERSEDED' THEN 1 ELSE 0 END AS superseded,
        CASE WHEN state = 'REJECTED' THEN 1 ELSE 0 END AS rejected FROM record) r
    JOIN source s ON s.key = r.source GROUP BY r.source, r.stream, s.id",
    "CREATE TABLE record_discard (
    record_id {uuid} NOT NULL,
    discarded_at {time} NOT NULL,
    discarded_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (record_id)
)",
    "CREATE INDEX record_refused ON record (received_at, id) WHERE state IN ('REJECTED', 'DISCARDED')",
    "CREATE INDEX record_refused_stream ON record (source, stream, state) WHERE state IN ('REJECTED', 'DISCARDED')",
    "CREATE VIEW refused_record AS
    SELECT r.id, r.source, r.stream, r.key, r.received_at, r.payload, r.state, r.reason_code, r.reason, r.mapping_version,
        d.discarded_at, d.discarded_by, d.reason AS discard_reason
    FROM record r LEFT JOIN record_discard d ON d.record_id = r.id WHERE r.state IN ('REJECTED', 'DISCARDED')",
    "CREATE INDEX interaction_untold ON interaction (source, kind) WHERE touchpoint IS NULL AND kind IN ('TICKET',
    'SURVEY_INVITATION', 'SURVEY_RESPONSE', 'CONTACT_NOTE', 'PURCHASE', 'WEB_SESSION', 'WEB_EVENT', 'REVIEW')",
];

const DOWN: &[&str] = &[
    "DROP INDEX interaction_untold",
    "DROP VIEW refused_record",
    "DROP INDEX record_refused_stream",
    "DROP INDEX record_refused",
    "UPDATE record SET state = 'REJECTED' WHERE state = 'DISCARDED'",
    "DROP TABLE record_discard",
    "DROP TABLE source_stream",
    "ALTER TABLE source DROP COLUMN pause_reason",
    "ALTER TABLE source DROP COLUMN paused_by",
    "ALTER TABLE source DROP COLUMN paused_at",
];

/// Watch source.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }
}
