//! Create catalogue.

use sea_orm_migration::prelude::*;

use crate::dialect;

const UP: &[&str] = &[
    "CREATE TABLE staff (
    id {uuid} NOT NULL,
    key {key} NOT NULL,
    name TEXT NOT NULL,
    name_sort {key} NOT NULL,
    email {key},
    team TEXT,
    region TEXT,
    department TEXT,
    subject {key},
    PRIMARY KEY (id)
)",
    "CREATE UNIQUE INDEX staff_key ON staff (key)",
    "CREATE INDEX staff_email ON staff (email)",
    "CREATE INDEX staff_subject ON staff (subject)",
    "CREATE INDEX staff_name ON staff (name_sort, id)",
    "CREATE TABLE staff_alias (
    source {key} NOT NULL,
    key {key} NOT NULL,
    staff_id {uuid},
    PRIMARY KEY (source, key),
    FOREIGN KEY (staff_id) REFERENCES staff (id)
)",
    "CREATE TABLE product (
    id {uuid} NOT NULL,
    key {key} NOT NULL,
    name TEXT NOT NULL,
    name_sort {key} NOT NULL,
    category TEXT,
    PRIMARY KEY (id)
)",
    "CREATE UNIQUE INDEX product_key ON product (key)",
    "CREATE INDEX product_name ON product (name_sort, id)",
    "CREATE TABLE touchpoint (
    id {uuid} NOT NULL,
    key {key} NOT NULL,
    name TEXT NOT NULL,
    name_sort {key} NOT NULL,
    channel TEXT,
    phase TEXT,
    stages {json},
    department TEXT,
    expectation TEXT,
    PRIMARY KEY (id)
)",
    "CREATE UNIQUE INDEX touchpoint_key ON touchpoint (key)",
    "CREATE INDEX touchpoint_name ON touchpoint (name_sort, id)",
];

const DOWN: &[&str] = &["DROP TABLE touchpoint", "DROP TABLE product", "DROP TABLE staff_alias", "DROP TABLE staff"];

/// Create catalogue.
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
