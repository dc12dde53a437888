//! Create crm.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE crm_profile (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    segment TEXT,
    revenue BIGINT,
    contribution_margin BIGINT,
    lifetime_value BIGINT,
    currency TEXT,
    loyalty_tier TEXT,
    loyalty_since TEXT,
    products_held {json},
    employees BIGINT,
    industry TEXT,
    observed_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX crm_profile_customer ON crm_profile (customer_id, observed_at DESC, id DESC)",
    "CREATE TABLE consent (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    purpose {key} NOT NULL,
    channel TEXT,
    state TEXT NOT NULL,
    evidence TEXT,
    recorded_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX consent_customer ON consent (customer_id, recorded_at DESC, id DESC)",
    "CREATE TABLE preference (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    key {key} NOT NULL,
    value TEXT NOT NULL,
    recorded_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX preference_customer ON preference (customer_id, recorded_at DESC, id DESC)",
];

const DOWN: &[&str] = &["DROP TABLE preference", "DROP TABLE consent", "DROP TABLE crm_profile"];

/// Create crm.
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
