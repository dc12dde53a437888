//! Create surveys.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE survey (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    name TEXT NOT NULL,
    kind TEXT,
    touchpoint {key},
    research_stage TEXT,
    created_at {time},
    source_url TEXT,
    PRIMARY KEY (id)
)",
    "CREATE TABLE survey_invitation (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    survey_id {uuid},
    channel TEXT,
    touchpoint {key},
    state TEXT,
    sent_at {time} NOT NULL,
    delivered_at {time},
    answered_at {time},
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX survey_invitation_customer ON survey_invitation (customer_id, sent_at DESC, id DESC)",
    "CREATE TABLE survey_response (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    survey_id {uuid},
    invitation_id {uuid},
    touchpoint {key},
    channel TEXT,
    language TEXT,
    finished BOOLEAN NOT NULL,
    kind TEXT,
    score BIGINT,
    comment TEXT,
    answered_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX survey_response_customer ON survey_response (customer_id, answered_at DESC, id DESC)",
    "CREATE TABLE survey_answer (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    source_url TEXT,
    response_id {uuid} NOT NULL,
    survey_id {uuid},
    question_key {key} NOT NULL,
    question TEXT,
    kind TEXT NOT NULL,
    aspect TEXT,
    product {key},
    raw_value TEXT,
    scale_min BIGINT,
    scale_max BIGINT,
    score BIGINT,
    normalised DOUBLE PRECISION,
    text TEXT,
    position BIGINT,
    answered_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE INDEX survey_answer_customer ON survey_answer (customer_id, answered_at DESC, id DESC)",
    "CREATE INDEX survey_answer_response ON survey_answer (response_id, position, id)",
];

const DOWN: &[&str] =
    &["DROP TABLE survey_answer", "DROP TABLE survey_response", "DROP TABLE survey_invitation", "DROP TABLE survey"];

/// Create surveys.
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
