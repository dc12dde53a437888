//! Create customer.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE customer (
    id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    merged_into {uuid},
    name TEXT,
    name_sort {key},
    given_name TEXT,
    family_name TEXT,
    email {key},
    phone TEXT,
    company TEXT,
    birth_date TEXT,
    street TEXT,
    postal_code TEXT,
    city TEXT,
    country TEXT,
    language TEXT,
    customer_number {key},
    loyalty_number {key},
    stage TEXT,
    segment TEXT,
    owner_id {uuid},
    search_text TEXT NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    last_interaction_at {time},
    PRIMARY KEY (id)
)",
    "CREATE INDEX customer_created ON customer (created_at DESC, id DESC) WHERE merged_into IS NULL",
    "CREATE INDEX customer_stage ON customer (stage, created_at DESC, id DESC) WHERE merged_into IS NULL",
    "CREATE INDEX customer_name ON customer (coalesce(name_sort, '􏿿'), id) WHERE merged_into IS NULL",
    "CREATE INDEX customer_email ON customer (coalesce(email, '􏿿'), id) WHERE merged_into IS NULL",
    "CREATE INDEX customer_last_interaction ON customer (coalesce(last_interaction_at, created_at) DESC, id DESC) WHERE merged_into IS NULL",
    "CREATE INDEX customer_owner ON customer (owner_id, created_at DESC, id DESC) WHERE merged_into IS NULL",
    "CREATE INDEX customer_updated ON customer (updated_at DESC, id DESC) WHERE merged_into IS NULL",
    "CREATE TABLE customer_redirect (
    retired_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    valid_from {time} NOT NULL,
    valid_to {time},
    identity_event_id {uuid} NOT NULL,
    PRIMARY KEY (retired_id, valid_from)
)",
    "CREATE INDEX customer_redirect_target ON customer_redirect (customer_id)",
    "CREATE TABLE golden_value (
    customer_id {uuid} NOT NULL,
    attribute {key} NOT NULL,
    value TEXT NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    record_id {uuid},
    observed_at {time} NOT NULL,
    rule TEXT NOT NULL,
    alternatives {json} NOT NULL,
    PRIMARY KEY (customer_id, attribute),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE TABLE lifecycle_transition (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    from_stage TEXT,
    to_stage TEXT NOT NULL,
    reason TEXT,
    occurred_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX lifecycle_transition_customer ON lifecycle_transition (customer_id, occurred_at DESC, id DESC)",
];

const DOWN: &[&str] = &[
    "DROP TABLE lifecycle_transition",
    "DROP TABLE golden_value",
    "DROP TABLE customer_redirect",
    "DROP TABLE customer",
];

/// Create customer.
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
