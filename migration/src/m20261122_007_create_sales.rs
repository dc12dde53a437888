//! Create sales.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE contact_note (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    department TEXT NOT NULL,
    author TEXT,
    staff_id {uuid},
    channel TEXT,
    direction TEXT,
    text TEXT NOT NULL,
    stage TEXT,
    amount BIGINT,
    currency TEXT,
    touchpoint {key},
    visibility TEXT NOT NULL,
    promise_text TEXT,
    promise_due_at {time},
    removed_at {time},
    noted_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX contact_note_customer ON contact_note (customer_id, noted_at DESC, id DESC)",
    "CREATE TABLE opportunity (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    name TEXT NOT NULL,
    stage TEXT,
    state TEXT NOT NULL,
    amount BIGINT,
    currency TEXT,
    probability DOUBLE PRECISION,
    owner_id {uuid},
    product {key},
    opened_at {time} NOT NULL,
    expected_close_on TEXT,
    closed_at {time},
    lost_reason TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX opportunity_customer ON opportunity (customer_id, opened_at DESC, id DESC)",
    "CREATE TABLE purchase (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    number {key},
    state TEXT NOT NULL,
    amount BIGINT,
    currency TEXT,
    product {key},
    quantity DOUBLE PRECISION,
    touchpoint {key},
    ordered_at {time} NOT NULL,
    delivered_at {time},
    returned_at {time},
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX purchase_customer ON purchase (customer_id, ordered_at DESC, id DESC)",
    "CREATE INDEX purchase_number ON purchase (number)",
    "CREATE TABLE contract (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    number {key},
    product {key},
    state TEXT,
    amount BIGINT,
    currency TEXT,
    starts_on TEXT NOT NULL,
    ends_on TEXT,
    notice_by TEXT,
    cancelled_at {time},
    cancellation_reason TEXT,
    owner_id {uuid},
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX contract_customer ON contract (customer_id, starts_on DESC, id DESC)",
    "CREATE INDEX contract_number ON contract (number)",
];

const DOWN: &[&str] =
    &["DROP TABLE contract", "DROP TABLE purchase", "DROP TABLE opportunity", "DROP TABLE contact_note"];

/// Create sales.
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
