//! Create reviews.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE review (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    origin TEXT NOT NULL,
    kind TEXT,
    product {key},
    touchpoint {key},
    rating DOUBLE PRECISION,
    scale_max BIGINT,
    recommends BOOLEAN,
    title TEXT,
    text TEXT,
    language TEXT,
    response_text TEXT,
    responder_id {uuid},
    responded_at {time},
    reviewed_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX review_customer ON review (customer_id, reviewed_at DESC, id DESC)",
];

const DOWN: &[&str] = &["DROP TABLE review"];

/// Create reviews.
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
