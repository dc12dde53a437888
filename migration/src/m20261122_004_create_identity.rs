//! Create identity.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE source_profile (
    id {uuid} NOT NULL,
    source {key} NOT NULL,
    key {key} NOT NULL,
    kind TEXT,
    customer_id {uuid} NOT NULL,
    attributes {json} NOT NULL,
    observed_at {time} NOT NULL,
    record_id {uuid},
    deleted_at {time},
    PRIMARY KEY (id),
    FOREIGN KEY (customer_id) REFERENCES customer (id)
)",
    "CREATE UNIQUE INDEX source_profile_key ON source_profile (source, key)",
    "CREATE INDEX source_profile_customer ON source_profile (customer_id)",
    "CREATE TABLE identifier (
    id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    value {key} NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (id)
)",
    "CREATE UNIQUE INDEX identifier_value ON identifier (kind, value)",
    "CREATE TABLE profile_identifier (
    source_profile_id {uuid} NOT NULL,
    identifier_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    value {key} NOT NULL,
    strength TEXT NOT NULL,
    first_seen_at {time} NOT NULL,
    last_seen_at {time} NOT NULL,
    times_seen BIGINT NOT NULL,
    PRIMARY KEY (source_profile_id, identifier_id),
    FOREIGN KEY (source_profile_id) REFERENCES source_profile (id),
    FOREIGN KEY (identifier_id) REFERENCES identifier (id)
)",
    "CREATE INDEX profile_identifier_identifier ON profile_identifier (identifier_id)",
    "CREATE INDEX profile_identifier_customer ON profile_identifier (customer_id, kind, value)",
    "CREATE TABLE match_link (
    id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    profile_a {uuid} NOT NULL,
    profile_b {uuid} NOT NULL,
    identifier_id {uuid},
    cause TEXT NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
)",
    "CREATE INDEX match_link_a ON match_link (profile_a)",
    "CREATE INDEX match_link_b ON match_link (profile_b)",
    "CREATE TABLE membership (
    id {uuid} NOT NULL,
    source_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    valid_from {time} NOT NULL,
    valid_to {time},
    identity_event_id {uuid} NOT NULL,
    PRIMARY KEY (id)
)",
    "CREATE INDEX membership_profile ON membership (source_profile_id, valid_from)",
    "CREATE TABLE identity_event (
    id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    customer_id {uuid} NOT NULL,
    other_customer_id {uuid},
    source_profile_id {uuid},
    identifier_id {uuid},
    actor TEXT NOT NULL,
    cause TEXT NOT NULL,
    occurred_at {time} NOT NULL,
    PRIMARY KEY (id)
)",
    "CREATE INDEX identity_event_customer ON identity_event (customer_id, occurred_at DESC, id DESC)",
    "CREATE TABLE relation (
    id {uuid} NOT NULL,
    record_id {uuid} NOT NULL,
    source {key} NOT NULL,
    kind TEXT NOT NULL,
    from_profile_id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    to_profile_id {uuid} NOT NULL,
    to_customer_id {uuid} NOT NULL,
    title TEXT,
    valid_from TEXT,
    valid_to TEXT,
    PRIMARY KEY (id)
)",
    "CREATE INDEX relation_from ON relation (customer_id, id)",
    "CREATE INDEX relation_to ON relation (to_customer_id, id)",
];

const DOWN: &[&str] = &[
    "DROP TABLE relation",
    "DROP TABLE identity_event",
    "DROP TABLE membership",
    "DROP TABLE match_link",
    "DROP TABLE profile_identifier",
    "DROP TABLE identifier",
    "DROP TABLE source_profile",
];

/// Create identity.
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
