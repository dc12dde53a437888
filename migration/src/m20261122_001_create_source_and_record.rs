//! Create source and record.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE source (
    key {key} NOT NULL,
    id {uuid} NOT NULL,
    silo TEXT NOT NULL,
    name TEXT NOT NULL,
    mapping TEXT NOT NULL,
    mapping_version INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    default_country TEXT,
    expected_every_seconds BIGINT,
    last_record_at {time},
    created_at {time} NOT NULL,
    PRIMARY KEY (key)
)",
    "CREATE UNIQUE INDEX source_id ON source (id)",
    "CREATE TABLE record (
    intake_no {serial},
    id {uuid} NOT NULL,
    source {key} NOT NULL,
    stream {key} NOT NULL,
    key {key},
    op TEXT NOT NULL,
    version {key},
    occurred_at {time},
    received_at {time} NOT NULL,
    payload TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    reason_code TEXT,
    reason TEXT,
    mapping_version INTEGER NOT NULL
)",
    "CREATE UNIQUE INDEX record_id ON record (id)",
    "CREATE INDEX record_rejected ON record (source, intake_no) WHERE state = 'REJECTED'",
    "CREATE TABLE record_head (
    source {key} NOT NULL,
    stream {key} NOT NULL,
    key {key} NOT NULL,
    origin_id {uuid} NOT NULL,
    record_id {uuid},
    version {key},
    content_hash TEXT,
    deleted BOOLEAN NOT NULL,
    PRIMARY KEY (source, stream, key)
)",
];

const DOWN: &[&str] = &["DROP TABLE record_head", "DROP TABLE record", "DROP TABLE source"];

/// Create source and record.
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
