//! Create support.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE ticket (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    number {key},
    kind TEXT,
    status TEXT NOT NULL,
    priority TEXT,
    channel TEXT,
    subject TEXT NOT NULL,
    topic TEXT,
    product {key},
    touchpoint {key},
    assignee_id {uuid},
    team TEXT,
    opened_at {time} NOT NULL,
    updated_at {time},
    first_response_at {time},
    resolved_at {time},
    reopened_count BIGINT,
    handover_count BIGINT,
    satisfaction TEXT,
    next_update_at {time},
    waiting_seconds BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX ticket_customer ON ticket (customer_id, opened_at DESC, id DESC)",
    "CREATE INDEX ticket_number ON ticket (number)",
    "CREATE INDEX ticket_open ON ticket (customer_id) WHERE status NOT IN ('SOLVED', 'CLOSED')",
    "CREATE TABLE ticket_message (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    ticket_id {uuid} NOT NULL,
    author_kind TEXT,
    author TEXT,
    staff_id {uuid},
    internal BOOLEAN NOT NULL,
    text TEXT NOT NULL,
    channel TEXT,
    sent_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX ticket_message_customer ON ticket_message (customer_id, sent_at DESC, id DESC)",
    "CREATE INDEX ticket_message_ticket ON ticket_message (ticket_id, sent_at DESC, id DESC)",
];

const DOWN: &[&str] = &["DROP TABLE ticket_message", "DROP TABLE ticket"];

/// Create support.
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
