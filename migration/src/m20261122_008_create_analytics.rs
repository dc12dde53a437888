//! Create analytics.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE web_session (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    started_at {time} NOT NULL,
    ended_at {time},
    channel TEXT,
    referrer TEXT,
    campaign TEXT,
    landing_page TEXT,
    pages BIGINT,
    bounced BOOLEAN,
    converted BOOLEAN,
    duration_seconds BIGINT,
    device TEXT,
    country TEXT,
    product {key},
    touchpoint {key},
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX web_session_customer ON web_session (customer_id, started_at DESC, id DESC)",
    "CREATE TABLE web_event (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    session_id {uuid},
    name TEXT NOT NULL,
    kind TEXT,
    url TEXT,
    title TEXT,
    amount BIGINT,
    currency TEXT,
    product {key},
    touchpoint {key},
    occurred_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX web_event_customer ON web_event (customer_id, occurred_at DESC, id DESC)",
    "CREATE INDEX web_event_session ON web_event (session_id, occurred_at, id) WHERE session_id IS NOT NULL",
];

const DOWN: &[&str] = &["DROP TABLE web_event", "DROP TABLE web_session"];

/// Create analytics.
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
