//! Create interaction and change.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE interaction (
    id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    source {key} NOT NULL,
    silo TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT,
    touchpoint {key},
    internal BOOLEAN NOT NULL,
    occurred_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX interaction_customer ON interaction (customer_id, occurred_at DESC, id DESC)",
    "CREATE TABLE change (
    seq {serial},
    epoch INTEGER NOT NULL,
    xid {xid} NOT NULL,
    entity TEXT NOT NULL,
    entity_id {uuid} NOT NULL,
    customer_id {uuid},
    op TEXT NOT NULL,
    changed_at {time} NOT NULL
)",
    "CREATE INDEX change_order ON change (epoch, xid, seq)",
    "CREATE TABLE idempotency_key (
    subject {key} NOT NULL,
    key {key} NOT NULL,
    mutation TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    result_id {uuid} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (subject, key)
)",
];

const DOWN: &[&str] = &["DROP TABLE idempotency_key", "DROP TABLE change", "DROP TABLE interaction"];

/// Create interaction and change.
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
