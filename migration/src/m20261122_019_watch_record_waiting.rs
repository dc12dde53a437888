//! Watch record waiting: what is waited for can be looked for, and records that wait are listed beside the refused ones.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "ALTER TABLE record_waiting ADD COLUMN row_id {uuid}",
    "ALTER TABLE record_waiting ADD COLUMN source {key}",
    "ALTER TABLE record_waiting ADD COLUMN word {key}",
    "CREATE INDEX record_waiting_record ON record_waiting (record_id, awaited_id)",
    "CREATE INDEX record_open ON record (source, intake_no) WHERE state IN ('REJECTED', 'WAITING')",
    "CREATE INDEX record_early ON record (source, stream) WHERE state = 'WAITING'",
    "CREATE INDEX record_discarded ON record (source, stream) WHERE state = 'DISCARDED'",
    "DROP VIEW refused_record",
    "DROP INDEX record_refused",
    "CREATE INDEX record_refused ON record (received_at, id) WHERE state IN ('REJECTED', 'WAITING', 'DISCARDED')",
    "CREATE VIEW refused_record AS
    SELECT r.id, r.source, r.stream, r.key, r.received_at, r.state, r.reason_code AS code, r.reason, r.mapping_version,
        substr(r.payload, 1, 65536) AS payload, octet_length(r.payload) AS bytes, d.discarded_at, d.discarded_by,
        d.reason AS discard_reason
    FROM record r LEFT JOIN record_discard d ON d.record_id = r.id WHERE r.state IN ('REJECTED', 'WAITING', 'DISCARDED')",
];

const DOWN: &[&str] = &[
    // Whoever discards no records that wait knows them as waiting.
    "DELETE FROM record_discard WHERE record_id IN (SELECT id FROM record WHERE state = 'DISCARDED' AND reason_code = 'WAITING')",
    "UPDATE record SET state = 'WAITING' WHERE state = 'DISCARDED' AND reason_code = 'WAITING'",
    "DROP VIEW refused_record",
    "DROP INDEX record_refused",
    "CREATE INDEX record_refused ON record (received_at, id) WHERE state IN ('REJECTED', 'DISCARDED')",
    "CREATE VIEW refused_record AS
    SELECT r.id, r.source, r.stream, r.key, r.received_at, r.state, r.reason_code AS code, r.reason, r.mapping_version,
        substr(r.payload, 1, 65536) AS payload, octet_length(r.payload) AS bytes, d.discarded_at, d.discarded_by,
        d.reason AS discard_reason
    FROM record r LEFT JOIN record_discard d ON d.record_id = r.id WHERE r.state IN ('REJECTED', 'DISCARDED')",
    "DROP INDEX record_discarded",
    "DROP INDEX record_early",
    "DROP INDEX record_open",
    "DROP INDEX record_waiting_record",
    "ALTER TABLE record_waiting DROP COLUMN word",
    "ALTER TABLE record_waiting DROP COLUMN source",
    "ALTER TABLE record_waiting DROP COLUMN row_id",
];

/// Watch record waiting.
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
